"""What each side says, in a few plain words for the discrepancy table (rule 11)."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from reconciliation.coded import Texts, strings
from reconciliation.columns import Numbers
from reconciliation.days import NEVER, UNSTATED

STATES = np.array(["active", "planned", "ended"], dtype=object)


def date_text(day: Numbers) -> pd.Series:
    """Return days as YYYY-MM-DD, null for `NEVER` and `UNSTATED`."""
    known = (day != NEVER) & (day != UNSTATED)
    written = np.datetime_as_string(np.where(known, day, 0).astype("datetime64[D]"))
    return pd.Series(written, dtype="str").where(known)


def period_text(*, start: Numbers, end: Numbers) -> pd.Series:
    """Return "2026-05-01 to 2026-06-30", "since 2026-05-01", "until 2026-06-30" or "no dates"."""
    first, last = date_text(start), date_text(end)
    return (
        (first + " to " + last).fillna("since " + first).fillna("until " + last).fillna("no dates")
    )


def support_text(*, state: Numbers, start: Numbers, end: Numbers) -> pd.Series:
    """Return the state and the period: "active since 2026-05-01"."""
    return pd.Series(STATES[state], dtype="str") + " " + period_text(start=start, end=end)


def quantity_text(quantity: Numbers, unit: Numbers, texts: Texts) -> pd.Series:
    """Return "14.5 hours"; null where no quantity is stated."""
    written = [
        f"{Decimal(int(amount)).scaleb(-6).normalize():f}" if amount >= 0 else None
        for amount in quantity
    ]
    words = pd.Series(written, dtype="str")
    return (words + " " + strings(texts.units, unit)).fillna(words)
