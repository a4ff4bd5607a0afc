"""Council databases: a SQLite file, and a PostgreSQL server of the tests' own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from council import Council
from servers import postgres


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[Council]:
    """A council with an empty PostgreSQL database."""
    with postgres.empty_database(postgresql_server) as url:
        yield Council(url)


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
