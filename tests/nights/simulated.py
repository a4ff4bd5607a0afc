"""Nights of a few discrepancies, and a plain walk over them that says what the cases must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nights.examples import LEICESTER, RUTLAND, council, discrepancies, discrepancy_id, night

from casebook.record import NightRecord

CASELOAD, PORTAL, COUNCIL, TWO_CASELOADS = (
    "support_ended", "not_on_portal", "caseload_overdue", "provider_differs",
)  # fmt: skip

# What each discrepancy is about: type, council, provider.
KINDS = {
    "ended": (CASELOAD, LEICESTER, "P1"),
    "rutland": (CASELOAD, RUTLAND, "P2"),
    "portal": (PORTAL, LEICESTER, "P1"),
    "overdue": (COUNCIL, RUTLAND, "P2"),
    "nobody's": (CASELOAD, None, "P1"),
    "other": (TWO_CASELOADS, LEICESTER, "P1"),
}
OTHER_PROVIDER = "P2"


@dataclass(frozen=True, kw_only=True)
class Night:
    """What one night found (by name, with what the provider said) and what did not come."""

    found: dict[str, str] = field(default_factory=dict)
    known: tuple[str, ...] = (LEICESTER, RUTLAND)
    missing: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    no_portal: frozenset[str] = frozenset()

    def record(self, as_of: date) -> NightRecord:
        """Return the night as it goes on record."""
        names = sorted(self.found)
        kinds = [KINDS[name] for name in names]
        frame = discrepancies(
            names,
            type=[kind for kind, _, _ in kinds],
            local_authority=[council for _, council, _ in kinds],
            provider_id=[provider for _, _, provider in kinds],
            council_value=[
                OTHER_PROVIDER if kind == TWO_CASELOADS else "C" for kind, _, _ in kinds
            ],
            provider_value=[self.found[name] for name in names],
        )
        return night(
            as_of,
            frame,
            councils=tuple(council(code, assessed=code not in self.missing) for code in self.known),
            providers_not_assessed=self.silent,
            portals_not_assessed=self.no_portal,
        )


def simulate(nights: dict[date, Night]) -> dict[str, dict[str, Any]]:
    """Return each case by its discrepancy_id, with its turns and what was said, night by night."""
    cases = {}
    for name in KINDS:
        case: dict[str, Any] = {"turns": {}, "said": {}, "nights_seen": 0, "reopened": 0}
        for as_of in sorted(nights):
            if name in nights[as_of].found:
                see(case, as_of, nights[as_of].found[name])
            elif case.get("state") == "open" and shows(name, nights, case["last_seen"], as_of):
                case |= {"state": "resolved_by_data", "closed_on": as_of}
                case["turns"][as_of] = "closed"
        if "state" in case:
            cases[discrepancy_id(name)] = case
    return cases


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


def shows(name: str, nights: dict[date, Night], last_seen: date, as_of: date) -> bool:
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
    if kind == COUNCIL:
        return True
    if kind == TWO_CASELOADS and OTHER_PROVIDER in tonight.silent:
        return False
    return provider not in tonight.silent
