"""The people, and the records that councils hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from population.councils import Council
from population.days import NEVER
from population.draws import Draws, Ints
from population.names import FAMILY, GIVEN, commonness

FIRST_NHS_NUMBER = 9_990_000_000
"""The NHS sets aside the range from here up for testing: nobody living has such a number."""

TEN_EQUAL_DIGITS = 9_999_999_999
"""Passes the check of its last digit, and is none all the same (rule 2)."""

_YEAR = 365
_KNOWN_TO_TWO = 10  # of 1,000 people


@dataclass(frozen=True, kw_only=True)
class People:
    """`records`: one row for each person a council knows, then one for each of the strangers.

    Columns: person (people known to two councils have two records), council (its place in the
    sequence), ref (the council's number for the person), given, family (numbers of names), born
    (day), nhs (0: none), holds_nhs, holds_identity (the council states names and date of birth),
    alone (no other council knows the person), team, worker. The last `strangers` rows are people
    whom no council knows; they have no ref. `keys` are everybody's `identity_keys`, sorted.
    """

    records: pd.DataFrame
    strangers: int
    keys: Ints

    @property
    def known(self) -> int:
        """How many records councils hold."""
        return len(self.records) - self.strangers


def draw_people(seed: int, *, people: int, councils: Sequence[Council], run_day: int) -> People:
    """Draw this many people and the strangers that some entries are about.

    Nobody shares normalised names and date of birth with another. NHS numbers are valid and in the
    synthetic range; of more than about 870,000 people the surplus has none.
    """
    strangers = 60 + people // 100
    total = people + strangers
    draws = Draws(seed, "people")
    given = draws.pick(commonness(GIVEN), total)
    family = draws.pick(commonness(FAMILY), total)
    born = _unlike_each_other(given, family, run_day - _ages(draws, total))
    everyone = pd.DataFrame(
        {
            "given": given,
            "family": family,
            "born": born,
            "nhs": _nhs_numbers(draws, total, kept_free=strangers),
        }
    )
    known = _records(Draws(seed, "records"), everyone.iloc[:people], councils)
    unknown = _strangers(everyone.iloc[people:], first=people, councils=len(councils))
    return People(
        records=pd.concat([known, unknown], ignore_index=True),
        strangers=strangers,
        keys=np.sort(identity_keys(given, family, born)),
    )


def _strangers(people: pd.DataFrame, *, first: int, councils: int) -> pd.DataFrame:
    unknown = people.reset_index(drop=True)
    unknown.insert(0, "person", first + np.arange(len(people)))
    unknown["council"] = np.arange(len(people)) % councils
    unknown["ref"] = 0
    unknown["alone"] = True
    unknown["holds_nhs"] = False
    unknown["holds_identity"] = False
    unknown["team"] = 0
    unknown["worker"] = 0
    return unknown


def identity_keys(given: Ints, family: Ints, born: Ints) -> Ints:
    """Return one number for each: equal where normalised names and date of birth are (rule 6.4)."""
    return (given * len(FAMILY) + family) * (2 * NEVER) + (born + NEVER)


def valid_nhs_numbers() -> Ints:
    """Return every valid NHS number of the synthetic range, ten equal digits left out."""
    leading = np.arange(FIRST_NHS_NUMBER // 10, FIRST_NHS_NUMBER // 10 + 1_000_000, dtype=np.int64)
    weighted = np.zeros(len(leading), dtype=np.int64)
    for weight in range(2, 11):
        weighted += weight * (leading // 10 ** (weight - 2) % 10)
    check = (11 - weighted % 11) % 11
    numbers = leading * 10 + check
    usable = (check < 10) & (numbers != TEN_EQUAL_DIGITS)
    return np.asarray(numbers[usable], dtype=np.int64)


def _nhs_numbers(draws: Draws, total: int, *, kept_free: int) -> Ints:
    """Return a number for each person, 0 where none is left; the last `kept_free` have one."""
    numbers = valid_nhs_numbers()
    shuffled = numbers[draws.order(len(numbers))]
    result = np.zeros(total, dtype=np.int64)
    people = total - kept_free
    given_out = min(people, len(numbers) - kept_free)
    whose = np.sort(draws.order(people)[:given_out])
    result[whose] = shuffled[:given_out]
    result[people:] = shuffled[given_out : given_out + kept_free]
    return result


def _ages(draws: Draws, count: int) -> Ints:
    """Return ages in days: seven in ten are 65 or older."""
    bands = ((18, 40, 12), (40, 65, 18), (65, 80, 28), (80, 92, 34), (92, 103, 8))
    band = draws.pick([weight for _, _, weight in bands], count)
    low = np.array([first for first, _, _ in bands], dtype=np.int64)[band]
    width = np.array([last - first for first, last, _ in bands], dtype=np.int64)[band]
    return (low * _YEAR + draws.below(width * _YEAR, count)) * 1461 // 1460


def _unlike_each_other(given: Ints, family: Ints, born: Ints) -> Ints:
    """Move births by days until nobody has another's names and date of birth."""
    born = born.copy()
    while True:
        keys = identity_keys(given, family, born)
        again = pd.Series(keys).duplicated().to_numpy()
        if not again.any():
            return born
        born[again] -= 1 + np.flatnonzero(again) % 97


def _records(draws: Draws, people: pd.DataFrame, councils: Sequence[Council]) -> pd.DataFrame:
    count = len(people)
    council = draws.pick([council.share for council in councils], count)
    twice = draws.chance(_KNOWN_TO_TWO if len(councils) > 1 else 0, count)
    elsewhere = (council + 1 + draws.below(max(1, len(councils) - 1), count)) % len(councils)
    person = np.concatenate([np.arange(count), np.flatnonzero(twice)])
    records = people.take(person).reset_index(drop=True)
    records.insert(0, "person", person)
    records["council"] = np.concatenate([council, elsewhere[twice]])
    records["ref"] = 1_000_000 + records.groupby("council").cumcount()
    records["alone"] = ~twice[person]
    size = len(records)
    records["holds_nhs"] = (records["nhs"].to_numpy() > 0) & ~draws.chance(30, size)
    records["holds_identity"] = ~draws.chance(10, size)
    teams = np.array([len(council.teams) for council in councils], dtype=np.int64)
    records["team"] = draws.below(teams[records["council"]], size)
    workers = 4 + records.groupby("council")["ref"].transform("size").to_numpy() // 45
    records["worker"] = 1 + draws.below(workers, size)
    return records
