"""What a fault is, and the ways of spoiling a good night's folder of which faults are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from gates.lists import provider_id
from gates.office import LEICESTER, LEICESTERSHIRE
from gates.worlds import World, save

from schemas.gates import Consequence, GateSource

HELD, NOT_ASSESSED = Consequence.HELD, Consequence.NOT_ASSESSED
NOT_USED, SHOWN, NONE = Consequence.NOT_USED, Consequence.SHOWN, Consequence.NONE

STOPPED = (NOT_ASSESSED, HELD)
"""Nothing of the council may go out unseen, whichever gate it is that stops it."""
SEEN = (SHOWN, HELD, NOT_ASSESSED)
"""Somebody should hear of it; to stop the council as well is not wrong."""
LEFT_ASIDE = (NOT_USED, HELD)
"""The file may not count, or else what it leads to may not go out."""
NOTED = (SHOWN, NOT_USED, HELD)
"""Somebody should hear of the file; to leave it aside is not wrong."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A good night's folder that is about to be spoilt, and the world that it comes from.

    `since` is the first night on which the fault was there.
    """

    world: World
    folder: Path
    night: int
    since: int
    council: str

    @property
    def as_of(self) -> date:
        """The run date."""
        return self.world.as_of(self.night)

    @property
    def extract(self) -> Path:
        """The council's CPLIs."""
        return self.folder / "council" / self.council / "cpli.csv"

    @property
    def portal(self) -> Path:
        """The latest portal extract of the council."""
        return max((self.folder / "council" / self.council).glob("portal_*.csv"))

    @property
    def register(self) -> Path:
        """The register of providers."""
        return self.folder / "providers.csv"

    @property
    def caseloads(self) -> Path:
        """The folder of caseloads."""
        return self.folder / "caseload"

    def provider(self, rank: int = 0) -> int:
        """Return the number of the provider with so-and-so many longer lists than its own tonight.

        Only providers that send a list each week and state NHS numbers and quantities.
        """
        lists, day = self.world.caseloads, self.world.day(self.night)
        table = self.world.providers.table
        tells = (table["every"] == 1) & (table["nhs"] > 500) & (table["quantity"] > 0)
        weekly = np.flatnonzero(tells).tolist()
        return sorted(weekly, key=lambda number: -len(lists.entries(number, day)))[rank]

    def caseload(self, number: int) -> Path:
        """Return the file of the list that a provider sends tonight."""
        return self.caseloads / f"{provider_id(number)}_{self.as_of}.csv"


Spoil = Callable[[Scene], str]
"""Spoils the folder and returns whose it is: a GSS code, a provider's id, or nothing."""
Change = Callable[[pd.DataFrame, Scene], pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong: its story, and what a careful person would want to become of it.

    `wanted` are the consequences that will do, the most fitting first. `columns` are those in which
    rows differ from what they should be, None where rows, files or their places do. `readable` is
    false where the rules of cleaning notice it too. `council` is where it happens unless told
    otherwise; `nights` how long it has lasted when it should be noticed.
    """

    name: str
    story: str
    source: GateSource
    wanted: tuple[Consequence, ...]
    spoil: Spoil
    columns: frozenset[str] | None = None
    readable: bool = True
    council: str = LEICESTERSHIRE.gss_code
    nights: int = 1

    def nights_until(self, night: int) -> range:
        """Return the nights on which the fault is there, the last of which should notice it."""
        return range(night - self.nights + 1, night + 1)


def plant(
    fault: Fault,
    world: World,
    folder: Path,
    night: int,
    *,
    until: int | None = None,
    council: str | None = None,
) -> str:
    """Spoil the folder of a good night; return whose source it is: a council, a provider, nobody.

    A fault of several nights is planted in each of them, `until` being the last.
    """
    return fault.spoil(
        Scene(
            world=world,
            folder=folder,
            night=night,
            since=fault.nights_until(night if until is None else until)[0],
            council=council or fault.council,
        )
    )


def judged(world: World, *, at: int = 60) -> int:
    """Return the first night from `at` on that is a working day after a working day everywhere."""
    return next(
        night
        for night in range(at, at + 30)
        if all(
            calendar.works(np.array([world.day(night) - 1, world.day(night)])).all()
            for calendar in world.calendars
        )
    )


def read(path: Path) -> pd.DataFrame:
    """Read a CSV file as text, as it is."""
    return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")


def in_extract(change: Change) -> Spoil:
    """Spoil a council's CPLIs."""

    def spoil(scene: Scene) -> str:
        save(change(read(scene.extract), scene), scene.extract)
        return scene.council

    return spoil


def in_portal(change: Change) -> Spoil:
    """Spoil the latest portal extract of a council."""

    def spoil(scene: Scene) -> str:
        save(change(read(scene.portal), scene), scene.portal)
        return scene.council

    return spoil


def in_caseload(change: Change, *, rank: int = 0) -> Spoil:
    """Let a provider send a spoilt list tonight."""

    def spoil(scene: Scene) -> str:
        number = scene.provider(rank)
        good = scene.world.caseloads.entries(number, scene.world.day(scene.night))
        save(change(good.copy(), scene), scene.caseload(number))
        return provider_id(number)

    return spoil


def in_register(change: Change) -> Spoil:
    """Spoil the register of providers."""

    def spoil(scene: Scene) -> str:
        save(change(read(scene.register), scene), scene.register)
        return ""

    return spoil


def swapped(one: str, other: str) -> Change:
    """Exchange the contents of two columns."""

    def change(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
        return frame.assign(**{one: frame[other], other: frame[one]})

    return change


def set_to(column: str, value: str) -> Change:
    """Write the same into every row."""
    return lambda frame, _scene: frame.assign(**{column: value})


def without(column: str, value: str) -> Change:
    """Leave out the rows that have a value."""
    return lambda frame, _scene: frame[frame[column] != value]


def shifted(*columns: str) -> Change:
    """Move columns down by a row against the rest."""

    def change(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
        return frame.assign(**{name: np.roll(frame[name].to_numpy(), 1) for name in columns})

    return change


def prefixed(column: str, prefix: str) -> Change:
    """Put something before whatever stands in a column."""
    return lambda frame, _scene: frame.assign(
        **{column: (prefix + frame[column]).where(frame[column] != "", "")}
    )


def first_part(share: float) -> Change:
    """Keep the first rows alone."""
    return lambda frame, _scene: frame.iloc[: int(len(frame) * share)]


def twice(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    """Append the file to itself."""
    return pd.concat([frame, frame])


def no_rows(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
    """Keep the heading line alone."""
    return frame.iloc[:0]


def each_date(rewrite: Callable[[date], str], *columns: str) -> Change:
    """Rewrite every date of some columns."""

    def change(frame: pd.DataFrame, _scene: Scene) -> pd.DataFrame:
        return frame.assign(**{name: _rewritten(frame[name], rewrite) for name in columns})

    return change


def _rewritten(text: pd.Series, rewrite: Callable[[date], str]) -> pd.Series:
    known = {cell: rewrite(date.fromisoformat(cell)) for cell in text.unique() if _is_date(cell)}
    return text.map(lambda cell: known.get(cell, cell)).astype("str")


def _is_date(cell: str) -> bool:
    return len(cell) == 10 and cell[4] == cell[7] == "-"


def a_month_later(day: date) -> str:
    """Return the same day of the next month, or its 28th where there is none."""
    month = day.replace(day=min(day.day, 28), month=day.month % 12 + 1)
    return str(month.replace(year=day.year + (day.month == 12)))


def day_for_month(day: date) -> str:
    """Return the date with day and month exchanged where that gives one."""
    return str(day.replace(day=day.month, month=day.day)) if day.day <= 12 else str(day)


def of_catalogue(*faults: Fault) -> dict[str, Fault]:
    """Return faults by their names."""
    named = {fault.name: fault for fault in faults}
    assert len(named) == len(faults)
    return named


DAILY = LEICESTER.gss_code
"""The council whose portal comes each day, so that tonight's is new."""
