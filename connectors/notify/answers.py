"""What we read of Notify's answers; what else is in them is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Word = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=32)]
"""A word of a closed set that may grow: a status or a kind of template."""

EMAIL = "email"


class Answer(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Notification(Answer):
    """An email or another message that Notify knows."""

    id: UUID
    reference: str | None = None
    type: Word
    status: Word


class Links(Answer):
    """Where there may be more."""

    next: str | None = None


class Page(Answer):
    """Some of the notifications that Notify knows, the newest first."""

    notifications: list[Notification]
    links: Links = Links()


class Taken(Answer):
    """What Notify says of an email that it has just taken."""

    id: UUID


class Template(Answer):
    """A template, and what must be given to fill it."""

    id: UUID
    type: Word
    personalisation: dict[str, Any] = Field(default_factory=dict)

    def placeholders(self) -> Iterator[str]:
        """Yield the placeholders as Notify compares them: it minds no capitals and no spaces."""
        return (re.sub(r"[\s_-]", "", name).casefold() for name in self.personalisation)


class Templates(Answer):
    """All templates of our service but those that were deleted."""

    templates: list[Template]


class Complaint(Answer):
    """One of the reasons why Notify refused something."""

    error: str
    message: str


class Refusal(Answer):
    """Why Notify refused something."""

    errors: list[Complaint]


def said_in(content: bytes) -> str | None:
    """Return the errors in a refusal, None where it is none of Notify's. Never repeat them."""
    try:
        refusal = Refusal.model_validate_json(content)
    except ValidationError:
        return None
    return "\n".join(f"{each.error}: {each.message}" for each in refusal.errors)
