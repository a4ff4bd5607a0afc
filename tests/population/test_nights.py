"""From night to night the people stay, and their care, the files and the discrepancies move on."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from made.populations import (
    FIRST_NIGHT,
    caseload_paths,
    council_rows,
    dated,
    made,
    truth,
)

from population import LAST_NIGHT, Generated, generate
from schemas.errors import WrongUsage

WHO = ("nhs_number", "family_name", "given_name", "date_of_birth")


def people_of(generated: Generated) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    """Return what is said of each person of each council."""
    people: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for council, row in council_rows(generated.directory):
        who = tuple(row[name] for name in WHO)
        people.setdefault((council, row["person_id"]), set()).add(who)
    return people


def lines_of(generated: Generated) -> dict[str, dict[str, str]]:
    """Return each CPLI by its id."""
    return {row["cpli_id"]: row for _, row in council_rows(generated.directory)}


@pytest.mark.parametrize("night", [1, 30])
def test_the_people_stay_who_they_are(night: int) -> None:
    before, after = people_of(made()), people_of(made(night=night))
    both = before.keys() & after.keys()
    assert len(both) > 0.9 * len(before)
    assert [person for person in both if before[person] != after[person]] == []


def test_the_run_date_moves_with_the_night() -> None:
    assert made(night=4).run_date == FIRST_NIGHT + timedelta(days=4)


def test_lines_start_and_end_as_nights_go_by() -> None:
    before, after = lines_of(made()), lines_of(made(night=30))
    begun = after.keys() - before.keys()
    assert len(begun) > 20
    assert all(
        after[line]["created_at"][:10] > "2026-11-19" for line in begun if after[line]["created_at"]
    )
    closed = [
        line
        for line in before.keys() & after.keys()
        if not before[line]["end_date"] and after[line]["end_date"]
    ]
    assert len(closed) > 20
    assert all(after[line]["updated_at"] for line in closed)


def test_nothing_is_on_the_system_before_its_time() -> None:
    for _, row in council_rows(made().directory):
        for name in ("created_at", "updated_at"):
            if row[name][:2] == "20":
                assert row[name][:10] <= "2026-11-20"


def test_a_line_keeps_its_id_and_is_no_other_persons() -> None:
    before, after = lines_of(made()), lines_of(made(night=30))
    for line in before.keys() & after.keys():
        assert before[line]["person_id"] == after[line]["person_id"]


def test_caseloads_arrive_and_some_come_late() -> None:
    nights = [made(night=night) for night in range(5)]
    latest = [latest_dates(generated) for generated in nights]
    arrived = sum(
        later.get(provider) != earlier.get(provider)
        for earlier, later in pairwise(latest)
        for provider in later
    )
    assert arrived > 15
    ages = [(nights[0].run_date - when).days for when in latest[0].values()]
    assert sum(0 <= age <= 10 for age in ages) > 0.8 * len(ages)
    assert any(age > 10 for age in ages)


def latest_dates(generated: Generated) -> dict[str, date]:
    """Return the date of each provider's latest caseload."""
    latest: dict[str, date] = {}
    for path in caseload_paths(generated.directory):
        provider, when = dated(path)
        latest[provider] = max(when, latest.get(provider, when))
    return latest


@pytest.mark.parametrize("seed", [1, 2])
def test_some_discrepancies_are_put_right_and_some_arise_in_a_night(seed: int) -> None:
    before, after = set(truth(made(seed=seed))), set(truth(made(seed=seed, night=1)))
    what = {row[:4] for row in before}, {row[:4] for row in after}
    assert len(what[0] - what[1]) >= 4
    assert len(what[1] - what[0]) >= 3
    assert len(what[0] & what[1]) > 0.75 * len(what[0])


def test_every_type_is_there_on_every_night() -> None:
    for night in (1, 4, 30, LAST_NIGHT):
        assert min(made(night=night).discrepancies.values()) >= 2
        assert len(made(night=night).discrepancies) == 20


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"night": -1}, "--night"),
        ({"night": LAST_NIGHT + 1}, "--night"),
        ({"people": 0}, "--people"),
        ({"seed": -1}, "--seed"),
        ({"as_of": date(1999, 12, 31)}, "1999|2000"),
        ({"councils": ()}, "councils among"),
        ({"councils": ("E06000001",)}, "councils among"),
        ({"missing_councils": ("E06000001",)}, "councils among"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(
    tmp_path: object, wrong: dict[str, object], said: str
) -> None:
    wanted: dict[str, object] = {"people": 50, "seed": 1, "as_of": FIRST_NIGHT}
    with pytest.raises(WrongUsage, match=said):
        generate(tmp_path, **(wanted | wrong))
