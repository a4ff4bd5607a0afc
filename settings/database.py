"""Where the record of nights is kept."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from settings.settings import Settings

FILE = "casebook.db"


def database_url(settings: Settings, out: Path) -> str:
    """Return the address that is set, or else that of a SQLite file beside the nights in `out`."""
    if settings.database.url is not None:
        return settings.database.url.get_secret_value()
    address = URL.create("sqlite", database=str(out.resolve() / FILE))
    return address.render_as_string(hide_password=False)
