"""The discrepancy table (rule 11): whose each is, its stable id, its severity, its place."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from types import MappingProxyType

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.columns import Numbers
from reconciliation.days import UNSTATED, dates
from reconciliation.identity import HASH_BYTES, SEPARATOR
from schemas.tables import DISCREPANCY_COLUMNS
from schemas.vocabularies import DiscrepancyType, Severity

DRAFT_COLUMNS = (
    "type",
    "local_authority",
    "provider_id",
    "person_id",
    "who",
    "cpli_ids",
    "service_type",
    "day",
    "caseload_rows",
    "council_value",
    "provider_value",
    "reason",
    "caveat",
    "severity",
    "not_running",
    "start",
    "row",
    "entry_identities",
)
IDENTITY_COLUMNS = ("discrepancy_id", "entry_identities")
_TEXTS = tuple(name for name in DRAFT_COLUMNS if name not in ("day", "not_running", "start", "row"))

_HIGH = (
    DiscrepancyType.CPLI_NOT_FOUND,
    DiscrepancyType.SUPPORT_NOT_REPORTED,
    DiscrepancyType.SUPPORT_AFTER_END,
    DiscrepancyType.PROVIDER_DIFFERS,
    DiscrepancyType.IDENTITY_DIFFERS,
    DiscrepancyType.UNAUTHORISED_ON_PORTAL,
)
_MEDIUM = (
    DiscrepancyType.SUPPORT_ENDED,
    DiscrepancyType.SUPPORT_BEFORE_START,
    DiscrepancyType.SUPPORT_NOT_STARTED,
    DiscrepancyType.SERVICE_TYPE_DIFFERS,
    DiscrepancyType.POSSIBLE_MATCH,
    DiscrepancyType.NOT_ON_PORTAL,
    DiscrepancyType.ONLY_ON_PORTAL,
    DiscrepancyType.CASELOAD_OVERDUE,
)
_LOW = (
    DiscrepancyType.START_DATE_DIFFERS,
    DiscrepancyType.END_DATE_DIFFERS,
    DiscrepancyType.QUANTITY_DIFFERS,
    DiscrepancyType.PORTAL_DIFFERS,
    DiscrepancyType.DUPLICATE_CPLI,
    DiscrepancyType.DUPLICATE_ENTRY,
)
SEVERITY_OF_TYPE = MappingProxyType(
    {which.value: Severity.HIGH.value for which in _HIGH}
    | {which.value: Severity.MEDIUM.value for which in _MEDIUM}
    | {which.value: Severity.LOW.value for which in _LOW}
)
# Rule 10: what these are about is the CPLIs themselves, so their ids are part of the identity.
ABOUT_CPLIS = (
    DiscrepancyType.NOT_ON_PORTAL.value,
    DiscrepancyType.ONLY_ON_PORTAL.value,
    DiscrepancyType.UNAUTHORISED_ON_PORTAL.value,
    DiscrepancyType.PORTAL_DIFFERS.value,
    DiscrepancyType.DUPLICATE_CPLI.value,
)


def draft(which: DiscrepancyType | pd.Series, size: int, **given: object) -> pd.DataFrame:
    """Return so many drafts, of one type or each of its own; what is not given is null.

    `entry_identities` are the hashes by which decisions name the entries that it is about (rule 7).
    `who` is what the id knows the person by; `day` the caseload date; `not_running`, `start` and
    `row` number discrepancies that are otherwise alike (rule 11).
    """
    unset: dict[str, object] = dict.fromkeys(_TEXTS)
    unset |= {"day": UNSTATED, "not_running": False, "start": 0, "row": 0}
    if isinstance(which, DiscrepancyType):
        unset |= {"type": which.value, "severity": SEVERITY_OF_TYPE[which.value]}
    else:
        unset["type"] = which
    frame = pd.DataFrame(unset | given, index=range(size))[list(DRAFT_COLUMNS)]
    return frame.astype(dict.fromkeys(_TEXTS, "str"))


def discrepancy_table(drafts: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the Discrepancy table, each with its id, in its final order (rule 11).

    And, for those that are about entries, discrepancy_id and entry_identities (rule 7).
    """
    whole = pd.concat(drafts, ignore_index=True)
    whole["discrepancy_id"] = _ids(whole)
    whole["caseload_date"] = dates(whole["day"].to_numpy())
    keys = ["local_authority", "provider_id", "type", "discrepancy_id"]
    order = whole[keys].fillna("").sort_values(keys).index
    ordered = whole.loc[order].reset_index(drop=True)
    named = ordered.loc[ordered["entry_identities"].notna(), list(IDENTITY_COLUMNS)]
    return ordered[list(DISCREPANCY_COLUMNS)], named.reset_index(drop=True)


def _ids(drafts: pd.DataFrame) -> pd.Series:
    """Return ids that depend only on what each discrepancy is about.

    Alike ones are numbered: the one whose spell is active on the caseload date first, then by start
    and lowest row. The first has no number, so that it keeps its id when others come and go.
    """
    about = drafts["cpli_ids"].where(drafts["type"].isin(ABOUT_CPLIS))
    parts = [
        part.fillna("")
        for part in (
            drafts["type"],
            drafts["local_authority"],
            drafts["provider_id"],
            drafts["who"],
            drafts["service_type"],
            about,
        )
    ]
    identity = parts[0]
    for part in parts[1:]:
        identity = identity + SEPARATOR + part
    alike, _ = pd.factorize(identity)
    order = np.lexsort((drafts["row"], drafts["start"], drafts["not_running"], alike))
    number = np.empty(len(drafts), dtype=np.int64)
    number[order] = _places(alike[order].astype(np.int64))
    hashed = [
        blake2b(f"{text}{SEPARATOR}{place or ''}".encode(), digest_size=HASH_BYTES).hexdigest()
        for text, place in zip(identity, number, strict=True)
    ]
    return pd.Series(hashed, index=drafts.index, dtype="str")


def _places(sorted_codes: Numbers) -> Numbers:
    """Number the members of each run of equal values from 0."""
    first = np.flatnonzero(columns.firsts(sorted_codes))
    sizes = np.diff(np.append(first, len(sorted_codes)))
    return np.arange(len(sorted_codes)) - np.repeat(first, sizes)
