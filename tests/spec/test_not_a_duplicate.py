"""Words of commissioning workers on what is no duplicate (rule 7)."""

from dataclasses import replace
from datetime import date

import bridge
import oracle
import pytest
from oracle import (
    CaseloadFile,
    Council,
    NotDuplicateCplis,
    NotDuplicateEntries,
    Population,
)
from oracle.draws import draw_population

AS_OF = date(2026, 11, 20)
LEICESTER, RUTLAND = "E06000016", "E06000017"
MARGARET = {"person_id": "1"}


def cpli(cpli_id: str, **changes: str) -> dict[str, str]:
    return {
        "cpli_id": cpli_id,
        "person_id": "1",
        "provider_id": "P1",
        "service_type": "HS",
        "start_date": "2026-05-01",
        "weekly_quantity": "7",
        "unit": "hours",
        "authorisation": "authorised",
        "created_at": "2026-05-01T09:00:00Z",
    } | changes


def entry(**changes: str) -> dict[str, str]:
    return {
        **MARGARET,
        "service_type": "HS",
        "start_date": "2026-05-01",
        "weekly_quantity": "7",
        "unit": "hours",
    } | changes


def night(cplis: list[dict[str, str]], entries: list[dict[str, str]]) -> Population:
    return Population(
        councils={LEICESTER: Council(cplis=cplis)},
        caseloads=[CaseloadFile(provider_id="P1", caseload_date=date(2026, 11, 16), rows=entries)],
    )


def types(population: Population) -> list[str]:
    """Return the types that both engines find."""
    found = sorted(bridge.findings_of(population, AS_OF).discrepancies["type"])
    assert found == sorted(row["type"] for row in oracle.reconcile(population, AS_OF))
    return found


def alike(*cpli_ids: str, local_authority: str = LEICESTER) -> NotDuplicateCplis:
    return NotDuplicateCplis(local_authority=local_authority, cpli_ids=cpli_ids)


def repeating(
    identity: dict[str, str] = MARGARET, *, provider_id: str = "P1", service_type: str = "HS"
) -> NotDuplicateEntries:
    return NotDuplicateEntries(provider_id=provider_id, entry=identity, service_type=service_type)


TWO_CPLIS = night([cpli("C1"), cpli("C2")], [entry(weekly_quantity="7")])
TWO_ENTRIES = night([cpli("C1", weekly_quantity="14")], [entry(), entry()])


def test_alike_cplis_that_are_all_meant_raise_nothing_and_are_compared_again():
    assert types(TWO_CPLIS) == ["duplicate_cpli"]
    ruled = replace(TWO_CPLIS, not_duplicate_cplis=[alike("C1", "C2")])
    assert types(ruled) == ["quantity_differs"]


@pytest.mark.parametrize(
    "word",
    [
        alike("C1"),
        alike("C1", "C2", "C3"),
        alike("C1", "C3"),
        alike("C1", "C2", local_authority=RUTLAND),
    ],
)
def test_a_word_on_other_cplis_changes_nothing(word: NotDuplicateCplis):
    assert types(replace(TWO_CPLIS, not_duplicate_cplis=[word])) == ["duplicate_cpli"]


def test_a_third_alike_cpli_makes_the_group_another_one():
    three = night([cpli("C1"), cpli("C2"), cpli("C3")], [entry(weekly_quantity="14")])
    assert types(replace(three, not_duplicate_cplis=[alike("C1", "C2")])) == ["duplicate_cpli"]


def test_a_word_on_one_group_leaves_another_what_it_is():
    both = night(
        [cpli("C1"), cpli("C2"), cpli("C3", person_id="2"), cpli("C4", person_id="2")],
        [entry(weekly_quantity="14"), entry(person_id="2")],
    )
    assert types(both) == ["duplicate_cpli", "duplicate_cpli"]
    assert types(replace(both, not_duplicate_cplis=[alike("C1", "C2")])) == ["duplicate_cpli"]


def test_a_word_on_one_councils_cplis_leaves_another_councils_of_the_same_ids_what_they_are():
    both = {code: Council(cplis=[cpli("C1"), cpli("C2")]) for code in (LEICESTER, RUTLAND)}
    named = [entry(local_authority=code, weekly_quantity="14") for code in both]
    population = replace(night([], named), councils=both)
    assert types(population) == ["duplicate_cpli", "duplicate_cpli"]
    for code in both:
        word = alike("C1", "C2", local_authority=code)
        assert types(replace(population, not_duplicate_cplis=[word])) == ["duplicate_cpli"]


def test_repeated_entries_that_are_all_meant_raise_nothing_and_are_added_up():
    assert types(TWO_ENTRIES) == ["duplicate_entry", "quantity_differs"]
    assert types(replace(TWO_ENTRIES, not_duplicate_entries=[repeating()])) == []


@pytest.mark.parametrize(
    "word",
    [
        repeating({"person_id": "2"}),
        repeating({**MARGARET, "local_authority": LEICESTER}),
        repeating(provider_id="P2"),
        repeating(service_type="DS"),
    ],
)
def test_a_word_on_other_entries_changes_nothing(word: NotDuplicateEntries):
    ruled = replace(TWO_ENTRIES, not_duplicate_entries=[word])
    assert types(ruled) == ["duplicate_entry", "quantity_differs"]


def test_a_word_on_one_entry_of_a_group_goes_for_all_of_it():
    named = {"cpli_id": "C1"}
    mixed = night(
        [cpli("C1", weekly_quantity="21")], [entry(), entry(), {**entry(person_id=""), **named}]
    )
    assert types(mixed) == ["duplicate_entry", "quantity_differs"]
    for identity in (MARGARET, named):
        assert types(replace(mixed, not_duplicate_entries=[repeating(identity)])) == []


def test_entries_of_nobody_known_that_are_all_meant_raise_one_claim():
    stranger = {"nhs_number": "9990000018"}
    unknown = night([cpli("C1")], [entry(), *2 * [entry(person_id="", **stranger)]])
    assert types(unknown) == ["cpli_not_found", "duplicate_entry"]
    ruled = replace(unknown, not_duplicate_entries=[repeating(stranger)])
    assert types(ruled) == ["cpli_not_found"]


def test_the_draws_hold_words_that_change_what_is_found():
    changed = set()
    for seed in range(0, 240, 4):
        population, as_of = draw_population(seed, 1 + seed % 8, with_words=True)
        for kind, words in (
            ("duplicate_cpli", "not_duplicate_cplis"),
            ("duplicate_entry", "not_duplicate_entries"),
        ):
            without = replace(population, **{words: ()})
            counts = [
                [row["type"] for row in oracle.reconcile(each, as_of)].count(kind)
                for each in (population, without)
            ]
            if counts[0] < counts[1]:
                changed.add(kind)
    assert changed == {"duplicate_cpli", "duplicate_entry"}
