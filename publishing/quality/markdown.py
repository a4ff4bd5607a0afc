"""The gates of a night in a few lines of Markdown, for a screen on which nobody is named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from publishing.quality.facts import QualityFacts
from publishing.quality.lines import FAILED, WARNING, lines_of, tally
from publishing.templates import british_date, sentence

MOST_ROWS = 30
MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:])")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
HEADING = ("Whose", "Gate", "What is the matter", "What became of it")


def markdown_of(facts: QualityFacts) -> str:
    """Return what is held and left out, counts, and a table of the first failures.

    Providers go by their references: the name of one can be a person's.
    """
    lines = lines_of(replace(facts, providers={}))
    failed = [line for line in lines if line.tag is FAILED]
    rows = [*failed, *(line for line in lines if line.tag is WARNING)]
    told = [
        (
            line.what,
            line.gate.title,
            sentence(line.figures.sentence),
            line.result.consequence.display,
        )
        for line in rows[:MOST_ROWS]
    ]
    more = len(rows) - len(told)
    return "\n".join(
        [
            f"# The gates on the night of {british_date(facts.as_of)}",
            "",
            *(f"- **{plain(name)}**" for name in _stopped(facts)),
            f"- {tally(lines) or 'No figure was judged'}",
            *(["", *_table(told)] if told else []),
            *(["", f"There are {more:,} more on the page of the gates."] if more else []),
            "",
        ]
    )


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line, and that ends no cell."""
    return MARKS.sub(r"\\\1", " ".join(text.split()).translate(ENTITIES))


def _stopped(facts: QualityFacts) -> Iterable[str]:
    yield from (f"{council.name} is held" for council in facts.held)
    yield from (f"{council.name} was not assessed" for council in facts.left_out)


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    written = [HEADING, ("---",) * len(HEADING), *([plain(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(row)} |" for row in written]
