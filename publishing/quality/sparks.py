"""The geometry of small charts: a figure over the nights, and the band in which it may lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from publishing.quality.wording import Figures, finite
from schemas.gates import GateHistory

MOST_NIGHTS = 60
EDGE = 6
"""How far points stay off the edges, so that their marks are whole."""
LETTERS = 14
"""How far labels stay off each other."""
Place = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Spark:
    """A line of figures, the latest last, over a band from `top` down to `bottom`.

    The band reaches the edge of the drawing where there is no bound. `figures` are the line's own,
    by night; `outside` says that the latest lies outside of the bounds. `low`, `high` and `value`
    are the heights of the labels of the bounds and of the latest figure.
    """

    figures: tuple[tuple[date, float], ...]
    points: tuple[Place, ...]
    top: float
    bottom: float
    low: float
    high: float
    value: float
    outside: bool

    @property
    def line(self) -> str:
        """The points as a polyline has them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)

    @property
    def last(self) -> Place:
        """Where the latest figure is."""
        return self.points[-1]


def figures_of(
    history: GateHistory | None, figures: Figures, as_of: date
) -> tuple[tuple[date, float], ...]:
    """Return the figures of the nights up to one, that one's own being what was measured."""
    told = dict(history.observed) if history else {}
    told = {night: figure for night, figure in told.items() if night < as_of}
    if figures.figure is not None:
        told[as_of] = figures.figure
    known = [
        (night, figure) for night, figure in sorted(told.items()) if finite(figure) is not None
    ]
    return tuple(known[-MOST_NIGHTS:])


def spark(
    told: Sequence[tuple[date, float]], figures: Figures, *, width: int, height: int
) -> Spark | None:
    """Return a chart of figures in a box of this size, or None where they make no line."""
    if not told[1:]:
        return None
    first, last = told[0][0], told[-1][0]
    bounds = [each for each in (figures.low, figures.high) if each is not None]
    values = [*(figure for _, figure in told), *bounds]
    least, most = min(values), max(values)

    def x(night: date) -> float:
        share = (night - first).days / (last - first).days
        return round(EDGE + (width - 2 * EDGE) * share, 1)

    def y(value: float) -> float:
        share = (most - value) / (most - least) if most > least else 0.5
        return round(EDGE + (height - 2 * EDGE) * share, 1)

    top = 0.0 if figures.high is None else y(figures.high)
    bottom = float(height) if figures.low is None else y(figures.low)
    latest = values[len(told) - 1]
    return Spark(
        figures=tuple(told),
        points=tuple((x(night), y(figure)) for night, figure in told),
        top=top,
        bottom=bottom,
        high=top,
        low=max(bottom, top + LETTERS),
        value=min(max(y(latest) + EDGE, LETTERS), height - EDGE / 2),
        outside=figures.outside(latest),
    )
