"""`cpli worklist`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

from casebook.notices import NoticeRow
from casebook.store import Casebook
from cli.apart import run_apart
from cli.record import nearest
from cli.terminal import say
from flows.notices import at_hand
from flows.pulls import COUNCIL_NAMES
from flows.release import held_of, let_out, name_of
from flows.uploads import Lists, inbox_of
from publishing.templates import british_date
from settings.database import database_url
from settings.identity import worklist_with_key
from settings.settings import Settings, load_settings
from worklist.services import RunAgain, Services


def serve_worklist(
    out: Path | None, config: Path | None, *, host: str | None, port: int | None
) -> int:
    """Serve the worklist until told to stop."""
    from worklist.app import create_app
    from worklist.serving import serve

    settings, folder = load_settings(config), out or nearest()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    chosen = settings.worklist.model_copy(update=given)
    settings = settings.model_copy(update={"worklist": chosen})
    services_of(settings, folder, config)  # what cannot be served is said before anything is
    say(f"The worklist is at http://{chosen.host}:{chosen.port}/ until you press Ctrl+C.")
    serve(lambda: create_app(services_of(settings, folder, config)), chosen)
    return 0


def services_of(settings: Settings, out: Path, config: Path | None = None) -> Services:
    """Return what the pages work with."""
    casebook = Casebook.open(database_url(settings, out), levels=settings.service_levels)
    names = {council.code: name for name, council in settings.councils.items()}
    inbox = inbox_of(settings)
    run_again = partial(run_kept_apart, out, config)
    return Services(
        casebook=casebook,
        settings=worklist_with_key(settings),
        out=out,
        councils=COUNCIL_NAMES | names,
        take_caseload=Lists(casebook=casebook, inbox=inbox).take if inbox else None,
        notice_files=partial(files_of_notice, casebook, settings, out),
        held=lambda as_of, owner: held_of(casebook, as_of, owner=owner),
        release=partial(release_and_run_again, casebook, run_again),
        run_again=run_again,
    )


def files_of_notice(
    casebook: Casebook, settings: Settings, out: Path, row: NoticeRow
) -> Mapping[str, bytes]:
    """Return the files of a notice, written anew where the night's folder is gone."""
    with at_hand(casebook, settings, out=out) as files_of:
        return files_of(row)


def release_and_run_again(
    casebook: Casebook, run_again: RunAgain, as_of: date, owner: str, who: str, reason: str
) -> str:
    """Let out what gates held, and have the night run again."""
    let_out(casebook, as_of, owner=owner, who=who, reason=reason)
    run_again(as_of)
    return (
        f"{name_of(owner)} is let out. The night of {british_date(as_of)} is being run again, with"
        " what was kept of it."
    )


def run_kept_apart(out: Path, config: Path | None, as_of: date) -> None:
    """Run a night again with what was kept of it, in a process that nobody waits for."""
    settings = ["--config", str(config.resolve())] if config else []
    run_apart(["rerun", str(as_of), "--kept", "--out", str(out.resolve()), *settings])
