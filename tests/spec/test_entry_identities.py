"""A night tells by which hashes decisions name the entries that a discrepancy is about (rule 7)."""

from dataclasses import replace
from datetime import date

import bridge
import pandas as pd
import pytest
from oracle import CaseloadFile, Council, Population
from oracle.draws import draw_population

from reconciliation import Findings, Night, entry_identities, reconcile

AS_OF = date(2026, 11, 20)
LEICESTER = "E06000016"
BORN = {"date_of_birth": "1938-07-04"}
HER = {"family_name": "Hollis", "given_name": "Margaret", **BORN, "nhs_number": "9990000107"}
KNOWN = {
    "possible_match",
    "cpli_not_found",
    "identity_differs",
    "provider_differs",
    "duplicate_entry",
}


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
        **HER,
    } | changes


def entry(**changes: str) -> dict[str, str]:
    return {"service_type": "HS", "start_date": "2026-05-01"} | changes


def night(*entries: dict[str, str], cplis: tuple[dict[str, str], ...] = (cpli(),)) -> Night:
    day = date(2026, 11, 16)
    somebody = [entry(person_id="9")]
    caseloads = [
        CaseloadFile(provider_id="P1", caseload_date=day, rows=list(entries)),
        CaseloadFile(provider_id="P2", caseload_date=day, rows=somebody),
    ]
    other = cpli(cpli_id="C9", person_id="9", provider_id="P2", nhs_number="", given_name="Kwame")
    council = Council(cplis=[*cplis, other])
    return bridge.night_of(Population(councils={LEICESTER: council}, caseloads=caseloads), AS_OF)


def types(findings: Findings) -> list[str]:
    return sorted(findings.discrepancies["type"])


def identities(findings: Findings) -> dict[str, str]:
    """Return the hashes of each type."""
    kind = findings.discrepancies.set_index("discrepancy_id")["type"]
    told = findings.identities.set_index("discrepancy_id")["entry_identities"]
    return {kind[which]: hashes for which, hashes in told.items()}


def decided(night: Night, identity: str, *, same: bool) -> Night:
    decision = {"provider_id": "P1", "entry_identity": identity, "local_authority": LEICESTER}
    frame = pd.DataFrame([decision | {"person_id": "1", "same": same}])
    return replace(night, decisions=frame.astype({"same": "bool", "entry_identity": "str"}))


@pytest.mark.parametrize(
    ("raised", "entries", "then"),
    [
        ("possible_match", [entry(family_name="Hollis", given_name="Margret", **BORN)], []),
        ("cpli_not_found", [entry(nhs_number="9990000018")], []),
        ("identity_differs", [entry(cpli_id="C1", nhs_number="9990000018")], []),
    ],
)
def test_the_identity_of_a_discrepancy_fed_back_pairs_its_entry(raised, entries, then):
    before = night(*entries)
    found = reconcile(before)
    assert raised in types(found)
    assert types(reconcile(decided(before, identities(found)[raised], same=True))) == then


def test_the_identity_of_a_provider_that_differs_fed_back_parts_its_entry_from_the_person():
    before = night(entry(person_id="1"), cplis=(cpli(provider_id="P2"),))
    found = reconcile(before)
    assert types(found) == ["provider_differs"]
    after = reconcile(decided(before, identities(found)["provider_differs"], same=False))
    assert types(after) == ["cpli_not_found", "support_not_reported"]


def test_the_identity_of_repeated_entries_fed_back_lets_each_count():
    before = night(*2 * [entry(person_id="1", weekly_quantity="7", unit="hours")])
    found = reconcile(before)
    assert types(found) == ["duplicate_entry", "quantity_differs"]
    ruled = pd.DataFrame(
        {
            "local_authority": None,
            "cpli_ids": None,
            "provider_id": "P1",
            "entry_identity": [identities(found)["duplicate_entry"]],
            "service_type": "HS",
        },
        dtype="str",
    )
    assert types(reconcile(replace(before, not_duplicates=ruled))) == []


def test_several_entries_of_a_discrepancy_are_named_once_each_and_sorted():
    stated = [{"person_id": "1"}, {"nhs_number": HER["nhs_number"]}, {"person_id": "1"}]
    before = night(*(entry(**each) for each in stated), cplis=(cpli(authorisation="draft"),))
    hashes = entry_identities(before)[:3]
    assert hashes[0] == hashes[2]
    assert hashes[0] != hashes[1]
    assert identities(reconcile(before))["cpli_not_found"] == ";".join(sorted(set(hashes)))


def test_of_a_persons_entries_only_those_that_differ_are_named():
    before = night(
        entry(person_id="1", end_date="2026-06-30"),
        entry(person_id="1", nhs_number="9990000018", start_date="2026-07-01"),
    )
    assert identities(reconcile(before)) == {"identity_differs": entry_identities(before)[1]}


@pytest.mark.slow
def test_of_all_that_is_drawn_these_types_alone_name_entries_and_always_those_of_their_rows():
    seen = set()
    for seed in range(40):
        population, as_of = draw_population(seed, 6)
        drawn = bridge.night_of(population, as_of)
        found = reconcile(drawn)
        told = found.discrepancies.merge(found.identities, on="discrepancy_id", how="left")
        named = told["entry_identities"].notna()
        assert named.eq(told["type"].isin(KNOWN)).all(), seed
        entries = drawn.entries.assign(hashed=entry_identities(drawn)[: len(drawn.entries)])
        for one in told[named].itertuples():
            mine = entries[
                entries["provider_id"].eq(one.provider_id)
                & entries["caseload_date"].eq(one.caseload_date)
                & entries["caseload_row"].isin([int(row) for row in one.caseload_rows.split(";")])
            ]
            hashes = one.entry_identities.split(";")
            assert hashes == sorted(set(hashes))
            if one.type == "identity_differs":
                assert set(hashes) <= set(mine["hashed"])
            else:
                assert set(hashes) == set(mine["hashed"])
        seen |= set(told.loc[named, "type"])
    assert seen == KNOWN
