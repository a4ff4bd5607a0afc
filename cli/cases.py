"""`cpli cases`, `cpli case`, `cpli act` and `cpli casebook`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeVar

import pandas as pd

from casebook.actions import Action, Answer, Ruling, Step
from casebook.desk import Desk
from casebook.record import CaseState
from casebook.store import Casebook
from casebook.worklist import Worklist
from cli.record import casebook_of, council_of
from cli.terminal import say
from flows.pulls import council_name
from flows.words import counted
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType, Vocabulary

V = TypeVar("V", bound=Vocabulary)

DIGITS = 18
"""How many digits the number of a version has at most."""
UNSETTLED, SETTLED, ALL = "unsettled", "settled", "all"

SHOWN = {
    "type": "Type",
    "council": "Council",
    "provider_id": "Provider",
    "state": "State",
    "team": "Team",
    "worker": "Worker",
    "urgency": "Urgency",
    "open_since": "Open since",
    "last_seen": "Last seen",
    "age_days": "Age",
    "due_on": "Due",
    "standing": "Standing",
    "discrepancy_id": "Discrepancy",
}
SHOWN_ALONE = SHOWN | {
    "first_seen": "First seen",
    "nights_seen": "Nights seen",
    "reopened": "Reopened",
    "version": "Version",
}
ACTED = {
    "number": "No.",
    "at": "When (UTC)",
    "who": "Who",
    "action": "Action",
    "reason": "Reason",
    "answer": "Answer",
    "state": "Led to",
}
TOLD = {
    "number": "No.",
    "at": "When (UTC)",
    "who": "Who",
    "what": "What",
    "before": "Before",
    "after": "After",
}


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """Which cases to list; what is None does not narrow them."""

    council: str | None
    kind: str | None
    state: str
    team: str | None
    worker: str | None
    standing: str | None


def list_cases(
    out: Path | None, config: Path | None, *, as_of: date, limit: int, narrowed: Narrowed
) -> int:
    """Print one line for each case, without anything that tells who it is about."""
    found = _narrowed(casebook_of(out, config, read_only=True), narrowed, on=as_of)
    say(f"{counted(len(found), 'case')} on {as_of}; the age is in working days since it opened")
    if len(found):
        say(_lines(_readable(found.head(limit).reset_index()), SHOWN))
    if len(found) > limit:
        say(f"... and {len(found) - limit:,} more: narrow them down, or set --limit higher")
    return 0


def _narrowed(casebook: Casebook, narrowed: Narrowed, *, on: date) -> pd.DataFrame:
    state = narrowed.state
    found = casebook.cases(
        on=on,
        local_authority=council_of(casebook, narrowed.council),
        kind=DiscrepancyType(narrowed.kind) if narrowed.kind else None,
        state=None if state in {UNSETTLED, SETTLED, ALL} else CaseState(state),
    )
    if state in {UNSETTLED, SETTLED}:
        found = found[found["settled"].eq(state == SETTLED)]
    for name in ("team", "worker", "standing"):
        value = getattr(narrowed, name)
        found = found if value is None else found[found[name].eq(value).fillna(False)]
    return found


def show_case(discrepancy_id: str, out: Path | None, config: Path | None, *, as_of: date) -> int:
    """Print how a case stands, what people did and what became of it; no names."""
    casebook = casebook_of(out, config, read_only=True)
    found = Worklist(casebook).case(discrepancy_id, councils=None, on=as_of)
    if found is None:
        raise WrongUsage(f"There is no case {discrepancy_id}. `cpli cases --state all` lists all.")
    case = _readable(pd.DataFrame([found.case]))
    for name, heading in SHOWN_ALONE.items():
        value = case[name].iloc[0]
        say(f"{heading:12} {'-' if pd.isna(value) else value}")
    if found.actions:
        say()
        say("What people did")
        say(_lines(_readable(pd.DataFrame(found.actions)), ACTED))
    say()
    say("What became of it")
    say(_lines(_readable(pd.DataFrame(found.history)), TOLD))
    return 0


def act(
    action: str,
    cases: Sequence[str],
    out: Path | None,
    config: Path | None,
    *,
    who: str,
    request: str | None,
    note: IO[str] | None,
    given: Mapping[str, Any],
) -> int:
    """Take a step with each of some cases, or with none of them.

    A case is named by its discrepancy_id, and `:` and the version that was looked at if it must not
    have changed since.
    """
    step = Step(
        action=_chosen(Action, action, "actions"),
        note=_read(note),
        answer=_one_of(Answer, given["answer"], "answers"),
        ruling=_one_of(Ruling, given["ruling"], "rulings"),
        **{name: value for name, value in given.items() if name not in {"answer", "ruling"}},
    )
    casebook_of(out, config, read_only=True)  # a misspelt folder must not become a new record
    casebook = casebook_of(out, config, read_only=False)
    versions = Desk(casebook).act(step, dict(map(_seen, cases)), who=who, request=request)
    say(f"Done with {counted(len(versions), 'case')}: {step.action.display}.")
    for case, version in versions.items():
        say(f"{case} is at version {version} now")
    return 0


def _one_of(vocabulary: type[V], code: str | None, what: str) -> V | None:
    return None if code is None else _chosen(vocabulary, code, what)


def _chosen(vocabulary: type[V], code: str, what: str) -> V:
    if code not in vocabulary.codes():
        raise WrongUsage(f"The {what} are: {', '.join(vocabulary.codes())}. Choose one of these.")
    return vocabulary(code)


def _read(note: IO[str] | None) -> str | None:
    if note is None:
        return None
    try:
        return note.read()
    except UnicodeDecodeError:
        # Told of as its cause, the error would quote the note.
        pass
    raise WrongUsage("The note is not written in UTF-8. Save it so, then try again.")


def _seen(named: str) -> tuple[str, int | None]:
    case, _, version = named.partition(":")
    if version and not (version.isdecimal() and len(version) <= DIGITS):
        raise WrongUsage("After a case and a colon, give the number of the version you looked at.")
    return case, int(version) if version else None


def verify_history(out: Path | None, config: Path | None) -> int:
    """Say whether the history is whole, or where it is broken."""
    verdict = casebook_of(out, config, read_only=True).verify()
    if verdict.broken:
        say(f"The history is broken. {verdict.broken}")
        say("Ask whoever looks after the database, and compare it with a backup.")
        return 1
    say(f"The history is whole: {counted(verdict.entries, 'entry', 'entries')}.")
    if verdict.head:
        say(f"Its last hash is {verdict.head}")
    return 0


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return cases, actions or history with the council's name, days and instants in words."""
    words = {
        name: pd.to_datetime(frame[name]).dt.strftime("%Y-%m-%d")
        for name in ("first_seen", "open_since", "last_seen", "due_on")
        if name in frame
    }
    if "at" in frame:
        words["at"] = frame["at"].dt.strftime("%Y-%m-%d %H:%M")
    if "local_authority" in frame:
        words["council"] = frame["local_authority"].map(council_name, na_action="ignore")
    return frame.assign(**words)


def _lines(frame: pd.DataFrame, headings: Mapping[str, str]) -> str:
    text = frame[list(headings)].astype("str").fillna("-").rename(columns=headings)
    lined = {name: _padded(text[name]) for name in text}
    return "\n".join(" ".join(row).rstrip() for row in zip(*lined.values(), strict=True))


def _visible(text: str) -> str:
    """Return text on one line: what a source calls a team may hold anything."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _padded(column: pd.Series) -> list[str]:
    cells = [_visible(str(cell)) for cell in (column.name, *column)]
    width = max(map(len, cells))
    return [cell.ljust(width) for cell in cells]
