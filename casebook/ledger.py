"""The ledger of files: which were taken from which place, by their content."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, select

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.models import TAKEN_FILE
from schemas.taken import Receipt, ReceivedFile, Standing, TakenFile


class FileLedger:
    """Remembers files in the casebook's database, whose tables are up to date.

    Both methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @in_plain_words
    def latest(self, place: str, file: str) -> TakenFile | None:
        """Return the version of a file that was taken last."""
        with reading(self.engine) as connection:
            return _latest(connection, place, file)

    @in_plain_words
    def take(self, received: ReceivedFile, *, at: datetime) -> Receipt:
        """Remember a file and say what it is; the content that it had last is no new version.

        One that goes back to an earlier content is a new version: what counts is the last.
        """
        with writing(self.engine) as connection:
            last = _latest(connection, received.place, received.file)
            copies = _copies(connection, received)
            if last is not None and last.sha256 == received.sha256:
                return Receipt(standing=Standing.TAKEN_BEFORE, version=last.version, copies=copies)
            version = 1 if last is None else last.version + 1
            row = {
                "place": received.place,
                "file": received.file,
                "version": version,
                "size_bytes": received.size_bytes,
                "modified_at": received.modified_at,
                "sha256": received.sha256,
                "taken_at": at.astimezone(UTC),
            }
            connection.execute(insert(TAKEN_FILE), row)
            standing = Standing.NEW if last is None else Standing.NEW_VERSION
            return Receipt(standing=standing, version=version, copies=copies)


def _latest(connection: Connection, place: str, file: str) -> TakenFile | None:
    table = TAKEN_FILE.c
    query = (
        select(TAKEN_FILE)
        .where(table.place == place, table.file == file)
        .order_by(table.version.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    taken_at = row["taken_at"]  # SQLite forgets that it is UTC
    return TakenFile(**{**row, "taken_at": taken_at.replace(tzinfo=taken_at.tzinfo or UTC)})


def _copies(connection: Connection, received: ReceivedFile) -> tuple[str, ...]:
    table = TAKEN_FILE.c
    query = (
        select(table.file)
        .where(
            table.place == received.place,
            table.sha256 == received.sha256,
            table.file != received.file,
        )
        .distinct()
        .order_by(table.file)
    )
    return tuple(connection.scalars(query))
