"""A council's own sign-in: what is asked of it, what it says that is believed, who gets in."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from servers import oidc
from servers.oidc import CLIENT, SECRET, Claims, Provider
from signed import BY, GOOD, account, site, with_password

from casebook.store import Casebook
from schemas.accounts import Role, User
from settings.worklist import Oidc
from worklist.oidc import NotLetIn, user_of

KIM = {
    "sub": "kim",
    "email": "Kim.Day@rutland.example.gov.uk",
    "name": "Kim Day",
    "groups": ["staff", "CPLI leads"],
}
BACK = "http://localhost/sign-in/council/back"
RUTLAND = "E06000017"
RULES = {
    "client_id": CLIENT,
    "roles": {"CPLI leads": "team_lead", "CPLI workers": "commissioning_worker"},
    "council": RUTLAND,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """Start a provider for a module."""
    with oidc.running(KIM) as provider:
        provider.back = BACK
        yield provider


@pytest.fixture
def provider(running: Provider) -> Iterator[Provider]:
    """Return a provider that says what is true, until the test makes it do otherwise."""
    running.person = dict(KIM)
    yield running
    running.behaves()


@pytest.fixture(scope="module")
def made(running: Provider, opened: Casebook, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Make a site for a council's staff."""
    rules = {"issuer": running.issuer, "client_secret": SECRET, **RULES}
    return site(opened, tmp_path_factory.mktemp("out"), {"oidc": rules})


def there_and_back(browser: FlaskClient, path: str = "/sign-in/council") -> Any:
    """Go to the council's sign-in, come back, and return the page."""
    away = browser.get(path)
    assert away.status_code == 302, away.text
    return browser.get(answer(away.location))


def answer(address: str) -> str:
    """Return the path with which the council's sign-in sends somebody back."""
    sent = httpx.get(address)
    assert sent.status_code == 302, sent.text
    assert sent.headers["Location"].startswith(f"{BACK}?")
    return sent.headers["Location"].removeprefix("http://localhost")


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def test_who_works_for_a_council_signs_in_there_and_has_an_account_here(
    casebook: Casebook, browser: FlaskClient, provider: Provider
) -> None:
    assert "Sign in with your council account" in browser.get("/sign-in").text
    done = there_and_back(browser, "/sign-in/council?next=/account")
    assert (done.status_code, done.location) == (302, "/account")
    user = casebook.accounts().of(KIM["email"]).user
    assert (user.name, user.role, user.council) == ("Kim Day", Role.TEAM_LEAD, RUTLAND)
    assert is_in(browser)
    (asked,) = provider.asked[-1:]
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}


def test_coming_back_begins_a_session_of_its_own(app: Flask, provider: Provider) -> None:
    browser = app.test_client()
    away = browser.get("/sign-in/council")
    before = browser.get_cookie("cpli").value
    browser.get(answer(away.location))
    assert browser.get_cookie("cpli").value != before
    browser.set_cookie("cpli", before)
    assert not is_in(browser)


def test_what_the_council_says_goes_for_the_account_each_time(
    casebook: Casebook, app: Flask, provider: Provider
) -> None:
    there_and_back(app.test_client())
    provider.person["groups"] = ["CPLI workers"]
    browser = app.test_client()
    there_and_back(browser)
    assert casebook.accounts().of(KIM["email"]).user.role is Role.COMMISSIONING_WORKER
    provider.person["groups"] = ["staff"]
    refused = there_and_back(app.test_client())
    assert refused.status_code == 403
    assert "has not given you a role" in refused.text


def changed(**claims: Any) -> Callable[[Claims], Claims]:
    def spoil(said: Claims) -> Claims:
        return {name: value for name, value in (said | claims).items() if value is not None}

    return spoil


HOUR = 3600
FALSE_CLAIMS = {
    "another issuer": changed(iss="https://evil.example"),
    "no issuer": changed(iss=None),
    "for another site": changed(aud="another"),
    "for another site, by us": changed(aud="another", azp=CLIENT),
    "for others too": changed(aud=["another", "third"]),
    "for nobody": changed(aud=None),
    "too old": lambda said: said | {"exp": int(time.time()) - HOUR, "iat": int(time.time()) - HOUR},
    "without an end": changed(exp=None),
    "not yet": lambda said: said | {"nbf": int(time.time()) + HOUR},
    "another nonce": changed(nonce="another"),
    "no nonce": changed(nonce=None),
    "nobody": changed(sub=None),
    "an empty name": changed(sub=""),
    "a number": changed(sub=7),
}


@pytest.mark.parametrize("spoil", FALSE_CLAIMS.values(), ids=FALSE_CLAIMS.keys())
def test_a_token_that_is_not_for_us_here_and_now_is_not_believed(
    browser: FlaskClient, provider: Provider, spoil: Callable[[Claims], Claims]
) -> None:
    provider.spoil = spoil
    refused = there_and_back(browser)
    assert refused.status_code == 403
    assert "could not be completed" in refused.text
    assert not is_in(browser)


def test_an_answer_that_does_not_say_who_it_is_lets_nobody_in(
    browser: FlaskClient, provider: Provider
) -> None:
    provider.silent = True
    assert there_and_back(browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize(
    "signed",
    [oidc.signed_by_nobody, oidc.signed_by_somebody_else, oidc.signed_with_the_public_key],
)
@pytest.mark.parametrize("offers", [("RS256",), ("RS256", "HS256", "none")])
def test_a_token_that_the_councils_own_key_has_not_signed_is_not_believed(
    app: Flask, running: Provider, casebook: Casebook, out, provider: Provider, signed, offers
) -> None:
    rules = {"issuer": running.issuer, "client_secret": SECRET, **RULES}
    provider.offers, provider.signed = offers, signed
    browser = site(casebook, out, {"oidc": rules}).test_client()  # has read nothing of it yet
    assert there_and_back(browser).status_code == 403
    assert not is_in(browser)


def test_an_answer_is_for_the_browser_that_asked_and_works_once(
    app: Flask, provider: Provider
) -> None:
    attacker, victim = app.test_client(), app.test_client()
    path = answer(attacker.get("/sign-in/council").location)
    victim.get("/sign-in/council")
    assert victim.get(path).status_code == 403
    assert not is_in(victim)
    assert attacker.get(path).status_code == 302
    assert attacker.get(path).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied&state=x"]
)
def test_an_answer_that_nobody_asked_for_lets_nobody_in(browser: FlaskClient, query: str) -> None:
    refused = browser.get(f"/sign-in/council/back{query}")
    assert refused.status_code == 403
    assert not is_in(browser)


def test_a_code_that_was_taken_by_somebody_else_fails_for_want_of_the_proof(
    app: Flask, provider: Provider
) -> None:
    attacker, victim = app.test_client(), app.test_client()
    stolen = parse_qs(urlsplit(answer(victim.get("/sign-in/council").location)).query)["code"][0]
    mine = parse_qs(urlsplit(attacker.get("/sign-in/council").location).query)["state"][0]
    refused = attacker.get("/sign-in/council/back", query_string={"code": stolen, "state": mine})
    assert refused.status_code == 403
    assert not is_in(attacker)


def test_an_account_with_a_password_is_not_opened_by_a_council(
    casebook: Casebook, browser: FlaskClient, provider: Provider
) -> None:
    chief = with_password(casebook, account(casebook, Role.ADMINISTRATOR))
    provider.person |= {"sub": "mallory", "email": chief.email}
    refused = there_and_back(browser)
    assert refused.status_code == 403
    assert "has an account with a password here" in refused.text
    assert not is_in(browser)
    assert casebook.accounts().check_password(chief.email, GOOD, place=None).user == chief


def test_who_is_disabled_here_does_not_get_in_from_there(
    casebook: Casebook, browser: FlaskClient, provider: Provider
) -> None:
    there_and_back(browser)
    number = casebook.accounts().of(KIM["email"]).user.number
    casebook.accounts().disable(number, by=BY)
    refused = there_and_back(browser)
    casebook.accounts().enable(number, by=BY)
    assert refused.status_code == 403
    assert "has been disabled" in refused.text


def test_a_sign_in_that_does_not_answer_is_said_to_and_nobodys_fault(
    casebook: Casebook, out, provider: Provider
) -> None:
    rules = {"issuer": provider.issuer, "client_secret": SECRET, **RULES}
    browser = site(casebook, out, {"oidc": rules}).test_client()
    provider.down = True
    refused = browser.get("/sign-in/council")
    assert refused.status_code == 503
    assert "does not answer" in refused.text
    provider.down = False
    away = browser.get("/sign-in/council")
    path = answer(away.location)
    provider.down = True
    assert browser.get(path).status_code in {403, 503}
    assert not is_in(browser)


def test_without_a_councils_sign_in_there_are_no_pages_for_it(casebook: Casebook, out) -> None:
    browser = site(casebook, out).test_client()
    for path in ("/sign-in/council", "/sign-in/council/back"):
        assert browser.get(path).status_code == 404
    assert "council account" not in browser.get("/sign-in").text


def test_the_address_to_come_back_to_is_the_one_that_is_set(
    casebook: Casebook, out, provider: Provider
) -> None:
    rules = {"issuer": provider.issuer, "client_secret": SECRET, **RULES}
    public = "https://worklist.example.gov.uk"
    app = site(casebook, out, {"oidc": rules, "public_url": public})
    away = app.test_client().get("/sign-in/council", headers={"Host": "evil.example"})
    (back,) = parse_qs(urlsplit(away.location).query)["redirect_uri"]
    assert back == f"{public}/sign-in/council/back"


BY_CLAIM = {
    "issuer": "https://login.example.gov.uk",
    "client_id": CLIENT,
    "roles": {"leads": "team_lead", "all": "manager", "keys": "administrator"},
    "council_claim": "org",
    "councils": {"rcc": RUTLAND, "llr": "all"},
    "team_claim": "team",
}


@pytest.mark.parametrize(
    ("claims", "becomes"),
    [
        ({"org": "rcc", "groups": "leads"}, (Role.TEAM_LEAD, RUTLAND, None)),
        ({"org": ["x", "rcc"], "groups": ["all", "leads"]}, (Role.TEAM_LEAD, RUTLAND, None)),
        ({"org": "llr", "groups": ["all"], "team": "North"}, (Role.MANAGER, None, "North")),
        ({"org": "llr", "groups": "keys"}, (Role.ADMINISTRATOR, None, None)),
        ({"org": "rcc", "groups": "keys"}, None),
        ({"org": "rcc", "groups": []}, None),
        ({"org": "rcc"}, None),
        ({"org": "rcc", "groups": {"leads": 1}}, None),
        ({"org": "other", "groups": "leads"}, None),
        ({"groups": "leads"}, None),
        ({"org": "rcc", "groups": "leads", "email": None}, None),
        ({"org": "rcc", "groups": "leads", "email_verified": False}, None),
    ],
)
def test_what_somebody_may_do_follows_from_claims_that_the_settings_know(
    claims: Claims, becomes: tuple[Role, str | None, str | None] | None
) -> None:
    rules = Oidc.model_validate(BY_CLAIM)
    said = {"sub": "kim", "email": "kim@example.gov.uk"} | claims
    if becomes is None:
        with pytest.raises(NotLetIn, match="has not given you a role"):
            user_of(said, rules)
    else:
        user: User = user_of(said, rules)
        assert (user.role, user.council, user.team) == becomes
