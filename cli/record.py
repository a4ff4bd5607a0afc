"""`cpli nights`, `cpli show` and `cpli database`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from casebook.record import CaseCounts, NightRow, SourceOutcome
from casebook.store import Casebook
from cli.reports import say_gates, say_not_assessed, show_changes, show_counts
from cli.terminal import say, show, table
from flows.pulls import council_name
from flows.words import counted
from schemas.errors import WrongUsage
from settings.database import FILE, database_url
from settings.settings import load_settings

DEMO = Path("demo")
LISTED = 40
"""How many sources that gave trouble are listed one by one."""


def list_nights(out: Path | None, config: Path | None = None) -> int:
    """Print one line for each night on record."""
    nights = casebook_of(out, config, read_only=True).nights()
    made = table(
        "Nights on record",
        ["Night", "Outcome", "Not assessed", "Discrepancies", "First recorded"],
        numbers=["Discrepancies"],
    )
    for night in nights:
        left_out = [
            council_name(council.local_authority)
            for council in night.councils
            if not council.assessed
        ]
        made.add_row(
            str(night.as_of),
            night.outcome.value,
            ", ".join(left_out) or "-",
            f"{night.discrepancies:,}",
            f"{night.first_recorded_at:%Y-%m-%d %H:%M} UTC",
        )
    show(made)
    return 0


def show_night(as_of: date, out: Path | None, config: Path | None = None) -> int:
    """Print what a night received, refused and found, and what changed since the one before."""
    casebook = casebook_of(out, config, read_only=True)
    nights = casebook.nights()
    night = next((night for night in nights if night.as_of == as_of), None)
    if night is None:
        known = ", ".join(str(night.as_of) for night in nights) or "none"
        raise WrongUsage(f"The night of {as_of} is not on record. On record: {known}.")
    found = counted(night.discrepancies, "discrepancy", "discrepancies")
    say(f"The night of {as_of}: {night.outcome.display}, {found}")
    say_not_assessed(night.councils)
    say_gates(casebook.gates().results(as_of))
    say()
    show_sources(night)
    say()
    earlier = [other.as_of for other in nights if other.as_of < as_of]
    if earlier:
        show_changes(
            f"Discrepancies on {as_of}, compared with {earlier[-1]}",
            casebook.changes(as_of, earlier[-1]),
            night.councils,
        )
    else:
        show_counts(f"Discrepancies on {as_of}", night.summary)
    say()
    say_cases(casebook.case_counts(as_of))
    for export in casebook.outbox().exports(as_of=as_of):
        say(f"Export {export.name} to the Care Record: {export.state.display}")
    return 0


def council_of(casebook: Casebook, named: str | None) -> str | None:
    """Return the GSS code of the council that somebody named, by its code or its name.

    Raises `WrongUsage` where no night on record knows it.
    """
    if named is None:
        return None
    on_record = {
        council.local_authority for night in casebook.nights() for council in night.councils
    }
    found = [
        code
        for code in sorted(on_record)
        if named.casefold() in {code.casefold(), council_name(code).casefold()}
    ]
    if not found:
        known = ", ".join(f"{council_name(code)} ({code})" for code in sorted(on_record)) or "none"
        raise WrongUsage(f"No night on record knows the council {named}. On record: {known}.")
    return found[0]


def say_cases(counts: CaseCounts | None) -> None:
    """Say what a night did to the cases."""
    if counts:
        say(
            f"Cases: {counts.opened:,} opened, {counts.lasting:,} lasting,"
            f" {counts.closed:,} closed, {counts.reopened:,} reopened,"
            f" {counts.waiting:,} open that could not be looked at"
        )


def show_sources(night: NightRow) -> None:
    """Print what came, in all, and each source that gave trouble."""
    used = [record for record in night.sources if record.outcome is SourceOutcome.USED]
    trouble = [
        record
        for record in night.sources
        if record.outcome in {SourceOutcome.REFUSED, SourceOutcome.NOT_RECEIVED}
    ]
    say(
        f"{counted(len(used), 'file')} used:"
        f" {counted(sum(record.rows or 0 for record in used), 'row')},"
        f" {sum(record.rejected_rows or 0 for record in used):,} of them rejected"
    )
    if trouble:
        made = table("Sources that could not be used", ["Source", "File", "Reason"])
        for record in trouble[:LISTED]:
            made.add_row(record.source, record.file or "-", record.reason or record.outcome.display)
        show(made)
    if len(trouble) > LISTED:
        say(f"and {len(trouble) - LISTED:,} more")


def upgrade_database(out: Path | None, config: Path | None = None) -> int:
    """Bring the tables up to date."""
    casebook_of(out, config, read_only=False)
    say("The tables of the record of nights are up to date.")
    return 0


def casebook_of(out: Path | None, config: Path | None, *, read_only: bool) -> Casebook:
    """Open the record that is set, or the one beside the nights in a folder."""
    settings = load_settings(config)
    return Casebook.open(
        database_url(settings, out or nearest()),
        read_only=read_only,
        levels=settings.service_levels,
    )


def nearest() -> Path:
    """Return this folder, unless a record lies only in the one of a demo."""
    return DEMO if (DEMO / FILE).exists() and not Path(FILE).exists() else Path()
