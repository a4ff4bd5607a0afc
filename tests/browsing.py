"""What is asked of every page in a real browser: anybody can read it, and it asks for nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

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
DEAD_LINKS = """[...document.querySelectorAll('a[href^="#"]')]
    .filter(each => !document.querySelector(each.hash)).map(each => each.hash)"""
HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => Number(each.tagName[1]))"


@dataclass
class Opened:
    """A page in the browser, with what it said and asked for while it was opened."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)

    def insist_that_axe_finds_nothing(self) -> None:
        found = Axe().run(self.page, options={"runOnly": LOOKED_FOR}).response
        assert len(found["passes"]) > 20
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []

    def insist_that_it_asks_for_itself_alone(self, name: str) -> None:
        self.page.wait_for_load_state("networkidle")
        assert self.said == []
        assert {url.rpartition("/")[2] for url in self.asked_for} == {name}

    def insist_that_nothing_is_wider_than_the_page(self) -> None:
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        assert self.page.evaluate(BEYOND_THE_EDGE) == []

    def insist_that_the_keyboard_reaches_every_wide_table(self) -> None:
        self.page.reload()
        self.page.keyboard.press("Tab")
        focused = "document.activeElement.textContent"
        assert self.page.evaluate(focused) == "Skip to main content"
        wide = self.page.locator(".app-scroll:visible")
        assert wide.count() > 0
        for region in wide.all():
            region.focus()
            assert region.evaluate("each => each === document.activeElement")
            assert region.get_attribute("role") == "region"

    def insist_that_headings_are_in_order_and_links_lead_somewhere(self) -> None:
        levels = self.page.evaluate(HEADINGS)
        assert levels.count(1) == 1
        assert all(below - above <= 1 for above, below in pairwise(levels))
        assert self.page.evaluate(DEAD_LINKS) == []


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed here")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, file: Path, width: int) -> Iterator[Opened]:
    """Open a file in a window of this width."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    opened = Opened(page=page)
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("request", lambda request: opened.asked_for.append(request.url))
    page.goto(file.as_uri())
    yield opened
    page.close()
