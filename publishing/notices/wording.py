"""The words of a notice: ours, and before them a council's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter
from types import MappingProxyType
from typing import Any

from publishing.templates import OURS, Templates, british_date
from schemas.errors import WrongUsage
from schemas.vocabularies import ServiceType, Unit

FILE = "notice_wording.toml"
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SUPPORT = re.compile(r"(active|planned|ended) (since|until|no dates)?")
AMOUNT = re.compile(rf"([0-9.]+) ({'|'.join(Unit.codes())})\b")
SERVICES = {service.value: service.display for service in ServiceType}

Words = Mapping[str, Any]


@dataclass(frozen=True)
class Wording:
    """The sentences of a notice by their places in the file, such as `types`, `cpli_not_found`."""

    words: Words

    def __call__(self, *place: str, **facts: str) -> str:
        """Return a sentence with its facts, which are text and stay text."""
        sentence: Any = self.words
        for part in place:
            sentence = sentence[part]
        return str(sentence).format_map(facts)

    def has(self, *place: str) -> bool:
        """Say whether there is anything at a place."""
        words: Any = self.words
        for part in place:
            if part not in words:
                return False
            words = words[part]
        return True


def wording_of(templates: Templates) -> Wording:
    """Return the words of a notice. Raises `WrongUsage` where a council's own cannot be used."""
    ours = tomllib.loads((OURS / FILE).read_text(encoding="utf-8"))
    theirs: Words = {}
    problem = ""
    try:
        theirs = tomllib.loads(templates.text(FILE))
    except tomllib.TOMLDecodeError as error:
        problem = f"is no TOML: {error}"
    if problem := problem or "; ".join(_problems(theirs, ours)):
        raise WrongUsage(
            f"The template {FILE} {problem}. Correct it, or remove the file so that ours is used."
        )
    return Wording(_over(ours, theirs))


def in_words(value: str) -> str:
    """Return what a side says ("active since 2026-05-01, 14 hours") as people write it."""
    text = SERVICES.get(value, value)
    text = SUPPORT.sub(_support, text, count=1)
    text = AMOUNT.sub(_amount, text)
    return ISO_DATE.sub(lambda found: british_date(date.fromisoformat(found[0])), text)


def rows_in_words(rows: str) -> str:
    """Return "12;15" as "Rows 12 and 15"."""
    numbers = rows.split(";")
    if len(numbers) == 1:
        return f"Row {numbers[0]}"
    return f"Rows {', '.join(numbers[:-1])} and {numbers[-1]}"


def _support(found: re.Match[str]) -> str:
    """Say a period without its state, which the sentence around it tells."""
    state, how = found.groups()
    match how:
        case "since":
            return "from" if state == "planned" else "since"
        case "until":
            return "until"
        case "no dates":
            return "no dates given"
        case _:
            return "from "


def _amount(found: re.Match[str]) -> str:
    number, unit = found.groups()
    words = Unit(unit).display
    return f"{number} {words.replace('s', '', 1) if number == '1' else words}"


def _over(ours: Words, theirs: Words) -> dict[str, Any]:
    """Put a council's words over ours, table by table."""
    return {
        name: _over(mine, theirs[name])
        if isinstance(mine, Mapping) and name in theirs
        else theirs.get(name, mine)
        for name, mine in ours.items()
    }


def _problems(theirs: Words, ours: Words, *path: str) -> Iterator[str]:
    """Yield what of a council's words is in no place of ours, or uses what is not there."""
    for name, words in theirs.items():
        place, mine = (*path, name), ours.get(name)
        if mine is None or isinstance(words, Mapping) != isinstance(mine, Mapping):
            yield f"has {'.'.join(place)}, which is none of ours"
        elif isinstance(words, Mapping):
            yield from _problems(words, mine, *place)
        elif not isinstance(words, str):
            yield f"has {'.'.join(place)}, which must be text"
        else:
            yield from _unknown_facts(words, *place)


def _unknown_facts(sentence: str, *place: str) -> Iterator[str]:
    try:
        names = {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}
    except ValueError:
        yield f"has curly brackets in {'.'.join(place)} that do not pair"
        return
    if unknown := sorted(names - FACTS[place[0]]):
        yield f"uses {{{unknown[0]}}} in {'.'.join(place)}, which does not exist there"


FACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "words": frozenset(
            {"as_of", "contact", "council", "councils", "count", "list", "reference", "reply_by"}
            | {"day", "person", "rows", "workbook", "year"}
        ),
        "list": frozenset({"reply_by"}),
        "groups": frozenset(),
        "types": frozenset({"council", "details", "list", "record", "rows", "said", "service"}),
        "details": frozenset(),
        "labels": frozenset(),
        "answers": frozenset({"reply_by", "sheet"}),
    }
)
"""What can stand in curly brackets in each part of the file."""
