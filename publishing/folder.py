"""Puts a night's files in their place, each whole or not at all, readable by their owner only."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from filelock import lock_descriptor

from schemas.errors import WrongUsage

OWNER_ONLY = 0o700


def insist_on_room(folder: Path) -> None:
    """Raise `WrongUsage` where a folder, there or not, cannot be written; leaves nothing behind."""
    with writing(folder):
        if code := why_not(folder):
            raise OSError(code, os.strerror(code))


def why_not(folder: Path) -> int:
    """Return the error number that making or filling a folder would meet, or 0."""
    place = folder.absolute()
    nearest = next(each for each in (place, *place.parents) if each.exists())
    if not nearest.is_dir():
        return errno.ENOTDIR
    return 0 if os.access(nearest, os.W_OK | os.X_OK) else errno.EACCES


def write_files(folder: Path, files: Mapping[str, bytes], *, instead_of: tuple[str, ...]) -> None:
    """Write the files in their order, after removing those of `instead_of`, the last one first.

    Whoever finds the last file therefore finds all of them, and all of one night. Raises
    `WrongUsage` where the folder cannot be written.
    """
    with writing(folder):
        private_folder(folder)
        with _alone_in(folder):
            for name in reversed(instead_of):
                _remove(folder / name)
            _flush(folder)
            for name, content in files.items():
                _write(folder / name, content)
            _flush(folder)


def put_file(folder: Path, name: str, content: bytes, *, unless: Callable[[str], bool]) -> bool:
    """Put a file into a folder, whole or not at all, unless a name that is there forbids it.

    Says whether it was put. Raises `WrongUsage` where the folder cannot be written.
    """
    with writing(folder):
        private_folder(folder)
        with _alone_in(folder):
            if any(unless(path.name) for path in folder.iterdir()):
                return False
            _write(folder / name, content)
            _flush(folder)
            return True


def replace_folder(
    target: Path,
    files: Mapping[str, bytes],
    *,
    keep: Iterable[str] = (),
    more: Iterable[tuple[str, bytes]] = (),
) -> None:
    """Put a folder with exactly these files in the place of `target`, which is never half written.

    What lies in its folders `keep` stays there; `more` are further files, one at a time in memory.

    A run that is killed on the way leaves the old folder, the new one or, between the two renames,
    both under other names; `mend_folder` then brings the old one back. Raises `WrongUsage` where
    the folder cannot be written.
    """
    with writing(target):
        mend_folder(target)
        partial, replaced = _beside(target, "partial"), _beside(target, "replaced")
        private_folder(partial)
        for name in keep:
            if (target / name).is_dir():
                shutil.copytree(target / name, partial / name, copy_function=_link_or_copy)
        for name, content in chain(more, files.items()):
            _write(partial / name, content)
        _flush(partial)
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
        _flush(target.parent)
        shutil.rmtree(replaced, ignore_errors=True)


def mend_folder(target: Path) -> None:
    """Clear away what a killed `replace_folder` left, and bring the old folder back if need be."""
    partial, replaced = _beside(target, "partial"), _beside(target, "replaced")
    with writing(target):
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        for leftover in (partial, replaced):
            if leftover.exists():
                shutil.rmtree(leftover)


def files_below(folder: Path, *names: str) -> tuple[str, ...]:
    """Return what lies in some folders of a folder, by its path below it."""
    return tuple(
        f"{name}/{path.name}" for name in names for path in sorted((folder / name).glob("*"))
    )


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter; one that is there already stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=OWNER_ONLY, exist_ok=True)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Say plainly that a place cannot be written, and why."""
    reason = ""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        raise WrongUsage(
            f"Nothing can be written to {place}: {reason}. Make room or mend its permissions, or"
            " name another place."
        )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else writes here; the lock is on the folder and leaves nothing in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A network's file system may lock no folder; that alone is no reason to write nothing.
        with suppress(OSError):
            lock_descriptor(handle)
        yield
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Remove a file, and what a run that was killed while writing it has left."""
    path.unlink(missing_ok=True)
    for unfinished in path.parent.glob(f".{path.name}.*"):
        unfinished.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file under another name, see it onto the disk, and only then give it its name.

    Its folder is made, if need be.
    """
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """See a folder's list of names onto the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _link_or_copy(there: str, here: str) -> None:
    try:
        Path(here).hardlink_to(there)
    except OSError:
        shutil.copy2(there, here)


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f".{target.name}.{what}")
