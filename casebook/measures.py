"""How the work goes, in small tables for people who steer; nothing in them is about a person.

A case **opens** on the night that first finds it, that finds it again after it had gone, or on
which what had settled it ceases to hold; one that comes back while its acceptance holds does not.
It is **settled** when a night finds it gone or somebody resolves, accepts or decides it. Of one
opening the first settlement counts, so that a worker's second thoughts are no second settlement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, select

from casebook.actions import Action
from casebook.casefile import read_frame
from casebook.levels import ServiceLevels
from casebook.models import ACTION_LAPSE, CASE_ACTION, CASE_TURN, DISCREPANCY_CASE
from casebook.record import CaseState, Turn
from casebook.sql import read_timeliness
from casebook.undoing import still_counts
from casebook.work import ages
from casebook.working_days import working_days
from schemas.vocabularies import Vocabulary

KEY = "discrepancy_id"
GROUPS = ["type", "local_authority"]
AGE_BANDS = {"0-2": 0, "3-5": 3, "6-10": 6, "11-20": 11, "over 20": 21}
"""Working days since a case opened, by the first day of each band."""
COUNCIL = "council"
"""The grouping of rule 10's figures that counts a council as a whole."""

SETTLING = (CaseState.RESOLVED.value, CaseState.ACCEPTED.value)
EVENTS = (KEY, "night", "rank", "number", "day", "opens", "settles", "leads_to")


class Settled(Vocabulary):
    """How cases were settled."""

    BY_DATA = "by_data", "By data: gone when it could be looked at"
    RESOLVED = "resolved", "By decision: resolved"
    ACCEPTED = "accepted", "By decision: the difference accepted"
    RULED = "ruled", "By decision: who is meant, or that it is no duplicate"
    REOPENED = "reopened", "Of all these, opened again since"


BY_ACTION = {
    Action.RESOLVE.value: Settled.RESOLVED.value,
    Action.ACCEPT.value: Settled.ACCEPTED.value,
    Action.RULE.value: Settled.RULED.value,
}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How the work goes: frames.

    `open_cases`: type, local_authority, age_band, cases. `weeks`: week (its Monday), opened and
    settled. `days_to_settle`: type, local_authority, settled, median_days (working days).
    `settled`: how (a `Settled`), cases, share (of all that were settled; those that opened again
    are among these). `providers`: provider_id and its open cases, the most first. `timeliness`:
    as_of and rule 10's figures of each council.
    """

    open_cases: pd.DataFrame
    weeks: pd.DataFrame
    days_to_settle: pd.DataFrame
    settled: pd.DataFrame
    providers: pd.DataFrame
    timeliness: pd.DataFrame


def measure(
    connection: Connection,
    *,
    on: date,
    since: date | None,
    local_authority: str | None,
    levels: ServiceLevels,
) -> Measures:
    """Measure the work up to a day, with what began or was settled from another one on.

    Open cases are those that are open now, as old as they are on the day.
    """
    case = DISCREPANCY_CASE.c
    wanted = [case.local_authority == local_authority] if local_authority else []
    standing = _open_cases(connection, wanted, on=on, levels=levels)
    openings, settlements = openings_and_settlements(_events(connection, wanted))
    openings = _within(openings, since=since, on=on)
    settlements = _within(settlements, since=since, on=on)
    return Measures(
        open_cases=_open_by_age(standing),
        weeks=_by_week(openings["day"], settlements["day"]),
        days_to_settle=_days_to_settle(settlements, levels=levels),
        settled=_shares(settlements),
        providers=_by_provider(standing),
        timeliness=_of_councils(read_timeliness(connection, since, on), local_authority),
    )


def openings_and_settlements(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return when cases opened, and the first settlement of each opening.

    `events` (`EVENTS`, type, local_authority) are what nights and people did. Openings have the
    same columns; settlements also opened_on and reopened.
    """
    order = [KEY, "night", "rank", "number"]
    events = events.sort_values(order, kind="stable", ignore_index=True)
    case = events[KEY]
    stands = events["leads_to"].groupby(case).ffill()
    silent = events["rank"].eq(0) & stands.isin(SETTLING)
    opens = events["opens"] & ~silent
    opening = opens.groupby(case).cumsum()
    openings = events[opens].assign(opening=opening[opens])
    last = opening.groupby(case).transform("max")
    settlements = (
        events.assign(opening=opening, reopened=opening < last)[events["settles"].notna()]
        .query("opening > 0")
        .drop_duplicates([KEY, "opening"])
        .merge(
            openings[[KEY, "opening", "day"]].rename(columns={"day": "opened_on"}),
            on=[KEY, "opening"],
        )
    )
    return openings, settlements


def _open_cases(
    connection: Connection,
    wanted: list[ColumnElement[bool]],
    *,
    on: date,
    levels: ServiceLevels,
) -> pd.DataFrame:
    names = (KEY, *GROUPS, "provider_id", "open_since", "settled_on")
    query = select(*(DISCREPANCY_CASE.c[name] for name in names))
    is_open = DISCREPANCY_CASE.c.settled.is_(False)
    found = read_frame(connection, query.where(is_open, *wanted), key=KEY)
    first_days = [*AGE_BANDS.values(), np.inf]
    band = pd.cut(ages(found, on=on, levels=levels), first_days, right=False, labels=[*AGE_BANDS])
    return found.assign(age_band=band)


def _events(connection: Connection, wanted: list[ColumnElement[bool]]) -> pd.DataFrame:
    """Return what nights and people did to cases that still are on record."""
    about = [DISCREPANCY_CASE.c[name] for name in (KEY, *GROUPS)]
    cases = read_frame(connection, select(*about).where(*wanted), key=KEY)
    events = pd.concat(
        [_turns(connection), *_actions_and_lapses(connection)], ignore_index=True
    ).astype({"number": "float64", "opens": "bool"})
    places = cases.index.get_indexer(events[KEY])
    known = events[places >= 0]
    of_case = cases.take(places[places >= 0])
    return known.assign(**{name: of_case[name].to_numpy() for name in GROUPS})


def _turns(connection: Connection) -> pd.DataFrame:
    turns = read_frame(connection, select(CASE_TURN))
    closed = turns["turn"].eq(Turn.CLOSED.value)
    return turns[[KEY]].assign(
        night=turns["as_of"],
        rank=0,
        number=0.0,
        day=turns["as_of"],
        opens=~closed,
        settles=closed.map({True: Settled.BY_DATA.value, False: None}).astype("str"),
        leads_to=pd.Series(None, index=turns.index, dtype="str"),
    )


def _actions_and_lapses(connection: Connection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the actions that count, and the lapses of those that settled a case.

    An action comes after what its night did; a lapse belongs to that, unless it is of an action
    upon the very night, which it follows.
    """
    names = (KEY, "number", "on_night", "made_on", "action", "state")
    taken = select(*(CASE_ACTION.c[name] for name in names))
    actions = read_frame(connection, taken.where(still_counts()))
    lapses = read_frame(connection, select(ACTION_LAPSE))
    own_night = actions.set_index("number")["on_night"].reindex(lapses["action_number"])
    same_night = lapses["as_of"].eq(own_night.set_axis(lapses.index))
    return (
        actions[[KEY]].assign(
            night=actions["on_night"],
            rank=2,
            number=actions["number"],
            day=actions["made_on"],
            opens=False,
            settles=actions["action"].map(BY_ACTION).astype("str"),
            leads_to=actions["state"],
        ),
        lapses[[KEY]].assign(
            night=lapses["as_of"],
            rank=same_night.map({True: 2, False: 1}).astype("int64"),
            number=lapses["action_number"] + 0.5,
            day=lapses["as_of"],
            opens=True,
            settles=pd.Series(None, index=lapses.index, dtype="str"),
            leads_to=pd.Series(CaseState.OPEN.value, index=lapses.index, dtype="str"),
        ),
    )


def _within(events: pd.DataFrame, *, since: date | None, on: date) -> pd.DataFrame:
    wanted = events["day"].le(pd.Timestamp(on))
    if since is not None:
        wanted &= events["day"].ge(pd.Timestamp(since))
    return events[wanted]


def _open_by_age(standing: pd.DataFrame) -> pd.DataFrame:
    keys = [*GROUPS, "age_band"]
    counts = standing.groupby(keys, dropna=False, observed=True).size()
    return counts.rename("cases").reset_index().astype({"age_band": "str"})


def _by_week(opened: pd.Series, settled: pd.Series) -> pd.DataFrame:
    """Count by week, with the weeks between in which nothing happened."""
    counts = pd.DataFrame(
        {
            "opened": _monday(opened).value_counts(),
            "settled": _monday(settled).value_counts(),
        }
    )
    if counts.empty:
        return counts.astype("int64").rename_axis("week").reset_index()
    weeks = pd.date_range(counts.index.min(), counts.index.max(), freq="W-MON", name="week")
    whole = counts.reindex(weeks).fillna(0).astype("int64").reset_index()
    return whole.astype({"week": "datetime64[us]"})


def _monday(days: pd.Series) -> pd.Series:
    return days - pd.to_timedelta(days.dt.day_of_week, unit="D")


def _days_to_settle(settlements: pd.DataFrame, *, levels: ServiceLevels) -> pd.DataFrame:
    days = working_days(
        settlements["opened_on"], settlements["day"], extra_holidays=levels.extra_bank_holidays
    )
    by_group = settlements.assign(days=days).groupby(GROUPS, dropna=False)["days"]
    figures = by_group.agg(settled="size", median_days="median").reset_index()
    return figures.astype({"settled": "int64", "median_days": "float64"})


def _shares(settlements: pd.DataFrame) -> pd.DataFrame:
    counts = settlements["settles"].value_counts()
    counts[Settled.REOPENED.value] = settlements["reopened"].sum()
    cases = counts.reindex(Settled.codes(), fill_value=0).astype("int64")
    shares = (cases / max(len(settlements), 1)).round(4)
    return pd.DataFrame({"how": cases.index, "cases": cases.array, "share": shares.array})


def _by_provider(standing: pd.DataFrame) -> pd.DataFrame:
    counts = standing.groupby("provider_id").size().rename("cases").reset_index()
    order = ["cases", "provider_id"]
    return counts.sort_values(order, ascending=[False, True], ignore_index=True)


def _of_councils(timeliness: pd.DataFrame, local_authority: str | None) -> pd.DataFrame:
    wanted = timeliness["grouping"].eq(COUNCIL)
    if local_authority is not None:
        wanted &= timeliness["local_authority"].eq(local_authority)
    return timeliness[wanted].drop(columns=["grouping", "group"]).reset_index(drop=True)
