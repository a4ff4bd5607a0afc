"""The CPLIs: each service as the chain of lines by which its council holds it.

Councils close a line and open the next each April, and whenever a quantity changes. A line's row
says since when it can be seen, and since when its end can be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from population import catalogue
from population.days import NEVER, april_firsts
from population.draws import Bools, Ints, hashed_below
from population.people import People
from schemas.vocabularies import Authorisation

AUTHORISATIONS = tuple(Authorisation)
DRAFT = AUTHORISATIONS.index(Authorisation.DRAFT)
AUTHORISED = AUTHORISATIONS.index(Authorisation.AUTHORISED)
CANCELLED = AUTHORISATIONS.index(Authorisation.CANCELLED)

MAIN, WEEKEND, SLIP, REPEAT, RENEWAL, LOOSE = range(6)
"""What a line is to its service: one of its chain, the weekend's, one entered by mistake, one
entered twice, a renewal that is still a draft, or one that belongs nowhere.
"""

_LONG_AGO_DAYS = 366 + 100
_LAST_BOUNDARY_DAYS = 30
_CANCELLED_OF_1000 = 15


@dataclass(frozen=True, kw_only=True)
class Lines:
    """`table`: all lines that any night can show, ordered by service, line, segment and seen_from.

    Columns: service, record, council, line, segment, number (of the `cpli_id`), provider, type,
    description, start, end (NEVER while open), quarters, authorisation, created, minute (of the day
    of creation, London), closed (since when the end can be seen; NEVER where there is none),
    touched (a day of update without a visible change), seen_from, seen_until (days on which this
    version is the one to be seen: from, and before), keeps_old. `chain` is the main lines' place in
    the table, looked up by `segment_on`.
    """

    table: pd.DataFrame
    chain: Ints
    chain_keys: Ints

    def segment_on(self, service: Ints, day: Ints) -> Ints:
        """Return the place in `table` of each service's main line on a day, -1 where it has none.

        Before the first line it is the first, in a gap and after the end the one before.
        """
        place = np.searchsorted(self.chain_keys, _key(service, day), side="right") - 1
        here = self.table["service"].to_numpy()[self.chain]
        after = np.minimum(place + 1, len(here) - 1)
        before_first = (place < 0) | (here[np.maximum(place, 0)] != service)
        place = np.where(before_first, after, place)
        return np.where(here[place] == service, self.chain[place], -1)


def _key(service: Ints, day: Ints) -> Ints:
    return service * (4 * NEVER) + (day + 2 * NEVER)


def draw_lines(seed: int, *, services: pd.DataFrame, run_day: int) -> pd.DataFrame:
    """Draw the lines of all services on a council's system: the columns that `completed` leaves."""
    held = np.flatnonzero(services["on_council"].to_numpy())
    chain = _segments(seed, services, held, run_day)
    weekend = services["weekend"].to_numpy()[chain["service"]]
    second = chain[weekend > 0].copy()
    second["line"] = WEEKEND
    second["quarters"] = weekend[weekend > 0]
    second["description"] = catalogue.WEEKEND_DESCRIPTION[second["type"]]
    lines = pd.concat([chain, second], ignore_index=True)
    lines = lines[lines["end"] >= run_day - _LONG_AGO_DAYS]
    plain = (services["plant"] < 0).to_numpy() & (services["fault"] < 0).to_numpy()
    slips = _slips(seed, lines[plain[lines["service"]]], run_day)
    return pd.concat([lines, slips], ignore_index=True)


def completed(
    seed: int, lines: pd.DataFrame, people: People, services: pd.DataFrame
) -> pd.DataFrame:
    """Add what follows from a line's service: record, council, minute, touched and keeps_old."""
    service = lines["service"].to_numpy()
    lines = lines.copy()
    lines["record"] = services["record"].to_numpy()[service]
    lines["council"] = people.records["council"].to_numpy()[lines["record"]]
    parts = (service, lines["segment"].to_numpy(), lines["line"].to_numpy())
    by_night = hashed_below(50, seed, 11, *parts) == 0
    minute = np.where(by_night, 15, hashed_below(900, seed, 12, *parts) + 400)
    lines["minute"] = minute
    touched = lines["created"].to_numpy() + hashed_below(40, seed, 13, *parts)
    some = (hashed_below(4, seed, 14, *parts) == 0) & (services["plant"].to_numpy()[service] < 0)
    lines["touched"] = np.where(some, touched, NEVER)
    lines["keeps_old"] = services["keeps_old"].to_numpy()[service]
    return lines


def numbered(lines: pd.DataFrame) -> Lines:
    """Number the lines of each council in the order of their creation; versions share a number."""
    order = ["service", "line", "segment", "seen_from"]
    lines = lines.sort_values(order, kind="stable", ignore_index=True)
    first = (lines["seen_from"] == -NEVER).to_numpy()
    created = lines[first].sort_values(["council", "created", "minute"], kind="stable")
    number = 1_000_001 + created.groupby("council").cumcount()
    lines["number"] = number.reindex(lines.index).ffill().astype(np.int64)
    chain = np.flatnonzero(first & (lines["line"] == MAIN).to_numpy())
    keys = _key(lines["service"].to_numpy()[chain], lines["start"].to_numpy()[chain])
    return Lines(table=lines, chain=chain, chain_keys=keys)


def _segments(seed: int, services: pd.DataFrame, held: Ints, run_day: int) -> pd.DataFrame:
    """Cut each service at its boundaries into main lines."""
    part = services.iloc[held]
    start, end = part["start"].to_numpy(), part["end"].to_numpy()
    boundaries, changes = _boundaries(part, run_day)
    count = len(boundaries)
    starts = np.column_stack([start, boundaries])
    ends = np.column_stack([boundaries - 1, np.full(count, NEVER)])
    ends = np.where(starts < NEVER, np.minimum(ends, end[:, np.newaxis]), NEVER)
    last = np.column_stack([boundaries >= NEVER, np.ones(count, dtype=bool)])
    there = starts < NEVER
    ends = np.where(last, end[:, np.newaxis], ends)
    changed = np.cumsum(np.column_stack([np.zeros(count, dtype=np.int64), changes]), axis=1)
    created = _created(seed, part, held, starts, run_day)
    following = np.column_stack([created[:, 1:], np.full(count, NEVER)])
    closed = np.where(last, part["closed"].to_numpy()[:, np.newaxis], following)
    ends = _with_days_off(part, starts, ends, changes, run_day)
    row, segment = np.nonzero(there)
    quarters = (
        part["quarters"].to_numpy()[row] + part["step"].to_numpy()[row] * (changed[row, segment])
    )
    return pd.DataFrame(
        {
            "service": held[row],
            "line": MAIN,
            "segment": segment,
            "provider": part["provider"].to_numpy()[row],
            "type": part["type"].to_numpy()[row],
            "description": part["description"].to_numpy()[row],
            "start": starts[row, segment],
            "end": ends[row, segment],
            "quarters": quarters,
            "authorisation": np.where(part["draft"].to_numpy()[row], DRAFT, AUTHORISED),
            "created": created[row, segment],
            "closed": closed[row, segment],
            "seen_from": -NEVER,
            "seen_until": NEVER,
        }
    )


def _boundaries(part: pd.DataFrame, run_day: int) -> tuple[Ints, Bools]:
    """Return the days on which new lines begin, in order and NEVER-padded, and which change."""
    start, end = part["start"].to_numpy(), part["end"].to_numpy()
    frozen = part["frozen"].to_numpy()
    latest = np.where(frozen, run_day - _LAST_BOUNDARY_DAYS, NEVER)
    reopens = part["reopens"].to_numpy()
    aprils = [np.where(reopens, day, NEVER) for day in april_firsts(run_day)]
    changes = [part["change_1"].to_numpy(), part["change_2"].to_numpy()]
    days = np.column_stack([*aprils, *changes])
    inside = (days > start[:, np.newaxis]) & (days <= np.minimum(end, latest)[:, np.newaxis])
    days = np.where(inside, days, NEVER)
    kind = np.broadcast_to(np.arange(days.shape[1]) >= len(aprils), days.shape)
    order = np.argsort(days * 2 - kind, axis=1, kind="stable")
    days = np.take_along_axis(days, order, axis=1)
    kind = np.take_along_axis(kind, order, axis=1) & (days < NEVER)
    repeated = np.zeros(days.shape, dtype=bool)
    repeated[:, 1:] = (days[:, 1:] == days[:, :-1]) & (days[:, 1:] < NEVER)
    return _moved_left(np.where(repeated, NEVER, days), kind & ~repeated)


def _moved_left(days: Ints, kind: Bools) -> tuple[Ints, Bools]:
    order = np.argsort(days, axis=1, kind="stable")
    return np.take_along_axis(days, order, axis=1), np.take_along_axis(kind, order, axis=1)


def _created(seed: int, part: pd.DataFrame, held: Ints, starts: Ints, run_day: int) -> Ints:
    """Return when each line came on the system: mostly ahead, some late but none still due."""
    segment = np.arange(starts.shape[1])
    service = held[:, np.newaxis]
    ahead = starts - hashed_below(36, seed, 15, service, segment)
    late = starts + 1 + hashed_below(25, seed, 16, service, segment)
    some = hashed_below(100, seed, 17, service, segment) < 6
    created = np.where(some & (late <= run_day), late, ahead)
    created[:, 0] = part["created"].to_numpy()
    created = np.where(starts < NEVER, created, -NEVER)
    return np.maximum.accumulate(created, axis=1)


def _with_days_off(
    part: pd.DataFrame, starts: Ints, ends: Ints, changes: Bools, run_day: int
) -> Ints:
    """End some lines up to a week before the next begins: a stay in hospital, still one spell."""
    gap = part["gap"].to_numpy()[:, np.newaxis]
    ends = ends.copy()
    before = ends[:, :-1]
    room = (before - starts[:, :-1] > 20) & (starts[:, 1:] <= run_day - _LAST_BOUNDARY_DAYS)
    ends[:, :-1] = np.where(changes & room, before - gap, before)
    return ends


def _slips(seed: int, lines: pd.DataFrame, run_day: int) -> pd.DataFrame:
    """Return lines entered by mistake and cancelled within days, beside the right ones."""
    service, segment = lines["service"].to_numpy(), lines["segment"].to_numpy()
    some = hashed_below(1000, seed, 18, service, segment) < _CANCELLED_OF_1000
    some &= (lines["line"] == MAIN).to_numpy() & (lines["created"] < run_day - 60).to_numpy()
    some &= (lines["authorisation"] == AUTHORISED).to_numpy()
    slips = lines[some].copy()
    slips["line"] = SLIP
    slips["authorisation"] = CANCELLED
    slips["created"] -= 1
    return slips
