"""Reads what a week's support amounts to: a number, and what it counts where the cell says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

from connectors.intake.habits import Habits
from connectors.intake.words import A_WEEK, MINUTES, key
from connectors.xlsx_file import Cell
from schemas.vocabularies import Unit

FRACTIONS = {"¼": "25", "½": "5", "¾": "75"}
SLASHED = {"1/4": "¼", "1/2": "½", "3/4": "¾"}
SLASHED_FRACTION = re.compile(r"(?:(?<=[0-9]) +|\b)(1/4|1/2|3/4)(?![0-9/])")
WITH_FRACTION = re.compile(r"([0-9]*) ?([¼½¾])")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
COUNTED = re.compile(r"([0-9.]+) ?([a-z]+)\.?")
CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::00)?(?: ?(?:h|hrs?|hours?))?")
HOURS_AND_MINUTES = re.compile(
    r"([0-9]{1,3}) ?(?:h|hrs?|hours?)\.?,?(?: and)? ?([0-9]{1,2}) ?(?:m|mins?|minutes?)?\.?"
)
MINUTES_AN_HOUR = Decimal(60)
PLACES = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A quantity as text, and its unit where the cell itself says it."""

    quantity: str
    unit: str | None = None


def amount(cell: Cell, habits: Habits) -> Amount | None:
    """Read a quantity as "7.5", "7½", "7h 30", "7:30", "450 mins" or "3 visits a week".

    None where it cannot be read: a decimal comma, "2 x 30 mins", "1 hour a day".
    """
    match cell:
        case bool():
            return None
        case float() | int():
            return Amount(quantity=plain(Decimal(repr(cell)))) if cell >= 0 else None
        case time() | timedelta():
            return _of_clock(cell)
        case date():
            return None
        case str():
            return _of_text(cell, habits)


def in_unit(quantity: str, unit: str) -> Amount:
    """Return a quantity in one of our units: minutes are written as hours."""
    if unit != MINUTES:
        return Amount(quantity=quantity, unit=unit)
    hours = (Decimal(quantity) / MINUTES_AN_HOUR).quantize(PLACES)
    return Amount(quantity=plain(hours), unit=Unit.HOURS.value)


def plain(number: Decimal) -> str:
    """Write a number without exponent and idle zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _of_clock(clock: time | timedelta) -> Amount:
    if isinstance(clock, time):
        clock = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    minutes = Decimal(round(clock.total_seconds())) / MINUTES_AN_HOUR
    return in_unit(plain(minutes), MINUTES)


def _of_text(text: str, habits: Habits) -> Amount | None:
    text = " ".join(text.casefold().replace("\u2044", "/").split())
    for words in A_WEEK:
        text = text.removesuffix(words).rstrip()
    text = _with_decimals(text)
    if NUMBER.fullmatch(text):
        return Amount(quantity=plain(Decimal(text)))
    if (found := CLOCK.fullmatch(text)) or (found := HOURS_AND_MINUTES.fullmatch(text)):
        return _of_hours_and_minutes(found[1], found[2])
    found = COUNTED.fullmatch(text)
    unit = habits.known_units.get(key(found[2])) if found else None
    if found is None or unit is None or not NUMBER.fullmatch(found[1]):
        return None
    return in_unit(plain(Decimal(found[1])), unit)


def _of_hours_and_minutes(hours: str, minutes: str) -> Amount | None:
    if int(minutes) >= MINUTES_AN_HOUR:
        return None
    return in_unit(str(int(hours) * 60 + int(minutes)), MINUTES)


def _with_decimals(text: str) -> str:
    """Write 7½ and 7 1/2 as 7.5."""
    text = SLASHED_FRACTION.sub(lambda found: SLASHED[found[1]], text)
    return WITH_FRACTION.sub(lambda found: f"{found[1] or '0'}.{FRACTIONS[found[2]]}", text)
