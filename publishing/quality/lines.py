"""Results in words: whose figure it is, what was expected, what came of it, and how it has been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from publishing.quality.facts import SHOWN_ONLY, QualityFacts
from publishing.quality.sparks import Spark, figures_of, spark
from publishing.quality.wording import Figures, nights
from publishing.templates import british_date
from schemas.gates import Gate, GateHistory, GateOutcome, GateResult, GateSource

SMALL, LARGE = (150, 36), (250, 110)
"""How wide and high charts are: beside a result, and of what stops somebody."""
CAME_AS = {
    GateSource.PROVIDERS: "",
    GateSource.CPLI: "CPLIs of ",
    GateSource.PORTAL: "Portal extract of ",
    GateSource.CASELOAD: "Caseload of ",
    GateSource.RESULT: "Result of ",
}


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A word with a colour, which says no more than the word does."""

    word: str
    colour: str


PASSED = Tag(word="Passed", colour="green")
FAILED = Tag(word="Failed", colour="red")
WARNING = Tag(word="Warning", colour="yellow")
RELEASED = Tag(word="Released", colour="purple")
NOT_JUDGED = Tag(word="Not judged", colour="grey")
TAGS = (PASSED, FAILED, WARNING, RELEASED, NOT_JUDGED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A result in words; a chart is None where there are too few figures for a line."""

    result: GateResult
    gate: Gate
    owner: str
    what: str
    figures: Figures
    tag: Tag
    past: str
    small: Spark | None
    large: Spark | None


def lines_of(facts: QualityFacts) -> list[Line]:
    """Return the results by source, owner and gate, in the orders in which these are told."""
    sources = list(GateSource)
    councils = [council.code for council in facts.councils]
    gates = list(facts.gates)

    def place(result: GateResult) -> tuple[object, ...]:
        gate, owner = (result.source, result.gate), result.owner
        return (
            sources.index(result.source),
            owner != "",
            councils.index(owner) if owner in councils else len(councils),
            owner,
            gates.index(gate) if gate in gates else len(gates),
            result.gate,
        )

    return [_line(facts, result) for result in sorted(facts.results, key=place)]


def _line(facts: QualityFacts, result: GateResult) -> Line:
    gate, owner, history = facts.gate(result), facts.owner(result), facts.past(result)
    figures = Figures(result, gate.unit)
    told = figures_of(history, figures, facts.as_of)
    return Line(
        result=result,
        gate=gate,
        owner=owner,
        what=(CAME_AS[result.source] if result.owner else "") + owner,
        figures=figures,
        tag=_tag(result),
        past=_past(history),
        small=spark(told, figures, width=SMALL[0], height=SMALL[1]),
        large=spark(told, figures, width=LARGE[0], height=LARGE[1]),
    )


def _tag(result: GateResult) -> Tag:
    match result.outcome:
        case GateOutcome.PASSED:
            return PASSED
        case GateOutcome.RELEASED:
            return RELEASED
        case GateOutcome.NOT_JUDGED:
            return NOT_JUDGED
        case GateOutcome.FAILED:
            return WARNING if result.consequence in SHOWN_ONLY else FAILED


def _past(history: GateHistory | None) -> str:
    """Say how often a gate has failed."""
    if history is None or not history.judged:
        return "No earlier nights"
    judged = nights(history.judged)
    if not history.failed and not history.released:
        return f"Never failed in {judged}"
    released = f"; was released on {history.released}" if history.released else ""
    last = f"; last on {british_date(history.last_failed)}" if history.last_failed else ""
    return f"Failed on {history.failed} of {judged}{released}{last}"


def counts_of(lines: Iterable[Line]) -> dict[str, int]:
    """Count results by the words of their tags, in the order of these."""
    counts = Counter(line.tag for line in lines)
    return {tag.word: counts[tag] for tag in TAGS if counts[tag]}


def tally(lines: Iterable[Line]) -> str:
    """Return how many results came out how: "12 passed, 1 failed"."""
    return ", ".join(f"{count:,} {word.lower()}" for word, count in counts_of(lines).items())
