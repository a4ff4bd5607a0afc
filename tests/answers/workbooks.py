"""Workbooks of answers as we send them, and what people do to them before they come back."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from connectors.answers.checking import Checked, check
from connectors.answers.sheet import AnswerSheet, read_sheet
from schemas.notices import (
    ANSWER,
    ANSWER_DATE,
    CASE,
    COMMENT,
    HEADINGS,
    NOTICE,
    SEAL,
    SEALED,
    SHEET,
    pseudonym,
    seal,
)
from schemas.raw import RefusalLog

KEY = b"a key for tests alone"
PROVIDER, OTHER_PROVIDER = "P0001", "P0002"
REFERENCE = "N-P0001-2026-11-20"
FILE = "answers/P0001_answers_2026-11-20.xlsx"
TODAY = dt.date(2026, 11, 25)
MARK = "Zzyzx"
"""Stands in whatever a message must not repeat."""

LONGEST_COMMENT = 4000
ENDED = "Our support has ended (give the last day)"
STILL = "We still support this person (give the start date)"
NOT_OURS = "This person is not ours"
TOLD = "We have already told the council"


def case_id(number: int) -> str:
    """Return an id that looks like a real one."""
    return f"{number:032x}"


def stands_for(case: str, *, provider_id: str = PROVIDER) -> str:
    """Return what stands for a case in a workbook."""
    return pseudonym(KEY, provider_id=provider_id, case=case)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A row as we send it, with what the provider fills in."""

    case: str
    answer: object = None
    day: object = None
    comment: object = None
    provider_id: str = PROVIDER
    notice: str = REFERENCE
    changed: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, object]:
        """Return all cells of the row by their headings."""
        said = {
            "Council": "Leicester City Council",
            "Council's reference": f"{MARK}00{self.case[-2:]}",
            "Initials": "M.O\N{RIGHT SINGLE QUOTATION MARK}B.",
            "Year of birth": "1941",
            "Service": "Home Support",
            "What we found": "You did not list this person",
            "The record says": "active since 1 May 2026, 14 hours a week",
            "You said": "",
            "What to do": "Tell us whether you support this person.\nIf not, since when.",
            **self.changed,
        }
        assert set(said) == set(SEALED)
        case = stands_for(self.case, provider_id=self.provider_id)
        sealed = seal(KEY, provider_id=self.provider_id, notice=self.notice, case=case, cells=said)
        filled = {ANSWER: self.answer, ANSWER_DATE: self.day, COMMENT: self.comment}
        return {**said, **filled, NOTICE: self.notice, CASE: case, SEAL: sealed}


def asked(*numbers: int, **filled: object) -> list[Asked]:
    """Return rows about some cases, all filled in alike."""
    return [Asked(case=case_id(number), **filled) for number in numbers]


def sent(rows: Iterable[Asked], *, date_format: str = "dd/mm/yyyy") -> bytes:
    """Return the workbook of these rows."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        day = book.add_format({"num_format": date_format})
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, HEADINGS)
        for line, row in enumerate(rows, start=1):
            for column, heading in enumerate(HEADINGS):
                cell = row.cells[heading]
                sheet.write(line, column, cell, *([day] if isinstance(cell, dt.date) else []))
        book.add_worksheet("How to answer").write(0, 0, "How to answer")
    return content.getvalue()


def edited(content: bytes, edit: Callable[[Worksheet], Any]) -> bytes:
    """Return a workbook whose first sheet somebody has changed and saved."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    edit(book.worksheets[0])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def put(content: bytes, heading: str, row: int, value: object) -> bytes:
    """Return a workbook with another value in one cell; row 1 is the first below the headings."""

    def change(sheet: Worksheet) -> None:
        sheet.cell(row + 1, column_of(sheet, heading)).value = value

    return edited(content, change)


def column_of(sheet: Worksheet, heading: str) -> int:
    """Return where a column stands now, from 1."""
    return [cell.value for cell in sheet[1]].index(heading) + 1


def cells_below(sheet: Worksheet) -> list[list[object]]:
    """Return the rows under the headings."""
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def write_below(sheet: Worksheet, rows: Iterable[Iterable[object]]) -> None:
    """Put other rows under the headings."""
    for line, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            sheet.cell(line, column).value = value


def as_csv(rows: Iterable[Asked], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return the sheet as somebody saves it as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(HEADINGS)
    for row in rows:
        cells = (row.cells[heading] for heading in HEADINGS)
        writer.writerow(f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else cell for cell in cells)
    return text.getvalue().encode(encoding)


def read(content: bytes) -> AnswerSheet:
    """Read a workbook."""
    return read_sheet(content, notes=RefusalLog(source=f"answers {PROVIDER}", file=FILE))


def checked(content: bytes, *, provider_id: str = PROVIDER, secret: bytes = KEY) -> Checked:
    """Read a workbook and check its rows."""
    return check(
        read(content),
        provider_id=provider_id,
        secret=secret,
        today=TODAY,
        longest_comment=LONGEST_COMMENT,
    )


def taken(found: Checked) -> list[str]:
    """Return the cases whose answers count."""
    ids = {stands_for(case_id(number)): case_id(number) for number in range(100)}
    return [ids[given.case] for given in found.given]


def rules(found: Checked) -> list[tuple[int, str | None, str]]:
    """Return the rows that were refused, each with the column and the rule."""
    return [(row, wrong.column, wrong.rule) for row, wrong in found.refused]
