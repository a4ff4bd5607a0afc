"""The people are nobody: their NHS numbers are synthetic and their names of no one place."""

import itertools

import nhs_number
import numpy as np
import pytest
from made.populations import caseload_paths, council_rows, made, rows
from oracle.cleaning import normalised
from rapidfuzz.distance import JaroWinkler

from population.councils import COUNCILS
from population.days import day_number
from population.misreports import least_alike
from population.names import (
    FAMILY,
    FAMILY_NAMES,
    GIVEN,
    GIVEN_NAMES,
    STYLES,
    mistyped,
)
from population.people import draw_people, identity_keys, valid_nhs_numbers


def test_every_nhs_number_of_a_council_is_synthetic() -> None:
    stated = {row["nhs_number"] for _, row in council_rows(made().directory)} - {""}
    valid = [number for number in stated if nhs_number.is_valid(number)]
    assert len(valid) > 1_500
    assert len(stated) - len(valid) <= 4  # the planted faults
    assert all(number.startswith("999") for number in stated)


def test_every_nhs_number_of_a_caseload_is_synthetic() -> None:
    for path in caseload_paths(made().directory):
        for row in rows(path):
            assert row["nhs_number"] == "" or row["nhs_number"].startswith("999"), path.name


def test_all_valid_numbers_of_the_synthetic_range_are_known() -> None:
    numbers = valid_nhs_numbers()
    assert len(numbers) == len(set(numbers.tolist())) == 909_090
    assert numbers.min() >= 9_990_000_000
    assert numbers.max() < 9_999_999_999  # ten equal digits are no number
    some = numbers[:: len(numbers) // 500].tolist()
    assert all(nhs_number.is_valid(str(number)) for number in some)


def test_of_more_people_than_there_are_numbers_the_surplus_has_none() -> None:
    people = draw_people(1, people=1_000_000, councils=COUNCILS, run_day=day_number_of_2026())
    once = people.records.drop_duplicates("person")
    numbers = once.loc[once["nhs"] > 0, "nhs"]
    assert numbers.is_unique
    assert len(numbers) == 909_090
    assert (people.records["nhs"].iloc[-people.strangers :] > 0).all()


def test_nobody_has_anothers_names_and_date_of_birth() -> None:
    records = draw_people(
        2, people=200_000, councils=COUNCILS, run_day=day_number_of_2026()
    ).records.drop_duplicates("person")
    keys = identity_keys(*(records[name].to_numpy() for name in ("given", "family", "born")))
    assert len(np.unique(keys)) == len(records)


def day_number_of_2026() -> int:
    """Return a run day."""
    from datetime import date

    return day_number(date(2026, 11, 20))


@pytest.mark.parametrize("names", [GIVEN_NAMES, FAMILY_NAMES])
def test_no_two_names_of_a_list_are_alike(names: tuple[str, ...]) -> None:
    assert len({normalised(name) for name in names}) == len(names)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_leaves_the_normalised_name_as_it_is(style: type[str]) -> None:
    for name in (*GIVEN_NAMES, *FAMILY_NAMES, *map(mistyped, FAMILY_NAMES)):
        assert normalised(style(name)) == normalised(name)


def test_a_mistyped_name_is_no_other_name_and_still_similar() -> None:
    known = {normalised(name) for name in FAMILY_NAMES}
    for family in FAMILY:
        wrong = normalised(mistyped(family))
        assert wrong not in known
        for given in ("Mei", "Ama", "Margaret"):
            whole = f"{normalised(given)} {normalised(family)}"
            assert JaroWinkler.similarity(whole, f"{normalised(given)} {wrong}") >= 0.90


def test_a_mistaken_name_is_unlike_the_persons_either_way_round() -> None:
    for given, family in itertools.product(range(0, len(GIVEN), 3), range(0, len(FAMILY), 3)):
        names = least_alike(given, family)
        theirs = normalised(GIVEN_NAMES[names[0]]), normalised(FAMILY_NAMES[names[1]])
        own = f"{normalised(GIVEN[given])} {normalised(FAMILY[family])}"
        assert JaroWinkler.similarity(" ".join(theirs), own) < 0.80
        assert JaroWinkler.similarity(" ".join(reversed(theirs)), own) < 0.80


def test_names_have_accents_apostrophes_and_hyphens() -> None:
    stated = {row["family_name"] for _, row in council_rows(made().directory)}
    assert any("'" in name for name in stated)
    assert any("-" in name for name in stated)
    assert any(not name.isascii() for name in stated)


def test_some_people_are_known_to_two_councils() -> None:
    councils: dict[str, set[str]] = {}
    for council, row in council_rows(made().directory):
        if nhs_number.is_valid(row["nhs_number"]):
            councils.setdefault(row["nhs_number"], set()).add(council)
    assert sum(len(known) > 1 for known in councils.values()) >= 5


def test_the_councils_have_their_shares_of_the_people() -> None:
    people = made(people=12_000, seed=8)
    counted: dict[str, set[str]] = {}
    for council, row in council_rows(people.directory):
        counted.setdefault(council, set()).add(row["person_id"])
    total = sum(len(persons) for persons in counted.values())
    for council in COUNCILS:
        share = 100 * len(counted[council.gss_code]) / total
        assert abs(share - council.share) < 2
