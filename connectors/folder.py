"""The canonical sources folder: which files lie in it, and what is in them.

    providers.csv
    council/<GSS code>/cpli.csv
    council/<GSS code>/portal_<date>.csv
    caseload/<provider_id>_<date>.csv or .xlsx
    answers/<provider_id>_answers_<date>.xlsx

A file's name may hold a person's name. So a name is only repeated where every letter of it is
ours; a caseload's is where its provider is in the register, which whoever reads the register knows.
Others are told by their place in the order of names.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Container, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from connectors import disk
from connectors.csv_file import read_csv
from connectors.feed import NOTHING
from connectors.wording import listed, refused
from connectors.xlsx_file import read_xlsx
from schemas.errors import SourceRefused, WrongUsage
from schemas.notices import ANSWERS
from schemas.raw import CaseloadFile, FileFacts, PortalFile, RawTable, refusals
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER, TableColumns
from schemas.vocabularies import RefusalLevel

REGISTER, COUNCILS, CASELOADS, EXTRACT = "providers.csv", "council", "caseload", "cpli.csv"
PLANTED = "truth.csv"
LAYOUT = (REGISTER, COUNCILS, CASELOADS, ANSWERS, PLANTED)
PLACES_TOLD = 20
# Nothing but one of our own words, be it in the plural or with another suffix.
LIKE_OURS = re.compile(
    r"(?:providers?|councils?|case[ _-]?loads?|answers?|cplis?|truth)(?:\.(?:csv|xlsx?|txt|zip))?",
    re.IGNORECASE,
)
MOST_BYTES = 2_000_000_000
GSS_CODE = re.compile(r"E[0-9]{8}")
PORTAL_NAME = re.compile(r"portal_([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?i:csv)")
CASELOAD_NAME = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})_([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?i:csv|xlsx)"
)
# What follows the date, such as " (1)", is whatever the sender's computer has made of the name.
ANSWERS_NAME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}_answers_([0-9]{4}-[0-9]{2}-[0-9]{2}).*\.(?i:csv|xlsx)",
    re.DOTALL,
)
NO_CASELOADS = (
    "not_received",
    f"There is no folder {CASELOADS}, so every provider counts as having sent nothing",
    f"put the caseloads into {CASELOADS}/<provider_id>_<date>.csv or .xlsx",
)
NOT_A_FOLDER = (
    "not_plain",
    f"{CASELOADS} is no folder within the sources, so every provider counts as having sent nothing",
    "make it a folder that holds <provider_id>_<date>.csv or .xlsx",
)
ANSWERS_NOT_A_FOLDER = (
    "not_plain",
    f"{ANSWERS} is no folder within the sources, so no answer in it is read",
    f"make it a folder that holds <provider_id>_{ANSWERS}_<date>.xlsx",
)
STRAYS = {
    "other name": ("file_name", "the name is not {expected}", "rename or remove it"),
    "no date": ("file_name", "no calendar has the date in the name", "rename it"),
    "not plain": (
        "not_plain",
        "it is not a plain file or folder within the sources",
        "put the thing itself there",
    ),
}

Warned: TypeAlias = tuple[str, str, None, None, str, str, str]


@dataclass(frozen=True)
class CanonicalFolder:
    """A `Source` in the canonical layout. Nothing is read before a method asks for it."""

    root: Path

    def open(self) -> None:
        """Find out whether there is anything to read.

        Raises WrongUsage where there is no such folder, SourceRefused `not_received` where nothing
        of the layout lies in it.
        """
        if not disk.exists(self.root, ""):
            raise WrongUsage(f"There is no folder {self.root}. Name the sources folder.")
        if not disk.status(self.root, "", is_it=stat.S_ISDIR):
            raise WrongUsage(f"{self.root} is a file, not a folder. Name the sources folder.")
        if not {REGISTER, COUNCILS}.intersection(disk.names(self.root, "")):
            raise SourceRefused(
                f"{self.root} holds neither {REGISTER} nor a folder {COUNCILS}. Name the folder "
                "that does.",
                rule="not_received",
            )

    def councils(self) -> tuple[str, ...]:
        """Return the GSS codes of the councils that have a folder, sorted."""
        return tuple(
            name
            for name in disk.names(self.root, COUNCILS)
            if GSS_CODE.fullmatch(name)
            and disk.status(self.root, f"{COUNCILS}/{name}", is_it=stat.S_ISDIR)
        )

    def providers(self) -> RawTable:
        """Read the register of providers. Raises SourceRefused `not_received` without one."""
        return self._read_if_received(REGISTER, table=PROVIDER, source="providers")

    def references(self) -> None:
        """Return nothing: in this layout every council writes the register's own ids."""

    def reading(self, _local_authority: str) -> AbstractContextManager[None]:
        """Do nothing: each file is read at once."""
        return nullcontext()

    def cplis(self, local_authority: str, _provider_ids: Mapping[str, str] = NOTHING) -> RawTable:
        """Read a council's CPLIs. Raises SourceRefused `not_received` where none came."""
        file = f"{COUNCILS}/{local_authority}/{EXTRACT}"
        return self._read_if_received(file, table=CPLI, source=f"cpli {local_authority}")

    def portal_files(self, local_authority: str) -> tuple[PortalFile, ...]:
        """Return a council's portal extracts, earliest first."""
        folder = f"{COUNCILS}/{local_authority}"
        extracts = [
            PortalFile(local_authority=local_authority, extract_date=day, file=f"{folder}/{name}")
            for name in disk.names(self.root, folder)
            if (day := _date_in(name, PORTAL_NAME)) and disk.status(self.root, f"{folder}/{name}")
        ]
        return tuple(sorted(extracts, key=lambda extract: (extract.extract_date, extract.file)))

    def portal(self, extract: PortalFile, _provider_ids: Mapping[str, str] = NOTHING) -> RawTable:
        """Read a portal extract."""
        return self._read(extract.file, table=PORTAL, source=f"portal {extract.local_authority}")

    def caseload_files(self) -> tuple[tuple[CaseloadFile, ...], pd.DataFrame]:
        """Return the caseloads, by provider, date and time of receipt; and refusals of the rest."""
        if not disk.exists(self.root, CASELOADS):
            return (), refusals([_warning(CASELOADS, CASELOADS, *NO_CASELOADS)])
        if not disk.status(self.root, CASELOADS, is_it=stat.S_ISDIR):
            return (), refusals([_warning(CASELOADS, CASELOADS, *NOT_A_FOLDER)])
        names = disk.names(self.root, CASELOADS)
        answers = {name for name in names if _date_in(name, ANSWERS_NAME)}
        found = {
            name: caseload
            for name in names
            if name not in answers and (caseload := self._caseload_file(name))
        }
        caseloads = sorted(
            found.values(),
            key=lambda it: (it.provider_id, it.caseload_date, it.received_at, it.file),
        )
        strays = _strays(
            names,
            answers | found.keys(),
            source=CASELOADS,
            folder=CASELOADS,
            pattern=CASELOAD_NAME,
            expected="<provider_id>_<date>.csv or .xlsx",
        )
        return tuple(caseloads), refusals(strays)

    def caseload(self, caseload: CaseloadFile) -> RawTable:
        """Read a caseload."""
        return self._read(caseload.file, table=CASELOAD, source=f"caseload {caseload.provider_id}")

    def receipt(self, _caseload: CaseloadFile, **_outcome: object) -> None:
        """Return nothing: who writes in this layout reads refusals.csv."""

    def stray_files(self) -> pd.DataFrame:
        """Return refusals of what lies beside the folders, among councils' files and answers."""
        councils = self.councils()
        strays = _strays(
            disk.names(self.root, ""),
            LAYOUT,
            source="sources",
            folder="",
            pattern=LIKE_OURS,
            expected=f"{REGISTER}, {COUNCILS}, {CASELOADS} or {ANSWERS}",
        )
        strays += _strays(
            disk.names(self.root, COUNCILS),
            councils,
            source=COUNCILS,
            folder=COUNCILS,
            pattern=GSS_CODE,
            expected="a council's GSS code",
        )
        for council in councils:
            folder = f"{COUNCILS}/{council}"
            strays += _strays(
                disk.names(self.root, folder),
                {EXTRACT} | {Path(it.file).name for it in self.portal_files(council)},
                source=f"council {council}",
                folder=folder,
                pattern=PORTAL_NAME,
                expected=f"{EXTRACT} or portal_<date>.csv",
            )
        return refusals([*strays, *self._strays_among_answers()])

    def _strays_among_answers(self) -> list[Warned]:
        if not disk.exists(self.root, ANSWERS):
            return []
        if not disk.status(self.root, ANSWERS, is_it=stat.S_ISDIR):
            return [_warning(ANSWERS, ANSWERS, *ANSWERS_NOT_A_FOLDER)]
        names = disk.names(self.root, ANSWERS)
        return _strays(
            names,
            {name for name in names if self._is_file_of_answers(name)},
            source=ANSWERS,
            folder=ANSWERS,
            pattern=ANSWERS_NAME,
            expected=f"<provider_id>_{ANSWERS}_<date>.xlsx",
        )

    def _is_file_of_answers(self, name: str) -> bool:
        there = _date_in(name, ANSWERS_NAME) is not None
        return there and _status_of_unnamed(self.root, f"{ANSWERS}/{name}") is not None

    def _caseload_file(self, name: str) -> CaseloadFile | None:
        day = _date_in(name, CASELOAD_NAME)
        status = _status_of_unnamed(self.root, f"{CASELOADS}/{name}") if day else None
        if day is None or status is None:
            return None
        return CaseloadFile(
            provider_id=name.rpartition("_")[0],
            caseload_date=day,
            file=f"{CASELOADS}/{name}",
            received_at=received_at(status),
        )

    def _read_if_received(self, file: str, *, table: TableColumns, source: str) -> RawTable:
        if not disk.exists(self.root, file):
            raise refused(table, file, rule="not_received", wrong="did not come", remedy="send it")
        return self._read(file, table=table, source=source)

    def _read(self, file: str, *, table: TableColumns, source: str) -> RawTable:
        content, facts = received(self.root, file, table=table)
        read = read_xlsx if file.lower().endswith(".xlsx") else read_csv
        return read(content, table=table, source=source, facts=facts)


def received(
    root: Path, file: str, *, table: TableColumns, called: str = ""
) -> tuple[bytes, FileFacts]:
    """Return a file's bytes, and what is known of it; `called` stands for its name in messages.

    Raises SourceRefused `unreadable` where it is no plain file, or too large.
    """
    called = called or file
    status = disk.translated(disk.plain_status, called=called)(root, file)
    if status is None:
        wrong = "is a folder, a pipe or a link that leads out of the sources, not a file"
    elif status.st_size > MOST_BYTES:
        wrong = f"is larger than {MOST_BYTES // 10**9} GB"
    else:
        reading = disk.translated(disk.plain_content, called=called)
        content, status = reading(root, file, called=called)
        return content, FileFacts(
            file=called,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            received_at=received_at(status),
        )
    raise refused(
        table, called, rule="unreadable", wrong=wrong, remedy="send the file itself, and whole"
    )


_status_of_unnamed = disk.translated(
    disk.plain_status, called=f"a file in {CASELOADS} or {ANSWERS}"
)


def received_at(status: os.stat_result) -> datetime:
    """Return when a file came: its time of change."""
    return datetime.fromtimestamp(status.st_mtime, UTC)


def _date_in(name: str, pattern: re.Pattern[str]) -> date | None:
    """Return the date in a file's name; None where the name is another or the date is none."""
    match = pattern.fullmatch(name)
    try:
        return date.fromisoformat(match.group(match.lastindex or 0)) if match else None
    except ValueError:
        return None


def _strays(
    names: Sequence[str],
    known: Container[str],
    *,
    source: str,
    folder: str,
    pattern: re.Pattern[str],
    expected: str,
) -> list[Warned]:
    """Warn of what is not `known` among a folder's sorted names, one by one only where named."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, name in enumerate(names, 1):
        if name not in known:
            kind = (_may_be_said(name, pattern), _wrong_with(name, pattern))
            places.setdefault(kind, []).append(place)
    warnings = []
    for (said, wrong), at in sorted(places.items()):
        rule, why, remedy = STRAYS[wrong]
        what = "/".join(filter(None, [folder, said or "?"]))
        shown = what if said else _at_places(at, of=len(names), folder=folder)
        because = why.format(expected=expected)
        warnings.append(
            _warning(source, what, rule, f"Ignored: {shown}, because {because}", remedy)
        )
    return warnings


def _may_be_said(name: str, pattern: re.Pattern[str]) -> str:
    """Return a name that holds nothing but words, digits and dates of ours; else nothing."""
    ours = pattern not in (CASELOAD_NAME, ANSWERS_NAME) and pattern.fullmatch(name)
    return name if ours or LIKE_OURS.fullmatch(name) else ""


def _wrong_with(name: str, pattern: re.Pattern[str]) -> str:
    if pattern is LIKE_OURS or not pattern.fullmatch(name):
        return "other name"
    return "not plain" if not pattern.groups or _date_in(name, pattern) else "no date"


def _at_places(places: list[int], *, of: int, folder: str) -> str:
    """Tell things by their places, since their names may be a person's."""
    numbers = [str(place) for place in places[:PLACES_TOLD]]
    if len(places) > PLACES_TOLD:
        numbers.append(f"{len(places) - PLACES_TOLD} more")
    where = folder or "the sources folder"
    return f"in the order of names, number {listed(numbers)} of {of} in {where}"


def _warning(source: str, file: str, rule: str, wrong: str, remedy: str) -> Warned:
    message = f"{wrong}. Ask whoever fills the sources folder to {remedy}."
    return source, file, None, None, rule, RefusalLevel.WARNING.value, message
