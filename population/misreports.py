"""What planted caseload errors do to the entries that would otherwise be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd

from population.days import day_number, to_date
from population.draws import Bools, Ints
from population.names import (
    FAMILY_NAMES,
    GIVEN_NAMES,
    MISTAKEN,
    MISTYPED_FAMILY,
    without_marks,
)
from population.people import People, identity_keys
from population.plants import Plant

Misreport = Callable[[pd.DataFrame, pd.DataFrame, People], pd.DataFrame]

WRONG_NHS_NUMBER, WRONG_BIRTH, WRONG_NAMES = 0, 1, 2
"""The variants of `Plant.IDENTITY`."""

_STARTS_IN_DAYS = 14
_START_DAYS_OFF = 30
_END_DAYS_OFF = 10


def misreported(entries: pd.DataFrame, *, services: pd.DataFrame, people: People) -> pd.DataFrame:
    """Return the entries as providers write them while what is planted on them is there.

    A row that stands twice is added; nothing else is added or taken away.
    """
    plant = services["plant"].to_numpy()[entries["service"]]
    there = planted(entries["service"].to_numpy(), entries["date"].to_numpy(), services)
    wrong = np.isin(plant, list(_MISREPORTS)) & there
    parts = [entries[~wrong]]
    for kind, misreport in _MISREPORTS.items():
        mine = entries[wrong & (plant == kind)]
        if len(mine):
            parts.append(misreport(mine, services.take(mine["service"]), people))
    return pd.concat(parts, ignore_index=True)


def planted(service: Ints, day: Ints, services: pd.DataFrame) -> Bools:
    """Say whether what is planted on each service is there on a day."""
    return np.asarray(
        (services["arises"].to_numpy()[service] <= day)
        & (day < services["righted"].to_numpy()[service])
    )


def _identity(entries: pd.DataFrame, services: pd.DataFrame, people: People) -> pd.DataFrame:
    """State one wrong thing of three: another's NHS number, a wrong birth, or another's names."""
    variant = services["variant"].to_numpy()
    other = people.records.take(services["other"])
    nhs = np.where(variant == WRONG_NHS_NUMBER, other["nhs"], entries["nhs"])
    born = entries["born"].to_numpy() + np.where(variant == WRONG_BIRTH, 400, 0)
    given, family = entries["given"].to_numpy().copy(), entries["family"].to_numpy().copy()
    for place in np.flatnonzero(variant == WRONG_NAMES).tolist():
        given[place], family[place] = least_alike(int(given[place]), int(family[place]))
    return entries.assign(nhs=nhs, born=born, given=given, family=family)


def least_alike(given: int, family: int) -> tuple[int, int]:
    """Return the mistaken names that share the fewest letters with these.

    Shared letters bound the Jaro similarity from above: 0.70 at most, so the names differ (rule 6).
    """
    own = f"{without_marks(GIVEN_NAMES[given])} {without_marks(FAMILY_NAMES[family])}"

    def bound(names: tuple[str, str]) -> float:
        theirs = " ".join(name.upper() for name in names)
        shared = sum(min(own.count(letter), theirs.count(letter)) for letter in set(theirs))
        return shared / len(own) + shared / len(theirs)

    mistaken = min(MISTAKEN, key=bound)
    return GIVEN_NAMES.index(mistaken[0]), FAMILY_NAMES.index(mistaken[1])


def _not_started(entries: pd.DataFrame, _services: pd.DataFrame, _people: People) -> pd.DataFrame:
    return entries.assign(start=entries["date"] + _STARTS_IN_DAYS)


def _other_type(entries: pd.DataFrame, services: pd.DataFrame, _people: People) -> pd.DataFrame:
    return entries.assign(type=services["other"].to_numpy())


def _possible_match(entries: pd.DataFrame, services: pd.DataFrame, people: People) -> pd.DataFrame:
    """State no number, and either mistyped names or a mistyped date of birth."""
    mistyped = services["variant"].to_numpy() == 0
    given, family = entries["given"].to_numpy(), entries["family"].to_numpy()
    born = entries["born"].to_numpy().copy()
    for place in np.flatnonzero(~mistyped).tolist():
        born[place] = mistyped_birth(
            int(given[place]), int(family[place]), int(born[place]), people
        )
    return entries.assign(
        line=-1,
        ref=0,
        nhs=0,
        family=entries["family"] + np.where(mistyped, MISTYPED_FAMILY, 0),
        born=born,
    )


def mistyped_birth(given: int, family: int, born: int, people: People) -> int:
    """Return a date that is nobody's of these names: day and month swapped, or one digit wrong."""
    right = to_date(born)
    for wrong in _near(right):
        key = identity_keys(*(np.array([n]) for n in (given, family, day_number(wrong))))
        place = int(np.searchsorted(people.keys, key)[0])
        if place == len(people.keys) or people.keys[place] != key[0]:
            return day_number(wrong)
    return born


def _near(right: date) -> list[date]:
    """Return dates one slip of the fingers away: swapped first, then other years of the decade."""
    near = []
    if right.day <= 12 and right.day != right.month:
        near.append(date(right.year, right.day, right.month))
    decade = right.year - right.year % 10
    for digit in range(1, 10):
        year = decade + (right.year + digit) % 10
        if (right.month, right.day) != (2, 29) or year % 4 == 0:
            near.append(right.replace(year=year))
    return near


def _twice(entries: pd.DataFrame, _services: pd.DataFrame, _people: People) -> pd.DataFrame:
    return pd.concat([entries, entries.assign(rank=5)], ignore_index=True)


def _other_start(entries: pd.DataFrame, services: pd.DataFrame, _people: People) -> pd.DataFrame:
    days = np.where(services["variant"].to_numpy() == 0, _START_DAYS_OFF, -_START_DAYS_OFF)
    return entries.assign(start=entries["start"] + days)


def _other_end(entries: pd.DataFrame, _services: pd.DataFrame, _people: People) -> pd.DataFrame:
    return entries.assign(end=entries["end"] + _END_DAYS_OFF)


def _other_quantity(entries: pd.DataFrame, services: pd.DataFrame, _people: People) -> pd.DataFrame:
    """State a third more and a unit on top, or about a third less."""
    right = entries["quarters"].to_numpy()
    more = right + right // 3 + 4
    less = right - np.maximum(right // 3, 3)
    return entries.assign(quarters=np.where(services["variant"].to_numpy() == 0, more, less))


_MISREPORTS: Mapping[Plant, Misreport] = MappingProxyType(
    {
        Plant.IDENTITY: _identity,
        Plant.NOT_STARTED: _not_started,
        Plant.OTHER_SERVICE_TYPE: _other_type,
        Plant.POSSIBLE_MATCH: _possible_match,
        Plant.ENTRY_TWICE: _twice,
        Plant.OTHER_START: _other_start,
        Plant.OTHER_END: _other_end,
        Plant.OTHER_QUANTITY: _other_quantity,
    }
)
