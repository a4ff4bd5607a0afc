"""Gates: what a night's sources and result are held to before anything of them is believed.

A gate looks at one figure, a count or a share, and never at a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schemas.vocabularies import Vocabulary

IMPLAUSIBLE, HELD = "implausible", "held"
"""The reasons of councils that gates of their sources, or of their result, left out."""


class GateSource(Vocabulary):
    """What a gate stands behind."""

    PROVIDERS = "providers", "The register of providers"
    CPLI = "cpli", "A council's CPLIs"
    PORTAL = "portal", "What the portal shows of a council's CPLIs"
    CASELOAD = "caseload", "The providers' caseloads"
    RESULT = "result", "What the night found of a council"


class GateSeverity(Vocabulary):
    """What a failure leads to."""

    CRITICAL = "critical", "Critical"
    WARNING = "warning", "Warning"


class GateOutcome(Vocabulary):
    """What a gate made of a figure."""

    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    RELEASED = "released", "Failed, and let out by a person"
    NOT_JUDGED = "not_judged", "Not judged: there was nothing to measure, or to compare with"


class Consequence(Vocabulary):
    """What became of what failed."""

    NONE = "none", "None"
    SHOWN = "shown", "Shown here, and nothing else"
    NOT_ASSESSED = "not_assessed", "The council was not assessed"
    NOT_USED = "not_used", "The file was not used"
    HELD = "held", "Nothing of the council is published or told until a person has looked"


class Unit(Vocabulary):
    """What a figure counts, and so how it is written."""

    COUNT = "count", "how many"
    SHARE = "share", "a share from 0 to 1"
    RATIO = "ratio", "so many times the usual"
    DAYS = "days", "days"
    WORKING_DAYS = "working_days", "working days"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A gate in words: `title` says what is measured, `reason` why it matters, `remedy` who acts.

    `name` is the same in code, files, database and runbook, whose anchor it is too.
    """

    name: str
    source: GateSource
    severity: GateSeverity
    unit: Unit
    title: str
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """What a gate made of one owner's figure on one night; no row of a source is in it.

    `owner` is a GSS code, a provider's reference, or empty for what is everybody's. The figure may
    lie from `lowest` to `highest`, both included, None where there is no such bound. `usual` is the
    median of the `nights` accepted nights from which the bounds come, 0 where they are the floors.
    """

    source: GateSource
    owner: str
    gate: str
    severity: GateSeverity
    outcome: GateOutcome
    consequence: Consequence
    observed: float | None = None
    lowest: float | None = None
    highest: float | None = None
    usual: float | None = None
    nights: int = 0


@dataclass(frozen=True, kw_only=True)
class GateHistory:
    """How a gate has done on the nights up to one: how often it was judged, failed, was let out.

    `observed` are its figures by night, the latest last; those of nights without one are left out.
    """

    source: GateSource
    owner: str
    gate: str
    judged: int
    failed: int
    released: int
    observed: tuple[tuple[date, float], ...] = ()
    last_failed: date | None = None
