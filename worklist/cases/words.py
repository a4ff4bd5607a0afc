"""What the pages of cases call things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import g

from casebook.record import CaseState, Standing
from casebook.wanted import Due, Sort
from publishing.reports.saying import CAVEATS, REASONS, SHOWN_COLUMNS
from publishing.templates import sentence
from schemas.vocabularies import DiscrepancyType, ServiceType, Severity, Vocabulary
from worklist.cases.filters import AGES, WHOSE
from worklist.cases.sides import SERVICES, SIDES, quantity
from worklist.sessions import accounts
from worklist.words import day, words


def _choices(vocabulary: type[Vocabulary]) -> list[tuple[str, str]]:
    return [(each.value, each.display) for each in vocabulary]


CHOICES: Mapping[str, list[tuple[str, str]]] = {
    "whose": list(WHOSE.items()),
    "kind": _choices(DiscrepancyType),
    "severity": _choices(Severity),
    "state": _choices(CaseState),
    "service": _choices(ServiceType),
    "due": _choices(Due),
    "age": list(AGES.items()),
    "sort": _choices(Sort),
}
"""What each filter of a list can be set to."""

OTHERS = {
    "standing": dict(_choices(Standing)),
    "missed": {"yes": "Not looked at on the latest night"},
    "changed": {"yes": "Changed since you were last here"},
    "settled": {"yes": "Settled cases"},
}


def names_of_choices(providers: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Return the words for what an address can say; what goes without saying has none."""
    names: dict[str, Mapping[str, str]] = {
        name: {code: word for code, word in choices if code not in {"", "all", "due"}}
        for name, choices in CHOICES.items()
        if name != "sort"
    }
    return names | OTHERS | {"provider": providers}


def line_in_words(line: Mapping[str, Any], providers: Mapping[str, str]) -> str:
    """Return a line of a side as a sentence: what, how much, from when, until when."""
    service = SERVICES.get(line["service_type"], line["service_type"] or "Support")
    parts = [service, quantity(line), _span(line)]
    if line["side"] == "council" and line["provider_id"]:
        parts.append(providers.get(line["provider_id"], line["provider_id"]))
    return f"{SIDES[line['side']]}: {', '.join(filter(None, parts))}"


def _span(line: Mapping[str, Any]) -> str:
    since = f"from {day(line['start_date'])}" if line["start_date"] else ""
    until = f"to {day(line['end_date'])}" if line["end_date"] else "and goes on" if since else ""
    return " ".join(filter(None, (since, until)))


def names_by_email() -> Mapping[str, str]:
    """Return what the holders of accounts are called; read once in a request."""
    if "names_by_email" not in g:
        listed = accounts().listed()
        g.names_by_email = {each.user.email: each.user.name for each in listed}
    return cast(Mapping[str, str], g.names_by_email)


FILTERS = {
    "kind_words": lambda code: words(code, DiscrepancyType),
    "state_words": lambda code: words(code, CaseState),
    "severity_words": lambda code: words(code, Severity),
    "service_words": lambda code: words(code, ServiceType),
    "reason_words": lambda codes: _each(codes, REASONS | SHOWN_COLUMNS),
    "caveat_words": lambda codes: _each(codes, CAVEATS),
    "who_words": lambda who: names_by_email().get(who, who),
}
"""What templates of cases write codes with."""


def _each(codes: str, known: Mapping[str, str]) -> str:
    """Return a list of codes (with ";" between them) in words."""
    return sentence("; ".join(known.get(code, code) for code in codes.split(";")))
