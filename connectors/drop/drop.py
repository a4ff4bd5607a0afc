"""A drop as a receiver of exports: each is delivered once, however often a process dies."""

from __future__ import annotations

from functools import partial

from connectors.drop.answers import refused, understood
from connectors.drop.in_folder import DropFolder, InFolder
from connectors.drop.laying import (
    acknowledgement_of,
    has_arrived,
    insist_on_plain_files,
    insist_on_plain_name,
    insist_on_the_same,
    make_folders,
    publish,
    put,
    send,
)
from connectors.drop.over_sftp import OverSftp
from connectors.drop.shelf import Reach, Shelf
from connectors.retry import Retry
from connectors.sftp.place import SftpPlace
from schemas.delivery import Acknowledgement, Export, Journal, Receiver

AT_MANIFEST, DELIVERED = "manifest", "delivered"
"""The steps that are noted: the manifest may have been renamed; nothing is left to do."""

MOST_BYTES = 50_000_000


class Drop(Receiver):
    """Lays exports into a folder that its receiver empties.

    Where it is `known` from an earlier delivery, its folder of acknowledgements must be there. An
    acknowledgement of more than `most_bytes` is refused. Raises TryAgainLater or PersonNeeded.
    """

    def __init__(self, reach: Reach, *, known: bool = False, most_bytes: int = MOST_BYTES) -> None:
        self.reach = reach
        self.known = known
        self.most_bytes = most_bytes

    @classmethod
    def at(
        cls, place: SftpPlace | DropFolder, *, known: bool = False, retry: Retry | None = None
    ) -> Drop:
        """Return the drop at a place."""
        return cls(way_to(place, retry=retry), known=known)

    def deliver(self, export: Export, journal: Journal) -> None:
        """Deliver an export, or what is missing of it; once done, another call changes nothing."""
        insist_on_plain_files(export)
        if journal.noted(DELIVERED):
            return
        at_manifest = journal.noted(AT_MANIFEST)
        with self.reach as reach:
            reach(lambda shelf: shelf.insist())
            if self.known:
                reach(partial(insist_on_the_same, export=export))
            if not reach(partial(has_arrived, export=export, at_manifest=at_manifest)):
                self._lay(export)
                if not at_manifest:
                    journal.note(AT_MANIFEST)
                reach(partial(publish, export=export))
        journal.note(DELIVERED)

    def acknowledgement(self, export: str) -> Acknowledgement | None:
        """Return what the receiver said of an export, None where it has not yet.

        Raises SourceRefused where it cannot be understood. The file stays.
        """
        insist_on_plain_name(export)
        file = acknowledgement_of(export)
        with self.reach as reach:
            content = reach(partial(self._read, file=file))
        if content is None:
            return None
        return understood(content, export=export, file=file, place=self.reach.place)

    def _lay(self, export: Export) -> None:
        """Put all files in their places, and the manifest beside its own."""
        self.reach(partial(make_folders, export=export))
        for file in export.files[:-1]:
            self.reach(partial(put, folder=export.name, file=file, read=export.read))
        self.reach(partial(send, folder=export.name, file=export.files[-1], read=export.read))

    def _read(self, shelf: Shelf, *, file: str) -> bytes | None:
        shelf.insist()
        size_bytes = shelf.size(file)
        if size_bytes is None:
            return None
        if size_bytes > self.most_bytes:
            raise refused(file, shelf.place, wrong=f"is larger than {self.most_bytes:,} bytes")
        return shelf.read(file, size_bytes=size_bytes)


def way_to(place: SftpPlace | DropFolder, *, retry: Retry | None = None) -> Reach:
    """Return the way to a place."""
    if isinstance(place, SftpPlace):
        return OverSftp(place, retry=retry)
    return InFolder(place, retry=retry)
