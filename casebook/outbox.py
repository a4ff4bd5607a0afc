"""The outbox: exports on their way to the Care Record, and what it said of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.feed_models import (
    FEED_EXPORT,
    FEED_FILE,
    FEED_RECEIVER_VERSION,
    FEED_REFUSAL,
    FEED_RESOURCE,
    FEED_STEP,
)
from casebook.locks import lock
from casebook.publication import ExportRow, ExportState, export_row
from casebook.sql import pieces
from schemas.delivery import Acknowledgement, Export, ExportFile, Refusal
from schemas.errors import PersonNeeded

THE_OUTBOX = date.min
"""Stands for a night in the lock of whoever delivers: only one may."""


class Outbox:
    """The exports that wait in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @contextmanager
    def hold(self, *, wait_seconds: float) -> Iterator[None]:
        """Keep everybody else from delivering; the lock goes with the process, even if killed."""
        release = self._lock(wait_seconds=wait_seconds)
        try:
            yield
        finally:
            release()

    @in_plain_words
    def waiting(self) -> list[ExportRow]:
        """Return what is to be delivered, in this order."""
        return self._exports(FEED_EXPORT.c.state == ExportState.WAITING.value)

    @in_plain_words
    def has_received(self, receiver: str) -> bool:
        """Say whether anything was ever delivered to a receiver."""
        exports = FEED_EXPORT.c
        query = select(exports.number).where(
            exports.receiver == receiver, exports.delivered_at.is_not(None)
        )
        with reading(self.engine) as connection:
            return connection.scalar(query.limit(1)) is not None

    @in_plain_words
    def unanswered(self) -> list[ExportRow]:
        """Return what was delivered without a word of the receiver yet."""
        return self._exports(FEED_EXPORT.c.state == ExportState.DELIVERED.value)

    @in_plain_words
    def exports(self, *, as_of: date | None = None) -> list[ExportRow]:
        """Return all exports, or those of a night, in their order."""
        return self._exports(*([] if as_of is None else [FEED_EXPORT.c.as_of == as_of]))

    @in_plain_words
    def refusals(self, number: int) -> tuple[Refusal, ...]:
        """Return what the receiver refused of an export."""
        refused = FEED_REFUSAL.c
        query = select(FEED_REFUSAL).where(refused.number == number).order_by(refused.reference)
        with reading(self.engine) as connection:
            return tuple(
                Refusal(reference=row.reference, code=row.code, text=row.text or "")
                for row in connection.execute(query)
            )

    @in_plain_words
    def export(self, row: ExportRow) -> Export:
        """Return an export for delivery; its files are read one by one."""
        file = FEED_FILE.c
        query = select(file.name, file.size_bytes, file.sha256).where(file.number == row.number)
        with reading(self.engine) as connection:
            files = tuple(
                ExportFile(name=each.name, size_bytes=each.size_bytes, sha256=each.sha256)
                for each in connection.execute(query.order_by(file.position))
            )
        return Export(name=row.name, files=files, read=lambda name: self.content(row.number, name))

    @in_plain_words
    def content(self, number: int, name: str) -> bytes:
        """Return a file of an export. Raises `PersonNeeded` where it was let go of."""
        file = FEED_FILE.c
        query = select(file.content).where(file.number == number, file.name == name)
        with reading(self.engine) as connection:
            packed = connection.scalar(query)
        if packed is None:
            raise PersonNeeded(
                "An export's files are not kept any more. Publish again with `cpli publish --full`."
            )
        return zlib.decompress(packed)

    @in_plain_words
    def is_kept(self, number: int) -> bool:
        """Say whether all files of an export are still there."""
        file = FEED_FILE.c
        query = select(file.name).where(file.number == number, file.content.is_(None)).limit(1)
        with reading(self.engine) as connection:
            return connection.scalar(query) is None

    @in_plain_words
    def tried(self, number: int, *, trouble: str) -> None:
        """Note an attempt that failed, and why."""
        exports = FEED_EXPORT.c
        with writing(self.engine) as connection:
            connection.execute(
                update(FEED_EXPORT)
                .where(exports.number == number)
                .values(attempts=exports.attempts + 1, tried_at=self.clock(), trouble=trouble)
            )

    @in_plain_words
    def delivered(self, number: int, *, answered: bool) -> None:
        """Note that an export was delivered; `answered` where the receiver has said all it will."""
        state = ExportState.ACKNOWLEDGED if answered else ExportState.DELIVERED
        exports, now = FEED_EXPORT.c, self.clock()
        with writing(self.engine) as connection:
            connection.execute(
                update(FEED_EXPORT)
                .where(exports.number == number, exports.state == ExportState.WAITING.value)
                .values(
                    state=state.value,
                    attempts=exports.attempts + 1,
                    tried_at=now,
                    trouble=None,
                    delivered_at=now,
                    **({"acknowledged_at": now} if answered else {}),
                )
            )

    @in_plain_words
    def acknowledged(self, number: int, said: Acknowledgement) -> None:
        """Note what the receiver said of an export; what it refused is sent again."""
        exports = FEED_EXPORT.c
        with writing(self.engine) as connection:
            connection.execute(
                update(FEED_EXPORT)
                .where(exports.number == number)
                .values(
                    state=ExportState.ACKNOWLEDGED.value,
                    acknowledged_at=self.clock(),
                    accepted=said.accepted,
                )
            )
            _refuse(connection, number, said.refused)

    def journal(self, number: int) -> ExportJournal:
        """Return the journal of an export."""
        return ExportJournal(self.engine, number)

    @in_plain_words
    def _lock(self, *, wait_seconds: float) -> Callable[[], None]:
        return lock(self.engine, THE_OUTBOX, wait_seconds=wait_seconds)

    def _exports(self, *where: ColumnElement[bool]) -> list[ExportRow]:
        query = select(FEED_EXPORT).where(*where).order_by(FEED_EXPORT.c.number)
        with reading(self.engine) as connection:
            return [export_row(row) for row in connection.execute(query)]


class ExportJournal:
    """What has been done for one export (`schemas.delivery.Journal`)."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine = engine
        self.number = number

    @in_plain_words
    def noted(self, step: str) -> bool:
        """Say whether a step was noted."""
        with reading(self.engine) as connection:
            return self._noted(connection, step)

    @in_plain_words
    def note(
        self,
        step: str,
        *,
        versions: Mapping[str, str | None] | None = None,
        refused: Sequence[Refusal] = (),
        accepted: int = 0,
    ) -> None:
        """Note a step and what the receiver said; noted before, it changes nothing."""
        exports = FEED_EXPORT.c
        with writing(self.engine) as connection:
            if self._noted(connection, step):
                return
            connection.execute(insert(FEED_STEP).values(number=self.number, step=step))
            _keep_versions(connection, versions or {})
            _refuse(connection, self.number, refused)
            if accepted:
                so_far = connection.scalar(
                    select(exports.accepted).where(exports.number == self.number)
                )
                connection.execute(
                    update(FEED_EXPORT)
                    .where(exports.number == self.number)
                    .values(accepted=(so_far or 0) + accepted)
                )

    @in_plain_words
    def versions(self, references: Sequence[str]) -> dict[str, str]:
        """Return the receiver's versions of those that it is known to hold."""
        held, found = FEED_RECEIVER_VERSION.c, dict[str, str]()
        with reading(self.engine) as connection:
            for some in pieces(references):
                query = select(held.reference, held.version).where(held.reference.in_(some))
                found |= {row.reference: row.version for row in connection.execute(query)}
        return found

    def _noted(self, connection: Connection, step: str) -> bool:
        steps = FEED_STEP.c
        query = select(steps.step).where(steps.number == self.number, steps.step == step)
        return connection.scalar(query) is not None


def _keep_versions(connection: Connection, versions: Mapping[str, str | None]) -> None:
    held = FEED_RECEIVER_VERSION.c.reference
    for some in pieces(sorted(versions)):
        connection.execute(delete(FEED_RECEIVER_VERSION).where(held.in_(some)))
    rows = [
        {"reference": each, "version": version} for each, version in versions.items() if version
    ]
    if rows:
        connection.execute(insert(FEED_RECEIVER_VERSION), rows)


def _refuse(connection: Connection, number: int, refused: Sequence[Refusal]) -> None:
    """Write down what was refused, and mark it, so that the next export sends it again."""
    references = {each.reference: each for each in refused}
    if not references:
        return
    this = FEED_REFUSAL.c.number == number
    known = set(connection.scalars(select(FEED_REFUSAL.c.reference).where(this)))
    rows = [
        {"number": number, "reference": reference, "code": each.code, "text": each.text or None}
        for reference, each in sorted(references.items())
        if reference not in known
    ]
    if rows:
        connection.execute(insert(FEED_REFUSAL), rows)
    ids = [reference.partition("/")[2] for reference in references]
    for some in pieces(ids):
        these = FEED_RESOURCE.c.id.in_(some)
        connection.execute(update(FEED_RESOURCE).where(these).values(refused=True))
