"""Decisions of commissioning workers (rule 7), and councils that are not assessed (rule 5)."""

from dataclasses import replace
from datetime import date

import bridge
from oracle import CaseloadFile, Council, Decision, Population

AS_OF = date(2026, 11, 20)
UNKNOWN = {"nhs_number": "9990000018", "service_type": "HS", "start_date": "2026-05-01"}


def cpli(**changes: str) -> dict[str, str]:
    return {
        "cpli_id": "C1",
        "person_id": "1",
        "provider_id": "P1",
        "service_type": "HS",
        "start_date": "2026-05-01",
        "weekly_quantity": "14",
        "unit": "hours",
        "authorisation": "authorised",
        "created_at": "2026-05-01T09:00:00Z",
    } | changes


def same(local_authority: str, person_id: str, **identity: str) -> Decision:
    return Decision(
        same=True,
        provider_id="P1",
        entry=identity,
        local_authority=local_authority,
        person_id=person_id,
    )


def night(*entries: dict[str, str], decisions: tuple[Decision, ...]) -> Population:
    return Population(
        councils={"E06000016": Council(cplis=[cpli()]), "E06000017": Council(cplis=None)},
        caseloads=[
            CaseloadFile(provider_id="P1", caseload_date=date(2026, 11, 16), rows=list(entries))
        ],
        decisions=decisions,
    )


def types(population: Population) -> list[str]:
    return sorted(bridge.findings_of(population, AS_OF).discrepancies["type"])


def test_a_decision_pairs_an_entry_with_a_person() -> None:
    mine = same("E06000016", "1", nhs_number=UNKNOWN["nhs_number"])
    assert types(night(UNKNOWN, decisions=())) == ["support_not_reported"]
    assert types(night(UNKNOWN, decisions=(mine,))) == []


def test_the_same_decision_twice_is_one() -> None:
    mine = same("E06000016", "1", nhs_number=UNKNOWN["nhs_number"])
    before = UNKNOWN | {"end_date": "2026-06-30"}
    since = {"person_id": "1", "service_type": "HS", "start_date": "2026-07-01"}
    assert types(night(before, since, decisions=(mine,))) == []
    assert types(night(before, since, decisions=(mine, mine))) == []


def test_a_decision_raises_nothing_for_a_council_that_is_not_assessed() -> None:
    theirs = same("E06000017", "77", nhs_number=UNKNOWN["nhs_number"])
    assert types(night(UNKNOWN, UNKNOWN, decisions=(theirs,))) == ["support_not_reported"]
    naming = UNKNOWN | {"local_authority": "E06000016"}
    theirs = replace(theirs, entry={**theirs.entry, "local_authority": "E06000016"})
    assert types(night(naming, naming, decisions=(theirs,))) == ["support_not_reported"]


def test_an_unknown_service_type_of_a_rejected_renewal_is_unread() -> None:
    ended = cpli(end_date="2026-10-31")
    renewal = cpli(
        cpli_id="C2", service_type="HomeCare", start_date="2026-11-01", end_date="2026-01-01"
    )
    population = night({"cpli_id": "C1", "service_type": "HS"}, decisions=())
    council = Council(cplis=[ended, renewal])
    assert types(replace(population, councils={"E06000016": council})) == []
    assert types(replace(population, councils={"E06000016": Council(cplis=[ended])})) == [
        "support_after_end"
    ]
