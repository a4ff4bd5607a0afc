"""What each plant does to a clean service and to the lines that its council holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from population import catalogue
from population.catalogue import Trade
from population.days import NEVER
from population.draws import Bools, Ints
from population.lines import (
    AUTHORISED,
    CANCELLED,
    DRAFT,
    LOOSE,
    MAIN,
    RENEWAL,
    REPEAT,
)
from population.packages import HORIZON_DAYS
from population.plants import KINDS, Batch, Ground, Plant, Side

Recipe = Callable[[Ground, Ints], None]

_LONG_BEFORE_WINDOW = 900


def plant_all(ground: Ground, batches: list[Batch]) -> None:
    """Plant every batch, each on services of its own."""
    for batch in batches:
        usable = _USABLE.get(batch.plant, _anyone)(ground)
        rows = ground.take(batch.count, usable)
        arises, righted = _moments(ground, batch, rows)
        ground.set(
            rows,
            plant=batch.plant.value,
            variant=batch.variant[: len(rows)],
            arises=arises,
            righted=righted,
        )
        ground.settle(rows)
        _RECIPES[batch.plant](ground, rows)


def _moments(ground: Ground, batch: Batch, rows: Ints) -> tuple[Ints, Ints]:
    """Return when each plant comes and goes; on the caseload side with the provider's next file."""
    arises, righted = batch.arises[: len(rows)], batch.righted[: len(rows)]
    if KINDS[batch.plant].side is Side.CASELOAD:
        accepted = ground.accepted[ground.services["provider"].to_numpy()[rows]]
        next_file = accepted + 1 + 7 * (np.arange(len(rows)) // 4 % 2)
        arises = np.where(arises > -NEVER, next_file, arises)
        righted = np.where(righted < NEVER, next_file, righted)
    return arises, righted


def _anyone(ground: Ground) -> Bools:
    return np.ones(len(ground.services), dtype=bool)


def _has_another_provider(ground: Ground) -> Bools:
    return np.asarray(_another_provider(ground, np.arange(len(ground.services))) >= 0)


def _has_another_type(ground: Ground) -> Bools:
    others = np.array(
        [len(catalogue.others_of_trade(kind)) for kind in range(len(catalogue.TRADE))]
    )
    return np.asarray(others[ground.services["type"].to_numpy()] > 0)


def _first_of_its_provider(ground: Ground) -> Bools:
    """Allow one a provider, so that one entry cannot mean another's person."""
    first = np.zeros(len(ground.services), dtype=bool)
    providers = ground.services["provider"].to_numpy()[ground.free]
    first[ground.free[~pd.Series(providers).duplicated().to_numpy()]] = True
    return first


def _another_provider(ground: Ground, rows: Ints) -> Ints:
    """Return the next fit provider of the trade that serves the council, -1 where none is."""
    provider = ground.services["provider"].to_numpy()[rows]
    group = (
        catalogue.TRADE[ground.services["type"].to_numpy()[rows]] * 64
        + ground.services["council"].to_numpy()[rows]
    )
    fit = ground.fit
    found = np.full(len(rows), -1)
    for number in np.unique(group):
        sells = ground.providers.of(Trade(number // 64), int(number % 64))
        sells = sells[fit[sells]]
        if len(sells) < 2:
            continue
        where = np.flatnonzero(group == number)
        following = np.searchsorted(sells, provider[where], side="right") % len(sells)
        found[where] = sells[following]
    return np.where(found == provider, -1, found)


def _another_type(ground: Ground, rows: Ints) -> Ints:
    """Return another service type that the same trade sells."""
    kind = ground.services["type"].to_numpy()[rows]
    return np.array(
        [
            others[place % len(others)]
            for place, others in enumerate(map(catalogue.others_of_trade, kind.tolist()))
        ],
        dtype=np.int64,
    )


def _column(ground: Ground, rows: Ints, name: str) -> Ints:
    return np.asarray(ground.services[name].to_numpy()[rows], dtype=np.int64)


def _listed_while_planted(ground: Ground, rows: Ints) -> None:
    """Let the caseloads list these services only while the plant is there."""
    ground.set(
        rows,
        listed_from=_column(ground, rows, "arises"),
        listed_until=_column(ground, rows, "righted") - 1,
    )


def _person_unknown(ground: Ground, rows: Ints) -> None:
    record = np.array([ground.stranger() for _ in rows], dtype=np.int64)
    moments = {name: _column(ground, rows, name) for name in ("arises", "righted")}
    names_council = np.arange(len(rows)) % 2 == 0
    strange = ground.add(
        rows,
        record=record,
        says_cpli=False,
        says_person=False,
        plant=Plant.PERSON_UNKNOWN,
        **moments,
    )
    ground.set(strange, says_person=False, says_council=names_council)
    _listed_while_planted(ground, strange)
    ground.set(rows, plant=-1)


def _draft_only(ground: Ground, rows: Ints) -> None:
    arises = _column(ground, rows, "arises")
    start = np.where(
        arises > -NEVER, arises, ground.run_day - ground.draws.between(25, 55, len(rows))
    )
    ground.settle(rows, start=start, created=start - 7, reopens=False, arises=start)
    ground.set(rows, listed_from=start)


def _ended_before_window(ground: Ground, rows: Ints) -> None:
    end = ground.run_day - ground.draws.between(372, 430, len(rows))
    start = ground.run_day - _LONG_BEFORE_WINDOW - ground.draws.below(90, len(rows))
    ground.settle(
        rows, start=start, end=end, created=start - 5, closed=end - 5, reopens=False, keeps_old=True
    )
    ground.set(rows, given_end=NEVER, given_end_from=NEVER)
    _listed_while_planted(ground, rows)


def _other_service_only(ground: Ground, rows: Ints) -> None:
    moments = {name: _column(ground, rows, name) for name in ("arises", "righted")}
    other = ground.add(
        rows, type=_another_type(ground, rows), plant=Plant.OTHER_SERVICE_ONLY, **moments
    )
    _listed_while_planted(ground, other)
    ground.set(rows, plant=-1)


def _no_cpli_with_provider(ground: Ground, rows: Ints) -> None:
    """Let the council enter the second provider's line late, on the day it is put right."""
    arises, righted = _column(ground, rows, "arises"), _column(ground, rows, "righted")
    start = np.where(
        arises > -NEVER, arises, ground.run_day - ground.draws.between(25, 55, len(rows))
    )
    other = ground.add(
        rows,
        provider=_another_provider(ground, rows),
        start=start,
        arises=start,
        righted=righted,
        created=righted,
        says_cpli=False,
        reopens=False,
        plant=Plant.NO_CPLI_WITH_PROVIDER,
    )
    ground.set(other, on_council=True, listed_from=start)
    ground.set(rows, plant=-1)


def _not_reported(ground: Ground, rows: Ints) -> None:
    ground.set(
        rows,
        unlisted_from=_column(ground, rows, "arises"),
        unlisted_until=_column(ground, rows, "righted"),
    )


def _not_reported_yet(ground: Ground, rows: Ints) -> None:
    """Start days before the accepted caseload; the provider's next one lists the person."""
    start = ground.accepted[_column(ground, rows, "provider")] - 3
    ground.settle(rows, start=start, created=start - 2, reopens=False)
    ground.set(
        rows, unlisted_from=-NEVER, unlisted_until=start + 7, arises=start, righted=start + 7
    )


def _ends_before(ground: Ground, rows: Ints, low: int, high: int) -> Ints:
    """Return the day on which each ends: before it arises, else days before the first night."""
    arises = _column(ground, rows, "arises")
    recently = ground.run_day - ground.draws.between(low, high, len(rows))
    end = np.where(arises > -NEVER, arises - 1, recently)
    start = np.minimum(_column(ground, rows, "start"), end - 100)
    ground.settle(rows, start=start, created=start - 5)
    return end


def _after_end(ground: Ground, rows: Ints) -> None:
    end = _ends_before(ground, rows, 25, 150)
    ground.settle(rows, end=end, closed=end - 3)
    ground.set(
        rows,
        arises=end + 1,
        given_end=NEVER,
        given_end_from=NEVER,
        listed_until=_column(ground, rows, "righted") - 1,
    )


def _renewal_in_draft(ground: Ground, rows: Ints) -> None:
    end = _ends_before(ground, rows, 25, 150)
    ground.settle(rows, end=end, closed=end - 3)
    ground.set(rows, arises=end + 1, given_end=NEVER, given_end_from=NEVER, listed_until=NEVER)


def _other_provider(ground: Ground, rows: Ints) -> None:
    ground.set(rows, other=_another_provider(ground, rows), reopens=False)


def _identity(ground: Ground, rows: Ints) -> None:
    ground.set(rows, says_cpli=True)
    wrong = [ground.stranger() for _ in rows]
    ground.set(rows, other=np.array(wrong, dtype=np.int64))


def _reported_ended(ground: Ground, rows: Ints) -> None:
    """Let the provider report an end that its council enters on the day it is put right."""
    end = _ends_before(ground, rows, 20, 45)
    righted = _column(ground, rows, "righted")
    ground.settle(rows, end=np.where(righted < NEVER, end, NEVER), closed=righted)
    ground.set(
        rows,
        arises=end + 1,
        given_end=end,
        given_end_from=end + 1,
        listed_until=np.where(righted < NEVER, righted + 28, NEVER),
    )


def _before_start(ground: Ground, rows: Ints) -> None:
    start = ground.run_day + HORIZON_DAYS + ground.draws.between(1, 20, len(rows))
    created = np.full(len(rows), ground.run_day - 20)
    ground.settle(rows, start=start, created=created, reopens=False)
    ground.set(rows, given_start=NEVER)
    _listed_while_planted(ground, rows)


def _other_type_reported(ground: Ground, rows: Ints) -> None:
    ground.set(rows, other=_another_type(ground, rows))


def _other_start(ground: Ground, rows: Ints) -> None:
    """Start within the window, so that an earlier start on the caseload is a difference too."""
    start = ground.run_day - ground.draws.between(60, 170, len(rows))
    ground.settle(rows, start=start, created=start - 4)


def _other_end(ground: Ground, rows: Ints) -> None:
    end = ground.run_day + ground.draws.between(HORIZON_DAYS + 20, 300, len(rows))
    ground.settle(rows, end=end, closed=_column(ground, rows, "created"))


def _as_it_is(_ground: Ground, _rows: Ints) -> None:
    """Leave services and lines alone: the plant is in a caseload or on the portal only."""


_RECIPES: Mapping[Plant, Recipe] = MappingProxyType(
    {
        Plant.PERSON_UNKNOWN: _person_unknown,
        Plant.DRAFT_ONLY: _draft_only,
        Plant.ENDED_BEFORE_WINDOW: _ended_before_window,
        Plant.OTHER_SERVICE_ONLY: _other_service_only,
        Plant.NO_CPLI_WITH_PROVIDER: _no_cpli_with_provider,
        Plant.NOT_REPORTED: _not_reported,
        Plant.NOT_REPORTED_YET: _not_reported_yet,
        Plant.AFTER_END: _after_end,
        Plant.RENEWAL_IN_DRAFT: _renewal_in_draft,
        Plant.OTHER_PROVIDER: _other_provider,
        Plant.IDENTITY: _identity,
        Plant.REPORTED_ENDED: _reported_ended,
        Plant.BEFORE_START: _before_start,
        Plant.NOT_STARTED: _as_it_is,
        Plant.OTHER_SERVICE_TYPE: _other_type_reported,
        Plant.POSSIBLE_MATCH: _as_it_is,
        Plant.NOT_ON_PORTAL: _as_it_is,
        Plant.ONLY_ON_PORTAL: _as_it_is,
        Plant.UNAUTHORISED_ON_PORTAL: _as_it_is,
        Plant.PORTAL_DIFFERS: _as_it_is,
        Plant.CPLI_TWICE: _as_it_is,
        Plant.ENTRY_TWICE: _as_it_is,
        Plant.OTHER_START: _other_start,
        Plant.OTHER_END: _other_end,
        Plant.OTHER_QUANTITY: _as_it_is,
    }
)
_USABLE: Mapping[Plant, Callable[[Ground], Bools]] = MappingProxyType(
    {
        Plant.OTHER_SERVICE_ONLY: _has_another_type,
        Plant.OTHER_SERVICE_TYPE: _has_another_type,
        Plant.NO_CPLI_WITH_PROVIDER: _has_another_provider,
        Plant.OTHER_PROVIDER: _has_another_provider,
        Plant.POSSIBLE_MATCH: _first_of_its_provider,
    }
)


def with_planted_lines(lines: pd.DataFrame, services: pd.DataFrame, run_day: int) -> pd.DataFrame:
    """Return the lines with what plants change on them and add to them."""
    plant = services["plant"].to_numpy()[lines["service"]]
    righted = services["righted"].to_numpy()[lines["service"]]
    other = services["other"].to_numpy()[lines["service"]]
    whole = lines.assign(righted=righted, other=other)
    draft, elsewhere = plant == Plant.DRAFT_ONLY, plant == Plant.OTHER_PROVIDER
    untouched = whole[~(draft | elsewhere)]
    last = whole[(whole["closed"] >= NEVER) & (whole["line"] == MAIN)]
    of_last = plant[last.index]
    parts = [
        untouched,
        *_until_righted(whole[draft], authorisation=DRAFT),
        *_until_righted(whole[elsewhere], provider=whole["other"][elsewhere]),
        *_entered_twice(last[of_last == Plant.CPLI_TWICE], services, run_day),
        *_renewals(whole[plant == Plant.RENEWAL_IN_DRAFT], run_day),
        *_loose(last[of_last == Plant.UNAUTHORISED_ON_PORTAL], services, run_day),
        last[of_last == Plant.ONLY_ON_PORTAL].assign(line=LOOSE, created=NEVER),
    ]
    return pd.concat(parts, ignore_index=True).drop(columns=["righted", "other"])


def _until_righted(lines: pd.DataFrame, **wrong: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two versions of each line: wrong until it is put right, and right from then on."""
    before = lines.assign(seen_until=lines["righted"], **wrong)
    after = lines[lines["righted"] < NEVER]
    return before, after.assign(seen_from=after["righted"])


def _entered_twice(
    lines: pd.DataFrame, services: pd.DataFrame, run_day: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same line under another `cpli_id`, and how it is cancelled in the end."""
    arises = services["arises"].to_numpy()[lines["service"]]
    created = np.where(arises > -NEVER, arises, np.maximum(lines["created"] + 1, run_day - 50))
    twice = lines.assign(line=REPEAT, created=created)
    right = twice[twice["righted"] < NEVER]
    return (
        twice.assign(seen_until=twice["righted"]),
        right.assign(seen_from=right["righted"], authorisation=CANCELLED),
    )


def _renewals(lines: pd.DataFrame, run_day: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the draft that should follow the last line, and how it is authorised in the end."""
    ended = lines[lines["end"] == lines.groupby("service")["end"].transform("max")]
    start = ended["end"] + 1
    renewal = ended.assign(
        line=RENEWAL,
        start=start,
        end=NEVER,
        closed=NEVER,
        created=np.minimum(start - 2, run_day - 12),
        authorisation=AUTHORISED,
    )
    return _until_righted(renewal, authorisation=DRAFT)


def _loose(lines: pd.DataFrame, services: pd.DataFrame, run_day: int) -> list[pd.DataFrame]:
    """Return drafts and cancelled lines that the portal will show by mistake."""
    cancelled = services["variant"].to_numpy()[lines["service"]] == 1
    return [
        lines.assign(
            line=LOOSE,
            created=run_day - 45,
            authorisation=np.where(cancelled, CANCELLED, DRAFT),
        )
    ]
