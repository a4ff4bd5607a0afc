"""Where workbooks of answers lie: in places of their own, and by mistake among the caseloads."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from connectors import disk
from connectors.answers.naming import ANSWERS_FILE, ANSWERS_TABLE
from connectors.files import FileTable, Found
from connectors.folder import CASELOADS
from connectors.patterns import FilePattern
from schemas.errors import CpliError, SourceRefused, TryAgainLater
from schemas.notices import ANSWERS
from schemas.raw import FileFacts


@dataclass(frozen=True, kw_only=True)
class AnswersFile:
    """A workbook of answers, known by its name alone; `withheld` says why it cannot be had now."""

    provider_id: str
    notice_date: date | None
    table: FileTable
    found: Found = field(repr=False)
    withheld: CpliError | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.found.name

    def content(self) -> tuple[bytes, FileFacts]:
        """Read the file. Raises what every reader of files does."""
        if self.withheld:
            raise TryAgainLater(str(self.withheld))
        return self.table.content(self.found)


@dataclass(frozen=True, kw_only=True)
class AnswerPlaces:
    """The folders in which answers may lie.

    Within `root`, a sources folder, they may be missing, and must not lead out of it. `troubles`
    are the places that could not be reached tonight, `withheld` gives the files of a place that
    could not be had: what lies here of them is an earlier state.
    """

    tables: tuple[FileTable, ...]
    root: Path | None = None
    troubles: Mapping[str, CpliError] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, CpliError]] = field(default_factory=dict)

    def files(self) -> tuple[tuple[AnswersFile, ...], tuple[CpliError, ...]]:
        """Return the workbooks, each provider's in the order in which they came; and troubles."""
        files: dict[Path, AnswersFile] = {}
        troubles: list[CpliError] = []
        for table in self.tables:
            try:
                for file in self._found(table):
                    files.setdefault(table.folder / file.found.file, file)
                troubles += self._strays(table)
            except CpliError as error:
                error.file = error.file or table.expected
                troubles.append(error)
        return tuple(sorted(files.values(), key=_order)), tuple(troubles)

    def _found(self, table: FileTable) -> list[AnswersFile]:
        if trouble := self.troubles.get(table.place):
            raise SourceRefused(str(trouble), rule="out_of_reach", file=table.expected)
        if self.root is not None and not _is_within(self.root, table.folder.name):
            return []
        withheld = self.withheld.get(table.place, {})
        return [
            AnswersFile(
                provider_id=found.provider_id,
                notice_date=found.day,
                table=table,
                found=found,
                withheld=withheld.get(found.file),
            )
            for found in table.found()
            if found.provider_id and found.day
        ]

    def _strays(self, table: FileTable) -> Iterator[SourceRefused]:
        """Yield what seems to be answers by its name, and is not named as these are.

        Its name is not repeated: it may be a person's.
        """
        # Of a sources folder every stray is told of where it is looked through.
        if self.root is not None or not disk.exists(table.folder, ""):
            return
        named = sorted(name for name in disk.names(table.folder, "") if ANSWERS in name.lower())
        for number, name in enumerate(named, start=1):
            if table.pattern.match(name) is None:
                yield SourceRefused(
                    f"Number {number}, in the order of names, of the {len(named)} files in"
                    f" {table.place} with “{ANSWERS}” in their names is not named as a workbook of"
                    " answers is, or is of another kind, and was left unread. Ask whoever sent it"
                    " to save it as an Excel workbook (.xlsx) under the name that ours came with.",
                    rule="file_name",
                    file=f"{table.place}/?{ANSWERS}? ({number} of {len(named)})",
                )


def in_sources_folder(root: Path) -> AnswerPlaces:
    """Return where answers lie in the canonical layout."""
    return AnswerPlaces(
        tables=tuple(answers_in(root / name, place=name) for name in (ANSWERS, CASELOADS)),
        root=root,
    )


def answers_in(folder: Path, *, place: str, pattern: FilePattern = ANSWERS_FILE) -> FileTable:
    """Return the workbooks of answers in a folder; `place` is what messages call it."""
    return FileTable(of=ANSWERS_TABLE, place=place, folder=folder, pattern=pattern)


def _is_within(root: Path, name: str) -> bool:
    """Say whether there is a folder of this name that does not lead out of the root."""
    there = disk.exists(root, name)
    return there and disk.status(root, name, is_it=stat.S_ISDIR) is not None


def _order(file: AnswersFile) -> tuple[str, datetime, date, str]:
    return file.provider_id, file.found.received_at, file.notice_date or date.min, file.name
