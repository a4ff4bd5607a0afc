"""The slow reading of the rules gives what section 11 of docs/rules.md says it must."""

from collections import Counter

import oracle
import pytest
from oracle.examples import EXAMPLES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.number)
def test_the_oracle_gives_the_worked_example(example: Example) -> None:
    study = oracle.study(example.population(), example.as_of)

    assert facts(study.discrepancies) == facts(example.expected)
    assert [
        {"table": source.partition("/")[0], "row": str(row), "column": column}
        for source, row, column, _ in study.rejections
    ] == list(example.rejected)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.number)
def test_a_worked_example_survives_the_canonical_folder(example: Example, tmp_path) -> None:
    folder = oracle.write_sources(example.population(), tmp_path / "sources")

    again = oracle.read(folder, example.as_of)

    in_memory = oracle.reconcile(example.population(), example.as_of)
    assert as_multiset(oracle.reconcile(again, example.as_of)) == as_multiset(in_memory)


def test_every_number_from_1_to_28_has_an_example() -> None:
    assert {int(example.number.partition(",")[0]) for example in EXAMPLES} == set(range(1, 29))


def facts(rows) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(row[column] for column in ("type", "reason", "caveat", "severity")) for row in rows
    )


def as_multiset(rows) -> Counter[tuple[str, ...]]:
    return Counter(tuple(row.values()) for row in rows)
