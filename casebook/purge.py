"""Personal data that nobody needs any more goes; what was counted, and the history, stay.

The tables say themselves which of their columns can hold personal data. Where a night's are gone it
cannot be recorded again, because the cases could not be made from it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from casebook.account_models import ACCESS_ENTRY
from casebook.actions import Action
from casebook.audit import outlived
from casebook.casefile import KEY
from casebook.evidence_models import CASE_LINE, PROVIDER_PAGE
from casebook.feed_models import FEED_EXPORT, FEED_REFUSAL
from casebook.gate_models import GATE_NIGHT, HELD_FILE
from casebook.history import What, append, evidence_of
from casebook.models import (
    ACTION_LAPSE,
    CASE_ACTION,
    CASE_STATEMENT,
    CASEBOOK_SETTING,
    DISCREPANCY_CASE,
    NIGHT,
    NIGHT_DISCREPANCY,
)
from casebook.notice_models import NOTICE
from casebook.record import CaseState, Presence
from casebook.sql import pieces
from casebook.undoing import still_counts
from schemas.errors import WrongUsage

WHO = "a purge"
NIGHTS_UNTIL, CASES_UNTIL = "nights_purged_until", "cases_purged_until"
OF_CASES = (DISCREPANCY_CASE, CASE_STATEMENT, CASE_ACTION)
EMPTIED = tuple(
    table.name
    for table in (
        *(*OF_CASES, CASE_LINE, NIGHT_DISCREPANCY, FEED_REFUSAL, NOTICE, PROVIDER_PAGE),
        *(GATE_NIGHT, HELD_FILE, ACCESS_ENTRY),
    )
)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """For how many days personal data is kept: of cases once they are settled, and of nights.

    `access_days` is for how long it is known who looked at whose record.
    """

    closed_cases_days: int
    nights_days: int
    access_days: int = 2190


@dataclass(frozen=True, kw_only=True)
class Purged:
    """How many cases, nights, and discrepancies of these nights, lost their personal data.

    `accesses` is how many entries went of who looked at whose record.
    """

    cases: int
    nights: int
    discrepancies: int
    accesses: int = 0


def purge(
    connection: Connection,
    *,
    cases_before: date,
    nights_before: date,
    accesses_before: date,
    on: date,
    now: datetime,
    dry_run: bool,
) -> Purged:
    """Empty the personal columns of cases done with, and of nights, before some days.

    A case is done with where it has been gone and nobody has acted on it for so long, and neither
    an acceptance nor a ruling of it holds: a ruling needs the person that it speaks of.
    """
    cases: list[str] = list(connection.scalars(_done_with(cases_before, on=on)))
    nights = _nights(connection, nights_before)
    purged = Purged(
        cases=len(cases),
        nights=len(nights),
        discrepancies=sum(nights.values()),
        accesses=outlived(connection, accesses_before, dry_run=dry_run),
    )
    if not dry_run:
        _empty_refusals(connection, nights_before)
        _empty(connection, NOTICE, NOTICE.c.as_of < nights_before)
        _empty(connection, GATE_NIGHT, GATE_NIGHT.c.as_of < nights_before)
        for table in (HELD_FILE, PROVIDER_PAGE):
            connection.execute(delete(table).where(table.c.as_of < nights_before))
        _empty_nights(connection, list(nights))
        _empty_cases(connection, cases, before=cases_before, now=now)
    return purged


def insist_on_whole(connection: Connection, as_of: date) -> None:
    """Raise `WrongUsage` where a night lies within the time of which personal data was purged."""
    until = purged_until(connection)
    if as_of <= until:
        raise WrongUsage(
            f"What was found until {until} has been purged, so the night of {as_of} cannot be"
            " recorded any more. Run a later night."
        )


def purged_until(connection: Connection) -> date:
    """Return the latest night of whose findings anything was purged; the earliest day if none."""
    days = [_until(connection, name) for name in (NIGHTS_UNTIL, CASES_UNTIL)]
    return max((day for day in days if day), default=date.min)


def _done_with(before: date, *, on: date) -> Select[Any]:
    """Return the query for the cases to be emptied, those that hold nothing left out."""
    case, action = DISCREPANCY_CASE.c, CASE_ACTION.c
    acted_since = select(action.discrepancy_id).where(action.made_on >= before)
    latest = select(func.max(action.number)).where(still_counts())
    accepted = select(action.discrepancy_id).where(
        action.number.in_(latest.group_by(action.discrepancy_id)),
        action.state == CaseState.ACCEPTED.value,
        action.expires_on >= on,
        action.number.not_in(select(ACTION_LAPSE.c.action_number)),
    )
    taken_back = select(action.reverses).where(action.reverses.is_not(None))
    ruled = select(action.discrepancy_id).where(
        action.action == Action.RULE.value, action.number.not_in(taken_back)
    )
    holds = [
        select(table.c.discrepancy_id).where(
            or_(*(table.c[name].is_not(None) for name in _emptied(table)))
        )
        for table in OF_CASES
    ]
    holds.append(select(CASE_LINE.c.discrepancy_id))
    return (
        select(case.discrepancy_id)
        .where(
            case.presence == Presence.GONE.value,
            case.closed_on < before,
            *(case.discrepancy_id.not_in(each) for each in (acted_since, accepted, ruled)),
            or_(*(case.discrepancy_id.in_(each) for each in holds)),
        )
        .order_by(case.discrepancy_id)
    )


def _nights(connection: Connection, before: date) -> dict[date, int]:
    """Return the nights to be emptied, each with how many discrepancies it found."""
    night = NIGHT.c
    query = select(night.as_of, night.discrepancies).where(night.as_of < before)
    until = _until(connection, NIGHTS_UNTIL)
    if until is not None:
        query = query.where(night.as_of > until)
    return {row.as_of: row.discrepancies for row in connection.execute(query)}


def _empty_refusals(connection: Connection, before: date) -> None:
    """Empty what the Care Record said, in its own words, of resources of old nights."""
    old = select(FEED_EXPORT.c.number).where(FEED_EXPORT.c.as_of < before)
    _empty(connection, FEED_REFUSAL, FEED_REFUSAL.c.number.in_(old))


def _empty_nights(connection: Connection, nights: Sequence[date]) -> None:
    for as_of in nights:
        _empty(connection, NIGHT_DISCREPANCY, NIGHT_DISCREPANCY.c.as_of == as_of)
    if nights:
        _keep_until(connection, NIGHTS_UNTIL, max(nights))


def _empty_cases(
    connection: Connection, cases: Sequence[str], *, before: date, now: datetime
) -> None:
    """Empty cases wherever they are told of, with an entry for each and for each of its actions."""
    if not cases:
        return
    nights = _nights(connection, before)
    actions = []
    for some in pieces(cases):
        for table in OF_CASES:
            _empty(connection, table, table.c.discrepancy_id.in_(some))
        connection.execute(delete(CASE_LINE).where(CASE_LINE.c.discrepancy_id.in_(some)))
        seen = NIGHT_DISCREPANCY.c
        for as_of in nights:
            of_night = seen.as_of == as_of
            _empty(connection, NIGHT_DISCREPANCY, of_night, seen.discrepancy_id.in_(some))
        theirs = select(CASE_ACTION).where(CASE_ACTION.c.discrepancy_id.in_(some))
        actions += [dict(row) for row in connection.execute(theirs).mappings()]
    last = append(connection, _entries(cases, actions), who=WHO, now=now)
    versions = [{"which": case, "new": int(number)} for case, number in last.items()]
    this = DISCREPANCY_CASE.c.discrepancy_id == bindparam("which")
    version = update(DISCREPANCY_CASE).where(this).values(version=bindparam("new"))
    connection.execute(version, versions)
    _keep_until(connection, CASES_UNTIL, _latest_closing(connection, cases))


def _entries(cases: Sequence[str], actions: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return what the history says of it: from now on each action is known by what is left."""
    columns = ["night", KEY, "action_number", "what", "evidence"]
    of_cases = [(None, case, 0, What.PURGED.value, None) for case in cases]
    of_actions = [
        (row["on_night"], row[KEY], row["number"], What.PURGED.value, evidence_of(row))
        for row in actions
    ]
    entries = pd.DataFrame([*of_cases, *of_actions], columns=columns)
    days = pd.to_datetime(entries["night"]).astype("datetime64[us]")
    texts = dict.fromkeys([KEY, "what", "evidence"], "str")
    entries = entries.astype(texts).assign(night=days)
    return entries.sort_values([KEY, "action_number"], kind="stable", ignore_index=True)


def _empty(connection: Connection, table: Table, *where: Any) -> None:
    connection.execute(update(table).where(*where).values(dict.fromkeys(_emptied(table))))


def _emptied(table: Table) -> list[str]:
    """Return the columns to be emptied: personal ones, and what made their hashes unguessable."""
    return [
        column.name for column in table.columns if column.info["personal"] or column.name == "salt"
    ]


def _latest_closing(connection: Connection, cases: Sequence[str]) -> date:
    case = DISCREPANCY_CASE.c
    latest: list[date] = [
        connection.execute(
            select(func.max(case.closed_on)).where(case.discrepancy_id.in_(some))
        ).scalar_one()
        for some in pieces(cases)
    ]
    return max(latest)


def _until(connection: Connection, name: str) -> date | None:
    setting = CASEBOOK_SETTING.c
    kept = connection.scalar(select(setting.value).where(setting.name == name))
    return None if kept is None else date.fromisoformat(kept)


def _keep_until(connection: Connection, name: str, until: date) -> None:
    """Remember until when personal data is gone; that never goes back."""
    until = max(until, _until(connection, name) or until)
    connection.execute(delete(CASEBOOK_SETTING).where(CASEBOOK_SETTING.c.name == name))
    connection.execute(insert(CASEBOOK_SETTING).values(name=name, value=until.isoformat()))
