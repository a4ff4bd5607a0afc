"""The page of the gates in a real browser: anybody can read it, on a phone too, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browsing
import pytest
from browsing import WIDTHS, Opened
from playwright.sync_api import Browser
from quality_page import nights

from publishing.quality.page import page_of
from publishing.templates import Templates

pytestmark = pytest.mark.browser
LONG = "Oakhouseandashtreeandelmcarehomes" * 4
NIGHTS = {
    "quiet": nights.quiet(),
    "bad": replace(nights.bad(), providers={"P0007": LONG, "P0011": "Elm Care " * 9}),
    "nothing": nights.nothing(),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as started:
        yield started


@pytest.fixture(params=NIGHTS, scope="module")
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gates") / f"{request.param}.html"
    file.write_bytes(page_of(NIGHTS[request.param], Templates()))
    return file


@pytest.fixture(params=WIDTHS, scope="module")
def opened(request: pytest.FixtureRequest, browser: Browser, file: Path) -> Iterator[Opened]:
    """Open a page as wide as a desk's screen and as narrow as a phone's, all of it unfolded."""
    with browsing.opened(browser, file, WIDTHS[request.param]) as opened:
        opened.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = 1)")
        yield opened


def test_axe_finds_nothing(opened: Opened):
    opened.insist_that_axe_finds_nothing()


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(opened: Opened, file: Path):
    opened.insist_that_it_asks_for_itself_alone(file.name)


def test_nothing_is_wider_than_the_page(opened: Opened):
    opened.insist_that_nothing_is_wider_than_the_page()


def test_headings_are_in_order_and_every_link_leads_somewhere(opened: Opened):
    opened.insist_that_headings_are_in_order_and_links_lead_somewhere()


def test_every_chart_is_told_in_words(opened: Opened):
    for chart in opened.page.locator("svg[role=img]").all():
        ids = (chart.get_attribute("aria-labelledby") or "").split()
        words = [
            opened.page.locator(f"#{each}").evaluate("each => each.textContent") for each in ids
        ]
        assert all(words or [chart.get_attribute("aria-label")])


@pytest.mark.parametrize("width", WIDTHS.values())
def test_the_keyboard_reaches_every_wide_table_that_is_shown(
    browser: Browser, tmp_path: Path, width: int
):
    file = tmp_path / "bad.html"
    file.write_bytes(page_of(NIGHTS["bad"], Templates()))
    with browsing.opened(browser, file, width) as opened:
        opened.insist_that_the_keyboard_reaches_every_wide_table()


def test_what_is_folded_on_the_screen_is_printed(browser: Browser, tmp_path: Path):
    file = tmp_path / "quiet.html"
    file.write_bytes(page_of(NIGHTS["quiet"], Templates()))
    with browsing.opened(browser, file, WIDTHS["desktop"]) as opened:
        table = opened.page.locator(".app-part table").first
        assert not table.is_visible()
        opened.page.emulate_media(media="print")
        assert table.is_visible()
