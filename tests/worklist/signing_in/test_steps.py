"""Signing in step by step: what each needs, what nobody can skip, plant or use twice."""

import logging
import re

import pyotp
import pytest
from filling import send
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from signed import BY, GOOD, KEY, SECURE, Clock, account, client_of, site, with_password

from casebook.store import Casebook
from schemas.accounts import Role, Seen, User
from worklist.signing_in import own_path
from worklist.words import home_of

COOKIE = "cpli"
SECRET = re.compile(r'app-key">([A-Z2-7 ]+)<')
PAGES = ("/account", "/accounts", "/account/password")


@pytest.fixture
def user(casebook: Casebook) -> User:
    """Return an administrator with a password."""
    return with_password(casebook, account(casebook, Role.ADMINISTRATOR))


@pytest.fixture
def phone(casebook: Casebook, user: User, clock: Clock) -> pyotp.TOTP:
    """Return what makes the administrator's codes."""
    accounts = casebook.accounts(key=KEY.encode())
    made = pyotp.TOTP(accounts.begin_second_factor(user.number))
    accounts.check_second_factor(user.number, made.at(clock.now), place=None)
    clock.goes_on(minutes=5)
    return made


def session_id(browser: FlaskClient, name: str = COOKIE) -> str | None:
    found = browser.get_cookie(name)
    return found.value if found else None


def home(app: Flask) -> str:
    """Return where an administrator begins."""
    with app.test_request_context():
        return home_of(Role.ADMINISTRATOR)


def password_given(browser: FlaskClient, user: User, path: str = "/sign-in") -> None:
    assert send(browser, path, email=user.email, password=GOOD).status_code == 302


def test_a_first_password_a_second_factor_and_in(
    casebook: Casebook, browser: FlaskClient, clock: Clock
) -> None:
    user = account(casebook, Role.ADMINISTRATOR)
    code = casebook.accounts().reset(user.number, by=BY)
    done = send(browser, "/sign-in/password", email=user.email, code=code, password=GOOD)
    assert (done.status_code, done.location) == (302, "/sign-in")
    assert "Your password is set" in browser.get("/sign-in").text

    done = send(browser, "/sign-in?next=/accounts", email=user.email, password=GOOD)
    assert done.location == "/sign-in/set-up"
    page = browser.get("/sign-in/set-up").text
    assert browser.get("/sign-in/set-up/picture.svg").mimetype == "image/svg+xml"
    phone = pyotp.TOTP(SECRET.search(page)[1].replace(" ", ""))
    done = send(browser, "/sign-in/set-up", code=phone.at(clock.now))
    assert done.location == "/accounts"
    assert user.name in browser.get("/accounts").text
    assert browser.get("/sign-in").location == home(browser.application)
    assert browser.get("/sign-in/set-up/picture.svg").status_code == 404


def test_nothing_opens_before_the_second_factor_is_given(
    browser: FlaskClient, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    password_given(browser, user)
    for path in PAGES:
        assert browser.get(path).location.startswith("/sign-in?next=")
    assert browser.get("/sign-in/set-up").location == "/sign-in/code"
    assert browser.get("/sign-in/set-up/picture.svg").status_code == 404
    wrong = send(browser, "/sign-in/code", code="123")
    assert "The code is not right" in wrong.text
    assert browser.get("/account").status_code == 302
    assert send(browser, "/sign-in/code", code=phone.at(clock.now)).status_code == 302
    assert browser.get("/account").status_code == 200


def test_no_step_can_be_taken_out_of_turn(browser: FlaskClient) -> None:
    for path in ("/sign-in/code", "/sign-in/set-up"):
        assert browser.get(path).location == "/sign-in"
    assert browser.get("/sign-in/set-up/picture.svg").status_code == 404


def test_a_code_that_somebody_looked_over_a_shoulder_at_opens_nothing_more(
    app: Flask, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    first, second = app.test_client(), app.test_client()
    for browser in (first, second):
        password_given(browser, user)
    code = phone.at(clock.now)
    assert send(first, "/sign-in/code", code=code).status_code == 302
    assert "The code is not right" in send(second, "/sign-in/code", code=code).text
    assert second.get("/account").status_code == 302


def test_each_step_has_a_session_of_its_own_so_that_none_can_be_planted(
    app: Flask, user: User, phone: pyotp.TOTP, clock: Clock
) -> None:
    attacker, victim = app.test_client(), app.test_client()
    attacker.get("/sign-in")
    victim.set_cookie(COOKIE, session_id(attacker))
    ids = [session_id(attacker)]
    password_given(victim, user)
    ids.append(session_id(victim))
    send(victim, "/sign-in/code", code=phone.at(clock.now))
    ids.append(session_id(victim))
    assert len(set(ids)) == 3
    for each in ids[:2]:
        attacker.set_cookie(COOKIE, each)
        assert attacker.get("/account").status_code == 302
    assert victim.get("/account").status_code == 200


def test_an_id_that_a_browser_made_up_is_not_taken_over(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie(COOKIE, "made-up")
    browser.get("/sign-in")
    assert session_id(browser) not in (None, "made-up")


def test_signing_out_ends_the_session_wherever_its_id_is_kept(
    casebook: Casebook, app: Flask, user: User
) -> None:
    browser, thief = client_of(app, user), app.test_client()
    thief.set_cookie(COOKIE, session_id(browser))
    done = send(browser, "/sign-in/out", on="/account")
    assert done.location == "/sign-in?why=signed_out"
    assert "cookies" in done.headers["Clear-Site-Data"]
    assert "You have signed out" in browser.get(done.location).text
    assert browser.get("/account").status_code == 302
    assert thief.get("/account").status_code == 302
    assert casebook.audit().history_of_user(user.number)[-1].entry.what is Seen.SIGNED_OUT


@pytest.mark.parametrize(
    ("minutes", "why", "said"),
    [
        ([31], "idle", "had not used the worklist"),
        ([29] * 25, "too_long", "had lasted for long enough"),
    ],
)
def test_the_page_for_signing_in_says_why_a_session_is_over(
    app: Flask, user: User, clock: Clock, minutes: list[int], why: str, said: str
) -> None:
    browser = client_of(app, user)
    for each in minutes[:-1]:
        clock.goes_on(minutes=each)
        assert browser.get("/account").status_code == 200
    clock.goes_on(minutes=minutes[-1])
    done = browser.get("/account")
    assert f"why={why}" in done.location
    assert said in browser.get(done.location).text


def test_a_session_ends_with_the_account_and_changes_with_the_role(
    casebook: Casebook, app: Flask, user: User
) -> None:
    browser = client_of(app, user)
    assert browser.get("/accounts").status_code == 200
    lesser = User(number=user.number, email=user.email, name=user.name, role=Role.DATA_ENGINEER)
    casebook.accounts().change(lesser, by=BY)
    assert browser.get("/accounts").status_code == 403
    casebook.accounts().disable(user.number, by=BY)
    assert browser.get("/account").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example",
        "\\\\evil.example", "https:evil.example", "javascript:alert(1)", "/\t/evil.example",
        "/\n/evil.example", "/accounts\r\nSet-Cookie: a=b", "evil.example", "", " /accounts",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(
    app: Flask, user: User, phone: pyotp.TOTP, clock: Clock, path: str
) -> None:
    assert own_path(path) is None
    browser = app.test_client()
    page = browser.get("/sign-in", query_string={"next": path})
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    browser.post(
        "/sign-in",
        query_string={"next": path},
        data={"csrf_token": token, "email": user.email, "password": GOOD},
    )
    assert send(browser, "/sign-in/code", code=phone.at(clock.now)).location == home(app)
    assert browser.get("/sign-in", query_string={"next": path}).location == home(app)


@given(st.text(max_size=40))
def test_whatever_path_is_taken_begins_at_our_own_root(path: str) -> None:
    taken = own_path(path)
    if taken is not None:
        assert taken == path
        assert taken[0] == "/"
        assert taken[1:2] not in {"/", "\\"}


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/code", "/sign-in/password", "/sign-in/out", "/account/password"]
)
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_without_the_token_of_its_page_is_refused(
    app: Flask, user: User, path: str, token: str | None
) -> None:
    browser = client_of(app, user)
    browser.get("/account")
    data = {} if token is None else {"csrf_token": token}
    assert browser.post(path, data=data).status_code == 400


def test_a_form_with_the_token_of_another_session_is_refused(app: Flask, user: User) -> None:
    mine, theirs = client_of(app, user), app.test_client()
    token = re.search(r'value="([^"]+)"', theirs.get("/sign-in").text)[1]
    assert mine.post("/sign-in/out", data={"csrf_token": token}).status_code == 400


def test_over_https_the_cookie_is_for_this_host_alone_and_for_no_script(
    casebook: Casebook, out, user: User
) -> None:
    app = site(casebook, out, {"allow_plain_http": False})
    said = app.test_client().get("/sign-in", base_url=SECURE).headers["Set-Cookie"]
    parts = set(said.partition("; ")[2].split("; "))
    assert said.startswith("__Host-cpli=")
    assert parts == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_page_that_is_only_looked_at_writes_no_session(
    app: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_of(app, user)
    browser.get("/account")  # gets the token of its forms
    written: list[str] = []
    for name in ("begin", "keep", "_touch"):
        monkeypatch.setattr(
            app.session_interface.sessions, name, lambda *_, **__: written.append("")
        )
    assert "Set-Cookie" not in browser.get("/account").headers
    assert "Set-Cookie" not in app.test_client().get("/health/live").headers
    assert written == []


def test_one_address_is_made_to_wait(app: Flask) -> None:
    codes = [
        send(app.test_client(), "/sign-in", email="x@example.gov.uk", password="y").status_code
        for _ in range(31)
    ]
    assert codes == [200] * 30 + [429]


def test_no_secret_reaches_a_log(
    app: Flask, user: User, phone: pyotp.TOTP, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = app.test_client()
    password_given(browser, user)
    code = phone.at(clock.now)
    send(browser, "/sign-in/code", code=code)
    for secret in (GOOD, code, phone.secret, session_id(browser)):
        assert secret not in caplog.text


def test_whoever_needs_no_second_factor_is_let_in_by_the_password(
    casebook: Casebook, out, clock: Clock
) -> None:
    user = with_password(casebook, account(casebook, Role.ADMINISTRATOR))
    browser = site(casebook, out, {"totp_required": False}).test_client()
    done = send(browser, "/sign-in", email=user.email, password=GOOD)
    assert done.location == home(browser.application)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"password": "password1234"}, "easy to guess"),
        ({"code": "WRONG"}, "The code is not right"),
        ({"email": "nobody@example.gov.uk"}, "The code is not right"),
        ({"password": ""}, "Enter a new password"),
    ],
)
def test_what_is_wrong_with_a_first_password_is_said_and_nothing_typed_comes_back(
    casebook: Casebook, browser: FlaskClient, said: dict[str, str], wrong: str
) -> None:
    user = account(casebook, Role.MANAGER)
    code = casebook.accounts().reset(user.number, by=BY)
    right = {"email": user.email, "code": code, "password": GOOD}
    page = send(browser, "/sign-in/password", **(right | said)).text
    assert page.count(wrong) == 2
    assert "Error: Set your password" in page
    assert GOOD not in page
