"""The packages of care: which services people have, from whom, since when and until when.

A service is one spell of one type by one provider. Its row says what is true, what its council
knows of it and when, and what its provider reports of it and when; the views of a night only look.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from population import catalogue
from population.catalogue import NUMBER
from population.days import NEVER
from population.draws import Bools, Draws, Ints
from population.people import People
from population.providers import Providers
from schemas.vocabularies import ServiceType

HORIZON_DAYS = 125
"""How far after the first run date the population goes on living."""

SETTLED_DAYS = 40
"""Later than this before the first run date, providers' dates are the council's to the day."""

NOTHING = -1
"""Stands for no plant and no fault."""


def draw_services(seed: int, *, people: People, providers: Providers, run_day: int) -> pd.DataFrame:
    """Draw the services of all people, one row each, in the order of their records.

    Columns: record, council, provider, type, start, end (NEVER while open); what the council knows:
    created and closed (the days on which the first line and the end came on its system), quarters
    and weekend (weekly quantities in quarters of a unit), reopens (each April), change_1, change_2
    (days on which the quantity changes), gap (days off before change_1), step, description,
    on_council, draft (never authorised, never reported), frozen (no line is reopened after the
    first run date); what the provider reports: see `reported_as_it_is`; and what is planted, as yet
    nothing: plant, variant, other (what a plant or fault puts in the place of the right thing),
    arises, righted (days: from, and before), fault.
    """
    draws = Draws(seed, "packages")
    records = people.records
    main = _main_services(draws, people.known, run_day)
    main["record"] = np.arange(people.known)
    main["part"] = 0
    drawn = pd.concat([main, *_others(draws, main, run_day)], ignore_index=True)
    services = drawn.sort_values(["record", "part"], kind="stable", ignore_index=True)
    council = records["council"].to_numpy()[services["record"]]
    services.insert(1, "council", council)
    services["provider"] = _providers(draws, services, providers)
    services = _without_moves_to_the_same(services)
    return _with_details(draws, services, people, providers, run_day)


def _main_services(draws: Draws, count: int, run_day: int) -> pd.DataFrame:
    kind = draws.pick(catalogue.WEIGHTS, count)
    start, end = _times(draws, catalogue.SHORT[kind], run_day)
    return pd.DataFrame({"type": kind, "start": start, "end": end})


def _times(draws: Draws, short: Bools, run_day: int) -> tuple[Ints, Ints]:
    """Return start and end: most long services are open, most short ones over."""
    count = len(short)
    state = draws.pick((795, 140, 50, 15), count)
    end = np.choose(
        state,
        [
            np.full(count, NEVER),
            run_day - draws.below(366, count),
            run_day + draws.between(1, HORIZON_DAYS, count),
            run_day - draws.between(367, 430, count),
        ],
    )
    age = np.choose(
        draws.pick((22, 35, 43), count),
        [
            draws.between(1, 180, count),
            draws.between(181, 800, count),
            draws.between(801, 2600, count),
        ],
    )
    soon = (state == 0) & draws.chance(50, count)
    start = np.minimum(end, run_day) - age
    start = np.where(soon, run_day + draws.between(1, HORIZON_DAYS - 5, count), start)
    short_start = run_day + draws.between(-400, HORIZON_DAYS - 5, count)
    short_end = short_start + draws.between(13, 83, count)
    return np.where(short, short_start, start), np.where(short, short_end, end)


def _others(draws: Draws, main: pd.DataFrame, run_day: int) -> list[pd.DataFrame]:
    """Return what people have beside, or had before, their main service."""
    pattern = draws.pick((680, 170, 40, 50, 40, 20), len(main))
    return [
        *_companions(draws, main, np.flatnonzero(pattern == 1), 1, run_day),
        *_companions(draws, main, np.flatnonzero(pattern == 2), 2, run_day),
        _moved(draws, main, np.flatnonzero(pattern == 3)),
        _short_stay_first(draws, main, np.flatnonzero(pattern == 4)),
        _restarted(draws, main, np.flatnonzero(pattern == 5), run_day),
    ]


def _companions(
    draws: Draws, main: pd.DataFrame, record: Ints, number: int, run_day: int
) -> list[pd.DataFrame]:
    """Return other services at the same time, all of different types."""
    taken = main["type"].to_numpy()[record][:, np.newaxis]
    frames = []
    for part in range(1, number + 1):
        kind = catalogue.COMPANIONS[draws.pick(catalogue.COMPANION_WEIGHTS, len(record))]
        usable = (kind[:, np.newaxis] != taken).all(axis=1)
        start, end = _times(draws, np.zeros(len(record), dtype=bool), run_day)
        frame = pd.DataFrame(
            {"type": kind, "start": start, "end": end, "record": record, "part": part}
        )
        frames.append(frame[usable])
        taken = np.column_stack([taken, kind])
    return frames


def _moved(draws: Draws, main: pd.DataFrame, record: Ints) -> pd.DataFrame:
    """Return the same service by an earlier provider, up to the day before."""
    later = main.take(record)
    end = later["start"].to_numpy() - 1
    start = end - draws.between(60, 900, len(record))
    frame = pd.DataFrame(
        {"type": later["type"], "start": start, "end": end, "record": record, "part": 10}
    )
    return frame[~catalogue.SHORT[later["type"]]]


def _short_stay_first(draws: Draws, main: pd.DataFrame, record: Ints) -> pd.DataFrame:
    """Return a short stay in the home in which the person then stays for good."""
    later = main.take(record)
    kind = later["type"].to_numpy()
    residential = kind == NUMBER[ServiceType.LONG_TERM_RESIDENTIAL]
    nursing = kind == NUMBER[ServiceType.LONG_TERM_NURSING]
    short = np.where(
        residential,
        NUMBER[ServiceType.SHORT_TERM_RESIDENTIAL],
        NUMBER[ServiceType.SHORT_TERM_NURSING],
    )
    end = later["start"].to_numpy() - 1
    start = end - draws.between(13, 60, len(record))
    frame = pd.DataFrame({"type": short, "start": start, "end": end, "record": record, "part": 11})
    return frame[residential | nursing]


def _restarted(draws: Draws, main: pd.DataFrame, record: Ints, run_day: int) -> pd.DataFrame:
    """Return the same service by the same provider, ended over a week before: a spell apart."""
    later = main.take(record)
    end = later["start"].to_numpy() - 1 - draws.between(8, 60, len(record))
    start = end - draws.between(60, 600, len(record))
    frame = pd.DataFrame(
        {"type": later["type"], "start": start, "end": end, "record": record, "part": 12}
    )
    return frame[end < run_day - 60]


def _providers(draws: Draws, services: pd.DataFrame, providers: Providers) -> Ints:
    """Return who gives each service; stays and restarts are with the main service's provider."""
    trade = catalogue.TRADE[services["type"]]
    chosen = providers.choose(draws, trade, services["council"].to_numpy())
    part = services["part"].to_numpy()
    first_of_record = np.flatnonzero(part == 0)
    of_main = chosen[first_of_record[services["record"].to_numpy()]]
    return np.where(part >= 11, of_main, chosen)


def _without_moves_to_the_same(services: pd.DataFrame) -> pd.DataFrame:
    """Leave out moves in which the earlier provider is the later one."""
    part = services["part"].to_numpy()
    main = np.flatnonzero(part == 0)[services["record"].to_numpy()]
    provider = services["provider"].to_numpy()
    same = (part == 10) & (provider == provider[main])
    return services[~same].reset_index(drop=True)


def _with_details(
    draws: Draws, services: pd.DataFrame, people: People, providers: Providers, run_day: int
) -> pd.DataFrame:
    count = len(services)
    kind = services["type"].to_numpy()
    long = ~catalogue.SHORT[kind]
    services["created"] = _created(draws, services, run_day)
    services["closed"] = _closed(draws, services, run_day)
    amount = draws.below(catalogue.AMOUNT_COUNT[kind], count)
    services["quarters"] = catalogue.AMOUNTS[kind, amount]
    weekend = catalogue.HAS_WEEKEND[kind] & (services["quarters"] >= 28) & draws.chance(80, count)
    services["weekend"] = np.where(weekend, services["quarters"].to_numpy() * 2 // 7, 0)
    services["reopens"] = long & draws.chance(800, count)
    for name, per_mille in (("change_1", 240), ("change_2", 70)):
        day = run_day + draws.between(-420, HORIZON_DAYS - 25, count)
        services[name] = np.where(long & draws.chance(per_mille, count), day, NEVER)
    services["gap"] = np.where(draws.chance(150, count), draws.between(1, 7, count), 0)
    services["step"] = np.where(catalogue.AMOUNT_COUNT[kind] > 1, draws.between(1, 6, count), 0)
    services["description"] = catalogue.FIRST_DESCRIPTION[kind] + draws.below(
        catalogue.DESCRIPTION_COUNT[kind], count
    )
    services["on_council"] = True
    services["draft"] = draws.chance(8, count)
    services["frozen"] = False
    services["keeps_old"] = draws.chance(30, count)
    _habits(draws, services, people, providers)
    reported_as_it_is(services, np.arange(count))
    _small_liberties(draws, services, run_day)
    services.loc[services["draft"], ["listed_from", "listed_until"]] = NEVER
    for name in ("plant", "variant", "fault"):
        services[name] = NOTHING
    services["other"] = NOTHING
    services["arises"] = -NEVER
    services["righted"] = NEVER
    return services.drop(columns="part").copy()


def _created(draws: Draws, services: pd.DataFrame, run_day: int) -> Ints:
    """Return when the first line came on the council's system: mostly before the start, some late.

    Nothing is still missing on the first run date, and nothing comes late after it: a line that is
    missing while the provider already reports is planted, not left to chance.
    """
    count = len(services)
    start = services["start"].to_numpy()
    ahead = start - draws.between(0, 21, count)
    late = start + np.choose(
        draws.pick((70, 25, 5), count),
        [draws.between(1, 10, count), draws.between(11, 35, count), draws.between(36, 90, count)],
    )
    created = np.where(draws.chance(140, count) & (late <= run_day), late, ahead)
    return np.asarray(created, dtype=np.int64)


def _closed(draws: Draws, services: pd.DataFrame, run_day: int) -> Ints:
    """Return when the end came on the council's system; at creation for most short services."""
    count = len(services)
    start, end = services["start"].to_numpy(), services["end"].to_numpy()
    created = services["created"].to_numpy()
    closed = np.maximum(end - draws.between(0, 28, count), np.minimum(start, end))
    late = end + draws.between(1, 20, count)
    closed = np.where(draws.chance(150, count) & (late <= run_day), late, closed)
    at_once = catalogue.SHORT[services["type"]] & draws.chance(850, count)
    closed = np.where(at_once, created, np.maximum(closed, created))
    return np.asarray(np.where(end == NEVER, NEVER, closed), dtype=np.int64)


def _habits(draws: Draws, services: pd.DataFrame, people: People, providers: Providers) -> None:
    """Add what the provider writes of each person: true for every caseload of the service."""
    count = len(services)
    provider = services["provider"].to_numpy()
    record = services["record"].to_numpy()
    habits = providers.table
    records = people.records
    refs = habits["keeps_refs"].to_numpy()[provider]
    services["says_nhs"] = draws.chance(habits["keeps_nhs"].to_numpy()[provider], count)
    services["says_cpli"] = draws.chance(refs * 3 // 4, count)
    services["says_council"] = (
        draws.chance(habits["keeps_council"].to_numpy()[provider], count)
        | ~records["alone"].to_numpy()[record]
    )
    says_person = draws.chance(refs * 3 // 4, count)
    known = (records["holds_nhs"].to_numpy()[record] & services["says_nhs"].to_numpy()) | (
        records["holds_identity"].to_numpy()[record]
    )
    services["says_person"] = says_person | ~known
    services["says_names"] = ~(services["says_person"].to_numpy() & draws.chance(30, count))
    services["says_quantity"] = draws.chance(900, count)
    services["says_start"] = draws.chance(930, count)
    services["says_end"] = draws.chance(700, count)
    services["old_reference"] = draws.chance(60, count)
    services["splits"] = draws.chance(60, count) & services["says_start"].to_numpy()
    ahead = draws.chance(150, count) & services["says_start"].to_numpy()
    services["lead"] = np.where(ahead, 14, 0)
    services["tail"] = np.where(draws.chance(200, count), 14, 0)


def reported_as_it_is(services: pd.DataFrame, rows: Ints) -> None:
    """Make the provider report these services as the council holds them.

    Adds listed_from, listed_until, unlisted_from, unlisted_until (days on which a caseload leaves
    the person out), given_start, given_end, given_end_from (since when the provider states the
    end).
    """
    part = services.iloc[rows]
    start, end, created = (part[name].to_numpy() for name in ("start", "end", "created"))
    closed = part["closed"].to_numpy()
    ahead = np.maximum(start - part["lead"].to_numpy(), created)
    told = np.minimum(np.maximum(closed, start), end + 1)
    columns = {
        "listed_from": np.minimum(ahead, start),
        "listed_until": np.where(end == NEVER, NEVER, end + part["tail"].to_numpy()),
        "unlisted_from": np.full(len(rows), NEVER),
        "unlisted_until": np.full(len(rows), NEVER),
        "given_start": np.where(part["says_start"], start, NEVER),
        "given_end": end,
        "given_end_from": np.where(part["says_end"], told, np.minimum(end + 1, NEVER)),
    }
    for name, values in columns.items():
        if name not in services:
            services[name] = values
        else:
            services.iloc[rows, services.columns.get_loc(name)] = values


def _small_liberties(draws: Draws, services: pd.DataFrame, run_day: int) -> None:
    """Move some starts that providers state by days, and let restarted services end silently."""
    count = len(services)
    start = services["start"].to_numpy()
    settled = (start <= run_day - SETTLED_DAYS) & draws.chance(100, count)
    moved = services["given_start"].to_numpy() + draws.between(-3, 3, count)
    stated = services["given_start"].to_numpy() < NEVER
    services["given_start"] = np.where(settled & stated, moved, services["given_start"])
    key = ["record", "provider", "type"]
    several = services.duplicated(key, keep=False).to_numpy()
    services["listed_from"] = np.where(several, start, services["listed_from"])
    end = services["end"].to_numpy()
    services["listed_until"] = np.where(several, end, services["listed_until"])
