"""Scope and spells (rules 3 and 4): CPLIs that follow each other are one continuous service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.coded import Coded
from reconciliation.columns import Numbers
from reconciliation.days import ACTIVE, NEVER, SPAN, Mask, lifecycle, uncovered

DRAFT, AUTHORISED, CANCELLED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Spells:
    """The spells, ordered by person, provider, service type and start.

    `frame` has one row a spell: person, council, provider, service, start, end (`NEVER` if open),
    first_cpli, first_line, unmapped, left_censored. `line` are the rows of `Coded.lines` that are
    in scope, ordered by spell and then as rule 4 orders them, `of_line` the spell of each.
    """

    frame: pd.DataFrame
    line: Numbers
    of_line: Numbers

    def column(self, name: str) -> Numbers:
        """Return a column of the frame as whole numbers."""
        values: Numbers = self.frame[name].to_numpy()
        return values

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.frame)


def in_scope(lines: pd.DataFrame, *, window: int) -> Mask:
    """Say which CPLIs are valid, authorised and not ended before the window (rule 3)."""
    wanted: Mask = (
        lines["valid"].to_numpy()
        & (lines["authorisation"].to_numpy() == AUTHORISED)
        & (lines["end"].to_numpy() >= window)
    )
    return wanted


def join_spells(coded: Coded, *, spell_gap_days: int) -> Spells:
    """Join in-scope CPLIs of one person, provider and service type into spells (rule 4)."""
    lines = coded.lines
    line = np.flatnonzero(in_scope(lines, window=coded.window))
    person, provider, service, start, end, cpli = (
        lines[name].to_numpy()[line]
        for name in ("person", "provider", "service", "start", "end", "cpli")
    )
    order = np.lexsort((cpli, end, start, service, provider, person))
    line, person, provider, service, start, end, cpli = (
        values[order] for values in (line, person, provider, service, start, end, cpli)
    )
    new_group = columns.firsts(person) | columns.firsts(provider) | columns.firsts(service)
    group = np.cumsum(new_group) - 1
    latest_end = np.maximum.accumulate(group * SPAN + end) - group * SPAN
    begins = new_group.copy()
    begins[1:] |= uncovered(end=latest_end[:-1], start=start[1:]) > spell_gap_days
    of_line = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    council = lines["council"].to_numpy()[line]
    unmapped = lines["unmapped"].to_numpy()[line]
    frame = pd.DataFrame(
        {
            "person": person[first],
            "council": council[first],
            "provider": provider[first],
            "service": service[first],
            "start": start[first],
            "end": columns.highest_in(of_line, len(first), end, start=-NEVER),
            "first_cpli": cpli[first],
            "first_line": line[first],
            "unmapped": columns.any_in(of_line, len(first), unmapped),
            "left_censored": start[first] <= coded.window + spell_gap_days,
        }
    )
    return Spells(frame=frame, line=line, of_line=of_line)


def weekly_quantity(coded: Coded, spells: Spells, *, on: Numbers) -> tuple[Numbers, Numbers]:
    """Return each spell's quantity (millionths) and unit on its own day `on` (rule 4).

    Null (-1) where no CPLI is active, one of them states none, or their units differ.
    """
    lines = coded.lines
    start, end, quantity, unit = (
        lines[name].to_numpy()[spells.line] for name in ("start", "end", "quantity", "unit")
    )
    active = lifecycle(start=start, end=end, on=on[spells.of_line]) == ACTIVE
    return summed(spells.of_line[active], len(spells), quantity=quantity[active], unit=unit[active])


def summed(
    group: Numbers, size: int, *, quantity: Numbers, unit: Numbers
) -> tuple[Numbers, Numbers]:
    """Add up quantities by group; -1 where the group is empty, lacks one, or its units differ."""
    lowest_unit = columns.lowest_in(group, size, unit, start=NEVER)
    highest_unit = columns.highest_in(group, size, unit, start=-1)
    incomplete = columns.any_in(group, size, quantity < 0)
    null = (highest_unit != lowest_unit) | incomplete
    total = columns.total_in(group, size, np.where(quantity < 0, 0, quantity))
    return np.where(null, -1, total), np.where(null, -1, highest_unit)
