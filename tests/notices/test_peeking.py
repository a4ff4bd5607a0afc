"""What looks for leaks sees what is hidden from a reader."""

from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
import xlsxwriter
from notices.peeking import Sight, figures_in, seen

MARK, DAY = "Qbcdfghjk", "1931-02-03"


def in_a_stream(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Extra = pdf.make_stream(f"{MARK} {DAY}".encode())


def in_utf_16(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Extra = pdf.make_stream(f"{MARK} {DAY}".encode("utf-16-be"))


def in_alternative_text(pdf: pikepdf.Pdf) -> None:
    pdf.Root.StructTreeRoot = pikepdf.Dictionary(Alt=pikepdf.String(f"{MARK} 3 February 1931"))


def in_properties(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Subject"] = f"{MARK.upper()} 03/02/1931"


def attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["notes.txt"] = f"{MARK} {DAY}".encode()


@pytest.mark.parametrize(
    "hide", [in_a_stream, in_utf_16, in_alternative_text, in_properties, attached]
)
def test_a_pdf_hides_nothing(hide: Callable[[pikepdf.Pdf], None]) -> None:
    content = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        hide(pdf)
        pdf.save(content, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    insist_on_both(seen("notice.pdf", content.getvalue()))


@pytest.mark.parametrize("place", ["a hidden sheet", "a note", "a list", "properties"])
def test_a_workbook_hides_nothing(place: str) -> None:
    content, said = BytesIO(), f"{MARK} {DAY}"
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet, hidden = book.add_worksheet(), book.add_worksheet()
        match place:
            case "a hidden sheet":
                hidden.write(4, 4, said)
                hidden.very_hidden()
            case "a note":
                sheet.write_comment(0, 0, said)
            case "a list":
                sheet.data_validation(0, 0, 0, 0, {"validate": "list", "source": [said]})
            case _:
                book.set_custom_property("Of whom", said)
    insist_on_both(seen("answers.xlsx", content.getvalue()))


def test_days_and_amounts_are_seen_as_numbers_too() -> None:
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet().write_row(0, 0, [11357, 37.41])
    sight = seen("answers.xlsx", content.getvalue())
    assert DAY in sight.days
    assert figures_in(sight, ["37.41", "3.74"]) == {"37.41"}


def insist_on_both(sight: Sight) -> None:
    assert sight.holds([MARK, "Qbcdfghjz"]) == {MARK}
    assert DAY in sight.days
