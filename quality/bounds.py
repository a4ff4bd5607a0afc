"""Within which bounds a figure is plausible: from a council's own nights, else from the floors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NIGHTS = 28
"""So many accepted nights, the latest, say what is usual."""

FEWEST_NIGHTS = 5
"""With fewer the floors are held to."""

SPREADS = 6.0
MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a figure may lie from what is usual: by the widest of what is given here.

    `margin` is absolute, `lower` and `upper` are shares of the usual, `root` counts square roots of
    it, as counts vary. None closes a side. With too few nights `first_lowest` and `first_highest`
    hold, and `floor` and `ceiling` at any time. `beyond_worst` measures from so many times the
    highest figure instead of the median: for what is nothing mostly. A `spring` figure has no
    bounds in the weeks in which councils reopen everything.
    """

    margin: float = 0.0
    lower: float | None = None
    upper: float | None = None
    root: float = 0.0
    first_lowest: float | None = None
    first_highest: float | None = None
    floor: float | None = None
    ceiling: float | None = None
    beyond_worst: float = 0.0
    spring: bool = False


@dataclass(frozen=True, kw_only=True)
class Within:
    """What a figure may be, and the nights from which that comes."""

    lowest: float | None = None
    highest: float | None = None
    usual: float | None = None
    nights: int = 0


def within(bounds: Bounds, earlier: Sequence[float], *, anchored: bool = False) -> Within:
    """Return the bounds of tonight's figure; `earlier` are those of accepted nights, latest last.

    They are `anchored` where a person has said that the first of them is right: then one is enough,
    and a floor or ceiling beyond which they lie does not hold.
    """
    recent = np.asarray(earlier[-NIGHTS:], dtype=np.float64)
    if len(recent) < (1 if anchored else FEWEST_NIGHTS):
        return Within(
            lowest=_most(bounds.first_lowest, bounds.floor),
            highest=_least(bounds.first_highest, bounds.ceiling),
        )
    usual = float(np.median(recent))
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(recent - usual)))
    width = max(bounds.margin, SPREADS * spread, bounds.root * float(np.sqrt(max(usual, 0.0))))
    from_above = max(usual, bounds.beyond_worst * float(recent.max()))
    lowest = None if bounds.lower is None else usual - max(width, bounds.lower * usual)
    highest = None if bounds.upper is None else from_above + max(width, bounds.upper * usual)
    floor, ceiling = bounds.floor, bounds.ceiling
    if anchored and floor is not None and recent.min() < floor:
        floor = None
    if anchored and ceiling is not None and recent.max() > ceiling:
        ceiling = None
    return Within(
        lowest=_most(lowest, floor),
        highest=_least(highest, ceiling),
        usual=usual,
        nights=len(recent),
    )


def _least(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)
