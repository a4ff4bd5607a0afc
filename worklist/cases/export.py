"""A list of cases as a file: CSV for scripts and Excel for people, some cases at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from defusedcsv import csv as safe_csv
from flask import Response, stream_with_context
from xlsxwriter import Workbook

from casebook.record import CaseState, Standing
from casebook.wanted import Wanted
from casebook.worklist import Record
from schemas.accounts import Seen
from schemas.vocabularies import DiscrepancyType, Severity
from worklist.cases.scope import note
from worklist.cases.sides import SERVICES
from worklist.services import services
from worklist.words import words

KINDS = ("csv", "xlsx")
AT_MOST = 50_000
"""How many cases a file holds; whoever needs more narrows the list."""
PIECE = 500
COLUMNS = (
    "Case",
    "What",
    "Council",
    "Council's reference",
    "CPLIs",
    "Provider",
    "Service",
    "Severity",
    "State",
    "Standing",
    "Team",
    "Worker",
    "Open since",
    "Age in working days",
    "Due",
    "Council's record says",
    "The other side says",
)
"""The headings of both files."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def response(wanted: Wanted, kind: str, *, providers: Mapping[str, str]) -> Response:
    """Return the list as a file; that it was taken is on record before the first case leaves."""
    note(Seen.EXPORT)
    cases = islice(services().cases.every(wanted), AT_MOST)
    rows = ([*_row(case, providers)] for case in cases)
    if kind == "csv":
        body = Response(stream_with_context(_csv(rows)), mimetype="text/csv")
    else:
        body = Response(_xlsx(rows), mimetype=XLSX)
    body.headers["Content-Disposition"] = f'attachment; filename="cases.{kind}"'
    return body


def _row(case: Record, providers: Mapping[str, str]) -> Iterator[Any]:
    yield case["discrepancy_id"]
    yield words(case["type"], DiscrepancyType)
    yield services().council_name(case["local_authority"])
    yield case["person_id"]
    yield case["cpli_ids"]
    yield providers.get(case["provider_id"], case["provider_id"])
    yield SERVICES.get(case["service_type"], case["service_type"])
    yield words(case["severity"], Severity)
    yield words(case["state"], CaseState)
    yield words(case["standing"], Standing) if case["standing"] else None
    yield case["team"]
    yield case["worker"]
    yield case["open_since"]
    yield case["age_days"]
    yield case["due_on"]
    yield case["council_value"]
    yield case["provider_value"]


def _csv(rows: Iterator[list[Any]]) -> Iterator[bytes]:
    """Yield the rows as CSV without formulas, with the mark by which Excel knows UTF-8."""
    yield b"\xef\xbb\xbf"
    whole = iter([[*COLUMNS]])
    for some in (whole, *_pieces(rows)):
        written = io.StringIO()
        safe_csv.writer(written, quoting=csv.QUOTE_MINIMAL).writerows(some)
        yield written.getvalue().encode()


def _pieces(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    while some := list(islice(rows, PIECE)):
        yield some


def _xlsx(rows: Iterator[list[Any]]) -> bytes:
    """Return the rows as a workbook; what comes from outside is only ever written as text."""
    written = io.BytesIO()
    book = Workbook(
        written,
        {
            "in_memory": True,
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Cases")
    heading = book.add_format({"bold": True, "bg_color": "#F3F2F1", "bottom": 1})
    as_day = book.add_format({"num_format": "dd mmmm yyyy", "align": "left"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 22)
    for column, text in enumerate(COLUMNS):
        sheet.write_string(0, column, text, heading)
    last = 0
    for last, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            match value:
                case None:
                    continue
                case int():
                    sheet.write_number(last, column, value)
                case str():
                    sheet.write_string(last, column, value)
                case day:
                    sheet.write_datetime(last, column, day, as_day)
    sheet.autofilter(0, 0, max(last, 1), len(COLUMNS) - 1)
    book.close()
    return written.getvalue()
