"""The lock of a night, which goes with its process however that ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, func, select

from casebook.database import RUN_LOCK
from schemas.errors import PersonNeeded, TryAgainLater

POLL_SECONDS = 0.2


def lock(engine: Engine, as_of: date, *, wait_seconds: float) -> Callable[[], None]:
    """Take the lock of a night and return what gives it back.

    Raises `TryAgainLater` where another run still has it after `wait_seconds`.
    """
    if engine.dialect.name == "sqlite":
        release = _lock_file(Path(str(engine.url.database)), as_of, wait_seconds=wait_seconds)
    else:
        release = _lock_in_database(engine, as_of, wait_seconds=wait_seconds)
    if release is None:
        raise TryAgainLater(
            f"Another run of the night of {as_of} is still going on. Wait until it has ended, then"
            " run this one again."
        )
    return release


def _lock_file(database: Path, as_of: date, *, wait_seconds: float) -> Callable[[], None] | None:
    """Lock a file of the night beside the database; it stays, since removing it would be a race."""
    folder = database.with_name(f"{database.name}.locks")
    # A lock that is a mere file would outlive a process that was killed.
    night = FileLock(
        folder / f"{as_of}.lock", mode=0o600, thread_local=False, fallback_to_soft=False
    )
    problem = ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        night.acquire(timeout=wait_seconds)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        problem = getattr(error, "strerror", None) or "its file system has no locks"
    if problem:
        raise PersonNeeded(
            f"The night cannot be locked in {folder} ({problem}). Give this account the right to"
            " write there, or keep the record on a disk of this machine."
        )
    return night.release


def _lock_in_database(
    engine: Engine, as_of: date, *, wait_seconds: float
) -> Callable[[], None] | None:
    """Lock the night for as long as a connection of its own lives."""
    deadline = time.monotonic() + wait_seconds
    take = select(func.pg_try_advisory_lock(RUN_LOCK, as_of.toordinal()))
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        while not (taken := connection.scalar(take)) and time.monotonic() < deadline:
            time.sleep(min(POLL_SECONDS, wait_seconds))
    except BaseException:
        connection.close()
        raise
    if not taken:
        connection.close()
        return None
    return connection.close
