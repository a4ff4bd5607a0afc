"""What councils' reports look like, and where they lead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator

from settings.strict import Strict

OF_THIS_MACHINE = "http://127.0.0.1:8000/"
"""Where the worklist is until it is set."""


def known_root(url: str) -> str:
    """Return the root of the worklist's pages, or raise `ValueError`."""
    parts = urlsplit(url)
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("it must be https://HOST/PATH/, without a user, a password or a query")
    if not url.endswith("/"):
        raise ValueError("it must end with a slash")
    return url


class Reports(Strict):
    """Councils' reports: `templates` is a folder of a council's own templates.

    `worklist_url` is the root of the worklist's pages, to which the cases in workbooks lead.
    """

    templates: Path | None = None
    worklist_url: Annotated[str, AfterValidator(known_root)] = OF_THIS_MACHINE

    def seen_from(self, home: Path) -> Self:
        """Return the settings with a relative path taken from a folder."""
        if self.templates is None:
            return self
        return self.model_copy(update={"templates": home / self.templates})
