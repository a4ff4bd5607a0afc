"""Accepted caseloads (rule 5): which statement of whom a provider supports is taken at its word."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.coded import Coded, flagged
from reconciliation.columns import Numbers
from reconciliation.days import ACTIVE, SPAN, UNSTATED, Mask, days, lifecycle
from reconciliation.night import Night, Tolerances
from reconciliation.spells import Spells
from schemas.vocabularies import CaseloadFailure


def judge(night: Night, coded: Coded, spells: Spells, tolerances: Tolerances) -> pd.DataFrame:
    """Return `Night.caseloads` with `provider`, `day` (codes), `considered`, `accepted`, `reason`.

    Of each provider's caseloads in time, latest first, the first that passes is accepted; those
    after it are not considered. `reason` is a `CaseloadFailure` or null (rule 5).
    """
    verdicts = night.caseloads.reset_index(drop=True).copy()
    verdicts["provider"] = coded.texts.providers.get_indexer(verdicts["provider_id"]).astype(
        np.int64
    )
    verdicts["day"] = days(verdicts["caseload_date"], missing=UNSTATED)
    verdicts["reason"] = _failures(verdicts, coded, spells, tolerances)
    age = coded.as_of - verdicts["day"].to_numpy()
    in_time = (age >= 0) & (age <= tolerances.caseload_max_age_days)
    verdicts.loc[~in_time, "reason"] = CaseloadFailure.TOO_OLD.value
    passed = in_time & verdicts["reason"].isna().to_numpy(dtype=bool)

    order = np.lexsort(
        (
            -verdicts["received"].to_numpy(),
            -verdicts["day"].to_numpy(),
            verdicts["provider"].to_numpy(),
        )
    )
    provider = verdicts["provider"].to_numpy()[order]
    passed_before = _running_count_before(passed[order], columns.firsts(provider))
    verdicts.loc[order, "considered"] = in_time[order] & (passed_before == 0)
    verdicts.loc[order, "accepted"] = passed[order] & (passed_before == 0)
    return verdicts.astype({"considered": bool, "accepted": bool})


def _failures(
    verdicts: pd.DataFrame, coded: Coded, spells: Spells, tolerances: Tolerances
) -> pd.Series:
    rows = verdicts["rows"].to_numpy()
    rejected_rows = verdicts["rejected_rows"].to_numpy()
    usable = rows - rejected_rows
    active = active_spells(
        coded,
        spells,
        provider=verdicts["provider"].to_numpy(),
        on=verdicts["day"].to_numpy(),
    )
    too_many_rejected = rejected_rows / np.maximum(rows, 1) > tolerances.caseload_max_rejected
    short = usable / np.maximum(active, 1) < tolerances.caseload_min_share
    expected_more = (active >= tolerances.caseload_min_spells) & short
    too_few = (usable == 0) | (expected_more & ~verdicts["confirmed"].to_numpy(dtype=bool))
    reason = verdicts["failure"].astype("str")
    reason = reason.mask(reason.isna() & too_many_rejected, CaseloadFailure.TOO_MANY_REJECTED.value)
    return reason.mask(reason.isna() & too_few, CaseloadFailure.TOO_FEW_ROWS.value)


def _running_count_before(mask: Mask, new_group: Mask) -> Numbers:
    """Count, within each run, how many of the earlier ones the mask holds for."""
    before: Numbers = np.cumsum(mask) - mask
    first = np.flatnonzero(new_group)
    return before - np.repeat(before[first], np.diff(np.append(first, len(mask))))


def reconciled_spells(coded: Coded, spells: Spells) -> Mask:
    """Say which spells are of a service that has a caseload in any useful sense (rule 4)."""
    unreconciled = flagged(len(coded.texts.services), coded.unreconciled)
    return ~unreconciled[spells.column("service")]


def active_spells(coded: Coded, spells: Spells, *, provider: Numbers, on: Numbers) -> Numbers:
    """Count each provider's reconciled spells that are active on a day."""
    counts = reconciled_spells(coded, spells)
    key = spells.column("provider")[counts] * SPAN
    started = np.sort(key + spells.column("start")[counts])
    ended = np.sort(key + spells.column("end")[counts])
    # Spells of providers before this one have both started and ended here, and cancel out.
    have_started = np.searchsorted(started, provider * SPAN + on, side="right")
    have_ended = np.searchsorted(ended, provider * SPAN + on, side="left")
    return (have_started - have_ended).astype(np.int64)


def overdue(coded: Coded, spells: Spells, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each council and provider with active spells but no accepted caseload.

    Columns: council, provider (codes), day (of the latest caseload, `UNSTATED` where none),
    reason (rule 5).
    """
    active = reconciled_spells(coded, spells) & (
        lifecycle(start=spells.column("start"), end=spells.column("end"), on=coded.as_of) == ACTIVE
    )
    accepted = flagged(len(coded.texts.providers), verdicts.loc[verdicts["accepted"], "provider"])
    missing = active & ~accepted[spells.column("provider")]
    pairs = spells.frame.loc[missing, ["council", "provider"]].drop_duplicates()
    latest = verdicts.sort_values(["day", "received"], ascending=False).drop_duplicates("provider")
    pairs = pairs.merge(latest[["provider", "day", "reason"]], on="provider", how="left")
    pairs["day"] = pairs["day"].fillna(UNSTATED).astype(np.int64)
    pairs["reason"] = pairs["reason"].fillna(CaseloadFailure.NONE_RECEIVED.value)
    return pairs
