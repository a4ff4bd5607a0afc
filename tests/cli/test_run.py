"""Whole commands in processes of their own, with a Prefect server of their own."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from folders.marked import BAD_INPUT, MARK, marked_sources

from schemas.accounts import Role
from schemas.vocabularies import DiscrepancyType

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("commands")]

CPLI = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]
MAY_HOLD_PERSONS = ("casebook.db", "discrepancies.csv")


@pytest.fixture(autouse=True)
def _at_home(tmp_path, monkeypatch):
    """Start every command in an empty home, as on the first day, and behind a proxy."""
    for name in ("PREFECT_HOME", "CPLI_IDENTITY_KEY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    assert os.environ["HTTP_PROXY"]
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    (tmp_path / "home").mkdir()


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CPLI, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run_of(sources: Path, out: Path) -> list[str]:
    return ["run", "--sources", str(sources), "--as-of", "2026-11-20", "--out", str(out)]


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    shown, said = process.communicate(timeout=300)
    return process.returncode, shown, said


def night_of(out: Path) -> dict[str, bytes]:
    """Return a night's tables."""
    return {path.name: path.read_bytes() for path in (out / "2026-11-20").glob("*.csv")}


def by_the_rules_alone(sources: Path, tmp_path: Path) -> dict[str, bytes]:
    """Return the tables that `cpli reconcile` makes of the same sources."""
    arguments = run_of(sources, tmp_path / "alone" / "2026-11-20")
    assert finish(start(["reconcile", *arguments[1:]]))[0] == 0
    return night_of(tmp_path / "alone")


def servers_for(out: Path) -> list[psutil.Process]:
    """Return the Prefect servers that run for a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            ours = "flows.prefect_server" in command and str(out) in process.environ().get(
                "PREFECT_HOME", ""
            )
        except psutil.Error:
            continue
        if ours:
            found.append(process)
    return found


def test_no_person_is_left_anywhere_but_in_the_findings(tmp_path):
    sources, out = marked_sources(tmp_path / "sources"), tmp_path / "out"
    for name in (
        "cells that cannot be read",
        "an entry that names nobody",
        "files that belong nowhere",
        "a provider that is not in the register",
        "an extract that did not come",
    ):
        BAD_INPUT[name][0](sources)
    sources.write("council/E10000018/cpli.csv", f"{MARK} is no heading\n{MARK}\n".encode())
    code, shown, said = finish(start(run_of(sources.root, out)))
    assert code == 3
    assert "Not assessed: Rutland." in shown
    assert "Not assessed: Leicestershire." in shown
    assert "Traceback" not in shown + said
    left = {
        path.relative_to(tmp_path): path.read_bytes()
        for folder in (out, tmp_path / "home")
        for path in folder.rglob("*")
        if path.is_file()
    }
    connection = sqlite3.connect(out / ".prefect" / "prefect.db")
    kept = "\n".join(connection.iterdump())
    connection.close()
    assert "Leicester: 3 CPLIs read, 0 rejected" in kept
    assert MARK not in kept
    holding = {path.name for path, content in left.items() if MARK.encode() in content}
    assert holding == set(MAY_HOLD_PERSONS)
    numbers = {path.name for path, content in left.items() if b"999000" in content}
    assert numbers <= set(MAY_HOLD_PERSONS)
    assert MARK not in shown + said
    assert {path.parts[1] for path in left if path.parts[0] == "home"} == {"state"}


def test_a_run_that_is_killed_leaves_no_server_behind_and_can_be_run_again(tmp_path):
    sources = marked_sources(tmp_path / "sources")
    BAD_INPUT["cells that cannot be read"][0](sources)
    out = tmp_path / "killed"
    killed = start(run_of(sources.root, out))
    assert "Register of providers" in killed.stderr.readline()
    assert len(servers_for(out)) == 1
    killed.send_signal(signal.SIGKILL)
    began = time.monotonic()
    finish(killed)
    assert time.monotonic() - began < 30, "something else holds our output open"
    psutil.wait_procs(servers_for(out), timeout=30)
    assert servers_for(out) == []
    code, _, said = finish(start(run_of(sources.root, out)))
    assert code == 0, said
    assert night_of(out) == by_the_rules_alone(sources.root, tmp_path)
    assert sorted(path.name for path in out.iterdir()) == [
        ".prefect", "2026-11-20", "casebook.db", "casebook.db.locks",
    ]  # fmt: skip


def test_two_runs_of_a_night_at_once_take_turns(tmp_path):
    sources, out = marked_sources(tmp_path / "sources"), tmp_path / "out"
    BAD_INPUT["cells that cannot be read"][0](sources)
    ended = [finish(run) for run in [start(run_of(sources.root, out)) for _ in range(2)]]
    assert [code for code, _, _ in ended] == [0, 0], ended
    effects = sorted(
        line.rpartition(", ")[2]
        for _, _, said in ended
        for line in said.splitlines()
        if line.startswith("Recorded")
    )
    assert effects == [
        "the night is new on record",
        "the night was on record with this very content",
    ]
    assert night_of(out) == by_the_rules_alone(sources.root, tmp_path)


@pytest.mark.parametrize(("sent", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_so_and_clears_up(tmp_path, sent, expected):
    sources, out = marked_sources(tmp_path / "sources"), tmp_path / "out"
    stopped = start(run_of(sources.root, out))
    assert "Register of providers" in stopped.stderr.readline()
    stopped.send_signal(sent)
    code, shown, said = finish(stopped)
    assert (code, shown) == (expected, "")
    assert said.splitlines()[-1] == "Stopped. Run the same command again to do it from the start."
    assert "Traceback" not in said
    assert [path.name for path in out.glob(".*")] == [".prefect"]


def test_a_prefect_server_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    sources = marked_sources(tmp_path / "sources")
    code, _, said = finish(start(run_of(sources.root, tmp_path / "out")))
    assert (code, said.count("\n")) == (1, 1)
    assert "The Prefect server that PREFECT_API_URL names does not answer." in said


def test_the_demo_shows_two_nights_and_can_be_repeated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, shown, said = finish(start(["demo"]))
    assert code == 0, said
    found = (tmp_path / "demo" / "2026-11-19" / "discrepancies.csv").read_text(encoding="utf-8")
    types = {line.split(",")[1] for line in found.splitlines()[1:] if line.count(",") >= 13}
    assert len(types & set(DiscrepancyType.codes())) >= 15
    assert "Not assessed: Rutland. council/E06000017/cpli.csv did not come." in shown
    assert "Look further:        cpli show 2026-11-20 --out demo" in shown
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())
    assert shown.splitlines()[-1].startswith("Open the worklist:   cpli worklist --out demo ")
    assert len(re.findall("(?m)^  [a-z]+@demo[.]example ", shown)) == len(Role)
    assert {path.name for path in (tmp_path / "demo").iterdir()} >= {
        "2026-11-19", "2026-11-20", "casebook.db", "sources-night-1", "sources-night-2",
    }  # fmt: skip
    again, shown_again, _ = finish(start(["demo"]))
    assert again == 0
    assert _without_times(shown_again) == _without_times(shown)


def _without_times(shown: str) -> list[str]:
    other_each_time = ("Done in", "Sample accounts")
    return [line for line in shown.splitlines() if not line.startswith(other_each_time)]
