"""Which rows of a council's database are asked for: a table or view by name, or a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Date,
    Executable,
    FromClause,
    Select,
    bindparam,
    column,
    literal_column,
    or_,
    select,
    table,
    text,
)

from schemas.errors import WrongUsage
from schemas.tables import CPLI, PORTAL, PROVIDER, SUPPLIER_REFERENCE, TableColumns

AS_OF, WINDOW_START = "as_of", "window_start"
BINDS = frozenset({AS_OF, WINDOW_START})

KEYS = MappingProxyType(
    {
        CPLI.name: ("cpli_id",),
        PORTAL.name: ("cpli_id",),
        PROVIDER.name: ("provider_id",),
        SUPPLIER_REFERENCE.name: ("local_authority", "supplier_reference"),
    }
)
"""What rows are ordered by, so that a row has the same number whenever it is read."""

# What only looks like a word of the query: texts, quoted names and comments.
QUOTED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$""",
    re.DOTALL,
)
BEGINNINGS = frozenset({"select", "with"})
CHANGING = frozenset(
    {
        *("insert", "update", "delete", "merge", "into", "truncate", "drop", "alter", "create"),
        *("grant", "revoke", "call", "exec", "execute", "begin", "commit", "rollback", "lock"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The night that reads: its date, the first day of its window, and when the snapshot was taken.

    `received_at` has a time zone.
    """

    as_of: date
    window_start: date
    received_at: datetime

    @property
    def values(self) -> dict[str, date]:
        """What a query's parameters stand for."""
        return {AS_OF: self.as_of, WINDOW_START: self.window_start}


@dataclass(frozen=True, kw_only=True)
class SqlTable:
    """One of our tables as a database holds it: in a `table` or view by name, or by a `query`.

    `table` is `name`, `schema.name` or, in SQL Server, `database.schema.name`. A `query` is one
    SELECT that names its columns as the feed does; it may use :as_of and :window_start, and must
    order its rows itself. `name` is what messages call it. Of a table all rows are read, as
    entries are looked up among all CPLIs received, unless `within_window` leaves out those that
    ended before the window; that asks for an end date of a date type. `order_by` are columns of
    ours; the key of our table if it is empty. `at_most` is for a look at the first rows.

    Raises WrongUsage where it is not one of both, or the query is not one that only reads.
    """

    of: TableColumns
    table: str | None = None
    query: str | None = None
    name: str = ""
    within_window: bool = False
    order_by: tuple[str, ...] = ()
    at_most: int | None = None

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise WrongUsage(
                f"Say where to read {self.called} from in one way: a table, or a query."
            )
        if self.query is not None:
            _insist_on_reading(self.query, called=self.called)

    @property
    def called(self) -> str:
        """What messages call it."""
        return self.name or self.table or self.of.name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of ours that rows are ordered by."""
        return self.order_by or KEYS.get(self.of.name, ())

    def without_rows(self) -> Executable:
        """Return what asks for the columns alone."""
        if self.query is not None:
            return _bound(self.query)
        no_row = literal_column("1") == literal_column("0")
        return select(literal_column("*")).select_from(self._from()).where(no_row)

    def statement(self, own_names: dict[str, str]) -> Executable:
        """Return what asks for the rows; `own_names` are our columns by the database's names."""
        if self.query is not None:
            return _bound(self.query)
        columns: dict[str, ColumnClause[Any]] = {
            ours: column(own) for ours, own in own_names.items()
        }
        asked: Select[Any] = select(*(columns[ours].label(ours) for ours in columns))
        asked = asked.select_from(self._from())
        if self.within_window:
            end = column(own_names["end_date"], Date())
            open_or_late = or_(end.is_(None), end >= bindparam(WINDOW_START, type_=Date()))
            asked = asked.where(open_or_late)
        ordered = asked.order_by(*(columns[ours] for ours in self.key if ours in columns))
        return ordered if self.at_most is None else ordered.limit(self.at_most)

    def values(self, asked: Asked) -> dict[str, date]:
        """Return what the statement's parameters stand for."""
        if self.query is not None:
            used = text(self.query).compile().params
            return {name: value for name, value in asked.values.items() if name in used}
        return {WINDOW_START: asked.window_start} if self.within_window else {}

    def _from(self) -> FromClause:
        schema, _, name = (self.table or "").rpartition(".")
        return table(name, schema=schema or None)


def _bound(query: str) -> Executable:
    asked = text(query.rstrip().rstrip(";"))
    names = asked.compile().params
    return asked.bindparams(*(bindparam(name, type_=Date()) for name in names))


def _insist_on_reading(query: str, *, called: str) -> None:
    """Refuse what is not one SELECT, as far as can be told; the transaction is the real guard."""
    bare = QUOTED.sub(" ", query).strip().rstrip(";")
    words = re.findall(r"[a-z_]\w*", bare.lower())
    if not words or words[0] not in BEGINNINGS or ";" in bare or CHANGING.intersection(words):
        raise WrongUsage(
            f"The query for {called} is not one SELECT that only reads. Write a single SELECT (or"
            " WITH ... SELECT), without INTO and without another statement behind it."
        )
    strange = sorted(text(query).compile().params.keys() - BINDS)
    if strange:
        raise WrongUsage(
            f"The query for {called} has a parameter :{strange[0]}, which we do not know. It may"
            " use :as_of and :window_start; any other colon before a letter or digit is written"
            " with a backslash before it."
        )
