"""truth.csv is what the rules demand of a population: nothing more and nothing less."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from made.populations import (
    FIRST_NIGHT,
    RUTLAND,
    found_by_the_plain_reading,
    made,
    rows,
    truth,
)

from flows.steps import reconcile_in_memory
from population import generate
from schemas.vocabularies import CaseloadFailure, DiscrepancyType, NotFoundReason
from settings.settings import load_settings

LEICESTERSHIRE = "E10000018"


@pytest.mark.parametrize(
    ("people", "seed", "night", "as_of"),
    [
        (20, 51, 0, FIRST_NIGHT),
        (150, 2, 0, FIRST_NIGHT),
        (150, 2, 1, FIRST_NIGHT),
        (600, 3, 0, FIRST_NIGHT),
        (600, 3, 1, FIRST_NIGHT),
        (600, 3, 9, FIRST_NIGHT),
        (600, 4, 0, date(2024, 2, 29)),
        (600, 4, 40, date(2024, 2, 29)),
        (600, 5, 0, date(2026, 3, 31)),
        (600, 5, 1, date(2026, 3, 31)),
        (600, 6, 120, date(2025, 10, 26)),
    ],
)
def test_the_plain_reading_finds_what_is_planted(
    people: int, seed: int, night: int, as_of: date
) -> None:
    generated = made(people=people, seed=seed, night=night, as_of=as_of)
    assert found_by_the_plain_reading(generated) == truth(generated)


@pytest.mark.parametrize("missing", [RUTLAND, LEICESTERSHIRE])
def test_a_council_whose_extract_does_not_come_takes_its_truth_with_it(missing: str) -> None:
    generated = made(people=600, seed=3, night=1, missing_councils=(missing,))
    assert not (generated.directory / "council" / missing / "cpli.csv").exists()
    assert (generated.directory / "council" / missing).is_dir()
    assert found_by_the_plain_reading(generated) == truth(generated)
    assert truth(generated) < truth(made(people=600, seed=3, night=1))
    assert missing not in {row[1] for row in truth(generated)}


@pytest.mark.parametrize("night", [0, 1])
def test_the_product_finds_what_is_planted(night: int, tmp_path: Path) -> None:
    generated = made(night=night)
    assert found_by_the_product(generated.directory, generated.run_date, tmp_path) == truth(
        generated
    )


@pytest.mark.slow
def test_the_product_finds_what_is_planted_in_a_large_population(tmp_path: Path) -> None:
    generated = generate(tmp_path / "sources", people=30_000, seed=8, as_of=FIRST_NIGHT)
    found = found_by_the_product(generated.directory, generated.run_date, tmp_path)
    assert found == truth(generated)
    wrong = {(row[1], row[3]) for row in truth(generated) if row[3]}
    assert 0.01 < len(wrong) / generated.people < 0.03


def found_by_the_product(directory: Path, as_of: date, place: Path) -> Counter[tuple[str, ...]]:
    """Return what `cpli reconcile` finds, in the columns of truth.csv."""
    out = place / "out"
    reconcile_in_memory(directory, as_of=as_of, out=out, settings=load_settings())
    columns = ("type", "local_authority", "provider_id", "person_id", "cpli_ids", "caseload_rows")
    return Counter(tuple(row[name] for name in columns) for row in rows(out / "discrepancies.csv"))


@pytest.mark.parametrize("seed", [1, 2])
def test_two_thousand_people_have_every_type_at_least_twice(seed: int) -> None:
    generated = made(seed=seed)
    assert set(generated.discrepancies) == set(DiscrepancyType.codes())
    assert min(generated.discrepancies.values()) >= 2
    counted = Counter(row[0] for row in truth(generated).elements())
    assert counted == Counter(generated.discrepancies)


def test_two_thousand_people_have_every_reason(tmp_path: Path) -> None:
    generated = made()
    out = tmp_path / "out"
    reconcile_in_memory(
        generated.directory, as_of=generated.run_date, out=out, settings=load_settings()
    )
    reasons = {(row["type"], row["reason"]) for row in rows(out / "discrepancies.csv")}
    for reason in NotFoundReason.codes():
        assert ("cpli_not_found", reason) in reasons
    of_gates = CaseloadFailure.IMPLAUSIBLE.value  # which the rules alone do not have
    for reason in set(CaseloadFailure.codes()) - {of_gates}:
        assert ("caseload_overdue", reason) in reasons
    assert ("support_after_end", "cpli_not_authorised") in reasons
    assert {
        part for kind, reason in reasons if kind == "portal_differs" for part in reason.split(";")
    } == {
        "person_id",
        "provider_id",
        "service_type",
        "start_date",
        "end_date",
        "weekly_quantity",
        "unit",
    }
