"""Sends alerts by email, each with an id of its own, which stays the same if it must go again."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TypeVar

from connectors.alerts.faults import AlertTrouble, Fault, passes, trouble, while_speaking
from connectors.alerts.place import MailPlace, Tls
from connectors.alerts.telling import RAISED, Telling
from connectors.retry import Retry

T = TypeVar("T")
SERVICE_CLOSING = 421


class Mailbox:
    """Sends mail by one mail server, which must protect the connection, or be on this machine."""

    def __init__(self, place: MailPlace, *, retry: Retry | None = None) -> None:
        self.place = place
        self._retry = retry or Retry()

    def send(
        self, telling: Telling, recipients: Sequence[str], *, to: Sequence[str], now: datetime
    ) -> Mapping[str, AlertTrouble]:
        """Send a message to some recipients, and return those whom the server does not take.

        `to` are all whom it names. Raises AlertLater or AlertRefused where none can be sent; the
        server may have taken it even so, and knows it by its id if it comes again.
        """
        content = _message(telling, sender=self.place.sender, to=to, now=now).as_bytes()
        codes = self._retry(lambda: self._once(content, recipients))
        faults = {
            each: Fault.RECIPIENT_LATER if passes(code) else Fault.RECIPIENT_REFUSED
            for each, code in codes.items()
        }
        return {each: trouble(fault, self.place) for each, fault in faults.items()}

    def check(self) -> None:
        """Connect and log in, and send nothing. Raises AlertLater or AlertRefused."""
        self._speak(lambda server: server.noop())

    def _once(self, content: bytes, recipients: Sequence[str]) -> Mapping[str, int]:
        """Send it once; return the recipients that were refused, with the codes."""
        refused = self._speak(
            lambda server: _hand_over(server, self.place.sender, recipients, content)
        )
        if SERVICE_CLOSING in refused.values():
            raise trouble(Fault.BUSY, self.place)
        return refused

    def _speak(self, step: Callable[[smtplib.SMTP], T]) -> T:
        """Do a step with the server; what it did is done, however the server says goodbye."""
        context = self._trusted()
        try:
            with closing(self._connect(context)) as server:
                self._log_in(server, context)
                done = step(server)
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
                return done
        except (smtplib.SMTPException, OSError) as error:
            fault = while_speaking(error)
        raise trouble(fault, self.place)

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        host, port = self.place.address
        if self.place.tls is Tls.TLS:
            return smtplib.SMTP_SSL(host, port, timeout=self.place.timeout_seconds, context=context)
        return smtplib.SMTP(host, port, timeout=self.place.timeout_seconds)

    def _log_in(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if self.place.tls is Tls.STARTTLS:
            server.ehlo_or_helo_if_needed()
            if not server.has_extn("starttls"):
                raise trouble(Fault.TLS_REFUSED, self.place)
            server.starttls(context=context)
        if self.place.username is not None and self.place.password is not None:
            server.login(self.place.username, self.place.password)

    def _trusted(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.place.ca_file)
        except OSError:  # a file without certificates is one too
            pass
        raise trouble(Fault.CA_UNREADABLE, self.place)


def _hand_over(
    server: smtplib.SMTP, sender: str, recipients: Sequence[str], content: bytes
) -> Mapping[str, int]:
    """Hand a mail over; return the recipients that were refused, with the codes."""
    try:
        refused = server.sendmail(sender, [*recipients], content)
    except smtplib.SMTPRecipientsRefused as none_taken:
        refused = none_taken.recipients
    return {each: code for each, (code, _said) in refused.items()}


def _message(telling: Telling, *, sender: str, to: Sequence[str], now: datetime) -> EmailMessage:
    """Return the mail; that something is over answers what said that it had begun."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = telling.title
    message["Date"] = format_datetime(now)
    domain = sender.rpartition("@")[2]
    message["Message-ID"] = f"<{telling.id}@{domain}>"
    if telling.event != RAISED:
        begun = f"<{telling.reference}.{RAISED}@{domain}>"
        message["In-Reply-To"] = begun
        message["References"] = begun
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to us
    message.set_content(f"{telling.text}\n", cte="quoted-printable")
    return message
