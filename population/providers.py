"""The providers: what they sell, to whom, and how and when they write their caseloads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd

from population.catalogue import Trade
from population.days import NEVER
from population.draws import Bools, Draws, Ints, hashed, hashed_below

PEOPLE_A_PROVIDER = 40
FEWEST, MOST = 12, 20_000

_OF_TRADE = {  # of 100 providers
    Trade.HOME_CARE: 34,
    Trade.CARE_HOME: 36,
    Trade.SUPPORTED_LIVING: 11,
    Trade.DAY_SERVICES: 8,
    Trade.COMMUNITY: 6,
    Trade.SUPPLIES: 5,
}
_AT_LEAST_TWO = (Trade.HOME_CARE, Trade.CARE_HOME, Trade.SUPPORTED_LIVING)
_LATE_BY_A_WEEK = 40  # of 1,000 caseloads
_WEEKS_LOOKED_BACK = 8
_MAX_AGE_DAYS = 35  # rule 5
_FIRST_NAMES = str.split(
    "Ash Beech Birch Cedar Elm Hawthorn Hazel Holly Juniper Larch Laurel Linden Maple Oak Rowan"
    " Sycamore Willow Yew Abbey Bridge Castle Church Forest Grange Heath Manor Meadow"
    " Mill Park Priory Spring Stable Vicarage Well"
)
_SECOND_NAMES = str.split(
    "Bank Court Croft Dale Field Gate Green Grove Hill House Lea Lodge View Wood"
)
_SUFFIXES = {
    Trade.HOME_CARE: "Homecare",
    Trade.CARE_HOME: "Care Home",
    Trade.SUPPORTED_LIVING: "Supported Living",
    Trade.DAY_SERVICES: "Day Services",
    Trade.COMMUNITY: "Community Support",
    Trade.SUPPLIES: "Independent Living Supplies",
}


class Template(IntEnum):
    """Which columns a provider's caseloads have, and in which order."""

    CANONICAL = 0
    PERSON_FIRST = 1
    SPARSE = 2
    WITH_A_COLUMN_MORE = 3
    WITHOUT_SERVICE_TYPE = 4


class Overdue(IntEnum):
    """Why a provider has no accepted caseload; `NO` where it has one."""

    NO = 0
    NONE_RECEIVED = 1
    TOO_OLD = 2
    UNREADABLE = 3
    COMES_LATE = 4
    STOPS = 5
    TOO_FEW_ROWS = 6
    MISSING_COLUMNS = 7
    TOO_MANY_REJECTED = 8


class Quirk(IntEnum):
    """What is odd about a provider's files though they are accepted."""

    NONE = 0
    BYTE_ORDER_MARK = 1
    WINDOWS_1252 = 2
    TWO_FORMATS = 3
    LATEST_UNREADABLE = 4


@dataclass(frozen=True, kw_only=True)
class Providers:
    """`table` has one row a provider.

    Columns: trade, serves (a bit for each council), weight, weekday, older (how many old files it
    leaves in the folder), template, style (of names), keeps_nhs, keeps_refs, keeps_council (of
    1,000 entries), windows_line_ends, spreadsheet, blank_rows, totals_row, overdue, quirk.
    """

    seed: int
    first_run_day: int
    table: pd.DataFrame

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.table)

    def ids(self) -> list[str]:
        """Return the provider ids, in order."""
        return [provider_id(number) for number in range(self.count)]

    def choose(self, draws: Draws, trade: Ints, council: Ints) -> Ints:
        """Return a provider of the trade that serves the council, for each element."""
        chosen = np.zeros(len(trade), dtype=np.int64)
        weight = self.table["weight"].to_numpy()
        words = draws.words(len(trade)) >> np.uint64(32)
        group = trade * 64 + council
        for number in np.unique(group):
            where = np.flatnonzero(group == number)
            sells = self.of(Trade(number // 64), int(number % 64))
            edges = np.cumsum(weight[sells])
            drawn = ((words[where] * np.uint64(edges[-1])) >> np.uint64(32)).astype(np.int64)
            chosen[where] = sells[np.searchsorted(edges, drawn, side="right")]
        return chosen

    def of(self, trade: Trade, council: int) -> Ints:
        """Return the providers of a trade that serve a council."""
        serves = (self.table["serves"].to_numpy() >> council) & 1
        return np.flatnonzero((self.table["trade"].to_numpy() == trade) & (serves == 1))

    def reliable(self) -> Bools:
        """Say whose caseloads have every column, always come and are always accepted."""
        template = self.table["template"].to_numpy()
        return np.asarray(
            (self.table["overdue"].to_numpy() == Overdue.NO)
            & (self.table["quirk"].to_numpy() == Quirk.NONE)
            & (template != Template.SPARSE)
            & (self.table["trade"].to_numpy() != Trade.SUPPLIES)
        )

    def caseload_dates(self, run_day: int) -> Ints:
        """Return the dates of the caseloads in the folder on a run day, latest first.

        One row a provider; NEVER where there is none. The file of a provider and date is in the
        folder from the day it arrives, whatever the run day, until newer ones replace it.
        """
        overdue = self.table["overdue"].to_numpy()[:, np.newaxis]
        silent_since = np.isin(overdue, (Overdue.STOPS, Overdue.TOO_OLD))
        last = np.where(silent_since, self.first_run_day, run_day)
        weekday = self.table["weekday"].to_numpy()[:, np.newaxis]
        dates = last - (last - weekday) % 7 - 7 * np.arange(_WEEKS_LOOKED_BACK)
        there = self._arrival(dates) <= run_day
        there &= overdue != Overdue.NONE_RECEIVED
        there &= (overdue != Overdue.COMES_LATE) | (dates > self.first_run_day - 7)
        there &= (overdue != Overdue.STOPS) | (dates <= self.first_run_day - _MAX_AGE_DAYS)
        there &= (overdue != Overdue.TOO_OLD) | (dates < self.first_run_day - _MAX_AGE_DAYS)
        dates = -np.sort(-np.where(there, dates, -NEVER), axis=1)
        kept = np.arange(_WEEKS_LOOKED_BACK) <= self.table["older"].to_numpy()[:, np.newaxis]
        return np.where(kept & (dates > -NEVER), dates, NEVER)

    def _arrival(self, dates: Ints) -> Ints:
        """Return when the caseload of a date arrives: mostly at once, some late by a week."""
        number = np.arange(self.count)[:, np.newaxis]
        days = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 3], dtype=np.int64)
        delay = days[hashed_below(len(days), self.seed, 1, number, dates)]
        late = hashed_below(1000, self.seed, 2, number, dates) < _LATE_BY_A_WEEK
        overdue = self.table["overdue"].to_numpy()[:, np.newaxis]
        delay = np.where(overdue == Overdue.STOPS, 0, delay + 7 * late)
        held_back = (overdue == Overdue.COMES_LATE) & (dates <= self.first_run_day)
        return np.where(held_back, self.first_run_day + 1, dates + delay)

    def unreadable(self, provider: Ints, date: Ints) -> Bools:
        """Say which files cannot be read: a function of provider and date alone."""
        overdue = self.table["overdue"].to_numpy()[provider]
        quirk = self.table["quirk"].to_numpy()[provider]
        first = self.caseload_dates(self.first_run_day)[:, 0][provider]
        every_other = (quirk == Quirk.LATEST_UNREADABLE) & ((date - first) % 14 == 0)
        return np.asarray((overdue == Overdue.UNREADABLE) | every_other)

    def passes(self, provider: Ints, date: Ints, run_day: int) -> Bools:
        """Say which files can be accepted on a run day if there is anybody in them (rule 5)."""
        overdue = self.table["overdue"].to_numpy()[provider]
        return np.asarray(
            ~self.unreadable(provider, date)
            & (date >= run_day - _MAX_AGE_DAYS)
            & (overdue < Overdue.TOO_FEW_ROWS)
        )

    def accepted_dates(self, run_day: int) -> Ints:
        """Return the date of each provider's latest file that passes, NEVER where none does."""
        dates = self.caseload_dates(run_day)
        number = np.broadcast_to(np.arange(self.count)[:, np.newaxis], dates.shape)
        passes = self.passes(number.ravel(), dates.ravel(), run_day).reshape(dates.shape)
        latest = np.where(passes & (dates < NEVER), dates, -NEVER).max(axis=1)
        return np.where(latest > -NEVER, latest, NEVER)


def provider_id(number: int) -> str:
    """Return a provider's id; the first is P0001."""
    return f"P{number + 1:04d}"


def draw_providers(seed: int, *, people: int, councils: int, run_day: int) -> Providers:
    """Draw the register: one provider for about 40 people, 12 at least and 20,000 at most."""
    count = min(max(people // PEOPLE_A_PROVIDER, FEWEST), MOST)
    draws = Draws(seed, "providers")
    trade = _trades(count)
    rank = pd.Series(trade).groupby(trade).cumcount().to_numpy()
    everyone = (1 << councils) - 1
    one = 1 << draws.below(councils, count)
    without_one = everyone & ~(1 << draws.below(councils, count))
    reach = draws.pick((45, 30, 25), count)
    serves = np.choose(reach, [np.full(count, everyone), without_one, one])
    serves = np.where((rank < 2) | (serves == 0), everyone, serves)
    old_files = (0, 1, 1, 1, 2, 3) if people <= 200_000 else (0, 0, 0, 0, 0, 1)
    table = pd.DataFrame(
        {
            "trade": trade,
            "serves": serves,
            "weight": 60 + 900 // (2 + rank % 400) + draws.below(60, count),
            "weekday": draws.below(7, count),
            "older": np.array(old_files, dtype=np.int64)[draws.below(len(old_files), count)],
            "template": draws.pick((60, 22, 14, 4), count),
            "style": draws.pick((45, 25, 15, 15), count),
            "keeps_nhs": np.array([950, 750, 300], dtype=np.int64)[draws.pick((50, 30, 20), count)],
            "keeps_refs": np.array([900, 500, 150], dtype=np.int64)[
                draws.pick((30, 40, 30), count)
            ],
            "keeps_council": np.array([1000, 500, 0], dtype=np.int64)[
                draws.pick((50, 30, 20), count)
            ],
            "windows_line_ends": draws.chance(400, count),
            "spreadsheet": draws.chance(80, count) & (np.arange(count) < 1500),
            "blank_rows": draws.chance(150, count),
            "totals_row": draws.chance(60, count),
            "overdue": np.full(count, Overdue.NO.value),
            "quirk": np.full(count, Quirk.NONE.value),
        }
    )
    silent = (trade == Trade.SUPPLIES) & (rank % 2 == 0)
    table.loc[silent, "overdue"] = Overdue.NONE_RECEIVED.value
    return Providers(seed=seed, first_run_day=run_day, table=table)


def _trades(count: int) -> Ints:
    """Return each provider's trade: every trade is there, in the usual proportion."""
    wanted = np.array(
        [
            max(2 if trade in _AT_LEAST_TWO else 1, share * count // 100)
            for trade, share in _OF_TRADE.items()
        ],
        dtype=np.int64,
    )
    wanted[Trade.HOME_CARE] += max(0, count - int(wanted.sum()))
    in_turn = np.concatenate(
        [np.arange(number) * 1000 // number for number in wanted]
    )  # spread evenly, so that ids do not tell the trade
    trades = np.repeat(np.arange(len(wanted)), wanted)
    return trades[np.lexsort((trades, in_turn))][:count]


def register_rows(providers: Providers) -> list[tuple[str, str, str, str]]:
    """Return provider_id, name, cqc_id and ods_code of each provider."""
    rows = []
    for number, trade in enumerate(providers.table["trade"].tolist()):
        seed = providers.seed
        first = _FIRST_NAMES[int(hashed_below(len(_FIRST_NAMES), seed, 3, number)[0])]
        second = _SECOND_NAMES[int(hashed_below(len(_SECOND_NAMES), seed, 4, number)[0])]
        registered = trade in (Trade.HOME_CARE, Trade.CARE_HOME, Trade.SUPPORTED_LIVING)
        has_ods = int(hashed(seed, 5, number)[0] % np.uint64(10)) < 7
        rows.append(
            (
                provider_id(number),
                f"{first} {second} {_SUFFIXES[Trade(trade)]}",
                f"1-{1_000_000_000 + number}" if registered else "",
                f"ZZ{number:05d}" if has_ods else "",
            )
        )
    return rows
