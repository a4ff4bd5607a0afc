"""Cleans a council's CPLIs part by part, so that an extract of any length fits in memory.

What comes is first laid down as it is. Which `cpli_id`s stand there more than once shows only at
the end; then each part is cleaned with that in mind, and the same frames lie there as if the whole
had been cleaned at once, row for row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from casebook.record import SourceOutcome, SourceRecord
from flows.pulls import Counted
from flows.stage import HasFrames, lay_down
from publishing.folder import OWNER_ONLY, writing
from schemas import parsing
from schemas.cleaning import Repeats, clean_cpli_part, content_of, find_repeats
from schemas.errors import ContractBreach
from schemas.raw import FileFacts, RawTable, refusals
from schemas.vocabularies import RefusalLevel

T = TypeVar("T", bound=HasFrames)

CPLIS, REJECTED, REFUSALS = "cplis.parquet", "rejected_cplis.parquet", "refusals.parquet"
# While it is at work; picking up looks for Parquet files alone.
AS_THEY_CAME, UNSORTED, LONGER = "cplis.raw", "refusals.unsorted", "refusals.longer"
RAW = -1
"""The place of what a source itself is blamed for: before all that cleaning notes."""

# Two hashes of 64 bits: by one alone, two of a million rows could be taken for the same.
HASH_KEYS = ("the first of two", "the other of two")


@dataclass(frozen=True, kw_only=True)
class StagedCplis:
    """A council's CPLIs that lie cleaned in a folder; `valid_rows` of them can be used."""

    source: str
    facts: FileFacts
    counted: Counted
    valid_rows: int
    warnings: int

    @property
    def record(self) -> SourceRecord:
        """What goes on record about the source, which was used."""
        return SourceRecord(
            source=self.source,
            outcome=SourceOutcome.USED,
            file=self.facts.file,
            size_bytes=self.facts.size_bytes,
            sha256=self.facts.sha256,
            shape=self.facts.shape,
            rows=self.counted.rows,
            rejected_rows=self.counted.rejected_rows,
            warnings=self.warnings,
        )


def stage_cplis(
    chunks: Iterable[RawTable], folder: Path, *, local_authority: str, as_of: date
) -> StagedCplis:
    """Clean a council's CPLIs into `cplis`, `rejected_cplis` and `refusals` of a private folder.

    `chunks` are the parts of one table in their order, at least one; the facts of the last are the
    table's. What lay in the folder before is replaced, so a second try may follow one that broke
    off. Raises what the chunks raise, and `WrongUsage` where the folder cannot be written.
    """
    with writing(folder), ExitStack() as leaving:
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        for name in (AS_THEY_CAME, UNSORTED):
            leaving.callback((folder / name).unlink, missing_ok=True)
        with Table(folder / UNSORTED) as unsorted:
            noted = Noted(unsorted)
            came = _lay_down(chunks, folder / AS_THEY_CAME, noted)
            valid_rows, rejected_rows = _clean(
                came, noted, folder, local_authority=local_authority, as_of=as_of
            )
        _sort(folder / UNSORTED, noted.places, into=folder / REFUSALS)
    return StagedCplis(
        source=came.last.source,
        facts=came.last.facts,
        counted=Counted(
            file=came.last.facts.file,
            rows=valid_rows + rejected_rows + noted.repeats,
            rejected_rows=rejected_rows,
        ),
        valid_rows=valid_rows,
        warnings=noted.warnings,
    )


def lay_down_beside(pull: T, folder: Path) -> T:
    """Lay a pull's frames beside CPLIs that were staged, and its refusals behind theirs."""
    frames = dict(pull.frames)
    more = frames.pop(REFUSALS.removesuffix(".parquet"), refusals())
    pull = replace(pull, frames=frames)
    with writing(folder):
        staged, longer = folder / REFUSALS, folder / LONGER
        with pq.ParquetFile(staged) as before, Table(longer) as after:
            for group in range(before.num_row_groups):
                after.add(before.read_row_group(group))
            after.add_frame(more)
        longer.replace(staged)
    return lay_down(pull, folder)


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came, as it was: one row group a part; `last` tells of the whole, and has no rows."""

    path: Path
    sizes: tuple[int, ...]
    repeats: Repeats
    last: RawTable

    def parts(self) -> Iterator[tuple[RawTable, Repeats]]:
        """Yield each part again, and what the whole says of it."""
        if not self.sizes:
            yield self.last, self.repeats
            return
        ends = np.cumsum(self.sizes)
        with pq.ParquetFile(self.path) as file:
            for group, (size, end) in enumerate(zip(self.sizes, ends, strict=True)):
                frame = file.read_row_group(group).to_pandas()
                yield replace(self.last, frame=frame), self.repeats.of(slice(end - size, end))


def _lay_down(chunks: Iterable[RawTable], path: Path, noted: Noted) -> Came:
    """Write down what comes as it comes."""
    sizes: list[int] = []
    hashes: list[NDArray[np.uint64]] = []
    last: RawTable | None = None
    with Table(path) as file:
        for last in chunks:
            noted.add(RAW, last.refusals)
            if len(last.frame):
                file.add_frame(last.frame)
                sizes.append(len(last.frame))
                hashes.append(_hashed_cpli_ids(last.frame))
    if last is None:
        raise ContractBreach("A source's table came without any part, not even an empty one.")
    return Came(
        path=path,
        sizes=tuple(sizes),
        repeats=_repeats(path, hashes),
        last=replace(last, frame=last.frame.iloc[:0], refusals=refusals()),
    )


NO_CPLI_ID = np.uint64(0)


def _hashed_cpli_ids(frame: pd.DataFrame) -> NDArray[np.uint64]:
    cpli_ids = parsing.trimmed(frame["cpli_id"])
    hashes = _hashed(cpli_ids.to_frame(), HASH_KEYS[0])
    return np.where(cpli_ids.notna().to_numpy(dtype=bool), hashes, NO_CPLI_ID)


def _hashed(frame: pd.DataFrame, key: str) -> NDArray[np.uint64]:
    hashes = pd.util.hash_pandas_object(frame, index=False, hash_key=key)
    return np.asarray(hashes, dtype=np.uint64)


def _repeats(path: Path, hashes: list[NDArray[np.uint64]]) -> Repeats:
    """Find the rows that repeat a `cpli_id` anywhere in the extract.

    Only those whose hashed `cpli_id` is not the only one are looked at again.
    """
    whole = pd.Series(np.concatenate([np.empty(0, np.uint64), *hashes]))
    repeated = (whole.ne(NO_CPLI_ID) & whole.duplicated(keep=False)).to_numpy(dtype=bool)
    starts = np.cumsum([0, *map(len, hashes)])
    contents = []
    if repeated.any():
        with pq.ParquetFile(path) as file:
            for group, start in enumerate(starts[:-1]):
                places = np.flatnonzero(repeated[start : starts[group + 1]])
                if len(places):
                    rows = file.read_row_group(group).to_pandas().take(places)
                    contents.append(_hashed_content(rows).set_axis(start + places))
    if not contents:
        return find_repeats(pd.DataFrame(), rows=len(whole))
    content = pd.concat(contents)
    same_id = content.groupby(["id_1", "id_2"], sort=False).ngroup()
    return find_repeats(content.assign(cpli_id=same_id), rows=len(whole))


def _hashed_content(rows: pd.DataFrame) -> pd.DataFrame:
    content = content_of(rows)
    hashed = {f"content_{n}": _hashed(content, key) for n, key in enumerate(HASH_KEYS, start=1)}
    for n, key in enumerate(HASH_KEYS, start=1):
        hashed[f"id_{n}"] = _hashed(content[["cpli_id"]], key)
    return pd.DataFrame(hashed)


def _clean(
    came: Came, noted: Noted, folder: Path, *, local_authority: str, as_of: date
) -> tuple[int, int]:
    """Clean all parts; return how many rows are valid, and how many rejected."""
    with Table(folder / CPLIS) as valid, Table(folder / REJECTED) as rejected:
        for raw, repeats in came.parts():
            part = clean_cpli_part(
                raw, repeats=repeats, local_authority=local_authority, as_of=as_of
            )
            valid.add_frame(part.valid)
            rejected.add_frame(part.rejected)
            for place, table in enumerate(part.noted):
                noted.add(place, table)
        return valid.rows, rejected.rows


@dataclass(kw_only=True)
class _Open:
    """What is written with, once the first frame has told the columns."""

    writer: Any
    schema: Any


class Table:
    """A Parquet file that grows frame by frame; its columns are those of the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._open: _Open | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._open is not None:
            self._open.writer.close()

    def add_frame(self, frame: pd.DataFrame) -> None:
        """Write a frame behind the others; one without rows tells the columns at most."""
        schema = self._open and self._open.schema
        self.add(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))

    def add(self, table: pa.Table) -> None:
        """Write a table behind the others."""
        if self._open is None:
            writer = pq.ParquetWriter(self.path, table.schema)
            self._open = _Open(writer=writer, schema=table.schema)
        if len(table):
            self._open.writer.write_table(table)
            self.rows += len(table)


class Noted:
    """Refusals as they arise, each table with its place among those of the whole."""

    def __init__(self, table: Table) -> None:
        self.places: list[int] = []
        self.warnings = 0
        self.repeats = 0
        self._table = table
        table.add_frame(refusals())

    def add(self, place: int, noted: pd.DataFrame) -> None:
        """Write refusals down behind the others."""
        if len(noted):
            self._table.add_frame(noted)
            self.places.append(place)
            self.warnings += int(noted["level"].eq(RefusalLevel.WARNING.value).sum())
            self.repeats += int((noted["rule"].eq("repeated") & noted["row"].notna()).sum())


def _sort(path: Path, places: list[int], *, into: Path) -> None:
    """Put row groups into the order of their places."""
    with pq.ParquetFile(path) as unsorted, Table(into) as table:
        table.add(unsorted.schema_arrow.empty_table())
        for group in np.argsort(np.array(places, dtype=np.int64), kind="stable"):
            table.add(unsorted.read_row_group(int(group)))
