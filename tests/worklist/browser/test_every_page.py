"""Every page, as those who may see it find it: anybody can read it, on any screen, by any means."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
from signed import with_password
from windows import LEICESTERSHIRE, Town, insist
from worklist_record import open_cases

from schemas.accounts import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("worklist-browser")]

NIGHT = "/nights/2026-11-19"
FOCUSED = "document.activeElement"
SEEN = f"""() => {{ const each = {FOCUSED}, style = getComputedStyle(each);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
        || getComputedStyle(each.labels?.[0] ?? each, '::before').boxShadow !== 'none'; }}"""
WHERE = f"""() => {{ const each = {FOCUSED};
    return [each.tagName, each.id, each.getAttribute('name'), each.getAttribute('href'),
            each.textContent.trim().slice(0, 40)].join('|'); }}"""
REACHABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]):not([type=radio]), select, textarea, summary')]
    .filter(each => each.checkVisibility() && !each.disabled).length"""
PAGES = {
    Role.COMMISSIONING_WORKER: (
        "/home",
        "/cases",
        "/cases?choose=all",
        "/cases?settled=yes",
        "/cases?whose=mine&standing=breached",
        "/account",
        "/account/password",
        "/nowhere",
    ),
    Role.MANAGER: (
        "/measures?period=all",
        "/nights",
        NIGHT,
        f"{NIGHT}/sources",
        f"{NIGHT}/refusals",
        f"{NIGHT}/gates",
        f"{NIGHT}/release/{LEICESTERSHIRE}",
        "/outbox",
        "/accounts",
    ),
    Role.ADMINISTRATOR: ("/accounts", "/accounts/add", "/accounts/1", "/accounts/1/change"),
    Role.PROVIDER_USER: ("/questions", "/lists", "/notices"),
}
REFUSED = {"/nowhere": 404, "/accounts": 403}
ACTIONS = ("assign", "ask_provider", "ask_council", "accept", "answer", "note")


def look(page: Page, address: str, status: int = 200) -> None:
    """Open a page, and insist that anybody can use it."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == status, address
    insist(page)


@pytest.mark.slow
@pytest.mark.parametrize("role", PAGES)
def test_anybody_can_read_every_page_of_a_role(town: Town, role: Role) -> None:
    about = {} if role is Role.PROVIDER_USER else {"council": None}
    user = with_password(town.casebook, town.somebody(role, **about))
    with town.window(user) as page:
        for address in PAGES[role]:
            refused = REFUSED.get(address, 200) if role is not Role.ADMINISTRATOR else 200
            look(page, address, refused)


@pytest.mark.slow
def test_anybody_can_read_the_case_of_each_kind_and_the_form_of_each_step(town: Town) -> None:
    cases = open_cases(town.casebook, council=LEICESTERSHIRE)
    by_kind = {each["type"]: each["discrepancy_id"] for each in cases}
    assert len(by_kind) > 10
    with town.window(town.somebody(Role.COMMISSIONING_WORKER)) as page:
        for case in by_kind.values():
            look(page, f"/cases/{case}")
        case = town.untouched()
        for action in ACTIONS:
            look(page, f"/cases/{case}/{action}")
            page.locator("main form button").last.click()
            page.wait_for_load_state()
            insist(page)


def test_the_pages_of_a_worker_are_read_by_anybody_and_at_twice_the_size(town: Town) -> None:
    case = open_cases(town.casebook, council=LEICESTERSHIRE)[-1]["discrepancy_id"]
    with town.window(town.somebody(Role.COMMISSIONING_WORKER), width=640) as page:
        for address in ("/home", "/cases", f"/cases/{case}"):
            look(page, address)


def tabbed(page: Page) -> list[str]:
    """Go through a page by the tab key alone, and return where that led."""
    led: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate(f"{FOCUSED} === document.body"):
            return led
        assert page.evaluate(SEEN), page.evaluate(WHERE)
        led.append(page.evaluate(WHERE))
    raise AssertionError("the tab key never leaves the page")


def test_the_keyboard_alone_settles_a_case(town: Town) -> None:
    with town.window(town.somebody(Role.COMMISSIONING_WORKER)) as page:
        page.goto("/home")
        page.keyboard.press("Tab")
        assert "Skip to main content" in page.evaluate(WHERE)
        page.keyboard.press("Enter")
        assert page.evaluate(f"{FOCUSED}.id") == "main-content"

        page.goto(f"/cases/{town.untouched()}")
        led = tabbed(page)
        assert len(led) >= page.evaluate(REACHABLE)
        page.get_by_role("button", name="Settle", exact=True).focus()
        page.keyboard.press("Enter")
        page.locator(".govuk-error-summary").wait_for()
        assert page.evaluate(f"{FOCUSED}.className") == "govuk-error-summary"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert re.match(r"reason", page.evaluate(f"{FOCUSED}.id"))
        page.keyboard.press("Space")
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate(f"{FOCUSED}.textContent.trim()") == "Settle":
                break
        page.keyboard.press("Enter")
        page.get_by_text("Success").first.wait_for()
