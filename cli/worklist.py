"""`cpli worklist`."""

from __future__ import annotations

from pathlib import Path

from casebook.store import Casebook
from cli.record import nearest
from cli.terminal import say
from flows.pulls import COUNCIL_NAMES
from settings.database import database_url
from settings.settings import Settings, load_settings
from worklist.services import Services


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
    services_of(settings, folder)  # what cannot be served is said before anything is
    say(f"The worklist is at http://{chosen.host}:{chosen.port}/ until you press Ctrl+C.")
    serve(lambda: create_app(services_of(settings, folder)), chosen)
    return 0


def services_of(settings: Settings, out: Path) -> Services:
    """Return what the pages work with."""
    casebook = Casebook.open(database_url(settings, out), levels=settings.service_levels)
    names = {council.code: name for name, council in settings.councils.items()}
    return Services(
        casebook=casebook,
        settings=settings.worklist,
        out=out,
        councils=COUNCIL_NAMES | names,
    )
