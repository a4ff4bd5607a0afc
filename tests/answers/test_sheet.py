"""Where the answers stand in a workbook that people have worked with, and which files are none."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from answers.workbooks import (
    ENDED,
    FILE,
    MARK,
    NOT_OURS,
    STILL,
    as_csv,
    asked,
    case_id,
    cells_below,
    checked,
    column_of,
    edited,
    put,
    read,
    rules,
    sent,
    taken,
    write_below,
)
from openpyxl.worksheet.worksheet import Worksheet

from connectors.answers import sheet as reader
from schemas.errors import SourceRefused
from schemas.notices import ANSWER, ANSWER_DATE, CASE, COMMENT, SEAL

DAY = dt.date(2026, 11, 3)
THREE = [*asked(1, 2), *asked(3, answer=ENDED, day=DAY)]


def test_rows_that_nothing_is_filled_in_are_passed_over_and_counted() -> None:
    found = read(sent(THREE))
    assert [row.row for row in found.rows] == [3]
    assert found.unanswered == 2
    assert found.heading_line == 1
    assert taken(checked(sent(THREE))) == [case_id(3)]


def test_blanks_alone_are_no_answer() -> None:
    content = put(put(sent(THREE), ANSWER, 1, "  "), COMMENT, 2, "\t")
    assert [row.row for row in read(content).rows] == [3]


def renamed(sheet: Worksheet) -> None:
    sheet.title = "Copy of answers (2)"


def below_a_title(sheet: Worksheet) -> None:
    sheet.insert_rows(1, 4)
    sheet["A1"] = "Reply of The Home"
    sheet["B3"] = "Date"


def reordered(sheet: Worksheet) -> None:
    columns = [[cell.value for cell in column] for column in sheet.iter_cols()]
    for at, column in enumerate(reversed(columns), start=1):
        for line, value in enumerate(column, start=1):
            sheet.cell(line, at).value = value


def hidden(sheet: Worksheet) -> None:
    for name in (CASE, SEAL, ANSWER_DATE, "Council"):
        letter = sheet.cell(1, column_of(sheet, name)).column_letter
        sheet.column_dimensions[letter].hidden = True
    sheet.row_dimensions[4].hidden = True
    sheet.auto_filter.ref = sheet.dimensions


def with_columns_of_their_own(sheet: Worksheet) -> None:
    sheet.insert_cols(2, 2)
    sheet["B1"] = "Room"
    sheet["B4"] = MARK


def sorted_whole(sheet: Worksheet) -> None:
    write_below(sheet, reversed(cells_below(sheet)))


def without_two_rows(sheet: Worksheet) -> None:
    sheet.delete_rows(2, 2)


def with_other_capitals(sheet: Worksheet) -> None:
    for cell in sheet[1]:
        cell.value = f" {str(cell.value).upper()}  "


def without_the_comments(sheet: Worksheet) -> None:
    sheet.delete_cols(column_of(sheet, COMMENT))


def headings_again_further_down(sheet: Worksheet) -> None:
    sheet.append([cell.value for cell in sheet[1]])


def with_notes_below(sheet: Worksheet) -> None:
    sheet.cell(9, 2).value = "Signed by the manager"


@pytest.mark.parametrize(
    "edit",
    [
        renamed,
        below_a_title,
        reordered,
        hidden,
        with_columns_of_their_own,
        sorted_whole,
        without_two_rows,
        with_other_capitals,
        without_the_comments,
        headings_again_further_down,
        with_notes_below,
    ],
    ids=lambda edit: edit.__name__.replace("_", " "),
)
def test_what_people_do_to_a_workbook_does_no_harm(edit) -> None:
    found = checked(edited(sent(THREE), edit))
    assert taken(found) == [case_id(3)]
    assert found.refused == ()
    assert found.given[0].day == DAY


def test_rows_are_counted_from_the_headings_wherever_these_stand() -> None:
    found = read(edited(sent(THREE), below_a_title))
    assert ([row.row for row in found.rows], found.heading_line) == ([3], 5)


def test_a_workbook_of_an_old_mac_has_its_dates_and_no_serial_numbers() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sent(THREE)))
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    saved = io.BytesIO()
    book.save(saved)
    assert not read(saved.getvalue()).serials
    assert checked(saved.getvalue()).given[0].day == DAY


def test_another_sheet_with_the_same_headings_but_no_answer_is_passed_over() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sent(THREE)))
    copy = book.copy_worksheet(book.worksheets[0])
    copy.cell(4, column_of(copy, ANSWER)).value = None
    copy.cell(4, column_of(copy, ANSWER_DATE)).value = None
    book.move_sheet(copy, -2)
    saved = io.BytesIO()
    book.save(saved)
    assert taken(checked(saved.getvalue())) == [case_id(3)]


def test_answers_on_two_sheets_are_none() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sent(THREE)))
    book.copy_worksheet(book.worksheets[0])
    saved = io.BytesIO()
    book.save(saved)
    with pytest.raises(SourceRefused, match=r"answers on more than one sheet \(1 and 3\)") as it:
        read(saved.getvalue())
    assert it.value.rule == "unreadable"


# A CSV file that was made of it


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_copy_as_csv_is_read_alike(delimiter: str, encoding: str) -> None:
    rows = [*asked(1, answer=STILL, day=DAY, comment="rang, twice"), *asked(2, 3)]
    content = as_csv(rows, delimiter=delimiter, encoding=encoding)
    assert checked(content).given == checked(sent(rows)).given
    assert read(content).unanswered == 2


def test_a_row_of_a_csv_file_whose_cells_have_moved_is_refused() -> None:
    content = as_csv(asked(1, 2, answer=NOT_OURS)) + f"{MARK},{NOT_OURS}\r\n".encode()
    found = checked(content)
    assert taken(found) == [case_id(1), case_id(2)]
    assert rules(found) == [(3, None, "ragged")]


# What is no workbook of ours


def with_part(name: str) -> bytes:
    packed = io.BytesIO(sent(THREE))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(20_000_000) if "media" in name else b"x")
    return packed.getvalue()


def without(heading: str) -> bytes:
    return edited(sent(THREE), lambda sheet: sheet.delete_cols(column_of(sheet, heading)))


def doubled() -> bytes:
    def again(sheet: Worksheet) -> None:
        sheet.cell(1, sheet.max_column + 1).value = ANSWER

    return edited(sent(THREE), again)


NOT_OURS_AT_ALL = {
    "nothing": (bytes, "unreadable|missing_columns", "headings"),
    "a picture": (lambda: b"\x89PNG" + MARK.encode(), "unreadable", "is a picture"),
    "a PDF": (lambda: b"%PDF-1.7" + MARK.encode(), "unreadable", "is a PDF"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "unreadable", "before 2007"),
    "half a workbook": (lambda: sent(THREE)[:-900], "unreadable", "damaged"),
    "macros": (lambda: with_part("xl/vbaProject.bin"), "unreadable", "macros"),
    "links": (lambda: with_part("xl/externalLinks/1.xml"), "unreadable", "links to other files"),
    "a bomb": (lambda: with_part("xl/media/1.png"), "unreadable", "unpacks to more"),
    "other headings": (
        f"name,answer\n{MARK},no\n".encode, "missing_columns", "no line with the head",
    ),
    "no seals": (lambda: without(SEAL), "missing_columns", "lacks the column Seal"),
    "no initials": (lambda: without("Initials"), "missing_columns", "lacks the column Initials"),
    "a column twice": (doubled, "doubled_column", "has the column Your answer more than once"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_OURS_AT_ALL)
def test_what_is_no_workbook_of_ours_is_refused_with_what_to_do(name: str) -> None:
    make, rule, words = NOT_OURS_AT_ALL[name]
    with pytest.raises(SourceRefused, match=words) as refusal:
        read(make())
    assert refusal.value.rule in rule.split("|")
    assert refusal.value.file == FILE
    assert "Ask the provider to " in str(refusal.value)
    assert "template" not in str(refusal.value)
    assert MARK not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_more_than_a_workbook_of_ours_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_ANSWERS", 2)
    assert len(read(sent(asked(1, 2, answer=NOT_OURS))).rows) == 2
    with pytest.raises(SourceRefused, match="more than 2 rows with an answer"):
        read(sent(asked(1, 2, 3, answer=NOT_OURS)))
    monkeypatch.setattr(reader, "MOST_BYTES", 100)
    with pytest.raises(SourceRefused, match="is larger than"):
        read(sent(THREE))
