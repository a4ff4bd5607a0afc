"""What a night came to at the Care Record, in small facts: no person, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from schemas.gates import GateOutcome, GateResult
from schemas.lineage import NotedSchema


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """What a night came to at the Care Record: its export, or why there is none; nobody in it.

    `trouble` says that somebody should act; an older night is not published, and that is right.
    """

    export: str | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    trouble: bool = False

    @property
    def summary(self) -> dict[str, Any]:
        """What the night's summary says of it."""
        if self.reason:
            return {"export": None, "not_published": self.reason}
        return {"export": self.export, **self.counts}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of the outbox: exports that went, how many wait, and why; no person is in it.

    `troubles` are also about what the receiver said and could not be read; `refused` counts the
    resources that it refused, as far as it has said.
    """

    delivered: tuple[str, ...] = ()
    waiting: int = 0
    troubles: tuple[str, ...] = ()
    refused: int = 0

    @property
    def stuck(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.troubles)


@dataclass(frozen=True, kw_only=True)
class AnswersTaken:
    """How many answered workbooks were dealt with, and what became of their rows.

    `unusable` workbooks had no row that could be read. Frames: `refusals` and `receipts`.
    """

    files: int = 0
    unusable: int = 0
    taken: int = 0
    refused: int = 0
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def summary(self) -> dict[str, Any]:
        """What the night's summary says of them."""
        counts = ("files", "unusable", "taken", "refused")
        return {name: getattr(self, name) for name in counts}


@dataclass(frozen=True, kw_only=True)
class NoticeFacts:
    """How many notices a night made, or why none; no person and no provider in it.

    `nothing_to_do` of those `made` confirm that all is well; the others ask about so many `cases`.
    `troubles` are for whoever keeps the register.
    """

    made: int = 0
    nothing_to_do: int = 0
    cases: int = 0
    reason: str | None = None
    troubles: tuple[str, ...] = ()
    trouble: bool = False

    @property
    def summary(self) -> dict[str, Any]:
        """What the night's summary says of them."""
        if self.reason:
            return {"made": 0, "not_made": self.reason}
        counts = {"made": self.made, "nothing_to_do": self.nothing_to_do, "cases": self.cases}
        return {**counts, "troubles": list(self.troubles)}


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What became of notices on their way to providers: how many went, how many wait, and why.

    `emailed` and `unsent` count emails that went and that wait. `troubles` name no person.
    """

    delivered: int = 0
    waiting: int = 0
    emailed: int = 0
    unsent: int = 0
    troubles: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.unsent or self.troubles)


@dataclass(frozen=True, kw_only=True)
class Alerted:
    """What became of alerts: how many messages were sent, how many wait, and who should act.

    Lines of the log are not counted.
    """

    sent: int = 0
    waiting: int = 0
    troubles: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.troubles)


@dataclass(frozen=True, kw_only=True)
class GateFacts:
    """What the gates made of a night; counts and codes.

    Frames: `held` is what was found of councils that are held, where there are any.
    """

    results: tuple[GateResult, ...] = ()
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def summary(self) -> dict[str, Any]:
        """What the night's summary says of them: counts, and all that did not pass."""
        counts = Counter(result.outcome.value for result in self.results)
        failed = (
            result
            for result in self.results
            if result.outcome in {GateOutcome.FAILED, GateOutcome.RELEASED}
        )
        return {
            "counts": {outcome.value: counts[outcome.value] for outcome in GateOutcome},
            "failed": [asdict(result) for result in failed],
        }


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What came of a night besides what it found."""

    answers: AnswersTaken
    feed: FeedFacts
    notices: NoticeFacts
    gates: GateFacts = field(default_factory=GateFacts)
    schemas: tuple[NotedSchema, ...] = ()

    @property
    def summary(self) -> dict[str, Any]:
        """What the night's summary says of it."""
        parts = ("answers", "feed", "gates", "notices")
        told = {name: getattr(self, name).summary for name in parts}
        return {**told, "drift": [each.drift.summary for each in self.schemas if each.drift]}


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a night's folder holds, and which parts of it could not be made, and why.

    `gates` is what Prefect shows of the gates.
    """

    files: tuple[str, ...]
    faults: tuple[str, ...] = ()
    gates: str = ""


def in_words(counts: Mapping[str, Any]) -> str:
    """Say what an export holds: "90 CPLIs (3 added, 1 withdrawn), ..."."""
    parts = []
    for kind, turns in counts["changes"].items():
        told = ", ".join(f"{number:,} {turn}" for turn, number in turns.items())
        if told:
            parts.append(f"{kind}: {told}")
    return "; ".join(parts) or "nothing has changed"
