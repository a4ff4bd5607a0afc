"""Where alerts go: the mail server with our account there, and the webhook with our token."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.web import is_private, parts_of
from schemas.errors import WrongUsage
from schemas.vocabularies import Vocabulary

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
SENDABLE = re.compile(r"[!-~]+")
"""What a header can carry: a token with a line's end in it would end the header."""


class Tls(Vocabulary):
    """How the connection to a mail server is protected."""

    STARTTLS = "starttls", "from the first command on"
    TLS = "tls", "from the beginning"
    NONE = "none", "not at all, within this machine"


PORTS = {Tls.STARTTLS: 587, Tls.TLS: 465, Tls.NONE: 25}


@dataclass(frozen=True, kw_only=True)
class MailPlace:
    """A mail server, our account there, and whom our mail is from.

    Without a `port` it is the usual one. `ca_file` holds the root certificates to trust instead of
    the usual ones. Raises WrongUsage, which quotes nothing that was given.
    """

    host: str
    sender: str
    port: int | None = None
    tls: Tls = Tls.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = 15.0

    keeper = "whoever runs the mail server"

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise WrongUsage(f"The mail server for alerts cannot be used: {wrong}")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.tls]

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"the mail server {self.host}"

    def _wrong(self) -> str | None:
        parts = parts_of(f"http://[{self.host}]" if ":" in self.host else f"http://{self.host}")
        if parts is None or parts.hostname != self.host.lower():
            return "give its host as a name or an address, and nothing else."
        if self.tls is Tls.NONE and not is_private(parts):
            return 'tls = "none" is for a mail server on this machine alone.'
        if (self.username is None) != (self.password is None):
            return "username and password (a secret) belong together: set both, or neither."
        if not ADDRESS.fullmatch(self.sender):
            return "sender must be an email address, and nothing else."
        return None


@dataclass(frozen=True, kw_only=True)
class HookPlace:
    """A webhook's address, which can be a secret itself, and the token that it knows us by.

    `ca_file` holds the root certificates to trust instead of the usual ones. Raises WrongUsage,
    which quotes neither the address nor the token.
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = 15.0

    keeper = "whoever runs the webhook"

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise WrongUsage(f"The webhook for alerts cannot be used: {wrong}")

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"the webhook at {urlsplit(self.url).hostname}"

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another machine, to which a proxy may lead."""
        return urlsplit(self.url).scheme == "https"

    def _wrong(self) -> str | None:
        parts = parts_of(self.url)
        if parts is None or not parts.hostname or parts.scheme not in {"http", "https"}:
            return "give its address as https://HOST/PATH."
        if not is_private(parts):
            return "its address must begin with https, but on this machine itself."
        if parts.username is not None or parts.fragment or not SENDABLE.fullmatch(self.url):
            return "leave user names, number signs and spaces out of its address."
        if self.token is not None and not SENDABLE.fullmatch(self.token):
            return "its token holds a space, a line's end or a letter that no header can carry."
        return None
