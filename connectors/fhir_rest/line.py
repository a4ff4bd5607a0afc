"""One request to a FHIR server and its answer, in our own words where it goes wrong."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias, TypeVar

import httpx

from connectors.fhir_rest.faults import Fault, RestTrouble, of_status, trouble, while_speaking
from connectors.fhir_rest.place import RestPlace
from connectors.retry import Retry
from connectors.web import LONGEST_PAUSE, seconds_asked

T = TypeVar("T")
Resource: TypeAlias = dict[str, Any]

FHIR_JSON = "application/fhir+json"
REFUSALS: frozenset[int] = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Statuses of an answer that is about what was sent, and not about us or the server."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered: a status of success or refusal, and a resource of FHIR.

    The resource is empty where a refusal came without one.
    """

    status: int
    resource: Resource = field(repr=False)

    @property
    def refused(self) -> bool:
        """Whether the server did not do what was asked."""
        return self.status >= HTTPStatus.BAD_REQUEST


class Line:
    """Speaks to one server, with the token, and never follows where an answer leads elsewhere."""

    def __init__(self, place: RestPlace, client: httpx.Client, *, retry: Retry) -> None:
        self.place = place
        self.retry = retry
        self._client = client
        self._pause = 0.0

    def again(self, step: Callable[[], T]) -> T:
        """Do a step, and again where its fault can pass soon; it must pick up what it left."""
        return self.retry(step)

    def get(self, path: str) -> Answer:
        """Ask for what is at a path below the base address. Raises RestLater or RestRefused."""
        return self._ask("GET", f"{self.place.base}/{path}")

    def post(self, bundle: Resource, *, also_refusals: frozenset[int] = frozenset()) -> Answer:
        """Post a Bundle to the base address; see `REFUSALS`. Raises RestLater or RestRefused."""
        body = json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()
        return self._ask("POST", self.place.base, body=body, refusals=REFUSALS | also_refusals)

    def _ask(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        refusals: frozenset[int] = frozenset(),
    ) -> Answer:
        self._keep_the_pause()
        try:
            response = self._client.request(method, url, content=body)
        except httpx.HTTPError as error:
            fault = while_speaking(error)
        else:
            return self._understood(response, refusals)
        raise trouble(fault, self.place)

    def _understood(self, response: httpx.Response, refusals: frozenset[int]) -> Answer:
        status = response.status_code
        if not response.is_success and status not in refusals:
            raise self._turned_away(response)
        resource = _resource(response)
        if resource is None and status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            resource = {}  # said by what stands before the FHIR server
        if resource is None:
            raise trouble(Fault.NOT_FHIR, self.place)
        return Answer(status=status, resource=resource)

    def _turned_away(self, response: httpx.Response) -> RestTrouble:
        fault, asked = of_status(response.status_code), seconds_asked(response.headers)
        self._pause = min(asked, LONGEST_PAUSE)
        return trouble(fault, self.place, soon=asked <= LONGEST_PAUSE)

    def _keep_the_pause(self) -> None:
        """Wait what the server asked for, beside our own waits."""
        pause, self._pause = self._pause, 0.0
        if pause:
            self.retry.sleep(pause)


@contextmanager
def connected(place: RestPlace, *, retry: Retry) -> Iterator[Line]:
    """Give a line to the place; it ends with the block. Raises RestRefused for its certificates."""
    headers = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON, "Prefer": "return=minimal"}
    if place.token is not None:
        headers["Authorization"] = f"Bearer {place.token}"
    times = place.timeouts
    with httpx.Client(
        headers=headers,
        verify=_trusted(place),
        timeout=httpx.Timeout(times.read, connect=times.connect, write=times.write),
        follow_redirects=False,
        trust_env=False,  # no proxy, certificate or login that the configuration does not name
    ) as client:
        yield Line(place, client, retry=retry)


def _trusted(place: RestPlace) -> ssl.SSLContext | bool:
    if place.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=place.ca_file)
    except OSError:  # a file without certificates is one too
        pass
    raise trouble(Fault.CA_UNREADABLE, place)


def _resource(response: httpx.Response) -> Resource | None:
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "resourceType" in found else None
