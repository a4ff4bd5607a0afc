"""One night over made-up people with whom everything goes wrong, and the site over its record."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from feed.plain import without_prefect
from flask import Flask
from flask.testing import FlaskClient
from providing import Page
from signed import account, client_of, site

from casebook.store import Casebook
from flows import nightly
from flows.origin import origin_of
from flows.outcome import FeedFacts
from population.generate import generate
from schemas.accounts import Role, User

AS_OF = date(2026, 11, 19)
LEICESTER, LEICESTERSHIRE, RUTLAND = "E06000016", "E10000018", "E06000017"
PEOPLE = 1_000
TEAM = "Charnwood"


@dataclass
class Clock:
    """The clock of the record, which goes when it is told to."""

    now: datetime = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do one night, and return the folder of its results."""
    home = tmp_path_factory.mktemp("cases")
    generate(home / "sources", people=PEOPLE, seed=1, as_of=AS_OF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
        without_prefect(patch.setattr)
        patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        patch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
        origin = origin_of(home / "sources", home / "out", config=None, as_of=AS_OF)
        nightly.in_order(origin, councils=())
    return home / "out"


@pytest.fixture
def clock() -> Clock:
    """Return the clock, on the Monday after the night."""
    return Clock()


@pytest.fixture
def casebook(night: Path, clock: Clock, tmp_path: Path) -> Casebook:
    """Return a copy of the record as the night left it."""
    shutil.copy(night / "casebook.db", tmp_path / "casebook.db")
    casebook = Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")
    casebook.clock = clock
    return casebook


@pytest.fixture
def app(casebook: Casebook, night: Path) -> Flask:
    """Return the site."""
    return site(casebook, night)


@dataclass
class Somebody:
    """Somebody at a browser."""

    user: User
    browser: FlaskClient

    def sees(self, path: str, status: int = 200) -> Page:
        """Load a page."""
        return Page(self.browser.get(path), status=status)

    def sends(self, path: str, page: Page, *, status: int = 303, **changes: object) -> Page:
        """Send the form of a page, with some of its fields changed."""
        return self.sends_fields(path, page.form(**changes), status=status)

    def sends_fields(self, path: str, fields: dict[str, object], *, status: int = 303) -> Page:
        """Send these fields."""
        return Page(self.browser.post(path, data=fields), status=status)


@pytest.fixture
def signs_in(app: Flask, casebook: Casebook) -> Callable[..., Somebody]:
    """Return what lets somebody of a role sign in."""

    def somebody(role: Role, **about: object) -> Somebody:
        user = account(casebook, role, **about)
        return Somebody(user=user, browser=client_of(app, user))

    return somebody


@pytest.fixture
def worker(signs_in: Callable[..., Somebody]) -> Somebody:
    """Return a worker of Leicestershire."""
    return signs_in(
        Role.COMMISSIONING_WORKER, council=LEICESTERSHIRE, team=TEAM, email="ann@leics.example"
    )


@pytest.fixture
def colleague(signs_in: Callable[..., Somebody]) -> Somebody:
    """Return another worker of Leicestershire."""
    return signs_in(Role.TEAM_LEAD, council=LEICESTERSHIRE, email="bea@leics.example")


@pytest.fixture
def manager(signs_in: Callable[..., Somebody]) -> Somebody:
    """Return a manager of Leicestershire."""
    return signs_in(Role.MANAGER, council=LEICESTERSHIRE)


@pytest.fixture
def region(signs_in: Callable[..., Somebody]) -> Somebody:
    """Return a team lead who works for all councils."""
    return signs_in(Role.TEAM_LEAD, email="region@llr.example")
