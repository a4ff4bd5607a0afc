"""What differs between the databases: how to connect, to begin, and what to ask them.

Everywhere a transaction is begun that reads one state of the database throughout and, where the
database knows such a thing, cannot write. It is never committed.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, text

from connectors.sql.place import SqlPlace, Tls
from schemas.errors import WrongUsage

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
APPLICATION = "cpli"

POSTGRESQL_TIMES = ("date", "timestamp", "timestamptz")
"""Types whose text the server writes for us: Python has no infinity and no year 10,000."""


def _nothing(_connection: Any, _place: SqlPlace) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How one kind of database is spoken to.

    `options` go to the engine, `connect` gives the driver's own arguments, `prepare` is done once a
    connection (the driver's own) and `begin` begins the transaction. `clock` asks for the server's
    time in seconds since 1970, `writable` for the number of tables that our account could change.
    """

    connect: Callable[[SqlPlace, URL], dict[str, Any]]
    begin: Callable[[Connection, SqlPlace], None]
    clock: str
    writable: str | None
    options: Callable[[SqlPlace], Mapping[str, Any]]
    prepare: Callable[[Any, SqlPlace], None] = field(default=_nothing)
    address: Callable[[URL], URL] = field(default=lambda address: address)


def is_local(address: URL) -> bool:
    """Say whether a server is on this machine, so that nobody can listen on the way."""
    host = address.query.get("host") or address.host
    return not host or (isinstance(host, str) and (host in LOCAL_HOSTS or host.startswith("/")))


def _milliseconds(seconds: float) -> int:
    """Return whole milliseconds; 0 would wait for ever."""
    return max(1, round(seconds * 1000))


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def _context(place: SqlPlace) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=place.root_certificate)
    if place.tls is Tls.ENCRYPTED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _protected(place: SqlPlace, address: URL) -> bool:
    return place.tls is not Tls.NONE and not is_local(address)


# PostgreSQL


def _connect_postgresql(place: SqlPlace, address: URL) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "connect_timeout": _whole_seconds(place.timeouts.connect),
        "application_name": APPLICATION,
        "client_encoding": "utf8",
        "prepare_threshold": None,  # a pooler between us may not know of prepared statements
        "tcp_user_timeout": _milliseconds(place.timeouts.statement),
        "keepalives_idle": 30,
    }
    if not _protected(place, address):
        return arguments
    if place.tls is Tls.ENCRYPTED:
        return arguments | {"sslmode": "require"}
    return arguments | {
        "sslmode": "verify-full",
        "sslrootcert": str(place.root_certificate or "system"),
    }


def _prepare_postgresql(connection: Any, _place: SqlPlace) -> None:
    for name in POSTGRESQL_TIMES:
        connection.adapters.register_loader(name, TextLoader)


def _begin_postgresql(connection: Connection, place: SqlPlace) -> None:
    # SQLAlchemy has begun; this first query takes the snapshot.
    connection.execute(
        text(
            "SELECT set_config('DateStyle', 'ISO, YMD', true), set_config('TimeZone', 'UTC', true),"
            " set_config('statement_timeout', :statement, true),"
            " set_config('lock_timeout', :lock, true)"
        ),
        {
            "statement": f"{_milliseconds(place.timeouts.statement)}ms",
            "lock": f"{_milliseconds(place.timeouts.lock)}ms",
        },
    )


POSTGRESQL = Ways(
    options=lambda _place: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    connect=_connect_postgresql,
    prepare=_prepare_postgresql,
    begin=_begin_postgresql,
    clock="SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
    writable=(
        "SELECT count(*) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        " AND has_schema_privilege(n.oid, 'USAGE')"
        " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
    ),
)


# MariaDB


def _connect_mariadb(place: SqlPlace, address: URL) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "connect_timeout": _whole_seconds(place.timeouts.connect),
        "read_timeout": _whole_seconds(place.timeouts.statement),
        "charset": "utf8mb4",
        "program_name": APPLICATION,
    }
    if _protected(place, address):
        arguments["ssl"] = _context(place)
    return arguments


def mariadb_beginning(place: SqlPlace) -> tuple[str, ...]:
    """Return the statements that begin reading from MariaDB."""
    lock = _whole_seconds(place.timeouts.lock)
    return (
        f"SET SESSION max_statement_time = {_whole_seconds(place.timeouts.statement)}",
        f"SET SESSION lock_wait_timeout = {lock}, SESSION innodb_lock_wait_timeout = {lock}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _begin_mariadb(connection: Connection, place: SqlPlace) -> None:
    for statement in mariadb_beginning(place):
        connection.exec_driver_sql(statement)


MARIADB = Ways(
    # The transaction is begun by hand: the driver knows no consistent snapshot.
    options=lambda _place: {"isolation_level": "AUTOCOMMIT"},
    connect=_connect_mariadb,
    begin=_begin_mariadb,
    clock="SELECT UNIX_TIMESTAMP(SYSDATE(6))",
    writable=(
        "SELECT (SELECT count(*) FROM information_schema.table_privileges"
        " WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE'))"
        " + (SELECT count(*) FROM information_schema.schema_privileges"
        " WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE'))"
        " + (SELECT count(*) FROM information_schema.user_privileges"
        " WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE'))"
    ),
)


# SQL Server


def _connect_sql_server(place: SqlPlace, address: URL) -> dict[str, Any]:
    if _protected(place, address) and place.tls is Tls.VERIFIED:
        raise WrongUsage(
            f"The driver for SQL Server cannot be told from here to check the certificate of"
            f" {place.described}. Have FreeTDS check it (`ca file` in freetds.conf), and set its"
            " tls to encrypted."
        )
    return {
        "login_timeout": _whole_seconds(place.timeouts.connect),
        "timeout": _whole_seconds(place.timeouts.statement),
        "appname": APPLICATION,
        "charset": "UTF-8",
        "encryption": "require" if _protected(place, address) else "request",
    }


def sql_server_beginning(place: SqlPlace) -> tuple[str, ...]:
    """Return the statements that begin reading from SQL Server, the isolation level aside."""
    return (f"SET LOCK_TIMEOUT {_milliseconds(place.timeouts.lock)}",)


def _begin_sql_server(connection: Connection, place: SqlPlace) -> None:
    for statement in sql_server_beginning(place):
        connection.exec_driver_sql(statement)


def sql_server_isolation(place: SqlPlace) -> str:
    """Return the isolation level that shows one state of the tables."""
    return "SNAPSHOT" if place.snapshot_isolation else "SERIALIZABLE"


SQL_SERVER = Ways(
    options=lambda place: {"isolation_level": sql_server_isolation(place)},
    connect=_connect_sql_server,
    begin=_begin_sql_server,
    clock="SELECT CAST(DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME()) AS float) / 1000",
    writable=(
        "SELECT count(*) FROM sys.objects AS o CROSS JOIN (VALUES ('INSERT'), ('UPDATE'),"
        " ('DELETE')) AS may (do_this) WHERE o.type IN ('U', 'V') AND HAS_PERMS_BY_NAME("
        "QUOTENAME(SCHEMA_NAME(o.schema_id)) + '.' + QUOTENAME(o.name), 'OBJECT', may.do_this) = 1"
    ),
)


# Oracle


def _connect_oracle(place: SqlPlace, address: URL) -> dict[str, Any]:
    arguments: dict[str, Any] = {"tcp_connect_timeout": place.timeouts.connect}
    if not _protected(place, address):
        return arguments
    service = address.query.get("service_name") or address.database or ""
    return arguments | {
        "dsn": f"tcps://{address.host}:{address.port or 2484}/{service}",
        "ssl_context": _context(place),
        "ssl_server_dn_match": place.tls is Tls.VERIFIED,
    }


def _prepare_oracle(connection: Any, place: SqlPlace) -> None:
    connection.call_timeout = _milliseconds(place.timeouts.statement)


ORACLE_BEGINNING = "SET TRANSACTION READ ONLY"


def _begin_oracle(connection: Connection, _place: SqlPlace) -> None:
    connection.exec_driver_sql(ORACLE_BEGINNING)


ORACLE = Ways(
    options=lambda _place: {},
    connect=_connect_oracle,
    prepare=_prepare_oracle,
    begin=_begin_oracle,
    clock=(
        "SELECT (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400 FROM dual"
    ),
    writable=(
        "SELECT (SELECT count(*) FROM user_tab_privs WHERE grantee IN (USER, 'PUBLIC')"
        " AND privilege IN ('INSERT', 'UPDATE', 'DELETE')) + (SELECT count(*) FROM user_tables)"
        " + (SELECT count(*) FROM session_privs WHERE privilege IN"
        " ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE')) FROM dual"
    ),
)


# SQLite


def _address_sqlite(address: URL) -> URL:
    path = Path(address.database or "").absolute()
    return address.set(
        database=f"file:{quote(str(path))}", query={**address.query, "mode": "ro", "uri": "true"}
    )


def _prepare_sqlite(connection: Any, _place: SqlPlace) -> None:
    # Left to itself, Python's driver begins a transaction only at the first change.
    connection.isolation_level = None
    connection.text_factory = _text_or_bytes


def _text_or_bytes(cell: bytes) -> str | bytes:
    """Return text, or what is none as it is: SQLite would refuse the whole table for it."""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell


def _begin_sqlite(connection: Connection, _place: SqlPlace) -> None:
    connection.exec_driver_sql("BEGIN")
    # Only the first reading takes the snapshot.
    connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")


SQLITE = Ways(
    options=lambda _place: {},
    connect=lambda place, _address: {"timeout": place.timeouts.lock},
    prepare=_prepare_sqlite,
    begin=_begin_sqlite,
    clock="SELECT (julianday('now') - 2440587.5) * 86400.0",
    writable=None,
    address=_address_sqlite,
)

WAYS: Mapping[str, Ways] = MappingProxyType(
    {
        "postgresql": POSTGRESQL,
        "mariadb": MARIADB,
        "mssql": SQL_SERVER,
        "oracle": ORACLE,
        "sqlite": SQLITE,
    }
)


def ways_of(place: SqlPlace) -> Ways:
    """Return how a place is spoken to."""
    return WAYS[place.address.get_backend_name()]
