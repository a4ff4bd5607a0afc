"""The night's round, and what can be told of a place without changing it."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest
from servers.sftp import Keys, Server, free_port, in_process

from casebook.ledger import FileLedger
from casebook.store import Casebook
from connectors.ledger import Ledger
from connectors.sftp.checking import check
from connectors.sftp.collecting import Collected, collect
from connectors.sftp.faults import Fault, SftpRefused
from connectors.sftp.inbox import Inbox
from connectors.sftp.place import SftpPlace
from schemas.taken import Standing

pytestmark = pytest.mark.server
PlaceOf = Callable[..., SftpPlace]
InboxOf = Callable[[SftpPlace], Inbox]
AT = datetime(2026, 3, 1, 4, 15, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return FileLedger(Casebook.open(f"sqlite:///{tmp_path / 'nights.sqlite'}").engine)


def put(root: Path, name: str, written: bytes, *, at: int = 1_772_000_000) -> None:
    """Lay a file into the drop."""
    (root / name).write_bytes(written)
    os.utime(root / name, (at, at))


def came(collected: Collected) -> dict[str, Standing]:
    """Return what came, by name."""
    return {it.fetched.file.name: it.receipt.standing for it in collected.takings}


def test_a_file_is_fetched_once_and_again_when_it_changed(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, ledger: Ledger, into: Path
) -> None:
    put(either.root, "a.csv", b"one")
    put(either.root, "b.csv", b"two")
    inbox = inbox_of(place_of(either))

    def night() -> Collected:
        return collect(inbox, ledger, into=into, at=AT)

    assert came(night()) == {"a.csv": Standing.NEW, "b.csv": Standing.NEW}
    again = night()
    assert (came(again), [file.name for file in again.known]) == ({}, ["a.csv", "b.csv"])
    put(either.root, "a.csv", b"six", at=1_772_000_100)
    assert came(night()) == {"a.csv": Standing.NEW_VERSION}
    assert (into / "a.csv").read_bytes() == b"six"
    put(either.root, "a.csv", b"six", at=1_772_000_200)
    assert came(night()) == {"a.csv": Standing.TAKEN_BEFORE}


def test_a_file_that_was_lost_here_is_fetched_again(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, ledger: Ledger, into: Path
) -> None:
    put(server.root, "a.csv", b"one")
    inbox = inbox_of(place_of(server))
    collect(inbox, ledger, into=into, at=AT)
    (into / "a.csv").unlink()
    assert came(collect(inbox, ledger, into=into, at=AT)) == {"a.csv": Standing.TAKEN_BEFORE}


def test_a_bad_file_does_not_hold_back_the_others(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, ledger: Ledger, into: Path
) -> None:
    for name in ("a.csv", "b.csv"):
        put(server.root, name, b"x")
    put(server.root, "a.csv.sha256", b"0" * 64)
    put(server.root, "../Margaret.csv".replace("../", "."), b"x")
    into.mkdir()
    collected = collect(inbox_of(place_of(server)), ledger, into=into, at=AT)
    assert came(collected) == {"b.csv": Standing.NEW}
    assert [trouble.fault for trouble in collected.troubles.values()] == [Fault.CHECKSUM_DIFFERS]
    assert sum(collected.left.values()) == 1


def test_a_full_disk_ends_the_round(
    server: Server,
    place_of: PlaceOf,
    inbox_of: InboxOf,
    ledger: Ledger,
    into: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    room = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    put(server.root, "a.csv", b"x")
    with pytest.raises(SftpRefused) as full:
        collect(inbox_of(place_of(server)), ledger, into=into, at=AT)
    assert full.value.fault is Fault.DISK_FULL
    assert ledger.latest("the drop", "a.csv") is None


def test_a_check_tells_what_can_be_told_and_changes_nothing(
    either: Server, place_of: PlaceOf
) -> None:
    (either.root / "done").mkdir()
    put(either.root, "a.csv", b"x", at=int(AT.timestamp()) + 90)
    before = {path.name: path.stat().st_mtime_ns for path in either.root.iterdir()}
    found = check(place_of(either, done_folder=f"{either.folder}/done"), now=AT)
    assert (found.reachable, found.can_list, found.can_read, found.trouble) == (True,) * 3 + (None,)
    assert (found.can_write, found.done_folder, found.files) == (None, True, 1)
    assert found.clock_ahead_seconds == 90
    assert {path.name: path.stat().st_mtime_ns for path in either.root.iterdir()} == before


def test_a_check_says_what_it_cannot_know(server: Server, place_of: PlaceOf) -> None:
    found = check(place_of(server), now=AT)
    assert found.reachable
    assert (found.can_read, found.clock_ahead_seconds, found.done_folder) == (None,) * 3


def test_a_check_says_who_should_act(
    server: Server, place_of: PlaceOf, root: Path, keys: Keys
) -> None:
    class Strict(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: object) -> object:
            raise asyncssh.SFTPPermissionDenied("no")

    put(root, "a.csv", b"x")
    away = check(place_of(replace(server, port=free_port())), now=AT)
    lost = check(place_of(server, folder="nowhere"), now=AT)
    undone = check(place_of(server, done_folder="nowhere"), now=AT)
    with in_process(root, keys, factory=Strict) as strict:
        unread = check(place_of(strict), now=AT)
    told = [(it.reachable, it.can_list, it.can_read, it.done_folder) for it in (away, lost)]
    assert told == [(False, False, None, None), (True, False, None, None)]
    assert (undone.can_read, undone.done_folder) == (True, False)
    assert (unread.can_list, unread.can_read) == (True, False)
    faults = [it.trouble.fault for it in (away, lost, undone, unread) if it.trouble]
    assert faults == [Fault.UNREACHABLE, Fault.NO_FOLDER, Fault.NO_DONE_FOLDER, Fault.NOT_ALLOWED]
