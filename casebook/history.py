"""The history: what was changed, by whom, when, from what to what. It is only ever added to.

Each entry's hash covers the hash of the one before it, so that an entry that is changed, removed or
slipped in later shows. No entry holds personal data: of what was said it names the columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, select

from casebook.frames import Values, to_values
from casebook.models import CASE_NIGHT, CASE_STATEMENT, CASE_TURN, HISTORY
from casebook.record import Verdict
from casebook.sql import insert_rows
from schemas.vocabularies import Vocabulary

ENTRY = ("night", "discrepancy_id", "what", "before", "after")
COLUMNS = ("number", "at", "who", *ENTRY, "hash")
AT_ONCE = 10_000


class What(Vocabulary):
    """What an entry of the history is about."""

    NIGHT = "night", "the content of a night, by its hash"
    TURN = "turn", "a case opened, closed or opened again on a night"
    SAID = "said", "what was said of a case on a night, by the columns that changed"


def append(connection: Connection, entries: pd.DataFrame, *, who: str, now: datetime) -> None:
    """Add entries (the columns of `ENTRY`), in their order, to the end of the history."""
    last = connection.execute(
        select(HISTORY.c.number, HISTORY.c.hash).order_by(HISTORY.c.number.desc()).limit(1)
    ).one_or_none()
    number, head = (0, "") if last is None else (last.number, last.hash)
    at = now.astimezone(UTC)
    rows: list[Values] = []
    for entry in to_values(entries[list(ENTRY)]):
        number += 1
        facts = (number, at, who, *entry)
        head = _hash(head, facts)
        rows.append((*facts, head))
    insert_rows(connection, HISTORY, rows, COLUMNS)


def verify(connection: Connection) -> Verdict:
    """Say whether every entry follows from the one before it, and the cases from the entries."""
    number, head, broken = 0, "", ""
    stands: dict[str, dict[tuple[date, str | None], str | None]] = {what.value: {} for what in What}
    for row in _rows(connection):
        number += 1
        head = _hash(head, (row.number, _utc(row.at), *row[2:-1]))
        if row.number != number:
            broken = f"Entry {number} of the history is missing."
        elif row.hash != head:
            broken = f"Entry {number} of the history, or the one before it, has been changed."
        if broken:
            return Verdict(entries=number, head=row.hash, broken=broken)
        stands[row.what][row.night, row.discrepancy_id] = row.after
    for what, found in _standing(connection):
        told = {key: after for key, after in stands[what.value].items() if after is not None}
        if told != found:
            broken = f"{_first(told, found)} is not what the history says ({what.display})."
            return Verdict(entries=number, head=head, broken=broken)
    return Verdict(entries=number, head=head)


def _standing(
    connection: Connection,
) -> Iterator[tuple[What, dict[tuple[date, str | None], str]]]:
    """Yield what the tables say, as the history would say it."""
    night, turn, said = CASE_NIGHT.c, CASE_TURN.c, CASE_STATEMENT.c
    nights = connection.execute(select(night.as_of, night.content_hash))
    yield What.NIGHT, {(row.as_of, None): row.content_hash for row in nights}
    turns = connection.execute(select(turn.as_of, turn.discrepancy_id, turn.turn))
    yield What.TURN, {(row.as_of, row.discrepancy_id): row.turn for row in turns}
    statements = connection.execute(select(said.as_of, said.discrepancy_id, said.changed))
    yield What.SAID, {(row.as_of, row.discrepancy_id): row.changed for row in statements}


def _first(told: dict[Any, str], found: dict[Any, str]) -> str:
    differing = [key for key in told | found if told.get(key) != found.get(key)]
    as_of, discrepancy_id = min(differing, key=lambda key: (key[0], key[1] or ""))
    case = f" case {discrepancy_id}" if discrepancy_id else ""
    return f"The night of {as_of}{case}"


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    query = select(*(HISTORY.c[name] for name in COLUMNS)).order_by(HISTORY.c.number)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as found:
        yield from found


def _hash(head: str, facts: tuple[object, ...]) -> str:
    text = json.dumps([head, *facts], default=_iso, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(day: date) -> str:
    return day.isoformat()


def _utc(instant: datetime) -> datetime:
    """Give an instant its zone back, which SQLite does not keep."""
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
