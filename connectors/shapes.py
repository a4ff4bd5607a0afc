"""Of which columns a source is made as it comes, and of what type the cells of each seem to be.

Only so many cells of a column are looked at, and none is kept: a shape is made of headings and
counts. Of a caseload's heading that is none of ours not even that is kept, but a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.lineage import CameColumn, ColumnType, Looked, told_apart
from schemas.tables import CASELOAD, TableColumns

MOST_CELLS = 1_000
"""How many filled cells of a column are looked at, evenly over all of a part."""

LONGEST_NAME = 100
"""So much of a heading is kept."""

DAY = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?[ /.-](?:[0-9]{1,2}|[A-Za-z]{3,9})[ /.-](?:[0-9]{4}|[0-9]{2}))"
)
# What begins with a zero is no number but a reference: a spreadsheet that takes it for one is
# just what is to be noticed.
WHOLE = r"[+-]?(?:0|[1-9][0-9]*)"
FORMS: Mapping[ColumnType, str] = MappingProxyType(
    {
        ColumnType.BOOLEAN: r"(?i:true|false|yes|no|y|n)",
        ColumnType.INTEGER: WHOLE,
        ColumnType.DECIMAL: rf"{WHOLE}(?:[.,][0-9]+)?",
        ColumnType.DATE: DAY,
        ColumnType.INSTANT: rf"{DAY}[T ][0-9]{{1,2}}:[0-9]{{2}}[0-9:.]*(?:Z| ?[+-][0-9:]+)?",
    }
)

Rewrite = Callable[[str], str]


def looked_at(cells: pa.Array | pa.ChunkedArray, *, rewrite: Rewrite = str) -> Looked:
    """Look at some of a column's cells (text, null where empty); `rewrite` gives them as they were.

    The same cells are chosen whenever a column is the same.
    """
    filled = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))
    if len(filled) > MOST_CELLS:
        filled = filled[np.linspace(0, len(filled) - 1, MOST_CELLS).astype(np.int64)]
    chosen = cells.take(pa.array(filled, pa.int64()))
    if rewrite is not str:
        chosen = pa.array([rewrite(cell) for cell in chosen.to_pylist()], pa.large_string())
    chosen = pc.utf8_trim_whitespace(chosen)
    chosen = chosen.filter(pc.greater(pc.binary_length(chosen), 0))
    fits = {kind: _count(chosen, f"^(?:{form})$") for kind, form in FORMS.items()}
    return Looked(cells=len(chosen), fits={kind: count for kind, count in fits.items() if count})


def shape(
    headings: Sequence[str],
    looked: Mapping[int, Looked],
    *,
    table: TableColumns,
    ours: Mapping[int, str],
    declared: Mapping[int, ColumnType] = MappingProxyType({}),
) -> tuple[CameColumn, ...]:
    """Return a table's columns as they came; each mapping is by position.

    `ours` gives a column our name for it, where it has one.
    """
    names = [_name(heading, table=table, ours=ours.get(at)) for at, heading in enumerate(headings)]
    return tuple(
        CameColumn(
            name=name,
            known=at in ours,
            declared=declared.get(at),
            looked=looked.get(at, Looked()),
        )
        for at, name in enumerate(told_apart(names))
    )


def headings_alone(
    headings: Sequence[str], *, table: TableColumns, ours: Mapping[int, str]
) -> tuple[CameColumn, ...] | None:
    """Return the columns of a file that is refused for them, or None where they may be a person.

    A line of which less than half of what must be there is known may be no heading line.
    """
    found = set(ours.values()).intersection(table.required)
    if 2 * len(found) < len(table.required) or not found:
        return None
    return shape(headings, {}, table=table, ours=ours)


def positions(ours: Mapping[str, int]) -> dict[int, str]:
    """Return our names of columns by their positions."""
    return {at: name for name, at in ours.items()}


def swapped(text: str, pair: Iterable[str]) -> str:
    """Return a text in which two characters have changed places."""
    one, other = pair
    return text.translate(str.maketrans(one + other, other + one))


def _count(cells: pa.Array | pa.ChunkedArray, form: str) -> int:
    return int(pc.sum(pc.match_substring_regex(cells, form)).as_py() or 0)


def _name(heading: str, *, table: TableColumns, ours: str | None) -> str:
    if table.name != CASELOAD.name:
        return re.sub(r"\s+", " ", heading).strip()[:LONGEST_NAME]
    return ours or sha256(" ".join(heading.split()).casefold().encode()).hexdigest()
