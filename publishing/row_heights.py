"""How high the rows of a sheet are, whose cells wrap: not every program finds out by itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from xlsxwriter.worksheet import Worksheet

POINTS_A_LINE = 15.0
MOST_POINTS = 405.0
"""The highest row, by Excel's own limit of 409."""

FILLED = 0.85
"""How much of a line's width words take up, as a rule."""


def give_heights(
    sheet: Worksheet, columns: Iterable[tuple[pd.Series, int]], *, first_row: int = 1
) -> None:
    """Give rows that need more than a line their height.

    `columns` are the texts of columns that wrap, null where a cell is empty, and their widths in
    characters; they begin in `first_row`, counted from 0.
    """
    needed = [
        np.ceil(texts.str.len().fillna(0).to_numpy(dtype=float) / (width * FILLED))
        for texts, width in columns
    ]
    if not needed:
        return
    lines = np.maximum.reduce(needed)
    for row in np.flatnonzero(lines > 1):
        height = min(POINTS_A_LINE * lines[row], MOST_POINTS)
        sheet.set_row(first_row + int(row), float(height))
