"""What can go wrong with GOV.UK Notify, in plain sentences. Nothing that it said gets out.

An answer can quote the address that we wrote to; so answers are only compared with what is known
that Notify says, and ours is raised after the `except` block has ended, so that nothing else is in
its chain.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType

from connectors.notify.place import NotifyPlace
from connectors.web import chain
from schemas.errors import PersonNeeded, TryAgainLater


class Fault(StrEnum):
    """What went wrong, as a short code."""

    UNREACHABLE = "notify_unreachable"
    TIMED_OUT = "notify_timed_out"
    CUT_OFF = "notify_cut_off"
    BUSY = "notify_busy"
    SERVER_FAILED = "notify_server_failed"
    DAILY_LIMIT = "notify_daily_limit"
    ADDRESS_UNKNOWN = "notify_address_unknown"
    TLS_REFUSED = "notify_tls_refused"
    REDIRECTED = "notify_redirected"
    NOT_NOTIFY = "notify_not_notify"
    CLOCK_WRONG = "notify_clock_wrong"
    KEY_REFUSED = "notify_key_refused"
    EMAIL_OFF = "notify_email_off"
    RECIPIENT_REFUSED = "notify_recipient_refused"
    TEAM_ONLY = "notify_team_only"
    TRIAL_MODE = "notify_trial_mode"
    TEMPLATE_UNKNOWN = "notify_template_unknown"
    TEMPLATE_UNFIT = "notify_template_unfit"
    WORDS_MISSING = "notify_words_missing"
    REFUSED = "notify_refused"


PASSING = frozenset(
    {Fault.UNREACHABLE, Fault.TIMED_OUT, Fault.CUT_OFF, Fault.BUSY, Fault.SERVER_FAILED}
)
"""What a second try may cure."""

LATER = PASSING | {Fault.DAILY_LIMIT}
"""What may be over when the next run comes."""

IN_DOUBT = frozenset({Fault.TIMED_OUT, Fault.CUT_OFF})
"""After which Notify may still be taking what we had asked of it."""

OF_ONE_EMAIL = frozenset(
    {
        Fault.RECIPIENT_REFUSED,
        Fault.TEAM_ONLY,
        Fault.TRIAL_MODE,
        Fault.TEMPLATE_UNKNOWN,
        Fault.TEMPLATE_UNFIT,
        Fault.WORDS_MISSING,
        Fault.REFUSED,
    }
)
"""What holds one email back, or those of one template, and not all others."""


class NotifyLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run tries again.

    `soon` is false where Notify asked to be left in peace for longer than a run can wait.
    """

    def __init__(self, message: str, fault: Fault, *, soon: bool = True) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = soon and fault in PASSING


class NotifyRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


NotifyTrouble = NotifyLater | NotifyRefused

# {place}, {keeper} and {what} are filled in: the configuration's words, and words of our own.
SENTENCES = MappingProxyType(
    {
        Fault.UNREACHABLE: (
            "{place} cannot be reached. The next run tries again; if that fails, ask whoever runs"
            " our network whether it lets this machine through, and by which proxy."
        ),
        Fault.TIMED_OUT: (
            "{place} did not answer in time. The next run asks what it has taken, and sends"
            " nothing twice; if this lasts, look at status.notifications.service.gov.uk."
        ),
        Fault.CUT_OFF: (
            "The connection to {place} was cut off. The next run asks what it has taken, and sends"
            " nothing twice; if this lasts, ask whoever runs our network."
        ),
        Fault.BUSY: (
            "{place} is too busy, or had more requests of us in a minute than it allows. The next"
            " run tries again; if this lasts, ask {keeper} what else sends with our service."
        ),
        Fault.SERVER_FAILED: (
            "{place} failed over what we asked of it. The next run tries again; if this lasts, look"
            " at status.notifications.service.gov.uk."
        ),
        Fault.DAILY_LIMIT: (
            "{place} takes no more emails of our service today. Run this again tomorrow; if this"
            " happens more often, ask {keeper} for a higher daily limit."
        ),
        Fault.ADDRESS_UNKNOWN: (
            "{place} has an address that nobody knows. Correct it in the configuration, or ask"
            " whoever runs our network."
        ),
        Fault.TLS_REFUSED: (
            "No protected connection to {place} came about: its certificate does not fit, or the"
            " root certificates of this machine (REQUESTS_CA_BUNDLE) cannot be used. Nothing was"
            " sent. Ask whoever runs our network what stands in between."
        ),
        Fault.REDIRECTED: (
            "{place} sends us on to another address, and no key is sent after that. Correct the"
            " address in the configuration, or ask whoever runs our network."
        ),
        Fault.NOT_NOTIFY: (
            "{place} gave an answer that is not GOV.UK Notify's. Correct the address in the"
            " configuration, or ask whoever runs our network what stands in between. The next run"
            " asks what was taken, and sends nothing twice."
        ),
        Fault.CLOCK_WRONG: (
            "{place} refused us since this machine's clock is more than 30 seconds wrong. Ask"
            " whoever runs it to set it."
        ),
        Fault.KEY_REFUSED: (
            "{place} refused our API key. Ask {keeper} for a new one, and set it in the"
            " configuration."
        ),
        Fault.EMAIL_OFF: (
            "{place} does not let our service send emails. Ask {keeper} to switch them on in its"
            " settings."
        ),
        Fault.RECIPIENT_REFUSED: (
            "{place} takes the address of this email for none. Ask whoever keeps the register of"
            " providers to correct it."
        ),
        Fault.TEAM_ONLY: (
            "{place} sends only to members of our team with the API key that is configured. Ask"
            " {keeper} for a live key, or to add this address to the guest list."
        ),
        Fault.TRIAL_MODE: (
            "{place} sends only to members of our team while our service is in trial mode. Ask"
            " {keeper} to request to go live."
        ),
        Fault.TEMPLATE_UNKNOWN: (
            "{place} knows no such template{what}, or it was deleted. Ask {keeper} for its id, and"
            " set it in the configuration."
        ),
        Fault.TEMPLATE_UNFIT: (
            "The template{what} in {place} is none for emails. Ask {keeper} for the id of an email"
            " template with the text of docs/notify.md, and set it in the configuration."
        ),
        Fault.WORDS_MISSING: (
            "The template{what} in {place} has a placeholder that we do not fill. Ask {keeper} to"
            " use the text of docs/notify.md, with no other placeholders than those."
        ),
        Fault.REFUSED: (
            "{place} refused an email and gave no reason that we know. Ask {keeper} what its API"
            " log says of it."
        ),
    }
)


def trouble(
    fault: Fault, place: NotifyPlace, *, what: str = "", soon: bool = True
) -> NotifyTrouble:
    """Return what a fault means to whoever runs a night; `what` is in words of our own."""
    said = SENTENCES[fault].format(
        place=place.described, keeper=place.keeper, what=f" {what}" if what else ""
    )
    return NotifyLater(said, fault, soon=soon) if fault in LATER else NotifyRefused(said, fault)


# The first that fits counts; an answer that breaks off is one of HTTP's errors too.
BY_CAUSE: tuple[tuple[type[BaseException], Fault], ...] = (
    (ssl.SSLEOFError, Fault.CUT_OFF),
    (ssl.SSLZeroReturnError, Fault.CUT_OFF),
    (ssl.SSLError, Fault.TLS_REFUSED),
    (TimeoutError, Fault.TIMED_OUT),
    (ConnectionResetError, Fault.CUT_OFF),
    (ConnectionAbortedError, Fault.CUT_OFF),
    (BrokenPipeError, Fault.CUT_OFF),
    (http.client.IncompleteRead, Fault.CUT_OFF),
    (http.client.HTTPException, Fault.NOT_NOTIFY),
    (zlib.error, Fault.NOT_NOTIFY),
)


def while_speaking(error: BaseException) -> Fault:
    """Say what an error means that came instead of an answer."""
    for cause in chain(error):
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            return Fault.ADDRESS_UNKNOWN
        for kind, fault in BY_CAUSE:
            if isinstance(cause, kind):
                return fault
    return Fault.UNREACHABLE


# What Notify says, as far as we know it. The first that is found in an error's kind or text counts.
BY_WORDS: tuple[tuple[re.Pattern[str], Fault], ...] = tuple(
    (re.compile(words, re.IGNORECASE), fault)
    for words, fault in (
        ("TooManyRequestsError|send limit", Fault.DAILY_LIMIT),
        ("RateLimitError|rate limit", Fault.BUSY),
        ("system clock", Fault.CLOCK_WRONG),
        ("AuthError|invalid token", Fault.KEY_REFUSED),
        ("team-only", Fault.TEAM_ONLY),
        ("trial mode", Fault.TRIAL_MODE),
        ("not allowed to send", Fault.EMAIL_OFF),
        ("Missing personalisation", Fault.WORDS_MISSING),
        ("email_address|email address|InvalidEmail|recipient", Fault.RECIPIENT_REFUSED),
        ("not suitable for", Fault.TEMPLATE_UNFIT),
        ("NoResultFound|template", Fault.TEMPLATE_UNKNOWN),
    )
)
BY_STATUS: Mapping[int, Fault] = MappingProxyType(
    {
        HTTPStatus.REQUEST_TIMEOUT: Fault.TIMED_OUT,
        HTTPStatus.GATEWAY_TIMEOUT: Fault.TIMED_OUT,
        HTTPStatus.TOO_EARLY: Fault.BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: Fault.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE: Fault.BUSY,
    }
)


def of_answer(status: int, said: str | None) -> Fault:
    """Say what an answer means; `said` are its errors in Notify's own form, None where it has none.

    What stands between Notify and us has statuses of its own, but not Notify's form.
    """
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and said is not None:
        for words, fault in BY_WORDS:
            if words.search(said):
                return fault
    if status in BY_STATUS:
        return BY_STATUS[status]
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Fault.REDIRECTED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault.SERVER_FAILED
    return Fault.NOT_NOTIFY if said is None else Fault.REFUSED
