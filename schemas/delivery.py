"""What is handed to the Care Record and what it answers, for all rooms above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

MANIFEST = "manifest.json"
"""The file of an export that says that the others are complete: it comes last."""

DELETED = "deleted.ndjson"
"""The file of an export with what must vanish."""

KINDS = ("Organization", "Patient", "EpisodeOfCare", "Task")
"""The types of resources in an export, each after what it refers to."""


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """A file of an export: its path below the export's folder, its size in bytes and its hash."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Export:
    """A night's export; `files` are in the order of delivery and `MANIFEST` is the last of them.

    `name` is the folder's: the time of the export, such as 2026-11-20T061500Z. `read` returns the
    content of one of the files.
    """

    name: str
    files: tuple[ExportFile, ...]
    read: Callable[[str], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A resource that the receiver refused.

    `reference` is Type/id, `code` an issue type of FHIR (`invalid`, `conflict`, ...). `text` is
    the receiver's own and may name a person: it is kept and shown only to those who may see that.
    """

    reference: str
    code: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """What the receiver says of an export: how many resources it took, and which it refused."""

    export: str
    accepted: int
    refused: tuple[Refusal, ...] = ()


class Journal(Protocol):
    """What has been done for one export, kept in the casebook. What is noted outlives a kill."""

    def noted(self, step: str) -> bool:
        """Say whether a step was noted."""

    def note(
        self,
        step: str,
        *,
        versions: Mapping[str, str | None] | None = None,
        refused: Sequence[Refusal] = (),
        accepted: int = 0,
    ) -> None:
        """Note a step, and with it what the receiver said, all or nothing.

        `versions` are the receiver's own (`ETag`) by reference, None of what it holds no more.
        """

    def versions(self, references: Sequence[str]) -> Mapping[str, str]:
        """Return the receiver's versions of those that it is known to hold."""


class Receiver(Protocol):
    """Where exports go. All methods raise TryAgainLater or PersonNeeded, and quote nobody."""

    def deliver(self, export: Export, journal: Journal) -> None:
        """Deliver an export, or what is missing of it; once done, another call changes nothing."""

    def acknowledgement(self, export: str) -> Acknowledgement | None:
        """Return what the receiver said of an export in a file, None where it has not yet."""
