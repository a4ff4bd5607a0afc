"""`cpli worklist`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

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
from schemas.errors import WrongUsage
from settings.database import database_url
from settings.identity import worklist_with_key
from settings.settings import Settings, load_settings
from settings.worklist import Worklist
from worklist.services import RunAgain, Services

CONNECTIONS = 8
"""How many each process keeps: one for each of its threads."""
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def serve_worklist(
    out: Path | None,
    config: Path | None,
    sources: Path | None,
    *,
    given: Mapping[str, Any],
    second_factor: bool,
) -> int:
    """Serve the worklist until told to stop.

    `given` are settings of the worklist that the command line changes. Raises `WrongUsage` where it
    could not be served safely.
    """
    from worklist.app import create_app
    from worklist.serving import serve

    settings, folder = load_settings(config), out or nearest()
    chosen = served(settings.worklist, given, second_factor=second_factor)
    changes = {"worklist": chosen, "sources": sources or settings.sources}
    settings = settings.model_copy(update=changes)
    # What cannot be served is said before anything is; no process inherits a connection.
    services_of(settings, folder, config).casebook.engine.dispose()
    where = chosen.public_url or f"http://{chosen.host}:{chosen.port}"
    say(f"The worklist is at {where}/ until you press Ctrl+C.")
    serve(lambda: create_app(services_of(settings, folder, config)), chosen)
    return 0


def served(settings: Worklist, given: Mapping[str, Any], *, second_factor: bool) -> Worklist:
    """Return the settings by which the worklist is served; raises `WrongUsage` if not safely.

    What is for this machine alone needs no encryption, and may go without a second factor. A site
    that is behind a proxy is for others.
    """
    chosen = settings.model_copy(update={k: v for k, v in given.items() if v is not None})
    for_others = chosen.public_url or chosen.trusted_proxies or chosen.host not in THIS_MACHINE
    if for_others and not second_factor:
        raise WrongUsage(
            "A worklist that others can reach needs the second factor. Leave"
            " --no-second-factor out, or serve it for this machine alone."
        )
    if for_others and not (chosen.public_url or chosen.allow_plain_http):
        raise WrongUsage(
            "A worklist that others can reach needs HTTPS. Put a proxy that encrypts before it, and"
            " say in the settings how people reach it (worklist.public_url)."
        )
    if not for_others:
        chosen = chosen.model_copy(update={"allow_plain_http": True})
    return chosen if second_factor else chosen.model_copy(update={"totp_required": False})


def services_of(settings: Settings, out: Path, config: Path | None = None) -> Services:
    """Return what the pages work with."""
    casebook = Casebook.open(
        database_url(settings, out), levels=settings.service_levels, keeps=CONNECTIONS
    )
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
