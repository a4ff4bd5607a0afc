"""Reads a date as people type it; the day always comes first.

Nothing is guessed: 12/31/2026 is no date, since whoever wrote it may write 4/3/2026 for 3 April
as well, and the one must not hide the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from connectors.xlsx_file import Cell

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
MONTH_NUMBERS = {
    **{name: number for number, name in enumerate(MONTHS, start=1)},
    **{name: number for number, name in enumerate(LONG_MONTHS, start=1)},
    "sept": 9,
}
WEEKDAY = re.compile(r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[,.]?\s+")
TIME = re.compile(r"[t ]\s*[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?$")
YEAR_FIRST = re.compile(r"([12][0-9]{3})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
DAY_FIRST = re.compile(r"([0-9]{1,2})\s*([-/.\s])\s*([0-9]{1,2})\s*\2\s*([0-9]{4}|[0-9]{2})")
NAMED_MONTH = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s\-/.,]*([a-z]{3,9})[\s\-/.,']*([0-9]{4}|[0-9]{2})"
)
MONTH_FIRST = re.compile(r"([a-z]{3,9})[\s.]*([0-9]{1,2})(?:st|nd|rd|th)?[\s,]+([0-9]{4})")
EIGHT_DIGITS = re.compile(r"[0-9]{8}")
SERIAL = re.compile(r"[0-9]{4,5}(?:\.0+)?")

# A smaller number may be a year; the last is the end of 2099.
FIRST_SERIAL, LAST_SERIAL = 3_000, 73_050
SERIAL_ZERO = date(1899, 12, 30)
FARTHEST_YEARS = 20
TWO_DIGITS = 2
EARLIEST_BIRTH_YEAR = 1900


def day(cell: Cell, *, caseload_date: date, birth: bool, serials: bool = True) -> str | None:
    """Return a cell's date as YYYY-MM-DD, or None where it is none.

    Of a year in two digits, that of a birth is the only one not after the caseload date (where two
    are possible, as for 26 in 2026, it is unreadable); any other is this century's, and unreadable
    where that is over 20 years ahead. Without `serials`, plain numbers are no dates.
    """
    match cell:
        case datetime() | date():
            return _iso(cell.year, cell.month, cell.day)
        case bool():
            return None
        case int() | float():
            return _of_serial(float(cell)) if serials else None
        case str():
            return _of_text(cell, _Years(caseload_date, birth=birth), serials=serials)
        case _:
            return None


class _Years:
    """Which year two digits stand for."""

    def __init__(self, caseload_date: date, *, birth: bool) -> None:
        self.caseload_date = caseload_date
        self.birth = birth

    def iso(self, year: str, month: int, day: int) -> str | None:
        """Return the date of a year in two or four digits."""
        if len(year) > TWO_DIGITS:
            return _iso(int(year), month, day)
        this_century = _iso(2000 + int(year), month, day)
        if not self.birth:
            near = 2000 + int(year) <= self.caseload_date.year + FARTHEST_YEARS
            return this_century if near else None
        last_century = _iso(EARLIEST_BIRTH_YEAR + int(year), month, day)
        latest = self.caseload_date.isoformat()
        possible = [it for it in (this_century, last_century) if it and it <= latest]
        return possible[0] if len(possible) == 1 else None


def _of_text(text: str, years: _Years, *, serials: bool) -> str | None:
    text = " ".join(text.casefold().split())
    text = WEEKDAY.sub("", TIME.sub("", text)).rstrip(".")
    if EIGHT_DIGITS.fullmatch(text):
        return _of_eight_digits(text)
    if serials and SERIAL.fullmatch(text):
        return _of_serial(float(text))
    return next((read(found, years) for way, read in WAYS if (found := way.fullmatch(text))), None)


Found = re.Match[str]
WAYS: tuple[tuple[re.Pattern[str], Callable[[Found, _Years], str | None]], ...] = (
    (YEAR_FIRST, lambda found, years: years.iso(found[1], int(found[3]), int(found[4]))),
    (DAY_FIRST, lambda found, years: years.iso(found[4], int(found[3]), int(found[1]))),
    (
        NAMED_MONTH,
        lambda found, years: years.iso(found[3], MONTH_NUMBERS.get(found[2], 0), int(found[1])),
    ),
    (
        MONTH_FIRST,
        lambda found, years: years.iso(found[3], MONTH_NUMBERS.get(found[1], 0), int(found[2])),
    ),
)


def _of_eight_digits(text: str) -> str | None:
    """Read YYYYMMDD or DDMMYYYY; no text is a date of our time both ways."""
    ways = (
        _iso(int(text[:4]), int(text[4:6]), int(text[6:])),
        _iso(int(text[4:]), int(text[2:4]), int(text[:2])),
    )
    return next((way for way in ways if way and way[:2] in {"18", "19", "20", "21"}), None)


def _of_serial(number: float) -> str | None:
    if not FIRST_SERIAL <= number <= LAST_SERIAL:
        return None
    return (SERIAL_ZERO + timedelta(days=int(number))).isoformat()


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
