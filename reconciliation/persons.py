"""Whom an entry means (rule 6): from references, numbers and names to a set of persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reconciliation import columns, names
from reconciliation.coded import NO_COUNCIL, Coded
from reconciliation.columns import Numbers
from reconciliation.days import UNSTATED, Mask
from reconciliation.identity import hashed_identities
from reconciliation.night import Night, Tolerances

NOBODY, BY_CPLI, BY_NHS_NUMBER, BY_PERSON_ID, BY_NAMES = 0, 1, 2, 3, 4


@dataclass(frozen=True, kw_only=True)
class Found:
    """The persons found for each entry.

    `entry` and `person` are pairs, ordered by both; `rule` says for each entry which rule found
    them (`NOBODY` where none did, or a worker decided); `first` and `count` give each entry's place
    among the pairs. `barred_entry` and `barred_person` are the pairs that a worker said are not the
    same.
    """

    entry: Numbers
    person: Numbers
    rule: Numbers
    first: Numbers
    count: Numbers
    barred_entry: Numbers
    barred_person: Numbers

    def barred(self, entry: Numbers, person: Numbers) -> Mask:
        """Say which pairs a worker said are not the same (rule 7)."""
        width = int(max(person.max(initial=0), self.barred_person.max(initial=0))) + 1
        return np.isin(entry * width + person, self.barred_entry * width + self.barred_person)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Workers' words on whom entries mean, as pairs of entry and person (rule 7)."""

    entry: Numbers
    person: Numbers
    same: Mask


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Which of the identity fields are stated on both sides of a pair and differ (rule 6)."""

    nhs: Mask
    born: Mask
    names: Mask

    def any(self) -> Mask:
        """Say where at least one differs."""
        return self.nhs | self.born | self.names


def what_workers_told(night: Night, coded: Coded) -> Told:
    """Find the entries that workers decided on, by provider and stated identity (rule 7)."""
    decisions = night.decisions
    providers = coded.texts.providers.get_indexer(decisions["provider_id"]).astype(np.int64)
    entry = np.flatnonzero(np.isin(coded.entries["provider"].to_numpy(), providers))
    (told, said), _ = columns.shared_codes(
        [decisions["entry_identity"], hashed_identities(night, coded, entry)]
    )
    width = len(coded.texts.providers) + 1
    at, place = columns.joined(
        said * width + coded.entries["provider"].to_numpy()[entry],
        np.where(coded.decided_person < 0, -1, told * width + providers),
    )
    words = np.stack(
        [
            entry[at],
            coded.decided_person[place],
            decisions["same"].to_numpy(dtype=bool)[place].astype(np.int64),
        ]
    )
    told_entry, person, same = np.unique(words, axis=1)
    return Told(entry=told_entry, person=person, same=same == 1)


def find_persons(coded: Coded, tolerances: Tolerances, told: Told) -> Found:
    """Find whom every entry means, rejected entries included as far as they can be read (rule 6).

    Where a worker said whom an entry means, that decides (rule 7).
    """
    size = len(coded.entries)
    decided = np.zeros(size, dtype=bool)
    rule = np.zeros(size, dtype=np.int64)
    stand_by = np.zeros(size, dtype=np.int64)
    settled = [(told.entry[told.same], told.person[told.same])]
    decided[told.entry[told.same]] = True
    nobody = _in_order(settled[0][0][:0], settled[0][1][:0], rule, told)
    set_aside: list[tuple[Numbers, Numbers]] = []
    for number, looked_up in (
        (BY_CPLI, _by_column(coded, "cpli")),
        (BY_NHS_NUMBER, _by_column(coded, "nhs")),
        (BY_PERSON_ID, _by_column(coded, "person_id")),
        (BY_NAMES, _by_names(coded)),
    ):
        entry, person = looked_up
        open_still = ~decided[entry] & ~nobody.barred(entry, person)
        entry, person = entry[open_still], person[open_still]
        if number != BY_NAMES:
            against = contradicts(coded, entry, person, tolerances)
            newly = against & (stand_by[entry] == NOBODY)
            set_aside.append((entry[newly], person[newly]))
            stand_by[entry[newly]] = number
            entry, person = entry[~against], person[~against]
        settled.append((entry, person))
        decided[entry] = True
        rule[entry] = number
    for entry, person in set_aside:
        stands = ~decided[entry]
        settled.append((entry[stands], person[stands]))
        rule[entry[stands]] = stand_by[entry[stands]]
    entry = np.concatenate([pair[0] for pair in settled])
    person = np.concatenate([pair[1] for pair in settled])
    keep = (rule[entry] == NOBODY) | _of_same_birth(coded, entry, person)
    return _in_order(entry[keep], person[keep], rule, told)


def _by_column(coded: Coded, name: str) -> tuple[Numbers, Numbers]:
    """Return the distinct (entry, person) that share a value with one of the person's CPLIs."""
    return _looked_up(coded, coded.entries[name].to_numpy(), coded.lines[name].to_numpy())


def _by_names(coded: Coded) -> tuple[Numbers, Numbers]:
    """Return the distinct (entry, person) alike in normalised names and birth (rule 6.4)."""
    lines, entries = coded.lines, coded.entries
    stated = [
        (frame["family"].to_numpy() >= 0)
        & (frame["given"].to_numpy() >= 0)
        & (frame["born"].to_numpy() != UNSTATED)
        for frame in (entries, lines)
    ]
    both = [
        np.concatenate([entries[name].to_numpy(), lines[name].to_numpy()])
        for name in ("family", "given", "born")
    ]
    key = np.where(np.concatenate(stated), columns.combined(*both), -1)
    return _looked_up(coded, key[: len(entries)], key[len(entries) :])


def _looked_up(coded: Coded, wanted: Numbers, held: Numbers) -> tuple[Numbers, Numbers]:
    person_of_line = coded.lines["person"].to_numpy()
    known = (held >= 0) & (person_of_line >= 0)
    width = max(len(coded.people), 1)
    distinct = np.unique(held[known] * width + person_of_line[known])
    entry, place = columns.joined(wanted, distinct // width)
    person = (distinct % width)[place]
    named = coded.entries["council"].to_numpy()[entry]
    allowed = (named == NO_COUNCIL) | (named == coded.people.council[person])
    return entry[allowed], person[allowed]


def differences(
    coded: Coded, entry: Numbers, person: Numbers, tolerances: Tolerances
) -> Differences:
    """Compare entries with persons' own identities, field by field (rule 6)."""
    nhs, born = _numbers_and_births(coded, entry, person)
    return Differences(
        nhs=nhs,
        born=born,
        names=_names_differ(
            coded, entry, person, tolerances, where=np.ones(len(entry), dtype=bool)
        ),
    )


def contradicts(coded: Coded, entry: Numbers, person: Numbers, tolerances: Tolerances) -> Mask:
    """Say where at least two identity fields are stated on both sides and differ (rule 6)."""
    nhs, born = _numbers_and_births(coded, entry, person)
    count = nhs.astype(np.int64) + born
    return count + _names_differ(coded, entry, person, tolerances, where=count == 1) > 1


def _numbers_and_births(coded: Coded, entry: Numbers, person: Numbers) -> tuple[Mask, Mask]:
    nhs = coded.entries["nhs"].to_numpy()[entry]
    own_nhs = coded.people.nhs[person]
    born = coded.entries["born"].to_numpy()[entry]
    own_born = coded.people.born[person]
    return (
        (nhs >= 0) & (own_nhs >= 0) & (nhs != own_nhs),
        (born != UNSTATED) & (own_born != UNSTATED) & (born != own_born),
    )


def _names_differ(
    coded: Coded, entry: Numbers, person: Numbers, tolerances: Tolerances, *, where: Mask
) -> Mask:
    family = coded.entries["family"].to_numpy()[entry]
    given = coded.entries["given"].to_numpy()[entry]
    own_family, own_given = coded.people.family[person], coded.people.given[person]
    stated = (family >= 0) & (given >= 0) & (own_family >= 0) & (own_given >= 0)
    equal = (family == own_family) & (given == own_given)
    compare = np.flatnonzero(where & stated & ~equal)
    differ = np.zeros(len(entry), dtype=bool)
    differ[compare] = (
        names.similarity(
            family=family[compare],
            given=given[compare],
            other_family=own_family[compare],
            other_given=own_given[compare],
            texts=coded.texts.names,
        )
        < tolerances.names_differ_below
    )
    return differ


def _of_same_birth(coded: Coded, entry: Numbers, person: Numbers) -> Mask:
    """Keep, where several persons are left, those of the entry's date of birth if there are any."""
    born = coded.entries["born"].to_numpy()[entry]
    same = (born != UNSTATED) & (born == coded.people.born[person])
    some_same = columns.any_in(entry, len(coded.entries), same)
    keep: Mask = same | ~some_same[entry]
    return keep


def _in_order(entry: Numbers, person: Numbers, rule: Numbers, told: Told) -> Found:
    order = np.lexsort((person, entry))
    count = np.bincount(entry, minlength=len(rule)).astype(np.int64)
    return Found(
        entry=entry[order],
        person=person[order],
        rule=rule,
        first=np.cumsum(count) - count,
        count=count,
        barred_entry=told.entry[~told.same],
        barred_person=told.person[~told.same],
    )
