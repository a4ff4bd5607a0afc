"""What the rules take and what they give back: frames, a date and a few closed facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """The thresholds of the rules, with the defaults of docs/rules.md. Days are calendar days."""

    window_months: int = 12
    spell_gap_days: int = 7
    unreconciled_service_types: tuple[str, ...] = ("DP", "EQ")
    caseload_max_age_days: int = 35
    caseload_max_rejected: float = 0.20
    caseload_min_share: float = 0.50
    caseload_min_spells: int = 5
    start_tolerance_days: int = 7
    end_tolerance_days: int = 1
    quantity_tolerance: float = 0.5
    quantity_tolerance_share: float = 0.05
    names_differ_below: float = 0.80
    possible_match_from: float = 0.90
    portal_max_age_days: int = 7
    portal_hides_after_days: int = 28


def no_decisions() -> pd.DataFrame:
    """Return the decisions frame without a row."""
    texts = ("provider_id", "entry_identity", "local_authority", "person_id")
    return pd.DataFrame(
        {"same": pd.Series(dtype="bool")} | {name: pd.Series(dtype="str") for name in texts}
    )


def no_duplicates_denied() -> pd.DataFrame:
    """Return the frame of what is no duplicate without a row."""
    texts = ("local_authority", "cpli_ids", "provider_id", "entry_identity", "service_type")
    return pd.DataFrame(columns=list(texts), dtype="str")


@dataclass(frozen=True, kw_only=True)
class Night:
    """Everything that one night's rules look at.

    `cplis`, `rejected_cplis`, `portal`, `rejected_portal`, `entries` and `rejected_entries` are
    frames of the models of those names (`schemas.tables`) over all assessed councils and all
    caseload files of the window; a council that is not assessed has no rows in any of the first
    four. `portal` holds one extract for each council that has one in time, and `portal_dates` says
    which council's is of which date: an extract may be empty. `caseloads` has one row for each
    caseload file not dated after `as_of`:

    caseload (int64, the number that entries carry), provider_id, caseload_date (datetime64),
    received (int64; of two of one date the higher was received later), failure (str; `unreadable`
    or `missing_columns`, null where it could be read), rows (int64, those that are not blank),
    rejected_rows (int64), confirmed (bool, the provider has confirmed a short caseload).

    Entries of files older than the window need not be read; their `caseloads` row still counts.
    `identity_key` keys the hashes in discrepancy ids, so that none can be traced to an NHS number.

    `decisions` are commissioning workers' words on whom entries mean (rule 7), one row each: same
    (bool; these are, or are not, the same person), provider_id, entry_identity (`entry_identities`
    gives it for an entry), local_authority, person_id.

    `not_duplicates` are their words on what is no duplicate (rule 7), one row each and text
    throughout: either local_authority and cpli_ids (a group of alike CPLIs, sorted, joined by `;`),
    or provider_id, entry_identity and service_type (entries that repeat each other).
    """

    as_of: date
    councils: frozenset[str]
    assessed: frozenset[str]
    cplis: pd.DataFrame
    rejected_cplis: pd.DataFrame
    portal: pd.DataFrame
    rejected_portal: pd.DataFrame
    portal_dates: Mapping[str, date]
    caseloads: pd.DataFrame
    entries: pd.DataFrame
    rejected_entries: pd.DataFrame
    identity_key: bytes
    decisions: pd.DataFrame = field(default_factory=no_decisions)
    not_duplicates: pd.DataFrame = field(default_factory=no_duplicates_denied)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the rules found.

    `discrepancies` is the Discrepancy table in its final order; `identities` has discrepancy_id and
    entry_identities (sorted, joined by `;`) for those that are about entries whose person, or whose
    being a duplicate, a worker can decide (rule 7); `timeliness` one row a group (rule 10);
    `verdicts` the `caseloads` frame with `considered`, `accepted` (bool) and `reason` (rule 5);
    `counts` whole numbers by council (and `all` for all): in scope by lifecycle, spells, entries,
    pairs by pass.
    """

    discrepancies: pd.DataFrame
    identities: pd.DataFrame
    timeliness: pd.DataFrame
    verdicts: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
