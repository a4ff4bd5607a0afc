"""Frames as CSV: RFC 4180 but for a bare line feed at line ends, UTF-8 without a byte order mark.

Cells are quoted only where they hold a comma, a quote or a line end, a null is an empty cell, dates
are `YYYY-MM-DD`. The same frame gives the same bytes. The CSV is data for scripts, so text from
outside stays as it is; whatever people open as a spreadsheet is another renderer's work.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.large_string()
NEEDS_QUOTES = '[",\r\n]'
QUOTE = pa.scalar('"', TEXT)
COMMA = pa.scalar(",", TEXT)
NOTHING = pa.scalar("", TEXT)


def csv_text(frame: pd.DataFrame, columns: Sequence[str]) -> bytes:
    """Return these columns of the frame as CSV, in this order, under a header.

    Written with Arrow: Python 3.11's csv module leaves a lone carriage return unquoted, and Arrow's
    own writer quotes every text, which a plain `grep` or `cut` would then meet.
    """
    cells = [_cells(frame[name]) for name in columns]
    lines = pc.binary_join_element_wise(*cells, COMMA, null_handling="replace", null_replacement="")
    return "".join(f"{line}\n" for line in [",".join(columns), *lines.to_pylist()]).encode()


def _cells(values: pd.Series) -> pa.Array:
    """Return one column as text, quoted where that is needed."""
    column = pa.Array.from_pandas(values)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32())
    text = column.cast(TEXT)
    doubled = pc.replace_substring(text, '"', '""')
    quoted = pc.binary_join_element_wise(QUOTE, doubled, QUOTE, NOTHING)
    return pc.if_else(pc.match_substring_regex(text, NEEDS_QUOTES), quoted, text)
