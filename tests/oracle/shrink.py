"""Cut a population on which something fails down to what the failure needs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from oracle.population import CaseloadFile, Council, Population, Row

T = TypeVar("T")


def smallest(population: Population, fails: Callable[[Population], bool]) -> Population:
    """Take away whatever can go while `fails` stays true: councils, files, rows, then cells."""
    steps = True
    while steps:
        steps = False
        for smaller in simpler(population):
            if fails(smaller):
                population, steps = smaller, True
                break
    return population


def simpler(population: Population) -> Iterator[Population]:
    """Every population that is one step smaller."""
    for code, council in population.councils.items():
        others = {name: kept for name, kept in population.councils.items() if name != code}
        yield replace(population, councils=others)
        for p in council.portal:
            portal = {q: rows for q, rows in council.portal.items() if q != p}
            yield _with_council(population, code, replace(council, portal=portal))
        for rows in _shorter(council.cplis):
            yield _with_council(population, code, replace(council, cplis=rows))
        for p, shown in council.portal.items():
            for rows in _shorter(shown):
                portal = {**council.portal, p: rows}
                yield _with_council(population, code, replace(council, portal=portal))
    for at, file in enumerate(population.caseloads):
        yield _with_file(population, at, [])
        for rows in _shorter(file.rows):
            yield _with_file(population, at, [replace(file, rows=rows)])
    yield from _with_fewer_words(population)


def _with_fewer_words(population: Population) -> Iterator[Population]:
    """The population without one of people's words."""
    for decisions in _without_one(population.decisions):
        yield replace(population, decisions=decisions)
    for cplis in _without_one(population.not_duplicate_cplis):
        yield replace(population, not_duplicate_cplis=cplis)
    for entries in _without_one(population.not_duplicate_entries):
        yield replace(population, not_duplicate_entries=entries)


def _without_one(words: Sequence[T]) -> Iterator[list[T]]:
    for at in range(len(words)):
        yield [*words[:at], *words[at + 1 :]]


def _with_council(population: Population, code: str, council: Council) -> Population:
    return replace(population, councils={**population.councils, code: council})


def _with_file(population: Population, at: int, files: list[CaseloadFile]) -> Population:
    kept = [*population.caseloads[:at], *files, *population.caseloads[at + 1 :]]
    return replace(population, caseloads=kept)


def _shorter(rows: Sequence[Row] | None) -> Iterator[list[Row]]:
    """The rows without one of them, or with one cell emptied."""
    for at, row in enumerate(rows or ()):
        before, after = list(rows or ())[:at], list(rows or ())[at + 1 :]
        yield [*before, *after]
        for column, cell in row.items():
            if cell:
                yield [*before, {**row, column: ""}, *after]
