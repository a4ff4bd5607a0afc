"""Renders a night's files: `discrepancies.csv` comes last, since scripts wait for that one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from flows.account import Account
from flows.pulls import RECEIPTS, UNMAPPED, UNMAPPED_COLUMNS
from publishing.csv_text import csv_text
from publishing.feed.publishable import WITHHELD_COLUMNS
from schemas.tables import DISCREPANCY_COLUMNS, REFUSAL_COLUMNS

REFUSALS = "refusals.csv"
TIMELINESS = "timeliness.csv"
SUMMARY = "summary.json"
DISCREPANCIES = "discrepancies.csv"
UNMAPPED_SUPPLIERS = "unmapped_suppliers.csv"
RECEIPTS_FOLDER = "receipts"
WITHHELD = "withheld.csv"
"""What a night holds back from the Care Record, for the councils."""

NIGHT_FILES = (REFUSALS, UNMAPPED_SUPPLIERS, TIMELINESS, SUMMARY, DISCREPANCIES)


def render(
    account: Account,
    seconds: Mapping[str, float],
    *,
    withheld: pd.DataFrame | None = None,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Return the files by name, in the order in which they are to be written.

    A night on which nothing was assessed has refusals and a summary only: an empty
    `discrepancies.csv` would say that all is well. Supplier references that lead nowhere, and
    receipts, are there where there are any. `withheld` is what is kept from the Care Record
    (`WITHHELD_COLUMNS`), `told` what else the summary says, by the name of the part.
    """
    frames = account.frames
    files = {REFUSALS: csv_text(frames["refusals"], REFUSAL_COLUMNS)}
    if len(frames[UNMAPPED]):
        files[UNMAPPED_SUPPLIERS] = csv_text(frames[UNMAPPED], UNMAPPED_COLUMNS)
    if account.anything_assessed:
        timeliness = frames["timeliness"]
        files[TIMELINESS] = csv_text(timeliness, list(timeliness.columns))
    if RECEIPTS in frames:
        receipts = frames[RECEIPTS]
        for name, text in zip(receipts["name"], receipts["text"], strict=True):
            files[f"{RECEIPTS_FOLDER}/{name}"] = text.encode()
    if withheld is not None:
        files[WITHHELD] = csv_text(withheld, WITHHELD_COLUMNS)
    took = {stage: round(time, 3) for stage, time in seconds.items()}
    summary = {**account.summary, "outcome": account.outcome.value, "seconds": took, **told}
    text = json.dumps(summary, indent=2, sort_keys=True, ensure_ascii=False)
    files[SUMMARY] = f"{text}\n".encode()
    if account.anything_assessed:
        files[DISCREPANCIES] = csv_text(frames["discrepancies"], DISCREPANCY_COLUMNS)
    return files
