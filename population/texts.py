"""Whole columns of numbers into whole columns of text, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from population.days import NEVER, day_number, in_summer_time, to_date
from population.draws import Bools, Ints

Texts: TypeAlias = pa.Array
Columns = Mapping[str, Texts]

_FIRST_DAY = day_number(date(1890, 1, 1))
_LAST_DAY = day_number(date(2099, 12, 31))
_DAYS = pa.array([to_date(day).isoformat() for day in range(_FIRST_DAY, _LAST_DAY + 1)])
_MINUTES = pa.array([f"T{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(24 * 60)])
_QUARTERS = pa.array([f"{quarters / 4:g}" for quarters in range(8000)])
_YEARS_WITH_SUMMER = range(2010, 2060)


def taken(pool: Texts, place: Ints) -> Texts:
    """Return the pool's texts at these places, null where the place is negative."""
    return pool.take(pa.array(place, mask=place < 0))


def pool(texts: Sequence[str]) -> Texts:
    """Return texts to take from."""
    return pa.array(texts, type=pa.string())


def dates(days: Ints) -> Texts:
    """Return ISO dates, null for NEVER."""
    return taken(_DAYS, np.where(days == NEVER, -1, days - _FIRST_DAY))


def quantities(quarters: Ints) -> Texts:
    """Return quantities given in quarters of a unit, null where negative."""
    return taken(_QUARTERS, quarters)


def whole_numbers(numbers: Ints, *, there: Bools) -> Texts:
    """Return numbers in plain digits, null where they are not there."""
    return pa.array(numbers, mask=~there).cast(pa.string())


def references(prefixes: Texts, which: Ints, numbers: Ints, *, there: Bools) -> Texts:
    """Return numbers after the prefix of each one's council, null where they are not there."""
    return pc.binary_join_element_wise(
        prefixes.take(pa.array(which)), whole_numbers(numbers, there=there), ""
    )


def instants(days: Ints, minutes: Ints, *, in_utc: bool) -> Texts:
    """Return the London day and minute as an ISO instant, in UTC or with London's offset."""
    there = days != NEVER
    summer = in_summer_time(days, _YEARS_WITH_SUMMER)
    if in_utc:
        shifted = minutes - 60 * summer
        earlier = shifted < 0
        days = np.where(there, days - earlier, NEVER)
        minutes = np.where(earlier, shifted + 24 * 60, shifted)
        zone = pool(["Z"]).take(pa.array(np.zeros(len(days), dtype=np.int64)))
    else:
        zone = pool(["+00:00", "+01:00"]).take(pa.array(summer.astype(np.int64)))
    return pc.binary_join_element_wise(dates(days), _MINUTES.take(pa.array(minutes)), zone, "")


def replaced(texts: Texts, where: Bools, by: Texts | str | None) -> Texts:
    """Return the texts with others where the mask says so; `by` is one text or a whole column."""
    other = pa.scalar(by, type=pa.string()) if by is None or isinstance(by, str) else by
    return pc.if_else(pa.array(where), other, texts)


def csv_lines(columns: Sequence[Texts], line_ends: Texts | str) -> Texts:
    """Return one text a row: its cells joined by commas, and the line's end.

    No cell needs quoting but those that already are quoted.
    """
    joined = pc.binary_join_element_wise(
        *columns, ",", null_handling="replace", null_replacement=""
    )
    return pc.binary_join_element_wise(joined, line_ends, "")


def joined_bytes(lines: Texts, first: int = 0, last: int | None = None) -> memoryview:
    """Return the bytes of the lines from `first` to before `last`, without copying."""
    last = len(lines) if last is None else last
    _, offsets, data = lines.buffers()
    places = np.frombuffer(offsets, dtype=np.int32)
    start, end = places[lines.offset + first], places[lines.offset + last]
    return memoryview(data)[int(start) : int(end)] if end > start else memoryview(b"")
