"""A place is tried with the login given: reachable, rights, columns, clock and a few rows."""

import time
from pathlib import Path

import pytest
from cleaned import CPLI_ROW
from council import ASKED, LINES, SECRET, Council
from sqlalchemy import make_url

from connectors.feed import CANONICAL, Feed
from connectors.sql.checking import SAMPLE_ROWS, check
from connectors.sql.faults import Fault
from connectors.sql.place import SqlPlace
from connectors.sql.query import SqlTable
from schemas.tables import CPLI

ROWS = [{**CPLI_ROW, "cpli_id": f"C{number:03}"} for number in range(50)]


def test_a_sound_place_is_told_with_its_columns_and_first_rows(council: Council) -> None:
    council.fill(ROWS)
    query = SqlTable(of=CPLI, query="SELECT * FROM line ORDER BY cpli_id DESC", name="lines")

    checked = check(council.place, [(LINES, CANONICAL), (query, CANONICAL)], asked=ASKED)

    assert checked.reachable
    assert checked.clock_ahead_seconds is not None
    assert abs(checked.clock_ahead_seconds) < 5
    by_name, by_query = checked.tables
    assert (by_name.file, by_query.file) == ("sql Rutland/line", "sql Rutland/lines")
    for table in checked.tables:
        assert table.problem is None
        assert table.missing == ()
        assert table.columns == frozenset(CPLI.known)
        assert table.sample is not None
        assert len(table.sample.frame) == SAMPLE_ROWS
    assert by_query.sample.frame["cpli_id"][0] == "C049"


def test_a_clock_that_goes_wrong_is_told(council: Council) -> None:
    checked = check(council.place, [], asked=ASKED, clock=lambda: time.time() + 90)
    assert checked.clock_ahead_seconds == pytest.approx(-90, abs=5)


def test_one_tables_fault_does_not_hide_the_others(council: Council) -> None:
    council.fill(ROWS)
    tables = [
        (SqlTable(of=CPLI, table="nowhere"), CANONICAL),
        (LINES, Feed(columns={"cpli_id": "LineNo"})),
        (LINES, CANONICAL),
    ]
    gone, lacking, sound = check(council.place, tables, asked=ASKED).tables
    assert gone.problem.fault is Fault.NO_TABLE
    assert lacking.missing == ("cpli_id",)
    assert "LineNo (our cpli_id)" in str(lacking.problem)
    assert lacking.sample is None
    assert sound.problem is None


@pytest.mark.server
def test_a_right_to_write_is_warned_of_and_a_right_to_read_is_not(postgresql: Council) -> None:
    postgresql.fill(ROWS)
    reader = f"reader_{make_url(postgresql.url).database}"
    postgresql.do(f"CREATE ROLE {reader} LOGIN", f"GRANT SELECT ON line TO {reader}")
    url = make_url(postgresql.url).set(username=reader, password=SECRET)
    place = SqlPlace(name="Rutland", url=url.render_as_string(hide_password=False))
    try:
        found = check(place, [(LINES, CANONICAL)], asked=ASKED)
        assert (found.writable_tables, found.warning) == (0, None)
        assert found.tables[0].problem is None
        postgresql.do(f"GRANT DELETE ON line TO {reader}")
        found = check(place, [], asked=ASKED)
        assert found.writable_tables == 1
        assert "The login for Rutland (PostgreSQL) may change tables" in str(found.warning)
        assert "leave it the right to SELECT from the view alone" in str(found.warning)
    finally:
        postgresql.do(f"DROP OWNED BY {reader}", f"DROP ROLE {reader}")


def test_what_cannot_be_reached_is_tried_once_and_said_why(tmp_path) -> None:
    place = Council(f"sqlite:///{tmp_path / 'none.sqlite'}").place
    checked = check(place, [(LINES, CANONICAL)], asked=ASKED)
    assert not checked.reachable
    assert checked.problem.fault is Fault.NO_DATABASE
    assert checked.tables == ()


def test_nothing_is_changed(sqlite: Council) -> None:
    sqlite.fill(ROWS)
    sqlite.do("PRAGMA journal_mode = DELETE")
    file = Path(str(make_url(sqlite.url).database))
    before = file.read_bytes()
    check(sqlite.place, [(LINES, CANONICAL)], asked=ASKED)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
