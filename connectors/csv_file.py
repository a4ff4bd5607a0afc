"""Reads a CSV file, fast where it is well formed and with care where it is not.

The fast way drops empty lines, refuses rows of another length than the heading, and where a quote
is left open it swallows the rows behind it without a word. So it is taken only where nothing of
that can happen; the careful way gives the same cells, more slowly.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from connectors.shapes import looked_at, positions, shape, swapped
from connectors.tabular import TEXT, Heading, canonical, raw_table, read_heading
from connectors.text import AS_CSV, utf8_text
from connectors.wording import refused
from schemas.lineage import CameColumn
from schemas.raw import FileFacts, RawTable, RefusalLog
from schemas.tables import TableColumns

LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
# A cell that surely ends where its comma stands: with quotes around all of it, or with none before.
SURE_CELL = re.compile(r'(?:"(?:[^",\r\n]|"")*"|[^",\r\n][^,\r\n]*|),')
IN_A_QUOTED_CELL = re.compile(r"[,\r\n]")
NEWLINE, RETURN, QUOTE, COMMA = b'\n\r",'
AFTER_CONTROLS = 14
BLOCK_BYTES = 8 << 20
ROWS_AT_ONCE = 20_000
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
ENOUGH_TO_TELL = 2
# In a narrower table, lines of a text have as many commas as its rows by chance.
ENOUGH_COMMAS = 3

# The csv module has one limit for the whole process; ours is in `raw_table`.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A file's canonical columns as text (null where empty), and one `ragged` flag a row.

    `others` are columns that are none of ours by their places, or the first rows of them.
    """

    columns: dict[str, pa.ChunkedArray]
    ragged: npt.NDArray[np.bool_]
    others: dict[int, pa.ChunkedArray]


@dataclass
class Lines:
    """A text's lines one after another; `at`, where the next one starts, may be set back."""

    text: bytes
    at: int
    end: int

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(LINE.finditer(self.text, self.at, self.end))
        self.at = line.end()
        return line.group().decode()


def read_csv(
    content: bytes, *, table: TableColumns, source: str, facts: FileFacts, pair: str = ""
) -> RawTable:
    """Read a CSV file's cells as text; `pair` are two characters that have changed places in it.

    Raises SourceRefused `unreadable`, `missing_columns` or `doubled_column`.
    """
    notes = RefusalLog(source=source, file=facts.file)
    text = utf8_text(content, table=table, notes=notes)
    lines = Lines(text, at=0, end=_end_of_rows(text))
    first = _first_line(lines)
    _refuse_other_delimiter(first, table=table, notes=notes)
    heading = read_heading(first, table=table, notes=notes)
    cells = read_fast(lines, heading) or read_with_care(lines, heading)
    facts = replace(facts, shape=_shape(heading, cells, table=table, pair=pair))
    return raw_table(
        cells.columns, cells.ragged, table=table, source=source, facts=facts, notes=notes
    )


def _shape(
    heading: Heading, cells: Cells, *, table: TableColumns, pair: str
) -> tuple[CameColumn, ...]:
    rewrite = partial(swapped, pair=pair) if pair else str
    ours = positions(heading.positions)
    columns = {**{at: cells.columns[name] for at, name in ours.items()}, **cells.others}
    looked = {at: looked_at(column, rewrite=rewrite) for at, column in columns.items()}
    headings = [rewrite(each) for each in heading.headings]
    return shape(headings, looked, table=table, ours=ours)


def _end_of_rows(text: bytes) -> int:
    """Return where the rows end: empty lines at the end of a file are no rows."""
    end = len(text)
    while end and text[end - 1] in (NEWLINE, RETURN):
        end -= 1
    return end


def _first_line(lines: Lines) -> list[str]:
    """Return the cells of the first line that is not blank, or none."""
    return next((cells for cells in csv.reader(lines) if any(map(str.strip, cells))), [])


def _refuse_other_delimiter(cells: list[str], *, table: TableColumns, notes: RefusalLog) -> None:
    for delimiter, name in OTHER_DELIMITERS.items():
        headings = (canonical(heading.strip('" ')) for heading in ",".join(cells).split(delimiter))
        if len(set(table.all).intersection(headings)) >= ENOUGH_TO_TELL:
            raise refused(
                table,
                notes.file,
                rule="unreadable",
                wrong=f"has {name} between its cells where commas should be",
                remedy=AS_CSV,
            )


def read_fast(lines: Lines, heading: Heading) -> Cells | None:
    """Read the rows that `lines` has not given yet, or return None where that asks for care."""
    body = memoryview(lines.text)[lines.at : lines.end]
    if not body:
        return None
    characters = np.frombuffer(body, np.uint8)
    quotes, line_ends = np.flatnonzero(characters == QUOTE), _line_ends(characters)
    if not _are_sound(quotes, characters):
        return None
    in_cells = np.searchsorted(quotes, line_ends) % 2 == 1
    if _leave_empty_lines(line_ends[~in_cells], characters) or _rows_in_cells(
        line_ends, in_cells, characters, heading
    ):
        return None
    # Where one block ends between the \r and the \n of a cell, pyarrow loses the \n.
    one_block = bool(in_cells.any())
    names = [str(position) for position in range(heading.width)]
    try:
        cells = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=len(body) if one_block else BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=one_block),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, TEXT),
                null_values=[""],  # or else a family called None has no name
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if any(cells[name].null_count < len(cells) for name in names[heading.named :]):
        return None
    return Cells(
        columns={name: cells[position] for name, position in heading.positions.items()},
        ragged=np.zeros(len(cells), dtype=bool),
        others={position: cells[position] for position in heading.unknown},
    )


def _line_ends(characters: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    controls = np.flatnonzero(characters < AFTER_CONTROLS)
    return controls[np.isin(characters[controls], (NEWLINE, RETURN))]


def _are_sound(quotes: npt.NDArray[np.int64], characters: npt.NDArray[np.uint8]) -> bool:
    """Tell whether every quote opens or closes a whole cell or is doubled inside one."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = characters[opening[opening > 0] - 1]
    after = characters[closing[closing < len(characters) - 1] + 1]
    return bool(np.isin(np.concatenate([before, after]), (COMMA, NEWLINE, RETURN, QUOTE)).all())


def _leave_empty_lines(line_ends: npt.NDArray[np.int64], characters: npt.NDArray[np.uint8]) -> bool:
    if not len(line_ends):
        return False
    first, second = characters[line_ends[:-1]], characters[line_ends[1:]]
    one_end = (first == RETURN) & (second == NEWLINE)
    return bool(line_ends[0] == 0 or ((np.diff(line_ends) == 1) & ~one_end).any())


def _rows_in_cells(
    line_ends: npt.NDArray[np.int64],
    in_cells: npt.NDArray[np.bool_],
    characters: npt.NDArray[np.uint8],
    heading: Heading,
) -> bool:
    """Tell whether a cell may have swallowed rows: see `_are_rows`."""
    if not in_cells.any():
        return False
    second = (characters[line_ends] == NEWLINE) & (characters[line_ends - 1] == RETURN)
    ends, inside = line_ends[~second], in_cells[~second]
    commas = np.searchsorted(np.flatnonzero(characters == COMMA), [0, *ends, len(characters)])
    like_rows = np.diff(commas) >= _commas_of_a_row(heading)
    return bool((inside & like_rows[:-1] & like_rows[1:]).any())


def _commas_of_a_row(heading: Heading) -> int:
    return max(heading.named - 1, ENOUGH_COMMAS)


def read_with_care(lines: Lines, heading: Heading) -> Cells:
    """Read the rows that `lines` has not given yet, whatever they are.

    Of a ragged row only those cells are kept that stand where the heading says. A row may end in
    empty cells that no heading names where most rows do; elsewhere they show that an unquoted
    comma has moved its cells to the right.
    """
    judged = _Judged()
    pieces: list[dict[str, pa.Array]] = []
    others: dict[int, pa.ChunkedArray] = {}
    rows: list[list[str]] = []
    for row in _rows(lines, heading):
        judged.add(row, heading)
        cells = row.cells
        rows.append(cells if len(cells) >= heading.named else _filled_up(cells, heading))
        if len(rows) == ROWS_AT_ONCE:
            pieces.append(_columns(rows, heading))
            others = others or _others(rows, heading)
            rows = []
    pieces.append(_columns(rows, heading))
    others = others or _others(rows, heading)
    trusted, ragged = judged.verdict(heading)
    columns = {}
    for name, position in heading.positions.items():
        cells = pa.chunked_array([piece[name] for piece in pieces])
        stated = pc.and_(pc.not_equal(cells, ""), pa.array(trusted > position))
        columns[name] = pc.if_else(stated, cells, pa.scalar(None, TEXT))
    return Cells(columns=columns, ragged=ragged, others=others)


def _filled_up(cells: list[str], heading: Heading) -> list[str]:
    return cells + [""] * (heading.named - len(cells))


def _columns(rows: list[list[str]], heading: Heading) -> dict[str, pa.Array]:
    columns = list(zip(*rows, strict=False)) or [()] * heading.named
    return {name: pa.array(columns[at], TEXT) for name, at in heading.positions.items()}


def _others(rows: list[list[str]], heading: Heading) -> dict[int, pa.ChunkedArray]:
    columns = list(zip(*rows, strict=False)) or [()] * heading.named
    return {at: pa.chunked_array([pa.array(columns[at], TEXT)]) for at in heading.unknown}


class _Row(NamedTuple):
    """A row's cells, of which the first `sure` end where they should.

    `parted` is how many cells its commas would make if all of them parted cells. A broken row has a
    quote that does not enclose one cell, so that its cells are known no further than they are sure.
    """

    cells: list[str]
    sure: int
    parted: int
    broken: bool = False


def _rows(lines: Lines, heading: Heading) -> Iterator[_Row]:
    """Give each row.

    A cell may hold line ends, if its quotes are sound, its row as long as the heading, and not
    every line like a row. Else its quote was never meant to open anything, and every line is a row
    of its own.
    """
    sound = csv.reader(lines, strict=True)
    while lines.at < lines.end:
        start, lines_before = lines.at, sound.line_num
        cells = _next_row(sound)
        several_lines = sound.line_num > lines_before + 1
        text = lines.text[start : lines.at]
        if cells is None or (
            several_lines and (not _fits(cells, heading) or _are_rows(text, heading))
        ):
            lines.at = start
            yield _broken_row(next(lines), heading)
        elif QUOTE in text:
            yield _quoted_row(cells)
        else:
            yield _Row(cells, sure=len(cells), parted=len(cells))


def _next_row(reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader)
    except csv.Error:
        return None


def _are_rows(text: bytes, heading: Heading) -> bool:
    """Tell whether every line has the commas of a row: two stray quotes may have joined them."""
    return all(
        line.group().count(COMMA) >= _commas_of_a_row(heading) for line in LINE.finditer(text)
    )


def _broken_row(line: str, heading: Heading) -> _Row:
    """Read a line up to the first cell whose quotes are not sound, or that holds a comma."""
    at, sure = 0, 0
    while sure < heading.named and (cell := SURE_CELL.match(line, at)):
        at, sure = cell.end(), sure + 1
    cells = next(csv.reader([line[:at]]))[:sure]
    return _Row(cells, sure=sure, parted=line.count(",") + 1, broken=True)


def _quoted_row(cells: list[str]) -> _Row:
    """Judge sound cells: one with a comma or a line end in it may have swallowed others."""
    inside = [at for at, cell in enumerate(cells) if IN_A_QUOTED_CELL.search(cell)]
    return _Row(
        cells,
        sure=min(inside, default=len(cells)),
        parted=len(cells) + sum(cells[at].count(",") for at in inside),
    )


def _fits(cells: list[str], heading: Heading) -> bool:
    return len(cells) >= heading.named and not any(map(str.strip, cells[heading.named :]))


class _Judged:
    """What is to be thought of each row: how many cells it has, and how many can be trusted."""

    def __init__(self) -> None:
        self.cells: list[int] = []
        self.sure: list[int] = []
        self.trusted: list[int] = []
        self.ragged: list[bool] = []

    def add(self, row: _Row, heading: Heading) -> None:
        """Judge one row by itself."""
        blank = not (row.broken or any(map(str.strip, row.cells)))
        ragged = row.broken or not (blank or _fits(row.cells, heading))
        self.cells.append(0 if blank else len(row.cells))
        self.sure.append(row.sure)
        self.trusted.append(_trusted(row, heading) if ragged else heading.named)
        self.ragged.append(ragged)

    def verdict(self, heading: Heading) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Judge the rows by each other; return how many cells to trust, and which are ragged."""
        cells = np.array(self.cells, dtype=np.int64)
        sure = np.array(self.sure, dtype=np.int64)
        trusted = np.array(self.trusted, dtype=np.int64)
        ragged = np.array(self.ragged, dtype=bool)
        whole = ~ragged & (cells >= heading.named)
        lengths, rows = np.unique(cells[whole], return_counts=True)
        usual = lengths[rows.argmax()] if len(rows) else heading.named
        # A row without the empty cells that the others end in is whole, if it swallowed none.
        moved = whole & (cells != usual) & ((cells > heading.named) | (sure < cells))
        return np.where(moved, np.minimum(sure, heading.comma_safe), trusted), ragged | moved


def _trusted(row: _Row, heading: Heading) -> int:
    """Return how many of a ragged row's cells stand where the heading says.

    With a comma too many they may have moved to the right, with one too few to the left. Where a
    file is cut off, the last cell may be cut off too.
    """
    unmoved = heading.named
    if row.parted > heading.named:
        unmoved = heading.comma_safe
    elif row.parted < heading.named:
        unmoved = heading.only_whom
    return min(unmoved, row.sure, row.parted - 1)
