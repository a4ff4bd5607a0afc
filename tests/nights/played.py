"""A casebook played by hand: nights that come and people who act, each on a day told by number."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from nights.examples import FIRST, discrepancy_id
from nights.simulated import Night

from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.store import Casebook


def day(number: int) -> date:
    """Return the day so many after Thursday, 19 November 2026."""
    return FIRST + timedelta(days=number)


class Played:
    """A casebook whose clock stands where the tale is."""

    def __init__(self, casebook: Casebook, *, at: int | None = None) -> None:
        self.casebook = casebook
        if at is not None:
            self._at(at)

    def comes(self, number: int, *names: str, **facts: Any) -> None:
        """Record a night that finds some discrepancies."""
        self._at(number)
        found = {**dict.fromkeys(names, "ZZPROVIDERSAYS"), **facts.pop("found", {})}
        self.casebook.record(Night(found=found, **facts).record(day(number)))

    def does(self, number: int, name: str, action: str, **facts: Any) -> None:
        """Let Ann do something with a case."""
        self._at(number)
        step = Step(action=Action(action), **facts)
        Desk(self.casebook).act(step, {discrepancy_id(name): None}, who="ann")

    def resolves(self, number: int, name: str) -> None:
        """Let Ann resolve a case, with a note about a person."""
        self.does(number, name, "resolve", reason="cpli_corrected", note="ZZNOTE She rang.")

    def accepts(self, number: int, name: str, *, until: int) -> None:
        """Let Ann accept a case."""
        facts = {"reason": "agreed_difference", "expires_on": day(until), "note": "ZZNOTE"}
        self.does(number, name, "accept", **facts)

    def _at(self, number: int) -> None:
        self.casebook.clock = lambda: datetime.combine(day(number), time(9), tzinfo=UTC)
