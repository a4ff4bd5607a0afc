"""What the operating system says about files below a root, with its faults turned into ours."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from schemas.errors import CpliError, PersonNeeded, TryAgainLater

NOT_THERE = (FileNotFoundError, NotADirectoryError)
IGNORED = re.compile(r"\..*|~\$.*|thumbs\.db|desktop\.ini", re.IGNORECASE | re.DOTALL)

P = ParamSpec("P")
T = TypeVar("T")


def translated(
    reading: Callable[Concatenate[Path, str, P], T], *, called: str = ""
) -> Callable[Concatenate[Path, str, P], T]:
    """Turn the operating system's faults into ours, here and nowhere else.

    `reading` takes the root and a name below it; where that may be a person's, ours says what it is
    `called` instead. Ours is raised when the other is forgotten, so that nothing of it is in the
    chain.
    """

    @wraps(reading)
    def careful(root: Path, name: str, /, *args: P.args, **kwargs: P.kwargs) -> T:
        what = called or name or "the sources folder"
        fault: CpliError
        try:
            return reading(root, name, *args, **kwargs)
        except FileNotFoundError:
            fault = TryAgainLater(f"{what} was there and is gone. Run the night again.")
        except PermissionError:
            fault = PersonNeeded(
                f"We may not read {what}. Ask whoever looks after the sources folder to let the "
                "account that runs cpli read it."
            )
        except OSError:
            fault = TryAgainLater(
                f"We could not read {what}: the disk or the network share does not answer. Run the "
                "night again; if this lasts, ask whoever looks after the sources folder."
            )
        raise fault

    return careful


@translated
def exists(root: Path, name: str) -> bool:
    """Tell whether anything has this name, be it a link that leads nowhere."""
    # os.path.exists and its kin call a folder that we may not enter empty.
    try:
        (root / name).lstat()
    except NOT_THERE:
        return False
    return True


@translated
def names(root: Path, folder: str) -> list[str]:
    """Return what a folder holds, sorted, without hidden and lock files; nothing without one."""
    try:
        found = [entry.name for entry in (root / folder).iterdir()]
    except NOT_THERE:
        return []
    return sorted(name for name in found if not IGNORED.fullmatch(name))


def plain_status(
    root: Path, name: str, *, is_it: Callable[[int], bool] = stat.S_ISREG
) -> os.stat_result | None:
    """Return the status of a plain file (or what else it should be) within the root, else None."""
    path = root / name
    try:
        found = path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP) and path.is_symlink():
            return None
        raise
    inside = path.resolve(strict=True).is_relative_to(root.resolve(strict=True))
    return found if inside and is_it(found.st_mode) else None


status = translated(plain_status)


def plain_content(root: Path, file: str, *, called: str = "") -> tuple[bytes, os.stat_result]:
    """Read a file once. Raises TryAgainLater where it changes meanwhile."""
    with (root / file).open("rb") as opened:
        before = os.fstat(opened.fileno())
        read = opened.read()
        after = os.fstat(opened.fileno())
    if (before.st_mtime_ns, len(read)) != (after.st_mtime_ns, after.st_size):
        raise TryAgainLater(
            f"{called or file} is still being written. Run the night again when it is whole."
        )
    return read, after
