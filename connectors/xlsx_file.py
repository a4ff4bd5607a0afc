"""Reads a spreadsheet's first sheet as text, after a look at what is in it.

A spreadsheet is a zip archive of XML. A few kilobytes can unpack to gigabytes, and one stray space
in the last cell of a sheet makes the reader ask for half a terabyte, at which the whole process
ends. So it is looked through before it is opened.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from io import BytesIO
from itertools import dropwhile
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from connectors.shapes import looked_at, positions, shape
from connectors.tabular import TEXT, leave_out, raw_table, read_heading
from connectors.wording import refused
from schemas.raw import FileFacts, RawTable, RefusalLog
from schemas.tables import TableColumns

Cell: TypeAlias = str | float | bool | date | time | timedelta

MOST_PARTS = 2_000
MOST_BYTES = 200_000_000
MOST_RATIO = 200
MOST_CELLS = 5_000_000
BYTES_AT_ONCE = 1 << 20
ENCRYPTED = 1
WORKBOOK = "xl/workbook.xml"
OTHER_WORKBOOKS = frozenset({"content.xml", "xl/workbook.bin"})
DAMAGED = "is damaged: its sheets cannot be read"
AS_PLAIN_XLSX = "open it in Excel, save it as a plain workbook (.xlsx) and send it again"

SHEET = re.compile(rb"<(?:\w+:)?sheetData\b")
ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)(?![\w:.-])([^>]*?)(/?)>")
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
FILLED_CELL = re.compile(rb"<((?:\w+:)?)c(\s[^>]*)?(?<!/)>(.*?)</\1c\s*>", re.DOTALL)
SAYS_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
SAYS_TEXT = re.compile(rb"""\st\s*=\s*["'](?:str|s|inlineStr)["']""")
FORMULA = re.compile(rb"<(?:\w+:)?f\b")
RESULT = re.compile(rb"<(?:\w+:)?v>[^<]")

FROM_1904 = re.compile(rb"""<(?:\w+:)?workbookPr\b[^>]*\sdate1904\s*=\s*["'](?:1|true)["']""")

ERROR = "#N/A"
ERRORS = frozenset(
    {ERROR, "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)


@dataclass(frozen=True, kw_only=True)
class BookSheet:
    """A visible sheet's cells, from A1 on, each with its type.

    `merged` are cells shown as one: (row, column) of the first and of the last, from 0.
    """

    rows: list[list[Cell]]
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...]


@dataclass(frozen=True, kw_only=True)
class Book:
    """A workbook's visible sheets; `from_1904` says that its serial days count from 1904."""

    sheets: tuple[BookSheet, ...]
    from_1904: bool


def open_book(content: bytes) -> Book | str:
    """Return a workbook's visible sheets after a look at what is in it, or what is wrong with it.

    Excel errors, and formulas without a result, are the text `#N/A`.
    """
    content, wrong = _looked_through(content)
    if wrong:
        return wrong
    try:
        with _damage_told():
            sheets = tuple(
                BookSheet(rows=sheet.to_python(skip_empty_area=False), merged=_merged(sheet))
                for sheet in _visible_sheets(content)
            )
    except DamagedBook:
        return DAMAGED
    with zipfile.ZipFile(BytesIO(content)) as book:
        return Book(sheets=sheets, from_1904=bool(FROM_1904.search(book.read(WORKBOOK))))


def _merged(sheet: CalamineSheet) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    return tuple((first, last) for first, last in sheet.merged_cell_ranges or ())


def read_xlsx(content: bytes, *, table: TableColumns, source: str, facts: FileFacts) -> RawTable:
    """Read the first visible sheet that holds anything as text; its first line is the heading.

    Raises SourceRefused `unreadable`, `missing_columns` or `doubled_column`.
    """
    notes = RefusalLog(source=source, file=facts.file)
    content, wrong = _looked_through(content)
    rows = [] if wrong else _rows(content)
    if rows is None:
        wrong = DAMAGED
    if wrong or rows is None:
        raise refused(table, facts.file, rule="unreadable", wrong=wrong, remedy=AS_PLAIN_XLSX)
    first, *rest = rows or [[]]
    heading = read_heading(first, table=table, notes=notes)
    columns = {
        name: _column([row[position] for row in rest], name=name, table=table, notes=notes)
        for name, position in heading.positions.items()
    }
    ours = positions(heading.positions)
    looked = {
        at: looked_at(pa.array([row[at] or None for row in rest], TEXT))
        for at in range(heading.named)
    }
    facts = replace(facts, shape=shape(heading.headings, looked, table=table, ours=ours))
    # Every cell has its own place in a spreadsheet: no row is longer or shorter than another.
    ragged = np.zeros(len(rest), dtype=bool)
    return raw_table(columns, ragged, table=table, source=source, facts=facts, notes=notes)


def _column(
    cells: Sequence[str], *, name: str, table: TableColumns, notes: RefusalLog
) -> pa.ChunkedArray:
    return leave_out(
        pa.chunked_array([pa.array([cell or None for cell in cells], TEXT)]),
        np.array([cell in ERRORS for cell in cells], dtype=bool),
        name=name,
        table=table,
        notes=notes,
        rule="cell_error",
        wrong="holds an Excel error or a formula without a result",
    )


def _rows(content: bytes) -> list[list[str]] | None:
    """Return the rows of the first visible sheet that is not blank; None where it is damaged."""
    try:
        with _damage_told():
            for sheet in _visible_sheets(content):
                cells = sheet.to_python()
                rows = list(dropwhile(_is_blank, ([_text(cell) for cell in row] for row in cells)))
                if rows:
                    return rows
    except DamagedBook:
        return None
    return []


class DamagedBook(Exception):
    """The reader fails on the workbook; what it says of it is left behind."""


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turn whatever the reader fails with into DamagedBook."""
    damaged = False
    try:
        yield
    except (CalamineError, OverflowError, ValueError):
        damaged = True
    except BaseException as error:
        # The reader is written in Rust, whose panics are no Exception and have no importable name.
        if type(error).__name__ != "PanicException":
            raise
        damaged = True
    if damaged:
        raise DamagedBook


def _visible_sheets(content: bytes) -> Iterator[CalamineSheet]:
    """Give the visible sheets that hold cells."""
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    for sheet in book.sheets_metadata:
        if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet:
            yield book.get_sheet_by_name(sheet.name)


def _is_blank(cells: list[str]) -> bool:
    return not any(map(str.strip, cells))


def _text(cell: Cell) -> str:
    """Write a cell as a canonical CSV would. Excel has no whole numbers: 9990000018 is a float.

    The reader itself gives midnight as a date.
    """
    match cell:
        case bool():
            return str(cell).upper()
        case date() | time():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def _looked_through(content: bytes) -> tuple[bytes, str]:
    """Return a spreadsheet that is safe to open, or why it is none.

    Its errors, and formulas that were never calculated, are written out as text: the reader gives
    both as empty cells.
    """
    parts: dict[str, bytes] | None
    try:
        with zipfile.ZipFile(BytesIO(content)) as book:
            wrong = _wrong_with_parts(book.infolist())
            parts = {} if wrong else _unpacked(book, most_bytes=MOST_RATIO * len(content))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        return b"", "is damaged or no Excel workbook"
    if parts is None:
        return b"", "unpacks to more than a spreadsheet holds"
    sheets = {name: part for name, part in parts.items() if SHEET.search(part)}
    if sum(map(_extent, sheets.values())) > MOST_CELLS:
        wrong = (
            f"has a cell so far down or to the right that its sheets span over {MOST_CELLS:,} cells"
        )
    told = {name: _with_errors_as_text(sheet) for name, sheet in sheets.items()}
    if told != sheets:
        content = _packed(parts | told)
    return content, wrong


def _wrong_with_parts(parts: list[zipfile.ZipInfo]) -> str:
    names = {part.filename for part in parts}
    lower = " ".join(names).lower()
    if len(parts) > MOST_PARTS:
        return f"has more than {MOST_PARTS:,} parts inside"
    if any(part.flag_bits & ENCRYPTED for part in parts):
        return "is locked with a password"
    if WORKBOOK not in names or names & OTHER_WORKBOOKS:
        return "is no Excel workbook (.xlsx)"
    if "vbaproject" in lower:
        return "holds macros"
    if "externallinks/" in lower:
        return "holds links to other files"
    return ""


def _unpacked(book: zipfile.ZipFile, *, most_bytes: int) -> dict[str, bytes] | None:
    """Return what each part holds, or None where it is too much: what its header says may lie."""
    left = min(MOST_BYTES, most_bytes)
    parts = {}
    for part in book.infolist():
        with book.open(part) as packed:
            blocks = []
            while block := packed.read(BYTES_AT_ONCE):
                blocks.append(block)
                left -= len(block)
                if left < 0:
                    return None
        parts[part.filename] = b"".join(blocks)
    return parts


def _extent(sheet: bytes) -> int:
    """Return how many cells lie between the first of a sheet and the last that is filled."""
    row = column = lowest = rightmost = 0
    for kind, says, closed in ROW_OR_CELL.findall(sheet):
        place = PLACE.search(says)
        if place:
            row = int(place[2])
        elif kind == b"row":
            row += 1
        if kind == b"row":
            column = 0
        else:
            column = _column_number(place[1]) if place else column + 1
            if not closed:
                lowest, rightmost = max(lowest, row), max(rightmost, column)
    return lowest * rightmost


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _with_errors_as_text(sheet: bytes) -> bytes:
    if SAYS_ERROR.search(sheet) or FORMULA.search(sheet):
        return FILLED_CELL.sub(_error_as_text, sheet)
    return sheet


def _error_as_text(cell: re.Match[bytes]) -> bytes:
    prefix, says, holds = cell.groups(default=b"")
    never_calculated = FORMULA.search(holds) and not RESULT.search(holds)
    if SAYS_ERROR.search(says) or (never_calculated and not SAYS_TEXT.search(says)):
        place = PLACE.search(says)
        at = place[0] if place else b""
        return b'<%bc%b t="str"><%bv>%b</%bv></%bc>' % (
            prefix,
            at,
            prefix,
            ERROR.encode(),
            prefix,
            prefix,
        )
    return cell[0]


def _packed(parts: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return packed.getvalue()
