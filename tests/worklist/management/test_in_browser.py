"""The pages of managers and data engineers in a real browser: anybody can read and use them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import BEYOND_THE_EDGE, DEAD_LINKS, HEADINGS, LOOKED_FOR, WIDTHS, chromium
from folders.canonical import RUTLAND
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server
from worklist_nights import BAD, Desk

from schemas.accounts import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("management")]

NIGHT = f"/nights/{BAD}"
PAGES = (
    "/measures?period=all",
    "/nights",
    NIGHT,
    f"{NIGHT}/sources",
    f"{NIGHT}/refusals",
    f"{NIGHT}/gates",
    f"{NIGHT}/release/{RUTLAND}",
    "/outbox",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(looking: Desk) -> Iterator[str]:
    """Serve the site, and return where."""
    server = make_server("127.0.0.1", 0, looking.app, threaded=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture(params=WIDTHS.values(), ids=WIDTHS)
def page(
    request: pytest.FixtureRequest, browser: Browser, address: str, looking: Desk
) -> Iterator[Page]:
    """Return a window in which a manager of all councils is signed in."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    name = looking.app.config["SESSION_COOKIE_NAME"]
    cookie = looking.browser(Role.MANAGER).get_cookie(name)
    context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
    yield context.new_page()
    context.close()


def test_every_page_can_be_read_by_anybody(page: Page, address: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.status == 200, path
        found = Axe().run(page, options={"runOnly": LOOKED_FOR}).response
        assert len(found["passes"]) > 20
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        assert page.evaluate(BEYOND_THE_EDGE) == [], path
        levels = page.evaluate(HEADINGS)
        assert levels.count(1) == 1
        assert all(below - above <= 1 for above, below in pairwise(levels)), path
        assert page.evaluate(DEAD_LINKS) == []
        for region in page.locator(".app-scroll:visible").all():
            region.focus()
            assert region.evaluate("each => each === document.activeElement")
    assert said == []


def test_a_mistake_in_a_release_is_led_to(page: Page, address: str) -> None:
    page.goto(f"{address}{NIGHT}/release/{RUTLAND}")
    page.get_by_role("button", name="Release Rutland").click()
    summary = page.get_by_role("alert")
    summary.get_by_role("link", name="Say why the figures are right.").click()
    assert page.evaluate("document.activeElement.id") == "reason"
    assert Axe().run(page, options={"runOnly": LOOKED_FOR}).response["violations"] == []
