"""What councils buy: the 27 service types, how often, in which amounts, from which trade."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from population.draws import Ints
from schemas.vocabularies import ServiceCategory, ServiceType, Unit


class Trade(IntEnum):
    """What kind of business a provider runs; `SUPPLIES` are equipment and payment agents."""

    HOME_CARE = 0
    CARE_HOME = 1
    SUPPORTED_LIVING = 2
    DAY_SERVICES = 3
    COMMUNITY = 4
    SUPPLIES = 5


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service type; `weight` is how many of 1,000 services are of it.

    `quarters` are the usual weekly quantities in quarters of the unit; `short` services last weeks,
    others years; some are bought as a weekday and a weekend line.
    """

    type: ServiceType
    weight: int
    trade: Trade
    category: ServiceCategory
    unit: Unit
    quarters: tuple[int, ...]
    descriptions: tuple[str, ...]
    short: bool = False
    weekend: str | None = None


_HOURS = (14, 28, 35, 42, 56, 70, 84, 112)
_WEEK = (4,)

SERVICES: tuple[Service, ...] = (
    Service(
        type=ServiceType.HOME_SUPPORT,
        weight=300,
        trade=Trade.HOME_CARE,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.HOURS,
        quarters=_HOURS,
        descriptions=("Home care", "Home care, double-handed", "Home care, four visits a day"),
        weekend="Home care, weekend",
    ),
    Service(
        type=ServiceType.LONG_TERM_RESIDENTIAL,
        weight=160,
        trade=Trade.CARE_HOME,
        category=ServiceCategory.LONG_TERM_RESIDENTIAL,
        unit=Unit.WEEKS,
        quarters=_WEEK,
        descriptions=("Residential care", "Residential care with dementia"),
    ),
    Service(
        type=ServiceType.LONG_TERM_NURSING,
        weight=70,
        trade=Trade.CARE_HOME,
        category=ServiceCategory.LONG_TERM_NURSING,
        unit=Unit.WEEKS,
        quarters=_WEEK,
        descriptions=("Nursing care", "Nursing care with dementia"),
    ),
    Service(
        type=ServiceType.COMMUNITY_SUPPORTED_LIVING,
        weight=80,
        trade=Trade.SUPPORTED_LIVING,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.HOURS,
        quarters=(40, 80, 112, 140, 224, 336),
        descriptions=("Supported living", "Supported living, shared hours"),
        weekend="Supported living, weekend",
    ),
    Service(
        type=ServiceType.DIRECT_PAYMENT,
        weight=85,
        trade=Trade.SUPPLIES,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.HOURS,
        quarters=_HOURS,
        descriptions=("Direct payment", "Direct payment, managed account"),
    ),
    Service(
        type=ServiceType.EQUIPMENT,
        weight=50,
        trade=Trade.SUPPLIES,
        category=ServiceCategory.SHORT_TERM_LOW_LEVEL,
        unit=Unit.WEEKS,
        quarters=_WEEK,
        descriptions=("Equipment on loan", "Community alarm"),
    ),
    Service(
        type=ServiceType.DAY_SUPPORT,
        weight=55,
        trade=Trade.DAY_SERVICES,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.DAYS,
        quarters=(4, 8, 12, 16, 20),
        descriptions=("Day centre", "Day opportunities"),
    ),
    Service(
        type=ServiceType.SHARED_LIVES,
        weight=15,
        trade=Trade.SUPPORTED_LIVING,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.NIGHTS,
        quarters=(28,),
        descriptions=("Shared Lives placement",),
    ),
    Service(
        type=ServiceType.REABLEMENT,
        weight=50,
        trade=Trade.HOME_CARE,
        category=ServiceCategory.SHORT_TERM_MAXIMISE,
        unit=Unit.HOURS,
        quarters=(14, 28, 35, 42),
        descriptions=("Reablement",),
        short=True,
    ),
    Service(
        type=ServiceType.SHORT_TERM_RESIDENTIAL,
        weight=25,
        trade=Trade.CARE_HOME,
        category=ServiceCategory.SHORT_TERM_OTHER,
        unit=Unit.WEEKS,
        quarters=_WEEK,
        descriptions=("Short stay, residential", "Assessment bed"),
        short=True,
    ),
    Service(
        type=ServiceType.SHORT_TERM_NURSING,
        weight=10,
        trade=Trade.CARE_HOME,
        category=ServiceCategory.SHORT_TERM_OTHER,
        unit=Unit.WEEKS,
        quarters=_WEEK,
        descriptions=("Short stay, nursing",),
        short=True,
    ),
    Service(
        type=ServiceType.MEALS,
        weight=12,
        trade=Trade.DAY_SERVICES,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.VISITS,
        quarters=(20, 28),
        descriptions=("Meals at home",),
    ),
    Service(
        type=ServiceType.TRANSPORT,
        weight=16,
        trade=Trade.DAY_SERVICES,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.DAYS,
        quarters=(4, 8, 12, 20),
        descriptions=("Transport to day centre",),
    ),
    Service(
        type=ServiceType.PROFESSIONAL_SUPPORT,
        weight=6,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.SHORT_TERM_LOW_LEVEL,
        unit=Unit.VISITS,
        quarters=(4, 8),
        descriptions=("Occupational therapy",),
    ),
    Service(
        type=ServiceType.SOCIAL_WORKER_SUPPORT,
        weight=5,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.SHORT_TERM_LOW_LEVEL,
        unit=Unit.VISITS,
        quarters=(4,),
        descriptions=("Social work support",),
    ),
    Service(
        type=ServiceType.LEARNING_EMPLOYMENT,
        weight=7,
        trade=Trade.DAY_SERVICES,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.DAYS,
        quarters=(4, 8, 12),
        descriptions=("Supported employment",),
    ),
    Service(
        type=ServiceType.END_OF_LIFE,
        weight=6,
        trade=Trade.HOME_CARE,
        category=ServiceCategory.SHORT_TERM_OTHER,
        unit=Unit.HOURS,
        quarters=(56, 84, 112),
        descriptions=("End of life care at home",),
        short=True,
    ),
    Service(
        type=ServiceType.EMERGENCY_SUPPORT,
        weight=4,
        trade=Trade.HOME_CARE,
        category=ServiceCategory.SHORT_TERM_OTHER,
        unit=Unit.HOURS,
        quarters=(14, 28),
        descriptions=("Crisis response",),
        short=True,
    ),
    Service(
        type=ServiceType.OTHER_SHORT_TERM,
        weight=6,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.SHORT_TERM_OTHER,
        unit=Unit.HOURS,
        quarters=(8, 16),
        descriptions=("Short-term community support",),
        short=True,
    ),
    Service(
        type=ServiceType.OTHER_LONG_TERM,
        weight=7,
        trade=Trade.SUPPORTED_LIVING,
        category=ServiceCategory.LONG_TERM_COMMUNITY,
        unit=Unit.HOURS,
        quarters=(8, 16, 40),
        descriptions=("Floating support",),
    ),
    Service(
        type=ServiceType.CARER_RESPITE,
        weight=10,
        trade=Trade.CARE_HOME,
        category=ServiceCategory.CARER_INVOLVING_PERSON,
        unit=Unit.NIGHTS,
        quarters=(4, 8),
        descriptions=("Carer's respite stay",),
    ),
    Service(
        type=ServiceType.CARER_SITTING,
        weight=8,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.CARER_INVOLVING_PERSON,
        unit=Unit.HOURS,
        quarters=(8, 12, 16),
        descriptions=("Sitting service",),
    ),
    Service(
        type=ServiceType.CARER_UNIVERSAL,
        weight=3,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.CARER_DIRECT,
        unit=Unit.VISITS,
        quarters=(4,),
        descriptions=("Carers' drop-in",),
    ),
    Service(
        type=ServiceType.CARER_OTHER,
        weight=4,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.CARER_DIRECT,
        unit=Unit.HOURS,
        quarters=(4, 8),
        descriptions=("Carer's personal budget",),
    ),
    Service(
        type=ServiceType.NOT_HELD_SYSTEM,
        weight=2,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.NOT_HELD_SYSTEM,
        unit=Unit.HOURS,
        quarters=(8,),
        descriptions=("Migrated package",),
    ),
    Service(
        type=ServiceType.NOT_HELD_INDIVIDUAL,
        weight=2,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.NOT_HELD_INDIVIDUAL,
        unit=Unit.HOURS,
        quarters=(8,),
        descriptions=("Package of unknown kind",),
    ),
    Service(
        type=ServiceType.OTHER,
        weight=6,
        trade=Trade.COMMUNITY,
        category=ServiceCategory.OTHER,
        unit=Unit.HOURS,
        quarters=(4, 8, 16),
        descriptions=("Spot purchase",),
    ),
)

NUMBER = {service.type: number for number, service in enumerate(SERVICES)}
UNITS = tuple(Unit)

WEIGHTS = [service.weight for service in SERVICES]
TRADE = np.array([service.trade for service in SERVICES], dtype=np.int64)
UNIT = np.array([UNITS.index(service.unit) for service in SERVICES], dtype=np.int64)
SHORT = np.array([service.short for service in SERVICES])
HAS_WEEKEND = np.array([service.weekend is not None for service in SERVICES])
# An unpaired service of these raises nothing, and they do not count in rule 5.
UNRECONCILED = np.array(
    [service.type in (ServiceType.DIRECT_PAYMENT, ServiceType.EQUIPMENT) for service in SERVICES]
)
_BESIDE_OTHERS = {
    ServiceType.EQUIPMENT: 25,
    ServiceType.DAY_SUPPORT: 20,
    ServiceType.DIRECT_PAYMENT: 12,
    ServiceType.TRANSPORT: 12,
    ServiceType.HOME_SUPPORT: 10,
    ServiceType.MEALS: 8,
    ServiceType.CARER_RESPITE: 6,
    ServiceType.CARER_SITTING: 4,
    ServiceType.PROFESSIONAL_SUPPORT: 3,
}
COMPANIONS = np.array([NUMBER[service] for service in _BESIDE_OTHERS], dtype=np.int64)
"""What people have beside their main service, as often as `COMPANION_WEIGHTS` say."""
COMPANION_WEIGHTS = list(_BESIDE_OTHERS.values())

DESCRIPTIONS = tuple(
    text
    for service in SERVICES
    for text in (*service.descriptions, *((service.weekend,) if service.weekend else ()))
)
FIRST_DESCRIPTION = np.array(
    [DESCRIPTIONS.index(service.descriptions[0]) for service in SERVICES], dtype=np.int64
)
DESCRIPTION_COUNT = np.array([len(service.descriptions) for service in SERVICES], dtype=np.int64)
WEEKEND_DESCRIPTION = FIRST_DESCRIPTION + DESCRIPTION_COUNT

_AMOUNTS = max(len(service.quarters) for service in SERVICES)
AMOUNT_COUNT = np.array([len(service.quarters) for service in SERVICES], dtype=np.int64)
AMOUNTS = np.array(
    [
        [*service.quarters, *([service.quarters[0]] * (_AMOUNTS - len(service.quarters)))]
        for service in SERVICES
    ],
    dtype=np.int64,
)


def others_of_trade(service: int) -> Ints:
    """Return the service types that the same trade sells beside this one, all reconciled."""
    same = (TRADE[service] == TRADE) & ~UNRECONCILED
    same[service] = False
    return np.flatnonzero(same)
