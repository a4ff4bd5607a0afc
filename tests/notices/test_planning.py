"""When a provider gets a notice."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.notices.planning import Told, Tonight, carried, is_due
from schemas.vocabularies import NoticeFrequency

MONDAY = date(2026, 11, 16)
NIGHTLY, WEEKLY, NEVER = NoticeFrequency.NIGHTLY, NoticeFrequency.WEEKLY, NoticeFrequency.NEVER
LEICESTER, RUTLAND = "E06000016", "E06000017"
ASKS, ASKS_MORE = {LEICESTER: "a"}, {LEICESTER: "b"}


def due(
    tonight: Tonight, told: Told | None, frequency: NoticeFrequency = WEEKLY, *, begins: int = 0
) -> bool:
    return is_due(tonight, told, frequency=frequency, week_begins=begins)


def night(days: int = 0, asked: dict[str, str] | None = None, **more: object) -> Tonight:
    asked = ASKS if asked is None else asked
    return Tonight(as_of=MONDAY + timedelta(days), found=asked, asked=asked, **more)


def told(days: int = 0, asked: dict[str, str] | None = None, **more: object) -> Told:
    asked = ASKS if asked is None else asked
    return Told(as_of=MONDAY + timedelta(days), found=asked, asked=asked, **more)


@pytest.mark.parametrize("frequency", [NIGHTLY, WEEKLY])
def test_a_provider_that_was_told_nothing_yet_is_told(frequency: NoticeFrequency) -> None:
    assert due(night(), None, frequency)
    assert due(night(asked={}, confirms=True), None, frequency)


@pytest.mark.parametrize("frequency", list(NoticeFrequency))
def test_nothing_is_sent_where_there_is_nothing_to_say(frequency: NoticeFrequency) -> None:
    assert not due(night(asked={}), None, frequency)
    assert not due(night(7, asked={}), told(), frequency)


def test_who_wants_no_notices_gets_none() -> None:
    assert not due(night(), None, NEVER)
    assert not due(night(9, asked=ASKS_MORE), told(), NEVER)


@pytest.mark.parametrize(
    ("days", "is_sent"), [(1, False), (6, False), (7, True), (8, True), (-1, False), (-8, False)]
)
def test_a_week_has_one_notice(days: int, is_sent: bool) -> None:
    assert due(night(days, asked=ASKS_MORE), told()) is is_sent


@pytest.mark.parametrize(("begins", "is_sent"), [(0, False), (2, True), (3, False), (4, False)])
def test_a_week_begins_on_the_day_that_is_set(begins: int, is_sent: bool) -> None:
    assert due(night(2), told(1), begins=begins) is is_sent


def test_a_week_whose_first_night_failed_is_told_on_the_next() -> None:
    assert due(night(9), told(4))


def test_who_wants_notices_nightly_gets_them_when_something_has_changed() -> None:
    assert not due(night(1), told(), NIGHTLY)
    assert due(night(1, asked=ASKS_MORE), told(), NIGHTLY)
    assert due(night(1, asked={}, confirms=True), told(), NIGHTLY)
    assert not due(night(1, asked={}, confirms=True), told(asked={}), NIGHTLY)


@pytest.mark.parametrize("frequency", [NIGHTLY, WEEKLY])
def test_the_same_night_again_sends_nothing_unless_it_found_something_else(
    frequency: NoticeFrequency,
) -> None:
    assert not due(night(), told(), frequency)
    assert due(night(asked=ASKS_MORE), told(), frequency)


@pytest.mark.parametrize("frequency", [NIGHTLY, WEEKLY])
def test_what_people_did_meanwhile_makes_no_second_notice_of_a_night(
    frequency: NoticeFrequency,
) -> None:
    answered = Tonight(as_of=MONDAY, found=ASKS, asked={}, confirms=True)
    assert not due(answered, told(), frequency)


def test_a_council_that_is_away_changes_nothing() -> None:
    before = told(asked={**ASKS, RUTLAND: "r"})
    away = night(1, left_out={RUTLAND})
    assert not due(away, before, NIGHTLY)
    assert carried(away, before) == {**ASKS, RUTLAND: "r"}


@pytest.mark.parametrize("frequency", [NIGHTLY, WEEKLY])
def test_a_council_that_is_back_is_told_of_at_once_if_it_asks_something_new(
    frequency: NoticeFrequency,
) -> None:
    before = told(left_out={RUTLAND})
    assert due(night(1, asked={**ASKS, RUTLAND: "r"}), before, frequency)
    assert not due(night(1), before, frequency)


def test_a_council_that_is_back_with_what_was_asked_before_it_went_waits_its_week() -> None:
    both = {**ASKS, RUTLAND: "r"}
    assert not due(night(2, asked=both), told(1, asked=both, left_out={RUTLAND}))


HASHES = st.dictionaries(st.sampled_from([LEICESTER, RUTLAND]), st.sampled_from("ab"))


@given(
    nights=st.lists(
        st.tuples(HASHES, st.sets(st.just(RUTLAND)), st.booleans()), min_size=1, max_size=25
    ),
    frequency=st.sampled_from([NIGHTLY, WEEKLY]),
)
def test_no_notice_repeats_another_and_no_week_is_left_out(
    nights: list[tuple[dict[str, str], set[str], bool]], frequency: NoticeFrequency
) -> None:
    last: Told | None = None
    for days, (found, away, confirms) in enumerate(nights):
        asked = {council: said for council, said in found.items() if council not in away}
        tonight = night(days, asked=asked, left_out=away, confirms=confirms and not away)
        if due(tonight, last, frequency):
            asked_before = last.asked if last else {}
            new_week = (
                last is None or tonight.as_of.isocalendar()[:2] > last.as_of.isocalendar()[:2]
            )
            assert asked or tonight.confirms
            assert carried(tonight, last) != asked_before or new_week
            last = Told(
                as_of=tonight.as_of, found=asked, asked=carried(tonight, last), left_out=away
            )
            assert not due(tonight, last, frequency)
        elif frequency is WEEKLY and (asked or tonight.confirms):
            assert last is not None
            assert tonight.as_of.isocalendar()[:2] == last.as_of.isocalendar()[:2]
