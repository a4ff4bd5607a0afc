"""What a source's branch of the night brings home: small facts, and frames under fixed names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

import pandas as pd

from casebook.record import CouncilRecord, SourceOutcome, SourceRecord
from schemas.cleaning import Cleaned
from schemas.errors import CpliError, PersonNeeded, SourceRefused, TryAgainLater
from schemas.raw import RawTable, refusals
from schemas.tables import (
    Cpli,
    Entry,
    Portal,
    Provider,
    RejectedCpli,
    RejectedEntry,
    RejectedPortal,
    Table,
)
from schemas.vocabularies import RefusalLevel

COUNCIL_NAMES = {
    "E06000016": "Leicester",
    "E06000017": "Rutland",
    "E10000018": "Leicestershire",
}
REGISTER_TABLES: Mapping[str, type[Table]] = {"providers": Provider}
RECEIPTS = "receipts"
"""What providers are told of their caseloads: `name` of a file, and its `text`."""

UNMAPPED = "unmapped"
UNMAPPED_COLUMNS = ("local_authority", "supplier_reference", "cpli_id")
"""Supplier references that no list of ours holds, beside the CPLIs that they hold back."""
COUNCIL_TABLES: Mapping[str, type[Table]] = {
    "cplis": Cpli,
    "rejected_cplis": RejectedCpli,
    "portal": Portal,
    "rejected_portal": RejectedPortal,
}
CASELOAD_TABLES: Mapping[str, type[Table]] = {"entries": Entry, "rejected_entries": RejectedEntry}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A file that was read, and how many of its rows (blank ones aside) were rejected."""

    file: str
    rows: int
    rejected_rows: int


@dataclass(frozen=True, kw_only=True)
class RegisterFacts:
    """What came of the register of providers; `message` says why it cannot be used and who acts.

    `references` gives the supplier references of each council (by its code) their providers.
    """

    sources: tuple[SourceRecord, ...]
    provider_ids: frozenset[str] = frozenset()
    references: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class CouncilFacts:
    """What came from a council; without `cplis` it is not assessed, and `message` says who acts."""

    local_authority: str
    sources: tuple[SourceRecord, ...]
    cplis: Counted | None = None
    portal: Counted | None = None
    portal_date: date | None = None
    reason: str | None = None
    message: str | None = None

    @property
    def record(self) -> CouncilRecord:
        """What goes on record about the council."""
        return CouncilRecord(
            local_authority=self.local_authority,
            assessed=self.cplis is not None,
            reason=self.reason,
            message=self.message,
        )


@dataclass(frozen=True, kw_only=True)
class CaseloadFacts:
    """What came from the providers.

    `sources[i]` is the file that frames call caseload `i`, its outcome still open; `others` are
    files that were turned away and providers that sent nothing.
    """

    sources: tuple[SourceRecord, ...]
    others: tuple[SourceRecord, ...]


Facts = TypeVar("Facts", RegisterFacts, CouncilFacts, CaseloadFacts)


@dataclass(frozen=True, kw_only=True)
class Pull(Generic[Facts]):
    """Facts, and the frames that they count: those of the branch's tables, and `refusals`.

    Where CPLIs are `staged`, they and their refusals lie in the branch's folder already.
    """

    facts: Facts
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    staged: bool = False


@dataclass(frozen=True, kw_only=True)
class Pulls:
    """All that was pulled for a night; `councils` are all that are known, in their order.

    `caseloads` is None where they were not looked at, because there is no register.
    """

    register: Pull[RegisterFacts]
    councils: tuple[Pull[CouncilFacts], ...]
    caseloads: Pull[CaseloadFacts] | None

    @property
    def any_council(self) -> bool:
        """Whether there is a council to reconcile."""
        return any(council.facts.cplis for council in self.councils)


def council_name(local_authority: str) -> str:
    """Return a council's name, or its code where we know no name."""
    return COUNCIL_NAMES.get(local_authority, local_authority)


def used(source: str, raw: RawTable, cleaned: Cleaned) -> SourceRecord:
    """Return the record of a file that was read."""
    counted = count(raw, cleaned)
    return SourceRecord(
        source=source,
        outcome=SourceOutcome.USED,
        file=raw.facts.file,
        size_bytes=raw.facts.size_bytes,
        sha256=raw.facts.sha256,
        shape=raw.facts.shape,
        rows=counted.rows,
        rejected_rows=counted.rejected_rows,
        warnings=int(cleaned.refusals["level"].eq(RefusalLevel.WARNING.value).sum()),
    )


def count(raw: RawTable, cleaned: Cleaned) -> Counted:
    """Count the rows of a file; repeats were read as well, though they count once later on."""
    repeats = cleaned.refusals["rule"].eq("repeated") & cleaned.refusals["row"].notna()
    return Counted(
        file=raw.facts.file,
        rows=len(cleaned.valid) + len(cleaned.rejected) + int(repeats.sum()),
        rejected_rows=len(cleaned.rejected),
    )


def as_refusal(error: CpliError, *, file: str = "") -> SourceRefused:
    """Return an error as what it is to a night: the reason why a source cannot be used."""
    match error:
        case SourceRefused():
            return error
        case TryAgainLater():
            return SourceRefused(str(error), rule="out_of_reach", file=error.file or file)
        case PersonNeeded():
            return SourceRefused(str(error), rule="not_readable", file=error.file or file)
        case _:
            return SourceRefused(str(error), rule="fault_of_ours", file=error.file or file)


def refused(source: str, error: SourceRefused) -> SourceRecord:
    """Return the record of a source that cannot be used."""
    came = error.rule != "not_received"
    return SourceRecord(
        source=source,
        outcome=SourceOutcome.REFUSED if came else SourceOutcome.NOT_RECEIVED,
        file=error.file if came else "",
        reason=error.rule,
        shape=error.shape,
    )


def refusal(
    source: str, error: SourceRefused, *, level: RefusalLevel = RefusalLevel.REJECTED
) -> pd.DataFrame:
    """Return the refusal of a whole source, as a Refusal table."""
    where = (source, error.file, None, error.column or None)
    return refusals([(*where, error.rule, level.value, str(error))])


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Stack Refusal tables."""
    return pd.concat([refusals(), *frames], ignore_index=True)


def empty(table: type[Table]) -> pd.DataFrame:
    """Return a table without rows; pandera would make its dates nanoseconds."""
    frame = table.empty()
    dates = frame.select_dtypes("datetime64[ns]").columns
    return frame.astype(dict.fromkeys(dates, "datetime64[us]"))


def no_rows(tables: Mapping[str, type[Table]]) -> dict[str, pd.DataFrame]:
    """Return these tables without rows."""
    return {name: empty(table) for name, table in tables.items()}
