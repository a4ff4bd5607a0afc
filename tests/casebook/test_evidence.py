"""The lines behind cases: those of the last night that found a case, and what they lead to."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from nights.copies import Copied
from nights.examples import (
    COUNCILS,
    FIRST,
    LEICESTER,
    RUTLAND,
    SECOND,
    THIRD,
    discrepancies,
    discrepancy_id,
    night,
)
from sqlalchemy import func, select

from casebook.database import reading
from casebook.evidence import COLUMNS, Kept
from casebook.evidence_models import CASE_LINE
from casebook.purge import Retention
from casebook.store import Casebook
from casebook.worklist import Worklist
from schemas.errors import WrongUsage

ALL = (*COUNCILS, None)
NUMBER = "9990000018"
ONE, TWO, THREE = (discrepancy_id(name) for name in "012")


def two_nights(casebook: Casebook) -> None:
    casebook.clock = lambda: datetime(2026, 11, 20, 10, tzinfo=UTC)
    casebook.record(night(FIRST, discrepancies(range(12))))
    casebook.record(night(SECOND, discrepancies(range(1, 12))))


@pytest.fixture
def casebook(copied: Copied) -> Casebook:
    """A casebook of twelve cases, of which the second night found all but the first one."""
    return copied(two_nights)


def line(case: str, side: str = "council", position: int = 1, **said: Any) -> dict[str, Any]:
    return {"discrepancy_id": case, "side": side, "position": position, **said}


def lines(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def keep(casebook: Casebook, as_of: date, *rows: dict[str, Any], councils: Any = ALL) -> Kept:
    return casebook.evidence().keep(as_of, lines(*rows), councils=councils)


def kept_of(casebook: Casebook, case: str) -> list[tuple[str, Any]]:
    return [(row["side"], row["family_name"]) for row in Worklist(casebook).lines(case)]


def test_a_case_has_its_lines_side_by_side_with_their_values(casebook: Casebook) -> None:
    said = {
        "local_authority": LEICESTER,
        "provider_id": "P0001",
        "cpli_id": "ZZLINE1A",
        "person_id": "ZZPERSON1",
        "nhs_number": NUMBER,
        "family_name": "ZZHollis",
        "given_name": "ZZMary",
        "date_of_birth": date(1941, 2, 3),
        "service_type": "HS",
        "start_date": date(2026, 4, 1),
        "weekly_quantity": 14.5,
        "unit": "hours",
        "commissioning_team": "North",
    }
    entry = {"row": 7, "dated": date(2026, 11, 16), "family_name": "ZZHolis"}
    keep(casebook, SECOND, line(TWO, "provider", **entry), line(TWO, **said))
    found = Worklist(casebook).lines(TWO)
    assert [row["side"] for row in found] == ["council", "provider"]
    nothing = dict.fromkeys(COLUMNS)
    assert found[0] == nothing | line(TWO, **said)
    assert found[1] == nothing | line(TWO, "provider", **entry)
    case = Worklist(casebook).case(TWO, councils=ALL)
    assert case is not None
    assert case.lines == found
    assert case.latest_night == SECOND


def test_only_what_differs_is_written(casebook: Casebook) -> None:
    rows = [line(TWO, family_name="ZZa"), line(TWO, position=2), line(THREE, "provider", row=4)]
    assert keep(casebook, SECOND, *rows) == Kept(written=3, removed=0)
    assert keep(casebook, SECOND, *rows) == Kept(written=0, removed=0)
    changed = [line(TWO, family_name="ZZb"), line(THREE, "provider", row=4)]
    assert keep(casebook, SECOND, *changed) == Kept(written=1, removed=1)
    assert kept_of(casebook, TWO) == [("council", "ZZb")]


def test_an_older_night_that_is_run_again_leaves_the_lines_of_a_later_one(
    casebook: Casebook,
) -> None:
    keep(casebook, SECOND, line(TWO, family_name="ZZnew"))
    keep(casebook, FIRST, line(TWO, family_name="ZZold"), line(ONE, family_name="ZZgone"))
    assert kept_of(casebook, TWO) == [("council", "ZZnew")]
    assert kept_of(casebook, ONE) == [("council", "ZZgone")]


def test_a_case_that_has_gone_keeps_what_was_last_known(casebook: Casebook) -> None:
    keep(casebook, FIRST, line(ONE, family_name="ZZlast"))
    keep(casebook, SECOND, line(TWO))
    casebook.record(night(THIRD, discrepancies(range(3, 12))))
    keep(casebook, THIRD)
    assert kept_of(casebook, ONE) == [("council", "ZZlast")]
    assert kept_of(casebook, TWO) == [("council", None)]


def test_what_a_council_said_stays_while_it_cannot_be_assessed(casebook: Casebook) -> None:
    owners = casebook.cases()["local_authority"]
    theirs, others = (str(owners.index[owners.eq(council)][0]) for council in (RUTLAND, LEICESTER))
    keep(casebook, SECOND, line(theirs, family_name="ZZa"), line(others, family_name="ZZb"))
    keep(casebook, SECOND, line(theirs, family_name="ZZc"), councils=(LEICESTER,))
    assert kept_of(casebook, theirs) == [("council", "ZZa")]
    assert kept_of(casebook, others) == []


def test_lines_of_what_no_night_found_are_left_out(casebook: Casebook) -> None:
    assert keep(casebook, SECOND, line("f" * 32)) == Kept(written=0, removed=0)


def test_lines_go_with_a_case_that_no_night_has_found_after_all(casebook: Casebook) -> None:
    keep(casebook, FIRST, line(ONE))
    casebook.record(night(FIRST, discrepancies(range(1, 12))))
    with reading(casebook.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(CASE_LINE)) == 0


def test_lines_are_purged_with_their_case_and_not_kept_again(casebook: Casebook) -> None:
    keep(casebook, FIRST, line(ONE, family_name="ZZlast"))
    keep(casebook, SECOND, line(TWO, family_name="ZZstays"))
    casebook.purge(
        Retention(closed_cases_days=30, nights_days=10_000),
        on=date(2027, 1, 31),
        dry_run=False,
    )
    assert kept_of(casebook, ONE) == []
    assert kept_of(casebook, TWO) == [("council", "ZZstays")]
    with pytest.raises(WrongUsage, match="has been purged"):
        keep(casebook, FIRST, line(ONE))


@pytest.fixture
def worklist(casebook: Casebook) -> Worklist:
    """Return the questions to cases behind which there are lines of one person, and of others."""
    keep(
        casebook,
        SECOND,
        line(TWO, cpli_id="ZZC1", person_id="ZZPERSON1", nhs_number=NUMBER),
        line(TWO, "provider", person_id="ZZOWN7"),
        line(THREE, "provider", nhs_number=NUMBER, cpli_id="ZZC9"),
        line(discrepancy_id("3"), cpli_id="ZZC3", nhs_number="9990000026"),
    )
    return Worklist(casebook)


def ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["discrepancy_id"] for row in rows}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TWO, {TWO}),
        (f" {TWO.upper()} ", {TWO}),
        ("ZZPERSON1", {TWO}),
        ("zzperson1", {TWO}),
        ("ZZPERSON5", {discrepancy_id("5")}),
        ("ZZC1", {TWO}),
        ("ZZC9", {THREE}),
        ("ZZOWN7", {TWO}),
        (NUMBER, {TWO, THREE}),
        ("999 000 0018", {TWO, THREE}),
        ("999-000-0018", {TWO, THREE}),
        ("9990000019", set()),
        ("ZZPERSON", set()),
        ("%", set()),
        ("' or 1=1 --", set()),
        ("", set()),
        ("\0", set()),
    ],
)
def test_a_search_finds_cases_by_whatever_people_know_of_them(
    worklist: Worklist, text: str, found: set[str]
) -> None:
    assert ids(worklist.search(text, councils=ALL)) == found


def test_a_search_finds_nothing_of_councils_that_may_not_be_seen(worklist: Worklist) -> None:
    owner = worklist.casebook.cases().loc[TWO, "local_authority"]
    others = [council for council in ALL if council != owner]
    assert ids(worklist.search("ZZPERSON1", councils=[owner])) == {TWO}
    for text in (TWO, "ZZPERSON1", "ZZC1"):
        assert worklist.search(text, councils=others) == []
        assert worklist.search(text, councils=[]) == []


def test_a_provider_finds_by_what_it_has_listed_itself_and_by_nothing_else(
    worklist: Worklist,
) -> None:
    own = worklist.casebook.cases().loc[TWO, "provider_id"]
    assert ids(worklist.search("ZZOWN7", councils=None, provider_id=own)) == {TWO}
    assert worklist.search("ZZOWN7", councils=None, provider_id="P9999") == []
    for text in ("ZZPERSON1", "ZZC1", NUMBER):
        assert worklist.search(text, councils=None, provider_id=own) == []


def test_related_cases_have_the_same_reference_or_number_and_may_be_seen(
    worklist: Worklist,
) -> None:
    casebook = worklist.casebook
    assert ids(worklist.related(TWO, councils=ALL)) == {THREE}
    assert ids(worklist.related(THREE, councils=ALL)) == {TWO}
    owner = casebook.cases().loc[THREE, "local_authority"]
    assert worklist.related(TWO, councils=[each for each in ALL if each != owner]) == []
    same = discrepancies(range(1, 12), person_id="ZZPERSON", local_authority=LEICESTER)
    apart = [RUTLAND if number == 4 else LEICESTER for number in range(11)]
    casebook.record(night(THIRD, same.assign(local_authority=pd.Series(apart, dtype="str"))))
    theirs = {discrepancy_id(str(number)) for number in range(1, 12) if number != 5}
    assert ids(worklist.related(TWO, councils=ALL)) == theirs - {TWO}
