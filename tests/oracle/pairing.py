"""Rule 7: pairing claims with spells, and which rejected CPLIs concern a claim (Rule 9.4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from oracle.caseloads import Caseload
from oracle.claims import CURRENT, Claim
from oracle.cleaning import Cpli, Entry
from oracle.people import Found, People, same_names_and_birth, same_nhs_number, similarity
from oracle.spells import ACTIVE, ENDED, PLANNED, UNRECONCILED, Spell

POSSIBLE_FROM = 0.90
ENDED_PASS = "ended"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A spell with the claims that share it, and the pass that paired them: 1 to 6, or ended."""

    spell: Spell
    claims: list[Claim]
    made_in: str


@dataclass
class Night:
    """What the pairing goes over: claims in order, spells, and what earlier passes made."""

    claims: Sequence[Claim]
    spells: Sequence[Spell]
    people: People
    accepted: dict[str, Caseload]
    found: dict[Entry, Found]
    rejected_cplis: Sequence[Cpli]
    window_start: date
    pairs: dict[Spell, Pair] = field(default_factory=dict)
    paired_claims: set[Claim] = field(default_factory=set)

    def unpaired(self, claims: Sequence[Claim]) -> Iterator[Claim]:
        """Those that earlier passes left, in order."""
        return (claim for claim in claims if claim not in self.paired_claims)

    def pair(self, claim: Claim, spell: Spell, made_in: str) -> None:
        """Pair, adding to the claims that share the spell already."""
        pair = self.pairs.setdefault(spell, Pair(spell=spell, claims=[], made_in=made_in))
        pair.claims.append(claim)
        self.paired_claims.add(claim)

    def free(self, spell: Spell) -> bool:
        """Whether a spell is not paired yet."""
        return spell not in self.pairs

    def concerned(self, claim: Claim) -> bool:
        """Rule 9.4: whether a rejected CPLI concerns a claim."""
        return any(concerns_claim(cpli, claim, self.window_start) for cpli in self.rejected_cplis)


def make_pairs(night: Night) -> None:
    """Rule 7: all passes in order."""
    ended = [claim for claim in night.claims if claim.state == ENDED]
    others = [claim for claim in night.claims if claim.state != ENDED]
    pass_1(night, others)
    pass_2(night, others)
    pass_3(night, others)
    pass_4(night, others)
    left = [claim for claim in night.unpaired(others) if not night.concerned(claim)]
    pass_5(night, left)
    pass_6(night, left)
    pass_for_ended_claims(night, ended)


def pass_1(night: Night, claims: Sequence[Claim]) -> None:
    """Same provider, same service type, spell not ended; several claims may share it."""
    _go_over(
        night,
        claims,
        "1",
        lambda claim, spell: (
            spell.provider_id == claim.provider_id
            and spell.service_type == claim.service_type
            and spell.lifecycle(claim.caseload_date) != ENDED
        ),
    )


def pass_2(night: Night, claims: Sequence[Claim]) -> None:
    """Same provider, other service type, spell not ended and not paired yet."""
    _go_over(
        night,
        claims,
        "2",
        lambda claim, spell: (
            spell.provider_id == claim.provider_id
            and spell.service_type != claim.service_type
            and spell.lifecycle(claim.caseload_date) != ENDED
            and night.free(spell)
        ),
    )


def pass_3(night: Night, claims: Sequence[Claim]) -> None:
    """Same provider, same service type, spell ended, not paired yet or paired in this pass."""
    _go_over(
        night,
        claims,
        "3",
        lambda claim, spell: (
            spell.provider_id == claim.provider_id
            and spell.service_type == claim.service_type
            and spell.lifecycle(claim.caseload_date) == ENDED
            and (night.free(spell) or night.pairs[spell].made_in == "3")
        ),
    )


def pass_4(night: Night, claims: Sequence[Claim]) -> None:
    """Same provider, other service type, spell ended and not paired yet."""
    _go_over(
        night,
        claims,
        "4",
        lambda claim, spell: (
            spell.provider_id == claim.provider_id
            and spell.service_type != claim.service_type
            and spell.lifecycle(claim.caseload_date) == ENDED
            and night.free(spell)
        ),
    )


def pass_5(night: Night, claims: Sequence[Claim]) -> None:
    """Possible matches of claims for which rule 6 found nobody, greedily by score."""
    possible = [
        (-score, position, spell.first_cpli_id, spell.person, claim, spell)
        for position, claim in enumerate(claims)
        if not claim.persons
        for spell in night.spells
        if _may_be_possible(night, claim, spell)
        if (score := possible_match_score(night.people, claim, spell)) is not None
    ]
    for *_, claim, spell in sorted(possible, key=lambda candidate: candidate[:4]):
        if claim not in night.paired_claims and night.free(spell):
            night.pair(claim, spell, "5")


def _may_be_possible(night: Night, claim: Claim, spell: Spell) -> bool:
    return (
        spell.provider_id == claim.provider_id
        and spell.lifecycle(claim.caseload_date) == ACTIVE
        and night.free(spell)
        and claim.local_authority in (None, spell.local_authority)
        and not night.people.forbidden(claim.entries[0], spell.person)
    )


def possible_match_score(people: People, claim: Claim, spell: Spell) -> float | None:
    """Rule 7.5: the similarity in (a), 0.90 in (b), None where it is neither."""
    entry, known = claim.entries[0], people.known[spell.person]
    if not (entry.names and entry.date_of_birth and known.names and known.date_of_birth):
        return None
    if entry.date_of_birth == known.date_of_birth:
        alike = similarity(entry.names, known.names)
        return alike if alike >= POSSIBLE_FROM else None
    if entry.names == known.names and mistyped(entry.date_of_birth, known.date_of_birth):
        return POSSIBLE_FROM
    return None


def mistyped(one: date, other: date) -> bool:
    """Rule 7.5 (b): day and month swapped, or exactly one digit of YYYYMMDD differs."""
    swapped = (one.year, one.month, one.day) == (other.year, other.day, other.month)
    digits = zip(one.strftime("%Y%m%d"), other.strftime("%Y%m%d"), strict=True)
    return (one != other and swapped) or sum(a != b for a, b in digits) == 1


def pass_6(night: Night, claims: Sequence[Claim]) -> None:
    """Other provider, same service type, for current claims; each spell taken once."""
    _go_over(
        night,
        [claim for claim in claims if claim.state == CURRENT],
        "6",
        lambda claim, spell: (
            spell.provider_id != claim.provider_id
            and spell.service_type == claim.service_type
            and spell.lifecycle(claim.caseload_date) == ACTIVE
            and night.free(spell)
            and spell.provider_id in night.accepted
            and not rejected_entry_identifies(night, spell)
        ),
    )


def pass_for_ended_claims(night: Night, claims: Sequence[Claim]) -> None:
    """Ended claims: same provider, same service type; each spell taken once."""
    _go_over(
        night,
        claims,
        ENDED_PASS,
        lambda claim, spell: (
            spell.provider_id == claim.provider_id
            and spell.service_type == claim.service_type
            and night.free(spell)
        ),
    )


def _go_over(
    night: Night,
    claims: Sequence[Claim],
    made_in: str,
    suits: Callable[[Claim, Spell], bool],
) -> None:
    """One pass over the claims in order, each taking the best of what is left."""
    for claim in night.unpaired(claims):
        candidates = [
            spell for spell in night.spells if spell.person in claim.persons and suits(claim, spell)
        ]
        if candidates:
            night.pair(claim, min(candidates, key=lambda spell: preference(claim, spell)), made_in)


def preference(claim: Claim, spell: Spell) -> tuple[object, ...]:
    """Rule 7: by lifecycle, then the latest start, then the lowest first `cpli_id`.

    Two councils' spells alike in all of these are told apart by council and person.
    """
    order = [ACTIVE, PLANNED, ENDED] if claim.state != ENDED else [ENDED, ACTIVE, PLANNED]
    return (
        order.index(spell.lifecycle(claim.caseload_date)),
        -spell.start.toordinal(),
        spell.first_cpli_id,
        spell.person,
    )


def rejected_entry_identifies(night: Night, spell: Spell) -> bool:
    """Rule 9.5: a rejected entry of the provider's accepted caseload means the spell's person."""
    rejected = night.accepted[spell.provider_id].rejected
    return any(spell.person in night.found[entry].persons for entry in rejected)


def concerns_claim(cpli: Cpli, claim: Claim, w: date) -> bool:
    """Rule 9.4: whether a rejected CPLI concerns a claim."""
    if excepted(cpli, w) or claim.local_authority not in (None, cpli.local_authority):
        return False
    return _provider_suits(cpli, claim) and _person_suits(cpli, claim)


def excepted(cpli: Cpli, w: date) -> bool:
    """Rule 9.4: it can be read as cancelled, of an unreconciled service, or ended before `w`."""
    ended_before_window = (
        cpli.end_date is not None
        and cpli.end_date < w
        and cpli.start_date is not None
        and cpli.start_date <= cpli.end_date
    )
    return (
        cpli.authorisation == "cancelled"
        or cpli.service_type in UNRECONCILED
        or ended_before_window
    )


def _provider_suits(cpli: Cpli, claim: Claim) -> bool:
    """Rule 9.4: the claim's provider, or unreadable and the service not known to be another."""
    if cpli.provider_id is None:
        return cpli.service_type in (None, claim.service_type)
    return cpli.provider_id == claim.provider_id


def _person_suits(cpli: Cpli, claim: Claim) -> bool:
    """Rule 9.4: its person is among those found, or its reference or own identity an entry's."""
    if cpli.person in claim.persons:
        return True
    if cpli.cpli_id and cpli.cpli_id in {entry.cpli_id for entry in claim.every_entry}:
        return True
    return cpli.person is None and any(
        same_nhs_number(entry, cpli) or same_names_and_birth(entry, cpli)
        for entry in claim.every_entry
    )
