"""Which cases are asked for, in which order, and from where on: what a list says of itself in SQL.

Each council is asked by itself, and in order of severity each severity too, because an index holds
what one of them has in the order in which it is asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, assert_never

import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    func,
    literal,
    or_,
    tuple_,
)

from casebook.changes import Basis, types_on
from casebook.levels import ServiceLevels
from casebook.models import DISCREPANCY_CASE
from casebook.record import CaseState, Scope, Standing
from casebook.working_days import working_days, working_days_after
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType, Severity, Vocabulary

PAGE = 50
CASE = DISCREPANCY_CASE.c
RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}
HIGHEST = 2**62
"""A number that no entry of the history has, and that every database can hold."""

SORTED_AT_MOST = 5_000
SPARE_DAYS = 14
"""More than any run of days off."""


class Due(Vocabulary):
    """When a case that is not settled is due, seen from a day; weeks begin on Monday."""

    OVERDUE = "overdue", "Overdue"
    TODAY = "today", "Today"
    THIS_WEEK = "this_week", "This week"
    NEXT_WEEK = "next_week", "Next week"
    LATER = "later", "Later"


class Sort(Vocabulary):
    """In which order cases are listed.

    By `due` settled cases come by when they were settled, the last first. Within a severity or a
    type those that have been open longest come first.
    """

    DUE = "due", "Due first"
    OLDEST = "oldest", "Open longest first"
    NEWEST = "newest", "Opened last first"
    SEVERITY = "severity", "Most severe first"
    CHANGED = "changed", "Changed last first"
    TYPE = "type", "By type"


Several = str | Collection[str | None] | None
"""One value, or some of which any will do; None among these stands for cases without any."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases are asked for.

    `councils` are those whose cases may be seen, None among them for cases that no council is known
    for; the rest narrows these, and empty does not. `age_from_days` is in working days,
    `not_assessed` asks for cases that the latest night could not see for want of a source, and
    `changed_since` for those of which the history tells something after an instant. `cursor` is
    that of a `Page`.
    """

    councils: Sequence[str | None]
    settled: bool = False
    provider_id: Several = None
    team: Several = None
    worker: Several = None
    person_id: str | None = None
    service_type: Several = None
    kind: DiscrepancyType | Collection[DiscrepancyType] | None = None
    severity: Severity | Collection[Severity] | None = None
    state: CaseState | Collection[CaseState] | None = None
    standing: Standing | None = None
    due: Due | None = None
    age_from_days: int | None = None
    not_assessed: bool = False
    changed_since: datetime | None = None
    sort: Sort = Sort.DUE
    cursor: str | None = None
    limit: int = PAGE


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a question depends on besides itself: the day, and what is on record.

    `scope` is that of the latest night, `entries` how many the history has, and `first_after` gives
    the number of the first one after an instant.
    """

    today: date
    levels: ServiceLevels = field(default_factory=ServiceLevels)
    scope: Scope = field(default_factory=Scope)
    entries: int = 0
    first_after: Mapping[datetime, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A column by which cases are ordered; all keys of an order go up, or all go down."""

    name: str
    kind: Any


@dataclass(frozen=True, kw_only=True)
class Order:
    """By what cases are ordered; `ranked` puts the severity before the keys."""

    keys: tuple[Key, ...]
    down: bool = False
    ranked: bool = False


ID = Key(name="discrepancy_id", kind=Text())
DUE_ON, SETTLED_ON = Key(name="due_on", kind=Date()), Key(name="settled_on", kind=Date())
OPENED, TYPE = Key(name="open_since", kind=Date()), Key(name="type", kind=Text())
SETTLED_LAST = Order(keys=(SETTLED_ON, ID), down=True)
ORDERS: Mapping[Sort, Order] = MappingProxyType(
    {
        Sort.DUE: Order(keys=(DUE_ON, ID)),
        Sort.OLDEST: Order(keys=(OPENED, ID)),
        Sort.NEWEST: Order(keys=(OPENED, ID), down=True),
        Sort.SEVERITY: Order(keys=(OPENED, ID), ranked=True),
        Sort.CHANGED: Order(keys=(Key(name="version", kind=BigInteger()), ID), down=True),
        Sort.TYPE: Order(keys=(TYPE, OPENED, ID)),
    }
)


def order_of(wanted: Wanted) -> Order:
    """Return in which order cases are asked for."""
    by_day = wanted.sort is Sort.DUE and wanted.settled
    return SETTLED_LAST if by_day else ORDERS[wanted.sort]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in an order, before or after a case, as a cursor tells it: no personal data."""

    values: tuple[Any, ...]
    back: bool = False

    def cursor(self, wanted: Wanted) -> str:
        """Return it as opaque text that can stand in a URL."""
        told = [wanted.sort.value, wanted.settled, self.back, *self.values]
        text = json.dumps(told, default=date.isoformat, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(row: Mapping[str, Any], wanted: Wanted, *, back: bool) -> Place:
    """Return the place of a case in the order that is asked for."""
    order = order_of(wanted)
    rank = (RANKS[row["severity"]],) if order.ranked else ()
    return Place(values=(*rank, *(row[key.name] for key in order.keys)), back=back)


def place_in(wanted: Wanted) -> Place | None:
    """Return where a page begins. Raises `WrongUsage` where the cursor is none of this list."""
    if wanted.cursor is None:
        return None
    told = _decoded(wanted.cursor)
    order = order_of(wanted)
    expected = [str, bool, bool, *([int] if order.ranked else []), *map(_plain, order.keys)]
    fits = len(told) == len(expected) and all(map(isinstance, told, expected))
    if not fits or told[:2] != [wanted.sort.value, wanted.settled]:
        raise WrongUsage("This page of the list cannot be found. Begin with the first one.")
    keys = zip(order.keys, told[-len(order.keys) :], strict=True)
    rank = told[3:4] if order.ranked else []
    return Place(values=(*rank, *(_read(key, value) for key, value in keys)), back=told[2])


def _decoded(cursor: str) -> list[Any]:
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        told = None
    return told if isinstance(told, list) else []


def _plain(key: Key) -> type:
    return int if isinstance(key.kind, BigInteger) else str


def _read(key: Key, value: Any) -> Any:
    """Return a value of a cursor as its column has it; raises `WrongUsage` for what is no day."""
    if isinstance(key.kind, BigInteger):
        return min(max(value, 0), HIGHEST)
    if not isinstance(key.kind, Date):
        return value if "\0" not in value else ""
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    raise WrongUsage("This page of the list cannot be found. Begin with the first one.")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a list that one index has in its order; `rank` is that of its severity, else 0."""

    conditions: list[ColumnElement[bool]]
    rank: int = 0


def parts_of(wanted: Wanted, facts: Facts) -> list[Part]:
    """Return the parts of a list, none of which has a case of another."""
    shared, clocks = list(_narrowed(wanted, facts)), _clocks(wanted.standing, facts)
    severities = list(_chosen(wanted.severity) or RANKS) if order_of(wanted).ranked else [""]
    return [
        Part(
            conditions=[*_of(wanted, council), *of_rank, *shared, *unseen, *clock],
            rank=RANKS.get(severity or "", 0),
        )
        for council in dict.fromkeys(wanted.councils)
        if (unseen := _unseen(wanted, council, facts)) is not None
        for severity in severities
        for of_rank in [[CASE.severity == severity] if severity else []]
        for clock in clocks
    ]


def beyond(place: Place | None, order: Order, part: Part) -> list[ColumnElement[bool]] | None:
    """Return what makes a case of a part one beyond a place; None where none of it is."""
    if place is None:
        return []
    values = place.values
    if order.ranked:
        first, values = values[0], values[1:]
        if part.rank != first:
            return [] if (part.rank > first) is not place.back else None
    columns = tuple_(*(CASE[key.name] for key in order.keys))
    there = tuple_(
        *(literal(value, key.kind) for key, value in zip(order.keys, values, strict=True))
    )
    return [columns < there if order.down is not place.back else columns > there]


def in_order(query: Select[Any], columns: Any, order: Order, *, back: bool) -> Select[Any]:
    """Put a query into an order, or the other way round; `columns` are those to order by."""
    by = [columns[key.name] for key in order.keys]
    by = [each.desc() for each in by] if order.down is not back else by
    if order.ranked and "rank" in columns:
        by.insert(0, columns.rank.desc() if back else columns.rank)
    return query.order_by(*by)


def of_council(council: str | None) -> ColumnElement[bool]:
    """Return what makes a case one of a council, or of none."""
    return CASE.local_authority.is_(None) if council is None else CASE.local_authority == council


def standing_is(standing: Standing, today: date) -> ColumnElement[bool]:
    """Say in SQL what `casebook.work.standings` says in frames."""
    match standing:
        case Standing.BREACHED:
            # What is reckoned is never after today, which an index can tell.
            return and_(CASE.due_on < today, _reckoned(today) > CASE.due_on)
        case Standing.DUE_SOON:
            return and_(_reckoned(today) >= CASE.due_soon_on, _reckoned(today) <= CASE.due_on)
        case Standing.ON_TRACK:
            return _reckoned(today) < CASE.due_soon_on
        case _:
            assert_never(standing)


def _of(wanted: Wanted, council: str | None) -> list[ColumnElement[bool]]:
    return [of_council(council), CASE.settled.is_(wanted.settled)]


def _narrowed(wanted: Wanted, facts: Facts) -> Iterator[ColumnElement[bool]]:
    several = {
        CASE.provider_id: wanted.provider_id,
        CASE.team: wanted.team,
        CASE.worker: wanted.worker,
        CASE.person_id: wanted.person_id,
        CASE.service_type: wanted.service_type,
        CASE.type: wanted.kind,
        CASE.severity: None if order_of(wanted).ranked else wanted.severity,
        CASE.state: wanted.state,
    }
    for column, value in several.items():
        if chosen := _chosen(value):
            yield _any_of(column, chosen)
    if wanted.due is not None:
        yield _due(wanted.due, facts.today)
    if wanted.age_from_days is not None:
        yield CASE.open_since <= _opened_by(wanted.age_from_days, facts)
    if wanted.changed_since is not None:
        yield _changed(facts.first_after[wanted.changed_since], facts)


def _chosen(value: Several) -> tuple[str | None, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


def _any_of(column: ColumnElement[Any], chosen: Sequence[str | None]) -> ColumnElement[bool]:
    known = [each for each in chosen if each is not None]
    among = column == known[0] if len(known) == 1 else column.in_(known)
    if len(known) == len(chosen):
        return among
    return or_(column.is_(None), among) if known else column.is_(None)


def _due(due: Due, today: date) -> ColumnElement[bool]:
    sunday = today + timedelta(days=6 - today.weekday())
    match due:
        case Due.OVERDUE:
            return CASE.due_on < today
        case Due.TODAY:
            return CASE.due_on == today
        case Due.THIS_WEEK:
            return CASE.due_on.between(today, sunday)
        case Due.NEXT_WEEK:
            return CASE.due_on.between(sunday + timedelta(days=1), sunday + timedelta(days=7))
        case Due.LATER:
            return CASE.due_on > sunday + timedelta(days=7)
        case _:
            assert_never(due)


def _opened_by(age_days: int, facts: Facts) -> date:
    """Return the latest day of which a case that opened then is so many working days old."""
    # Three weeks a fortnight leave room for every run of holidays.
    days = [facts.today - timedelta(days=back) for back in range(2 * max(age_days, 0) + 31)]
    opened = pd.Series(days, dtype="datetime64[us]")
    ages = working_days(
        opened,
        pd.Series([facts.today] * len(days), dtype="datetime64[us]"),
        extra_holidays=facts.levels.extra_bank_holidays,
    )
    return next((day for day, age in zip(days, ages, strict=True) if age >= age_days), days[-1])


def _changed(first: int, facts: Facts) -> ColumnElement[bool]:
    """Return what makes a case one of which the history tells something from an entry on.

    Where it tells of many, they are picked on the way through an index in the order of the list:
    gathered by their entries, they would have to be sorted.
    """
    version = CASE.version if facts.entries - first < SORTED_AT_MOST else CASE.version + 0
    return version >= first


def _clocks(standing: Standing | None, facts: Facts) -> list[list[ColumnElement[bool]]]:
    """Return in parts what makes a case stand so, each in the words of an index.

    It says what `standing_is` says. The clock of a case stands still while its provider is asked.
    """
    if standing is None:
        return [[]]
    waits = CASE.state == CaseState.AWAITING_PROVIDER.value
    runs = {
        Standing.BREACHED: [CASE.due_on < facts.today],
        Standing.DUE_SOON: [
            CASE.due_on.between(facts.today, _soon(facts)),
            CASE.due_soon_on <= facts.today,
        ],
        Standing.ON_TRACK: [CASE.due_on >= facts.today, CASE.due_soon_on > facts.today],
    }
    return [
        [CASE.paused_since.is_(None), *runs[standing]],
        [waits, CASE.paused_since.is_not(None), standing_is(standing, facts.today)],
    ]


def _soon(facts: Facts) -> date:
    """Return a day after which nothing is due that is due soon."""
    day = working_days_after(
        pd.Series([pd.Timestamp(facts.today)]),
        pd.Series([facts.levels.due_soon_days]),
        extra_holidays=facts.levels.extra_bank_holidays,
    )[0]
    # On a day off, the working days are those after the working day before it.
    latest: date = day.date() + timedelta(days=SPARE_DAYS)
    return latest


def _unseen(wanted: Wanted, council: str | None, facts: Facts) -> list[ColumnElement[bool]] | None:
    """Return which cases of a council the latest night could not see; None where none at all."""
    if not wanted.not_assessed:
        return []
    scope = facts.scope
    if council in scope.councils_not_assessed:
        return []
    if council is None and scope.councils_not_assessed:
        return []
    lacking: list[ColumnElement[bool]] = []
    if scope.providers_not_assessed:
        of_caseload = CASE.type.in_(types_on(Basis.CASELOAD))
        missing = CASE.provider_id.in_(sorted(scope.providers_not_assessed))
        lacking.append(and_(of_caseload, missing))
    if council in scope.portals_not_assessed:
        lacking.append(CASE.type.in_(types_on(Basis.PORTAL)))
    return [or_(*lacking)] if lacking else None


def _reckoned(today: date) -> ColumnElement[date]:
    """Return the day on which the clock of a case stands."""
    return func.coalesce(CASE.paused_since, literal(today))
