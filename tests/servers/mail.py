"""A mail server on loopback: STARTTLS or TLS, logins, and whatever it is told to refuse."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from servers.certificate import HOST, Certificate

USER, PASSWORD = "cpli", "correct-horse-battery"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that was taken, by whom it was sent and to whom."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    protected: bool

    @property
    def text(self) -> str:
        """What it says, as people read it."""
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass(kw_only=True)
class MailServer:
    """What a server takes, and what it says instead: an answer for each command it refuses.

    `says` may hold `MAIL`, `DATA`, `EHLO`, or a recipient's address.
    """

    says: dict[str, str] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    tries: int = 0
    login_says: AuthResult | None = None
    port: int = 0

    async def begin(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if "MAIL" in self.says:
            return self.says["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def address(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.says:
            return self.says[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def take(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.says.get("DATA"):
            return self.says["DATA"]
        self.mails.append(
            Mail(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                message=message_from_bytes(envelope.content or b"", policy=policy.default),
                protected=_is_protected(server),
            )
        )
        if "DATA" in self.says:  # it hangs up with the mail in its hands
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"

    def login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        """Let us in, and nobody else."""
        if self.login_says is not None:
            return self.login_says
        known = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=given == known, handled=False)


def _is_protected(server: SMTP) -> bool:
    return server.transport is not None and bool(server.transport.get_extra_info("ssl_object"))


class OnAnyPort(Controller):
    """A controller that makes its first call where the server has come to listen."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    certificate: Certificate | None = None, *, starttls: bool = True, logins: bool = True
) -> Iterator[MailServer]:
    """Run a mail server in a thread; with a certificate it protects the connection."""
    held = MailServer()
    for command, answer in {"MAIL": held.begin, "RCPT": held.address, "DATA": held.take}.items():
        setattr(held, f"handle_{command}", answer)  # as aiosmtpd calls them
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
    controller = OnAnyPort(
        held,
        hostname=HOST,
        port=0,
        authenticator=held.login,
        auth_exclude_mechanism=() if logins else ("LOGIN", "PLAIN"),
        auth_required=logins and starttls and certificate is not None,
        auth_require_tls=context is not None and starttls,
        tls_context=context if starttls else None,
        require_starttls=context is not None and starttls,
        ssl_context=None if starttls else context,
    )
    controller.start()
    held.port = controller.port
    try:
        yield held
    finally:
        controller.stop()
