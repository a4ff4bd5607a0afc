"""Who gets in by a password, who is locked out, and what nobody learns from being refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signed import BY, GOOD, Clock, account, with_password

from casebook import accounts as module
from casebook.accounts import Accounts, SignInRefused, TooManyTries
from casebook.audit import ENTRY
from casebook.store import Casebook
from schemas.accounts import Role, Seen, User

WORKER = Role.COMMISSIONING_WORKER
WRONG = "purple tractor sleeps nightly"


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return somebody with a password."""
    return with_password(casebook, account(casebook, WORKER))


def tried(accounts: Accounts, user: User, password: str, place: str | None = None) -> bool:
    """Say whether a password lets somebody in."""
    try:
        accounts.check_password(user.email, password, place=place)
    except SignInRefused:
        return False
    accounts.signed_in(user.number, place=place)
    return True


def test_somebody_signs_in_by_address_and_password_capitals_of_the_address_aside(
    accounts: Accounts, user: User
) -> None:
    found = accounts.check_password(f" {user.email.upper()} ", GOOD, place=None)
    assert found.user == user


@pytest.mark.parametrize(
    ("tries", "minutes_later", "gets_in"),
    [
        ("wwww", 0, True),
        ("wwwww", 0, False),
        ("wwwww", 14.9, False),
        ("wwwww", 15, True),
        ("wwwwrwwww", 0, True),
        ("wwwwrwwwww", 0, False),
    ],
)
def test_five_wrong_tries_in_a_row_lock_an_account_for_a_quarter_of_an_hour(
    accounts: Accounts, user: User, clock: Clock, tries: str, minutes_later: float, gets_in: bool
) -> None:
    for each in tries:
        tried(accounts, user, GOOD if each == "r" else WRONG)
    clock.goes_on(minutes=minutes_later)
    assert tried(accounts, user, GOOD) is gets_in


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 7, 15])), max_size=12))
def test_whatever_is_tried_an_account_opens_as_a_plain_count_says(
    casebook: Casebook, accounts: Accounts, clock: Clock, tries: list[tuple[bool, int]]
) -> None:
    user, wrong, locked_until = with_password(casebook, account(casebook, WORKER)), 0, clock.now
    for right, minutes in tries:
        clock.goes_on(minutes=minutes)
        opens = clock.now >= locked_until and right
        if clock.now >= locked_until:
            wrong = 0 if right else wrong + 1
            if wrong == 5:
                wrong, locked_until = 0, clock.now + timedelta(minutes=15)
        assert tried(accounts, user, GOOD if right else WRONG) is opens


def test_a_right_password_alone_does_not_forgive_wrong_codes(
    accounts: Accounts, user: User
) -> None:
    accounts.begin_second_factor(user.number)
    for _ in range(5):
        accounts.check_password(user.email, GOOD, place=None)
        with pytest.raises(SignInRefused):
            accounts.check_second_factor(user.number, "000000x", place=None)
    with pytest.raises(SignInRefused):
        accounts.check_password(user.email, GOOD, place=None)


def test_of_many_wrong_tries_at_once_no_more_than_five_are_looked_at(
    accounts: Accounts, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, fits = [], module.fits

    def counted(kept: str | None, password: str) -> bool:
        looked_at.append(kept)
        return fits(kept, password)

    monkeypatch.setattr(module, "fits", counted)
    with ThreadPoolExecutor(12) as pool:
        opened = list(pool.map(lambda _: tried(accounts, user, WRONG), range(12)))
    assert not any(opened)
    assert len(looked_at) == 12
    assert sum(kept is not None for kept in looked_at) == 5


def _unknown(accounts: Accounts, user: User) -> str:
    return f"not.{user.email}"


def _locked(accounts: Accounts, user: User) -> str:
    for _ in range(5):
        tried(accounts, user, WRONG)
    return user.email


def _disabled(accounts: Accounts, user: User) -> str:
    accounts.disable(user.number, by=BY)
    return user.email


def _reset(accounts: Accounts, user: User) -> str:
    accounts.reset(user.number, by=BY)
    return user.email


@pytest.mark.parametrize("how", [_unknown, _locked, _disabled, _reset])
def test_who_is_refused_learns_nothing_from_what_is_said_or_how_long_it_takes(
    accounts: Accounts,
    user: User,
    how: Callable[[Accounts, User], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SignInRefused) as plain:
        accounts.check_password(user.email, WRONG, place=None)
    email = how(accounts, user)
    compared: list[Any] = []
    verify = module.fits
    monkeypatch.setattr(module, "fits", lambda *given: compared.append(given) or verify(*given))
    with pytest.raises(SignInRefused) as refused:
        accounts.check_password(email, GOOD, place=None)
    assert str(refused.value) == str(plain.value)
    assert len(compared) == 1


def test_one_password_tried_on_many_accounts_from_one_address_is_stopped(
    casebook: Casebook, accounts: Accounts, user: User, clock: Clock
) -> None:
    attacker, other = "203.0.113.7", "203.0.113.8"
    for number in range(30):
        with pytest.raises(SignInRefused):
            accounts.check_password(f"somebody.{number}@example.gov.uk", GOOD, place=attacker)
    with pytest.raises(TooManyTries):
        accounts.check_password(user.email, GOOD, place=attacker)
    with pytest.raises(TooManyTries):
        accounts.set_password(user.email, code="x", password=GOOD, place=attacker)
    assert tried(accounts, user, GOOD, other)
    clock.goes_on(minutes=15)
    assert tried(accounts, user, GOOD, attacker)


def test_what_is_typed_for_an_address_that_nobody_has_is_not_kept(
    casebook: Casebook, accounts: Accounts
) -> None:
    place = "203.0.113.99"
    with pytest.raises(SignInRefused):
        accounts.check_password("my secret typed@in.the wrong box", GOOD, place=place)
    noted = casebook.audit()._entries(ENTRY.place == place)
    assert [(each.entry.by.who, each.entry.what) for each in noted] == [
        ("somebody unknown", Seen.SIGN_IN_FAILED)
    ]


def test_who_was_here_before_is_told_since_when_things_changed(
    casebook: Casebook, accounts: Accounts, user: User, clock: Clock
) -> None:
    assert accounts.signed_in(user.number, place=None).seen_before is None
    first = clock.now
    clock.goes_on(days=1)
    assert accounts.signed_in(user.number, place=None).seen_before == first
