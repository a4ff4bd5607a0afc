"""Tests run in private surroundings, without telemetry and without a network."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from house import network

UNREACHABLE = "192.0.2.1"  # set aside for documentation; no machine has it


def look_up() -> object:
    """Ask which machine has a name."""
    return socket.getaddrinfo("example.org", 443)


def connect() -> None:
    """Reach for another machine's port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as wire:
        wire.connect((UNREACHABLE, 443))


def send() -> None:
    """Send a datagram to another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"", (UNREACHABLE, 443))


@pytest.mark.parametrize("reach", [look_up, connect, send])
def test_another_machine_is_refused_and_remembered(
    reach: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "refused", [])
    with pytest.raises(network.LeavesThisMachineError, match="stay on this machine"):
        reach()
    assert len(network.refused) == 1


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("localhost", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_test_that_swallows_the_refusal_fails_all_the_same(tmp_path: Path) -> None:
    careless = tmp_path / "test_careless.py"
    careless.write_text(
        "import contextlib, socket\n"
        "def test_passes():\n"
        "    with contextlib.suppress(OSError):\n"
        "        socket.getaddrinfo('example.org', 443)\n"
    )
    run = run_under_our_conftest(careless)
    assert "1 passed, 1 error" in run.stdout


def test_a_developers_own_settings_do_not_reach_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://localhost:4200/api")
    monkeypatch.setenv("CPLI_CONFIG", "site.toml")
    curious = tmp_path / "test_curious.py"
    curious.write_text(
        "import os\n"
        "def test_nothing_is_inherited():\n"
        "    assert not {'PREFECT_API_URL', 'CPLI_CONFIG'} & set(os.environ)\n"
    )
    run = run_under_our_conftest(curious)
    assert "1 passed" in run.stdout


def test_prefect_keeps_its_files_where_they_vanish() -> None:
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    assert settings.home.parent.name.startswith("cpli-tests-")
    assert settings.server.analytics_enabled is False
    assert "PREFECT_API_URL" not in os.environ


def test_a_child_process_has_no_way_out() -> None:
    assert os.environ["https_proxy"] == os.environ["HTTP_PROXY"] == network.NOWHERE


def run_under_our_conftest(test_file: Path) -> subprocess.CompletedProcess[str]:
    """Run one test file, from another folder, with this project's conftest."""
    tests = Path(__file__).parents[1]
    conftest = (tests / "conftest.py").read_text(encoding="utf-8")
    (test_file.parent / "conftest.py").write_text(conftest, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", f"pythonpath={tests}", str(test_file)],
        cwd=test_file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
