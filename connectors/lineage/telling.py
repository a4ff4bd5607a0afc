"""Takes an event to where events go. Nothing that a server says of it gets out.

OpenLineage's own client would heed variables and files of its own (OPENLINEAGE_*, openlineage.yml),
so that events could go where nobody has set that they may. Only what it is made of is used.
"""

from __future__ import annotations

import logging
import os
from threading import Thread
from typing import Any

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport.http import (
    ApiKeyTokenProvider,
    HttpConfig,
    HttpTransport,
    TokenProvider,
)

from connectors.lineage.events import event_of
from connectors.lineage.facts import NightTold
from connectors.lineage.place import LineagePlace
from connectors.web import chain
from schemas.errors import CpliError, PersonNeeded, TryAgainLater

OWNER_ONLY = 0o600
LATER = frozenset({408, 425, 429})
"""Answers of a server that is there and wants us to come again."""

SERVER_ERRORS = 500
OURS_TO_MEND = frozenset({401, 403})


def _nothing(_record: logging.LogRecord) -> bool:
    return False


# Whatever levels are set, an address is nobody's business.
for name in ("openlineage.client.transport.http", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(name).addFilter(_nothing)


def tell(place: LineagePlace, told: NightTold) -> None:
    """Say what a night has to tell. Raises TryAgainLater or PersonNeeded, within the time set."""
    event = event_of(told)
    if place.file is not None:
        _append(place, event)
    else:
        _send(place, event)


def _append(place: LineagePlace, event: RunEvent) -> None:
    """Add a line to the file, which is made for its owner only."""
    problem = ""
    line = f"{Serde.to_json(event)}\n".encode()
    try:
        # One write of one line: two runs that tell at once do not mix theirs.
        handle = os.open(place.file or "", os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise PersonNeeded(
            f"Events of lineage cannot be written to {place.file}: {problem}. Make its folder, or"
            " mend its permissions, or name another file in [lineage]."
        )


def _send(place: LineagePlace, event: RunEvent) -> None:
    """Post an event. A server that answers bit by bit, or never, is left to itself in time."""
    post = _Post(place, event)
    post.start()
    post.join(place.timeout_seconds)
    if post.is_alive():
        raise TryAgainLater(
            f"{_start(place)} did not answer within {place.timeout_seconds:g} seconds. If this"
            " lasts, ask whoever runs it."
        )
    if post.trouble:
        raise post.trouble


class _Post(Thread):
    """One request, on a thread that nobody has to wait for."""

    def __init__(self, place: LineagePlace, event: RunEvent) -> None:
        super().__init__(daemon=True, name="lineage")
        self.place = place
        self.event = event
        self.trouble: CpliError | None = None

    def run(self) -> None:
        """Send the event, and keep in our own words what went wrong."""
        try:
            transport = _transport(self.place)
            try:
                transport.emit(self.event)
            finally:
                transport.close()
        except (OSError, ValueError) as error:  # all of requests' errors are one of both
            self.trouble = _trouble(self.place, error)


def _transport(place: LineagePlace) -> HttpTransport:
    transport = HttpTransport(
        HttpConfig(
            url=place.url,
            endpoint=place.endpoint,
            timeout=place.timeout_seconds,
            auth=ApiKeyTokenProvider({"api_key": place.token})
            if place.token
            else TokenProvider({}),
            retry={"total": 0, "redirect": 0},
        )
    )
    transport.session.max_redirects = 0
    transport.session.auth = _as_it_is
    return transport


def _as_it_is(request: Any) -> Any:
    """Leave a request as it is: without this, a login in ~/.netrc would take our token's place."""
    return request


def _trouble(place: LineagePlace, error: BaseException) -> CpliError:
    response = next(filter(None, (_code(each) for each in chain(error))), None)
    start = _start(place)
    if response in OURS_TO_MEND:
        return PersonNeeded(
            f"{start} refused us ({response}). Set [lineage] token as a secret, or ask whoever runs"
            " it for another."
        )
    if response is None or response >= SERVER_ERRORS or response in LATER:
        said = f"answered with {response}" if response else "cannot be reached"
        return TryAgainLater(f"{start} {said}. If this lasts, ask whoever runs it.")
    return PersonNeeded(
        f"{start} takes no events at this address (it answered with {response}). Correct [lineage]"
        " url, or ask whoever runs it."
    )


def _code(error: BaseException) -> int | None:
    response = getattr(error, "response", None)  # one of an error counts as false
    return getattr(response, "status_code", None)


def _start(place: LineagePlace) -> str:
    described = place.described
    return described[0].upper() + described[1:]
