"""Signing in and looking after accounts in a real browser, on a desk and on a phone."""

import threading
from collections.abc import Iterator

import pyotp
import pytest
from browsing import WIDTHS, Opened, chromium
from flask import Flask
from playwright.sync_api import Browser, Page
from signed import BY, GOOD, Clock, account, client_of
from werkzeug.serving import make_server

from casebook.store import Casebook
from schemas.accounts import Role, User

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for a module."""
    with chromium() as started:
        yield started


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve the site."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def looked_at(page: Page, heading: str) -> None:
    """Insist that a page is there, and that everybody can use it."""
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").inner_text() == heading
    opened = Opened(page=page)
    opened.insist_that_axe_finds_nothing()
    opened.insist_that_nothing_is_wider_than_the_page()
    opened.insist_that_headings_are_in_order_and_links_lead_somewhere()


def first_signed_in(page: Page, user: User, code: str, clock: Clock) -> None:
    """Set the first password, sign in by it, and set up the second factor."""
    page.get_by_role("link", name="I was given a code").click()
    page.get_by_role("button", name="Set the password").click()
    looked_at(page, "Set your password")
    assert page.title().startswith("Error: ")
    page.get_by_label("Email address").fill(user.email)
    page.get_by_label("Code").fill(code)
    page.get_by_label("New password").fill(GOOD)
    page.get_by_role("button", name="Set the password").click()
    page.get_by_label("Email address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Continue").click()
    looked_at(page, "Set up your authenticator app")
    assert page.locator("img").evaluate("each => each.naturalWidth") > 100
    phone = pyotp.TOTP(page.locator(".app-key").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(phone.at(clock.now))
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize(
    "width",
    [pytest.param(WIDTHS["desktop"], marks=pytest.mark.slow), WIDTHS["phone"]],
    ids=["desktop", "phone"],
)
def test_somebody_new_comes_in_and_looks_around(
    casebook: Casebook, browser: Browser, address: str, clock: Clock, width: int
) -> None:
    user = account(casebook, Role.ADMINISTRATOR)
    code = casebook.accounts().reset(user.number, by=BY)
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    page.goto(f"{address}/accounts")
    looked_at(page, "Sign in")
    first_signed_in(page, user, code, clock)
    page.goto(f"{address}/accounts")
    looked_at(page, "Accounts")
    page.get_by_role("button", name="Add an account").click()
    looked_at(page, "Add an account")
    page.get_by_label("Email address").fill(f"{width}@example.gov.uk")
    page.get_by_label("Name").fill("Kim Day")
    page.get_by_label("Team lead").check()
    page.get_by_label("Council").select_option(label="Rutland")
    page.get_by_role("button", name="Save").click()
    looked_at(page, "Kim Day")
    page.goto(f"{address}/account")
    looked_at(page, "Your account")
    page.get_by_role("link", name="Change your password").click()
    looked_at(page, "Change your password")
    page.get_by_role("button", name="Sign out").click()
    assert "You have signed out" in page.locator("main").inner_text()
    assert [each for each in said if not each.startswith("Clear-Site-Data")] == []
    page.close()


def test_without_scripts_somebody_signs_in_all_the_same(
    casebook: Casebook, app: Flask, browser: Browser, address: str
) -> None:
    user: User = account(casebook, Role.ADMINISTRATOR)
    cookie = client_of(app, user).get_cookie("cpli")
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "cpli", "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/account")
    assert page.locator("h1").inner_text() == "Your account"
    page.get_by_role("button", name="Sign out").click()
    assert "You have signed out" in page.locator("main").inner_text()
    context.close()
