"""Council databases: a SQLite file, and a PostgreSQL server of the tests' own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from council import Council
from servers import postgres
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[Council]:
    """A council with an empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
    url = make_url(postgresql_server).set(database=name)
    yield Council(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def sqlite(tmp_path: Path) -> Council:
    """A council with an empty SQLite file, in which readers and a writer go side by side."""
    council = Council(f"sqlite:///{tmp_path / 'finance.sqlite'}")
    council.do("PRAGMA journal_mode = WAL")
    return council


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def council(request: pytest.FixtureRequest) -> Council:
    """A council with a database of either kind in turn."""
    found: Council = request.getfixturevalue(request.param)
    return found
