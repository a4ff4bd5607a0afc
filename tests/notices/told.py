"""Nights of one council and one provider, and what the provider is told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd
from cleaned import (
    AS_OF,
    CASELOAD_DATE,
    CPLI_ROW,
    ENTRY_ROW,
    LEICESTER,
    Row,
    cleaned_cplis,
    cleaned_entries,
)

from publishing.notices.content import Sources, Telling, cases_of, notices_of
from publishing.notices.facts import Item, Notice
from publishing.notices.planning import NO_COUNCIL
from publishing.notices.wording import wording_of
from publishing.templates import Templates
from schemas.tables import DISCREPANCY_COLUMNS, Discrepancy, check

RUTLAND = "E06000017"
KEY = b"a key for tests"
REPLY_BY = date(2026, 11, 27)
TELLING = Telling(
    wording=wording_of(Templates()),
    reply_by=REPLY_BY,
    contacts={LEICESTER: "Brokerage, extension 1234", NO_COUNCIL: "the LLR team"},
)
FOUND: Mapping[str, object] = {
    "type": "support_not_reported",
    "severity": "high",
    "local_authority": LEICESTER,
    "provider_id": "P1",
    "person_id": "1001",
    "cpli_ids": "C1",
    "service_type": "HS",
    "caseload_date": pd.Timestamp(CASELOAD_DATE),
    "caseload_rows": None,
    "council_value": "active since 2026-05-01",
    "provider_value": None,
    "reason": None,
    "caveat": None,
}


def found(*changes: Mapping[str, object]) -> pd.DataFrame:
    """Discrepancies like `FOUND` but for the changes, numbered from 1."""
    rows = [
        {**FOUND, "discrepancy_id": f"{number:032x}", **change}
        for number, change in enumerate(changes, start=1)
    ]
    frame = pd.DataFrame(rows, columns=list(DISCREPANCY_COLUMNS))
    texts = dict.fromkeys(set(DISCREPANCY_COLUMNS) - {"caseload_date"}, "str")
    days = {"caseload_date": "datetime64[us]"}
    return check(Discrepancy, frame.astype(texts | days))


def sources(
    *changes: Mapping[str, object],
    lines: Sequence[Row] = ({},),
    entries: Sequence[Row] = ({},),
    states: Mapping[str, str] | None = None,
    left_out: frozenset[str] = frozenset(),
) -> Sources:
    """A night that found this, of CPLIs and entries like `CPLI_ROW` and `ENTRY_ROW`."""
    cplis = cleaned_cplis(*({**CPLI_ROW, **line} for line in lines))
    return Sources(
        as_of=AS_OF,
        discrepancies=found(*changes),
        states=pd.Series(dict(states or {}), dtype="str"),
        entries=cleaned_entries(*({**ENTRY_ROW, **entry} for entry in entries)).valid,
        cplis=cplis.valid,
        rejected_cplis=cplis.rejected,
        provider_names={"P1": "Rose Cottage", "P2": "Oak House"},
        list_dates={"P1": CASELOAD_DATE},
        council_names={LEICESTER: "Leicester", RUTLAND: "Rutland"},
        left_out=left_out,
        key=KEY,
    )


def notice(night: Sources, provider: str = "P1") -> Notice:
    """What a provider is told of a night."""
    names = {provider: AS_OF.isoformat()}
    return next(notices_of(cases_of(night), night, TELLING, names=names))


def item(change: Mapping[str, object], **more: object) -> Item:
    """What the provider is told of one discrepancy."""
    told = notice(replace(sources(change), **more) if more else sources(change))
    return told.items[0]
