"""Rules 8, 9 and 11: what pairs show, what is left over, and whose each discrepancy is."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TypedDict, Unpack

from oracle.claims import CURRENT, Claim, Side
from oracle.cleaning import Cpli, Entry, Person
from oracle.pairing import Night, Pair, excepted, rejected_entry_identifies
from oracle.people import differences
from oracle.spells import ACTIVE, ENDED, PLANNED, UNRECONCILED, Spell, in_scope

START_TOLERANCE_DAYS = 7
END_TOLERANCE_DAYS = 1

HIGH, MEDIUM, LOW = "high", "medium", "low"
SEVERITIES = {
    "cpli_not_found": HIGH,
    "support_not_reported": HIGH,
    "support_after_end": HIGH,
    "provider_differs": HIGH,
    "identity_differs": HIGH,
    "unauthorised_on_portal": HIGH,
    "support_ended": MEDIUM,
    "support_before_start": MEDIUM,
    "support_not_started": MEDIUM,
    "service_type_differs": MEDIUM,
    "possible_match": MEDIUM,
    "not_on_portal": MEDIUM,
    "only_on_portal": MEDIUM,
    "caseload_overdue": MEDIUM,
    "start_date_differs": LOW,
    "end_date_differs": LOW,
    "quantity_differs": LOW,
    "portal_differs": LOW,
    "duplicate_cpli": LOW,
    "duplicate_entry": LOW,
}
CAVEATS = ["rejected_rows", "recent_start", "service_unmapped", "council_not_assessed"]

COMPARE = "compare"
PRESENCE = {
    (ACTIVE, CURRENT): COMPARE,
    (ACTIVE, ENDED): "support_ended",
    (ACTIVE, PLANNED): "support_not_started",
    (PLANNED, CURRENT): "support_before_start",
    (PLANNED, ENDED): "support_ended",
    (PLANNED, PLANNED): COMPARE,
    (ENDED, CURRENT): "support_after_end",
    (ENDED, ENDED): COMPARE,
    (ENDED, PLANNED): "support_after_end",
}

Discrepancy = dict[str, str]


class Facts(TypedDict, total=False):
    """What a discrepancy is about; whatever is left out is null."""

    local_authority: str | None
    provider_id: str | None
    person_id: str | None
    cpli_ids: Sequence[str | None]
    service_type: str | None
    caseload_date: date | None
    caseload_rows: Sequence[int]
    reason: str
    caveats: Sequence[str]
    severity: str


def discrepancy(type_: str, **facts: Unpack[Facts]) -> Discrepancy:
    """Rule 11: one row of the discrepancy table as text, empty for null."""
    caseload_date = facts.get("caseload_date")
    return {
        "type": type_,
        "severity": facts.get("severity", SEVERITIES[type_]),
        "local_authority": facts.get("local_authority") or "",
        "provider_id": facts.get("provider_id") or "",
        "person_id": facts.get("person_id") or "",
        "cpli_ids": ";".join(sorted(cpli_id for cpli_id in facts.get("cpli_ids", ()) if cpli_id)),
        "service_type": facts.get("service_type") or "",
        "caseload_date": caseload_date.isoformat() if caseload_date else "",
        "caseload_rows": ";".join(str(row) for row in sorted(facts.get("caseload_rows", ()))),
        "reason": facts.get("reason", ""),
        "caveat": ";".join(sorted(facts.get("caveats", ()), key=CAVEATS.index)),
    }


def of_spell(
    type_: str, spell: Spell, claims: Sequence[Claim] = (), **more: Unpack[Facts]
) -> Discrepancy:
    """Rule 11: council, person, CPLIs and service are the spell's, rows those of the claims."""
    about: Facts = {
        "local_authority": spell.local_authority,
        "provider_id": claims[0].provider_id if claims else spell.provider_id,
        "person_id": spell.person[1],
        "cpli_ids": [cpli.cpli_id for cpli in spell.cplis],
        "service_type": spell.service_type,
        "caseload_date": claims[0].caseload_date if claims else None,
        "caseload_rows": [entry.row for claim in claims for entry in claim.every_entry],
    }
    return discrepancy(type_, **(about | more))


class Whose(TypedDict):
    """The council and the person that a discrepancy without a spell is about."""

    local_authority: str | None
    person_id: str | None


def whose(persons: frozenset[Person], named: str | None) -> Whose:
    """Rule 11: without a spell, those of the persons found, each where there is one value."""
    if not persons:
        return {"local_authority": named, "person_id": None}
    councils, references = {person[0] for person in persons}, {person[1] for person in persons}
    return {
        "local_authority": councils.pop() if len(councils) == 1 else None,
        "person_id": references.pop() if len(references) == 1 else None,
    }


def duplicate_entry(
    group: Sequence[Entry], persons: frozenset[Person], caseload_date: date
) -> Discrepancy:
    """Rule 6: repeated entries that count once."""
    named = next((entry.local_authority for entry in group if entry.local_authority), None)
    return discrepancy(
        "duplicate_entry",
        **whose(persons, named),
        provider_id=group[0].provider_id,
        service_type=group[0].service_type,
        caseload_date=caseload_date,
        caseload_rows=[entry.row for entry in group],
    )


class Findings:
    """Rules 8 and 9 over the pairs and what they left."""

    def __init__(
        self,
        night: Night,
        *,
        valid_cplis: Sequence[Cpli],
        assessed: frozenset[str],
        not_assessed: frozenset[str],
        duplicates: frozenset[Cpli],
    ) -> None:
        """Take the night after pairing, councils by GSS code, and all CPLIs of duplicate groups."""
        self.night = night
        self.valid_cplis = valid_cplis
        self.assessed = assessed
        self.not_assessed = not_assessed
        self.duplicates = duplicates

    def all(self) -> Iterator[Discrepancy]:
        """Everything that rules 7.5, 7.6, 8 and 9 raise."""
        for pair in self.night.pairs.values():
            yield from self.of_pair(pair)
        for claim in self.night.unpaired(self.night.claims):
            yield from self.cpli_not_found(claim)
        for spell in self.night.spells:
            if self.night.free(spell):
                yield from self.support_not_reported(spell)

    def of_pair(self, pair: Pair) -> Iterator[Discrepancy]:
        """Rules 9.3 and 8: a possible match or other provider, else identity and presence."""
        if pair.made_in == "5":
            yield of_spell("possible_match", pair.spell, pair.claims)
        elif pair.made_in == "6":
            yield of_spell("provider_differs", pair.spell, pair.claims)
        else:
            withheld = self.rejection_concerns(pair)
            yield from self.identity_differs(pair)
            for found in self.presence(pair):
                if not withheld or found["type"] in ("support_ended", "support_not_started"):
                    yield found

    def identity_differs(self, pair: Pair) -> Iterator[Discrepancy]:
        """Rule 8.1: an entry found by 6.1 to 6.3 differs from the person; repeats are looked at."""
        known = self.night.people.known[pair.spell.person]
        if any(
            self.night.found[entry].by in (1, 2, 3) and differences(entry, known)
            for claim in pair.claims
            for entry in claim.every_entry
        ):
            yield of_spell("identity_differs", pair.spell, pair.claims)

    def presence(self, pair: Pair) -> Iterator[Discrepancy]:
        """Rule 8.2: by the spell's lifecycle and the provider's state."""
        d = pair.claims[0].caseload_date
        side = Side([entry for claim in pair.claims for entry in claim.entries], d)
        shown = PRESENCE[pair.spell.lifecycle(d), side.state]
        if shown == COMPARE:
            yield from self.compare(pair, side, d)
        elif shown == "support_after_end" and self.has_draft(pair.spell):
            yield of_spell(shown, pair.spell, pair.claims, reason="cpli_not_authorised")
        else:
            yield of_spell(shown, pair.spell, pair.claims)

    def has_draft(self, spell: Spell) -> bool:
        """Rule 8.2: the person has a draft CPLI with this provider."""
        return any(
            cpli.authorisation == "draft"
            and cpli.person == spell.person
            and cpli.provider_id == spell.provider_id
            for cpli in self.valid_cplis
        )

    def compare(self, pair: Pair, side: Side, d: date) -> Iterator[Discrepancy]:
        """Rule 8.3: service type, dates and quantity."""
        spell, claims = pair.spell, pair.claims
        other_service = pair.made_in in ("2", "4")
        unmapped = spell.unmapped or any(claim.unmapped for claim in claims)
        if other_service and not unmapped:
            yield of_spell("service_type_differs", spell, claims)
        if not other_service and not unmapped and starts_differ(spell, side):
            yield of_spell("start_date_differs", spell, claims)
        if ends_differ(spell, side):
            yield of_spell("end_date_differs", spell, claims)
        if (
            spell.lifecycle(d) == ACTIVE
            and not self.duplicates.intersection(spell.cplis)
            and not self.anything_unmapped(spell)
            and quantities_differ(spell, side, d)
        ):
            yield of_spell("quantity_differs", spell, claims)

    def anything_unmapped(self, spell: Spell) -> bool:
        """Rule 8.3: the person has an unmapped in-scope CPLI or claim with this provider."""
        cplis = (
            cpli.unmapped
            for cpli in self.valid_cplis
            if in_scope(cpli, self.night.window_start)
            and cpli.person == spell.person
            and cpli.provider_id == spell.provider_id
        )
        claims = (
            claim.unmapped
            for claim in self.night.claims
            if claim.provider_id == spell.provider_id and spell.person in claim.persons
        )
        return any(cplis) or any(claims)

    def rejection_concerns(self, pair: Pair) -> bool:
        """Rule 9.6: whether a rejected CPLI concerns the pair."""
        return any(self._concerns_pair(cpli, pair) for cpli in self.night.rejected_cplis)

    def _concerns_pair(self, cpli: Cpli, pair: Pair) -> bool:
        spell = pair.spell
        service_types = {spell.service_type, *(claim.service_type for claim in pair.claims)}
        return (
            not excepted(cpli, self.night.window_start)
            and cpli.local_authority == spell.local_authority
            and self._is_person_of(cpli, spell)
            and cpli.provider_id in (None, spell.provider_id)
            and (cpli.service_type is None or cpli.service_type in service_types)
        )

    def _is_person_of(self, cpli: Cpli, spell: Spell) -> bool:
        """Rule 9.6: the person, or one unread whose number, or names and birth, are the same."""
        if cpli.person is not None:
            return cpli.person == spell.person
        known = self.night.people.known[spell.person]
        same_number = cpli.nhs_number is not None and cpli.nhs_number == known.nhs_number
        stated = cpli.names is not None and cpli.date_of_birth is not None
        same_names = (cpli.names, cpli.date_of_birth) == (known.names, known.date_of_birth)
        return same_number or (stated and same_names)

    def cpli_not_found(self, claim: Claim) -> Iterator[Discrepancy]:
        """Rule 9.1, with the exceptions of rules 4 and 9.4."""
        if claim.state == ENDED or claim.service_type in UNRECONCILED:
            return
        if self.night.concerned(claim) or self._council_cannot_tell(claim):
            return
        unsure = self.not_assessed and claim.local_authority is None
        yield discrepancy(
            "cpli_not_found",
            **whose(claim.persons, claim.local_authority),
            provider_id=claim.provider_id,
            service_type=claim.service_type,
            caseload_date=claim.caseload_date,
            caseload_rows=[entry.row for entry in claim.every_entry],
            reason=self.why_not_found(claim),
            caveats=["council_not_assessed"] if unsure else [],
            severity=MEDIUM if claim.state == PLANNED else HIGH,
        )

    def _council_cannot_tell(self, claim: Claim) -> bool:
        """Rule 9.1: the council named or the only ones possible were not assessed."""
        if claim.local_authority is not None:
            return claim.local_authority not in self.assessed
        in_assessed = any(person[0] in self.assessed for person in claim.persons)
        return bool(self.not_assessed) and not in_assessed

    def why_not_found(self, claim: Claim) -> str:
        """Rule 9.1: the reason, by the CPLIs of the persons found with this provider."""
        if not claim.persons:
            return "person_unknown"
        w = self.night.window_start
        theirs = [
            cpli
            for cpli in self.valid_cplis
            if cpli.person in claim.persons and cpli.provider_id == claim.provider_id
        ]
        authorised = [cpli for cpli in theirs if cpli.authorisation == "authorised"]
        if any(cpli.authorisation == "draft" for cpli in theirs):
            return "cpli_not_authorised"
        if any(cpli.end_date is not None and cpli.end_date < w for cpli in authorised):
            return "cpli_ended_before_window"
        return "other_service_only" if authorised else "no_cpli_with_provider"

    def support_not_reported(self, spell: Spell) -> Iterator[Discrepancy]:
        """Rules 9.2 and 9.5, with the exception of rule 4."""
        caseload = self.night.accepted.get(spell.provider_id)
        if caseload is None or spell.service_type in UNRECONCILED:
            return
        d = caseload.caseload_date
        if spell.lifecycle(d) != ACTIVE or rejected_entry_identifies(self.night, spell):
            return
        listed = any(spell.person in self.night.found[entry].persons for entry in caseload.usable)
        if spell.unmapped and listed:
            return
        caveats = []
        if caseload.rejected:
            caveats.append("rejected_rows")
        if (d - spell.start).days < START_TOLERANCE_DAYS:
            caveats.append("recent_start")
        if spell.unmapped:
            caveats.append("service_unmapped")
        milder = {"recent_start", "service_unmapped"}.intersection(caveats)
        yield of_spell(
            "support_not_reported",
            spell,
            caseload_date=d,
            caveats=caveats,
            severity=MEDIUM if milder else HIGH,
        )


def starts_differ(spell: Spell, side: Side) -> bool:
    """Rule 8.3: stated, more than 7 days apart, and no earlier line can hide in the past."""
    if side.start is None or (spell.left_censored and side.start <= spell.start):
        return False
    return abs((side.start - spell.start).days) > START_TOLERANCE_DAYS


def ends_differ(spell: Spell, side: Side) -> bool:
    """Rule 8.3: both stated and more than a day apart."""
    if side.end is None or spell.end is None:
        return False
    return abs((side.end - spell.end).days) > END_TOLERANCE_DAYS


def quantities_differ(spell: Spell, side: Side, d: date) -> bool:
    """Rule 8.3: stated in one unit, apart by more than the larger of 0.5 and 5 %."""
    ours, theirs = spell.quantity(d), side.quantity
    if ours is None or theirs is None or ours[1] is None or ours[1] != theirs[1]:
        return False
    tolerance = max(Decimal("0.5"), ours[0] * 5 / 100)
    return abs(theirs[0] - ours[0]) > tolerance
