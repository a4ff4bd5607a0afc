"""Whether the tables are what nights, actions and the history make of them, one after another."""

from __future__ import annotations

from sqlalchemy import Connection, case, func, select

from casebook.casefile import unlike_its_nights
from casebook.history import verify
from casebook.keeping import kept_levels
from casebook.models import CASE_NIGHT, CASE_TURN, DISCREPANCY_CASE, HISTORY, NIGHT
from casebook.purge import purged_until
from casebook.record import Turn, Verdict
from casebook.sql import contents


def prove(connection: Connection) -> Verdict:
    """Return the verdict on the history and on all that follows from it, up to the first break."""
    verdict = verify(connection)
    if verdict.broken:
        return verdict
    for check in (_nights_known, _nights_whole, _turns_counted, _versions, _cases):
        broken = check(connection)
        if broken:
            return Verdict(entries=verdict.entries, head=verdict.head, broken=broken)
    return verdict


def _nights_known(connection: Connection) -> str:
    """Compare the nights on record with those that the cases know."""
    of_record = dict(map(tuple, connection.execute(select(NIGHT.c.as_of, NIGHT.c.content_hash))))
    of_cases = dict(
        map(tuple, connection.execute(select(CASE_NIGHT.c.as_of, CASE_NIGHT.c.content_hash)))
    )
    differing = [day for day in of_record | of_cases if of_record.get(day) != of_cases.get(day)]
    if not differing:
        return ""
    return f"The night of {min(differing)} on record is not the one that the cases know."


def _nights_whole(connection: Connection) -> str:
    """Compare what the tables hold of each night with what was recorded; what was purged aside."""
    until = purged_until(connection)
    for night, content_hash in contents(connection):
        if night.as_of > until and content_hash != night.content_hash:
            return f"The night of {night.as_of} does not hold any more what was recorded."
    return ""


def _turns_counted(connection: Connection) -> str:
    turn, night = CASE_TURN.c, CASE_NIGHT.c
    counts = [
        func.coalesce(func.sum(case((turn.turn == each.value, 1), else_=0)), 0) for each in Turn
    ]
    counted = (
        select(night.as_of)
        .select_from(CASE_NIGHT.outerjoin(CASE_TURN, turn.as_of == night.as_of))
        .group_by(night.as_of, night.opened, night.closed, night.reopened)
        .having(
            ~(
                (counts[0] == night.opened)
                & (counts[1] == night.closed)
                & (counts[2] == night.reopened)
            )
        )
        .order_by(night.as_of)
    )
    as_of = connection.scalar(counted.limit(1))
    return f"The night of {as_of} counts other turns than the cases took." if as_of else ""


def _versions(connection: Connection) -> str:
    """Compare each case's version with the last entry of the history about it."""
    told, of_case = HISTORY.c, DISCREPANCY_CASE.c
    last = (
        select(told.discrepancy_id, func.max(told.number).label("number"))
        .group_by(told.discrepancy_id)
        .subquery()
    )
    other = (
        select(of_case.discrepancy_id)
        .outerjoin_from(DISCREPANCY_CASE, last, last.c.discrepancy_id == of_case.discrepancy_id)
        .where(last.c.number.is_distinct_from(of_case.version))
        .order_by(of_case.discrepancy_id)
    )
    found = connection.scalar(other.limit(1))
    return f"Case {found} has another version than its last entry in the history." if found else ""


def _cases(connection: Connection) -> str:
    unlike = unlike_its_nights(connection, levels=kept_levels(connection))
    return f"Case {unlike} is not what its nights and actions made of it." if unlike else ""
