"""How providers are told what does not match: how often, where it lies, and who is written to."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveFloat, SecretStr, model_validator

from schemas.vocabularies import NoticeFrequency
from settings.strict import Name, Strict, Text

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
NOTIFY = "https://api.notifications.service.gov.uk"
OF_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def known_frequency(code: str) -> str:
    """Return how often notices come, or raise `ValueError`."""
    if code not in NoticeFrequency.codes():
        raise ValueError(f"it must be one of {', '.join(NoticeFrequency.codes())}")
    return code


def safe_address(url: str) -> str:
    """Return GOV.UK Notify's address, or raise `ValueError` where anybody could listen."""
    parts = urlsplit(url)
    private = parts.scheme == "https" or parts.hostname in OF_THIS_MACHINE
    if not parts.hostname or not private or parts.username or parts.query:
        raise ValueError("it must be https://HOST, without a user, a password or a query")
    return url


class Email(Strict):
    """GOV.UK Notify: the key is a secret, the templates are those that docs/notify.md gives."""

    api_key: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(safe_address)] = NOTIFY
    template_waiting: Text | None = None
    template_nothing_to_do: Text | None = None
    timeout_seconds: PositiveFloat = 30.0

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Return the settings, or raise `ValueError` where only a part of them is there."""
        parts = (self.api_key, self.template_waiting, self.template_nothing_to_do)
        if any(parts) and not all(parts):
            raise ValueError(
                "api_key (a secret), template_waiting and template_nothing_to_do belong together:"
                " set all three, or none"
            )
        return self


class Notices(Strict):
    """What providers get; without a `place` notices stay in the night's folder.

    What the register says of a provider comes before `frequency` and `place`. `reply_days` are the
    working days that a provider has; `where` says in words where notices lie, `contact` whom to ask
    of what is no council's.
    """

    frequency: Annotated[str, AfterValidator(known_frequency)] = NoticeFrequency.WEEKLY.value
    weekly_on: Weekday = "monday"
    place: Name | None = None
    where: Text | None = None
    reply_days: int = Field(default=5, ge=1, le=60)
    contact: Text | None = None
    email: Email = Email()
