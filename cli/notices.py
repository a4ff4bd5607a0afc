"""`cpli notices`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from casebook.notices import EmailState, NoticeRow, NoticeState
from cli.record import casebook_of, nearest
from cli.reports import say_carried
from cli.terminal import progress, say, show, table
from flows.words import counted
from settings.settings import load_settings

NOT_DELIVERED = 3
LISTED = 30
"""How many of the latest notices are listed besides those that wait."""

NOTHING = "-"


def show_notices(
    out: Path | None,
    config: Path | None,
    *,
    provider: str | None,
    as_of: date | None,
    deliver: bool,
) -> int:
    """Print how far notices have got; with `deliver` take those that wait first."""
    # A misspelt folder must not become a record of its own.
    notices = casebook_of(out, config, read_only=True).notices()
    if deliver:
        from flows.handover import carry

        settings = load_settings(config)
        casebook = casebook_of(out, config, read_only=False)
        with progress():
            carried = carry(casebook, settings, out=out or nearest())
        say_carried(carried)
    rows = notices.notices(as_of=as_of, provider_id=provider)
    waiting = [row for row in rows if _waits(row)]
    latest = [row for row in rows[-LISTED:] if row not in waiting]
    if not rows:
        say("There is no such notice on record.")
        return 0
    _show(sorted([*waiting, *latest], key=lambda row: row.number))
    if len(rows) > len(waiting) + len(latest):
        say(f"{counted(len(rows), 'notice')} on record; these wait or are the latest.")
    for trouble in dict.fromkeys(
        each for row in waiting for each in (row.trouble, row.email_trouble) if each
    ):
        say(trouble)
    return NOT_DELIVERED if waiting else 0


def _show(rows: Sequence[NoticeRow]) -> None:
    made = table(
        "Notices to providers",
        ["Notice", "Night", "Cases", "State", "Place", "Tries", "Email"],
        numbers=["Cases", "Tries"],
    )
    for row in rows:
        made.add_row(
            row.reference,
            row.as_of.isoformat(),
            f"{row.cases:,}",
            row.state.value,
            row.place or NOTHING,
            f"{row.attempts:,}",
            row.email_state.value,
        )
    show(made)


def _waits(row: NoticeRow) -> bool:
    return row.state is NoticeState.WAITING or row.email_state is EmailState.WAITING
