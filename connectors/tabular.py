"""What CSV files and spreadsheets share: a heading line, and cells that become a raw table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.shapes import headings_alone, positions
from connectors.wording import ask, listed, refused
from schemas.errors import SourceRefused
from schemas.raw import FileFacts, RawTable, RefusalLog
from schemas.tables import CASELOAD, CPLI, PORTAL, TableColumns

TEXT = pa.large_string()
LONGEST_CELL = 4_000
UNKNOWN_COLUMNS_NAMED = 20

# What stands in for a cell that is there but cannot be read, in the columns where an empty cell
# means something else: no end date is an open end. It is no date, no quantity and no code.
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
EMPTY_MEANS_SOMETHING = frozenset(
    {"caseload_date", "service_type", "start_date", "end_date", "weekly_quantity", "unit"}
)

# Where an unquoted comma can stand: in free text, and in a quantity with a decimal comma.
COMMA_COLUMNS = frozenset(
    {
        "family_name",
        "given_name",
        "service_description",
        "commissioning_team",
        "commissioning_worker",
        "district",
        "name",
        "weekly_quantity",
    }
)

# What can show that a rejected line is not the one that somebody looks for (rule 9.4). Of a row
# with a comma too few they may be another column's; whom the row means is then worth more.
COUNCILS_TABLES = (CPLI.name, PORTAL.name)
TELLING_APART = frozenset(
    {"provider_id", "service_type", "start_date", "end_date", "authorisation"}
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Where a file keeps its canonical columns; positions count from 0. `headings` are its own.

    `named` cells reach to the last heading that is not blank, `width` to the end of the line.
    `comma_safe` is the number of cells from the left that no unquoted comma can have moved, and
    `only_whom` of those that say no more than whom the row means.
    """

    positions: Mapping[str, int]
    named: int
    width: int
    comma_safe: int
    only_whom: int
    headings: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[int, ...]:
        """Where columns stand that are none of ours."""
        known = set(self.positions.values())
        return tuple(at for at in range(len(self.headings)) if at not in known)


def canonical(heading: str) -> str:
    """Return a heading as it is compared: without outer spaces and capitals."""
    return heading.strip().lower()


def read_heading(cells: Sequence[str], *, table: TableColumns, notes: RefusalLog) -> Heading:
    """Find the canonical columns in a heading line, and warn of what else is there or lacks.

    Raises SourceRefused `doubled_column` or, where a required column lacks, `missing_columns`.
    """
    names = _our_names([canonical(cell) for cell in cells], table=table)
    _refuse_doubled(names, table=table, file=notes.file)
    found = {name: names.index(name) for name in table.known if name in names}
    named = max((at + 1 for at, name in enumerate(names) if name), default=0)
    try:
        _judge_missing(found, is_empty=not any(names), table=table, notes=notes)
    except SourceRefused as refusal:
        refusal.shape = headings_alone(cells[:named], table=table, ours=positions(found))
        raise
    unknown = [at for at in range(named) if names[at] not in found]
    _warn_of_unknown(unknown, table=table, notes=notes)
    apart = TELLING_APART if table.name in COUNCILS_TABLES else frozenset()
    commas = [found[name] for name in COMMA_COLUMNS & found.keys()]
    return Heading(
        positions=found,
        named=named,
        width=len(names),
        comma_safe=min([named, *unknown, *commas]),
        only_whom=min([named, *(found[name] for name in apart & found.keys())]),
        headings=tuple(cells[:named]),
    )


def _our_names(headings: Sequence[str], *, table: TableColumns) -> list[str]:
    """Give headings our names; one of ours that the source calls otherwise is not ours here."""
    ours = {canonical(table.heading(name)): name for name in table.known}
    taken = set(table.headings)
    return [ours.get(each, f"another {each}" if each in taken else each) for each in headings]


def _refuse_doubled(names: list[str], *, table: TableColumns, file: str) -> None:
    counts = Counter(names)
    doubled = [name for name in table.known if counts[name] > 1]
    if doubled:
        raise refused(
            table,
            file,
            rule="doubled_column",
            wrong=f"has the column {listed(_headings(doubled, table))} more than once",
            remedy="send it with each column once",
            column=";".join(doubled),
        )


def _judge_missing(
    found: Mapping[str, int], *, is_empty: bool, table: TableColumns, notes: RefusalLog
) -> None:
    required = [name for name in table.required if name not in found]
    if required:
        wrong = f"has no column {listed(_headings(required, table))}"
        if is_empty:
            wrong = "is empty"
        elif not found:
            wrong += ": its first line seems to be no heading line"
        raise refused(
            table,
            notes.file,
            rule="missing_columns",
            wrong=wrong,
            remedy="send it whole" if is_empty else "send it with these columns",
            column=";".join(required),
        )
    for name in table.optional:
        if name not in found and not _said_by_file_name(name, table):
            notes.warn(
                "missing_column",
                f"{notes.file} has no column {table.heading(name)}, which is read as empty. "
                f"{ask(table, 'add it where it is known')}",
                column=name,
            )


def _headings(names: Sequence[str], table: TableColumns) -> list[str]:
    return [table.heading(name) for name in names]


def _said_by_file_name(name: str, table: TableColumns) -> bool:
    return table.name == CASELOAD.name and name in {"provider_id", "caseload_date"}


def _warn_of_unknown(unknown: list[int], *, table: TableColumns, notes: RefusalLog) -> None:
    remedy = ask(table, "leave it out, or to correct its heading")
    for position in unknown[:UNKNOWN_COLUMNS_NAMED]:
        notes.warn(
            "unknown_column",
            f"Column {position + 1} of {notes.file} has a heading that we do not know, and was "
            f"ignored. {remedy}",
        )
    more = len(unknown) - UNKNOWN_COLUMNS_NAMED
    if more > 0:
        columns, have = ("column", "has a heading") if more == 1 else ("columns", "have headings")
        notes.warn(
            "unknown_column",
            f"{more} more {columns} of {notes.file} {have} that we do not know, and "
            f"{'was' if more == 1 else 'were'} ignored. {remedy}",
        )


def raw_table(
    columns: Mapping[str, pa.ChunkedArray],
    ragged: npt.NDArray[np.bool_],
    *,
    table: TableColumns,
    source: str,
    facts: FileFacts,
    notes: RefusalLog,
    rows_before: int = 0,
) -> RawTable:
    """Build the raw table from the canonical columns that a file has, one `ragged` flag a row.

    Of a table that comes in parts, `rows_before` is how many rows the parts before this one had.
    """
    rows = len(ragged)
    columns = {
        name: _without_long_cells(columns[name], name, table, notes, rows_before=rows_before)
        for name in columns
    }
    absent = pa.nulls(rows, TEXT)
    cells = pa.table({name: columns.get(name, absent) for name in table.known})
    frame = cells.to_pandas(types_mapper={TEXT: pd.StringDtype(na_value=np.nan)}.get)
    return RawTable(
        table=table,
        source=source,
        facts=facts,
        columns=frozenset(columns),
        frame=frame.assign(
            row=np.arange(rows_before + 1, rows_before + rows + 1, dtype=np.int64), ragged=ragged
        ),
        refusals=notes.frame(),
    )


def _without_long_cells(
    cells: pa.ChunkedArray,
    name: str,
    table: TableColumns,
    notes: RefusalLog,
    *,
    rows_before: int,
) -> pa.ChunkedArray:
    # Bytes are counted without looking at the text, and no text has more characters than bytes.
    if (pc.max(pc.binary_length(cells)).as_py() or 0) <= LONGEST_CELL:
        return cells
    too_long = pc.fill_null(pc.greater(pc.utf8_length(cells), LONGEST_CELL), False)
    return leave_out(
        cells,
        too_long.to_numpy(),
        name=name,
        table=table,
        notes=notes,
        rule="cell_too_long",
        wrong=f"is longer than {LONGEST_CELL:,} characters",
        rows_before=rows_before,
    )


def leave_out(
    cells: pa.ChunkedArray,
    bad: npt.NDArray[np.bool_],
    *,
    name: str,
    table: TableColumns,
    notes: RefusalLog,
    rule: str,
    wrong: str,
    rows_before: int = 0,
) -> pa.ChunkedArray:
    """Take the `bad` cells out of a column, with a warning each.

    They become null, or unreadable where null would say something that the file does not.
    """
    for row in np.flatnonzero(bad) + 1 + rows_before:
        notes.warn(
            rule,
            f"Row {row}, column {name} of {notes.file} {wrong} and was left out. "
            f"{ask(table, 'correct the cell')}",
            row=int(row),
            column=name,
        )
    # A caseload's provider is known by the file's name: there an empty cell agrees with it.
    stays_unreadable = name in EMPTY_MEANS_SOMETHING or (
        table.name == CASELOAD.name and name == "provider_id"
    )
    instead = pa.scalar(UNREADABLE if stays_unreadable else None, TEXT)
    return pc.if_else(pa.array(bad), instead, cells)
