"""When councils work: who enters what on which day, and when a new year's lines are entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import holidays
import numpy as np

from population.days import day_number, to_date
from population.draws import Bools, Ints

FOUR_WEEKS = 28
PAY_RUN = day_number(date(2026, 1, 13))
"""A Tuesday on which what providers are paid for is settled, as every fourth Tuesday is."""

FIRST_ENTRY, LAST_ENTRY = 8 * 60 + 30, 17 * 60 + 30
BATCH_MINUTE, JOB_MINUTE = 23 * 60 + 30, 1 * 60 + 30


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team and its ways: of 1,000 people, how many lack an NHS number, and lines a quantity.

    `late` is how many of 1,000 first lines it enters after the service has begun.
    """

    name: str
    size: int
    without_nhs: int
    without_quantity: int
    late: int


@dataclass(frozen=True, kw_only=True)
class Office:
    """One council's office.

    `renewals` is a function of one 1 April (day) that gives the days on which the lines of the new
    year are entered. `clock` says how its system writes instants: `utc`, `local` or `offset`.
    `shut_at_christmas`: nobody works between Christmas and New Year. `job`: its system stamps lines
    that reach their planned end, in the night, on weekends too. `always_updated`: a line that never
    changed has its creation for its last change. `portal_every`: 1 or 7 days, the latter Mondays.
    """

    gss_code: str
    name: str
    cpli_prefix: str
    person_prefix: str
    teams: tuple[Team, ...]
    renewals: Callable[[Calendar, int], Ints]
    clock: str
    shut_at_christmas: bool
    job: bool
    always_updated: bool
    portal_every: int


class Calendar:
    """The working days of one council over some years."""

    def __init__(self, *, first: int, last: int, shut_at_christmas: bool) -> None:
        days = np.arange(first, last + 1)
        years = range(to_date(first).year, to_date(last).year + 1)
        off = {
            day_number(day) for day in holidays.country_holidays("GB", subdiv="ENG", years=years)
        }
        # Day 0 was a Thursday.
        working = ((days + 3) % 7 < 5) & ~np.isin(days, sorted(off))
        quiet = np.zeros(len(days), dtype=bool)
        for year in [*years, years[-1] + 1]:
            christmas = day_number(date(year - 1, 12, 22))
            quiet |= (days >= christmas) & (days < christmas + 12)
            if shut_at_christmas:
                eve = day_number(date(year - 1, 12, 24))
                working &= (days < eve) | (days > eve + 8)
            easter = [d for d in off if to_date(d).year == year and to_date(d).month in (3, 4)]
            if easter:
                quiet |= (days >= min(easter) - 2) & (days <= max(easter) + 1)
        self.first, self.last = first, last
        self._working = working
        self._quiet = quiet
        self._days = days[working]

    def works(self, days: Ints) -> Bools:
        """Say on which days somebody works."""
        return np.asarray(self._working[np.clip(days, self.first, self.last) - self.first])

    def next(self, days: Ints) -> Ints:
        """Return each day, or the working day that follows it."""
        place = np.searchsorted(self._days, np.clip(days, self.first, self.last))
        found = self._days[np.minimum(place, len(self._days) - 1)]
        return np.where((days < self.first) | (days > self.last), days, found)

    def after(self, days: Ints, count: Ints | int) -> Ints:
        """Return the working day that lies so many working days after each day."""
        place = np.searchsorted(self._days, np.clip(days, self.first, self.last)) + count
        return np.asarray(self._days[np.clip(place, 0, len(self._days) - 1)])

    def before(self, day: int, count: int) -> Ints:
        """Return the last so many working days before a day."""
        place = int(np.searchsorted(self._days, day))
        return self._days[max(0, place - count) : place]

    def entered(self, days: Ints, draws: np.random.Generator) -> Ints:
        """Return when somebody gets round to entering what should be entered on these days.

        Some of it waits for the pay run, and most of what falls into the quiet days waits until
        they are over.
        """
        count = len(days)
        waits = draws.random(count) < 0.12
        run = days + (PAY_RUN - days) % FOUR_WEEKS
        days = np.where(waits, run, days)
        quiet = self._quiet[np.clip(days, self.first, self.last) - self.first]
        put_off = quiet & (draws.random(count) < 0.65)
        days = np.where(put_off, days + draws.integers(8, 21, count), days)
        return self.next(days)


def in_one_night(_calendar: Calendar, april: int) -> Ints:
    """Enter the new year's lines by a batch, on a Saturday night over a week ahead."""
    saturday = april - 8 - (april - 8 - 2) % 7
    return np.array([saturday])


def over_ten_nights(calendar: Calendar, april: int) -> Ints:
    """Enter them over the last ten working days of March."""
    return calendar.before(april, 10)


def late(calendar: Calendar, april: int) -> Ints:
    """Enter them by hand, when April is a week old."""
    return calendar.after(np.full(3, april), np.array([4, 5, 6]))


LEICESTER = Office(
    gss_code="E06000016",
    name="Leicester",
    cpli_prefix="",
    person_prefix="",
    teams=(
        Team(name="East Locality", size=30, without_nhs=25, without_quantity=5, late=250),
        Team(name="West Locality", size=28, without_nhs=60, without_quantity=15, late=330),
        Team(name="Hospital Discharge", size=22, without_nhs=10, without_quantity=30, late=560),
        Team(name="Learning Disability", size=12, without_nhs=90, without_quantity=8, late=200),
        Team(name="Mental Health", size=8, without_nhs=140, without_quantity=60, late=400),
    ),
    renewals=in_one_night,
    clock="utc",
    shut_at_christmas=False,
    job=True,
    always_updated=True,
    portal_every=1,
)
LEICESTERSHIRE = Office(
    gss_code="E10000018",
    name="Leicestershire",
    cpli_prefix="SRV-",
    person_prefix="LS-",
    teams=(
        Team(name="Charnwood", size=18, without_nhs=15, without_quantity=4, late=240),
        Team(name="Harborough and Melton", size=15, without_nhs=30, without_quantity=10, late=280),
        Team(name="Hinckley and Bosworth", size=16, without_nhs=20, without_quantity=6, late=260),
        Team(name="North West", size=14, without_nhs=75, without_quantity=12, late=420),
        Team(
            name="Blaby, Oadby and Wigston", size=15, without_nhs=22, without_quantity=9, late=300
        ),
        Team(name="Hospitals", size=12, without_nhs=8, without_quantity=25, late=600),
        Team(name="Working Age Adults", size=10, without_nhs=110, without_quantity=20, late=220),
    ),
    renewals=over_ten_nights,
    clock="local",
    shut_at_christmas=False,
    job=True,
    always_updated=False,
    portal_every=7,
)
RUTLAND = Office(
    gss_code="E06000017",
    name="Rutland",
    cpli_prefix="R",
    person_prefix="RC",
    teams=(
        Team(name="Community", size=70, without_nhs=30, without_quantity=10, late=300),
        Team(
            name="Hospital and Reablement", size=30, without_nhs=50, without_quantity=20, late=500
        ),
    ),
    renewals=late,
    clock="offset",
    shut_at_christmas=True,
    job=False,
    always_updated=True,
    portal_every=1,
)
OFFICES = (LEICESTER, LEICESTERSHIRE, RUTLAND)
