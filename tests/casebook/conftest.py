"""Databases for the record: a SQLite file, and a PostgreSQL server of the tests' own."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from nights.copies import Copied, Templates
from servers import postgres

from casebook.store import Casebook


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """Make an empty PostgreSQL database for one test."""
    with postgres.empty_database(postgresql_server) as url:
        yield url


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)], scope="module"
)
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Name an empty database, of either kind in turn, for all tests of a module that only read."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'nights.sqlite'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgres.empty_database(server) as url:
            yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Name a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'record' / 'nights.sqlite'}"


@pytest.fixture(
    params=["sqlite_url", pytest.param("postgresql_url", marks=pytest.mark.server)],
    ids=["sqlite", "postgresql"],
)
def url(request: pytest.FixtureRequest) -> str:
    """Name an empty database, of either kind in turn."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def casebook(url: str) -> Casebook:
    """Open the record in an empty database."""
    return Casebook.open(url)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """Keep the SQLite files that are copied."""
    with ExitStack() as made:
        yield Templates(folder=tmp_path_factory.mktemp("templates"), server=None, made=made)


@pytest.fixture(scope="session")
def postgresql_templates(
    postgresql_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Templates]:
    """Keep the PostgreSQL databases that are copied."""
    with ExitStack() as made:
        folder = tmp_path_factory.getbasetemp()
        yield Templates(folder=folder, server=postgresql_server, made=made)


@pytest.fixture(
    params=["sqlite_templates", pytest.param("postgresql_templates", marks=pytest.mark.server)],
    ids=["sqlite", "postgresql"],
)
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copied]:
    """Return what gives a casebook that is built once and copied for each test."""
    templates: Templates = request.getfixturevalue(request.param)
    with ExitStack() as until:
        yield partial(templates.copy, folder=tmp_path, until=until)
