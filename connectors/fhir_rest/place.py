"""Where a FHIR server is, and how we speak to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.web import is_private, parts_of
from schemas.errors import WrongUsage

MOST_IN_A_BATCH = 1_000
SENDABLE = re.compile(r"[!-~]+")
"""What a header can carry: a token with a line's end in it would end the header."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How many seconds each step may take; `read` is the wait for a batch's answer to go on."""

    connect: float = 10.0
    write: float = 30.0
    read: float = 120.0


@dataclass(frozen=True, kw_only=True)
class RestPlace:
    """A FHIR server's base address, the token that it knows us by, and who keeps it.

    `name` is what the configuration calls it: it stands in messages. `ca_file` holds the root
    certificates to trust instead of the usual ones. `batch_size` is how many resources go in one
    transaction. Raises WrongUsage, which quotes neither the address nor the token.
    """

    name: str
    base_url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    batch_size: int = 200
    keeper: str = "whoever runs the FHIR server"
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise WrongUsage(f"The address of {self.name} cannot be used: {wrong}")

    @property
    def base(self) -> str:
        """The base address without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"{self.name} ({urlsplit(self.base_url).hostname})"

    def _wrong(self) -> str | None:
        parts = parts_of(self.base_url)
        if parts is None or not parts.hostname or parts.scheme not in {"http", "https"}:
            return "give it as https://, a host, and the path to the FHIR server."
        if not is_private(parts):
            return "people's records go by https only, but to this machine itself."
        if parts.username is not None or parts.query or parts.fragment:
            return "leave out user names, question marks and number signs; a token goes apart."
        if self.token is not None and not SENDABLE.fullmatch(self.token):
            return "its token holds a space, a line's end or a letter that no header can carry."
        if not 1 <= self.batch_size <= MOST_IN_A_BATCH:
            return f"batches hold 1 to {MOST_IN_A_BATCH} resources."
        return None
