"""How a list is narrowed and ordered by its address, which names nobody that is supported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask import abort
from werkzeug.datastructures import MultiDict

from casebook.record import CaseState, Standing
from casebook.wanted import Due, Sort, Wanted
from schemas.accounts import User
from schemas.vocabularies import DiscrepancyType, ServiceType, Severity

V = TypeVar("V", bound=StrEnum)

MINE, MY_TEAM, NOBODY, ALL = "mine", "team", "nobody", "all"
WHOSE = {ALL: "All cases", MINE: "My cases", MY_TEAM: "My team's cases", NOBODY: "Nobody's cases"}
NO_COUNCIL = "none"
AGES = {"": "Any age", "5": "5 working days or more", "10": "10 or more", "20": "20 or more"}
NAMES = (
    "whose",
    "council",
    "kind",
    "severity",
    "state",
    "provider",
    "service",
    "team",
    "worker",
    "standing",
    "due",
    "age",
    "missed",
    "changed",
    "settled",
    "sort",
)
"""What an address can say; anything else in it is passed over."""


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What the one who looks sees: whom they are, their councils, and when they were last here."""

    user: User
    councils: Sequence[str | None]
    last_here: datetime | None = None


def wanted(given: MultiDict[str, str], looking: Looking) -> Wanted:
    """Return which cases an address asks for. What it names must exist, or it is not found."""
    whose = given.get("whose", ALL)
    councils = _councils(given.getlist("council"), looking.councils)
    return Wanted(
        councils=councils,
        settled=given.get("settled") == "yes",
        worker=_worker(whose, given.get("worker"), looking.user),
        team=_team(whose, given.get("team"), looking.user),
        kind=_several(DiscrepancyType, given.getlist("kind")),
        severity=_several(Severity, given.getlist("severity")),
        state=_several(CaseState, given.getlist("state")),
        provider_id=given.get("provider") or None,
        service_type=_several(ServiceType, given.getlist("service")),
        standing=_one(Standing, given.get("standing")),
        due=_one(Due, given.get("due")),
        age_from_days=_days(given.get("age")),
        not_assessed=given.get("missed") == "yes",
        changed_since=looking.last_here if given.get("changed") == "yes" else None,
        sort=_one(Sort, given.get("sort")) or Sort.DUE,
        cursor=given.get("page") or None,
    )


def kept(given: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Return what an address says of a list, without its page: what a saved view keeps."""
    return [(name, value) for name in NAMES for value in given.getlist(name) if value]


def told(given: MultiDict[str, str], names: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return in words how a list is narrowed; `names` gives the words of each filter's values."""
    words = []
    for name, value in kept(given):
        if name in names and value in names[name]:
            words.append(names[name][value])
        elif name in {"team", "worker", "provider"}:
            words.append(value)
    return words


def _councils(asked: Iterable[str], seen: Sequence[str | None]) -> tuple[str | None, ...]:
    """Return the councils that are asked for, of those that may be seen; all where none is."""
    codes = [None if code == NO_COUNCIL else code for code in asked if code]
    if not set(codes) <= set(seen):
        abort(404)
    return tuple(codes or seen)


def _worker(whose: str, asked: str | None, user: User) -> Any:
    if whose == MINE:
        return user.name
    return (None,) if whose == NOBODY else asked or None


def _team(whose: str, asked: str | None, user: User) -> Any:
    # Whoever has no team sees nothing as the team's, rather than everything.
    return (user.team or "") if whose == MY_TEAM else asked or None


def _several(vocabulary: type[V], asked: Iterable[str]) -> tuple[V, ...] | None:
    return tuple(dict.fromkeys(filter(None, (_one(vocabulary, code) for code in asked)))) or None


def _one(vocabulary: type[V], code: str | None) -> V | None:
    """Return what a code means, or None; one that means nothing is not found."""
    if not code:
        return None
    try:
        return vocabulary(code)
    except ValueError:
        abort(404)


def _days(text: str | None) -> int | None:
    if not text:
        return None
    if text not in AGES:
        abort(404)
    return int(text)
