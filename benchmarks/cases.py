"""Measure a night over many cases: `python -m benchmarks.cases URL`, an empty database's address.

Four nights of 50,000 discrepancies each leave 200,000 cases, of which people have settled, assigned
and asked about 30,000; the fifth finds most of the fourth's again, some of the first's, and some
new ones. Wall seconds of the whole recording, one transaction; of a question to the worklist the
median of seven, in milliseconds.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.record import CaseState, CouncilRecord, NightOutcome, NightRecord, Standing
from casebook.store import Casebook
from casebook.worklist import Wanted, Worklist
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


def act(casebook: Casebook) -> None:
    """Let people act on 30,000 of the cases that the fourth night found."""
    desk = Desk(casebook)
    ids = nights()[3].discrepancies["discrepancy_id"].tolist()
    for first, step in (
        (0, Step(action=Action.RESOLVE, reason="other", note="rang")),
        (
            10_000,
            Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=date(2027, 3, 1)),
        ),
        (20_000, Step(action=Action.ASSIGN, team="North", worker="jo")),
        (25_000, Step(action=Action.ASK_PROVIDER)),
    ):
        desk.act(step, dict.fromkeys(ids[first : first + 10_000], None), who="jo")


def questions(casebook: Casebook) -> dict[str, Callable[[], object]]:
    """Return what the worklist asks, of all three councils unless it says otherwise."""
    worklist, on = Worklist(casebook), FIRST + timedelta(days=8)
    everybody = (*COUNCILS, None)
    first = worklist.page(Wanted(councils=everybody), on=on)
    narrowed: dict[str, dict[str, Any]] = {
        "the first page": {},
        "the next page": {"cursor": first.next},
        "a page of one council": {"councils": COUNCILS[:1]},
        "a page of one type": {"kind": DiscrepancyType.SUPPORT_ENDED},
        "a page of one state": {"state": CaseState.AWAITING_PROVIDER},
        "a page of what is breached": {"standing": Standing.BREACHED},
        "a page of a service that nobody has": {"service_type": "DS"},
        "a page of a team": {"team": "North"},
        "a page of a provider": {"provider_id": "P1005"},
        "a person's cases": {"person_id": "N150005"},
        "a page of settled cases": {"settled": True},
    }
    pages: dict[str, Callable[[], object]] = {
        name: partial(worklist.page, Wanted(**{"councils": everybody} | given), on=on)
        for name, given in narrowed.items()
    }
    return pages | {
        "counts of all": partial(worklist.counts, Wanted(councils=everybody), on=on),
        "counts of one council": partial(worklist.counts, Wanted(councils=COUNCILS[:1]), on=on),
        "one case, whole": partial(
            worklist.case, first.cases[0]["discrepancy_id"], councils=everybody, on=on
        ),
    }


def main() -> None:
    """Record the nights, act, ask, and record the last one again and then the first one."""
    parser = argparse.ArgumentParser(prog="benchmarks.cases")
    parser.add_argument("url")
    casebook = Casebook.open(parser.parse_args().url)
    casebook.clock = lambda: datetime(2026, 11, 19, 12, tzinfo=UTC)
    *four, fifth = nights()
    for each in four:
        casebook.record(each)
    steps: dict[str, Callable[[], object]] = {
        "four actions, each on 10,000 cases at once": lambda: act(casebook),
        "a night of 50,000 on 200,000 cases": lambda: casebook.record(fifth),
        "questions": lambda: ask(casebook),
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


def ask(casebook: Casebook) -> None:
    """Ask each question seven times and print the median.

    On PostgreSQL that is done first which autovacuum does within minutes of a night.
    """
    if casebook.engine.dialect.name == "postgresql":
        with casebook.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as direct:
            direct.execute(text("VACUUM (ANALYZE) discrepancy_case"))
    for name, question in questions(casebook).items():
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            question()
            seconds.append(time.perf_counter() - started)
        print(f"| {name} | {statistics.median(seconds) * 1000:.0f} ms |")


def _some() -> np.ndarray:
    return np.arange(5_000) + 3 * EACH


if __name__ == "__main__":
    main()
