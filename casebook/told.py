"""What the Care Record may know of the cases: how each stands, and why if it is settled."""

from __future__ import annotations

from datetime import date

import pandas as pd
from sqlalchemy import Connection, func, or_, select

from casebook.changes import Basis, basis
from casebook.frames import frame_of
from casebook.models import CASE_ACTION, DISCREPANCY_CASE
from casebook.record import CaseState, Presence
from casebook.undoing import still_counts
from schemas.vocabularies import DiscrepancyType

SAID = (
    "discrepancy_id",
    "type",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "service_type",
    "provider_value",
    "state",
)
COLUMNS = (*SAID, "present", "asked_by_provider", "first_seen", "because")
SETTLED_BY_PEOPLE = (CaseState.RESOLVED.value, CaseState.ACCEPTED.value)


def read_told(connection: Connection, *, since: date) -> pd.DataFrame:
    """Return the cases that are there, or went on or after a day, by id (columns `COLUMNS`).

    `because` is the code of the reason or ruling by which people settled one, null for others;
    `asked_by_provider` says whose list it was found by; `first_seen` is a date.
    """
    case = DISCREPANCY_CASE.c
    query = select(*(case[name] for name in SAID), case.presence, case.first_seen).where(
        or_(case.presence == Presence.PRESENT.value, case.closed_on >= since)
    )
    rows = connection.execute(query.order_by(case.discrepancy_id)).all()
    cases = frame_of(rows, (*SAID, "presence", "first_seen"))
    cases = cases.astype(dict.fromkeys((*SAID, "presence"), "str"))
    reasons = dict(_reasons(connection))
    of_caseloads = [kind.value for kind in DiscrepancyType if basis(kind) is Basis.CASELOAD]
    return cases.assign(
        present=cases["presence"].eq(Presence.PRESENT.value),
        asked_by_provider=cases["type"].isin(of_caseloads),
        first_seen=pd.to_datetime(cases["first_seen"]).astype("datetime64[us]"),
        because=cases["discrepancy_id"].map(reasons).astype("str"),
    )[list(COLUMNS)]


def _reasons(connection: Connection) -> list[tuple[str, str]]:
    """Return the reason of each case that people have settled: that of its last decisive action."""
    action, case = CASE_ACTION.c, DISCREPANCY_CASE.c
    settled = select(case.discrepancy_id).where(case.state.in_(SETTLED_BY_PEOPLE))
    last = (
        select(func.max(action.number))
        .where(still_counts(), action.discrepancy_id.in_(settled))
        .group_by(action.discrepancy_id)
    )
    query = select(action.discrepancy_id, func.coalesce(action.reason, action.ruling)).where(
        action.number.in_(last)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
