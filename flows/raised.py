"""How the cases look to the Care Record: each discrepancy as a Task would tell of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from casebook.actions import Acceptance, Resolution
from casebook.record import CaseState
from publishing.feed.facts import TaskStatus
from schemas.parsing import LONDON
from schemas.vocabularies import DiscrepancyType, ServiceType

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
PERIOD = rf"(?:(?P<since>{DAY}) to (?P<to>{DAY})|since (?P<from>{DAY})|until (?P<until>{DAY}))"
SUPPORT = rf"^(?:active|planned|ended) {PERIOD}"
GONE = "It is not found any more."
NOT_WRONG = (Resolution.NOT_SAME_PERSON.value, Resolution.NOT_A_DUPLICATE.value)
REASONS = {each.value: each.display for each in (*Acceptance, *Resolution)}
COLUMNS = (
    "discrepancy_id",
    "type",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "service_type",
    "status",
    "asked_by_provider",
    "authored_on",
    "outcome",
    "asserted_service",
    "asserted_start",
    "asserted_end",
)


def as_tasks(told: pd.DataFrame) -> pd.DataFrame:
    """Return cases (`Casebook.told`) as the feed wants them, with `COLUMNS`.

    What people settled is agreed, and stays so until it has gone; a difference that was accepted,
    or that is none, is rejected and says why.
    """
    settled = told["state"].eq(CaseState.RESOLVED.value)
    no_fix = told["state"].eq(CaseState.ACCEPTED.value) | (
        settled & told["because"].isin(NOT_WRONG)
    )
    status = np.select(
        [~told["present"], no_fix, settled, told["state"].ne(CaseState.OPEN.value)],
        [TaskStatus.COMPLETED, TaskStatus.REJECTED, TaskStatus.ACCEPTED, TaskStatus.IN_PROGRESS],
        default=TaskStatus.REQUESTED,
    )
    why = told["because"].map(REASONS).where(settled | no_fix).astype("str")
    opened = told["first_seen"].dt.tz_localize(LONDON).dt.tz_convert("UTC")
    start, end = _asserted(told)
    return told.assign(
        status=pd.Series(status, index=told.index, dtype="str"),
        authored_on=opened.astype("datetime64[us, UTC]"),
        outcome=why.mask(~told["present"] & why.isna(), GONE),
        asserted_service=_other_service(told),
        asserted_start=start,
        asserted_end=end,
    )[list(COLUMNS)]


def _other_service(told: pd.DataFrame) -> pd.Series:
    """Return the service that the provider states where it is another one than the council's."""
    differs = told["type"].eq(DiscrepancyType.SERVICE_TYPE_DIFFERS.value)
    known = told["provider_value"].isin(ServiceType.codes())
    return told["provider_value"].where(differs & known)


def _asserted(told: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the first and the last day that the provider states, null where it states none."""
    said = told["provider_value"].where(told["asked_by_provider"])
    period = said.str.extract(SUPPORT)
    day = said.where(said.str.fullmatch(DAY).fillna(value=False).astype(bool))
    starts = told["type"].eq(DiscrepancyType.START_DATE_DIFFERS.value)
    ends = told["type"].eq(DiscrepancyType.END_DATE_DIFFERS.value)
    start = period["since"].fillna(period["from"]).fillna(day.where(starts))
    end = period["to"].fillna(period["until"]).fillna(day.where(ends))
    return _days(start), _days(end)


def _days(written: pd.Series) -> pd.Series:
    return pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
