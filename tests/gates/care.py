"""Who is cared for, by whom, since when, and what each council enters of it on which day.

What is true and what is known are two things: a line has the day on which it was entered, the day
on which its end became known, and so on. What a night shows is a look at these columns.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from gates.office import BATCH_MINUTE, FIRST_ENTRY, LAST_ENTRY, Calendar, Office

from population import catalogue
from population.catalogue import NUMBER, SHORT
from population.days import NEVER, april_firsts
from population.draws import Ints
from population.names import FAMILY, GIVEN, commonness
from population.people import valid_nhs_numbers
from schemas.vocabularies import ServiceType

HISTORY = 780
"""How many days before the first night lines must have ended to be left out for good."""

START, APRIL, CHANGE, BREAK = range(4)
"""Why a line begins: the service does, a new year, another quantity, the end of a break in it."""

_MEAN_DAYS = {
    ServiceType.HOME_SUPPORT: 480,
    ServiceType.LONG_TERM_RESIDENTIAL: 800,
    ServiceType.LONG_TERM_NURSING: 450,
    ServiceType.COMMUNITY_SUPPORTED_LIVING: 2500,
    ServiceType.SHARED_LIVES: 2500,
    ServiceType.DIRECT_PAYMENT: 1400,
    ServiceType.EQUIPMENT: 700,
    ServiceType.DAY_SUPPORT: 1200,
    ServiceType.TRANSPORT: 900,
    ServiceType.MEALS: 400,
}
MEAN_DAYS = np.array(
    [42 if service.short else _MEAN_DAYS.get(service.type, 500) for service in catalogue.SERVICES]
)
# How many begin in each month, winter being the busy season.
_SEASON = np.array([122, 112, 108, 98, 98, 96, 95, 86, 98, 103, 106, 92])
_HOME_SUPPORT = NUMBER[ServiceType.HOME_SUPPORT]
_REABLEMENT = NUMBER[ServiceType.REABLEMENT]
_HOMES = (NUMBER[ServiceType.LONG_TERM_RESIDENTIAL], NUMBER[ServiceType.LONG_TERM_NURSING])
_STAYS = (NUMBER[ServiceType.SHORT_TERM_RESIDENTIAL], NUMBER[ServiceType.SHORT_TERM_NURSING])


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days that a world spans: its first night, its last, and when two things happen in it.

    `opens` is when a provider opens, `hands_over` when another gives all its people to a third.
    """

    first: int
    last: int
    opens: int
    hands_over: int


@dataclass(frozen=True, kw_only=True)
class Care:
    """People, services and lines, one row each; `people` and `services` are numbered by index.

    People: council, ref, given, family, renamed_at, renamed, born, nhs, nhs_from, team, worker.
    Services: person, council, type, provider, start, end (NEVER while open), entered, told (when
    its end became known), planned (the end stated at first), quarters, weekend, description.
    Lines: see `lines_of`.
    """

    people: pd.DataFrame
    services: pd.DataFrame
    lines: pd.DataFrame


def stream(seed: int, name: str) -> np.random.Generator:
    """Return one named stream of draws."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


@cache
def _all_nhs_numbers() -> Ints:
    return valid_nhs_numbers()


def services_of(draws: np.random.Generator, *, span: Span, people: Sequence[int]) -> pd.DataFrame:
    """Draw the services of every council: owner (a number for each person), council, type, days.

    People come and go at a rate that keeps about as many in care as `people` says.
    """
    mains = [
        _arrivals(draws, council=place, kind=kind, count=count, span=span)
        for place, count in enumerate(people)
        for kind in range(len(catalogue.SERVICES))
    ]
    main = pd.concat(mains, ignore_index=True)
    main["owner"] = np.arange(len(main))
    services = pd.concat(
        [
            main,
            *_before(draws, main),
            _beside(draws, main),
        ],
        ignore_index=True,
    )
    ended = services["end"] < span.first - HISTORY
    services = services[~ended & (services["start"] <= span.last + 60)]
    owner, _ = pd.factorize(services["owner"])
    return services.assign(owner=owner).reset_index(drop=True)


def _arrivals(
    draws: np.random.Generator, *, council: int, kind: int, count: int, span: Span
) -> pd.DataFrame:
    mean = int(MEAN_DAYS[kind])
    since = span.first - max(HISTORY + 100, 5 * mean)
    until = span.last + 60
    wanted = count * catalogue.SERVICES[kind].weight / 1000 / mean * (until - since)
    drawn = draws.poisson(wanted * _SEASON.max() / _SEASON.mean())
    start = draws.integers(since, until + 1, drawn)
    month = _month(start)
    start = start[draws.random(drawn) * _SEASON.max() < _SEASON[month - 1]]
    days = (
        draws.integers(13, 85, len(start))
        if SHORT[kind]
        else np.maximum(draws.exponential(mean, len(start)), 5).astype(np.int64)
    )
    # Little begins on a weekend.
    weekday = (start + 3) % 7
    start = np.where((weekday >= 5) & (draws.random(len(start)) < 0.85), start + 7 - weekday, start)
    return pd.DataFrame({"council": council, "type": kind, "start": start, "end": start + days})


def _month(days: Ints) -> Ints:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def _before(draws: np.random.Generator, main: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the reablement before home care, and the short stay before a home for good."""
    some = main[(main["type"] == _HOME_SUPPORT) & (draws.random(len(main)) < 0.35)]
    end = some["start"].to_numpy() - 1
    frames = [some.assign(type=_REABLEMENT, end=end, start=end - draws.integers(13, 56, len(some)))]
    for home, stay in zip(_HOMES, _STAYS, strict=True):
        some = main[(main["type"] == home) & (draws.random(len(main)) < 0.4)]
        end = some["start"].to_numpy() - 1
        frames.append(
            some.assign(type=stay, end=end, start=end - draws.integers(13, 60, len(some)))
        )
    return frames


def _beside(draws: np.random.Generator, main: pd.DataFrame) -> pd.DataFrame:
    """Return what people have beside their main service."""
    some = main[draws.random(len(main)) < 0.24]
    weights = np.array(catalogue.COMPANION_WEIGHTS)
    kind = catalogue.COMPANIONS[
        draws.choice(len(weights), size=len(some), p=weights / weights.sum())
    ]
    start = some["start"] + draws.exponential(120, len(some)).astype(np.int64)
    end = np.minimum(some["end"], start + draws.exponential(MEAN_DAYS[kind]).astype(np.int64) + 10)
    beside = some.assign(type=kind, start=start, end=end)
    return beside[(beside["start"] < beside["end"]) & (kind != some["type"].to_numpy())]


def people_of(
    draws: np.random.Generator,
    services: pd.DataFrame,
    *,
    offices: Sequence[Office],
    calendars: Sequence[Calendar],
    span: Span,
) -> pd.DataFrame:
    """Draw the people, one row for each owner of a service, numbered as owners are."""
    firsts = services.groupby("owner").agg(council=("council", "first"), since=("start", "min"))
    firsts = firsts.sort_index()
    count = len(firsts)
    council = firsts["council"].to_numpy()
    numbers = draws.choice(_all_nhs_numbers(), size=count, replace=False)
    given, family = commonness(GIVEN), commonness(FAMILY)
    renamed = draws.random(count) < 0.01
    people = pd.DataFrame(
        {
            "council": council,
            "given": draws.choice(len(GIVEN), size=count, p=np.array(given) / sum(given)),
            "family": draws.choice(len(FAMILY), size=count, p=np.array(family) / sum(family)),
            "renamed_at": np.where(
                renamed, draws.integers(span.first - 100, span.last, count), NEVER
            ),
            "renamed": draws.integers(0, len(FAMILY), count),
            "born": _births(draws, count, span),
            "nhs": numbers,
            "says_born": draws.random(count) >= 0.008,
        },
        index=firsts.index,
    )
    people["ref"] = 0
    people["team"], people["worker"] = 0, 0
    people["nhs_from"] = -NEVER
    for place, office in enumerate(offices):
        mine = np.flatnonzero(council == place)
        if len(mine):
            _of_office(draws, people, mine, firsts["since"].to_numpy()[mine], office)
    for name in ("renamed_at", "nhs_from"):
        people[name] = _next(calendars, council, people[name].to_numpy())
    mistyped = draws.random(count) < 0.002
    people["nhs"] = np.where(mistyped, people["nhs"] // 10 * 10 + (people["nhs"] + 1) % 10, numbers)
    return people


def _births(draws: np.random.Generator, count: int, span: Span) -> Ints:
    low, high = np.array([18, 40, 65, 80, 92]), np.array([40, 65, 80, 92, 103])
    band = draws.choice(5, size=count, p=[0.12, 0.18, 0.28, 0.34, 0.08])
    years = low[band] + draws.random(count) * (high - low)[band]
    return np.asarray(span.first - (years * 365.25).astype(np.int64))


def _of_office(
    draws: np.random.Generator,
    people: pd.DataFrame,
    mine: Ints,
    since: Ints,
    office: Office,
) -> None:
    """Give one council's people their references, in the order in which they came, and a team.

    Some NHS numbers are never found. Others are missing at first and come with the batch by which
    the council traces them, on the first Thursday of a month.
    """
    place = np.argsort(since, kind="stable")
    ref = np.empty(len(mine), dtype=np.int64)
    ref[place] = 100_000 + np.cumsum(draws.integers(1, 4, len(mine)))
    sizes = np.array([team.size for team in office.teams])
    team = draws.choice(len(sizes), size=len(mine), p=sizes / sizes.sum())
    blank = np.array([each.without_nhs for each in office.teams])[team]
    never = draws.random(len(mine)) * 1000 < blank
    slow = draws.random(len(mine)) < 0.2
    found = _first_thursday_after(since + draws.integers(0, 60, len(mine)))
    people.iloc[mine, people.columns.get_loc("ref")] = ref
    people.iloc[mine, people.columns.get_loc("team")] = team
    people.iloc[mine, people.columns.get_loc("worker")] = draws.integers(
        1, 3 + len(mine) // 60, len(mine)
    )
    people.iloc[mine, people.columns.get_loc("nhs_from")] = np.where(
        never, NEVER, np.where(slow, found, -NEVER)
    )


def _first_thursday_after(days: Ints) -> Ints:
    next_month = days.astype("datetime64[D]").astype("datetime64[M]") + 1
    first = next_month.astype("datetime64[D]").astype(np.int64)
    return first + (-first) % 7  # day 0 was a Thursday


def changes_of_provider(
    draws: np.random.Generator,
    services: pd.DataFrame,
    *,
    chosen: Ints,
    new: Ints,
    span: Span,
    ceding: int,
    taking: int,
) -> pd.DataFrame:
    """Split services where the provider changes: some people move, and one provider hands over.

    `chosen` is the provider of each service, `new` whom its person would move to.
    """
    services = services.assign(provider=chosen, handed=False)
    length = (services["end"] - services["start"]).to_numpy()
    move = draws.exponential(365 / 0.07, len(services)).astype(np.int64)
    moves = (move < length - 20) & (move > 20) & ~SHORT[services["type"]] & (new != chosen)
    at = services["start"].to_numpy() + move
    earlier = services.assign(end=np.where(moves, at - 1, services["end"]))
    later = services[moves].assign(start=at[moves], provider=new[moves])
    services = pd.concat([earlier, later], ignore_index=True)
    day = span.hands_over
    ceded = (services["provider"] == ceding).to_numpy()
    services.loc[ceded & (services["start"] >= day), "provider"] = taking
    over = ceded & (services["start"] < day).to_numpy() & (services["end"] >= day).to_numpy()
    later = services[over].assign(start=day, provider=taking, handed=True)
    services.loc[over, "end"] = day - 1
    services.loc[over, "handed"] = True
    return pd.concat([services, later], ignore_index=True)


def with_details(
    draws: np.random.Generator,
    services: pd.DataFrame,
    people: pd.DataFrame,
    *,
    offices: Sequence[Office],
    calendars: Sequence[Calendar],
    span: Span,
) -> pd.DataFrame:
    """Add what is bought, and when the beginning and the end of each service were entered."""
    count = len(services)
    kind = services["type"].to_numpy()
    taste = services["owner"].to_numpy() * 31 + kind  # stays the same with another provider
    services = services.assign(
        quarters=catalogue.AMOUNTS[kind, taste % catalogue.AMOUNT_COUNT[kind]],
        description=catalogue.FIRST_DESCRIPTION[kind] + taste % catalogue.DESCRIPTION_COUNT[kind],
    )
    weekend = (
        catalogue.HAS_WEEKEND[kind]
        & (services["quarters"] >= 28).to_numpy()
        & (draws.random(count) < 0.06)
    )
    services["weekend"] = np.where(weekend, services["quarters"] * 2 // 7, 0)
    entered, told = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    planned = np.full(count, NEVER)
    for place, (office, calendar) in enumerate(zip(offices, calendars, strict=True)):
        mine = np.flatnonzero(services["council"] == place)
        part = services.iloc[mine]
        late = np.array([team.late for team in office.teams])[
            people["team"].loc[part["owner"]].to_numpy()
        ]
        entered[mine] = calendar.entered(part["start"] + _lags(draws, len(mine), late), draws)
        planned[mine] = _planned_ends(draws, part)
        overrun = np.where(planned[mine] < NEVER, np.minimum(planned[mine], part["end"]), NEVER)
        said = np.where(
            planned[mine] < NEVER,
            overrun - draws.integers(-2, 5, len(mine)),
            part["end"] + _lags(draws, len(mine), np.full(len(mine), 650)),
        )
        told[mine] = calendar.entered(said, draws)
        handed = np.flatnonzero(part["handed"])
        batch = int(calendar.next(np.array([span.hands_over - 1]))[0])
        end_of_it = handed[part["end"].to_numpy()[handed] == span.hands_over - 1]
        told[mine[end_of_it]] = batch
        start_of_it = handed[part["start"].to_numpy()[handed] == span.hands_over]
        entered[mine[start_of_it]] = batch
    told = np.where(planned == services["end"], entered, np.maximum(told, entered))
    return services.assign(entered=entered, told=told, planned=planned)


def _lags(draws: np.random.Generator, count: int, late: Ints) -> Ints:
    """Return days from an event to its entry; of 1,000 so many are late, a few by months."""
    is_late = draws.random(count) * 1000 < late
    how = draws.choice(3, size=count, p=[0.74, 0.21, 0.05])
    days = np.choose(
        how,
        [
            draws.integers(1, 11, count),
            draws.integers(11, 46, count),
            draws.integers(46, 121, count),
        ],
    )
    return np.where(is_late, days, -draws.integers(0, 15, count))


def _planned_ends(draws: np.random.Generator, services: pd.DataFrame) -> Ints:
    """Return the end that is stated from the first: for most short services, seldom for others.

    One in five turns out otherwise.
    """
    count = len(services)
    stated = np.where(
        SHORT[services["type"]], draws.random(count) < 0.9, draws.random(count) < 0.04
    )
    length = (services["end"] - services["start"]).to_numpy()
    off = np.where(draws.random(count) < 0.2, draws.integers(-10, 15, count), 0)
    end = services["end"].to_numpy() + np.maximum(off, -length // 2)
    return np.where(stated, end, NEVER)


def lines_of(
    draws: np.random.Generator,
    services: pd.DataFrame,
    *,
    offices: Sequence[Office],
    calendars: Sequence[Calendar],
    span: Span,
    without_april: int | None,
) -> pd.DataFrame:
    """Make each service the chain of lines by which its council holds it.

    Columns: service, council, start, why (it begins), created, minute (of entry), successor (the
    end that the next line gives it, NEVER without one) and succeeded (when), planned, ends (the
    true end, if it falls into this line), told (when that, or that the line is not needed, became
    known), needless (it begins after the end), quarters, weekend (it is a weekend's line), draft
    (until when it is one), dropped (when it is cancelled), and what was entered wrongly until when:
    wrong, wrong_until, wrong_by.
    """
    pieces = _boundaries(draws, services, span=span, without_april=without_april)
    service = pieces["service"].to_numpy()
    mine = services.take(service).reset_index(drop=True)
    last = np.r_[service[1:] != service[:-1], True]
    start, gap = pieces["start"].to_numpy(), pieces["gap"].to_numpy()
    created = _created(draws, pieces, mine, offices=offices, calendars=calendars)
    told = mine["told"].to_numpy()
    end = mine["end"].to_numpy()
    there = (start <= end) | (created < told)
    keep = np.flatnonzero(there)
    pieces, mine, created = pieces.take(keep), mine.take(keep), created[keep]
    service, start, gap = service[keep], start[keep], gap[keep]
    last = np.r_[service[1:] != service[:-1], True]
    following = np.where(last, NEVER, np.roll(start, -1))
    gap_after = np.where(last, 0, np.roll(gap, -1))
    entered_after = np.where(last, NEVER, np.roll(created, -1))
    successor = np.where(last, NEVER, following - 1 - gap_after)
    council = mine["council"].to_numpy()
    at_break = _next(calendars, council, np.minimum(successor + 3, entered_after))
    succeeded = np.where(gap_after > 0, at_break, entered_after)
    planned, end = mine["planned"].to_numpy(), mine["end"].to_numpy()
    lines = pd.DataFrame(
        {
            "service": service,
            "council": council,
            "start": start,
            "why": pieces["why"].to_numpy(),
            "created": created,
            "successor": successor,
            "succeeded": np.where(last, NEVER, np.maximum(succeeded, created)),
            "planned": np.where((planned >= start) & (planned < following), planned, NEVER),
            "ends": np.where((end >= start) & (end < following), end, NEVER),
            "told": np.maximum(mine["told"].to_numpy(), created),
            "needless": start > end,
            "quarters": _quantities(mine, pieces["changes"].to_numpy()),
            "weekend": False,
        }
    )
    lines = pd.concat([lines, _weekend_lines(services, lines)], ignore_index=True)
    lines = _with_slips(draws, lines)
    return _numbered(draws, _with_ways(draws, lines, services, calendars, span), offices, calendars)


def _boundaries(
    draws: np.random.Generator,
    services: pd.DataFrame,
    *,
    span: Span,
    without_april: int | None,
) -> pd.DataFrame:
    """Return where the lines of each service begin, why, and the days off before."""
    count = len(services)
    start, end = services["start"].to_numpy(), services["end"].to_numpy()
    number = np.arange(count)
    long = ~SHORT[services["type"]]
    frames = [pd.DataFrame({"service": number, "start": start, "why": START, "gap": 0})]
    around = (span.first - 365, span.last)
    aprils = {day for at in around for day in april_firsts(at) if day > span.first - 1000}
    for april in sorted(aprils - {without_april}):
        # A line that was made before its service's end was known may prove needless.
        crossing = (start < april) & (end >= april - 45)
        crossing &= (end >= april) | (services["told"].to_numpy() > april - 20)
        crossing &= ~(services["planned"].to_numpy() < april)
        which = number[crossing]
        frames.append(pd.DataFrame({"service": which, "start": april, "why": APRIL, "gap": 0}))
    length = np.maximum(np.minimum(end, span.last + 60) - start, 0)
    for why, a_year in ((CHANGE, 0.22), (CHANGE, 0.12), (BREAK, 0.08)):
        at = draws.exponential(365 / a_year, count).astype(np.int64)
        some = long & (at > 20) & (at < length - 5)
        if why == BREAK:
            some &= services["type"].to_numpy() == _HOME_SUPPORT
        gaps = draws.integers(2, 24, count) if why == BREAK else np.zeros(count, dtype=np.int64)
        frames.append(
            pd.DataFrame(
                {
                    "service": number[some],
                    "start": (start + at)[some],
                    "why": why,
                    "gap": gaps[some],
                }
            )
        )
    pieces = pd.concat(frames, ignore_index=True).sort_values(
        ["service", "start", "why"], kind="stable", ignore_index=True
    )
    after = pieces.groupby("service")["start"].diff().fillna(NEVER)
    until = -pieces.groupby("service")["start"].diff(-1).fillna(-NEVER)
    close = ((after < 7) | (until < 7)) & pieces["why"].isin([CHANGE, BREAK])
    pieces = pieces[~close].reset_index(drop=True)
    after = pieces.groupby("service")["start"].diff().fillna(NEVER)
    pieces["gap"] = np.where(after > pieces["gap"] + 6, pieces["gap"], 0)
    pieces["changes"] = pieces["why"].eq(CHANGE).groupby(pieces["service"]).cumsum()
    return pieces


def _created(
    draws: np.random.Generator,
    pieces: pd.DataFrame,
    mine: pd.DataFrame,
    *,
    offices: Sequence[Office],
    calendars: Sequence[Calendar],
) -> Ints:
    """Return the day on which each line was entered: never before those that it follows."""
    why, start = pieces["why"].to_numpy(), pieces["start"].to_numpy()
    created = np.zeros(len(pieces), dtype=np.int64)
    for place, (office, calendar) in enumerate(zip(offices, calendars, strict=True)):
        here = (mine["council"] == place).to_numpy()
        later = np.flatnonzero(here & (why != START))
        lag = _lags(draws, len(later), np.full(len(later), 450))
        lag = np.where(why[later] == BREAK, draws.integers(0, 5, len(later)), lag)
        created[later] = calendar.entered(start[later] + lag, draws)
        for april in np.unique(start[here & (why == APRIL)]).tolist():
            which = np.flatnonzero(here & (why == APRIL) & (start == april))
            days = office.renewals(calendar, april)
            # People of one owner are done together.
            turn = (mine["owner"].to_numpy()[which] * 7919) % 10007 % len(days)
            created[which] = days[turn]
    created = np.where(why == START, mine["entered"], created)
    in_turn = pd.Series(created).groupby(pieces["service"].to_numpy()).cummax()
    return np.asarray(in_turn, dtype=np.int64)


def _quantities(mine: pd.DataFrame, changes: Ints) -> Ints:
    """Return quantities that wander by the amounts usual for the service."""
    kind = mine["type"].to_numpy()
    amounts = catalogue.AMOUNTS[kind]
    place = (amounts == mine["quarters"].to_numpy()[:, np.newaxis]).argmax(axis=1)
    step = (place + changes * (1 + mine["owner"].to_numpy() % 3)) % catalogue.AMOUNT_COUNT[kind]
    quarters = mine["quarters"].to_numpy()
    return np.asarray(np.where(changes > 0, amounts[np.arange(len(kind)), step], quarters))


def _weekend_lines(services: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    weekend = services["weekend"].to_numpy()[lines["service"]]
    return lines[weekend > 0].assign(weekend=True, quarters=weekend[weekend > 0])


def _with_slips(draws: np.random.Generator, lines: pd.DataFrame) -> pd.DataFrame:
    """Add lines entered by mistake a second time; nearly all are found and cancelled in weeks."""
    lines["dropped"] = np.where(lines["needless"], lines["told"], NEVER)
    slip = lines[draws.random(len(lines)) < 0.012].copy()
    found = draws.random(len(slip)) < 0.9
    slip["dropped"] = np.where(
        found, slip["created"] + draws.integers(1, 45, len(slip)), slip["dropped"]
    )
    lines["slip"], slip["slip"] = False, True
    return pd.concat([lines, slip], ignore_index=True)


def _with_ways(
    draws: np.random.Generator,
    lines: pd.DataFrame,
    services: pd.DataFrame,
    calendars: Sequence[Calendar],
    span: Span,
) -> pd.DataFrame:
    """Add drafts, mistakes put right later, and days on which somebody saved a line again."""
    count = len(lines)
    created = lines["created"].to_numpy()
    first = (lines["why"] == START).to_numpy() & ~lines["slip"].to_numpy()
    handed = services["handed"].to_numpy()[lines["service"]]
    draft = draws.random(count) < np.where(first & ~handed, 0.12, 0.004)
    never = draws.random(count) < 0.012
    waits = draws.integers(1, 14, count)
    wrong = draws.choice(5, size=count, p=[0.94, 0.04, 0.01, 0.006, 0.004])
    wrong_until = created + draws.integers(1, 50, count)
    ended = np.minimum(np.minimum(lines["successor"], lines["ends"]), span.last)
    touched = []
    # What is still open is looked at again and again, what is over hardly ever.
    begin = np.maximum(created + 1, span.first - 400)
    length = np.maximum(ended + 30 - begin, 0)
    for _ in range(3):
        some = draws.random(count) < np.minimum(1, length / 365 * 0.45)
        day = begin + (draws.random(count) * length).astype(np.int64)
        touched.append(np.where(some, day, NEVER))
    lines = lines.assign(
        draft=np.where(draft, created + waits, -NEVER),
        wrong=wrong,
        wrong_until=np.where(wrong > 0, wrong_until, -NEVER),
        wrong_by=draws.integers(1, 4, count) * np.where(draws.random(count) < 0.5, 1, -1),
        touched_1=touched[0],
        touched_2=touched[1],
        touched_3=touched[2],
        old=draws.random(count) < 0.02,
        says_unit=draws.random(count),
        odd=draws.random(count),
        minute=draws.integers(FIRST_ENTRY, LAST_ENTRY, count),
    )
    for name in ("draft", "wrong_until", "dropped", "touched_1", "touched_2", "touched_3"):
        lines[name] = _next(calendars, lines["council"].to_numpy(), lines[name].to_numpy())
    lines.loc[never & first, "draft"] = NEVER
    return lines


def _next(calendars: Sequence[Calendar], council: Ints, days: Ints) -> Ints:
    """Return each day, or the working day of the council that follows it; NEVER stays."""
    moved = [calendar.next(days) for calendar in calendars]
    return np.where(np.abs(days) < NEVER, np.choose(council, moved), days)


def _numbered(
    draws: np.random.Generator,
    lines: pd.DataFrame,
    offices: Sequence[Office],
    calendars: Sequence[Calendar],
) -> pd.DataFrame:
    """Number the lines of each council in the order of their entry, as systems do."""
    batch = np.zeros(len(lines), dtype=bool)
    for place, calendar in enumerate(calendars):
        mine = (lines["council"] == place).to_numpy()
        batch |= mine & ~calendar.works(lines["created"].to_numpy())
    lines["minute"] = np.where(batch, BATCH_MINUTE, lines["minute"])
    lines = lines.sort_values(["council", "created", "minute"], kind="stable", ignore_index=True)
    steps = pd.Series(draws.integers(1, 4, len(lines)))
    lines["number"] = 1_200_000 + steps.groupby(lines["council"]).cumsum()
    return lines
