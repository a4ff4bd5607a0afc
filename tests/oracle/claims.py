"""Rule 6, second half: repeated entries and claims."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from oracle.caseloads import Caseload
from oracle.cleaning import Entry, Person
from oracle.people import Found
from oracle.spells import (
    ENDED,
    SPELL_GAP_DAYS,
    active,
    latest_end,
    lifecycle,
    total,
    uncovered_days,
)

CURRENT = "active"


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """Entries of one caseload for the same persons and service.

    `entries` are those that count, `repeats` those that a like one stands for.
    """

    provider_id: str
    caseload_date: date
    service_type: str
    persons: frozenset[Person]
    entries: tuple[Entry, ...]
    repeats: tuple[Entry, ...]

    @property
    def every_entry(self) -> list[Entry]:
        """All entries, repeats included, by row."""
        return sorted((*self.entries, *self.repeats), key=lambda entry: entry.row)

    @property
    def local_authority(self) -> str | None:
        """Rule 6: the council of its lowest row that names one."""
        named = (entry.local_authority for entry in self.every_entry if entry.local_authority)
        return next(named, None)

    @property
    def unmapped(self) -> bool:
        """Whether the service type of any of its entries was unmapped."""
        return any(entry.unmapped for entry in self.every_entry)

    @property
    def state(self) -> str:
        """Its state on the caseload date."""
        return Side(self.entries, self.caseload_date).state

    @property
    def lowest_row(self) -> int:
        """Its lowest row."""
        return self.every_entry[0].row


class Side:
    """The provider's side: start, end, quantity and state of entries together (Rule 6)."""

    def __init__(self, entries: Sequence[Entry], caseload_date: date) -> None:
        """Take the entries that count."""
        d = caseload_date
        self.start = earliest_start(entries)
        self.end = latest_end(entries)
        self.state = self._state(d)
        self.quantity: tuple[Decimal, str | None] | None = total(
            [e for e in entries if active(start=e.start_date, end=e.end_date, on=d)]
        )

    def _state(self, d: date) -> str:
        """Rule 6: `ended` where end < d, `planned` where start > d, else current."""
        if self.end is not None and self.end < d:
            return ENDED
        return lifecycle(start=self.start, end=None, on=d)


def earliest_start(entries: Sequence[Entry]) -> date | None:
    """The earliest start stated."""
    return min((entry.start_date for entry in entries if entry.start_date), default=None)


def repeated_entries(
    entries: Sequence[Entry], found: dict[Entry, Found], denied: Collection[Hashable]
) -> list[list[Entry]]:
    """Rule 6: groups of entries alike in all that counts, unless two state different CPLI ids.

    Rule 7: nor where a worker said of one of them that it repeats nothing (`denied` holds
    provider, identity and service type).
    """
    alike = defaultdict(list)
    for entry in entries:
        alike[
            whom(entry, found),
            entry.service_type,
            entry.start_date,
            entry.end_date,
            entry.weekly_quantity,
            entry.unit,
        ].append(entry)
    return [
        group
        for group in alike.values()
        if len(group) > 1
        and len({entry.cpli_id for entry in group if entry.cpli_id}) < 2
        and not any((e.provider_id, e.identity, e.service_type) in denied for e in group)
    ]


def whom(entry: Entry, found: dict[Entry, Found]) -> Hashable:
    """Rule 6: the persons found or, where none is found, the identity."""
    return found[entry].persons or entry.identity


def make_claims(
    caseload: Caseload, found: dict[Entry, Found], repeats: Sequence[Sequence[Entry]]
) -> list[Claim]:
    """Rule 6: the claims of an accepted caseload, in order of their lowest rows."""
    stands_for = {entry: group[0] for group in repeats for entry in group[1:]}
    alike = defaultdict(list)
    for entry in caseload.usable:
        if entry not in stands_for:
            alike[whom(entry, found), entry.service_type].append(entry)
    claims = [
        Claim(
            provider_id=caseload.provider_id,
            caseload_date=caseload.caseload_date,
            service_type=entries[0].service_type or "",
            persons=found[entries[0]].persons,
            entries=tuple(entries),
            repeats=tuple(repeat for repeat, first in stands_for.items() if first in entries),
        )
        for group in alike.values()
        for entries in split_off_ended(group, caseload.caseload_date)
    ]
    return sorted(claims, key=lambda claim: claim.lowest_row)


def split_off_ended(entries: Sequence[Entry], d: date) -> list[list[Entry]]:
    """Rule 6: entries ended on `d` form a second claim, save those that chain to the first."""
    first = [entry for entry in entries if not has_ended(entry, d)]
    ended = [entry for entry in entries if has_ended(entry, d)]
    while joining := [entry for entry in ended if _joins(first, entry)]:
        first += joining
        ended = [entry for entry in ended if entry not in joining]
    return [claim for claim in (first, ended) if claim]


def has_ended(entry: Entry, d: date) -> bool:
    """Whether an entry has ended on the caseload date."""
    return entry.end_date is not None and entry.end_date < d


def _joins(first: Sequence[Entry], ended: Entry) -> bool:
    """Rule 6: it ends at most seven uncovered days before the first claim's start, or later."""
    start = earliest_start(first)
    if start is None or ended.end_date is None:
        return False
    return uncovered_days(ended=ended.end_date, starts=start) <= SPELL_GAP_DAYS
