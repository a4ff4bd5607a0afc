"""What can go wrong with a FHIR server, in plain sentences. Nothing that it said gets out.

A server's text can quote a resource, and httpx's an address with a person's id in it; so only kinds
of errors and statuses are looked at, and ours is raised after the `except` block has ended, so that
nothing else is in its chain.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType

import httpx

from connectors.fhir_rest.place import RestPlace
from connectors.web import chain
from schemas.errors import PersonNeeded, TryAgainLater


class Fault(StrEnum):
    """What went wrong, as a short code."""

    UNREACHABLE = "fhir_unreachable"
    TIMED_OUT = "fhir_timed_out"
    CUT_OFF = "fhir_cut_off"
    BUSY = "fhir_busy"
    SERVER_FAILED = "fhir_server_failed"
    ADDRESS_UNKNOWN = "fhir_address_unknown"
    TLS_REFUSED = "fhir_tls_refused"
    CA_UNREADABLE = "fhir_ca_unreadable"
    LOGIN_REFUSED = "fhir_login_refused"
    NOT_ALLOWED = "fhir_not_allowed"
    REDIRECTED = "fhir_redirected"
    NOT_HERE = "fhir_not_here"
    NOT_FHIR = "fhir_not_fhir"
    NO_VERSIONS = "fhir_no_versions"
    INCAPABLE = "fhir_incapable"
    EXPORT_DAMAGED = "export_damaged"


PASSING = frozenset(
    {Fault.UNREACHABLE, Fault.TIMED_OUT, Fault.CUT_OFF, Fault.BUSY, Fault.SERVER_FAILED}
)
"""What a second try may cure. All else is the same until somebody mends it."""


class RestLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run goes on.

    `soon` is false where the server asked to be left in peace for longer than a run can wait.
    """

    def __init__(self, message: str, fault: Fault, *, soon: bool = True) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = soon


class RestRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


RestTrouble = RestLater | RestRefused

# {place}, {keeper} and {what} are filled in: the configuration's words, and words of our own.
SENTENCES = MappingProxyType(
    {
        Fault.UNREACHABLE: (
            "{place} cannot be reached. The next run tries again; if that fails, ask {keeper}"
            " whether it is up and lets this machine through."
        ),
        Fault.TIMED_OUT: (
            "{place} did not answer in time. The next run goes on where it stopped, and sends"
            " nothing twice; if that fails, ask {keeper} what holds it up, or send smaller batches."
        ),
        Fault.CUT_OFF: (
            "The connection to {place} was cut off. The next run goes on where it stopped, and"
            " sends nothing twice; if this lasts, ask {keeper}."
        ),
        Fault.BUSY: (
            "{place} is too busy, or wants fewer requests. The next run goes on where it stopped;"
            " if this lasts, ask {keeper} when we may send."
        ),
        Fault.SERVER_FAILED: (
            "{place} failed over what we asked of it. The next run goes on where it stopped; if"
            " this lasts, ask {keeper} what its log says of it."
        ),
        Fault.ADDRESS_UNKNOWN: (
            "{place} has an address that nobody knows. Correct it in the configuration, or ask"
            " whoever runs our network."
        ),
        Fault.TLS_REFUSED: (
            "No protected connection to {place} came about: its certificate does not fit, or it"
            " offers none. Nothing was sent. Ask {keeper} for the root certificate, and name its"
            " file in the configuration."
        ),
        Fault.CA_UNREADABLE: (
            "The file of root certificates for {place} cannot be used: it is missing, may not be"
            " read, or holds none. Correct it in the configuration."
        ),
        Fault.LOGIN_REFUSED: (
            "{place} refused our token. Ask {keeper} for a new one, and set it in the"
            " configuration."
        ),
        Fault.NOT_ALLOWED: (
            "{place} does not let us do what we must. Ask {keeper} to let our account read, write"
            " and delete Organization, Patient, EpisodeOfCare and Task."
        ),
        Fault.REDIRECTED: (
            "{place} sends us on to another address, and people's records are not sent after that."
            " Ask {keeper} for its address, and correct it in the configuration."
        ),
        Fault.NOT_HERE: (
            "{place} takes no transactions at the address configured, or none that create"
            " resources under ids of ours. Correct the address, or ask {keeper} to allow it."
        ),
        Fault.NOT_FHIR: (
            "{place} gave an answer that is no FHIR. Correct the address in the configuration, or"
            " ask {keeper} what stands between us and its FHIR server."
        ),
        Fault.NO_VERSIONS: (
            "{place} does not say which version of a resource it holds, so that we could not tell"
            " our own from another's. Ask {keeper} to switch versions on."
        ),
        Fault.INCAPABLE: "{place} says that it cannot do all we need: {what}. Ask {keeper}.",
        Fault.EXPORT_DAMAGED: (
            "{what} of the export for {place} is not what its manifest says, so nothing of it was"
            " sent. Ask whoever runs cpli what changed it, and make the export anew."
        ),
    }
)


def trouble(fault: Fault, place: RestPlace, *, what: str = "", soon: bool = True) -> RestTrouble:
    """Return what a fault means to whoever runs a night; `what` is in words of our own."""
    said = SENTENCES[fault].format(place=place.described, keeper=place.keeper, what=what)
    said = said[0].upper() + said[1:]
    return RestLater(said, fault, soon=soon) if fault in PASSING else RestRefused(said, fault)


# httpx has one error for a server that hangs up and for one that talks nonsense.
HUNG_UP = ("disconnected", "closed connection")


# The first that fits counts, of the causes and then of the error itself.
BY_CAUSE: tuple[tuple[type[BaseException], Fault], ...] = (
    (ssl.SSLEOFError, Fault.CUT_OFF),
    (ssl.SSLZeroReturnError, Fault.CUT_OFF),
    (ssl.SSLError, Fault.TLS_REFUSED),
)
BY_ERROR: tuple[tuple[type[httpx.HTTPError], Fault], ...] = (
    (httpx.TimeoutException, Fault.TIMED_OUT),
    (httpx.ConnectError, Fault.UNREACHABLE),
    (httpx.NetworkError, Fault.CUT_OFF),
)


def while_speaking(error: httpx.HTTPError) -> Fault:
    """Say what an error of httpx means."""
    for cause in chain(error):
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            return Fault.ADDRESS_UNKNOWN
        for kind, fault in BY_CAUSE:
            if isinstance(cause, kind):
                return fault
    if isinstance(error, httpx.RemoteProtocolError) and any(each in str(error) for each in HUNG_UP):
        return Fault.CUT_OFF
    return next((fault for kind, fault in BY_ERROR if isinstance(error, kind)), Fault.NOT_FHIR)


BY_STATUS: Mapping[int, Fault] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: Fault.LOGIN_REFUSED,
        HTTPStatus.FORBIDDEN: Fault.NOT_ALLOWED,
        HTTPStatus.NOT_FOUND: Fault.NOT_HERE,
        HTTPStatus.METHOD_NOT_ALLOWED: Fault.NOT_HERE,
        HTTPStatus.GONE: Fault.NOT_HERE,
        HTTPStatus.NOT_IMPLEMENTED: Fault.NOT_HERE,
        HTTPStatus.REQUEST_TIMEOUT: Fault.TIMED_OUT,
        HTTPStatus.TOO_EARLY: Fault.BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: Fault.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE: Fault.BUSY,
    }
)


def of_status(status: int) -> Fault:
    """Say what a status means that is neither a success nor a refusal of what was sent."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Fault.REDIRECTED
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Fault.SERVER_FAILED if failed else Fault.NOT_FHIR
