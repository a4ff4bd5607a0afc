"""One night from raw text to discrepancies, in the order of docs/rules.md."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import date

from oracle.caseloads import Assessment, assess, counting_spells
from oracle.claims import Claim, make_claims, repeated_entries
from oracle.cleaning import (
    Cells,
    Cpli,
    Entry,
    Notice,
    clean_cplis,
    clean_identity_of_entry,
)
from oracle.findings import Discrepancy, Findings, discrepancy, duplicate_entry
from oracle.pairing import Night, make_pairs
from oracle.people import Found, People
from oracle.population import Population
from oracle.portal import (
    Side,
    against_portal,
    duplicate_groups,
    lags,
    latest_extract,
    of_cplis,
)
from oracle.spells import ACTIVE, Spell, make_spells, window_start


@dataclass(frozen=True, kw_only=True)
class Study:
    """The discrepancies of a night and all that led to them."""

    discrepancies: list[Discrepancy]
    notices: list[Notice]
    cplis: list[Cpli]
    spells: list[Spell]
    assessment: Assessment
    found: dict[Entry, Found]
    claims: list[Claim]
    night: Night
    lags: dict[tuple[str, str], int]

    @property
    def rejections(self) -> list[tuple[str, int, str, str]]:
        """Source, row, column and rule of everything that rejected a row, sorted."""
        return sorted(
            (notice.source, notice.row, notice.column, notice.rule)
            for notice in self.notices
            if notice.level == "rejected"
        )

    @property
    def pairs_by_pass(self) -> dict[str, int]:
        """How many spells each pass paired: "1" to "6" and "ended"."""
        passes = [pair.made_in for pair in self.night.pairs.values()]
        return {made_in: passes.count(made_in) for made_in in sorted(set(passes))}


def reconcile(population: Population, as_of: date) -> list[Discrepancy]:
    """The discrepancies that docs/rules.md demands, as text, in no particular order."""
    return study(population, as_of).discrepancies


def study(population: Population, as_of: date) -> Study:
    """Reconcile and keep every step."""
    w = window_start(as_of)
    assessed, not_assessed = which_councils(population)
    cplis, notices = _all_cplis(population, as_of)
    valid = [cpli for cpli in cplis if not cpli.rejected]
    spells = make_spells(valid, w)
    assessment = assess(
        population.caseloads, spells=spells, confirmed=population.confirmed, as_of=as_of
    )
    people = People(cplis, population.decisions, as_of)
    found = {
        entry: people.find(entry)
        for caseload in assessment.accepted.values()
        for entry in caseload.entries
    }
    claims, duplicate_entries = _claims(assessment, found, entries_denied(population, as_of))
    night = Night(
        claims=claims,
        spells=spells,
        people=people,
        accepted=assessment.accepted,
        found=found,
        rejected_cplis=[cpli for cpli in cplis if cpli.rejected],
        window_start=w,
    )
    make_pairs(night)
    duplicates = duplicate_groups(valid, w, population.not_duplicate_cplis)
    findings = Findings(
        night,
        valid_cplis=valid,
        assessed=assessed,
        not_assessed=not_assessed,
        duplicates=frozenset(cpli for group in duplicates for cpli in group),
    )
    discrepancies = [*findings.all(), *duplicate_entries]
    discrepancies += [of_cplis("duplicate_cpli", group) for group in duplicates]
    discrepancies += caseloads_overdue(assessment, spells, as_of)
    for local_authority in sorted(assessed):
        extract, portal_notices = latest_extract(
            population.councils[local_authority].portal,
            local_authority=local_authority,
            as_of=as_of,
        )
        notices += portal_notices
        if extract is not None:
            theirs = [cpli for cpli in cplis if cpli.local_authority == local_authority]
            discrepancies += against_portal(
                Side(
                    local_authority=local_authority,
                    cplis=theirs,
                    extract=extract,
                    window_start=w,
                )
            )
    return Study(
        discrepancies=[d for d in discrepancies if d["local_authority"] not in not_assessed],
        notices=notices + assessment.notices,
        cplis=cplis,
        spells=spells,
        assessment=assessment,
        found=found,
        claims=claims,
        night=night,
        lags=lags(spells),
    )


def which_councils(population: Population) -> tuple[frozenset[str], frozenset[str]]:
    """Rule 5: the councils that are assessed, and those whose extract did not come."""
    came = {code for code, council in population.councils.items() if council.cplis is not None}
    return frozenset(came), frozenset(population.councils) - came


def _all_cplis(population: Population, as_of: date) -> tuple[list[Cpli], list[Notice]]:
    cplis: list[Cpli] = []
    notices: list[Notice] = []
    for local_authority, council in population.councils.items():
        cleaned, noted = clean_cplis(
            council.cplis or (), local_authority=local_authority, as_of=as_of
        )
        cplis += cleaned
        notices += noted
    return cplis, notices


def entries_denied(population: Population, as_of: date) -> set[Hashable]:
    """Rule 7: provider, stated identity and service type of entries that repeat nothing."""
    return {
        (
            word.provider_id,
            clean_identity_of_entry(Cells(word.entry, "ruling", 0), as_of).identity,
            word.service_type,
        )
        for word in population.not_duplicate_entries
    }


def _claims(
    assessment: Assessment, found: dict[Entry, Found], denied: Collection[Hashable]
) -> tuple[list[Claim], list[Discrepancy]]:
    """Rule 6: all claims in order, by provider and lowest row, and the repeated entries."""
    claims: list[Claim] = []
    duplicates: list[Discrepancy] = []
    for _, caseload in sorted(assessment.accepted.items()):
        repeats = repeated_entries(caseload.usable, found, denied)
        claims += make_claims(caseload, found, repeats)
        duplicates += [
            duplicate_entry(group, found[group[0]].persons, caseload.caseload_date)
            for group in repeats
        ]
    return claims, duplicates


def caseloads_overdue(
    assessment: Assessment, spells: Sequence[Spell], as_of: date
) -> list[Discrepancy]:
    """Rule 5: one for each council with a spell active on the run date, unless uncounted."""
    return [
        discrepancy(
            "caseload_overdue",
            local_authority=local_authority,
            provider_id=provider_id,
            reason=reason,
        )
        for provider_id, reason in assessment.overdue_reasons.items()
        for local_authority in sorted(
            {
                spell.local_authority
                for spell in counting_spells(spells, provider_id)
                if spell.lifecycle(as_of) == ACTIVE
            }
        )
    ]
