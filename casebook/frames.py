"""Discrepancies between a frame and the database's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from casebook.changes import COMPARED
from casebook.record import ABOUT_COLUMNS
from schemas.errors import ContractBreach
from schemas.tables import DISCREPANCY_COLUMNS, Discrepancy, check

Values = tuple[str | int | date | None, ...]

ABOUT = {"team": "routed_team", "worker": "routed_worker", "entry_identities": "entry_identities"}
"""What a night knows about a discrepancy, and the columns in which that is kept."""

NIGHT_COLUMNS = (*DISCREPANCY_COLUMNS, *ABOUT.values())
IN_FILE_ORDER = ["local_authority", "provider_id", "type", "discrepancy_id"]


def checked(discrepancies: pd.DataFrame) -> pd.DataFrame:
    """Return the discrepancies by id, with the columns of rule 11 in order.

    Raises `ContractBreach` where they break their contract, or hold a NUL, which PostgreSQL cannot
    keep.
    """
    frame = check(Discrepancy, discrepancies)[list(DISCREPANCY_COLUMNS)]
    texts = frame.select_dtypes("str")
    broken = [name for name in texts if texts[name].str.contains("\0", regex=False).any()]
    if broken:
        raise ContractBreach(f"Discrepancy: a NUL character in {', '.join(broken)}")
    return frame.sort_values("discrepancy_id", ignore_index=True)


def to_rows(frame: pd.DataFrame, about: pd.DataFrame) -> list[Values]:
    """Return the discrepancies, each with what is known about it, as rows of `NIGHT_COLUMNS`."""
    known = about.set_index("discrepancy_id").reindex(frame["discrepancy_id"])
    routed = {column: known[name].to_numpy(dtype=object) for name, column in ABOUT.items()}
    return to_values(frame[list(DISCREPANCY_COLUMNS)].assign(**routed))


def to_values(frame: pd.DataFrame) -> list[Values]:
    """Return the rows of any frame as plain values, None for null; its days have no time."""
    if frame.empty:
        return []
    # Column by column: one row, which is what a person changes, costs as little as it can.
    return list(zip(*(_plain(frame[name]) for name in frame), strict=True))


def _plain(column: pd.Series) -> list[str | int | date | None]:
    values = column.dt.date if column.dtype.kind == "M" and column.dt.tz is None else column
    plain = values.to_numpy(dtype=object, copy=True)
    plain[column.isna().to_numpy(dtype=bool)] = None
    return list(plain)


def from_rows(rows: Iterable[Sequence[str | date | None]]) -> pd.DataFrame:
    """Return rows of the columns of rule 11 as the Discrepancy table, in the order of the file."""
    frame = frame_of(rows, DISCREPANCY_COLUMNS)
    days = pd.to_datetime(frame["caseload_date"]).astype("datetime64[us]")
    frame = frame.astype("str").assign(caseload_date=days)
    return frame.sort_values(IN_FILE_ORDER, na_position="first", ignore_index=True)


def about_of(rows: Iterable[Sequence[str | None]]) -> pd.DataFrame:
    """Return rows of discrepancy_id and the columns of `ABOUT` as a night gives them."""
    return frame_of(rows, ABOUT_COLUMNS).astype("str")


def to_compare(rows: Iterable[Sequence[str | None]]) -> pd.DataFrame:
    """Return rows of the columns by which two nights are compared."""
    return frame_of(rows, COMPARED).astype("str")


def frame_of(rows: Iterable[Sequence[object]], names: Sequence[str]) -> pd.DataFrame:
    """Return rows as a frame of plain objects."""
    # Handed the database's rows as they are, pandas would look into each for what it might be.
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pd.DataFrame(dict(zip(names, columns, strict=True)), dtype=object)
