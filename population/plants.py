"""The discrepancies that are planted: which, how many, on whom, and when each comes and goes.

Each is planted on a person who is otherwise clean: one service, one council, a provider whose
caseloads are always accepted. What a plant does is in `recipes` (services and lines), `misreports`
(caseloads) and `portal`; what it must lead to is in `truth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import pandas as pd

from population.catalogue import SHORT, UNRECONCILED
from population.days import NEVER
from population.draws import Bools, Draws, Ints
from population.packages import reported_as_it_is
from population.people import People
from population.providers import Providers
from schemas.vocabularies import DiscrepancyType as Type

SETTLED_FOR_DAYS = 60
ROWS_THAT_BEAR_A_PLANT = 8
_LARGE_ENOUGH_TO_MOVE = 1_500
_NIGHTS = np.array([1, 2, 1, 4, 1, 7, 11], dtype=np.int64)  # on which plants come and go
_AT_MOST_OF_THE_CLEAN = 2  # one in two


class Side(IntEnum):
    """Who is wrong, and so whose next file puts it right."""

    CASELOAD = 0
    COUNCIL = 1
    PORTAL = 2


class Plant(IntEnum):
    """What is planted; several lead to one type of discrepancy."""

    PERSON_UNKNOWN = 0
    DRAFT_ONLY = 1
    ENDED_BEFORE_WINDOW = 2
    OTHER_SERVICE_ONLY = 3
    NO_CPLI_WITH_PROVIDER = 4
    NOT_REPORTED = 5
    NOT_REPORTED_YET = 6
    AFTER_END = 7
    RENEWAL_IN_DRAFT = 8
    OTHER_PROVIDER = 9
    IDENTITY = 10
    REPORTED_ENDED = 11
    BEFORE_START = 12
    NOT_STARTED = 13
    OTHER_SERVICE_TYPE = 14
    POSSIBLE_MATCH = 15
    NOT_ON_PORTAL = 16
    ONLY_ON_PORTAL = 17
    UNAUTHORISED_ON_PORTAL = 18
    PORTAL_DIFFERS = 19
    CPLI_TWICE = 20
    ENTRY_TWICE = 21
    OTHER_START = 22
    OTHER_END = 23
    OTHER_QUANTITY = 24


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a plant is dosed: `rate` of 100,000 people have it on a night, `least` in any population.

    `variants` are planted in turn. It `moves` where some are put right in time, and
    `arises` where some come in time.
    """

    type: Type
    side: Side
    rate: int
    least: int
    variants: int = 1
    moves: bool = True
    arises: bool = True


KINDS: Mapping[Plant, Kind] = MappingProxyType(
    {
        Plant.PERSON_UNKNOWN: Kind(type=Type.CPLI_NOT_FOUND, side=Side.CASELOAD, rate=60, least=3),
        Plant.DRAFT_ONLY: Kind(type=Type.CPLI_NOT_FOUND, side=Side.COUNCIL, rate=60, least=2),
        Plant.ENDED_BEFORE_WINDOW: Kind(
            type=Type.CPLI_NOT_FOUND, side=Side.CASELOAD, rate=15, least=1
        ),
        Plant.OTHER_SERVICE_ONLY: Kind(
            type=Type.CPLI_NOT_FOUND, side=Side.CASELOAD, rate=25, least=1
        ),
        Plant.NO_CPLI_WITH_PROVIDER: Kind(
            type=Type.CPLI_NOT_FOUND, side=Side.COUNCIL, rate=70, least=2
        ),
        Plant.NOT_REPORTED: Kind(
            type=Type.SUPPORT_NOT_REPORTED, side=Side.CASELOAD, rate=150, least=3
        ),
        Plant.NOT_REPORTED_YET: Kind(
            type=Type.SUPPORT_NOT_REPORTED,
            side=Side.CASELOAD,
            rate=40,
            least=1,
            moves=False,
            arises=False,
        ),
        Plant.AFTER_END: Kind(type=Type.SUPPORT_AFTER_END, side=Side.CASELOAD, rate=140, least=3),
        Plant.RENEWAL_IN_DRAFT: Kind(
            type=Type.SUPPORT_AFTER_END, side=Side.COUNCIL, rate=50, least=2
        ),
        Plant.OTHER_PROVIDER: Kind(
            type=Type.PROVIDER_DIFFERS, side=Side.COUNCIL, rate=80, least=3, arises=False
        ),
        Plant.IDENTITY: Kind(
            type=Type.IDENTITY_DIFFERS, side=Side.CASELOAD, rate=120, least=3, variants=3
        ),
        Plant.REPORTED_ENDED: Kind(type=Type.SUPPORT_ENDED, side=Side.COUNCIL, rate=90, least=3),
        Plant.BEFORE_START: Kind(
            type=Type.SUPPORT_BEFORE_START, side=Side.CASELOAD, rate=40, least=2
        ),
        Plant.NOT_STARTED: Kind(
            type=Type.SUPPORT_NOT_STARTED, side=Side.CASELOAD, rate=40, least=2
        ),
        Plant.OTHER_SERVICE_TYPE: Kind(
            type=Type.SERVICE_TYPE_DIFFERS, side=Side.CASELOAD, rate=80, least=2
        ),
        Plant.POSSIBLE_MATCH: Kind(
            type=Type.POSSIBLE_MATCH, side=Side.CASELOAD, rate=120, least=4, variants=2
        ),
        Plant.NOT_ON_PORTAL: Kind(type=Type.NOT_ON_PORTAL, side=Side.PORTAL, rate=80, least=3),
        Plant.ONLY_ON_PORTAL: Kind(type=Type.ONLY_ON_PORTAL, side=Side.PORTAL, rate=40, least=2),
        Plant.UNAUTHORISED_ON_PORTAL: Kind(
            type=Type.UNAUTHORISED_ON_PORTAL, side=Side.PORTAL, rate=40, least=2, variants=2
        ),
        Plant.PORTAL_DIFFERS: Kind(
            type=Type.PORTAL_DIFFERS, side=Side.PORTAL, rate=150, least=8, variants=8
        ),
        Plant.CPLI_TWICE: Kind(type=Type.DUPLICATE_CPLI, side=Side.COUNCIL, rate=50, least=2),
        Plant.ENTRY_TWICE: Kind(type=Type.DUPLICATE_ENTRY, side=Side.CASELOAD, rate=70, least=2),
        Plant.OTHER_START: Kind(
            type=Type.START_DATE_DIFFERS, side=Side.CASELOAD, rate=160, least=3, variants=2
        ),
        Plant.OTHER_END: Kind(type=Type.END_DATE_DIFFERS, side=Side.CASELOAD, rate=80, least=2),
        Plant.OTHER_QUANTITY: Kind(
            type=Type.QUANTITY_DIFFERS, side=Side.CASELOAD, rate=250, least=4, variants=2
        ),
    }
)


@dataclass(kw_only=True)
class Ground:
    """What plants are put into: the services, which of them are still clean, and lines to add.

    `active` is how many services each provider has on the first night, `accepted` the date of its
    accepted caseload.
    """

    draws: Draws
    services: pd.DataFrame
    people: People
    providers: Providers
    active: Ints
    run_day: int
    accepted: Ints
    free: Ints
    lines: list[pd.DataFrame] = field(default_factory=list)
    strangers_used: int = 0

    def take(self, count: int, usable: Bools | None = None) -> Ints:
        """Take this many clean services, or as many as there are; `usable` is over all services."""
        fits = np.ones(len(self.free), dtype=bool) if usable is None else usable[self.free]
        taken = np.flatnonzero(fits)[:count]
        rows = self.free[taken]
        self.free = np.delete(self.free, taken)
        return rows

    @property
    def fit(self) -> Bools:
        """Whose caseloads are always accepted, and long enough to bear a plant or two."""
        return self.providers.reliable() & (self.active >= ROWS_THAT_BEAR_A_PLANT)

    def stranger(self) -> int:
        """Return the record of a person whom no council knows and no entry has meant so far."""
        self.strangers_used += 1
        return self.people.known + (self.strangers_used - 1) % self.people.strangers

    def set(self, rows: Ints, **values: object) -> None:
        """Set columns of these services."""
        for name, value in values.items():
            self.services.iloc[rows, self.services.columns.get_loc(name)] = value

    def settle(self, rows: Ints, **values: object) -> None:
        """Make services plain: a line a year at most, stated in full, reported as they are."""
        self.set(rows, frozen=True, weekend=0, gap=0, lead=0, tail=0, splits=False)
        self.set(rows, change_1=NEVER, change_2=NEVER, old_reference=False)
        for said in ("nhs", "person", "names", "council", "quantity", "start", "end"):
            self.set(rows, **{f"says_{said}": True})
        self.set(rows, **values)
        reported_as_it_is(self.services, rows)

    def add(self, rows: Ints, **values: object) -> Ints:
        """Add services like these ones, changed, that no council holds; return their rows."""
        first = len(self.services)
        self.services = pd.concat([self.services, self.services.iloc[rows]], ignore_index=True)
        added = np.arange(first, first + len(rows))
        self.set(added, on_council=False, plant=-1)
        self.settle(added, **values)
        return added


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The plants of one kind, and from which day and before which day each is there."""

    plant: Plant
    count: int
    arises: Ints
    righted: Ints
    variant: Ints


def clean_services(
    services: pd.DataFrame, *, people: People, providers: Providers, active: Ints, run_day: int
) -> Bools:
    """Say which services are plain enough to be planted on; `active` counts them by provider."""
    fit = providers.reliable() & (active >= ROWS_THAT_BEAR_A_PLANT)
    record = services["record"].to_numpy()
    records = people.records
    alone = np.bincount(record, minlength=len(records))[record] == 1
    kind = services["type"].to_numpy()
    known = records["holds_nhs"] & records["holds_identity"] & records["alone"]
    return np.asarray(
        alone
        & known.to_numpy()[record]
        & fit[services["provider"].to_numpy()]
        & (services["end"] == NEVER).to_numpy()
        & (services["start"] <= run_day - SETTLED_FOR_DAYS).to_numpy()
        & (services["created"] <= run_day - SETTLED_FOR_DAYS // 2).to_numpy()
        & ~services["draft"].to_numpy()
        & ~UNRECONCILED[kind]
        & ~SHORT[kind]
    )


def batches(*, people: int, clean: int, run_day: int) -> list[Batch]:
    """Return how many of each kind are planted, and when they come and go.

    Of those there on the first night the first two last; of the others every third is put right in
    the weeks after it, and as many arise. Where few people are clean, fewer are planted.
    """
    wanted = {
        plant: max(kind.least, kind.rate * people // 100_000) for plant, kind in KINDS.items()
    }
    room = clean // _AT_MOST_OF_THE_CLEAN
    if sum(wanted.values()) > room:
        wanted = {plant: min(wanted[plant], 1 + room // (2 * len(KINDS))) for plant in KINDS}
    result = []
    for plant, kind in KINDS.items():
        now = wanted[plant]
        later = max(1, now // 4) if kind.arises and people >= _LARGE_ENOUGH_TO_MOVE else 0
        number = np.arange(now + later)
        night = _NIGHTS[(number + plant) % len(_NIGHTS)]
        arising = number >= now
        righted = kind.moves & ~arising & (number >= 2) & (number % 3 == 2)
        result.append(
            Batch(
                plant=plant,
                count=now + later,
                arises=np.where(arising, run_day + night, -NEVER),
                righted=np.where(righted, run_day + night, NEVER),
                variant=number % kind.variants,
            )
        )
    return result
