"""What is said in an alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

RAISED, RECOVERED = "raised", "recovered"


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A message about an event; nothing of a person is in it.

    `event` is raised or recovered, `at` (UTC) when it was. `reference` is the event's own, and with
    `event` the id of the message. `title` is one line, `text` are paragraphs.
    """

    reference: str
    event: str
    kind: str
    owner: str
    night: date
    at: datetime
    title: str
    text: str

    @property
    def id(self) -> str:
        """The message's id, by which it is known again if it comes twice."""
        return f"{self.reference}.{self.event}"
