"""Reads the register and the councils, and says what is missing and who should act (rules 2, 10).

No Prefect and no database here: `cpli reconcile` and the nightly flow share these steps. Reading
raises a `CpliError` where a source cannot be used; `without_...` turns that into a fact and a
refusal, so that the rest of the night goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from casebook.record import SourceOutcome, SourceRecord
from connectors.source import Source
from flows import pulls
from flows.pulls import (
    COUNCIL_TABLES,
    REGISTER_TABLES,
    UNMAPPED,
    UNMAPPED_COLUMNS,
    CouncilFacts,
    Counted,
    Pull,
    RegisterFacts,
    council_name,
)
from flows.streaming import stage_cplis
from flows.words import counted
from reconciliation import Tolerances
from schemas.cleaning import clean_cplis, clean_portal, clean_providers, clean_supplier_references
from schemas.errors import CpliError, PersonNeeded, SourceRefused, TryAgainLater
from schemas.raw import PortalFile, RawTable, whole
from schemas.vocabularies import RefusalLevel


def read_register(source: Source) -> Pull[RegisterFacts]:
    """Read the register of providers, and the references by which councils know them."""
    raw = source.providers()
    cleaned = clean_providers(raw)
    if cleaned.valid.empty:
        raise SourceRefused(
            f"{raw.facts.file} lists no provider that can be read. Ask whoever keeps the register"
            " of providers to send it again.",
            rule="no_rows",
            file=raw.facts.file,
        )
    provider_ids = frozenset(cleaned.valid["provider_id"])
    sources, noted, references = _read_references(source, provider_ids)
    return Pull(
        facts=RegisterFacts(
            sources=(pulls.used("providers", raw, cleaned), *sources),
            provider_ids=provider_ids,
            references=references,
        ),
        frames={
            "providers": cleaned.valid,
            "refusals": pulls.together([cleaned.refusals, noted]),
        },
    )


def _read_references(
    source: Source, provider_ids: frozenset[str]
) -> tuple[tuple[SourceRecord, ...], pd.DataFrame, dict[str, dict[str, str]]]:
    """Read the supplier references; without them every CPLI that is known by one is held back."""
    name = "supplier references"
    try:
        raw = source.references()
    except PersonNeeded as error:
        why = pulls.as_refusal(error)
        return (pulls.refused(name, why),), pulls.refusal(name, why), {}
    if raw is None:
        return (), pulls.together([]), {}
    cleaned = clean_supplier_references(raw, provider_ids=provider_ids)
    references: dict[str, dict[str, str]] = {}
    for council, rows in cleaned.valid.groupby("local_authority", sort=True):
        by_reference = rows.set_index("supplier_reference")["provider_id"]
        references[str(council)] = by_reference.to_dict()
    return (pulls.used(name, raw, cleaned),), cleaned.refusals, references


def without_register(error: CpliError) -> Pull[RegisterFacts]:
    """Return a register that cannot be used, with the reason."""
    why = pulls.as_refusal(error, file="providers.csv")
    return Pull(
        facts=RegisterFacts(
            sources=(pulls.refused("providers", why),), reason=why.rule, message=str(why)
        ),
        frames={**pulls.no_rows(REGISTER_TABLES), "refusals": pulls.refusal("providers", why)},
    )


def read_council(
    source: Source,
    local_authority: str,
    *,
    references: Mapping[str, str],
    as_of: date,
    tolerances: Tolerances,
    folder: Path | None = None,
) -> Pull[CouncilFacts]:
    """Read a council's CPLIs and what the portal shows of them.

    An extract without one usable CPLI fails its checks (rule 5): a council that buys nothing for
    anybody is a fault of the extract, and to believe it would be to say so of everybody. CPLIs that
    come in parts are cleaned into the `folder`, if there is one, and their frames left out.
    """
    with source.reading(local_authority):
        came = source.cplis(local_authority, references)
        if isinstance(came, RawTable):
            cplis = _clean(came, local_authority, as_of=as_of)
        elif folder is None:
            cplis = _clean(whole(came), local_authority, as_of=as_of)
        else:
            cplis = _stage(came, folder, local_authority, as_of=as_of)
        if not cplis.valid_rows:
            return _without_a_cpli(cplis, local_authority)
        portal = _read_portal(
            source, local_authority, references=references, as_of=as_of, tolerances=tolerances
        )
    return Pull(
        facts=replace(
            portal.facts, cplis=cplis.counted, sources=(cplis.record, *portal.facts.sources)
        ),
        frames={
            **{name: portal.frames[name] for name in ("portal", "rejected_portal")},
            **cplis.frames,
            "refusals": pulls.together([cplis.refusals, portal.frames["refusals"]]),
        },
        staged=cplis.staged,
    )


@dataclass(frozen=True, kw_only=True)
class _Cplis:
    """A council's CPLIs that were cleaned; where they are `staged`, they lie in a folder."""

    record: SourceRecord
    counted: Counted
    valid_rows: int
    frames: Mapping[str, pd.DataFrame]
    refusals: pd.DataFrame
    staged: bool = False


def _clean(raw: RawTable, local_authority: str, *, as_of: date) -> _Cplis:
    cleaned = clean_cplis(raw, local_authority=local_authority, as_of=as_of)
    return _Cplis(
        record=pulls.used(raw.source, raw, cleaned),
        counted=pulls.count(raw, cleaned),
        valid_rows=len(cleaned.valid),
        frames={
            "cplis": cleaned.valid,
            "rejected_cplis": cleaned.rejected,
            UNMAPPED: unmapped_suppliers([raw], local_authority),
        },
        refusals=cleaned.refusals,
    )


def _stage(parts: Iterator[RawTable], folder: Path, local_authority: str, *, as_of: date) -> _Cplis:
    unmapped: list[pd.DataFrame] = []

    def noting() -> Iterator[RawTable]:
        for part in parts:
            unmapped.append(unmapped_suppliers([part], local_authority))
            yield part

    staged = stage_cplis(noting(), folder, local_authority=local_authority, as_of=as_of)
    return _Cplis(
        record=staged.record,
        counted=staged.counted,
        valid_rows=staged.valid_rows,
        frames={UNMAPPED: pd.concat(unmapped, ignore_index=True)},
        refusals=pulls.together([]),
        staged=True,
    )


def unmapped_suppliers(parts: Iterable[RawTable], local_authority: str) -> pd.DataFrame:
    """Return the supplier references that lead nowhere, and the CPLIs that they hold back."""
    frames = [part.frame for part in parts if "supplier_reference" in part.frame]
    rows = [
        frame.loc[frame["supplier_reference"].notna(), UNMAPPED_COLUMNS[1:]] for frame in frames
    ]
    whole = pd.concat([pd.DataFrame(columns=UNMAPPED_COLUMNS[1:], dtype="str"), *rows])
    whole.insert(0, UNMAPPED_COLUMNS[0], local_authority)
    return whole.astype("str").reset_index(drop=True)


def _without_a_cpli(cplis: _Cplis, local_authority: str) -> Pull[CouncilFacts]:
    unmapped = cplis.frames[UNMAPPED]
    why = _no_cpli(cplis.counted.file, local_authority, held_back=len(unmapped))
    why.shape = cplis.record.shape
    nothing = without_council(local_authority, why)
    noted = pulls.together([cplis.refusals, nothing.frames["refusals"]])
    nothing = replace(nothing, frames={**nothing.frames, UNMAPPED: unmapped})
    return replace(nothing, frames={**nothing.frames, "refusals": noted}, staged=cplis.staged)


def without_council(local_authority: str, error: CpliError) -> Pull[CouncilFacts]:
    """Return a council that is not assessed, with the reason (rule 5)."""
    source = f"cpli {local_authority}"
    why = pulls.as_refusal(error, file=f"council/{local_authority}/cpli.csv")
    return Pull(
        facts=CouncilFacts(
            local_authority=local_authority,
            sources=(pulls.refused(source, why),),
            reason=why.rule,
            message=str(why),
        ),
        frames={**pulls.no_rows(COUNCIL_TABLES), "refusals": pulls.refusal(source, why)},
    )


def unread_council(local_authority: str, *, reason: str, message: str) -> Pull[CouncilFacts]:
    """Return a council whose sources were not looked at, which is nobody's fault."""
    return Pull(
        facts=CouncilFacts(
            local_authority=local_authority, sources=(), reason=reason, message=message
        ),
        frames={**pulls.no_rows(COUNCIL_TABLES), "refusals": pulls.together([])},
    )


def _read_portal(
    source: Source,
    local_authority: str,
    *,
    references: Mapping[str, str],
    as_of: date,
    tolerances: Tolerances,
) -> Pull[CouncilFacts]:
    """Read the latest extract in time that can be read; those before it stay unopened (rule 10).

    A portal that cannot be reached keeps nobody's CPLIs from being compared with caseloads.
    """
    name = f"portal {local_authority}"
    oldest = as_of - timedelta(days=tolerances.portal_max_age_days)
    sources: list[SourceRecord] = []
    noted: list[pd.DataFrame] = []

    def refuse(error: CpliError, file: str) -> None:
        why = pulls.as_refusal(error, file=file)
        sources.append(pulls.refused(name, why))
        noted.append(pulls.refusal(name, why))

    files: tuple[PortalFile, ...] = ()
    try:
        files = source.portal_files(local_authority)
    except (PersonNeeded, TryAgainLater) as error:
        refuse(error, name)
    latest_first = [file for file in reversed(files) if oldest <= file.extract_date <= as_of]
    for at, file in enumerate(latest_first):
        try:
            found = _read_extract(source, file, name=name, references=references)
        except (PersonNeeded, TryAgainLater) as error:
            refuse(error, file.file)
            continue
        unopened = (_superseded(name, older) for older in latest_first[at + 1 :])
        return replace(
            found,
            facts=replace(found.facts, sources=(*sources, *found.facts.sources, *unopened)),
            frames={**found.frames, "refusals": pulls.together([*noted, found.frames["refusals"]])},
        )
    missing = _no_extract(local_authority, oldest=oldest, as_of=as_of)
    return Pull(
        facts=CouncilFacts(
            local_authority=local_authority,
            sources=(*sources, SourceRecord(source=name, outcome=SourceOutcome.NOT_RECEIVED)),
        ),
        frames={
            **pulls.no_rows(COUNCIL_TABLES),
            "refusals": pulls.together(
                [*noted, pulls.refusal(name, missing, level=RefusalLevel.WARNING)]
            ),
        },
    )


def _read_extract(
    source: Source, file: PortalFile, *, name: str, references: Mapping[str, str]
) -> Pull[CouncilFacts]:
    raw = source.portal(file, references)
    cleaned = clean_portal(
        raw, local_authority=file.local_authority, extract_date=file.extract_date
    )
    return Pull(
        facts=CouncilFacts(
            local_authority=file.local_authority,
            sources=(pulls.used(name, raw, cleaned),),
            portal=pulls.count(raw, cleaned),
            portal_date=file.extract_date,
        ),
        frames={
            "portal": cleaned.valid,
            "rejected_portal": cleaned.rejected,
            "refusals": cleaned.refusals,
        },
    )


def _superseded(name: str, file: PortalFile) -> SourceRecord:
    return SourceRecord(source=name, outcome=SourceOutcome.SUPERSEDED, file=file.file)


def _no_cpli(file: str, local_authority: str, *, held_back: int) -> SourceRefused:
    remedy = "Ask the council to send it again, whole."
    if held_back:
        remedy = (
            f"{counted(held_back, 'CPLI')} of it {'is' if held_back == 1 else 'are'} held back"
            " because no list leads from the council's supplier reference to a provider;"
            " unmapped_suppliers.csv has them. Ask whoever keeps the register of providers to add"
            " the references."
        )
    return SourceRefused(
        f"{file} holds no CPLI that can be used, so {council_name(local_authority)} is not"
        f" assessed. {remedy}",
        rule="no_rows",
        file=file,
    )


def _no_extract(local_authority: str, *, oldest: date, as_of: date) -> SourceRefused:
    return SourceRefused(
        f"No portal extract of {council_name(local_authority)} dated {oldest} to {as_of} can be"
        " read, so its CPLIs are not compared with the portal tonight. Ask whoever extracts the"
        " provider portal to send one.",
        rule="not_received",
    )
