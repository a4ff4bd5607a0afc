"""What is said when the database fails: who should act, and nothing from any row."""

import logging
import sqlite3
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nights.examples import FIRST, MARKERS, SECOND, discrepancies, night
from psycopg import Cursor
from sqlalchemy import Connection, Engine, event, make_url, text

from casebook import database
from casebook.store import Casebook
from schemas.errors import ContractBreach, CpliError, PersonNeeded, TryAgainLater

FRAME = discrepancies(range(300))


@pytest.fixture(autouse=True)
def nobody_is_quoted(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Fail the test where a personal value reached a log or the console."""
    for name in ("", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.Engine", "alembic"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    formatter = logging.Formatter("%(message)s")
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    said = "".join(map(formatter.format, records)).join(capfd.readouterr())
    assert quoted(said) == []


def quoted(text: str) -> list[str]:
    return [marker for marker in (*MARKERS, "Siân", "Łukasz") if marker in text]


def everything_said(error: BaseException | None) -> str:
    """Return all that an error and whatever hangs on to it would say to a logger."""
    said = ""
    while error is not None:
        lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
        said += "".join(lines) + repr(error) + repr(error.args)
        error = error.__cause__ or error.__context__
    return said


@contextmanager
def refused(family: type[CpliError], match: str) -> Iterator[None]:
    with pytest.raises(family, match=match) as raised:
        yield
    assert type(raised.value) is family
    assert raised.value.__context__ is None
    assert quoted(everything_said(raised.value)) == []


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


ACTIONS = {
    "record": lambda casebook: casebook.record(night(SECOND, FRAME)),
    "nights": lambda casebook: casebook.nights(),
    "night": lambda casebook: casebook.night(FIRST),
    "discrepancies": lambda casebook: casebook.discrepancies(FIRST),
    "cases": lambda casebook: casebook.cases(),
    "case_counts": lambda casebook: casebook.case_counts(FIRST),
    "verify": lambda casebook: casebook.verify(),
    "changes": lambda casebook: casebook.changes(FIRST, FIRST),
    "open": lambda casebook: Casebook.open(
        casebook.engine.url.render_as_string(hide_password=False)
    ),
}


@pytest.fixture
def standing(casebook: Casebook) -> Casebook:
    casebook.record(night(FIRST, FRAME))
    return casebook


@pytest.mark.parametrize(
    "name", [name for name in ACTIONS if name in {"record", "discrepancies", "changes", "verify"}]
)
def test_a_table_that_was_dropped(standing: Casebook, name: str) -> None:
    execute(standing.engine, "DROP TABLE night_discrepancy")
    with refused(PersonNeeded, "is no database of ours or is damaged. Restore it from a backup"):
        ACTIONS[name](standing)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_file_that_is_no_database(sqlite_url: str, name: str) -> None:
    standing = Casebook.open(sqlite_url)
    standing.record(night(FIRST, FRAME))
    Path(str(standing.engine.url.database)).write_bytes(b"ZZPERSON,ZZLINE\n" * 5000)
    with refused(PersonNeeded, "is no database of ours or is damaged"):
        ACTIONS[name](standing)


def test_a_full_disk_leaves_the_record_as_it_was(sqlite_url: str) -> None:
    standing = Casebook.open(sqlite_url)
    standing.record(night(FIRST, FRAME))

    @event.listens_for(standing.engine, "connect")
    def no_space(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    with refused(PersonNeeded, "has no space left. Free some, then run this again"):
        standing.record(night(SECOND, FRAME))
    assert [row.as_of for row in standing.nights()] == [FIRST]
    assert len(standing.discrepancies(FIRST)) == 300


def test_another_program_that_writes_for_long(
    standing: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    hasty = Casebook.open(standing.engine.url.render_as_string(hide_password=False))
    with database.writing(standing.engine):
        with refused(TryAgainLater, "is in use by another program. Run this again"):
            hasty.record(night(SECOND, FRAME))
        assert len(hasty.discrepancies(FIRST)) == 300


def test_a_row_that_the_database_refuses_is_not_quoted(standing: Casebook) -> None:
    # PostgreSQL quotes the value that is there already.
    execute(standing.engine, "CREATE UNIQUE INDEX one_each ON night_discrepancy (person_id)")
    with refused(ContractBreach, "refused what we asked of it .*: a fault of ours"):
        standing.record(night(SECOND, FRAME))
    assert [row.as_of for row in standing.nights()] == [FIRST]


def test_whatever_the_database_itself_says_of_a_row_is_not_quoted(postgresql_url: str) -> None:
    standing = Casebook.open(postgresql_url)
    execute(
        standing.engine,
        """CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% %', NEW.person_id, NEW.council_value; END $$""",
        "CREATE TRIGGER tells BEFORE INSERT ON night_discrepancy"
        " FOR EACH ROW EXECUTE FUNCTION tell()",
    )
    with refused(ContractBreach, "RaiseException P0001"):
        standing.record(night(FIRST, FRAME))


def test_a_record_that_may_only_be_read(standing: Casebook) -> None:
    url = standing.engine.url.render_as_string(hide_password=False)
    with refused(PersonNeeded, "does not let us read or write. .* rights of the account"):
        Casebook.open(url, read_only=True).record(night(SECOND, FRAME))


def test_rows_and_statements_reach_no_log_however_much_is_logged(
    standing: Casebook, caplog: pytest.LogCaptureFixture
) -> None:
    talkative = Casebook.open(standing.engine.url.render_as_string(hide_password=False))
    talkative.discrepancies(FIRST)
    talkative.record(night(SECOND, FRAME))
    assert "sqlalchemy.pool" in caplog.text
    assert "night_discrepancy" not in caplog.text


def test_a_connection_that_is_lost_on_the_way(postgresql_url: str) -> None:
    standing = Casebook.open(postgresql_url)
    standing.record(night(FIRST, FRAME))

    @event.listens_for(standing.engine, "before_cursor_execute")
    def cut(connection: Connection, cursor: Cursor[object], statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO night_source"):
            backend = cursor.connection.info.backend_pid
            with database.connect(postgresql_url).connect() as other:
                other.execute(text(f"SELECT pg_terminate_backend({backend})"))

    with refused(TryAgainLater, "cannot be reached. Run this again in a few minutes"):
        standing.record(night(SECOND, FRAME))


@pytest.mark.parametrize(
    ("change", "family", "said"),
    [
        ({"host": "127.0.0.1", "port": 9, "query": {}}, TryAgainLater, "cannot be reached"),
        ({"database": "nowhere"}, PersonNeeded, "does not let us read or write"),
        ({"username": "nobody_here"}, PersonNeeded, "does not let us read or write"),
    ],
    ids=["unreachable", "no such database", "no such account"],
)
def test_a_server_that_does_not_let_us_in(
    postgresql_url: str, change: dict[str, Any], family: type[CpliError], said: str
) -> None:
    address = make_url(postgresql_url).set(password="hunter2", **change)
    with refused(family, said):
        Casebook.open(address.render_as_string(hide_password=False))


def test_an_account_without_rights_is_told_so(postgresql_url: str) -> None:
    standing = Casebook.open(postgresql_url)
    reader = f"reader_{uuid.uuid4().hex}"
    execute(standing.engine, f"CREATE ROLE {reader} LOGIN")
    address = make_url(postgresql_url).set(username=reader).render_as_string()
    try:
        with refused(PersonNeeded, "does not let us read or write"):
            Casebook.open(address)
    finally:
        execute(standing.engine, f"DROP ROLE {reader}")


def test_a_lock_that_cannot_be_kept_says_who_should_act(sqlite_url: str) -> None:
    casebook = Casebook.open(sqlite_url)
    Path(f"{casebook.engine.url.database}.locks").touch()
    with (
        refused(PersonNeeded, "cannot be locked in .* Give this account the right to write there"),
        casebook.hold(FIRST, wait_seconds=0),
    ):
        pytest.fail("held without a lock")


def test_a_database_that_is_gone_cannot_be_locked(postgresql_url: str) -> None:
    address = make_url(postgresql_url).set(database="nowhere")
    casebook = Casebook(database.connect(address.render_as_string(hide_password=False)))
    with (
        refused(PersonNeeded, "does not let us read or write"),
        casebook.hold(FIRST, wait_seconds=0),
    ):
        pytest.fail("held without a lock")


@pytest.mark.server
def test_whoever_finds_all_connections_in_use_is_told_to_wait(postgresql_url: str) -> None:
    casebook = Casebook.open(postgresql_url, keeps=1)
    casebook.engine.pool._timeout = 0.01
    with (
        casebook.engine.connect(),
        casebook.engine.connect(),  # as many again may be more
        pytest.raises(TryAgainLater, match="in use"),
    ):
        casebook.nights()
    assert casebook.nights() == []
    casebook.engine.dispose()
