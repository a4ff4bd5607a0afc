"""The geometry of charts: bars and lines in the units of their drawing; templates draw them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 320
BAR_ROOM = 262
"""How long the longest bar is; its number stands behind it."""
LINE, BAR, GAP = 18, 18, 12
LETTERS = 34
LEFT, RIGHT, TOP, HEIGHT = 40, 300, 12, 170
"""The edges of a chart of lines, within which its points lie."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: the lines of its label, its value in words, and where it is."""

    label: tuple[str, ...]
    value: str
    y: int
    bar_y: int
    width: float


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A chart of bars, one below the other."""

    bars: tuple[Bar, ...]
    height: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point of a line, or the place of a label of an axis."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A chart of lines over time: of each its unbroken parts, as points, and a label at its end."""

    series: tuple[tuple[tuple[Point, ...], ...], ...]
    down: tuple[Point, ...]
    across: tuple[Point, ...]
    ends: tuple[Point, ...]


def bars(counts: Iterable[tuple[str, float]]) -> Bars:
    """Return a chart of numbers by their labels; long labels are broken, and cut in the end."""
    counts = list(counts)
    longest = max((count for _, count in counts), default=0) or 1
    drawn, y = list[Bar](), 0
    for label, count in counts:
        lines = tuple(textwrap.wrap(label, LETTERS, max_lines=2, placeholder="…")) or ("",)
        bar_y = y + LINE * len(lines)
        width = round(BAR_ROOM * count / longest, 1)
        value = f"{int(count) if float(count).is_integer() else count:,}"
        drawn.append(Bar(label=lines, value=value, y=y + 14, bar_y=bar_y, width=width))
        y = bar_y + BAR + GAP
    return Bars(bars=tuple(drawn), height=max(y - GAP, 1) + 2)


def lines(
    series: Sequence[Sequence[float | None]],
    *,
    labels: Sequence[str],
    unit: str,
    highest: float | None = None,
) -> Lines:
    """Return a chart of values over time, None where there is none: there the line is broken."""
    known = [value for values in series for value in values if value is not None]
    top = max(known, default=1) if highest is None else highest
    ticks = _ticks(min(0, *known) if known else 0, top)
    low, high = ticks[0], ticks[-1]

    def x(place: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * place / max(len(labels) - 1, 1), 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP) * (high - value) / (high - low), 1)

    drawn, ends = [], list[Point]()
    for values in series:
        points = [
            None if value is None else Point(x=x(place), y=y(value))
            for place, value in enumerate(values)
        ]
        drawn.append(_parts(points))
        last = next((place for place in reversed(range(len(values))) if points[place]), None)
        if last is not None:
            ends.append(Point(x=x(last), y=y(values[last] or 0), label=f"{values[last]:g}{unit}"))
    return Lines(
        series=tuple(drawn),
        down=tuple(Point(x=LEFT, y=y(tick), label=f"{tick:g}{unit}") for tick in ticks),
        across=tuple(
            Point(x=x(place), y=HEIGHT, label=label) for place, label in enumerate(labels) if label
        ),
        ends=tuple(ends),
    )


def _parts(points: Sequence[Point | None]) -> tuple[tuple[Point, ...], ...]:
    """Return the runs of points between gaps."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return tuple(tuple(run) for run in runs if run)


def _ticks(low: float, high: float) -> list[float]:
    """Return up to six round numbers that hold both ends between them."""
    step = _round_step((high - low) / 4 or 1)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _round_step(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= step)
