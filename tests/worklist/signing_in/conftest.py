"""A site over an empty record, by a clock that goes when told to."""

from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from signed import CHEAP, Clock, site

from casebook import passwords
from casebook.store import Casebook
from worklist.security import limiter

DAYS = count()


@pytest.fixture(autouse=True)
def cheap_and_patient(monkeypatch: pytest.MonkeyPatch, made: Flask) -> None:
    """Compare passwords at no cost, and count the tries of each test by themselves.

    They are counted from the first site on.
    """
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    passwords._nobodys.cache_clear()
    limiter.storage.reset()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Casebook:
    """Open an empty record for all tests of a module."""
    return Casebook.open(f"sqlite:///{tmp_path_factory.mktemp('site') / 'c.db'}")


@pytest.fixture
def clock() -> Clock:
    """Return a clock, a day later than that of the test before, whose wrong tries are over."""
    clock = Clock()
    clock.goes_on(days=next(DAYS))
    return clock


@pytest.fixture
def casebook(opened: Casebook, clock: Clock) -> Casebook:
    """Return the record, by that clock. Each test has accounts of its own in it."""
    opened.clock = clock
    return opened


@pytest.fixture(scope="module")
def made(opened: Casebook, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Make the site once for a module."""
    return site(opened, tmp_path_factory.mktemp("out"))


@pytest.fixture
def app(made: Flask, casebook: Casebook, clock: Clock) -> Flask:
    """Return the site, by the clock of the test."""
    made.session_interface.sessions.clock = clock
    return made


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """Return a browser in which nobody is signed in."""
    return app.test_client()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the folder of the nights."""
    return tmp_path
