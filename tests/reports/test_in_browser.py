"""A report in a real browser: anybody can read it, on a phone too, and it asks for nothing."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND
from playwright.sync_api import Browser, Page, sync_playwright
from reports.told import account, casebook_of, measured, tell, tonight, withheld

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOOKED_FOR = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = {"desktop": 1280, "phone": 320}
BEYOND_THE_EDGE = """[...document.querySelectorAll("main *")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .filter(each => !each.closest(".app-scroll"))
    .map(each => each.outerHTML.slice(0, 80))"""


@dataclass
class Opened:
    """A page in the browser, with what it said and asked for while it was opened."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed here")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the pages of a night with ten weeks behind it, one of them without a night."""
    folder = tmp_path_factory.mktemp("pages")
    weeks = [number for number in range(10, 0, -1) if number != 4]
    before = [_earlier(tonight().as_of - timedelta(weeks=number), number) for number in weeks]
    names = {"P1": "Oak House " * 12, "P2": "E" * 90}
    casebook = casebook_of(folder, *before, tonight())
    for name, content in tell(casebook, tonight(), names=names, held_back=withheld()).files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return folder / "report"


def _earlier(as_of: date, number: int) -> Any:
    shares = measured(
        (LEICESTER, 100, number - 3.0, 12.0 + number, 0.9 - number / 40),
        (RUTLAND, 20, 1.0, 5.0, 0.7),
    )
    names = [f"missing {place}" for place in range(number)]
    columns = {"team": [f"Team {place} of the north and the west" for place in range(number)]}
    return account(as_of, *names, "details", frames={"timeliness": shares}, columns={
        "team": [*columns["team"], "T" * 80],
    })  # fmt: skip


@pytest.fixture(params=[LEICESTER, LEICESTERSHIRE, RUTLAND, "LLR"], scope="module")
def stem(request: pytest.FixtureRequest) -> str:
    """Name each report in turn."""
    return str(request.param)


@pytest.fixture(params=WIDTHS, scope="module")
def opened(
    request: pytest.FixtureRequest, browser: Browser, folder: Path, stem: str
) -> Iterator[Opened]:
    """Open a page as wide as a desk's screen, and as narrow as a phone's."""
    page = browser.new_page(viewport={"width": WIDTHS[request.param], "height": 900})
    opened = Opened(page=page)
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("request", lambda request: opened.asked_for.append(request.url))
    page.goto((folder / f"{stem}.html").as_uri())
    yield opened
    page.close()


def test_axe_finds_nothing(opened: Opened):
    found = Axe().run(opened.page, options={"runOnly": LOOKED_FOR}).response
    assert len(found["passes"]) > 20
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(opened: Opened, stem: str):
    opened.page.wait_for_load_state("networkidle")
    assert opened.said == []
    assert {url.rpartition("/")[2] for url in opened.asked_for} == {f"{stem}.html"}


def test_nothing_is_wider_than_the_page(opened: Opened):
    width = opened.page.viewport_size["width"]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(BEYOND_THE_EDGE) == []


def test_the_keyboard_reaches_the_skip_link_and_every_wide_table(opened: Opened):
    page = opened.page
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    wide = page.locator(".app-scroll")
    assert wide.count() > 0
    for region in wide.all():
        region.focus()
        assert region.evaluate("each => each === document.activeElement")
        assert region.get_attribute("role") == "region"


def test_headings_are_in_order_and_every_link_leads_somewhere(opened: Opened):
    levels = opened.page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3')].map(each => Number(each.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert (
        opened.page.evaluate(
            "[...document.querySelectorAll('a[href^=\"#\"]')]"
            ".filter(each => !document.querySelector(each.hash)).map(each => each.hash)"
        )
        == []
    )


def test_every_chart_has_a_title_and_stands_with_its_figures(opened: Opened):
    charts = opened.page.locator("svg[role=img]")
    for chart in charts.all():
        ids = (chart.get_attribute("aria-labelledby") or "").split()
        named = [
            opened.page.locator(f"#{each}").evaluate("each => each.textContent") for each in ids
        ]
        assert len(named) == 2
        assert all(named)
