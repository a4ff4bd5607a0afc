"""A notice on paper and in a workbook: accessible, text that stays text, nothing fetched."""

import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfua import validate

from publishing.notices.example import example
from publishing.notices.facts import Group, Notice
from publishing.notices.rendering import Printer, file_names
from publishing.templates import Templates
from schemas.errors import WrongUsage
from schemas.notices import (
    ANSWER,
    CASE,
    HEADINGS,
    NOTICE,
    SEAL,
    SEALED,
    SHEET,
    AnswerWords,
    pseudonym,
    seal,
)

KEY = b"a key for tests"
HOSTILE = [
    *('=HYPERLINK("http://x.example")', "+44 116", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1"),
    *("<script>alert(1)</script>", "{{ 7 * 7 }}", "{% raw %}", "#sys.inputs", "$x^2$ *b* _i_ `c`"),
    *("\\u{41} [a](b) @ref <label> // x", '"); #panic("', "&amp; &lt;", "\u202eabc", "a\u2028b"),
    *(
        "O\u2019Brien \u0141\u00f3d\u017a",
        "\u674e \u0410\u043b \u05d0 \u0627",
        "\U0001f600",
        "\x07",
    ),
]
STRUCTURE = ["/H1", "/H2", "/H3", "/P", "/Table", "/THead", "/TBody", "/TR", "/TH", "/TD"]


@pytest.fixture(scope="module")
def printer():
    with Printer(Templates(), key=KEY) as opened:
        yield opened


def pdf_of(files: dict[str, bytes]) -> bytes:
    return next(content for name, content in files.items() if name.endswith(".pdf"))


def text_of(files: dict[str, bytes]) -> str:
    return next(content for name, content in files.items() if name.endswith(".txt")).decode()


def book_of(files: dict[str, bytes]) -> bytes:
    return next(content for name, content in files.items() if name.endswith(".xlsx"))


def elements(node: pikepdf.Object) -> list[pikepdf.Dictionary]:
    """All elements of a PDF's structure, from a node down."""
    found = []
    below = node.get("/K", pikepdf.Array())
    for each in below if isinstance(below, pikepdf.Array) else [below]:
        if isinstance(each, pikepdf.Dictionary) and "/S" in each:
            found += [each, *elements(each)]
    return found


def test_a_pdf_is_tagged_titled_and_in_english(printer: Printer) -> None:
    with pikepdf.open(BytesIO(pdf_of(printer.files(example())))) as pdf:
        root = pdf.Root
        assert bool(root.MarkInfo.Marked)
        assert str(root.Lang) == "en-GB"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as meta:
            assert meta["pdfuaid:part"] == "1"
            assert meta["dc:title"] == "Care record check: Example Home Care"
        kinds = [str(each.S) for each in elements(root.StructTreeRoot)]
    assert set(STRUCTURE) <= set(kinds)
    assert kinds.count("/H1") == 1
    assert kinds.count("/Table") == len(example().items)


def test_a_checker_of_pdf_ua_finds_nothing(printer: Printer, tmp_path: Path) -> None:
    for number, notice in enumerate(
        [example(), replace(example(), items=(), list_wanted="", list_notes=())]
    ):
        file = tmp_path / f"{number}.pdf"
        file.write_bytes(pdf_of(printer.files(notice)))
        assert validate(str(file)).findings == ()


def test_no_heading_leaves_out_a_level(printer: Printer) -> None:
    with pikepdf.open(BytesIO(pdf_of(printer.files(example())))) as pdf:
        levels = [
            int(kind[2:])
            for each in elements(pdf.Root.StructTreeRoot)
            if re.fullmatch(r"/H[1-6]", kind := str(each.S))
        ]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_pdf_leads_nowhere_and_carries_nothing(printer: Printer) -> None:
    with pikepdf.open(BytesIO(pdf_of(printer.files(example())))) as pdf:
        assert not pdf.attachments
        assert all("/Annots" not in page for page in pdf.pages)
        for unwanted in ("/OpenAction", "/AA", "/AcroForm", "/Names"):
            assert unwanted not in pdf.Root or "/JavaScript" not in pdf.Root[unwanted]


def test_fonts_come_with_the_pdf(printer: Printer) -> None:
    with pikepdf.open(BytesIO(pdf_of(printer.files(example())))) as pdf:
        fonts = [
            font
            for page in pdf.pages
            for font in page.Resources.Font.values()
            if "/DescendantFonts" in font
        ]
        assert fonts
        for font in fonts:
            described = font.DescendantFonts[0].FontDescriptor
            assert {"/FontFile2", "/FontFile3"} & set(described.keys())


def test_the_same_notice_gives_the_same_bytes(printer: Printer) -> None:
    with Printer(Templates(), key=KEY) as other:
        assert printer.files(example()) == other.files(example())


def test_a_notice_with_nothing_to_do_has_no_workbook(printer: Printer) -> None:
    told = replace(example(), items=(), list_wanted="", list_notes=(), left_out=())
    files = printer.files(told)
    assert set(files) == {"P0000_notice_2026-11-20.pdf", "P0000_notice_2026-11-20.txt"}
    assert "YOU DO NOT NEED TO DO ANYTHING" in text_of(files)
    assert "nothing for you to check in your list of 16 November 2026" in " ".join(
        text_of(files).split()
    )
    assert "reply by" not in text_of(files)


def test_the_text_says_everything_in_lines_that_fit(printer: Printer) -> None:
    text = text_of(printer.files(example()))
    flat = " ".join(text.split())
    for item in example().items:
        assert " ".join(item.record.split()) in flat
    assert "Please reply by 27 November 2026." in flat
    assert "- Leicester: commissioning, extension 1234" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "\n\n\n\n" not in text


def hostile(text: str) -> Notice:
    items = tuple(
        replace(each, person=text, initials=text[:2], said=text, record=text, council=text)
        for each in example().items
    )
    return replace(
        example(), provider_name=text, items=items, left_out=(text,), contacts={text: text}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text(printer: Printer, text: str) -> None:
    notice = hostile(text)
    files = printer.files(notice)
    kept = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    assert " ".join(text_of(files).split()).count(kept) > len(notice.items)
    book = openpyxl.load_workbook(BytesIO(book_of(files)))
    for row in book[SHEET].iter_rows():
        assert {cell.data_type for cell in row} <= {"s", "n"}
        assert all(cell.hyperlink is None for cell in row)
    assert b"<f>" not in b"".join(parts(book_of(files)).values())


@given(text=st.text(max_size=60))
@settings(max_examples=25, deadline=None)
def test_any_text_can_be_told(text: str) -> None:
    with Printer(Templates(), key=KEY) as printer:
        files = printer.files(hostile(text))
    assert pdf_of(files).startswith(b"%PDF-")
    openpyxl.load_workbook(BytesIO(book_of(files)))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_workbook_asks_a_row_a_case_with_a_seal_and_a_list_to_choose_from(
    printer: Printer,
) -> None:
    notice = example()
    sheet = openpyxl.load_workbook(BytesIO(book_of(printer.files(notice))))[SHEET]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert tuple(rows[0]) == HEADINGS
    assert len(rows) == 1 + len(notice.to_do)
    for values, item in zip(rows[1:], notice.to_do, strict=True):
        row = dict(zip(HEADINGS, values, strict=True))
        assert row[CASE] == pseudonym(KEY, provider_id="P0000", case=item.case)
        assert row[SEAL] == seal(
            KEY,
            provider_id="P0000",
            notice=row[NOTICE],
            case=row[CASE],
            cells={name: row[name] for name in SEALED},
        )
        assert row[ANSWER] is None
    answers = next(each for each in sheet.data_validations.dataValidation if each.type == "list")
    assert all(words.display in answers.formula1 for words in AnswerWords)
    assert sheet.freeze_panes == "E2"
    hidden = [
        HEADINGS[column - 1]
        for each in sheet.column_dimensions.values()
        if each.hidden
        for column in range(each.min, each.max + 1)
    ]
    assert hidden == [NOTICE, CASE, SEAL]


def test_what_is_with_the_council_is_not_asked_again(printer: Printer) -> None:
    files = printer.files(example())
    asked = [
        pseudonym(KEY, provider_id="P0000", case=each.case)
        for each in example().items
        if each.group is not Group.WITH_COUNCIL
    ]
    sheet = openpyxl.load_workbook(BytesIO(book_of(files)))[SHEET]
    column = HEADINGS.index(CASE)
    assert [row[column].value for row in sheet.iter_rows(min_row=2)] == asked
    assert "The council is looking at these".upper() in text_of(files)


def test_a_hundred_cases_run_on_over_pages(printer: Printer) -> None:
    items = tuple(replace(example().items[0], case=f"{number:032x}") for number in range(100))
    files = printer.files(replace(example(), items=items))
    with pikepdf.open(BytesIO(pdf_of(files))) as pdf:
        assert 10 <= len(pdf.pages) <= 40
    assert "100. MH, born 1941" in text_of(files)
    assert "THERE ARE 100 DIFFERENCES FOR YOU TO CHECK" in text_of(files)


@pytest.mark.parametrize(
    "template",
    [
        '#import "@preview/cades:0.3.0": qr-code\n= x',
        '#let p = plugin("x.wasm")\n= x',
        '#read("/etc/passwd")',
        '#image("logo.png")',
        "#notice.nothing",
        "= no title",
    ],
)
def test_a_template_that_fetches_reads_or_breaks_is_refused(tmp_path: Path, template: str) -> None:
    head = '#let notice = json(bytes(sys.inputs.notice))\n#set document(title: "x")\n'
    broken = template if template == "= no title" else head + template
    (tmp_path / "notice.typ").write_text(broken, encoding="utf-8")
    with Printer(Templates(tmp_path), key=KEY) as printer, pytest.raises(WrongUsage) as refused:
        printer.files(example())
    assert "notice.typ" in str(refused.value)
    assert "Example Home Care" not in str(refused.value)


def test_a_council_s_own_template_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "notice.txt.j2").write_text("To {{ notice.provider }}", encoding="utf-8")
    with Printer(Templates(tmp_path), key=KEY) as printer:
        assert text_of(printer.files(example())) == "To Example Home Care"


def test_the_names_of_files_say_whose_and_when() -> None:
    assert file_names("P1", "2026-11-20-2", to_answer=True) == (
        *("P1_notice_2026-11-20-2.pdf", "P1_notice_2026-11-20-2.txt"),
        "P1_answers_2026-11-20-2.xlsx",
    )


def test_dates_of_another_year_are_right(printer: Printer) -> None:
    late = replace(example(), reply_by=date(2027, 1, 4) + timedelta(days=0))
    assert "4 January 2027" in text_of(printer.files(late))
