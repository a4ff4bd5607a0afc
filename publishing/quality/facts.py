"""What the page of the gates is made of: counts, codes and sentences, and nobody of whom they are.

The one name that may be in it is that of whoever let a night out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.gates import Consequence, Gate, GateHistory, GateOutcome, GateResult, GateSource, Unit
from schemas.lineage import Drift

EVERYBODYS = {
    GateSource.PROVIDERS: "The register of providers",
    GateSource.CPLI: "All councils",
    GateSource.PORTAL: "All councils",
    GateSource.CASELOAD: "All caseloads",
    GateSource.RESULT: "All councils",
}
"""Whose a figure is that is nobody's in particular."""
SHOWN_ONLY = (Consequence.NONE, Consequence.SHOWN)


@dataclass(frozen=True, kw_only=True)
class Release:
    """Who let a council's night out, when, and why."""

    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class CouncilQuality:
    """What became of a council on a night.

    `reason` is a code and `message` says in words why it was not assessed, and who should act;
    `asked_for` is whether the run was about it. `held_back` counts what is held by the type of
    discrepancy.
    """

    code: str
    name: str
    assessed: bool
    asked_for: bool = True
    reason: str = ""
    message: str = ""
    held: bool = False
    held_back: Mapping[str, int] = field(default_factory=dict)
    released: Release | None = None


@dataclass(frozen=True, kw_only=True)
class QualityFacts:
    """What the gates made of a night.

    There is one result for a source, an owner and a gate. `gates` are in the order in which they
    are told; `history` may end with this night or before it. Anchors are added to `runbook_url`,
    which is an address or the name of a document. `providers` are names by reference.
    """

    as_of: date
    version: str
    councils: tuple[CouncilQuality, ...]
    gates: Mapping[tuple[GateSource, str], Gate]
    results: tuple[GateResult, ...]
    history: Mapping[tuple[GateSource, str, str], GateHistory] = field(default_factory=dict)
    drift: tuple[Drift, ...] = ()
    runbook_url: str = "docs/runbook-gates.md"
    providers: Mapping[str, str] = field(default_factory=dict)

    def gate(self, result: GateResult) -> Gate:
        """Return the gate of a result; of one that is no longer known, what the result tells."""
        known = self.gates.get((result.source, result.gate))
        return known or Gate(
            name=result.gate,
            source=result.source,
            severity=result.severity,
            unit=Unit.COUNT,
            title=result.gate,
            reason="",
            remedy="",
        )

    def owner(self, result: GateResult) -> str:
        """Return in words whose figure it is."""
        if not result.owner:
            return EVERYBODYS[result.source]
        councils = {council.code: council.name for council in self.councils}
        name = self.providers.get(result.owner)
        return councils.get(result.owner, f"{name} ({result.owner})" if name else result.owner)

    def past(self, result: GateResult) -> GateHistory | None:
        """Return how the gate has done with this owner's figures."""
        return self.history.get((result.source, result.owner, result.gate))

    def runbook(self, gate: str) -> str:
        """Return where the runbook says what to do about a gate."""
        return f"{self.runbook_url}#{gate}"

    def count(self, outcome: GateOutcome) -> int:
        """Return how many results have an outcome."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def judged(self) -> int:
        """How many figures were judged."""
        return len(self.results) - self.count(GateOutcome.NOT_JUDGED)

    @property
    def acted_on(self) -> tuple[GateResult, ...]:
        """What failed with a consequence."""
        return tuple(each for each in self._failed if each.consequence not in SHOWN_ONLY)

    @property
    def warnings(self) -> tuple[GateResult, ...]:
        """What failed and is only shown."""
        return tuple(each for each in self._failed if each.consequence in SHOWN_ONLY)

    @property
    def held(self) -> tuple[CouncilQuality, ...]:
        """The councils of which nothing is published or told until a person has looked."""
        return tuple(council for council in self.councils if council.held)

    @property
    def left_out(self) -> tuple[CouncilQuality, ...]:
        """The councils that should have been assessed and were not, those that are held aside."""
        return tuple(
            council
            for council in self.councils
            if council.asked_for and not council.assessed and not council.held
        )

    @property
    def _failed(self) -> tuple[GateResult, ...]:
        return tuple(each for each in self.results if each.outcome is GateOutcome.FAILED)
