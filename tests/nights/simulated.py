"""Nights of a few discrepancies, and a plain walk over them that says what the cases must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
from nights.examples import (
    FIRST,
    LEICESTER,
    RUTLAND,
    council,
    discrepancies,
    discrepancy_id,
    night,
)

from casebook.record import ABOUT_COLUMNS, NightRecord

CASELOAD, PORTAL, TWO_CASELOADS = "support_ended", "not_on_portal", "provider_differs"
OVERDUE, DUPLICATE_CPLI = "caseload_overdue", "duplicate_cpli"
COUNCIL_ONLY = frozenset({OVERDUE, DUPLICATE_CPLI})

# What each discrepancy is about: type, council, provider.
KINDS = {
    "ended": (CASELOAD, LEICESTER, "P1"),
    "rutland": (CASELOAD, RUTLAND, "P2"),
    "portal": (PORTAL, LEICESTER, "P1"),
    "overdue": (OVERDUE, RUTLAND, "P2"),
    "nobody's": (CASELOAD, None, "P1"),
    "other": (TWO_CASELOADS, LEICESTER, "P1"),
    "match": ("possible_match", LEICESTER, "P1"),
    "unknown": ("cpli_not_found", RUTLAND, "P2"),
    "held twice": (DUPLICATE_CPLI, RUTLAND, "P1"),
    "listed twice": ("duplicate_entry", LEICESTER, "P2"),
}
OTHER_PROVIDER = "P2"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a night says of one discrepancy, and whom at the council it names for it."""

    provider_value: str = "x"
    council_value: str = "C"
    reason: str | None = None
    severity: str = "high"
    caseload_date: date | None = None
    cpli_ids: str = "ZZLINEA;ZZLINEB"
    team: str | None = None
    worker: str | None = None
    entry_identities: str | None = None


@dataclass(frozen=True, kw_only=True)
class Night:
    """What one night found, by name, and what did not come.

    A plain text is what the provider says, where the rest does not matter.
    """

    found: Mapping[str, str | Said] = field(default_factory=dict)
    known: tuple[str, ...] = (LEICESTER, RUTLAND)
    missing: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    no_portal: frozenset[str] = frozenset()

    def said(self, name: str) -> Said | None:
        """Return what the night says of a discrepancy, None where it did not find it."""
        said = self.found.get(name)
        if isinstance(said, str):
            said = Said(provider_value=said)
        if said is not None and KINDS[name][0] == TWO_CASELOADS:
            # Here the council's side names the other provider, who stays the same.
            return Said(**{**vars(said), "council_value": OTHER_PROVIDER})
        return said

    def record(self, as_of: date) -> NightRecord:
        """Return the night as it goes on record."""
        names = sorted(self.found)
        kinds = [KINDS[name] for name in names]
        sayings = [said for name in names if (said := self.said(name)) is not None]
        days = [said.caseload_date or FIRST for said in sayings]
        frame = discrepancies(
            names,
            type=[kind for kind, _, _ in kinds],
            local_authority=[council for _, council, _ in kinds],
            provider_id=[provider for _, _, provider in kinds],
            severity=[said.severity for said in sayings],
            cpli_ids=[said.cpli_ids for said in sayings],
            council_value=[said.council_value for said in sayings],
            provider_value=[said.provider_value for said in sayings],
            reason=[said.reason for said in sayings],
            caseload_date=pd.Series([pd.Timestamp(day) for day in days], dtype="datetime64[us]"),
        )
        about = pd.DataFrame(
            {
                "discrepancy_id": [discrepancy_id(name) for name in names],
                "team": [said.team for said in sayings],
                "worker": [said.worker for said in sayings],
                "entry_identities": [said.entry_identities for said in sayings],
            },
            columns=list(ABOUT_COLUMNS),
            dtype="str",
        )
        return night(
            as_of,
            frame,
            about=about,
            councils=tuple(council(code, assessed=code not in self.missing) for code in self.known),
            providers_not_assessed=self.silent,
            portals_not_assessed=self.no_portal,
        )


def simulate(nights: Mapping[date, Night]) -> dict[str, dict[str, Any]]:
    """Return each case by its discrepancy_id, with its turns and what was said, night by night."""
    cases = {name: walk(name, nights) for name in KINDS}
    return {discrepancy_id(name): case for name, case in cases.items() if "state" in case}


def walk(name: str, nights: Mapping[date, Night]) -> dict[str, Any]:
    """Follow one discrepancy over the nights, in the order of their dates."""
    case: dict[str, Any] = {"turns": {}, "said": {}, "nights_seen": 0, "reopened": 0}
    for as_of in sorted(nights):
        said = nights[as_of].said(name)
        if said is not None:
            see(case, as_of, said.provider_value)
        elif case.get("state") == "open" and shows(name, nights, case["last_seen"], as_of):
            case |= {"state": "resolved_by_data", "closed_on": as_of}
            case["turns"][as_of] = "closed"
    return case


def see(case: dict[str, Any], as_of: date, said: str) -> None:
    """Let a case be seen on a night."""
    state = case.get("state")
    if state is None:
        case |= {"first_seen": as_of, "open_since": as_of}
        case["turns"][as_of] = "opened"
    elif state == "resolved_by_data":
        case["open_since"] = as_of
        case["reopened"] += 1
        case["turns"][as_of] = "reopened"
    case |= {"state": "open", "last_seen": as_of, "closed_on": None}
    case["nights_seen"] += 1
    if case.get("provider_value") != said:
        case["provider_value"] = case["said"][as_of] = said


def shows(name: str, nights: Mapping[date, Night], last_seen: date, as_of: date) -> bool:
    """Say whether a night could have shown a discrepancy that it did not find."""
    kind, owner, provider = KINDS[name]
    tonight = nights[as_of]
    assessed = {code for code in tonight.known if code not in tonight.missing}
    since = [night for day, night in nights.items() if last_seen <= day <= as_of]
    needed = {code for night in since for code in night.known}
    if owner is not None:
        needed &= {owner}
    if not needed <= assessed:
        return False
    if kind == PORTAL:
        return owner not in tonight.no_portal
    if kind in COUNCIL_ONLY:
        return True
    if kind == TWO_CASELOADS and OTHER_PROVIDER in tonight.silent:
        return False
    return provider not in tonight.silent
