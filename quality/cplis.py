"""The figures of a council's CPLIs: by themselves, and beside the last night that was accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quality.keyed import check_of, digest, hashes
from quality.lines import active, coded, in_scope
from quality.profile import SAMPLED, Profile
from reconciliation.days import NEVER, UNSTATED, Mask

Figures = dict[str, float | None]
WorkingDays = Callable[[int, int], int]
"""Gives how many working days lie after one day, up to and with another."""

FEWEST = 20
"""Of fewer no share is told: one of them would be much of it."""

KINDS = {
    "provider": "provider_id",
    "service": "service_type",
    "team": "commissioning_team",
}
FEWEST_OF_A_GROUP = 5
FEWEST_OF_A_TEAM = 10
LONGEST_GAP_DAYS = 45
"""A night is not compared with one that lies further back."""

ENTERED_LATELY_DAYS = 7
FAR_AHEAD_DAYS = 366
CHANGES_OVER = 28
"""Over so many working days changes are counted; of fewer than `FEWEST_COUNTED` nothing is told."""

FEWEST_COUNTED = 5
BUSY = 3.0
MOST_OVERDUE = 7.0
"""Where so many changes are to be expected, that none came is one chance in a thousand."""

HIGHEST = np.uint64(np.iinfo(np.uint64).max)


@dataclass(frozen=True, kw_only=True)
class Extract:
    """A council's CPLIs of a night; `rows` counts all that came, blank ones aside.

    `registered` are the providers of the register, `window` is the first day in scope.
    """

    cplis: pd.DataFrame
    rejected: pd.DataFrame
    rows: int
    registered: frozenset[str]
    as_of: int
    window: int


def measure(
    extract: Extract, before: Profile | None, *, key: str, working_days: WorkingDays
) -> tuple[Figures, Profile, pd.DataFrame]:
    """Return an extract's figures, its profile and its coded lines.

    What cannot be told, for want of rows or of a night to compare with, is None.
    """
    lines = coded(extract.cplis, key)
    scoped = in_scope(lines, extract.window)
    if before is not None and not _comparable(before, extract, key):
        before = None
    profile = _profile(extract, lines, scoped, before, key)
    figures = {
        **_volumes(extract, lines),
        **_shares(extract, lines, scoped),
        **_times(extract, lines, scoped, profile, working_days),
    }
    if before is not None:
        figures |= _since(extract, lines, scoped, before, profile, key)
        profile = _counting_changes(profile, before, figures, int(scoped.sum()), working_days)
        figures |= _standing_still(profile, working_days)
    return figures, profile, lines


def shared_with(lines: pd.DataFrame, others: Iterable[pd.DataFrame]) -> float | None:
    """Return the largest share of a council's lines that another one sent the same night."""
    if len(lines) < FEWEST:
        return None
    own = lines["content"].to_numpy()
    shares = (np.isin(own, other["content"].to_numpy()).mean() for other in others)
    return max(map(float, shares), default=None)


def _comparable(before: Profile, extract: Extract, key: str) -> bool:
    gap = extract.as_of - before.as_of
    return before.key == check_of(key) and 0 < gap <= LONGEST_GAP_DAYS


def _profile(
    extract: Extract, lines: pd.DataFrame, scoped: Mask, before: Profile | None, key: str
) -> Profile:
    content = digest(lines["content"].to_numpy())
    same = before is not None and before.digest == content
    running = active(lines, extract.as_of)
    touched = lines["touched"]
    known = touched[touched.ne(UNSTATED) & touched.le(extract.as_of)]
    cplis = extract.cplis
    teams = cplis["commissioning_team"].where(scoped)
    sample = lines[scoped].nsmallest(SAMPLED, "id")
    return Profile(
        as_of=extract.as_of,
        key=check_of(key),
        digest=content,
        unchanged_since=before.unchanged_since if before is not None and same else extract.as_of,
        newest=None if known.empty else int(known.max()),
        whole=bool(scoped.sum() <= SAMPLED),
        active={kind: _counts(cplis.loc[running, column], key) for kind, column in KINDS.items()}
        | {"authorisation": _counts(cplis["authorisation"], key)},
        in_scope=_counts(teams, key),
        missing=_counts(teams[cplis["nhs_number"].isna()], key),
        sample=sample.drop(columns="authorised"),
    )


def _counts(codes: pd.Series, key: str) -> dict[str, int]:
    """Count rows by their hashed code: what has slipped into a column of codes may be names."""
    counts = codes.astype("str").value_counts()
    hashed = _hashed(counts.index.to_series(), key)
    return dict(zip(hashed, counts.tolist(), strict=True))


def _hashed(codes: pd.Series, key: str) -> list[str]:
    return [f"{code:016x}" for code in hashes(codes.astype("str"), key).tolist()]


def _volumes(extract: Extract, lines: pd.DataFrame) -> Figures:
    rows, rejected = extract.rows, len(extract.rejected)
    running = active(lines, extract.as_of)
    repeated = rows - len(lines) - rejected
    return {
        "usable_rows": len(lines),
        "rows": rows,
        "people_supported": int(lines.loc[running, "person_id"].nunique()),
        "rejected_share": share(rejected, rows),
        "repeated_share": share(repeated, rows),
    }


def _shares(extract: Extract, lines: pd.DataFrame, scoped: Mask) -> Figures:
    cplis = extract.cplis
    ours = cplis[scoped]
    start = lines["start"].to_numpy()
    no_name = ours["family_name"].isna() | ours["given_name"].isna()
    return {
        "unmapped_share": mean(cplis["service_type_unmapped"]),
        "authorised_share": mean(lines["authorised"]),
        **_of_people(lines[scoped], on=extract.as_of),
        "nhs_number_missing_share": mean(ours["nhs_number"].isna()),
        "birth_missing_share": mean(ours["date_of_birth"].isna()),
        "name_missing_share": mean(no_name),
        "quantity_missing_share": mean(ours["weekly_quantity"].isna()),
        "team_missing_share": mean(ours["commissioning_team"].isna()),
        "provider_unknown_share": mean(~ours["provider_id"].isin(extract.registered)),
        "far_start_share": mean(start[scoped] > extract.as_of + FAR_AHEAD_DAYS),
        "in_future_share": mean(lines["touched"].gt(extract.as_of)),
    }


def _of_people(scoped: pd.DataFrame, *, on: int) -> Figures:
    """Return the shares of people whose care is all to come, and of those with care without end.

    Of people, not CPLIs: where all are closed and opened again, people are what stays.
    """
    current = scoped[scoped["end"].ge(on)]
    of_person = current.groupby(current["person_id"].to_numpy())
    begun = of_person["start"].min().le(on)
    return {
        "planned_share": mean(~begun),
        "open_share": mean(of_person["end"].max().eq(NEVER)[begun]),
    }


def _times(
    extract: Extract,
    lines: pd.DataFrame,
    scoped: Mask,
    profile: Profile,
    working_days: WorkingDays,
) -> Figures:
    """Return how long nothing was entered; a night sees what was done up to the day before."""
    yesterday = extract.as_of - 1
    begun = lines["start"].to_numpy()[scoped & lines["start"].le(extract.as_of).to_numpy()]
    newest = profile.newest
    return {
        "working_days_since_entry": None if newest is None else working_days(newest, yesterday),
        "working_days_since_start": working_days(int(begun.max()), yesterday)
        if len(begun) >= FEWEST
        else None,
    }


def _since(
    extract: Extract,
    lines: pd.DataFrame,
    scoped: Mask,
    before: Profile,
    profile: Profile,
    key: str,
) -> Figures:
    return {
        **_of_sample(extract, lines, scoped, before, key),
        **_vanished(extract, before, key),
        "nhs_number_missing_rise": _worst_team(before, profile),
        "days_backwards": None
        if before.newest is None or profile.newest is None
        else max(0, before.newest - profile.newest),
    }


def _counting_changes(
    profile: Profile, before: Profile, figures: Figures, rows: int, working_days: WorkingDays
) -> Profile:
    """Return the profile with how many CPLIs change on a working day.

    One day on which all change, as in April, counts as a few busy ones.
    """
    days = working_days(before.as_of - 1, profile.as_of - 1)
    told = [figures[name] for name in ("changed_share", "new_share")]
    changed = sum(each for each in told if each is not None) * rows
    if not days or profile.digest == before.digest or None in told:
        return replace(profile, changes=before.changes, counted=before.counted)
    most = BUSY * before.changes + BUSY if before.counted else changed / days
    counted = min(before.counted, CHANGES_OVER - 1)
    average = (before.changes * counted + min(changed / days, most)) / (counted + 1)
    return replace(profile, changes=average, counted=counted + 1)


def _standing_still(profile: Profile, working_days: WorkingDays) -> Figures:
    """Return how many changes usually come in the time in which none did, and how long that is.

    Where so few come that nothing may be heard for a while, it is no time at all.
    """
    if profile.counted < FEWEST_COUNTED:
        return {"changes_overdue": None, "unchanged_working_days": None}
    still = working_days(profile.unchanged_since - 1, profile.as_of - 1)
    overdue = profile.changes * still
    return {
        "changes_overdue": overdue,
        "unchanged_working_days": still if overdue > MOST_OVERDUE else 0,
    }


def _of_sample(
    extract: Extract, lines: pd.DataFrame, scoped: Mask, before: Profile, key: str
) -> Figures:
    """Return what became of the sampled CPLIs that should still be in scope."""
    sample = before.sample[before.sample["end"].ge(extract.window)]
    rejected_ids = hashes(extract.rejected["cpli_id"], key)
    came = np.concatenate([lines["id"].to_numpy(), rejected_ids])
    both = sample.merge(lines, on="id", suffixes=("_before", ""), validate="1:1")
    ended = both["end_before"].lt(before.as_of)
    highest = HIGHEST if before.whole else before.sample["id"].max()
    drawn = lines[scoped & lines["id"].le(highest).to_numpy()]
    new = ~drawn["id"].isin(before.sample["id"])
    entered_before = drawn["created"].ne(UNSTATED) & drawn["created"].lt(
        before.as_of - ENTERED_LATELY_DAYS
    )
    same = both["content"].eq(both["content_before"])
    touched = both["touched"].gt(both["touched_before"]) & both["touched"].ge(before.as_of)
    return {
        "kept_share": mean(sample["id"].isin(came)),
        "unsigned_share": mean(~both["authorised"]),
        "old_but_new_share": share(int((new & entered_before).sum()), len(before.sample)),
        "new_share": share(int(new.sum()), len(before.sample)),
        "changed_share": mean(~same),
        "touched_in_vain_share": mean(touched & same),
        "start_moved_share": mean(both["start"].ne(both["start_before"])),
        "end_lost_share": mean(both.loc[ended, "end"].ge(extract.as_of)),
        "support_lost_share": _support_lost(extract, lines, sample, key),
        "quantity_changed_share": _differing(both, "quantity", both["quantity"].notna()),
        **{
            f"{told}_changed_share": _differing(both, name, both[name].ne(nothing))
            for told, name, nothing in (
                ("person", "person_id", 0),
                ("provider", "provider_id", 0),
                ("service", "service_type", 0),
                ("nhs_number", "nhs_number", 0),
                ("name", "name", 0),
                ("birth", "birth", 0),
            )
        },
    }


def _differing(both: pd.DataFrame, name: str, stated: pd.Series) -> float | None:
    """Return in which share of those that state it on both nights a column differs."""
    before = both[f"{name}_before"]
    stated_before = before.notna() if name == "quantity" else before.ne(0)
    stated = stated & stated_before
    return mean(both.loc[stated, name].ne(before[stated]))


def _support_lost(
    extract: Extract, lines: pd.DataFrame, sample: pd.DataFrame, key: str
) -> float | None:
    """Return which share of people has no support any more that should have gone on.

    People are known by the council's reference; of a rejected CPLI nobody knows what it gives.
    """
    goes_on = sample["start"].le(extract.as_of - 1) & sample["end"].ge(extract.as_of)
    people = sample.loc[goes_on, "person_id"].unique()
    supported = lines.loc[active(lines, extract.as_of), "person_id"].unique()
    rejected = hashes(extract.rejected["person_id"], key)
    return mean(~np.isin(people, np.concatenate([supported, rejected])))


def _vanished(extract: Extract, before: Profile, key: str) -> Figures:
    """Return which share of what was active belonged to codes of which nothing is left."""
    figures: Figures = {}
    for kind, column in {**KINDS, "authorisation": "authorisation"}.items():
        there = {
            code
            for frame in (extract.cplis, extract.rejected)
            for code in _hashed(frame[column].dropna().drop_duplicates(), key)
        }
        counts = before.active.get(kind, {})
        gone = [
            count
            for code, count in counts.items()
            if code not in there and count >= FEWEST_OF_A_GROUP
        ]
        figures[f"{kind}_vanished_share"] = share(max(gone, default=0), sum(counts.values()))
    return figures


def _worst_team(before: Profile, profile: Profile) -> float | None:
    """Return by how much the share without an NHS number rose in the team where it did most."""
    rises = [
        profile.missing.get(team, 0) / rows - before.missing.get(team, 0) / before.in_scope[team]
        for team, rows in profile.in_scope.items()
        if min(rows, before.in_scope.get(team, 0)) >= FEWEST_OF_A_TEAM
    ]
    return max(rises, default=None)


def share(part: int, whole: int) -> float | None:
    """Return a share, None where the whole is too small to tell."""
    return part / whole if whole >= FEWEST else None


def mean(flags: pd.Series | np.ndarray) -> float | None:
    """Return the share of flags that are set, None where there are too few to tell."""
    return float(np.mean(flags)) if len(flags) >= FEWEST else None
