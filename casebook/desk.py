"""Where people act on cases: each step in one transaction with its entry in the history."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, insert, select

from casebook.actions import (
    SETTLED,
    TO,
    Action,
    ChangedMeanwhile,
    NotAllowed,
    RestsWith,
    Ruling,
    Step,
    incomplete,
    rests_with,
    unfit,
    unnamed,
)
from casebook.casefile import act_on, assignments, read_cases, write_cases
from casebook.database import writing
from casebook.faults import in_plain_words
from casebook.history import What, append, evidence_of
from casebook.keeping import kept_levels
from casebook.levels import ServiceLevels
from casebook.models import CASE_ACTION, DISCREPANCY_CASE, HISTORY, NIGHT, NIGHT_COUNCIL
from casebook.record import CaseState, Presence
from casebook.sql import AT_ONCE, pieces
from casebook.store import Casebook
from casebook.undoing import cannot_undo, last_steps, still_counts
from casebook.working_days import london, working_days_after
from schemas.vocabularies import DiscrepancyType

ASSIGNMENT = ("team", "worker")
GIVEN_ANEW = frozenset({Action.ASSIGN, Action.RELEASE, Action.NOTE})
"""After these nobody asks to whom a case was assigned before."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When somebody acts, what they could see, and who they are."""

    now: datetime
    today: date
    on_night: date
    who: str
    request: str | None
    levels: ServiceLevels


class Desk:
    """What people do with the cases of a casebook."""

    def __init__(self, casebook: Casebook) -> None:
        self.casebook = casebook
        self.engine = casebook.engine

    @in_plain_words
    def act(
        self,
        step: Step,
        cases: Mapping[str, int | None],
        *,
        who: str,
        request: str | None = None,
    ) -> dict[str, int]:
        """Take a step with each of some cases, or with none of them; return their new versions.

        `cases` gives for each discrepancy_id the version that was looked at, None for whatever it
        is now. A `request` that was carried out already is not carried out again. Raises
        `NotAllowed` where the step does not fit one of the cases, and `ChangedMeanwhile` where one
        is not as it was looked at.
        """
        now = self.casebook.clock()
        today = london(now)
        if not cases:
            raise NotAllowed("Choose at least one case.")
        if wrong := unnamed(who, request) or incomplete(step, today=today):
            raise NotAllowed(wrong)
        with writing(self.engine) as connection:
            standing = _asked_for(connection, list(cases))
            if _done_already(connection, step, list(cases), who=who.strip(), request=request):
                return _versions(standing)
            _insist_on_versions(connection, standing, cases)
            moment = Moment(
                now=now,
                today=today,
                on_night=_latest_night(connection),
                who=who.strip(),
                request=request,
                levels=kept_levels(connection),
            )
            actions = _actions(connection, step, standing, moment)
            connection.execute(insert(CASE_ACTION), actions)
            changed = act_on(connection, standing, levels=moment.levels)
            entries = _entries(actions, standing, changed)
            last = append(connection, entries, who=moment.who, now=now)
            write_cases(connection, standing, changed, last)
            return _versions(standing) | {str(key): int(last[key]) for key in last.index}


def _asked_for(connection: Connection, ids: Sequence[str]) -> pd.DataFrame:
    found = [
        read_cases(connection, DISCREPANCY_CASE.c.discrepancy_id.in_(some)) for some in pieces(ids)
    ]
    standing = pd.concat(found)
    if missing := set(ids) - set(standing.index):
        raise NotAllowed(f"There is no such case: {min(missing)}.")
    return standing.loc[list(ids)]


def _done_already(
    connection: Connection, step: Step, ids: Sequence[str], *, who: str, request: str | None
) -> bool:
    """Say whether a request was carried out; raises `NotAllowed` where it was another one."""
    if request is None:
        return False
    query = select(CASE_ACTION).where(CASE_ACTION.c.request == request)
    done = {row["discrepancy_id"]: row for row in connection.execute(query).mappings()}
    if not done:
        return False
    asked = {"who": who, **_asked(step)}
    same = set(done) == set(ids) and all(
        row[name] == value for row in done.values() for name, value in asked.items()
    )
    if not same:
        raise NotAllowed(
            "Another request was made by this name before, and this one was not carried out. Give"
            " it a name of its own."
        )
    return True


def _asked(step: Step) -> dict[str, Any]:
    """Return what is written of a step whatever the case."""
    asked: dict[str, Any] = {
        "action": step.action.value,
        "reason": step.ruling.value if step.ruling else step.reason,
        "note": _text(step.note),
        "answer": step.answer and step.answer.value,
        "answer_date": step.answer_date,
        "ruling": step.ruling and step.ruling.value,
    }
    if step.action is not Action.UNDO:
        asked["reverses"] = step.reverses
    if step.action is Action.ACCEPT:
        asked["expires_on"] = step.expires_on
    if step.action is Action.ASSIGN:
        asked |= {"team": _text(step.team), "worker": _text(step.worker)}
    return asked


def _text(text: str | None) -> str | None:
    return (text or "").strip() or None


def _insist_on_versions(
    connection: Connection, standing: pd.DataFrame, cases: Mapping[str, int | None]
) -> None:
    seen = {case: version for case, version in cases.items() if version is not None}
    stale = [case for case, version in seen.items() if version != standing["version"][case]]
    if not stale:
        return
    changes = [
        dict(row)
        for case in stale[:AT_ONCE]
        for row in connection.execute(
            select(HISTORY)
            .where(HISTORY.c.discrepancy_id == case, HISTORY.c.number > seen[case])
            .order_by(HISTORY.c.number)
        ).mappings()
    ]
    first = standing.loc[stale[0]]
    others = f" So were {len(stale) - 1} more of those chosen." if len(stale) > 1 else ""
    raise ChangedMeanwhile(
        f"Case {stale[0]} was changed after you looked at it, by {_whose(changes)}: it is"
        f" {CaseState(first['state']).display.lower()} now.{others} Nothing of yours was kept. Look"
        " at it again, then decide.",
        changes=changes,
    )


def _whose(changes: Sequence[Mapping[str, object]]) -> str:
    return str(changes[-1]["who"]) if changes else "somebody"


def _latest_night(connection: Connection) -> date:
    latest: date | None = connection.scalar(select(func.max(NIGHT.c.as_of)))
    if latest is None:
        raise NotAllowed("There is no night on record yet. Run a night first.")
    return latest


def _actions(
    connection: Connection, step: Step, standing: pd.DataFrame, moment: Moment
) -> list[dict[str, Any]]:
    """Return what is written of a step for each case; raises `NotAllowed` where it does not fit."""
    first = (connection.scalar(select(func.max(CASE_ACTION.c.number))) or 0) + 1
    _insist_on_ruling(connection, step, standing)
    undone = _undone(connection, step, standing, moment)
    settled_by = _settled_by(connection, step, standing)
    _insist_on_council(connection, step)
    assigned = {} if step.action in GIVEN_ANEW else assignments(connection, standing)
    check_on = working_days_after(
        pd.Series([pd.Timestamp(moment.today)]),
        pd.Series([moment.levels.resolution_days]),
        extra_holidays=moment.levels.extra_bank_holidays,
    )[0].date()
    cases = standing.astype(object).where(standing.notna(), None).to_dict("index")
    return [
        _action(
            step,
            {
                "discrepancy_id": case,
                **facts,
                "assigned": assigned.get(str(case), (None, None)),
                "settled_by": settled_by,
            },
            moment,
            number=first + place,
            check_on=check_on,
        )
        | ({"reverses": undone[str(case)]} if undone else {})
        for place, (case, facts) in enumerate(cases.items())
    ]


def _insist_on_ruling(connection: Connection, step: Step, standing: pd.DataFrame) -> None:
    """Raise `NotAllowed` where a step takes back what is no ruling of its one case."""
    if step.action is not Action.REVERSE:
        return
    action = CASE_ACTION.c
    ruled = select(action.discrepancy_id).where(
        action.number == step.reverses, action.action == Action.RULE.value
    )
    if list(standing.index) != list(connection.scalars(ruled)):
        raise NotAllowed("There is no such decision of this case. Take back one case's at a time.")
    if connection.scalar(select(action.number).where(action.reverses == step.reverses)):
        raise NotAllowed("That decision was taken back already.")


def _settled_by(connection: Connection, step: Step, standing: pd.DataFrame) -> int | None:
    """Return the last action that counts of the one case of which a ruling is taken back."""
    if step.action is not Action.REVERSE:
        return None
    [case] = standing.index
    last = select(func.max(CASE_ACTION.c.number)).where(
        CASE_ACTION.c.discrepancy_id == case, still_counts()
    )
    number: int | None = connection.scalar(last)
    return number


def _undone(
    connection: Connection, step: Step, standing: pd.DataFrame, moment: Moment
) -> dict[str, int]:
    """Return the number of the action that is undone of each case, if the step undoes any.

    Raises `NotAllowed` where the last thing that happened to a case cannot be undone.
    """
    if step.action is not Action.UNDO:
        return {}
    steps = last_steps(connection, _versions(standing))
    for case in standing.index:
        wrong = cannot_undo(
            steps.get(case), who=moment.who, today=moment.today, latest_night=moment.on_night
        )
        if wrong:
            raise NotAllowed(f"{wrong} (Case {case}.)")
    return {case: step.number for case, step in steps.items()}


def _insist_on_council(connection: Connection, step: Step) -> None:
    if step.local_authority is None:
        return
    council = NIGHT_COUNCIL.c.local_authority
    known = select(council).where(council == step.local_authority).limit(1)
    if connection.scalar(known) is None:
        raise NotAllowed(
            "No night on record knows the council that the ruling names. Give its GSS code."
        )


def _action(
    step: Step,
    case: Mapping[str, Any],
    moment: Moment,
    *,
    number: int,
    check_on: date,
) -> dict[str, Any]:
    kind, state = DiscrepancyType(case["type"]), CaseState(case["state"])
    wrong = unfit(step, kind=kind, state=state, provider_id=case["provider_id"])
    if wrong:
        raise NotAllowed(f"{wrong} (Case {case['discrepancy_id']}.)")
    to = _leads_to(step, state, case)
    row = dict.fromkeys(CASE_ACTION.c.keys()) | {
        "number": number,
        "discrepancy_id": case["discrepancy_id"],
        "at": moment.now,
        "made_on": moment.today,
        "on_night": moment.on_night,
        "who": moment.who,
        "request": moment.request,
        "state": to and to.value,
        "council_value": case["council_value"],
        "provider_value": case["provider_value"],
        "said_reason": case["reason"],
        "salt": secrets.token_hex(16),
        **_asked(step),
    }
    row |= _assignment(step, case["assigned"]) if to else {}
    if to is CaseState.RESOLVED and rests_with(str(row["reason"])) is RestsWith.PROVIDER:
        row["check_caseload_after"] = moment.today
    elif to is CaseState.RESOLVED:
        row["check_on"] = check_on
    if step.action is Action.RULE and step.ruling is not None:
        row |= _subject(step, step.ruling, kind, case)
    if step.action is Action.ANSWER:
        row["provider_id"] = step.provider_id
    return row


def _leads_to(step: Step, state: CaseState, case: Mapping[str, Any]) -> CaseState | None:
    """Return the state that a step leads to, or None where it leaves the case as it is."""
    match step.action:
        case Action.NOTE | Action.UNDO:
            return None
        case Action.ANSWER:
            return None if state in SETTLED else CaseState.AWAITING_COUNCIL
        case Action.REVERSE:
            present = case["presence"] == Presence.PRESENT.value
            ends = state is CaseState.RESOLVED and case["settled_by"] == step.reverses
            return CaseState.OPEN if present and ends else None
        case action:
            return TO[action]


def _assignment(step: Step, assigned: tuple[str | None, str | None]) -> dict[str, str | None]:
    """Return whom the case is assigned to after a step; nobody is left to the routing."""
    if step.action is Action.ASSIGN:
        assigned = (_text(step.team), _text(step.worker))
    elif step.action is Action.RELEASE:
        assigned = (None, None)
    return dict(zip(ASSIGNMENT, assigned, strict=True))


def _subject(
    step: Step, ruling: Ruling, kind: DiscrepancyType, case: Mapping[str, Any]
) -> dict[str, Any]:
    """Return whom or what a ruling is about, as the rules will look for it."""
    if ruling is Ruling.NOT_A_DUPLICATE and kind is DiscrepancyType.DUPLICATE_CPLI:
        return {"local_authority": case["local_authority"], "cpli_ids": case["cpli_ids"]}
    about: dict[str, Any] = {
        "provider_id": case["provider_id"],
        "entry_identities": case["entry_identities"],
    }
    if not case["entry_identities"]:
        raise NotAllowed(
            f"The entries of case {case['discrepancy_id']} are not known to this night, so nothing"
            " can be decided of them. Run the night again, then decide."
        )
    if ruling is Ruling.NOT_A_DUPLICATE:
        return about | {"service_type": case["service_type"]}
    named = {
        "local_authority": step.local_authority or case["local_authority"],
        "person_id": _text(step.person_id) or case["person_id"],
    }
    if not all(named.values()):
        raise NotAllowed("Say of which council and which person of it this is decided.")
    return about | named


def _entries(
    actions: Sequence[Mapping[str, Any]], standing: pd.DataFrame, changed: pd.DataFrame
) -> pd.DataFrame:
    """Return what the history says of actions: state before and after, and who has the case."""
    ids = [action["discrepancy_id"] for action in actions]
    before, after = standing.loc[ids], changed.loc[ids]
    acted = pd.DataFrame(
        {
            "night": pd.to_datetime([action["on_night"] for action in actions]),
            "discrepancy_id": ids,
            "action_number": [action["number"] for action in actions],
            "what": What.ACTED.value,
            "before": before["state"].to_numpy(dtype=object),
            "after": after["state"].to_numpy(dtype=object),
            "evidence": [evidence_of(action) for action in actions],
        }
    )
    had, has = _holders(before), _holders(after)
    assigned = acted.assign(
        what=What.ASSIGNED.value,
        before=had.to_numpy(dtype=object),
        after=has.to_numpy(dtype=object),
        evidence=None,
    )[had.ne(has).to_numpy()]
    both = pd.concat([acted, assigned]).sort_values("action_number", kind="stable")
    return both.astype({"evidence": "str", "before": "str", "after": "str"})


def _holders(cases: pd.DataFrame) -> pd.Series:
    return cases["team"].fillna("") + " / " + cases["worker"].fillna("")


def _versions(cases: pd.DataFrame) -> dict[str, int]:
    return {str(case): int(version) for case, version in cases["version"].items()}
