"""Whoever guesses passwords learns nothing of accounts and gets no further than the limits say."""

import time
from itertools import count

import pytest
from filling import send
from flask import Flask
from flask.testing import FlaskClient
from signed import BY, CHEAP, GOOD, account, client_of, with_password
from sweeping import World, token_of, told

from casebook import passwords
from casebook.accounts import TRIES, TRIES_FROM_A_PLACE
from schemas.accounts import Role, User

PLACES = count(1)
WRONG = "not the password at all"


def somebody(world: World) -> User:
    return with_password(world.casebook, account(world.casebook, Role.TEAM_LEAD))


def from_a_place(app: Flask, place: str | None = None) -> FlaskClient:
    """Return a browser at an address that nobody has used before."""
    browser = app.test_client()
    number = next(PLACES)
    browser.environ_base["REMOTE_ADDR"] = place or f"10.9.{number // 250}.{number % 250 + 1}"
    return browser


def tries(browser: FlaskClient, email: str, password: str = WRONG) -> tuple[int, str]:
    """Return the status of a try, and where it leads."""
    answer = send(browser, "/sign-in", email=email, password=password)
    return answer.status_code, answer.location or ""


@pytest.mark.usefixtures("patient")
def test_one_account_is_locked_after_five_wrong_tries_from_wherever_they_come(world: World) -> None:
    user = somebody(world)
    for _ in range(TRIES):
        assert tries(from_a_place(world.app), user.email)[0] == 200
    assert tries(from_a_place(world.app), user.email, GOOD) == (200, "")
    world.casebook.accounts().unlock(user.number, by=BY)
    assert tries(from_a_place(world.app), user.email, GOOD)[0] == 302


@pytest.mark.usefixtures("patient")
def test_one_password_for_many_accounts_from_one_address_is_stopped(world: World) -> None:
    users = [account(world.casebook, Role.TEAM_LEAD) for _ in range(TRIES_FROM_A_PLACE)]
    right = somebody(world)
    place = "10.8.0.1"
    for user in users:
        assert tries(from_a_place(world.app, place), user.email)[0] == 200
    assert tries(from_a_place(world.app, place), right.email, GOOD)[0] == 429
    assert tries(from_a_place(world.app), right.email, GOOD)[0] == 302


def test_one_address_may_try_so_often_in_a_minute(world: World) -> None:
    browser = from_a_place(world.app)
    statuses = [tries(browser, f"nobody.{n}@example.gov.uk")[0] for n in range(31)]
    assert statuses[-1] == 429


def test_a_header_makes_nobody_somebody_else_for_the_limits(world: World) -> None:
    browser = from_a_place(world.app)
    fields = {"csrf_token": token_of(browser, None), "email": "a@b.example", "password": WRONG}
    statuses = [
        browser.post(
            "/sign-in", data=fields, headers={"X-Forwarded-For": f"10.7.0.{number}"}
        ).status_code
        for number in range(1, 32)
    ]
    assert statuses[0] == 200
    assert statuses[-1] == 429


@pytest.mark.usefixtures("patient")
def test_no_answer_tells_which_accounts_exist(world: World) -> None:
    known, locked, disabled = somebody(world), somebody(world), somebody(world)
    without = account(world.casebook, Role.TEAM_LEAD)
    for _ in range(TRIES):
        tries(from_a_place(world.app), locked.email)
    world.casebook.accounts().disable(disabled.number, by=BY)
    emails = [each.email for each in (known, locked, disabled, without)]
    answers = set()
    for email in (*emails, "nobody.at.all@example.gov.uk"):
        for path, more in (
            ("/sign-in", {}),
            ("/sign-in/password", {"code": "ABCD-EFGH-JKLM"}),
        ):
            browser = from_a_place(world.app)
            answer = send(browser, path, email=email, password=WRONG, **more)
            status, location, text = told(answer)
            answers.add((path, status, location, text.replace(email, "EMAIL")))
    assert len(answers) == 2


@pytest.mark.usefixtures("patient")
def test_it_takes_as_long_to_turn_away_nobody_as_somebody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    right = passwords.HASHER.verify

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(CHEAP, name)

        def verify(self, *args: object) -> object:
            compared.append(1)
            return right(*args)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    known, locked = somebody(world), somebody(world)
    for _ in range(TRIES):
        tries(from_a_place(world.app), locked.email)
    each = []
    for email in (known.email, locked.email, "nobody.at.all@example.gov.uk"):
        compared.clear()
        began = time.perf_counter()
        tries(from_a_place(world.app), email)
        each.append((len(compared), time.perf_counter() - began))
    assert {number for number, _ in each} == {1}
    assert max(seconds for _, seconds in each) < 20 * min(seconds for _, seconds in each)


@pytest.mark.usefixtures("patient")
def test_ones_own_old_password_cannot_be_guessed_from_a_stolen_session(world: World) -> None:
    user = somebody(world)
    browser = client_of(world.app, user)
    for number in range(TRIES):
        sent = {"old": f"{WRONG} {number}", "password": "seven other words hum nightly"}
        answer = send(browser, "/account/password", **sent)
        assert answer.status_code == 200
    sent = {"old": GOOD, "password": "seven other words hum nightly"}
    assert send(browser, "/account/password", **sent).status_code == 200
