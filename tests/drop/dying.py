"""Deaths and lost answers at any step of a delivery, and receivers that look on."""

import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from drop.delivered import Content, content

from connectors.drop.faults import Fault, trouble
from connectors.drop.in_folder import DropFolder, FolderShelf
from connectors.drop.shelf import Shelf
from connectors.retry import Retry
from schemas.delivery import MANIFEST

T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone."""


class How(StrEnum):
    """What becomes of the fatal step."""

    BEFORE = "before it"
    TORN = "in the middle of it"
    AFTER = "after it"
    REFUSED = "it fails"
    LOST = "its answer is lost"


KILLS = (How.BEFORE, How.TORN, How.AFTER)
FAULTS = (How.REFUSED, How.LOST)


class Receiver:
    """Takes an export away whose manifest is there, and sees that it is whole."""

    def __init__(self, folder: Path, *, at_once: bool, acknowledges: bool = False) -> None:
        self.folder, self.at_once, self.acknowledges = folder, at_once, acknowledges
        self.taken: list[Content] = []

    def look(self) -> None:
        for manifest in self.folder.glob(f"*/{MANIFEST}"):
            export = manifest.parent
            self.taken.append(content(export))
            if self.acknowledges:
                (self.folder / "acknowledgements" / f"{export.name}.json").write_bytes(b"{}")
            shutil.rmtree(export)

    def meanwhile(self) -> None:
        """Look while somebody delivers."""
        if self.at_once:
            self.look()


class Fate:
    """Counts steps; the one at number `at` comes to its end in its own way."""

    def __init__(self, receiver: Receiver, *, at: int = 0, how: How = How.BEFORE) -> None:
        self.receiver, self.at, self.how = receiver, at, how
        self.steps = 0
        self.published = 0

    @property
    def met(self) -> bool:
        """Whether the step was reached."""
        return 0 < self.at <= self.steps

    def act(self, act: Callable[[], T], torn: Callable[[], object] | None = None) -> T:
        self.steps += 1
        fatal = self.steps == self.at
        if fatal and self.how in (How.BEFORE, How.REFUSED):
            raise self.end()
        if fatal and self.how is How.TORN and torn is not None:
            torn()
            raise self.end()
        done = act()
        self.receiver.meanwhile()
        if fatal:
            raise self.end()
        return done

    def end(self) -> BaseException:
        if self.how in KILLS:
            return KilledError()
        return trouble(Fault.NOT_ANSWERING, self.place)

    place = DropFolder(name="the drop", path=Path("drop"))


class FatedShelf:
    """A shelf in a folder, every step of which is up to fate."""

    def __init__(self, shelf: FolderShelf, fate: Fate) -> None:
        self.shelf, self.fate = shelf, fate
        self.place = shelf.place

    def __getattr__(self, name: str) -> Any:
        step = getattr(self.shelf, name)
        return lambda *args, **kwargs: self.fate.act(lambda: step(*args, **kwargs))

    def write(self, path: str, written: bytes) -> None:
        half = written[: len(written) // 2]
        self.fate.act(
            lambda: self.shelf.write(path, written), torn=lambda: self.shelf.write(path, half)
        )

    def rename(self, path: str, *, to: str) -> None:
        def rename() -> None:
            self.shelf.rename(path, to=to)
            self.fate.published += to.endswith(f"/{MANIFEST}")

        self.fate.act(rename)


class FatedWay:
    """The way to such a shelf."""

    def __init__(self, place: DropFolder, fate: Fate, *, tries: int = 1) -> None:
        self.place, self.fate = place, fate
        self.retry = Retry(tries=tries, sleep=lambda _: None)

    def __call__(self, step: Callable[[Shelf], T]) -> T:
        return self.retry(lambda: step(FatedShelf(FolderShelf(self.place), self.fate)))

    def __enter__(self) -> "FatedWay":
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""
