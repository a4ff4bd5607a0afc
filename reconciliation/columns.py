"""Small tools for columns of whole numbers: codes shared by several columns, groups, expansions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reconciliation.days import Mask

_WIDE = 1 << 31

Numbers = NDArray[np.int64]


def shared_codes(columns: Sequence[pd.Series]) -> tuple[list[Numbers], pd.Index]:
    """Number the texts of several columns alike, in text order; -1 is null.

    Returns one array for each column, and the texts by number. The order is that of the texts
    themselves and not of the rows, so that shuffled input is numbered alike.
    """
    whole = pd.concat(columns, ignore_index=True).astype("str")
    seen, texts = pd.factorize(whole)
    order = np.asarray(texts.argsort(), dtype=np.int64)
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    ends = np.cumsum([len(column) for column in columns])
    return np.split(rank[seen], ends[:-1]), texts.take(order)


def combined(*columns: Numbers) -> Numbers:
    """Number the distinct combinations of several columns, in their order."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        narrow, width = _narrow(column)
        if int(code.max(initial=0)) >= np.iinfo(np.int64).max // width:
            code = _dense(code)
        code = code * width + narrow
    return _dense(code)


def _narrow(column: Numbers) -> tuple[Numbers, int]:
    """Return a column counted from 0, in its order, and how many values it may have.

    Dense columns of millions of rows can be combined in 64 bits; one of wide values is made dense.
    """
    low, high = int(column.min(initial=0)), int(column.max(initial=0))
    if high - low < _WIDE:
        return column - low, high - low + 1
    dense = _dense(column)
    return dense, int(dense.max(initial=0)) + 1


def _dense(code: Numbers) -> Numbers:
    return np.unique(code, return_inverse=True)[1].reshape(-1).astype(np.int64)


def firsts(sorted_codes: Numbers) -> Mask:
    """Mark the first of each run of equal values."""
    mark = np.ones(len(sorted_codes), dtype=bool)
    mark[1:] = sorted_codes[1:] != sorted_codes[:-1]
    return mark


def spread(starts: Numbers, counts: Numbers) -> Numbers:
    """Return the positions starts[i], starts[i]+1, ..., counts[i] of them, for every i in a row."""
    total = int(counts.sum())
    offsets = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + np.arange(total, dtype=np.int64) - offsets


def joined(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
    """Return the positions (in left, in right) of all equal values; negative ones join nothing."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    usable = np.flatnonzero(left >= 0)
    low = np.searchsorted(ordered, left[usable], side="left")
    high = np.searchsorted(ordered, left[usable], side="right")
    counts = high - low
    return np.repeat(usable, counts), order[spread(low, counts)]


def any_in(group: Numbers, size: int, mask: Mask) -> Mask:
    """Say for each group whether the mask holds for any of its members."""
    found = np.zeros(size, dtype=bool)
    found[group[mask]] = True
    return found


def lowest_in(group: Numbers, size: int, values: Numbers, *, start: int) -> Numbers:
    """Return the lowest value of each group, `start` where the group is empty."""
    found = np.full(size, start, dtype=np.int64)
    np.minimum.at(found, group, values)
    return found


def highest_in(group: Numbers, size: int, values: Numbers, *, start: int) -> Numbers:
    """Return the highest value of each group, `start` where the group is empty."""
    found = np.full(size, start, dtype=np.int64)
    np.maximum.at(found, group, values)
    return found


def total_in(group: Numbers, size: int, values: Numbers) -> Numbers:
    """Return the exact sum of each group."""
    found = np.zeros(size, dtype=np.int64)
    np.add.at(found, group, values)
    return found


def joined_text(texts: pd.Series, group: Numbers, *, size: int) -> pd.Series:
    """Join the texts of each group by `;`, in the order given; null where a group has none."""
    parts = texts.groupby(group, sort=True).agg(";".join)
    return parts.reindex(range(size)).astype("str")
