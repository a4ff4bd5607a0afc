"""The views for administrators are in step with our columns, and do what they say where we can."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bridge import raw_table
from cleaned import AS_OF, CPLI_ROW, LEICESTER
from council import ASKED, Council
from pandas.testing import assert_frame_equal
from sql.views import FOLDER, expected
from sqlalchemy import make_url

from connectors.feed import CANONICAL
from connectors.sql.checking import check
from connectors.sql.faults import Fault
from connectors.sql.place import DRIVERS
from connectors.sql.query import SqlTable
from connectors.sql.views import view_definition
from schemas.cleaning import clean_cplis
from schemas.raw import whole
from schemas.tables import CPLI

ROWS = [
    {name: CPLI_ROW[name] for name in CPLI.all} | {"cpli_id": f"C{number}"} for number in range(3)
]
TYPES = {
    "date_of_birth": "date", "start_date": "date", "end_date": "timestamp",
    "weekly_quantity": "numeric(6, 2)", "created_at": "timestamptz", "updated_at": "timestamptz",
}  # fmt: skip


def statements(script: str) -> list[str]:
    """The statements of a script, without comments."""
    bare = re.sub(r"--[^\n]*", "", script)
    return [one.strip() for one in bare.split(";") if one.strip()]


def test_the_files_are_as_they_would_be_written_now() -> None:
    files = {path: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
    assert files == dict(sorted(expected().items())), "PYTHONPATH=tests python -m sql.views"


@pytest.mark.parametrize("backend", DRIVERS)
def test_a_view_names_each_of_our_columns_once_in_its_order(backend: str) -> None:
    assert re.findall(r"\) AS (\w+)", view_definition(backend)) == list(CPLI.all)
    assert "$" not in view_definition(backend)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb", "mssql", "oracle"])
def test_the_login_gets_no_right_but_to_read_the_view(backend: str) -> None:
    granted = [one for one in statements(view_definition(backend)) if "GRANT" in one]
    said = " ".join(granted)
    assert re.search(r"GRANT SELECT ON cpli_feed\.cpli TO '?cpli_reader", said)
    assert not re.search(r"\b(ALL|INSERT|UPDATE|DELETE|EXECUTE|OWNER)\b", said)


@pytest.fixture
def installed(postgresql: Council) -> Iterator[Council]:
    """A council whose administrator has run the script for PostgreSQL."""
    postgresql.do("CREATE SCHEMA finance")
    postgresql.fill(ROWS, table="finance.care_package_line", **TYPES)
    postgresql.do(*statements(view_definition("postgresql")))
    yield postgresql
    postgresql.do("DROP OWNED BY cpli_reader", "DROP ROLE cpli_reader")


@pytest.mark.server
def test_postgresqls_view_is_read_by_its_login_which_can_do_nothing_else(installed) -> None:
    url = make_url(installed.url).set(username="cpli_reader")
    reader = Council(url.render_as_string(hide_password=False))

    raw = whole(reader.chunks(SqlTable(of=CPLI, table="cpli_feed.cpli")))

    asked = {"local_authority": LEICESTER, "as_of": AS_OF}
    ours, theirs = clean_cplis(raw, **asked), clean_cplis(raw_table(ROWS, CPLI), **asked)
    assert_frame_equal(ours.valid, theirs.valid)
    assert ours.refusals.empty
    tables = [(SqlTable(of=CPLI, table="finance.care_package_line"), CANONICAL)]
    checked = check(reader.place, tables, asked=ASKED)
    assert (checked.writable_tables, checked.warning) == (0, None)
    assert checked.tables[0].problem.fault is Fault.NOT_ALLOWED


def test_sqlites_view_is_read(sqlite: Council) -> None:
    sqlite.fill(ROWS, table="care_package_line")
    file = make_url(sqlite.url).database
    with sqlite3.connect(str(file)) as connection:
        connection.executescript(view_definition("sqlite"))
    connection.close()
    raw = whole(sqlite.chunks(SqlTable(of=CPLI, table="cpli")))
    plain = raw_table(ROWS, CPLI)
    assert_frame_equal(raw.frame, plain.frame)
    assert replace(raw, frame=plain.frame).columns == frozenset(CPLI.all)
