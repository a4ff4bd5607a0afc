"""Casebooks that are built once and copied for each test: recording nights takes its time."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from servers import postgres
from sqlalchemy import make_url

from casebook.store import Casebook

Build = Callable[[Casebook], None]
Copied = Callable[[Build], Casebook]


@dataclass
class Templates:
    """The casebooks that are copied, by what built each; a server makes them PostgreSQL's."""

    folder: Path
    server: str | None
    made: ExitStack
    addresses: dict[Build, str] = field(default_factory=dict)

    def copy(self, build: Build, *, folder: Path, until: ExitStack) -> Casebook:
        """Return a copy of what `build` makes of an empty casebook, there until a block's end."""
        if build not in self.addresses:
            self.addresses[build] = self._empty()
            build(Casebook.open(self.addresses[build]))
        there = self.addresses[build]
        if self.server is not None:
            return Casebook.open(
                until.enter_context(postgres.empty_database(self.server, like=there))
            )
        file = folder / "copied.sqlite"
        with (
            closing(sqlite3.connect(str(make_url(there).database))) as whole,
            closing(sqlite3.connect(file)) as copied,
        ):
            whole.backup(copied)
        return Casebook.open(f"sqlite:///{file}")

    def _empty(self) -> str:
        if self.server is not None:
            return self.made.enter_context(postgres.empty_database(self.server))
        return f"sqlite:///{self.folder / f'{len(self.addresses)}.sqlite'}"
