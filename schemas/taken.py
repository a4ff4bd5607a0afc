"""What is remembered of a file that was taken from a place where it may lie for long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """A file that came whole; `modified_at` is the source's, in whole seconds since 1970.

    `file` is its name there, and may be a person's: it is for the ledger alone.
    """

    place: str
    file: str
    size_bytes: int
    modified_at: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TakenFile(ReceivedFile):
    """A file in the ledger: its versions count from 1, `taken_at` is UTC."""

    version: int
    taken_at: datetime


class Standing(StrEnum):
    """What a file that came is to the ledger, by its content."""

    NEW = "new"
    NEW_VERSION = "new_version"
    TAKEN_BEFORE = "taken_before"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the ledger says of a file that came.

    `copies` are other names of the place under which the same content was taken before.
    """

    standing: Standing
    version: int
    copies: tuple[str, ...] = ()
