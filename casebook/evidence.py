"""What lies behind cases: the councils' lines and the caseloads' entries, as they were last found.

Lines are those of the last night that found a case. They are written when a night is on record, as
often as it is run, and only where they are not what stands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, or_, select

from casebook.cases import different
from casebook.database import writing
from casebook.evidence_models import CASE_LINE
from casebook.faults import in_plain_words
from casebook.frames import frame_of, to_values
from casebook.models import DISCREPANCY_CASE
from casebook.purge import insist_on_whole
from casebook.sql import insert_rows

KEYS = ("discrepancy_id", "side", "position")
COLUMNS = tuple(CASE_LINE.c.keys())
SAID = COLUMNS[len(KEYS) :]
DAYS = ("dated", "date_of_birth", "start_date", "end_date")
NUMBERS = ("position", "row")
PARAMETERS = tuple(f"old_{name}" for name in KEYS)


def no_lines() -> pd.DataFrame:
    """Return the frame of `COLUMNS` without a row."""
    return _typed(pd.DataFrame(columns=list(COLUMNS), dtype=object))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How many lines a night wrote and removed."""

    written: int
    removed: int


class Evidence:
    """The lines behind cases in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @in_plain_words
    def keep(self, as_of: date, lines: pd.DataFrame, *, councils: Collection[str | None]) -> Kept:
        """Put the lines of a night that is on record in the place of those that stand.

        `lines` has the `COLUMNS`, each key once. Of the cases of `councils` (None for those of no
        council) that the night found and no later one, all lines are replaced; others are left as
        they are. Raises `WrongUsage` where personal data of that night was purged.
        """
        of_night = _of_night(as_of, councils)
        with writing(self.engine) as connection:
            insist_on_whole(connection, as_of)
            cases = select(DISCREPANCY_CASE.c.discrepancy_id).where(*of_night)
            found = pd.Index(connection.scalars(cases).all(), dtype="str")
            lines = _typed(lines)[found.get_indexer(lines["discrepancy_id"]) >= 0]
            return _replace(connection, _standing(connection, of_night), lines)


def _of_night(as_of: date, councils: Collection[str | None]) -> list[ColumnElement[bool]]:
    """Return what makes a case one of these councils that a night found, and no later one."""
    owner = DISCREPANCY_CASE.c.local_authority
    of_councils = [owner.in_([code for code in councils if code is not None])]
    if None in councils:
        of_councils.append(owner.is_(None))
    return [DISCREPANCY_CASE.c.last_seen == as_of, or_(*of_councils)]


def _standing(connection: Connection, of_night: list[ColumnElement[bool]]) -> pd.DataFrame:
    query = select(CASE_LINE).join(DISCREPANCY_CASE).where(*of_night)
    return _typed(frame_of(connection.execute(query).all(), COLUMNS))


def _replace(connection: Connection, standing: pd.DataFrame, lines: pd.DataFrame) -> Kept:
    """Write the lines that are not as they stand, and remove those that are no more."""
    these, those = (frame.set_index(list(KEYS)) for frame in (lines, standing))
    places = those.index.get_indexer(these.index)
    known, before = these[places >= 0], those.take(places[places >= 0])
    changed = different(known, before.set_axis(known.index), SAID).any(axis=1)
    gone = those.index[these.index.get_indexer(those.index) < 0]
    fresh = pd.concat([these[places < 0], known[changed]]).reset_index()[list(COLUMNS)]
    _delete(connection, gone.append(known.index[changed]))
    insert_rows(connection, CASE_LINE, to_values(fresh), COLUMNS)
    return Kept(written=len(fresh), removed=len(gone))


def _delete(connection: Connection, keys: pd.MultiIndex) -> None:
    rows = [dict(zip(PARAMETERS, key, strict=True)) for key in keys.tolist()]
    if rows:
        this = (CASE_LINE.c[name] == bindparam(f"old_{name}") for name in KEYS)
        connection.execute(delete(CASE_LINE).where(*this), rows)


def _typed(lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines with their days as days, their numbers as numbers, and the rest as text."""
    days = {name: pd.to_datetime(lines[name]).astype("datetime64[us]") for name in DAYS}
    numbers = {name: pd.to_numeric(lines[name]).astype("Int64") for name in NUMBERS}
    quantity = pd.to_numeric(lines["weekly_quantity"]).astype("float64")
    texts = {
        name: lines[name].astype("str")
        for name in COLUMNS
        if name not in {*DAYS, *NUMBERS, "weekly_quantity"}
    }
    return lines.assign(**days, **numbers, **texts, weekly_quantity=quantity)[list(COLUMNS)]
