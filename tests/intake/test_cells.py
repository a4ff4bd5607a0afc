"""Cells are read as people type them, and left unreadable where they can be read in two ways."""

import datetime as dt
from calendar import monthrange

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.corpus import CASELOAD_DATE
from oracle.tables import synthetic_nhs_number

from connectors.intake import Habits
from connectors.intake.amounts import amount
from connectors.intake.days import day
from connectors.intake.labels import LABELS, letter
from connectors.intake.people import nhs_numbers, split_name, text_of
from connectors.intake.words import (
    BARE_HEADINGS,
    COUNCIL_WORDS,
    SERVICE_WORDS,
    STRONG_HEADINGS,
    UNIT_WORDS,
    WEAK_HEADINGS,
    WEEKLY_HEADINGS,
    key,
)
from schemas.errors import WrongUsage
from schemas.tables import CASELOAD
from schemas.vocabularies import ServiceType, Unit

DAYS = st.dates(dt.date(1908, 4, 1), dt.date(2099, 12, 31))


def starting_with_zero(eight_digits: str) -> str:
    """The ten digits of a valid NHS number that starts with a nought: 0, these eight, its check."""
    nine = f"0{eight_digits}"
    weighted = sum(
        weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True)
    )
    check = -weighted % 11
    return starting_with_zero(f"{int(eight_digits) + 1}") if check == 10 else f"{nine}{check}"


@given(day_of=DAYS, separator=st.sampled_from("/-. "), long=st.booleans())
def test_the_day_always_comes_first(day_of: dt.date, separator: str, long: bool) -> None:
    pattern = "{:02d}{}{:02d}{}{}" if long else "{}{}{}{}{}"
    text = pattern.format(day_of.day, separator, day_of.month, separator, day_of.year)
    assert day(text, caseload_date=CASELOAD_DATE, birth=False) == day_of.isoformat()


@given(month=st.integers(13, 31), first=st.integers(1, 31), year=st.integers(1900, 2099))
def test_a_date_with_the_month_first_is_never_turned_round(
    month: int, first: int, year: int
) -> None:
    text = f"{first}/{month}/{year}"
    assert day(text, caseload_date=CASELOAD_DATE, birth=False) is None


@given(day_of=DAYS)
def test_a_serial_number_is_the_day_that_excel_shows(day_of: dt.date) -> None:
    serial = (day_of - dt.date(1899, 12, 30)).days
    for cell in (float(serial), str(serial)):
        assert day(cell, caseload_date=CASELOAD_DATE, birth=False) == day_of.isoformat()


@pytest.mark.parametrize("year", [1900, 1938, 2026, 2099])
def test_a_year_alone_is_no_serial_number(year: int) -> None:
    for cell in (float(year), str(year)):
        assert day(cell, caseload_date=CASELOAD_DATE, birth=True) is None


@pytest.mark.parametrize("cell", [True, dt.time(7, 30), dt.timedelta(hours=7), "", "soon"])
def test_what_is_no_date_is_none(cell: object) -> None:
    assert day(cell, caseload_date=CASELOAD_DATE, birth=False) is None


@given(st.integers(1, 12), st.integers(1, 31), st.integers(0, 99))
def test_a_birth_of_two_digits_is_the_only_one_possible_or_none(
    month: int, day_of: int, year: int
) -> None:
    if day_of > monthrange(2000 + year, month)[1] or day_of > monthrange(1900 + year, month)[1]:
        return
    read = day(f"{day_of}/{month}/{year:02d}", caseload_date=CASELOAD_DATE, birth=True)
    possible = [
        born
        for born in (dt.date(1900 + year, month, day_of), dt.date(2000 + year, month, day_of))
        if born <= CASELOAD_DATE
    ]
    assert read == (str(possible[0]) if len(possible) == 1 else None)


@given(st.integers(0, 167), st.sampled_from([0, 15, 30, 45]))
def test_hours_and_minutes_are_hours(hours: int, minutes: int) -> None:
    expected = f"{hours + minutes / 60:g}"
    for text in (
        f"{hours}h {minutes:02d}",
        f"{hours}:{minutes:02d}",
        f"{hours * 60 + minutes} min",
    ):
        read = amount(text, Habits())
        assert read is not None
        assert (read.quantity, read.unit) == (expected, "hours")


@pytest.mark.parametrize(
    "cell",
    [True, dt.date(2026, 1, 1), "", "seven", "7,5", "7.5.2", "1/8", "7:60", "1h 75", "7 sessions"],
)
def test_what_is_no_quantity_is_none(cell: object) -> None:
    assert amount(cell, Habits()) is None


def test_a_number_is_written_without_exponent() -> None:
    assert amount(1e-7, Habits()).quantity == "0.0000001"
    assert amount(1e22, Habits()).quantity == "1" + "0" * 22


def test_a_lost_zero_is_put_back_where_the_check_digit_then_fits() -> None:
    whole = starting_with_zero("12345678")
    short = whole[1:]
    assert nhs_numbers([float(short)], typed=True) == [whole]
    assert nhs_numbers([short], typed=False) == [whole]
    assert nhs_numbers([f"{short}.0"], typed=False) == [whole]


def test_nine_digits_typed_as_text_stay_nine() -> None:
    short = starting_with_zero("12345678")[1:]
    assert nhs_numbers([short], typed=True) == [short]


def test_nine_digits_that_fit_no_check_digit_stay_nine() -> None:
    whole = starting_with_zero("12345678")
    wrong = f"{whole[1:9]}{(int(whole[9]) + 1) % 10}"
    assert nhs_numbers([float(wrong)], typed=True) == [wrong]


def test_ten_digits_stay_as_they_are() -> None:
    number = synthetic_nhs_number(70)
    cells = [float(number), number, f"{number[:3]} {number[3:6]}-{number[6:]}", ""]
    assert nhs_numbers(cells, typed=True) == [number, number, number, None]


@pytest.mark.parametrize(
    ("text", "family", "given_name"),
    [
        ("Hollis,", "Hollis", None),
        (", Margaret", None, "Margaret"),
        ("Dr. Ann Hollis", "Hollis", "Ann"),
        ("DE LA CRUZ Maria", "DE LA CRUZ", "Maria"),
        ("Maria de la Cruz", "de la Cruz", "Maria"),
        ("JOHN SMITH", "SMITH", "JOHN"),
        ("Taylor-Green, Ann", "Taylor-Green", "Ann"),
    ],
)
def test_a_name_is_split(text: str, family: str | None, given_name: str | None) -> None:
    split = split_name(text, family_first=False)
    assert split is not None
    assert (split.family, split.given) == (family, given_name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(Meg)",
        "Hollis",
        "Mr Hollis",
        "Ann SMITH Jones",
        "Ann/Bob",
        "Ann de Cruz Lopez",
    ],
)
def test_a_name_that_can_be_split_in_several_ways_is_not(text: str) -> None:
    assert split_name(text, family_first=False) is None


def test_every_known_word_has_one_meaning() -> None:
    for lists in (
        {
            service: (service.value, service.display, *words)
            for service, words in SERVICE_WORDS.items()
        },
        UNIT_WORDS,
        COUNCIL_WORDS,
        {name: (name, *words) for name, words in STRONG_HEADINGS.items()}
        | {"quantity in units": tuple(WEEKLY_HEADINGS)},
        {**WEAK_HEADINGS, "quantity in units": tuple(BARE_HEADINGS)},
    ):
        meanings: dict[str, str] = {}
        for meaning, words in lists.items():
            for word in words:
                assert meanings.setdefault(key(word), meaning) == meaning, word


def test_every_service_has_its_words() -> None:
    assert [*SERVICE_WORDS] == [*ServiceType]
    habits = Habits()
    for service in ServiceType:
        for word in (service.value, service.display, *SERVICE_WORDS[service]):
            assert habits.known_services[key(word)] == service


def test_the_labels_of_the_template_are_known_headings() -> None:
    habits = Habits()
    for name in CASELOAD.all:
        meaning = habits.meaning(LABELS[name])
        assert meaning is not None
        assert meaning.name == name


def test_a_hint_in_brackets_changes_nothing_unless_it_says_something() -> None:
    habits = Habits()
    assert habits.meaning("Start date (dd/mm/yyyy)") == habits.meaning("Start date")
    assert habits.meaning("Hours (of Mondays)") is None


@pytest.mark.parametrize(
    "habits",
    [
        {"headings": {"surname": ["Nachname"]}},
        {"services": {"HOMECARE": ["package b"]}},
        {"units": {"sessions": ["session"]}},
    ],
)
def test_habits_of_what_there_is_not_are_refused(habits: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(WrongUsage, match="is not a"):
        Habits(**habits)


def test_units_are_those_of_the_rules() -> None:
    assert {*Habits().known_units.values()} == {*Unit.codes(), "minutes"}


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    assert [letter(position) for position in (1, 26, 27, 52, 703)] == ["A", "Z", "AA", "AZ", "AAA"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1001.0, "1001"),
        (1001.5, "1001.5"),
        ("'00123", "00123"),
        (" LS-1001 ", "LS-1001"),
        (True, "TRUE"),
        (dt.date(2026, 5, 4), "2026-05-04"),
        ("n/a", None),
        ("--", None),
    ],
)
def test_a_reference_is_text(cell: object, text: str | None) -> None:
    assert text_of(cell) == text
