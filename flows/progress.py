"""Says in plain lines how a night gets on: counts and sentences, never a person.

The lines go to the logger `cpli`. The command line shows them on the terminal; Prefect keeps them
with the run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.account import Account
from flows.pulls import CaseloadFacts, CouncilFacts, Counted, RegisterFacts, council_name
from flows.words import counted

LOG = logging.getLogger("cpli")


class Stopwatch:
    """Takes the time of the stages of a night, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Take the time of what is done inside."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started


def say_register(facts: RegisterFacts) -> None:
    """Say what came of the register."""
    if facts.message:
        LOG.warning("Register of providers: %s", facts.message)
    else:
        LOG.info("Register of providers: %s", counted(len(facts.provider_ids), "provider"))


def say_council(facts: CouncilFacts) -> None:
    """Say what came from a council."""
    name = council_name(facts.local_authority)
    if facts.cplis is None:
        LOG.warning("%s: not assessed. %s", name, facts.message)
        return
    LOG.info("%s: %s", name, _read(facts.cplis, "CPLI"))
    if facts.portal:
        dated = f" of {facts.portal_date}"
        LOG.info("%s: %s", name, _read(facts.portal, f"portal row{dated}", f"portal rows{dated}"))
    else:
        LOG.warning("%s: no portal extract in time", name)


def say_caseloads(facts: CaseloadFacts) -> None:
    """Say what came from the providers."""
    rows = sum(record.rows or 0 for record in facts.sources)
    rejected = sum(record.rejected_rows or 0 for record in facts.sources)
    LOG.info(
        "Providers: %s, %s read, %s rejected",
        counted(len(facts.sources), "caseload"),
        counted(rows, "entry", "entries"),
        f"{rejected:,}",
    )


def say_reconciled(account: Account) -> None:
    """Say what the rules found."""
    found = len(account.frames["discrepancies"])
    LOG.info("Reconciled: %s", counted(found, "discrepancy", "discrepancies"))


def _read(file: Counted, one: str, many: str = "") -> str:
    return f"{counted(file.rows, one, many)} read, {file.rejected_rows:,} rejected"
