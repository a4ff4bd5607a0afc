"""Every driver's errors mean something to whoever runs a night, and none of their words get out."""

import sqlite3
import traceback
from types import SimpleNamespace

import oracledb
import psycopg
import pymssql
import pymysql
import pytest
from council import Council
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from connectors.sql.faults import (
    LATER,
    PASSING,
    REFUSED,
    Fault,
    SqlLater,
    SqlRefused,
    in_plain_words,
    trouble,
)
from schemas.errors import PersonNeeded, TryAgainLater

PLACE = Council("mssql://me:hunter2@db.example/finance").place
SAID = "Hollis, Margaret (hunter2)"


def oracle(code: str) -> oracledb.Error:
    number = int(code.partition("-")[2])
    told = SimpleNamespace(
        code=number if code.startswith("ORA") else 0, full_code=code, message=SAID
    )
    return oracledb.DatabaseError(told)


def sqlite(name: str, said: str = SAID) -> sqlite3.Error:
    error = sqlite3.OperationalError(said)
    error.sqlite_errorname = name
    return error


ERRORS = [
    (pymysql.OperationalError(1213, SAID), Fault.BUSY),
    (pymysql.OperationalError(1205, SAID), Fault.BUSY),
    (pymysql.OperationalError(1969, SAID), Fault.TIMED_OUT),
    (pymysql.OperationalError(2013, SAID), Fault.CUT_OFF),
    (pymysql.OperationalError(2003, SAID), Fault.UNREACHABLE),
    (pymysql.OperationalError(1045, SAID), Fault.LOGIN_REFUSED),
    (pymysql.OperationalError(2026, SAID), Fault.TLS_REFUSED),
    (pymysql.OperationalError(1049, SAID), Fault.NO_DATABASE),
    (pymysql.ProgrammingError(1146, SAID), Fault.NO_TABLE),
    (pymysql.OperationalError(1054, SAID), Fault.NO_COLUMN),
    (pymysql.OperationalError(1142, SAID), Fault.NOT_ALLOWED),
    (pymysql.InternalError(1792, SAID), Fault.WRITES),
    (pymysql.ProgrammingError(1064, SAID), Fault.QUERY_REFUSED),
    (pymysql.OperationalError(4242, SAID), Fault.UNKNOWN),
    (pymysql.InterfaceError(), Fault.UNKNOWN),
    (pymssql.OperationalError(1205, SAID.encode()), Fault.BUSY),
    (pymssql.OperationalError((1222, SAID.encode())), Fault.BUSY),
    (pymssql.OperationalError((20003, SAID.encode())), Fault.TIMED_OUT),
    (pymssql.OperationalError((20047, SAID.encode())), Fault.CUT_OFF),
    (pymssql.OperationalError((20009, SAID.encode())), Fault.UNREACHABLE),
    (pymssql.OperationalError((18456, SAID.encode())), Fault.LOGIN_REFUSED),
    (pymssql.OperationalError((4060, SAID.encode())), Fault.NO_DATABASE),
    (pymssql.ProgrammingError(208, SAID.encode()), Fault.NO_TABLE),
    (pymssql.ProgrammingError(207, SAID.encode()), Fault.NO_COLUMN),
    (pymssql.ProgrammingError(229, SAID.encode()), Fault.NOT_ALLOWED),
    (pymssql.OperationalError(3952, SAID.encode()), Fault.SNAPSHOT_NOT_ALLOWED),
    (pymssql.OperationalError(3960, SAID.encode()), Fault.BUSY),
    (pymssql.OperationalError(245, SAID.encode()), Fault.VALUES_REFUSED),
    (pymssql.OperationalError(()), Fault.UNKNOWN),
    (oracle("ORA-00060"), Fault.BUSY),
    (oracle("ORA-08177"), Fault.BUSY),
    (oracle("ORA-01555"), Fault.SNAPSHOT_TOO_OLD),
    (oracle("ORA-01017"), Fault.LOGIN_REFUSED),
    (oracle("ORA-12514"), Fault.NO_DATABASE),
    (oracle("ORA-00942"), Fault.NO_TABLE),
    (oracle("ORA-00904"), Fault.NO_COLUMN),
    (oracle("ORA-01031"), Fault.NOT_ALLOWED),
    (oracle("ORA-01456"), Fault.WRITES),
    (oracle("ORA-03113"), Fault.CUT_OFF),
    (oracle("ORA-01843"), Fault.VALUES_REFUSED),
    (oracle("DPY-6005"), Fault.UNREACHABLE),
    (oracle("DPY-6006"), Fault.TLS_REFUSED),
    (oracle("DPY-4024"), Fault.TIMED_OUT),
    (oracledb.DatabaseError(), Fault.UNKNOWN),
    (psycopg.errors.DeadlockDetected(SAID), Fault.BUSY),
    (psycopg.errors.SerializationFailure(SAID), Fault.BUSY),
    (psycopg.errors.AdminShutdown(SAID), Fault.CUT_OFF),
    (psycopg.errors.CannotConnectNow(SAID), Fault.CUT_OFF),
    (psycopg.errors.TooManyConnections(SAID), Fault.BUSY),
    (psycopg.errors.QueryCanceled(SAID), Fault.TIMED_OUT),
    (psycopg.errors.ConnectionTimeout(SAID), Fault.TIMED_OUT),
    (psycopg.errors.InsufficientPrivilege(SAID), Fault.NOT_ALLOWED),
    (psycopg.errors.DataCorrupted(SAID), Fault.DAMAGED),
    (psycopg.errors.DiskFull(SAID), Fault.UNKNOWN),
    (psycopg.DataError(SAID), Fault.VALUES_REFUSED),
    (psycopg.InterfaceError(SAID), Fault.UNKNOWN),
    (psycopg.OperationalError(f"password authentication failed {SAID}"), Fault.LOGIN_REFUSED),
    (psycopg.OperationalError(f"failed to resolve host {SAID}"), Fault.ADDRESS_UNKNOWN),
    (psycopg.OperationalError("SSL error: certificate verify failed"), Fault.TLS_REFUSED),
    (psycopg.OperationalError(SAID), Fault.UNREACHABLE),
    (sqlite("SQLITE_BUSY_SNAPSHOT"), Fault.BUSY),
    (sqlite("SQLITE_INTERRUPT"), Fault.TIMED_OUT),
    (sqlite("SQLITE_IOERR_READ"), Fault.UNREACHABLE),
    (sqlite("SQLITE_AUTH"), Fault.NOT_ALLOWED),
    (sqlite("SQLITE_ERROR", f"no such table: {SAID}"), Fault.NO_TABLE),
    (sqlite("SQLITE_ERROR", f"near {SAID}: syntax error"), Fault.QUERY_REFUSED),
    (UnicodeDecodeError("utf-8", SAID.encode(), 0, 1, SAID), Fault.TEXT_DAMAGED),
    (ValueError(SAID), Fault.VALUES_REFUSED),
    (psycopg.errors.CharacterNotInRepertoire(SAID), Fault.TEXT_DAMAGED),
    (InvalidRequestError(SAID), Fault.UNKNOWN),
]  # fmt: skip


def raised(error: Exception) -> SqlLater | SqlRefused:
    def step() -> None:
        raise error

    with pytest.raises((SqlLater, SqlRefused)) as caught:
        in_plain_words(PLACE, step)
    found: SqlLater | SqlRefused = caught.value
    return found


@pytest.mark.parametrize(
    ("error", "fault"),
    ERRORS,
    ids=[f"{type(error).__name__} {number}" for number, (error, _) in enumerate(ERRORS)],
)
def test_an_error_is_told_by_its_code_and_never_quoted(error: Exception, fault: Fault) -> None:
    found = raised(error)
    said = "".join(traceback.TracebackException.from_exception(found).format()) + repr(found.args)
    assert found.fault is fault
    assert (found.__context__, found.__cause__) == (None, None)
    assert not [word for word in ("Hollis", "Margaret", "hunter2", "example") if word in said]
    wrapped = DBAPIError("SELECT 1", {"p": SAID}, error, hide_parameters=True)
    assert raised(wrapped).fault is fault


def test_a_connection_that_sqlalchemy_gave_up_was_cut_off() -> None:
    error = DBAPIError("SELECT 1", {}, pymysql.InterfaceError(), connection_invalidated=True)
    assert raised(error).fault is Fault.CUT_OFF


def test_every_fault_says_who_should_do_what_in_one_of_two_families() -> None:
    assert LATER.keys() | REFUSED.keys() == set(Fault)
    assert not LATER.keys() & REFUSED.keys()
    assert set(LATER) >= PASSING
    for fault in Fault:
        error = trouble(fault, PLACE)
        assert isinstance(error, TryAgainLater if fault in LATER else PersonNeeded)
        assert "Rutland (SQL Server)" in str(error)
        assert any(verb in str(error) for verb in ("sk ", "orrect ", "heck "))
        assert "{" not in str(error)
