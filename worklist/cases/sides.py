"""What the council's record says of a case beside what the other side says, detail by detail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reconciliation.names import normalised
from schemas.vocabularies import ServiceType, Unit
from worklist.words import NOTHING, day

Record = Mapping[str, Any]

COUNCIL, PROVIDER, PORTAL = "council", "provider", "portal"
SIDES = {COUNCIL: "Council's record", PROVIDER: "Provider's list", PORTAL: "Portal"}
NHS_NUMBER = re.compile(r"([0-9]{3})([0-9]{3})([0-9]{4})")
SERVICES = {member.value: member.display for member in ServiceType}
UNITS = {member.value: member.display for member in Unit}
GOES_ON = "goes on"
SPAN = 5
"""Behind which of the details it is told from when until when."""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One detail as both sides state it; `differs` where both do, and not alike."""

    name: str
    council: str
    other: str
    differs: bool


def details(lines: Sequence[Record], *, providers: Mapping[str, str]) -> list[Detail]:
    """Return what both sides state, but for details that neither does.

    `providers` are names by reference. A name written otherwise that the rules take for the same is
    no difference.
    """
    ours = [line for line in lines if line["side"] == COUNCIL]
    theirs = [line for line in lines if line["side"] == other_side(lines)]
    told = [_detail(name, tell, like, ours, theirs) for name, tell, like in _rows(providers)]
    told[SPAN:SPAN] = [
        _either("Starts", _starts(ours), _starts(theirs)),
        _either("Ends", _ends(ours), _ends(theirs)),
    ]
    return [each for each in told if each.council != NOTHING or each.other != NOTHING]


def other_side(lines: Iterable[Record]) -> str:
    """Return the side beside the council's record: the portal where only that speaks."""
    sides = {line["side"] for line in lines}
    return PORTAL if PORTAL in sides and PROVIDER not in sides else PROVIDER


def one_sided(lines: Iterable[Record]) -> bool:
    """Whether lines do not show all: only one side has any, or the portal is concerned."""
    sides = {line["side"] for line in lines}
    return sides != {COUNCIL, PROVIDER}


Tell = Callable[[Record], str]


def _rows(providers: Mapping[str, str]) -> tuple[tuple[str, Tell, Callable[[str], str]], ...]:
    return (
        ("Name", _name, normalised),
        ("Date of birth", lambda line: _day(line["date_of_birth"]), _same),
        ("NHS number", lambda line: nhs_number(line["nhs_number"]), _same),
        ("Council's reference", lambda line: line["person_id"] or "", _same),
        (
            "Service",
            lambda line: SERVICES.get(line["service_type"], line["service_type"] or ""),
            _same,
        ),
        ("Weekly quantity", quantity, _same),
        (
            "Provider",
            lambda line: providers.get(line["provider_id"], line["provider_id"] or ""),
            _same,
        ),
    )


def _detail(
    name: str,
    tell: Tell,
    like: Callable[[str], str],
    ours: Sequence[Record],
    theirs: Sequence[Record],
) -> Detail:
    council, other = _distinct(map(tell, ours)), _distinct(map(tell, theirs))
    differs = bool(council and other) and {*map(like, council)} != {*map(like, other)}
    return Detail(name=name, council=_listed(council), other=_listed(other), differs=differs)


def _either(name: str, council: str, other: str) -> Detail:
    differs = NOTHING not in {council, other} and council != other
    return Detail(name=name, council=council, other=other, differs=differs)


def _starts(lines: Sequence[Record]) -> str:
    """Return the first day of a side's lines, which the rules join."""
    return day(min((line["start_date"] for line in lines if line["start_date"]), default=None))


def _ends(lines: Sequence[Record]) -> str:
    """Return the last day of a side's lines."""
    started = [line for line in lines if line["start_date"]]
    if any(line["end_date"] is None for line in started):
        return GOES_ON
    return day(max((line["end_date"] for line in lines if line["end_date"]), default=None))


def _distinct(values: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(filter(None, values))]


def _listed(values: Sequence[str]) -> str:
    return "; ".join(values) or NOTHING


def _same(text: str) -> str:
    return text


def _name(line: Record) -> str:
    return " ".join(filter(None, (line["given_name"], line["family_name"])))


def _service(line: Record) -> str:
    return SERVICES.get(line["service_type"], line["service_type"] or "")


def _day(value: date | None) -> str:
    return "" if value is None else day(value)


def nhs_number(digits: str | None) -> str:
    """Return an NHS number as it is written, 999 123 4567."""
    found = NHS_NUMBER.fullmatch(digits or "")
    return " ".join(found.groups()) if found else digits or ""


def quantity(line: Record) -> str:
    """Return a quantity with its unit, 14 hours a week."""
    if line["weekly_quantity"] is None:
        return ""
    number = Decimal(str(line["weekly_quantity"])).normalize()
    return f"{number:f} {UNITS.get(line['unit'], line['unit'] or '')}".strip()
