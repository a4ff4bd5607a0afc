"""Gathers what councils' reports tell of a night, and has them rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from casebook.measures import AGE_BANDS
from casebook.record import CaseState, Change, Standing, Turn
from casebook.reported import Reported
from casebook.store import Casebook
from connectors.intake.labels import LABELS
from flows.account import Account
from flows.outcome import FeedFacts
from flows.pulls import COUNCIL_NAMES, UNMAPPED, council_name
from publishing.feed.facts import WithheldReason
from publishing.reports.facts import WEEKS, CareRecord, Council, ReportFacts, monday
from publishing.reports.page import page
from publishing.reports.workbook import workbook
from publishing.templates import Templates, sentence
from schemas.vocabularies import CaseloadFailure, DiscrepancyType, RefusalLevel, Vocabulary
from settings.settings import Settings

REPORTS = "report"
REGION, REGION_NAME = "LLR", "Leicester, Leicestershire and Rutland"
WITHHELD_WORDS = {"EpisodeOfCare": "CPLIs", "Task": "Discrepancies"}
CASELOAD = "caseload "
EVERYBODYS = {
    "providers": "Register of providers",
    "supplier references": "Supplier references",
}
STRAYS = {
    "answers": "Folder of answers",
    "caseload": "Folder of caseloads",
    "council": "Folder of the councils' files",
    "sources": "Folder of all sources",
}
OF_COUNCILS = {"cpli": "CPLIs of {}", "portal": "Portal extract of {}"}
OF_PROVIDERS = {"answers": "Answers of {}", "caseload": "Caseload of {}"}
STRANGER = "an unknown provider"
GROUP = ["source", "file", "column", "rule", "level"]
SEND_ONE = "Ask the provider to send a caseload."
REGISTER_IT = "Ask whoever keeps the register of providers whether it belongs there."
NOT_IN_REGISTER = "it is not in the register of providers"


def council_reports(
    account: Account,
    casebook: Casebook,
    *,
    settings: Settings,
    withheld: pd.DataFrame | None,
    feed: FeedFacts,
    names: Mapping[str, str],
) -> Iterator[tuple[str, bytes]]:
    """Yield each report of a night on record by its path, one at a time in memory.

    There is a page and a workbook for each council and for the region. `account` comes with its
    frames, `withheld` (`WITHHELD_COLUMNS`) is None where nothing was published, and `names` are
    those of the registered providers by provider_id. Raises `WrongUsage` where a council's own
    template is broken.
    """
    templates = Templates(settings.reports.templates)
    region = gather(account, casebook, settings=settings, withheld=withheld, feed=feed, names=names)
    for facts in (*(region.of(council) for council in region.councils), region):
        yield f"{REPORTS}/{facts.stem}.html", page(facts, templates)
        yield f"{REPORTS}/{facts.stem}.xlsx", workbook(facts)


def gather(
    account: Account,
    casebook: Casebook,
    *,
    settings: Settings,
    withheld: pd.DataFrame | None,
    feed: FeedFacts,
    names: Mapping[str, str],
) -> ReportFacts:
    """Return what the report of the whole region is made of; that of a council is a part of it."""
    as_of, reported = account.as_of, Reported(casebook)
    nights = reported.nights()
    cases_on = max(as_of, *nights)
    since = max((night for night in nights if night < as_of), default=None)
    first = (monday(as_of) - pd.Timedelta(weeks=WEEKS - 1)).date()
    cases = _worded(reported.open_cases(on=cases_on), names)
    dealings = _dealings(account, cases, reported.providers(first, as_of))
    caseloads = _caseloads(account, dealings, names)
    files, rows = _not_used(account, caseloads, names)
    return ReportFacts(
        name=REGION_NAME,
        stem=REGION,
        region=True,
        as_of=as_of,
        cases_on=cases_on,
        since=since,
        looked_at_caseloads=account.anything_assessed,
        target_days=casebook.levels.target_days,
        due_soon_days=casebook.levels.due_soon_days,
        window_months=settings.tolerances.window_months,
        councils=tuple(
            Council(
                code=council.local_authority,
                name=council_name(council.local_authority),
                assessed=council.assessed,
                message=readable(council.message or ""),
            )
            for council in sorted(
                account.councils, key=lambda each: council_name(each.local_authority)
            )
        ),
        worklist_url=settings.reports.worklist_url,
        care_record=CareRecord(
            export=feed.export, reason=feed.reason, received=settings.feed.place is not None
        ),
        changes=_changes(account, casebook, since),
        turns=_with_words(reported.turns(as_of), turn=Turn),
        cases=cases,
        caseloads=caseloads,
        dealings=dealings,
        weeks=_weeks(reported.timeliness(first, as_of)),
        files=files,
        rows=rows,
        unmapped=_unmapped(account),
        withheld=None if withheld is None else _withheld(withheld),
    )


def readable(message: str) -> str:
    """Return a message with councils' names in place of their codes, but for those in paths."""
    for code, name in COUNCIL_NAMES.items():
        message = re.sub(rf"(?<![\w/]){code}(?![\w/])", name, message)
    return message


def _with_words(frame: pd.DataFrame, **vocabularies: type[Vocabulary]) -> pd.DataFrame:
    """Return a frame whose codes are words, as categories in the order of their vocabularies."""
    return frame.assign(
        **{
            name: pd.Categorical(
                frame[name].map({member.value: member.display for member in vocabulary}),
                categories=[member.display for member in vocabulary],
                ordered=True,
            )
            for name, vocabulary in vocabularies.items()
        }
    )


def _worded(cases: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return open cases with words for codes, the names of providers, and their bands of age."""
    first_days = [*AGE_BANDS.values(), np.inf]
    labels = [band.replace("-", " to ") for band in AGE_BANDS]
    bands = pd.cut(cases["age_days"], first_days, right=False, labels=labels)
    worded = _with_words(cases, state=CaseState, standing=Standing)
    provider_names = cases["provider_id"].map(dict(names)).astype("str")
    return worded.assign(
        age_band=bands,
        breached=cases["standing"].eq(Standing.BREACHED.value),
        provider_name=provider_names,
    )


def _changes(account: Account, casebook: Casebook, since: date | None) -> pd.DataFrame:
    """Return how each discrepancy stands since the night before; on the first all are new."""
    if since is None:
        found = account.frames["discrepancies"][["local_authority"]]
        changes = found.assign(change=Change.NEW.value)
    else:
        changes = casebook.changes(account.as_of, since)[["local_authority", "change"]]
    return _with_words(changes, change=Change)


def _dealings(account: Account, cases: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return which councils are known to deal with which providers."""
    both = ["local_authority", "provider_id"]
    known = (cases, account.frames["discrepancies"], measured)
    pairs = pd.concat([frame[both] for frame in known]).dropna()
    return pairs.drop_duplicates().sort_values(both, ignore_index=True)


def _caseloads(account: Account, dealings: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return of each provider whether it has an accepted caseload, why not, and what to do."""
    missing = account.providers_not_assessed
    ids = sorted({*names, *missing, *dealings["provider_id"]})
    reasons, to_do = _why_not(account), _what_to_do(account)
    frame = pd.DataFrame(index=pd.Index(ids, name="provider_id", dtype="str"))
    frame["name"] = pd.Series(dict(names), dtype="str").reindex(frame.index)
    if not account.anything_assessed:
        return frame.assign(accepted=pd.NA, why="", to_do="")
    refused = {
        provider: reasons.get(provider, CaseloadFailure.NONE_RECEIVED.display)
        if provider in names
        else NOT_IN_REGISTER
        for provider in missing
    }
    asked = {
        provider: to_do.get(provider, SEND_ONE) if provider in names else REGISTER_IT
        for provider in missing
    }
    return frame.assign(
        accepted=~frame.index.isin(list(missing)),
        why=pd.Series(refused, dtype="str").reindex(frame.index).fillna(""),
        to_do=pd.Series(asked, dtype="str").reindex(frame.index).fillna(""),
    )


def _why_not(account: Account) -> dict[str, str]:
    """Return why providers have no accepted caseload: as rule 5 says, else as their files do."""
    words = {failure.value: failure.display for failure in CaseloadFailure}
    of_files = {
        record.source.removeprefix(CASELOAD): words.get(
            record.reason, CaseloadFailure.UNREADABLE.display
        )
        for record in sorted(account.sources, key=lambda each: each.file)
        if record.source.startswith(CASELOAD) and record.reason
    }
    found = account.frames["discrepancies"]
    overdue = found[found["type"].eq(DiscrepancyType.CASELOAD_OVERDUE.value)]
    by_rule = dict(zip(overdue["provider_id"], overdue["reason"].map(words), strict=True))
    return of_files | by_rule


def _what_to_do(account: Account) -> dict[str, str]:
    """Return what the refusals of whole caseloads ask for, by provider."""
    noted = account.frames["refusals"]
    whole = noted[_whole_files(noted) & noted["source"].str.startswith(CASELOAD)]
    providers = whole["source"].str.removeprefix(CASELOAD)
    return dict(zip(providers, whole["message"].map(readable), strict=True))


def _whole_files(noted: pd.DataFrame) -> pd.Series:
    """Say which refusals are of whole files, or of files that did not come."""
    rejected = noted["level"].eq(RefusalLevel.REJECTED.value)
    return noted["row"].isna() & (rejected | noted["rule"].eq("not_received"))


def _not_used(
    account: Account, caseloads: pd.DataFrame, names: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the files, and the rows and values, that could not be used.

    Why a provider has no accepted caseload is told of the provider, and not once more of its file.
    """
    noted = account.frames["refusals"]
    whole = _whole_files(noted)
    without = caseloads.index[caseloads["accepted"].eq(False).fillna(False)]
    told = [f"{CASELOAD}{provider}" for provider in without]
    files = noted[whole & ~noted["source"].isin(told)]
    keys = files[["source", "file", "message"]].drop_duplicates()
    counted = (
        noted[~whole]
        .groupby(GROUP, dropna=False, sort=True)
        .agg(rows=("row", "count"), message=("message", "first"))
        .reset_index()
    )
    described = _described(keys, names).sort_values(["source", "file"], ignore_index=True)
    return described, _described(_cells(counted), names)


def _cells(counted: pd.DataFrame) -> pd.DataFrame:
    """Return rows that were refused with the names of columns and the outcome in words."""
    columns = counted["column"].fillna("")
    results = {level.value: level.display for level in RefusalLevel}
    prefixes = (columns + ": ").where(columns.ne(""), "row: ")
    plain = [
        sentence(message.removeprefix(prefix))
        for message, prefix in zip(counted["message"], prefixes, strict=True)
    ]
    return counted.assign(
        rows=counted["rows"].where(counted["rows"] > 0).astype("Int64"),
        column=columns.map({name: LABELS.get(name, name) for name in columns.unique()}),
        result=counted["level"].map(results),
        message=plain,
    )


def _described(noted: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Add whose business each source is, and what people call it."""
    sources = noted["source"]
    parts = sources.str.extract(r"^(\S+)(?: (.*))?$")
    kind, whose = parts[0], parts[1]
    of_council = kind.isin([*OF_COUNCILS])
    of_provider = kind.isin([*OF_PROVIDERS]) & ~sources.isin([*STRAYS])
    titles = {source: _title(source, names) for source in sources.unique()}
    return noted.assign(
        local_authority=whose.where(of_council),
        provider_id=whose.where(of_provider),
        shared=sources.isin([*EVERYBODYS]),
        source=sources.map(titles).astype("str"),
        message=noted["message"].map(readable).astype("str"),
    )


def _title(source: str, names: Mapping[str, str]) -> str:
    """Return what people call a source."""
    kind, _, whose = source.partition(" ")
    if kind in OF_COUNCILS:
        return OF_COUNCILS[kind].format(council_name(whose))
    if kind in OF_PROVIDERS and whose:
        # What a stranger's file is named for may be a person.
        return OF_PROVIDERS[kind].format(
            f"{names[whose]} ({whose})" if whose in names else STRANGER
        )
    return (STRAYS | EVERYBODYS).get(source, source)


def _weeks(measured: pd.DataFrame) -> pd.DataFrame:
    """Return the last measure of each council in each week."""
    days = measured["as_of"]
    dated = measured.assign(week=days - pd.to_timedelta(days.dt.day_of_week, unit="D"))
    ordered = dated.sort_values(["week", "local_authority", "as_of"])
    return ordered.drop_duplicates(["week", "local_authority"], keep="last", ignore_index=True)


def _unmapped(account: Account) -> pd.DataFrame:
    frame = account.frames[UNMAPPED]
    by_reference = frame.groupby(["local_authority", "supplier_reference"]).size()
    return by_reference.rename("cplis").reset_index()


def _withheld(withheld: pd.DataFrame) -> pd.DataFrame:
    """Count what is kept from the Care Record, by council, what it is, and why."""
    reasons = {reason.value: reason.display for reason in WithheldReason}
    worded = withheld.assign(
        what=withheld["resource_type"].map(WITHHELD_WORDS),
        reason=withheld["reason"].map(reasons),
    )
    sizes = worded.groupby(["local_authority", "what", "reason"], dropna=False).size()
    return sizes.rename("number").reset_index()
