"""What the planted discrepancies must lead to on a night, by the rules and without running them.

Each plant is on a person who is otherwise clean, so what follows from it can be said one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from population.caseloads import Caseloads
from population.catalogue import UNRECONCILED
from population.councils import Council
from population.days import NEVER, window_start
from population.draws import Bools, Ints
from population.extracts import cpli_ids, person_ids, portal_date
from population.lines import AUTHORISED, LOOSE, MAIN, REPEAT, Lines
from population.misreports import planted
from population.people import People
from population.plants import KINDS, Plant
from population.providers import Providers, provider_id
from schemas.vocabularies import DiscrepancyType as Type

TRUTH_COLUMNS = (
    "type",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "caseload_rows",
)

TruthRow = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Night:
    """What the night's sources hold; `delivered` are the lines of the councils' extracts.

    `missing` are the places of the councils whose extract did not come.
    """

    run_day: int
    councils: Sequence[Council]
    missing: frozenset[int]
    people: People
    providers: Providers
    services: pd.DataFrame
    lines: Lines
    delivered: pd.DataFrame
    caseloads: Caseloads


def truth_of(night: Night) -> list[TruthRow]:
    """Return the rows of `truth.csv`, sorted."""
    service = np.flatnonzero(night.services["plant"].to_numpy() >= 0)
    plant = night.services["plant"].to_numpy()[service]
    accepted = night.caseloads.accepted
    date = accepted[night.services["provider"].to_numpy()[service]]
    portal = np.array([portal_date(council, night.run_day) for council in night.councils])
    extract = portal[night.services["council"].to_numpy()[service]]
    wanted = np.zeros(len(service), dtype=bool)
    for kind, shows in _SHOWS.items():
        mine = plant == kind
        day = _Days(service=service[mine], caseload=date[mine], portal=extract[mine])
        wanted[mine] = shows(night, day)
    assessed = ~np.isin(night.services["council"].to_numpy()[service], list(night.missing))
    found = service[wanted & assessed]
    return sorted([*_rows(night, found), *_overdue(night, accepted)])


@dataclass(frozen=True, kw_only=True)
class _Days:
    """Planted services, with the date of their provider's accepted caseload and of the portal."""

    service: Ints
    caseload: Ints
    portal: Ints


def _in_caseload(night: Night, days: _Days) -> Bools:
    return planted(days.service, days.caseload, night.services)


def _on_portal(night: Night, days: _Days) -> Bools:
    return planted(days.service, days.portal, night.services)


def _until_council_mends(night: Night, days: _Days) -> Bools:
    """There from the first caseload that shows it until the council's extract is right."""
    arises = night.services["arises"].to_numpy()[days.service]
    righted = night.services["righted"].to_numpy()[days.service]
    return np.asarray((arises <= days.caseload) & (night.run_day < righted))


def _council_mends_listed(night: Night, days: _Days) -> Bools:
    return np.asarray(night.run_day < night.services["righted"].to_numpy()[days.service])


def _entered_twice(night: Night, days: _Days) -> Bools:
    return planted(days.service, np.full(len(days.service), night.run_day), night.services)


def _person_unknown(night: Night, days: _Days) -> Bools:
    """Not while a council is missing that the person might be known to (rule 9.1)."""
    names_council = night.services["says_council"].to_numpy()[days.service]
    return np.asarray(_in_caseload(night, days) & (names_council | (not night.missing)))


_SHOWS: Mapping[Plant, Callable[[Night, _Days], Bools]] = MappingProxyType(
    {
        Plant.PERSON_UNKNOWN: _person_unknown,
        Plant.DRAFT_ONLY: _until_council_mends,
        Plant.ENDED_BEFORE_WINDOW: _in_caseload,
        Plant.OTHER_SERVICE_ONLY: _in_caseload,
        Plant.NO_CPLI_WITH_PROVIDER: _until_council_mends,
        Plant.NOT_REPORTED: _in_caseload,
        Plant.NOT_REPORTED_YET: _in_caseload,
        Plant.AFTER_END: _in_caseload,
        Plant.RENEWAL_IN_DRAFT: _until_council_mends,
        Plant.OTHER_PROVIDER: _council_mends_listed,
        Plant.IDENTITY: _in_caseload,
        Plant.REPORTED_ENDED: _until_council_mends,
        Plant.BEFORE_START: _in_caseload,
        Plant.NOT_STARTED: _in_caseload,
        Plant.OTHER_SERVICE_TYPE: _in_caseload,
        Plant.POSSIBLE_MATCH: _in_caseload,
        Plant.NOT_ON_PORTAL: _on_portal,
        Plant.ONLY_ON_PORTAL: _on_portal,
        Plant.UNAUTHORISED_ON_PORTAL: _on_portal,
        Plant.PORTAL_DIFFERS: _on_portal,
        Plant.CPLI_TWICE: _entered_twice,
        Plant.ENTRY_TWICE: _in_caseload,
        Plant.OTHER_START: _in_caseload,
        Plant.OTHER_END: _in_caseload,
        Plant.OTHER_QUANTITY: _in_caseload,
    }
)
_WITHOUT_IDS = (Type.CPLI_NOT_FOUND, Type.DUPLICATE_ENTRY, Type.CASELOAD_OVERDUE)
_WITHOUT_ROWS = (
    Type.SUPPORT_NOT_REPORTED,
    Type.NOT_ON_PORTAL,
    Type.ONLY_ON_PORTAL,
    Type.UNAUTHORISED_ON_PORTAL,
    Type.PORTAL_DIFFERS,
    Type.DUPLICATE_CPLI,
    Type.CASELOAD_OVERDUE,
)


def _rows(night: Night, found: Ints) -> list[TruthRow]:
    services = night.services.take(found)
    plants = [Plant(number) for number in services["plant"].tolist()]
    ids = _ids(night, found)
    rows = _caseload_rows(night, found)
    record = services["record"].to_numpy()
    refs = night.people.records["ref"].to_numpy()[record]
    persons = person_ids(night.councils, services["council"].to_numpy(), refs).to_pylist()
    named = (services["says_council"] | (refs > 0)).to_numpy()
    result = []
    for place, plant in enumerate(plants):
        kind = KINDS[plant].type
        service = int(found[place])
        council = night.councils[int(services["council"].iloc[place])]
        result.append(
            (
                kind.value,
                council.gss_code if named[place] else "",
                provider_id(int(services["provider"].iloc[place])),
                persons[place] or "",
                "" if kind in _WITHOUT_IDS else ids[service],
                "" if kind in _WITHOUT_ROWS else rows.get(service, ""),
            )
        )
    return result


def _ids(night: Night, found: Ints) -> dict[int, str]:
    """Return the `cpli_id`s each discrepancy is about: of the spell, the group or the one line."""
    one_line = {Plant.NOT_ON_PORTAL: MAIN, Plant.PORTAL_DIFFERS: MAIN}
    loose = (Plant.UNAUTHORISED_ON_PORTAL, Plant.ONLY_ON_PORTAL)
    plant = night.services["plant"].to_numpy()
    delivered = night.delivered
    valid = (delivered["authorisation"] == AUTHORISED) & (
        delivered["end"] >= window_start(night.run_day)
    )
    mine = np.isin(delivered["service"], found)
    open_line = (delivered["end"] == NEVER).to_numpy()
    kind = plant[delivered["service"]]
    only_open = np.isin(kind, [*one_line, Plant.CPLI_TWICE])
    shown = delivered[mine & valid & (~only_open | open_line) & ~np.isin(kind, loose)]
    table = night.lines.table
    stray = table[np.isin(table["service"], found) & (table["line"] == LOOSE)]
    both = pd.concat([shown, stray[np.isin(plant[stray["service"]], loose)]])
    texts = cpli_ids(
        night.councils, both["council"].to_numpy(), both["number"].to_numpy()
    ).to_pylist()
    return _joined(both["service"].tolist(), texts)


def _caseload_rows(night: Night, found: Ints) -> dict[int, str]:
    """Return the rows of the accepted caseload that each discrepancy is about."""
    entries = night.caseloads.entries
    accepted = night.caseloads.files["accepted"].to_numpy()[entries["file"]]
    mine = entries[accepted & np.isin(entries["service"], found)].sort_values("row")
    return _joined(mine["service"].tolist(), [str(row) for row in mine["row"].tolist()])


def _joined(keys: Sequence[int], texts: Sequence[str]) -> dict[int, str]:
    grouped: dict[int, list[str]] = {}
    for key, text in zip(keys, texts, strict=True):
        grouped.setdefault(key, []).append(text)
    return {
        key: ";".join(sorted(group, key=lambda t: (len(t), t))) for key, group in grouped.items()
    }


def _overdue(night: Night, accepted: Ints) -> list[TruthRow]:
    """Return one row for each provider without an accepted caseload and each of its councils."""
    delivered = night.delivered
    silent = accepted[delivered["provider"]] == NEVER
    counted = silent & ~UNRECONCILED[delivered["type"]]
    counted &= (delivered["authorisation"] == AUTHORISED).to_numpy()
    counted &= ~delivered["council"].isin(night.missing).to_numpy()
    spells = delivered[counted & (delivered["line"] != REPEAT).to_numpy()].groupby("service")
    span = spells.agg(
        council=("council", "first"),
        provider=("provider", "first"),
        start=("start", "min"),
        end=("end", "max"),
    )
    active = span[(span["start"] <= night.run_day) & (span["end"] >= night.run_day)]
    pairs = active[["council", "provider"]].drop_duplicates()
    return [
        (
            Type.CASELOAD_OVERDUE.value,
            night.councils[council].gss_code,
            provider_id(provider),
            "",
            "",
            "",
        )
        for council, provider in zip(
            pairs["council"].tolist(), pairs["provider"].tolist(), strict=True
        )
    ]
