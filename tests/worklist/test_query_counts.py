"""No page asks more of the record because there is more on record."""

from pathlib import Path

import pytest

from benchmarks.worklist import OPEN, fill, queries
from casebook.store import Casebook

FEW, MANY = 5, 50
WORK = {"home", "list", "list, far", "case", "search", "form of a step", "step", "bulk, looked at"}
LOOK = {"questions", "measures", "nights", "a night", "home of a manager"}


@pytest.fixture
def asked(tmp_path: Path) -> dict[int, dict[str, int]]:
    """Return how many queries each page asks, by how many cases are open."""

    def of(number: int) -> dict[str, int]:
        casebook = Casebook.open(f"sqlite:///{tmp_path / str(number)}.db")
        fill(casebook, number * OPEN)
        return queries(casebook, tmp_path, rounds=2)

    return {number: of(number) for number in (FEW, MANY)}


def test_a_page_asks_as_many_questions_of_many_cases_as_of_few(
    asked: dict[int, dict[str, int]],
) -> None:
    assert set(asked[FEW]) >= WORK | LOOK
    assert {page: number for page, number in asked[MANY].items() if page in asked[FEW]} == asked[
        FEW
    ]
