"""The providers, and the caseloads that they send: true but for the usual mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from gates.care import Care, Span, stream
from gates.office import OFFICES, Calendar

from population import texts
from population.catalogue import NUMBER, SERVICES, TRADE, UNIT, UNITS, Trade
from population.days import NEVER, to_date
from population.draws import Bools, Ints, hashed_below
from population.names import (
    FAMILY_NAMES,
    FAMILY_SPELLINGS,
    GIVEN_NAMES,
    GIVEN_SPELLINGS,
    MISTYPED_FAMILY,
)
from schemas.vocabularies import ServiceType

REGISTER_COLUMNS = ("provider_id", "name", "cqc_id", "ods_code")
COLUMNS = (
    "provider_id",
    "caseload_date",
    "cpli_id",
    "local_authority",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
_PEOPLE_A_PROVIDER = 36
_OF_TRADE = {
    Trade.HOME_CARE: 34,
    Trade.CARE_HOME: 36,
    Trade.SUPPORTED_LIVING: 11,
    Trade.DAY_SERVICES: 8,
    Trade.COMMUNITY: 6,
    Trade.SUPPLIES: 5,
}
_FIRST_NAMES = str.split(
    "Alder Ashdown Beacon Brook Charter Cloverfield Crown Dove Fairfield Fosse Greenhill Heron"
    " Jubilee Kestrel Kingfisher Larkspur Lime Mercia Newfield Orchard Pilgrim Primrose Ridgeway"
    " Rutland Saffron Soar Stoneygate Swift Thistle Welland Westcotes Wheatsheaf"
)
_KINDS = {
    Trade.HOME_CARE: "Care at Home",
    Trade.CARE_HOME: "House",
    Trade.SUPPORTED_LIVING: "Supported Living",
    Trade.DAY_SERVICES: "Day Centre",
    Trade.COMMUNITY: "Community Services",
    Trade.SUPPLIES: "Independent Living",
}
_DELAYS = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 5, 8])
_CODES = texts.pool([service.type.value for service in SERVICES])
_UNITS = texts.pool([unit.value for unit in UNITS])
_GIVEN, _FAMILY = texts.pool(GIVEN_SPELLINGS), texts.pool(FAMILY_SPELLINGS)
_GSS = texts.pool([office.gss_code for office in OFFICES])
_WRONG_TYPE = NUMBER[ServiceType.OTHER_LONG_TERM]


@dataclass(frozen=True, kw_only=True)
class Providers:
    """`table` has one row a provider, in the order of their ids.

    Columns: trade, serves (a bit for each council), weight, weekday, every (so many weeks from one
    caseload to the next, 0: none at all), kept (files that stay in the folder), style (of names),
    nhs, refs, council, quantity (of 1,000 entries that say it), careless (mistakes in 1,000 of what
    can be mistaken), since (the day from which on it is in the register).
    """

    table: pd.DataFrame
    opening: int
    ceding: int
    taking: int

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.table)


def provider_id(number: int) -> str:
    """Return a provider's id; the first is P0001."""
    return f"P{number + 1:04d}"


def draw_providers(draws: np.random.Generator, *, people: int, span: Span) -> Providers:
    """Draw the register; the last but one opens in the world's time, another hands over."""
    count = max(16, people // _PEOPLE_A_PROVIDER)
    wanted = {trade: max(2, share * count // 100) for trade, share in _OF_TRADE.items()}
    trade = np.repeat([int(trade) for trade in wanted], list(wanted.values()))
    trade = draws.permutation(trade)
    count = len(trade)
    rank = pd.Series(trade).groupby(trade).cumcount().to_numpy()
    one = 1 << draws.choice(len(OFFICES), size=count, p=[0.38, 0.5, 0.12])
    serves = np.where((rank < 2) | (draws.random(count) < 0.4), 7, one)
    at_home = np.flatnonzero(trade == Trade.HOME_CARE)
    weight = 60 + 900 / (2 + rank) + draws.random(count) * 60
    opening, ceding, taking = int(at_home[-1]), int(at_home[-2]), int(at_home[0])
    serves[opening] = 7
    since = np.full(count, -NEVER)
    since[opening] = span.opens - 9
    weight[ceding] /= 2
    table = pd.DataFrame(
        {
            "trade": trade,
            "serves": serves,
            "weight": weight,
            "weekday": draws.choice(7, size=count, p=[0.3, 0.15, 0.15, 0.15, 0.17, 0.03, 0.05]),
            "every": draws.choice([1, 2, 4], size=count, p=[0.84, 0.08, 0.08]),
            "kept": draws.choice([1, 2, 3], size=count),
            "style": draws.choice(4, size=count, p=[0.5, 0.25, 0.15, 0.1]),
            "nhs": draws.choice([960, 800, 350], size=count, p=[0.55, 0.3, 0.15]),
            "refs": draws.choice([920, 600, 150], size=count, p=[0.4, 0.4, 0.2]),
            "council": draws.choice([1000, 600, 0], size=count, p=[0.55, 0.25, 0.2]),
            "quantity": draws.choice([980, 850, 0], size=count, p=[0.6, 0.3, 0.1]),
            "careless": draws.choice([3, 10, 30], size=count, p=[0.5, 0.35, 0.15]),
            "since": since,
        }
    )
    table.loc[trade == Trade.SUPPLIES, "every"] = 0
    silent = np.flatnonzero(trade == Trade.CARE_HOME)[-1]
    table.loc[silent, "every"] = 0
    return Providers(table=table, opening=opening, ceding=ceding, taking=taking)


def choose(
    draws: np.random.Generator, services: pd.DataFrame, providers: Providers, *, span: Span
) -> tuple[Ints, Ints]:
    """Return the provider of each service, and whom its person would move to.

    One person has one provider of a trade, but for reablement, which is a business of its own.
    """
    owner, kind = services["owner"].to_numpy(), services["type"].to_numpy()
    own_house = (kind == NUMBER[ServiceType.REABLEMENT]).astype(np.int64)
    table = providers.table
    group = TRADE[kind] * len(OFFICES) + services["council"].to_numpy()
    chosen, new = np.zeros(len(services), dtype=np.int64), np.zeros(len(services), dtype=np.int64)
    seed = int(draws.integers(2**31))
    of_owner = hashed_below(2**30, seed, owner, TRADE[kind], own_house) / 2**30
    other = draws.random(len(services))
    for number in np.unique(group):
        trade, council = divmod(int(number), len(OFFICES))
        sells = np.flatnonzero(
            (table["trade"] == trade)
            & ((table["serves"].to_numpy() >> council) & 1 == 1)
            & (table["since"] == -NEVER)
        )
        edges = np.cumsum(table["weight"].to_numpy()[sells])
        where = np.flatnonzero(group == number)
        for into, share in ((chosen, of_owner), (new, other)):
            place = np.searchsorted(edges, share[where] * edges[-1], side="right")
            into[where] = sells[np.minimum(place, len(sells) - 1)]
    at_home = TRADE[kind] == Trade.HOME_CARE
    comes = at_home & (services["start"].to_numpy() >= span.opens)
    comes &= draws.random(len(services)) < 0.15
    return np.where(comes, providers.opening, chosen), new


def register(providers: Providers, day: int) -> pd.DataFrame:
    """Return the register of a day, all text."""
    rows = [
        (
            provider_id(number),
            f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {_KINDS[Trade(trade)]}"
            + (f" {number // len(_FIRST_NAMES) + 1}" if number >= len(_FIRST_NAMES) else ""),
            f"1-{1_100_000_000 + 37 * number}" if trade <= Trade.SUPPORTED_LIVING else "",
            f"VM{number:04d}" if number % 10 < 7 else "",
        )
        for number, (trade, since) in enumerate(
            zip(providers.table["trade"].tolist(), providers.table["since"].tolist(), strict=True)
        )
        if since <= day
    ]
    return pd.DataFrame(rows, columns=list(REGISTER_COLUMNS), dtype="str")


class Caseloads:
    """What providers send: a file depends on its provider and date alone."""

    def __init__(self, seed: int, care: Care, providers: Providers, calendar: Calendar) -> None:
        self._seed, self._care, self._providers = seed, care, providers
        self._calendar = calendar
        self._made: dict[tuple[int, int], pd.DataFrame] = {}
        self._services = self._of_providers()
        self._lines = care.lines[~care.lines["weekend"] & ~care.lines["slip"]].sort_values(
            ["service", "start"], kind="stable"
        )
        self._first_line = np.searchsorted(
            self._lines["service"].to_numpy(), np.arange(len(care.services) + 1)
        )

    def lying(self, day: int) -> list[tuple[int, int]]:
        """Return provider and date of each file that lies in the folder on a day."""
        table = self._providers.table
        weeks = np.arange(13)
        number = np.arange(len(table))[:, np.newaxis]
        weekday = table["weekday"].to_numpy()[:, np.newaxis]
        # Day 4 was a Monday.
        dates = day - (day - 4 - weekday) % 7 - 7 * weeks
        every = table["every"].to_numpy()[:, np.newaxis]
        due = (every > 0) & (
            (dates - 4) // 7 % np.maximum(every, 1) == number % np.maximum(every, 1)
        )
        due &= hashed_below(1000, self._seed, 1, number, dates) >= 30
        quiet = self._christmas(dates)
        due &= ~(quiet & (hashed_below(100, self._seed, 2, number, dates) < 60))
        delay = _DELAYS[hashed_below(len(_DELAYS), self._seed, 3, number, dates)]
        there = due & (self._calendar.next(dates + delay) <= day)
        kept = there.cumsum(axis=1) <= table["kept"].to_numpy()[:, np.newaxis]
        found = [
            (int(provider), int(dates[provider, week]))
            for provider, week in zip(*np.nonzero(there & kept), strict=True)
        ]
        return [(p, d) for p, d in found if len(self.entries(p, d))]

    @staticmethod
    def _christmas(days: Ints) -> Bools:
        """Say which days lie from 23 December to New Year's Day."""
        year = days.astype("datetime64[D]").astype("datetime64[Y]")
        new_year = (year + 1).astype("datetime64[D]").astype(np.int64)
        return np.asarray((new_year - days <= 9) | (days.astype("datetime64[D]") == year))

    def entries(self, provider: int, date: int) -> pd.DataFrame:
        """Return what stands in a provider's file of a date, all text."""
        if (provider, date) not in self._made:
            self._made[provider, date] = self._entries(provider, date)
        return self._made[provider, date]

    def _of_providers(self) -> dict[int, pd.DataFrame]:
        """Return each provider's services with what it will always say of them."""
        draws = stream(self._seed, "entries")
        services = self._care.services
        count = len(services)
        mine = self._providers.table.take(services["provider"])
        careless = mine["careless"].to_numpy()
        start, end = services["start"].to_numpy(), services["end"].to_numpy()
        listed = services.assign(
            service=np.arange(count),
            listed_from=start + np.where(draws.random(count) < 0.06, 7, 0),
            listed_until=end + draws.choice([0, 0, 0, 0, 0, 0, 0, 7, 7, 14], size=count),
            forgotten=draws.random(count) * 1000 < careless * 1.2,
            says_nhs=draws.random(count) * 1000 < mine["nhs"].to_numpy(),
            says_ref=draws.random(count) * 1000 < mine["refs"].to_numpy(),
            says_person=draws.random(count) * 1000 < mine["refs"].to_numpy() * 0.8,
            says_council=draws.random(count) * 1000 < mine["council"].to_numpy(),
            says_quantity=draws.random(count) * 1000 < mine["quantity"].to_numpy(),
            says_start=draws.random(count) < 0.92,
            says_end=draws.random(count) < 0.75,
            stale=draws.random(count) < 0.05,
            mistyped=draws.random(count) * 1000 < careless,
            other_born=draws.random(count) * 1000 < careless * 0.5,
            other_type=draws.random(count) * 1000 < careless,
            other_start=np.where(
                draws.random(count) * 1000 < careless * 3, draws.integers(-30, 31, count), 0
            ),
            twice=draws.random(count) * 1000 < careless * 0.4,
            spoilt=draws.random(count) * 1000 < careless * 0.2,
        )
        return dict(tuple(listed.groupby("provider")))

    def _entries(self, provider: int, date: int) -> pd.DataFrame:
        part = self._services.get(provider)
        if part is None:
            return pd.DataFrame(columns=list(COLUMNS), dtype="str")
        listed = (part["listed_from"] <= date) & (part["listed_until"] >= date)
        part = part[listed & ~part["forgotten"]]
        part = pd.concat([part, part[part["twice"]]]).sort_values("service", kind="stable")
        people = self._care.people.take(part["owner"])
        line = self._line_on(part["service"].to_numpy(), date, late=part["stale"].to_numpy())
        style = int(self._providers.table["style"].iloc[provider])
        names = (
            style * (2 * len(FAMILY_NAMES))
            + people["family"]
            + MISTYPED_FAMILY * part["mistyped"].to_numpy()
        ).to_numpy()
        kind = np.where(part["other_type"], _WRONG_TYPE, part["type"])
        lines = self._lines.take(np.maximum(line, 0))
        known = (line >= 0) & (lines["created"] <= date).to_numpy()
        council = part["council"].to_numpy()
        born = people["born"].to_numpy() + 365 * part["other_born"].to_numpy()
        quantity = np.where(
            part["says_quantity"], lines["quarters"].to_numpy() + part["weekend"].to_numpy(), -1
        )
        start = part["start"].to_numpy() + part["other_start"].to_numpy()
        end = np.where(part["says_end"] & (part["end"] <= date), part["end"], NEVER)
        number = np.where(known & part["says_ref"].to_numpy(), lines["number"].to_numpy(), 0)
        # Whoever says neither number says the names, and the council where two could be meant.
        cells = {
            "provider_id": np.full(len(part), provider_id(provider)),
            "caseload_date": np.full(len(part), str(to_date(date))),
            "cpli_id": texts.references(
                texts.pool([office.cpli_prefix for office in OFFICES]),
                council,
                number,
                there=number > 0,
            ),
            "local_authority": texts.taken(_GSS, np.where(part["says_council"], council, -1)),
            "person_id": texts.references(
                texts.pool([office.person_prefix for office in OFFICES]),
                council,
                people["ref"].to_numpy(),
                there=part["says_person"].to_numpy(),
            ),
            "nhs_number": texts.whole_numbers(
                people["nhs"].to_numpy(), there=part["says_nhs"].to_numpy()
            ),
            "family_name": texts.taken(_FAMILY, names),
            "given_name": texts.taken(
                _GIVEN, style * len(GIVEN_NAMES) + people["given"].to_numpy()
            ),
            "date_of_birth": texts.dates(born),
            "service_type": texts.taken(_CODES, kind),
            "start_date": texts.dates(np.where(part["says_start"], start, NEVER)),
            "end_date": texts.dates(np.where(end >= start, end, NEVER)),
            "weekly_quantity": texts.quantities(quantity),
            "unit": texts.taken(_UNITS, np.where(quantity >= 0, UNIT[kind], -1)),
        }
        frame = as_text(cells)
        spoilt = part["spoilt"].to_numpy() & (frame["start_date"] != "").to_numpy()
        frame.loc[spoilt, "start_date"] = frame.loc[spoilt, "start_date"].str.replace("-", "/")
        return frame

    def _line_on(self, service: Ints, date: int, *, late: Bools) -> Ints:
        """Return the place of the line of each service on a date; some know only the one before."""
        start = self._lines["start"].to_numpy()
        first, beyond = self._first_line[service], self._first_line[service + 1]
        place = np.full(len(service), -1)
        for step in range(int((beyond - first).max(initial=0))):
            at = first + step
            inside = at < beyond
            begun = inside & (start[np.minimum(at, len(start) - 1)] <= date)
            place = np.where(begun | (inside & (step == 0)), at, place)
        return np.where(late & (place > first), place - 1, place)


def as_text(cells: dict[str, object]) -> pd.DataFrame:
    """Return columns of Arrow text as a frame of `str`, empty where there is nothing."""
    frame = pd.DataFrame(
        {
            name: pd.Series(np.asarray(cell, dtype=object), dtype="str")
            for name, cell in cells.items()
        }
    )
    return frame.fillna("")
