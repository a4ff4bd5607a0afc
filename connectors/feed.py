"""How one source writes a table, as data: its column names, codes, formats and time zone.

A source's own way of writing is turned into the canonical one cell by cell, still as text; whether
a value is right is for the cleaning to say. A cell that the description cannot read becomes
`UNREADABLE`, never empty: an empty end date means an open end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd

from connectors.tabular import UNREADABLE
from schemas.parsing import LONDON, trimmed
from schemas.raw import RawTable

DATES = ("date_of_birth", "start_date", "end_date", "caseload_date")
INSTANTS = ("created_at", "updated_at")
ISO = "iso"
NOTHING: Mapping[str, str] = MappingProxyType({})
HAS_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
DECIMAL_COMMA = re.compile(r"^([^.,]*),([^.,]*)$")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """How a source writes one table.

    `columns` gives a canonical column the source's own heading; those not mentioned have their own
    name. `codes` gives a column's codes in the source the canonical ones; where a column has such a
    list, a code that is not on it is unreadable. `date_formats` and `instant_formats` are `iso` or
    patterns of `strptime`, tried in their order; `time_zone` is that of instants which state none.
    `decimal_comma` says that quantities are written 7,5. Where `by_supplier_reference`, the column
    `provider_id` holds the council's own reference for the provider.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    date_formats: tuple[str, ...] = (ISO,)
    instant_formats: tuple[str, ...] = (ISO,)
    time_zone: str = LONDON
    decimal_comma: bool = False
    encoding: str = "utf-8"
    delimiter: str = ","
    by_supplier_reference: bool = False


CANONICAL = Feed()


def translated(raw: RawTable, feed: Feed, *, provider_ids: Mapping[str, str] = NOTHING) -> RawTable:
    """Return a table that a source wrote in its own way as the canonical text.

    `provider_ids` gives each supplier reference its provider. A reference that it does not hold
    leaves `provider_id` empty and stands in the column `supplier_reference` instead.
    """
    frame = raw.frame.copy(deep=False)
    for name, change in _changes(feed, raw.table.all).items():
        frame[name] = _changed(frame[name], change)
    if feed.by_supplier_reference:
        reference = trimmed(frame["provider_id"])
        frame["provider_id"] = reference.map(dict(provider_ids)).astype(reference.dtype)
        frame["supplier_reference"] = reference.where(frame["provider_id"].isna())
    return replace(raw, frame=frame)


Change = Callable[[pd.Series], pd.Series]


def _changed(text: pd.Series, change: Change) -> pd.Series:
    """Change each distinct text of a column once; what comes out as null is unreadable."""
    numbers, distinct = pd.factorize(text)
    cells = pd.Series(distinct, dtype=text.dtype).str.strip()
    read = change(cells).astype(text.dtype).fillna(UNREADABLE).where(cells.ne(""))
    return pd.concat([read, pd.Series([None], dtype=text.dtype)]).take(numbers).set_axis(text.index)


def _changes(feed: Feed, names: Iterable[str]) -> dict[str, Change]:
    """Say what is to be done to each column's cells; columns not mentioned stay as they are."""
    changes: dict[str, Change] = {}
    for name in names:
        if name in feed.codes:
            changes[name] = partial(_by_list, known=feed.codes[name])
        elif name in DATES and feed.date_formats != (ISO,):
            changes[name] = partial(_dates, formats=feed.date_formats)
        elif name in INSTANTS and (feed.instant_formats, feed.time_zone) != ((ISO,), LONDON):
            changes[name] = partial(_instants, formats=feed.instant_formats, zone=feed.time_zone)
        elif name == "weekly_quantity" and feed.decimal_comma:
            changes[name] = _with_decimal_point
    return changes


def _by_list(cells: pd.Series, *, known: Mapping[str, str]) -> pd.Series:
    """Read codes from a list, whatever their capitals and spaces."""
    canonical = {" ".join(own.split()).casefold(): ours for own, ours in known.items()}
    return cells.str.split().str.join(" ").str.casefold().map(canonical)


def _dates(cells: pd.Series, *, formats: Sequence[str]) -> pd.Series:
    return _first_that_reads(cells, formats, lambda read: read.dt.strftime("%Y-%m-%d"))


def _instants(cells: pd.Series, *, formats: Sequence[str], zone: str) -> pd.Series:
    """Read dates with a time; those that state no zone are of `zone`, the first of two hours."""

    def placed(read: pd.Series) -> pd.Series:
        local = read.dt.tz_localize(
            zone, ambiguous=np.ones(len(read), dtype=bool), nonexistent="shift_forward"
        )
        return local.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    zoned = cells.where(cells.str.contains(HAS_ZONE, regex=True, na=False))
    return zoned.fillna(_first_that_reads(cells.mask(zoned.notna()), formats, placed))


def _first_that_reads(
    cells: pd.Series, formats: Sequence[str], written: Callable[[pd.Series], pd.Series]
) -> pd.Series:
    found = pd.Series(None, index=cells.index, dtype=cells.dtype)
    for pattern in formats:
        read = pd.to_datetime(
            cells, format="ISO8601" if pattern == ISO else pattern, errors="coerce"
        )
        known = found.isna() & read.notna()
        found = found.mask(known, written(read.where(known)).astype(cells.dtype))
    return found


def _with_decimal_point(cells: pd.Series) -> pd.Series:
    return cells.str.replace(DECIMAL_COMMA, r"\1.\2", regex=True)
