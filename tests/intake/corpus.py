"""Awkward caseloads, each made here, with what must be read of it.

`PYTHONPATH=tests .venv/bin/python -m intake.corpus` writes their receipts anew, one file for all;
`test_corpus` fails where a receipt is another than the one that somebody has read there.
"""

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter
from intake.filled import filled
from oracle.tables import synthetic_nhs_number, table, words

from connectors.intake import (
    Habits,
    Understood,
    receipt,
    receipt_of_refusal,
    template,
    understand,
)
from schemas.cleaning import CleanedCaseloads, clean_caseloads
from schemas.errors import SourceRefused
from schemas.raw import CaseloadFile, FileFacts

RECEIPTS = Path(__file__).with_name("receipts.txt")
PROVIDER, CASELOAD_DATE = "P0001", dt.date(2026, 11, 16)
AS_OF = dt.date(2026, 11, 20)
RECEIVED_AT = dt.datetime(2026, 11, 17, 9, tzinfo=dt.UTC)
N1, N2, N3, N4 = (synthetic_nhs_number(serial) for serial in (10, 20, 30, 40))
SHORT = {
    "nhs": "nhs_number",
    "family": "family_name",
    "given": "given_name",
    "born": "date_of_birth",
    "service": "service_type",
    "start": "start_date",
    "end": "end_date",
    "quantity": "weekly_quantity",
    "council": "local_authority",
    "person": "person_id",
    "cpli": "cpli_id",
}
WORDS = {"N1": N1, "N2": N2, "N3": N3, "N4": N4, "?": "\N{REPLACEMENT CHARACTER}", "": None}

Cell = str | float | dt.date | dt.time | dt.timedelta | None
Rows = Sequence[Sequence[Cell]]
Area = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One awkward file; `expected` is a table of the canonical cells, or the rule of a refusal.

    A row stands for each row of the file; columns not in the table are empty. `?` is unreadable.
    """

    content: bytes
    expected: str
    name: str = "xlsx"
    habits: Habits = field(default_factory=Habits)

    @property
    def is_refused(self) -> bool:
        """Tell whether the file as a whole is refused."""
        return "|" not in self.expected

    @property
    def rows(self) -> list[dict[str, str | None]]:
        """Return the expected rows."""
        return [
            {SHORT.get(name, name): WORDS.get(cell, cell) for name, cell in row.items()}
            for row in table(self.expected)
        ]

    def understood(self) -> Understood:
        """Understand the file."""
        facts = FileFacts(
            file=f"caseload/{PROVIDER}_{CASELOAD_DATE}.{self.name}",
            size_bytes=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
            received_at=RECEIVED_AT,
        )
        return understand(
            self.content,
            facts=facts,
            provider_id=PROVIDER,
            caseload_date=CASELOAD_DATE,
            habits=self.habits,
        )

    def receipt(self) -> str:
        """Return what the provider is told."""
        try:
            understood = self.understood()
        except SourceRefused as error:
            told = receipt_of_refusal(error, provider_id=PROVIDER, caseload_date=CASELOAD_DATE)
            return told.text()
        return receipt(understood, cleaned(understood)).text()


def cleaned(understood: Understood) -> CleanedCaseloads:
    """Clean what was understood of one file."""
    file = CaseloadFile(
        provider_id=understood.provider_id,
        caseload_date=understood.caseload_date,
        file=understood.raw.facts.file,
        received_at=RECEIVED_AT,
    )
    return clean_caseloads([(0, file, understood.raw)], as_of=AS_OF)


def sheet(
    rows: Rows,
    *,
    merged: Sequence[Area] = (),
    name: str | None = None,
    hidden: bool = False,
) -> Callable[[xlsxwriter.Workbook], None]:
    """Return what writes a sheet; merged areas are the first row and column, the last ones."""

    def write(book: xlsxwriter.Workbook) -> None:
        paper = book.add_worksheet(name)
        formats = {
            dt.date: book.add_format({"num_format": "dd/mm/yyyy"}),
            dt.time: book.add_format({"num_format": "hh:mm"}),
            dt.timedelta: book.add_format({"num_format": "[h]:mm"}),
        }
        for area in merged:
            paper.merge_range(*area, "")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str):
                    paper.write_string(at, column, cell)
                else:
                    paper.write(at, column, cell, *filter(None, [formats.get(type(cell))]))
        if hidden:
            paper.hide()

    return write


def book(*sheets: Callable[[xlsxwriter.Workbook], None], **options: bool) -> bytes:
    """Return a workbook of these sheets."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True, **options}) as workbook:
        for write in sheets:
            write(workbook)
    return written.getvalue()


def one(rows: Rows, *, merged: Sequence[Area] = (), **options: bool) -> bytes:
    """Return a workbook of one sheet."""
    return book(sheet(rows, merged=merged), **options)


def text(lines: str, *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Return a CSV file."""
    return lines.replace("|", delimiter).encode(encoding)


def archive(part: bytes, name: str) -> bytes:
    """Return a zip archive of one part; a type that stands first is stored as it is."""
    written = io.BytesIO()
    how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(written, "w", how) as packed:
        packed.writestr(name, part)
    return written.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """Return a workbook with one part more."""
    written = io.BytesIO(content)
    with zipfile.ZipFile(written, "a") as packed:
        packed.writestr(name, part)
    return written.getvalue()


def column(heading: str, *cells: Cell, service: str = "HS", first: str = "NHS number") -> bytes:
    """Return a list of one column to be looked at, beside an NHS number and a service."""
    numbers = [synthetic_nhs_number(100 + 10 * at) for at in range(len(cells))]
    rows = [[number, service, cell] for number, cell in zip(numbers, cells, strict=True)]
    return one([[first, "Service type", heading], *rows])


def read(name: str, *cells: str, more: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return what must be read of `column`."""
    more = more or {}
    lines = [" | ".join(["nhs_number", "service_type", name, *more])]
    for at, cell in enumerate(cells):
        number = synthetic_nhs_number(100 + 10 * at)
        lines.append(" | ".join([number, "HS", cell, *(it[at] for it in more.values())]))
    return "\n".join(lines)


PLAIN = ["NHS number", "Surname", "First name", "DOB", "Service type", "Start date", "End date"]
MARGARET = [N1, "Hollis", "Margaret", "04/07/1938", "Home care", "01/05/2026", ""]
SIAN = [N2, "O'Brien", "Siân", "03/02/1941", "Day care", "02/06/2026", "31/10/2026"]
AMRIT = [N3, "Khan", "Amrit", "31/12/1950", "Residential care", "03/07/2026", ""]
PLAIN_READ = """
    nhs_number | family_name | given_name | date_of_birth | service_type | start_date | end_date
"""
MARGARET_READ = "N1 | Hollis  | Margaret | 1938-07-04 | HS   | 2026-05-01 |\n"
SIAN_READ = "    N2 | O'Brien | Siân     | 1941-02-03 | DS   | 2026-06-02 | 2026-10-31\n"
AMRIT_READ = "   N3 | Khan    | Amrit    | 1950-12-31 | LTRC | 2026-07-03 |\n"
NOBODY = "   |  |  |  |  |  |\n"
THREE_READ = PLAIN_READ + MARGARET_READ + SIAN_READ + AMRIT_READ
TWO_READ = PLAIN_READ + MARGARET_READ + SIAN_READ
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

CASES: dict[str, Case] = {
    "a canonical CSV file": Case(
        name="csv",
        content=text(
            "nhs_number,family_name,given_name,date_of_birth,service_type,start_date,end_date\n"
            f"{N1},Hollis,Margaret,1938-07-04,HS,2026-05-01,\n"
        ),
        expected=PLAIN_READ + MARGARET_READ,
    ),
    "title rows above the heading": Case(
        content=one(
            [["Oak House"], ["Return for November"], [], PLAIN, MARGARET, SIAN],
        ),
        expected=TWO_READ,
    ),
    "title rows in a CSV file": Case(
        name="csv",
        content=text(
            "Oak House,,\n\nReturn for November\n"
            f"NHS No,Surname,Forename,D.O.B.,Care type,From,To\n{N1},Hollis,Margaret,4/7/38,"
            "home care,1 May 2026,\n"
        ),
        expected=PLAIN_READ + MARGARET_READ,
    ),
    "semicolons between the cells": Case(
        name="csv",
        content=text(
            "NHS no|Name|DOB|Service|Start\n"
            f'{N1}|"Hollis, Margaret"|04.07.1938|Home care|1.5.2026\n',
            delimiter=";",
        ),
        expected="""
            nhs | family | given | born | service | start
            N1         | Hollis      | Margaret   | 1938-07-04    | HS           | 2026-05-01
        """,
    ),
    "tabs between the cells, and a blank line": Case(
        name="csv",
        content=text(
            f"NHS no|Service|Start\r\n{N1}|HS|1/5/26\r\n\r\n{N2}|DS|2/5/26\r\n", delimiter="\t"
        ),
        expected="""
            nhs_number | service_type | start_date
            N1         | HS           | 2026-05-01
                       |              |
            N2         | DS           | 2026-05-02
        """,
    ),
    "a stray quotation mark between semicolons": Case(
        name="csv",
        content=text(f'NHS no|Service|Start\n{N1}|"HS|1/5/26\n{N2}|DS|2/5/26\n', delimiter=";"),
        expected="unreadable",
    ),
    "accents of Windows": Case(
        name="csv",
        content=text(
            f"NHS no,Surname,First name,Service\n{N2},O'Brien,Siân,HS\n", encoding="cp1252"
        ),
        expected="""
            nhs_number | family_name | given_name | service_type
            N2         | O'Brien     | Siân       | HS
        """,
    ),
    "a byte order mark, quotes and commas in them": Case(
        name="csv",
        content=b"\xef\xbb\xbf"
        + text(
            f'"NHS No.","Name","DOB","Service"\r\n"{N1}","Hollis, Margaret","4/7/1938","HS"\r\n'
        ),
        expected="""
            nhs_number | family_name | given_name | date_of_birth | service_type
            N1         | Hollis      | Margaret   | 1938-07-04    | HS
        """,
    ),
    "a comma too many in one row": Case(
        name="csv",
        content=text(
            f"NHS no,Surname,First name,Service,Start\n{N1},Hollis,Margaret,HS,1/5/26\n"
            f"{N2},O'Brien, the younger,Siân,HS,2/5/26\n"
        ),
        expected="""
            nhs_number | family_name | given_name | service_type | start_date
            N1         | Hollis      | Margaret   | HS           | 2026-05-01
            N2         |             |            |              |
        """,
    ),
    "headings in other words": Case(
        content=one(
            [
                [
                    *(
                        "CLIENT SURNAME",
                        "client  forename",
                        "Birth-date",
                        "NHS_NO",
                        "Funding Authority",
                    ),
                    *("Social Care ID", "CPLI Ref.", "Type of support", "Date Of Admission"),
                    *("Discharge date:", "Commissioned hours"),
                ],
                [
                    *("Hollis", "Margaret", "04/07/1938", N1, "Rutland", "1001", "C1"),
                    *("Domiciliary care", "01/05/2026", "", 14.5),
                ],
            ]
        ),
        expected="""
    family | given | born | nhs | council | person | cpli | service | start | quantity | unit
    Hollis | Margaret | 1938-07-04 | N1 | E06000017 | 1001 | C1 | HS | 2026-05-01 | 14.5 | hours
        """,
    ),
    "headings with hints in brackets and line breaks": Case(
        content=one(
            [
                [
                    "NHS number*",
                    "Date\nof birth (dd/mm/yyyy)",
                    "Service\ntype",
                    "End date (if ended)",
                ],
                [N1, "04/07/1938", "HS", "31/10/2026"],
            ]
        ),
        expected="""
            nhs_number | date_of_birth | service_type | end_date
            N1         | 1938-07-04    | HS           | 2026-10-31
        """,
    ),
    "a heading of two lines": Case(
        content=one(
            [
                ["Resident", "", "NHS number", "Service", "", ""],
                ["Surname", "First name", "", "Type", "Start", "End"],
                ["Hollis", "Margaret", N1, "HS", "01/05/2026", "31/10/2026"],
            ],
            merged=[(0, 0, 0, 1), (0, 2, 1, 2), (0, 3, 0, 5)],
        ),
        expected="""
            family_name | given_name | nhs_number | service_type | start_date | end_date
            Hollis      | Margaret   | N1         | HS           | 2026-05-01 | 2026-10-31
        """,
    ),
    "a person merged over two services": Case(
        content=one(
            [
                [*PLAIN, "Hours per week"],
                [*MARGARET, 14],
                ["", "", "", "", "Meals", "01/06/2026", "", 7],
                [*SIAN, 3],
            ],
            merged=[(1, at, 2, at) for at in range(4)],
        ),
        expected="""
            nhs | family | given | born | service | start | end | quantity | unit
            N1 | Hollis | Margaret | 1938-07-04 | HS | 2026-05-01 | | 14 | hours
            N1 | Hollis | Margaret | 1938-07-04 | M | 2026-06-01 | | 7 | hours
            N2 | O'Brien | Siân | 1941-02-03 | DS | 2026-06-02 | 2026-10-31 | 3 | hours
        """,
    ),
    "a person merged over a blank line": Case(
        content=one(
            [[*PLAIN], MARGARET, [], [*SIAN]],
            merged=[(1, at, 2, at) for at in range(4)],
        ),
        expected=PLAIN_READ + MARGARET_READ + NOBODY + SIAN_READ,
    ),
    "quantities and ends merged over two rows": Case(
        content=one(
            [
                ["NHS number", "Service type", "End date", "Hours per week"],
                [N1, "HS", "31/10/2026", 14],
                [N2, "HS", "", ""],
            ],
            merged=[(1, 2, 2, 2), (1, 3, 2, 3)],
        ),
        expected="""
            nhs_number | service_type | end_date   | weekly_quantity | unit
            N1         | HS           | 2026-10-31 | 14              | hours
            N2         | HS           | 2026-10-31 |                 |
        """,
    ),
    "cells left empty below a person who is not merged": Case(
        content=one([PLAIN, MARGARET, ["", "", "", "", "Meals", "01/06/2026", ""]]),
        expected=PLAIN_READ + MARGARET_READ + " | | | | M | 2026-06-01 |\n",
    ),
    "notes on the first sheet, the list on the second": Case(
        content=book(
            sheet([["Staff rota"], ["Week", "Early", "Late"], [1, "two", "three"]], name="Rota"),
            sheet([PLAIN, MARGARET, SIAN], name="Residents"),
        ),
        expected=TWO_READ,
    ),
    "two lists on two sheets": Case(
        content=book(sheet([PLAIN, MARGARET]), sheet([PLAIN, SIAN])),
        expected="unreadable",
    ),
    "an empty list beside the list": Case(
        content=book(sheet([PLAIN]), sheet([PLAIN, MARGARET, SIAN])),
        expected=TWO_READ,
    ),
    "last month's list on a hidden sheet": Case(
        content=book(
            sheet([PLAIN, MARGARET, SIAN], name="November"),
            sheet([PLAIN, AMRIT], name="October", hidden=True),
        ),
        expected=TWO_READ,
    ),
    "an empty column and empty lines before the list": Case(
        content=one([[], [], ["", *PLAIN], ["", *MARGARET], ["", *SIAN]]),
        expected=TWO_READ,
    ),
    "blank rows between": Case(
        content=one([PLAIN, [], MARGARET, [], [], SIAN]),
        expected=PLAIN_READ + NOBODY + MARGARET_READ + NOBODY + NOBODY + SIAN_READ,
    ),
    "totals at the bottom": Case(
        content=one(
            [
                [*PLAIN, "Hours per week"],
                [*MARGARET, 14],
                [],
                ["", "Total", "", "", "", "", "", 14],
                ["", "Total residents: 1"],
            ]
        ),
        expected="""
            nhs | family | given | born | service | start | quantity | unit
            N1 | Hollis | Margaret | 1938-07-04 | HS | 2026-05-01 | 14 | hours
              | | | | | | |
              | | | | | | |
              | | | | | | |
        """,
    ),
    "a family called Total": Case(
        content=one([PLAIN, ["", "Total", "Ann", "04/07/1938", "HS", "01/05/2026", ""]]),
        expected=PLAIN_READ + " | Total | Ann | 1938-07-04 | HS | 2026-05-01 |\n",
    ),
    "people who have left in a part of their own": Case(
        content=one([PLAIN, MARGARET, ["", "Leavers:"], SIAN]),
        expected="unreadable",
    ),
    "people who have left under a line across the sheet": Case(
        content=one([PLAIN, MARGARET, ["Discharged 2026"], SIAN], merged=[(2, 0, 2, 4)]),
        expected="unreadable",
    ),
    "the heading again on each page": Case(
        content=one([PLAIN, MARGARET, PLAIN, SIAN]),
        expected=PLAIN_READ + MARGARET_READ + NOBODY + SIAN_READ,
    ),
    "a line across the sheet over each part": Case(
        content=one(
            [PLAIN, ["North wing"], MARGARET, ["South wing"], SIAN],
            merged=[(1, 0, 1, 6), (3, 0, 3, 6)],
        ),
        expected=PLAIN_READ + NOBODY + MARGARET_READ + NOBODY + SIAN_READ,
    ),
    "a note below the list": Case(
        content=one([PLAIN, MARGARET, [], ["", "Please ring us with any question"]]),
        expected=PLAIN_READ
        + MARGARET_READ
        + NOBODY
        + " | Please ring us with any question | | | | |\n",
    ),
    "dates with the day first": Case(
        content=column(
            "Start date",
            *("3/4/26", "03.04.2026", "3-4-2026", "3 4 2026", "Fri 3/4/26", "03042026"),
        ),
        expected=read("start_date", *["2026-04-03"] * 6),
    ),
    "dates as in America": Case(
        content=column(
            "Start date", "12/31/2026", "13/25/2026", "2026/13/01", "4/31/26", "Apr 3 26"
        ),
        expected=read("start_date", *"?????"),
    ),
    "dates with month names": Case(
        content=column(
            "Start date",
            *("3 Apr 2026", "3rd April 2026", "03-Apr-26", "3 apr. 26", "April 3, 2026"),
            *("Friday 3rd of April 2026", "3 Foo 2026"),
        ),
        expected=read("start_date", *["2026-04-03"] * 6, "?"),
    ),
    "dates as serial numbers": Case(
        content=column("Start date", 46115, 46115.0, 46115.5, 2026, 1, 99999),
        expected=read("start_date", *["2026-04-03"] * 3, *"???"),
    ),
    "dates as serial numbers in a CSV file": Case(
        name="csv",
        content=text(f"NHS no,Service,Start,End\n{N1},HS,46115,46116.0\n{N2},HS,2026,\n"),
        expected="""
            nhs_number | service_type | start_date | end_date
            N1         | HS           | 2026-04-03 | 2026-04-04
            N2         | HS           | ?          |
        """,
    ),
    "serial numbers that may count from 1904": Case(
        content=one(
            [
                ["NHS number", "Service type", "Start date", "End date"],
                [N1, "HS", 46115, dt.date(2026, 10, 31)],
            ],
            date_1904=True,
        ),
        expected="""
            nhs_number | service_type | start_date | end_date
            N1         | HS           | ?          | 2026-10-31
        """,
    ),
    "dates typed as dates": Case(
        content=column("End date", dt.date(2026, 4, 3), "2026-04-03", "2026-04-03 00:00:00"),
        expected=read("end_date", *["2026-04-03"] * 3),
    ),
    "births with two-digit years": Case(
        content=column("DOB", "3/4/41", "3/4/27", "3/4/19", "16/11/26", "17/11/26", "3/4/1919"),
        expected=read(
            "date_of_birth", "1941-04-03", "1927-04-03", "?", "?", "1926-11-17", "1919-04-03"
        ),
    ),
    "starts with two-digit years": Case(
        content=column("Start date", "3/4/00", "3/4/46", "3/4/47", "3/4/98"),
        expected=read("start_date", "2000-04-03", "2046-04-03", "?", "?"),
    ),
    "ends in words": Case(
        content=column("End date", "ongoing", "-", "n/a", "tbc", ""),
        expected=read("end_date", *"????", ""),
    ),
    "ends in words that the site has allowed": Case(
        content=column("End date", "Ongoing", "open ended", "tbc"),
        habits=Habits(open_end=["ongoing", "open-ended"]),
        expected=read("end_date", "", "", "?"),
    ),
    "NHS numbers with spaces and hyphens": Case(
        content=one(
            [
                ["NHS number", "Service type"],
                [f"{N1[:3]} {N1[3:6]} {N1[6:]}", "HS"],
                [f"{N2[:3]}-{N2[3:6]}-{N2[6:]}", "HS"],
                [float(N3), "HS"],
                [f" {N4}\u00a0", "HS"],
            ]
        ),
        expected="""
            nhs_number | service_type
            N1 | HS
            N2 | HS
            N3 | HS
            N4 | HS
        """,
    ),
    "numbers that a spreadsheet cut short": Case(
        content=one(
            [
                ["NHS number", "CPLI ref", "Person ID", "Service type"],
                ["9.99E+09", "1.2E+10", "4.57E+07", "HS"],
                [N1, "C1", "1001", "HS"],
            ]
        ),
        expected="""
            nhs_number | cpli_id | person_id | service_type
            ?          |         |           | HS
            N1         | C1      | 1001      | HS
        """,
    ),
    "hours in many ways": Case(
        content=column(
            "Hours per week",
            *("7h 30", "7:30", "7.5 hours", "7½", "450 mins", "7 1/2 hrs", "7 hrs 30 mins"),
            *(
                "7h30m",
                7.5,
                dt.time(7, 30),
                dt.timedelta(hours=37, minutes=30),
                "½",
                "7.5 hours pw",
            ),
        ),
        expected=read(
            "weekly_quantity",
            *(*["7.5"] * 10, "37.5", "0.5", "7.5"),
            more={"unit": ["hours"] * 13},
        ),
    ),
    "quantities that cannot be read": Case(
        content=column(
            "Hours per week", "2 x 30 mins", "1 hour a day", "7,5", "about 7", "7-10", "7:75", -7
        ),
        expected=read("weekly_quantity", *"???????", more={"unit": ["hours"] * 7}),
    ),
    "what is counted, said in each cell": Case(
        content=column(
            "Weekly quantity", "3 visits", "4 calls a week", "5 days", "7 nights", "1 week", "12"
        ),
        expected=read(
            "weekly_quantity",
            *("3", "4", "5", "7", "1", "12"),
            more={"unit": ["visits", "visits", "days", "nights", "weeks", ""]},
        ),
    ),
    "minutes in the heading": Case(
        content=column("Minutes per week", 450, "450", "7h 30", "3 visits"),
        expected=read(
            "weekly_quantity",
            *("7.5", "7.5", "7.5", "3"),
            more={"unit": ["hours", "hours", "hours", "visits"]},
        ),
    ),
    "units that contradict the quantity": Case(
        content=one(
            [
                ["NHS number", "Service type", "Quantity", "Units"],
                [N1, "HS", "3 visits", "hours"],
                [N2, "HS", 450, "mins"],
                [N3, "HS", 3, "visits per week"],
                [N4, "HS", 3, "sessions"],
            ]
        ),
        expected="""
            nhs_number | service_type | weekly_quantity | unit
            N1         | HS           | ?               | hours
            N2         | HS           | 7.5             | hours
            N3         | HS           | 3               | visits
            N4         | HS           | 3               | ?
        """,
    ),
    "units beside hours in the heading": Case(
        content=one(
            [
                ["NHS number", "Service type", "Hours per week", "Units"],
                [N1, "HS", 3, "visits"],
                [N2, "HS", 3, "hours"],
                [N3, "HS", "", "days"],
            ]
        ),
        expected="""
            nhs_number | service_type | weekly_quantity | unit
            N1         | HS           | ?               | visits
            N2         | HS           | 3               | hours
            N3         | HS           |                 | days
        """,
    ),
    "hours and visits in two columns": Case(
        content=one(
            [["NHS number", "Service type", "Hours pw", "Visits pw"], [N1, "HS", 7, 14]],
        ),
        expected="""
            nhs_number | service_type
            N1         | HS
        """,
    ),
    "hours beside how often they are": Case(
        content=one(
            [["NHS number", "Service type", "Hours", "Frequency"], [N1, "HS", 2, "daily"]],
        ),
        expected="""
            nhs_number | service_type
            N1         | HS
        """,
    ),
    "hours a week beside how often the visits are": Case(
        content=one(
            [
                ["NHS number", "Service type", "Hours", "Hours per week", "Visits per day"],
                [N1, "HS", 2, 14, 1],
            ],
        ),
        expected="""
            nhs_number | service_type | weekly_quantity | unit
            N1         | HS           | 14              | hours
        """,
    ),
    "names in one column": Case(
        content=column(
            "Name",
            *("Hollis, Margaret", "Margaret Hollis", "Mr John SMITH", "SMITH John", "Mrs A Hollis"),
            *(
                "Anna van der Berg",
                "HOLLIS, MISS MARGARET",
                "John P. Smith",
                "Hollis, Margaret (Meg)",
            ),
        ),
        expected=read(
            "family_name",
            *("Hollis", "Hollis", "SMITH", "SMITH", "Hollis", "van der Berg", "HOLLIS", "Smith"),
            "Hollis",
            more={
                "given_name": [
                    *("Margaret", "Margaret", "John", "John", "A", "Anna", "MARGARET", "John P."),
                    "Margaret",
                ]
            },
        ),
    ),
    "names that cannot be split": Case(
        content=column(
            "Name",
            *("Hollis", "Maria Garcia Lopez", "John and Mary Smith", "Smith, John, Paul", "Room 4"),
            *("Not known", "-"),
        ),
        expected=read("family_name", *[""] * 7, more={"given_name": [""] * 7}),
    ),
    "names with the family first by the heading": Case(
        content=column(
            "Surname & first name", "Hollis Margaret", "Hollis, Margaret", "Van Berg Ann"
        ),
        expected=read(
            "family_name",
            *("Hollis", "Hollis", ""),
            more={"given_name": ["Margaret", "Margaret", ""]},
        ),
    ),
    "a name beside a surname": Case(
        content=one(
            [["Name", "Surname", "DOB", "Service"], ["Margaret", "Hollis", "4/7/38", "HS"]]
        ),
        expected="""
            given_name | family_name | date_of_birth | service_type
            Margaret   | Hollis      | 1938-07-04    | HS
        """,
    ),
    "services in words": Case(
        content=one(
            [
                ["NHS number", "Service"],
                *(
                    [N1, service]
                    for service in (
                        *("DOMICILIARY CARE", "Residential", "Nursing home", "Day centre"),
                        *("Meals on Wheels", "supported living", "Sitting service", "hs", "C-R"),
                        *("Professional Support- Social Worker", "End of life", "Direct Payments"),
                    )
                ),
            ]
        ),
        expected="nhs_number | service_type\n"
        + "\n".join(
            f"N1 | {code}" for code in words("HS LTRC LTNC DS M CSL C-SS HS C-R PS-SW EOL DP")
        ),
    ),
    "services that we do not know": Case(
        content=one(
            [["NHS number", "Service"], [N1, "Respite"], [N2, "Package B"], [N3, ""], [N4, "n/a"]]
        ),
        expected="""
            nhs_number | service_type
            N1         | ?
            N2         | ?
            N3         |
            N4         | ?
        """,
    ),
    "councils by name": Case(
        content=column(
            "Council", "Leicester City Council", "leicestershire", "E06000017", "LCC", "", "n/a"
        ),
        expected=read("local_authority", "E06000016", "E10000018", "E06000017", "?", "", ""),
    ),
    "the site's own words": Case(
        content=one(
            [
                ["Versorgungsnr", "Leistung", "Menge", "Council"],
                [N1, "Package B", "3 Stunden", "The Shire"],
            ]
        ),
        habits=Habits(
            headings={
                "nhs_number": ["Versorgungsnr."],
                "service_type": ["Leistung"],
                "weekly_quantity": ["Menge"],
            },
            services={"OLTS": ["package b"]},
            units={"hours": ["Stunden"]},
            councils={"E10000018": ["the shire"]},
        ),
        expected="""
            nhs_number | service_type | weekly_quantity | unit  | local_authority
            N1         | OLTS         | 3               | hours | E10000018
        """,
    ),
    "our template, filled in": Case(
        content=filled(
            template(),
            [
                [
                    *(N1, "Hollis", "Margaret", dt.date(1938, 7, 4), "Rutland County Council"),
                    *("1001", "C1", "Home Support", dt.date(2026, 5, 1), None, 14.5, "hours"),
                ],
                [
                    *(N2, "O'Brien", "Siân", dt.date(1941, 2, 3), "Leicester City Council", None),
                    *(None, "Data Not Held-Individual Level", None, dt.date(2026, 10, 31)),
                    *(7, "nights"),
                ],
            ],
        ),
        expected="""
    nhs | family | given | born | council | person | cpli | service | start | end | quantity | unit
    N1 | Hollis | Margaret | 1938-07-04 | E06000017 | 1001 | C1 | HS | 2026-05-01 | | 14.5 | hours
            N2 | O'Brien | Siân | 1941-02-03 | E06000016 | | | DNH-IL | | 2026-10-31 | 7 | nights
        """,
    ),
    "our template, empty": Case(
        content=template(),
        expected="nhs_number | service_type",
    ),
    "errors, and formulas left as text": Case(
        content=one(
            [
                ["NHS number", "Surname", "Service type", "Start date", "End date"],
                [N1, "=A1", "HS", "01/05/2026", "#N/A"],
                [N2, "Hollis", "=B7", "#REF!", ""],
            ]
        ),
        expected="""
            nhs_number | family_name | service_type | start_date | end_date
            N1         |             | HS           | 2026-05-01 | ?
            N2         | Hollis      | ?            | ?          |
        """,
    ),
    "columns that mean nothing to us": Case(
        content=one(
            [
                ["Room", "NHS number", "Key worker: J. Zzyzx", "Service type", "Daily hours"],
                [1, N1, "Zzyzx", "HS", 2],
            ]
        ),
        expected="""
            nhs_number | service_type
            N1         | HS
        """,
    ),
    "a strong heading beside a weak one": Case(
        content=one(
            [
                ["NHS number", "Service", "Service type", "Start", "Start date"],
                [N1, "Oak House", "HS", "Monday", "01/05/2026"],
            ]
        ),
        expected="""
            nhs_number | service_type | start_date
            N1         | HS           | 2026-05-01
        """,
    ),
    "a provider and a date in each row": Case(
        content=one(
            [
                ["Provider no", "Caseload date", "NHS number", "Service type"],
                ["p0001", "16/11/2026", N1, "HS"],
                ["P0002", "16/11/2026", N2, "HS"],
                ["P0001", "16/10/2026", N3, "HS"],
            ]
        ),
        expected="""
            provider_id | caseload_date | nhs_number | service_type
            P0001       | 2026-11-16    | N1         | HS
            P0002       | 2026-11-16    | N2         | HS
            P0001       | 2026-10-16    | N3         | HS
        """,
    ),
    "words for nothing": Case(
        content=one(
            [
                ["NHS number", "CPLI", "Person ID", "Surname", "First name", "DOB", "Service type"],
                ["n/a", "-", "not known", "Hollis", "Margaret", "4/7/38", "HS"],
                ["", "N/A", "tbc", "unknown", "n/k", "unknown", "HS"],
                ["", "none", "", "None", "Na", "4/7/38", "HS"],
            ]
        ),
        expected="""
            nhs | cpli | person | family | given | born | service
                       | | | Hollis | Margaret | 1938-07-04 | HS
                       | | | | | | HS
                       | | | None | Na | 1938-07-04 | HS
        """,
    ),
    "nearly every row refused": Case(
        content=column("Start date", "soon", "soon", "01/05/2026", "later"),
        expected=read("start_date", "?", "?", "2026-05-01", "?"),
    ),
    "a heading and nobody": Case(content=one([PLAIN]), expected=PLAIN_READ),
    "two columns for the start": Case(
        content=one(
            [
                ["NHS number", "Service type", "Date of admission", "Service start"],
                [N1, "HS", "01/05/2026", "02/05/2026"],
            ]
        ),
        expected="doubled_column",
    ),
    "no heading": Case(content=one([MARGARET, SIAN]), expected="missing_columns"),
    "no service": Case(
        content=one([["NHS number", "Surname", "DOB"], [N1, "Hollis", "04/07/1938"]]),
        expected="missing_columns",
    ),
    "nobody named": Case(
        content=one([["Surname", "Service type", "Start date"], ["Hollis", "HS", "01/05/2026"]]),
        expected="missing_columns",
    ),
    "an empty workbook": Case(content=one([]), expected="missing_columns"),
    "an empty CSV file": Case(name="csv", content=b"", expected="missing_columns"),
    "a PDF": Case(content=b"%PDF-1.7 ...", expected="unreadable"),
    "a picture": Case(content=b"\x89PNG\r\n\x1a\n...", expected="unreadable"),
    "a Word document": Case(
        content=archive(b"<document/>", "word/document.xml"), expected="unreadable"
    ),
    "an OpenDocument spreadsheet": Case(
        content=archive(b"application/vnd.oasis.opendocument.spreadsheet", "mimetype"),
        expected="unreadable",
    ),
    "an Excel workbook of before 2007": Case(
        name="xls", content=OLE + "Workbook".encode("utf-16-le"), expected="unreadable"
    ),
    "a workbook locked with a password": Case(
        content=OLE + "EncryptedPackage".encode("utf-16-le"), expected="unreadable"
    ),
    "a workbook with macros": Case(
        content=with_part(one([PLAIN, MARGARET]), "xl/vbaProject.bin", b"macro"),
        expected="unreadable",
    ),
    "a workbook that links to another": Case(
        content=with_part(one([PLAIN, MARGARET]), "xl/externalLinks/externalLink1.xml", b"<x/>"),
        expected="unreadable",
    ),
    "a workbook that unpacks to far too much": Case(
        content=archive(bytes(30_000_000), "xl/workbook.xml"),
        expected="unreadable",
    ),
    "a workbook that broke on its way": Case(
        content=one([PLAIN, MARGARET])[:2_000], expected="unreadable"
    ),
    "a text of nothing but NUL bytes": Case(name="csv", content=bytes(100), expected="unreadable"),
}


def written() -> str:
    """Return every receipt under the name of its case."""
    return "\n".join(f"=== {name}\n\n{case.receipt()}" for name, case in CASES.items())


if __name__ == "__main__":
    RECEIPTS.write_text(written(), encoding="utf-8")
