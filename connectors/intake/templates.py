"""The workbook that we offer providers to fill in: our headings, lists to choose from, guidance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from connectors.intake.labels import COUNCIL_NAMES, GUIDANCE_TITLE, LABELS
from schemas.vocabularies import ServiceType, Unit

CASELOAD_SHEET, GUIDANCE_SHEET, LISTS_SHEET = "Caseload", "Guidance", "Lists"
CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
EARLIEST, LATEST = date(1900, 3, 1), date(2099, 12, 31)
ROWS = 1_000
WIDE, NARROW = 110, 18
TEXT, DATE, NUMBER = "text", "date", "number"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column to fill in: what may stand there, and what to tell whoever fills it in."""

    name: str
    kind: str
    guidance: str


FIELDS = (
    Field(
        name="nhs_number",
        kind=TEXT,
        guidance="Ten digits, with or without spaces. Nothing tells more surely who it is.",
    ),
    Field(name="family_name", kind=TEXT, guidance="The family name alone, without a title."),
    Field(name="given_name", kind=TEXT, guidance="The first name, as the council knows it."),
    Field(
        name="date_of_birth",
        kind=DATE,
        guidance="Day, month and year, for example 03/04/1941. The year has four digits.",
    ),
    Field(
        name="local_authority",
        kind=TEXT,
        guidance="The council that pays for the support: choose from the list, or leave it empty.",
    ),
    Field(
        name="person_id",
        kind=TEXT,
        guidance="The council's own number for the person, if you know it; not yours.",
    ),
    Field(
        name="cpli_id",
        kind=TEXT,
        guidance="The council's number of this care package line item, if you know it.",
    ),
    Field(
        name="service_type",
        kind=TEXT,
        guidance="What you give the person. Choose it from the list. It must not be empty.",
    ),
    Field(
        name="start_date",
        kind=DATE,
        guidance="The first day of this support, for example 01/05/2026.",
    ),
    Field(
        name="end_date",
        kind=DATE,
        guidance="The last day of this support. Leave it empty while the support goes on.",
    ),
    Field(
        name="weekly_quantity",
        kind=NUMBER,
        guidance="How much in a week, as one number: seven and a half hours are 7.5.",
    ),
    Field(name="unit", kind=TEXT, guidance="What the quantity counts. Choose it from the list."),
)
GENERAL = (
    "List everybody whose support the councils pay for, one row for each service.",
    "A person with two services has two rows, with the name and NHS number in both.",
    "Leave out people who pay for themselves.",
    "Put everybody on the sheet Caseload. Do not rename its headings, and add no totals.",
    "Of each person give the NHS number, the CPLI reference or the council's person reference,",
    "or both names with the date of birth.",
)


def template(*, councils: Mapping[str, str] = COUNCIL_NAMES, rows: int = ROWS) -> bytes:
    """Return an empty .xlsx workbook to fill in, with lists to choose from in its first `rows`.

    `councils` gives each GSS code the council's name.
    """
    written = BytesIO()
    book = Workbook(written, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "Caseload", "created": CREATED})
    sheet = book.add_worksheet(CASELOAD_SHEET)
    guidance = book.add_worksheet(GUIDANCE_SHEET)
    lists = book.add_worksheet(LISTS_SHEET)
    choices = {
        "service_type": [service.display for service in ServiceType],
        "unit": Unit.codes(),
        "local_authority": [*councils.values()],
    }
    _write_lists(lists, choices)
    _write_headings(book, sheet)
    for column, field in enumerate(FIELDS):
        sheet.data_validation(1, column, rows, column, _allowed(field, choices))
    _write_guidance(book, guidance)
    book.close()
    return written.getvalue()


def _write_lists(sheet: Worksheet, choices: Mapping[str, list[str]]) -> None:
    for column, words in enumerate(choices.values()):
        sheet.write_column(0, column, words)
    sheet.hide()


def _write_headings(book: Workbook, sheet: Worksheet) -> None:
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {
        TEXT: book.add_format({"num_format": "@"}),
        DATE: book.add_format({"num_format": "dd/mm/yyyy"}),
        NUMBER: book.add_format({"num_format": "0.##"}),
    }
    for column, field in enumerate(FIELDS):
        sheet.set_column(column, column, NARROW, formats[field.kind])
        sheet.write_string(0, column, LABELS[field.name], heading)
    sheet.freeze_panes(1, 0)
    sheet.activate()


def _allowed(field: Field, choices: Mapping[str, list[str]]) -> dict[str, object]:
    """Say what may be typed into a column, and what Excel answers to anything else."""
    label = LABELS[field.name]
    says: dict[str, object] = {"error_title": label, "error_message": field.guidance}
    if field.name in choices:
        place = xl_col_to_name([*choices].index(field.name), col_abs=True)
        source = f"={LISTS_SHEET}!{place}$1:{place}${len(choices[field.name])}"
        return says | {"validate": "list", "source": source}
    if field.kind == DATE:
        between = {"criteria": "between", "minimum": EARLIEST, "maximum": LATEST}
        return says | {"validate": "date", **between}
    if field.kind == NUMBER:
        return says | {"validate": "decimal", "criteria": ">=", "value": 0}
    return says | {"validate": "any", "input_title": label, "input_message": field.guidance}


def _write_guidance(book: Workbook, sheet: Worksheet) -> None:
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, WIDE, wrapped)
    lines = [*GENERAL, "", *(f"{LABELS[field.name]}: {field.guidance}" for field in FIELDS)]
    sheet.write_string(0, 0, GUIDANCE_TITLE, bold)
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line, wrapped)
