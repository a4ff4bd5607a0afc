"""One's own account, and what administrators do to those of others."""

import re

import pytest
from filling import send
from flask import Flask
from flask.testing import FlaskClient
from signed import GOOD, account, client_of, with_password

from casebook.store import Casebook
from schemas.accounts import Role, Seen, User

CODE = re.compile(r"\b[A-Z2-9]{5}(?:-[A-Z2-9]{5}){3}\b")
NEW = "seven silver otters whisper"
WORKER = {"name": "Kim Day", "role": "commissioning_worker", "council": "E06000017"}


@pytest.fixture
def chief(casebook: Casebook) -> User:
    """Return an administrator."""
    return account(casebook, Role.ADMINISTRATOR)


@pytest.fixture
def browser(app: Flask, chief: User) -> FlaskClient:
    """Return the administrator's browser."""
    return client_of(app, chief)


@pytest.fixture
def other(casebook: Casebook) -> User:
    """Return somebody else."""
    return with_password(casebook, account(casebook, Role.MANAGER, council="E06000016"))


def test_an_account_is_added_and_its_code_shown_once(
    casebook: Casebook, browser: FlaskClient, app: Flask
) -> None:
    email = "kim.day@example.gov.uk"
    done = send(browser, "/accounts/add", email=email, team="North", **WORKER)
    code = CODE.search(browser.get(done.location).text)[0]
    assert not CODE.search(browser.get(done.location).text)
    added = casebook.accounts().of(email).user
    assert (added.role, added.council, added.team) == (
        Role.COMMISSIONING_WORKER, "E06000017", "North",
    )  # fmt: skip
    theirs = app.test_client()
    send(theirs, "/sign-in/password", email=email, code=code, password=GOOD)
    assert casebook.accounts().check_password(email, GOOD, place=None)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"email": "nobody"}, "needs an email address"),
        ({"email": ""}, "Enter an email address"),
        ({"name": ""}, "Enter the name"),
        ({"role": "king"}, "Not a valid choice"),
        ({"council": "E99999999"}, "Not a valid choice"),
        ({"provider_id": "P0001"}, "no other account names a provider"),
        ({"name": "<script>alert(1)</script>", "role": ""}, "Choose a role"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_and_what_was_typed_stays(
    browser: FlaskClient, said: dict[str, str], wrong: str
) -> None:
    page = send(browser, "/accounts/add", **({"email": "a@example.gov.uk"} | WORKER | said)).text
    assert wrong in page
    assert "Error: Add an account" in page
    assert "<script>alert" not in page


def test_an_account_is_changed(casebook: Casebook, browser: FlaskClient, other: User) -> None:
    path = f"/accounts/{other.number}/change"
    assert f'value="{other.name}"' in browser.get(path).text
    assert send(browser, path, **WORKER).location == f"/accounts/{other.number}"
    changed = casebook.accounts().account(other.number).user
    assert (changed.email, changed.name, changed.council) == (other.email, "Kim Day", "E06000017")


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("disable", Seen.ACCOUNT_DISABLED),
        ("enable", Seen.ACCOUNT_ENABLED),
        ("unlock", Seen.ACCOUNT_UNLOCKED),
        ("sign-out", Seen.SESSIONS_ENDED),
        ("reset", Seen.ACCOUNT_RESET),
    ],
)
def test_an_administrators_deeds_are_done_and_on_record_with_who_and_from_where(
    casebook: Casebook, app: Flask, browser: FlaskClient, chief: User, other: User,
    deed: str, what: Seen,
) -> None:  # fmt: skip
    theirs = client_of(app, other)
    at = f"/accounts/{other.number}"
    done = send(browser, f"{at}/{deed}", on=at)
    assert done.location == at
    assert bool(CODE.search(browser.get(at).text)) is (deed == "reset")
    ended = deed in {"disable", "sign-out", "reset"}
    assert theirs.get("/account").status_code == (302 if ended else 200)
    last = casebook.audit().history_of_account(other.number)[-1].entry
    assert (last.what, last.by.who, last.by.place) == (what, chief.email, "127.0.0.1")


@pytest.mark.parametrize("deed", ["disable", "reset"])
def test_nobody_shuts_themselves_out(browser: FlaskClient, chief: User, deed: str) -> None:
    at = f"/accounts/{chief.number}"
    assert send(browser, f"{at}/{deed}", on=at).status_code == 403
    assert browser.get(f"{at}/change").status_code == 403
    assert send(browser, f"{at}/sign-out", on=at).status_code == 302
    assert browser.get(at).status_code == 200


def test_a_council_account_is_its_councils_to_change(
    casebook: Casebook, browser: FlaskClient
) -> None:
    kim = User(number=0, email="kim.may@example.gov.uk", name="Kim May", role=Role.MANAGER)
    kim = casebook.accounts().of_council("issuer#kim", kim, place=None)
    at = f"/accounts/{kim.number}"
    assert "council account" in browser.get(at).text
    assert browser.get(f"{at}/change").status_code == 403
    assert send(browser, f"{at}/reset", on=at).status_code == 403
    assert client_of(browser.application, kim).get("/account/password").status_code == 404


def test_an_account_or_a_deed_that_is_not_there_is_a_page_that_is_not_there(
    browser: FlaskClient,
) -> None:
    for path in ("/accounts/100000", "/accounts/x", "/accounts/100000/change"):
        assert browser.get(path).status_code == 404
    assert send(browser, "/accounts/100000/disable", on="/accounts/add").status_code == 404
    assert send(browser, "/accounts/1/crown", on="/accounts/add").status_code == 404


def test_changing_ones_password_ends_the_other_sessions(
    casebook: Casebook, app: Flask, other: User
) -> None:
    here, there = client_of(app, other), client_of(app, other)
    wrong = send(here, "/account/password", old=NEW, password=NEW)
    assert "That is not your password" in wrong.text
    weak = send(here, "/account/password", old=GOOD, password="password1234")
    assert "easy to guess" in weak.text
    assert there.get("/account").status_code == 200
    assert send(here, "/account/password", old=GOOD, password=NEW).location == "/account"
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert casebook.accounts().check_password(other.email, NEW, place=None)


def test_ones_other_sessions_can_be_ended(app: Flask, other: User) -> None:
    here, there = client_of(app, other), client_of(app, other)
    page = here.get("/account").text
    assert page.count("(this browser)") == 1
    done = send(here, "/account/sign-out-elsewhere", on="/account")
    assert done.location == "/account"
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_names_are_shown_as_text(casebook: Casebook, browser: FlaskClient) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    account(casebook, Role.MANAGER, email="nasty@example.gov.uk", name=nasty, team=nasty)
    page = browser.get("/accounts").text
    assert nasty not in page
    assert "&lt;img src=x" in page
