"""Calendar days as whole numbers, so that columns of dates compare and join as integers.

A day is the number of days since 1970-01-01. `NEVER` stands for an end that is not set: later than
any date. `UNSTATED` stands for a date that is not known: earlier than any date.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Days = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEVER = 1 << 22
UNSTATED = -(1 << 22)
SPAN = 1 << 24

ACTIVE, PLANNED, ENDED = 0, 1, 2


def day(when: date) -> int:
    """Return a date as a day."""
    return when.toordinal() - date(1970, 1, 1).toordinal()


def days(column: pd.Series, *, missing: int) -> Days:
    """Return a column of midnights as days, `missing` where there is none."""
    values = column.to_numpy("datetime64[D]").astype(np.int64)
    return np.where(column.isna().to_numpy(dtype=bool), missing, values)


def dates(column: Days) -> pd.Series:
    """Return days as a `datetime64[us]` column, null for `NEVER` and `UNSTATED`."""
    known = (column != NEVER) & (column != UNSTATED)
    values = np.where(known, column, 0).astype("datetime64[D]").astype("datetime64[us]")
    return pd.Series(values).where(known)


def window_start(as_of: date, *, months: int = 12) -> date:
    """Return the run date minus so many calendar months; 29 February falls back to 28 (rule 1)."""
    start: date = (pd.Timestamp(as_of) - pd.DateOffset(months=months)).date()
    return start


def lifecycle(*, start: Days, end: Days, on: Days | int) -> Days:
    """Say whether something is `ACTIVE`, `PLANNED` or `ENDED` on a day (rule 3)."""
    return np.where(start > on, PLANNED, np.where(end < on, ENDED, ACTIVE))


def uncovered(*, end: Days, start: Days) -> Days:
    """Return how many days lie between an end and the next start (rule 4)."""
    return start - end - 1
