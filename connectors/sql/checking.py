"""Tries a council's database with the login given: can it be reached, and what is there?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from sqlalchemy import text

from connectors.feed import Feed
from connectors.retry import Retry
from connectors.sql.place import SqlPlace
from connectors.sql.query import Asked, SqlTable
from connectors.sql.rows import columns_of, file_of, missing_columns, read
from connectors.sql.snapshot import Snapshot, snapshot
from connectors.sql.ways import ways_of
from schemas.errors import CpliError
from schemas.raw import RawTable

SAMPLE_ROWS = 20
ONCE = Retry(tries=1)


@dataclass(frozen=True, kw_only=True)
class CheckedTable:
    """What came of one table: our columns that it has, and its first rows as canonical text.

    `missing` are the columns that it must have and lacks; `problem` says who should do what where
    it cannot be read.
    """

    file: str
    columns: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    sample: RawTable | None = None
    problem: CpliError | None = None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a place: without `problem` it can be reached and lets us in.

    `clock_ahead_seconds` is how far the server's clock is ahead of ours, to half the time that the
    question took. `writable_tables` counts what our login could change (None where the database
    cannot say): any is too many, and `warning` then says who should do what.
    """

    place: SqlPlace
    problem: CpliError | None = None
    clock_ahead_seconds: float | None = None
    writable_tables: int | None = None
    warning: str | None = None
    tables: tuple[CheckedTable, ...] = ()

    @property
    def reachable(self) -> bool:
        """Whether the database let us in."""
        return self.problem is None


def check(
    place: SqlPlace,
    tables: Sequence[tuple[SqlTable, Feed]],
    *,
    asked: Asked,
    clock: Callable[[], float] = time.time,
    retry: Retry = ONCE,
) -> Checked:
    """Try a place and its tables; nothing is changed and nothing raised. `clock` is in seconds."""
    checked = Checked(place=place)
    try:
        with snapshot(place, retry=retry) as opened:
            checked = _with_facts(checked, opened, clock=clock)
    except CpliError as error:
        return replace(checked, problem=error)
    return replace(
        checked, tables=tuple(_table(place, each, feed, asked, retry) for each, feed in tables)
    )


def _with_facts(checked: Checked, opened: Snapshot, *, clock: Callable[[], float]) -> Checked:
    ways = ways_of(opened.place)
    before = clock()
    theirs = float(opened.scalar(text(ways.clock)))
    ahead = theirs - (before + clock()) / 2
    writable = None if ways.writable is None else int(opened.scalar(text(ways.writable)))
    return replace(
        checked,
        clock_ahead_seconds=ahead,
        writable_tables=writable,
        warning=_warning(opened.place) if writable else None,
    )


def _warning(place: SqlPlace) -> str:
    return (
        f"The login for {place.described} may change tables, which it never needs. Ask"
        f" {place.keeper} to leave it the right to SELECT from the view alone."
    )


def _table(
    place: SqlPlace, sql_table: SqlTable, feed: Feed, asked: Asked, retry: Retry
) -> CheckedTable:
    """Try one table, in a transaction of its own: an error spoils PostgreSQL's for all others."""
    found = CheckedTable(file=file_of(place, sql_table))
    try:
        with snapshot(place, retry=retry) as opened:
            columns = columns_of(opened, sql_table, feed, asked)
            refusal = missing_columns(columns, sql_table, feed, place)
            found = replace(found, columns=frozenset(columns), problem=refusal)
            if refusal is not None:
                return replace(found, missing=tuple(refusal.column.split(";")))
            return replace(found, sample=_sample(opened, sql_table, feed, asked))
    except CpliError as error:
        return replace(found, problem=error)


def _sample(opened: Snapshot, sql_table: SqlTable, feed: Feed, asked: Asked) -> RawTable:
    first_rows = replace(sql_table, at_most=SAMPLE_ROWS)
    with closing(
        read(opened, first_rows, feed, source="check", asked=asked, rows_at_once=SAMPLE_ROWS)
    ) as chunks:
        return next(chunks)
