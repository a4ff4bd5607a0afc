"""Opens the record's database, SQLite or PostgreSQL, and says how its transactions begin."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage

BUSY_SECONDS = 60.0
"""How long a transaction waits for another one that writes."""

# The first of the two numbers that name our advisory locks in a PostgreSQL database: a night that
# is being run, whose second number is its day, and the one transaction that may write.
RUN_LOCK = 20_740_001
WRITE_LOCK = 20_740_002


# Told to log everything, SQLAlchemy logs each statement, and each row that it reads. Ours are
# nobody's business.
LOGGING_NAME = "casebook"
logging.getLogger(f"sqlalchemy.engine.Engine.{LOGGING_NAME}").setLevel(logging.WARNING)

COMMON: dict[str, Any] = {
    "hide_parameters": True,
    "logging_name": LOGGING_NAME,
}
ONE_AT_A_TIME: dict[str, Any] = {"poolclass": NullPool}
"""A connection costs milliseconds, and a run of a night leaves none open."""


def connect(url: str, *, read_only: bool = False, keeps: int = 0) -> Engine:
    """Return an engine for `url`; a SQLite file that is not there yet is made, for its owner only.

    Raises `WrongUsage` where the address is none that the record can be kept at, and `PersonNeeded`
    where the file cannot be made or, read only, is not there. PostgreSQL is not spoken to yet;
    `keeps` is how many of its connections are kept for the next question.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _prepare_file(Path(str(address.database)), read_only=read_only)
        return _sqlite(address, read_only=read_only)
    return _postgresql(address, read_only=read_only, keeps=keeps)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that sees one state of the database throughout."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that changes all or nothing, one writer after the other."""
    with engine.connect() as connection:
        connection = connection.execution_options(casebook_writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                wait_at_most(connection, seconds=BUSY_SECONDS)
                connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK}, 0)"))
            yield connection


@contextmanager
def noting(engine: Engine) -> Iterator[Connection]:
    """Give a transaction for rows that are nobody else's business, such as who looked at a page.

    On PostgreSQL it waits for no other writer than one of the same row, so that no page waits for a
    night to be recorded.
    """
    with engine.connect() as connection:
        connection = connection.execution_options(casebook_writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                wait_at_most(connection, seconds=BUSY_SECONDS)
            yield connection


def rewrite(engine: Engine, tables: Sequence[str]) -> None:
    """Let nothing be left of what was overwritten, as far as the database can.

    SQLite writes its file anew, for which there must be room; PostgreSQL frees the space of some
    tables, to be overwritten. Raises `TryAgainLater` where somebody has the file open for long.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(f"VACUUM {', '.join(tables)}"))
        return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        raw.close()
    if busy:
        raise TryAgainLater(
            f"What was purged is gone from the record of nights, but {engine.url.database} is in"
            " use, so that it could not be written anew. Run this again in a few minutes."
        )


def wait_at_most(connection: Connection, *, seconds: float) -> None:
    """Let this PostgreSQL transaction give up waiting for a lock in time; 0 would wait for ever."""
    limit = f"{max(1, round(seconds * 1000))}ms"
    connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit})


def _address(url: str) -> URL:
    # SQLAlchemy's own message would quote the address, and with it the password.
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is not None and address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    if address is None or address.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise WrongUsage(
            "The address of the record of nights is not understood. Write sqlite:///FILE or"
            " postgresql://USER@HOST/DATABASE."
        )
    if address.drivername == "sqlite" and not _is_plain_file(address):
        raise WrongUsage("The record of nights needs a file that lasts: write sqlite:///FILE.")
    return address


def _is_plain_file(address: URL) -> bool:
    name = address.database or ""
    return name not in {"", ":memory:"} and not name.startswith("file:")


def _prepare_file(path: Path, *, read_only: bool) -> None:
    if path.exists() and (read_only or path.stat().st_size):
        return
    if read_only:
        raise PersonNeeded(f"There is no record of nights in {path} yet. Run a night first.")
    problem = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its journals the mode of the database.
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(handle, 0o600)
        os.close(handle)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise PersonNeeded(
            f"The record of nights cannot be kept in {path} ({problem}). Give this account the"
            " right to write there, or name another file."
        )


def _sqlite(address: URL, *, read_only: bool) -> Engine:
    engine = create_engine(
        address, **COMMON, **ONE_AT_A_TIME, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Left to itself, Python's driver begins a transaction only at the first change.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that turns from reading to writing can fail without having waited.
        writes = connection.get_execution_options().get("casebook_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(address: URL, *, read_only: bool, keeps: int) -> Engine:
    # One that the server has closed meanwhile is noticed before it is used.
    kept = {"pool_size": keeps, "max_overflow": keeps, "pool_pre_ping": True}
    return create_engine(
        address,
        **COMMON,
        **(kept if keeps else ONE_AT_A_TIME),
        execution_options={"postgresql_readonly": read_only},
        connect_args={
            "connect_timeout": 10,
            "keepalives_idle": 60,  # the lock of a night lives as long as its idle connection
            "application_name": "cpli",
        },
    )
