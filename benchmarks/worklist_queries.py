"""Measure what pages ask: `python -m benchmarks.worklist_queries URL`, an empty database's address.

There are 200,000 cases, of which 160,000 are open, of three councils, 40 teams and 400 workers, and
two lines behind each. Of each question the median and the slowest of 15, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from benchmarks.cases import COUNCILS, FIRST, found, night
from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.evidence import COLUMNS
from casebook.record import CaseState, Standing
from casebook.store import Casebook
from casebook.wanted import Due, Sort, Wanted
from casebook.worklist import Worklist
from schemas.vocabularies import DiscrepancyType, Severity

CASES = 200_000
EVERYBODY = (*COUNCILS, None)
TODAY = FIRST + timedelta(days=8)
SPREAD_OUT = {
    "sqlite": "update discrepancy_case set open_since = date(open_since, '-' || (version % 60)"
    " || ' days'), due_on = date(due_on, '-' || (version % 60) || ' days')",
    "postgresql": "update discrepancy_case set open_since = open_since - (version % 60)::int,"
    " due_on = due_on - (version % 60)::int",
}
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def fill(casebook: Casebook) -> None:
    """Put 200,000 cases on record, of all ages, and let people act on some thousands."""
    numbers = np.arange(CASES)
    severities = np.array([severity.value for severity in Severity])
    cases = found(numbers)
    cases = cases.assign(severity=pd.Series(severities[numbers % 7 % 3], dtype="str"))
    about = pd.DataFrame(
        {
            "discrepancy_id": cases["discrepancy_id"],
            "team": [f"Team {number % 41 % 40:02}" for number in numbers],
            "worker": [f"worker {number % 401:03}" for number in numbers],
            "entry_identities": None,
        }
    ).astype("str")
    casebook.clock = lambda: datetime(2026, 11, 16, 6, tzinfo=UTC)
    casebook.record(replace(night(0, cases), about=about))
    casebook.clock = lambda: NOW - timedelta(days=1)
    casebook.record(replace(night(7, cases[40_000:]), about=about[40_000:]))
    keep_lines(casebook, cases[40_000:])
    casebook.clock = lambda: NOW
    ids = cases["discrepancy_id"].tolist()
    desk = Desk(casebook)
    for first, step in (
        (50_000, Step(action=Action.ASK_PROVIDER)),
        (60_000, Step(action=Action.ASSIGN, team="Team 07", worker="worker 007")),
    ):
        desk.act(step, dict.fromkeys(ids[first : first + 3_000], None), who="jo")
    spread_out(casebook)


def keep_lines(casebook: Casebook, cases: pd.DataFrame) -> None:
    """Put a line of the council and one of the provider behind each case."""
    names = cases["person_id"].str[1:]
    side = cases[["discrepancy_id", "local_authority", "provider_id", "person_id"]].assign(
        nhs_number="999" + names.str.zfill(7),
        cpli_id="C" + names + "A",
        position=1,
        family_name="Example",
        given_name="Anne",
        service_type="HS",
        start_date=pd.Timestamp(FIRST),
    )
    lines = pd.concat([side.assign(side="council"), side.assign(side="provider")])
    casebook.evidence().keep(
        FIRST + timedelta(days=7),
        lines.reindex(columns=list(COLUMNS)),
        councils=COUNCILS,
    )


def spread_out(casebook: Casebook) -> None:
    """Let cases be due on 60 days, which no two nights could make them."""
    with casebook.engine.begin() as connection:
        connection.execute(text(SPREAD_OUT[casebook.engine.dialect.name]))
    if casebook.engine.dialect.name == "postgresql":
        with casebook.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as direct:
            direct.execute(text("VACUUM (ANALYZE)"))


def questions(casebook: Casebook) -> dict[str, Callable[[], object]]:
    """Return what pages ask of all three councils, unless they say otherwise."""
    worklist = Worklist(casebook)
    narrowed: dict[str, dict[str, Any]] = {
        "all": {},
        "one council": {"councils": COUNCILS[:1]},
        **{f"by {sort.value}": {"sort": sort} for sort in Sort},
        "settled": {"settled": True},
        "one type": {"kind": DiscrepancyType.SUPPORT_ENDED},
        "three types, two severities": {
            "kind": [*DiscrepancyType][:3],
            "severity": [Severity.HIGH, Severity.LOW],
        },
        "one severity, by type": {"severity": Severity.HIGH, "sort": Sort.TYPE},
        "one state": {"state": CaseState.AWAITING_PROVIDER},
        "one state, by severity": {"state": CaseState.IN_PROGRESS, "sort": Sort.SEVERITY},
        "a service nobody has": {"service_type": "DS"},
        "a service nobody has, oldest": {"service_type": "DS", "sort": Sort.OLDEST},
        "a team": {"team": "Team 07"},
        "a team, by severity": {"team": "Team 07", "sort": Sort.SEVERITY},
        "three teams, oldest": {"team": ["Team 07", "Team 08", "Team 09"], "sort": Sort.OLDEST},
        "a worker": {"worker": "worker 007"},
        "a worker, changed": {"worker": "worker 003", "sort": Sort.CHANGED},
        "a provider": {"provider_id": "P1005"},
        "a provider and a type": {"provider_id": "P1005", "kind": DiscrepancyType.SUPPORT_ENDED},
        "breached": {"standing": Standing.BREACHED},
        "due soon": {"standing": Standing.DUE_SOON},
        "on track": {"standing": Standing.ON_TRACK},
        "due this week": {"due": Due.THIS_WEEK},
        "due later": {"due": Due.LATER},
        "30 days old": {"age_from_days": 30},
        "30 days old, newest": {"age_from_days": 30, "sort": Sort.NEWEST},
        "changed today": {"changed_since": NOW - timedelta(hours=1)},
        "changed since the night": {"changed_since": NOW - timedelta(days=2)},
        "changed today, by severity": {
            "changed_since": NOW - timedelta(hours=1),
            "sort": Sort.SEVERITY,
        },
        "not assessed": {"not_assessed": True},
    }
    pages: dict[str, Callable[[], object]] = {}
    for name, given in narrowed.items():
        wanted = Wanted(**{"councils": EVERYBODY} | given)
        pages[f"page: {name}"] = partial(worklist.page, wanted, on=TODAY, counted=False)
        pages[f"total: {name}"] = partial(worklist.totals, {"all": wanted}, on=TODAY)
    first = worklist.page(Wanted(councils=EVERYBODY), on=TODAY)
    case = first.cases[0]
    number = f"999 {int(case['person_id'][1:]):07}"
    mine, team = {"worker": "worker 007"}, {"team": "Team 07"}
    home = {
        "mine": mine,
        "team": team,
        **{
            f"{whose}_{standing.value}": facts | {"standing": standing}
            for whose, facts in (("mine", mine), ("team", team))
            for standing in (Standing.DUE_SOON, Standing.BREACHED)
        },
        "changed": team | {"changed_since": NOW - timedelta(hours=1)},
    }
    asked = {name: Wanted(councils=EVERYBODY, **given) for name, given in home.items()}
    return pages | {
        "the 20th page": partial(
            worklist.page, Wanted(councils=EVERYBODY, cursor=further(worklist, 20)), on=TODAY
        ),
        "home": partial(worklist.totals, asked, on=TODAY),
        "search by NHS number": partial(worklist.search, number, councils=EVERYBODY),
        "search by reference": partial(worklist.search, case["person_id"], councils=EVERYBODY),
        "search for nothing": partial(worklist.search, "nobody", councils=EVERYBODY),
        "related": partial(worklist.related, case["discrepancy_id"], councils=EVERYBODY),
        "one case": partial(worklist.case, case["discrepancy_id"], councils=EVERYBODY, on=TODAY),
        "counts": partial(worklist.counts, Wanted(councils=EVERYBODY), on=TODAY),
    }


def further(worklist: Worklist, pages: int) -> str | None:
    """Return the cursor of a page so many pages on."""
    cursor = None
    for _ in range(pages):
        page = worklist.page(Wanted(councils=EVERYBODY, cursor=cursor), on=TODAY, counted=False)
        cursor = page.next
    return cursor


def main() -> None:
    """Fill the casebook if it is empty, and ask."""
    parser = argparse.ArgumentParser(prog="benchmarks.worklist_queries")
    parser.add_argument("url")
    casebook = Casebook.open(parser.parse_args().url)
    if not casebook.nights():
        started = time.perf_counter()
        fill(casebook)
        print(f"| filling | {time.perf_counter() - started:.0f} s |")
    for name, question in questions(casebook).items():
        seconds = []
        question()
        for _ in range(15):
            started = time.perf_counter()
            question()
            seconds.append(time.perf_counter() - started)
        median, slowest = statistics.median(seconds) * 1000, max(seconds) * 1000
        print(f"| {name} | {median:.1f} | {slowest:.1f} |", flush=True)


if __name__ == "__main__":
    main()
