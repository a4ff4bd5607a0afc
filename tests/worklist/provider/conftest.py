"""A night about two providers, whose people share no value, and the site over its record."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from feed.plain import without_prefect
from flask import Flask
from flask.testing import FlaskClient
from folders.canonical import LEICESTER, Row, entry
from folders.marked import marked
from notices.site import KEY, Site
from providing import Page
from signed import account, client_of, site

from casebook.store import Casebook
from cli.worklist import files_of_notice
from flows.outcome import FeedFacts
from flows.uploads import Inbox, Lists, inbox_of
from schemas.accounts import Role, User
from settings.settings import Settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A night that was done: its results, its settings, and the people by their provider."""

    out: Path
    settings: Settings
    people: dict[str, list[Row]]
    listed: list[Row]


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Do one night, in which each provider has differences of several kinds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", KEY)
        without_prefect(patch.setattr)
        patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        patch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
        of_site = Site(
            home=tmp_path_factory.mktemp("providers"),
            notices='contact = "care line, 0116 496 0000"\nfrequency = "nightly"',
            more='[worklist]\nupload_place = "caseloads"\n',
        )
        for provider in ("P1", "P2"):
            of_site.line(provider, listed=False)
            for changes in (
                {"start_date": "2026-02-20"},
                {"weekly_quantity": "21"},
                {"end_date": "2026-10-30"},
            ):
                row = of_site.line(provider, LEICESTER, listed=False)
                of_site.entries.setdefault(provider, []).append(entry(row, **changes))
            unknown = marked(50 if provider == "P1" else 60, provider_id=provider, cpli_id="")
            of_site.entries[provider].append(entry(unknown))
        assert of_site.night() == 0
        people = {
            provider: [row for row in of_site.lines if row["provider_id"] == provider]
            + of_site.entries[provider]
            for provider in ("P1", "P2")
        }
        return Night(
            out=of_site.out,
            settings=of_site.settings,
            people=people,
            listed=of_site.listed("P1"),
        )


@pytest.fixture
def casebook(night: Night, tmp_path: Path) -> Casebook:
    """Return a copy of the record as the night left it, on the Sunday after it."""
    shutil.copy(night.out / "casebook.db", tmp_path / "casebook.db")
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    casebook.clock = lambda: NOW
    return casebook


@pytest.fixture
def inbox(night: Night, tmp_path: Path) -> Inbox:
    """Return where lists go: a folder of this test alone, named and read as the settings say."""
    folder = tmp_path / "lists"
    folder.mkdir()
    configured = inbox_of(night.settings)
    assert configured is not None
    return Inbox(**vars(configured) | {"root": folder, "folder": folder})


@pytest.fixture
def app(casebook: Casebook, night: Night, inbox: Inbox) -> Flask:
    """Return the site."""
    return site(
        casebook,
        night.out,
        take_caseload=Lists(casebook=casebook, inbox=inbox).take,
        notice_files=partial(files_of_notice, casebook, night.settings, night.out),
    )


@pytest.fixture
def user_of(casebook: Casebook) -> Callable[[str], User]:
    """Return what adds a user of a provider."""
    return lambda provider: account(casebook, Role.PROVIDER_USER, provider_id=provider)


@pytest.fixture
def p1(app: Flask, user_of: Callable[[str], User]) -> FlaskClient:
    """Return the browser of somebody of P1."""
    return client_of(app, user_of("P1"))


@pytest.fixture
def p2(app: Flask, user_of: Callable[[str], User]) -> FlaskClient:
    """Return the browser of somebody of P2."""
    return client_of(app, user_of("P2"))


@pytest.fixture
def questions(p1: FlaskClient) -> Page:
    """Return the page of P1's questions."""
    return Page(p1.get("/questions"))
