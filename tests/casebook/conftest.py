"""Databases for the record: a SQLite file, and a PostgreSQL server of the tests' own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import postgres
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from casebook.store import Casebook


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """Make an empty PostgreSQL database for one test."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


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
