"""The second factor: whose codes are taken, and that each opens once."""

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from signed import Clock, account, with_password

from casebook.accounts import Accounts, SignInRefused
from casebook.store import Casebook
from schemas.accounts import Role, User
from schemas.errors import PersonNeeded, WrongUsage


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return somebody with a password."""
    return with_password(casebook, account(casebook, Role.MANAGER))


@pytest.fixture
def phone(accounts: Accounts, user: User, clock: Clock) -> pyotp.TOTP:
    """Return what makes the codes of somebody who has set up the second factor a day ago."""
    made = pyotp.TOTP(accounts.begin_second_factor(user.number))
    accounts.check_second_factor(user.number, made.at(clock.now), place=None)
    clock.goes_on(days=1)
    return made


def opens(accounts: Accounts, user: User, code: str) -> bool:
    try:
        accounts.check_second_factor(user.number, code, place=None)
    except SignInRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_phone_whose_clock_is_half_a_minute_wrong_still_opens(
    accounts: Accounts, user: User, phone: pyotp.TOTP, clock: Clock, seconds: int, taken: bool
) -> None:
    code = phone.at(int(clock.now.timestamp()) + seconds)
    assert opens(accounts, user, f"{code[:3]} {code[3:]}") is taken


def test_a_code_opens_once_and_none_from_before_it_opens_after_it(
    accounts: Accounts, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    now = int(clock.now.timestamp())
    assert opens(accounts, user, phone.at(now))
    assert not opens(accounts, user, phone.at(now))
    assert not opens(accounts, user, phone.at(now - 30))
    assert opens(accounts, user, phone.at(now + 30))


def test_a_code_opens_once_even_if_it_comes_many_times_at_once(
    accounts: Accounts, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    code = phone.at(clock.now)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: opens(accounts, user, code), range(4)))
    assert opened.count(True) == 1


def test_five_wrong_codes_lock_the_account(
    accounts: Accounts, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    for _ in range(5):
        assert not opens(accounts, user, "12345")
    assert not opens(accounts, user, phone.at(clock.now))
    clock.goes_on(minutes=15)
    assert opens(accounts, user, phone.at(clock.now))


@pytest.mark.parametrize("code", ["", "      ", "\u0660" * 6, "\udcff", "0" * 10_000])
def test_what_is_no_code_at_all_opens_nothing(
    accounts: Accounts, user: User, phone: pyotp.TOTP, code: str
) -> None:
    assert not opens(accounts, user, code)


def test_the_secret_is_the_same_until_a_code_has_shown_that_it_was_read(
    accounts: Accounts, user: User, clock: Clock
) -> None:
    secret = accounts.begin_second_factor(user.number)
    assert accounts.begin_second_factor(user.number) == secret
    assert opens(accounts, user, pyotp.TOTP(secret).at(clock.now))
    with pytest.raises(WrongUsage, match="is set up already"):
        accounts.begin_second_factor(user.number)


def test_nobody_without_a_second_factor_is_let_in_by_a_code(accounts: Accounts, user: User) -> None:
    assert not opens(accounts, user, "000000")


def test_under_another_key_the_second_factor_is_set_up_anew(
    casebook: Casebook, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    with pytest.raises(PersonNeeded, match="reset the account"):
        casebook.accounts(key=b"another").check_second_factor(
            user.number, phone.at(clock.now), place=None
        )
    with pytest.raises(WrongUsage, match="CPLI_WORKLIST__SECRET_KEY"):
        casebook.accounts().begin_second_factor(user.number)
