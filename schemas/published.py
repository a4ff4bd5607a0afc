"""What stands at the Care Record, resource by resource, as the casebook keeps it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from schemas.vocabularies import Vocabulary


class Stand(Vocabulary):
    """How a resource that was published stands."""

    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn, as entered in error"
    DELETED = "deleted", "Deleted"


class Turn(Vocabulary):
    """What an export does to a resource."""

    ADDED = "added", "Sent for the first time"
    CHANGED = "changed", "Sent with other content"
    WITHDRAWN = "withdrawn", "Sent as entered in error"
    DELETED = "deleted", "Deleted"
    AGAIN = "again", "Sent again, because the receiver had refused it"


class Published(NamedTuple):
    """A resource that was published.

    `base_id` grows from its business key; `id` is the same until it is deleted, and whatever comes
    back after that is of the next `generation`. `about` is the patient's base id, `refers_to` lists
    Type/id. `turns_on` is the day on which its status changes by its dates alone. `content_hash` is
    that of what it says, without version and time.
    """

    id: str
    kind: str
    base_id: str
    generation: int
    local_authority: str | None
    about: str | None
    refers_to: tuple[str, ...]
    version: int
    content_hash: str
    stand: Stand
    changed_on: date
    turns_on: date | None
    refused: bool

    @property
    def reference(self) -> str:
        """How others refer to it."""
        return f"{self.kind}/{self.id}"


class Hidden(NamedTuple):
    """A patient of whom nothing may be seen, as a council has it, and why."""

    local_authority: str
    patient: str
    reason: str


class Change(NamedTuple):
    """A resource after an export, what was done to it, and its content as JSON, "" if deleted."""

    turn: Turn
    published: Published
    content: str
