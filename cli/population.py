"""`cpli generate`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cli.terminal import say
from population import Generated, generate


def make_population(directory: Path, *, people: int, seed: int, night: int, as_of: date) -> int:
    """Write a population and say what is in it."""
    made = generate(directory, people=people, seed=seed, night=night, as_of=as_of)
    say(in_words(made))
    planted = sum(made.discrepancies.values())
    say(f"Planted: {planted:,} discrepancies, listed in {directory}/truth.csv")
    say(f"Next: cpli reconcile --sources {directory} --as-of {made.run_date} --out results")
    return 0


def in_words(made: Generated) -> str:
    """Say what a population is made of."""
    return (
        f"{made.directory}: {made.people:,} people, {made.providers:,} providers,"
        f" {made.cplis:,} CPLIs, {made.caseload_rows:,} entries in {made.caseload_files:,}"
        " caseloads"
    )
