"""Nights in and out of the tables, within a transaction of the caller's."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from casebook.frames import NIGHT_COLUMNS, Values, frame_of, to_values
from casebook.models import (
    NIGHT,
    NIGHT_COUNCIL,
    NIGHT_DISCREPANCY,
    NIGHT_NOT_ASSESSED,
    NIGHT_SOURCE,
    NIGHT_TIMELINESS,
)
from casebook.record import (
    TIMELINESS_TYPES,
    CouncilRecord,
    Effect,
    NightFacts,
    NightOutcome,
    NightRecord,
    NightRow,
    SourceOutcome,
    SourceRecord,
)
from casebook.working_days import utc

T = TypeVar("T")
V = TypeVar("V", NightOutcome, SourceOutcome)

AT_ONCE = 500
"""How many rows are named in one statement."""

PROVIDER, PORTAL = "provider", "portal"
CHILDREN = (NIGHT_COUNCIL, NIGHT_NOT_ASSESSED, NIGHT_SOURCE)


def pieces(values: Sequence[T], *, most: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Yield the values in pieces, each small enough for one statement."""
    for first in range(0, len(values), most):
        yield values[first : first + most]


def put_night(
    connection: Connection, night: NightRecord, discrepancies: Sequence[Values], *, now: datetime
) -> Effect:
    """Write a night in place of what stands for it, unless the very same content stands.

    `discrepancies` are rows of `NIGHT_COLUMNS`, by id. A night that is replaced keeps the
    instant at which it was first recorded.
    """
    facts = _facts(night, night.timeliness)
    content_hash = _hash(night, facts, discrepancies)
    this_night = NIGHT.c.as_of == night.as_of
    standing = connection.execute(select(NIGHT).where(this_night)).one_or_none()
    if standing is not None and standing.content_hash == content_hash:
        return Effect.UNCHANGED
    connection.execute(delete(NIGHT).where(this_night))
    connection.execute(
        insert(NIGHT).values(
            as_of=night.as_of,
            first_recorded_at=now if standing is None else standing.first_recorded_at,
            content_hash=content_hash,
            discrepancies=len(discrepancies),
            **_own_facts(night),
        )
    )
    for table, rows in facts.items():
        _insert(connection, table, [{"as_of": night.as_of, **row} for row in rows])
    found = [(night.as_of, *values) for values in discrepancies]
    insert_rows(connection, NIGHT_DISCREPANCY, found, ("as_of", *NIGHT_COLUMNS))
    return Effect.ADDED if standing is None else Effect.REPLACED


def night_before(connection: Connection, as_of: date) -> date | None:
    """Return the latest night on record before this one."""
    earlier = select(NIGHT.c.as_of).where(NIGHT.c.as_of < as_of)
    latest: date | None = connection.scalar(earlier.order_by(NIGHT.c.as_of.desc()).limit(1))
    return latest


def read_nights(connection: Connection, as_of: date | None = None) -> list[NightRow]:
    """Return all nights, oldest first, or the one asked for if it is on record."""
    children: dict[Table, dict[date, list[dict[str, Any]]]] = {}
    for table in CHILDREN:
        children[table] = defaultdict(list)
        for row in _rows_of(connection, table, as_of):
            values = row._asdict()
            children[table][values.pop("as_of")].append(values)
    return [
        _night_row(row, {table: rows[row.as_of] for table, rows in children.items()})
        for row in _rows_of(connection, NIGHT, as_of)
    ]


def read_discrepancies(
    connection: Connection, names: Sequence[str], as_of: date
) -> Sequence[Row[Any]]:
    """Return the named columns of a night's discrepancies."""
    columns = [NIGHT_DISCREPANCY.c[name] for name in names]
    return connection.execute(select(*columns).where(NIGHT_DISCREPANCY.c.as_of == as_of)).all()


def read_timeliness(connection: Connection, first: date | None, last: date | None) -> pd.DataFrame:
    """Return as_of and the columns of `TIMELINESS_TYPES` of the nights from one to another."""
    measured = NIGHT_TIMELINESS.c
    query = select(NIGHT_TIMELINESS)
    if first is not None:
        query = query.where(measured.as_of >= first)
    if last is not None:
        query = query.where(measured.as_of <= last)
    order = (measured.as_of, measured.local_authority, measured.grouping, measured.group)
    rows = connection.execute(query.order_by(*order)).all()
    frame = frame_of(rows, measured.keys()).astype(TIMELINESS_TYPES)
    return frame.assign(as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[us]"))


def contents(connection: Connection) -> Iterator[tuple[NightRow, str]]:
    """Yield each night on record, oldest first, with the hash of what the tables hold of it."""
    for night in read_nights(connection):
        timeliness = read_timeliness(connection, night.as_of, night.as_of)
        rows = read_discrepancies(connection, NIGHT_COLUMNS, night.as_of)
        by_id = sorted(map(tuple, rows), key=itemgetter(0))
        yield night, _hash(night, _facts(night, timeliness), by_id)


def hash_again(connection: Connection) -> None:
    """Give each night the hash of what the tables hold of it, as this version reckons it."""
    for night, content_hash in list(contents(connection)):
        this_night = NIGHT.c.as_of == night.as_of
        connection.execute(update(NIGHT).where(this_night).values(content_hash=content_hash))


def _own_facts(night: NightFacts) -> dict[str, str]:
    summary = json.dumps(dict(night.summary), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return {
        "version": night.version,
        "outcome": night.outcome.value,
        "summary": summary,
    }


def _facts(night: NightFacts, timeliness: pd.DataFrame) -> dict[Table, list[dict[str, Any]]]:
    """Return the rows of a night's smaller tables, in the same order however they were given."""
    sources = sorted(night.sources, key=lambda source: (source.source, source.file))
    sides = {PORTAL: night.portals_not_assessed, PROVIDER: night.providers_not_assessed}
    columns = list(TIMELINESS_TYPES)
    timeliness = timeliness[columns].sort_values(columns[:3])
    return {
        NIGHT_COUNCIL: [
            asdict(council)
            for council in sorted(night.councils, key=lambda council: council.local_authority)
        ],
        NIGHT_NOT_ASSESSED: [
            {"side": side, "code": code} for side, codes in sides.items() for code in sorted(codes)
        ],
        NIGHT_SOURCE: [_of_source(source) for source in sources],
        NIGHT_TIMELINESS: [dict(zip(columns, row, strict=True)) for row in to_values(timeliness)],
    }


def _of_source(source: SourceRecord) -> dict[str, Any]:
    """Return what is on record of a source: all but its columns, which are kept apart."""
    told = asdict(replace(source, shape=None))
    del told["shape"]
    return told | {"outcome": source.outcome.value}


def _hash(
    night: NightFacts,
    facts: Mapping[Table, Sequence[Mapping[str, Any]]],
    discrepancies: Sequence[Values],
) -> str:
    """Return the SHA-256 of all that a night puts on record."""
    content = [
        night.as_of,
        _own_facts(night),
        {table.name: rows for table, rows in facts.items()},
        discrepancies,
    ]
    text = json.dumps(content, sort_keys=True, default=date.isoformat)
    return hashlib.sha256(text.encode()).hexdigest()


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    # Given no rows, SQLAlchemy would insert one of nulls.
    if rows:
        connection.execute(insert(table), rows)


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Values], names: Sequence[str]
) -> None:
    """Insert rows of the named columns, as fast as the database can."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows, names)
    else:
        _insert(connection, table, [dict(zip(names, row, strict=True)) for row in rows])


def _copy(
    connection: Connection, table: Table, rows: Sequence[Values], names: Sequence[str]
) -> None:
    """Insert by COPY, five times as fast as single inserts, within the transaction."""
    statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _rows_of(connection: Connection, table: Table, as_of: date | None) -> Sequence[Row[Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    return connection.execute(query if as_of is None else query.where(table.c.as_of == as_of)).all()


def _night_row(row: Row[Any], children: Mapping[Table, Sequence[dict[str, Any]]]) -> NightRow:
    sides = children[NIGHT_NOT_ASSESSED]
    return NightRow(
        as_of=row.as_of,
        first_recorded_at=utc(row.first_recorded_at),
        version=row.version,
        content_hash=row.content_hash,
        outcome=_member(NightOutcome, row.outcome),
        summary=json.loads(row.summary),
        discrepancies=row.discrepancies,
        councils=tuple(CouncilRecord(**council) for council in children[NIGHT_COUNCIL]),
        sources=tuple(
            SourceRecord(**{**source, "outcome": _member(SourceOutcome, source["outcome"])})
            for source in children[NIGHT_SOURCE]
        ),
        providers_not_assessed=_codes(sides, PROVIDER),
        portals_not_assessed=_codes(sides, PORTAL),
    )


def _codes(sides: Sequence[Mapping[str, Any]], side: str) -> frozenset[str]:
    return frozenset(row["code"] for row in sides if row["side"] == side)


def _member(vocabulary: type[V], code: str) -> V:
    return vocabulary[code.upper()]
