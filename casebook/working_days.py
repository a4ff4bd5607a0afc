"""Working days in England: Monday to Friday, without its bank holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

LONDON = ZoneInfo("Europe/London")
ONE_DAY = np.timedelta64(1, "D")


def working_days(
    since: pd.Series, until: pd.Series, *, extra_holidays: Sequence[date] = ()
) -> pd.Series:
    """Return for each row how many working days lie after one day, up to and with another.

    What begins on a Friday is one working day old on Monday, and none on Saturday. Where the second
    day is not after the first, or either is unknown, there are none.
    """
    counts = np.zeros(len(since), dtype=np.int64)
    starts, ends = _days(since), _days(until)
    counted = ends > starts  # false where either is unknown
    if counted.any():
        holidays = _holidays_between(starts[counted].min(), ends[counted].max(), extra_holidays)
        counts[counted] = np.busday_count(
            starts[counted] + ONE_DAY, ends[counted] + ONE_DAY, holidays=holidays
        )
    return pd.Series(counts, index=since.index, dtype="int64")


def working_days_after(
    since: pd.Series, count: pd.Series, *, extra_holidays: Sequence[date] = ()
) -> pd.Series:
    """Return for each row the day on which so many working days have passed since another.

    Counts may be negative; none is given where the day is unknown. A day that is no working day
    counts as the one before it.
    """
    days = _days(since)
    found = np.full(len(days), np.datetime64("NaT"), dtype="datetime64[D]")
    known = ~np.isnat(days)
    if known.any():
        steps = count.to_numpy(dtype=np.int64)[known]
        spare = ONE_DAY * (2 * int(np.abs(steps).max()) + 30)
        holidays = _holidays_between(
            days[known].min() - spare, days[known].max() + spare, extra_holidays
        )
        found[known] = np.busday_offset(days[known], steps, roll="backward", holidays=holidays)
    return pd.Series(found.astype("datetime64[us]"), index=since.index)


def london(instant: datetime) -> date:
    """Return the day in London on which an instant lies."""
    return instant.astimezone(LONDON).date()


def utc(instant: datetime) -> datetime:
    """Return an instant of a database in UTC, whose zone SQLite does not keep."""
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def bank_holidays(first_year: int, last_year: int) -> np.ndarray:
    """Return England's bank holidays of some years, the last one included."""
    return _calendar(first_year, last_year)


def calendar_version() -> str:
    """Return the version of the calendar, with which bank holidays can change."""
    return version("holidays")


@cache
def _calendar(first_year: int, last_year: int) -> np.ndarray:
    import holidays  # the calendars of all countries, which help and most commands do without

    years = range(first_year, last_year + 1)
    days = holidays.country_holidays("GB", subdiv="ENG", years=years)
    return np.array(sorted(days), dtype="datetime64[D]")


def _holidays_between(
    first: np.datetime64, last: np.datetime64, extra: Sequence[date]
) -> np.ndarray:
    years = [int(str(day)[:4]) for day in (first, last)]
    more = np.array(sorted(extra), dtype="datetime64[D]")
    return np.union1d(_calendar(years[0], years[1]), more)


def _days(days: pd.Series) -> np.ndarray:
    known: np.ndarray = days.to_numpy().astype("datetime64[D]")
    return known
