"""Who looks at each discrepancy: whom the settings name, or its CPLI, or its council's queue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from casebook.record import ABOUT_COLUMNS
from flows.pulls import council_name
from settings.desk import Route
from settings.settings import Settings

Mask = NDArray[np.bool_]


def about(
    discrepancies: pd.DataFrame,
    *,
    identities: pd.DataFrame,
    cplis: pd.DataFrame,
    settings: Settings,
) -> pd.DataFrame:
    """Return what a night knows of each discrepancy besides rule 11 (`ABOUT_COLUMNS`).

    `identities` has discrepancy_id and entry_identities, `cplis` the valid CPLIs of the night.
    """
    held = _held(discrepancies, cplis)
    routed = discrepancies[["discrepancy_id"]].assign(team=_queues(discrepancies, settings))
    routed = _put(routed.assign(worker=None), _own_teams(held))
    for route in reversed(settings.routing):
        chosen = _matches(route, discrepancies, held=held, codes=settings.codes)
        routed.loc[chosen, ["team", "worker"]] = [route.team, route.worker]
    told = routed.merge(identities, on="discrepancy_id", how="left", validate="one_to_one")
    return told[list(ABOUT_COLUMNS)].astype("str")


def _held(discrepancies: pd.DataFrame, cplis: pd.DataFrame) -> pd.DataFrame:
    """Return the CPLIs that each discrepancy names, one row each, districts without capitals."""
    named = discrepancies[["discrepancy_id", "local_authority", "cpli_ids"]].dropna()
    each = named.assign(cpli_id=named["cpli_ids"].str.split(";")).explode("cpli_id")
    asked = ["start_date", "commissioning_team", "commissioning_worker", "district"]
    key = ["local_authority", "cpli_id"]
    # Of all CPLIs few are named: the others are left out before anything is joined.
    wanted = cplis.loc[cplis["cpli_id"].isin(each["cpli_id"]), [*key, *asked]]
    held = each[["discrepancy_id", *key]].astype("str").merge(wanted, on=key)
    return held.assign(district=held["district"].str.casefold())


def _own_teams(held: pd.DataFrame) -> pd.DataFrame:
    """Return the team and the worker of each discrepancy's latest CPLI that states a team."""
    stated = held.dropna(subset=["commissioning_team"]).sort_values(["start_date", "cpli_id"])
    latest = stated.drop_duplicates("discrepancy_id", keep="last")
    return latest.rename(columns={"commissioning_team": "team", "commissioning_worker": "worker"})


def _put(routed: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return the routed with the teams that are known of them in the place of queues."""
    theirs = own.set_index("discrepancy_id").reindex(routed["discrepancy_id"])
    known = theirs["team"].notna().to_numpy(dtype=bool)
    return routed.assign(
        team=routed["team"].mask(known, theirs["team"].to_numpy()),
        worker=theirs["worker"].to_numpy(),
    )


def _queues(discrepancies: pd.DataFrame, settings: Settings) -> pd.Series:
    """Return the queue of each discrepancy's council, or the one for what is no council's."""
    councils = discrepancies["local_authority"]
    queues = {code: f"{council_name(code)} queue" for code in councils.dropna().unique()}
    return councils.map(queues | settings.queues).astype("str").fillna(settings.default_queue)


def _matches(
    route: Route, discrepancies: pd.DataFrame, *, held: pd.DataFrame, codes: dict[str, str]
) -> Mask:
    """Say which discrepancies a route is for: all lists that it gives must match."""
    chosen = np.ones(len(discrepancies), dtype=bool)
    for name, wanted in (
        ("local_authority", [codes.get(council, council) for council in route.councils]),
        ("service_type", route.service_types),
        ("provider_id", route.providers),
        ("type", route.types),
    ):
        if wanted:
            chosen &= discrepancies[name].isin(wanted).to_numpy(dtype=bool)
    if route.districts:
        wanted = [district.casefold() for district in route.districts]
        there = held.loc[held["district"].isin(wanted), "discrepancy_id"]
        chosen &= discrepancies["discrepancy_id"].isin(there).to_numpy(dtype=bool)
    return chosen
