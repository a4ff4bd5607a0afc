"""Text columns to typed columns, whole columns at a time.

Every parser takes a pandas `str` column and gives back a `Parsed`: the typed column, null where
there is nothing, and a mask of the cells in which something was given that could not be read.
Columns that repeat themselves (dates, quantities, codes) are parsed once for each distinct text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LONDON = "Europe/London"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INSTANT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
_TO_THE_MICROSECOND = len("2026-11-20T09:30:00.000000")
# Those whose date in London lies within the years 1 to 9999, beyond which nothing counts days.
_FIRST_INSTANT = np.datetime64("0001-01-01T00:01:15", "us")
_LAST_INSTANT = np.datetime64("9999-12-31T23:59:59.999999", "us")
_CHECK_DIGIT_WEIGHTS = np.arange(10, 1, -1, dtype=np.int64)
_NHS_DIGITS = 10
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A typed column and where something was given that could not be read (bool, same length)."""

    values: pd.Series
    unreadable: NDArray[np.bool_]


def trimmed(text: pd.Series) -> pd.Series:
    """Return the text without surrounding white space, null where nothing is left (rule 2)."""
    stripped = text.str.strip()
    return stripped.where(stripped.str.len() > 0)


def dates(text: pd.Series) -> Parsed:
    """Read `YYYY-MM-DD` calendar dates as midnight `datetime64[us]`."""

    def days(cell: str) -> int | None:
        if not _DATE.fullmatch(cell):
            return None
        try:
            return date.fromisoformat(cell).toordinal() - _EPOCH_ORDINAL
        except ValueError:
            return None

    found, unreadable = _each_distinct(text, days, missing=np.iinfo(np.int64).min, dtype=np.int64)
    values = found.view("datetime64[D]").astype("datetime64[us]")
    return Parsed(values=pd.Series(values, index=text.index, name=text.name), unreadable=unreadable)


def quantities(text: pd.Series) -> Parsed:
    """Read quantities that are finite and not negative as float64."""

    def amount(cell: str) -> float | None:
        if not _QUANTITY.fullmatch(cell):
            return None
        read = float(cell)
        return abs(read) if isfinite(read) and read >= 0 else None

    found, unreadable = _each_distinct(text, amount, missing=np.nan, dtype=np.float64)
    return Parsed(values=pd.Series(found, index=text.index, name=text.name), unreadable=unreadable)


def codes(text: pd.Series, vocabulary: pd.CategoricalDtype) -> Parsed:
    """Read codes of a closed vocabulary, to the letter, as a category column."""
    known = {code: number for number, code in enumerate(vocabulary.categories)}
    found, unreadable = _each_distinct(text, known.get, missing=-1, dtype=np.int64)
    values = pd.Categorical.from_codes(found, dtype=vocabulary)
    return Parsed(values=pd.Series(values, index=text.index, name=text.name), unreadable=unreadable)


def matching(text: pd.Series, pattern: str) -> Parsed:
    """Keep text that matches the pattern wholly."""
    compiled = re.compile(pattern)
    values = trimmed(text)
    known, _ = _each_distinct(
        values, lambda cell: bool(compiled.fullmatch(cell)) or None, missing=0, dtype=np.int64
    )
    unreadable = (known == 0) & values.notna().to_numpy(dtype=bool)
    return Parsed(values=values.mask(unreadable), unreadable=unreadable)


def nhs_numbers(text: pd.Series) -> Parsed:
    """Read NHS numbers: ten digits once spaces and hyphens are gone, not all equal, modulus 11."""
    values = trimmed(text)
    given = values.notna().to_numpy(dtype=bool)
    spaced = given & (values.str.len() != _NHS_DIGITS).to_numpy(dtype=bool)
    if spaced.any():
        values = values.copy()
        values[spaced] = values[spaced].str.replace(r"[\s-]", "", regex=True)
    valid = modulus_11_valid(values)
    return Parsed(values=values.where(valid), unreadable=given & ~valid)


def modulus_11_valid(text: pd.Series) -> NDArray[np.bool_]:
    """Say which texts are ten ASCII digits, not all equal, with a right check digit.

    The weighted sum of the first nine digits (weights 10 to 2) and the tenth must be divisible by
    11; a check value of 10 can never be met by a digit.
    """
    arrow = pa.chunked_array(
        pa.array(text, type=pa.large_string(), from_pandas=True)
    ).combine_chunks()
    ten_bytes = pc.fill_null(pc.equal(pc.binary_length(arrow), _NHS_DIGITS), False)
    valid = np.zeros(len(text), dtype=bool)
    places = np.flatnonzero(ten_bytes.to_numpy(zero_copy_only=False))
    if not len(places):
        return valid
    joined = "".join(arrow.filter(ten_bytes).to_pylist()).encode()
    digits = np.frombuffer(joined, dtype=np.uint8).reshape(-1, _NHS_DIGITS).astype(np.int64) - ord(
        "0"
    )
    all_digits = ((digits >= 0) & (digits <= 9)).all(axis=1)
    not_equal = (digits != digits[:, :1]).any(axis=1)
    checked = (digits[:, :-1] @ _CHECK_DIGIT_WEIGHTS + digits[:, -1]) % 11 == 0
    valid[places] = all_digits & not_equal & checked
    return valid


def instants(text: pd.Series) -> Parsed:
    """Read ISO 8601 instants as `datetime64[us, UTC]`, in London time without a zone (rule 2)."""
    values = trimmed(text)
    given = values.notna().to_numpy(dtype=bool)
    shaped = values.str.contains(_INSTANT, regex=True, na=False).to_numpy(dtype=bool)
    shaped = shaped & ~values.str.startswith("0000", na=False).to_numpy(dtype=bool)
    zoned = shaped & values.str.contains(_ZONE, regex=True, na=False).to_numpy(dtype=bool)
    found = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    values = _without_nanoseconds(values, shaped)
    found[zoned] = _utc(values[zoned])
    plain = shaped & ~zoned
    if plain.any():
        local = pd.Series(_naive(values[plain])).dt.tz_localize(
            LONDON, ambiguous=np.ones(int(plain.sum()), dtype=bool), nonexistent="shift_forward"
        )
        found[plain] = local.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    found[(found < _FIRST_INSTANT) | (found > _LAST_INSTANT)] = np.datetime64("NaT")
    read = pd.Series(found, index=text.index, name=text.name).dt.tz_localize("UTC")
    return Parsed(values=read, unreadable=given & np.isnat(found))


def _without_nanoseconds(text: pd.Series, shaped: NDArray[np.bool_]) -> pd.Series:
    """Cut fractions after the microsecond: one longer cell would bind all to nanoseconds' years."""
    long = shaped & (text.str.len() > _TO_THE_MICROSECOND).to_numpy(dtype=bool)
    if not long.any():
        return text
    text = text.copy()
    text[long] = text[long].str.replace(r"(\.[0-9]{6})[0-9]+", r"\1", regex=True)
    return text


def _utc(text: pd.Series) -> NDArray[np.datetime64]:
    arrow = pa.array(text, type=pa.large_string(), from_pandas=True)
    try:
        return np.asarray(pc.cast(arrow, pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        read = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
        return np.asarray(read.dt.tz_localize(None), dtype="datetime64[us]")


def _naive(text: pd.Series) -> NDArray[np.datetime64]:
    read = pd.to_datetime(text, format="ISO8601", errors="coerce")
    return np.asarray(read, dtype="datetime64[us]")


def _each_distinct(
    text: pd.Series,
    read: Callable[[str], float | None],
    *,
    missing: float,
    dtype: type[np.int64] | type[np.float64],
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read each distinct text once; give the column of results and where a given cell gave none."""
    numbers, distinct = pd.factorize(text)
    cells: Sequence[str] = [cell.strip() for cell in distinct]
    results = [read(cell) if cell else None for cell in cells]
    table = np.array(
        [missing if result is None else result for result in results] + [missing], dtype
    )
    failed = np.array(
        [bool(cell) and result is None for cell, result in zip(cells, results, strict=True)]
        + [False]
    )
    return table[numbers], failed[numbers]
