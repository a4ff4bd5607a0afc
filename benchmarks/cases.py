"""Measure a night over many cases: `python -m benchmarks.cases URL`, an empty database's address.

Four nights of 50,000 discrepancies each leave 200,000 cases; the fifth finds most of the fourth's
again, some of the first's, and some new ones. Wall seconds of the whole recording, one transaction.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from datetime import date, timedelta

import numpy as np
import pandas as pd

from casebook.record import CouncilRecord, NightOutcome, NightRecord
from casebook.store import Casebook
from schemas.tables import DISCREPANCY_COLUMNS
from schemas.vocabularies import DiscrepancyType

COUNCILS = ("E06000016", "E10000018", "E06000017")
FIRST = date(2026, 11, 16)
EACH = 50_000


def found(numbers: np.ndarray, *, values: str = "") -> pd.DataFrame:
    """Return a discrepancy for each number; `values` is appended to what the provider says."""
    names = pd.Series(numbers).astype("str")
    types = np.array(DiscrepancyType.codes())
    frame = pd.DataFrame(
        {
            "discrepancy_id": [hashlib.sha256(name.encode()).hexdigest()[:32] for name in names],
            "type": types[numbers % len(types)],
            "severity": "high",
            "local_authority": np.array(COUNCILS)[numbers % 3],
            "provider_id": "P" + (numbers % 300 + 1000).astype("str").astype(object),
            "person_id": "N" + names,
            "cpli_ids": "C" + names + "A;C" + names + "B",
            "service_type": "HS",
            "caseload_date": pd.Timestamp(FIRST),
            "caseload_rows": names,
            "council_value": "2026-04-01 to open, 14 hours",
            "provider_value": "2026-04-01 to open, 12 hours" + values,
            "reason": None,
            "caveat": None,
        }
    )[list(DISCREPANCY_COLUMNS)]
    days = frame["caseload_date"].astype("datetime64[us]")
    return frame.astype("str").assign(caseload_date=days)


def night(number: int, discrepancies: pd.DataFrame) -> NightRecord:
    """Return a night on which everybody was assessed."""
    return NightRecord(
        as_of=FIRST + timedelta(days=number),
        version="benchmark",
        outcome=NightOutcome.COMPLETE,
        summary={},
        councils=tuple(CouncilRecord(local_authority=code, assessed=True) for code in COUNCILS),
        sources=(),
        discrepancies=discrepancies,
    )


def nights() -> list[NightRecord]:
    """Return the four nights and the fifth."""
    four = [night(number, found(np.arange(EACH) + number * EACH)) for number in range(4)]
    fifth = np.concatenate(
        [np.arange(45_000) + 3 * EACH, np.arange(3_000), np.arange(2_000) + 4 * EACH]
    )
    return [*four, night(4, found(fifth))]


def main() -> None:
    """Record the nights, the last one again with other values, and the first one again."""
    parser = argparse.ArgumentParser(prog="benchmarks.cases")
    parser.add_argument("url")
    casebook = Casebook.open(parser.parse_args().url)
    *four, fifth = nights()
    for each in four:
        casebook.record(each)
    steps = {
        "a night of 50,000 on 200,000 cases": lambda: casebook.record(fifth),
        "the same night again": lambda: casebook.record(fifth),
        "that night again, 5,000 values changed": lambda: casebook.record(
            night(4, pd.concat([fifth.discrepancies[5_000:], found(_some(), values=" or more")]))
        ),
        "the first of five nights again, one less": lambda: casebook.record(
            night(0, four[0].discrepancies[1:])
        ),
        "all cases with their age": casebook.cases,
        "verifying the history": casebook.verify,
    }
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        print(f"| {name} | {time.perf_counter() - started:.1f} |")


def _some() -> np.ndarray:
    return np.arange(5_000) + 3 * EACH


if __name__ == "__main__":
    main()
