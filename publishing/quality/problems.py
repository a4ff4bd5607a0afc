"""What stops councils on a night, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from publishing.quality.facts import CouncilQuality, QualityFacts
from publishing.quality.lines import FAILED, Line, Tag
from schemas.gates import Consequence
from schemas.vocabularies import DiscrepancyType

HELD = Tag(word="Held", colour="red")
NOT_ASSESSED = Tag(word="Not assessed", colour="red")
STOPS = (Consequence.HELD, Consequence.NOT_ASSESSED)
TYPES = {kind.value: kind.display for kind in DiscrepancyType}


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something to do, and the command for it where there is one."""

    text: str
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with somebody's night; `held_back` counts what is held by type, in words."""

    title: str
    tag: Tag
    text: str
    message: str
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    held_back: tuple[tuple[str, int], ...] = ()


def stops(line: Line) -> bool:
    """Say whether a result stops a council."""
    return line.tag is FAILED and line.result.consequence in STOPS


def problems_of(facts: QualityFacts, lines: Sequence[Line]) -> list[Problem]:
    """Return what stops councils, each failure once; what is everybody's comes first.

    A file that was not used stops no council.
    """
    failed = [line for line in lines if stops(line)]
    stopped = [*facts.held, *facts.left_out]
    codes = {council.code for council in stopped}
    shared = [line for line in failed if line.result.owner not in codes]
    return [
        *(_shared(facts, [*group]) for _, group in groupby(shared, key=lambda line: line.what)),
        *(_of(facts, council, failed, judged=bool(shared)) for council in stopped),
    ]


def _shared(facts: QualityFacts, lines: Sequence[Line]) -> Problem:
    return Problem(
        title=lines[0].what,
        tag=HELD if lines[0].result.consequence is Consequence.HELD else NOT_ASSESSED,
        text="No council can be believed while this is in doubt.",
        message="",
        lines=tuple(lines),
        steps=(
            _mend(facts, "If the figures are wrong, have"),
            Step(text="If they are right, release each council as shown below."),
        ),
    )


def _of(
    facts: QualityFacts, council: CouncilQuality, failed: Sequence[Line], *, judged: bool
) -> Problem:
    """Return the problem of a council; `judged` is whether a gate of everybody's stops it too."""
    own = tuple(line for line in failed if line.result.owner == council.code)
    name = council.name
    if council.held:
        text = f"Nothing of {name} is published or told until a person has looked."
    else:
        text = f"Nothing new is known of {name}: what was open before is still open."
    out = Step(
        text="If the figures are right, release the council and say why:",
        command=f"cpli release {facts.as_of} --council {council.code} --reason "
        '"why the figures are right"',
    )
    by_gate = bool(own) or judged or council.held
    steps = (out, _mend(facts, "If they are wrong, have")) if by_gate else (_mend(facts, "Have"),)
    return Problem(
        title=name,
        tag=HELD if council.held else NOT_ASSESSED,
        text=text,
        message=council.message,
        lines=own,
        steps=steps,
        held_back=_in_words(council.held_back),
    )


def _in_words(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return counts by type in words, the most first."""
    told = [(TYPES.get(kind, kind), count) for kind, count in counts.items()]
    return tuple(sorted(told, key=lambda pair: (-pair[1], pair[0])))


def _mend(facts: QualityFacts, whose_turn: str) -> Step:
    text = f"{whose_turn} the source mended, and then run the night again:"
    return Step(text=text, command=f"cpli rerun {facts.as_of}")
