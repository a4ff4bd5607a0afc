"""What can be told of a place without changing anything there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.sftp.faults import SftpLater, SftpRefused, SftpTrouble
from connectors.sftp.inbox import insist_on_done_folder, look, path_of
from connectors.sftp.names import LeftBecause
from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Session, connected


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a look at a place found; None where it cannot be told without changing something.

    `can_read` is None too where no file lies there to try, `clock_ahead_seconds` where no file is
    from our future: SFTP tells no server's time. `trouble` says who should do what.
    """

    place: str
    reachable: bool
    can_list: bool = False
    can_read: bool | None = None
    can_write: bool | None = None
    done_folder: bool | None = None
    files: int = 0
    left: Mapping[LeftBecause, int] = field(default_factory=dict)
    clock_ahead_seconds: int | None = None
    trouble: SftpTrouble | None = None


def check(place: SftpPlace, *, now: datetime) -> Checked:
    """Log in once, list, and read the beginning of a file. Writes nothing and raises WrongUsage."""
    reachable = False
    trouble: SftpTrouble
    try:
        with connected(place) as session:
            reachable = True
            return _looked_at(session, now=now)
    except (SftpLater, SftpRefused) as fault:
        trouble = fault
    return Checked(place=place.described, reachable=reachable, trouble=trouble)


def _looked_at(session: Session, *, now: datetime) -> Checked:
    place = session.place
    listing = look(session)
    trouble: SftpTrouble | None = None
    can_read, done_folder = None, None
    try:
        if listing.files:
            can_read = False
            session.head(path_of(place, listing.files[0]), most_bytes=1)
            can_read = True
        if place.done_folder is not None:
            done_folder = False
            insist_on_done_folder(session, folder=place.done_folder)
            done_folder = True
    except (SftpLater, SftpRefused) as fault:
        trouble = fault
    newest = max((file.modified_at for file in listing.files), default=0)
    ahead = newest - int(now.timestamp())
    return Checked(
        place=place.described,
        reachable=True,
        can_list=True,
        can_read=can_read,
        done_folder=done_folder,
        files=len(listing.files),
        left=listing.left,
        clock_ahead_seconds=ahead if ahead > 0 else None,
        trouble=trouble,
    )
