"""What a connector hands over: a file's cells as text, and what was wrong with the file itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache

import pandas as pd

from schemas.lineage import CameColumn
from schemas.tables import REFUSAL_COLUMNS, TableColumns
from schemas.vocabularies import RefusalLevel


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """A file as it was received; `file` is its path below the sources' root, with slashes.

    `shape` are its columns as they came, None where that is not known.
    """

    file: str
    size_bytes: int
    sha256: str
    received_at: datetime
    shape: tuple[CameColumn, ...] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """A source's cells as text, before any cleaning.

    `frame` holds every canonical column of `table` as pandas `str` (null where the cell is empty or
    the column absent), `row` (int64, 1 is the first row under the header; blank rows count) and
    `ragged` (bool, the row has fewer or more cells than the header). `columns` are the canonical
    columns that the file really has; `refusals` what the file itself is blamed for.
    """

    table: TableColumns
    source: str
    facts: FileFacts
    columns: frozenset[str]
    frame: pd.DataFrame
    refusals: pd.DataFrame


def whole(parts: Iterable[RawTable]) -> RawTable:
    """Return the parts of one table as one; the last part's facts are the table's."""
    came = list(parts)
    return replace(
        came[-1],
        frame=pd.concat([part.frame for part in came], ignore_index=True),
        refusals=pd.concat([part.refusals for part in came], ignore_index=True),
    )


@dataclass(frozen=True, kw_only=True)
class CaseloadFile:
    """A caseload in a source, known by its name alone.

    Of two of one provider and date, the one with the later (`received_at`, `file`) counts first.
    """

    provider_id: str
    caseload_date: date
    file: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class PortalFile:
    """A portal extract in a source, known by its name alone."""

    local_authority: str
    extract_date: date
    file: str


@dataclass(kw_only=True)
class RefusalLog:
    """Gathers refusals of one source; `frame()` gives them as the Refusal table."""

    source: str
    file: str
    rows: list[tuple[int | None, str | None, str, str, str]] = field(default_factory=list)

    def warn(
        self, rule: str, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Note something that was kept without the value."""
        self.rows.append((row, column, rule, RefusalLevel.WARNING.value, message))

    def reject(
        self, rule: str, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Note something that was left out."""
        self.rows.append((row, column, rule, RefusalLevel.REJECTED.value, message))

    def frame(self) -> pd.DataFrame:
        """Return what was noted, as the Refusal table."""
        return refusals(
            (self.source, self.file, row, column, rule, level, message)
            for row, column, rule, level, message in self.rows
        )


def refusals(
    rows: Iterable[tuple[str, str, int | None, str | None, str, str, str]] = (),
) -> pd.DataFrame:
    """Build a Refusal table from (source, file, row, column, rule, level, message)."""
    cells = list(zip(*rows, strict=True))
    return _refusal_table(cells) if cells else _no_refusals().copy()


def _refusal_table(cells: Sequence[Sequence[object]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype="Int64" if name == "row" else "str")
            for name, column in zip(REFUSAL_COLUMNS, cells, strict=True)
        }
    )


@cache
def _no_refusals() -> pd.DataFrame:
    """Return the table without a row, made once: most of many files have nothing to blame."""
    return _refusal_table([()] * len(REFUSAL_COLUMNS))
