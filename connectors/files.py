"""Tables in the files of a folder that somebody else names and writes in their own way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from connectors import disk
from connectors.csv_file import read_csv
from connectors.feed import CANONICAL, ISO, NOTHING, Feed, translated
from connectors.folder import received, received_at
from connectors.patterns import FilePattern, Named
from connectors.wording import refused
from connectors.xlsx_file import read_xlsx
from schemas.errors import TryAgainLater
from schemas.raw import FileFacts, RawTable
from schemas.tables import TableColumns

UTF8 = "utf-8"
COMMA = ","


@dataclass(frozen=True, kw_only=True)
class Found(Named):
    """A file in a folder; `received_at` is its time of change, `name` what refusals call it."""

    name: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class FileTable:
    """A table in the files of `folder` that match `pattern`; `place` is what messages call it."""

    of: TableColumns
    place: str
    folder: Path
    pattern: FilePattern
    feed: Feed = field(default=CANONICAL)

    @property
    def expected(self) -> str:
        """What messages call a file that did not come."""
        return f"{self.place}/{self.pattern.text}"

    def found(
        self, *, besides: Iterable[str] = (), at: datetime | None = None
    ) -> tuple[Found, ...]:
        """Return the files that are there, by date, time of receipt and name.

        `besides` are names of files that should be there, as if they had come `at` an instant.
        Raises TryAgainLater or PersonNeeded where the folder cannot be read.
        """
        if not disk.exists(self.folder, ""):
            raise TryAgainLater(
                f"The folder of {self.place} is not there. Run the night again; if this lasts, ask"
                " whoever looks after it to bring it back."
            )
        status_of = disk.translated(disk.plain_status, called=f"a file of {self.place}")
        files = []
        for name in disk.names(self.folder, ""):
            named = self.pattern.match(name)
            status = named and status_of(self.folder, name)
            if named and status:
                files.append((named, received_at(status)))
        if at is not None:
            there = {named.file for named, _ in files}
            others = (self.pattern.match(name) for name in besides if name not in there)
            files += [(named, at) for named in others if named]
        files.sort(key=lambda it: (it[0].day or date.min, it[1], it[0].file))
        seen: Counter[str] = Counter()
        return tuple(self._called(named, at, seen) for named, at in files)

    def _called(self, named: Named, received_at: datetime, seen: Counter[str]) -> Found:
        """Give a file a name of its own in messages: those of two may look the same."""
        seen[named.shown] += 1
        number = f" ({seen[named.shown]})" if seen[named.shown] > 1 else ""
        name = f"{self.place}/{named.shown}{number}"
        return Found(**vars(named), name=name, received_at=received_at)

    def content(self, found: Found) -> tuple[bytes, FileFacts]:
        """Read a file's bytes. Raises SourceRefused `unreadable` where that cannot be."""
        return received(self.folder, found.file, table=self.of, called=found.name)

    def read(
        self, found: Found, *, source: str, provider_ids: Mapping[str, str] = NOTHING
    ) -> RawTable:
        """Read a file as canonical text. Raises SourceRefused like every reader of files."""
        content, facts = self.content(found)
        table = replace(self.of, headings=self.feed.columns)
        feed = self.feed
        if found.file.lower().endswith(".xlsx"):
            raw = read_xlsx(content, table=table, source=source, facts=facts)
            # Cells of a date type are dates, however other dates are written.
            feed = replace(
                feed,
                date_formats=(ISO, *feed.date_formats),
                instant_formats=(ISO, *feed.instant_formats),
            )
        else:
            raw = self._read_csv(content, table=table, source=source, facts=facts)
        return translated(raw, feed, provider_ids=provider_ids)

    def _read_csv(
        self, content: bytes, *, table: TableColumns, source: str, facts: FileFacts
    ) -> RawTable:
        """Read a CSV file; one with another delimiter as if that and the comma changed places."""
        content = self._as_utf8(content, table=table, file=facts.file)
        if self.feed.delimiter == COMMA:
            return read_csv(content, table=table, source=source, facts=facts)
        pair = COMMA + self.feed.delimiter
        swapped = str.maketrans(pair, pair[::-1])
        table = replace(
            table, headings={name: table.heading(name).translate(swapped) for name in table.known}
        )
        content = content.translate(bytes.maketrans(pair.encode(), pair[::-1].encode()))
        raw = read_csv(content, table=table, source=source, facts=facts, pair=pair)
        return replace(raw, frame=raw.frame.assign(**_swapped_back(raw.frame, table, pair)))

    def _as_utf8(self, content: bytes, *, table: TableColumns, file: str) -> bytes:
        if self.feed.encoding == UTF8:
            return content
        text = None
        with suppress(UnicodeDecodeError):
            text = content.decode(self.feed.encoding)
        if text is None:
            raise refused(
                table,
                file,
                rule="unreadable",
                wrong=f"is not {self.feed.encoding} text",
                remedy=f"send it in {self.feed.encoding}",
            )
        return text.encode()


def _swapped_back(frame: pd.DataFrame, table: TableColumns, pair: str) -> dict[str, pd.Series]:
    back = str.maketrans(pair, pair[::-1])
    return {name: frame[name].str.translate(back) for name in table.known}
