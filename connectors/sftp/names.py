"""Which of the names that a server lists are plain file names, and which files are wanted."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from connectors.sftp.place import SftpPlace
from connectors.sftp.session import Facts

MOST_NAME_BYTES = 200
COMPANION = ".sha256"
"""What follows a file's name in the name of the file beside it that holds its SHA-256."""

UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload")


class LeftBecause(StrEnum):
    """Why something in a folder is left where it is."""

    NAME = "name"
    NOT_A_FILE = "not_a_file"
    BEING_WRITTEN = "being_written"
    NOT_WANTED = "not_wanted"
    TOO_LARGE = "too_large"


def why_left(name: str, facts: Facts | None, place: SftpPlace) -> LeftBecause | None:
    """Return why something is not to be taken, or None where it is."""
    if not is_plain(name):
        return LeftBecause.NAME
    if facts is None or not facts.is_file:
        return LeftBecause.NOT_A_FILE
    if name.lower().endswith(UNFINISHED):
        return LeftBecause.BEING_WRITTEN
    if place.wanted and not re.fullmatch(place.wanted, name):
        return LeftBecause.NOT_WANTED
    return LeftBecause.TOO_LARGE if facts.size_bytes > place.most_bytes else None


def is_plain(name: str) -> bool:
    """Say whether a name can do no harm: no path, nothing hidden, nothing that does not print.

    Spaces are allowed inside. Characters that turn the direction of writing are not.
    """
    return (
        name == name.strip()
        and not name.startswith(".")
        and not {"/", "\\"} & set(name)
        and 0 < len(name.encode(errors="replace")) <= MOST_NAME_BYTES
        and not any(_does_not_print(character) for character in name)
    )


def is_companion(name: str) -> bool:
    """Say whether a file holds another one's SHA-256."""
    return name.lower().endswith(COMPANION)


def _does_not_print(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind.startswith("C") or kind in {"Zl", "Zp"}
