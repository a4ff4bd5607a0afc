"""Where GOV.UK Notify is, and the key that it knows us by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.web import is_private, parts_of
from schemas.errors import WrongUsage

NOTIFY = "https://api.notifications.service.gov.uk"
UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
KEY = re.compile(rf"(?:.*-)?{UUID}-{UUID}")


@dataclass(frozen=True, kw_only=True)
class NotifyPlace:
    """GOV.UK Notify's address, and our key: its name, our service's id and the secret.

    Raises WrongUsage, which quotes neither the address nor the key.
    """

    api_key: str = field(repr=False)
    base_url: str = field(default=NOTIFY, repr=False)
    timeout_seconds: float = 30.0

    name = "GOV.UK Notify"
    keeper = "whoever manages our service in GOV.UK Notify"

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise WrongUsage(f"{self.name} cannot be used: {wrong}")

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"{self.name} ({urlsplit(self.base_url).hostname})"

    def _wrong(self) -> str | None:
        parts = parts_of(self.base_url)
        if parts is None or not parts.hostname or parts.scheme not in {"http", "https"}:
            return "give its address as https:// and a host, or leave it out."
        if not is_private(parts):
            return "addresses of providers go by https only, but to this machine itself."
        if parts.username is not None or parts.path not in {"", "/"} or parts.query:
            return "its address is https:// and a host, without a user name, path or question mark."
        if not KEY.fullmatch(self.api_key):
            return (
                "the API key is not whole. It ends with two ids of 36 characters, with a hyphen"
                f" between them. Ask {self.keeper} for it, and set it in the configuration."
            )
        if self.timeout_seconds <= 0:
            return "give a time-out of more than 0 seconds."
        return None
