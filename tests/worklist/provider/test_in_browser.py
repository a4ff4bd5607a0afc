"""Providers' pages in a real browser: their tasks, wide and narrow, with a script and without."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import pytest
from browsing import WIDTHS, Opened, chromium
from flask import Flask
from folders.canonical import csv_bytes
from playwright.sync_api import Browser, Page
from signed import client_of
from werkzeug.serving import WSGIRequestHandler, make_server

from casebook.store import Casebook
from schemas.accounts import User
from schemas.tables import CASELOAD


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Silent(WSGIRequestHandler):
    """Writes nothing down."""

    def log(self, *_: Any) -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the site and return where."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def insist(page: Page) -> None:
    """Insist that anybody can read a page, on any screen."""
    shown = Opened(page=page)
    shown.insist_that_axe_finds_nothing()
    shown.insist_that_nothing_is_wider_than_the_page()
    shown.insist_that_headings_are_in_order_and_links_lead_somewhere()


def write_day(page: Page, *day: str) -> None:
    boxes = [page.get_by_label(name, exact=True) for name in ("Day", "Month", "Year")]
    for box, text in zip(boxes, day, strict=True):
        box.locator("visible=true").first.fill(text)


@dataclass(kw_only=True)
class Provider:
    """Somebody of a provider at the browser."""

    page: Page
    looks: bool
    listed: bytes

    def look(self) -> None:
        """Have a look at the page, which takes a script."""
        if self.looks:
            insist(self.page)

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def press(self, name: str, then: str) -> None:
        """Press a button and look at what comes."""
        self.page.get_by_role("button", name=name).click()
        self.page.get_by_text(then).first.wait_for()
        self.look()

    def answers(self) -> None:
        """Answer a question, after a slip, and another one."""
        self.go("/questions")
        self.press("Answer the first question", "Anything else the council should know")
        self.page.get_by_label("Yes, we support this person").check()
        self.press("Send your answer", "There is a problem")
        write_day(self.page, "1", "5", "2026")
        self.press("Send your answer", "Thank you.")
        self.press("Answer the next question", "Anything else the council should know")
        self.page.get_by_label("Something else").check()
        self.page.get_by_label("Anything else the council should know").fill("She is away.")
        self.press("Send your answer", "There are 3 questions")

    def sends_lists(self) -> None:
        """Send one that cannot be used, and one that can."""
        for content in (b"Name,Service\nx,y\n", self.listed):
            file = {"name": "list.csv", "mimeType": "text/csv", "buffer": content}
            self.go("/lists")
            self.page.get_by_label("Your list", exact=True).set_input_files(files=[file])
            write_day(self.page, "20", "11", "2026")
            self.press("Send your list", "You sent it on")
        assert self.page.locator("h1").inner_text() == "We have your list of 20 November 2026"
        self.go("/lists")

    def takes_its_notice(self) -> str:
        """Download a notice, and return what it is called."""
        self.go("/notices")
        with self.page.expect_download() as taken:
            self.page.get_by_role("link", name="PDF").click()
        return taken.value.suggested_filename


@pytest.mark.parametrize(
    ("width", "script"),
    [(WIDTHS["desktop"], True), (WIDTHS["phone"], True), (WIDTHS["phone"], False)],
)
def test_a_provider_answers_sends_its_list_and_takes_its_notice(
    app: Flask,
    casebook: Casebook,
    user_of: Callable[[str], User],
    night: Any,
    browser: Browser,
    width: int,
    script: bool,
) -> None:
    """With a script and without, on a desk and on a phone; axe finds nothing."""
    cookie = client_of(app, user_of("P1")).get_cookie(app.config["SESSION_COOKIE_NAME"])
    faults: list[str] = []
    with served(app) as base:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, base_url=base
        )
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        provider = Provider(page=page, looks=script, listed=csv_bytes(night.listed, CASELOAD.all))
        provider.answers()
        provider.sends_lists()
        assert provider.takes_its_notice() == "P1_notice_2026-11-20.pdf"
        context.close()
    assert faults == []
    assert [upload.kept for upload in casebook.uploads().latest("P1")] == [True, False]
