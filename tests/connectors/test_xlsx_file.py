"""Spreadsheets as providers send them, and those that nobody should open."""

import datetime as dt
import io
import random
import re
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter

from connectors.tabular import UNREADABLE
from connectors.xlsx_file import read_xlsx
from schemas.errors import SourceRefused
from schemas.raw import FileFacts, RawTable
from schemas.tables import CASELOAD

FILE = "caseload/P0001_2026-11-20.xlsx"
MARKER = "Zzyzx"
HEADING = ["nhs_number", "family_name", "date_of_birth", "service_type", "end_date"]
Sheet = xlsxwriter.worksheet.Worksheet


def book(*fills: Callable[[Sheet, xlsxwriter.Workbook], None]) -> bytes:
    """Make a workbook with one sheet for each function that fills one."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        for fill in fills:
            fill(workbook.add_worksheet(), workbook)
    return content.getvalue()


def rows(*cells: list[object], at: tuple[int, int] = (0, 0)) -> Callable[..., None]:
    def fill(sheet: Sheet, workbook: xlsxwriter.Workbook) -> None:
        formats = {
            dt.date: workbook.add_format({"num_format": "dd/mm/yyyy"}),
            dt.datetime: workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
            dt.time: workbook.add_format({"num_format": "hh:mm"}),
        }
        for row, values in enumerate(cells, at[0]):
            for column, value in enumerate(values, at[1]):
                sheet.write(row, column, value, *filter(None, [formats.get(type(value))]))

    return fill


def read(content: bytes) -> RawTable:
    facts = FileFacts(
        file=FILE,
        size_bytes=len(content),
        sha256="0" * 64,
        received_at=dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC),
    )
    return read_xlsx(content, table=CASELOAD, source="caseload P0001", facts=facts)


def cells(raw: RawTable, *names: str) -> list[list[str | None]]:
    frame = raw.frame[list(names or HEADING)].astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def blamed(raw: RawTable) -> list[tuple[str, int, str]]:
    noted = raw.refusals[~raw.refusals["rule"].isin(["missing_column"])]
    return list(zip(noted["rule"], noted["row"], noted["column"], strict=True))


def rewritten(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return a workbook of which each part is changed, or left out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            if (part := change(name, old.read(name))) is not None:
                new.writestr(name, part, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def in_sheet(content: bytes, old: bytes, new: bytes) -> bytes:
    assert any(
        old in zipfile.ZipFile(io.BytesIO(content)).read(name)
        for name in zipfile.ZipFile(io.BytesIO(content)).namelist()
    )
    return rewritten(content, lambda _, part: part.replace(old, new))


def with_part(content: bytes, name: str, part: bytes = b"x") -> bytes:
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return packed.getvalue()


def test_cells_become_the_text_of_a_canonical_csv() -> None:
    midnight, morning = map(dt.datetime.fromisoformat, ["2026-05-01", "2026-05-01T09:30"])
    raw = read(
        book(
            rows(
                HEADING,
                [9990000018, " Zzyzx ", dt.date(1941, 2, 3), "HS", midnight],
                ["0999000", "None", morning, "", None],
                [14.5, True, dt.time(9, 30), "NA", 1e22],
            )
        )
    )
    assert cells(raw) == [
        ["9990000018", " Zzyzx ", "1941-02-03", "HS", "2026-05-01"],
        ["0999000", "None", "2026-05-01T09:30:00", None, None],
        ["14.5", "TRUE", "09:30:00", "NA", "10000000000000000000000"],
    ]
    assert raw.frame["row"].tolist() == [1, 2, 3]
    assert not raw.frame["ragged"].any()
    assert blamed(raw) == []


def test_blank_rows_keep_their_number() -> None:
    raw = read(book(rows(HEADING, [9990000018], [], [None, " "], [9990000026])))
    assert raw.frame["nhs_number"].notna().tolist() == [True, False, False, True]
    assert raw.frame["row"].tolist() == [1, 2, 3, 4]


def test_a_table_may_stand_anywhere_on_the_sheet() -> None:
    raw = read(book(rows(HEADING, [9990000018, "Zzyzx"], at=(4, 3))))
    assert cells(raw) == [["9990000018", "Zzyzx", None, None, None]]


def test_the_first_visible_sheet_that_holds_anything_is_read() -> None:
    def hidden(sheet: Sheet, workbook: xlsxwriter.Workbook) -> None:
        rows(HEADING, [MARKER])(sheet, workbook)
        sheet.hide()

    def blank(sheet: Sheet, workbook: xlsxwriter.Workbook) -> None:
        rows([" "])(sheet, workbook)
        sheet.activate()

    raw = read(book(blank, hidden, rows(HEADING, [9990000018]), rows(HEADING, [MARKER])))
    assert cells(raw, "nhs_number") == [["9990000018"]]


def test_an_empty_workbook_has_no_columns_which_is_for_rule_5_to_judge() -> None:
    raw = read(book(rows()))
    assert (raw.columns, len(raw.frame)) == (frozenset(), 0)


def test_a_heading_line_alone_has_no_rows() -> None:
    raw = read(book(rows(HEADING)))
    assert (raw.columns, len(raw.frame)) == (set(HEADING), 0)


def test_notes_beside_the_table_harm_nothing() -> None:
    raw = read(book(rows(HEADING, [9990000018, None, None, None, None, "rang on 3 May"])))
    assert cells(raw, "nhs_number") == [["9990000018"]]


def test_an_excel_error_is_neither_a_name_nor_an_open_end() -> None:
    def fill(sheet: Sheet, _: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, HEADING)
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
        sheet.write_formula(1, 4, "=1/0", None, "#DIV/0!")
        sheet.write_string(2, 1, "#N/A")
        sheet.write_formula(2, 4, '=IF(TRUE,"","")', None, "no text")
        sheet.write_formula(3, 4, "=A1", None, 46_000)

    raw = read(in_sheet(book(fill), b"<v>no text</v>", b"<v></v>"))
    assert cells(raw, "family_name", "end_date") == [
        [None, UNREADABLE],
        [None, None],
        [None, "46000"],
    ]
    assert blamed(raw) == [
        ("cell_error", 1, "family_name"),
        ("cell_error", 2, "family_name"),
        ("cell_error", 1, "end_date"),
    ]


@pytest.mark.parametrize("value", [b"", b"<v></v>", b"<v/>"])
def test_a_formula_that_was_never_calculated_is_no_open_end(value: bytes) -> None:
    content = book(
        lambda sheet, _: [
            sheet.write_row(0, 0, HEADING),
            sheet.write_formula(1, 4, "=A1+1", None, 77),
        ]
    )
    raw = read(in_sheet(content, b"<v>77</v>", value))
    assert cells(raw, "end_date") == [[UNREADABLE]]
    assert blamed(raw) == [("cell_error", 1, "end_date")]


def test_errors_are_found_in_xml_with_prefixes_too() -> None:
    content = book(
        lambda sheet, _: [
            sheet.write_row(0, 0, HEADING),
            sheet.write_formula(1, 4, "=NA()", None, "#N/A"),
        ]
    )

    def prefixed(name: str, part: bytes) -> bytes:
        if "sheet1" not in name:
            return part
        part = re.sub(rb"<(/?)(\w+)(?=[\s/>])", rb"<\1x:\2", part)
        return part.replace(b"<x:worksheet xmlns=", b"<x:worksheet xmlns:x=")

    raw = read(rewritten(content, prefixed))
    assert cells(raw, "end_date") == [[UNREADABLE]]


def bomb() -> bytes:
    return with_part(book(rows(HEADING)), "xl/media/image1.png", bytes(20_000_000))


def lying_bomb() -> bytes:
    """Pack more than the archive's directory says."""
    return bomb().replace((20_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))


def far_cell(reference: str) -> bytes:
    content = book(rows(HEADING, [None, "Zzyzx"]))
    return in_sheet(content, b'r="B2"', f'r="{reference}"'.encode())


def locked() -> bytes:
    content = bytearray(book(rows(HEADING)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        offset = archive.getinfo("xl/workbook.xml").header_offset
    directory = content.index(b"PK\x01\x02")
    content[offset + 6] |= 1
    content[directory + 8] |= 1
    return bytes(content)


def unplaced_cells() -> bytes:
    """Make a sheet wide in one row and long in one column, of cells that do not say where."""
    cell = b"<c><v>1</v></c>"
    sheet = b"<row>" + cell * 2_500 + b"</row>" + (b"<row>" + cell + b"</row>") * 2_500
    return rewritten(
        book(rows(HEADING)),
        lambda _, part: re.sub(rb"<row.*</row>", sheet, part),
    )


UNREADABLE_BOOKS = {
    "text": (lambda: b"nhs_number,family_name\n9990000018,Zzyzx\n", "damaged or no Excel"),
    "nothing": (lambda: b"", "damaged or no Excel"),
    "an old or locked workbook": (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "damaged or no Excel"),
    "half a workbook": (lambda: book(rows(HEADING))[:-700], "damaged or no Excel"),
    "a zip of something else": (
        lambda: rewritten(book(rows(HEADING)), lambda name, part: None if "xl/" in name else part),
        "no Excel workbook",
    ),
    "a binary workbook": (
        lambda: with_part(book(rows(HEADING)), "xl/workbook.bin"),
        "no Excel workbook",
    ),
    "macros": (lambda: with_part(book(rows(HEADING)), "xl/vbaProject.bin"), "macros"),
    "links to other files": (
        lambda: with_part(book(rows(HEADING)), "xl/externalLinks/externalLink1.xml"),
        "links to other files",
    ),
    "an encrypted part": (locked, "password"),
    "a bomb": (bomb, "unpacks to more"),
    "a bomb that lies about itself": (lying_bomb, "damaged or no Excel|unpacks to more"),
    "a cell in the last corner": (lambda: far_cell("XFD1048576"), "so far down"),
    "a cell in the last corner, in small letters": (lambda: far_cell("xfd1048576"), "so far down"),
    "a row far down whose cells do not say where they are": (
        lambda: in_sheet(
            in_sheet(book(rows(HEADING, [None, "Zzyzx"])), b'<row r="2"', b'<row r="9999999"'),
            b'r="B2"',
            b"",
        ),
        "so far down",
    ),
    "a wide and long sheet of cells that do not say where they are": (
        unplaced_cells,
        "so far down",
    ),
    "a sheet that is no XML": (
        lambda: in_sheet(book(rows(HEADING, [MARKER])), b"</v>", b"</w>"),
        "sheets cannot be read",
    ),
    "a duration of a thousand million days": (
        lambda: book(
            lambda sheet, workbook: sheet.write_number(
                0, 0, 1e15, workbook.add_format({"num_format": "[h]:mm"})
            )
        ),
        "sheets cannot be read",
    ),
    "a date at which the reader panics": (
        lambda: book(
            lambda sheet, workbook: sheet.write_number(
                0, 0, -1e300, workbook.add_format({"num_format": "yyyy-mm-dd"})
            )
        ),
        "sheets cannot be read",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE_BOOKS)
def test_a_book_that_nobody_should_open_is_refused_with_the_reason(name: str) -> None:
    make, word = UNREADABLE_BOOKS[name]
    with pytest.raises(SourceRefused, match=word) as refusal:
        read(make())
    assert (refusal.value.rule, refusal.value.file) == ("unreadable", FILE)
    assert "Ask the provider to " in str(refusal.value)
    assert MARKER not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_more_bytes_than_a_workbook_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    content = book(rows(HEADING))
    monkeypatch.setattr("connectors.xlsx_file.MOST_BYTES", 10_000)
    with pytest.raises(SourceRefused, match="unpacks to more"):
        read(content)


def test_more_parts_than_a_workbook_has() -> None:
    packed = io.BytesIO(book(rows(HEADING)))
    with zipfile.ZipFile(packed, "a") as archive:
        for number in range(2_000):
            archive.writestr(f"x{number}", b"")
    with pytest.raises(SourceRefused, match="2,000 parts"):
        read(packed.getvalue())


def test_a_formatted_but_empty_last_corner_harms_nothing() -> None:
    def fill(sheet: Sheet, workbook: xlsxwriter.Workbook) -> None:
        rows(HEADING, [9990000018])(sheet, workbook)
        sheet.write_blank(1_048_575, 16_383, None, workbook.add_format({"bold": True}))

    assert cells(read(book(fill)), "nhs_number") == [["9990000018"]]


def test_a_damaged_book_is_read_or_refused_whatever_the_damage() -> None:
    content = book(
        rows(HEADING, [9990000018, MARKER, dt.date(1941, 2, 3), "HS", 14.5], [None, True])
    )
    chance = random.Random(20261120)
    outcomes = set()
    for _ in range(300):
        damaged = rewritten(content, lambda _, part: _damaged(part, chance))
        try:
            outcomes.add(len(read(damaged).frame) >= 0)
        except SourceRefused as refusal:
            outcomes.add(refusal.rule)
    assert outcomes == {True, "unreadable"}


def _damaged(part: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.8:
        return part
    at = chance.randrange(len(part))
    return (
        part[:at] + bytes(chance.choices(b'<>"/ 019AZ=&', k=3)) + part[at + chance.randrange(5) :]
    )


def test_whoever_stops_the_command_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        @staticmethod
        def from_filelike(content: io.BytesIO) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("connectors.xlsx_file.CalamineWorkbook", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(book(rows(HEADING)))
