"""From a file's bytes to its sheets of cells, or to a plain word on why there are none.

A workbook's cells have a type; those of a CSV file are text, parted by commas, semicolons, tabs or
bars.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from connectors.csv_file import Lines, read_with_care
from connectors.tabular import COMMA_COLUMNS, Heading
from connectors.text import utf8_text
from connectors.wording import refused
from connectors.xlsx_file import AS_PLAIN_XLSX, Cell, open_book
from schemas.errors import SourceRefused
from schemas.raw import RefusalLog
from schemas.tables import CASELOAD

MOST_HEADING_ROWS = 60
"""How far down a heading is looked for."""

DELIMITERS = ",;\t|"
AS_LIST = (
    "put the list into our template, or save it as an Excel workbook (.xlsx) or as CSV, and send"
    " it again"
)
ENDS = b"\r\n"
OLE = b"\xd0\xcf\x11\xe0"
INSIDE_OLE = (
    ("EncryptedPackage", "is locked with a password", "take the password off, and send it again"),
    ("WordDocument", "is an old Word document, not a list that we can read", AS_LIST),
    ("__substg1", "is an e-mail, not a list that we can read", "send the list itself"),
)
OLD_EXCEL = "is a workbook of an Excel before 2007 (.xls), which we do not read"
INSIDE_ZIP = (
    (b"word/document.xml", "is a Word document, not a list that we can read", AS_LIST),
    (b"ppt/presentation.xml", "is a presentation, not a list that we can read", AS_LIST),
    (b"opendocument.spreadsheet", "is an OpenDocument spreadsheet (.ods)", AS_PLAIN_XLSX),
    (b"opendocument.text", "is an OpenDocument text, not a list that we can read", AS_LIST),
    (b"Index/Document.iwa", "is a Numbers or Pages document of an Apple computer", AS_LIST),
    (b"xl/workbook.bin", "is a binary workbook (.xlsb), which we do not read", AS_PLAIN_XLSX),
)
STARTS = (
    (b"%PDF", "is a PDF, not a list that we can read", AS_LIST),
    (b"{\\rtf", "is a Word text, not a list that we can read", AS_LIST),
    (b"\xff\xd8\xff", "is a picture, not a list that we can read", AS_LIST),
    (b"\x89PNG", "is a picture, not a list that we can read", AS_LIST),
    (b"\x1f\x8b", "is a compressed archive, not a list", "send the list itself"),
    (b"Rar!", "is a compressed archive, not a list", "send the list itself"),
    (b"7z\xbc\xaf", "is a compressed archive, not a list", "send the list itself"),
)
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Cells that a sheet shows as one; rows and columns count from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, kw_only=True)
class Body:
    """The rows under a heading, column by column; `ragged` says of each whether its cells moved."""

    columns: tuple[list[Cell], ...]
    ragged: npt.NDArray[np.bool_]


class Sheet(Protocol):
    """A sheet: what may be its heading, and the rows under that once it is found.

    `number` counts from 1 among the visible sheets. `typed` is False where all cells are text.
    """

    @property
    def number(self) -> int:
        """Return the sheet's place."""

    @property
    def typed(self) -> bool:
        """Tell whether numbers and dates are told apart from text."""

    @property
    def from_1904(self) -> bool:
        """Tell whether serial numbers of days count from 1904."""

    @property
    def top(self) -> Sequence[Sequence[Cell]]:
        """Return the first rows."""

    @property
    def merged(self) -> Sequence[Merge]:
        """Return the merged cells."""

    def body(self, *, first: int, named: Mapping[int, str | None]) -> Body:
        """Return the rows from number `first` (from 0) on; `named` are the columns with a heading.

        Each is given our name for it, or None where it is not ours. Raises SourceRefused.
        """


@dataclass(frozen=True, kw_only=True)
class BookSheet:
    """A sheet of a workbook."""

    number: int
    rows: list[list[Cell]]
    merged: tuple[Merge, ...]
    from_1904: bool
    typed: bool = True

    @property
    def top(self) -> Sequence[Sequence[Cell]]:
        """Return the first rows."""
        return self.rows[:MOST_HEADING_ROWS]

    def body(self, *, first: int, named: Mapping[int, str | None]) -> Body:
        """Return the rows from number `first` on: every cell has its own place there."""
        rows = self.rows[first:]
        columns = [[row[at] for row in rows] for at in range(max(named) + 1)]
        return Body(columns=tuple(columns), ragged=np.zeros(len(rows), dtype=bool))


@dataclass(frozen=True, kw_only=True)
class TextSheet:
    """A CSV file's one sheet; `ends` is where each of the first rows ends in the text."""

    text: bytes
    delimiter: str
    top: list[list[Cell]]
    ends: list[int]
    file: str
    number: int = 1
    merged: tuple[Merge, ...] = ()
    from_1904: bool = False
    typed: bool = False

    def body(self, *, first: int, named: Mapping[int, str | None]) -> Body:
        """Return the rows from number `first` on, as far as their cells surely stand in place.

        Raises SourceRefused `unreadable` where a quotation mark stands out of place and the cells
        are not parted by commas.
        """
        rows = self.text[self.ends[first - 1] :].rstrip(ENDS)
        if self.delimiter != ",":
            rows = self._with_commas(rows)
        width = max(named) + 1
        commas = {*COMMA_COLUMNS, "full_name", "full_name_family_first", None}
        heading = Heading(
            positions={str(at): at for at in range(width)},
            named=width,
            width=width,
            comma_safe=min([width, *(at for at in range(width) if named.get(at) in commas)]),
            only_whom=width,
        )
        cells = read_with_care(Lines(rows, at=0, end=len(rows)), heading)
        columns = (
            [cell or "" for cell in cells.columns[str(at)].to_pylist()] for at in range(width)
        )
        return Body(columns=tuple(columns), ragged=cells.ragged)

    def _with_commas(self, rows: bytes) -> bytes:
        written = StringIO(newline="")
        writer = csv.writer(written, lineterminator="\n")
        try:
            for row in csv.reader(
                Lines(rows, at=0, end=len(rows)), delimiter=self.delimiter, strict=True
            ):
                if any(self.delimiter in cell and ("\n" in cell or "\r" in cell) for cell in row):
                    raise csv.Error
                writer.writerow(row)
        except csv.Error:
            sound = False
        else:
            sound = True
        if not sound:
            raise refused(
                CASELOAD,
                self.file,
                rule="unreadable",
                wrong="has a quotation mark out of place, so that its cells cannot be told apart",
                remedy="send it as an Excel workbook (.xlsx), or without quotation marks",
            )
        return written.getvalue().encode()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file's visible sheets, several ways of parting a CSV file's cells being several sheets."""

    sheets: tuple[Sheet, ...]
    is_book: bool


def opened(content: bytes, *, notes: RefusalLog, as_list: str = AS_LIST) -> Opened:
    """Open a file by what it is, whatever its name says. Raises SourceRefused `unreadable`.

    `as_list` is what to do where it is a document of another kind.
    """
    if wrong := _other_kind(content, file=notes.file, as_list=as_list):
        raise wrong
    if content.startswith(ZIP):
        return Opened(sheets=_book_sheets(content, notes), is_book=True)
    text = utf8_text(content, table=CASELOAD, notes=notes)
    return Opened(sheets=tuple(_ways(text, notes)), is_book=False)


def _book_sheets(content: bytes, notes: RefusalLog) -> tuple[Sheet, ...]:
    book = open_book(content)
    if isinstance(book, str):
        raise refused(CASELOAD, notes.file, rule="unreadable", wrong=book, remedy=AS_PLAIN_XLSX)
    return tuple(
        BookSheet(
            number=number,
            rows=sheet.rows,
            merged=tuple(
                Merge(top=top, left=left, bottom=bottom, right=right)
                for (top, left), (bottom, right) in sheet.merged
            ),
            from_1904=book.from_1904,
        )
        for number, sheet in enumerate(book.sheets, start=1)
    )


def _other_kind(content: bytes, *, file: str, as_list: str) -> SourceRefused | None:
    """Say what a file is that is neither a workbook nor text."""
    found = next(((wrong, how) for start, wrong, how in STARTS if content.startswith(start)), None)
    if content.startswith(OLE):
        found = next(
            (
                (wrong, remedy)
                for word, wrong, remedy in INSIDE_OLE
                if word.encode("utf-16-le") in content
            ),
            (OLD_EXCEL, AS_PLAIN_XLSX),
        )
    if content.startswith(ZIP):
        inside = ((wrong, remedy) for word, wrong, remedy in INSIDE_ZIP if word in content)
        found = next(inside, None) if b"xl/workbook.xml" not in content else None
    if found is None:
        return None
    wrong, remedy = found
    remedy = as_list if remedy == AS_LIST else remedy
    return refused(CASELOAD, file, rule="unreadable", wrong=wrong, remedy=remedy)


def _ways(text: bytes, notes: RefusalLog) -> list[TextSheet]:
    """Return the text's first rows, parted in each way that parts anything, or by commas."""
    ways = [_parted(text, delimiter, notes) for delimiter in DELIMITERS]
    parting = [way for way in ways if any(len(row) > 1 for row in way.top)]
    return parting or ways[:1]


def _parted(text: bytes, delimiter: str, notes: RefusalLog) -> TextSheet:
    lines = Lines(text, at=0, end=len(text))
    top: list[list[Cell]] = []
    ends: list[int] = []
    for row in islice(csv.reader(lines, delimiter=delimiter), MOST_HEADING_ROWS):
        top.append(list(row))
        ends.append(lines.at)
    return TextSheet(text=text, delimiter=delimiter, top=top, ends=ends, file=notes.file)
