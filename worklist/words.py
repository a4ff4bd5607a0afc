"""What every page is dressed with: where one can go, and how values are written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, request, url_for
from flask_login import current_user

from publishing.templates import FILTERS
from schemas.accounts import Role
from schemas.vocabularies import Vocabulary
from worklist.policy import may
from worklist.services import services

LONDON = ZoneInfo("Europe/London")
NOTHING = "\N{EN DASH}"
NAVIGATION = (
    ("Home", "cases.home"),
    ("Cases", "cases.listed"),
    ("Questions for you", "provider.questions"),
    ("Your lists", "provider.lists"),
    ("Notices", "provider.notices"),
    ("Measures", "management.measures"),
    ("Outbox", "management.outbox"),
    ("Nights", "management.nights"),
    ("Accounts", "accounts.listed"),
)
"""Where one can go from every page; each sees what the role allows."""
BELONGS = {"provider.question": "provider.questions", "provider.receipt": "provider.lists"}
"""Pages that are in no navigation and do not belong to the last one of their area."""


def dress(app: Flask) -> None:
    """Give templates what they all need."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.filters.update(
        day=day, moment=moment, words=words, or_nothing=or_nothing, council=council
    )
    app.jinja_env.globals.update(navigation=navigation, home_of=home_of, Role=Role)


def day(value: date | None) -> str:
    """Return a day as "2 Nov 2026", which can be compared at a glance."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """Return an instant by the clock of London: "2 Nov 2026, 14:05"."""
    if value is None:
        return NOTHING
    there = value.astimezone(LONDON)
    return f"{day(there.date())}, {there:%H:%M}"


def words(value: Any, vocabulary: type[Vocabulary]) -> str:
    """Return what a code of a vocabulary is called; one that it does not know stays as it is."""
    known = {each.value: each.display for each in vocabulary}
    return known.get(str(value), or_nothing(value))


def or_nothing(value: Any) -> str:
    """Return a value, or a dash where there is none."""
    return NOTHING if value is None or value == "" else str(value)


def council(code: str | None) -> str:
    """Return what a council is called."""
    return services().council_name(code)


def navigation() -> list[dict[str, Any]]:
    """Return where whoever is signed in can go, as the service navigation wants it."""
    if not current_user.is_authenticated:
        return []
    area = (request.endpoint or "").partition(".")[0]
    return [
        {"text": text, "href": url_for(endpoint), "active": _is_at(area, endpoint)}
        for text, endpoint in NAVIGATION
        if may(current_user.user.role, endpoint)
    ]


def home_of(role: Role) -> str:
    """Return the address at which somebody of a role begins."""
    pages = (endpoint for _text, endpoint in NAVIGATION if may(role, endpoint))
    return url_for(next(pages, "account.own"))


def _is_at(area: str, endpoint: str) -> bool:
    """Whether the page asked for is this one, or is in no navigation and belongs to it.

    A case belongs to the cases, the last of its area.
    """
    here = BELONGS.get(request.endpoint or "", request.endpoint)
    known = [name for _text, name in NAVIGATION if name.partition(".")[0] == area]
    return here == endpoint if here in known else endpoint in known[-1:]
