"""Small populations on disk, made once for all tests, and how the plain reading takes them in."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

import oracle
from oracle import CaseloadFile, Population
from python_calamine import CalamineWorkbook

from population import Generated, generate

FIRST_NIGHT = date(2026, 11, 20)
RUTLAND = "E06000017"
SHOWN = ("type", "local_authority", "provider_id", "person_id", "cpli_ids", "caseload_rows")

_made = TemporaryDirectory(prefix="cpli-population-")


@cache
def made(
    *,
    people: int = 2_000,
    seed: int = 1,
    night: int = 0,
    as_of: date = FIRST_NIGHT,
    missing_councils: Sequence[str] = (),
) -> Generated:
    """Return a population, made the first time that somebody asks for it."""
    missing = "".join(missing_councils)
    name = f"{people}-{seed}-{night}-{as_of}-{missing}"
    return generate(
        Path(_made.name) / name,
        people=people,
        seed=seed,
        as_of=as_of,
        night=night,
        missing_councils=missing_councils,
    )


def files(directory: Path) -> dict[str, bytes]:
    """Return every file by its path below the directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV or spreadsheet under its header; none where it cannot be read."""
    header, cells = table(path) or ((), [])
    return [dict(zip(header, row, strict=True)) for row in cells]


def table(path: Path) -> tuple[tuple[str, ...], list[list[str]]] | None:
    """Return header and cells as text, None where the file cannot be read."""
    if path.suffix == ".csv":
        whole = list(csv.reader(io.StringIO(_decoded(path.read_bytes()), newline="")))
    else:
        try:
            ZipFile(path).close()
        except BadZipFile:
            return None
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        whole = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    return tuple(whole[0]), whole[1:]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell)


def council_rows(directory: Path, name: str = "cpli.csv") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each council's GSS code and row of the file of this name."""
    for folder in sorted((directory / "council").iterdir()):
        if (folder / name).exists():
            for row in rows(folder / name):
                yield folder.name, row


def caseload_paths(directory: Path) -> list[Path]:
    """Return the caseload files."""
    return sorted((directory / "caseload").iterdir())


def as_the_plain_reading_takes_it(generated: Generated) -> Population:
    """Read the folder; of spreadsheets and Windows-1252, which the plain reader leaves, too."""
    caseloads = []
    for path in caseload_paths(generated.directory):
        provider_id, caseload_date = dated(path)
        read = table(path)
        caseloads.append(
            CaseloadFile(
                provider_id=provider_id,
                caseload_date=caseload_date,
                columns=read[0] if read else (),
                rows=[dict(zip(read[0], row, strict=True)) for row in read[1]] if read else None,
            )
        )
    return replace(oracle.read(generated.directory, generated.run_date), caseloads=caseloads)


def truth(generated: Generated) -> Counter[tuple[str, ...]]:
    """Return what `truth.csv` says."""
    listed = rows(generated.directory / "truth.csv")
    return Counter(tuple(row[name] for name in SHOWN) for row in listed)


def found_by_the_plain_reading(generated: Generated) -> Counter[tuple[str, ...]]:
    """Return what the rules demand, by the plain reading."""
    discrepancies = oracle.reconcile(as_the_plain_reading_takes_it(generated), generated.run_date)
    return Counter(tuple(str(found[name]) for name in SHOWN) for found in discrepancies)


def dated(path: Path) -> tuple[str, date]:
    """Return what a file's name says before its date, and the date."""
    name, _, stamp = path.stem.rpartition("_")
    return name, date.fromisoformat(stamp)
