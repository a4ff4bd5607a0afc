"""What people see: progress on the error stream, results on the output stream."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

NAME = "cpli"
WIDTH = 100
STYLES: Mapping[int, str] = {logging.WARNING: "yellow", logging.ERROR: "red"}


def say(line: str = "") -> None:
    """Print a line of the result, as long as it is."""
    click.echo(line)


def show(table: Table) -> None:
    """Print a table, no wider than people can read, in plain characters if it goes to a file."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console.print(table)


def table(title: str, columns: Sequence[str], *, numbers: Sequence[str] = ()) -> Table:
    """Return an empty table; the columns of `numbers` are set to the right."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def command_line(*arguments: str) -> str:
    """Return a command of ours as it can be pasted, by the name that it was called by just now."""
    called = Path(sys.argv[0])
    found = shutil.which(NAME)
    known = called.name != NAME or (found is not None and called.samefile(found))
    return shlex.join([NAME if known else str(called), *arguments])


@contextmanager
def progress() -> Iterator[None]:
    """Show within how a night gets on, line by line."""
    log, shown = logging.getLogger("cpli"), _Lines()
    level, propagate = log.level, log.propagate
    log.addHandler(shown)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(shown)
        log.setLevel(level)
        log.propagate = propagate


class _Lines(logging.Handler):
    """Prints each record as a line; its text is ours and is not read as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        self.console.print(Text(record.getMessage(), style=STYLES.get(record.levelno, "")))
