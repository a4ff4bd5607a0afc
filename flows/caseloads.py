"""Reads the providers' caseloads that rule 5 may accept, and turns away those it never could."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from casebook.record import SourceOutcome, SourceRecord
from connectors.source import Source
from flows import pulls
from flows.faults import Unforeseen, quoting_nobody
from flows.progress import LOG
from flows.pulls import RECEIPTS, CaseloadFacts, Pull
from reconciliation import Tolerances
from schemas.cleaning import CleanedCaseloads, clean_caseloads
from schemas.errors import PersonNeeded, SourceRefused
from schemas.raw import CaseloadFile, RawTable
from schemas.vocabularies import CaseloadFailure, RefusalLevel

# Any one of these says whom an entry means (rule 5).
IDENTITIES = (
    {"cpli_id"},
    {"nhs_number"},
    {"person_id"},
    {"family_name", "given_name", "date_of_birth"},
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A caseload file: what is in it, or why it cannot be used; neither where it is too old."""

    file: CaseloadFile
    raw: RawTable | None = None
    error: SourceRefused | None = None

    @property
    def source(self) -> str:
        """The source's name in refusals and in the record."""
        return f"caseload {self.file.provider_id}"


def read_caseloads(
    source: Source, provider_ids: frozenset[str], *, as_of: date, tolerances: Tolerances
) -> Pull[CaseloadFacts]:
    """Read every caseload dated in time; older ones are listed unread (rule 5)."""
    files, unnamed = source.caseload_files()
    ours = [file for file in files if file.provider_id in provider_ids]
    opened: list[Opened] = []
    away: list[tuple[str, SourceRefused]] = []
    for file in sorted(ours, key=lambda file: (file.provider_id, file.caseload_date, file.file)):
        if file.caseload_date > as_of:
            away.append((f"caseload {file.provider_id}", _in_future(file, as_of=as_of)))
        else:
            opened.append(_open(source, file, as_of=as_of, tolerances=tolerances))
    away += [("caseload ?", error) for error in _of_strangers(files, provider_ids)]
    readable = [(n, one.file, one.raw) for n, one in enumerate(opened) if one.raw is not None]
    cleaned = clean_caseloads(readable, as_of=as_of)
    refused = [*away, *((one.source, one.error) for one in opened if one.error)]
    sent = {file.provider_id for file in files}
    return Pull(
        facts=CaseloadFacts(
            sources=_sources(opened, cleaned),
            others=(
                *(pulls.refused(name, error) for name, error in away),
                *(_nothing_came(provider_id) for provider_id in sorted(provider_ids - sent)),
            ),
        ),
        frames={
            "entries": cleaned.valid,
            "rejected_entries": cleaned.rejected,
            "caseloads": _caseloads(opened, cleaned),
            RECEIPTS: _receipts(source, opened, cleaned),
            "refusals": pulls.together(
                [
                    _strays(source),
                    _none_at_all(files, provider_ids),
                    unnamed,
                    *(pulls.refusal(name, error) for name, error in refused),
                    cleaned.refusals,
                ]
            ),
        },
    )


def _receipts(source: Source, opened: Sequence[Opened], cleaned: CleanedCaseloads) -> pd.DataFrame:
    """Return what each provider is told of each caseload dated in time: name (of a file), text."""
    refusals = dict(tuple(cleaned.refusals.groupby("file", sort=False)))
    places = {number: place for place, number in enumerate(cleaned.counts["caseload"].tolist())}
    nothing = pulls.together([])
    receipts: dict[str, str] = {}
    sent: Counter[str] = Counter()
    for number, one in enumerate(opened):
        alone = None
        if one.raw is not None:
            alone = replace(
                cleaned,
                refusals=refusals.get(one.file.file, nothing),
                counts=cleaned.counts.iloc[places[number] : places[number] + 1],
            )
        text = source.receipt(one.file, cleaned=alone, error=one.error)
        if text is not None:
            name = f"{one.file.provider_id}_{one.file.caseload_date}"
            sent[name] += 1
            receipts[f"{name}{f'_{sent[name]}' if sent[name] > 1 else ''}.txt"] = text
    return pd.DataFrame({"name": [*receipts], "text": [*receipts.values()]}, dtype="str")


def _none_at_all(files: Sequence[CaseloadFile], provider_ids: frozenset[str]) -> pd.DataFrame:
    """Warn where no provider has sent anything: a share that is not mounted looks like that."""
    if files or not provider_ids:
        return pulls.together([])
    none = SourceRefused(
        "There is not one caseload, so every provider counts as having sent nothing. Ask whoever"
        " looks after the place where caseloads arrive whether it is there and can be read.",
        rule="not_received",
    )
    LOG.warning("Providers: %s", none)
    return pulls.refusal("caseload", none, level=RefusalLevel.WARNING)


def _strays(source: Source) -> pd.DataFrame:
    """Note what lies among the councils' files and is none of them."""
    try:
        return source.stray_files()
    except PersonNeeded as error:
        why = pulls.as_refusal(error, file="council")
        return pulls.refusal("council", why, level=RefusalLevel.WARNING)


def _of_strangers(
    files: Sequence[CaseloadFile], provider_ids: frozenset[str]
) -> Iterator[SourceRefused]:
    """Refuse what is named for no provider of ours, without the name: it may be a person's.

    The owner finds the file by its date and its place among the files of that date.
    """
    for day in sorted({file.caseload_date for file in files}):
        dated = sorted((it for it in files if it.caseload_date == day), key=lambda it: it.file)
        for place, file in enumerate(dated, 1):
            if file.provider_id not in provider_ids:
                yield SourceRefused(
                    f"Number {place}, in the order of names, of the {len(dated)} files in caseload"
                    f" whose names end in _{day} is named for a provider that is not in the"
                    " register; its name is not shown here, since it may be a person's. Ask"
                    " whoever keeps the register of providers to add the provider, or the sender"
                    " to correct the name.",
                    rule="provider_not_in_register",
                    file=f"caseload/?_{day} ({place} of {len(dated)})",
                )


def _in_future(file: CaseloadFile, *, as_of: date) -> SourceRefused:
    return SourceRefused(
        f"{file.file} is dated after the run date {as_of} and was left unread. If its date is"
        " wrong, ask the provider to send it again under the right one.",
        rule="dated_in_future",
        file=file.file,
    )


def _open(source: Source, file: CaseloadFile, *, as_of: date, tolerances: Tolerances) -> Opened:
    """Read a file dated in time; one that our own reading fails on is as good as unreadable."""
    if file.caseload_date < as_of - timedelta(days=tolerances.caseload_max_age_days):
        return Opened(file=file)
    try:
        raw = quoting_nobody(source.caseload)(file)
    except (PersonNeeded, Unforeseen) as error:
        return Opened(file=file, error=pulls.as_refusal(error, file=file.file))
    missing = _missing_columns(raw)
    return Opened(file=file, error=missing) if missing else Opened(file=file, raw=raw)


def _missing_columns(raw: RawTable) -> SourceRefused | None:
    """Say which column rule 5 misses, if any."""
    identified = any(columns <= raw.columns for columns in IDENTITIES)
    if "service_type" in raw.columns and identified:
        return None
    wanted = (
        "a column that says whom it means: cpli_id, nhs_number, person_id, or all of family_name,"
        " given_name and date_of_birth"
        if "service_type" in raw.columns
        else "the column service_type"
    )
    return SourceRefused(
        f"{raw.facts.file} lacks {wanted}. Ask the provider to send it again with that column.",
        rule=CaseloadFailure.MISSING_COLUMNS.value,
        file=raw.facts.file,
        column="" if "service_type" in raw.columns else "service_type",
    )


def _sources(opened: Sequence[Opened], cleaned: CleanedCaseloads) -> tuple[SourceRecord, ...]:
    """Return the record of each file, as if it were used: which one is, rule 5 says later."""
    counts = cleaned.counts.set_index("caseload")
    warnings = cleaned.refusals.loc[
        cleaned.refusals["level"].eq(RefusalLevel.WARNING.value), "file"
    ].value_counts()
    return tuple(
        SourceRecord(
            source=one.source,
            outcome=SourceOutcome.USED,
            file=one.file.file,
            size_bytes=one.raw.facts.size_bytes,
            sha256=one.raw.facts.sha256,
            shape=one.raw.facts.shape,
            rows=int(counts.loc[number, "rows"]),
            rejected_rows=int(counts.loc[number, "rejected_rows"]),
            warnings=int(warnings.get(one.file.file, 0)),
        )
        if one.raw
        else SourceRecord(source=one.source, outcome=SourceOutcome.USED, file=one.file.file)
        for number, one in enumerate(opened)
    )


def _caseloads(opened: Sequence[Opened], cleaned: CleanedCaseloads) -> pd.DataFrame:
    """Return the frame `Night.caseloads`."""
    numbers = np.arange(len(opened), dtype=np.int64)
    counts = cleaned.counts.set_index("caseload").reindex(numbers, fill_value=0)
    frame = pd.DataFrame(
        {
            "caseload": numbers,
            "provider_id": pd.Series([one.file.provider_id for one in opened], dtype="str"),
            "caseload_date": pd.Series(
                [pd.Timestamp(one.file.caseload_date) for one in opened], dtype="datetime64[us]"
            ),
            "received": _ranks([(one.file.received_at, one.file.file) for one in opened]),
            "failure": pd.Series([_failure(one.error) for one in opened], dtype="str"),
            "rows": counts["rows"].to_numpy(np.int64),
            "rejected_rows": counts["rejected_rows"].to_numpy(np.int64),
        }
    )
    return frame.assign(confirmed=False)


def _failure(error: SourceRefused | None) -> str | None:
    if error is None:
        return None
    missing = error.rule == CaseloadFailure.MISSING_COLUMNS
    return (CaseloadFailure.MISSING_COLUMNS if missing else CaseloadFailure.UNREADABLE).value


def _ranks(keys: Sequence[tuple[object, ...]]) -> pd.Series:
    """Number the keys from 0 in their order."""
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return pd.Series([order[key] for key in keys], dtype="int64")


def _nothing_came(provider_id: str) -> SourceRecord:
    return SourceRecord(
        source=f"caseload {provider_id}",
        outcome=SourceOutcome.NOT_RECEIVED,
        reason=CaseloadFailure.NONE_RECEIVED.value,
    )
