"""How cases stand with what people did, as frames: state, who has them, and by when they are due.

A case is what the nights say of a discrepancy (`casebook.cases`), and what the last action made of
it for as long as that stands. Everything here follows from the cases' lives, the actions and the
nights on which actions ceased to stand, so that it can be made anew at any time.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from casebook.actions import SETTLED
from casebook.cases import LIFE, different, text_column
from casebook.levels import ServiceLevels
from casebook.record import CaseState, LapseCause, Presence, Standing
from casebook.working_days import working_days, working_days_after
from schemas.vocabularies import Severity

WORK_DAYS = ("open_since", "settled_on", "expires_on", "due_on", "due_soon_on", "paused_since")
WORK_NUMBERS = ("reopened", "paused_days")
WORK = (
    "state",
    "settled",
    "team",
    "worker",
    "open_since",
    "reopened",
    "settled_on",
    "expires_on",
    "due_on",
    "due_soon_on",
    "paused_days",
    "paused_since",
)
CASE = (*LIFE, *WORK)

# What an action that settled a case was taken upon, by its name there and in what a night says.
TAKEN_UPON = {
    "council_value": "council_value",
    "provider_value": "provider_value",
    "said_reason": "reason",
}
OPEN_STATES = [state.value for state in CaseState if state not in SETTLED]
RESOLVED, ACCEPTED = CaseState.RESOLVED.value, CaseState.ACCEPTED.value
STEP_UP = {
    Severity.LOW.value: Severity.MEDIUM.value,
    Severity.MEDIUM.value: Severity.HIGH.value,
    Severity.HIGH.value: Severity.HIGH.value,
}


def worked(
    cases: pd.DataFrame, actions: pd.DataFrame, lapses: pd.DataFrame, *, levels: ServiceLevels
) -> pd.DataFrame:
    """Return the cases (`LIFE`) with how they stand (`CASE`).

    `actions` are those of these cases that led to a state, in their order, and by it
    discrepancy_id, number, made_on, on_night, state, team, worker and expires_on; `lapses` have
    action_number, discrepancy_id, as_of and reopens.
    """
    gone = cases["presence"].eq(Presence.GONE.value)
    standing = latest_standing(cases, actions, lapses)
    given = _given_state(standing["state"], gone)
    state = given.fillna(CaseState.OPEN.value).astype("str")
    settled = ~state.isin(OPEN_STATES)
    by_person = state.isin([RESOLVED, ACCEPTED])
    of_case = lapses.groupby("discrepancy_id")["as_of"]
    by_lapse = lapses[lapses["reopens"]].groupby("discrepancy_id")["as_of"].nunique()
    open_since = _later(cases["present_since"], of_case.max().reindex(cases.index))
    assigned = standing["team"].notna() | standing["worker"].notna()
    known = cases[list(LIFE)].assign(
        state=state,
        settled=settled,
        team=standing["team"].fillna(cases["routed_team"]),
        worker=standing["worker"].where(assigned, cases["routed_worker"]),
        open_since=open_since,
        reopened=cases["returned"] + by_lapse.reindex(cases.index, fill_value=0),
        settled_on=cases["closed_on"]
        .where(state.eq(CaseState.RESOLVED_BY_DATA.value))
        .mask(by_person, standing["made_on"]),
        expires_on=standing["expires_on"].where(state.eq(ACCEPTED)),
    )
    return _with_clock(known, actions, standing, levels=levels)[list(CASE)]


def latest_standing(
    cases: pd.DataFrame, actions: pd.DataFrame, lapses: pd.DataFrame
) -> pd.DataFrame:
    """Return by case the last action that led to a state, nothing where it does not stand any more.

    One that settled the case stands until it lapses; any other until a night opens the case again.
    """
    last = actions.drop_duplicates("discrepancy_id", keep="last")
    lapsed = last["number"].isin(lapses["action_number"])
    of_case = last[~lapsed].set_index("discrepancy_id").reindex(cases.index)
    settling = of_case["state"].isin([RESOLVED, ACCEPTED])
    overtaken = cases["present_since"].gt(of_case["on_night"]) & ~settling
    return of_case[~overtaken].reindex(cases.index)


def lapsing(
    standing: pd.DataFrame, found: pd.DataFrame, *, as_of: date, present: pd.Index
) -> pd.DataFrame:
    """Return the actions that cease to hold on a night.

    The columns are action_number, discrepancy_id, cause and reopens (bool): the case was there just
    before, so that it is this that opens it again.

    `standing` are actions that settled a case and have not lapsed: number, discrepancy_id, state,
    on_night, expires_on, check_on, check_caseload_after and the keys of `TAKEN_UPON`, and of the
    action after each next_on_night and what it was taken upon. `found` is what the night says, by
    discrepancy_id, with caseload_date; `present` the cases that were there just before it.
    """
    if standing.empty:
        return pd.DataFrame(columns=["action_number", "discrepancy_id", "cause", "reopens"])
    tonight = pd.Timestamp(as_of)
    replaced = standing["next_on_night"]
    later = standing["on_night"].lt(tonight) & (replaced.isna() | replaced.ge(tonight))
    same_night = standing["on_night"].eq(tonight) & ~_followed_at_once(standing)
    seen = found.index.get_indexer(standing["discrepancy_id"])
    tried = standing[(later | same_night) & (seen >= 0)]
    upon = found.take(found.index.get_indexer(tried["discrepancy_id"]))
    then = tried[list(TAKEN_UPON)].rename(columns=TAKEN_UPON)
    now = upon[list(TAKEN_UPON.values())].set_axis(tried.index)
    resolved, after = tried["state"].eq(RESOLVED), tried["on_night"].lt(tonight)
    caseload_date = upon["caseload_date"].set_axis(tried.index)
    was_there = pd.Series(present.get_indexer(tried["discrepancy_id"]) >= 0, index=tried.index)
    causes = {
        LapseCause.RETURNED: resolved & after & ~was_there,
        LapseCause.VALUES_CHANGED: different(then, now, tuple(TAKEN_UPON.values())).any(axis=1),
        LapseCause.EXPIRED: ~resolved & after & tried["expires_on"].lt(tonight),
        LapseCause.STILL_FOUND: resolved
        & after
        & (tried["check_on"].lt(tonight) | caseload_date.gt(tried["check_caseload_after"])),
    }
    cause = pd.Series(pd.NA, index=tried.index, dtype="str")
    for each, holds in reversed(causes.items()):
        cause = cause.mask(holds, each.value)
    told = pd.DataFrame(
        {
            "action_number": tried["number"],
            "discrepancy_id": tried["discrepancy_id"],
            "cause": cause,
            "reopens": was_there,
        }
    )
    return told[cause.notna()]


def _followed_at_once(standing: pd.DataFrame) -> pd.Series:
    """Say which actions were followed by another before anything changed.

    Had their night been recorded with something else in between, the other would have seen that.
    """
    upon = standing[list(TAKEN_UPON)]
    following = standing[[f"next_{name}" for name in TAKEN_UPON]].set_axis(upon.columns, axis=1)
    unchanged = ~different(upon, following, tuple(TAKEN_UPON)).any(axis=1)
    return standing["next_on_night"].eq(standing["on_night"]) & unchanged


def standings(cases: pd.DataFrame, *, on: date) -> pd.DataFrame:
    """Return by case its `standing` on a day, null where it is settled, and its `urgency`.

    The urgency is the severity, one step higher where the case is overdue.
    """
    by = cases["paused_since"].fillna(pd.Timestamp(on))
    breached = ~cases["settled"] & by.gt(cases["due_on"])
    due_soon = by.ge(cases["due_soon_on"])
    standing = text_column(Standing.ON_TRACK.value, cases.index)
    standing = standing.mask(due_soon, Standing.DUE_SOON.value)
    standing = standing.mask(breached, Standing.BREACHED.value)
    return pd.DataFrame(
        {
            "standing": standing.mask(cases["settled"]),
            "urgency": cases["severity"].mask(breached, cases["severity"].map(STEP_UP)),
        }
    )


def ages(cases: pd.DataFrame, *, on: date, levels: ServiceLevels) -> pd.Series:
    """Return by case the working days since it opened, up to a day or to when it was settled."""
    until = cases["settled_on"].fillna(pd.Timestamp(on))
    return working_days(
        cases["open_since"], until, extra_holidays=levels.extra_bank_holidays
    ).rename("age_days")


def _given_state(standing: pd.Series, gone: pd.Series) -> pd.Series:
    """Return the state of each case; null where no action stands and the case is there."""
    by_data = gone & ~standing.eq(RESOLVED)
    return standing.astype("str").mask(by_data, CaseState.RESOLVED_BY_DATA.value)


def _with_clock(
    cases: pd.DataFrame, actions: pd.DataFrame, standing: pd.DataFrame, *, levels: ServiceLevels
) -> pd.DataFrame:
    """Add when each open case is due; the clock stands still while the provider is asked."""
    extra = levels.extra_bank_holidays
    pauses = _pauses(cases, actions)
    since = _later(pauses["made_on"], pauses["open_since"])
    spent = working_days(since, pauses["until"], extra_holidays=extra)
    of_case = spent.groupby(pauses["discrepancy_id"]).sum()
    paused_days = of_case.reindex(cases.index, fill_value=0).astype("int64")
    target = cases["severity"].map(levels.target_days).astype("int64")
    waits = cases["state"].eq(CaseState.AWAITING_PROVIDER.value)
    running = cases["open_since"].mask(cases["settled"])
    due_on = working_days_after(running, target + paused_days, extra_holidays=extra)
    before = pd.Series(-levels.due_soon_days, index=cases.index)
    return cases.assign(
        paused_days=paused_days,
        paused_since=_later(standing["made_on"], cases["open_since"]).where(waits),
        due_on=due_on,
        due_soon_on=working_days_after(due_on, before, extra_holidays=extra),
    )


def _pauses(cases: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return the times of the present opening in which the provider was asked, that have ended."""
    until = actions.groupby("discrepancy_id")["made_on"].shift(-1)
    asked = actions["state"].eq(CaseState.AWAITING_PROVIDER.value)
    pauses = actions.assign(until=until)[asked]
    opening = cases[["present_since", "open_since"]].reindex(pauses["discrepancy_id"])
    pauses = pauses.assign(open_since=opening["open_since"].to_numpy())
    return pauses[pauses["on_night"].to_numpy() >= opening["present_since"].to_numpy()]


def _later(one: pd.Series, other: pd.Series) -> pd.Series:
    """Return for each row the later of two days, or the one that is known."""
    return one.where(one.ge(other) | other.isna(), other).astype("datetime64[us]")
