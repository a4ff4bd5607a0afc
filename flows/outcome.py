"""What a night came to at the Care Record, in small facts: no person, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


def in_words(counts: Mapping[str, Any]) -> str:
    """Say what an export holds: "90 CPLIs (3 added, 1 withdrawn), ..."."""
    parts = []
    for kind, turns in counts["changes"].items():
        told = ", ".join(f"{number:,} {turn}" for turn, number in turns.items())
        if told:
            parts.append(f"{kind}: {told}")
    return "; ".join(parts) or "nothing has changed"
