"""The lines of a case on one scale of days: what the council pays for above what is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from worklist.cases.sides import COUNCIL

WIDTH = 640
MARGIN = 4
ROW, BAR, TOP = 26, 16, 24
BEFORE, AFTER = timedelta(days=30), timedelta(days=45)
TICKS_AT_MOST = 8
LABEL = 30
"""Half as wide as a label is at most: nearer to an edge it would be cut off."""
YEAR = 12
"""Months."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A line as a bar: `x`, `y`, `width` in the drawing's units; an end of its own has no arrow."""

    x: float
    y: float
    width: float
    side: str
    goes_on: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A drawing of bars over ticks (place, label); `today` is where today lies."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    today: float
    sides: tuple[str, ...]


def timeline(
    lines: Sequence[Mapping[str, Any]], *, today: date, said: Sequence[str]
) -> Timeline | None:
    """Return the drawing, or None where no line has a start. `said` tells each line in words."""
    dated = [(line, text) for line, text in zip(lines, said, strict=True) if line["start_date"]]
    if not dated:
        return None
    dated.sort(key=lambda each: (each[0]["side"] != COUNCIL, each[0]["start_date"]))
    first = min(line["start_date"] for line, _text in dated)
    last = max([today, *(line["end_date"] or line["start_date"] for line, _text in dated)])
    first, last = min(first, today) - BEFORE, last + AFTER
    scale = (WIDTH - 2 * MARGIN) / (last - first).days

    def place(on: date) -> float:
        return float(round(MARGIN + (on - first).days * scale, 1))

    bars = []
    for number, (line, text) in enumerate(dated):
        start = place(line["start_date"])
        # A last day counts whole.
        end = place((line["end_date"] or last - timedelta(1)) + timedelta(1))
        bars.append(
            Bar(
                x=start,
                y=TOP + number * ROW,
                width=round(max(end - start, 2.0), 1),
                side=line["side"],
                goes_on=line["end_date"] is None,
                said=text,
            )
        )
    return Timeline(
        width=WIDTH,
        height=TOP + len(bars) * ROW,
        bars=tuple(bars),
        ticks=tuple(
            (place(on), label)
            for on, label in _ticks(first, last)
            if LABEL < place(on) < WIDTH - LABEL
        ),
        today=place(today),
        sides=tuple(dict.fromkeys(bar.side for bar in bars)),
    )


def _ticks(first: date, last: date) -> list[tuple[date, str]]:
    """Return firsts of months or years, as far apart as leaves at most eight of them."""
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next(
        (step for step in (1, 2, 3, 6, 12, 24, 60, 120) if months / step <= TICKS_AT_MOST), 240
    )
    at = [
        date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1)
        for n in range(1, months + 1)
    ]
    even = [on for on in at if (on.year * 12 + on.month - 1) % step == 0]
    return [(on, f"{on:%b %Y}" if step < YEAR else f"{on:%Y}") for on in even]
