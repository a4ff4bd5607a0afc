"""A check does what a delivery does, and leaves nothing behind."""

import errno
import os
from pathlib import Path

import asyncssh
import pytest
from drop.delivered import content
from servers.places import PlaceOf
from servers.sftp import Keys, Server, free_port, in_process, openssh

from connectors.drop.checking import check
from connectors.drop.faults import Fault
from connectors.drop.in_folder import DropFolder
from connectors.sftp.faults import Fault as SftpFault


def said(checked: object) -> tuple[bool, bool, str]:
    """Return what a check found, in short."""
    return checked.reachable, checked.can_write, str(getattr(checked.trouble, "fault", ""))


@pytest.mark.server
def test_a_server_that_can_be_written_is_left_as_it_was(either: Server, place_of: PlaceOf) -> None:
    found = check(place_of(either))
    assert (said(found), found.place) == ((True, True, ""), place_of(either).described)
    assert list(either.root.iterdir()) == []


@pytest.mark.parametrize("left", ["nothing", "what a killed check left"])
def test_a_folder_that_can_be_written_is_left_as_it_was(folder: DropFolder, left: str) -> None:
    if left != "nothing":
        (folder.path / ".cpli-check").mkdir()
        (folder.path / ".cpli-check" / "trial.part").write_bytes(b"c")
        (folder.path / ".cpli-check" / "trial").write_bytes(b"c")
    assert said(check(folder)) == (True, True, "")
    assert list(folder.path.iterdir()) == []


def test_a_folder_that_is_full_is_left_as_it_was(
    folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "Margaret")

    monkeypatch.setattr(os, "fsync", full)
    assert said(check(folder)) == (True, False, Fault.FULL)
    assert list(folder.path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_reached(folder: DropFolder) -> None:
    folder.path.rmdir()
    assert said(check(folder)) == (False, False, Fault.NO_FOLDER)


@pytest.mark.server
def test_a_server_that_may_only_be_read_is_told_from_one_that_is_not_there(
    keys: Keys, place_of: PlaceOf, server: Server
) -> None:
    with openssh(server.root, keys, flags="-R") as read_only:
        assert said(check(place_of(read_only))) == (True, False, SftpFault.NOT_ALLOWED)
    nobody = Server(port=free_port(), root=server.root, folder=".")
    assert said(check(place_of(nobody))) == (False, False, SftpFault.UNREACHABLE)
    nowhere = place_of(server, folder="nowhere")
    assert said(check(nowhere)) == (False, False, SftpFault.NO_FOLDER)
    unpinned = check(place_of(server, host_keys=("nonsense",)))
    assert "not understood" in str(unpinned.trouble)


@pytest.mark.server
def test_what_a_killed_check_left_is_cleared_where_no_rename_replaces(
    keys: Keys, place_of: PlaceOf, root: Path
) -> None:
    class Old(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> object:
            raise asyncssh.SFTPOpUnsupported("Margaret")

    (root / ".cpli-check").mkdir()
    (root / ".cpli-check" / "trial").write_bytes(b"c")
    with in_process(root, keys, factory=Old) as old:
        assert said(check(place_of(old))) == (True, True, "")
    assert list(root.iterdir()) == []


@pytest.mark.server
def test_a_server_that_changes_what_it_is_given_is_found_out(
    keys: Keys, place_of: PlaceOf, server: Server
) -> None:
    class Changing(asyncssh.SFTPServer):
        def write(self, file_obj: object, offset: int, data: bytes) -> object:
            return super().write(file_obj, offset, data.upper())

    with in_process(server.root, keys, factory=Changing) as changing:
        assert said(check(place_of(changing))) == (True, False, Fault.WRITTEN_DIFFERS)
    assert content(server.root) == {}
    assert list(server.root.iterdir()) == []
