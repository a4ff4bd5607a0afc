"""What can go wrong with a mail server or a webhook, in plain sentences. Their own stay unsaid.

What a server says can quote an address, or anything else; so only kinds of errors, codes and
statuses are looked at, and ours is raised after the `except` block has ended, so that nothing else
is in its chain.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType

import httpx

from connectors.alerts.place import HookPlace, MailPlace
from connectors.web import chain
from schemas.errors import PersonNeeded, TryAgainLater


class Fault(StrEnum):
    """What went wrong, as a short code."""

    UNREACHABLE = "alert_unreachable"
    TIMED_OUT = "alert_timed_out"
    CUT_OFF = "alert_cut_off"
    BUSY = "alert_busy"
    SERVER_FAILED = "alert_server_failed"
    RECIPIENT_LATER = "alert_recipient_later"
    ADDRESS_UNKNOWN = "alert_address_unknown"
    TLS_REFUSED = "alert_tls_refused"
    CA_UNREADABLE = "alert_ca_unreadable"
    LOGIN_REFUSED = "alert_login_refused"
    NO_LOGIN = "alert_no_login"
    SENDER_REFUSED = "alert_sender_refused"
    RECIPIENT_REFUSED = "alert_recipient_refused"
    MESSAGE_REFUSED = "alert_message_refused"
    REDIRECTED = "alert_redirected"
    NOT_HERE = "alert_not_here"
    REFUSED = "alert_refused"


PASSING = frozenset(
    {Fault.UNREACHABLE, Fault.TIMED_OUT, Fault.CUT_OFF, Fault.BUSY, Fault.SERVER_FAILED}
)
"""What a second try may cure."""

LATER = PASSING | {Fault.RECIPIENT_LATER}
"""What may be over when the next run comes."""

OF_ONE_MESSAGE = frozenset({Fault.MESSAGE_REFUSED})
"""What is in the way of one message, and not of all others."""


class AlertLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run tries again.

    `soon` is false where we were asked to come again later than a run can wait.
    """

    def __init__(self, message: str, fault: Fault, *, soon: bool = True) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = soon and fault in PASSING


class AlertRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


AlertTrouble = AlertLater | AlertRefused

# {place} and {keeper} are filled in: the configuration's words, and words of our own.
SENTENCES = MappingProxyType(
    {
        Fault.UNREACHABLE: (
            "{place} cannot be reached. The next run tries again; if that fails, ask {keeper}"
            " whether it is up and lets this machine through."
        ),
        Fault.TIMED_OUT: (
            "{place} did not answer in time, and may have taken the message. The next run sends it"
            " again under the same id; if this lasts, ask {keeper}."
        ),
        Fault.CUT_OFF: (
            "The connection to {place} was cut off, or it answered what we do not understand; it"
            " may have taken the message. The next run sends it again under the same id; if this"
            " lasts, ask {keeper}."
        ),
        Fault.BUSY: (
            "{place} takes nothing just now. The next run tries again; if this lasts, ask {keeper}"
            " when we may send."
        ),
        Fault.SERVER_FAILED: (
            "{place} failed over our message. The next run tries again; if this lasts, ask {keeper}"
            " what its log says of it."
        ),
        Fault.RECIPIENT_LATER: (
            "{place} does not take mail for one of the recipients just now. The next run tries"
            " again; if this lasts, ask {keeper}."
        ),
        Fault.ADDRESS_UNKNOWN: (
            "{place} has an address that nobody knows. Correct it in the configuration, or ask"
            " whoever runs our network."
        ),
        Fault.TLS_REFUSED: (
            "No protected connection to {place} came about: its certificate does not fit, or it"
            " offers none. Nothing was sent. Ask {keeper} for the root certificate, and name its"
            " file in the configuration (ca_file)."
        ),
        Fault.CA_UNREADABLE: (
            "The file of root certificates for {place} cannot be used: it is missing, may not be"
            " read, or holds none. Correct it in the configuration."
        ),
        Fault.LOGIN_REFUSED: (
            "{place} refused our login. Ask {keeper} for one that it knows, and set it in the"
            " configuration."
        ),
        Fault.NO_LOGIN: (
            "{place} offers no login that we could use. Ask {keeper} how we may send, and correct"
            " the configuration."
        ),
        Fault.SENDER_REFUSED: (
            "{place} takes no mail from our sender. Ask {keeper} which sender we may use, and"
            " whether we must log in, and correct the configuration."
        ),
        Fault.RECIPIENT_REFUSED: (
            "{place} takes no mail for one of the recipients. Correct the address in the"
            " configuration, or ask {keeper}."
        ),
        Fault.MESSAGE_REFUSED: (
            "{place} refused the message itself. Ask {keeper} what its log says of it."
        ),
        Fault.REDIRECTED: (
            "{place} sends us on to another address, and no token is sent after that. Correct the"
            " address in the configuration, or ask {keeper}."
        ),
        Fault.NOT_HERE: (
            "{place} takes no messages at the address configured. Correct it in the configuration,"
            " or ask {keeper} for it."
        ),
        Fault.REFUSED: ("{place} refuses to speak with us. Ask {keeper} what its log says of it."),
    }
)


def trouble(fault: Fault, place: MailPlace | HookPlace, *, soon: bool = True) -> AlertTrouble:
    """Return what a fault means to whoever runs a night."""
    said = SENTENCES[fault].format(place=place.described, keeper=place.keeper)
    said = said[0].upper() + said[1:]
    return AlertLater(said, fault, soon=soon) if fault in LATER else AlertRefused(said, fault)


# The first that fits counts, of the causes and then of the error itself.
BY_CAUSE: tuple[tuple[type[BaseException], Fault], ...] = (
    (ssl.SSLEOFError, Fault.CUT_OFF),
    (ssl.SSLZeroReturnError, Fault.CUT_OFF),
    (ssl.SSLError, Fault.TLS_REFUSED),
    (TimeoutError, Fault.TIMED_OUT),
    (ConnectionResetError, Fault.CUT_OFF),
    (ConnectionAbortedError, Fault.CUT_OFF),
    (BrokenPipeError, Fault.CUT_OFF),
)
BY_ERROR: tuple[tuple[type[BaseException], Fault], ...] = (
    (smtplib.SMTPAuthenticationError, Fault.LOGIN_REFUSED),
    (smtplib.SMTPSenderRefused, Fault.SENDER_REFUSED),
    (smtplib.SMTPDataError, Fault.MESSAGE_REFUSED),
    (smtplib.SMTPResponseException, Fault.REFUSED),
    (smtplib.SMTPServerDisconnected, Fault.CUT_OFF),
    (smtplib.SMTPException, Fault.NO_LOGIN),  # smtplib says it so where no way to log in fits
    (httpx.TimeoutException, Fault.TIMED_OUT),
    (httpx.ConnectError, Fault.UNREACHABLE),
    (httpx.HTTPError, Fault.CUT_OFF),
)


NOT_NOW = range(400, 500)


def while_speaking(error: BaseException) -> Fault:
    """Say what an error of smtplib, of httpx or of a socket means."""
    if isinstance(error, smtplib.SMTPResponseException) and passes(error.smtp_code):
        return Fault.BUSY
    for cause in chain(error):
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            return Fault.ADDRESS_UNKNOWN
        for kind, fault in BY_CAUSE:
            if isinstance(cause, kind):
                return fault
    return next((fault for kind, fault in BY_ERROR if isinstance(error, kind)), Fault.UNREACHABLE)


def passes(code: int) -> bool:
    """Say whether a mail server's code means "not now" (RFC 5321, 4.2.1)."""
    return code in NOT_NOW


BY_STATUS: Mapping[int, Fault] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: Fault.LOGIN_REFUSED,
        HTTPStatus.FORBIDDEN: Fault.LOGIN_REFUSED,
        HTTPStatus.NOT_FOUND: Fault.NOT_HERE,
        HTTPStatus.METHOD_NOT_ALLOWED: Fault.NOT_HERE,
        HTTPStatus.GONE: Fault.NOT_HERE,
        HTTPStatus.REQUEST_TIMEOUT: Fault.TIMED_OUT,
        HTTPStatus.GATEWAY_TIMEOUT: Fault.TIMED_OUT,
        HTTPStatus.CONFLICT: Fault.BUSY,  # the first request of this Idempotency-Key goes on still
        HTTPStatus.TOO_EARLY: Fault.BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: Fault.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE: Fault.BUSY,
    }
)


def of_status(status: int) -> Fault:
    """Say what a webhook's status means that is no success."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault.SERVER_FAILED
    return Fault.REDIRECTED if status < HTTPStatus.BAD_REQUEST else Fault.MESSAGE_REFUSED
