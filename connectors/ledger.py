"""What remembers which files were taken; the product's database keeps it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from schemas.taken import Receipt, ReceivedFile, TakenFile


class Ledger(Protocol):
    """A memory of files by content. Both methods may raise TryAgainLater or PersonNeeded."""

    def latest(self, place: str, file: str) -> TakenFile | None:
        """Return the version of a file that was taken last."""

    def take(self, received: ReceivedFile, *, at: datetime) -> Receipt:
        """Remember a file, once for each change of its content, and say what it is."""
