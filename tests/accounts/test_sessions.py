"""When sessions end, and that a session which was ended stays so."""

from datetime import timedelta

import pytest
from signed import BY, Clock, account

from casebook.store import Casebook
from casebook.web_sessions import Ended, WebSession, WebSessions
from schemas.accounts import Role, User


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return somebody."""
    return account(casebook, Role.MANAGER)


@pytest.fixture
def sessions(casebook: Casebook) -> WebSessions:
    """Return the sessions."""
    return casebook.web_sessions(idle=timedelta(minutes=30), longest=timedelta(hours=12))


@pytest.fixture
def session_id(sessions: WebSessions, user: User) -> str:
    """Return the id of a session in which somebody is signed in."""
    session_id = f"session of {user.number}"
    sessions.begin(session_id, "{}", account=user.number, signed_in=True, place="203.0.113.5")
    return session_id


def test_a_session_is_whose_it_is_and_unknown_by_any_other_id(
    sessions: WebSessions, session_id: str, user: User
) -> None:
    assert sessions.open(session_id) == WebSession(data="{}", user=user, signed_in=True)
    assert sessions.open(session_id + "x") is None
    assert sessions.open("\udcff" * 10_000) is None


@pytest.mark.parametrize(
    ("minutes", "becomes"),
    [
        ([30], None),
        ([31], Ended.IDLE),
        ([29] * 24, None),
        ([29] * 25, Ended.TOO_LONG),
        ([0.5] * 40, None),
        ([0.5] * 40 + [31], Ended.IDLE),
    ],
)
def test_a_session_ends_when_it_is_not_used_and_when_it_has_lasted_for_long(
    sessions: WebSessions,
    session_id: str,
    clock: Clock,
    minutes: list[float],
    becomes: Ended | None,
) -> None:
    found: object = None
    for each in minutes:
        clock.goes_on(minutes=each)
        found = sessions.open(session_id)
    if becomes is None:
        assert isinstance(found, WebSession)
    else:
        assert found is becomes
        assert sessions.open(session_id) is None


def test_what_is_under_way_does_not_bring_back_a_session_that_was_ended(
    sessions: WebSessions, session_id: str
) -> None:
    sessions.end(session_id)
    sessions.keep(session_id, '{"a": 1}')
    assert sessions.open(session_id) is None


def test_what_a_session_holds_lasts(sessions: WebSessions, session_id: str) -> None:
    sessions.keep(session_id, '{"a": 1}')
    found = sessions.open(session_id)
    assert isinstance(found, WebSession)
    assert found.data == '{"a": 1}'


def test_whoever_is_disabled_or_signed_out_has_no_session_any_more(
    casebook: Casebook, sessions: WebSessions, session_id: str, user: User
) -> None:
    half = f"half of {user.number}"
    sessions.begin(half, "{}", account=user.number, signed_in=False, place=None)
    assert [each.place for each in sessions.of_account(user.number)] == ["203.0.113.5"]
    casebook.accounts().disable(user.number, by=BY)
    casebook.accounts().enable(user.number, by=BY)
    assert (sessions.open(session_id), sessions.open(half)) == (None, None)


def test_a_session_that_began_before_the_second_factor_is_not_one_of_somebody_signed_in(
    sessions: WebSessions, user: User, clock: Clock
) -> None:
    half = f"half of {user.number}"
    sessions.begin(half, "{}", account=user.number, signed_in=False, place=None)
    found = sessions.open(half)
    assert isinstance(found, WebSession)
    assert (found.user, found.signed_in) == (user, False)
    clock.goes_on(minutes=31)
    assert sessions.open(half) is None


def test_sessions_that_are_over_go_when_another_begins(
    casebook: Casebook, sessions: WebSessions, session_id: str, user: User, clock: Clock
) -> None:
    clock.goes_on(minutes=31)
    sessions.begin(f"next of {user.number}", "{}", account=None, signed_in=False, place=None)
    clock.goes_on(minutes=-31)
    assert sessions.open(session_id) is None


def test_a_change_of_role_goes_for_a_session_at_once(
    casebook: Casebook, sessions: WebSessions, session_id: str, user: User
) -> None:
    changed = User(number=user.number, email=user.email, name=user.name, role=Role.DATA_ENGINEER)
    casebook.accounts().change(changed, by=BY)
    found = sessions.open(session_id)
    assert isinstance(found, WebSession)
    assert found.user == changed
