"""What every answer tells a browser to do and not to do, and where nobody can be sent to."""

from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest
from filling import send
from flask import Flask
from flask.testing import FlaskClient
from signed import BY, GOOD, SECURE, account, client_of, site, with_password
from sweeping import World, methods_of, roles
from werkzeug.test import TestResponse

from casebook.accounts import Accounts
from schemas.accounts import Role
from worklist.security import HSTS_SECONDS

COOKIE = "__Host-cpli"
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=1",
    "/\r\nSet-Cookie: x=1",
    "/\t/evil.example",
    "%2f%2fevil.example",
    "/%09/evil.example",
    " //evil.example",
    "/\u2028/evil.example",
    "http://localhost@evil.example/",
)


@pytest.fixture(scope="module")
def safe(world: World) -> Flask:
    """Return the site as it is served: over HTTPS alone."""
    return site(world.casebook, world.out, settings={"allow_plain_http": False})


def check(answer: TestResponse, *, static: bool = False) -> None:
    """See that an answer keeps scripts, frames, caches and addresses to where they belong."""
    headers, where = answer.headers, answer.request.path
    policy = headers["Content-Security-Policy"]
    rules = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert rules["default-src"] == "'none'", where
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'", where
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'", where
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["X-Frame-Options"] == "DENY", where
    assert headers["Referrer-Policy"] == "same-origin", where
    assert headers["Strict-Transport-Security"].startswith(f"max-age={HSTS_SECONDS}"), where
    assert static or headers["Cache-Control"] == "no-store", where
    assert "Server" not in headers
    for cookie in headers.getlist("Set-Cookie"):
        name, _, _ = cookie.partition("=")
        parts = {part.strip() for part in cookie.split(";")[1:]}
        assert name == COOKIE
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain") for part in parts)


def safely(app: Flask, world: World, role: Role | None) -> FlaskClient:
    """Return somebody's browser at the site as it is served."""
    browser = client_of(app, world.users[role] if role else None)
    if role:
        found = browser.get_cookie(COOKIE)
        assert found
        browser.set_cookie(COOKIE, found.value, secure=True)
    return browser


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(None, Role.PROVIDER_USER, Role.TEAM_LEAD))
def test_every_answer_says_what_a_browser_may_not_do(
    world: World, safe: Flask, role: Role | None
) -> None:
    browser, statuses = safely(safe, world, role), set()
    for rule in (*world.rules(), *world.rules(api=True)):
        for (path,) in world.addresses(rule, world.ours):
            for method in (*methods_of(rule), "OPTIONS", "PATCH"):
                answer = browser.open(path, method=method, base_url=SECURE, buffered=True)
                check(answer, static=rule.endpoint == "static")
                statuses.add(answer.status_code)
    for path in ("/nowhere", "/static/nowhere", "/api/v1/nowhere", "/static/../app.py", "/%00"):
        check(browser.get(path, base_url=SECURE), static=path.startswith("/static"))
    too_long = browser.post("/sign-in", data={"email": "x" * 600_000}, base_url=SECURE)
    assert too_long.status_code == 413
    check(too_long)
    assert {400, 404, 405} <= statuses


def test_a_fault_says_what_a_browser_may_not_do_and_nothing_of_itself(
    world: World, safe: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("Smith 9990000018")

    browser = safely(safe, world, Role.ADMINISTRATOR)
    monkeypatch.setattr(Accounts, "listed", breaks)
    monkeypatch.setattr(safe, "testing", False)
    answer = browser.get("/accounts", base_url=SECURE)
    assert answer.status_code == 500
    check(answer)
    assert "Smith" not in answer.text + caplog.text
    assert "RuntimeError in accounts.listed" in caplog.text


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_nowhere_but_to_the_site(world: World, wanted: str) -> None:
    for sent in (quote(wanted, safe=""), quote(quote(wanted, safe=""), safe="")):
        signed_in = client_of(world.app, world.users[Role.ADMINISTRATOR])
        answer = signed_in.get(f"/sign-in?next={sent}")
        where = urlsplit(answer.location)
        assert (where.scheme, where.netloc) == ("", ""), answer.location
        assert answer.location.startswith("/")
        assert not answer.location.startswith(("//", "/\\"))
        assert answer.headers.getlist("Set-Cookie") == []


def test_next_is_heeded_after_all_steps_and_only_where_it_is_ours(world: World) -> None:
    app = site(world.casebook, world.out, settings={"totp_required": False})
    user = with_password(world.casebook, account(world.casebook, Role.ADMINISTRATOR))
    for wanted, lands in (("/accounts", "/accounts"), ("//evil.example", "/outbox")):
        browser = app.test_client()
        done = send(browser, f"/sign-in?next={quote(wanted)}", email=user.email, password=GOOD)
        assert done.location == lands


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "/accounts", "X-Rewrite-URL": "/accounts"},
        {"X-HTTP-Method-Override": "POST"},
    ],
)
def test_no_header_that_anybody_can_send_leads_away_or_past_the_policy(
    world: World, headers: dict[str, str]
) -> None:
    # To another host no cookie is sent.
    for role in (None,) if "Host" in headers else (None, Role.PROVIDER_USER):
        browser = world.browser(role)
        for path in ("/", "/sign-in", "/accounts", "/questions", "/nowhere"):
            plain = browser.get(path)
            answer = browser.get(path, headers=headers)
            assert "evil" not in answer.text + str(answer.headers), path
            assert answer.status_code in {plain.status_code, 400}, path


def test_a_session_is_worth_what_its_account_is_worth_now(world: World) -> None:
    casebook = world.casebook
    user = account(casebook, Role.COMMISSIONING_WORKER, council=world.ours.council)
    browser = client_of(world.app, user)
    assert browser.get("/cases").status_code == 200
    changed = replace(user, council=world.theirs.council)
    casebook.accounts().change(changed, by=BY)
    assert browser.get(f"/cases/{world.ours.discrepancy_id}").status_code in {302, 404}
    changed = replace(user, role=Role.ADMINISTRATOR, council=None)
    casebook.accounts().change(changed, by=BY)
    assert browser.get("/cases").status_code in {302, 403}
    casebook.accounts().disable(user.number, by=BY)
    assert browser.get("/account").status_code == 302
    casebook.accounts().enable(user.number, by=BY)
    assert browser.get("/account").status_code == 302
