"""The faults of sources: what councils, the portal and providers get wrong in the writing.

Each is put on a service that is otherwise clean and nothing is planted on, so that the faulty
row is reported with its rejection or warning and leads to no discrepancy (rules 2, 9.4 to 9.6
and 10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from population.draws import Bools, Ints
from population.plants import Ground

Texts: TypeAlias = pa.Array
Rewrite = Callable[[Texts], Texts]

_ROWS_FOR_A_REJECTION = 20
_WARNING_RATE, _REJECTION_RATE = 40, 12  # of 100,000 people


class Source(IntEnum):
    """Which table a fault is in."""

    CPLI = 0
    PORTAL = 1
    CASELOAD = 2


class How(IntEnum):
    """How a fault shows: in the text of a column, or in something that the views build."""

    TEXT = 0
    END_BEFORE_START = 1
    REPEATED = 2
    REPEATED_DIFFERENTLY = 3
    ANOTHERS_REFERENCE = 4


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault: what the column says instead of the right text, or how to make it of that.

    `whole` puts it on every line of the service, else it is on the open line.
    """

    source: Source
    column: str = ""
    says: str | Rewrite | None = None
    how: How = How.TEXT
    rejects: bool = False
    whole: bool = False


def _spaced(numbers: Texts) -> Texts:
    parts = [pc.utf8_slice_codeunits(numbers, *bounds) for bounds in ((0, 3), (3, 6), (6, 10))]
    return pc.binary_join_element_wise(*parts, " ")


def _with_wrong_check_digit(numbers: Texts) -> Texts:
    texts = (text and f"{text[:9]}{(int(text[9]) + 1) % 10}" for text in numbers.to_pylist())
    return pa.array(texts, type=pa.string())


def _shortened(numbers: Texts) -> Texts:
    return pc.utf8_slice_codeunits(numbers, 0, 9)


def _without_zone(instants: Texts) -> Texts:
    return pc.utf8_slice_codeunits(instants, 0, 19)


_IN_CPLI = Source.CPLI
_IN_PORTAL = Source.PORTAL
_IN_CASELOAD = Source.CASELOAD

FAULTS: tuple[Fault, ...] = (
    Fault(source=_IN_CPLI, column="nhs_number", says=_with_wrong_check_digit, whole=True),
    Fault(source=_IN_CPLI, column="nhs_number", says=_shortened, whole=True),
    Fault(source=_IN_CPLI, column="nhs_number", says="9999999999", whole=True),
    Fault(source=_IN_CPLI, column="nhs_number", says=_spaced, whole=True),
    Fault(source=_IN_CPLI, column="date_of_birth", says="1941-02-30", whole=True),
    Fault(source=_IN_CPLI, column="date_of_birth", says="2187-01-01", whole=True),
    Fault(source=_IN_CPLI, column="date_of_birth", says="1868-03-01", whole=True),
    Fault(source=_IN_CPLI, column="weekly_quantity", says="-7"),
    Fault(source=_IN_CPLI, column="weekly_quantity", says="14 hrs"),
    Fault(source=_IN_CPLI, column="unit", says="sessions"),
    Fault(source=_IN_CPLI, column="service_type", says="DOMCARE", whole=True),
    Fault(source=_IN_CPLI, column="service_category", says="LTS-X"),
    Fault(source=_IN_CPLI, column="created_at", says="last Tuesday"),
    Fault(source=_IN_CPLI, column="created_at", says=_without_zone, whole=True),
    Fault(source=_IN_CPLI, column="updated_at", says="n/k"),
    Fault(source=_IN_CPLI, how=How.REPEATED),
    Fault(source=_IN_CPLI, column="cpli_id", rejects=True),
    Fault(source=_IN_CPLI, column="person_id", rejects=True),
    Fault(source=_IN_CPLI, column="provider_id", rejects=True),
    Fault(source=_IN_CPLI, column="service_type", rejects=True),
    Fault(source=_IN_CPLI, column="start_date", rejects=True),
    Fault(source=_IN_CPLI, column="start_date", says="2026-02-30", rejects=True),
    Fault(source=_IN_CPLI, column="end_date", says="open", rejects=True),
    Fault(source=_IN_CPLI, how=How.END_BEFORE_START, rejects=True),
    Fault(source=_IN_CPLI, column="authorisation", says="approved", rejects=True),
    Fault(source=_IN_CPLI, how=How.REPEATED_DIFFERENTLY, rejects=True),
    Fault(source=_IN_PORTAL, column="weekly_quantity", says="14 hrs"),
    Fault(source=_IN_PORTAL, column="unit", says="sessions"),
    Fault(source=_IN_PORTAL, column="service_type", says="DOMCARE"),
    Fault(source=_IN_PORTAL, how=How.REPEATED),
    Fault(source=_IN_PORTAL, column="person_id", rejects=True),
    Fault(source=_IN_PORTAL, column="provider_id", rejects=True),
    Fault(source=_IN_PORTAL, column="start_date", says="30/02/2026", rejects=True),
    Fault(source=_IN_PORTAL, how=How.END_BEFORE_START, rejects=True),
    Fault(source=_IN_CASELOAD, column="nhs_number", says=_with_wrong_check_digit),
    Fault(source=_IN_CASELOAD, column="nhs_number", says=_spaced),
    Fault(source=_IN_CASELOAD, column="date_of_birth", says="spring 1941"),
    Fault(source=_IN_CASELOAD, column="weekly_quantity", says="-7"),
    Fault(source=_IN_CASELOAD, column="weekly_quantity", says="two visits"),
    Fault(source=_IN_CASELOAD, column="unit", says="sessions"),
    Fault(source=_IN_CASELOAD, column="service_type", says="Home care"),
    Fault(source=_IN_CASELOAD, column="local_authority", says="Leicester"),
    Fault(source=_IN_CASELOAD, how=How.ANOTHERS_REFERENCE),
    Fault(source=_IN_CASELOAD, column="start_date", says="last spring", rejects=True),
    Fault(source=_IN_CASELOAD, column="end_date", says="ongoing", rejects=True),
    Fault(source=_IN_CASELOAD, how=How.END_BEFORE_START, rejects=True),
    Fault(source=_IN_CASELOAD, column="service_type", rejects=True),
    Fault(source=_IN_CASELOAD, column="provider_id", says="P9999", rejects=True),
    Fault(source=_IN_CASELOAD, column="caseload_date", says="1999-12-31", rejects=True),
)
UNREADABLE_START = next(
    number for number, fault in enumerate(FAULTS) if fault.says == "last spring"
)


def plant_faults(ground: Ground, *, people: int) -> None:
    """Put every fault on clean services: at least one of a kind, more with more people."""
    for number, fault in enumerate(FAULTS):
        rate = _REJECTION_RATE if fault.rejects else _WARNING_RATE
        usable = None
        if fault.source is Source.CASELOAD and fault.rejects:
            usable = _may_reject(ground)
        rows = ground.take(max(1, rate * people // 100_000), usable)
        ground.settle(rows)
        ground.set(rows, fault=number)
        if fault.how is How.ANOTHERS_REFERENCE:
            ground.set(rows, other=_neighbours(ground, rows), says_cpli=True)


def _may_reject(ground: Ground) -> Bools:
    """Allow one rejected entry a provider, and none where it would weigh much (rule 5)."""
    providers = ground.services["provider"].to_numpy()
    free = ground.free
    taken = np.zeros(ground.providers.count, dtype=bool)
    rejecting = [number for number, fault in enumerate(FAULTS) if fault.rejects]
    faulty = np.isin(ground.services["fault"].to_numpy(), rejecting)
    taken[providers[faulty]] = True
    taken |= ground.active < _ROWS_FOR_A_REJECTION
    usable = np.zeros(len(ground.services), dtype=bool)
    first = free[~pd.Series(providers[free]).duplicated().to_numpy()]
    usable[first] = ~taken[providers[first]]
    return usable


def _neighbours(ground: Ground, rows: Ints) -> Ints:
    """Take a clean service of each one's council, whose reference its entry quotes by mistake."""
    councils = ground.services["council"].to_numpy()
    found = [ground.take(1, councils == councils[row]) for row in rows.tolist()]
    return np.array(
        [taken[0] if len(taken) else row for taken, row in zip(found, rows, strict=True)],
        dtype=np.int64,
    )
