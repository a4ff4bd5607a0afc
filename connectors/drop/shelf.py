"""What a drop can do, whichever way it is reached. Paths are ours, below the drop's folder."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from connectors.drop.faults import Place

T = TypeVar("T")


class Shelf(Protocol):
    """A folder that takes files. All methods raise TryAgainLater or PersonNeeded."""

    @property
    def place(self) -> Place:
        """Where it is."""

    def insist(self) -> None:
        """Raise where the drop's own folder is not there."""

    def has_folder(self, path: str) -> bool:
        """Say whether there is such a folder."""

    def is_folder(self, path: str) -> bool | None:
        """Say whether what has this name is a folder itself, and no link; None without any."""

    def size(self, path: str) -> int | None:
        """Return how many bytes a plain file has, None where there is none."""

    def sha256(self, path: str, *, size_bytes: int) -> str:
        """Read so many bytes of a file and return their hash."""

    def read(self, path: str, *, size_bytes: int) -> bytes:
        """Return so many bytes of a file."""

    def make_folder(self, path: str) -> None:
        """Make a folder whose parent is there; one that is there already stays as it is."""

    def write(self, path: str, content: bytes) -> None:
        """Write a new file, in the place of an earlier one."""

    def rename(self, path: str, *, to: str) -> None:
        """Rename a file in one step to a name that is free."""

    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder, if there is one."""


class Reach(Protocol):
    """A way to a shelf: does steps there, and again from their beginning after what can pass."""

    @property
    def place(self) -> Place:
        """Where the shelf is."""

    def __call__(self, step: Callable[[Shelf], T]) -> T:
        """Do a step, which must pick up what an earlier try of it left."""

    def __enter__(self) -> Self:
        """Begin; nothing is reached yet."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
