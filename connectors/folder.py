"""The canonical sources folder: which files lie in it, and what is in them.

    providers.csv
    council/<GSS code>/cpli.csv
    council/<GSS code>/portal_<date>.csv
    caseload/<provider_id>_<date>.csv or .xlsx

A file's name may hold a person's name, so a name is only repeated where it is one of these.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from connectors import disk
from connectors.csv_file import read_csv
from connectors.wording import refused
from connectors.xlsx_file import read_xlsx
from schemas.errors import SourceRefused, WrongUsage
from schemas.raw import CaseloadFile, FileFacts, PortalFile, RawTable, refusals
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER, TableColumns
from schemas.vocabularies import RefusalLevel

REGISTER, COUNCILS, CASELOADS, EXTRACT = "providers.csv", "council", "caseload", "cpli.csv"
MOST_BYTES = 2_000_000_000
GSS_CODE = re.compile(r"E[0-9]{8}")
PORTAL_NAME = re.compile(r"portal_([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?i:csv)")
CASELOAD_NAME = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})_([0-9]{4}-[0-9]{2}-[0-9]{2})\.(?i:csv|xlsx)"
)


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

    def cplis(self, local_authority: str) -> RawTable:
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

    def portal(self, extract: PortalFile) -> RawTable:
        """Read a portal extract."""
        return self._read(extract.file, table=PORTAL, source=f"portal {extract.local_authority}")

    def caseload_files(self) -> tuple[tuple[CaseloadFile, ...], pd.DataFrame]:
        """Return the caseloads, by provider, date and time of receipt; and refusals of the rest."""
        names = disk.names(self.root, CASELOADS)
        found = {name: caseload for name in names if (caseload := self._caseload_file(name))}
        caseloads = sorted(
            found.values(),
            key=lambda it: (it.provider_id, it.caseload_date, it.received_at, it.file),
        )
        strays = _strays(
            (name for name in names if name not in found),
            source=CASELOADS,
            folder=CASELOADS,
            pattern=CASELOAD_NAME,
            expected="<provider_id>_<date>.csv or .xlsx",
        )
        return tuple(caseloads), refusals(strays)

    def caseload(self, caseload: CaseloadFile) -> RawTable:
        """Read a caseload."""
        return self._read(caseload.file, table=CASELOAD, source=f"caseload {caseload.provider_id}")

    def stray_files(self) -> pd.DataFrame:
        """Return refusals of what lies among the councils' files and is none of them."""
        councils = self.councils()
        strays = _strays(
            (name for name in disk.names(self.root, COUNCILS) if name not in councils),
            source=COUNCILS,
            folder=COUNCILS,
            pattern=GSS_CODE,
            expected="a council's GSS code",
        )
        for council in councils:
            folder = f"{COUNCILS}/{council}"
            expected = {EXTRACT} | {Path(it.file).name for it in self.portal_files(council)}
            strays += _strays(
                (name for name in disk.names(self.root, folder) if name not in expected),
                source=f"council {council}",
                folder=folder,
                pattern=PORTAL_NAME,
                expected=f"{EXTRACT} or portal_<date>.csv",
            )
        return refusals(strays)

    def _caseload_file(self, name: str) -> CaseloadFile | None:
        day = _date_in(name, CASELOAD_NAME)
        status = disk.status(self.root, f"{CASELOADS}/{name}") if day else None
        if day is None or status is None:
            return None
        return CaseloadFile(
            provider_id=name.rpartition("_")[0],
            caseload_date=day,
            file=f"{CASELOADS}/{name}",
            received_at=_received_at(status),
        )

    def _read_if_received(self, file: str, *, table: TableColumns, source: str) -> RawTable:
        if not disk.exists(self.root, file):
            raise refused(table, file, rule="not_received", wrong="did not come", remedy="send it")
        return self._read(file, table=table, source=source)

    def _read(self, file: str, *, table: TableColumns, source: str) -> RawTable:
        status = disk.status(self.root, file)
        if status is None:
            wrong = "is a folder, a pipe or a link that leads out of the sources, not a file"
        elif status.st_size > MOST_BYTES:
            wrong = f"is larger than {MOST_BYTES // 10**9} GB"
        else:
            content, status = disk.content(self.root, file)
            facts = FileFacts(
                file=file,
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                received_at=_received_at(status),
            )
            read = read_xlsx if file.lower().endswith(".xlsx") else read_csv
            return read(content, table=table, source=source, facts=facts)
        raise refused(
            table, file, rule="unreadable", wrong=wrong, remedy="send the file itself, and whole"
        )


def _received_at(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)


def _date_in(name: str, pattern: re.Pattern[str]) -> date | None:
    """Return the date in a file's name; None where the name is another or the date is none."""
    match = pattern.fullmatch(name)
    try:
        return date.fromisoformat(match.group(match.lastindex or 0)) if match else None
    except ValueError:
        return None


def _strays(
    names: Iterable[str], *, source: str, folder: str, pattern: re.Pattern[str], expected: str
) -> list[tuple[str, str, None, None, str, str, str]]:
    """Warn of what does not belong into a folder, by name only where it is one of ours."""
    warnings, unknown = [], 0
    for name in names:
        file = f"{folder}/{name}"
        if not pattern.fullmatch(name):
            unknown += 1
        elif pattern.groups and _date_in(name, pattern) is None:
            wrong = f"{file} has a date in its name that no calendar has"
            warnings.append((file, "file_name", wrong, "rename it"))
        else:
            wrong = f"{file} is not a plain file or folder within the sources"
            warnings.append((file, "not_plain", wrong, "put the thing itself there"))
    if unknown:
        wrong = f"Of what lies in {folder}, {unknown} have a name that is not {expected}"
        warnings.append((f"{folder}/?", "file_name", wrong, "rename or remove them"))
    return [
        (source, file, None, None, rule, RefusalLevel.WARNING.value, _ignored(wrong, remedy))
        for file, rule, wrong, remedy in warnings
    ]


def _ignored(wrong: str, remedy: str) -> str:
    return f"{wrong}; ignored. Ask whoever fills the sources folder to {remedy}."
