"""How soon CPLIs are on the system after a service begins (rule 10): measured, not raised."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reconciliation.coded import Coded, strings
from reconciliation.days import UNSTATED
from reconciliation.night import Night
from reconciliation.spells import Spells

TIMELINESS_COLUMNS = (
    "local_authority",
    "grouping",
    "group",
    "cplis",
    "median_lag_days",
    "p90_lag_days",
    "share_on_system_by_start",
)


def timeliness(night: Night, coded: Coded, spells: Spells) -> pd.DataFrame:
    """Return lag figures for each council, and for its teams and providers (TIMELINESS_COLUMNS).

    The lag of a CPLI that begins a spell which is not left-censored is the London date of its
    `created_at` minus its start date, in days; CPLIs of an unknown creation are left out. The 90th
    percentile is interpolated linearly; the share counts lags of 0 or less, from 0 to 1.
    """
    begins = spells.frame[~spells.frame["left_censored"]]
    line = begins["first_line"].to_numpy()
    created = coded.lines["created"].to_numpy()[line]
    known = created != UNSTATED
    line, begins, created = line[known], begins[known], created[known]
    lags = pd.DataFrame(
        {
            "local_authority": strings(coded.texts.councils, begins["council"].to_numpy()),
            "lag": created - begins["start"].to_numpy(),
            "team": night.cplis["commissioning_team"].take(line).reset_index(drop=True),
            "provider": strings(coded.texts.providers, begins["provider"].to_numpy()),
        }
    )
    parts = [_figures(lags.assign(group=lags["local_authority"]), "council")]
    parts += [_figures(lags.rename(columns={name: "group"}), name) for name in ("team", "provider")]
    whole = pd.concat(parts, ignore_index=True)
    return whole.sort_values(["local_authority", "grouping", "group"], ignore_index=True)[
        list(TIMELINESS_COLUMNS)
    ]


def _figures(lags: pd.DataFrame, grouping: str) -> pd.DataFrame:
    by_group = lags.groupby(["local_authority", "group"], sort=True)["lag"]
    figures = by_group.agg(cplis="size", median_lag_days="median")
    figures["p90_lag_days"] = by_group.quantile(0.9).round(1)
    on_time = lags.assign(on_time=lags["lag"] <= 0).groupby(["local_authority", "group"])["on_time"]
    figures["share_on_system_by_start"] = on_time.mean().round(4)
    figures["median_lag_days"] = figures["median_lag_days"].astype(np.float64)
    return figures.reset_index().assign(grouping=grouping)
