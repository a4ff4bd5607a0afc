"""What people ask of the cases when they work: a page of them, how many there are, and one whole.

Each question is answered from an index, so that it stays fast however many cases are closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, assert_never

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from casebook.casefile import STORED
from casebook.database import reading
from casebook.faults import in_plain_words
from casebook.keeping import kept_levels
from casebook.models import CASE_ACTION, CASE_STATEMENT, DISCREPANCY_CASE, HISTORY
from casebook.record import CaseState, Standing
from casebook.store import Casebook
from casebook.work import STEP_UP
from casebook.working_days import london, utc, working_days
from schemas.vocabularies import DiscrepancyType, Severity

PAGE = 50
KEY = "discrepancy_id"
CASE = DISCREPANCY_CASE.c
COUNTED = ("local_authority", "state", "type", "severity")
NUMBERS = ("cases", "due_soon", "breached")


Record = dict[str, Any]
"""A row by the names of its columns, with plain values, None for nothing."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases are asked for.

    `councils` are those whose cases may be seen, None among them for cases that no council is known
    for; the rest narrows these, and empty does not. `after` is the last case of the page before.
    """

    councils: Sequence[str | None]
    settled: bool = False
    provider_id: str | None = None
    team: str | None = None
    worker: str | None = None
    person_id: str | None = None
    service_type: str | None = None
    kind: DiscrepancyType | None = None
    severity: Severity | None = None
    state: CaseState | None = None
    standing: Standing | None = None
    after: tuple[date, str] | None = None
    limit: int = PAGE


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One case with all that is on file about it.

    `case` is as in a page; `statements` what both sides said, on each night on which it changed;
    `actions` what people did; `history` the entries about it. All are oldest first, instants UTC.
    """

    case: Record
    statements: list[Record]
    actions: list[Record]
    history: list[Record]


class Worklist:
    """Questions to the cases of a casebook, as of today in London unless another day is given."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook = casebook
        self.engine = casebook.engine

    @in_plain_words
    def page(self, wanted: Wanted, *, on: date | None = None) -> list[Record]:
        """Return one page of cases, each with what `Casebook.cases` says of it.

        Those that are due first come first; of settled ones, those that were settled last.
        """
        today = self._today(on)
        with reading(self.engine) as connection:
            return _whole(connection, _page(wanted, today), today)

    @in_plain_words
    def counts(self, wanted: Wanted, *, on: date | None = None) -> pd.DataFrame:
        """Return how many cases there are of each kind: `COUNTED`, cases, due_soon and breached."""
        today = self._today(on)
        breached, due_soon = _breached(today), _due_soon(today)
        columns = [CASE[name] for name in COUNTED]
        with reading(self.engine) as connection:
            counted = [
                # Grouped in the order of an index, which then needs no sorting.
                select(
                    *columns,
                    func.count().label("cases"),
                    func.sum(case((due_soon, 1), else_=0)).label("due_soon"),
                    func.sum(case((breached, 1), else_=0)).label("breached"),
                )
                .where(*_conditions(wanted, council, today))
                .group_by(CASE.local_authority, CASE.settled, CASE.state, CASE.type, CASE.severity)
                for council in wanted.councils
            ]
            rows = connection.execute(union_all(*counted)).all()
        numbers = dict.fromkeys(NUMBERS, "int64")
        frame = pd.DataFrame(rows, columns=[*COUNTED, *NUMBERS])
        texts = frame.astype(dict.fromkeys(COUNTED, "str") | numbers)
        return texts.sort_values(list(COUNTED), na_position="first", ignore_index=True)

    @in_plain_words
    def case(
        self, discrepancy_id: str, *, councils: Sequence[str | None] | None, on: date | None = None
    ) -> CaseFile | None:
        """Return one case whole, or None where there is none that these councils may see.

        `councils` are as in `Wanted`; None in place of them is for who may see all cases.
        """
        today = self._today(on)
        with reading(self.engine) as connection:
            query = select(*_columns(today)).where(CASE.discrepancy_id == discrepancy_id)
            found = _whole(connection, query, today)
            if not found or not (councils is None or found[0]["local_authority"] in councils):
                return None
            statements, actions, history = (
                _rows(
                    connection,
                    select(table).where(table.c.discrepancy_id == discrepancy_id).order_by(order),
                )
                for table, order in (
                    (CASE_STATEMENT, CASE_STATEMENT.c.as_of),
                    (CASE_ACTION, CASE_ACTION.c.number),
                    (HISTORY, HISTORY.c.number),
                )
            )
        return CaseFile(case=found[0], statements=statements, actions=actions, history=history)

    @in_plain_words
    def ids_of(self, provider_id: str) -> list[str]:
        """Return the cases of a provider, however they stand, by their discrepancy_id."""
        query = select(CASE.discrepancy_id).where(CASE.provider_id == provider_id)
        with reading(self.engine) as connection:
            return list(connection.scalars(query.order_by(CASE.discrepancy_id)))

    def _today(self, on: date | None) -> date:
        return on or london(self.casebook.clock())


def _whole(connection: Connection, query: Select[Any], today: date) -> list[Record]:
    """Return cases with how old and how urgent they are."""
    rows = _rows(connection, query)
    levels = kept_levels(connection)
    since = pd.Series([row["open_since"] for row in rows], dtype="datetime64[us]")
    until = pd.Series([row["settled_on"] or today for row in rows], dtype="datetime64[us]")
    ages = working_days(since, until, extra_holidays=levels.extra_bank_holidays)
    return [
        row | {"age_days": age, "urgency": _urgency(row)}
        for row, age in zip(rows, ages.tolist(), strict=True)
    ]


def _rows(connection: Connection, query: Select[Any]) -> list[Record]:
    return [
        {name: utc(value) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in connection.execute(query).mappings()
    ]


def _columns(today: date) -> list[ColumnElement[Any]]:
    standing = case(
        (CASE.settled, None),
        (_breached(today), Standing.BREACHED.value),
        (_due_soon(today), Standing.DUE_SOON.value),
        else_=Standing.ON_TRACK.value,
    )
    return [*(CASE[name] for name in (KEY, *STORED)), standing.label("standing")]


def _page(wanted: Wanted, today: date) -> Select[Any]:
    """Ask each council for a page, each from its index, and take the first of all."""
    pages = [
        _in_order(
            select(*_columns(today)).where(*_conditions(wanted, council, today)), wanted, CASE
        )
        for council in wanted.councils
    ]
    whole = union_all(*(select(page.subquery()) for page in pages)).subquery()
    return _in_order(select(whole), wanted, whole.c)


def _in_order(query: Select[Any], wanted: Wanted, columns: Any) -> Select[Any]:
    if wanted.settled:
        order = (columns.settled_on.desc(), columns.discrepancy_id.desc())
    else:
        order = (columns.due_on, columns.discrepancy_id)
    return query.order_by(*order).limit(wanted.limit)


def _conditions(wanted: Wanted, council: str | None, today: date) -> list[ColumnElement[bool]]:
    narrowed = {
        CASE.provider_id: wanted.provider_id,
        CASE.team: wanted.team,
        CASE.worker: wanted.worker,
        CASE.person_id: wanted.person_id,
        CASE.service_type: wanted.service_type,
        CASE.type: wanted.kind,
        CASE.severity: wanted.severity,
        CASE.state: wanted.state,
    }
    asked = [column == value for column, value in narrowed.items() if value is not None]
    if wanted.standing is not None:
        asked.append(_standing(wanted.standing, today))
    if wanted.after is not None:
        asked.append(_beyond(*wanted.after, settled=wanted.settled))
    return [_of_council(council), CASE.settled.is_(wanted.settled), *asked]


def _beyond(day: date, discrepancy_id: str, *, settled: bool) -> ColumnElement[bool]:
    last = tuple_(literal(day), literal(discrepancy_id))
    if settled:
        return tuple_(CASE.settled_on, CASE.discrepancy_id) < last
    return tuple_(CASE.due_on, CASE.discrepancy_id) > last


def _of_council(council: str | None) -> ColumnElement[bool]:
    return CASE.local_authority.is_(None) if council is None else CASE.local_authority == council


def _urgency(row: Mapping[Any, Any]) -> str:
    severity = str(row["severity"])
    return STEP_UP[severity] if row["standing"] == Standing.BREACHED.value else severity


def _standing(standing: Standing, today: date) -> ColumnElement[bool]:
    """Say in SQL what `casebook.work.standings` says in frames."""
    match standing:
        case Standing.BREACHED:
            return _breached(today)
        case Standing.DUE_SOON:
            return _due_soon(today)
        case Standing.ON_TRACK:
            return _reckoned(today) < CASE.due_soon_on
        case _:
            assert_never(standing)


def _breached(today: date) -> ColumnElement[bool]:
    return _reckoned(today) > CASE.due_on


def _due_soon(today: date) -> ColumnElement[bool]:
    return and_(_reckoned(today) >= CASE.due_soon_on, _reckoned(today) <= CASE.due_on)


def _reckoned(today: date) -> ColumnElement[date]:
    """Return the day on which the clock of a case stands."""
    return func.coalesce(CASE.paused_since, literal(today))
