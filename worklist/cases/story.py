"""What became of a case, newest first, in sentences: what nights found and what people did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from casebook.actions import Acceptance, Action, Answer, Resolution, Ruling
from casebook.history import What
from casebook.record import CaseState, LapseCause, Turn
from casebook.worklist import CaseFile
from worklist.words import day

Record = Mapping[str, Any]

REASONS = {each.value: each.display for kind in (Resolution, Acceptance, Ruling) for each in kind}
NIGHTLY = "The night"
DONE = {
    Action.ASSIGN: "Assigned",
    Action.RELEASE: "Put back",
    Action.ASK_PROVIDER: "Asked the provider",
    Action.ASK_COUNCIL: "Asked the council",
    Action.RESOLVE: "Settled",
    Action.ACCEPT: "Accepted for a time",
    Action.REOPEN: "Opened again",
    Action.NOTE: "Noted",
    Action.ANSWER: "The provider answered",
    Action.RULE: "Decided for later nights",
    Action.REVERSE: "Took a decision back",
    Action.UNDO: "Took the last step back",
}
FOUND = {
    Turn.OPENED.value: "Found for the first time",
    Turn.CLOSED.value: "Not found any more: the data is right now",
    Turn.REOPENED.value: "Found again",
}
CHANGED = {
    "council_value": "what the council's record says",
    "provider_value": "what the other side says",
    "reason": "the reason",
    "severity": "how serious it is",
    "cpli_ids": "the CPLIs concerned",
    "caveat": "the caveat",
    "service_type": "the service",
    "person_id": "the council's reference",
    "routed_team": "the team",
    "routed_worker": "the worker",
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened: when, who, what, and in whose words."""

    at: datetime
    who: str
    what: str
    details: tuple[str, ...] = ()
    note: str | None = None


def story(file: CaseFile) -> list[Event]:
    """Return what became of a case, newest first."""
    actions = {action["number"]: action for action in file.actions}
    said = {statement["as_of"]: statement for statement in file.statements}
    events = [event for entry in file.history for event in _events(entry, actions, said)]
    return events[::-1]


def _events(
    entry: Record, actions: Mapping[int, Record], said: Mapping[date, Record]
) -> Iterator[Event]:
    at, night = entry["at"], entry["night"]
    match entry["what"]:
        case What.TURN.value:
            what = FOUND.get(str(entry["after"]), "Taken back: the night was run again")
            yield Event(at=at, who=NIGHTLY, what=what, details=_of_night(night))
        case What.SAID.value:
            columns = str(said.get(night, {}).get("changed") or "").split(";")
            told = [CHANGED[name] for name in columns if name in CHANGED]
            # On the night on which a case is found, all that is said is new.
            if told and len(told) < len(CHANGED) - 2:
                yield Event(
                    at=at,
                    who=NIGHTLY,
                    what=f"Changed: {', '.join(told)}",
                    details=_of_night(night),
                )
        case What.LAPSED.value:
            cause = (
                LapseCause(entry["after"]).display if entry["after"] else "The night was run again"
            )
            yield Event(at=at, who=NIGHTLY, what=f"Opened again. {cause}", details=_of_night(night))
        case What.ACTED.value if entry["action_number"] in actions:
            yield _acted(at, entry, actions[entry["action_number"]])
        case What.PURGED.value:
            yield Event(at=at, who=NIGHTLY, what="Personal details were removed, as they are old")
        case _:
            return


def _acted(at: datetime, entry: Record, action: Record) -> Event:
    return Event(
        at=at,
        who=str(entry["who"]),
        what=DONE[Action(action["action"])],
        details=tuple(_details(action)),
        note=action["note"],
    )


def _details(action: Record) -> Iterator[str]:
    if action["answer"]:
        given = Answer(action["answer"]).display
        yield f"{given} {day(action['answer_date'])}" if action["answer_date"] else given
    if action["reason"]:
        yield REASONS.get(action["reason"], str(action["reason"]))
    if action["state"] == CaseState.IN_PROGRESS.value and (action["team"] or action["worker"]):
        yield "To " + ", ".join(filter(None, (action["worker"], action["team"])))
    if action["expires_on"]:
        yield f"Until {day(action['expires_on'])}"
    if action["check_on"]:
        yield f"Looked at again after {day(action['check_on'])} if it is still found"


def _of_night(night: date | None) -> tuple[str, ...]:
    return (f"Night of {day(night)}",) if night else ()


def since(changes: Sequence[Record], names: Mapping[str, str]) -> list[str]:
    """Return what others, by their names, or nights did to a case, from its history."""
    told = []
    for entry in changes:
        if entry["what"] == What.ACTED.value:
            after = CaseState(entry["after"]).display.lower() if entry["after"] else ""
            who = names.get(entry["who"], entry["who"])
            told.append(f"{who} changed it: it is {after} now")
        elif entry["what"] in {What.TURN.value, What.LAPSED.value, What.SAID.value}:
            told.append(f"The night of {day(entry['night'])} changed it")
    return list(dict.fromkeys(told))
