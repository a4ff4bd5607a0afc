"""The drawn populations hold the trouble they are for, and the slow reading keeps its own laws."""

from dataclasses import replace
from datetime import date
from random import Random

import oracle
from hypothesis import given, settings
from oracle.draws import draw_population, populations
from oracle.findings import SEVERITIES
from oracle.population import Population
from oracle.shrink import smallest

SEEDS = 1500
EVERY_REASON = {
    "caseload_overdue": {
        "unreadable",
        "missing_columns",
        "too_many_rejected",
        "too_few_rows",
        "too_old",
        "none_received",
    },
    "cpli_not_found": {
        "person_unknown",
        "cpli_not_authorised",
        "cpli_ended_before_window",
        "other_service_only",
        "no_cpli_with_provider",
    },
    "support_after_end": {"cpli_not_authorised"},
}
EVERY_CAVEAT = {"rejected_rows", "recent_start", "service_unmapped", "council_not_assessed"}


def test_the_draws_show_every_type_reason_and_caveat() -> None:
    drawn = (draw_population(seed, 1 + seed % 8) for seed in range(SEEDS))
    rows = [row for population, as_of in drawn for row in oracle.reconcile(population, as_of)]

    assert {row["type"] for row in rows} == set(SEVERITIES)
    for type_, reasons in EVERY_REASON.items():
        assert {row["reason"] for row in rows if row["type"] == type_} - {""} == reasons
    assert {caveat for row in rows for caveat in row["caveat"].split(";")} - {""} == EVERY_CAVEAT


def test_a_seed_draws_the_same_population_again() -> None:
    assert draw_population(7, 5) == draw_population(7, 5)


@given(populations())
@settings(max_examples=60, deadline=None)
def test_the_order_of_a_councils_rows_changes_nothing(drawn) -> None:
    population, as_of = drawn

    shuffled = oracle.reconcile(shuffled_councils(population), as_of)

    assert as_sorted(shuffled) == as_sorted(oracle.reconcile(population, as_of))


def test_what_is_written_into_the_canonical_folder_is_read_again(tmp_path) -> None:
    for seed in range(40):
        population, as_of = draw_population(seed, 6)
        folder = oracle.write_sources(population, tmp_path / str(seed))

        again = oracle.reconcile(oracle.read(folder, as_of), as_of)

        assert as_sorted(again) == as_sorted(oracle.reconcile(population, as_of))


def test_a_failure_is_cut_down_to_the_rows_it_needs() -> None:
    def fails(population: Population, as_of: date) -> bool:
        return "service_type_differs" in {
            row["type"] for row in oracle.reconcile(population, as_of)
        }

    drawn = (draw_population(seed, 8) for seed in range(SEEDS))
    population, as_of = next(night for night in drawn if fails(*night))

    least = smallest(population, lambda smaller: fails(smaller, as_of))

    (council,) = least.councils.values()
    (caseload,) = least.caseloads
    assert (len(council.cplis), len(council.portal), len(caseload.rows)) == (1, 0, 1)


def shuffled_councils(population: Population) -> Population:
    dice = Random(0)
    councils = {
        code: replace(
            council,
            cplis=council.cplis and dice.sample(council.cplis, len(council.cplis)),
            portal={p: rows and dice.sample(rows, len(rows)) for p, rows in council.portal.items()},
        )
        for code, council in population.councils.items()
    }
    return replace(population, councils=dict(sorted(councils.items(), reverse=True)))


def as_sorted(rows) -> list[tuple[str, ...]]:
    return sorted(tuple(row.values()) for row in rows)
