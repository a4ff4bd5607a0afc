"""A night's sources in words: what came, what became of it, and what of it was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import pandas as pd

from casebook.record import NightRow, SourceOutcome, SourceRecord
from schemas.lineage import NotedSchema
from schemas.vocabularies import CaseloadFailure, RefusalLevel
from worklist.management import scope
from worklist.services import services

OF_COUNCILS = {"cpli": "CPLIs of {}", "portal": "Portal extract of {}"}
OF_PROVIDERS = {"caseload": "Caseload of {}", "answers": "Answers of {}"}
EVERYBODYS = {
    "providers": "Register of providers",
    "supplier references": "Supplier references",
    "answers": "Folder of answers",
    "caseload": "Folder of caseloads",
    "council": "Folder of all councils",
    "sources": "Folder of all sources",
}
KINDS = {
    "providers": "Registers",
    "supplier references": "Registers",
    "cpli": "CPLIs",
    "portal": "Portal extracts",
    "caseload": "Caseloads",
}
COLOURS = {
    SourceOutcome.USED: "",
    SourceOutcome.REFUSED: "red",
    SourceOutcome.SUPERSEDED: "grey",
    SourceOutcome.NOT_RECEIVED: "yellow",
}
STRANGER = "?"
"""How a source is called whose sender nobody knows: what it is named for may be a person."""

REASONS = {each.value: each.display for each in CaseloadFailure}
LEVELS = {each.value: each.display for each in RefusalLevel}
REFUSALS = "refusals.csv"


@dataclass(frozen=True, kw_only=True)
class Came:
    """How many sources of a kind came to what, and their rows."""

    kind: str
    outcomes: Mapping[SourceOutcome, int]
    rows: int
    rejected_rows: int


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    """A source in words; `fingerprint` stands for its columns, `changes` says what is new.

    `colour` is that of a tag, empty where all is well.
    """

    title: str
    file: str
    outcome: str
    colour: str
    why: str
    rows: int | None
    rejected_rows: int | None
    warnings: int | None
    fingerprint: str
    changes: tuple[str, ...]
    since: date | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """How often a rule refused something of a source."""

    title: str
    column: str
    rule: str
    level: str
    message: str
    number: int


def title_of(source: str) -> str:
    """Return what people call a source."""
    if source in EVERYBODYS:
        return EVERYBODYS[source]
    kind, _, whose = source.partition(" ")
    if kind in OF_COUNCILS:
        return OF_COUNCILS[kind].format(services().council_name(whose))
    if kind in OF_PROVIDERS:
        return OF_PROVIDERS[kind].format(provider_named(whose))
    return source


def provider_named(provider_id: str) -> str:
    """Return a provider's name and reference."""
    if provider_id == STRANGER:
        return "an unknown provider"
    name = services().provider_names.get(provider_id)
    return f"{name} ({provider_id})" if name else provider_id


def visible_sources(sources: Iterable[str], as_of: date) -> set[str]:
    """Return the sources that whoever is signed in may know of.

    A council's staff know of their own, of what is everybody's, and of lists of the providers that
    the council deals with.
    """
    own = scope.council()
    if own is None:
        return set(sources)

    @cache
    def providers() -> frozenset[str]:
        return services().overview.providers(own, as_of)

    def may_be_known(source: str) -> bool:
        kind, _, whose = source.partition(" ")
        if source in EVERYBODYS:
            return True
        return whose == own if kind in OF_COUNCILS else whose in providers()

    return set(filter(may_be_known, sources))


def of_night(night: NightRow) -> list[SourceRecord]:
    """Return a night's sources of which something may be told, by kind and whose they are."""
    visible = visible_sources({record.source for record in night.sources}, night.as_of)
    kinds = [*KINDS]

    def place(record: SourceRecord) -> tuple[int, str, str]:
        kind = _kind(record.source)
        return kinds.index(kind) if kind in kinds else len(kinds), record.source, record.file

    return sorted((each for each in night.sources if each.source in visible), key=place)


def summed(sources: Iterable[SourceRecord]) -> Iterator[Came]:
    """Yield the sources by kind, with how many came to what."""
    by_kind: dict[str, list[SourceRecord]] = {}
    for record in sources:
        by_kind.setdefault(KINDS.get(_kind(record.source), "Other files"), []).append(record)
    for kind, records in by_kind.items():
        counts = dict.fromkeys(SourceOutcome, 0)
        for record in records:
            counts[record.outcome] += 1
        yield Came(
            kind=kind,
            outcomes=counts,
            rows=sum(record.rows or 0 for record in records),
            rejected_rows=sum(record.rejected_rows or 0 for record in records),
        )


def in_words(sources: Iterable[SourceRecord], noted: Iterable[NotedSchema]) -> Iterator[SourceLine]:
    """Yield each source in words, with the columns that it had."""
    schemas = {each.schema.source: each for each in noted}
    for record in sources:
        # Of several files of a source the columns are those of the one that was used.
        it = schemas.get(record.source)
        own = it if it and record.file in {"", it.schema.file} else None
        yield SourceLine(
            title=title_of(record.source),
            file=record.file,
            outcome=record.outcome.display,
            colour=COLOURS[record.outcome],
            why=_why(record),
            rows=record.rows,
            rejected_rows=record.rejected_rows,
            warnings=record.warnings,
            fingerprint=own.schema.fingerprint if own else "",
            changes=own.drift.words if own and own.drift else (),
            since=own.drift.since if own and own.drift else None,
        )


def drifted(noted: Iterable[NotedSchema], as_of: date) -> list[NotedSchema]:
    """Return the sources whose columns are not what they were, of those that may be known."""
    changed = [each for each in noted if each.drift]
    visible = visible_sources({each.schema.source for each in changed}, as_of)
    return [each for each in changed if each.schema.source in visible]


def refusals(as_of: date) -> list[Refused] | None:
    """Return what was refused on a night by source and rule, the most first; None if unknown.

    It is counted from the night's folder, which is gone once it has outlived its time.
    """
    path = services().out / as_of.isoformat() / REFUSALS
    try:
        noted = pd.read_csv(path, dtype="str", keep_default_na=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    seen = noted[noted["source"].isin(visible_sources(noted["source"].unique(), as_of))]
    group = ["source", "column", "rule", "level"]
    counted = seen.groupby(group, sort=True).agg(
        number=("rule", "size"), message=("message", "first")
    )
    ordered = counted.reset_index().sort_values("number", ascending=False, kind="stable")
    return [
        Refused(
            title=title_of(row.source),
            column=row.column,
            rule=row.rule,
            level=LEVELS.get(row.level, row.level),
            message=row.message,
            number=int(row.number),
        )
        for row in ordered.itertuples(index=False)
    ]


def _why(record: SourceRecord) -> str:
    """Return in words why a source was not used; rule 5 has its own for caseloads."""
    reason = record.reason or ""
    plain = reason.replace("_", " ")
    return REASONS.get(reason, plain) if _kind(record.source) == "caseload" else plain


def _kind(source: str) -> str:
    return source if source in EVERYBODYS else source.partition(" ")[0]
