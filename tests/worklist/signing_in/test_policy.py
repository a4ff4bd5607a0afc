"""Who may ask for what: the table, and that every request passes it."""

import pytest
from flask import Flask
from signed import BY, account, client_of, site

from casebook.store import Casebook
from schemas.accounts import Role
from worklist import policy
from worklist.policy import EVERYBODY, POLICY, may

OWN = ("/account", "/account/password")
ALL = ("/accounts", "/accounts/add", "/accounts/1", "/accounts/1/change", "/accounts/1/disable")


def test_a_page_that_the_policy_does_not_name_cannot_be_served(
    casebook: Casebook, out, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = {name: roles for name, roles in POLICY.items() if name != "accounts.add"}
    monkeypatch.setattr(policy, "POLICY", less)
    with pytest.raises(LookupError, match=r"accounts\.add"):
        site(casebook, out)


@pytest.mark.parametrize("role", [None, *Role])
def test_each_role_may_ask_for_its_own_pages_and_no_others(
    casebook: Casebook, app: Flask, role: Role | None
) -> None:
    user = account(casebook, role) if role else None
    browser = client_of(app, user)
    refused = 302 if role is None else 403
    assert browser.get(OWN[0]).status_code == (302 if role is None else 200)
    for path in ALL[:2]:
        expected = 200 if role is Role.ADMINISTRATOR else refused
        assert browser.get(path).status_code == expected, path
    if role is not Role.ADMINISTRATOR:
        for path in ALL[2:]:
            assert browser.get(path).status_code in {refused, 405}, path


def test_whoever_is_not_signed_in_comes_back_to_the_page_that_was_asked_for(app: Flask) -> None:
    browser = app.test_client()
    assert browser.get("/accounts?a=b").location == "/sign-in?next=/accounts?a%3Db"
    assert browser.get("/no-such-page").status_code == 404


def test_the_pages_for_everybody_are_those_for_signing_in_and_for_who_watches() -> None:
    open_to_all = {name for name, roles in POLICY.items() if roles == EVERYBODY}
    assert {name.partition(".")[0] for name in open_to_all} <= {
        *("static", "health", "signing_in", "api"),
    }
    assert not any(None in roles for roles in POLICY.values() if roles != EVERYBODY)


def test_of_a_page_that_is_not_there_nobody_may_ask() -> None:
    assert not may(Role.ADMINISTRATOR, "no.such")
    assert not may(None, "accounts.listed")


def test_a_browsers_session_counts_for_nothing_where_programs_ask_and_a_token_nowhere_else(
    casebook: Casebook, out, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = frozenset({Role.MANAGER})
    monkeypatch.setattr(policy, "POLICY", {**POLICY, "asked": workers})
    user = account(casebook, Role.MANAGER)
    guard = policy.guard

    def with_a_page_for_programs(app: Flask) -> None:
        app.add_url_rule("/api/asked", "asked", lambda: "yes")
        guard(app)

    monkeypatch.setattr(policy, "guard", with_a_page_for_programs)
    app = site(casebook, out)
    _, secret = casebook.tokens().issue(user.number, name="a program", days=1, by=BY)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client_of(app, user).get("/api/asked").status_code == 401
    assert app.test_client().get("/api/asked", headers=bearer).text == "yes"
    assert app.test_client().get("/account", headers=bearer).status_code == 302
    worker = account(casebook, Role.COMMISSIONING_WORKER)
    _, secret = casebook.tokens().issue(worker.number, name="a program", days=1, by=BY)
    wrong = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/asked", headers=wrong).status_code == 403
