"""What the gates made of a night as files, for the summary and for Prefect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from casebook.gates import Release
from casebook.record import CouncilRecord
from casebook.store import Casebook
from flows.account import VERSION, tally
from flows.files import DISCREPANCIES
from flows.pulls import council_name
from flows.steps import NOT_ASKED_FOR
from publishing.csv_text import csv_text
from publishing.quality.data import csv_of, json_of
from publishing.quality.facts import CouncilQuality, QualityFacts
from publishing.quality.facts import Release as LetOut
from publishing.quality.page import page_of
from publishing.templates import Templates
from quality.catalogue import GATES
from schemas.gates import HELD
from schemas.lineage import Drift
from schemas.tables import DISCREPANCY_COLUMNS
from settings.settings import Settings

QUALITY, HELD_FOLDER = "quality", "held"
RUNBOOK = "docs/gates.md"
PAGE, DATA, TABLE = "gates.html", "gates.json", "gates.csv"


def facts_of(
    casebook: Casebook,
    as_of: date,
    councils: tuple[CouncilRecord, ...],
    *,
    held: pd.DataFrame,
    drift: tuple[Drift, ...] = (),
    providers: Mapping[str, str],
) -> QualityFacts:
    """Return what the gates made of a night on record, all councils of it included.

    `held` are the discrepancies of councils whose result is held.
    """
    gates = casebook.gates()
    let_out = {release.owner: release for release in gates.releases(as_of)}
    return QualityFacts(
        as_of=as_of,
        version=VERSION,
        councils=tuple(_council(each, held, let_out) for each in councils),
        gates=GATES,
        results=gates.results(as_of),
        history={(each.source, each.owner, each.gate): each for each in gates.histories(as_of)},
        drift=drift,
        runbook_url=RUNBOOK,
        providers=providers,
    )


def files_of(facts: QualityFacts, settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Yield the gates' files by their path in the night's folder."""
    yield f"{QUALITY}/{PAGE}", page_of(facts, Templates(settings.reports.templates))
    yield f"{QUALITY}/{DATA}", json_of(facts)
    yield f"{QUALITY}/{TABLE}", csv_of(facts)


def held_of(found: pd.DataFrame, councils: tuple[CouncilRecord, ...], folder: Path) -> pd.DataFrame:
    """Return what was found of the councils that are held.

    `found` is what this run held; of councils that it left alone it lies in the night's `folder`.
    """
    looked_at = {*found["local_authority"]}
    files = [
        folder / _held_file(council.local_authority)
        for council in councils
        if council.reason == HELD and council.local_authority not in looked_at
    ]
    standing = [
        pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])
        for file in files
        if file.exists()
    ]
    days = found["caseload_date"].dtype
    return pd.concat(
        [
            found,
            *(each.assign(caseload_date=each["caseload_date"].astype(days)) for each in standing),
        ],
        ignore_index=True,
    )


def held_files(held: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield what was found of each council that is held, for whoever looks at it."""
    for code, own in held.groupby("local_authority", sort=True):
        yield _held_file(str(code)), csv_text(own, DISCREPANCY_COLUMNS)


def _held_file(code: str) -> str:
    return f"{HELD_FOLDER}/{code}/{DISCREPANCIES}"


def _council(
    council: CouncilRecord, held: pd.DataFrame, let_out: Mapping[str, Release]
) -> CouncilQuality:
    code = council.local_authority
    release = let_out.get(code)
    return CouncilQuality(
        code=code,
        name=council_name(code),
        assessed=council.assessed,
        asked_for=council.reason != NOT_ASKED_FOR,
        reason=council.reason or "",
        message=council.message or "",
        held=council.reason == HELD,
        held_back=tally(held[held["local_authority"].eq(code)]),
        released=LetOut(who=release.who, at=release.at, reason=release.reason)
        if release and release.at
        else None,
    )
