"""The history: what was changed, by whom, when, from what to what. It is only ever added to.

Each entry's hash covers the hash of the one before it, so that an entry that is changed, removed or
slipped in later shows. No entry holds personal data: of what was said it names the columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, select

from casebook.frames import Values, to_values
from casebook.gate_models import GATE_RELEASE
from casebook.models import (
    ACTION_LAPSE,
    CASE_ACTION,
    CASE_NIGHT,
    CASE_STATEMENT,
    CASE_TURN,
    CASEBOOK_SETTING,
    HISTORY,
)
from casebook.record import Verdict
from casebook.sql import insert_rows
from casebook.working_days import utc
from schemas.vocabularies import Vocabulary

ENTRY = ("night", "discrepancy_id", "action_number", "what", "before", "after", "evidence")
COLUMNS = ("number", "at", "who", *ENTRY, "hash")
AT_ONCE = 10_000
LEVELS = "service_levels"


class What(Vocabulary):
    """What an entry of the history is about."""

    NIGHT = "night", "the content of a night, by its hash"
    TURN = "turn", "a case opened, closed or opened again on a night"
    SAID = "said", "what was said of a case on a night, by the columns that changed"
    LAPSED = "lapsed", "what had settled a case ceased to hold on a night"
    ACTED = "acted", "somebody did something with a case: its state before and after"
    ASSIGNED = "assigned", "who has a case: team and worker"
    LEVELS = "levels", "the service levels"
    PURGED = "purged", "the personal data of a case was removed"
    RELEASED = "released", "a person let out what gates had held, by its hash"


Key = tuple[date | None, str | None, int | None]


def append(connection: Connection, entries: pd.DataFrame, *, who: str, now: datetime) -> pd.Series:
    """Add entries (columns of `ENTRY`, in their order) to the end of the history.

    Columns that are not given are empty, as is an action_number of 0. Returns by discrepancy_id the
    number of the last entry about it.
    """
    last = connection.execute(
        select(HISTORY.c.number, HISTORY.c.hash).order_by(HISTORY.c.number.desc()).limit(1)
    ).one_or_none()
    number, head = (0, "") if last is None else (last.number, last.hash)
    at = now.astimezone(UTC)
    rows: list[Values] = []
    for night, case, action, *said in to_values(entries.reindex(columns=list(ENTRY))):
        number += 1
        facts = (number, at, who, night, case, action or None, *said)
        head = _hash(head, facts)
        rows.append((*facts, head))
    insert_rows(connection, HISTORY, rows, COLUMNS)
    numbers = pd.Series(range(number - len(rows) + 1, number + 1), dtype="int64")
    of_case = entries["discrepancy_id"].reset_index(drop=True)
    return numbers.groupby(of_case).max()


def verify(connection: Connection) -> Verdict:
    """Say whether every entry follows from the one before it, and the tables from the entries."""
    number, head, broken = 0, "", ""
    stands: dict[str, dict[Key, str | None]] = {what.value: {} for what in What}
    for row in _rows(connection):
        number += 1
        head = _hash(head, (row.number, utc(row.at), *row[2:-1]))
        if row.number != number:
            broken = f"Entry {number} of the history is missing."
        elif row.hash != head:
            broken = f"Entry {number} of the history, or the one before it, has been changed."
        if broken:
            return Verdict(entries=number, head=row.hash, broken=broken)
        if row.evidence is not None:
            # Purging leaves less of an action; what is left is known by a hash of its own.
            stands[What.ACTED.value][row.night, row.discrepancy_id, row.action_number] = (
                row.evidence
            )
        else:
            stands[row.what][row.night, row.discrepancy_id, row.action_number] = row.after
    for what, found in _standing(connection):
        told = {key: after for key, after in stands[what.value].items() if after is not None}
        if told != found:
            broken = f"{_first(told, found)} is not what the history says ({what.display})."
            return Verdict(entries=number, head=head, broken=broken)
    return Verdict(entries=number, head=head)


def evidence_of(action: Mapping[Any, Any]) -> str:
    """Return the hash by which the history knows an action, its personal columns included."""
    facts = [
        [name, utc(value) if isinstance(value, datetime) else value]
        for name, value in sorted(action.items())
    ]
    text = json.dumps(facts, default=_iso, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _standing(connection: Connection) -> Iterator[tuple[What, dict[Key, str]]]:
    """Yield what the tables say, as the history would say it."""
    night, turn, said = CASE_NIGHT.c, CASE_TURN.c, CASE_STATEMENT.c
    nights = connection.execute(select(night.as_of, night.content_hash))
    yield What.NIGHT, {(row.as_of, None, None): row.content_hash for row in nights}
    released = connection.execute(select(GATE_RELEASE)).mappings()
    yield (
        What.RELEASED,
        {(row["as_of"], None, row["number"]): evidence_of(row) for row in released},
    )
    turns = connection.execute(select(turn.as_of, turn.discrepancy_id, turn.turn))
    yield What.TURN, {(row.as_of, row.discrepancy_id, None): row.turn for row in turns}
    statements = connection.execute(select(said.as_of, said.discrepancy_id, said.changed))
    yield What.SAID, {(row.as_of, row.discrepancy_id, None): row.changed for row in statements}
    lapses = connection.execute(select(ACTION_LAPSE))
    yield (
        What.LAPSED,
        {(row.as_of, row.discrepancy_id, row.action_number): row.cause for row in lapses},
    )
    actions = (dict(row) for row in connection.execute(select(CASE_ACTION)).mappings())
    yield (
        What.ACTED,
        {
            (row["on_night"], row["discrepancy_id"], row["number"]): evidence_of(row)
            for row in actions
        },
    )
    setting = CASEBOOK_SETTING.c
    levels: str | None = connection.scalar(select(setting.value).where(setting.name == LEVELS))
    yield What.LEVELS, {} if levels is None else {(None, None, None): levels}


def _first(told: dict[Any, str], found: dict[Any, str]) -> str:
    differing = [key for key in told | found if told.get(key) != found.get(key)]
    as_of, discrepancy_id, _ = min(
        differing, key=lambda key: (key[0] or date.min, key[1] or "", key[2] or 0)
    )
    night = f"the night of {as_of}" if as_of else "what goes for all cases"
    case = f" case {discrepancy_id}" if discrepancy_id else ""
    return f"{night[0].upper()}{night[1:]}{case}"


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    query = select(*(HISTORY.c[name] for name in COLUMNS)).order_by(HISTORY.c.number)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as found:
        yield from found


def _hash(head: str, facts: tuple[object, ...]) -> str:
    text = json.dumps([head, *facts], default=_iso, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(day: date) -> str:
    return day.isoformat()
