"""Make a population and write what a night receives of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from population import writing
from population.caseloads import caseloads_on
from population.catalogue import UNRECONCILED
from population.councils import COUNCILS, Council, councils_of
from population.days import day_number, to_date
from population.draws import Draws, Ints
from population.extracts import extract_rows, portal_date, portal_rows
from population.faults import plant_faults
from population.lines import Lines, completed, draw_lines, numbered
from population.oddities import with_oddities
from population.packages import draw_services
from population.people import People, draw_people
from population.plants import Ground, batches, clean_services
from population.providers import Providers, draw_providers
from population.recipes import plant_all, with_planted_lines
from population.truth import Night, truth_of
from schemas.errors import WrongUsage

LAST_NIGHT = 120
"""A population lives on for this many nights after the first."""

MOST_PEOPLE = 2_000_000
"""Twice as many as the three councils have inhabitants."""

ALL_COUNCILS: tuple[str, ...] = tuple(council.gss_code for council in COUNCILS)
_EARLIEST, _LATEST = date(2000, 1, 1), date(2050, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What was written: how many of each, and how many discrepancies of each type are in it.

    Rows of a caseload that comes in two formats are counted once.
    """

    directory: Path
    run_date: date
    people: int
    providers: int
    cplis: int
    portal_rows: int
    caseload_files: int
    caseload_rows: int
    discrepancies: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class World:
    """A population that lives: all that is true of it, and what anybody will know of it when."""

    seed: int
    run_day: int
    councils: Sequence[Council]
    people: People
    providers: Providers
    services: pd.DataFrame
    lines: Lines


def generate(
    directory: Path,
    *,
    people: int,
    seed: int,
    as_of: date,
    night: int = 0,
    councils: Sequence[str] = ALL_COUNCILS,
    missing_councils: Sequence[str] = (),
) -> Generated:
    """Write the sources of one night of a made-up population, and `truth.csv`.

    `as_of` is the date of the first night; `night` counts the nights after it, and the run date
    moves with it. The extracts of `missing_councils` (GSS codes) do not come. One seed gives the
    same bytes everywhere, and the same people on every night. Raises `WrongUsage` for what cannot
    be made.
    """
    _check(people=people, seed=seed, as_of=as_of, night=night)
    writing.insist_on_place(directory)
    chosen = councils_of(councils)
    missing = {council.gss_code for council in councils_of(missing_councils or councils)}
    world = make_world(people=people, seed=seed, run_day=day_number(as_of), councils=chosen)
    return write_night(
        directory, world, night=night, missing=missing if missing_councils else set()
    )


def make_world(*, people: int, seed: int, run_day: int, councils: Sequence[Council]) -> World:
    """Draw people, providers, packages of care and lines, and plant what is wrong with them."""
    everyone = draw_people(seed, people=people, councils=councils, run_day=run_day)
    providers = draw_providers(seed, people=people, councils=len(councils), run_day=run_day)
    services = draw_services(seed, people=everyone, providers=providers, run_day=run_day)
    active = _active(services, providers, len(councils), run_day)
    providers = with_oddities(providers, active)
    ground = _ground(seed, services, everyone, providers, active.sum(axis=1), run_day)
    plant_all(ground, batches(people=people, clean=len(ground.free), run_day=run_day))
    plant_faults(ground, people=people)
    services = ground.services
    lines = draw_lines(seed, services=services, run_day=run_day)
    lines = with_planted_lines(lines, services, run_day)
    return World(
        seed=seed,
        run_day=run_day,
        councils=councils,
        people=everyone,
        providers=providers,
        services=services,
        lines=numbered(completed(seed, lines, everyone, services)),
    )


def write_night(directory: Path, world: World, *, night: int, missing: set[str]) -> Generated:
    """Write what the councils, the portal and the providers have sent by one night."""
    run_day = world.run_day + night
    delivered = extract_rows(world.lines, world.services, run_day)
    caseloads = caseloads_on(
        run_day,
        seed=world.seed,
        services=world.services,
        lines=world.lines,
        people=world.people,
        providers=world.providers,
    )
    truth = truth_of(
        Night(
            run_day=run_day,
            councils=world.councils,
            missing=frozenset(
                place for place, council in enumerate(world.councils) if council.gss_code in missing
            ),
            people=world.people,
            providers=world.providers,
            services=world.services,
            lines=world.lines,
            delivered=delivered,
            caseloads=caseloads,
        )
    )
    writing.make_ready(directory)
    writing.write_truth(directory, truth)
    writing.write_register(directory, world.providers)
    cplis, shown = _write_councils(directory, world, delivered, run_day, missing)
    writing.write_caseloads(
        directory / "caseload",
        caseloads,
        councils=world.councils,
        lines=world.lines,
        providers=world.providers,
    )
    unregistered = writing.write_unregistered(
        directory / "caseload", run_day=run_day, people=world.people, providers=world.providers
    )
    return Generated(
        directory=directory,
        run_date=to_date(run_day),
        people=int(world.people.records["person"].iloc[: world.people.known].nunique()),
        providers=world.providers.count,
        cplis=cplis,
        portal_rows=shown,
        caseload_files=sum(1 for _ in (directory / "caseload").iterdir()),
        caseload_rows=len(caseloads.entries) + unregistered,
        discrepancies=MappingProxyType(dict(sorted(Counter(row[0] for row in truth).items()))),
    )


def _write_councils(
    directory: Path, world: World, delivered: pd.DataFrame, run_day: int, missing: set[str]
) -> tuple[int, int]:
    """Write extracts and portals; return how many rows they have, older extracts included."""
    cplis = shown = 0
    for place, council in enumerate(world.councils):
        folder = directory / "council" / council.gss_code
        folder.mkdir(mode=0o700)
        if council.gss_code not in missing:
            mine = delivered[delivered["council"] == place]
            writing.write_extract(
                folder, mine, council=council, people=world.people, providers=world.providers
            )
            cplis += len(mine)
        latest = portal_date(council, run_day)
        for extract_day in (latest, portal_date(council, latest - 1)):
            rows = portal_rows(world.lines, world.services, place, extract_day)
            writing.write_portal(
                folder,
                rows,
                extract_day=extract_day,
                council=council,
                people=world.people,
                providers=world.providers,
            )
            shown += len(rows)
    return cplis, shown


def _ground(
    seed: int,
    services: pd.DataFrame,
    people: People,
    providers: Providers,
    active: Ints,
    run_day: int,
) -> Ground:
    draws = Draws(seed, "plants")
    clean = np.flatnonzero(
        clean_services(services, people=people, providers=providers, active=active, run_day=run_day)
    )
    return Ground(
        draws=draws,
        services=services,
        people=people,
        providers=providers,
        active=active,
        run_day=run_day,
        accepted=providers.accepted_dates(run_day),
        free=clean[draws.order(len(clean))],
    )


def _active(services: pd.DataFrame, providers: Providers, councils: int, run_day: int) -> Ints:
    """Return how many services each provider (row) has from each council on the first night.

    Those of rule 5: direct payments and equipment do not count.
    """
    active = (services["start"] <= run_day) & (services["end"] >= run_day) & ~services["draft"]
    counted = services[active.to_numpy() & ~UNRECONCILED[services["type"]]]
    place = counted["provider"].to_numpy() * councils + counted["council"].to_numpy()
    return np.bincount(place, minlength=providers.count * councils).reshape(-1, councils)


def _check(*, people: int, seed: int, as_of: date, night: int) -> None:
    if not 1 <= people <= MOST_PEOPLE:
        raise WrongUsage(f"A population has 1 to {MOST_PEOPLE:,} people: change --people.")
    if seed < 0:
        raise WrongUsage("A seed is a whole number from 0 up: change --seed.")
    if not 0 <= night <= LAST_NIGHT:
        raise WrongUsage(f"A population lives for {LAST_NIGHT} nights: --night is 0 to that.")
    if not _EARLIEST <= as_of <= _LATEST:
        raise WrongUsage(f"A population is made for a date from {_EARLIEST} to {_LATEST}.")
