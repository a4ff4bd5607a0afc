"""A discrepancy's life over the nights, however they come."""

import os
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from nights.copies import Copied
from nights.examples import FIRST, LEICESTER, RUTLAND, discrepancies, discrepancy_id, night
from nights.simulated import KINDS, Night, simulate
from sqlalchemy import select, text

from casebook.database import connect, reading, writing
from casebook.models import CASE_STATEMENT, CASE_TURN, HISTORY
from casebook.notice_models import METADATA
from casebook.record import CaseCounts, Effect
from casebook.sql import put_night
from casebook.store import Casebook
from casebook.working_days import working_days

DERIVED = ("discrepancy_case", "case_statement", "case_turn", "case_night")
EXAMPLES = int(os.environ.get("CPLI_DRAWS", "100")) // 20
ALL_MISSING = frozenset({LEICESTER, RUTLAND})


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def on_record(casebook: Casebook) -> dict[str, dict[str, Any]]:
    """Return the cases on record as the simulation tells them."""
    found = casebook.cases()
    cases: dict[str, dict[str, Any]] = {}
    for case in found.reset_index().to_dict("records"):
        days = {name: case[name].date() for name in ("first_seen", "open_since", "last_seen")}
        closed_on = None if pd.isna(case["closed_on"]) else case["closed_on"].date()
        plain = {
            name: case[name] for name in ("state", "nights_seen", "reopened", "provider_value")
        }
        cases[case["discrepancy_id"]] = {
            **plain, **days, "closed_on": closed_on, "turns": {}, "said": {},
        }  # fmt: skip
    with reading(casebook.engine) as connection:
        for row in connection.execute(select(CASE_TURN)):
            cases[row.discrepancy_id]["turns"][row.as_of] = row.turn
        for row in connection.execute(select(CASE_STATEMENT)):
            cases[row.discrepancy_id]["said"][row.as_of] = row.provider_value
    return cases


def derived(casebook: Casebook) -> dict[str, list[tuple[object, ...]]]:
    with reading(casebook.engine) as connection:
        return {
            name: sorted(map(tuple, connection.execute(METADATA.tables[name].select())), key=repr)
            for name in DERIVED
        }


def history(casebook: Casebook) -> list[tuple[object, ...]]:
    """Return what the history says of cases: night, name, before, after."""
    names = {discrepancy_id(name): name for name in KINDS}
    columns = (HISTORY.c.night, HISTORY.c.discrepancy_id, HISTORY.c.before, HISTORY.c.after)
    query = select(*columns).where(HISTORY.c.what == "turn").order_by(HISTORY.c.number)
    with reading(casebook.engine) as connection:
        return [
            ((row.night - FIRST).days, names[row.discrepancy_id], row.before, row.after)
            for row in connection.execute(query)
        ]


HERE, GONE = Night(found={"ended": "x"}), Night()
NEEDED = {name: Night(found={name: "x"}) for name in KINDS}
WITHOUT_LEICESTER = Night(missing=frozenset({LEICESTER}))

# What nights found, and how the case stands at the end: state, seen so often, reopened so often.
STORIES = {
    "appears": ("ended", [HERE], "open", 1, 0),
    "lasts": ("ended", [HERE, HERE, HERE], "open", 3, 0),
    "goes": ("ended", [HERE, GONE], "resolved_by_data", 1, 0),
    "stays away": ("ended", [HERE, GONE, GONE], "resolved_by_data", 1, 0),
    "comes back": ("ended", [HERE, GONE, HERE], "open", 2, 1),
    "comes back twice": ("ended", [HERE, GONE, HERE, GONE, HERE], "open", 3, 2),
    "its council is missing for three nights": (
        "ended", [HERE, *[WITHOUT_LEICESTER] * 3], "open", 1, 0,
    ),
    "its council is missing for three nights, then it is there": (
        "ended", [HERE, *[WITHOUT_LEICESTER] * 3, HERE], "open", 2, 0,
    ),
    "its council is missing for three nights, then it is gone": (
        "ended", [HERE, *[WITHOUT_LEICESTER] * 3, GONE], "resolved_by_data", 1, 0,
    ),
    "another council is missing": (
        "ended", [HERE, Night(missing=frozenset({RUTLAND}))], "resolved_by_data", 1, 0,
    ),
    "its council is not known any more": ("ended", [HERE, Night(known=(RUTLAND,))], "open", 1, 0),
    "its council was forgotten two nights ago": (
        "ended", [HERE, *[Night(known=(RUTLAND,))] * 2], "open", 1, 0,
    ),
    "it has no council, and one is missing": (
        "nobody's", [NEEDED["nobody's"], Night(missing=frozenset({RUTLAND}))], "open", 1, 0,
    ),
    "it has no council, and one was forgotten two nights ago": (
        "nobody's", [NEEDED["nobody's"], *[Night(known=(LEICESTER,))] * 2], "open", 1, 0,
    ),
    "it has no council, and one was forgotten before it came": (
        "nobody's",
        [GONE, Night(found={"nobody's": "x"}, known=(LEICESTER,)), Night(known=(LEICESTER,))],
        "resolved_by_data", 1, 0,
    ),
    "its provider is silent": (
        "ended", [HERE, *[Night(silent=frozenset({"P1"}))] * 8], "open", 1, 0,
    ),
    "its provider was silent, then speaks": (
        "ended", [HERE, *[Night(silent=frozenset({"P1"}))] * 5, GONE], "resolved_by_data", 1, 0,
    ),
    "another provider is silent": (
        "ended", [HERE, Night(silent=frozenset({"P2"}))], "resolved_by_data", 1, 0,
    ),
    "the other provider that it names is silent": (
        "other", [NEEDED["other"], Night(silent=frozenset({"P2"}))], "open", 1, 0,
    ),
    "there is no portal extract": (
        "portal", [NEEDED["portal"], Night(no_portal=frozenset({LEICESTER}))], "open", 1, 0,
    ),
    "a caseload that was overdue has come": (
        "overdue", [NEEDED["overdue"], Night(silent=frozenset({"P2"}))], "resolved_by_data", 1, 0,
    ),
    "nothing came at all": ("ended", [HERE, Night(missing=ALL_MISSING)], "open", 1, 0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "nights", "state", "nights_seen", "reopened"), STORIES.values(), ids=STORIES
)
def test_what_becomes_of_a_case_that(
    casebook: Casebook,
    name: str,
    nights: list[Night],
    state: str,
    nights_seen: int,
    reopened: int,
) -> None:
    for number, each in enumerate(nights):
        casebook.record(each.record(day(number)))
    case = casebook.cases().loc[discrepancy_id(name)]
    assert (case["state"], case["nights_seen"], case["reopened"]) == (state, nights_seen, reopened)
    assert on_record(casebook) == simulate({day(n): each for n, each in enumerate(nights)})


def some(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


NIGHTS = st.builds(
    Night,
    found=st.dictionaries(st.sampled_from(sorted(KINDS)), st.sampled_from("xy")),
    known=st.sampled_from([(LEICESTER, RUTLAND), (LEICESTER,), (LEICESTER, RUTLAND)]),
    missing=some([LEICESTER, RUTLAND]) | st.just(frozenset()),
    silent=some(["P1", "P2"]) | st.just(frozenset()),
    no_portal=some([LEICESTER]),
)


@pytest.mark.draws
@given(recordings=st.lists(st.tuples(st.integers(0, 5), NIGHTS), max_size=6))
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_nights_are_recorded_and_recorded_again_the_cases_are_those_of_their_final_contents(
    casebook: Casebook, recordings: list[tuple[int, Night]]
) -> None:
    with writing(casebook.engine) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    nights: dict[date, Night] = {}
    for number, each in recordings:
        nights[day(number)] = each
        casebook.record(each.record(day(number)))
        assert on_record(casebook) == simulate(nights)
    assert casebook.verify().broken == ""


def test_recording_a_night_twice_changes_no_row_and_leaves_no_history(casebook: Casebook) -> None:
    for number in (0, 1):
        casebook.record(HERE.record(day(number)))
    before, entries = derived(casebook), casebook.verify().entries
    for number in (0, 1):
        assert casebook.record(HERE.record(day(number))).effect is Effect.UNCHANGED
    assert derived(casebook) == before
    assert casebook.verify().entries == entries


def test_a_night_that_comes_late_changes_what_later_nights_made_of_it(casebook: Casebook) -> None:
    for number in (0, 2):
        casebook.record(HERE.record(day(number)))
    casebook.record(GONE.record(day(1)))
    case = casebook.cases().loc[discrepancy_id("ended")]
    assert (case["reopened"], case["first_seen"].date()) == (1, FIRST)
    assert history(casebook) == [
        (0, "ended", None, "opened"),
        (1, "ended", None, "closed"),
        (2, "ended", None, "reopened"),
    ]


def test_a_second_run_that_says_something_else_adds_to_the_history_what_it_changed(
    casebook: Casebook,
) -> None:
    casebook.record(HERE.record(day(0)))
    casebook.record(HERE.record(day(1)))
    casebook.record(GONE.record(day(0)))
    assert history(casebook) == [
        (0, "ended", None, "opened"),
        (0, "ended", "opened", None),
        (1, "ended", None, "opened"),
    ]
    casebook.record(GONE.record(day(1)))
    assert history(casebook)[3:] == [(1, "ended", "opened", None)]
    assert casebook.cases().empty
    assert casebook.verify().broken == ""


def test_what_was_said_is_kept_of_the_nights_on_which_it_changed(casebook: Casebook) -> None:
    for number, said in enumerate("xxyyx"):
        casebook.record(Night(found={"ended": said}).record(day(number)))
    with reading(casebook.engine) as connection:
        columns = (
            CASE_STATEMENT.c.as_of,
            CASE_STATEMENT.c.provider_value,
            CASE_STATEMENT.c.changed,
        )
        rows = connection.execute(select(*columns).order_by(CASE_STATEMENT.c.as_of)).all()
    assert [(as_of, value) for as_of, value, _ in rows] == [
        (day(0), "x"), (day(2), "y"), (day(4), "x"),
    ]  # fmt: skip
    assert [changed for _, _, changed in rows][1:] == ["provider_value"] * 2


def test_a_night_says_how_many_cases_it_left_in_which_way(casebook: Casebook) -> None:
    casebook.record(Night(found=dict.fromkeys(["ended", "portal", "rutland"], "x")).record(day(0)))
    casebook.record(
        Night(found={"portal": "x", "other": "x"}, missing=frozenset({RUTLAND})).record(day(1))
    )
    casebook.record(Night(found={"ended": "x"}, no_portal=frozenset({LEICESTER})).record(day(2)))
    assert casebook.case_counts(day(1)) == CaseCounts(
        opened=1, reopened=0, lasting=1, closed=1, waiting=1
    )
    assert casebook.case_counts(day(2)) == CaseCounts(
        opened=0, reopened=1, lasting=0, closed=2, waiting=1
    )
    assert casebook.case_counts(day(3)) is None


def test_cases_are_found_by_council_type_and_state(casebook: Casebook) -> None:
    casebook.record(Night(found=dict.fromkeys(["ended", "portal", "rutland"], "x")).record(day(0)))
    casebook.record(Night(found=dict.fromkeys(["portal", "rutland"], "x")).record(day(1)))

    def names(**narrowed: Any) -> set[str]:
        ids = {discrepancy_id(name): name for name in KINDS}
        return {ids[each] for each in casebook.cases(**narrowed).index}

    assert names() == {"ended", "portal", "rutland"}
    assert names(state="open") == {"portal", "rutland"}
    assert names(local_authority=LEICESTER) == {"ended", "portal"}
    assert names(kind="support_ended", state="open") == {"rutland"}


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-11-19", "2026-11-19", 0),
        ("2026-11-19", "2026-11-20", 1),
        ("2026-11-20", "2026-11-22", 0),
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-21", "2026-11-23", 1),
        ("2026-12-24", "2026-12-29", 1),  # Christmas, and Boxing Day's substitute
        ("2026-12-31", "2027-01-04", 1),
        ("2026-04-02", "2026-04-07", 1),  # Easter
        ("2026-08-28", "2026-09-01", 1),  # the summer bank holiday, which Scotland has earlier
        ("2022-06-01", "2022-06-06", 1),  # the Queen's jubilee moved one and added one
    ],
)
def test_an_age_counts_englands_working_days(since: str, until: str, days: int) -> None:
    count = working_days(pd.Series([pd.Timestamp(since)]), pd.Series([pd.Timestamp(until)]))
    assert count.tolist() == [days]


def test_a_case_is_as_old_as_it_has_been_open_on_a_day_or_until_it_closed(
    casebook: Casebook,
) -> None:
    for number in (0, 1, 7):  # a Thursday, a Friday, the next Thursday
        casebook.record(HERE.record(day(number)))
    assert casebook.cases(on=day(7))["age_days"].tolist() == [5]
    casebook.record(GONE.record(day(8)))
    casebook.record(GONE.record(day(20)))
    assert casebook.cases(on=day(20))["age_days"].tolist() == [6]
    casebook.record(HERE.record(day(21)))
    assert casebook.cases(on=day(21))["age_days"].tolist() == [0]


def test_without_a_day_a_case_is_as_old_as_it_is_today_in_london(casebook: Casebook) -> None:
    casebook.record(HERE.record(day(0)))
    casebook.clock = lambda: datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    assert casebook.cases()["age_days"].tolist() == [1]
    casebook.clock = lambda: datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    assert casebook.cases()["age_days"].tolist() == [2]


def test_a_database_from_before_cases_gets_those_of_its_nights(url: str) -> None:
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", "casebook:migrations")
    config.set_main_option("path_separator", "os")
    now = datetime(2026, 11, 19, 3, tzinfo=UTC)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "r0002")
        for number, each in enumerate([HERE, GONE, HERE]):
            put_night(connection, each.record(day(number)), [], now=now)
        connection.execute(
            text(
                "INSERT INTO night_discrepancy (as_of, discrepancy_id, type, severity,"
                " local_authority, provider_id, provider_value)"
                " SELECT as_of, :id, 'support_ended', 'high', :council, 'P1', 'x' FROM night"
                " WHERE as_of <> :without"
            ),
            {"id": discrepancy_id("ended"), "council": LEICESTER, "without": str(day(1))},
        )
    casebook = Casebook.open(url)
    assert on_record(casebook) == simulate({day(0): HERE, day(1): GONE, day(2): HERE})
    assert casebook.verify().broken == ""
    with reading(engine) as connection:
        assert set(connection.scalars(select(HISTORY.c.who))) == {"an upgrade"}


@pytest.fixture
def whole(copied: Copied) -> Casebook:
    return copied(three_nights)


def three_nights(casebook: Casebook) -> None:
    for number, each in enumerate([HERE, GONE, NEEDED["other"]]):
        casebook.record(each.record(day(number)))
    assert casebook.verify().broken == ""


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE history SET who = 'nobody' WHERE number = 2", "Entry 2 .* has been changed"),
        ("UPDATE history SET after = 'closed' WHERE number = 2", "Entry 2 .* has been changed"),
        ("UPDATE history SET hash = 'x' WHERE number = 3", "Entry 3 .* has been changed"),
        ("DELETE FROM history WHERE number = 1", "Entry 1 of the history is missing"),
        ("DELETE FROM history WHERE number = 4", "Entry 4 of the history is missing"),
        ("DELETE FROM history WHERE number >= 8", "night of 2026-11-21 case .* not what the hist"),
        ("DELETE FROM case_turn WHERE turn = 'closed'", "night of 2026-11-20 case .* not what the"),
        ("UPDATE case_night SET content_hash = 'x'", "night of 2026-11-19 is not what the history"),
        ("UPDATE discrepancy_case SET state = 'resolved'", "Case .* is not what its nights and"),
        ("UPDATE discrepancy_case SET presence = 'present'", "Case .* is not what its nights and"),
        ("UPDATE discrepancy_case SET person_id = NULL", "Case .* is not what its nights and"),
        ("DELETE FROM discrepancy_case", "Case .* is not what its nights and actions made of it"),
        ("UPDATE casebook_setting SET value = '{}'", "What goes for all cases is not what the"),
    ],
)
def test_tampering_shows_and_where(whole: Casebook, tampering: str, said: str) -> None:
    with whole.engine.begin() as connection:
        assert connection.execute(text(tampering)).rowcount
    assert re.search(said, whole.verify().broken)


def test_the_history_holds_nobody(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies(range(40))))
    casebook.record(night(day(1), discrepancies(range(20, 60), provider_value="ZZPROVIDERSAYS")))
    with reading(casebook.engine) as connection:
        rows = connection.execute(HISTORY.select()).all()
    assert len(rows) > 100
    assert "ZZ" not in repr(rows)


def test_the_history_says_who_and_when(casebook: Casebook) -> None:
    now = datetime(2026, 11, 20, 3, 4, 5, 678, tzinfo=UTC)
    casebook.clock = lambda: now
    casebook.record(HERE.record(day(0)))
    with reading(casebook.engine) as connection:
        _, *rows = connection.execute(HISTORY.select().order_by(HISTORY.c.number)).all()
    assert [(row.number, row.who, row.what) for row in rows] == [
        (2, "the night of 2026-11-19", "night"),
        (3, "the night of 2026-11-19", "turn"),
        (4, "the night of 2026-11-19", "said"),
    ]
    assert {row.at.replace(tzinfo=row.at.tzinfo or UTC) for row in rows} == {now}
