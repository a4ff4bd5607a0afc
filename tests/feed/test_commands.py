"""Commands in processes of their own: side by side, killed by a signal, with Prefect's own logs."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from feed.leaks import kept_by_prefect, leaks_below, people_in
from feed.receiving import complete_in, files_in, standing_after
from feed.site import NIGHTS, Site, rest_place
from feed.talking import refuses_each
from servers.fhir import between

CPLI = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]


def start(site: Site, command: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a command for a site."""
    where = ["--config", str(site.config), "--out", str(site.out)]
    return subprocess.Popen(
        [*CPLI, command, *arguments, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PREFECT_HOME"},
    )


def ends(processes: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Return how commands ended, and what they said."""
    said = ["".join(process.communicate(timeout=300)) for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--full"]], ids=["what waits", "all of it"])
def test_publications_at_once_take_turns_and_send_nothing_twice(
    site: Site, drop: Path, more: list[str]
) -> None:
    drop.rename(drop.with_name("away"))
    assert site.night(0) == 3
    drop.with_name("away").rename(drop)
    arguments = ["--as-of", str(NIGHTS[0]), *more]
    ended = ends([start(site, "publish", *arguments) for _ in range(4)])
    assert {code for code, _ in ended} <= {0, 3}, ended
    assert all("Traceback" not in text and "A fault" not in text for _, text in ended)
    assert site.publish(0) == 0
    came = complete_in(drop)
    assert len(came) == 1 + (4 if more else 0)
    standing_after(came)
    written = site.out / str(NIGHTS[0]) / "feed"
    assert complete_in(written) == came
    assert {path.name for path in written.iterdir()} == {name for name, _ in came}


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.xdist_group("commands")
def test_prefect_logs_nobody_of_a_night_whose_receiver_talks(site: Site) -> None:
    with between() as server:
        server.next_deed = refuses_each(server)
        site.care_record = rest_place(server.base_url)
        site.prepare(0)
        [(code, text)] = ends([start(site, "run", "--as-of", str(NIGHTS[0]))])
    assert code == 0, text
    assert "refused 21 resources" in text
    assert people_in(text) == set()
    kept = kept_by_prefect(site.out / ".prefect")
    assert "Delivered: the export 2026-11-18T120000Z" in kept
    assert people_in(kept) == set()
    assert leaks_below(site.out) == {}


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.xdist_group("commands")
@pytest.mark.parametrize("line", ["Recorded:", "Published:", "Written:"])
def test_a_run_that_is_killed_between_its_steps_is_made_good_by_the_next(
    begun: Site, drop: Path, line: str
) -> None:
    begun.prepare(1)
    arguments = ["--as-of", str(NIGHTS[1])]
    killed = start(begun, "run", *arguments)
    while line not in killed.stderr.readline():
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    [(code, text)] = ends([start(begun, "run", *arguments)])
    assert code == 0, text
    came = complete_in(drop)
    assert [name for name, _ in came] == [f"{night}T120000Z" for night in NIGHTS[:2]]
    night = files_in(begun.out / str(NIGHTS[1]))
    name, files = came[1]
    assert {file: night[f"feed/{name}/{file}"] for file in files} == files
    assert begun.cpli("outbox") == 0
