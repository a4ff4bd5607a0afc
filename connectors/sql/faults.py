"""What can go wrong with a database, in plain sentences. Nothing that it said gets out.

A database's text can quote a row or an address, so only its error code and a few fixed phrases are
looked at; and ours is raised after the `except` block has ended, so that nothing else is in its
chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import oracledb
import psycopg
import pymssql
import pymysql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connectors.sql.place import SqlPlace
from schemas.errors import PersonNeeded, TryAgainLater

T = TypeVar("T")


class Fault(StrEnum):
    """What went wrong, as a short code."""

    UNREACHABLE = "sql_unreachable"
    TIMED_OUT = "sql_timed_out"
    BUSY = "sql_busy"
    CUT_OFF = "sql_cut_off"
    SNAPSHOT_TOO_OLD = "sql_snapshot_too_old"
    ADDRESS_UNKNOWN = "sql_address_unknown"
    LOGIN_REFUSED = "sql_login_refused"
    TLS_REFUSED = "sql_tls_refused"
    NO_DATABASE = "sql_no_database"
    NO_TABLE = "sql_no_table"
    NO_COLUMN = "sql_no_column"
    NOT_ALLOWED = "sql_not_allowed"
    SNAPSHOT_NOT_ALLOWED = "sql_snapshot_not_allowed"
    WRITES = "sql_writes"
    QUERY_REFUSED = "sql_query_refused"
    VALUES_REFUSED = "sql_values_refused"
    TEXT_DAMAGED = "sql_text_damaged"
    DAMAGED = "sql_damaged"
    UNKNOWN = "sql_unknown"


PASSING = frozenset({Fault.UNREACHABLE, Fault.TIMED_OUT, Fault.BUSY, Fault.CUT_OFF})
"""What a second try may cure."""


class SqlLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run tries again."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = fault in PASSING


class SqlRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


SqlTrouble = SqlLater | SqlRefused

# {place}, {keeper} and {code} are filled in: the configuration's words, and an error's number.
LATER: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.UNREACHABLE: (
            "{place} cannot be reached. The next run tries again; if that fails, ask {keeper}"
            " whether it is up and lets this machine through."
        ),
        Fault.TIMED_OUT: (
            "{place} did not answer in time. The next run tries again; if that fails, ask"
            " {keeper} what holds it up, or allow it more time in the configuration."
        ),
        Fault.BUSY: (
            "{place} is too busy: somebody else holds what we would read, or no connection is"
            " free. The next run tries again; if that fails, ask {keeper}."
        ),
        Fault.CUT_OFF: (
            "The connection to {place} was cut off, or it is being shut down. The next run reads"
            " all of it again; if this lasts, ask {keeper}."
        ),
        Fault.SNAPSHOT_TOO_OLD: (
            "{place} no longer keeps what its tables held when we began to read. The next run"
            " tries again; if that fails, ask {keeper} to keep undo data for longer."
        ),
    }
)
"""What may pass by itself."""

REFUSED: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.ADDRESS_UNKNOWN: (
            "{place} has an address that nobody knows. Correct the host in the configuration, or"
            " ask whoever runs our network."
        ),
        Fault.LOGIN_REFUSED: (
            "{place} refused our login. Check the user name and the password in the"
            " configuration, or ask {keeper} whether the account is there and not locked."
        ),
        Fault.TLS_REFUSED: (
            "No protected connection to {place} came about: its certificate does not fit, or it"
            " offers none. Nothing was read. Ask {keeper} for the root certificate, and name it"
            " in the configuration."
        ),
        Fault.NO_DATABASE: (
            "{place} has no such database as the configuration names, or does not let us into it."
            " Correct the address, or ask {keeper}."
        ),
        Fault.NO_TABLE: (
            "{place} shows our account no such table or view as the configuration names. Correct"
            " the name, or ask {keeper} to install the view and to let our account read it."
        ),
        Fault.NO_COLUMN: (
            "{place} does not have a column that the query of the configuration names. Correct"
            " the query, or ask {keeper} to add the column to the view."
        ),
        Fault.NOT_ALLOWED: (
            "{place} does not let our account read what the configuration names. Ask {keeper} to"
            " grant it SELECT on the view, and nothing more."
        ),
        Fault.SNAPSHOT_NOT_ALLOWED: (
            "{place} does not allow SNAPSHOT isolation, without which reading would mix what the"
            " tables held at different moments. Ask {keeper} to run ALTER DATABASE ... SET"
            " ALLOW_SNAPSHOT_ISOLATION ON; if they refuse, set snapshot_isolation to false, and"
            " writers have to wait while we read."
        ),
        Fault.WRITES: (
            "The query for {place} would change something, which we never do. Correct it in the"
            " configuration."
        ),
        Fault.QUERY_REFUSED: (
            "{place} does not understand the query ({code}). Correct it in the configuration."
        ),
        Fault.VALUES_REFUSED: (
            "{place} holds a value that cannot be read as what its column or the query says it is"
            " ({code}). Ask {keeper} to correct the view so that it hands such columns over as"
            " text."
        ),
        Fault.TEXT_DAMAGED: (
            "{place} holds text that is not in the encoding which it states. Ask {keeper} to"
            " correct it, or to convert it in the view."
        ),
        Fault.DAMAGED: (
            "{place} is no database or is damaged. Correct the address, or ask {keeper} to"
            " restore it."
        ),
        Fault.UNKNOWN: (
            "{place} answered with an error that we do not know ({code}). Ask {keeper} what its"
            " log says of our account."
        ),
    }
)
"""What stays until somebody mends it."""

DRIVER_ERRORS: tuple[type[Exception], ...] = (
    psycopg.Error,
    pymysql.Error,
    pymssql.Error,
    oracledb.Error,
    sqlite3.Error,
)
CAUGHT: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    *DRIVER_ERRORS,
    UnicodeError,
    OverflowError,
    ValueError,
)


def trouble(fault: Fault, place: SqlPlace, *, code: str = "no code") -> SqlTrouble:
    """Return what a fault means to whoever runs a night."""
    words = {"place": place.described, "keeper": place.keeper, "code": code}
    if fault in LATER:
        return SqlLater(LATER[fault].format(**words), fault)
    return SqlRefused(REFUSED[fault].format(**words), fault)


def in_plain_words(place: SqlPlace, step: Callable[[], T]) -> T:
    """Do a step, and raise our own errors in place of the database's."""
    try:
        return step()
    except CAUGHT as error:
        plain = translated(error, place)
    raise plain


def translated(error: Exception, place: SqlPlace) -> SqlTrouble:
    """Return what a database's error means to whoever runs a night."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    fault, code = _fault(original)
    if fault is Fault.UNKNOWN and lost:
        fault = Fault.CUT_OFF
    return trouble(fault, place, code=code)


def _fault(error: BaseException) -> tuple[Fault, str]:
    match error:
        case psycopg.Error():
            return _of_postgresql(error)
        case sqlite3.Error():
            return _of_sqlite(error)
        case pymysql.Error() | pymssql.Error():
            number = _number(error)
            known = MARIADB if isinstance(error, pymysql.Error) else SQL_SERVER
            return _by_number(known, number), f"error {number}"
        case oracledb.Error():
            return _of_oracle(error)
        case _:
            known_kinds = (kind for kind in PYTHONS if isinstance(error, kind))
            return PYTHONS.get(next(known_kinds, Exception), Fault.UNKNOWN), type(error).__name__


# What a driver raises that cannot make sense of a value.
PYTHONS: Mapping[type[Exception], Fault] = MappingProxyType(
    {
        UnicodeError: Fault.TEXT_DAMAGED,
        OverflowError: Fault.VALUES_REFUSED,
        ValueError: Fault.VALUES_REFUSED,
    }
)

# The first that fits counts. https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL = (
    (("40", "55P03", "53300"), Fault.BUSY),
    (("57014",), Fault.TIMED_OUT),
    (("08", "57P", "25P03"), Fault.CUT_OFF),
    (("28",), Fault.LOGIN_REFUSED),
    (("3D",), Fault.NO_DATABASE),
    (("3F", "42P01"), Fault.NO_TABLE),
    (("42703",), Fault.NO_COLUMN),
    (("42501",), Fault.NOT_ALLOWED),
    (("25006",), Fault.WRITES),
    (("22021",), Fault.TEXT_DAMAGED),
    (("22",), Fault.VALUES_REFUSED),
    (("42",), Fault.QUERY_REFUSED),
    (("XX001", "XX002"), Fault.DAMAGED),
)

# PostgreSQL refuses a connection without a code.
REFUSED_CONNECTIONS = (
    (("authentication failed", "no password supplied", "no pg_hba.conf"), Fault.LOGIN_REFUSED),
    (('role "',), Fault.LOGIN_REFUSED),
    (('database "', "permission denied for database"), Fault.NO_DATABASE),
    (("SSL", "certificate", "sslmode", "sslrootcert"), Fault.TLS_REFUSED),
    (("could not translate host name", "failed to resolve host"), Fault.ADDRESS_UNKNOWN),
    (("timeout expired", "timed out"), Fault.TIMED_OUT),
    (("starting up", "shutting down", "closed the connection"), Fault.CUT_OFF),
    (("too many clients", "remaining connection slots"), Fault.BUSY),
)


def _of_postgresql(error: psycopg.Error) -> tuple[Fault, str]:
    code = error.sqlstate or ""
    if code:
        return next((f for codes, f in POSTGRESQL if code.startswith(codes)), Fault.UNKNOWN), code
    match error:
        case psycopg.errors.ConnectionTimeout():
            return Fault.TIMED_OUT, code
        case psycopg.DataError():
            return Fault.VALUES_REFUSED, "no code"
        case psycopg.OperationalError():
            return _by_phrase(REFUSED_CONNECTIONS, str(error), otherwise=Fault.UNREACHABLE), code
        case _:
            return Fault.UNKNOWN, type(error).__name__


SQLITE = (
    (("SQLITE_BUSY", "SQLITE_LOCKED"), Fault.BUSY),
    (("SQLITE_INTERRUPT",), Fault.TIMED_OUT),
    (("SQLITE_READONLY",), Fault.WRITES),
    (("SQLITE_CANTOPEN",), Fault.NO_DATABASE),
    (("SQLITE_PERM", "SQLITE_AUTH"), Fault.NOT_ALLOWED),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"), Fault.DAMAGED),
    (("SQLITE_IOERR",), Fault.UNREACHABLE),
)
SQLITE_PHRASES = (
    (("no such table",), Fault.NO_TABLE),
    (("no such column",), Fault.NO_COLUMN),
)


def _of_sqlite(error: sqlite3.Error) -> tuple[Fault, str]:
    code = getattr(error, "sqlite_errorname", None) or type(error).__name__
    known = next((fault for codes, fault in SQLITE if code.startswith(codes)), None)
    if known is None:
        known = _by_phrase(SQLITE_PHRASES, str(error), otherwise=Fault.QUERY_REFUSED)
    return known, code


Numbers = tuple[tuple[frozenset[int], Fault], ...]

MARIADB: Numbers = (
    (frozenset({1040, 1203, 1205, 1213}), Fault.BUSY),
    (frozenset({1969, 3024}), Fault.TIMED_OUT),
    (frozenset({1053, 1077, 1079, 1927, 2006, 2013, 2055}), Fault.CUT_OFF),
    (frozenset({2001, 2002, 2003, 2004, 2005}), Fault.UNREACHABLE),
    (frozenset({1045, 1698, 1820, 1862}), Fault.LOGIN_REFUSED),
    (frozenset({2026, 3159}), Fault.TLS_REFUSED),
    (frozenset({1044, 1046, 1049}), Fault.NO_DATABASE),
    (frozenset({1051, 1109, 1146}), Fault.NO_TABLE),
    (frozenset({1054}), Fault.NO_COLUMN),
    (frozenset({1142, 1143, 1227, 1370}), Fault.NOT_ALLOWED),
    (frozenset({1290, 1792, 1836}), Fault.WRITES),
    (frozenset({1064, 1149, 1305}), Fault.QUERY_REFUSED),
    (frozenset({1292, 1366}), Fault.VALUES_REFUSED),
)
SQL_SERVER: Numbers = (
    (frozenset({1204, 1205, 1222, 3960, 3961, 17809}), Fault.BUSY),
    (frozenset({20003}), Fault.TIMED_OUT),
    (frozenset({6005, 10053, 10054, 17142, 20004, 20005, 20006, 20047}), Fault.CUT_OFF),
    (frozenset({20002, 20009, 40613}), Fault.UNREACHABLE),
    (frozenset({20012, 20013}), Fault.ADDRESS_UNKNOWN),
    (frozenset({18452, 18456, 18470, 18486, 18487, 18488}), Fault.LOGIN_REFUSED),
    (frozenset({911, 916, 4060}), Fault.NO_DATABASE),
    (frozenset({208}), Fault.NO_TABLE),
    (frozenset({207}), Fault.NO_COLUMN),
    (frozenset({229, 230, 262, 297, 300}), Fault.NOT_ALLOWED),
    (frozenset({3952, 3957, 3958}), Fault.SNAPSHOT_NOT_ALLOWED),
    (frozenset({3906, 3908}), Fault.WRITES),
    (frozenset({102, 105, 156, 170, 195, 319}), Fault.QUERY_REFUSED),
    (frozenset({241, 242, 245, 8114, 8115}), Fault.VALUES_REFUSED),
    (frozenset({823, 824, 825}), Fault.DAMAGED),
)
ORACLE: Numbers = (
    (frozenset({18, 20, 54, 60, 8177, 12519, 12520, 30006}), Fault.BUSY),
    (frozenset({1013, 12170, 12535}), Fault.TIMED_OUT),
    (
        frozenset({28, 1033, 1034, 1089, 1090, 1092, 3113, 3114, 3135, 12528, 12537}),
        Fault.CUT_OFF,
    ),
    (frozenset({1555, 8180}), Fault.SNAPSHOT_TOO_OLD),
    (frozenset({12541, 12543, 12547}), Fault.UNREACHABLE),
    (frozenset({12545}), Fault.ADDRESS_UNKNOWN),
    (frozenset({1005, 1017, 1045, 28000, 28001, 28009}), Fault.LOGIN_REFUSED),
    (frozenset({28759, 28860, 29002, 29024}), Fault.TLS_REFUSED),
    (frozenset({12154, 12505, 12514}), Fault.NO_DATABASE),
    (frozenset({942, 4043}), Fault.NO_TABLE),
    (frozenset({904}), Fault.NO_COLUMN),
    (frozenset({1031, 41900}), Fault.NOT_ALLOWED),
    (frozenset({1456, 16000}), Fault.WRITES),
    (frozenset({900, 907, 911, 923, 933, 936}), Fault.QUERY_REFUSED),
    (frozenset({1722, 1830, 1839, 1840, 1841, 1843, 1858, 1861}), Fault.VALUES_REFUSED),
    (frozenset({1578}), Fault.DAMAGED),
)
ORACLE_DRIVER = MappingProxyType(
    {
        "DPY-4011": Fault.CUT_OFF,
        "DPY-4024": Fault.TIMED_OUT,
        "DPY-6001": Fault.NO_DATABASE,
        "DPY-6003": Fault.NO_DATABASE,
        "DPY-6005": Fault.UNREACHABLE,
        "DPY-6006": Fault.TLS_REFUSED,
    }
)


def _of_oracle(error: oracledb.Error) -> tuple[Fault, str]:
    told = error.args[0] if error.args else None
    code = str(getattr(told, "full_code", "") or "no code")
    number = getattr(told, "code", 0)
    return ORACLE_DRIVER.get(code) or _by_number(ORACLE, int(number or 0)), code


def _by_number(known: Numbers, number: int) -> Fault:
    return next((fault for numbers, fault in known if number in numbers), Fault.UNKNOWN)


def _by_phrase(
    known: Iterable[tuple[tuple[str, ...], Fault]], said: str, *, otherwise: Fault
) -> Fault:
    return next(
        (fault for phrases, fault in known if any(phrase in said for phrase in phrases)), otherwise
    )


def _number(error: Exception) -> int:
    """Return an error's number, which pymssql sometimes hides in a pair."""
    first: object = error.args[0] if error.args else 0
    if isinstance(first, tuple):
        first = first[0] if first else 0
    return first if isinstance(first, int) else 0
