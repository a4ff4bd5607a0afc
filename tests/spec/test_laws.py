"""Laws that hold on every population, however troubled."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from random import Random

import numpy as np
import pandas as pd
from bridge import findings_of, night_of
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import CaseloadFile, Council, Population, study
from oracle.draws import populations

from reconciliation import Findings, reconcile
from schemas.vocabularies import DiscrepancyType

FEW = settings(max_examples=6)
ABOUT_COUNCILS_ALONE = {
    "not_on_portal",
    "only_on_portal",
    "unauthorised_on_portal",
    "portal_differs",
    "duplicate_cpli",
}


@FEW
@given(populations())
def test_a_caseload_copied_from_the_spells_yields_nothing(drawn: tuple[Population, date]) -> None:
    population, as_of = drawn
    copied: dict[str, list[Mapping[str, str]]] = {}
    for spell in study(population, as_of).spells:
        if spell.lifecycle(as_of) != "active":
            continue
        quantity, unit = spell.quantity(as_of) or ("", None)
        copied.setdefault(spell.provider_id, []).append(
            {
                "cpli_id": spell.cplis[0].cpli_id,
                "local_authority": spell.local_authority,
                "service_type": spell.service_type,
                "start_date": str(spell.start),
                "end_date": str(spell.end or ""),
                "weekly_quantity": str(quantity),
                "unit": unit or "",
            }
        )
    files = [
        CaseloadFile(provider_id=provider_id, caseload_date=as_of, rows=rows)
        for provider_id, rows in copied.items()
    ]
    findings = findings_of(replace(population, caseloads=files, decisions=()), as_of)
    assert set(findings.discrepancies["type"]) <= ABOUT_COUNCILS_ALONE


@FEW
@given(populations(), st.integers(0, 2**32 - 1))
def test_shuffled_input_gives_the_same_table(drawn: tuple[Population, date], seed: int) -> None:
    population, as_of = drawn
    dice = Random(seed)

    def shuffled(rows):
        return None if rows is None else dice.sample(list(rows), len(rows))

    councils = {
        code: Council(
            cplis=shuffled(council.cplis),
            portal={when: shuffled(rows) for when, rows in council.portal.items()},
        )
        for code, council in shuffled(population.councils.items())
    }
    mixed = replace(population, councils=councils, caseloads=shuffled(population.caseloads))
    before, after = findings_of(population, as_of), findings_of(mixed, as_of)
    pd.testing.assert_frame_equal(before.discrepancies, after.discrepancies)
    pd.testing.assert_frame_equal(before.timeliness, after.timeliness)
    assert before.counts == after.counts


@FEW
@given(populations())
def test_an_unrelated_person_changes_nobody_elses_result(drawn: tuple[Population, date]) -> None:
    population, as_of = drawn
    code = next((name for name, council in population.councils.items() if council.cplis), None)
    if code is None:
        return
    stranger = {
        "cpli_id": "STRANGER-1",
        "person_id": "STRANGER",
        "family_name": "Unrelatedson",
        "given_name": "Quite",
        "date_of_birth": "1901-01-01",
        "provider_id": "PX",
        "service_type": "HS",
        "start_date": str(as_of.replace(year=as_of.year - 2, day=1)),
        "weekly_quantity": "7",
        "unit": "hours",
        "authorisation": "authorised",
        "created_at": f"{as_of}T09:00:00Z",
    }
    council = population.councils[code]
    more = replace(
        population,
        councils=population.councils
        | {code: replace(council, cplis=[*(council.cplis or ()), stranger])},
    )
    before = findings_of(population, as_of).discrepancies
    after = findings_of(more, as_of).discrepancies
    others = after[after["provider_id"].ne("PX")].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, others)
    assert set(after["type"][after["provider_id"].eq("PX")]) <= {"caseload_overdue"}


def of_type(table: pd.DataFrame, kind: DiscrepancyType) -> pd.DataFrame:
    return table[table["type"].eq(kind.value)]


def supports(table: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(
        zip(table["local_authority"], table["person_id"], table["service_type"], strict=True)
    )


def accepted(findings: Findings) -> set[tuple[str, pd.Timestamp]]:
    taken = findings.verdicts[findings.verdicts["accepted"]]
    return set(zip(taken["provider_id"], taken["caseload_date"], strict=True))


@FEW
@given(populations(), st.integers(0, 2))
def test_a_missing_council_never_adds_support_not_reported(
    drawn: tuple[Population, date], which: int
) -> None:
    """Rule 5 counts the spells that can be seen: where a council's absence lets a shorter caseload
    pass, that provider is left out here."""
    population, as_of = drawn
    code = sorted(population.councils)[which % len(population.councils)]
    missing = replace(population.councils[code], cplis=None)
    night = night_of(population, as_of)
    before = reconcile(night)
    after = findings_of(replace(population, councils=population.councils | {code: missing}), as_of)
    newly_accepted = {provider for provider, _ in accepted(after) - accepted(before)}
    table = after.discrepancies
    added = of_type(table, DiscrepancyType.SUPPORT_NOT_REPORTED)
    added = added[~added["discrepancy_id"].isin(before.discrepancies["discrepancy_id"])]
    assert set(added["provider_id"]) <= newly_accepted
    assert not table["local_authority"].eq(code).any()


@FEW
@given(populations(), st.integers(0, 10))
def test_a_provider_without_any_caseload_is_told_nothing_but_that(
    drawn: tuple[Population, date], which: int
) -> None:
    """Nor is anyone else newly said to have left somebody out, but for those whom the silent
    provider itself had reported in the other's stead (rule 9.3)."""
    population, as_of = drawn
    providers = sorted({file.provider_id for file in population.caseloads})
    if not providers:
        return
    silent = providers[which % len(providers)]
    fewer = [file for file in population.caseloads if file.provider_id != silent]
    before = findings_of(population, as_of).discrepancies
    after = findings_of(replace(population, caseloads=fewer), as_of).discrepancies
    assert set(after["type"][after["provider_id"].eq(silent)]) <= (
        ABOUT_COUNCILS_ALONE | {"caseload_overdue"}
    )
    added = of_type(after, DiscrepancyType.SUPPORT_NOT_REPORTED)
    added = added[~added["discrepancy_id"].isin(before["discrepancy_id"])]
    told = of_type(before, DiscrepancyType.PROVIDER_DIFFERS)
    assert supports(added) <= supports(told[told["provider_id"].eq(silent)])


@FEW
@given(populations())
def test_the_callers_frames_are_never_changed(drawn: tuple[Population, date]) -> None:
    night = night_of(*drawn)
    frames = ("cplis", "rejected_cplis", "portal", "caseloads", "entries", "rejected_entries")
    before = {name: getattr(night, name).copy(deep=True) for name in frames}
    reconcile(night)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(night, name), frame)


@FEW
@given(populations())
def test_ids_are_unique_and_depend_on_the_key_only_where_nobody_single_is_known(
    drawn: tuple[Population, date],
) -> None:
    night = night_of(*drawn)
    one = reconcile(night).discrepancies
    other = reconcile(replace(night, identity_key=b"quite another key")).discrepancies
    assert one["discrepancy_id"].is_unique
    known = one["person_id"].notna() & one["local_authority"].notna()
    same = one["discrepancy_id"].isin(other["discrepancy_id"])
    assert same[known].all()
    hashed = one["person_id"].isna() & one["type"].isin(["cpli_not_found", "duplicate_entry"])
    assert not np.any(same[hashed])
