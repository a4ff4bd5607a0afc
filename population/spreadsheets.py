"""Spreadsheets that have the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from xlsxwriter import Workbook

_CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MADE_ON_UNIX = 3


def spreadsheet(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """Return an .xlsx workbook of one sheet; quantities are numbers, all else is text.

    Its parts are stored, not compressed: what compression yields differs between machines.
    """
    written = BytesIO()
    book = Workbook(written, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": "Caseload", "created": _CREATED})
    sheet = book.add_worksheet("Caseload")
    for column, name in enumerate(header):
        sheet.write_string(0, column, name)
    for place, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if cell is None:
                continue
            if header[column] == "weekly_quantity" and cell.replace(".", "", 1).isdigit():
                sheet.write_number(place, column, float(cell))
            else:
                sheet.write_string(place, column, cell)
    book.close()
    return _stored(written)


def _stored(compressed: BytesIO) -> bytes:
    stored = BytesIO()
    with ZipFile(compressed) as source, ZipFile(stored, "w", ZIP_STORED) as target:
        for name in source.namelist():
            part = ZipInfo(name, _FIRST_ZIP_DATE)
            part.create_system = _MADE_ON_UNIX
            part.external_attr = 0o600 << 16
            target.writestr(part, source.read(name))
    return stored.getvalue()
