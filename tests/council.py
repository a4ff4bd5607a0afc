"""A council's finance database as tests fill and read it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from connectors.feed import CANONICAL, Feed
from connectors.retry import Retry
from connectors.sql.place import SqlPlace
from connectors.sql.query import Asked, SqlTable
from connectors.sql.rows import read
from connectors.sql.snapshot import Snapshot, snapshot
from schemas.raw import RawTable
from schemas.tables import CPLI

TAKEN_AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
ASKED = Asked(as_of=date(2026, 11, 20), window_start=date(2025, 11, 20), received_at=TAKEN_AT)
LINES = SqlTable(of=CPLI, table="line")
SECRET = "hunter2"
WAITED: list[float] = []
AT_ONCE = Retry(sleep=WAITED.append)


@dataclass(frozen=True)
class Council:
    """A council's database, by the address of somebody who may change it."""

    url: str

    @property
    def place(self) -> SqlPlace:
        """The database as we are told of it."""
        return SqlPlace(name="Rutland", url=self.url)

    @property
    def is_postgresql(self) -> bool:
        """Whether it is no SQLite file."""
        return self.url.startswith("postgresql")

    def do(self, *statements: str, values: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Change the database, each statement at once."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def fill(self, rows: Sequence[Mapping[str, Any]], *, table: str = "line", **types: str) -> None:
        """Make a table of text columns, but for those whose type is given, with these rows."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        quoted = {name: name.replace('"', '""') for name in names}
        columns = ", ".join(f'"{quoted[name]}" {types.get(name, "text")}' for name in names)
        self.do(f"CREATE TABLE {table} ({columns})")
        places = ", ".join(f":v{number}" for number in range(len(names)))
        self.do(
            f"INSERT INTO {table} VALUES ({places})",
            values=[{f"v{n}": row.get(name) for n, name in enumerate(names)} for row in rows],
        )

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Look at the database as we do, without waiting between tries."""
        with snapshot(self.place, retry=AT_ONCE) as opened:
            yield opened

    def chunks(
        self, sql_table: SqlTable = LINES, feed: Feed = CANONICAL, **options: Any
    ) -> list[RawTable]:
        """Read a table."""
        with self.snapshot() as opened:
            return list(read(opened, sql_table, feed, source="cpli X", asked=ASKED, **options))
