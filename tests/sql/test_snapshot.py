"""All that is read of a council is of one moment, nothing is changed, and faults are retried."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from cleaned import CPLI_ROW
from council import ASKED, AT_ONCE, LINES, SECRET, WAITED, Council
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from connectors.feed import CANONICAL
from connectors.retry import Retry
from connectors.sql.faults import Fault, SqlLater, SqlRefused
from connectors.sql.query import SqlTable
from connectors.sql.rows import read
from connectors.sql.snapshot import Snapshot, snapshot
from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage
from schemas.raw import RawTable
from schemas.tables import CPLI

ROWS = [{**CPLI_ROW, "cpli_id": f"C{number:03}"} for number in range(20)]
PERSONAL = ("Hollis", "Margaret", "1938-07-04", CPLI_ROW["nhs_number"], SECRET)


@pytest.fixture(autouse=True)
def nobody_is_quoted(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Fail the test where a personal value reached a log or the console; forget earlier waits."""
    WAITED.clear()
    for name in ("", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.Engine"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    # What is logged under this name are the tests' own changes.
    ours = [each for each in records if each.name != "sqlalchemy.engine.Engine"]
    said = "".join(record.getMessage() for record in ours).join(capfd.readouterr())
    assert [value for value in PERSONAL if value in said] == []


def read_from(
    opened: Snapshot, sql_table: SqlTable = LINES, at_once: int = 5
) -> Iterator[RawTable]:
    return read(opened, sql_table, CANONICAL, source="cpli X", asked=ASKED, rows_at_once=at_once)


def names_of(chunks: Iterator[RawTable]) -> set[str]:
    return {name for chunk in chunks for name in chunk.frame["family_name"]}


def test_what_is_committed_meanwhile_is_not_seen(council: Council) -> None:
    council.fill(ROWS)
    with council.snapshot() as opened:
        chunks = read_from(opened)
        first = next(chunks)
        council.do(
            "UPDATE line SET family_name = 'Changed'", "DELETE FROM line WHERE cpli_id > 'C015'"
        )
        assert names_of(iter([first, *chunks])) == {"Hollis"}
        assert sum(len(chunk.frame) for chunk in read_from(opened)) == 20
    with council.snapshot() as opened:
        assert names_of(read_from(opened)) == {"Changed"}


def test_the_moment_is_that_of_the_opening_and_not_of_the_first_reading(council: Council) -> None:
    council.fill(ROWS)
    with council.snapshot() as opened:
        council.do("UPDATE line SET family_name = 'Changed'")
        assert names_of(read_from(opened)) == {"Hollis"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE line SET family_name = 'x'",
        "DELETE FROM line",
        "INSERT INTO line (cpli_id) VALUES ('x')",
        "CREATE TABLE other (id integer)",
        "DROP TABLE line",
    ],
)
def test_nothing_can_be_changed_even_by_who_may(council: Council, statement: str) -> None:
    council.fill(ROWS)
    with council.snapshot() as opened, pytest.raises(SqlRefused) as refused:
        opened.scalar(text(statement))
    assert refused.value.fault is Fault.WRITES
    assert names_of(iter(council.chunks())) == {"Hollis"}


@pytest.mark.server
def test_a_query_that_writes_behind_a_function_is_stopped_by_the_transaction(postgresql) -> None:
    postgresql.fill(ROWS)
    postgresql.do(
        "CREATE FUNCTION spoil() RETURNS text LANGUAGE sql AS"
        " $$ UPDATE line SET family_name = 'x' RETURNING cpli_id $$"
    )
    sneaky = SqlTable(of=CPLI, query="SELECT l.*, spoil() AS spoilt FROM line l")
    with pytest.raises(SqlRefused) as refused:
        postgresql.chunks(sneaky)
    assert refused.value.fault is Fault.WRITES
    assert names_of(iter(postgresql.chunks())) == {"Hollis"}


@pytest.mark.server
@pytest.mark.parametrize("sql_table", [LINES, SqlTable(of=CPLI, query="SELECT * FROM line")])
def test_rows_come_over_in_chunks_and_not_at_once(postgresql, sql_table) -> None:
    postgresql.fill(ROWS)
    with postgresql.snapshot() as opened:
        chunks = read_from(opened, sql_table)
        next(chunks)
        held = opened._connection.exec_driver_sql("SELECT count(*) FROM pg_cursors").scalar()
        assert held == 1
        assert len(list(chunks)) == 3


def cut(council: Council) -> None:
    """Have the server hang up on everybody else."""
    council.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@pytest.mark.server
def test_a_connection_cut_before_any_row_is_made_anew(postgresql) -> None:
    postgresql.fill(ROWS)
    with postgresql.snapshot() as opened:
        cut(postgresql)
        assert sum(len(chunk.frame) for chunk in read_from(opened)) == 20
    assert len(WAITED) == 1


@pytest.mark.server
def test_a_connection_cut_between_rows_is_not_made_anew_as_moments_would_be_mixed(
    postgresql,
) -> None:
    postgresql.fill(ROWS)
    with postgresql.snapshot() as opened:
        chunks = read_from(opened)
        next(chunks)
        cut(postgresql)
        with pytest.raises(SqlLater, match="was cut off") as refused:
            next(chunks)
        assert refused.value.fault is Fault.CUT_OFF
        with pytest.raises(SqlLater):
            list(read_from(opened))
    assert WAITED == []


def refusal_of(place: Any, retry: Retry = AT_ONCE, sql_table: SqlTable = LINES) -> Any:
    """Read and return the error, which must hang on to no other."""
    with (
        pytest.raises((TryAgainLater, PersonNeeded)) as raised,
        snapshot(place, retry=retry) as opened,
    ):
        list(read_from(opened, sql_table))
    error = raised.value
    said = "".join(traceback.TracebackException.from_exception(error).format())
    assert error.__context__ is None
    assert error.__cause__ is None
    assert [value for value in PERSONAL if value in said] == []
    return error


def at(council: Council, **change: Any) -> Any:
    address = make_url(council.url).set(password=SECRET, **change)
    return replace(council.place, url=address.render_as_string(hide_password=False))


@pytest.mark.server
@pytest.mark.parametrize(
    ("change", "fault", "waits"),
    [
        ({"host": "127.0.0.1", "port": 9, "query": {}}, Fault.UNREACHABLE, 3),
        ({"database": "nowhere"}, Fault.NO_DATABASE, 0),
        ({"username": "nobody_here"}, Fault.LOGIN_REFUSED, 0),
    ],
)
def test_only_what_can_pass_is_tried_again(postgresql, change, fault, waits) -> None:
    error = refusal_of(at(postgresql, **change))
    assert error.fault is fault
    assert isinstance(error, TryAgainLater) is bool(waits)
    assert len(WAITED) == waits
    assert "Rutland (PostgreSQL)" in str(error)


def test_waits_grow_with_some_jitter() -> None:
    waited: list[float] = []
    retry = Retry(tries=5, first_wait=1, longest_wait=4, jitter=0.5, sleep=waited.append)

    def busy() -> None:
        raise SqlLater("It is busy.", Fault.BUSY)

    with pytest.raises(SqlLater):
        retry(busy)
    assert [int(wait) for wait in waited[:3]] == [1, 2, 4]
    assert len(waited) == 4


@pytest.mark.server
def test_a_server_that_asks_for_a_protected_connection_that_cannot_be_had(postgresql) -> None:
    address = make_url(postgresql.url).update_query_dict({"sslmode": "require"})
    address = address.set(host="127.0.0.1", query={"sslmode": "verify-full"})
    place = replace(postgresql.place, url=address.set(port=9).render_as_string())
    assert refusal_of(place).fault in {Fault.UNREACHABLE, Fault.TLS_REFUSED}


@pytest.mark.server
def test_a_lock_that_is_held_for_long_is_waited_for_and_tried_again(postgresql) -> None:
    postgresql.fill(ROWS)
    place = replace(postgresql.place, timeouts=replace(postgresql.place.timeouts, lock=0.05))
    other = create_engine(postgresql.url, poolclass=NullPool)
    with other.begin() as holding:
        holding.execute(text("LOCK TABLE line IN ACCESS EXCLUSIVE MODE"))
        assert refusal_of(place).fault is Fault.BUSY
        assert len(WAITED) == 3
    other.dispose()


@pytest.mark.server
def test_a_statement_that_takes_too_long_is_given_up(postgresql) -> None:
    postgresql.fill(ROWS)
    place = replace(postgresql.place, timeouts=replace(postgresql.place.timeouts, statement=0.05))
    slow = SqlTable(of=CPLI, query="SELECT l.*, pg_sleep(1) AS nap FROM line l")
    error = refusal_of(place, Retry(tries=2, sleep=WAITED.append), slow)
    assert (error.fault, len(WAITED)) == (Fault.TIMED_OUT, 1)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("SELECT * FROM nowhere", Fault.NO_TABLE),
        ("SELECT nothing_such FROM line", Fault.NO_COLUMN),
        ("SELECT FROM WHERE", Fault.QUERY_REFUSED),
    ],
)
def test_a_query_that_does_not_fit_says_so(council: Council, query: str, fault: Fault) -> None:
    council.fill(ROWS)
    error = refusal_of(council.place, sql_table=SqlTable(of=CPLI, query=query))
    assert (error.fault, WAITED) == (fault, [])


@pytest.mark.server
def test_values_that_do_not_fit_their_cast_are_not_quoted(postgresql) -> None:
    postgresql.fill(ROWS)
    query = "SELECT l.*, CAST(family_name AS integer) AS number FROM line l"
    error = refusal_of(postgresql.place, sql_table=SqlTable(of=CPLI, query=query))
    assert error.fault is Fault.VALUES_REFUSED
    assert "22P02" in str(error)


@pytest.mark.server
def test_an_account_that_may_not_read_is_told_who_can_help(postgresql) -> None:
    postgresql.fill(ROWS)
    reader = f"reader_{make_url(postgresql.url).database}"
    postgresql.do(f"CREATE ROLE {reader} LOGIN")
    try:
        error = refusal_of(at(postgresql, username=reader))
        assert error.fault is Fault.NOT_ALLOWED
        assert "grant it SELECT on the view, and nothing more" in str(error)
    finally:
        postgresql.do(f"DROP ROLE {reader}")


def test_a_table_that_is_not_there(council: Council) -> None:
    assert refusal_of(council.place).fault is Fault.NO_TABLE


def test_a_file_that_is_not_there_or_no_database(tmp_path) -> None:
    place = Council(f"sqlite:///{tmp_path / 'none.sqlite'}").place
    assert refusal_of(place).fault is Fault.NO_DATABASE
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "none.sqlite").write_bytes(b"Hollis,Margaret\n" * 500)
    assert refusal_of(place).fault is Fault.DAMAGED


def test_a_file_with_a_strange_name_is_opened_as_it_is_called(tmp_path) -> None:
    folder = tmp_path / "a b#c%20"
    folder.mkdir()
    council = Council(f"sqlite:///{tmp_path / 'plain.sqlite'}")
    council.fill(ROWS)
    (tmp_path / "plain.sqlite").rename(folder / "x.sqlite")
    place = replace(council.place, url=f"sqlite:///{quote(str(folder / 'x.sqlite'))}")
    with snapshot(place, retry=AT_ONCE) as opened:
        assert names_of(read_from(opened)) == {"Hollis"}


def test_a_writer_who_holds_the_file_is_waited_for(sqlite: Council) -> None:
    sqlite.fill(ROWS)
    sqlite.do("PRAGMA journal_mode = DELETE")
    place = replace(sqlite.place, timeouts=replace(sqlite.place.timeouts, lock=0.05))
    other = create_engine(sqlite.url, poolclass=NullPool)

    @event.listens_for(other, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    with other.begin():
        assert refusal_of(place).fault is Fault.BUSY
    other.dispose()
    assert len(WAITED) == 3


@pytest.mark.parametrize(
    "url",
    ["", "hunter2", "postgresql+asyncpg://me:hunter2@h/d", "db2://me:hunter2@h/d", "x://[hunter2"],
)
def test_an_address_that_is_none_is_not_quoted(url: str) -> None:
    with pytest.raises(WrongUsage, match="database Rutland is not understood") as refused:
        _ = Council(url).place.address
    assert SECRET not in str(refused.value)
    assert refused.value.__context__ is None


def test_a_place_never_shows_its_address_or_password() -> None:
    place = replace(Council("postgresql://me:hunter2@h/d").place, password=SECRET)
    assert SECRET not in repr(place)
    assert "postgresql:" not in repr(place)
    assert place.address.password == SECRET
