"""A drop that is a folder of this machine or of a mounted share."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from connectors.drop.faults import Fault, trouble
from connectors.drop.shelf import Shelf
from connectors.retry import Retry

# The receiver is another account as a rule, let in by the group of the drop's folder.
FOLDER_MODE, FILE_MODE = 0o750, 0o640
READ_BYTES = 2**20
NOT_THERE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, kw_only=True)
class DropFolder:
    """A folder that exports are laid into; `name` and `keeper` stand in messages."""

    name: str
    path: Path
    keeper: str = "whoever looks after it"

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"{self.name} ({self.path})"


P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

FAULTS = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), Fault.GONE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Fault.NOT_ALLOWED),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), Fault.FULL),
}


def _in_plain_words(
    method: Callable[Concatenate[FolderShelf, str, P], R],
) -> Callable[Concatenate[FolderShelf, str, P], R]:
    """Translate what the operating system says; nothing of it is in the chain of ours."""

    @wraps(method)
    def translated(self: FolderShelf, path: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, path, *args, **kwargs)
        except OSError as error:
            fault = FAULTS.get(error.errno or 0, Fault.NOT_ANSWERING)
        raise trouble(fault, self.place, what=path or "its folder")

    return translated


class FolderShelf:
    """A folder that takes files; what is written is seen onto the disk."""

    def __init__(self, place: DropFolder) -> None:
        self.place = place

    def insist(self) -> None:
        """Raise where the drop's own folder is not there."""
        if not self.has_folder(""):
            raise trouble(Fault.NO_FOLDER, self.place)

    @_in_plain_words
    def has_folder(self, path: str) -> bool:
        """Say whether there is such a folder, or a link to one."""
        with suppress(*NOT_THERE):
            return stat.S_ISDIR(self._at(path).stat().st_mode)
        return False

    @_in_plain_words
    def is_folder(self, path: str) -> bool | None:
        """Say whether what has this name is a folder itself, and no link; None without any."""
        with suppress(*NOT_THERE):
            return stat.S_ISDIR(self._at(path).lstat().st_mode)
        return None

    @_in_plain_words
    def size(self, path: str) -> int | None:
        """Return how many bytes a plain file has, None where there is none."""
        with suppress(*NOT_THERE):
            found = self._at(path).lstat()
            return found.st_size if stat.S_ISREG(found.st_mode) else None
        return None

    @_in_plain_words
    def sha256(self, path: str, *, size_bytes: int) -> str:
        """Read so many bytes of a file and return their hash."""
        digest = sha256()
        with self._at(path).open("rb") as file:
            while block := file.read(min(size_bytes, READ_BYTES)):
                digest.update(block)
                size_bytes -= len(block)
        return digest.hexdigest()

    @_in_plain_words
    def read(self, path: str, *, size_bytes: int) -> bytes:
        """Return so many bytes of a file."""
        with self._at(path).open("rb") as file:
            return file.read(size_bytes)

    @_in_plain_words
    def make_folder(self, path: str) -> None:
        """Make a folder whose parent is there; one that is there already stays as it is."""
        self._at(path).mkdir(mode=FOLDER_MODE, exist_ok=True)

    @_in_plain_words
    def write(self, path: str, content: bytes) -> None:
        """Write a new file, in the place of an earlier one; of one without room nothing stays."""
        target = self._at(path)
        target.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(target, flags, FILE_MODE), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                target.unlink(missing_ok=True)
            raise

    @_in_plain_words
    def rename(self, path: str, *, to: str) -> None:
        """Rename a file in one step."""
        source = self._at(path)
        # Opened before, since the receiver may take the folder away at once.
        folder = os.open(source.parent, os.O_RDONLY)
        try:
            source.rename(self._at(to))
            with suppress(OSError):  # a network's file system may know no such thing
                os.fsync(folder)
        finally:
            os.close(folder)

    @_in_plain_words
    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""
        with suppress(*NOT_THERE):
            self._at(path).unlink()

    @_in_plain_words
    def remove_folder(self, path: str) -> None:
        """Remove an empty folder, if there is one."""
        with suppress(*NOT_THERE):
            self._at(path).rmdir()

    def _at(self, path: str) -> Path:
        return self.place.path / path


class InFolder:
    """The way to a folder: there is no connection to make or to lose."""

    def __init__(self, place: DropFolder, *, retry: Retry | None = None) -> None:
        self.place = place
        self.retry = retry or Retry()

    def __call__(self, step: Callable[[Shelf], T]) -> T:
        """Do a step, and again where its fault can pass."""
        return self.retry(lambda: step(FolderShelf(self.place)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""
