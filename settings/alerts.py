"""Whom to alert when a night is not as it should be, and how."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, SecretStr, model_validator

from connectors.alerts.place import ADDRESS, HookPlace, MailPlace, Tls
from schemas.errors import WrongUsage
from settings.strict import Strict, Text

TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def wall_time(text: str) -> str:
    """Return a time of day, or raise `ValueError`."""
    if not TIME.fullmatch(text):
        raise ValueError("it must be a time of day in quotation marks, such as 06:00")
    return text


def mail_address(text: str) -> str:
    """Return an email address, or raise `ValueError`."""
    if not ADDRESS.fullmatch(text):
        raise ValueError("it must be an email address, and nothing else")
    return text


class AlertEmail(Strict):
    """The mail server by which alerts go, and to whom; the password is a secret.

    `tls` is starttls, tls, or none within this machine. Without a `port` it is the usual one.
    """

    host: Text | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    username: Text | None = None
    password: SecretStr | None = None
    sender: Annotated[str, AfterValidator(mail_address)] | None = None
    recipients: tuple[Annotated[str, AfterValidator(mail_address)], ...] = ()
    timeout_seconds: PositiveFloat = 15.0

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Return the settings, or raise `ValueError` where they are not whole or not safe.

        A password alone is one of a site that this command is not told of.
        """
        parts = (self.host, self.sender, self.recipients)
        if (any(parts) or self.username) and not all(parts):
            raise ValueError("host, sender and recipients belong together: set all three, or none")
        wrong = ""
        try:
            self.place()
        except WrongUsage as error:
            wrong = str(error)
        if wrong:
            raise ValueError(wrong)
        return self

    def place(self) -> MailPlace | None:
        """Return the mail server as its connector knows it, None where there is none."""
        if self.host is None or self.sender is None:
            return None
        return MailPlace(
            host=self.host,
            port=self.port,
            tls=Tls(self.tls),
            ca_file=self.ca_file,
            username=self.username,
            password=self.password.get_secret_value() if self.password else None,
            sender=self.sender,
            timeout_seconds=self.timeout_seconds,
        )


class Webhook(Strict):
    """A webhook that is told of alerts; its token is a secret, and its address can be one."""

    url: SecretStr | None = None
    token: SecretStr | None = None
    ca_file: Path | None = None
    timeout_seconds: PositiveFloat = 15.0

    @model_validator(mode="after")
    def is_safe(self) -> Self:
        """Return the settings, or raise `ValueError` where anybody could listen."""
        wrong = ""
        try:
            self.place()
        except WrongUsage as error:
            wrong = str(error)
        if wrong:
            raise ValueError(wrong)
        return self

    def place(self) -> HookPlace | None:
        """Return the webhook as its connector knows it, None where there is none."""
        if self.url is None:
            return None
        return HookPlace(
            url=self.url.get_secret_value(),
            token=self.token.get_secret_value() if self.token else None,
            ca_file=self.ca_file,
            timeout_seconds=self.timeout_seconds,
        )


class Alerts(Strict):
    """Who is alerted. A night that is not on record by `late_after`, London time, is late."""

    late_after: Annotated[str, AfterValidator(wall_time)] = "06:00"
    email: AlertEmail = AlertEmail()
    webhook: Webhook = Webhook()

    def seen_from(self, home: Path) -> Self:
        """Return the settings with relative paths taken from a folder."""
        email, webhook = (
            each.model_copy(update={"ca_file": home / each.ca_file}) if each.ca_file else each
            for each in (self.email, self.webhook)
        )
        return self.model_copy(update={"email": email, "webhook": webhook})
