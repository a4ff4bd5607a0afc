"""What can be wrong with a drop, in plain sentences; what SFTP adds is in `connectors.sftp.faults`.

Names of exports and of their files are ours and say nothing of a person, so they are repeated.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from schemas.errors import PersonNeeded, TryAgainLater


class Fault(StrEnum):
    """What went wrong, as a short code."""

    NO_FOLDER = "drop_no_folder"
    NOT_ALLOWED = "drop_not_allowed"
    FULL = "drop_full"
    NOT_ANSWERING = "drop_not_answering"
    GONE = "drop_gone"
    WRITTEN_DIFFERS = "drop_written_differs"
    ANOTHER_MANIFEST = "drop_another_manifest"
    BEING_TAKEN = "drop_being_taken"
    NOT_THE_SAME = "drop_not_the_same"
    IN_THE_WAY = "drop_in_the_way"
    EXPORT_CHANGED = "export_changed"


PASSING = frozenset({Fault.NOT_ANSWERING})
"""What a second try may cure."""

LATER = PASSING | {Fault.GONE, Fault.WRITTEN_DIFFERS, Fault.BEING_TAKEN}
"""What may be over when the next run comes."""


class DropLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run tries again."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = fault in PASSING


class DropRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


DropTrouble = DropLater | DropRefused

# {place} and {keeper} are the configuration's words, {what} is a file or an export of ours.
SENTENCES = MappingProxyType(
    {
        Fault.NO_FOLDER: (
            "{place} has no such folder as the configuration names. Correct the folder, mount its"
            " share, or ask {keeper} to make it."
        ),
        Fault.NOT_ALLOWED: (
            "{place} does not let our account at {what}: the right to it is missing, or the disk is"
            " read-only. Ask {keeper} for the right to read and write there."
        ),
        Fault.FULL: (
            "There is no room for {what} in {place}. Ask {keeper} to make some; what had come of it"
            " was removed."
        ),
        Fault.NOT_ANSWERING: (
            "{place} could not do what we asked of it for {what}: its disk or network share does"
            " not answer. The next run tries again; if this lasts, ask {keeper}."
        ),
        Fault.GONE: ("{what} was in {place} and is gone. The next run looks again."),
        Fault.WRITTEN_DIFFERS: (
            "{what} read back from {place} was not what we had written, so it was not delivered."
            " Ask {keeper} whether there is room, and whether something there changes files; the"
            " next run tries again."
        ),
        Fault.ANOTHER_MANIFEST: (
            "{place} holds a manifest for {what} that is not ours, so nothing was changed there."
            " Ask {keeper} who else delivers there, and to take that export away."
        ),
        Fault.BEING_TAKEN: (
            "{what} was delivered to {place} as it seems, and some of its files are gone: its"
            " receiver is taking it. The next run looks again; if this lasts, ask {keeper} to take"
            " the rest, or to acknowledge it."
        ),
        Fault.NOT_THE_SAME: (
            "{place} has no folder acknowledgements, which we made at the first delivery, so"
            " {what} is held back: this may be another folder than before, such as one whose share"
            " is not mounted. Bring the share back; or if it is the same folder, ask {keeper} to"
            " make acknowledgements again."
        ),
        Fault.IN_THE_WAY: (
            "Something else has the name {what} in {place}: a file or a link where our folder"
            " should be, or a folder where our file should be. It was left alone. Ask {keeper} to"
            " take it away."
        ),
        Fault.EXPORT_CHANGED: (
            "{what} is no longer what it was when the export was made, so it was not delivered to"
            " {place}. Whoever runs cpli should find out what changed its files, and put them back."
        ),
    }
)


class Place(Protocol):
    """What messages need to know of a drop."""

    @property
    def described(self) -> str:
        """What messages call it."""

    @property
    def keeper(self) -> str:
        """Whom a message asks to mend it."""


def trouble(fault: Fault, place: Place, *, what: str = "its folder") -> DropTrouble:
    """Return what a fault means to whoever runs a night."""
    said = SENTENCES[fault].format(place=place.described, keeper=place.keeper, what=what)
    family = DropLater if fault in LATER else DropRefused
    return family(said[0].upper() + said[1:], fault)
