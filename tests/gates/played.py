"""Plays the nights of a world, without Prefect: read, judged, reconciled, judged and recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gates import faults
from gates.faults import Fault
from gates.worlds import World
from pydantic import SecretStr

from casebook.store import Casebook
from flows.assessing import Assessed, assess
from flows.steps import open_source, pull_in_memory
from schemas.gates import GateOutcome, GateResult
from settings.settings import Settings

SETTINGS = Settings(identity_key=SecretStr("a key that is long enough"))


@dataclass(frozen=True)
class Player:
    """A world whose nights go on record in a folder."""

    world: World
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "casebook.sqlite"

    @property
    def casebook(self) -> Casebook:
        return Casebook.open(f"sqlite:///{self.file}")

    def play(
        self, nights: Iterable[int], spoil: Callable[[Path, int], object] | None = None
    ) -> list[Assessed]:
        """Play some nights; `spoil` is given each folder before it is read, and its night."""
        casebook, played = self.casebook, []
        for night in nights:
            as_of = self.world.as_of(night)
            sources = self.world.write(self.folder / "sources", night)
            if spoil is not None:
                spoil(sources, night)
            source, known = open_source(sources)
            pulls = pull_in_memory(source, known, as_of=as_of, settings=SETTINGS)
            assessed = assess(pulls, casebook, as_of=as_of, settings=SETTINGS)
            casebook.record(assessed.account.record)
            casebook.gates().keep(
                as_of,
                results=assessed.results,
                nights=assessed.nights,
                judged=assessed.sources.whose | assessed.result.whose,
            )
            played.append(assessed)
        return played

    def copied(self, folder: Path) -> Player:
        """Return the same with a record of its own, as it is by now."""
        with (
            closing(sqlite3.connect(self.file)) as whole,
            closing(sqlite3.connect(folder / self.file.name)) as copy,
        ):
            whole.backup(copy)
        return Player(self.world, folder)

    def suffer(self, fault: Fault, until: int) -> tuple[Assessed, str]:
        """Play the nights of a fault, and return the last of them and whose source it spoilt."""
        owners: list[str] = []

        def spoil(folder: Path, night: int) -> None:
            owners.append(faults.plant(fault, self.world, folder, night, until=until))

        return self.play(fault.nights_until(until), spoil)[-1], owners[-1]


def failures(assessed: Assessed) -> list[GateResult]:
    """Return the results of the gates that did not pass."""
    return [each for each in assessed.results if each.outcome is GateOutcome.FAILED]
