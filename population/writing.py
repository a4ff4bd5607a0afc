"""Write the canonical sources folder; every file with people in it is for its owner alone."""

from __future__ import annotations

import codecs
import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa

from population import texts
from population.caseloads import COLUMNS, TEMPLATE_COLUMNS, Caseloads, entry_columns
from population.councils import Council
from population.days import to_date
from population.draws import Ints
from population.extracts import cpli_columns, portal_columns
from population.lines import Lines
from population.names import FAMILY_NAMES, GIVEN_NAMES, without_accents
from population.people import People
from population.providers import Providers, Quirk, Template, provider_id, register_rows
from population.spreadsheets import spreadsheet
from population.texts import Columns, Texts
from population.truth import TRUTH_COLUMNS, TruthRow
from schemas.errors import WrongUsage

_ROWS_AT_ONCE = 100_000
_OURS = frozenset(("providers.csv", "truth.csv", "council", "caseload"))
_REGISTER_COLUMNS = ("provider_id", "name", "cqc_id", "ods_code")
_BYTE_ORDER_MARK = "\ufeff".encode()
_CUT_OFF = b"PK\x03\x04\x14\x00\x00\x00\x08\x00a caseload, cut off as it was sent\x00\xff\xfe"
_LINE_ENDS = ("\n", "\r\n")


def insist_on_place(directory: Path) -> None:
    """Raise `WrongUsage` where a population would be put in the place of something else."""
    if directory.exists() and not directory.is_dir():
        raise WrongUsage(f"{directory} is a file. Name a new or an empty folder.")
    there = {path.name for path in directory.iterdir()} if directory.exists() else set()
    if there and not (there <= _OURS and "truth.csv" in there):
        raise WrongUsage(
            f"{directory} holds other files than a population. Name a new or an empty folder."
        )


def make_ready(directory: Path) -> None:
    """Make the folder new: an earlier population in it goes.

    Raises `WrongUsage` where it holds files that no population has, or is none.
    """
    insist_on_place(directory)
    if directory.exists():
        for path in sorted(directory.iterdir()):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for folder in (directory, directory / "council", directory / "caseload"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_truth(directory: Path, rows: Iterable[TruthRow]) -> None:
    """Write `truth.csv`."""
    _write_small(directory / "truth.csv", TRUTH_COLUMNS, rows)


def write_register(directory: Path, providers: Providers) -> None:
    """Write `providers.csv`."""
    _write_small(directory / "providers.csv", _REGISTER_COLUMNS, register_rows(providers))


def write_extract(
    folder: Path, rows: pd.DataFrame, *, council: Council, people: People, providers: Providers
) -> None:
    """Write one council's `cpli.csv`; `rows` are all its own."""
    with _private(folder / "cpli.csv") as file:
        file.write(_BYTE_ORDER_MARK if council.byte_order_mark else b"")
        _write_parts(
            file,
            council,
            (
                cpli_columns(part, council=council, people=people, providers=providers)
                for part in _parts(rows)
            ),
        )


def write_portal(
    folder: Path,
    rows: pd.DataFrame,
    *,
    extract_day: int,
    council: Council,
    people: People,
    providers: Providers,
) -> None:
    """Write one portal extract of a council; `rows` are all its own."""
    with _private(folder / f"portal_{to_date(extract_day)}.csv") as file:
        _write_parts(
            file,
            council,
            (
                portal_columns(part, council=council, people=people, providers=providers)
                for part in _parts(rows)
            ),
        )


def write_caseloads(
    folder: Path,
    caseloads: Caseloads,
    *,
    councils: Sequence[Council],
    lines: Lines,
    providers: Providers,
) -> None:
    """Write every caseload in the folder."""
    habits = providers.table
    for entries in _whole_files(caseloads.entries):
        columns = entry_columns(entries, councils=councils, lines=lines, providers=providers)
        provider = entries["provider"].to_numpy()
        ends = texts.taken(
            texts.pool(_LINE_ENDS),
            habits["windows_line_ends"].to_numpy().astype(np.int64)[provider],
        )
        template = habits["template"].to_numpy()[provider]
        for number in np.unique(template).tolist():
            where = np.flatnonzero(template == number)
            _write_of_template(
                folder,
                caseloads.files.take(entries["file"].to_numpy()[where]),
                _Sheet(columns=columns, ends=ends, where=where, template=Template(number)),
                habits,
            )
    broken = caseloads.files[caseloads.files["unreadable"]]
    for number, date in zip(broken["provider"].tolist(), broken["date"].tolist(), strict=True):
        with _private(folder / f"{provider_id(number)}_{to_date(date)}.xlsx") as file:
            file.write(_CUT_OFF)


def write_unregistered(folder: Path, *, run_day: int, people: People, providers: Providers) -> int:
    """Write a caseload of a provider that is not in the register; return how many rows it has.

    It lists people whom it supported long ago, so that it leads to nothing whoever reads it.
    """
    sender = provider_id(providers.count)
    day = run_day - run_day % 7
    known = {
        "provider_id": sender,
        "caseload_date": str(to_date(day)),
        "service_type": "HS",
        "start_date": "2019-03-04",
        "end_date": "2020-01-31",
    }
    last = people.records.iloc[-3:]
    rows = []
    for family, given, born in zip(
        last["family"].tolist(), last["given"].tolist(), last["born"].tolist(), strict=True
    ):
        who = {
            "family_name": FAMILY_NAMES[family],
            "given_name": GIVEN_NAMES[given],
            "date_of_birth": str(to_date(born)),
        }
        rows.append([(known | who).get(name, "") for name in COLUMNS])
    _write_small(folder / f"{sender}_{to_date(day)}.csv", COLUMNS, rows)
    return len(rows)


class _Sheet:
    """The rows of several files that share a template: their text, and where each row stands."""

    def __init__(self, *, columns: Columns, ends: Texts, where: Ints, template: Template) -> None:
        self.header = TEMPLATE_COLUMNS[template]
        picked = pa.array(where)
        self.columns = [columns[name].take(picked) for name in self.header]
        self.lines = texts.csv_lines(self.columns, ends.take(picked))

    def cells(self, first: int, last: int) -> Iterator[tuple[str | None, ...]]:
        """Return the rows from `first` to before `last`, cell by cell."""
        parts = [column.slice(first, last - first).to_pylist() for column in self.columns]
        return zip(*parts, strict=True)


def _write_of_template(
    folder: Path, files: pd.DataFrame, sheet: _Sheet, habits: pd.DataFrame
) -> None:
    """Write the files of one template; `files` has a row for each row of the sheet."""
    number = files.index.to_numpy()
    firsts = np.flatnonzero(np.r_[True, number[1:] != number[:-1]])
    lasts = np.r_[firsts[1:], len(number)]
    kinds = habits.take(files["provider"].to_numpy()[firsts])
    for first, last, provider, date, quirk, is_sheet, windows in zip(
        firsts.tolist(),
        lasts.tolist(),
        files["provider"].to_numpy()[firsts].tolist(),
        files["date"].to_numpy()[firsts].tolist(),
        kinds["quirk"].tolist(),
        kinds["spreadsheet"].tolist(),
        kinds["windows_line_ends"].tolist(),
        strict=True,
    ):
        stem = f"{provider_id(provider)}_{to_date(date)}"
        if is_sheet or quirk == Quirk.TWO_FORMATS:
            with _private(folder / f"{stem}.xlsx") as file:
                cells = sheet.cells(first, last)
                file.write(spreadsheet(sheet.header, cells, typed=provider % 2 == 0))
        if not is_sheet:
            with _private(folder / f"{stem}.csv") as file:
                file.write(_encoded(",".join(sheet.header).encode(), quirk))
                file.write(_LINE_ENDS[windows].encode())
                rows = texts.joined_bytes(sheet.lines, first, last)
                file.write(_recoded(rows) if quirk == Quirk.WINDOWS_1252 else rows)


def _encoded(header: bytes, quirk: int) -> bytes:
    return _BYTE_ORDER_MARK + header if quirk == Quirk.BYTE_ORDER_MARK else header


def _recoded(rows: memoryview) -> bytes:
    """Return the text in Windows-1252, without accents where that has no letter."""
    return bytes(rows).decode().encode("cp1252", errors="cpli-without-accents")


def _plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return without_accents(error.object[error.start : error.end]), error.end


codecs.register_error("cpli-without-accents", _plain_letters)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that nobody else can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


def _write_small(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    with _private(path) as file:
        file.write(text.getvalue().encode())


def _write_parts(file: IO[bytes], council: Council, parts: Iterable[Columns]) -> None:
    """Write a header and the rows of every part."""
    end = _LINE_ENDS[council.windows_line_ends]
    for place, columns in enumerate(parts):
        if place == 0:
            file.write(f"{','.join(columns)}{end}".encode())
        file.write(texts.joined_bytes(texts.csv_lines(list(columns.values()), end)))


def _parts(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows in parts of bearable size, one at least."""
    for first in range(0, max(1, len(rows)), _ROWS_AT_ONCE):
        yield rows.iloc[first : first + _ROWS_AT_ONCE]


def _whole_files(entries: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the entries in parts of bearable size that split no file."""
    number = entries["file"].to_numpy()
    if not len(number):
        return
    firsts = np.flatnonzero(np.r_[True, number[1:] != number[:-1]])
    begun = 0
    for first in [*firsts.tolist(), len(number)]:
        if first - begun >= _ROWS_AT_ONCE or (first == len(number) and first > begun):
            yield entries.iloc[begun:first]
            begun = first
