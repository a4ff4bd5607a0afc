"""The figures of what the portal shows of a council's CPLIs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quality.cplis import Figures, WorkingDays, mean, share
from quality.keyed import check_of, digest, hashes, row_hashes
from quality.lines import in_scope
from quality.profile import Profile
from reconciliation.days import NEVER, UNSTATED, days

CONTENT = ("cpli_id", "provider_id", "person_id", "service_type", "start_date", "end_date")

REMEMBERED_DAYS = 60
"""For so long an old extract is known again."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A portal extract dated `extract_date` (a day); of `rows` some were rejected.

    `rejected_cplis` are the council's own: it holds them, though nobody knows what they say.
    """

    portal: pd.DataFrame
    rejected: pd.DataFrame
    rejected_cplis: pd.DataFrame
    rows: int
    extract_date: int
    as_of: int
    window: int
    hidden_after_days: int


def measure(
    shown: Shown,
    lines: pd.DataFrame,
    before: Profile | None,
    *,
    key: str,
    working_days: WorkingDays,
) -> tuple[Figures, Profile]:
    """Return the figures and the profile of a portal extract beside the council's coded lines."""
    portal, rejected = shown.portal, shown.rejected
    ids = hashes(portal["cpli_id"], key)
    rejected_ids = hashes(rejected["cpli_id"], key)
    held = np.concatenate([lines["id"], hashes(shown.rejected_cplis["cpli_id"], key)])
    expected = lines[
        in_scope(lines, shown.window)
        & lines["end"].ge(shown.extract_date - shown.hidden_after_days).to_numpy()
        & lines["touched"].lt(shown.extract_date).to_numpy()
    ]
    content = digest(row_hashes(portal[list(CONTENT)].astype("str"), key))
    known = before.digests if before is not None and before.key == check_of(key) else {}
    since = known.get(content, shown.extract_date)
    recent = {each: dated for each, dated in known.items() if dated > since - REMEMBERED_DAYS}
    profile = Profile(
        as_of=shown.as_of,
        key=check_of(key),
        digest=content,
        unchanged_since=since,
        digests={**recent, content: since},
    )
    beside = pd.DataFrame(
        {
            "id": ids,
            "shown_start": days(portal["start_date"], missing=UNSTATED),
            "shown_end": days(portal["end_date"], missing=NEVER),
            "shown_provider": hashes(portal["provider_id"], key),
        }
    ).merge(lines, on="id")
    differs = (
        beside["shown_start"].ne(beside["start"])
        | beside["shown_end"].ne(beside["end"])
        | beside["shown_provider"].ne(beside["provider_id"])
    )
    settled = beside["touched"].lt(shown.extract_date)
    return {
        "portal_rows": shown.rows,
        "portal_rejected_share": share(len(rejected), shown.rows),
        "portal_coverage": mean(
            np.isin(expected["id"].to_numpy(), np.concatenate([ids, rejected_ids]))
        ),
        "portal_strangers_share": mean(~np.isin(ids, held)),
        "portal_differs_share": mean(differs[settled]),
        "portal_unchanged_working_days": working_days(
            profile.unchanged_since - 1, shown.extract_date - 1
        )
        if len(portal)
        else None,
    }, profile
