"""No gate stops a first night, however small its sources are; a night after it is no surprise."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from folders.canonical import AS_OF, Sources, unlisted
from folders.marked import marked_sources
from gates.played import SETTINGS

from casebook.store import Casebook
from cli.population import make_population
from flows.assessing import assess
from flows.steps import open_source, pull_in_memory
from quality.judging import stops


def stopping(root: Path, casebook: Casebook, *, night: int = 0) -> set[tuple[str, str, str]]:
    """Do a night up to its record; return the gates that stop anything of it."""
    as_of = AS_OF + timedelta(days=night)
    source, known = open_source(root)
    pulls = pull_in_memory(source, known, as_of=as_of, settings=SETTINGS)
    assessed = assess(pulls, casebook, as_of=as_of, settings=SETTINGS)
    casebook.gates().keep(
        as_of,
        results=assessed.results,
        nights=assessed.nights,
        judged=assessed.sources.whose | assessed.result.whose,
    )
    casebook.record(assessed.account.record)
    return {(it.source.value, it.owner, it.gate) for it in assessed.results if stops(it)}


@pytest.fixture
def casebook(tmp_path: Path) -> Casebook:
    return Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")


SMALL: dict[str, Callable[[Path], Sources]] = {
    "two CPLIs a council": Sources,
    "marked people": marked_sources,
    "somebody whom nobody lists": lambda root: Sources(root).council("E06000016", [unlisted(6)]),
}


@pytest.mark.parametrize("small", SMALL)
def test_small_sources_are_stopped_by_no_gate(
    small: str, tmp_path: Path, casebook: Casebook
) -> None:
    root = SMALL[small](tmp_path / "sources").root
    assert [stopping(root, casebook, night=night) for night in range(3)] == [set()] * 3


LARGER = [
    pytest.param(people, seed, marks=pytest.mark.slow)
    for people, seed in ((2000, 1), *((1000, seed) for seed in range(3, 9)))
]


@pytest.mark.parametrize(("people", "seed"), [(20, 1), *LARGER])
def test_the_nights_of_a_made_up_population_are_stopped_by_no_gate(
    people: int, seed: int, tmp_path: Path, casebook: Casebook
) -> None:
    for night in range(2):
        root = tmp_path / f"{night}"
        assert make_population(root, people=people, seed=seed, night=night, as_of=AS_OF) == 0
        assert stopping(root, casebook, night=night) == set()
