"""Renders a night's files: `discrepancies.csv` comes last, since scripts wait for that one."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flows.account import Account
from publishing.csv_text import csv_text
from schemas.tables import DISCREPANCY_COLUMNS, REFUSAL_COLUMNS

REFUSALS = "refusals.csv"
TIMELINESS = "timeliness.csv"
SUMMARY = "summary.json"
DISCREPANCIES = "discrepancies.csv"
NIGHT_FILES = (REFUSALS, TIMELINESS, SUMMARY, DISCREPANCIES)


def render(account: Account, seconds: Mapping[str, float]) -> dict[str, bytes]:
    """Return the files by name, in the order in which they are to be written.

    A night on which nothing was assessed has refusals and a summary only: an empty
    `discrepancies.csv` would say that all is well.
    """
    frames = account.frames
    files = {REFUSALS: csv_text(frames["refusals"], REFUSAL_COLUMNS)}
    if account.anything_assessed:
        timeliness = frames["timeliness"]
        files[TIMELINESS] = csv_text(timeliness, list(timeliness.columns))
    took = {stage: round(time, 3) for stage, time in seconds.items()}
    summary = {**account.summary, "outcome": account.outcome.value, "seconds": took}
    text = json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False)
    files[SUMMARY] = f"{text}\n".encode()
    if account.anything_assessed:
        files[DISCREPANCIES] = csv_text(frames["discrepancies"], DISCREPANCY_COLUMNS)
    return files
