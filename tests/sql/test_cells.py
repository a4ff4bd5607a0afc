"""Values of any type become text of one kind, or are said to be unreadable; none is lost."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sql.cells import read_cells
from schemas import parsing

LONG_AGO = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
FAR_AHEAD = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5)))


def naive(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def read(*values, name="cpli_id", type_code=None, encoding="utf-8", zone="Europe/London"):
    cells = read_cells(values, name=name, type_code=type_code, encoding=encoding, zone=zone)
    return cells.text.to_pylist(), cells.unreadable.tolist()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Siân", "Siân"),
        ("", None),
        (None, None),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (Decimal("7.50"), "7.5"),
        (Decimal("1E+5"), "100000"),
        (Decimal("1E-9"), "0.000000001"),
        (Decimal(100), "100"),
        (Decimal("-0.0"), "-0"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (date(219, 1, 2), "0219-01-02"),
        (naive(2026, 4, 1, 9, 30), "2026-04-01T09:30:00"),
        (datetime(2026, 4, 1, 9, 30, 0, 5, tzinfo=UTC), "2026-04-01T09:30:00.000005Z"),
        (datetime(2026, 4, 1, 9, tzinfo=timezone(timedelta(hours=5))), "2026-04-01T04:00:00Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("Siân".encode(), "Siân"),
    ],
)
def test_a_value_is_written_alike_alone_and_among_others(value: object, text: str | None) -> None:
    assert read(value) == ([text], [False])
    assert read(value, "x", 4, None, value)[0] == [text, "x", "4", None, text]


@pytest.mark.parametrize(
    "value",
    ["a\0b", b"\xff", b"a\0", float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity"),
     [1], {"a": 1}, timedelta(1), object(), LONG_AGO,
     FAR_AHEAD],
)  # fmt: skip
def test_what_is_no_text_number_or_date_is_unreadable(value: object) -> None:
    assert read(value, None, "x")[1] == [True, False, False]
    assert read(value)[0][0] is None or "\0" in read(value)[0][0]


class DriversDate(datetime):
    """A date as a driver has its own."""


def test_a_drivers_own_kind_of_date_is_a_date() -> None:
    own = DriversDate(2026, 4, 1, 9, 30, tzinfo=UTC)
    assert read(own)[0] == ["2026-04-01T09:30:00Z"]
    assert read(own, name="start_date")[0] == ["2026-04-01"]


def test_one_and_true_are_not_taken_for_each_other() -> None:
    assert read(1, True, 1.0, Decimal(1), "1")[0] == ["1", "true", "1", "1", "1"]


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (naive(2026, 3, 31, 23, 59, 59), "2026-03-31"),
        (datetime(2026, 3, 31, 23, 30, tzinfo=UTC), "2026-04-01"),
        (datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "2026-01-31"),
        (date(2026, 3, 31), "2026-03-31"),
    ],
)
def test_a_date_that_comes_with_a_time_is_the_day_in_the_councils_zone(value, day) -> None:
    assert read(value, name="end_date")[0] == [day]
    assert read(value, date(2020, 1, 1), None, name="end_date")[0] == [day, "2020-01-01", None]


def test_text_in_a_date_column_of_text_stays_as_it_is() -> None:
    said = ["2026-03-31 10:00", "31/03/2026", "2026-03-31T23:30:00Z"]
    assert read(*said, name="end_date")[0] == said


def test_postgresqls_text_of_an_instant_is_made_whole() -> None:
    said = ["2026-03-31 23:30:00.5+00", "2026-03-31 23:30:00-07", "infinity", None]
    told = ["2026-03-31 23:30:00.5+00:00", "2026-03-31 23:30:00-07:00", "infinity", None]
    assert read(*said, name="created_at", type_code=1184)[0] == told
    days = ["2026-04-01", "2026-04-01", "infinity", None]
    assert read(*said, name="end_date", type_code=1184)[0] == days


@given(st.lists(st.dates() | st.none()))
def test_every_date_is_read_back_as_it_was(days: list[date | None]) -> None:
    parsed = parsing.dates(read_series(days, "start_date"))
    assert not parsed.unreadable.any()
    assert [None if day is None else str(day) for day in days] == [
        None if missing else str(value.date())
        for value, missing in zip(parsed.values, parsed.values.isna(), strict=True)
    ]


@given(st.lists(st.decimals(0, 10**9, places=4) | st.floats(0, 1e15) | st.integers(0, 10**15)))
def test_every_quantity_is_read_back_as_it_was(amounts: list[Decimal | float | int]) -> None:
    parsed = parsing.quantities(read_series(amounts, "weekly_quantity"))
    assert not parsed.unreadable.any()
    assert parsed.values.to_list() == [float(amount) for amount in amounts]


def read_series(values: list, name: str):
    cells = read_cells(values, name=name, type_code=None, encoding="utf-8", zone="UTC")
    return cells.text.to_pandas().astype("str")
