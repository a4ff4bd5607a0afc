"""What a night leaves on record, and what the record gives back: closed facts, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd

from schemas.lineage import CameColumn
from schemas.vocabularies import Vocabulary

ABOUT_COLUMNS = ("discrepancy_id", "team", "worker", "entry_identities")
"""What a night knows of a discrepancy besides rule 11; `entry_identities` are joined by `;`."""


def no_about() -> pd.DataFrame:
    """Return the frame of `ABOUT_COLUMNS` without a row."""
    return pd.DataFrame(columns=list(ABOUT_COLUMNS), dtype="str")


TIMELINESS_TYPES = {
    "local_authority": "str",
    "grouping": "str",
    "group": "str",
    "cplis": "int64",
    "median_lag_days": "float64",
    "p90_lag_days": "float64",
    "share_on_system_by_start": "float64",
}
"""What a night measures of the time that CPLIs take (rule 10), and how pandas holds it."""


def no_timeliness() -> pd.DataFrame:
    """Return the frame of `TIMELINESS_TYPES` without a row."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TIMELINESS_TYPES.items()})


class NightOutcome(Vocabulary):
    """How far a night got."""

    COMPLETE = "complete", "every council was assessed"
    INCOMPLETE = "incomplete", "at least one council was not assessed"
    NOTHING_ASSESSED = "nothing_assessed", "no council could be assessed"


class SourceOutcome(Vocabulary):
    """What became of a source's file."""

    USED = "used", "used"
    REFUSED = "refused", "could not be used"
    SUPERSEDED = "superseded", "another file of the same source was used"
    NOT_RECEIVED = "not_received", "did not come"


class Effect(Vocabulary):
    """What recording a night did to the record."""

    ADDED = "added", "the night is new on record"
    REPLACED = "replaced", "the night was on record with other content"
    UNCHANGED = "unchanged", "the night was on record with this very content"


class Change(Vocabulary):
    """How a discrepancy stands on one night compared with an earlier one."""

    NEW = "new", "New"
    LASTING = "lasting", "Lasting"
    GONE = "gone", "Gone"
    NOT_ASSESSED = "not_assessed", "Not assessed"


class Presence(Vocabulary):
    """Whether the nights say that a discrepancy is there, whatever people have made of it."""

    PRESENT = "present", "There"
    GONE = "gone", "Gone"


class CaseState(Vocabulary):
    """How a case stands: by what people have made of it, or else by what the nights say."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    AWAITING_PROVIDER = "awaiting_provider", "Awaiting provider"
    AWAITING_COUNCIL = "awaiting_council", "Awaiting council"
    RESOLVED = "resolved", "Resolved"
    ACCEPTED = "accepted", "Accepted"
    RESOLVED_BY_DATA = "resolved_by_data", "Resolved by data"


class Standing(Vocabulary):
    """How an open case stands with its service level."""

    ON_TRACK = "on_track", "On track"
    DUE_SOON = "due_soon", "Due soon"
    BREACHED = "breached", "Breached"


class LapseCause(Vocabulary):
    """Why what settled a case does not hold any more."""

    RETURNED = "returned", "It had gone, and is back"
    VALUES_CHANGED = "values_changed", "Something else is said than when it was settled"
    EXPIRED = "expired", "The time for which it was accepted is over"
    STILL_FOUND = "still_found", "It is still found, though it should be gone by now"


class Turn(Vocabulary):
    """What a night did to a case."""

    OPENED = "opened", "Opened"
    CLOSED = "closed", "Closed"
    REOPENED = "reopened", "Reopened"


@dataclass(frozen=True, kw_only=True)
class CaseCounts:
    """How many cases a night left in which way.

    `lasting` were open and seen again; `closed` were gone; `waiting` are open, were not seen, and
    could not have been.
    """

    opened: int
    reopened: int
    lasting: int
    closed: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the history is whole; if not, where it is broken first, in a plain sentence.

    `head` is the hash of its last entry, empty where there is none.
    """

    entries: int
    head: str
    broken: str = ""


@dataclass(frozen=True, kw_only=True)
class CouncilRecord:
    """Whether a council was assessed on a night; if not, a reason code and a plain sentence."""

    local_authority: str
    assessed: bool
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """What a source gave on a night.

    `source` is named as in refusals ("caseload P0001"); `file` is the path below the sources' root,
    empty where none came; `reason` is a short code of why the file was not used. `shape` are the
    file's columns, where it came tonight; a night's content does not depend on it.
    """

    source: str
    outcome: SourceOutcome
    file: str = ""
    size_bytes: int | None = None
    sha256: str | None = None
    rows: int | None = None
    rejected_rows: int | None = None
    warnings: int | None = None
    reason: str | None = None
    shape: tuple[CameColumn, ...] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Of whom a night could speak, and of whom it could not."""

    councils_assessed: frozenset[str] = frozenset()
    councils_not_assessed: frozenset[str] = frozenset()
    providers_not_assessed: frozenset[str] = frozenset()
    portals_not_assessed: frozenset[str] = frozenset()

    @property
    def councils(self) -> frozenset[str]:
        """Every council of the night."""
        return self.councils_assessed | self.councils_not_assessed


@dataclass(frozen=True, kw_only=True)
class NightFacts:
    """What is said of a night besides its discrepancies.

    `providers_not_assessed` are all providers without an accepted caseload, whether they sent
    nothing or have left the register: a discrepancy of any other provider that is missing on this
    night is taken to be settled. `portals_not_assessed` are the councils without a portal extract
    in time. `summary` is JSON without personal data.
    """

    as_of: date
    version: str
    outcome: NightOutcome
    summary: Mapping[str, object]
    councils: tuple[CouncilRecord, ...]
    sources: tuple[SourceRecord, ...]
    providers_not_assessed: frozenset[str] = frozenset()
    portals_not_assessed: frozenset[str] = frozenset()

    @property
    def scope(self) -> Scope:
        """Of whom the night could speak."""
        councils = {council.local_authority: council.assessed for council in self.councils}
        assessed = frozenset(council for council, was in councils.items() if was)
        return Scope(
            councils_assessed=assessed,
            councils_not_assessed=frozenset(councils) - assessed,
            providers_not_assessed=self.providers_not_assessed,
            portals_not_assessed=self.portals_not_assessed,
        )


@dataclass(frozen=True, kw_only=True)
class NightRecord(NightFacts):
    """A night as it goes on record; `discrepancies` is the Discrepancy table.

    `about` (`ABOUT_COLUMNS`, one row for each discrepancy of which anything is known) says who at
    the council should look at it, and by which keyed hashes its entries are known to decisions.
    `timeliness` (`TIMELINESS_TYPES`, one row a group) is what rule 10 measured.

    The same night over the same sources must give an equal record, or the second run would replace
    the first: nothing in it may tell the runs apart, so no times taken in the summary.
    """

    discrepancies: pd.DataFrame
    about: pd.DataFrame = field(default_factory=no_about)
    timeliness: pd.DataFrame = field(default_factory=no_timeliness)


@dataclass(frozen=True, kw_only=True)
class NightRow(NightFacts):
    """A night on record; `discrepancies` is how many there are.

    `first_recorded_at` (UTC) stays what it was when the night is replaced.
    """

    first_recorded_at: datetime
    content_hash: str
    discrepancies: int


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What recording a night did, and how its discrepancies compare with the night before it.

    `since` is the latest earlier night on record; without one every discrepancy is new.
    `not_assessed` are those of the earlier night that this one could say nothing about.
    """

    as_of: date
    effect: Effect
    since: date | None
    new: int
    lasting: int
    gone: int
    not_assessed: int
