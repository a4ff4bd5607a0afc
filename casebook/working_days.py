"""Working days in England: Monday to Friday, without its bank holidays."""

from __future__ import annotations

import numpy as np
import pandas as pd


def working_days(since: pd.Series, until: pd.Series) -> pd.Series:
    """Return for each row how many working days lie after one day, up to and with another.

    What begins on a Friday is one working day old on Monday, and none on Saturday.
    """
    if since.empty:
        return pd.Series(0, index=since.index, dtype="int64")
    one_day = np.timedelta64(1, "D")
    starts = since.to_numpy().astype("datetime64[D]") + one_day
    ends = until.to_numpy().astype("datetime64[D]") + one_day
    holidays = bank_holidays(int(since.min().year), int(until.max().year) + 1)
    counts = np.busday_count(starts, ends, holidays=holidays)
    return pd.Series(counts, index=since.index, dtype="int64")


def bank_holidays(first_year: int, last_year: int) -> np.ndarray:
    """Return England's bank holidays of some years, the last one included."""
    import holidays  # the calendars of all countries, which help and most commands do without

    years = range(first_year, last_year + 1)
    days = holidays.country_holidays("GB", subdiv="ENG", years=years)
    return np.array(sorted(days), dtype="datetime64[D]")
