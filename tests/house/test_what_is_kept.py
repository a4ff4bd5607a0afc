"""Nothing that git keeps identifies a person or a developer's machine."""

import re
from collections.abc import Callable, Iterator

import pytest
from house.repository import tracked_text

NOT_PART_OF_A_WORD = r"(?<![\w.])", r"(?![\w])"
TEN_DIGITS = re.compile(r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{4}".join(NOT_PART_OF_A_WORD))
OUTSIDE_THE_PROJECT = re.compile(r"[.][.]/shared\b")
OF_ONE_MACHINE = re.compile(r"(?<![\w./*-])/(?:work|root|home/\w+|Users/\w+)/")


def real_looking_nhs_numbers(text: str) -> Iterator[int]:
    """Yield where a number stands that could be a living person's: valid and not synthetic.

    Numbers from 999 000 0000 up are never given to anybody, nor are ten equal digits.
    """
    for found in TEN_DIGITS.finditer(text):
        digits = [int(character) for character in found.group() if character.isdigit()]
        weighted = sum(
            weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)
        )
        valid = (11 - weighted % 11) % 11 == digits[9]
        if valid and digits[:3] != [9, 9, 9] and len(set(digits)) > 1:
            yield found.start()


def references_outside_the_project(text: str) -> Iterator[int]:
    """Yield where the text points to material that the project must do without."""
    yield from (found.start() for found in OUTSIDE_THE_PROJECT.finditer(text))


def places_of_one_machine(text: str) -> Iterator[int]:
    """Yield where a path stands that exists on one developer's machine only."""
    yield from (found.start() for found in OF_ONE_MACHINE.finditer(text))


def written_in_halves(*halves: str) -> str:
    """Return what this file must not hold itself."""
    return "".join(halves)


@pytest.mark.parametrize(
    "look_for",
    [real_looking_nhs_numbers, references_outside_the_project, places_of_one_machine],
)
def test_no_file_holds(look_for: Callable[[str], Iterator[int]]) -> None:
    lines = [
        f"{path}:{text.count(chr(10), 0, position) + 1}"
        for path, text in tracked_text().items()
        for position in look_for(text)
    ]
    assert lines == []


@pytest.mark.parametrize(
    "text",
    [
        written_in_halves("94347", "65919"),
        written_in_halves("943 476", " 5919,"),
        written_in_halves("nhs=943-476", "-5919"),
        written_in_halves('"94347', '65870"'),
    ],
)
def test_a_number_that_could_be_a_living_persons_is_found(text: str) -> None:
    assert len(list(real_looking_nhs_numbers(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "9990000018",  # synthetic
        "999 000 0018",
        "1111111111",  # ten equal digits
        written_in_halves("94347", "65918"),  # the check digit is wrong
        written_in_halves("sha256:a94347", "65919"),  # inside a hash
        written_in_halves("0.94347", "65919"),  # a fraction
        written_in_halves("94347", "659190"),  # eleven digits
    ],
)
def test_a_number_that_is_nobodys_is_left_alone(text: str) -> None:
    assert list(real_looking_nhs_numbers(text)) == []


@pytest.mark.parametrize(
    "text",
    [written_in_halves("see /wo", "rk/main"), written_in_halves("'/ro", "ot/.cache'")],
)
def test_a_path_of_one_machine_is_found(text: str) -> None:
    assert len(list(places_of_one_machine(text))) == 1


@pytest.mark.parametrize("text", ["out/work/stage", "./work/", "https://example.org/home/page/"])
def test_a_relative_path_is_left_alone(text: str) -> None:
    assert list(places_of_one_machine(text)) == []


def test_a_reference_outside_the_project_is_found() -> None:
    assert list(references_outside_the_project(written_in_halves("../sha", "red/rules.md"))) == [0]
