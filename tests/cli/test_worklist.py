"""`cpli worklist`: whom it may be served to, that it says whether it is well, and how it stops."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from casebook.store import Casebook
from cli.main import main

CPLI = str(Path(sys.executable).with_name("cpli"))
OTHERS = "worklist.example"
KEY = "a key for tests alone that is long enough"
STARTS_WITHIN, STOPS_WITHIN = 30, 20


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder with a record in which there is no night yet."""
    Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    return tmp_path


@pytest.fixture
def served(out: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Serve the worklist, and give the process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [CPLI, "worklist", "--out", str(out), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_up(process, port)
        yield process, port
    finally:
        process.kill()
        process.communicate()


def _wait_until_up(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"It did not come up: {process.communicate()}")


def test_it_is_served_and_a_request_that_is_being_answered_may_end(served, out):
    process, port = served
    page = httpx.get(f"http://127.0.0.1:{port}/")
    assert (page.status_code, page.headers["location"]) == (302, "/sign-in")
    assert httpx.get(f"http://127.0.0.1:{port}/health/live").text == "ok\n"
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        said = b"email=x&password=y"
        visitor.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n" % len(said)
        )
        visitor.sendall(said[:5])
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        visitor.sendall(said[5:])
        answer = b"".join(iter(lambda: visitor.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert process.wait(STOPS_WITHIN) == 0
    shown, told = process.communicate()
    assert f"The worklist is at http://127.0.0.1:{port}/ until you press Ctrl+C." in shown
    assert "password=y" not in told + shown


def test_a_record_that_is_gone_is_not_ready(served, out):
    _, port = served
    for file in out.glob("casebook.db*"):
        if file.is_file():
            file.write_bytes(b"no database" * 500)
    assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
    ready = httpx.get(f"http://127.0.0.1:{port}/health/ready")
    assert (ready.status_code, ready.text) == (503, "the record cannot be asked\n")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--host", OTHERS], "needs HTTPS"),
        (["--host", OTHERS, "--no-second-factor"], "needs the second factor"),
    ],
)
def test_what_others_can_reach_is_served_safely_or_not_at_all(more, said, out, capsys):
    assert main(["worklist", "--out", str(out), *more]) == 2
    assert said in capsys.readouterr().err


def test_what_a_proxy_makes_known_to_others_needs_a_second_factor(out, monkeypatch, capsys):
    monkeypatch.setenv("CPLI_WORKLIST__PUBLIC_URL", "https://worklist.example.gov.uk")
    assert main(["worklist", "--out", str(out), "--no-second-factor"]) == 2
    assert "needs the second factor" in capsys.readouterr().err
