"""How a password is set by a code and changed, which are refused, and what is kept of secrets."""

from datetime import timedelta
from pathlib import Path

import pytest
from signed import BY, GOOD, KEY, Clock, account, with_password

from casebook.accounts import Accounts, SignInRefused
from casebook.passwords import WeakPassword, insist_on_strength
from casebook.store import Casebook
from casebook.web_sessions import WebSessions
from schemas.accounts import Role, User

NEW = "seven silver otters whisper"


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return somebody without a password."""
    return account(casebook, Role.TEAM_LEAD)


@pytest.fixture
def sessions(casebook: Casebook) -> WebSessions:
    """Return the sessions."""
    return casebook.web_sessions(idle=timedelta(minutes=30), longest=timedelta(hours=12))


def begun(sessions: WebSessions, user: User, *names: str) -> None:
    for name in names:
        sessions.begin(
            f"{user.number} {name}", "{}", account=user.number, signed_in=True, place=None
        )


def lasting(sessions: WebSessions, user: User) -> int:
    return len(sessions.of_account(user.number))


@pytest.mark.parametrize(
    "how", [str, str.lower, lambda code: code.replace("-", " "), "{}\n".format]
)
def test_a_code_sets_a_password_however_it_is_typed(accounts: Accounts, user: User, how) -> None:
    code = accounts.reset(user.number, by=BY)
    accounts.set_password(user.email, code=how(code), password=GOOD, place=None)
    assert accounts.check_password(user.email, GOOD, place=None).has_password


def test_a_code_works_once(accounts: Accounts, user: User) -> None:
    code = accounts.reset(user.number, by=BY)
    accounts.set_password(user.email, code=code, password=GOOD, place=None)
    with pytest.raises(SignInRefused, match="was used already"):
        accounts.set_password(user.email, code=code, password=NEW, place=None)
    assert accounts.check_password(user.email, GOOD, place=None)


def test_a_weak_password_does_not_use_up_the_code(accounts: Accounts, user: User) -> None:
    code = accounts.reset(user.number, by=BY)
    with pytest.raises(WeakPassword):
        accounts.set_password(user.email, code=code, password="password1234", place=None)
    accounts.set_password(user.email, code=code, password=GOOD, place=None)


@pytest.mark.parametrize(("hours", "works"), [(23.9, True), (24, False)])
def test_a_code_holds_for_a_day(
    accounts: Accounts, user: User, clock: Clock, hours: float, works: bool
) -> None:
    code = accounts.reset(user.number, by=BY)
    clock.goes_on(hours=hours)
    if works:
        accounts.set_password(user.email, code=code, password=GOOD, place=None)
    else:
        with pytest.raises(SignInRefused):
            accounts.set_password(user.email, code=code, password=GOOD, place=None)


def test_a_code_is_for_its_own_account_and_the_latest_counts(
    casebook: Casebook, accounts: Accounts, user: User
) -> None:
    other = account(casebook, Role.MANAGER)
    old, theirs = accounts.reset(user.number, by=BY), accounts.reset(other.number, by=BY)
    accounts.reset(user.number, by=BY)
    for code in (old, theirs, ""):
        with pytest.raises(SignInRefused):
            accounts.set_password(user.email, code=code, password=GOOD, place=None)


def test_a_reset_forgets_password_second_factor_and_sessions(
    casebook: Casebook, accounts: Accounts, sessions: WebSessions, user: User
) -> None:
    with_password(casebook, user)
    first = accounts.begin_second_factor(user.number)
    begun(sessions, user, "phone")
    accounts.reset(user.number, by=BY)
    with pytest.raises(SignInRefused):
        accounts.check_password(user.email, GOOD, place=None)
    assert accounts.begin_second_factor(user.number) != first
    assert lasting(sessions, user) == 0


def test_changing_a_password_ends_all_sessions_but_the_one_in_which_it_is_done(
    casebook: Casebook, accounts: Accounts, sessions: WebSessions, user: User
) -> None:
    with_password(casebook, user)
    begun(sessions, user, "here", "there", "elsewhere")
    here = sessions.of_account(user.number)[0].id_hash
    with pytest.raises(SignInRefused):
        accounts.change_password(user.number, old=NEW, new=NEW, place=None, but=here)
    assert lasting(sessions, user) == 3
    accounts.change_password(user.number, old=GOOD, new=NEW, place=None, but=here)
    assert [each.id_hash for each in sessions.of_account(user.number)] == [here]
    assert accounts.check_password(user.email, NEW, place=None)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short words", "12 to 128"),
        ("three words of " * 9, "12 to 128"),
        ("password1234", "easy to guess"),
        ("abcdefghijkl", "easy to guess"),
        ("Summer2026!!", "easy to guess"),
        ("Leicester2026!", "easy to guess"),
        ("jo.bell@example.gov.uk", "easy to guess"),
        ("my jo.bell@example.gov.uk and seven silver otters", "easy to guess"),
        ("JoBellJoBell", "easy to guess"),
    ],
)
def test_a_password_that_is_tried_early_is_refused(password: str, said: str) -> None:
    with pytest.raises(WeakPassword, match=said):
        insist_on_strength(password, email="jo.bell@example.gov.uk", name="Jo Bell")


@pytest.mark.parametrize("password", [GOOD, NEW, "x7#Kq9!vLm2$Rt", "ffloedd o'r môr dwfn iawn" * 5])
def test_a_password_that_nobody_would_try_is_taken(password: str) -> None:
    insist_on_strength(password, email="jo.bell@example.gov.uk", name="Jo Bell")


def test_whoever_reads_the_database_finds_nothing_that_opens(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    casebook = Casebook.open(f"sqlite:///{file}")
    accounts = casebook.accounts(key=KEY.encode())
    user = with_password(casebook, account(casebook, Role.MANAGER))
    totp = accounts.begin_second_factor(user.number)
    _, token = casebook.tokens().issue(user.number, name="a program", days=1, by=BY)
    code = accounts.reset(account(casebook, Role.MANAGER).number, by=BY)
    session_id = "an id of a session"
    casebook.web_sessions(idle=timedelta(1), longest=timedelta(1)).begin(
        session_id, "{}", account=user.number, signed_in=True, place=None
    )
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert user.email.encode() in kept
    for secret in (GOOD, totp, token, code, code.replace("-", ""), session_id):
        assert secret.encode() not in kept
