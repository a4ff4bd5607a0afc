"""Databases' errors in plain sentences. Nothing of what a database said gets out.

Its messages can quote a row, as in "Key (person_id)=(...) already exists", so only its error code
and a few fixed phrases are looked at. The plain error is raised after the `except` block has ended:
raised within, it would carry the original along.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as AllConnectionsInUse

from schemas.errors import ContractBreach, CpliError, PersonNeeded, TryAgainLater

P = ParamSpec("P")
R = TypeVar("R")


class HasEngine(Protocol):
    """Anything that speaks to one database."""

    @property
    def engine(self) -> Engine:
        """The database."""


S = TypeVar("S", bound=HasEngine)

BUSY = "is in use by another program. Run this again in a few minutes."
UNREACHABLE = (
    "cannot be reached. Run this again in a few minutes; if that fails, ask whoever looks after it."
)
NOT_ALLOWED = (
    "does not let us read or write. Whoever looks after it should check its address, the password"
    " and the rights of the account that this command runs under."
)
FULL = "has no space left. Free some, then run this again; the record is as it was before."
DAMAGED = (
    "is no database of ours or is damaged. Restore it from a backup, or name another database."
)

# The codes are SQLite's error names and PostgreSQL's SQLSTATE classes; the first that fits counts.
MEANINGS: tuple[tuple[tuple[str, ...], type[CpliError], str], ...] = (
    (("SQLITE_BUSY", "SQLITE_LOCKED"), TryAgainLater, BUSY),
    (("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN"), PersonNeeded, NOT_ALLOWED),
    (("SQLITE_FULL",), PersonNeeded, FULL),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_IOERR"), PersonNeeded, DAMAGED),
    (("40", "55P03", "57014"), TryAgainLater, BUSY),
    (("08", "53300", "57P"), TryAgainLater, UNREACHABLE),
    (("25006", "28", "3D", "3F", "42501"), PersonNeeded, NOT_ALLOWED),
    (("53100",), PersonNeeded, FULL),
    (("42703", "42P01", "XX"), PersonNeeded, DAMAGED),
)

# PostgreSQL refuses a connection without a code.
REFUSALS = ("authentication failed", "does not exist", "no password", "no pg_hba.conf", "denied")


def in_plain_words(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let a method raise our own errors in place of the database's."""

    @wraps(method)
    def translated(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # COPY lets the driver's own errors through, which SQLAlchemy has not wrapped.
        try:
            return method(self, *args, **kwargs)
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            plain = translate(error, engine=self.engine)
        raise plain

    return translated


def translate(error: Exception, *, engine: Engine) -> CpliError:
    """Return what a database's error means to whoever runs a night."""
    if isinstance(error, AllConnectionsInUse):
        return TryAgainLater(f"{place(engine)} {BUSY}")
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    for codes, family, advice in MEANINGS:
        if code.startswith(codes):
            return family(f"{place(engine)} {advice}")
    if not code and isinstance(original, engine.dialect.loaded_dbapi.OperationalError):
        if any(phrase in str(original) for phrase in REFUSALS):
            return PersonNeeded(f"{place(engine)} {NOT_ALLOWED}")
        return TryAgainLater(f"{place(engine)} {UNREACHABLE}")
    kind = f"{type(original).__name__} {code}".strip()
    return ContractBreach(f"{place(engine)} refused what we asked of it ({kind}): a fault of ours.")


def place(engine: Engine) -> str:
    """Name a database, without its password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return f"The record of nights in {url.database}"
    return f"The record of nights (database {url.database} on {url.host or 'this machine'})"
