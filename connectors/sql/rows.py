"""Reads a table of a council's database as canonical text, chunk by chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import DATES, INSTANTS, ISO, NOTHING, Feed, translated
from connectors.shapes import looked_at, shape
from connectors.sql.cells import Cells, read_cells
from connectors.sql.kinds import declared_type
from connectors.sql.place import SqlPlace
from connectors.sql.query import Asked, SqlTable
from connectors.sql.snapshot import Described, Rows, Snapshot
from connectors.tabular import TEXT, leave_out, raw_table
from connectors.wording import listed
from schemas.errors import SourceRefused
from schemas.lineage import CameColumn, ColumnType, Looked
from schemas.raw import FileFacts, RawTable, RefusalLog
from schemas.tables import TableColumns

ROWS_AT_ONCE = 20_000
TIMES = frozenset({*DATES, *INSTANTS})
# What parts cells and rows where content is compared; no text of a person's holds them.
BETWEEN_CELLS, BETWEEN_ROWS = pa.scalar("\x1f", TEXT), pa.scalar("\x1e", TEXT)


def read(
    snapshot: Snapshot,
    sql_table: SqlTable,
    feed: Feed,
    *,
    source: str,
    asked: Asked,
    provider_ids: Mapping[str, str] = NOTHING,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Generator[RawTable, None, None]:
    """Yield a table's rows as canonical text, at least one chunk; `row` runs on over the chunks.

    The facts of a chunk are those of all rows up to its last: those of the last chunk are the
    table's. Raises SourceRefused `missing_columns` or `doubled_column`, and what a snapshot does.
    """
    there = snapshot.headings(sql_table.without_rows(), sql_table.values(asked))
    own_names = _ours_among(there, sql_table, feed, snapshot.place)
    columns = _Columns.of(there, own_names, table=sql_table.of, driver=snapshot.driver)
    if refusal := missing_columns(own_names, sql_table, feed, snapshot.place):
        refusal.shape = columns.shape
        raise refusal
    statement = sql_table.statement(own_names)
    names = own_names if sql_table.query else {name: name for name in own_names}
    notes = RefusalLog(source=source, file=file_of(snapshot.place, sql_table))
    _warn_of_missing(names, sql_table.of, notes=notes, place=snapshot.place)
    content = _Content()
    chunks = snapshot.rows(statement, sql_table.values(asked), at_once=rows_at_once)
    for rows in _at_least_one(chunks, names):
        cells = _cells(rows, names, feed=feed)
        text = {name: each.text for name, each in cells.items()}
        content.add(text, sql_table.of)
        columns.look_at(text)
        facts = replace(content.facts(notes.file, asked), shape=columns.shape)
        raw = _raw(cells, sql_table.of, facts, notes, content.rows)
        yield _in_our_words(raw, cells, feed, provider_ids=provider_ids)
        notes = RefusalLog(source=source, file=notes.file)


def file_of(place: SqlPlace, sql_table: SqlTable) -> str:
    """Return what stands for a file's name in the record of a night."""
    return f"sql {place.name}/{sql_table.called}"


def columns_of(snapshot: Snapshot, sql_table: SqlTable, feed: Feed, asked: Asked) -> dict[str, str]:
    """Return the database's own name of each of our columns that it has.

    Raises SourceRefused `doubled_column` where it cannot be told which of two is meant.
    """
    there = snapshot.headings(sql_table.without_rows(), sql_table.values(asked))
    return _ours_among(there, sql_table, feed, snapshot.place)


def _ours_among(
    described: Iterable[Described], sql_table: SqlTable, feed: Feed, place: SqlPlace
) -> dict[str, str]:
    there = [each.name for each in described]
    wanted = {name: feed.columns.get(name, name).strip() for name in sql_table.of.known}
    found: dict[str, str] = {}
    for name, own in wanted.items():
        alike = [each for each in there if each.strip().lower() == own.lower()]
        alike = [each for each in alike if each.strip() == own] or alike
        if len(alike) > 1:
            raise SourceRefused(
                f"{file_of(place, sql_table)} has the column {own} more than once. Correct"
                f" the query, or ask {place.keeper} to correct the view.",
                rule="doubled_column",
                file=file_of(place, sql_table),
                column=name,
            )
        if alike:
            found[name] = alike[0]
    return found


def missing_columns(
    found: Iterable[str], sql_table: SqlTable, feed: Feed, place: SqlPlace
) -> SourceRefused | None:
    """Return the refusal of a table that lacks columns which it must have."""
    lacking = [name for name in sql_table.of.required if name not in set(found)]
    if not lacking:
        return None
    said = [
        name if feed.columns.get(name, name) == name else f"{feed.columns[name]} (our {name})"
        for name in lacking
    ]
    file = file_of(place, sql_table)
    return SourceRefused(
        f"{file} has no column {listed(said)}. Ask {place.keeper} to add it to the view, or correct"
        " the names of columns in the configuration.",
        rule="missing_columns",
        file=file,
        column=";".join(lacking),
    )


def _warn_of_missing(
    found: Iterable[str], table: TableColumns, *, notes: RefusalLog, place: SqlPlace
) -> None:
    for name in table.optional:
        if name not in set(found):
            notes.warn(
                "missing_column",
                f"{notes.file} has no column {name}, which is read as empty. Ask {place.keeper} to"
                " add it where it is known.",
                column=name,
            )


def _at_least_one(chunks: Iterator[Rows], names: Mapping[str, str]) -> Iterator[Rows]:
    own = tuple(names.values())
    yield next(chunks, Rows(names=own, types=(None,) * len(own), columns=((),) * len(own)))
    yield from chunks


def _cells(rows: Rows, names: Mapping[str, str], *, feed: Feed) -> dict[str, Cells]:
    return {
        ours: read_cells(
            rows.columns[place],
            name=ours,
            type_code=rows.types[place],
            encoding=feed.encoding,
            zone=feed.time_zone,
        )
        for ours, own in names.items()
        for place in [rows.names.index(own)]
    }


def _raw(
    cells: Mapping[str, Cells],
    table: TableColumns,
    facts: FileFacts,
    notes: RefusalLog,
    rows_so_far: int,
) -> RawTable:
    rows = len(next(iter(cells.values())).unreadable) if cells else 0
    rows_before = rows_so_far - rows
    columns = {
        name: leave_out(
            each.text,
            each.unreadable,
            name=name,
            table=table,
            notes=notes,
            rule="unreadable",
            wrong="is no text, number or date that can be read",
            rows_before=rows_before,
        )
        if each.unreadable.any()
        else each.text
        for name, each in cells.items()
    }
    return raw_table(
        columns,
        np.zeros(rows, dtype=bool),
        table=table,
        source=notes.source,
        facts=facts,
        notes=notes,
        rows_before=rows_before,
    )


def _in_our_words(
    raw: RawTable, cells: Mapping[str, Cells], feed: Feed, *, provider_ids: Mapping[str, str]
) -> RawTable:
    """Translate what the council writes in its own way; dates of a date type are ISO already."""
    told = translated(raw, feed, provider_ids=provider_ids)
    iso = replace(feed, date_formats=(ISO,), instant_formats=(ISO,))
    times = [name for name, each in cells.items() if each.is_time and name in TIMES]
    if not times or feed == iso:
        return told
    by_type = translated(raw, iso, provider_ids=provider_ids)
    return replace(told, frame=told.frame.assign(**{name: by_type.frame[name] for name in times}))


@dataclass(kw_only=True)
class _Columns:
    """The columns of a table as they come, and what has been seen of those that are ours.

    What the database declares counts; of the others, cells are looked at.
    """

    headings: list[str]
    table: TableColumns
    ours: dict[int, str]
    declared: dict[int, ColumnType]
    looked: dict[int, Looked] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        there: Sequence[Described],
        own_names: Mapping[str, str],
        *,
        table: TableColumns,
        driver: str,
    ) -> Self:
        """Return the columns of an answer before any of its rows."""
        ours = {own: name for name, own in own_names.items()}
        types = {at: declared_type(each.type_code, driver) for at, each in enumerate(there)}
        return cls(
            headings=[each.name for each in there],
            table=table,
            ours={at: ours[each.name] for at, each in enumerate(there) if each.name in ours},
            declared={at: kind for at, kind in types.items() if kind is not None},
        )

    def look_at(self, text: Mapping[str, pa.ChunkedArray]) -> None:
        """Take a chunk into account."""
        for at, name in self.ours.items():
            if at not in self.declared:
                self.looked[at] = self.looked.get(at, Looked()) + looked_at(text[name])

    @property
    def shape(self) -> tuple[CameColumn, ...]:
        """The columns by all that has been read."""
        return shape(
            self.headings, self.looked, table=self.table, ours=self.ours, declared=self.declared
        )


@dataclass(kw_only=True)
class _Content:
    """What has been read so far: rows, bytes of text, and a hash that no chunk's size changes."""

    rows: int = 0
    size_bytes: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, columns: Mapping[str, pa.ChunkedArray], table: TableColumns) -> None:
        """Take a chunk into account."""
        count = len(next(iter(columns.values()))) if columns else 0
        cells = [columns.get(name, pa.nulls(count, TEXT)) for name in table.known]
        self.rows += count
        self.size_bytes += sum(pc.sum(pc.binary_length(each)).as_py() or 0 for each in cells)
        lines = pc.binary_join_element_wise(
            *cells,
            BETWEEN_ROWS,
            BETWEEN_CELLS,
            null_handling="replace",
            null_replacement="",
        )
        for part in pa.chunked_array(lines).chunks:
            self.digest.update(_bytes(part))

    def facts(self, file: str, asked: Asked) -> FileFacts:
        """Return the facts of all that has been read."""
        return FileFacts(
            file=file,
            size_bytes=self.size_bytes,
            sha256=self.digest.hexdigest(),
            received_at=asked.received_at,
        )


def _bytes(text: pa.Array) -> memoryview:
    """Return the bytes of an array of text without copying them."""
    _, offsets, data = text.buffers()
    bounds = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    if data is None or not len(bounds):
        return memoryview(b"")
    return memoryview(data)[int(bounds[0]) : int(bounds[-1])]
