"""`cpli generate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cli.terminal import command_line, say
from flows.words import counted
from population import Generated, generate
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType


def make_population(directory: Path, *, people: int, seed: int, night: int, as_of: date) -> int:
    """Write a population and say what is in it."""
    made = make(directory, people=people, seed=seed, night=night, as_of=as_of)
    say(in_words(made))
    planted = counted(sum(made.discrepancies.values()), "discrepancy", "discrepancies")
    say(f"Planted: {planted}, listed in {directory}/truth.csv")
    say_not_planted(made)
    next_of_all = ["reconcile", "--sources", str(directory), "--as-of", str(made.run_date)]
    say(f"Next: {command_line(*next_of_all, '--out', 'results')}")
    return 0


def make(
    directory: Path,
    *,
    people: int,
    seed: int,
    night: int,
    as_of: date,
    missing_councils: Sequence[str] = (),
) -> Generated:
    """Write a population; raises `WrongUsage` where there is no room for it."""
    reason = ""
    try:
        return generate(
            directory,
            people=people,
            seed=seed,
            night=night,
            as_of=as_of,
            missing_councils=missing_councils,
        )
    except MemoryError:
        reason = f"{people:,} people do not fit into this machine's memory. Lower --people."
    except OSError as error:
        reason = (
            f"The population cannot be written to {directory}:"
            f" {error.strerror or type(error).__name__}. Make room or mend its permissions, or name"
            " another folder."
        )
    raise WrongUsage(reason)


def in_words(made: Generated) -> str:
    """Say what a population is made of."""
    parts = (
        counted(made.people, "person", "people"),
        counted(made.providers, "provider"),
        counted(made.cplis, "CPLI"),
        counted(made.caseload_rows, "entry", "entries"),
    )
    return f"{made.directory}: {', '.join(parts)} in {counted(made.caseload_files, 'caseload')}"


def say_not_planted(made: Generated) -> None:
    """Say which types of discrepancy had no room among so few people."""
    left_out = [kind for kind in DiscrepancyType.codes() if kind not in made.discrepancies]
    if left_out:
        say(
            f"Not planted: {', '.join(left_out)}. {counted(made.people, 'person', 'people')}"
            f" {'is' if made.people == 1 else 'are'} too few for every type; make some hundreds."
        )
