"""Remembers which columns each source had on each night, and says what has changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, delete, func, insert, select

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.lineage_models import NIGHT_SCHEMA, SOURCE_SCHEMA
from casebook.sql import pieces
from schemas.lineage import (
    CameColumn,
    ColumnType,
    NotedSchema,
    SchemaColumn,
    SourceSchema,
    drift,
    schema_of,
)


@dataclass(frozen=True, kw_only=True)
class CameSource:
    """A source as it came on a night; `owner` is a GSS code, a provider's reference, or empty."""

    source: str
    owner: str
    file: str
    columns: tuple[CameColumn, ...]


class Lineage:
    """What sources were made of, in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @in_plain_words
    def note(
        self, as_of: date, came: Sequence[CameSource], *, whole: bool = True
    ) -> tuple[NotedSchema, ...]:
        """Write down what a night's sources were made of, in place of what stood of it.

        Returns what then stands of the night, with the change since the last earlier night on which
        each source came. A run that was not of the `whole` night leaves other sources as they are.
        """
        with writing(self.engine) as connection:
            before = _before(connection, as_of)
            schemas = [_schema(each, before.get(each.source)) for each in came]
            _put(connection, as_of, schemas, whole=whole)
            return _noted(connection, as_of, before)

    @in_plain_words
    def noted(self, as_of: date) -> tuple[NotedSchema, ...]:
        """Return what a night's sources were made of, and its changes, by source."""
        with reading(self.engine) as connection:
            return _noted(connection, as_of, _before(connection, as_of))


Before = tuple[date, SourceSchema]


def _schema(came: CameSource, before: Before | None) -> SourceSchema:
    return schema_of(
        came.columns,
        source=came.source,
        owner=came.owner,
        file=came.file,
        before=before and before[1],
    )


def _noted(
    connection: Connection, as_of: date, before: Mapping[str, Before]
) -> tuple[NotedSchema, ...]:
    tonight = _of_nights(connection, {as_of}).get(as_of, {})
    return tuple(
        _with_drift(schema, before.get(source)) for source, schema in sorted(tonight.items())
    )


def _with_drift(schema: SourceSchema, before: Before | None) -> NotedSchema:
    if before is None:
        return NotedSchema(schema=schema)
    since, then = before
    return NotedSchema(schema=schema, drift=drift(schema, then, since=since))


def _before(connection: Connection, as_of: date) -> Mapping[str, Before]:
    """Return each source's schema of the last night before this one on which it came."""
    night = NIGHT_SCHEMA.c
    latest = (
        select(night.source, func.max(night.as_of).label("day"))
        .where(night.as_of < as_of)
        .group_by(night.source)
    )
    last = {row.source: row.day for row in connection.execute(latest)}
    by_night = _of_nights(connection, set(last.values()))
    return {source: (day, by_night[day][source]) for source, day in last.items()}


def _of_nights(connection: Connection, nights: set[date]) -> dict[date, dict[str, SourceSchema]]:
    """Return the schemas of some nights, by night and source."""
    night, schema = NIGHT_SCHEMA.c, SOURCE_SCHEMA.c
    found: dict[date, dict[str, SourceSchema]] = {}
    for some in pieces(sorted(nights)):
        query = (
            select(night.as_of, night.source, night.owner, night.file, schema.columns)
            .join(SOURCE_SCHEMA, schema.fingerprint == night.fingerprint)
            .where(night.as_of.in_(some))
        )
        for row in connection.execute(query):
            found.setdefault(row.as_of, {})[row.source] = SourceSchema(
                source=row.source,
                owner=row.owner,
                file=row.file,
                columns=tuple(
                    SchemaColumn(name=name, type=ColumnType[kind.upper()])
                    for name, kind in json.loads(row.columns)
                ),
            )
    return found


def _put(
    connection: Connection, as_of: date, schemas: Sequence[SourceSchema], *, whole: bool
) -> None:
    by_fingerprint = {schema.fingerprint: schema for schema in schemas}
    known: set[str] = set()
    for some in pieces(sorted(by_fingerprint)):
        there = SOURCE_SCHEMA.c.fingerprint
        known |= set(connection.scalars(select(there).where(there.in_(some))))
    fresh = [
        {
            "fingerprint": fingerprint,
            "columns": json.dumps([[column.name, column.type.value] for column in schema.columns]),
        }
        for fingerprint, schema in by_fingerprint.items()
        if fingerprint not in known
    ]
    if fresh:
        connection.execute(insert(SOURCE_SCHEMA), fresh)
    night = NIGHT_SCHEMA.c
    for some in pieces([schema.source for schema in schemas]):
        these = (night.as_of == as_of) & night.source.in_(some)
        connection.execute(delete(NIGHT_SCHEMA).where(these))
    if whole:
        connection.execute(delete(NIGHT_SCHEMA).where(night.as_of == as_of))
    rows = [
        {
            "as_of": as_of,
            "source": schema.source,
            "owner": schema.owner,
            "file": schema.file,
            "fingerprint": schema.fingerprint,
        }
        for schema in schemas
    ]
    if rows:
        connection.execute(insert(NIGHT_SCHEMA), rows)
