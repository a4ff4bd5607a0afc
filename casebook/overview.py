"""What pages about nights ask of the record: counts and few rows, whatever has come together.

How many queries there are does not depend on how many nights or files are on record. Nothing that
is asked here is about a person.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, case, func, or_, select, true

from casebook.alert_models import ALERT, ALERT_MESSAGE
from casebook.alerts import AlertChannel, AlertKind, AlertRow
from casebook.database import reading
from casebook.faults import in_plain_words
from casebook.feed_models import FEED_EXPORT, FEED_REFUSAL
from casebook.gate_models import GATE_RELEASE, GATE_RESULT
from casebook.gates import REACH_DAYS
from casebook.models import DISCREPANCY_CASE, NIGHT, NIGHT_COUNCIL, NIGHT_SOURCE, NIGHT_TIMELINESS
from casebook.notice_models import NOTICE
from casebook.notices import EmailState, NoticeState
from casebook.publication import ExportRow, ExportState, export_row
from casebook.record import CouncilRecord, NightOutcome, SourceOutcome
from casebook.reported import PROVIDER
from casebook.store import Casebook
from casebook.working_days import utc
from schemas.gates import Consequence, GateHistory, GateOutcome, GateSource

GateKey = tuple[GateSource, str, str]
"""A gate of an owner: the source, the owner, the gate's name."""

NOBODYS = ""
"""The owner of what is everybody's."""

MOST = 100
"""So many alerts, or exports, are told one by one."""


@dataclass(frozen=True, kw_only=True)
class NightLine:
    """A night in a list, as one council sees it, or as whoever sees all does.

    `discrepancies` is None where the night says nothing of the council. `sources`, `exports` and
    `notices` count by what became of them; `failed` are gates with a consequence, `warnings` others
    that failed. `alerts` are those that began on the night.
    """

    as_of: date
    outcome: NightOutcome
    first_recorded_at: datetime
    discrepancies: int | None
    councils: tuple[CouncilRecord, ...] = ()
    sources: Mapping[SourceOutcome, int] = field(default_factory=dict)
    failed: int = 0
    warnings: int = 0
    released: frozenset[str] = frozenset()
    exports: Mapping[ExportState, int] = field(default_factory=dict)
    notices: Mapping[NoticeState, int] = field(default_factory=dict)
    alerts: int = 0

    @property
    def refused(self) -> int:
        """How many files were refused."""
        return self.sources.get(SourceOutcome.REFUSED, 0)


@dataclass(frozen=True, kw_only=True)
class Deliveries:
    """What became of a night's exports, notices and alerts; alerts are those that held on it."""

    exports: tuple[ExportRow, ...]
    notices: Mapping[NoticeState, int]
    emails: Mapping[EmailState, int]
    alerts: tuple[AlertRow, ...]


@dataclass(frozen=True, kw_only=True)
class Waits:
    """So many of a kind that wait for the same reason; `since` is when the oldest was made."""

    what: str
    number: int
    attempts: int
    since: datetime
    trouble: str | None


@dataclass(frozen=True, kw_only=True)
class OutboxFacts:
    """What waits, and what was refused: exports one by one, all else counted by the reason.

    `exports` are those that wait, and the latest of which something was refused: `refused` gives
    the number of an export how many of its resources. Of all exports that were `delivered`,
    `unanswered` are those of which the receiver has said nothing yet.
    """

    exports: tuple[ExportRow, ...]
    refused: Mapping[int, int]
    delivered: int
    unanswered: int
    notices: tuple[Waits, ...]
    emails: tuple[Waits, ...]
    alerts: tuple[Waits, ...]


class Overview:
    """Questions of pages to a casebook. Raises as the casebook does.

    `council` narrows what is told to one council and to what is everybody's; None tells all.
    """

    def __init__(self, casebook: Casebook) -> None:
        self.engine: Engine = casebook.engine

    @in_plain_words
    def count(self) -> int:
        """Return how many nights are on record."""
        with reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(NIGHT)) or 0

    @in_plain_words
    def latest(self) -> date | None:
        """Return the latest night on record."""
        with reading(self.engine) as connection:
            latest: date | None = connection.scalar(select(func.max(NIGHT.c.as_of)))
            return latest

    @in_plain_words
    def around(self, as_of: date) -> tuple[date | None, date | None]:
        """Return the nights on record before and after one."""
        night = NIGHT.c.as_of
        before = select(func.max(night)).where(night < as_of).scalar_subquery()
        after = select(func.min(night)).where(night > as_of).scalar_subquery()
        with reading(self.engine) as connection:
            found = connection.execute(select(before, after)).one()
            return found[0], found[1]

    @in_plain_words
    def nights(self, council: str | None, *, first: int, most: int) -> list[NightLine]:
        """Return so many nights, the latest first, from a place in that order on."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(NIGHT).order_by(NIGHT.c.as_of.desc()).offset(first).limit(most)
            ).all()
            return [*_lines(connection, rows, council)] if rows else []

    @in_plain_words
    def deliveries(self, as_of: date, council: str | None) -> Deliveries:
        """Return what became of a night's exports, notices and alerts."""
        alert = ALERT.c
        held = and_(alert.night <= as_of, alert.last_night >= as_of)
        over = alert.recovered_on == as_of
        with reading(self.engine) as connection:
            return Deliveries(
                exports=_exports(connection, FEED_EXPORT.c.as_of == as_of),
                notices=_of_vocabulary(
                    NoticeState, _counts(connection, NOTICE.c.state, NOTICE.c.as_of == as_of)
                ),
                emails=_of_vocabulary(
                    EmailState, _counts(connection, NOTICE.c.email_state, NOTICE.c.as_of == as_of)
                ),
                alerts=_alerts(connection, or_(held, over), _owned(alert.owner, council)),
            )

    @in_plain_words
    def outbox(self) -> OutboxFacts:
        """Return what waits to be delivered or sent, and what was refused of delivered exports."""
        export, notice, refusal = FEED_EXPORT.c, NOTICE.c, FEED_REFUSAL.c
        refused = select(refusal.number, func.count()).group_by(refusal.number)
        waits = export.state == ExportState.WAITING.value
        not_taken = export.number.in_(select(refusal.number).distinct())
        with reading(self.engine) as connection:
            states = _counts(connection, export.state, export.delivered_at.is_not(None))
            return OutboxFacts(
                exports=_exports(connection, or_(waits, not_taken)),
                refused={row[0]: row[1] for row in connection.execute(refused)},
                delivered=states.total(),
                unanswered=states[ExportState.DELIVERED.value],
                notices=_waiting(
                    connection,
                    notice.place,
                    notice.trouble,
                    notice.state == NoticeState.WAITING.value,
                ),
                emails=_waiting(
                    connection,
                    notice.place,
                    notice.email_trouble,
                    notice.email_state == EmailState.WAITING.value,
                ),
                alerts=_messages_waiting(connection),
            )

    @in_plain_words
    def histories(self, as_of: date, shown: Collection[GateKey]) -> tuple[GateHistory, ...]:
        """Return how each gate has done on the nights up to one, as `Gates.histories` does.

        Figures by night are given of those alone that are to be `shown`: there are very many.
        """
        gate = GATE_RESULT.c
        since = gate.as_of > as_of - timedelta(days=REACH_DAYS)
        key = (gate.source, gate.owner, gate.gate)
        judged = gate.outcome != GateOutcome.NOT_JUDGED.value
        released = gate.outcome == GateOutcome.RELEASED.value
        failed = gate.outcome.in_([GateOutcome.FAILED.value, GateOutcome.RELEASED.value])
        counted = (
            select(
                *key,
                func.sum(case((judged, 1), else_=0)).label("judged"),
                func.sum(case((failed, 1), else_=0)).label("failed"),
                func.sum(case((released, 1), else_=0)).label("released"),
                func.max(case((failed, gate.as_of))).label("last_failed"),
            )
            .where(gate.as_of <= as_of, since)
            .group_by(*key)
        )
        figures = (
            select(*key, gate.as_of, gate.observed)
            .where(
                gate.as_of <= as_of,
                since,
                gate.observed.is_not(None),
                gate.owner.in_(sorted({owner for _, owner, _ in shown})),
                gate.gate.in_(sorted({name for *_, name in shown})),
            )
            .order_by(gate.as_of)
        )
        with reading(self.engine) as connection:
            observed: defaultdict[GateKey, list[tuple[date, float]]] = defaultdict(list)
            for row in connection.execute(figures) if shown else ():
                observed[GateSource(row.source), row.owner, row.gate].append(
                    (row.as_of, row.observed)
                )
            return tuple(
                GateHistory(
                    source=(source := GateSource(row.source)),
                    owner=row.owner,
                    gate=row.gate,
                    judged=row.judged,
                    failed=row.failed,
                    released=row.released,
                    observed=tuple(observed[source, row.owner, row.gate]),
                    last_failed=row.last_failed,
                )
                for row in connection.execute(counted)
            )

    @in_plain_words
    def providers(self, council: str, as_of: date) -> frozenset[str]:
        """Return the providers that a council is known to deal with: of cases, or of a night."""
        measured = NIGHT_TIMELINESS.c
        of_cases = select(DISCREPANCY_CASE.c.provider_id).where(
            DISCREPANCY_CASE.c.local_authority == council,
            DISCREPANCY_CASE.c.settled.is_(False),
            DISCREPANCY_CASE.c.provider_id.is_not(None),
        )
        of_night = select(measured.group).where(
            measured.as_of == as_of,
            measured.local_authority == council,
            measured.grouping == PROVIDER,
        )
        with reading(self.engine) as connection:
            return frozenset(connection.scalars(of_cases.union(of_night)))


def _lines(
    connection: Connection, rows: Sequence[Row[Any]], council: str | None
) -> Iterator[NightLine]:
    """Yield nights with what the other tables say of them, each asked once."""
    nights = [row.as_of for row in rows]
    councils = _councils(connection, nights, council)
    sources = _by_night(connection, NIGHT_SOURCE, "outcome", nights)
    exports = _by_night(connection, FEED_EXPORT, "state", nights)
    notices = _by_night(connection, NOTICE, "state", nights)
    gates = _gates(connection, nights, council)
    released = _released(connection, nights, council)
    alerts = _begun(connection, nights, council)
    for row in rows:
        as_of = row.as_of
        yield NightLine(
            as_of=as_of,
            outcome=NightOutcome(row.outcome),
            first_recorded_at=utc(row.first_recorded_at),
            discrepancies=_found(row, council),
            councils=tuple(councils[as_of]),
            sources=_of_vocabulary(SourceOutcome, sources[as_of]),
            failed=gates[as_of]["failed"],
            warnings=gates[as_of]["warnings"],
            released=frozenset(released[as_of]),
            exports=_of_vocabulary(ExportState, exports[as_of]),
            notices=_of_vocabulary(NoticeState, notices[as_of]),
            alerts=alerts[as_of],
        )


def _found(row: Row[Any], council: str | None) -> int | None:
    """Return how many discrepancies a night found, of one council as its summary has it."""
    if council is None:
        return int(row.discrepancies)
    own = json.loads(row.summary).get("councils", {}).get(council)
    return sum(own.get("discrepancies", {}).values()) if own and own.get("assessed") else None


def _councils(
    connection: Connection, nights: Sequence[date], council: str | None
) -> defaultdict[date, list[CouncilRecord]]:
    it = NIGHT_COUNCIL.c
    query = select(NIGHT_COUNCIL).where(it.as_of.in_(nights)).order_by(it.local_authority)
    found: defaultdict[date, list[CouncilRecord]] = defaultdict(list)
    for row in connection.execute(query):
        if council in {None, row.local_authority}:
            found[row.as_of].append(
                CouncilRecord(
                    local_authority=row.local_authority,
                    assessed=row.assessed,
                    reason=row.reason,
                    message=row.message,
                )
            )
    return found


def _by_night(
    connection: Connection, table: Any, name: str, nights: Sequence[date]
) -> defaultdict[date, Counter[str]]:
    """Count the rows of a table by night and by what became of them."""
    as_of, outcome = table.c.as_of, table.c[name]
    query = select(as_of, outcome, func.count()).where(as_of.in_(nights)).group_by(as_of, outcome)
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query):
        found[row[0]][row[1]] = row[2]
    return found


def _gates(
    connection: Connection, nights: Sequence[date], council: str | None
) -> defaultdict[date, Counter[str]]:
    gate = GATE_RESULT.c
    shown = gate.consequence.in_([Consequence.NONE.value, Consequence.SHOWN.value])
    kind = case((shown, "warnings"), else_="failed").label("kind")
    query = (
        select(gate.as_of, kind, func.count())
        .where(
            gate.as_of.in_(nights),
            gate.outcome == GateOutcome.FAILED.value,
            _owned(gate.owner, council),
        )
        .group_by(gate.as_of, kind)
    )
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query):
        found[row[0]][row[1]] = row[2]
    return found


def _released(
    connection: Connection, nights: Sequence[date], council: str | None
) -> defaultdict[date, set[str]]:
    it = GATE_RELEASE.c
    query = select(it.as_of, it.owner).where(it.as_of.in_(nights), _owned(it.owner, council))
    found: defaultdict[date, set[str]] = defaultdict(set)
    for row in connection.execute(query):
        found[row.as_of].add(row.owner)
    return found


def _begun(connection: Connection, nights: Sequence[date], council: str | None) -> Counter[date]:
    it = ALERT.c
    query = (
        select(it.night, func.count())
        .where(it.night.in_(nights), _owned(it.owner, council))
        .group_by(it.night)
    )
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _owned(owner: ColumnElement[str], council: str | None) -> ColumnElement[bool]:
    """Say what is a council's or everybody's; all where no council is meant."""
    return true() if council is None else owner.in_([council, NOBODYS])


def _counts(
    connection: Connection, column: ColumnElement[str], where: ColumnElement[bool]
) -> Counter[str]:
    query = select(column, func.count()).where(where).group_by(column)
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _of_vocabulary(vocabulary: Any, counts: Mapping[str, int]) -> dict[Any, int]:
    """Return counts by the members of a vocabulary, in its order, without those that are none."""
    return {each: counts[each.value] for each in vocabulary if counts.get(each.value)}


def _exports(connection: Connection, where: ColumnElement[bool]) -> tuple[ExportRow, ...]:
    query = select(FEED_EXPORT).where(where).order_by(FEED_EXPORT.c.number.desc()).limit(MOST)
    return tuple(map(export_row, connection.execute(query)))


def _alerts(connection: Connection, *where: ColumnElement[bool]) -> tuple[AlertRow, ...]:
    query = select(ALERT).where(*where).order_by(ALERT.c.number.desc()).limit(MOST)
    return tuple(
        AlertRow(
            number=row.number,
            reference=row.reference,
            kind=AlertKind(row.kind),
            owner=row.owner,
            night=row.night,
            last_night=row.last_night,
            text=row.text,
            raised_at=utc(row.raised_at),
            recovered_on=row.recovered_on,
            recovered_at=row.recovered_at and utc(row.recovered_at),
        )
        for row in connection.execute(query)
    )


def _waiting(
    connection: Connection,
    what: ColumnElement[Any],
    trouble: ColumnElement[Any],
    where: ColumnElement[bool],
) -> tuple[Waits, ...]:
    """Count notices that wait, by where they go and why they wait."""
    attempts, since = func.max(NOTICE.c.attempts), func.min(NOTICE.c.made_at)
    query = (
        select(what, trouble, func.count(), attempts, since)
        .where(where)
        .group_by(what, trouble)
        .order_by(func.count().desc(), what, trouble)
    )
    return _told(connection.execute(query))


def _messages_waiting(connection: Connection) -> tuple[Waits, ...]:
    """Count messages of alerts that wait, by their channel and why they wait."""
    it = ALERT_MESSAGE.c
    query = (
        select(
            it.channel, it.trouble, func.count(), func.max(it.attempts), func.min(ALERT.c.raised_at)
        )
        .join_from(ALERT_MESSAGE, ALERT, ALERT.c.number == it.number)
        .where(it.sent_at.is_(None))
        .group_by(it.channel, it.trouble)
        .order_by(func.count().desc(), it.channel, it.trouble)
    )
    channels = {each.value: each.display for each in AlertChannel}
    return _told((channels[row[0]], *row[1:]) for row in connection.execute(query))


def _told(rows: Iterable[Any]) -> tuple[Waits, ...]:
    return tuple(
        Waits(what=what or "", trouble=trouble, number=number, attempts=attempts, since=utc(since))
        for what, trouble, number, attempts, since in rows
    )
