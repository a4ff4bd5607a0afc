"""Lays frames down as Parquet between the tasks of a night, in a folder that only we can enter."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import Field, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd

from flows.pulls import CASELOAD_TABLES, COUNCIL_TABLES, REGISTER_TABLES, Pulls, empty
from publishing.folder import OWNER_ONLY, mend_folder, private_folder, writing


class HasFrames(Protocol):
    """A frozen dataclass of facts that carries frames."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """The frames by name."""


REGISTER = "register"
CASELOADS = "caseloads"
ACCOUNT = "account"
"""The folders of the work folder; a council's is named by its code."""

TABLES = {**REGISTER_TABLES, **COUNCIL_TABLES, **CASELOAD_TABLES}

LEFT = re.compile(r"\.([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?:work|partial|replaced)")
"""What stands beside a night's folder only while it is being made."""

T = TypeVar("T", bound=HasFrames)


@contextmanager
def work_folder(night: Path) -> Iterator[Path]:
    """Give a private folder beside the night's, without what a killed run left in it."""
    folder = _work(night)
    with writing(folder):
        if folder.exists():
            shutil.rmtree(folder)
        private_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def left_behind(out: Path) -> list[date]:
    """Return the nights of which there is more than their folder: they go on, or were killed."""
    names = (LEFT.fullmatch(path.name) for path in out.glob(".*"))
    days = (_day(name[1]) for name in names if name)
    return sorted({day for day in days if day})


def clear_up(night: Path) -> None:
    """Remove what a killed run left of a night, and bring its folder back if need be."""
    with writing(_work(night)):
        if _work(night).exists():
            shutil.rmtree(_work(night))
    mend_folder(night)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _work(night: Path) -> Path:
    return night.with_name(f".{night.name}.work")


def lay_down(pull: T, folder: Path) -> T:
    """Write the frames into the folder and return the facts alone."""
    with writing(folder):
        # Without its parents: what comes late, when the night has ended, finds no place.
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        for name, frame in pull.frames.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return replace(pull, frames={})


def lay_down_pulls(pulls: Pulls, work: Path) -> Pulls:
    """Lay down whatever has not been laid down where it was pulled."""
    return _each(pulls, lambda pull, name: lay_down(pull, work / name) if pull.frames else pull)


def pick_up_pulls(pulls: Pulls, work: Path) -> Pulls:
    """Return the pulls with their frames."""
    return _each(pulls, lambda pull, name: pick_up(pull, work / name))


def _each(pulls: Pulls, change: Callable[[Any, str], Any]) -> Pulls:
    return Pulls(
        register=change(pulls.register, REGISTER),
        councils=tuple(
            change(council, council.facts.local_authority) for council in pulls.councils
        ),
        caseloads=pulls.caseloads and change(pulls.caseloads, CASELOADS),
    )


def pick_up(facts: T, folder: Path) -> T:
    """Return the facts with the frames that were laid down for them."""
    frames = {path.stem: _read(path) for path in sorted(folder.glob("*.parquet"))}
    return replace(facts, frames=frames)


def _read(path: Path) -> pd.DataFrame:
    """Read a frame; Parquet forgets the categories of a column that has no rows."""
    frame = pd.read_parquet(path)
    return empty(TABLES[path.stem]) if frame.empty and path.stem in TABLES else frame
