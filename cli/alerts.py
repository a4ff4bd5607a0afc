"""`cpli alerts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from casebook.alerts import AlertMessage, AlertRow, AlertTurn
from cli.record import casebook_of, nearest
from cli.reports import say_alerted
from cli.terminal import progress, say, show, table
from flows.pulls import council_name
from flows.words import counted
from settings.settings import load_settings

NOT_ALL_WELL = 3
LISTED = 20
"""How many of the latest alerts are listed besides those that are open or wait."""

NOT_TRIED = "It has not been tried yet."


def show_alerts(out: Path | None, config: Path | None, *, check: bool) -> int:
    """Print what is open, what waits and why; with `check` look for a late night first."""
    now, late = datetime.now(UTC), False
    if check:
        from flows.alerts import look_for_late

        with progress():
            alerted = look_for_late(load_settings(config), (out or nearest()).resolve(), now=now)
        say_alerted(alerted)
        late = alerted.stuck
    alerts = casebook_of(out, config, read_only=True).alerts()
    rows, waiting = alerts.alerts(), alerts.waiting(now=now)
    unsent = {message.alert.number for message in waiting}
    shown = [row for row in rows if row.is_open or row.number in unsent or row in rows[-LISTED:]]
    if not rows:
        say("Nothing was ever to be told.")
    else:
        _show(shown, alerts.messages())
    for row in rows:
        if row.is_open:
            say(f"{_about(row)} {row.kind.display} since the night of {row.night}. {row.text}")
    for message in waiting:
        say(_waits(message))
    if rows and not unsent and not any(row.is_open for row in rows):
        say("Nothing is open, and nothing waits to be sent.")
    return NOT_ALL_WELL if late or unsent or any(row.is_open for row in rows) else 0


def _show(rows: Sequence[AlertRow], messages: Sequence[AlertMessage]) -> None:
    made = table(
        "Alerts",
        ["Alert", "About", "Begun on", "Over on", "Told", "Waits"],
        numbers=["Alert", "Told", "Waits"],
    )
    for row in rows:
        theirs = [it for it in messages if it.alert.number == row.number]
        told = sum(it.sent_at is not None for it in theirs)
        made.add_row(
            str(row.number),
            f"{_about(row)} {row.kind.display}",
            row.night.isoformat(),
            row.recovered_on.isoformat() if row.recovered_on else "-",
            f"{told:,}",
            f"{len(theirs) - told:,}" if len(theirs) > told else "-",
        )
    show(made)


def _about(row: AlertRow) -> str:
    return council_name(row.owner) if row.owner else "The night"


def _waits(message: AlertMessage) -> str:
    what = "begun" if message.turn is AlertTurn.RAISED else "over"
    tried = f" ({counted(message.attempts, 'attempt')})" if message.attempts else ""
    return (
        f"Alert {message.alert.number}: that it is {what} waits to go by"
        f" {message.to.channel.display}{tried}. {message.trouble or NOT_TRIED}"
    )
