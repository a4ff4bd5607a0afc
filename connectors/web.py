"""What all that speaks HTTP has in common: addresses, pauses, and what lies below an error."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit


def _is_grave(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


# They log every address, and headers, and a webhook's address can be its secret. A filter holds
# whatever levels others set later on.
for name in ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy"))):
    logging.getLogger(name).addFilter(_is_grave)

LONGEST_PAUSE = 120.0
"""Seconds that we stay when asked to come again later; for longer, the next run comes."""


def parts_of(url: str) -> SplitResult | None:
    """Return the parts of an address, None where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # wrong ones are found out only here
    except ValueError:
        return None
    return parts


def is_private(parts: SplitResult) -> bool:
    """Say whether nobody can listen: https, or http within this machine."""
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def seconds_asked(headers: Mapping[str, str]) -> float:
    """Return how long a server wants to be left in peace: seconds, or a time by its own clock."""
    asked = headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        until, now = (parsedate_to_datetime(each) for each in (asked, headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # TypeError where one has a zone and the other none
        return 0.0


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and then what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
