"""Fills in a template as Excel would: cells are added to its first sheet, nothing else changes."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

SHEET = "xl/worksheets/sheet1.xml"
SERIAL_ZERO = dt.date(1899, 12, 30)

Cell = str | float | dt.date | None


def filled(template: bytes, rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return the template with these rows under its heading."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(template)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == SHEET:
                styles = styles_of_columns(part.decode())
                cells = "".join(row(number, it, styles) for number, it in enumerate(rows, start=2))
                part = part.replace(b"</sheetData>", cells.encode() + b"</sheetData>")
            new.writestr(name, part)
    return written.getvalue()


def styles_of_columns(sheet: str) -> dict[int, str]:
    """Return the style that the template gives each column, by the column's number from 1."""
    return {
        number: style
        for first, last, style in re.findall(
            r'<col min="(\d+)" max="(\d+)" width="[^"]*" style="(\d+)"', sheet
        )
        for number in range(int(first), int(last) + 1)
    }


def row(number: int, cells: Sequence[Cell], styles: dict[int, str]) -> str:
    """Return a row of a sheet."""
    inside = "".join(
        cell(f"{chr(ord('A') + at)}{number}", it, styles[at + 1])
        for at, it in enumerate(cells)
        if it is not None
    )
    return f'<row r="{number}">{inside}</row>'


def cell(place: str, value: str | float | dt.date, style: str) -> str:
    """Return a cell of a sheet with the style of its column."""
    if isinstance(value, str):
        text = f"<is><t>{escape(value)}</t></is>"
        return f'<c r="{place}" s="{style}" t="inlineStr">{text}</c>'
    number = (value - SERIAL_ZERO).days if isinstance(value, dt.date) else value
    return f'<c r="{place}" s="{style}"><v>{number}</v></c>'
