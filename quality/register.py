"""The figures of the register of providers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quality.cplis import FEWEST, Figures, mean
from quality.keyed import check_of, digest, hashes, row_hashes
from quality.profile import Profile


def measure(
    providers: pd.DataFrame,
    councils: Sequence[pd.DataFrame],
    before: Profile | None,
    *,
    as_of: int,
    key: str,
) -> tuple[Figures, Profile]:
    """Return the figures and the profile of the register beside the CPLIs of all councils."""
    sample = pd.DataFrame(
        {"id": hashes(providers["provider_id"], key), "name": hashes(providers["name"], key)}
    )
    profile = Profile(
        as_of=as_of,
        key=check_of(key),
        digest=digest(row_hashes(sample, key)),
        unchanged_since=as_of,
        sample=sample,
    )
    known = [mean(each["provider_id"].isin(providers["provider_id"])) for each in councils]
    figures: Figures = {
        "providers": len(providers),
        # Of the council that it knows best: of one alone it is that council's fault.
        "named_providers_known_share": max(
            (share for share in known if share is not None), default=None
        ),
    }
    if before is not None and before.key == profile.key and len(before.sample) >= FEWEST:
        both = before.sample.merge(sample, on="id", suffixes=("_before", ""))
        figures["providers_kept_share"] = mean(before.sample["id"].isin(sample["id"]))
        figures["renamed_share"] = mean(both["name"].ne(both["name_before"]))
    return figures, profile
