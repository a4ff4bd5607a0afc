"""The measures of a small tale, worked out by hand, and what nights leave of rule 10."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from nights.examples import FIRST, LEICESTER, RUTLAND, SECOND, discrepancies, night
from nights.played import Played, day
from nights.simulated import Said

from casebook.actions import Ruling
from casebook.measures import Measures
from casebook.record import TIMELINESS_TYPES, Effect, no_timeliness
from casebook.store import Casebook
from reconciliation.timeliness import TIMELINESS_COLUMNS


def timeliness(*, median: float = 3.5) -> pd.DataFrame:
    """Return what rule 10 measured of one council and a team of it."""
    rows = [
        (LEICESTER, "council", LEICESTER, 4, median, 9.25, 0.25),
        (LEICESTER, "team", "Team South", 2, -1.0, 0.0, 1.0),
    ]
    return pd.DataFrame(rows, columns=list(TIMELINESS_TYPES)).astype(TIMELINESS_TYPES)


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows of a frame, days as dates and nulls as None."""
    days = {name: frame[name].dt.date for name in frame.select_dtypes("datetime")}
    plain = frame.assign(**days).astype(object).where(frame.notna(), None)
    return list(plain.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def told(shared_url: str) -> Casebook:
    """Tell a tale from Thursday 19 to Friday 27 November (days 0 to 8; day 4 is a Monday)."""
    casebook = Casebook.open(shared_url)
    play = Played(casebook)
    ruled = {"match": Said(entry_identities="E1")}
    play.comes(0, "ended", "rutland", "overdue", "portal", found=ruled)
    play.accepts(0, "overdue", until=5)
    play.does(0, "match", "rule", ruling=Ruling.SAME_PERSON, note="We asked.")
    play.resolves(1, "ended")
    play.does(1, "portal", "assign", worker="bea")
    play.comes(4, "ended", "rutland", "portal")  # overdue goes while it is accepted, match is gone
    play.comes(5, "rutland", "overdue")  # ended and portal go; overdue is silently back
    play.comes(6, "ended", "overdue")  # ended is back, overdue's acceptance is over
    return casebook


@pytest.fixture(scope="module")
def measures(told: Casebook) -> Measures:
    return told.measures(on=day(8))


def test_open_cases_are_counted_by_type_council_and_age_in_working_days(
    measures: Measures,
) -> None:
    assert rows(measures.open_cases) == [
        ("caseload_overdue", RUTLAND, "0-2", 1),
        ("support_ended", LEICESTER, "0-2", 1),
    ]


def test_an_age_band_begins_with_its_first_working_day(told: Casebook) -> None:
    bands = {8: "0-2", 11: "3-5", 13: "3-5", 14: "6-10", 20: "6-10", 21: "11-20", 34: "11-20"}
    for number, band in {**bands, 35: "over 20"}.items():
        assert set(told.measures(on=day(number)).open_cases["age_band"]) == {band}


def test_weeks_count_each_opening_and_its_first_settlement(measures: Measures) -> None:
    # Five opened in the first week and three were settled; in the second, two opened again and
    # rutland and portal went.
    assert rows(measures.weeks) == [(day(-3), 5, 3), (day(4), 2, 2)]


def test_how_cases_were_settled_and_which_opened_again(measures: Measures) -> None:
    assert rows(measures.settled) == [
        ("by_data", 2, 0.4),
        ("resolved", 1, 0.2),
        ("accepted", 1, 0.2),
        ("ruled", 1, 0.2),
        ("reopened", 2, 0.4),
    ]


def test_days_to_settle_are_working_days(measures: Measures) -> None:
    assert rows(measures.days_to_settle) == [
        ("caseload_overdue", RUTLAND, 1, 0.0),
        ("not_on_portal", LEICESTER, 1, 3.0),
        ("possible_match", LEICESTER, 1, 0.0),
        ("support_ended", LEICESTER, 1, 1.0),
        ("support_ended", RUTLAND, 1, 4.0),
    ]


def test_providers_are_listed_by_their_open_cases(casebook: Casebook) -> None:
    Played(casebook).comes(7, "ended", "overdue", "unknown", "rutland")
    assert rows(casebook.measures(on=day(7)).providers) == [("P2", 3), ("P1", 1)]


def test_measures_of_one_council_and_from_a_day_on(told: Casebook) -> None:
    of_rutland = told.measures(on=day(8), since=day(4), local_authority=RUTLAND)
    assert rows(of_rutland.weeks) == [(day(4), 1, 1)]
    assert rows(of_rutland.providers) == [("P2", 1)]
    assert rows(of_rutland.settled)[0] == ("by_data", 1, 1.0)
    assert set(of_rutland.open_cases["local_authority"]) == {RUTLAND}


def test_weeks_in_which_nothing_happened_are_there(casebook: Casebook) -> None:
    play = Played(casebook)
    play.comes(0, "ended", "nobody's")
    play.comes(18, "ended")
    assert rows(casebook.measures(on=day(18)).weeks) == [
        (day(-3), 2, 0), (day(4), 0, 0), (day(11), 0, 0), (day(18), 0, 1),
    ]  # fmt: skip


def test_a_case_that_lapses_on_the_night_it_was_settled_upon_opens_after_that(
    casebook: Casebook,
) -> None:
    play = Played(casebook)
    play.comes(0, "ended")
    play.resolves(0, "ended")
    play.comes(0, found={"ended": "ZZPROVIDERSAYS something else"})
    play.resolves(1, "ended")
    measures = casebook.measures(on=day(1))
    assert rows(measures.weeks) == [(day(-3), 2, 2)]
    assert rows(measures.settled)[-1] == ("reopened", 1, 0.5)


def test_what_a_worker_takes_back_is_no_second_opening(casebook: Casebook) -> None:
    play = Played(casebook)
    play.comes(0, "ended")
    play.resolves(0, "ended")
    play.does(1, "ended", "reopen")
    play.resolves(4, "ended")
    measures = casebook.measures(on=day(4))
    assert rows(measures.weeks) == [(day(-3), 1, 1)]
    assert rows(measures.days_to_settle) == [("support_ended", LEICESTER, 1, 0.0)]


def test_an_empty_casebook_has_measures(casebook: Casebook) -> None:
    measures = casebook.measures()
    assert [len(frame) for frame in vars(measures).values()] == [0, 0, 0, 5, 0, 0]
    assert list(measures.weeks) == ["week", "opened", "settled"]


def test_what_a_night_measured_goes_on_record_and_with_it(casebook: Casebook) -> None:
    record = replace(night(FIRST, discrepancies(["a"])), timeliness=timeliness())
    assert casebook.record(record).effect is Effect.ADDED
    shuffled = replace(record, timeliness=timeliness()[::-1])
    assert casebook.record(shuffled).effect is Effect.UNCHANGED
    casebook.record(replace(night(SECOND, discrepancies(["a"])), timeliness=timeliness(median=4)))
    kept = casebook.timeliness(FIRST, FIRST)
    assert list(kept) == ["as_of", *TIMELINESS_COLUMNS]
    pd.testing.assert_frame_equal(kept.drop(columns="as_of"), timeliness())
    assert rows(casebook.timeliness()[["as_of", "median_lag_days"]]) == [
        (FIRST, 3.5), (FIRST, -1.0), (SECOND, 4.0), (SECOND, -1.0),
    ]  # fmt: skip
    assert casebook.record(night(FIRST, discrepancies(["a"]))).effect is Effect.REPLACED
    assert set(casebook.timeliness()["as_of"]) == {pd.Timestamp(SECOND)}


def test_timeliness_is_measured_over_the_nights_by_council(casebook: Casebook) -> None:
    for as_of in (FIRST, SECOND):
        casebook.record(replace(night(as_of, discrepancies([])), timeliness=timeliness()))
    of_councils = casebook.measures(on=SECOND).timeliness
    assert rows(of_councils) == [
        (as_of, LEICESTER, 4, 3.5, 9.25, 0.25) for as_of in (FIRST, SECOND)
    ]
    assert len(casebook.measures(on=SECOND, since=SECOND).timeliness) == 1
    assert casebook.measures(on=SECOND, local_authority=RUTLAND).timeliness.empty


def test_what_a_night_measures_has_the_columns_of_rule_10() -> None:
    assert tuple(TIMELINESS_TYPES) == TIMELINESS_COLUMNS
    assert list(no_timeliness()) == list(TIMELINESS_COLUMNS)
