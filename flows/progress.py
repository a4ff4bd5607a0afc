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
        LOG.info("Register of providers: %s providers", f"{len(facts.provider_ids):,}")


def say_council(facts: CouncilFacts) -> None:
    """Say what came from a council."""
    name = council_name(facts.local_authority)
    if facts.cplis is None:
        LOG.warning("%s: not assessed. %s", name, facts.message)
        return
    LOG.info("%s: %s", name, _counted(facts.cplis, "CPLIs"))
    if facts.portal:
        LOG.info("%s: %s of %s", name, _counted(facts.portal, "portal rows"), facts.portal_date)
    else:
        LOG.warning("%s: no portal extract in time", name)


def say_caseloads(facts: CaseloadFacts) -> None:
    """Say what came from the providers."""
    rows = sum(record.rows or 0 for record in facts.sources)
    rejected = sum(record.rejected_rows or 0 for record in facts.sources)
    LOG.info(
        "Providers: %s caseloads, %s entries read, %s rejected",
        *(f"{count:,}" for count in (len(facts.sources), rows, rejected)),
    )


def say_reconciled(account: Account) -> None:
    """Say what the rules found."""
    LOG.info("Reconciled: %s discrepancies", f"{len(account.frames['discrepancies']):,}")


def _counted(counted: Counted, what: str) -> str:
    return f"{counted.rows:,} {what} read, {counted.rejected_rows:,} rejected"
