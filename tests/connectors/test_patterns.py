"""How files are named, and which names are none of ours."""

from datetime import date

import pytest

from connectors.patterns import FilePattern, Named

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("pattern", "name", "shown", "day", "provider_id"),
    [
        ("cpli.csv", "cpli.csv", "cpli.csv", None, None),
        ("cpli.csv", "cpli.CSV", "cpli.CSV", None, None),
        ("portal_{date}.csv", "portal_2026-11-20.csv", "portal_2026-11-20.csv", DAY, None),
        ("x{date:%d.%m.%Y}.csv", "x20.11.2026.csv", "x20.11.2026.csv", DAY, None),
        ("LCC*{date:%Y%m%d}*.csv", "LCC_a20261120_b.csv", "LCC*20261120*.csv", DAY, None),
        ("LCC*{date}*.csv", "LCC2026-11-20_b.csv", "LCC2026-11-20*.csv", DAY, None),
        ("{provider_id}_{date}.*", "P_1_2026-11-20.xlsx", "P_1_2026-11-20.xlsx", DAY, "P_1"),
        ("* {provider_id}.*", "Mrs Smith P1.csv", "* P1.csv", None, "P1"),
    ],
)
def test_a_name_says_what_its_pattern_asks_for(
    pattern: str, name: str, shown: str, day: date | None, provider_id: str | None
) -> None:
    assert FilePattern(pattern).problem() is None
    said = Named(file=name, shown=shown, day=day, provider_id=provider_id)
    assert FilePattern(pattern).match(name) == said


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("cpli.csv", "cpliXcsv"),
        ("cpli.csv", "Cpli.csv"),
        ("cpli.csv", "cpli.csv\n"),
        ("portal_{date}.csv", "portal_2026-02-30.csv"),
        ("portal_{date}.csv", "portal_20261120.csv"),
        ("portal_{date}.csv", "portal_٢٠٢٦-11-20.csv"),
        ("{provider_id}_{date}.*", "_2026-11-20.csv"),
        ("{provider_id}_{date}.*", "Mrs Smith_2026-11-20.csv"),
        ("{provider_id}_{date}.*", "P1_2026-11-20.pdf"),
    ],
)
def test_any_other_name_is_none_of_ours(pattern: str, name: str) -> None:
    assert FilePattern(pattern).match(name) is None


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("", "the name of a file"),
        ("in/cpli.csv", "without a folder"),
        ("..", "the name of a file"),
        ("a{date.csv", "do not pair"),
        ("a{day}.csv", "not {day}"),
        ("a{date}{date}.csv", "once each"),
        ("a{date:%y%m%d}.csv", "%Y, %m and %d"),
        ("a{date:%Y-%m}.csv", "%Y, %m and %d"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_told(pattern: str, wrong: str) -> None:
    assert wrong in (FilePattern(pattern).problem() or "")
