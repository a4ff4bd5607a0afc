"""The worklist at an address, and the windows of a real browser in which people use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from browsing import Opened
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from signed import account, client_of
from werkzeug.serving import WSGIRequestHandler
from worklist_record import open_cases

from casebook.store import Casebook
from schemas.accounts import Role, User
from schemas.vocabularies import DiscrepancyType

LEICESTERSHIRE = "E10000018"
OF_PEOPLE = frozenset(
    {
        DiscrepancyType.SUPPORT_NOT_REPORTED.value,
        DiscrepancyType.CPLI_NOT_FOUND.value,
        DiscrepancyType.SUPPORT_AFTER_END.value,
    }
)
"""Kinds of differences about a person whom a provider can be asked about."""


class Silent(WSGIRequestHandler):
    """Writes nothing down."""

    def log(self, *_: Any) -> None:
        pass


@dataclass(kw_only=True)
class Town:
    """The site at its address, its record, and a browser."""

    app: Flask
    casebook: Casebook
    address: str
    browser: Browser
    released: list[tuple[Any, ...]]

    def somebody(self, role: Role, **about: Any) -> User:
        """Add an account: of the council in which there is most to do, or of its provider."""
        if role is Role.PROVIDER_USER:
            open_now = open_cases(self.casebook, council=LEICESTERSHIRE)
            busiest = Counter(each["provider_id"] for each in open_now).most_common(1)[0][0]
            return account(self.casebook, role, **{"provider_id": busiest, **about})
        return account(self.casebook, role, **{"council": LEICESTERSHIRE, **about})

    def untouched(self, number: int = 0) -> str:
        """Return an open case of a person, which nobody has acted on."""
        cases = open_cases(self.casebook, council=LEICESTERSHIRE)
        fitting = [
            each
            for each in cases
            if each["type"] in OF_PEOPLE and each["state"] == "open" and each["person_id"]
        ]
        return str(fitting[number]["discrepancy_id"])

    @contextmanager
    def window(
        self, user: User | None = None, *, width: int = 1280, script: bool = True
    ) -> Iterator[Page]:
        """Open a window, in which somebody is signed in; nothing may go wrong in it."""
        context: BrowserContext = self.browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            base_url=self.address,
        )
        context.set_default_timeout(10_000)
        if user is not None:
            name = self.app.config["SESSION_COOKIE_NAME"]
            cookie = client_of(self.app, user).get_cookie(name)
            context.add_cookies([{"name": name, "value": cookie.value, "url": self.address}])
        page, strangers, faults = context.new_page(), list[str](), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if "Failed to load" not in said.text else None,
        )
        page.on(
            "request",
            lambda asked: (
                strangers.append(asked.url) if not asked.url.startswith(self.address) else None
            ),
        )
        yield page
        context.close()
        assert strangers == []
        assert faults == []


def insist(page: Page) -> None:
    """Insist that anybody can read a page, at the width that it has and at the narrowest."""
    shown, size = Opened(page=page), page.viewport_size
    assert size is not None
    for width in sorted({size["width"], 320}):
        page.set_viewport_size({"width": width, "height": 900})
        shown.insist_that_axe_finds_nothing()
        shown.insist_that_nothing_is_wider_than_the_page()
    page.set_viewport_size(size)
    shown.insist_that_headings_are_in_order_and_links_lead_somewhere()
