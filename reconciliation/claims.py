"""Repeated entries and claims (rule 6): what a provider says of one person and service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.coded import NO_COUNCIL, Coded
from reconciliation.columns import Numbers
from reconciliation.days import (
    ACTIVE,
    ENDED,
    NEVER,
    PLANNED,
    UNSTATED,
    Mask,
    uncovered,
)
from reconciliation.denials import entries_denied
from reconciliation.night import Night
from reconciliation.persons import Found
from reconciliation.spells import summed

CURRENT = ACTIVE

_BEYOND_ANY = 1 << 60


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What several entries say together: earliest start stated, latest end, quantity on the day.

    `start` is `UNSTATED` where none states one, `end` is `NEVER` where one has none, `quantity`
    (millionths) and `unit` are -1 where null; `state` is `CURRENT`, `PLANNED` or `ENDED` that day.
    """

    start: Numbers
    end: Numbers
    quantity: Numbers
    unit: Numbers
    state: Numbers


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The claims of all accepted caseloads, in order: by provider, then lowest row.

    `frame` has one row a claim: provider, day, service, council (the one it names),
    council_text, is_ended (the second, ended claim), row (its lowest), entry (the entry in that
    row), unmapped (whether any entry's service type was, repeats included). `said` is what each
    says. `entry` are the usable entries of accepted caseloads, repeats included, by their place in
    `Coded.entries`, ordered by claim; `of_entry` the claim of each; `counts` whether each counts or
    only repeats another. `person` and `of_person` are the pairs of claims and the persons found for
    them, ordered by claim and person. `duplicates` are the groups of repeats: entry, group, row.
    """

    frame: pd.DataFrame
    said: Statement
    entry: Numbers
    of_entry: Numbers
    counts: Mask
    person: Numbers
    of_person: Numbers
    duplicates: pd.DataFrame

    def column(self, name: str) -> Numbers:
        """Return a column of the frame as whole numbers."""
        values: Numbers = self.frame[name].to_numpy()
        return values

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.frame)

    def persons_found(self) -> Numbers:
        """Return how many persons were found for each claim."""
        return np.bincount(self.of_person, minlength=len(self)).astype(np.int64)


def state_claims(
    night: Night, coded: Coded, found: Found, accepted: Numbers, *, spell_gap_days: int
) -> Claims:
    """Group the usable entries of the accepted caseloads into claims (rule 6)."""
    entries = coded.entries
    mine = entries["usable"].to_numpy() & np.isin(entries["caseload"].to_numpy(), accepted)
    entry = np.flatnonzero(mine)
    part = entries.take(entry)
    subject = subjects(coded, found)[entry]
    repeat_of, repeated = _repeats(
        part, subject, denied=lambda places: entries_denied(night, coded, entry[places])
    )
    counts = repeat_of == np.arange(len(entry))

    group = columns.combined(part["caseload"].to_numpy(), subject, part["service"].to_numpy())
    second = _in_second_claim(part, group, counts, spell_gap_days=spell_gap_days)[repeat_of]
    claim = _in_claim_order(part, group * 2 + second)
    order = np.lexsort((part["row"].to_numpy(), claim))
    entry, claim, counts, second = entry[order], claim[order], counts[order], second[order]
    repeated = repeated[order]
    first = np.flatnonzero(columns.firsts(claim))
    size = len(first)
    lead = entries.take(entry[first])
    council, council_text = _named_council(entries, entry, claim, size)
    frame = pd.DataFrame(
        {
            "provider": lead["provider"].to_numpy(),
            "day": lead["day"].to_numpy(),
            "service": lead["service"].to_numpy(),
            "council": council,
            "council_text": council_text,
            "is_ended": second[first],
            "row": lead["row"].to_numpy(),
            "entry": entry[first],
            "unmapped": columns.any_in(claim, size, entries["unmapped"].to_numpy()[entry]),
        }
    )
    said = statement(coded, entry[counts], claim[counts], size, on=frame["day"].to_numpy())
    spread_counts = found.count[entry[first]]
    return Claims(
        frame=frame,
        said=said,
        entry=entry,
        of_entry=claim,
        counts=counts,
        person=found.person[columns.spread(found.first[entry[first]], spread_counts)],
        of_person=np.repeat(np.arange(size), spread_counts),
        duplicates=_duplicates(entries, entry, repeated),
    )


def subjects(coded: Coded, found: Found) -> Numbers:
    """Number whom entries are about.

    Entries are about the same where the same persons are found, or, where none is, where the stated
    identities are the same: named council, references, NHS number, names and date of birth.
    """
    entries = coded.entries
    persons = np.zeros(len(entries), dtype=np.int64)
    for place in range(int(found.count.max(initial=0))):
        has = found.count > place
        person = np.full(len(entries), -1, dtype=np.int64)
        person[has] = found.person[found.first[has] + place]
        persons = columns.combined(persons, person)
    nobody = found.count == 0
    council = pd.factorize(entries["council_text"])[0].astype(np.int64)
    identity = np.full(len(entries), -1, dtype=np.int64)
    identity[nobody] = columns.combined(
        council[nobody],
        *(
            entries[name].to_numpy()[nobody]
            for name in ("cpli", "person_id", "nhs", "family", "given", "born")
        ),
    )
    return columns.combined(persons, identity)


def _repeats(
    part: pd.DataFrame, subject: Numbers, *, denied: Callable[[Numbers], Mask]
) -> tuple[Numbers, Numbers]:
    """Find entries that say the same as another of their caseload.

    Returns for each entry the place of the one that counts in its stead (its own, or the lowest
    row's), and the number of its group of repeats, -1 where it has none. `denied` says of entries
    whether a worker said that they repeat nothing (rule 7), which goes for their whole group.
    """
    key = columns.combined(
        part["caseload"].to_numpy(),
        subject,
        *(part[name].to_numpy() for name in ("service", "start", "end", "quantity", "unit")),
    )
    size = int(key.max(initial=-1)) + 1
    cpli = part["cpli"].to_numpy()
    stated = cpli >= 0
    lowest = columns.lowest_in(key[stated], size, cpli[stated], start=_BEYOND_ANY)
    highest = columns.highest_in(key[stated], size, cpli[stated], start=-1)
    contested = highest > lowest
    alike = (np.bincount(key, minlength=size) > 1) & ~contested
    repeating = np.flatnonzero(alike[key])
    alike[key[repeating[denied(repeating)]]] = False
    order = np.lexsort((part["row"].to_numpy(), key))
    lead = np.zeros(size, dtype=np.int64)
    lead[key[order[::-1]]] = order[::-1]
    own = np.arange(len(part))
    repeat_of = np.where(alike[key], lead[key], own)
    return repeat_of, np.where(alike[key], key, -1)


def _in_second_claim(
    part: pd.DataFrame, group: Numbers, counts: Mask, *, spell_gap_days: int
) -> Numbers:
    """Say which entries form their group's second, ended claim (1) and which its first (0).

    An entry that has ended joins the first claim where it ends at most `spell_gap_days` uncovered
    days before that claim's start, or later, and so on until none does.
    """
    size = int(group.max(initial=-1)) + 1
    start, end = part["start"].to_numpy(), part["end"].to_numpy()
    ended: Mask = end < part["day"].to_numpy()
    first_exists = columns.any_in(group, size, ~ended)
    second = ended.copy()
    while True:
        member = ~second & counts & (start != UNSTATED)
        first_start = columns.lowest_in(group[member], size, start[member], start=NEVER)
        known = first_exists & (first_start != NEVER)
        joins = (
            second
            & counts
            & known[group]
            & (uncovered(end=end, start=first_start[group]) <= spell_gap_days)
        )
        if not joins.any():
            return second.astype(np.int64)
        second &= ~joins


def _in_claim_order(part: pd.DataFrame, code: Numbers) -> Numbers:
    """Renumber claims by provider and then by their lowest row."""
    dense = columns.combined(code)
    size = int(dense.max(initial=-1)) + 1
    lowest_row = columns.lowest_in(dense, size, part["row"].to_numpy(), start=_BEYOND_ANY)
    provider = np.zeros(size, dtype=np.int64)
    provider[dense] = part["provider"].to_numpy()
    rank = np.empty(size, dtype=np.int64)
    rank[np.lexsort((lowest_row, provider))] = np.arange(size)
    return rank[dense]


def _named_council(
    entries: pd.DataFrame, entry: Numbers, claim: Numbers, size: int
) -> tuple[Numbers, pd.Series]:
    """Return the council that each claim names, by its lowest row that names one."""
    council = entries["council"].to_numpy()[entry]
    naming = np.flatnonzero(council != NO_COUNCIL)[::-1]
    lead = np.full(size, -1, dtype=np.int64)
    lead[claim[naming]] = entry[naming]
    named = np.where(lead >= 0, entries["council"].to_numpy()[lead], NO_COUNCIL)
    text = entries["council_text"].take(np.where(lead >= 0, lead, 0)).reset_index(drop=True)
    return named, text.where(lead >= 0)


def statement(coded: Coded, entry: Numbers, group: Numbers, size: int, *, on: Numbers) -> Statement:
    """Return what the entries of each group say together on its own day `on` (rule 6)."""
    entries = coded.entries
    start, end, quantity, unit = (
        entries[name].to_numpy()[entry] for name in ("start", "end", "quantity", "unit")
    )
    stated = start != UNSTATED
    earliest = columns.lowest_in(group[stated], size, start[stated], start=NEVER)
    latest = columns.highest_in(group, size, end, start=UNSTATED)
    running = (end >= on[group]) & (start <= on[group])
    total, total_unit = summed(group[running], size, quantity=quantity[running], unit=unit[running])
    earliest = np.where(earliest == NEVER, UNSTATED, earliest)
    return Statement(
        start=earliest,
        end=latest,
        quantity=total,
        unit=total_unit,
        state=np.where(latest < on, ENDED, np.where(earliest > on, PLANNED, CURRENT)),
    )


def _duplicates(entries: pd.DataFrame, entry: Numbers, repeated: Numbers) -> pd.DataFrame:
    """Return the repeated entries: entry (place in `Coded.entries`) and the group of repeats."""
    where = repeated >= 0
    frame = pd.DataFrame({"entry": entry[where], "group": repeated[where]})
    frame["row"] = entries["row"].to_numpy()[frame["entry"]]
    return frame.sort_values(["group", "row"], ignore_index=True)
