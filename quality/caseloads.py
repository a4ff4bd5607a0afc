"""The figures of each caseload, beside the CPLIs of the night and the provider's list before it.

A provider's own history is short, so a list is held to what the councils know of the provider.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from quality.keyed import row_hashes
from reconciliation.days import NEVER, UNSTATED, Mask, days

FEWEST = 5
"""Of fewer entries no share is told."""

LONG = 150
"""A list of so many entries changes within weeks."""

STILL_LISTED_DAYS = 60
"""For so long after a CPLI's end a provider may still list its person, by mistake."""

ALIKE_DAYS = 3
NEAR_DAYS, NEAR_SHARE = 7, 0.25
"""How near a start and a quantity are to agree with a CPLI's."""

COMPARED = ("service_type", "weekly_quantity", "date_of_birth")
AGREES_IN = ("start", "service", "quantity", "birth", "number")
"""Of what is known of the person too: whether its NHS number is that of somebody born then."""
KNOWN_BY = ("cpli_id", "nhs_number", "person_id", "name_and_birth")
"""By what an entry and a CPLI are known to be about the same person (rule 6)."""

CONTENT = (
    *("cpli_id", "person_id", "nhs_number", "family_name", "given_name", "date_of_birth"),
    *("service_type", "start_date", "end_date", "weekly_quantity"),
)


def measure(
    caseloads: pd.DataFrame,
    entries: pd.DataFrame,
    cplis: pd.DataFrame,
    *,
    as_of: int,
    max_age_days: int,
    key: str,
    whole: bool = True,
) -> pd.DataFrame:
    """Return a row of figures for each caseload in time that could be read, by its number.

    `caseloads` and `entries` are those of `reconciliation.Night`, `cplis` all that could be read of
    all councils, rejected ones included. A figure that cannot be told is NaN.
    """
    age = as_of - days(caseloads["caseload_date"], missing=UNSTATED)
    in_time = (age >= 0) & (age <= max_age_days) & caseloads["failure"].isna().to_numpy(dtype=bool)
    lists = caseloads[in_time].set_index("caseload")
    entries = entries[entries["caseload"].isin(lists.index)]
    counts = entries.groupby("caseload").size().reindex(lists.index, fill_value=0)
    figures = pd.DataFrame(index=lists.index)
    found = _found(entries, cplis)
    figures["strangers_share"], figures["known_share"], figures["same_shift_share"] = _beside_cplis(
        found, entries, lists
    )
    of_list = entries["caseload"]
    on = days(entries["caseload_date"], missing=UNSTATED)
    over = days(entries["end_date"], missing=NEVER) < on
    figures["ended_share"] = _share(over, of_list, lists.index)
    figures["future_share"] = _share(
        days(entries["start_date"], missing=UNSTATED) > on, of_list, lists.index
    )
    rows = pd.Series(row_hashes(entries[list(CONTENT)].astype("str"), key), index=entries.index)
    repeated = pd.DataFrame({"caseload": of_list, "row": rows}).duplicated().to_numpy()
    figures["repeats_share"] = _share(repeated, of_list, lists.index)
    if not whole:
        # Of people of a council that is away nobody can say whether a provider has them.
        figures["known_share"] = np.nan
    figures["agreement_drop"] = _agreement_drop(found, entries, lists, figures)
    before = _before(lists)
    length, length_before = counts, counts.reindex(before).to_numpy()
    supported = _supported(cplis, on=days(lists["caseload_date"], missing=UNSTATED), lists=lists)
    figures["known_share"] = figures["known_share"].where(supported >= FEWEST)
    at_least = np.maximum(supported, FEWEST)
    figures["against_expected"] = np.where(whole & (counts >= FEWEST), length / at_least, np.nan)
    figures["against_last_list"] = np.where(
        (length_before >= 2 * FEWEST) & (length < supported), length / length_before, np.nan
    )
    # Filled up, since what is missing would make the sums floats, of which too many are equal.
    content = rows.groupby(of_list).sum().reindex(lists.index, fill_value=0)
    alike = content.eq(content.reindex(before, fill_value=0).to_numpy())
    dates = days(lists["caseload_date"], missing=UNSTATED)
    gap = dates - pd.Series(dates, index=lists.index).reindex(before).to_numpy()
    figures["unchanged_days"] = np.where(alike & (counts >= LONG), gap, np.nan)
    return figures.astype(np.float64)


def _before(lists: pd.DataFrame) -> np.ndarray:
    """Return the number of each provider's list before this one, -1 where there is none."""
    order = lists.sort_values(["provider_id", "caseload_date", "received"])
    numbers = pd.Series(order.index, index=order.index)
    before = numbers.groupby(order["provider_id"]).shift(fill_value=-1)
    found: np.ndarray = before.reindex(lists.index).to_numpy()
    return found


def _supported(cplis: pd.DataFrame, *, on: np.ndarray, lists: pd.DataFrame) -> np.ndarray:
    """Return how many people each list's provider supports on its date, as the councils have it."""
    lines = cplis[cplis["authorisation"].eq("authorised") & cplis["person_id"].notna()]
    start, end = days(lines["start_date"], missing=NEVER), days(lines["end_date"], missing=NEVER)
    supported = np.zeros(len(lists), dtype=np.int64)
    for day in np.unique(on):
        running = lines[(start <= day) & (end >= day)]
        people = running.drop_duplicates(["provider_id", "local_authority", "person_id"])
        counts = people["provider_id"].value_counts()
        here = on == day
        supported[here] = lists["provider_id"][here].map(counts).fillna(0)
    return supported


def _agreement_drop(
    found: pd.DataFrame, entries: pd.DataFrame, lists: pd.DataFrame, figures: pd.DataFrame
) -> pd.Series:
    """Return by how much fewer of a list's entries agree with the CPLIs than on an earlier list.

    Of `AGREES_IN`, of being known at all and of standing there once, that counts in which it is
    most; of the provider's earlier lists in time the best.
    """
    of_entry = found.groupby("entry")[list(AGREES_IN)].max()
    of_entry["caseload"] = entries["caseload"].reindex(of_entry.index)
    of_list = of_entry.groupby("caseload")
    shares = of_list.mean().where(of_list.count() >= FEWEST).reindex(lists.index)
    shares["known"], shares["once"] = figures["known_share"], 1 - figures["repeats_share"]
    order = lists.sort_values(["provider_id", "caseload_date", "received"])
    shares = shares.reindex(order.index)
    best = shares.groupby(order["provider_id"]).cummax().groupby(order["provider_id"]).shift()
    return (best - shares).max(axis=1).reindex(lists.index)


def _beside_cplis(
    found: pd.DataFrame, entries: pd.DataFrame, lists: pd.DataFrame
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the shares of strangers, of people known as this provider's, and of one same shift.

    A stranger has CPLIs, but none with this provider. Somebody is known where a CPLI with this
    provider is planned, active, or ended not long before. Starts that all lie off the CPLI's by the
    same number of days are not each provider's own mistake.
    """
    by_entry = found.groupby("entry")
    strangers = ~by_entry["own"].any()
    known = by_entry["known"].any()
    of_list = entries["caseload"].reindex(strangers.index)
    off = found.loc[found["own"], ["entry", "off"]].dropna()
    nearest = off.assign(size=off["off"].abs()).sort_values(["size", "off"])
    nearest = nearest.drop_duplicates("entry")
    off_by = nearest.set_index("entry")["off"]
    off_list = entries["caseload"].reindex(off_by.index)
    pairs = pd.DataFrame({"caseload": off_list, "off": off_by})
    shifted = pairs["off"].abs().ge(ALIKE_DAYS)
    tally = pairs[shifted].value_counts().groupby("caseload").max()
    told = off_list.value_counts()
    same_shift = (tally.reindex(told.index, fill_value=0) / told)[told >= FEWEST]
    return (
        _share(strangers, of_list, lists.index),
        _share_of_all(known, entries, lists.index),
        same_shift.reindex(lists.index),
    )


def _found(entries: pd.DataFrame, cplis: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each entry and CPLI that agree in one of `KNOWN_BY`.

    An entry that names a council is looked up only there (rule 6). Of a CPLI whose provider cannot
    be read nobody knows whose it is. Columns: entry (its index), own, known (bool), off (days from
    the CPLI's start to the entry's), and `AGREES_IN` (1 or 0, NaN where it cannot be told).
    """
    about = ["provider_id", "start_date", "local_authority", *COMPARED, *KNOWN_BY]
    ours = _named(entries)[["caseload_date", *about]]
    ours = ours.rename(columns={"provider_id": "lists", "local_authority": "named"})
    ours = ours.rename_axis("entry").reset_index()
    theirs = _named(cplis[cplis["provider_id"].notna()])[["end_date", *about]]
    parts = []
    for column in KNOWN_BY:
        others = [name for name in KNOWN_BY if name != column]
        stated = ours[ours[column].notna()].drop(columns=others)
        had = theirs[theirs[column].notna()].drop(columns=others)
        beside = stated.merge(had, on=column, suffixes=("", "_council")).drop(columns=[column])
        parts.append(beside.assign(by_number=column == "nhs_number"))
    beside = pd.concat(parts, ignore_index=True)
    beside = beside[beside["named"].isna() | beside["named"].eq(beside["local_authority"])]
    on = days(beside["caseload_date"], missing=UNSTATED)
    own = beside["lists"].eq(beside["provider_id"])
    lately = days(beside["end_date"], missing=NEVER) >= on - STILL_LISTED_DAYS
    start = days(beside["start_date"], missing=UNSTATED)
    start_council = days(beside["start_date_council"], missing=UNSTATED)
    stated_both = (start != UNSTATED) & (start_council != UNSTATED)
    off = pd.Series(np.where(stated_both, start - start_council, np.nan), index=beside.index)
    quantity = beside["weekly_quantity_council"]
    apart = (beside["weekly_quantity"] - quantity).abs()
    births = beside["date_of_birth"], beside["date_of_birth_council"]
    stated_births = births[0].notna() & births[1].notna()
    services = beside["service_type"].astype("str"), beside["service_type_council"].astype("str")
    return pd.DataFrame(
        {
            "entry": beside["entry"],
            "own": own,
            "known": own & lately,
            "off": off,
            "start": off.abs().le(NEAR_DAYS).where(own & off.notna()),
            "service": services[0].eq(services[1]).where(own),
            "quantity": apart.le(NEAR_SHARE * quantity).where(own & apart.notna()),
            "birth": births[0].eq(births[1]).where(stated_births),
            "number": births[0].eq(births[1]).where(stated_births & beside["by_number"]),
        }
    ).astype(dict.fromkeys(AGREES_IN, "float64"))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with names and date of birth as one text, where all three are stated."""
    birth = frame["date_of_birth"].astype("str")
    whole = frame["family_name"].str.cat([frame["given_name"], birth], sep=" ")
    return frame.assign(name_and_birth=whole.str.casefold())


def _share(flags: pd.Series | Mask, of_list: pd.Series, lists: pd.Index) -> pd.Series:
    """Return the share of flags set by list, NaN where it has too few."""
    grouped = pd.Series(np.asarray(flags, dtype=np.float64)).groupby(of_list.to_numpy())
    return grouped.mean()[grouped.size() >= FEWEST].reindex(lists)


def _share_of_all(known: pd.Series, entries: pd.DataFrame, lists: pd.Index) -> pd.Series:
    """Return the share of all a list's entries for which something holds."""
    flags = known.reindex(entries.index, fill_value=False)
    return _share(flags, entries["caseload"], lists)
