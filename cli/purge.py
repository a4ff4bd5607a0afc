"""`cpli purge`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from casebook.purge import Retention
from casebook.store import Casebook
from cli.record import nearest
from cli.terminal import say
from flows.leftovers import leftovers, received_days
from flows.origin import Origin
from flows.words import counted
from settings.database import database_url
from settings.settings import load_settings


def purge_all(out: Path | None, config: Path | None, *, as_of: date, yes: bool) -> int:
    """Say what has outlived its time, and remove it where that is wanted."""
    settings = load_settings(config)
    out = out or settings.out or nearest()
    kept = settings.retention
    url = database_url(settings, out)
    casebook = Casebook.open(url, read_only=True)  # a database that is not there is not made
    if yes:
        casebook = Casebook.open(url, levels=settings.service_levels)
    origin = Origin(as_of=as_of, now=datetime.now(UTC), settings=settings, out=out.resolve())
    files = leftovers(origin)
    purged = casebook.purge(
        Retention(
            closed_cases_days=kept.closed_cases_days,
            nights_days=kept.nights_days,
            access_days=kept.access_days,
        ),
        on=as_of,
        dry_run=not yes,
    )
    if yes:
        files.remove()
    say("Removed:" if yes else "A dry run: nothing is removed yet. This has outlived its time:")
    for what, number, days in (
        ("personal data of cases done with", purged.cases, kept.closed_cases_days),
        ("personal data of nights on record", purged.nights, kept.nights_days),
        ("fetched files", len(files.received), received_days(settings)),
        ("folders of results", len(files.results), kept.results_days),
        ("entries of who looked at whose record", purged.accesses, kept.access_days),
    ):
        say(f"  {number:>9,}  {what} (kept for {counted(days, 'day')})")
    if purged.nights:
        found = counted(purged.discrepancies, "discrepancy", "discrepancies")
        say(f"The nights found {found}.")
    if not yes:
        say("Add --yes to remove it. It cannot be had back but from a backup.")
    return 0
