"""A drop that is a folder on an SFTP server."""

from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from types import TracebackType
from typing import Self, TypeVar

from connectors.drop.faults import Fault, trouble
from connectors.drop.shelf import Shelf
from connectors.retry import Retry
from connectors.sftp import faults as sftp
from connectors.sftp.line import Line
from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Session

T = TypeVar("T")
OUR_NAMES = r"[A-Za-z0-9._-]+"


class SftpShelf:
    """A server's folder that takes files, over one connection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.place = session.place

    def insist(self) -> None:
        """Raise where the drop's own folder is not there."""
        if not self.session.folder(self.place.folder):
            raise trouble(Fault.NO_FOLDER, self.place)

    def has_folder(self, path: str) -> bool:
        """Say whether there is such a folder, or what leads to one."""
        try:
            return self.session.folder(self._at(path))
        except sftp.SftpRefused as refused:
            if refused.fault is not sftp.Fault.NO_FOLDER:
                raise
        return False

    def is_folder(self, path: str) -> bool | None:
        """Say whether what has this name is a folder itself, and no link; None without any."""
        facts = self.session.facts(self._at(path))
        return stat.S_ISDIR(facts.mode) if facts else None

    def size(self, path: str) -> int | None:
        """Return how many bytes a plain file has, None where there is none."""
        facts = self.session.facts(self._at(path))
        return facts.size_bytes if facts and facts.is_file else None

    def sha256(self, path: str, *, size_bytes: int) -> str:
        """Read so many bytes of a file and return their hash."""
        digest = sha256()
        for block in self.session.blocks(self._at(path), start=0, end=size_bytes):
            digest.update(block)
        return digest.hexdigest()

    def read(self, path: str, *, size_bytes: int) -> bytes:
        """Return so many bytes of a file."""
        return b"".join(self.session.blocks(self._at(path), start=0, end=size_bytes))

    def make_folder(self, path: str) -> None:
        """Make a folder whose parent is there; one that is there already stays as it is."""
        self.session.make_folder(self._at(path))

    def write(self, path: str, content: bytes) -> None:
        """Write a new file, in the place of an earlier one; of one that was refused none stays.

        An earlier one is removed and not emptied: a connection that broke may still be writing it.
        """
        self.remove(path)
        try:
            self.session.write(self._at(path), content)
        except sftp.SftpLater as later:
            if later.fault is sftp.Fault.NOT_WRITTEN:
                with suppress(sftp.SftpLater, sftp.SftpRefused):
                    self.remove(path)
            raise

    def rename(self, path: str, *, to: str) -> None:
        """Rename a file in one step."""
        self.session.rename(self._at(path), to=self._at(to))

    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""
        self.session.remove(self._at(path))

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder, if there is one."""
        self.session.remove_folder(self._at(path))

    def _at(self, path: str) -> str:
        return f"{self.place.folder}/{path}"


class OverSftp:
    """The way to a server: connects when needed, and anew after what can pass."""

    def __init__(self, place: SftpPlace, *, retry: Retry | None = None) -> None:
        self.place = replace(place, wanted=OUR_NAMES, unsaid=None)
        self.line = Line(self.place, retry=retry)

    def __call__(self, step: Callable[[Shelf], T]) -> T:
        """Do a step over the connection, and again where its fault can pass."""
        return self.line(lambda session: step(SftpShelf(session)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.line.close()
