"""Finds the answers in a workbook that came back: which sheet, which line has the headings.

People rename and sort sheets, move and hide columns, add their own, and save a copy in another
program. All that does no harm: columns are known by their headings, and each row by its seal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.answers.naming import ANSWERS_TABLE
from connectors.intake.sheets import Sheet, opened
from connectors.intake.words import key
from connectors.wording import listed, refused
from connectors.xlsx_file import Cell
from schemas.errors import SourceRefused
from schemas.notices import ANSWER, ANSWER_DATE, COMMENT, SEAL
from schemas.raw import RefusalLog

MOST_BYTES = 50_000_000
MOST_ANSWERS = 10_000
"""Over how many rows with an answer a workbook is none of ours."""

AS_SENT = "fill in the workbook that came with our notice, save it as .xlsx and send it again"
FILLED_IN = (ANSWER, ANSWER_DATE, COMMENT)
HEADINGS = {key(name): name for name in ANSWERS_TABLE.all}
FEW = 3
"""So many headings of ours make a line that of the headings, though others are missing."""


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """A row in which something is filled in; row 1 is the first below the headings.

    `ragged` says that the cells of a CSV file cannot be told apart, so none of them counts.
    """

    row: int
    cells: Mapping[str, Cell] = field(repr=False)
    ragged: bool = False

    def text(self, name: str) -> str:
        """Return a cell as text on one line."""
        return " ".join(self.lines(name).split())

    def lines(self, name: str) -> str:
        """Return a cell as text."""
        cell = self.cells.get(name, "")
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


@dataclass(frozen=True, kw_only=True)
class AnswerSheet:
    """The rows that are filled in, and how many others bear a seal but no answer yet.

    `heading_line` counts from 1. With `serials`, plain numbers may be dates.
    """

    rows: tuple[AnswerRow, ...]
    unanswered: int
    heading_line: int
    serials: bool


@dataclass(frozen=True, kw_only=True)
class _Heading:
    """A line of headings: its place (from 0), and where each column stands."""

    line: int
    positions: Mapping[str, int]
    doubled: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        return [name for name in ANSWERS_TABLE.required if name not in self.positions]


def read_sheet(content: bytes, *, notes: RefusalLog) -> AnswerSheet:
    """Return the rows of answers in a workbook, or in a CSV file that was made of it.

    Raises SourceRefused `unreadable`, `missing_columns` or `doubled_column`.
    """
    if len(content) > MOST_BYTES:
        raise _unreadable(notes, f"is larger than {MOST_BYTES // 10**6} MB")
    sheets = opened(content, notes=notes, as_list=AS_SENT).sheets
    found = [(sheet, heading) for sheet in sheets if (heading := _heading(sheet))]
    whole = [(sheet, heading) for sheet, heading in found if not heading.missing]
    if not whole:
        raise _without_headings([heading for _, heading in found], notes)
    read = {sheet.number: _read(sheet, heading, notes) for sheet, heading in whole}
    answered = [number for number, one in read.items() if one.rows]
    if len(answered) > 1:
        places = listed([str(number) for number in answered])
        raise _unreadable(
            notes,
            f"has answers on more than one sheet ({places})",
            "put all answers on one sheet, and send the workbook again",
        )
    return read[answered[0]] if answered else next(iter(read.values()))


def _without_headings(headings: Sequence[_Heading], notes: RefusalLog) -> SourceRefused:
    nearest = max(headings, key=lambda one: len(one.positions), default=None)
    wrong = "has no line with the headings of our notice"
    if nearest:
        wrong = f"lacks the column {listed(nearest.missing)}"
    return refused(ANSWERS_TABLE, notes.file, rule="missing_columns", wrong=wrong, remedy=AS_SENT)


def _unreadable(notes: RefusalLog, wrong: str, remedy: str = AS_SENT) -> SourceRefused:
    return refused(ANSWERS_TABLE, notes.file, rule="unreadable", wrong=wrong, remedy=remedy)


def _heading(sheet: Sheet) -> _Heading | None:
    """Return the line with most headings of ours, or None where none has a few."""
    lines = [_headed(line, cells) for line, cells in enumerate(sheet.top)]
    best = max(lines, key=lambda one: len(one.positions), default=None)
    return best if best and len(best.positions) >= FEW else None


def _headed(line: int, cells: Sequence[Cell]) -> _Heading:
    names = [HEADINGS.get(key(str(cell))) for cell in cells]
    ours = [name for name in names if name]
    return _Heading(
        line=line,
        positions={name: names.index(name) for name in ours},
        doubled=tuple(name for name, count in Counter(ours).items() if count > 1),
    )


def _read(sheet: Sheet, heading: _Heading, notes: RefusalLog) -> AnswerSheet:
    if heading.doubled:
        wrong = f"has the column {listed([*heading.doubled])} more than once"
        raise refused(ANSWERS_TABLE, notes.file, rule="doubled_column", wrong=wrong, remedy=AS_SENT)
    named = {at: name for name, at in heading.positions.items()}
    body = sheet.body(first=heading.line + 1, named=named)
    columns = [body.columns[at] for at in named]
    rows, unanswered = [], 0
    for row, (ragged, *cells) in enumerate(zip(body.ragged, *columns, strict=True), start=1):
        found = AnswerRow(
            row=row, cells=dict(zip(named.values(), cells, strict=True)), ragged=bool(ragged)
        )
        if found.ragged or _is_filled_in(found):
            rows.append(found)
        elif found.text(SEAL) and not _is_heading(found):
            unanswered += 1
    if len(rows) > MOST_ANSWERS:
        raise _unreadable(notes, f"has more than {MOST_ANSWERS:,} rows with an answer")
    return AnswerSheet(
        rows=tuple(rows),
        unanswered=unanswered,
        heading_line=heading.line + 1,
        serials=not sheet.from_1904,
    )


def _is_filled_in(row: AnswerRow) -> bool:
    return any(map(row.text, FILLED_IN)) and not _is_heading(row)


def _is_heading(row: AnswerRow) -> bool:
    return key(row.text(SEAL)) == key(SEAL)
