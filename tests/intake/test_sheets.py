"""Files are opened by what they are, and the template asks for what can be read."""

import io
import re
import zipfile

import pytest
import xlsxwriter
from intake.corpus import (
    CASELOAD_DATE,
    MARGARET,
    PLAIN,
    PROVIDER,
    SIAN,
    Case,
    book,
    cleaned,
    one,
    sheet,
    text,
    with_part,
)
from intake.filled import filled

from connectors.intake import receipt, receipt_of_refusal, template
from connectors.xlsx_file import open_book
from schemas.errors import SourceRefused
from schemas.vocabularies import ServiceType


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_only_visible_sheets_are_opened_with_what_is_merged() -> None:
    opened = open_book(
        book(sheet([["a", 1]], merged=[(0, 0, 2, 0)]), sheet([["b"]], hidden=True), sheet([["c"]]))
    )
    assert not isinstance(opened, str)
    assert [one.rows[0][0] for one in opened.sheets] == ["a", "c"]
    assert opened.sheets[0].merged == (((0, 0), (2, 0)),)
    assert not opened.from_1904


def test_a_workbook_of_an_old_mac_says_so() -> None:
    opened = open_book(one([["a"]], date_1904=True))
    assert not isinstance(opened, str)
    assert opened.from_1904


@pytest.mark.parametrize(("number", "shown_as"), [(1e15, "[h]:mm"), (-1e300, "yyyy-mm-dd")])
def test_a_sheet_that_the_reader_fails_on_is_damaged(number: float, shown_as: str) -> None:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as workbook:
        workbook.add_worksheet().write_number(
            0, 0, number, workbook.add_format({"num_format": shown_as})
        )
    assert open_book(written.getvalue()) == "is damaged: its sheets cannot be read"


def test_sheets_that_span_too_much_together_are_not_opened() -> None:
    far = [[]] * 1_000 + [[None] * 2_600 + ["x"]]
    assert not isinstance(open_book(one(far)), str)
    assert "span over" in open_book(book(sheet(far), sheet(far)))


def test_a_workbook_under_the_name_of_a_csv_file_is_read() -> None:
    assert Case(name="csv", content=one([PLAIN, MARGARET]), expected="").understood().is_book


def test_text_under_the_name_of_a_workbook_is_read() -> None:
    content = text("NHS number,Service type\n1,HS\n")
    assert not Case(content=content, expected="").understood().is_book


def test_a_picture_in_a_workbook_is_no_other_kind_of_file() -> None:
    content = with_part(one([PLAIN, MARGARET]), "docProps/word/document.xml", b"<x/>")
    assert Case(content=content, expected="").understood().is_book


def test_a_quoted_cell_that_swallowed_rows_is_not_read_between_semicolons() -> None:
    lines = 'NHS number;Surname;Service type\n1;"Hollis;HS\n2;Khan";HS;\n'
    with pytest.raises(SourceRefused, match="quotation mark out of place"):
        Case(name="csv", content=lines.encode(), expected="").understood()


def test_a_cell_of_several_lines_is_one_cell() -> None:
    lines = 'NHS number;Surname;Service type\n1;"Hollis\nnée Khan";HS\n'
    raw = Case(name="csv", content=lines.encode(), expected="").understood().raw
    assert raw.frame["family_name"].tolist() == ["Hollis née Khan"]


def test_the_template_offers_every_service_unit_and_council() -> None:
    inside = parts(template(councils={"E06000016": "The City"}))
    words = re.findall(r"<t(?: [^>]*)?>([^<]*)</t>", inside["xl/sharedStrings.xml"])
    for service in ServiceType:
        assert service.display in words
    assert {"hours", "nights", "The City"} <= {*words}
    assert "Rutland County Council" not in words
    assert 'state="hidden"' in inside["xl/workbook.xml"]
    caseload = inside["xl/worksheets/sheet1.xml"]
    for choice in ("Lists!$A$1:$A$27", "Lists!$B$1:$B$5", "Lists!$C$1:$C$1"):
        assert f"<formula1>{choice}</formula1>" in caseload
    assert 'type="date"' in caseload
    assert "<pane ySplit=" in caseload


def test_the_template_has_the_same_bytes_every_time() -> None:
    assert template() == template()


def test_each_service_chosen_in_the_template_is_read_as_its_code() -> None:
    numbered = [str(number) for number in range(1, len(ServiceType) + 1)]
    rows = [
        [number, None, None, None, None, None, None, service.display]
        for number, service in zip(numbered, ServiceType, strict=True)
    ]
    raw = Case(content=filled(template(), rows), expected="").understood().raw
    assert raw.frame["service_type"].tolist() == ServiceType.codes()
    assert raw.frame["nhs_number"].tolist() == numbered


def test_a_receipt_says_how_many_rows_may_be_refused() -> None:
    late = [*SIAN[:5], "soon", ""]
    understood = Case(content=one([PLAIN, MARGARET, late]), expected="").understood()
    strict = receipt(understood, cleaned(understood))
    lenient = receipt(understood, cleaned(understood), max_rejected_percent=50)
    assert "Too many rows were refused" in strict.text()
    assert "Correct the rows refused" in lenient.text()
    assert strict.refused == lenient.refused
    assert strict.refused[0].lines == (3,)


def test_a_refusal_that_asks_nobody_is_told_without_a_next_step() -> None:
    error = SourceRefused("x.csv is odd.", rule="unreadable", file="x.csv")
    told = receipt_of_refusal(error, provider_id=PROVIDER, caseload_date=CASELOAD_DATE)
    assert "It is odd." in told.text()
    assert told.next_steps == ()


def test_every_row_of_a_list_without_a_heading_in_the_first_lines_is_refused() -> None:
    rows = [["a note"]] * 60 + [PLAIN, MARGARET]
    with pytest.raises(SourceRefused, match="no line of headings"):
        Case(content=one(rows), expected="").understood()
