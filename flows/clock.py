"""The one place that asks which day it is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def today() -> date:
    """Return today's date in London."""
    return datetime.now(LONDON).date()
