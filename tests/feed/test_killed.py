"""Wherever a delivery is killed, the Care Record gets each night once and whole."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from feed.receiving import Files, complete_in, files_in, standing_after, taken_in
from feed.site import Site, folder_place, sftp_place
from servers.sftp import Keys, in_process, openssh

pytestmark = [
    pytest.mark.slow,
    pytest.mark.server,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system"),
]
HERE = Path(__file__).parent
ENVIRONMENT = {"PYTHONPATH": str(HERE.parent)}
Moment = tuple[str, str | None, float]
TABLES = {
    "feed_export": "number, name, as_of, full_export, evidence, counts, receiver, state, trouble",
    "feed_file": "number, position, name, size_bytes, sha256, content",
    "feed_resource": "*",
    "feed_hidden": "*",
    "feed_prepared": "*",
    "feed_step": "*",
    "feed_refusal": "*",
}


def moments(draw: random.Random) -> list[Moment]:
    """Return moments at which children are killed: anywhere, between steps, in the delivery."""
    anywhere = [("run", None, draw.uniform(0.0, 1.0)) for _ in range(2)]
    between = [
        ("run", "Recorded:", 0.0),
        ("run", "Recorded:", draw.uniform(0.0, 0.05)),
        ("run", "Published:", 0.0),
        ("run", "Written:", 0.0),
    ]
    delivering = [("run", "Written:", draw.uniform(0.0, 0.3)) for _ in range(2)]
    publishing = [("publish", None, draw.uniform(0.0, 0.5)) for _ in range(4)]
    rest = [*delivering, *publishing]
    draw.shuffle(rest)
    return [*anywhere, *between, *rest]


def sites_of(home: Path, care_record: str) -> list[Site]:
    """Return one site a night, with the sources of that night."""
    sites = [Site(home=home / f"night-{night}", care_record=care_record) for night in range(3)]
    for night, site in enumerate(sites):
        site.home.mkdir(parents=True)
        site.prepare(night)
    return sites


def kill_again_and_again(home: Path, care_record: str, killed: list[Moment]) -> list[list[object]]:
    """Do three nights in children that are killed; return what became of each child."""
    configs = [str(site.config) for site in sites_of(home, care_record)]
    done = subprocess.run(
        [sys.executable, str(HERE / "killing.py"), str(home / "out"), json.dumps(killed), *configs],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def left_in(out: Path) -> dict[str, object]:
    """Return all that nights leave, times aside."""
    files: dict[str, object] = {
        name: content
        for name, content in files_in(out).items()
        if not name.startswith("casebook.db")
    }
    for name in [name for name in files if name.count("/") == 1 and name.endswith("summary.json")]:
        summary = json.loads(files[name])
        del summary["seconds"]
        files[name] = summary
    connection = sqlite3.connect(out / "casebook.db")
    for table, columns in TABLES.items():
        rows = connection.execute(f"select {columns} from {table}").fetchall()
        files[table] = sorted(rows, key=repr)
    connection.close()
    return files


@contextmanager
def taking(drop: Path, taken: Path) -> Iterator[None]:
    """Have a receiver that takes exports away as soon as their manifest is there."""
    taken.mkdir()
    script = [sys.executable, str(HERE / "receiving.py"), str(drop), str(taken)]
    process = subprocess.Popen(script)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def undisturbed(home: Path) -> tuple[list[tuple[str, Files]], dict[str, object]]:
    """Return what the Care Record gets of three nights in peace, and what they leave."""
    drop = home / "drop"
    drop.mkdir(parents=True)
    kill_again_and_again(home, folder_place(drop), [])
    return complete_in(drop), left_in(home / "out")


@pytest.fixture(scope="module")
def in_peace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
        yield undisturbed(tmp_path_factory.mktemp("in-peace"))


@pytest.mark.parametrize("taken_away", [False, True], ids=["left there", "taken at once"])
@pytest.mark.parametrize("way", ["folder", "sftp", "OpenSSH"])
def test_wherever_a_delivery_is_killed_each_night_comes_once_and_whole(
    tmp_path: Path, drop: Path, keys: Keys, in_peace, way: str, *, taken_away: bool
) -> None:
    with ExitStack() as running:
        care_record = folder_place(drop)
        if way != "folder":
            serve = openssh if way == "OpenSSH" else in_process
            server = running.enter_context(serve(drop, keys))
            care_record = sftp_place(server, keys, tmp_path)
        if taken_away:
            running.enter_context(taking(drop, tmp_path / "taken"))
        draw = random.Random(f"{way} {taken_away}")
        ends = kill_again_and_again(tmp_path / "home", care_record, moments(draw))
        came = complete_in(drop)
    if taken_away:
        assert came == []
        came = taken_in(tmp_path / "taken")
    assert [end for end in ends if end[2] == "code"] == [
        [night, "run", "code", 0] for night in ("2026-11-18", "2026-11-19", "2026-11-20")
    ]
    met = [end for end in ends if end[3] is True]
    assert len(met) > len(ends) / 2
    assert {end[2] for end in met} >= {None, "Recorded:", "Published:", "Written:"}
    exports, left = in_peace
    assert [name for name, _ in came] == [name for name, _ in exports]
    assert came == exports
    assert standing_after(came) == standing_after(exports)
    found = left_in(tmp_path / "home" / "out")
    assert found.keys() == left.keys()
    for name, content in left.items():
        assert found[name] == content, name
    assert list(drop.rglob("*.part")) == []
