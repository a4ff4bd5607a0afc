"""Reads who somebody is: references, NHS numbers, and names that stand in one cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from connectors.intake.words import NO_NAME_WORDS, NOTHING_WORDS, TITLES, key
from connectors.xlsx_file import Cell
from schemas.parsing import modulus_11_valid

SHORTENED = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[eE][+-]?[0-9]{2,3}")
PUNCTUATION = re.compile(r"[\s\-\u2010-\u2015.]+")
WHOLE_AS_DECIMAL = re.compile(r"([0-9]+)\.0+")
BRACKETS = re.compile(r"\s*\([^()]*\)")
NO_NAME = re.compile(r"[0-9&/;:@+*=?]|\b(?:and|or|c/o)\b", re.IGNORECASE)
WITHOUT_LEADING_ZERO = 9
PARTICLES = frozenset(
    {
        *("van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le"),
        *("el", "al", "bin", "ibn", "ter", "ten", "mac", "mc", "st", "st."),
    }
)


@dataclass(frozen=True, kw_only=True)
class SplitName:
    """A family and a given name from one cell, each None where the cell has none."""

    family: str | None
    given: str | None


def text_of(cell: Cell) -> str | None:
    """Return a reference or name as text; None for an empty cell or a word that means nothing."""
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case str():
            text = " ".join(cell.split())
            text = text[1:] if text.startswith("'") and text[1:2].isdigit() else text
            return None if is_nothing(text) else text
        case bool():
            return str(cell).upper()
        case _:
            return str(cell)


def name_of(cell: Cell) -> str | None:
    """Return a name as text; None for an empty cell or one that says that there is none.

    A family may be called Na or None, so only what can hardly be a name counts as nothing.
    """
    text = " ".join(str(cell).split())
    says_nothing = text.casefold() in NO_NAME_WORDS or not any(map(str.isalnum, text))
    return None if says_nothing else text


def is_nothing(text: str) -> bool:
    """Tell whether a text says that there is nothing: dashes and dots, n/a, not known."""
    word = key(text)
    return not word or word in NOTHING_WORDS


def is_shortened(text: str | None) -> bool:
    """Tell whether a spreadsheet has cut a long number down to its first digits (9.99E+09)."""
    return text is not None and SHORTENED.fullmatch(text) is not None


def nhs_numbers(cells: Sequence[Cell], *, typed: bool) -> list[str | None]:
    """Return NHS numbers without spaces and hyphens.

    Nine digits of a number (any cell where not `typed`, as in CSV) get back the zero that they lost
    if the check digit then fits. Whether a number is valid is for the cleaning to say.
    """
    texts = [_digits(cell) for cell in cells]
    short = [
        text is not None
        and len(text) == WITHOUT_LEADING_ZERO
        and text.isdecimal()
        and not (typed and isinstance(cell, str))
        for text, cell in zip(texts, cells, strict=True)
    ]
    padded = pd.Series(
        [f"0{text}" if lost else None for text, lost in zip(texts, short, strict=True)]
    )
    fits = modulus_11_valid(padded.astype("str"))
    return [f"0{text}" if fit else text for text, fit in zip(texts, fits, strict=True)]


def _digits(cell: Cell) -> str | None:
    text = text_of(cell)
    if text is None or is_shortened(text):
        return text
    if whole := WHOLE_AS_DECIMAL.fullmatch(text):
        text = whole[1]
    return PUNCTUATION.sub("", text) or None


def split_name(text: str, *, family_first: bool) -> SplitName | None:
    """Split a name; None where it cannot be told which part is the family's.

    A comma stands behind the family name. Without one, words in capitals beside others that are
    not are the family name, or it begins with a word such as van; of two words it is the second
    (the first where the heading says so), of more only behind initials.
    """
    text = BRACKETS.sub("", text).strip()
    if not text or NO_NAME.search(text):
        return None
    if "," in text:
        family, _, given = (part.strip() for part in text.partition(","))
        given = " ".join(_without_titles(given.split()))
        return None if "," in given else SplitName(family=family or None, given=given or None)
    return _parted(_without_titles(text.split()), family_first=family_first)


def _parted(words: list[str], *, family_first: bool) -> SplitName | None:
    """Part the words of a name without a comma."""
    count = len(words)
    capitals = [len(key(word)) > 1 and word.isupper() for word in words]
    shouted = sum(capitals)
    if count < len(("given", "family")):
        return None
    if 0 < shouted < count:
        if all(capitals[-shouted:]):
            return _named(family=words[-shouted:], given=words[:-shouted])
        return (
            _named(family=words[:shouted], given=words[shouted:])
            if all(capitals[:shouted])
            else None
        )
    if family_first:
        return (
            _named(family=words[:1], given=words[1:]) if count == len(("family", "given")) else None
        )
    begins = next(
        (at for at in range(1, count - 1) if words[at].casefold() in PARTICLES), count - 1
    )
    prefixes = words[begins:-1]
    between = words[1:begins]
    if all(word.casefold() in PARTICLES for word in prefixes) and all(map(_is_initial, between)):
        return _named(family=words[begins:], given=words[:begins])
    return None


def _named(*, family: list[str], given: list[str]) -> SplitName:
    return SplitName(family=" ".join(family), given=" ".join(given))


def _is_initial(word: str) -> bool:
    return len(key(word)) == 1


def _without_titles(words: list[str]) -> list[str]:
    while words and key(words[0]) in TITLES:
        words = words[1:]
    return words
