"""What the gates add to a night: `python -m benchmarks.gates [CPLIS]`, 50,000 by default.

The same night with and without gates, each in a process of its own, three times in turns: wall time
from the pulled frames to the account, Great Expectations' import included, and the peak memory of
the process. Behind the night lie 60 others, whose figures it is held to.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from benchmarks.data import AS_OF, make
from casebook.database import writing
from casebook.gate_models import GATE_NIGHT, GATE_RESULT
from casebook.store import Casebook
from flows.assessing import assess
from flows.steps import conclude, open_source, pull_in_memory
from settings.settings import load_settings

CPLIS, RUNS, NIGHTS = 50_000, 3, 60
WITH, WITHOUT = "with", "without"


def main(cplis: int) -> None:
    """Print the medians of both, and their difference."""
    with tempfile.TemporaryDirectory(prefix="cpli-bench-") as folder:
        sources = make(Path(folder) / "sources", cplis=cplis)
        record(sources, Path(folder))
        told: dict[str, list[tuple[float, float]]] = {WITHOUT: [], WITH: []}
        for _ in range(RUNS):
            for which, runs in told.items():
                runs.append(run(which, folder))
    seconds, megabytes = (
        {which: statistics.median(run[part] for run in runs) for which, runs in told.items()}
        for part in (0, 1)
    )
    for which in told:
        print(f"{which:8} gates {seconds[which]:6.1f} s   peak {megabytes[which]:6.0f} MB")
    more = seconds[WITH] - seconds[WITHOUT], megabytes[WITH] - megabytes[WITHOUT]
    print(f"They add      {more[0]:6.1f} s        {more[1]:6.0f} MB to {cplis:,} CPLIs")


def record(sources: Path, folder: Path) -> None:
    """Put a night on record, with its figures for many nights before it."""
    casebook = Casebook.open(f"sqlite:///{folder}/casebook.db")
    settings = load_settings()
    night = AS_OF
    source, known = open_source(sources)
    pulls = pull_in_memory(source, known, as_of=night, settings=settings)
    assessed = assess(pulls, casebook, as_of=night, settings=settings)
    casebook.record(assessed.account.record)
    judged = assessed.sources.whose | assessed.result.whose
    casebook.gates().keep(night, results=assessed.results, nights=assessed.nights, judged=judged)
    with writing(casebook.engine) as connection:
        for table in (GATE_RESULT, GATE_NIGHT):
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            for row in rows:
                if "profile" in row:
                    row["profile"] = None
            for earlier in range(1, NIGHTS):
                before = night - timedelta(days=earlier)
                connection.execute(insert(table), [row | {"as_of": before} for row in rows])


def run(which: str, folder: str) -> tuple[float, float]:
    """Return the seconds and the megabytes of a process that does the night."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gates", which, folder],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


def night(which: str, folder: Path) -> None:
    """Do the night after the recorded one, and print its seconds and megabytes."""
    as_of = AS_OF + timedelta(days=1)
    settings = load_settings()
    casebook = Casebook.open(f"sqlite:///{folder}/casebook.db")
    source, known = open_source(folder / "sources")
    pulls = pull_in_memory(source, known, as_of=as_of, settings=settings)
    started = time.perf_counter()
    if which == WITH:
        assessed = assess(pulls, casebook, as_of=as_of, settings=settings)
        judged = assessed.sources.whose | assessed.result.whose
        casebook.gates().keep(
            as_of, results=assessed.results, nights=assessed.nights, judged=judged
        )
    else:
        conclude(pulls, as_of=as_of, settings=settings)
    seconds = time.perf_counter() - started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def called(arguments: Sequence[str]) -> None:
    """Do what the command line asks for."""
    if arguments and arguments[0] in {WITH, WITHOUT}:
        night(arguments[0], Path(arguments[1]))
    else:
        main(int(arguments[0]) if arguments else CPLIS)


if __name__ == "__main__":
    called(sys.argv[1:])
