"""`cpli publish` and `cpli outbox`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from casebook.publication import ExportRow, ExportState
from cli.record import casebook_of, nearest
from cli.reports import say_delivery, say_withheld
from cli.terminal import progress, say, show, table
from flows.words import counted
from schemas.delivery import Refusal
from settings.settings import load_settings

NOT_DELIVERED = 3
KINDS = {
    "organisations": "Organizations",
    "people": "Patients",
    "cplis": "EpisodesOfCare",
    "discrepancies": "Tasks",
}
LISTED = 20
"""How many of the latest exports are listed besides those that wait."""

NOT_TRIED = "It has not been tried yet: nobody receives, or the next run will."
TURNS = ("added", "changed", "withdrawn", "deleted", "again")


def publish_night(
    as_of: date, out: Path | None, config: Path | None, *, full: bool, dry_run: bool
) -> int:
    """Publish a night on record, or say what that would do."""
    from flows.holding import hold
    from flows.publication import draft_of, publish, write_feed
    from flows.receiver import deliver_to_receiver

    settings = load_settings(config)
    # A misspelt folder must not become a record of its own.
    casebook = casebook_of(out, config, read_only=True)
    if dry_run:
        show_counts(
            f"What publishing the night of {as_of} would send", draft_of(casebook, as_of).counts
        )
        say("Nothing was changed.")
        return 0
    casebook = casebook_of(out, config, read_only=False)
    folder = (out or nearest()) / as_of.isoformat()
    with progress():
        with hold(casebook, as_of, settings):
            publishing = publish(casebook, as_of, settings=settings, full=full)
            write_feed(casebook, as_of, folder)
        delivery = deliver_to_receiver(casebook, settings)
    export = publishing.export
    if publishing.new:
        show_counts(f"Export {export.name}", export.counts)
    else:
        say(f"Nothing has changed since the export {export.name}.")
    say(f"Written to {folder}/feed/{export.name}")
    say_delivery(delivery)
    return NOT_DELIVERED if delivery and delivery.stuck else 0


def show_outbox(out: Path | None, config: Path | None, *, refused: Path | None) -> int:
    """Print what waits for delivery, since when and why, and what became of the latest exports."""
    outbox = casebook_of(out, config, read_only=True).outbox()
    exports = outbox.exports()
    made = table(
        "Exports to the Care Record",
        ["Export", "Night", "Kind", "State", "Made", "Tries", "Accepted", "Refused"],
        numbers=["Tries", "Accepted", "Refused"],
    )
    waiting = [row for row in exports if row.state is ExportState.WAITING]
    for row in (*waiting, *(row for row in exports[-LISTED:] if row not in waiting)):
        made.add_row(*_cells(row, len(outbox.refusals(row.number))))
    show(made)
    for row in waiting:
        say(f"{row.name} waits since {row.made_at:%Y-%m-%d %H:%M} UTC. {row.trouble or NOT_TRIED}")
    if not waiting:
        say("Nothing waits to be delivered.")
    for row in exports:
        if row.state is ExportState.DELIVERED and row.delivered_at:
            say(
                f"{row.name} was delivered on {row.delivered_at:%Y-%m-%d %H:%M} UTC; what the Care"
                " Record took of it is not known yet."
            )
    if refused:
        _write_refusals(refused, [(row, outbox.refusals(row.number)) for row in exports])
    return NOT_DELIVERED if waiting else 0


def show_counts(title: str, counts: Mapping[str, Any]) -> None:
    """Print what an export changes by type, and what was withheld by council and reason."""
    made = table(title, ["Type", *TURNS, "published"], numbers=[*TURNS, "published"])
    for word, kind in KINDS.items():
        turns = counts["changes"][word]
        cells = (f"{turns[turn]:,}" if turn in turns else "-" for turn in TURNS)
        made.add_row(kind, *cells, f"{counts['published'][word]:,}")
    show(made)
    say_withheld(counts)


def _cells(row: ExportRow, refused: int) -> tuple[str, ...]:
    return (
        row.name,
        str(row.as_of),
        "full" if row.full else "changes",
        row.state.value,
        f"{row.made_at:%Y-%m-%d %H:%M} UTC",
        str(row.attempts),
        "-" if row.accepted is None else f"{row.accepted:,}",
        f"{refused:,}" if refused else "-",
    )


def _write_refusals(file: Path, refusals: Iterable[tuple[ExportRow, Sequence[Refusal]]]) -> None:
    """Write what the receiver refused, in its own words, which may name people."""
    import pandas as pd

    from publishing.csv_text import csv_text
    from publishing.folder import write_files

    columns = ["export", "reference", "code", "text"]
    rows = [
        (row.name, each.reference, each.code, each.text)
        for row, refused in refusals
        for each in refused
    ]
    frame = pd.DataFrame(rows, columns=columns, dtype="str")
    write_files(file.parent, {file.name: csv_text(frame, columns)}, instead_of=())
    say(
        f"Written to {file}: {counted(len(rows), 'refusal')}. The receiver's words may name people."
    )
