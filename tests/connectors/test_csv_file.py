"""CSV files as they come: every kind of awkward one has one outcome, and no text is lost."""

import hashlib
import traceback
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from connectors.csv_file import Cells, Lines, _end_of_rows, read_csv, read_fast, read_with_care
from connectors.tabular import UNREADABLE, Heading
from connectors.text import WINDOWS_1252
from schemas.errors import SourceRefused
from schemas.raw import FileFacts, RawTable
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER, TableColumns

FILE = "council/E06000016/cpli.csv"
MARKER = "Zzyzx"
SMALL = TableColumns(
    name=CPLI.name,
    required=("cpli_id", "family_name", "start_date", "unit"),
    optional=("end_date",),
)
HEADING = "cpli_id,family_name,start_date,unit,end_date\n"
GOOD = "C1,Zzyzx,2026-04-01,hours,\n"
ROW = ["C1", "Zzyzx", "2026-04-01", "hours", None]
EMPTY = [None] * 5


def read(content: str | bytes, table: TableColumns = SMALL) -> RawTable:
    content = content.encode() if isinstance(content, str) else content
    facts = FileFacts(
        file=FILE,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        received_at=datetime(2026, 11, 20, 1, tzinfo=UTC),
    )
    return read_csv(content, table=table, source="cpli E06000016", facts=facts)


def cells(raw: RawTable) -> list[list[str | None]]:
    frame = raw.frame.drop(columns=["row", "ragged"]).astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def warnings(raw: RawTable) -> list[tuple[object, ...]]:
    noted = raw.refusals.astype(object).where(raw.refusals.notna(), None)
    assert set(noted["file"]) <= {FILE}
    assert set(noted["source"]) <= {"cpli E06000016"}
    assert set(noted["level"]) <= {"warning"}
    return list(zip(noted["rule"], noted["row"], noted["column"], strict=True))


def everything_said(error: SourceRefused) -> str:
    """Return all that a log could get hold of: the text, the attributes and the whole chain."""
    said, link = [], error
    while link is not None:
        said += [str(link), repr(link), repr(vars(link)), *traceback.format_exception(link)]
        link = link.__cause__ or link.__context__
    return "".join(said).replace(__file__, "")


READABLE = {
    "plain": (HEADING + GOOD, [ROW], [], []),
    "no line end at the end": (HEADING + GOOD.rstrip(), [ROW], [], []),
    "Windows line ends": ((HEADING + GOOD * 2).replace("\n", "\r\n"), [ROW, ROW], [], []),
    "old Mac line ends": ((HEADING + GOOD * 2).replace("\n", "\r"), [ROW, ROW], [], []),
    "a byte order mark": (b"\xef\xbb\xbf" + (HEADING + GOOD).encode(), [ROW], [], []),
    "a heading line only": (HEADING, [], [], []),
    "empty lines above the heading": ("\n  \n,,\n" + HEADING + GOOD, [ROW], [], []),
    "empty lines count as rows": (HEADING + "\n" + GOOD + "\r\n\n" + GOOD, None, [], []),
    "empty lines at the end are no rows": (HEADING + GOOD + "\n\r\n\n", [ROW], [], []),
    "blank rows count": (HEADING + ",,,,\n" + GOOD, [EMPTY, ROW], [], []),
    "short blank rows are blank": (HEADING + ",\n" + GOOD, [EMPTY, ROW], [], []),
    "quoted cells": (
        HEADING + '"C1","O""Brien, Siân\nMary","2026-04-01",hours,""\n' + GOOD,
        [["C1", 'O"Brien, Siân\nMary', "2026-04-01", "hours", None], ROW],
        [],
        [],
    ),
    "people called None and NA": (
        HEADING + "NA,None,null,nan,N/A\n",
        [["NA", "None", "null", "nan", "N/A"]],
        [],
        [],
    ),
    "a quote inside a cell": (
        HEADING + 'C1,Mary "May" Zzyzx,2026-04-01,hours,\n' + GOOD,
        [["C1", 'Mary "May" Zzyzx', "2026-04-01", "hours", None], ROW],
        [],
        [],
    ),
    "a cell that begins with a quoted name": (
        HEADING + 'C1,"May" Zzyzx,2026-04-01,hours,\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "a stray quote that a later one of the row closes": (
        HEADING + 'C1,"Zzyzx,2026-04-01",hours,2026-05-01\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "a stray quote that is closed inside a later cell": (
        HEADING + 'C1,"Zzyzx,2026-"04-01,hours,2026-05-01\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "stray quotes of which a later pair is the broken one": (
        HEADING + 'C1,"Zzyzx,2026-04-01",hours,"2026"-05-01\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "a stray quote that hides as many cells as stand too many at the end": (
        (HEADING + GOOD * 2).replace("\n", ",,\n") + 'C1,"Zzyzx,2026-04-01,hours",2026-05-01,,\n',
        [ROW, ROW, ["C1", None, None, None, None]],
        [3],
        [],
    ),
    "an open quote behind an unquoted comma": (
        HEADING + 'C1,Zzyzx, Mary,"2026-04-01,hours,2026-05-01\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "a quote that is not doubled, where every cell has quotes": (
        HEADING + '"C1","Mary "May" Zzyzx","2026-04-01","hours",""\n' + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "a stray quote in the first cell": (
        HEADING + '"C1,Zzyzx",2026-04-01,hours,\n' + GOOD,
        [EMPTY, ROW],
        [1],
        [],
    ),
    "a comma that is missing moves what follows to the left": (
        HEADING + "C1Zzyzx,2026-04-01,hours,\n" + GOOD,
        [["C1Zzyzx", "2026-04-01", None, None, None], ROW],
        [1],
        [],
    ),
    "two stray quotes in one column take no rows along": (
        HEADING + GOOD + 'C2,"Zzyzx,2026-04-01,hours,\n' + GOOD + 'C3,Zzyzx",2026-04-01,hours,\n',
        [
            ROW,
            ["C2", None, None, None, None],
            ROW,
            ["C3", 'Zzyzx"', "2026-04-01", "hours", None],
        ],
        [2],
        [],
    ),
    "a quote that is never closed takes no other row along": (
        HEADING + 'C1,"Zzyzx,2026-04-01,hours,\n' + GOOD * 2,
        [["C1", None, None, None, None], ROW, ROW],
        [1],
        [],
    ),
    "two open quotes in one column take no row along": (
        HEADING + 'C1,"Zzyzx,2026-04-01,hours,\n' + GOOD * 2 + 'C9,"Zzyzx,2026-04-01,hours,\n',
        [["C1", None, None, None, None], ROW, ROW, ["C9", None, None, None, None]],
        [1, 4],
        [],
    ),
    "an open quote in the last cell": (
        HEADING + 'C1,Zzyzx,2026-04-01,hours,"2026\n' + GOOD,
        [ROW, ROW],
        [1],
        [],
    ),
    "a quoted text of several lines with commas": (
        HEADING + 'C1,"Zzyzx, c/o Mary,\nFlat 2, 1 High Street\n",2026-04-01,hours,\n' + GOOD,
        [["C1", "Zzyzx, c/o Mary,\nFlat 2, 1 High Street\n", "2026-04-01", "hours", None], ROW],
        [],
        [],
    ),
    "an unquoted comma": (
        HEADING + "C1,Zzyzx, Mary,2026-04-01,hours,2026-05-01\n" + GOOD,
        [["C1", None, None, None, None], ROW],
        [1],
        [],
    ),
    "an unquoted comma in a row that ends in an empty cell": (
        HEADING + GOOD + "C2,Zzyzx, Mary,2026-04-01,hours,\n" + GOOD,
        [ROW, ["C2", None, None, None, None], ROW],
        [2],
        [],
    ),
    "commas at every line's end": (
        (HEADING + GOOD * 3).replace("\n", ",,\n"),
        [ROW] * 3,
        [],
        [],
    ),
    "commas at every row's end but not the heading's": (
        HEADING + GOOD.replace("\n", ", ,\n") * 3,
        [ROW] * 3,
        [],
        [],
    ),
    "an unquoted comma where every line ends in one": (
        (HEADING + GOOD + "C2,Zzyzx, Mary,2026-04-01,hours,\n" + GOOD).replace("\n", ",\n"),
        [ROW, ["C2", None, None, None, None], ROW],
        [2],
        [],
    ),
    "blank rows where every other row ends in a comma": (
        HEADING + GOOD.replace("\n", ",\n") * 2 + ",,,,\n" * 3 + GOOD,
        [ROW] * 2 + [EMPTY] * 3 + [ROW],
        [],
        [],
    ),
    "a cell to the right of the last heading": (
        (HEADING + GOOD).replace("\n", ",\n") + "C2,Zzyzx, Mary,2026-04-01,hours,2026-05-01\n",
        [ROW, ["C2", None, None, None, None]],
        [2],
        [],
    ),
    "an open quote in one row and a closing one in another column of the next": (
        HEADING + 'C1,"Zzyzx,2026-04-01,hours,\nC2,Zzyzx,2026-04-01,hours",\n' + GOOD,
        [
            ["C1", None, None, None, None],
            ["C2", "Zzyzx", "2026-04-01", 'hours"', None],
            ROW,
        ],
        [1],
        [],
    ),
    "a file cut off in a row": (
        HEADING + GOOD + "C2,Zzyzx,2026-0",
        [ROW, ["C2", "Zzyzx", None, None, None]],
        [2],
        [],
    ),
    "a file cut off in a quoted cell": (
        HEADING + GOOD + 'C2,"Zzy',
        [ROW, ["C2", None, None, None, None]],
        [2],
        [],
    ),
    "an unquoted line end in a cell": (
        HEADING + GOOD + "C2,Zzy\nzx,2026-04-01,hours,\n" + GOOD,
        [ROW, ["C2", None, None, None, None], ["zx", "2026-04-01", None, None, None], ROW],
        [2, 3],
        [],
    ),
    "headings in capitals, with spaces, in another order": (
        " UNIT ,start_date,Cpli_ID,family_name,End_Date\nhours,2026-04-01,C1,Zzyzx,\n",
        [ROW],
        [],
        [],
    ),
    "an unknown column": (
        f"{MARKER} 9990000018," + HEADING + "x," + GOOD,
        [ROW],
        [],
        [("unknown_column", None, None)],
    ),
    "an optional column that lacks": (
        "cpli_id,family_name,start_date,unit\nC1,Zzyzx,2026-04-01,hours\n",
        [ROW],
        [],
        [("missing_column", None, "end_date")],
    ),
    "Windows-1252": (
        (HEADING + "C1,Siân O\N{RIGHT SINGLE QUOTATION MARK}Brien,2026-04-01,hours,\n").encode(
            "cp1252"
        ),
        [["C1", "Siân O\N{RIGHT SINGLE QUOTATION MARK}Brien", "2026-04-01", "hours", None]],
        [],
        [("windows_1252", None, None)],
    ),
    "some UTF-8 and some Windows-1252": (
        HEADING.encode() + "Zoë,".encode() + "Siân,2026-04-01,hours,".encode("cp1252"),
        [["Zoë", "Siân", "2026-04-01", "hours", None]],
        [],
        [("windows_1252", None, None)],
    ),
    "a million characters in a name": (
        HEADING + f"C1,{MARKER * 200_000},2026-04-01,hours,\n" + GOOD,
        [["C1", None, "2026-04-01", "hours", None], ROW],
        [],
        [("cell_too_long", 1, "family_name")],
    ),
    "ten million characters in a quoted name": (
        HEADING + GOOD + f'C1,"{MARKER * 2_000_000}",2026-04-01,hours,\n' + GOOD,
        [ROW, ["C1", None, "2026-04-01", "hours", None], ROW],
        [],
        [("cell_too_long", 2, "family_name")],
    ),
    "a million characters in an end date, which is then no open end": (
        HEADING + GOOD.strip() + "1" * 1_000_000,
        [["C1", "Zzyzx", "2026-04-01", "hours", UNREADABLE]],
        [],
        [("cell_too_long", 1, "end_date")],
    ),
    "four thousand letters of three bytes each": (
        HEADING + f"C1,{'ẑ' * 4000},2026-04-01,hours,\n",
        [["C1", "ẑ" * 4000, "2026-04-01", "hours", None]],
        [],
        [],
    ),
}


@pytest.mark.parametrize("name", READABLE)
def test_an_awkward_file_that_can_be_read(name: str) -> None:
    content, expected, ragged, warned = READABLE[name]
    raw = read(content)
    if expected is None:
        expected = [EMPTY, ROW, EMPTY, EMPTY, ROW]
    assert cells(raw) == expected
    assert raw.frame["row"].tolist() == list(range(1, len(expected) + 1))
    assert raw.frame.loc[raw.frame["ragged"], "row"].tolist() == ragged
    assert warnings(raw) == warned
    assert MARKER not in raw.refusals.to_csv()


@pytest.mark.parametrize("name", READABLE)
def test_every_cell_is_text_and_every_row_has_a_number(name: str) -> None:
    frame = read(READABLE[name][0]).frame
    assert list(frame) == [*SMALL.all, "row", "ragged"]
    assert [str(dtype) for dtype in frame.dtypes] == ["str"] * 5 + ["int64", "bool"]
    assert (frame[list(SMALL.all)] != "").all(axis=None)


def utf16(encoding: str) -> bytes:
    return (HEADING + GOOD).encode(encoding)


UNREADABLE_FILES = {
    "a zip archive or an Excel workbook": (b"PK\x03\x04" + GOOD.encode(), "Excel workbook"),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0" + GOOD.encode(), "Excel workbook"),
    "a PDF": (b"%PDF-1.7\n" + GOOD.encode(), "PDF"),
    "a compressed archive": (b"\x1f\x8b\x08" + GOOD.encode(), "archive"),
    "a web page": (b"\n <!DOCTYPE html><p>" + GOOD.encode(), "web page"),
    "UTF-16 as Excel writes it": (utf16("utf-16"), "UTF-16"),
    "UTF-16 the other way round": (b"\xfe\xff" + utf16("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": (utf16("utf-16-le"), "NUL bytes"),
    "a NUL byte": ((HEADING + GOOD).encode() + b"C2,\x00,,,\n", "NUL bytes"),
    "bytes of no encoding": ((HEADING + GOOD).encode() + b"C2,\x81,,,\n", "neither UTF-8"),
    "semicolons": ((HEADING + GOOD).replace(",", ";").encode(), "semicolons"),
    "quoted semicolons": (
        ('"' + HEADING.strip().replace(",", '";"') + '"\n').encode(),
        "semicolons",
    ),
    "tabs": ((HEADING + GOOD).replace(",", "\t").encode(), "tabs"),
}


@pytest.mark.parametrize("table", [SMALL, CASELOAD], ids=["cpli", "caseload"])
@pytest.mark.parametrize("name", UNREADABLE_FILES)
def test_a_file_that_is_no_csv_is_refused_with_a_helpful_word(
    name: str, table: TableColumns
) -> None:
    content, word = UNREADABLE_FILES[name]
    with pytest.raises(SourceRefused, match=word) as refusal:
        read(content, table)
    assert (refusal.value.rule, refusal.value.file) == ("unreadable", FILE)
    who = "the provider" if table is CASELOAD else "the council"
    assert f"Ask {who} to " in str(refusal.value)
    assert FILE in str(refusal.value)
    assert MARKER not in everything_said(refusal.value)


@pytest.mark.parametrize("table", [CPLI, PORTAL, PROVIDER], ids=lambda table: table.name)
@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "is empty"), (b"\r\n \n", "is empty"), (GOOD.encode() * 2, "no heading line")],
    ids=["an empty file", "blank lines only", "no heading line"],
)
def test_a_file_without_headings_is_refused(content: bytes, word: str, table: TableColumns) -> None:
    with pytest.raises(SourceRefused, match=word) as refusal:
        read(content, table)
    assert refusal.value.rule == "missing_columns"
    assert refusal.value.column == ";".join(table.required)
    assert MARKER not in everything_said(refusal.value)


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(SourceRefused, match="has no column start_date and unit") as refusal:
        read("cpli_id,family_name\nC1,Zzyzx\n")
    assert (refusal.value.rule, refusal.value.column) == ("missing_columns", "start_date;unit")
    assert "Ask the council to send it with these columns." in str(refusal.value)


@pytest.mark.parametrize("table", [SMALL, CASELOAD], ids=["cpli", "caseload"])
def test_a_doubled_column_refuses_any_file(table: TableColumns) -> None:
    with pytest.raises(SourceRefused, match="start_date more than once") as refusal:
        read(HEADING.replace("unit", "Start_Date ") + GOOD, table)
    assert (refusal.value.rule, refusal.value.column) == ("doubled_column", "start_date")


def test_a_doubled_unknown_column_refuses_nothing() -> None:
    raw = read("x,x," + HEADING + "1,2," + GOOD)
    assert cells(raw) == [ROW]
    assert warnings(raw) == [("unknown_column", None, None)] * 2


def test_many_unknown_columns_do_not_drown_the_other_warnings() -> None:
    raw = read("x," * 1000 + HEADING + "1," * 1000 + GOOD)
    assert cells(raw) == [ROW]
    assert len(raw.refusals) == 21
    assert raw.refusals["message"].iloc[-1].startswith("980 more columns of ")
    raw = read("x," * 21 + HEADING + "1," * 21 + GOOD)
    assert raw.refusals["message"].iloc[-1].startswith("1 more column of ")
    assert "has a heading that we do not know" in raw.refusals["message"].iloc[-1]


@pytest.mark.parametrize("content", ["", "Zzyzx,Mary,9990000018\n"], ids=["empty", "no heading"])
def test_a_caseload_without_columns_is_for_rule_5_to_judge(content: str) -> None:
    raw = read(content, CASELOAD)
    assert raw.columns == frozenset()
    assert raw.frame[list(CASELOAD.all)].isna().all(axis=None)
    assert MARKER not in raw.refusals.to_csv()
    assert "9990000018" not in raw.refusals.to_csv()


def test_a_caseload_is_not_blamed_for_what_its_name_says() -> None:
    raw = read("service_type,nhs_number\nHS,9990000018\n", CASELOAD)
    assert raw.columns == {"service_type", "nhs_number"}
    lacking = {column for _, _, column in warnings(raw)}
    assert lacking == set(CASELOAD.all) - raw.columns - {"provider_id", "caseload_date"}


def test_a_caseload_with_an_unreadable_provider_does_not_agree_with_its_name() -> None:
    raw = read(f"provider_id,service_type\n{'P' * 5000},HS\n", CASELOAD)
    assert raw.frame["provider_id"].tolist() == [UNREADABLE]


def test_an_unknown_column_may_hold_the_unquoted_comma() -> None:
    raw = read("cpli_id,x,unit,start_date,family_name\nC1,so, so,hours,2026-04-01,Zzyzx\n")
    assert cells(raw) == [["C1", None, None, None, None]]


def test_a_decimal_comma_moves_what_stands_to_its_right() -> None:
    heading = ",".join(PORTAL.required)
    raw = read(f"{heading}\nC1,P1,7,HS,2026-04-01,,14,5,hours\n", PORTAL)
    assert cells(raw) == [["C1", "P1", "7", "HS", "2026-04-01", None, None, None]]
    assert raw.frame["ragged"].all()


@pytest.mark.parametrize("table", [CPLI, PORTAL], ids=lambda table: table.name)
def test_a_row_with_a_comma_too_few_says_no_more_than_whom_it_means(table: TableColumns) -> None:
    row = ",".join(f"{name}-{MARKER}" for name in table.all)
    raw = read(f"{','.join(table.all)}\n{row.replace(',start_date', 'start_date')}\n", table)
    kept = raw.frame.drop(columns=["row", "ragged"]).dropna(axis=1).iloc[0].to_dict()
    assert raw.frame["ragged"].tolist() == [True]
    assert {"cpli_id"} <= set(kept) < set(table.all[: table.all.index("service_type")])
    assert "provider_id" not in kept
    assert kept == {name: f"{name}-{MARKER}" for name in kept}


def test_a_short_entry_still_says_whom_it_means() -> None:
    raw = read("service_type,family_name,nhs_number,unit\nHS,Zzyzx,9990000018\n", CASELOAD)
    assert raw.frame["family_name"].tolist() == [MARKER]
    assert raw.frame["ragged"].tolist() == [True]


def test_only_reading_falls_back_to_windows_1252() -> None:
    with pytest.raises(UnicodeEncodeError):
        "\udc81".encode(errors=WINDOWS_1252)


# Laws

CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from(',"\r\n ;'),
    max_size=8,
)
LINE_END = st.sampled_from(["\n", "\r\n", "\r"])
HEADS = Heading(positions={"a": 0, "b": 2, "c": 1}, named=3, width=3, comma_safe=1, only_whom=3)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """Draw rows of three cells, and the text in which they are written."""
    rows = draw(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12))
    line_end = draw(LINE_END)
    quote_all = draw(st.booleans())
    lines = []
    for row in rows:
        blank = not any(row) and draw(st.booleans())
        quoted = [
            '"' + cell.replace('"', '""') + '"' if quote_all or set(cell) & set(',"\r\n') else cell
            for cell in row
        ]
        lines.append("" if blank else ",".join(quoted))
    while lines and not lines[-1]:
        lines, rows = lines[:-1], rows[:-1]
    return line_end.join(lines), rows


def told(cells: Cells) -> tuple[dict[str, list[str | None]], list[bool]]:
    columns = {name: column.to_pylist() for name, column in cells.columns.items()}
    return columns, cells.ragged.tolist()


def lines_of(text: str | bytes) -> Lines:
    content = text.encode() if isinstance(text, str) else text
    return Lines(content, at=0, end=_end_of_rows(content))


@given(tables())
@example(("a,b,c\n\n\nd,e,f", [list("abc"), [""] * 3, [""] * 3, list("def")]))
def test_what_is_written_is_read_cell_for_cell(table: tuple[str, list[list[str]]]) -> None:
    text, rows = table
    columns = {
        name: [row[position] or None for row in rows] for name, position in HEADS.positions.items()
    }
    careful = told(read_with_care(lines_of(text), HEADS))
    assert careful == (columns, [False] * len(rows))
    fast = read_fast(lines_of(text), HEADS)
    assert fast is None or told(fast) == careful


WIDE = Heading(positions={"a": 0, "e": 4}, named=5, width=5, comma_safe=1, only_whom=3)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_fast_way_leaves_rows_inside_a_cell_to_the_careful_one(line_end: str) -> None:
    swallowed = ['a,"b,c,d,e', 'f,g",h,i,j', "k,l,m,n,o"]
    assert read_fast(lines_of(line_end.join(swallowed)), WIDE) is None
    careful = told(read_with_care(lines_of(line_end.join(swallowed)), WIDE))
    assert careful == ({"a": ["a", "f", "k"], "e": [None, "j", "o"]}, [True, False, False])
    text = ['a,"b', "", ', ,c",d,e,f', "k,l,m,n,o"]
    assert read_fast(lines_of(line_end.join(text)), WIDE) is not None


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "row",
    ["a,b,c", "a,,", '"a","b","c"', 'a,"b ""c"" d",e', 'a,"b, c",d', 'a,"b\nc",d', '"","",""'],
)
def test_well_formed_rows_are_read_fast(row: str, line_end: str) -> None:
    assert read_fast(lines_of(line_end.join([row] * 3)), HEADS) is not None


def test_rows_are_put_together_again_from_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.csv_file.BLOCK_BYTES", 64)
    monkeypatch.setattr("connectors.csv_file.ROWS_AT_ONCE", 7)
    text = "".join(f'a{row},"b\n \r\n,{row}",c{row}\n' for row in range(100))
    fast = read_fast(lines_of(text), HEADS)
    assert fast is not None
    assert told(fast) == told(read_with_care(lines_of(text), HEADS))
    assert told(fast)[0]["a"] == [f"a{row}" for row in range(100)]


@given(st.text(st.sampled_from(list('a,"\r\n ')), max_size=40))
@example('a,"b\nc"x,d\n')
@example('"\n\n","a","b"')
def test_wherever_the_fast_way_answers_the_careful_one_agrees(text: str) -> None:
    fast = read_fast(lines_of(text), HEADS)
    careful = read_with_care(lines_of(text), HEADS)
    assert fast is None or told(fast) == told(careful)


@given(st.binary(max_size=60), st.sampled_from([b"", HEADING.encode(), b"\xef\xbb\xbf"]))
def test_any_bytes_are_read_or_refused(tail: bytes, start: bytes) -> None:
    try:
        rule = ""
        raw = read(start + tail)
        assert raw.columns <= set(SMALL.all)
    except SourceRefused as refusal:
        rule = refusal.rule
    assert rule in {"", "unreadable", "missing_columns", "doubled_column"}
