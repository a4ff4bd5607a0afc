"""`cpli cases` and `cpli casebook`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from casebook.record import CaseState
from cli.record import casebook_of
from cli.terminal import say
from flows.pulls import council_name
from flows.words import counted
from schemas.vocabularies import DiscrepancyType

SHOWN = {
    "type": "Type",
    "council": "Council",
    "provider_id": "Provider",
    "state": "State",
    "first_seen": "First seen",
    "last_seen": "Last seen",
    "age_days": "Age",
    "discrepancy_id": "Discrepancy",
}


def list_cases(
    out: Path | None,
    config: Path | None,
    *,
    council: str | None,
    kind: str | None,
    state: str,
) -> int:
    """Print one line for each case, without anything that tells who it is about."""
    found = casebook_of(out, config, read_only=True).cases(
        local_authority=council,
        kind=DiscrepancyType(kind) if kind else None,
        state=None if state == "all" else CaseState(state),
    )
    say(f"{counted(len(found), 'case')}; the age is in working days since it opened")
    if len(found):
        say(_lines(found.reset_index()))
    return 0


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


def _lines(cases: pd.DataFrame) -> str:
    shown = cases.assign(
        council=cases["local_authority"].map(council_name, na_action="ignore"),
        first_seen=cases["first_seen"].dt.strftime("%Y-%m-%d"),
        last_seen=cases["last_seen"].dt.strftime("%Y-%m-%d"),
    )[list(SHOWN)]
    text = shown.astype("str").fillna("-").rename(columns=SHOWN)
    lined = {name: _padded(text[name]) for name in text}
    return "\n".join(" ".join(row).rstrip() for row in zip(*lined.values(), strict=True))


def _padded(column: pd.Series) -> list[str]:
    cells = [str(column.name), *column]
    width = max(map(len, cells))
    return [cell.ljust(width) for cell in cells]
