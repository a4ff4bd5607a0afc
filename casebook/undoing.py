"""Whether the last step with a case can be undone, and which actions do not count any more.

What was undone stays on file, as everything does; the case is made of the other actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from casebook.actions import UNDOABLE, Action
from casebook.history import What
from casebook.models import CASE_ACTION, HISTORY
from casebook.sql import pieces

SIDE_BY_SIDE = (What.ACTED.value, What.ASSIGNED.value)
"""What the history tells of an action when it is taken."""


@dataclass(frozen=True, kw_only=True)
class LastStep:
    """The last thing that happened to a case: somebody took a step."""

    number: int
    action: Action
    who: str
    made_on: date
    on_night: date


def cannot_undo(last: LastStep | None, *, who: str, today: date, latest_night: date | None) -> str:
    """Say in a sentence why somebody cannot undo the last step of a case; or ""."""
    if last is None or last.on_night != latest_night:
        return "Something has happened to the case since the last step, so it cannot be undone."
    if last.action not in UNDOABLE:
        return f"“{last.action.display}” cannot be undone."
    if (last.who, last.made_on) != (who, today):
        return "A step can be undone on its own day, by whoever took it."
    return ""


def last_step(entry: Mapping[str, Any], action: Mapping[str, Any] | None) -> LastStep | None:
    """Return the step that a case's last entry of the history tells of, None if of none."""
    if action is None or entry["what"] not in SIDE_BY_SIDE:
        return None
    return LastStep(
        number=action["number"],
        action=Action(action["action"]),
        who=action["who"],
        made_on=action["made_on"],
        on_night=action["on_night"],
    )


def last_steps(connection: Connection, versions: Mapping[str, int]) -> dict[str, LastStep]:
    """Return the last thing that happened to each of some cases, where somebody took a step.

    `versions` gives by discrepancy_id the number of the last entry about it.
    """
    found: dict[str, LastStep] = {}
    for some in pieces(list(versions.values())):
        query = (
            select(HISTORY.c.what, CASE_ACTION)
            .join_from(HISTORY, CASE_ACTION, HISTORY.c.action_number == CASE_ACTION.c.number)
            .where(HISTORY.c.number.in_(some))
        )
        for row in connection.execute(query).mappings():
            step = last_step(dict(row), dict(row))
            if step is not None:
                found[row["discrepancy_id"]] = step
    return found


def still_counts() -> ColumnElement[bool]:
    """Return what makes an action one that led to a state and was not undone."""
    undo = CASE_ACTION.alias("undo")
    undone = select(undo.c.number).where(
        undo.c.discrepancy_id == CASE_ACTION.c.discrepancy_id,
        undo.c.action == Action.UNDO.value,
        undo.c.reverses == CASE_ACTION.c.number,
    )
    return and_(CASE_ACTION.c.state.is_not(None), ~exists(undone.correlate(CASE_ACTION)))
