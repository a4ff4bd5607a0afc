"""What each kind of database is asked, told by compiling it, and what is no query to only read."""

import ssl
from dataclasses import replace
from datetime import date

import pytest
from council import ASKED, LINES, SECRET, Council
from sqlalchemy import Executable
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

from connectors.sql import ways
from connectors.sql.checking import check
from connectors.sql.faults import Fault, SqlLater
from connectors.sql.place import SqlPlace, Timeouts, Tls
from connectors.sql.query import SqlTable
from connectors.sql.snapshot import engine_of
from schemas.errors import WrongUsage
from schemas.tables import CPLI, PORTAL, PROVIDER

DIALECTS = {
    "postgresql": postgresql.dialect(),
    "mariadb": mysql.dialect(),
    "mssql": mssql.dialect(),
    "oracle": oracle.dialect(),
    "sqlite": sqlite.dialect(),
}
NAMES = {"cpli_id": "Line No", "end_date": "end_date", "person_id": 'a"b]c`d'}
ASKS = {
    "postgresql": 'SELECT "Line No" AS cpli_id, end_date AS end_date, "a""b]c`d" AS person_id'
    ' FROM "Fin Sys".line ORDER BY "Line No"',
    "mariadb": 'SELECT `Line No` AS cpli_id, end_date AS end_date, `a"b]c``d` AS person_id'
    " FROM `Fin Sys`.line ORDER BY `Line No`",
    "mssql": 'SELECT [Line No] AS cpli_id, end_date AS end_date, [a"b]]c`d] AS person_id'
    " FROM [Fin Sys].line ORDER BY [Line No]",
    "oracle": 'SELECT "Line No" AS cpli_id, end_date AS end_date, "a""b]c`d" AS person_id'
    ' FROM "Fin Sys".line ORDER BY "Line No"',
    "sqlite": 'SELECT "Line No" AS cpli_id, end_date AS end_date, "a""b]c`d" AS person_id'
    ' FROM "Fin Sys".line ORDER BY "Line No"',
}


def asked(statement: Executable, backend: str) -> str:
    return " ".join(str(statement.compile(dialect=DIALECTS[backend])).split())


@pytest.mark.parametrize("backend", DIALECTS)
def test_every_name_is_quoted_as_the_database_does(backend: str) -> None:
    sql_table = SqlTable(of=CPLI, table="Fin Sys.line")
    assert asked(sql_table.statement(NAMES), backend) == ASKS[backend]


@pytest.mark.parametrize(
    ("backend", "where"),
    [
        ("postgresql", "end_date IS NULL OR end_date >= %(window_start)s::DATE"),
        ("mariadb", "end_date IS NULL OR end_date >= %s"),
        ("mssql", "end_date IS NULL OR end_date >= :window_start"),
        ("oracle", "end_date IS NULL OR end_date >= :window_start"),
        ("sqlite", "end_date IS NULL OR end_date >= ?"),
    ],
)
def test_the_window_is_a_bound_parameter(backend: str, where: str) -> None:
    within = replace(LINES, within_window=True)
    statement = asked(within.statement({"cpli_id": "cpli_id", "end_date": "end_date"}), backend)
    assert f"FROM line WHERE {where} ORDER BY cpli_id" in statement
    assert within.values(ASKED) == {"window_start": date(2025, 11, 20)}


@pytest.mark.parametrize(
    ("backend", "beginning", "end"),
    [
        ("postgresql", "SELECT cpli_id", "LIMIT %(param_1)s::INTEGER"),
        ("mssql", "SELECT TOP __[POSTCOMPILE_param_1]", "ORDER BY cpli_id"),
        ("oracle", "SELECT cpli_id", "FETCH FIRST __[POSTCOMPILE_param_1] ROWS ONLY"),
    ],
)
def test_a_look_at_the_first_rows_asks_for_no_more(backend: str, beginning: str, end: str) -> None:
    statement = asked(replace(LINES, at_most=20).statement({"cpli_id": "cpli_id"}), backend)
    assert statement.startswith(beginning)
    assert statement.endswith(end)


@pytest.mark.parametrize("backend", DIALECTS)
def test_the_columns_are_asked_for_without_a_row(backend: str) -> None:
    statement = asked(LINES.without_rows(), backend)
    assert statement == "SELECT * FROM line WHERE 1 = 0"


def test_each_table_of_ours_is_ordered_by_its_key_or_as_told() -> None:
    assert SqlTable(of=PORTAL, table="t").key == ("cpli_id",)
    assert SqlTable(of=PROVIDER, table="t").key == ("provider_id",)
    assert SqlTable(of=CPLI, table="t", order_by=("cpli_id", "updated_at")).key[1] == "updated_at"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM line",
        "  select * from line ; ",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "-- delete nothing\nSELECT 'drop; table', \"update\", [insert], `into` /* ; */ FROM line",
        "SELECT updated_at, created_at, $$;$$ FROM line WHERE end_date >= :window_start",
        r"SELECT '09\:30' FROM line",
        "SELECT x::date FROM line",
    ],
)
def test_a_query_that_only_reads_is_taken(query: str) -> None:
    assert SqlTable(of=CPLI, query=query).query == query


@pytest.mark.parametrize(
    "query",
    [
        "",
        "DELETE FROM line",
        "UPDATE line SET a = 1",
        "SELECT 1; DROP TABLE line",
        "SELECT * INTO copy FROM line",
        "WITH gone AS (DELETE FROM line RETURNING *) SELECT * FROM gone",
        "EXEC get_lines",
        "CALL get_lines()",
        "/* SELECT */ TRUNCATE line",
        "'select' ; drop table line",
    ],
)
def test_a_query_that_is_no_single_reading_is_refused(query: str) -> None:
    with pytest.raises(WrongUsage, match="The query for lines is not one SELECT"):
        SqlTable(of=CPLI, query=query, name="lines")


def test_a_parameter_that_we_do_not_know_is_refused() -> None:
    with pytest.raises(WrongUsage, match="has a parameter :council, which we do not know"):
        SqlTable(of=CPLI, query="SELECT * FROM line WHERE council = :council")


@pytest.mark.parametrize("given", [{}, {"table": "line", "query": "SELECT 1"}])
def test_a_table_is_told_in_one_way(given: dict[str, str]) -> None:
    with pytest.raises(WrongUsage, match="in one way: a table, or a query"):
        SqlTable(of=CPLI, **given)


def place(url: str, **more: object) -> SqlPlace:
    return replace(Council(url).place, **more)


def connecting(found: SqlPlace) -> dict[str, object]:
    return ways.ways_of(found).connect(found, found.address)


def test_each_kind_begins_with_one_moment_and_no_right_to_write() -> None:
    assert dict(ways.POSTGRESQL.options(place("postgresql://h/d"))) == {
        "isolation_level": "REPEATABLE READ",
        "postgresql_readonly": True,
    }
    maria = place("mysql://h/d", timeouts=Timeouts(statement=1.5, lock=0.2))
    assert ways.mariadb_beginning(maria) == (
        "SET SESSION max_statement_time = 2",
        "SET SESSION lock_wait_timeout = 1, SESSION innodb_lock_wait_timeout = 1",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )
    server = place("mssql://h/d", timeouts=Timeouts(lock=0.2))
    assert dict(ways.SQL_SERVER.options(server)) == {"isolation_level": "SNAPSHOT"}
    assert ways.sql_server_isolation(replace(server, snapshot_isolation=False)) == "SERIALIZABLE"
    assert ways.sql_server_beginning(server) == ("SET LOCK_TIMEOUT 200",)
    assert ways.ORACLE_BEGINNING == "SET TRANSACTION READ ONLY"


class Recorder:
    """Stands in for a connection, and remembers what it was asked to do."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def exec_driver_sql(self, statement: str) -> None:
        self.done.append(statement)


@pytest.mark.parametrize(
    ("url", "statements"),
    [
        ("mariadb://h/d", 4),
        ("mssql://h/d", 1),
        ("oracle://h/d", 1),
    ],
)
def test_what_begins_is_sent_in_its_order(url: str, statements: int) -> None:
    recorder = Recorder()
    found = place(url)
    ways.ways_of(found).begin(recorder, found)
    assert len(recorder.done) == statements


URLS = {
    "postgresql": "postgres://me@db.example/finance",
    "mariadb": "mysql://me@db.example/finance",
    "mssql": "mssql://me@db.example/finance",
    "oracle": "oracle://me@db.example:1521/?service_name=FIN",
}


@pytest.mark.parametrize("backend", URLS)
def test_each_kind_is_reached_by_our_driver_with_the_password_kept_apart(backend: str) -> None:
    found = place(URLS[backend], password=SECRET, tls=Tls.ENCRYPTED)
    engine = engine_of(found)
    _, arguments = engine.dialect.create_connect_args(engine.url)
    assert engine.dialect.name in {backend, "mysql"}
    assert arguments["password"] == SECRET
    assert engine.hide_parameters
    assert SECRET not in repr(engine)


def test_a_certificate_is_checked_unless_told_otherwise() -> None:
    postgres = place(URLS["postgresql"])
    assert connecting(postgres)["sslmode"] == "verify-full"
    assert connecting(postgres)["sslrootcert"] == "system"
    assert connecting(replace(postgres, tls=Tls.ENCRYPTED))["sslmode"] == "require"
    assert "sslmode" not in connecting(replace(postgres, tls=Tls.NONE))
    maria = place(URLS["mariadb"])
    context = connecting(maria)["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    context = connecting(replace(maria, tls=Tls.ENCRYPTED))["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_NONE
    ora = connecting(place(URLS["oracle"]))
    assert ora["dsn"] == "tcps://db.example:1521/FIN"
    assert ora["ssl_server_dn_match"] is True
    assert "dsn" not in connecting(place("oracle://me@localhost/FIN"))


def test_sql_servers_driver_does_not_pretend_to_check_a_certificate() -> None:
    with pytest.raises(WrongUsage, match="cannot be told from here to check the certificate"):
        connecting(place(URLS["mssql"]))
    assert connecting(place(URLS["mssql"], tls=Tls.ENCRYPTED))["encryption"] == "require"
    assert connecting(place("mssql://me@localhost/d"))["encryption"] == "request"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("postgresql:///d?host=/tmp/run", True),
        ("postgresql://127.0.0.1/d", True),
        ("postgresql://db.example/d", False),
        ("postgresql:///d?host=db.example", False),
        ("postgresql://localhost/d?host=db.example", False),
    ],
)
def test_only_a_server_on_this_machine_may_do_without(url: str, local: bool) -> None:
    assert ways.is_local(place(url).address) is local


def test_every_step_has_its_time() -> None:
    times = Timeouts(connect=2.5, statement=7, lock=1)
    assert connecting(place(URLS["postgresql"], timeouts=times))["connect_timeout"] == 3
    assert connecting(place(URLS["mariadb"], timeouts=times))["read_timeout"] == 7
    server = connecting(place(URLS["mssql"], timeouts=times, tls=Tls.ENCRYPTED))
    assert (server["login_timeout"], server["timeout"]) == (3, 7)
    assert connecting(place(URLS["oracle"], timeouts=times))["tcp_connect_timeout"] == 2.5
    assert connecting(place("sqlite:///f", timeouts=times)) == {"timeout": 1}
    oracle_connection = type("Connection", (), {"call_timeout": 0})()
    ways.ORACLE.prepare(oracle_connection, place(URLS["oracle"], timeouts=times))
    assert oracle_connection.call_timeout == 7000


@pytest.mark.parametrize("tls", [Tls.ENCRYPTED, Tls.NONE])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "mssql", "oracle"])
def test_each_driver_takes_our_arguments_and_says_that_nobody_answers(
    kind: str, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "LOCAL_HOSTS", frozenset())
    nobody = place(f"{kind}://me:{SECRET}@127.0.0.1:9/finance", tls=tls, name="Nobody's")
    problem = check(nobody, [], asked=ASKED).problem
    assert isinstance(problem, SqlLater)
    assert problem.fault is Fault.UNREACHABLE
    assert SECRET not in str(problem)
