"""Spreadsheets that have the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from xlsxwriter import Workbook

_CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX = 3
_DATES = frozenset(("caseload_date", "date_of_birth", "start_date", "end_date"))
_AMOUNTS = frozenset(("weekly_quantity",))
_TYPED_AMOUNTS = _AMOUNTS | {"nhs_number"}


def spreadsheet(
    header: Sequence[str], rows: Iterable[Sequence[str | None]], *, typed: bool
) -> bytes:
    """Return an .xlsx workbook of one sheet; quantities are numbers.

    Where `typed`, dates are dates and NHS numbers are numbers too, as where somebody typed them in;
    else they are text. What cannot be read as either is text in any case.
    """
    written = BytesIO()
    book = Workbook(written, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "Caseload", "created": _CREATED})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet("Caseload")
    for column, name in enumerate(header):
        sheet.write_string(0, column, name)
    numbers = {header.index(name) for name in (_TYPED_AMOUNTS if typed else _AMOUNTS) & {*header}}
    dates = {header.index(name) for name in _DATES & {*header}} if typed else set()
    for place, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if cell is None:
                continue
            if column in numbers and cell.replace(".", "", 1).isdecimal():
                sheet.write_number(place, column, float(cell))
            elif column in dates and (read := _as_date(cell)):
                sheet.write_datetime(place, column, read, day)
            else:
                sheet.write_string(place, column, cell)
    book.close()
    return _stored(written)


def _as_date(text: str) -> date | None:
    """Return the date, None where it is none or lies before the first that a spreadsheet knows."""
    try:
        read = date.fromisoformat(text)
    except ValueError:
        return None
    return read if read.year > 1900 else None


def _stored(compressed: BytesIO) -> bytes:
    """Return the same parts, stored: what compression yields differs between machines."""
    stored = BytesIO()
    with ZipFile(compressed) as source, ZipFile(stored, "w", ZIP_STORED) as target:
        for name in source.namelist():
            part = ZipInfo(name, _FIRST_ZIP_DATE)
            part.create_system = _MADE_ON_UNIX
            part.external_attr = 0o600 << 16
            target.writestr(part, source.read(name))
    return stored.getvalue()
