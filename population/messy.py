"""Caseloads as care homes keep them: the same rows in awkward workbooks.

Every row keeps its number under the heading, and everything that stands in it can be read back.
What no reader could understand in the canonical file, none can here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas.tables import GSS_PATTERN
from schemas.vocabularies import ServiceType, Unit

Row: TypeAlias = Mapping[str, str]
Value: TypeAlias = str | float | date

_CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FULL_NAME = "full name"
_DATES = ("caseload_date", "date_of_birth", "start_date", "end_date")
_PERSON = (
    "local_authority",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
)
_FIRST_SHEET_YEAR = 1910
_NEAR_YEARS = range(2000, 2040)
_SURELY_LAST_CENTURY = range(1930, 2000)
_SERIAL_ZERO = date(1899, 12, 30)
_GSS = re.compile(GSS_PATTERN)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "provider_id": ("Provider ID", "Provider no."),
        "caseload_date": ("Caseload date", "Date of caseload"),
        "cpli_id": ("CPLI", "CPLI ref", "Line item no."),
        "local_authority": ("Council", "Funding authority", "Local authority"),
        "person_id": ("Council ref", "Person ID", "Social care no"),
        "nhs_number": ("NHS No.", "NHS number", "NHS NUMBER "),
        "family_name": ("Surname", "Last name", "FAMILY NAME"),
        "given_name": ("First name", "Forename(s)", "Given name"),
        "date_of_birth": ("D.O.B.", "Date of birth (dd/mm/yyyy)", "Born"),
        "service_type": ("Type of service", "Service type", "Care type"),
        "start_date": ("Start date", "Date of admission", "Service start"),
        "end_date": ("End date", "Date left", "Discharge date"),
        "weekly_quantity": ("Quantity per week", "Qty", "Weekly quantity"),
        "unit": ("Unit", "Units", "Unit of measure"),
        _FULL_NAME: ("Name", "Resident", "Service user name"),
    }
)
_SERVICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ServiceType.HOME_SUPPORT: ("Home care", "Domiciliary Care", "home support"),
        ServiceType.LONG_TERM_RESIDENTIAL: ("Residential care", "Long-term residential care"),
        ServiceType.LONG_TERM_NURSING: ("Nursing care", "Long term nursing"),
        ServiceType.SHORT_TERM_RESIDENTIAL: ("Short stay residential", "Residential respite"),
        ServiceType.DAY_SUPPORT: ("Day care", "Day centre"),
        ServiceType.COMMUNITY_SUPPORTED_LIVING: ("Supported living", "SUPPORTED LIVING"),
        ServiceType.MEALS: ("Meals on wheels", "Meals"),
        ServiceType.CARER_SITTING: ("Sitting service", "Carer sitting"),
    }
)
_COUNCILS: Mapping[str, str] = MappingProxyType(
    {
        "E06000016": "Leicester City Council",
        "E10000018": "Leicestershire County Council",
        "E06000017": "Rutland",
    }
)
_IN_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Unit.HOURS.value: ("hours", "hrs pw", "hours per week"),
        Unit.VISITS.value: ("visits", "calls a week"),
        Unit.DAYS.value: ("days", "days per week"),
        Unit.NIGHTS.value: ("nights",),
        Unit.WEEKS.value: ("weeks", "wks"),
    }
)
_NO_DATE, _NO_SERVICE, _NO_COUNCIL, _NOT_A_PERSON = (
    "see file",
    "see care plan",
    "see file",
    "Everybody",
)
_TITLES = ("Caseload return", "Sent monthly", "", "Page 1")
_DATE_STYLES = ("typed", "slashes", "short", "words", "serials", "iso")
_UNUSED = ("Room", "Key worker", "Notes")


@dataclass(frozen=True, kw_only=True)
class Style:
    """How somebody keeps a list; `drawn` makes one by chance."""

    title_rows: int
    headings: Mapping[str, str]
    one_name_column: bool
    comma_names: bool
    unit_in_words: bool
    dates: str
    spaced_numbers: str
    councils_by_name: bool
    merged_people: bool
    blank_first_column: bool
    sheet_before: bool
    hidden_copy: bool
    totals: bool


def drawn(random: Random) -> Style:
    """Draw a style."""
    return Style(
        title_rows=random.randrange(5),
        headings={name: random.choice(known) for name, known in _HEADINGS.items()},
        one_name_column=random.random() < 0.5,
        comma_names=random.random() < 0.5,
        unit_in_words=random.random() < 0.5,
        dates=random.choice((*_DATE_STYLES, "mixed")),
        spaced_numbers=random.choice(("plain", "spaces", "hyphens", "typed")),
        councils_by_name=random.random() < 0.5,
        merged_people=random.random() < 0.5,
        blank_first_column=random.random() < 0.3,
        sheet_before=random.random() < 0.3,
        hidden_copy=random.random() < 0.3,
        totals=random.random() < 0.5,
    )


def messy_workbook(
    header: Sequence[str], rows: Iterable[Sequence[str | None]], *, seed: int
) -> bytes:
    """Return an .xlsx workbook with the rows of a canonical caseload, written by chance of `seed`.

    `header` are canonical columns; others are written as they are. A row keeps its number, counted
    from the heading; blank ones stay blank.
    """
    random = Random(seed)
    style = drawn(random)
    cells = [
        {name: text for name, text in zip(header, row, strict=True) if text and text.strip()}
        for row in rows
    ]
    columns = _columns(header, cells, style)
    random.shuffle(columns)
    written = BytesIO()
    book = Workbook(written, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "Caseload", "created": _CREATED})
    if style.sheet_before:
        _write_rota(book.add_worksheet("Rota"))
    _Pen(
        sheet=book.add_worksheet("List"),
        day=book.add_format({"num_format": "dd/mm/yyyy"}),
        style=style,
        columns=columns,
        random=random,
    ).write(cells)
    if style.hidden_copy:
        _write_old_copy(book.add_worksheet("Old"), header, cells)
    book.close()
    return written.getvalue()


def _columns(header: Sequence[str], cells: Sequence[Row], style: Style) -> list[str]:
    """Return the columns of the sheet: some of the header's are said elsewhere, or left out."""
    columns = [*header, *_UNUSED[: 1 + style.title_rows % 2]]
    if style.one_name_column and {"family_name", "given_name"} <= {*columns}:
        columns = [name for name in columns if name not in {"family_name", "given_name"}]
        columns.append(_FULL_NAME)
    if style.unit_in_words and {"weekly_quantity", "unit"} <= {*columns}:
        counted = (row for row in cells if "unit" in row or "weekly_quantity" in row)
        if all(map(_is_counted, counted)):
            columns.remove("unit")
    return columns


def _is_counted(row: Row) -> bool:
    return row.get("unit") in _IN_WORDS and _number(row.get("weekly_quantity", "")) is not None


@dataclass(frozen=True, kw_only=True)
class _Pen:
    """Writes the list onto its sheet."""

    sheet: Worksheet
    day: Format
    style: Style
    columns: Sequence[str]
    random: Random

    def write(self, cells: Sequence[Row]) -> None:
        heading, left = self.style.title_rows, int(self.style.blank_first_column)
        for at, title in enumerate(_TITLES[:heading]):
            self.sheet.write_string(at, left, title)
        for column, name in enumerate(self.columns, start=left):
            self.sheet.write_string(heading, column, self.style.headings.get(name, name))
        for number, entry in enumerate(cells, start=1):
            self._write_row(heading + number, left, entry)
        if self.style.merged_people:
            self._merge_people(heading + 1, left, cells)
        if self.style.totals and cells:
            below = heading + len(cells) + 1
            self.sheet.write_string(below, left + self._loose(), "Total")
            if "weekly_quantity" in self.columns:
                self.sheet.write_number(below, left + self.columns.index("weekly_quantity"), 99)

    def _loose(self) -> int:
        """Return the place of a column in which a total can stand."""
        return next(at for at, name in enumerate(self.columns) if name in _UNUSED)

    def _write_row(self, at: int, left: int, row: Row) -> None:
        for column, name in enumerate(self.columns, start=left):
            self._write_cell(at, column, self._cell(name, row))

    def _write_cell(self, at: int, column: int, cell: Value | None) -> None:
        match cell:
            case None:
                pass
            case date():
                self.sheet.write_datetime(at, column, cell, self.day)
            case str():
                self.sheet.write_string(at, column, cell)
            case _:
                self.sheet.write_number(at, column, cell)

    def _cell(self, name: str, row: Row) -> Value | None:
        writers: Mapping[str, Callable[[Row], Value | None]] = {
            _FULL_NAME: self._full_name,
            "weekly_quantity": self._quantity,
            "nhs_number": self._nhs_number,
            "service_type": self._service,
            "local_authority": self._council,
        }
        if name in writers:
            return writers[name](row)
        if name in _DATES and name in row:
            return self._date(row[name], birth=name == "date_of_birth")
        if name in {"family_name", "given_name"} and name in row:
            return _person(row[name])
        if name in _UNUSED:
            return None
        return row.get(name)

    def _full_name(self, row: Row) -> str | None:
        family, given = (_person(row.get(name, "")) for name in ("family_name", "given_name"))
        if not (family or given):
            return None
        plain = all(name.istitle() and name.isalpha() for name in (family, given))
        if plain and not self.style.comma_names:
            return f"{given} {family}"
        return f"{family}, {given}"

    def _quantity(self, row: Row) -> Value | None:
        text = row.get("weekly_quantity")
        number = _number(text or "")
        if text is None or number is None:
            return text
        if "unit" not in self.columns:
            return self._in_words(number, row.get("unit", ""))
        return number

    def _in_words(self, number: float, unit: str) -> Value:
        """Write an amount with its unit; hours in several ways."""
        if unit not in _IN_WORDS:
            return number
        hours, quarters = divmod(round(number * 4), 4)
        ways = [f"{number:.10g} {word}" for word in _IN_WORDS[unit]]
        if unit == Unit.HOURS.value and number * 4 == hours * 4 + quarters and hours < 1000:
            fraction = ("", "¼", "½", "¾")[quarters]
            ways += [
                f"{hours}h {quarters * 15:02d}",
                f"{hours}:{quarters * 15:02d}",
                f"{hours or ''}{fraction or ('' if hours else '0')} hours",
                f"{round(number * 60)} mins",
            ]
        return self.random.choice(ways)

    def _nhs_number(self, row: Row) -> Value | None:
        text = row.get("nhs_number")
        if text is None or not (text.isdecimal() and len(text) == 10):
            return text
        parts = text[:3], text[3:6], text[6:]
        match self.style.spaced_numbers:
            case "spaces":
                return " ".join(parts)
            case "hyphens":
                return "-".join(parts)
            case "typed":
                return float(text) if text[0] != "0" else text
            case _:
                return text

    def _service(self, row: Row) -> str | None:
        code = row.get("service_type")
        if code is None:
            return None
        if code not in ServiceType.codes():
            return _NO_SERVICE
        service = ServiceType(code)
        return self.random.choice((code, service.display, *_SERVICES.get(service, ())))

    def _council(self, row: Row) -> str | None:
        code = row.get("local_authority")
        if code is None:
            return None
        name = _COUNCILS.get(code)
        if name is None:
            return code if _GSS.fullmatch(code) else _NO_COUNCIL
        return name if self.style.councils_by_name else code

    def _date(self, text: str, *, birth: bool) -> Value:
        day = _day(text)
        if day is None:
            return _NO_DATE
        style = (
            self.random.choice(_DATE_STYLES) if self.style.dates == "mixed" else self.style.dates
        )
        match style:
            case "typed" if day.year >= _FIRST_SHEET_YEAR:
                return day
            case "serials" if _FIRST_SHEET_YEAR <= day.year < 2100:
                return float((day - _SERIAL_ZERO).days)
            case "short" if day.year in (_SURELY_LAST_CENTURY if birth else _NEAR_YEARS):
                return f"{day.day}/{day.month}/{day.year % 100:02d}"
            case "words" | "iso":
                return f"{day.day} {day:%b} {day.year:04d}" if style == "words" else str(day)
            case _:
                return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"

    def _merge_people(self, first: int, left: int, cells: Sequence[Row]) -> None:
        """Merge what rows of one person, one under the other, say of who it is."""
        start = 0
        for end in range(1, len(cells) + 1):
            if end < len(cells) and _same_person(cells[start], cells[end]):
                continue
            if end - start > 1:
                self._merge(first + start, first + end - 1, left, cells[start])
            start = end

    def _merge(self, top: int, bottom: int, left: int, row: Row) -> None:
        for column, name in enumerate(self.columns, start=left):
            if name not in {*_PERSON, _FULL_NAME} or self._cell(name, row) is None:
                continue
            self.sheet.merge_range(top, column, bottom, column, "")
            self._write_cell(top, column, self._cell(name, row))


def _same_person(one: Row, other: Row) -> bool:
    """Tell whether two rows say the same of who it is, and something, and each a service."""
    said = [one.get(name) for name in _PERSON]
    is_entry = "service_type" in one and "service_type" in other
    return is_entry and any(said) and said == [other.get(name) for name in _PERSON]


def _person(name: str) -> str:
    """Return a name, unless it says TOTAL: such a row is no total to a reader who would skip it."""
    return _NOT_A_PERSON if name.casefold() == "total" else name


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def _number(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def _write_rota(sheet: Worksheet) -> None:
    sheet.write_string(0, 0, "Rota of the month")
    sheet.write_row(1, 0, ["Week", "Early", "Late"])
    sheet.write_row(2, 0, [1, "two", "three"])


def _write_old_copy(sheet: Worksheet, header: Sequence[str], cells: Sequence[Row]) -> None:
    """Write what stood in an older list on a hidden sheet."""
    sheet.write_row(0, 0, header)
    for number, row in enumerate(cells[: len(cells) // 2], start=1):
        for column, name in enumerate(header):
            if name in row:
                sheet.write_string(number, column, row[name])
    sheet.hide()
