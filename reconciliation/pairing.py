"""Pairing claims with spells (rule 7): six passes, then the ended claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reconciliation import columns, names
from reconciliation.claims import CURRENT, Claims
from reconciliation.coded import NO_COUNCIL, Coded
from reconciliation.columns import Numbers
from reconciliation.days import ACTIVE, ENDED, UNSTATED, Mask, lifecycle
from reconciliation.night import Tolerances
from reconciliation.persons import Found
from reconciliation.spells import Spells

UNPAIRED = 0
SAME_SERVICE, OTHER_SERVICE, SAME_SERVICE_ENDED, OTHER_SERVICE_ENDED = 1, 2, 3, 4
POSSIBLE_MATCH, OTHER_PROVIDER, ENDED_CLAIM = 5, 6, 7
COMPARED = (SAME_SERVICE, OTHER_SERVICE, SAME_SERVICE_ENDED, OTHER_SERVICE_ENDED, ENDED_CLAIM)
PASS_NAMES = {
    SAME_SERVICE: "same_service",
    OTHER_SERVICE: "other_service",
    SAME_SERVICE_ENDED: "same_service_ended",
    OTHER_SERVICE_ENDED: "other_service_ended",
    POSSIBLE_MATCH: "possible_match",
    OTHER_PROVIDER: "other_provider",
    ENDED_CLAIM: "ended_claim",
}

# The order in which spells are tried, by their lifecycle (active, planned, ended).
_FOR_RUNNING = np.array([0, 1, 2])
_FOR_ENDED = np.array([1, 2, 0])


@dataclass(kw_only=True)
class Pairs:
    """Which spell each claim was paired with (-1: none) and in which pass, as it fills up."""

    spell: Numbers
    in_pass: Numbers
    spell_taken: Mask

    def left(self, claim: Numbers) -> Mask:
        """Say which of these claims are not paired yet."""
        return self.spell[claim] < 0

    def free(self, spell: Numbers) -> Mask:
        """Say which of these spells are not paired yet."""
        return ~self.spell_taken[spell]

    def pair(self, claim: Numbers, spell: Numbers, in_pass: int) -> None:
        """Note pairs made in a pass."""
        self.spell[claim] = spell
        self.in_pass[claim] = in_pass
        self.spell_taken[spell] = True


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Claims beside the spells of the persons found for them, best first (rule 7)."""

    claim: Numbers
    spell: Numbers
    same_provider: Mask
    same_service: Mask
    lifecycle: Numbers
    for_ended: Mask

    def where(self, mask: Mask) -> tuple[Numbers, Numbers]:
        """Return the claims and spells of the candidates that the mask holds for."""
        return self.claim[mask], self.spell[mask]


def empty_pairs(claims: Claims, spells: Spells) -> Pairs:
    """Return no pairs at all."""
    return Pairs(
        spell=np.full(len(claims), -1, dtype=np.int64),
        in_pass=np.full(len(claims), UNPAIRED, dtype=np.int64),
        spell_taken=np.zeros(len(spells), dtype=bool),
    )


def candidates(claims: Claims, spells: Spells) -> Candidates:
    """Put every claim beside the spells of the persons found, in the order in which they are tried.

    First by lifecycle on the claim's day, then the latest start, then the lowest `cpli_id` of the
    first CPLI.
    """
    of_person = spells.column("person")
    low = np.searchsorted(of_person, claims.person, side="left")
    count = np.searchsorted(of_person, claims.person, side="right") - low
    claim = np.repeat(claims.of_person, count)
    spell = columns.spread(low, count)
    start = spells.column("start")[spell]
    state = lifecycle(start=start, end=spells.column("end")[spell], on=claims.column("day")[claim])
    for_ended = claims.column("is_ended")[claim] == 1
    tried = np.where(for_ended, _FOR_ENDED[state], _FOR_RUNNING[state])
    order = np.lexsort((spell, spells.column("first_cpli")[spell], -start, tried, claim))
    claim, spell = claim[order], spell[order]
    return Candidates(
        claim=claim,
        spell=spell,
        same_provider=spells.column("provider")[spell] == claims.column("provider")[claim],
        same_service=spells.column("service")[spell] == claims.column("service")[claim],
        lifecycle=state[order],
        for_ended=for_ended[order],
    )


def pair_by_person(tried: Candidates, pairs: Pairs) -> None:
    """Passes 1 to 4: same provider; same service before other, running spells before ended ones.

    In passes 1 and 3 several claims may share a spell; in 2 and 4 each spell is taken once.
    """
    running = tried.same_provider & ~tried.for_ended
    ended = tried.lifecycle == ENDED
    for in_pass, of_pass, shared in (
        (SAME_SERVICE, running & tried.same_service & ~ended, True),
        (OTHER_SERVICE, running & ~tried.same_service & ~ended, False),
        (SAME_SERVICE_ENDED, running & tried.same_service & ended, True),
        (OTHER_SERVICE_ENDED, running & ~tried.same_service & ended, False),
    ):
        claim, spell = tried.where(of_pass & pairs.left(tried.claim) & pairs.free(tried.spell))
        if not shared:
            claim, spell = each_once(claim, spell)
        best = columns.firsts(claim)
        pairs.pair(claim[best], spell[best], in_pass)


def each_once(claim: Numbers, spell: Numbers) -> tuple[Numbers, Numbers]:
    """Let each claim in order take its best spell that no earlier one took.

    The candidates come ordered by claim and preference. A claim whose best spell no earlier claim
    wants can be settled at once; whatever is left is looked at again.
    """
    settled_claims, settled_spells = [], []
    while len(claim):
        _, earliest, wanted = np.unique(spell, return_index=True, return_inverse=True)
        unopposed = columns.firsts(claim) & (claim[earliest][wanted.reshape(-1)] == claim)
        settled_claims.append(claim[unopposed])
        settled_spells.append(spell[unopposed])
        left = ~np.isin(claim, claim[unopposed]) & ~np.isin(spell, spell[unopposed])
        claim, spell = claim[left], spell[left]
    nothing = np.zeros(0, dtype=np.int64)
    claims = np.concatenate([nothing, *settled_claims])
    order = np.argsort(claims)
    return claims[order], np.concatenate([nothing, *settled_spells])[order]


def pair_possible_matches(
    coded: Coded,
    claims: Claims,
    spells: Spells,
    pairs: Pairs,
    tolerances: Tolerances,
    *,
    found: Found,
    barred: Mask,
) -> None:
    """Pass 5: claims of nobody known against the same provider's active spells, by likeness.

    Either the dates of birth are equal and the names alike enough, or the names are equal and the
    dates differ by day and month swapped or in one digit. The best score is paired first, then the
    earlier claim, then the lowest `cpli_id`. `barred` claims take no part (rule 9.4).
    """
    likely = _likely(coded, claims, spells, pairs, tolerances, found=found, barred=barred)
    taken_claims: set[int] = set()
    taken_spells: set[int] = set()
    for claim, spell in zip(likely["claim"], likely["spell"], strict=True):
        if claim not in taken_claims and spell not in taken_spells:
            taken_claims.add(claim)
            taken_spells.add(spell)
            pairs.pair(np.array([claim]), np.array([spell]), POSSIBLE_MATCH)


def _likely(
    coded: Coded,
    claims: Claims,
    spells: Spells,
    pairs: Pairs,
    tolerances: Tolerances,
    *,
    found: Found,
    barred: Mask,
) -> pd.DataFrame:
    """Return the possible matches (claim, spell, score), in the order in which they are paired."""
    entries, people = coded.entries, coded.people
    claim = np.flatnonzero(
        (pairs.spell < 0)
        & (claims.column("is_ended") == 0)
        & (claims.persons_found() == 0)
        & ~barred
    )
    lead = claims.column("entry")[claim]
    family, given, born = (entries[name].to_numpy()[lead] for name in ("family", "given", "born"))
    named = (family >= 0) & (given >= 0) & (born != UNSTATED)
    claim, family, given, born = claim[named], family[named], given[named], born[named]

    spell = np.flatnonzero(~pairs.spell_taken)
    person = spells.column("person")[spell]
    known = (
        (people.family[person] >= 0)
        & (people.given[person] >= 0)
        & (people.born[person] != UNSTATED)
    )
    spell, person = spell[known], person[known]
    provider, own_provider = claims.column("provider")[claim], spells.column("provider")[spell]

    def beside(*fields: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
        key = columns.combined(*(np.concatenate(both) for both in fields))
        left, right = columns.joined(key[: len(claim)], key[len(claim) :])
        day = claims.column("day")[claim[left]]
        council = claims.column("council")[claim[left]]
        start, end = (spells.column(name)[spell[right]] for name in ("start", "end"))
        fits = (lifecycle(start=start, end=end, on=day) == ACTIVE) & (
            (council == NO_COUNCIL) | (council == spells.column("council")[spell[right]])
        )
        return left[fits], right[fits]

    left, right = beside((provider, own_provider), (born, people.born[person]))
    score = names.similarity(
        family=family[left],
        given=given[left],
        other_family=people.family[person[right]],
        other_given=people.given[person[right]],
        texts=coded.texts.names,
    )
    alike = score >= tolerances.possible_match_from
    same_left, same_right = beside(
        (provider, own_provider),
        (family, people.family[person]),
        (given, people.given[person]),
    )
    mistyped = nearly_same_birth(born[same_left], people.born[person[same_right]])
    likely = pd.DataFrame(
        {
            "claim": claim[np.concatenate([left[alike], same_left[mistyped]])],
            "spell": spell[np.concatenate([right[alike], same_right[mistyped]])],
            "score": np.concatenate(
                [score[alike], np.full(int(mistyped.sum()), tolerances.possible_match_from)]
            ),
        }
    )
    forbidden = found.barred(
        claims.column("entry")[likely["claim"]], spells.column("person")[likely["spell"]]
    )
    likely = likely[~forbidden]
    likely["first_cpli"] = spells.column("first_cpli")[likely["spell"]]
    return likely.sort_values(
        ["score", "claim", "first_cpli", "spell"],
        ascending=[False, True, True, True],
        ignore_index=True,
    )


def nearly_same_birth(born: Numbers, other: Numbers) -> Mask:
    """Say which dates differ by day and month swapped, or in exactly one digit of YYYYMMDD."""
    year, month, day_of_month = _parts(born)
    other_year, other_month, other_day = _parts(other)
    swapped: Mask = (
        (year == other_year)
        & (month == other_day)
        & (day_of_month == other_month)
        & (born != other)
    )
    digits, other_digits = (
        value[0] * 10_000 + value[1] * 100 + value[2]
        for value in ((year, month, day_of_month), (other_year, other_month, other_day))
    )
    differing = np.zeros(len(born), dtype=np.int64)
    for place in 10 ** np.arange(8):
        differing += (digits // place) % 10 != (other_digits // place) % 10
    near: Mask = swapped | (differing == 1)
    return near


def _parts(day: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    when = pd.DatetimeIndex(day.astype("datetime64[D]").astype("datetime64[s]"))
    return tuple(part.to_numpy().astype(np.int64) for part in (when.year, when.month, when.day))


def pair_other_providers(
    claims: Claims,
    spells: Spells,
    tried: Candidates,
    pairs: Pairs,
    *,
    barred: Mask,
    assessed: Mask,
    in_rejected_entry: Mask,
) -> None:
    """Pass 6: current claims against another assessed provider's active spells of that service.

    `assessed` says of each provider's code whether it has an accepted caseload. A spell whose own
    provider has a rejected entry that identifies the person takes no part (rule 9.5).
    """
    current = (claims.said.state == CURRENT) & ~barred & (claims.column("is_ended") == 0)
    claim, spell = tried.where(
        current[tried.claim]
        & ~tried.same_provider
        & tried.same_service
        & (tried.lifecycle == ACTIVE)
        & assessed[spells.column("provider")[tried.spell]]
        & ~in_rejected_entry[tried.spell]
        & pairs.left(tried.claim)
        & pairs.free(tried.spell)
    )
    pairs.pair(*each_once(claim, spell), OTHER_PROVIDER)


def pair_ended_claims(tried: Candidates, pairs: Pairs) -> None:
    """Last: ended claims against the same provider's spells of that service, each taken once."""
    claim, spell = tried.where(
        tried.for_ended & tried.same_provider & tried.same_service & pairs.free(tried.spell)
    )
    pairs.pair(*each_once(claim, spell), ENDED_CLAIM)
