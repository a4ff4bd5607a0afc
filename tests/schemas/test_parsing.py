"""Cells of text become typed values, or are said to be unreadable (Rule 2)."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from string import digits
from zoneinfo import ZoneInfo

import nhs_number
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import cleaning as oracle
from oracle.tables import synthetic_nhs_number, table

from schemas import parsing
from schemas.tables import AUTHORISATION_DTYPE, GSS_PATTERN, SERVICE_TYPE_DTYPE, UNIT_DTYPE

Parser = Callable[[pd.Series], parsing.Parsed]

LONDON = ZoneInfo("Europe/London")
NO_BREAK, THIN, IDEOGRAPHIC, ZERO_WIDTH = "\u00a0", "\u2009", "\u3000", "\u200b"
UNREADABLE = "unreadable"
PARSERS = {
    "dates": parsing.dates,
    "quantities": parsing.quantities,
    "service types": lambda text: parsing.codes(text, SERVICE_TYPE_DTYPE),
    "GSS codes": lambda text: parsing.matching(text, GSS_PATTERN),
    "NHS numbers": parsing.nhs_numbers,
    "instants": parsing.instants,
}


def column(*cells: str | None) -> pd.Series:
    return pd.Series(list(cells), dtype="str")


def read(parser: Parser, cell: str) -> object:
    """The one cell's value, None for null or UNREADABLE."""
    parsed = parser(column(cell))
    value = parsed.values.iloc[0]
    if parsed.unreadable[0]:
        assert pd.isna(value)
        return UNREADABLE
    return None if pd.isna(value) else value


def london_date(cell: str) -> date | str | None:
    instant = read(parsing.instants, cell)
    return instant.tz_convert(LONDON).date() if isinstance(instant, pd.Timestamp) else instant


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
class TestEveryParser:
    def test_takes_a_column_without_rows(self, parser):
        parsed = parser(column())

        assert len(parsed.values) == 0
        assert parsed.unreadable.dtype == np.bool_
        assert parsed.values.dtype == parser(column("x", None)).values.dtype

    @pytest.mark.parametrize("cell", [None, "", " ", NO_BREAK, "\t\r\n", IDEOGRAPHIC + THIN])
    def test_reads_nothing_as_null(self, parser, cell):
        parsed = parser(column(cell, cell))

        assert parsed.values.isna().all()
        assert not parsed.unreadable.any()

    def test_keeps_the_index_and_leaves_its_argument_alone(self, parser):
        text = pd.Series([" x ", None, " 1 "], index=[7, 3, 9], dtype="str", name="a")
        before = text.copy()

        parsed = parser(text)

        assert list(parsed.values.index) == [7, 3, 9]
        pd.testing.assert_series_equal(text, before)


def test_text_loses_white_space_around_it_and_none_within() -> None:
    text = column(f"{NO_BREAK} O'Brien {THIN}Jones\t", " ", None, f"{ZERO_WIDTH}a")

    values = parsing.trimmed(text)

    assert values.iloc[0] == f"O'Brien {THIN}Jones"
    assert values.isna().tolist() == [False, True, True, False]


def test_white_space_is_what_python_calls_so() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]

    blank = parsing.trimmed(column(*letters)).isna()

    assert blank.tolist() == [not letter.strip() for letter in letters]


READABLE_DATES = table("""
    cell       | why
    2026-11-20 | an ordinary day
    2024-02-29 | a leap year
    2000-02-29 | a leap year at the turn of a century
    1970-01-01 | the first day that computers count
    1899-12-31 | long ago
    0219-05-01 | a slip of the keyboard, but a date
    0001-01-01 | the first date of all
    9999-12-31 | the last, which some systems write for no end
""")
UNREADABLE_DATES = table("""
    cell                | why
    2026-02-30          | no such day
    2025-02-29          | no leap year
    1900-02-29          | no leap year at the turn of a century
    2026-00-10          | no such month
    2026-13-01          | no such month
    2026-04-31          | no such day
    0000-01-01          | there was no year 0
    2026-2-3            | one digit for month and day
    26-02-03            | two digits for the year
    2026-02-03 00:00:00 | with a time, as spreadsheets write it
    2026-02-03T00:00:00 | with a time
    2026/02/03          | slashes
    03/02/2026          | the day first
    20260203            | without hyphens
    2026-W06-2          | a week date
    2026-034            | a day of the year
    +2026-02-03         | a sign
    12026-02-03         | five digits for the year
    2026 -02-03         | a space within
    \uff12\uff10\uff12\uff16-\uff10\uff12-\uff10\uff13 | other digits than ASCII
    \u0662\u0660\u0662\u0666-\u0660\u0662-\u0660\u0663          | other digits than ASCII
    45981               | a spreadsheet's number for a day
    tomorrow            | no date
    \ufffd                   | what a connector writes for a cell that cannot be read
""")


@pytest.mark.parametrize("case", READABLE_DATES, ids=lambda case: case["why"])
def test_a_date_is_read(case) -> None:
    day = read(parsing.dates, f" {case['cell']}{NO_BREAK}")

    assert day.isoformat() == f"{case['cell']}T00:00:00"


@pytest.mark.parametrize("case", UNREADABLE_DATES, ids=lambda case: case["why"])
def test_a_date_is_unreadable(case) -> None:
    assert read(parsing.dates, case["cell"]) == UNREADABLE


def test_dates_are_midnights_in_microseconds() -> None:
    assert parsing.dates(column("2026-11-20", "soon", None)).values.dtype == "datetime64[us]"


READABLE_QUANTITIES = table("""
    cell    | quantity | why
    14      | 14       | whole
    14.50   | 14.5     | with a fraction
    0       | 0        | nothing is a quantity
    0.0     | 0        | nothing, at length
    -0      | 0        | nothing with a sign is not negative
    -0.00   | 0        | nothing with a sign, at length
    .5      | 0.5      | no digit before the point
    5.      | 5        | no digit after the point
    +7      | 7        | a plus sign
    007     | 7        | zeros in front
    1e3     | 1000     | an exponent
    1.5E+1  | 15       | an exponent with a sign
    2e-400  | 0        | too small to tell from nothing
""")
UNREADABLE_QUANTITIES = table("""
    cell     | why
    -1       | negative
    -0.01    | a little negative
    -inf     | endless and negative
    inf      | endless
    Infinity | endless in full
    1e999    | too great to hold
    nan      | not a number
    1,000    | a comma for the thousands
    7,5      | a comma for the point
    1_000    | an underscore
    1 000    | a space within
    14 h     | with its unit
    14h      | with its unit, close
    0x1F     | not decimal
    1/2      | a fraction
    ½        | a fraction in one sign
    \uff11\uff14     | other digits than ASCII
    \u0663        | other digits than ASCII
    \u22123       | a minus that is no hyphen
    --3      | two signs
    .        | a point alone
    e3       | an exponent alone
    1e       | an exponent without digits
    1.2.3    | two points
    £14      | a price
    lots     | a word
    \ufffd        | what a connector writes for a cell that cannot be read
""")


@pytest.mark.parametrize("case", READABLE_QUANTITIES, ids=lambda case: case["why"])
def test_a_quantity_is_read(case) -> None:
    quantity = read(parsing.quantities, f" {case['cell']}{NO_BREAK}")

    assert quantity == float(case["quantity"])
    assert not np.signbit(quantity)


@pytest.mark.parametrize("case", UNREADABLE_QUANTITIES, ids=lambda case: case["why"])
def test_a_quantity_is_unreadable(case) -> None:
    assert read(parsing.quantities, case["cell"]) == UNREADABLE


CODES = table("""
    vocabulary    | cell        | read
    unit          | hours       | hours
    unit          | Hours       | unreadable
    unit          | HOURS       | unreadable
    unit          | hour        | unreadable
    unit          | visits      | visits
    unit          | days        | days
    unit          | nights      | nights
    unit          | weeks       | weeks
    unit          | minutes     | unreadable
    authorisation | draft       | draft
    authorisation | authorised  | authorised
    authorisation | cancelled   | cancelled
    authorisation | Authorised  | unreadable
    authorisation | authorized  | unreadable
    authorisation | nan         | unreadable
    service type  | HS          | HS
    service type  | hs          | unreadable
    service type  | PS-SW       | PS-SW
    service type  | PS - SW     | unreadable
    service type  | Home Support | unreadable
""")
VOCABULARIES = {
    "unit": UNIT_DTYPE,
    "authorisation": AUTHORISATION_DTYPE,
    "service type": SERVICE_TYPE_DTYPE,
}


@pytest.mark.parametrize("case", CODES, ids=lambda case: f"{case['vocabulary']} {case['cell']}")
def test_a_code_is_known_to_the_letter(case) -> None:
    dtype = VOCABULARIES[case["vocabulary"]]

    assert read(lambda text: parsing.codes(text, dtype), f"\t{case['cell']} ") == case["read"]


GSS_CODES = table("""
    cell       | read
    E06000016  | E06000016
    E10000018  | E10000018
    e06000016  | unreadable
    E0600001   | unreadable
    E060000160 | unreadable
    W06000015  | unreadable
    E0600001O  | unreadable
    E\uff10\uff16\uff10\uff10\uff10\uff10\uff10\uff11\uff16 | unreadable
    Leicester  | unreadable
    XE06000016 | unreadable
""")


@pytest.mark.parametrize("case", GSS_CODES, ids=lambda case: case["cell"])
def test_a_gss_code_is_an_e_and_eight_digits(case) -> None:
    assert read(PARSERS["GSS codes"], f" {case['cell']}{NO_BREAK}") == case["read"]


READABLE_NHS_NUMBERS = table("""
    cell                  | why
    9990000107            | ten digits
    999 000 0107          | spaces as on a letter
    999-000-0107          | hyphens
    9-9-9 000 - 0107      | spaces and hyphens anywhere
    999\u00a0000\u00a00107 | spaces that do not break
    999\u2009000\u20090107 | thin spaces
    999\t000\t0107        | tabs
""")
UNREADABLE_NHS_NUMBERS = table("""
    cell              | why
    9990000106        | a wrong check digit
    9990000170        | two digits exchanged
    999000010         | nine digits
    999 000 010       | nine digits and two spaces
    999-000-01        | ten characters, eight of them digits
    99900001070       | eleven digits
    09990000107       | eleven digits, a zero in front
    999 000 01070     | eleven digits and two spaces
    99900001O7        | a letter for a digit
    999.000.0107      | points between
    999/000/0107      | slashes between
    999;000107        | a sign that weighs as much as its digit
    9990000107.0      | a number with a fraction
    9.990000107E9     | a number with an exponent
    NHS 9990000107    | a word in front
    \uff19\uff19\uff19\uff10\uff10\uff10\uff10\uff11\uff10\uff17 | other digits than ASCII
    \u0669\u0669\u0669\u0660\u0660\u0660\u0660\u0661\u0660\u0667        | other digits than ASCII
    999000010\u0667        | one other digit than ASCII
    99900001é         | ten bytes and nine letters
    -                 | a hyphen alone
    unknown           | a word
""")


@pytest.mark.parametrize("case", READABLE_NHS_NUMBERS, ids=lambda case: case["why"])
def test_an_nhs_number_is_read(case) -> None:
    assert read(parsing.nhs_numbers, f" {case['cell']}{NO_BREAK}") == "9990000107"


@pytest.mark.parametrize("case", UNREADABLE_NHS_NUMBERS, ids=lambda case: case["why"])
def test_an_nhs_number_is_unreadable(case) -> None:
    assert read(parsing.nhs_numbers, case["cell"]) == UNREADABLE


def test_ten_equal_digits_are_no_nhs_number_though_their_check_digit_is_right() -> None:
    equal = column(*(str(digit) * 10 for digit in range(10)))

    assert not parsing.modulus_11_valid(equal).any()
    assert parsing.nhs_numbers(equal).unreadable.all()


def test_no_last_digit_meets_a_check_value_of_ten() -> None:
    stems = (f"{999_000_000 + serial}" for serial in range(100))
    stem = next(stem for stem in stems if _check_value(stem) == 10)

    assert not parsing.modulus_11_valid(column(*(f"{stem}{digit}" for digit in range(10)))).any()


def test_one_nhs_number_among_nine_of_its_stem_has_the_right_check_digit() -> None:
    number = synthetic_nhs_number(10)

    valid = parsing.modulus_11_valid(column(*(f"{number[:9]}{digit}" for digit in range(10))))

    assert np.flatnonzero(valid).tolist() == [int(number[9])]


INSTANTS = table("""
    cell                           | UTC                 | why
    2026-11-20T09:30:00Z           | 2026-11-20T09:30:00 | winter, UTC
    2026-11-20T09:30:00            | 2026-11-20T09:30:00 | winter, London
    2026-07-20T09:30:00Z           | 2026-07-20T09:30:00 | summer, UTC
    2026-07-20T09:30:00            | 2026-07-20T08:30:00 | summer, London
    2026-07-20T09:30:00+01:00      | 2026-07-20T08:30:00 | summer, its own zone
    2026-07-20T09:30:00-05:00      | 2026-07-20T14:30:00 | summer, a zone far away
    2026-07-20T09:30:00+05:45      | 2026-07-20T03:45:00 | a zone of three quarters
    2026-07-20T09:30:00+0100       | 2026-07-20T08:30:00 | a zone without a colon
    2026-11-20T09:30:00-00:00      | 2026-11-20T09:30:00 | a zone of nothing
    2026-07-20 09:30:00            | 2026-07-20T08:30:00 | a space for the T
    2026-07-20 09:30:00+00:00      | 2026-07-20T09:30:00 | a space for the T, and a zone
    2026-07-20T09:30               | 2026-07-20T08:30:00 | no seconds
    2026-07-20T09:30Z              | 2026-07-20T09:30:00 | no seconds, UTC
    2026-07-20                     | 2026-07-19T23:00:00 | a date alone is its midnight in London
    2026-11-20                     | 2026-11-20T00:00:00 | a date alone in winter
    2026-11-20T09:30:00.5Z         | 2026-11-20T09:30:00.500000 | a tenth
    2026-11-20T09:30:00.123456     | 2026-11-20T09:30:00.123456 | millionths
    2026-11-20T09:30:00.1234567    | 2026-11-20T09:30:00.123456 | what lies below is cut off
    2026-11-20T09:30:00.9999999Z   | 2026-11-20T09:30:00.999999 | and never rounded
    2026-11-20T09:30:00.123456789012Z | 2026-11-20T09:30:00.123456 | however long
    2026-03-29T00:59:59            | 2026-03-29T00:59:59 | before the clocks go forward
    2026-03-29T01:00:00            | 2026-03-29T01:00:00 | as they go forward
    2026-03-29T01:30:00            | 2026-03-29T01:00:00 | within the hour that is not
    2026-03-29T02:00:00            | 2026-03-29T01:00:00 | after it
    2026-03-29T01:30:00Z           | 2026-03-29T01:30:00 | that hour in UTC
    2026-03-29T02:30:00+01:00      | 2026-03-29T01:30:00 | that hour in summer time
    2026-10-25T00:59:59            | 2026-10-24T23:59:59 | before the clocks go back
    2026-10-25T01:30:00            | 2026-10-25T00:30:00 | the hour that is twice: its first
    2026-10-25T02:00:00            | 2026-10-25T02:00:00 | after it
    2026-10-25T01:30:00+01:00      | 2026-10-25T00:30:00 | that hour, first
    2026-10-25T01:30:00+00:00      | 2026-10-25T01:30:00 | that hour, second
    1600-02-29T12:00:00Z           | 1600-02-29T12:00:00 | before the first year of nanoseconds
    2600-02-28T12:00:00.1234567Z   | 2600-02-28T12:00:00.123456 | after their last
    1969-01-15T12:00:00            | 1969-01-15T11:00:00 | a winter of summer time
    9999-12-31T23:59:59.999999Z    | 9999-12-31T23:59:59.999999 | the last of all
    9999-12-31T23:59:59            | 9999-12-31T23:59:59 | the last of all, in London
    0001-01-01                     | 0001-01-01T00:01:15 | the first of all, before railway time
""")
UNREADABLE_INSTANTS = table("""
    cell                      | why
    yesterday                 | a word
    20/07/2026 09:30          | the day first
    2026-07-20T9:30:00        | one digit for the hour
    2026-07-20T25:00:00Z      | no such hour
    2026-07-20T24:00:00       | the end of a day is not its 24th hour
    2026-07-20T09:60:00       | no such minute
    2026-07-20T09:30:60Z      | no such second
    2026-02-30T09:30:00Z      | no such day
    2025-02-29T09:30:00       | no leap year
    2026-13-01T09:30:00Z      | no such month
    2026-02-30                | no such day, alone
    2026-7-1                  | one digit for month and day
    2026-07-20T09:30:00 Z     | a space before the zone
    2026-07-20T09:30:00z      | a small z
    2026-07-20T09:30:00 BST   | a zone by its name
    2026-07-20T09:30:00+01    | a zone without minutes
    2026-07-20T09:30:00+24:00 | a zone too far away
    2026-07-20T09:30:00Zulu   | more than a zone
    2026-07-20T09             | an hour alone
    2026-07-20T               | nothing after the T
    2026-07-20T09:30:00.Z     | a point without a fraction
    2026-07-20T09:30:00,5Z    | a comma for the point
    20260720T093000Z          | without hyphens and colons
    1784536200                | seconds since 1970
    0000-06-01T12:00:00Z      | there was no year 0
    0000-06-01T12:00:00       | there was no year 0, in London
    0000-06-01                | there was no year 0, a date alone
    0000-12-31T20:00:00-05:00 | there was no year 0, though there it was year 1 in London
    0001-01-01T00:30:00+01:00 | a minute before the first year
    9999-12-31T23:30:00-05:00 | hours after the last year
    9999-12-31T23:59:59-23:59 | a day after the last year
    \ufffd                         | what a connector writes for a cell that cannot be read
""")


@pytest.mark.parametrize("case", INSTANTS, ids=lambda case: case["why"])
def test_an_instant_is_read_and_without_a_zone_it_is_london_time(case) -> None:
    instant = read(parsing.instants, f" {case['cell']}{NO_BREAK}")

    assert instant.isoformat() == f"{case['UTC']}+00:00"


@pytest.mark.parametrize("case", UNREADABLE_INSTANTS, ids=lambda case: case["why"])
def test_an_instant_is_unreadable(case) -> None:
    assert read(parsing.instants, case["cell"]) == UNREADABLE


LONDON_DATES = table("""
    cell                      | date
    2026-07-01T22:59:59Z      | 2026-07-01
    2026-07-01T23:00:00Z      | 2026-07-02
    2026-12-01T23:59:59Z      | 2026-12-01
    2026-07-02T00:30:00+01:00 | 2026-07-02
    2026-07-02T00:30:00+02:00 | 2026-07-01
    2026-07-01T23:30:00       | 2026-07-01
    2026-07-02T00:00:00       | 2026-07-02
    2026-07-02                | 2026-07-02
    2026-12-31T23:30:00-01:00 | 2027-01-01
""")


@pytest.mark.parametrize("case", LONDON_DATES, ids=lambda case: case["cell"])
def test_the_date_of_an_instant_is_its_date_in_london(case) -> None:
    assert str(london_date(case["cell"])) == case["date"]


def test_instants_are_microseconds_of_utc() -> None:
    values = parsing.instants(column("2026-11-20", "soon", None)).values

    assert str(values.dtype) == "datetime64[us, UTC]"


# Laws


def _check_value(stem: str) -> int:
    weighted = sum((10 - place) * int(digit) for place, digit in enumerate(stem[:9]))
    return (11 - weighted % 11) % 11


def _by_a_plain_loop(cell: str) -> bool:
    if len(cell) != 10 or not set(cell) <= set(digits) or len(set(cell)) == 1:
        return False
    return _check_value(cell) == int(cell[9])


ALMOST = st.text(digits, min_size=9, max_size=9).map(
    lambda stem: f"{stem}{_check_value(stem) % 10}"
)
NUMBERS = ALMOST | st.text(digits + " -", min_size=8, max_size=13) | st.text(max_size=12)


@settings(max_examples=60)
@given(st.lists(NUMBERS, max_size=12))
@example(["9" * 10, "0" * 10, synthetic_nhs_number(10)])
def test_modulus_11_of_a_column_agrees_with_a_plain_loop_and_with_the_nhs_number_package(
    cells: list[str],
) -> None:
    valid = parsing.modulus_11_valid(column(*cells)).tolist()

    assert valid == [_by_a_plain_loop(cell) for cell in cells]
    comparable = [at for at, cell in enumerate(cells) if _is_for_the_package(cell)]
    assert [valid[at] for at in comparable] == [nhs_number.is_valid(cells[at]) for at in comparable]


def _is_for_the_package(cell: str) -> bool:
    """It takes ten equal digits for a number, and asks a date of those that Scotland gives out."""
    ten_digits = re.fullmatch("[0-9]{10}", cell) is not None and len(set(cell)) > 1
    return ten_digits and not nhs_number.REGION_SCOTLAND.contains_number(cell)


PADDING = st.text(f" \t\n{NO_BREAK}{THIN}{IDEOGRAPHIC}", max_size=2)


def padded(cells: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(PADDING, cells, PADDING).map("".join)


DATES = (
    st.dates().map(str)
    | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True)
    | st.text(digits + "-/ T", max_size=12)
    | st.text(max_size=12)
)
PLAIN_QUANTITIES = (
    st.decimals(-50, 5000, places=2).map(str)
    | st.text(digits + ".+-", max_size=8)
    | st.text(max_size=8)
)
WITH_EXPONENT = re.compile(r"[+-]?([0-9]{1,4}(\.[0-9]{0,3})?|\.[0-9]{1,3})[eE][+-]?[0-9]{1,2}")
ZONES = st.sampled_from(["", "", "Z", "+00:00", "-00:00"]) | st.from_regex(
    r"[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]", fullmatch=True
)
CLOCKS = st.from_regex(r"[T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,11})?)?", fullmatch=True)
EDGES = st.sampled_from(["2026-03-29", "2026-10-25", "0000-12-31", "0001-01-01", "9999-12-31"])
INSTANT_CELLS = (
    st.tuples(DATES | EDGES, CLOCKS, ZONES).map("".join)
    | st.datetimes().map(datetime.isoformat)
    | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    | DATES
)


@settings(max_examples=60)
@given(st.lists(padded(DATES), max_size=8))
def test_dates_agree_with_the_plain_reading(cells: list[str]) -> None:
    parsed = parsing.dates(column(*cells))

    expected = [oracle.as_date(cell.strip() or None) for cell in cells]
    assert [None if pd.isna(day) else day.date() for day in parsed.values] == expected
    assert parsed.unreadable.tolist() == [
        bool(cell.strip()) and day is None for cell, day in zip(cells, expected, strict=True)
    ]


@settings(max_examples=60)
@given(
    st.lists(padded(PLAIN_QUANTITIES | st.from_regex(WITH_EXPONENT, fullmatch=True)), max_size=8)
)
def test_quantities_agree_with_the_plain_reading(cells: list[str]) -> None:
    parsed = parsing.quantities(column(*cells))

    expected = [_quantity(cell.strip()) for cell in cells]
    assert [None if pd.isna(amount) else amount for amount in parsed.values] == expected
    assert parsed.unreadable.tolist() == [
        bool(cell.strip()) and amount is None for cell, amount in zip(cells, expected, strict=True)
    ]


def _quantity(cell: str) -> float | None:
    """The plain reading knows no exponents; Python's decimals do."""
    amount = Decimal(cell) if WITH_EXPONENT.fullmatch(cell) else oracle.as_quantity(cell)
    return None if amount is None or amount < 0 else float(amount)


@settings(max_examples=60)
@given(st.lists(padded(NUMBERS), max_size=8))
def test_nhs_numbers_agree_with_the_plain_reading(cells: list[str]) -> None:
    parsed = parsing.nhs_numbers(column(*cells))

    # The plain reading takes out ASCII spaces alone.
    expected = [oracle.as_nhs_number("".join(cell.split())) for cell in cells]
    assert [None if pd.isna(number) else number for number in parsed.values] == expected
    assert parsed.unreadable.tolist() == [
        bool(cell.strip()) and number is None for cell, number in zip(cells, expected, strict=True)
    ]


@settings(max_examples=100)
@given(st.lists(padded(INSTANT_CELLS), max_size=8))
def test_instants_agree_with_the_plain_reading_in_their_london_dates(cells: list[str]) -> None:
    parsed = parsing.instants(column(*cells))

    expected = [oracle.as_london_date(cell.strip()) for cell in cells]
    local = parsed.values.dt.tz_convert(LONDON)
    assert [None if pd.isna(instant) else instant.date() for instant in local] == expected
    assert parsed.unreadable.tolist() == [
        bool(cell.strip()) and day is None for cell, day in zip(cells, expected, strict=True)
    ]


@settings(max_examples=30)
@given(
    cells=st.lists(
        padded(INSTANT_CELLS | PLAIN_QUANTITIES | NUMBERS | st.sampled_from(["HS", "E06000016"])),
        min_size=1,
        max_size=6,
    )
)
@example(cells=["1600-01-01T00:00:00Z", "2026-01-01T10:00:00.123456789Z", "2026-01-01T10Z"])
@example(cells=["1600-01-01T00:00:00", "2026-01-01T10:00:00.123456789"])
def test_a_cell_is_read_the_same_in_whatever_company(cells: list[str]) -> None:
    for parser in PARSERS.values():
        together = parser(column(*cells))

        for at, cell in enumerate(cells):
            alone = parser(column(cell))
            assert together.unreadable[at] == alone.unreadable[0]
            pd.testing.assert_series_equal(
                together.values.iloc[[at]].reset_index(drop=True), alone.values
            )
