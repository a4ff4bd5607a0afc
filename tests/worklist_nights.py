"""Nights of which gates hold something, the site over what they left, and who looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from feed.plain import without_prefect
from flask import Flask
from flask.testing import FlaskClient
from gates.site import FRIDAY, KEY, THURSDAY, Site
from signed import Clock, account, client_of, site

from casebook.store import Casebook
from cli.worklist import release_and_run_again
from flows.release import held_of
from schemas.accounts import Role, User
from schemas.gates import GateResult

GOOD, BAD = THURSDAY, FRIDAY


@dataclass(kw_only=True)
class Desk:
    """The site over two nights, who is signed in to it, and which nights it had run again."""

    nights: Site
    casebook: Casebook
    clock: Clock
    app: Flask
    run_again: list[date] = field(default_factory=list)
    clients: dict[tuple[Role, str | None], FlaskClient] = field(default_factory=dict)
    users: dict[tuple[Role, str | None], User] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Where the nights' folders lie."""
        return self.nights.out

    def browser(self, role: Role, council: str | None = None) -> FlaskClient:
        """Return the browser of somebody of a role, of one council or of all."""
        whose = role, council
        if whose not in self.clients:
            of_all = role is Role.ADMINISTRATOR
            self.users[whose] = account(self.casebook, role, council=None if of_all else council)
            self.clients[whose] = client_of(self.app, self.users[whose])
        return self.clients[whose]


def look(client: FlaskClient, address: str, *, status: int = 200) -> BeautifulSoup:
    """Return a page, once it was given with a status."""
    response = client.get(address)
    assert response.status_code == status, (address, response.status_code)
    return BeautifulSoup(response.get_data(as_text=True), "html.parser")


def said(page: BeautifulSoup) -> str:
    """Return all that stands in the middle of a page, in one line."""
    return " ".join(page.find("main").get_text(" ").split())


@contextmanager
def by_hand() -> Iterator[None]:
    """Have nights done without Prefect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", KEY)
        without_prefect(patch.setattr)
        yield


def desk_over(played: Site, home: Path) -> Desk:
    """Return the site over a copy of the nights."""
    nights = played.copy(home)
    clock = Clock()
    casebook = Casebook.open(f"sqlite:///{nights.out / 'casebook.db'}")
    casebook.clock = clock
    again: list[date] = []

    def held(as_of: date, owner: str) -> tuple[GateResult, ...]:
        return held_of(casebook, as_of, owner=owner)

    app = site(
        casebook,
        nights.out,
        held=held,
        release=partial(release_and_run_again, casebook, again.append),
        run_again=again.append,
    )
    return Desk(nights=nights, casebook=casebook, clock=clock, app=app, run_again=again)
