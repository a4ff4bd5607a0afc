"""Tokens of programs: what they open, for how long, and that each is shown once."""

import pytest
from signed import BY, Clock, account

from casebook.store import Casebook
from casebook.tokens import Tokens
from schemas.accounts import Role, Seen, User
from schemas.errors import WrongUsage


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return the account that a case system acts for."""
    return account(casebook, Role.COMMISSIONING_WORKER, council="E06000017")


@pytest.fixture
def tokens(casebook: Casebook) -> Tokens:
    """Return the tokens."""
    return casebook.tokens()


def test_a_token_acts_for_its_account_until_its_time_is_over(
    tokens: Tokens, user: User, clock: Clock
) -> None:
    token, secret = tokens.issue(user.number, name=" Case system ", days=30, by=BY)
    assert tokens.user_of(secret) == user
    clock.goes_on(days=29.9)
    assert tokens.user_of(secret) == user
    clock.goes_on(days=0.1)
    assert tokens.user_of(secret) is None
    (kept,) = tokens.of_account(user.number)
    assert (kept.number, kept.name) == (token.number, "Case system")
    assert kept.last_used_at is not None


def test_a_token_that_was_revoked_opens_nothing_and_is_revoked_once(
    casebook: Casebook, tokens: Tokens, user: User
) -> None:
    token, secret = tokens.issue(user.number, name="Case system", days=30, by=BY)
    _, other = tokens.issue(user.number, name="Case system", days=30, by=BY)
    tokens.revoke(token.number, by=BY)
    assert tokens.user_of(secret) is None
    assert tokens.user_of(other) == user
    with pytest.raises(WrongUsage, match="revoked already"):
        tokens.revoke(token.number, by=BY)
    told = [each.entry.what for each in casebook.audit().history_of_account(user.number)]
    assert told[-3:] == [Seen.TOKEN_ISSUED, Seen.TOKEN_ISSUED, Seen.TOKEN_REVOKED]


def test_a_token_opens_nothing_while_its_account_is_disabled(
    casebook: Casebook, tokens: Tokens, user: User
) -> None:
    _, secret = tokens.issue(user.number, name="Case system", days=30, by=BY)
    casebook.accounts().disable(user.number, by=BY)
    assert tokens.user_of(secret) is None


@pytest.mark.parametrize("secret", ["", "cpli_", "cpli_x", "\udcff"])
def test_what_is_no_token_opens_nothing(tokens: Tokens, secret: str) -> None:
    assert tokens.user_of(secret) is None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_token_needs_a_name(tokens: Tokens, user: User, name: str) -> None:
    with pytest.raises(WrongUsage, match="needs a name"):
        tokens.issue(user.number, name=name, days=1, by=BY)


def test_a_token_needs_an_account(tokens: Tokens) -> None:
    with pytest.raises(WrongUsage, match="no such account"):
        tokens.issue(10_000, name="Case system", days=1, by=BY)
