"""A connection that shows one state of a council's database, and cannot change it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import NullPool

from connectors.retry import Retry
from connectors.sql.faults import CAUGHT, Fault, SqlLater, in_plain_words, trouble
from connectors.sql.place import SqlPlace
from connectors.sql.ways import ways_of

# Told to log everything, SQLAlchemy logs each row that it reads. Ours are nobody's business.
LOGGING_NAME = "council"
logging.getLogger(f"sqlalchemy.engine.Engine.{LOGGING_NAME}").setLevel(logging.INFO)


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Some rows of an answer: the values of each column, and the driver's codes of their types."""

    names: tuple[str, ...]
    types: tuple[Any, ...]
    columns: tuple[Sequence[Any], ...]


class Described(NamedTuple):
    """A column of an answer, and the driver's code of its type."""

    name: str
    type_code: Any


@contextmanager
def snapshot(place: SqlPlace, *, retry: Retry | None = None) -> Iterator[Snapshot]:
    """Give a view of a council's database at one moment; all that is read of it belongs together.

    Raises SqlLater (TryAgainLater), SqlRefused (PersonNeeded) or WrongUsage.
    """
    with ExitStack() as leaving:
        opened = Snapshot(place, retry=retry or Retry())
        leaving.callback(opened.close)
        opened.open()
        yield opened


class Snapshot:
    """What a council's database held at one moment.

    A fault that can pass is tried again only while no row has been handed out: the new connection
    sees a later moment, and rows of two moments must not be mixed.
    """

    def __init__(self, place: SqlPlace, *, retry: Retry) -> None:
        self.place = place
        self.retry = retry
        self._engine = engine_of(place)
        self._connection: Connection | None = None
        self._handed_out = False

    def open(self) -> None:
        """Connect and begin, in several tries if need be."""
        self.retry(self._open)

    def close(self) -> None:
        """End the transaction, which has changed nothing, and hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Of a connection that was cut off, nothing is left to be closed.
            with suppress(*CAUGHT):
                connection.close()

    @property
    def driver(self) -> str:
        """What speaks to the database; type codes are its own."""
        return self._engine.dialect.driver

    def headings(self, statement: Executable, values: Mapping[str, Any]) -> tuple[Described, ...]:
        """Return an answer's columns; of its rows none is read."""
        return self._trying(lambda: self._headings(statement, values))

    def scalar(self, statement: Executable) -> Any:
        """Return the one value that the database answers with."""
        return self._trying(lambda: self._ask(statement, {}).scalar())

    def rows(
        self, statement: Executable, values: Mapping[str, Any], *, at_once: int
    ) -> Iterator[Rows]:
        """Yield an answer's rows, so many at once, as they come."""
        answer = self._trying(lambda: self._start(statement, values, at_once=at_once))
        with closing(answer):
            while answer.next is not None:
                self._handed_out = True
                yield answer.next
                self._speaking(answer.fetch)

    def _open(self) -> None:
        self.close()
        in_plain_words(self.place, self._begin)

    def _begin(self) -> None:
        self._connection = self._engine.connect()
        ways_of(self.place).begin(self._connection, self.place)

    def _trying(self, step: Callable[[], T]) -> T:
        if self._handed_out:
            return self._speaking(step)
        return self.retry(lambda: self._once(step))

    def _once(self, step: Callable[[], T]) -> T:
        if self._connection is None:
            self._open()
        return self._speaking(step)

    def _speaking(self, step: Callable[[], T]) -> T:
        """Do a step over the connection, which is of no more use after a fault that can pass."""
        try:
            return in_plain_words(self.place, step)
        except SqlLater:
            self.close()
            raise

    def _ask(
        self, statement: Executable, values: Mapping[str, Any], **options: Any
    ) -> CursorResult[Any]:
        if self._connection is None:
            raise trouble(Fault.CUT_OFF, self.place)
        return self._connection.execute(statement, values, execution_options=options)

    def _headings(self, statement: Executable, values: Mapping[str, Any]) -> tuple[Described, ...]:
        with self._ask(statement, values, stream_results=True, max_row_buffer=1) as result:
            described = zip(result.keys(), result.cursor.description, strict=True)
            return tuple(Described(name, column[1]) for name, column in described)

    def _start(self, statement: Executable, values: Mapping[str, Any], *, at_once: int) -> _Answer:
        result = self._ask(statement, values, stream_results=True, max_row_buffer=at_once)
        answer = _Answer(result, at_once=at_once)
        with ExitStack() as leaving:
            leaving.callback(answer.close)
            answer.fetch()
            leaving.pop_all()
        return answer


class _Answer:
    """An answer on its way; `next` are the rows to hand out next, or None at the end."""

    def __init__(self, result: CursorResult[Any], *, at_once: int) -> None:
        self.next: Rows | None = None
        self._cursor: Any = result.cursor
        self._names = tuple(result.keys())
        self._types = tuple(column[1] for column in self._cursor.description)
        self._parts = result.partitions(at_once)

    def fetch(self) -> None:
        """Get the next rows."""
        self.next = None
        for rows in islice(self._parts, 1):
            columns = tuple(zip(*rows, strict=True))
            self.next = Rows(names=self._names, types=self._types, columns=columns)

    def close(self) -> None:
        """Let go of what is left; of a connection that was cut off, that fails in its own way."""
        with suppress(*CAUGHT):
            self._cursor.close()


def engine_of(place: SqlPlace) -> Engine:
    """Return an engine that quotes nobody and leaves no connection open."""
    ways, address = ways_of(place), place.address
    engine = create_engine(
        ways.address(address),
        poolclass=NullPool,
        hide_parameters=True,
        logging_name=LOGGING_NAME,
        execution_options=dict(ways.options(place)),
        connect_args=ways.connect(place, address),
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        ways.prepare(connection, place)

    @event.listens_for(engine, "handle_error")
    def let_go(context: ExceptionContext) -> None:
        # Where the connection is gone, SQLAlchemy leaves a cursor of the server's open.
        execution = context.execution_context
        if execution is not None and execution.cursor is not None:
            with suppress(*CAUGHT):
                execution.cursor.close()

    return engine
