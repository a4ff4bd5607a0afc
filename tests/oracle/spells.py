"""Rules 1, 3 and 4: the window, what is in scope, and the spells."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from oracle.cleaning import Cpli, Line, Person

SPELL_GAP_DAYS = 7
UNRECONCILED = frozenset(["DP", "EQ"])

ACTIVE, PLANNED, ENDED = "active", "planned", "ended"


@dataclass(frozen=True, kw_only=True, eq=False)
class Spell:
    """A chain of CPLIs, in order; `end` is None where any has none."""

    cplis: tuple[Cpli, ...]
    start: date
    end: date | None
    left_censored: bool

    @property
    def local_authority(self) -> str:
        """The council."""
        return self.cplis[0].local_authority

    @property
    def person(self) -> Person:
        """The council and its reference for the person."""
        return (self.cplis[0].local_authority, self.cplis[0].person_id or "")

    @property
    def provider_id(self) -> str:
        """The provider."""
        return self.cplis[0].provider_id or ""

    @property
    def service_type(self) -> str:
        """The service type."""
        return self.cplis[0].service_type or ""

    @property
    def first_cpli_id(self) -> str:
        """The `cpli_id` of its first CPLI, which breaks ties."""
        return self.cplis[0].cpli_id or ""

    @property
    def unmapped(self) -> bool:
        """Whether the service type of any of its CPLIs was unmapped."""
        return any(cpli.unmapped for cpli in self.cplis)

    def lifecycle(self, on: date) -> str:
        """Rule 4: as for a CPLI."""
        return lifecycle(start=self.start, end=self.end, on=on)

    def quantity(self, on: date) -> tuple[Decimal, str | None] | None:
        """Rule 4: weekly quantity on a date, with its unit."""
        return total([c for c in self.cplis if active(start=c.start_date, end=c.end_date, on=on)])


def window_start(as_of: date) -> date:
    """Rule 1: 12 calendar months before, 29 February falling back to 28 February."""
    if (as_of.month, as_of.day) == (2, 29):
        return date(as_of.year - 1, 2, 28)
    return as_of.replace(year=as_of.year - 1)


def in_scope(cpli: Cpli, w: date) -> bool:
    """Rule 3: a valid CPLI that is authorised and did not end before the window."""
    if cpli.rejected or cpli.authorisation != "authorised":
        return False
    return cpli.end_date is None or cpli.end_date >= w


def lifecycle(*, start: date | None, end: date | None, on: date) -> str:
    """Rule 3: planned, ended or active on a date."""
    if start is not None and start > on:
        return PLANNED
    if end is not None and end < on:
        return ENDED
    return ACTIVE


def active(*, start: date | None, end: date | None, on: date) -> bool:
    """Whether neither planned nor ended."""
    return lifecycle(start=start, end=end, on=on) == ACTIVE


def uncovered_days(*, ended: date, starts: date) -> int:
    """How many days lie between an end and a start, both of which are covered themselves."""
    return (starts - ended).days - 1


def total(lines: Sequence[Line]) -> tuple[Decimal, str | None] | None:
    """A summed quantity: None without lines, where one has none, or where units differ."""
    stated = [line.weekly_quantity for line in lines if line.weekly_quantity is not None]
    if not lines or len(stated) < len(lines) or len({line.unit for line in lines}) > 1:
        return None
    return sum(stated, Decimal(0)), lines[0].unit


def make_spells(cplis: Iterable[Cpli], w: date) -> list[Spell]:
    """Rule 4: join in-scope CPLIs alike in council, person, provider and service type."""
    alike = defaultdict(list)
    for cpli in cplis:
        if in_scope(cpli, w):
            alike[cpli.person, cpli.provider_id, cpli.service_type].append(cpli)
    return [
        _spell(chain, w)
        for group in alike.values()
        for chain in _chains(sorted(group, key=_spell_order))
    ]


def _spell_order(cpli: Cpli) -> tuple[date, date, str]:
    """Rule 4: start date, then end date (none last), then `cpli_id`."""
    return (cpli.start_date or date.min, cpli.end_date or date.max, cpli.cpli_id or "")


def _chains(ordered: Sequence[Cpli]) -> list[list[Cpli]]:
    """Rule 4: join while at most seven uncovered days lie after the latest end so far."""
    chains: list[list[Cpli]] = []
    for cpli in ordered:
        if chains and _joins(chains[-1], cpli):
            chains[-1].append(cpli)
        else:
            chains.append([cpli])
    return chains


def _joins(chain: Sequence[Cpli], cpli: Cpli) -> bool:
    end = latest_end(chain)
    if end is None:
        return True
    return uncovered_days(ended=end, starts=cpli.start_date or date.min) <= SPELL_GAP_DAYS


def latest_end(lines: Sequence[Line]) -> date | None:
    """The latest end, none if any has none."""
    ends = [line.end_date for line in lines if line.end_date is not None]
    return max(ends) if len(ends) == len(lines) else None


def _spell(chain: Sequence[Cpli], w: date) -> Spell:
    start = min(cpli.start_date or date.min for cpli in chain)
    return Spell(
        cplis=tuple(chain),
        start=start,
        end=latest_end(chain),
        left_censored=start <= w + timedelta(days=SPELL_GAP_DAYS),
    )
