"""Where events go: a file, or a server that speaks OpenLineage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.web import is_private, parts_of
from schemas.errors import WrongUsage

ENDPOINT = "api/v1/lineage"
"""Where OpenLineage has it that servers take events, if their address has no path of its own."""


@dataclass(frozen=True, kw_only=True)
class LineagePlace:
    """A `file` that events are appended to, or the `url` of a server, with a token if it wants one.

    Raises WrongUsage, which quotes neither the address nor the token.
    """

    file: Path | None = None
    url: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        if (self.file is None) == (not self.url) or (self.url and not self._is_safe()):
            raise WrongUsage(
                "Events of lineage go to a file, or to https://HOST/PATH without a user, a password"
                " or a query: set [lineage] file or url."
            )

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"the receiver of lineage ({urlsplit(self.url).hostname})"

    @property
    def endpoint(self) -> str:
        """What is added to the address."""
        return "" if urlsplit(self.url).path.strip("/") else ENDPOINT

    def _is_safe(self) -> bool:
        parts = parts_of(self.url)
        if parts is None or not parts.hostname or parts.scheme not in {"http", "https"}:
            return False
        bare = not (parts.username or parts.password or parts.query or parts.fragment)
        return bare and is_private(parts)
