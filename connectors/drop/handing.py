"""Notices laid into providers' folders: each file whole and once, and nobody else's touched."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Self

from connectors.drop.drop import way_to
from connectors.drop.faults import Fault, trouble
from connectors.drop.in_folder import DropFolder
from connectors.drop.laying import PLAIN, PLAIN_PATH, insist_on_plain, put
from connectors.drop.shelf import Reach, Shelf
from connectors.retry import Retry
from connectors.sftp.place import SftpPlace
from schemas.delivery import ExportFile
from schemas.errors import ContractBreach


class Hand:
    """Lays files into folders of a place, over one connection for as long as it is entered.

    What keeps it from one folder keeps it from no other. A repeat changes nothing.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    @classmethod
    def at(cls, place: SftpPlace | DropFolder, *, retry: Retry | None = None) -> Hand:
        """Return the hand that lays at a place."""
        return cls(way_to(place, retry=retry))

    def __enter__(self) -> Self:
        self.reach.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reach.__exit__(kind, error, trace)

    def insist(self) -> None:
        """Raise where the place cannot be reached at all, whichever folder is meant."""
        self.reach(lambda shelf: shelf.insist())

    def lay(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Lay files into a folder of one or two parts, such as P0001/2026-11-20, and make it.

        Files that lie there whole stay, and so do others' files. Raises TryAgainLater or
        PersonNeeded, and ContractBreach for names that are not plain.
        """
        if not PLAIN_PATH.fullmatch(folder):
            raise ContractBreach("notice: its folder has no plain name")
        insist_on_plain(list(files), like=PLAIN, of="notice")
        self.insist()
        self.reach(partial(_make_folders, folder=folder))
        for name, content in files.items():
            file = ExportFile(
                name=name, size_bytes=len(content), sha256=sha256(content).hexdigest()
            )
            self.reach(partial(_put, folder=folder, file=file, content=content))


def _make_folders(shelf: Shelf, *, folder: str) -> None:
    """Make the folders that are missing.

    A provider may write in its own folder, so a link there is not followed: it could lead to
    another's.
    """
    parent = folder.partition("/")[0]
    for path in dict.fromkeys((parent, folder)):
        if shelf.is_folder(path) is False:
            raise trouble(Fault.IN_THE_WAY, shelf.place, what=path)
        shelf.make_folder(path)


def _put(shelf: Shelf, *, folder: str, file: ExportFile, content: bytes) -> None:
    path = f"{folder}/{file.name}"
    if shelf.is_folder(path):
        raise trouble(Fault.IN_THE_WAY, shelf.place, what=path)
    put(shelf, folder=folder, file=file, read=lambda _: content)
