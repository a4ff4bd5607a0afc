"""Keeps what an unforeseen error says to itself: its text can quote a row."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from schemas.errors import CpliError

P = ParamSpec("P")
R = TypeVar("R")

REPORT = "Report this line to whoever maintains cpli; nothing in it is personal."
ROOT = Path(__file__).resolve().parents[1]
ROOMS = frozenset(
    {
        "casebook",
        "cli",
        "connectors",
        "flows",
        "population",
        "publishing",
        "reconciliation",
        "schemas",
        "settings",
    }
)


class Unforeseen(CpliError):
    """A fault of ours. Its message holds a kind of error and a place in our code, and no value."""

    exit_code = 1


def quoting_nobody(step: Callable[P, R]) -> Callable[P, R]:
    """Let a step raise our own errors, and `Unforeseen` in place of any other.

    The original is let go of before that is raised: it would hang on to it as its context, and
    whoever logs the one would log both.
    """

    @wraps(step)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        caught = _Caught()
        with caught:
            return step(*args, **kwargs)
        raise Unforeseen(f"A fault of ours: {caught.described}.")

    return quiet


def described(error: BaseException) -> str:
    """Return an error's kind and the place in our code that met it, without what it says."""
    places = list(_places(error.__traceback__))
    return f"{type(error).__name__} at {places[-1] if places else 'an unknown place'}"


class _Caught:
    """Swallows an error that nobody foresaw and keeps its description."""

    described = ""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, CpliError):
            return False
        self.described = described(error)
        return True


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in traceback.walk_tb(trace):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
            yield f"{path.relative_to(ROOT).as_posix()}:{line}"
