"""A report in a real browser: anybody can read it, on a phone too, and it asks for nothing."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import browsing
import pytest
from browsing import WIDTHS, Opened
from nights.examples import LEICESTER, LEICESTERSHIRE, RUTLAND
from playwright.sync_api import Browser
from reports.told import account, casebook_of, measured, tell, tonight, withheld

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as started:
        yield started


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
    with browsing.opened(browser, folder / f"{stem}.html", WIDTHS[request.param]) as opened:
        yield opened


def test_axe_finds_nothing(opened: Opened):
    opened.insist_that_axe_finds_nothing()


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(opened: Opened, stem: str):
    opened.insist_that_it_asks_for_itself_alone(f"{stem}.html")


def test_nothing_is_wider_than_the_page(opened: Opened):
    opened.insist_that_nothing_is_wider_than_the_page()


def test_the_keyboard_reaches_the_skip_link_and_every_wide_table(opened: Opened):
    opened.insist_that_the_keyboard_reaches_every_wide_table()


def test_headings_are_in_order_and_every_link_leads_somewhere(opened: Opened):
    opened.insist_that_headings_are_in_order_and_links_lead_somewhere()


def test_every_chart_has_a_title_and_stands_with_its_figures(opened: Opened):
    charts = opened.page.locator("svg[role=img]")
    for chart in charts.all():
        ids = (chart.get_attribute("aria-labelledby") or "").split()
        named = [
            opened.page.locator(f"#{each}").evaluate("each => each.textContent") for each in ids
        ]
        assert len(named) == 2
        assert all(named)
