"""Servers with a folder each, and inboxes there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.places import either, keys, place_of, root, server, sshd, waits

from connectors.retry import Retry
from connectors.sftp.inbox import Inbox
from connectors.sftp.line import Line
from connectors.sftp.place import SftpPlace

__all__ = ["either", "keys", "place_of", "root", "server", "sshd", "waits"]

InboxOf = Callable[[SftpPlace], Inbox]


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Name the folder that files are fetched into; it is not there yet."""
    return tmp_path / "landing"


@pytest.fixture
def inbox_of(waits: list[float]) -> Iterator[InboxOf]:
    """Return what opens the inbox of a place, without waiting for anything."""
    lines: list[Line] = []

    def make(place: SftpPlace) -> Inbox:
        lines.append(Line(place, retry=Retry(sleep=waits.append)))
        return Inbox(lines[-1], sleep=waits.append)

    yield make
    for line in lines:
        line.close()
