"""What stands at the Care Record, and what a night gives it: in and out of the tables."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.feed_models import (
    FEED_EXPORT,
    FEED_FILE,
    FEED_HIDDEN,
    FEED_PREPARED,
    FEED_RECEIVER_VERSION,
    FEED_RESOURCE,
)
from casebook.sql import insert_rows, pieces
from casebook.working_days import utc
from schemas.published import Change, Hidden, Published, Stand, Turn
from schemas.vocabularies import Vocabulary

T = TypeVar("T")
ROWS_AT_ONCE = 5_000
RESOURCE_COLUMNS = (*Published._fields, "content")


class ExportState(Vocabulary):
    """How far an export has got."""

    KEPT = "kept", "in the night's folder: nobody received then, or somebody else does now"
    WAITING = "waiting", "waiting to be delivered"
    DELIVERED = "delivered", "delivered"
    ACKNOWLEDGED = "acknowledged", "delivered, and the receiver has said what it took"


@dataclass(frozen=True, kw_only=True)
class NewExport:
    """An export as it is made; `counts` is JSON's kind of data, without any person in it."""

    as_of: date
    name: str
    full: bool
    transaction_time: datetime
    evidence: str
    counts: Mapping[str, Any]
    receiver: str | None


@dataclass(frozen=True, kw_only=True)
class ExportRow:
    """An export on record."""

    number: int
    name: str
    as_of: date
    full: bool
    transaction_time: datetime
    made_at: datetime
    evidence: str
    counts: Mapping[str, Any]
    receiver: str | None
    state: ExportState
    attempts: int
    tried_at: datetime | None
    trouble: str | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    accepted: int | None


class Publication:
    """The state of the feed in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @in_plain_words
    def change(self, step: Callable[[State], T]) -> T:
        """Do a step that changes the state, all of it or nothing, while nobody else does."""
        with writing(self.engine) as connection:
            return step(State(connection, self.clock()))

    @in_plain_words
    def look(self, step: Callable[[State], T]) -> T:
        """Do a step that changes nothing, upon one state of the database."""
        with reading(self.engine) as connection:
            return step(State(connection, self.clock()))


class State:
    """The state of the feed within one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    def prepared(self, as_of: date) -> bytes | None:
        """Return what a night gives the feed, None where that is not kept."""
        query = select(FEED_PREPARED.c.packed).where(FEED_PREPARED.c.as_of == as_of)
        packed: bytes | None = self.connection.scalar(query)
        return packed

    def keep_prepared(self, as_of: date, packed: bytes) -> None:
        """Keep what a night gives the feed, in place of what it gave before."""
        this = FEED_PREPARED.c.as_of == as_of
        self.connection.execute(delete(FEED_PREPARED).where(this))
        self.connection.execute(insert(FEED_PREPARED).values(as_of=as_of, packed=packed))

    def hidden_but_for(self, assessed: Iterable[str]) -> dict[str, str]:
        """Return of whom nothing may be seen, as other councils than these have it, and why."""
        hidden = FEED_HIDDEN.c
        query = select(hidden.patient, hidden.reason).where(
            hidden.local_authority.not_in(sorted(assessed))
        )
        return {row.patient: row.reason for row in self.connection.execute(query)}

    def patients_but_for(self, assessed: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Yield base id, council and content of patients that stand as other councils have them."""
        resource = FEED_RESOURCE.c
        query = select(resource.base_id, resource.local_authority, resource.content).where(
            resource.kind == "Patient",
            resource.stand != Stand.DELETED.value,
            resource.local_authority.not_in(sorted(assessed)),
        )
        for row in self.connection.execute(query):
            yield row.base_id, row.local_authority, row.content

    def standing(self) -> dict[str, Published]:
        """Return the latest generation of all that was ever published, by base id."""
        resource = FEED_RESOURCE.c
        columns = [resource[name] for name in Published._fields]
        rows = self.connection.execute(select(*columns).order_by(resource.generation))
        return {row.base_id: _published(row) for row in rows}

    def contents(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the content of published resources by id."""
        resource, found = FEED_RESOURCE.c, dict[str, str]()
        for some in pieces(ids):
            query = select(resource.id, resource.content).where(resource.id.in_(some))
            found |= {row.id: row.content for row in self.connection.execute(query)}
        return found

    def everything(self) -> Iterator[tuple[str, str]]:
        """Yield kind and content of all that stands at the receiver."""
        resource = FEED_RESOURCE.c
        query = select(resource.kind, resource.content).where(resource.stand != Stand.DELETED.value)
        for row in self.connection.execute(query):
            yield row.kind, row.content

    def put(self, changes: Sequence[Change]) -> None:
        """Write down what an export changes."""
        again = [change.published.id for change in changes if change.turn is Turn.AGAIN]
        for some in pieces(again):
            accepted = update(FEED_RESOURCE).where(FEED_RESOURCE.c.id.in_(some))
            self.connection.execute(accepted.values(refused=False))
        others = [change for change in changes if change.turn is not Turn.AGAIN]
        ids = [change.published.id for change in others if change.turn is not Turn.ADDED]
        for some in pieces(ids):
            self.connection.execute(delete(FEED_RESOURCE).where(FEED_RESOURCE.c.id.in_(some)))
        for part in pieces(others, most=ROWS_AT_ONCE):
            rows = [_row(change) for change in part]
            insert_rows(self.connection, FEED_RESOURCE, rows, RESOURCE_COLUMNS)

    def put_hidden(self, hidden: Sequence[Hidden], *, assessed: Collection[str]) -> None:
        """Write down of whom nothing may be seen.

        What was known of the assessed councils is replaced; of others more can be known.
        """
        column = FEED_HIDDEN.c
        self.connection.execute(
            delete(FEED_HIDDEN).where(column.local_authority.in_(sorted(assessed)))
        )
        for each in hidden:
            if each.local_authority not in assessed:
                this = (column.local_authority == each.local_authority) & (
                    column.patient == each.patient
                )
                self.connection.execute(delete(FEED_HIDDEN).where(this))
        insert_rows(self.connection, FEED_HIDDEN, hidden, Hidden._fields)

    def deleted(self) -> list[str]:
        """Return everything that was ever deleted, as Type/id."""
        resource = FEED_RESOURCE.c
        query = select(resource.kind, resource.id).where(resource.stand == Stand.DELETED.value)
        return [f"{row.kind}/{row.id}" for row in self.connection.execute(query)]

    def set_aside(self, *, but_for: str) -> None:
        """Let exports wait no more that were made for another receiver: it gets everything."""
        exports = FEED_EXPORT.c
        waiting = (exports.state == ExportState.WAITING.value) & (exports.receiver != but_for)
        self.connection.execute(
            update(FEED_EXPORT).where(waiting).values(state=ExportState.KEPT.value)
        )

    def latest(self) -> ExportRow | None:
        """Return the latest export."""
        query = select(FEED_EXPORT).order_by(FEED_EXPORT.c.number.desc()).limit(1)
        row = self.connection.execute(query).one_or_none()
        return None if row is None else export_row(row)

    def add_export(self, export: NewExport, files: Iterable[tuple[str, bytes]]) -> ExportRow:
        """Put an export into the outbox; it waits there where somebody receives it."""
        number = (self.connection.scalar(select(func.max(FEED_EXPORT.c.number))) or 0) + 1
        state = ExportState.WAITING if export.receiver else ExportState.KEPT
        self.connection.execute(
            insert(FEED_EXPORT).values(
                number=number,
                name=export.name,
                as_of=export.as_of,
                full_export=export.full,
                transaction_time=export.transaction_time,
                made_at=self.now,
                evidence=export.evidence,
                counts=json.dumps(export.counts, sort_keys=True),
                receiver=export.receiver,
                state=state.value,
                attempts=0,
            )
        )
        for position, (name, content) in enumerate(files):
            self.connection.execute(
                insert(FEED_FILE).values(
                    number=number,
                    position=position,
                    name=name,
                    size_bytes=len(content),
                    sha256=sha256(content).hexdigest(),
                    content=zlib.compress(content, level=1),
                )
            )
        made = select(FEED_EXPORT).where(FEED_EXPORT.c.number == number)
        return export_row(self.connection.execute(made).one())

    def forget_versions(self) -> None:
        """Forget what a former receiver called the versions of what it holds."""
        self.connection.execute(delete(FEED_RECEIVER_VERSION))

    def let_go(self, *, before: date) -> None:
        """Let go of what earlier nights gave, and of files that have been delivered."""
        self.connection.execute(delete(FEED_PREPARED).where(FEED_PREPARED.c.as_of < before))
        done = select(FEED_EXPORT.c.number).where(
            FEED_EXPORT.c.as_of < before, FEED_EXPORT.c.state != ExportState.WAITING.value
        )
        theirs = FEED_FILE.c.number.in_(done) & FEED_FILE.c.content.is_not(None)
        self.connection.execute(update(FEED_FILE).where(theirs).values(content=None))


def export_row(row: Row[Any]) -> ExportRow:
    """Return an export as it is on record."""
    told = row._asdict()
    told["full"] = told.pop("full_export")
    told["counts"] = json.loads(told["counts"])
    told["state"] = ExportState[told["state"].upper()]
    for name in ("transaction_time", "made_at", "tried_at", "delivered_at", "acknowledged_at"):
        told[name] = told[name] and utc(told[name])
    return ExportRow(**told)


def _published(row: Row[Any]) -> Published:
    told = Published._make(row)
    return told._replace(
        refers_to=tuple(row.refers_to.split()),
        stand=Stand[row.stand.upper()],
    )


def _row(change: Change) -> tuple[Any, ...]:
    told = change.published._asdict()
    told |= {"refers_to": " ".join(told["refers_to"]), "stand": told["stand"].value}
    return (*told.values(), change.content or None)
