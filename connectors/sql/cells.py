"""Typed values of a database to canonical text, whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from types import MappingProxyType, NoneType
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import DATES
from connectors.tabular import TEXT

ISO_DAY = len("2026-11-20")
SHORT_OFFSET = r"(:[0-9.]+[+-][0-9]{2})$"  # PostgreSQL writes +01 where others write +01:00
HAS_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
# PostgreSQL's numbers for date, timestamp and timestamptz, which it writes as text for us.
POSTGRESQL_TIMES = frozenset({1082, 1114, 1184})


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A column as canonical text (null where empty) and where a value could not be read.

    `is_time` says that the database knows it as dates or instants, which are ISO text here.
    """

    text: pa.ChunkedArray
    unreadable: npt.NDArray[np.bool_]
    is_time: bool


def read_cells(
    values: Sequence[Any], *, name: str, type_code: object, encoding: str, zone: str
) -> Cells:
    """Write a column's values as text; `zone` is where a date with a time and a zone is placed."""
    kinds = {_known_kind(kind) for kind in set(map(type, values))} - {NoneType}
    # Of the other drivers no type code is an int of that meaning and comes with text.
    is_time = kinds <= {date, datetime} or (kinds == {str} and type_code in POSTGRESQL_TIMES)
    if kinds <= {str}:
        text, unreadable = _plain(values)
    elif kinds == {date}:
        text = pc.cast(pa.array(values, pa.date32()), TEXT)
        unreadable = np.zeros(len(values), dtype=bool)
    else:
        text, unreadable = _each_distinct(values, encoding=encoding)
    if is_time and kinds:
        text = pc.replace_substring_regex(text, SHORT_OFFSET, r"\1:00")
        if name in DATES:
            text = _days(text, zone=zone)
    empty = pc.fill_null(pc.equal(pc.binary_length(text), 0), False)
    text = pc.if_else(empty, pa.scalar(None, TEXT), text)
    return Cells(text=pa.chunked_array([text]), unreadable=unreadable, is_time=is_time)


def _plain(values: Sequence[Any]) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    text = pa.array(values, TEXT)
    damaged = pc.fill_null(pc.match_substring(text, "\0"), False)
    return text, damaged.to_numpy(zero_copy_only=False)


def _each_distinct(
    values: Sequence[Any], *, encoding: str
) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Write each distinct value once; what comes out as null is unreadable."""
    kinds = {kind: _known_kind(kind) for kind in set(map(type, values))}
    # 1 and true are one and the same to Python; a list cannot be looked up.
    known = [
        (kind, None if kind is object else value)
        for value in values
        for kind in [kinds[type(value)]]
    ]
    texts = {each: _written(*each, encoding=encoding) for each in set(known)}
    text = pa.array([texts[each] for each in known], TEXT)
    given = np.array([value is not None for value in values], dtype=bool)
    return text, given & text.is_null().to_numpy(zero_copy_only=False)


def _known_kind(kind: type) -> type:
    """Return what a type is written as: drivers have dates of their own."""
    return next(base for base in kind.__mro__ if base in WRITTEN)


def _written(kind: type, value: Any, *, encoding: str) -> str | None:
    if kind is bytes:
        try:
            value = bytes(value).decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return None
    text = WRITTEN[kind](value)
    return None if text is None or "\0" in text else text


def _number(value: Decimal) -> str | None:
    """Write a number without exponent and without zeros at its end."""
    if not value.is_finite():
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(value: datetime) -> str | None:
    if value.tzinfo is None:
        return value.isoformat()
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        return None


WRITTEN: Mapping[type, Callable[[Any], str | None]] = MappingProxyType(
    {
        NoneType: lambda _none: None,
        str: str,
        bytes: str,
        int: str,
        bool: lambda value: "true" if value else "false",
        float: lambda value: _number(Decimal(repr(value))) if isfinite(value) else None,
        Decimal: _number,
        UUID: str,
        date: date.isoformat,
        datetime: _instant,
        object: lambda _strange: None,
    }
)


def _days(text: pa.Array, *, zone: str) -> pa.Array:
    """Return the days of dates that came with a time of the day."""
    if (pc.max(pc.utf8_length(text)).as_py() or 0) <= ISO_DAY:
        return text
    zoned = pc.fill_null(pc.match_substring_regex(text, HAS_ZONE), False)
    places = np.flatnonzero(zoned.to_numpy(zero_copy_only=False))
    if len(places):
        cells = text.to_pandas().astype("str")
        read = pd.to_datetime(cells.iloc[places], format="ISO8601", utc=True, errors="coerce")
        local = read.dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
        cells.iloc[places] = local.fillna(cells.iloc[places])
        text = pa.array(cells, TEXT, from_pandas=True)
    # What is no such text, such as infinity, stays what it is: no date.
    return pc.replace_substring_regex(text, r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9:.]+$", r"\1")
