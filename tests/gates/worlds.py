"""Natural nights: three councils as they live, with nothing planted and nothing wrong.

A world is made from a seed and lives for some nights. What councils enter they enter on working
days, but for batches; providers send their lists weekly, some late, with the usual mistakes; a
provider opens, another hands its people over in one day, and on 1 April every line is closed and
opened again. One seed gives the same bytes for the same night.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from gates import care, lists
from gates.care import Care, Span, stream
from gates.lists import Caseloads, Providers, as_text, provider_id
from gates.office import JOB_MINUTE, OFFICES, Calendar, Office

from population import texts
from population.catalogue import DESCRIPTIONS, SERVICES, UNIT, UNITS, WEEKEND_DESCRIPTION
from population.days import NEVER, april_firsts, day_number, last_sunday, to_date, window_start
from population.draws import Bools, Ints, hashed_below
from population.names import FAMILY_NAMES, GIVEN_NAMES

NIGHTS = 120
"""A world lives for so many nights after its first."""

CPLI_COLUMNS = (
    "cpli_id",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
    "provider_id",
    "service_type",
    "service_category",
    "service_description",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
    "authorisation",
    "created_at",
    "updated_at",
    "commissioning_team",
    "commissioning_worker",
)
PORTAL_COLUMNS = (
    "cpli_id",
    "provider_id",
    "person_id",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
EXPECTED_REFUSALS = frozenset(
    {
        ("cpli", "nhs_number"),
        ("cpli", "service_type"),
        ("cpli", "end_date"),
        ("portal", "service_type"),
        ("portal", "end_date"),
        ("caseload", "nhs_number"),
        ("caseload", "start_date"),
        ("caseload", "end_date"),
        ("providers", None),
    }
)
"""Source and column of what is refused on any night: numbers mistyped, dates exchanged."""

_HIDDEN_AFTER = 28
_QUANTITY, _START, _PROVIDER, _TYPE = 1, 2, 3, 4
_CODES = texts.pool([*(service.type.value for service in SERVICES), "LOCAL"])
_CATEGORIES = texts.pool([service.category.value for service in SERVICES])
_UNITS = texts.pool([unit.value for unit in UNITS])
_DESCRIPTIONS = texts.pool(DESCRIPTIONS)
_GIVEN, _FAMILY = texts.pool(GIVEN_NAMES), texts.pool(FAMILY_NAMES)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Three councils over some nights; night 0 is that of `first`."""

    seed: int
    first: date
    people: tuple[int, ...]
    april: bool
    span: Span
    calendars: tuple[Calendar, ...]
    care: Care
    providers: Providers

    def write(self, folder: Path, night: int) -> Path:
        """Write the sources of a night into the folder, in the place of what lies in it."""
        if folder.exists():
            shutil.rmtree(folder)
        (folder / "caseload").mkdir(parents=True)
        day = self.day(night)
        save(lists.register(self.providers, day), folder / "providers.csv")
        for office in OFFICES:
            council = folder / "council" / office.gss_code
            council.mkdir(parents=True)
            save(self.cplis(office.gss_code, night), council / "cpli.csv")
            for when in self.portal_dates(office.gss_code, night):
                save(self.portal(office.gss_code, when), council / f"portal_{when}.csv")
        for number, sent in self.caseloads.lying(day):
            name = f"{provider_id(number)}_{to_date(sent)}.csv"
            save(self.caseloads.entries(number, sent), folder / "caseload" / name)
        return folder

    def day(self, night: int) -> int:
        """Return the number of the day of a night."""
        return day_number(self.first) + night

    def as_of(self, night: int) -> date:
        """Return the run date of a night."""
        return self.first + timedelta(days=night)

    @cached_property
    def caseloads(self) -> Caseloads:
        """What providers send."""
        return Caseloads(self.seed, self.care, self.providers, self.calendars[1])

    def cplis(self, gss_code: str, night: int) -> pd.DataFrame:
        """Return a council's extract of a night, all text."""
        place, office = _office(gss_code)
        day = self.day(night)
        return self._extract(self._seen(place, day), office, day)

    def portal_dates(self, gss_code: str, night: int) -> list[date]:
        """Return the dates of the two portal extracts that lie in a council's folder."""
        _, office = _office(gss_code)
        latest = self.day(night)
        # Day 4 was a Monday.
        latest -= (latest - 4) % 7 if office.portal_every > 1 else 0
        return [to_date(latest), to_date(latest - office.portal_every)]

    def portal(self, gss_code: str, when: date) -> pd.DataFrame:
        """Return what the portal shows of a council's lines, as it was told the night before."""
        place, office = _office(gss_code)
        day = day_number(when) - 1
        lines = self._seen(place, day)
        shown = (lines["authorisation"] == "authorised") & (lines["end"] >= day - _HIDDEN_AFTER)
        # A few are never taken over.
        shown &= hashed_below(1000, self.seed, 5, lines["number"].to_numpy()) >= 4
        frame = self._extract(lines[shown], office, day)[list(PORTAL_COLUMNS)].copy()
        differs = hashed_below(1000, self.seed, 6, lines[shown]["number"].to_numpy()) < 3
        frame.loc[differs & (frame["weekly_quantity"] != ""), "weekly_quantity"] = "1"
        return frame

    def _seen(self, place: int, day: int) -> pd.DataFrame:
        """Return a council's lines as its system holds them at the end of a day.

        Beside their own columns: end, authorisation, updated (day) and at_job (minute of that).
        """
        lines = self._lines_of[place]
        lines = lines[(lines["created"] <= day).to_numpy()]
        end, updated = self._ends(lines, day)
        dropped = (lines["dropped"] <= day).to_numpy()
        draft = (lines["draft"] > day).to_numpy()
        authorisation = np.where(dropped, "cancelled", np.where(draft, "draft", "authorised"))
        start = window_start(day)
        kept = (end >= start) | lines["old"].to_numpy()
        kept &= ~dropped | (lines["dropped"].to_numpy() >= start)
        seen = lines.assign(
            end=end, authorisation=authorisation, updated=updated[0], job=updated[1]
        )
        return seen[kept]

    @cached_property
    def _lines_of(self) -> list[pd.DataFrame]:
        lines = self.care.lines
        services = self.care.services.take(lines["service"]).reset_index(drop=True)
        whole = lines.assign(
            owner=services["owner"],
            type=services["type"],
            provider=services["provider"],
            description=services["description"],
        )
        return [whole[whole["council"] == place] for place in range(len(OFFICES))]

    def _ends(self, lines: pd.DataFrame, day: int) -> tuple[Ints, tuple[Ints, Bools]]:
        """Return the end that is known on a day; the day of the last change, and whether by a job.

        A system that stamps lines at their planned end does so on that day, be it a Sunday.
        """
        succeeded, told = lines["succeeded"].to_numpy(), lines["told"].to_numpy()
        ends = lines["ends"].to_numpy()
        end = np.where(succeeded <= day, lines["successor"], lines["planned"])
        end = np.where((told <= day) & (ends < NEVER), ends, end)
        end = np.maximum(end, lines["start"].to_numpy())
        moments = [
            lines["created"].to_numpy(),
            np.where(lines["successor"] < NEVER, succeeded, NEVER),
            np.where((ends < NEVER) & (ends != lines["planned"]), told, NEVER),
            *(
                lines[name].to_numpy()
                for name in (
                    "draft",
                    "dropped",
                    "wrong_until",
                    "touched_1",
                    "touched_2",
                    "touched_3",
                )
            ),
            self._tidied(lines),
        ]
        days = np.column_stack(moments)
        updated = np.where((days <= day) & (days > -NEVER), days, -NEVER).max(axis=1)
        at_end = end + 1
        job = np.array([office.job for office in OFFICES])[lines["council"].to_numpy()]
        job &= (at_end <= day) & (at_end > updated) & (lines["planned"] < NEVER).to_numpy()
        return end, (np.where(job, at_end, updated), job)

    def _tidied(self, lines: pd.DataFrame) -> Ints:
        """Return the afternoon on which a team goes through its own lines, a quarter of them."""
        team = self.care.people["team"].to_numpy()[lines["owner"]]
        council = lines["council"].to_numpy()
        since = self.span.first + hashed_below(45, self.seed, 7, team, council)
        day = np.choose(council, [calendar.next(since) for calendar in self.calendars])
        there = (lines["created"].to_numpy() < day) & (lines["successor"].to_numpy() >= day)
        there &= hashed_below(4, self.seed, 8, lines["number"].to_numpy()) == 0
        return np.where(there, day, NEVER)

    def _extract(self, lines: pd.DataFrame, office: Office, day: int) -> pd.DataFrame:
        owner, kind = lines["owner"].to_numpy(), lines["type"].to_numpy()
        people = self.care.people.take(owner)
        number = lines["number"].to_numpy()
        none = np.zeros(len(lines), dtype=np.int64)
        family = np.where(people["renamed_at"] <= day, people["renamed"], people["family"])
        start, end, quarters, provider, code = self._as_entered(lines, day)
        teams = texts.pool([team.name for team in office.teams])
        blank = np.array([team.without_quantity for team in office.teams])[people["team"]]
        quarters = np.where(lines["says_unit"] * 1000 < blank, -1, quarters)
        description = np.where(
            lines["weekend"], WEEKEND_DESCRIPTION[kind], lines["description"].to_numpy()
        )
        changed = (lines["updated"] > lines["created"]).to_numpy() | office.always_updated
        updated = np.where(changed, lines["updated"], NEVER)
        minute = lines["minute"].to_numpy()
        late = np.minimum(minute + 1 + number % 60, 18 * 60)
        at = np.where(
            lines["job"], JOB_MINUTE, np.where(lines["updated"] > lines["created"], late, minute)
        )
        return as_text(
            {
                "cpli_id": texts.references(
                    texts.pool([office.cpli_prefix]), none, number, there=number > 0
                ),
                "person_id": texts.references(
                    texts.pool([office.person_prefix]),
                    none,
                    people["ref"].to_numpy(),
                    there=number > 0,
                ),
                "nhs_number": texts.whole_numbers(
                    people["nhs"].to_numpy(), there=(people["nhs_from"] <= day).to_numpy()
                ),
                "family_name": texts.taken(_FAMILY, family),
                "given_name": texts.taken(_GIVEN, people["given"].to_numpy()),
                "date_of_birth": texts.dates(np.where(people["says_born"], people["born"], NEVER)),
                "provider_id": texts.taken(self._provider_ids, provider),
                "service_type": texts.taken(_CODES, code),
                "service_category": texts.taken(_CATEGORIES, kind),
                "service_description": texts.taken(_DESCRIPTIONS, description),
                "start_date": texts.dates(start),
                "end_date": texts.dates(end),
                "weekly_quantity": texts.quantities(quarters),
                "unit": texts.taken(_UNITS, np.where(quarters >= 0, UNIT[kind], -1)),
                "authorisation": lines["authorisation"].to_numpy(),
                "created_at": instants(lines["created"].to_numpy(), minute, office.clock),
                "updated_at": instants(updated, at, office.clock),
                "commissioning_team": texts.taken(teams, people["team"].to_numpy()),
                "commissioning_worker": self._workers(people, lines["end"].to_numpy(), office, day),
            }
        )

    @cached_property
    def _provider_ids(self) -> texts.Texts:
        return texts.pool([provider_id(number) for number in range(self.providers.count)])

    def _as_entered(self, lines: pd.DataFrame, day: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Return start, end, quarters, provider and type, with the mistakes not yet put right.

        Of a thousand lines one has a code of the council's own, and one ends before it starts.
        """
        wrong = np.where(lines["wrong_until"] > day, lines["wrong"], 0)
        by = lines["wrong_by"].to_numpy()
        kind, start, end = (lines[name].to_numpy() for name in ("type", "start", "end"))
        quarters = lines["quarters"].to_numpy()
        provider = lines["provider"].to_numpy()
        trade = self.providers.table["trade"].to_numpy()
        other = (provider + np.abs(by)) % len(trade)
        other = np.where(self.providers.table["since"].to_numpy()[other] == -NEVER, other, provider)
        odd = lines["odd"].to_numpy()
        turned = (odd < 0.001) & (end < NEVER)
        return (
            np.where((wrong == _START) & (start + 7 * by <= end), start + 7 * by, start),
            np.where(turned, start - 10, end),
            np.where(wrong == _QUANTITY, np.maximum(quarters + 4 * by, 2), quarters),
            np.where(wrong == _PROVIDER, other, provider),
            np.where(
                odd > 0.999,
                len(SERVICES),
                np.where(wrong == _TYPE, (kind + np.abs(by)) % len(SERVICES), kind),
            ),
        )

    def _workers(self, people: pd.DataFrame, end: Ints, office: Office, day: int) -> list[str]:
        """Return the workers; when one leaves, somebody else has all that is open from then on."""
        worker = people["worker"].to_numpy()
        leaves = self.span.first + hashed_below(1800, self.seed, 9, worker, len(office.teams))
        leaves = self.calendars[OFFICES.index(office)].next(leaves)
        taken_over = (leaves <= day) & (end >= leaves)
        return [f"CW{number:03d}" for number in np.where(taken_over, worker + 500, worker).tolist()]


def make(
    *,
    seed: int,
    first: date,
    people: Sequence[int] = (300, 900, 80),
    april: bool = True,
    nights: int = NIGHTS,
) -> World:
    """Make a world of about so many people in care at Leicester, Leicestershire and Rutland.

    Every April behind it had its lines closed and opened again; `april` says whether the one that
    lies ahead will.
    """
    start = day_number(first)
    draws = stream(seed, "span")
    calendars = tuple(
        Calendar(
            first=start - 1200,
            last=start + nights + 200,
            shut_at_christmas=office.shut_at_christmas,
        )
        for office in OFFICES
    )
    working = calendars[0].next(start + draws.integers(12, 50, 2))
    span = Span(first=start, last=start + nights, opens=int(working[0]), hands_over=int(working[1]))
    ahead = min(day for day in april_firsts(start) if day > start) if not april else None
    providers = lists.draw_providers(stream(seed, "providers"), people=sum(people), span=span)
    services = care.services_of(stream(seed, "services"), span=span, people=people)
    everyone = care.people_of(
        stream(seed, "people"), services, offices=OFFICES, calendars=calendars, span=span
    )
    draws = stream(seed, "providers of services")
    chosen, new = lists.choose(draws, services, providers, span=span)
    services = care.changes_of_provider(
        draws,
        services,
        chosen=chosen,
        new=new,
        span=span,
        ceding=providers.ceding,
        taking=providers.taking,
    )
    services = care.with_details(
        stream(seed, "details"),
        services,
        everyone,
        offices=OFFICES,
        calendars=calendars,
        span=span,
    )
    lines = care.lines_of(
        stream(seed, "lines"),
        services,
        offices=OFFICES,
        calendars=calendars,
        span=span,
        without_april=ahead,
    )
    return World(
        seed=seed,
        first=first,
        people=tuple(people),
        april=april,
        span=span,
        calendars=calendars,
        care=Care(people=everyone, services=services, lines=lines),
        providers=providers,
    )


def instants(days: Ints, minutes: Ints, clock: str) -> texts.Texts:
    """Return instants as a council's system writes them: in UTC, in London's time, with its offset.

    A job that should run in the hour that is missing in March runs an hour later.
    """
    if clock != "local":
        return texts.instants(days, minutes, in_utc=clock == "utc")
    years = {
        to_date(int(day)).year
        for day in (days.min(initial=NEVER), days[days < NEVER].max(initial=0))
    }
    changes = [last_sunday(year, 3) for year in range(min(years), max(years) + 1) if year < 2100]
    missing = np.isin(days, changes) & (minutes // 60 == 1)
    minutes = minutes + 60 * missing
    clock_times = texts.pool([f" {at // 60:02d}:{at % 60:02d}:00" for at in range(24 * 60)])
    joined = pd.Series(np.asarray(texts.dates(days), dtype=object), dtype="str") + pd.Series(
        np.asarray(texts.taken(clock_times, minutes), dtype=object), dtype="str"
    )
    return joined.to_numpy()


def save(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame of text as the CSV file that a source sends."""
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _office(gss_code: str) -> tuple[int, Office]:
    return next((n, office) for n, office in enumerate(OFFICES) if office.gss_code == gss_code)
