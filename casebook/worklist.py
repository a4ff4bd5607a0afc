"""What people ask of the cases when they work: pages of them, how many there are, and one whole.

Each question is answered from an index, so that it stays fast however many cases there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)

from casebook.actions import Action, fitting
from casebook.casefile import STORED
from casebook.database import reading
from casebook.evidence_models import CASE_LINE
from casebook.faults import in_plain_words
from casebook.keeping import kept_levels
from casebook.models import CASE_ACTION, CASE_STATEMENT, DISCREPANCY_CASE, HISTORY, NIGHT
from casebook.record import CaseState, Scope, Standing
from casebook.sql import read_nights
from casebook.store import Casebook
from casebook.undoing import LastStep, cannot_undo, last_step
from casebook.wanted import (
    Facts,
    Order,
    Part,
    Place,
    Wanted,
    beyond,
    in_order,
    of_council,
    order_of,
    parts_of,
    place_in,
    place_of,
    standing_is,
)
from casebook.work import STEP_UP
from casebook.working_days import london, utc, working_days
from schemas.parsing import nhs_numbers
from schemas.vocabularies import DiscrepancyType

KEY = "discrepancy_id"
CASE = DISCREPANCY_CASE.c
LINE = CASE_LINE.c
COUNTED = ("local_authority", "state", "type", "severity")
NUMBERS = ("cases", "due_soon", "breached")
COUNTED_UP_TO = 10_000
"""How many cases of a list are counted; beyond these it only says that there are more."""

PIECE = 1_000
FOUND_AT_MOST = 200
"""How many cases a search gives at most, and how many related ones a case shows."""

SIDES = ("council", "portal", "provider")


Record = dict[str, Any]
"""A row by the names of its columns, with plain values, None for nothing."""


@dataclass(frozen=True, kw_only=True)
class Total:
    """How many cases there are; where there are `more`, `number` is `COUNTED_UP_TO`."""

    number: int
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list, the cursors of those beside it (None where there is none), and the total.

    The total is of the whole list, and None where it was not asked for.
    """

    cases: list[Record]
    next: str | None = None
    previous: str | None = None
    total: Total | None = None


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One case with all that is on file about it.

    `case` is as in a page; `statements` what both sides said, on each night on which it changed;
    `actions` what people did; `history` the entries about it. All are oldest first, instants UTC.
    `lines` are those of `Worklist.lines`, and `latest_night` is the latest on record.
    """

    case: Record
    statements: list[Record]
    actions: list[Record]
    history: list[Record]
    lines: list[Record] = field(default_factory=list)
    latest_night: date | None = None


class Worklist:
    """Questions to the cases of a casebook, as of today in London unless another day is given."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook = casebook
        self.engine = casebook.engine

    @in_plain_words
    def page(self, wanted: Wanted, *, on: date | None = None, counted: bool = True) -> Page:
        """Return one page of cases, each with what `Casebook.cases` says of it.

        Unless another order is asked for, those that are due first come first; of settled ones,
        those that were settled last. Raises `WrongUsage` for a cursor of another list.
        """
        with reading(self.engine) as connection:
            facts = _facts(connection, self._today(on), wanted)
            total = _totals(connection, {"all": wanted}, facts)["all"] if counted else None
            return replace(_page(connection, wanted, facts), total=total)

    @in_plain_words
    def totals(self, asked: Mapping[str, Wanted], *, on: date | None = None) -> dict[str, Total]:
        """Return how many cases each of some lists has, in one question."""
        if not asked:
            return {}
        with reading(self.engine) as connection:
            facts = _facts(connection, self._today(on), *asked.values())
            return _totals(connection, asked, facts)

    def every(self, wanted: Wanted, *, on: date | None = None) -> Iterator[Record]:
        """Yield all cases of a list in its order, some at a time and from the first on.

        What changes on the way shows from there on. No case comes twice unless it changed.
        """
        asked: Wanted | None = replace(wanted, cursor=None, limit=PIECE)
        while asked is not None:
            page = self.page(asked, on=on, counted=False)
            yield from page.cases
            asked = replace(asked, cursor=page.next) if page.next else None

    @in_plain_words
    def counts(self, wanted: Wanted, *, on: date | None = None) -> pd.DataFrame:
        """Return how many cases there are of each kind: `COUNTED`, cases, due_soon and breached."""
        today = self._today(on)
        breached = standing_is(Standing.BREACHED, today)
        due_soon = standing_is(Standing.DUE_SOON, today)
        columns = [CASE[name] for name in COUNTED]
        with reading(self.engine) as connection:
            facts = _facts(connection, today, wanted)
            counted = [
                # Grouped in the order of an index, which then needs no sorting.
                select(
                    *columns,
                    func.count().label("cases"),
                    func.sum(case((due_soon, 1), else_=0)).label("due_soon"),
                    func.sum(case((breached, 1), else_=0)).label("breached"),
                )
                .where(*part.conditions)
                .group_by(CASE.local_authority, CASE.settled, CASE.state, CASE.type, CASE.severity)
                for part in parts_of(replace(wanted, sort=Wanted.sort), facts)
            ]
            rows = connection.execute(union_all(*counted)).all() if counted else []
        numbers = dict.fromkeys(NUMBERS, "int64")
        frame = pd.DataFrame(rows, columns=[*COUNTED, *NUMBERS])
        texts = frame.astype(dict.fromkeys(COUNTED, "str") | numbers)
        return texts.sort_values(list(COUNTED), na_position="first", ignore_index=True)

    @in_plain_words
    def case(
        self,
        discrepancy_id: str,
        *,
        councils: Sequence[str | None] | None,
        provider_id: str | None = None,
        on: date | None = None,
    ) -> CaseFile | None:
        """Return one case whole, or None where there is none that these councils may see.

        `councils` are as in `Wanted`; None in place of them is for who may see all cases. With a
        `provider_id`, another provider's case is not there either.
        """
        if "\0" in discrepancy_id:
            return None
        today = self._today(on)
        with reading(self.engine) as connection:
            query = select(*_columns(today)).where(
                CASE.discrepancy_id == discrepancy_id, *_seen_by(councils, provider_id)
            )
            found = _whole(connection, query, today)
            if not found:
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
            return CaseFile(
                case=found[0],
                statements=statements,
                actions=actions,
                history=history,
                lines=_lines(connection, discrepancy_id),
                latest_night=connection.scalar(select(func.max(NIGHT.c.as_of))),
            )

    @in_plain_words
    def several(
        self,
        ids: Sequence[str],
        *,
        councils: Sequence[str | None] | None,
        on: date | None = None,
    ) -> list[Record]:
        """Return those of some cases that these councils may see, the open ones first."""
        today = self._today(on)
        with reading(self.engine) as connection:
            return _those(connection, ids, today, _seen_by(councils, None))

    @in_plain_words
    def lines(self, discrepancy_id: str) -> list[Record]:
        """Return the lines behind a case as the last night found them that found the case.

        The columns are those of `case_line`; `side` is one of `SIDES`.
        """
        with reading(self.engine) as connection:
            return _lines(connection, discrepancy_id)

    @in_plain_words
    def search(
        self,
        text: str,
        *,
        councils: Sequence[str | None] | None,
        provider_id: str | None = None,
        on: date | None = None,
    ) -> list[Record]:
        """Return the cases that a reference leads to, the open ones first, `FOUND_AT_MOST` of them.

        The reference is a discrepancy's id, a council's of a person or a CPLI, or an NHS number
        with or without spaces and hyphens. `councils` and `provider_id` are as in `case`; a
        provider finds by what it has listed itself, and by nothing else.
        """
        text = " ".join(text.split())
        if not text or "\0" in text:
            return []
        today = self._today(on)
        with reading(self.engine) as connection:
            leads = union(*_leads(text, of_provider=provider_id is not None))
            found = connection.scalars(leads).all()
            return _those(connection, found, today, _seen_by(councils, provider_id))[:FOUND_AT_MOST]

    @in_plain_words
    def related(
        self,
        discrepancy_id: str,
        *,
        councils: Sequence[str | None] | None,
        on: date | None = None,
    ) -> list[Record]:
        """Return the other cases of the person whom a case is about, as `search` does.

        That is whom the council of the case knows by the same reference, and whoever has the same
        NHS number on any line behind a case.
        """
        today = self._today(on)
        this = DISCREPANCY_CASE.alias()
        numbers = select(LINE.nhs_number).where(
            LINE.discrepancy_id == discrepancy_id, LINE.nhs_number.is_not(None)
        )
        by_number = select(LINE.discrepancy_id).where(LINE.nhs_number.in_(numbers))
        by_reference = (
            select(CASE.discrepancy_id)
            .select_from(DISCREPANCY_CASE)
            .join(
                this,
                and_(
                    this.c.person_id == CASE.person_id,
                    this.c.local_authority == CASE.local_authority,
                ),
            )
            .where(this.c.discrepancy_id == discrepancy_id)
        )
        with reading(self.engine) as connection:
            others = [CASE.discrepancy_id != discrepancy_id, *_seen_by(councils, None)]
            found = connection.scalars(union(by_number, by_reference)).all()
            return _those(connection, found, today, others)[:FOUND_AT_MOST]

    def undoable(self, case_file: CaseFile, who: str, *, on: date | None = None) -> bool:
        """Say whether somebody may undo the last step of a case."""
        return not cannot_undo(
            _last_step(case_file),
            who=who,
            today=self._today(on),
            latest_night=case_file.latest_night,
        )

    def offers(self, case_file: CaseFile, who: str, *, on: date | None = None) -> list[Action]:
        """Return the steps that somebody can take with a case as it stands, in their order."""
        undoable = self.undoable(case_file, who, on=on)
        return offered(case_file, undoable=undoable)

    @in_plain_words
    def ids_of(self, provider_id: str) -> list[str]:
        """Return the cases of a provider, however they stand, by their discrepancy_id."""
        query = select(CASE.discrepancy_id).where(CASE.provider_id == provider_id)
        with reading(self.engine) as connection:
            return list(connection.scalars(query.order_by(CASE.discrepancy_id)))

    def _today(self, on: date | None) -> date:
        return on or london(self.casebook.clock())


def offered(case_file: CaseFile, *, undoable: bool) -> list[Action]:
    """Return the steps that can be taken with a case, by its state and type and what was done."""
    case, actions = case_file.case, case_file.actions
    taken_back = {action["reverses"] for action in actions}
    holds = any(
        action["action"] == Action.RULE.value and action["number"] not in taken_back
        for action in actions
    )
    steps = fitting(
        kind=DiscrepancyType(case["type"]),
        state=CaseState(case["state"]),
        provider_id=case["provider_id"],
        entries_known=bool(case["entry_identities"]),
    )
    left_out = {
        *([] if holds else [Action.REVERSE]),
        *([] if undoable else [Action.UNDO]),
    }
    return [step for step in steps if step not in left_out]


def _last_step(case_file: CaseFile) -> LastStep | None:
    """Return the last thing that happened to a case, where that is something that somebody did."""
    if not case_file.history:
        return None
    entry = case_file.history[-1]
    actions = {action["number"]: action for action in case_file.actions}
    return last_step(entry, actions.get(entry["action_number"]))


def _facts(connection: Connection, today: date, *asked: Wanted) -> Facts:
    """Return what questions depend on, of which only what any of them needs is read."""
    facts = Facts(today=today)
    if any(each.age_from_days is not None or each.standing is not None for each in asked):
        facts = replace(facts, levels=kept_levels(connection))
    if any(each.not_assessed for each in asked):
        latest = connection.scalar(select(func.max(NIGHT.c.as_of)))
        nights = read_nights(connection, latest) if latest else []
        facts = replace(facts, scope=nights[0].scope if nights else Scope())
    since = {each.changed_since for each in asked if each.changed_since is not None}
    if since:
        facts = replace(
            facts,
            entries=connection.scalar(select(func.max(HISTORY.c.number))) or 0,
            first_after={instant: _first_after(connection, instant) for instant in since},
        )
    return facts


def _first_after(connection: Connection, instant: datetime) -> int:
    """Return the number of the first entry of the history after an instant, there or to come."""
    entry = HISTORY.c
    until = select(entry.number).where(entry.at <= instant)
    last: int | None = connection.scalar(
        until.order_by(entry.at.desc(), entry.number.desc()).limit(1)
    )
    return (last or 0) + 1


def _page(connection: Connection, wanted: Wanted, facts: Facts) -> Page:
    """Ask each council for a page and one case more, each from its index; take the first of all."""
    order, place = order_of(wanted), place_in(wanted)
    back = place is not None and place.back
    ids = [
        in_order(
            select(*_keys(order, part)).where(*part.conditions, *further), CASE, order, back=back
        ).limit(wanted.limit + 1)
        for part in parts_of(wanted, facts)
        if (further := beyond(place, order, part)) is not None
    ]
    if not ids:
        return Page(cases=[])
    whole = union_all(*(select(each.subquery()) for each in ids)).subquery()
    first = in_order(select(whole), whole.c, order, back=back).limit(wanted.limit + 1).subquery()
    query = select(*_columns(facts.today)).join_from(
        DISCREPANCY_CASE, first, first.c.discrepancy_id == CASE.discrepancy_id
    )
    rows = _whole(connection, in_order(query, first.c, order, back=back), facts.today)
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return _between(rows[::-1] if back else rows, wanted, place, more=more)


def _between(rows: list[Record], wanted: Wanted, place: Place | None, *, more: bool) -> Page:
    """Return a page with the cursors of those beside it, by the place where it begins."""
    back = place is not None and place.back
    if not rows:
        # All that was there has gone meanwhile: whoever turned the page can turn it back.
        there = replace(place, back=not place.back).cursor(wanted) if place else None
        return Page(cases=[], next=there if back else None, previous=None if back else there)
    before = place_of(rows[0], wanted, back=True).cursor(wanted)
    after = place_of(rows[-1], wanted, back=False).cursor(wanted)
    return Page(
        cases=rows,
        next=after if more or back else None,
        previous=before if (more if back else place is not None) else None,
    )


def _keys(order: Order, part: Part) -> list[ColumnElement[Any]]:
    return [literal(part.rank).label("rank"), *(CASE[key.name] for key in order.keys)]


def _totals(connection: Connection, asked: Mapping[str, Wanted], facts: Facts) -> dict[str, Total]:
    """Count lists up to a limit, from indexes alone, whatever their order and page."""
    most = COUNTED_UP_TO + 1
    # Without an order, whatever narrows most comes first.
    facts, counts = replace(facts, entries=0), []
    for name, wanted in asked.items():
        parts = [
            select(literal(1).label("one")).where(*part.conditions)
            for part in parts_of(replace(wanted, sort=Wanted.sort), facts)
        ]
        # A union needs a part; this one has no case.
        parts = parts or [select(literal(1).label("one")).where(false())]
        some = union_all(*parts).limit(most).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery().label(name))
    row = connection.execute(select(*counts)).mappings().one()
    return {
        name: Total(number=min(row[name], COUNTED_UP_TO), more=row[name] > COUNTED_UP_TO)
        for name in asked
    }


def _leads(text: str, *, of_provider: bool) -> Iterator[Select[Any]]:
    """Yield where the cases are that a reference can lead to, each part from its own index."""
    spoken = {text, text.upper()}
    number = nhs_numbers(pd.Series([text], dtype="str")).values.iloc[0]
    own = [LINE.side == "provider"] if of_provider else []
    yield select(CASE.discrepancy_id).where(CASE.discrepancy_id == text.lower())
    for column in (LINE.person_id, LINE.cpli_id):
        yield select(LINE.discrepancy_id).where(column.in_(spoken), *own)
    if pd.notna(number):
        yield select(LINE.discrepancy_id).where(LINE.nhs_number == number, *own)
    if not of_provider:
        yield select(CASE.discrepancy_id).where(CASE.person_id.in_(spoken))


def _seen_by(
    councils: Sequence[str | None] | None, provider_id: str | None
) -> list[ColumnElement[bool]]:
    """Return what makes a case one that somebody may see."""
    own = [] if provider_id is None else [CASE.provider_id == provider_id]
    return own if councils is None else [*own, or_(false(), *map(of_council, councils))]


def _those(
    connection: Connection,
    ids: Sequence[str],
    today: date,
    conditions: list[ColumnElement[bool]],
) -> list[Record]:
    """Return the cases of some ids that meet conditions, the open ones first."""
    # No plan for the ids and their cases together would be sure to begin with the ids.
    if not ids:
        return []
    query = select(*_columns(today)).where(CASE.discrepancy_id.in_(ids), *conditions)
    order = (CASE.settled, CASE.due_on, CASE.settled_on.desc(), CASE.discrepancy_id)
    return _whole(connection, query.order_by(*order), today)


def _lines(connection: Connection, discrepancy_id: str) -> list[Record]:
    query = select(CASE_LINE).where(LINE.discrepancy_id == discrepancy_id)
    rows = _rows(connection, query.order_by(LINE.side, LINE.position))
    return sorted(rows, key=lambda row: SIDES.index(row["side"]))


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
        (standing_is(Standing.BREACHED, today), Standing.BREACHED.value),
        (standing_is(Standing.DUE_SOON, today), Standing.DUE_SOON.value),
        else_=Standing.ON_TRACK.value,
    )
    return [*(CASE[name] for name in (KEY, *STORED)), standing.label("standing")]


def _urgency(row: Mapping[Any, Any]) -> str:
    severity = str(row["severity"])
    return STEP_UP[severity] if row["standing"] == Standing.BREACHED.value else severity
