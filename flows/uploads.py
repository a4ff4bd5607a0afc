"""Takes a provider's list that came over the web: looks at it at once, and keeps it for the night.

What a night could not use is not kept, so that an earlier list still counts; its receipt is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pandas as pd

from casebook.store import Casebook
from casebook.uploads import NewUpload, NotTaken, SentAlready, Upload
from casebook.working_days import london
from connectors.folder import CASELOADS
from connectors.intake.habits import Habits
from connectors.intake.sheets import ZIP
from connectors.intake.understanding import NO_HABITS
from connectors.patterns import FilePattern
from connectors.tabular import UNREADABLE
from flows.origin import habits_of
from flows.receipts import Looked, look_at
from publishing.csv_text import csv_text
from publishing.folder import put_file
from reconciliation import Tolerances
from schemas.errors import PersonNeeded, TryAgainLater
from schemas.raw import FileFacts, RawTable
from schemas.tables import CASELOAD
from settings.settings import Settings
from settings.sources import FolderPlace

CANONICAL_NAMES = FilePattern("{provider_id}_{date}.*")


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """Where lists that come over the web are kept: in `folder`, by names of `pattern`.

    `root` must be there already: a share that is not mounted is no folder to make. With `habits`
    caseloads are read as providers write them; without, they are canonical.
    """

    root: Path
    folder: Path
    pattern: FilePattern
    habits: Habits | None
    tolerances: Tolerances


def inbox_of(settings: Settings) -> Inbox | None:
    """Return where lists go that come over the web, or None where that is not set up."""
    place = settings.places.get(settings.worklist.upload_place or "")
    if settings.caseloads is not None and isinstance(place, FolderPlace):
        caseloads = settings.caseloads
        return Inbox(
            root=place.path,
            folder=place.path,
            pattern=FilePattern(caseloads.file),
            habits=None if caseloads.canonical else habits_of(caseloads),
            tolerances=settings.tolerances,
        )
    if settings.sources is not None and not settings.configured:
        return Inbox(
            root=settings.sources,
            folder=settings.sources / CASELOADS,
            pattern=CANONICAL_NAMES,
            habits=None,
            tolerances=settings.tolerances,
        )
    return None


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Takes lists into an inbox, each with its place on record."""

    casebook: Casebook
    inbox: Inbox

    def take(
        self, content: bytes, *, provider_id: str, caseload_date: date, who: str, instead: bool
    ) -> Upload:
        """Look at a list, keep it if a night can use it, and return what is on record of it.

        The list that was sent last, sent again, is not taken twice. Raises `NotTaken` where no
        night would look at a list of this date, and `SentAlready` where another one of it is there,
        unless this one is to count `instead`.
        """
        self._insist_on_date(caseload_date)
        digest = sha256(content).hexdigest()
        if again := self._sent_last(provider_id, caseload_date, digest):
            return again
        ending = ".xlsx" if content.startswith(ZIP) else ".csv"
        looked = look_at(
            content,
            FileFacts(
                file=f"list{ending}",
                size_bytes=len(content),
                sha256=digest,
                received_at=self.casebook.clock(),
            ),
            provider_id=provider_id,
            caseload_date=caseload_date,
            habits=self.inbox.habits or NO_HABITS,
        )
        kept = self._as_kept(content, ending, looked)
        name = self._name(provider_id, caseload_date, kept.ending) if kept else None
        new = NewUpload(
            provider_id=provider_id,
            caseload_date=caseload_date,
            name=name,
            sha256=digest,
            who=who,
            rows=looked.receipt.taken,
            refused=looked.receipt.refused_rows,
            receipt=looked.receipt.text(),
        )
        return self.casebook.uploads().keep(new, partial(self._put, new, kept, instead=instead))

    def _insist_on_date(self, day: date) -> None:
        today, most = london(self.casebook.clock()), self.inbox.tolerances.caseload_max_age_days
        if day > today:
            raise NotTaken("This day must be today or earlier.")
        if day < today - timedelta(most):
            raise NotTaken(
                f"We can only use lists of the last {most} days. Send one that is right now."
            )

    def _sent_last(self, provider_id: str, caseload_date: date, digest: str) -> Upload | None:
        last = next(iter(self.casebook.uploads().latest(provider_id)), None)
        said = (last.caseload_date, last.sha256) if last else None
        return last if said == (caseload_date, digest) else None

    def _as_kept(self, content: bytes, ending: str, looked: Looked) -> _Kept | None:
        """Return what a night is to read of a list; None where it would turn it away (rule 5)."""
        taken, refused = looked.receipt.taken, looked.receipt.refused_rows
        too_many = refused > self.inbox.tolerances.caseload_max_rejected * (taken + refused)
        if looked.raw is None or not taken or too_many:
            return None
        if self.inbox.habits is None:
            return _Kept(content=as_canonical(looked.raw), ending=".csv")
        return _Kept(content=content, ending=ending)

    def _name(self, provider_id: str, day: date, ending: str) -> str:
        name = self.inbox.pattern.written(provider_id=provider_id, day=day, ending=ending)
        if name is None:
            raise PersonNeeded(
                "No file of caseloads can bear the provider's reference in its name. Ask whoever"
                " keeps the register of providers to give it another."
            )
        return name

    def _put(self, new: NewUpload, kept: _Kept | None, *, instead: bool) -> None:
        if new.name is None or kept is None:
            return
        if not self.inbox.root.is_dir():
            raise TryAgainLater(
                "The folder for lists that come over the web is not there. Ask whoever looks after"
                " it to bring it back."
            )

        def is_of_that_day(name: str) -> bool:
            said = self.inbox.pattern.match(name)
            whose = said and (said.provider_id, said.day)
            return not instead and whose == (new.provider_id, new.caseload_date)

        if not put_file(self.inbox.folder, new.name, kept.content, unless=is_of_that_day):
            raise SentAlready(
                "A list of this date is there already. Say that the new one is to count instead."
            )


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What is kept of a list, and the ending of its name."""

    content: bytes = field(repr=False)
    ending: str


def as_canonical(raw: RawTable) -> bytes:
    """Return a list that was understood as the canonical CSV that says the same, row by row.

    A row that has more or fewer cells than the headings has one too many there, so that it is
    refused there too.
    """
    ragged = raw.frame["ragged"]
    too_many = pd.Series(UNREADABLE, index=ragged.index, dtype="str").where(ragged)
    columns = [name for name in CASELOAD.all if name in raw.columns]
    return csv_text(raw.frame.assign(**{"": too_many}), [*columns, ""])
