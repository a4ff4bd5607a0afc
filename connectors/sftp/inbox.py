"""A folder from which files are fetched: listed with care, taken whole, never deleted."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from connectors.sftp.faults import Fault, SftpLater, SftpRefused, trouble
from connectors.sftp.line import Line
from connectors.sftp.names import COMPANION, LeftBecause, is_companion, why_left
from connectors.sftp.part import Part, RemoteFile
from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Session

SETTLING_SECONDS = 5.0
COMPANION_BYTES = 4096
SHA256 = re.compile(rb"(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What may be taken, by name, and how much was left for which reason, without names."""

    files: tuple[RemoteFile, ...]
    left: Mapping[LeftBecause, int]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file that came whole. `checked` is whether a .sha256 beside it said the same."""

    file: RemoteFile
    path: Path
    sha256: str
    checked: bool
    resumed_at: int


class Inbox:
    """The files of a place. Every method tries again what can pass, and picks up what it left.

    All raise SftpLater or SftpRefused.
    """

    def __init__(self, line: Line, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.line = line
        self.sleep = sleep

    @property
    def place(self) -> SftpPlace:
        """Where the files are."""
        return self.line.place

    def list(self) -> Listing:
        """Return the plain files that are there, as far as they are wanted."""
        return self.line(look)

    def stable(self, seconds: float = SETTLING_SECONDS) -> Listing:
        """Return those files that are the same after `seconds`; the others are being written."""
        first = self.list()
        if not first.files:
            return first
        self.sleep(seconds)
        then = self.list()
        same = tuple(file for file in then.files if file in first.files)
        moving = len(then.files) - len(same)
        left = Counter(then.left) + Counter({LeftBecause.BEING_WRITTEN: moving})
        return replace(then, files=same, left=dict(left))

    def fetch(self, file: RemoteFile, into: Path) -> Fetched:
        """Fetch a file whole and checked, or not at all; its time of change comes with it."""
        return self.line(partial(download, file=file, into=into))

    def insist_on_done_folder(self) -> None:
        """Raise `sftp_no_done_folder` where files that were taken cannot be put away."""
        if self.place.done_folder is not None:
            self.line(partial(insist_on_done_folder, folder=self.place.done_folder))

    def put_away(self, file: RemoteFile, *, at: datetime) -> None:
        """Move a file that was taken, and its .sha256, into the done folder, if there is one.

        The new name is one that no other file has. Raises `changed_while_read` where the file is
        no longer the one that was taken: it stays.
        """
        if self.place.done_folder is not None:
            stamp = f"{at:%Y%m%dT%H%M%SZ}-{uuid4().hex[:12]}"
            self.line(partial(move, file=file, to=f"{self.place.done_folder}/{stamp}-{file.name}"))


def insist_on_done_folder(session: Session, *, folder: str) -> None:
    """Raise `sftp_no_done_folder` where there is no such folder."""
    with suppress(SftpRefused):
        if session.folder(folder):
            return
    raise trouble(Fault.NO_DONE_FOLDER, session.place)


def look(session: Session) -> Listing:
    """List the folder of a place."""
    place = session.place
    files, left = [], Counter[LeftBecause]()
    for name, facts in session.entries(place.folder):
        reason = why_left(name, facts, place)
        if is_companion(name):
            continue
        if reason or facts is None:
            left[reason or LeftBecause.NOT_A_FILE] += 1
        else:
            files.append(
                RemoteFile(name=name, size_bytes=facts.size_bytes, modified_at=facts.modified_at)
            )
    return Listing(files=tuple(sorted(files, key=lambda file: file.name)), left=dict(left))


def download(session: Session, *, file: RemoteFile, into: Path) -> Fetched:
    """Fetch a file over one connection, from where an earlier one was cut off."""
    insist_unchanged(session, file)
    expected = companion(session, file=file)
    with Part(session.place, file, into) as part:
        resumed_at = part.size_bytes
        pour(session, part)
        if expected not in (None, part.digest.hexdigest()) and resumed_at:
            # The beginning may be of a file that was replaced by one of equal size and time.
            part.empty()
            pour(session, part)
        if expected not in (None, part.digest.hexdigest()):
            part.remove()
            raise trouble(Fault.CHECKSUM_DIFFERS, session.place, file=file.name)
        part.finish()
        return Fetched(
            file=file,
            path=part.target,
            sha256=part.digest.hexdigest(),
            checked=expected is not None,
            resumed_at=resumed_at,
        )


def pour(session: Session, part: Part) -> None:
    """Let the rest of a file run into its part; of one that changed meanwhile nothing is kept."""
    file = part.file
    path = path_of(session.place, file)
    try:
        part.write(session.blocks(path, start=part.size_bytes, end=file.size_bytes))
        insist_unchanged(session, file)
        if part.size_bytes != file.size_bytes:
            raise trouble(Fault.CHANGED_WHILE_READ, session.place, file=file.name)
    except SftpLater as later:
        if later.fault in {Fault.GONE, Fault.CHANGED_WHILE_READ}:
            part.remove()
        raise


def insist_unchanged(session: Session, file: RemoteFile) -> None:
    """Raise `gone` or `changed_while_read` where a file is not what it was when it was listed."""
    facts = session.facts(path_of(session.place, file))
    if facts is None:
        raise trouble(Fault.GONE, session.place, file=file.name)
    if not facts.is_file or (facts.size_bytes, facts.modified_at) != (
        file.size_bytes,
        file.modified_at,
    ):
        raise trouble(Fault.CHANGED_WHILE_READ, session.place, file=file.name)


def companion(session: Session, *, file: RemoteFile) -> str | None:
    """Return the SHA-256 in the file beside this one, as sha256sum writes it; None without one.

    Raises `checksum_differs` where it does not hold exactly one.
    """
    path = path_of(session.place, file) + COMPANION
    facts = session.facts(path)
    if facts is None:
        return None
    said = session.head(path, most_bytes=COMPANION_BYTES).lower() if facts.is_file else b""
    sums = set(SHA256.findall(said))
    if len(sums) != 1:
        raise trouble(Fault.CHECKSUM_DIFFERS, session.place, file=file.name)
    return bytes(sums.pop()).decode()


def move(session: Session, *, file: RemoteFile, to: str) -> None:
    """Move a file and its .sha256; a second try finds what the first one did."""
    path = path_of(session.place, file)
    if session.facts(to) is None:
        insist_unchanged(session, file)
        session.rename(path, to=to)
    if session.facts(path + COMPANION) is not None and session.facts(to + COMPANION) is None:
        session.rename(path + COMPANION, to=to + COMPANION)


def path_of(place: SftpPlace, file: RemoteFile) -> str:
    """Return where a file lies on the server."""
    return f"{place.folder}/{file.name}"
