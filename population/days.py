"""Calendar days as whole numbers: days since 1 January 1970."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from population.draws import Ints

NEVER = 80_000
"""Stands for no date at all; lies after every date that is used."""

_EPOCH = date(1970, 1, 1)


def day_number(when: date) -> int:
    """Return a date's number."""
    return (when - _EPOCH).days


def to_date(day: int) -> date:
    """Return a number's date."""
    return _EPOCH + timedelta(days=day)


def window_start(run_day: int) -> int:
    """Return the first day in scope: 12 calendar months before (rule 1)."""
    run_date = to_date(run_day)
    try:
        return day_number(run_date.replace(year=run_date.year - 1))
    except ValueError:
        return day_number(run_date.replace(year=run_date.year - 1, day=28))


def april_firsts(around: int) -> list[int]:
    """Return the four 1 Aprils of the years from two before to one after a day's year."""
    year = to_date(around).year
    return [day_number(date(year + offset, 4, 1)) for offset in (-2, -1, 0, 1)]


def last_sunday(year: int, month: int) -> int:
    """Return the last Sunday of a month of 31 days, on which British clocks change."""
    last = date(year, month, 31)
    return day_number(last - timedelta(days=(last.weekday() + 1) % 7))


def in_summer_time(days: Ints, years: range) -> np.typing.NDArray[np.bool_]:
    """Say which whole days fall in British Summer Time, change days left out."""
    summer = np.zeros(len(days), dtype=bool)
    for year in years:
        summer |= (days > last_sunday(year, 3)) & (days < last_sunday(year, 10))
    return summer
