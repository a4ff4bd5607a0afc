"""What is measured of what a night found of a council."""

import pytest
from oracle.tables import table

from quality.result import NOT_SURE, PASSES, measure
from reconciliation.pairing import PASS_NAMES
from schemas.vocabularies import DiscrepancyType

# So many pairs by passes, and discrepancies of two types, give the share that the figure is.
PAIRS = table("""
figure                             | same | other | ended | maybe | away | late | gone | new | is
paired_share                       | 15   | 5     |       |       |      |      |      |     | 1.0
paired_share                       | 3    |       | 12    |       |      |      | 5    |     | 0.75
paired_share                       | 10   |       |       | 5     | 10   |      |      |     | 0.4
paired_share                       | 19   |       |       |       |      |      |      |     |
paired_share                       | 10   |       |       |       |      | 10   |      |     | 1.0
paired_share                       | 19   |       |       |       |      |      | 1    |     | 0.95
paired_share                       |      |       |       |       |      |      | 20   |     | 0.0
paired_share                       | 19   |       |       |       |      |      |      | 9   |
paired_by_same_service_share       | 15   | 5     |       |       |      |      | 99   |     | 0.75
paired_by_same_service_share       | 14   | 5     |       |       |      |      | 99   | 9   |
paired_by_other_service_share      | 15   | 5     |       |       |      |      |      |     | 0.25
paired_by_same_service_ended_share | 15   |       | 5     |       |      |      |      |     | 0.25
paired_by_possible_match_share     | 15   |       |       | 5     |      |      |      |     | 0.25
paired_by_other_provider_share     | 15   |       |       |       | 5    |      |      |     | 0.25
not_reported_share                 | 15   |       |       |       | 1    |      | 4    |     | 0.2
not_reported_share                 |      |       |       |       |      |      | 19   |     |
not_found_share                    | 15   |       |       |       |      |      |      | 5   | 0.25
not_found_share                    | 15   |       |       |       |      |      | 99   |     |
raised_cpli_not_found              |      |       |       |       |      |      |      | 7   | 7
raised_cpli_not_found              |      |       |       |       |      |      | 7    |     | 0
paired_by_ended_claim_share        | 15   |       |       |       |      | 5    |      |     | 0.25
""")  # fmt: skip
PASS_OF = {
    "same": "same_service",
    "other": "other_service",
    "ended": "same_service_ended",
    "maybe": "possible_match",
    "away": "other_provider",
    "late": "ended_claim",
}


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: " ".join(filter(None, case.values())))
def test_shares_are_of_spells_and_of_pairs(case: dict[str, str]) -> None:
    counts = {f"pairs_{name}": int(case[told]) for told, name in PASS_OF.items() if case[told]}
    types = {"support_not_reported": case["gone"], "cpli_not_found": case["new"]}
    raised = {name: int(count) for name, count in types.items() if count}
    figures = measure(counts, raised, closing=0, standing=0)
    assert figures[case["figure"]] == (float(case["is"]) if case["is"] else None)


@pytest.mark.parametrize(
    ("closing", "standing", "share"), [(0, 0, None), (19, 19, None), (5, 20, 0.25), (20, 20, 1.0)]
)
def test_what_closes_is_a_share_of_what_stood(
    closing: int, standing: int, share: float | None
) -> None:
    assert measure({}, {}, closing=closing, standing=standing)["closing_share"] == share


def test_of_nothing_every_count_is_nought_and_no_share_is_told() -> None:
    figures = measure({}, {}, closing=0, standing=0)
    raised = {f"raised_{kind.value}" for kind in DiscrepancyType}
    assert {name for name, told in figures.items() if told == 0} == raised
    assert {name for name, told in figures.items() if told is None} == set(figures) - raised
    assert len(figures) == len(raised) + len(PASSES) + 4


def test_each_pass_of_the_engine_is_counted_under_its_own_name() -> None:
    assert set(PASSES) == set(PASS_NAMES.values())
    assert len(PASSES) == len(set(PASSES))
    assert set(NOT_SURE) < set(PASSES)
