"""The view that a council's database administrator installs for us, with the least rights."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from types import MappingProxyType

from connectors.feed import DATES, INSTANTS
from connectors.sql.place import KINDS
from schemas.tables import CPLI, TableColumns

NUMBERS = ("weekly_quantity",)

# What each kind of column is cast to: dates as dates, whatever the council's own table says.
TYPES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "postgresql": ("text", "date", "numeric(12, 4)", "timestamptz"),
        "mariadb": ("char(4000)", "date", "decimal(12, 4)", "datetime"),
        "mssql": ("nvarchar(4000)", "date", "decimal(12, 4)", "datetime2(0)"),
        "oracle": ("varchar2(4000)", "date", "number(12, 4)", "timestamp(0)"),
        "sqlite": ("text", "text", "text", "text"),
    }
)

HEADER = """\
-- $kind: the view from which cpli reads a council's care package line items (CPLIs).
--
-- For the council's database administrator. Three things are yours to change:
--   1. finance.care_package_line: your own table, or several joined;
--   2. what stands to the left of AS: your own columns. A column that you do not have is
--      written NULL. The names to the right of AS stay. A column that holds text, and not
--      always a date or number, is left without CAST: cpli then judges it row by row, where a
--      CAST that fails would hold back all rows.
--   3. $third
-- All lines of all persons belong into the view, ended, draft and cancelled ones too: providers'
-- entries are looked up among them. $instants
"""

SCRIPTS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": """\
CREATE SCHEMA cpli_feed;

CREATE VIEW cpli_feed.cpli AS
SELECT
$columns
FROM finance.care_package_line AS line;

-- The login may read this one view, as its owner reads the tables below it, and nothing else.
CREATE ROLE cpli_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 4;
ALTER ROLE cpli_reader SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA cpli_feed TO cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;

-- Every reading sees one moment (REPEATABLE READ, READ ONLY); nothing needs to be set for that.
""",
        "mariadb": """\
CREATE DATABASE cpli_feed;

CREATE SQL SECURITY DEFINER VIEW cpli_feed.cpli AS
SELECT
$columns
FROM finance.care_package_line AS line;

-- The login may read this one view, as its definer reads the tables below it, and nothing else.
CREATE USER 'cpli_reader'@'<host of cpli>' IDENTIFIED BY '<password>' REQUIRE SSL
  WITH MAX_USER_CONNECTIONS 4;
GRANT SELECT ON cpli_feed.cpli TO 'cpli_reader'@'<host of cpli>';

-- Every reading sees one moment (START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY). That
-- holds for InnoDB tables alone: tables of another engine must be converted.
""",
        "mssql": """\
CREATE SCHEMA cpli_feed AUTHORIZATION dbo;
GO
CREATE VIEW cpli_feed.cpli AS
SELECT
$columns
FROM finance.care_package_line AS line;
GO
-- The login may read this one view, and nothing else. The view's schema and the tables' must have
-- the same owner, or else SELECT would have to be granted on the tables too.
CREATE LOGIN cpli_reader WITH PASSWORD = '<password>', CHECK_POLICY = ON;
CREATE USER cpli_reader FOR LOGIN cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;
GO
-- Every reading sees one moment (SNAPSHOT isolation), and neither waits for writers nor holds them
-- up. This has to be allowed once; row versions then need some room in tempdb.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
-- If that cannot be: snapshot_isolation = false in cpli's configuration reads with SERIALIZABLE
-- isolation instead. Writers then wait until the reading, some minutes at night, has ended.
""",
        "oracle": """\
-- Run as the owner of a schema of its own, to whom the finance system has granted SELECT on its
-- table WITH GRANT OPTION.
CREATE VIEW cpli_feed.cpli AS
SELECT
$columns
FROM finance.care_package_line line;

-- The login may read this one view, and nothing else.
CREATE USER cpli_reader IDENTIFIED BY "<password>";
GRANT CREATE SESSION TO cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;

-- Every reading sees one moment (SET TRANSACTION READ ONLY); nothing needs to be set for that but
-- enough undo: where ORA-01555 comes up, raise UNDO_RETENTION above the minutes of a reading.
""",
        "sqlite": """\
CREATE VIEW cpli AS
SELECT
$columns
FROM care_package_line AS line;

-- SQLite has no logins: the file's permissions decide. Let the account that runs cpli read the file
-- and its folder, and not write. cpli opens it read-only and begins one transaction for all that it
-- reads. With PRAGMA journal_mode = WAL, writers do not wait for it.
""",
    }
)

THIRD = MappingProxyType(
    {
        "postgresql": "the password, which you set with \\password cpli_reader.",
        "mariadb": "the password and the host in angle brackets.",
        "mssql": "the password in angle brackets.",
        "oracle": "the password in angle brackets.",
        "sqlite": "nothing else.",
    }
)
NAIVE = "Dates with a time are taken for London's."
AWARE = "Dates with a time carry their zone."


def view_definition(backend: str, table: TableColumns = CPLI) -> str:
    """Return the script that makes the view and the login in a kind of database."""
    columns = ",\n".join(f"  {_cast(backend, name)} AS {name}" for name in table.all)
    script = HEADER + "\n" + SCRIPTS[backend]
    if backend == "sqlite":
        script = script.replace("finance.care_package_line", "care_package_line")
    return Template(script).substitute(
        kind=KINDS[backend],
        third=THIRD[backend],
        instants=AWARE if backend == "postgresql" else NAIVE,
        columns=columns,
    )


def _cast(backend: str, name: str) -> str:
    text, day, number, instant = TYPES[backend]
    kind = text
    if name in DATES:
        kind = day
    elif name in NUMBERS:
        kind = number
    elif name in INSTANTS:
        kind = instant
    return f"CAST(line.{name} AS {kind})"
