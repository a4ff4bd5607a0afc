"""Nights to put on record, made by rule: the same arguments give the same night."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from casebook.record import (
    CouncilRecord,
    NightOutcome,
    NightRecord,
    SourceOutcome,
    SourceRecord,
)
from schemas.tables import DISCREPANCY_COLUMNS
from schemas.vocabularies import DiscrepancyType, Severity

LEICESTER, LEICESTERSHIRE, RUTLAND = "E06000016", "E10000018", "E06000017"
COUNCILS = (LEICESTER, LEICESTERSHIRE, RUTLAND)
FIRST = date(2026, 11, 19)
SECOND = FIRST + timedelta(days=1)
THIRD = FIRST + timedelta(days=2)

MARKERS = ("ZZPERSON", "ZZLINE", "ZZCOUNCILSAYS", "ZZPROVIDERSAYS")
"""Planted in every personal value of every discrepancy made here."""


def discrepancy_id(name: str) -> str:
    """Return an id that looks like a real one."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def discrepancies(names: list[str] | range, **columns: object) -> pd.DataFrame:
    """Return one discrepancy for each name, of all types in turn; `columns` override."""
    names = [str(name) for name in names]
    numbers = range(len(names))
    types = DiscrepancyType.codes()
    frame = pd.DataFrame(
        {
            "discrepancy_id": [discrepancy_id(name) for name in names],
            "type": [types[number % len(types)] for number in numbers],
            "severity": Severity.HIGH.value,
            "local_authority": [COUNCILS[number % 3] for number in numbers],
            "provider_id": [f"P{number % 50:04}" for number in numbers],
            "person_id": [f"ZZPERSON{name}" for name in names],
            "cpli_ids": [f"ZZLINE{name}A;ZZLINE{name}B" for name in names],
            "service_type": "HS",
            "caseload_date": pd.Timestamp(FIRST) - pd.Timedelta(days=4),
            "caseload_rows": [str(number + 1) for number in numbers],
            "council_value": [f"ZZCOUNCILSAYS Siân O'Brien {name}" for name in names],
            "provider_value": [f'ZZPROVIDERSAYS "Łukasz"; {name}' for name in names],
            "reason": None,
            "caveat": None,
        },
        columns=list(DISCREPANCY_COLUMNS),
    ).assign(**columns)
    days = pd.to_datetime(frame["caseload_date"]).astype("datetime64[us]")
    return frame.astype("str").assign(caseload_date=days)


def council(local_authority: str, *, assessed: bool = True) -> CouncilRecord:
    """Return a council that was assessed, or one whose extract did not come."""
    if assessed:
        return CouncilRecord(local_authority=local_authority, assessed=True)
    return CouncilRecord(
        local_authority=local_authority,
        assessed=False,
        reason="not_received",
        message="cpli.csv did not come. Ask the council to send it.",
    )


def source(name: str, **facts: Any) -> SourceRecord:
    """Return a source that was used; `facts` override."""
    file = f"{name.replace(' ', '/')}.csv"
    used = SourceRecord(
        source=name,
        outcome=SourceOutcome.USED,
        file=file,
        size_bytes=5_000_000_000,
        sha256=hashlib.sha256(file.encode()).hexdigest(),
        rows=40,
        rejected_rows=2,
        warnings=3,
    )
    return replace(used, **facts)


def night(
    as_of: date, frame: pd.DataFrame, *, missing: tuple[str, ...] = (), **facts: Any
) -> NightRecord:
    """Return a night of three councils, those of `missing` not assessed; `facts` override."""
    plain = NightRecord(
        as_of=as_of,
        version="1.2.3",
        outcome=NightOutcome.INCOMPLETE if missing else NightOutcome.COMPLETE,
        councils=tuple(council(code, assessed=code not in missing) for code in COUNCILS),
        sources=tuple(source(f"cpli {code}") for code in COUNCILS),
        discrepancies=frame,
        summary={"discrepancies": len(frame), "councils": {"E06000016": {"spells": 12}}},
    )
    return replace(plain, **facts)
