"""What one night receives, as raw text: a Population, read from or written to the canonical folder.

Every row is a dict of uncleaned text under canonical column names; cleaning is `oracle.cleaning`.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

Row = Mapping[str, str]

CPLI_COLUMNS = (
    "cpli_id",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
    "provider_id",
    "service_type",
    "service_category",
    "service_description",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
    "authorisation",
    "created_at",
    "updated_at",
    "commissioning_team",
    "commissioning_worker",
)
PORTAL_COLUMNS = (
    "cpli_id",
    "provider_id",
    "person_id",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
CASELOAD_COLUMNS = (
    "provider_id",
    "caseload_date",
    "cpli_id",
    "local_authority",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
PROVIDER_COLUMNS = ("provider_id", "name", "cqc_id", "ods_code")

NOT_TEXT = b"PK\x03\x04\x00\xff\xfe\x00 not a table \xff\x00"


@dataclass(frozen=True, kw_only=True)
class Council:
    """A configured council: its CPLI rows (None: the extract did not come) and portal extracts.

    A portal extract whose rows are None came but could not be read.
    """

    cplis: Sequence[Row] | None
    portal: Mapping[date, Sequence[Row] | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CaseloadFile:
    """One caseload as it came: rows None where unreadable, `received` its order of arrival."""

    provider_id: str
    caseload_date: date
    rows: Sequence[Row] | None
    columns: tuple[str, ...] = CASELOAD_COLUMNS
    received: int = 0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A commissioning worker's word that an entry's person is, or is not, a council's (Rule 7).

    `entry` holds the raw text of the entry's identity columns.
    """

    same: bool
    provider_id: str
    entry: Row
    local_authority: str
    person_id: str


@dataclass(frozen=True, kw_only=True)
class NotDuplicateCplis:
    """A commissioning worker's word that these alike CPLIs are all meant (Rule 7)."""

    local_authority: str
    cpli_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NotDuplicateEntries:
    """A commissioning worker's word that entries of one identity and service are all meant.

    `entry` holds the raw text of the identity columns (Rule 7).
    """

    provider_id: str
    entry: Row
    service_type: str


@dataclass(frozen=True, kw_only=True)
class Population:
    """All that a night is told: councils by GSS code, caseloads, register and people's words."""

    councils: Mapping[str, Council]
    caseloads: Sequence[CaseloadFile] = ()
    providers: Sequence[Row] = ()
    confirmed: frozenset[tuple[str, date]] = frozenset()
    decisions: Sequence[Decision] = ()
    not_duplicate_cplis: Sequence[NotDuplicateCplis] = ()
    not_duplicate_entries: Sequence[NotDuplicateEntries] = ()


def read(sources_dir: Path | str, as_of: date) -> Population:
    """Read the canonical folder; files dated after `as_of` are left out."""
    folder = Path(sources_dir)
    councils = {
        council.name: _read_council(council, as_of)
        for council in sorted((folder / "council").iterdir())
        if council.is_dir()
    }
    caseloads = [
        _read_caseload(path, provider_id=provider_id, caseload_date=caseload_date)
        for path, provider_id, caseload_date in _dated(folder / "caseload")
        if caseload_date <= as_of
    ]
    register = _read_table(folder / "providers.csv")
    return Population(
        councils=councils, caseloads=caseloads, providers=register[1] if register else ()
    )


def write_sources(population: Population, directory: Path | str) -> Path:
    """Write a population into the canonical folder, which has no place for people's words.

    Two caseloads of one provider and date cannot both be written: ValueError.
    """
    folder = Path(directory)
    (folder / "caseload").mkdir(parents=True)
    _write_table(folder / "providers.csv", PROVIDER_COLUMNS, population.providers)
    for gss_code, council in population.councils.items():
        place = folder / "council" / gss_code
        place.mkdir(parents=True)
        if council.cplis is not None:
            _write_table(place / "cpli.csv", CPLI_COLUMNS, council.cplis)
        for extract_date, rows in council.portal.items():
            _write_table(place / f"portal_{extract_date}.csv", PORTAL_COLUMNS, rows)
    for caseload in population.caseloads:
        path = folder / "caseload" / f"{caseload.provider_id}_{caseload.caseload_date}.csv"
        if path.exists():
            raise ValueError("two caseloads of one provider and date need two file names")
        _write_table(path, caseload.columns, caseload.rows)
    return folder


def _read_council(folder: Path, as_of: date) -> Council:
    extract = _read_table(folder / "cpli.csv")
    portal = {}
    for path, name, extract_date in _dated(folder):
        if name == "portal" and extract_date <= as_of:
            table = _read_table(path)
            portal[extract_date] = None if table is None else table[1]
    return Council(cplis=None if extract is None else extract[1], portal=portal)


def _read_caseload(path: Path, *, provider_id: str, caseload_date: date) -> CaseloadFile:
    columns, rows = _read_table(path) or ((), None)
    return CaseloadFile(
        provider_id=provider_id, caseload_date=caseload_date, columns=columns, rows=rows
    )


def _dated(folder: Path) -> list[tuple[Path, str, date]]:
    """The CSV files named NAME_YYYY-MM-DD.csv, with name and date."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        name, _, stamp = path.stem.rpartition("_")
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", stamp):
            found.append((path, name, date.fromisoformat(stamp)))
    return found


def _read_table(path: Path) -> tuple[tuple[str, ...], list[Row]] | None:
    """A CSV's header and rows, an empty line being a row of nothing; None if it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    if not lines:
        return None
    columns = tuple(name.strip() for name in lines[0])
    return columns, [dict(zip(columns, cells, strict=False)) for cells in lines[1:]]


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Row] | None) -> None:
    if rows is None:
        path.write_bytes(NOT_TEXT)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([row.get(name, "") for name in columns] for row in rows)
