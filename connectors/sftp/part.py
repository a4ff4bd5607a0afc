"""A download on its way: a private file beside its place-to-be, which knows what it belongs to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from connectors.sftp.faults import Fault, SftpRefused, trouble, while_writing
from connectors.sftp.place import SftpPlace

PRIVATE = 0o600
READ_BYTES = 2**20
PART = re.compile(r"\.(?P<name>.+)\.(?P<place>[0-9a-f]{8})-(?P<file>[0-9a-f]{16})\.part", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file as a server listed it; `modified_at` is in whole seconds since 1970, its clock's."""

    name: str
    size_bytes: int
    modified_at: int


P = ParamSpec("P")
R = TypeVar("R")


def _in_plain_words(
    method: Callable[Concatenate[Part, P], R],
) -> Callable[Concatenate[Part, P], R]:
    """Translate what our own disk says. What has come is removed where there is no more room."""

    @wraps(method)
    def translated(self: Part, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            fault = while_writing(error)
        if fault is Fault.DISK_FULL:
            self.path.unlink(missing_ok=True)
        raise trouble(fault, self.place, file=self.file.name, into=self.path.parent)

    return translated


class Part:
    """What has come of a file so far. Its name holds what it belongs to: place, size and time.

    A file that changed at the source has another part, so it starts anew. Opened by one process at
    a time. Raises `disk_full`, `not_writable` or `in_use`.
    """

    def __init__(self, place: SftpPlace, file: RemoteFile, into: Path) -> None:
        self.place = place
        self.file = file
        self.target = into / file.name
        self.path = into / f".{file.name}.{_digest(_where(place), 8)}-{_digest(file, 16)}.part"
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self._handle = -1

    def __enter__(self) -> Part:
        try:
            opened = self._open()
        except SftpRefused:
            self.__exit__()
            raise
        if not opened:
            self.__exit__()
            raise trouble(Fault.IN_USE, self.place, file=self.file.name)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @_in_plain_words
    def write(self, blocks: Iterable[bytes]) -> None:
        """Append what comes."""
        for block in blocks:
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            self.digest.update(block)
            self.size_bytes += len(block)

    @_in_plain_words
    def empty(self) -> None:
        """Start anew."""
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        self.digest, self.size_bytes = hashlib.sha256(), 0

    @_in_plain_words
    def remove(self) -> None:
        """Forget what has come."""
        self.path.unlink(missing_ok=True)

    @_in_plain_words
    def finish(self) -> None:
        """See it onto the disk, with the source's time of change, and only then give it its name.

        Another file of that name is replaced.
        """
        os.fsync(self._handle)
        os.utime(self._handle, (self.file.modified_at, self.file.modified_at))
        self.path.replace(self.target)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @_in_plain_words
    def _open(self) -> bool:
        """Open and lock it, and read what is there; False where another process has it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._handle = os.open(self.path, flags, PRIVATE)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if self._is_another_file_now():  # whoever had it has finished it
            return False
        while block := os.read(self._handle, READ_BYTES):
            self.digest.update(block)
            self.size_bytes += len(block)
        if self.size_bytes > self.file.size_bytes:
            self.empty()
        self._insist_on_room()
        return True

    def _is_another_file_now(self) -> bool:
        opened = os.fstat(self._handle)
        return not (self.path.exists() and self.path.stat().st_ino == opened.st_ino)

    def _insist_on_room(self) -> None:
        """Raise before the disk is full to the brim, since others write to it as well."""
        missing = self.file.size_bytes - self.size_bytes
        if shutil.disk_usage(self.path.parent).free < missing:
            self.path.unlink(missing_ok=True)
            raise trouble(Fault.DISK_FULL, self.place, file=self.file.name, into=self.path.parent)


def sweep(place: SftpPlace, into: Path, *, still_there: Iterable[RemoteFile]) -> None:
    """Remove parts of files that are no longer at the source, or that changed there.

    They hold personal data and would lie there for ever. Other places' parts are left alone.
    """
    needed = {Part(place, file, into).path for file in still_there}
    mine = _digest(_where(place), 8)
    for path in into.glob(".*.part") if into.is_dir() else ():
        match = PART.fullmatch(path.name)
        if match and match["place"] == mine and path not in needed:
            path.unlink(missing_ok=True)


def _where(place: SftpPlace) -> tuple[str, int, str, str]:
    return place.host, place.port, place.username, place.folder


def _digest(what: object, length: int) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:length]
