"""Exports to deliver, a journal that remembers, and a look at what lies in a drop."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from connectors.drop.faults import DropLater, DropRefused
from connectors.drop.shelf import Shelf
from connectors.sftp.faults import SftpLater, SftpRefused
from schemas.delivery import MANIFEST, Export, ExportFile, Refusal

T = TypeVar("T")
NAME = "2026-11-20T061500Z"
FILES = {
    "Patient.ndjson": b"one\n",
    "Task.ndjson": b"",
    "E06000016/summary.json": b"{}",
    MANIFEST: b'{"output":[]}',
}
Content = Mapping[str, bytes]


def export_of(files: Content = FILES, *, name: str = NAME) -> Export:
    """Return an export of these files, in their order."""
    listed = tuple(
        ExportFile(name=it, size_bytes=len(held), sha256=hashlib.sha256(held).hexdigest())
        for it, held in files.items()
    )
    return Export(name=name, files=listed, read=lambda it: files[it])


def large(size: int) -> Content:
    """Return files of which one is large, and no part of it like another."""
    return {**FILES, "Patient.ndjson": os.urandom(size), MANIFEST: FILES[MANIFEST]}


class Notes:
    """A journal in memory; `act` is how a note is made, so that somebody can die of it."""

    def __init__(self, act: Callable[[Callable[[], None]], None] = lambda note: note()) -> None:
        self.steps: list[str] = []
        self.act = act

    def noted(self, step: str) -> bool:
        return step in self.steps

    def note(
        self,
        step: str,
        *,
        versions: Mapping[str, str | None] | None = None,
        refused: Sequence[Refusal] = (),
        accepted: int = 0,
    ) -> None:
        assert step not in self.steps
        self.act(lambda: self.steps.append(step))

    def versions(self, references: Sequence[str]) -> Mapping[str, str]:
        return {}


class NoWay:
    """A way that nobody may go."""

    place = None

    def __call__(self, step: Callable[[Shelf], T]) -> T:
        pytest.fail("nobody was to be asked")

    def __enter__(self) -> "NoWay":
        pytest.fail("nobody was to be reached")

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


def content(folder: Path) -> Content:
    """Return what lies in a folder, hidden things too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fault_of(step: Callable[[], object]) -> str:
    """Return what a step ends with; nothing of a server or a disk may be in its chain."""
    troubles = DropLater, DropRefused, SftpLater, SftpRefused
    with pytest.raises(troubles) as caught:
        step()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, troubles)
    assert "Margaret" not in str(caught.value)
    assert "the drop" in str(caught.value).lower()
    return str(caught.value.fault)
