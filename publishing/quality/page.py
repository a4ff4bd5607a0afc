"""The gates of a night as a page: one file of HTML with all that it needs in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from publishing.quality.facts import CouncilQuality, QualityFacts, Release
from publishing.quality.lines import (
    FAILED,
    LARGE,
    RELEASED,
    SMALL,
    WARNING,
    Line,
    Tag,
    counts_of,
    lines_of,
    tally,
)
from publishing.quality.problems import HELD, NOT_ASSESSED, problems_of, stops
from publishing.styles import styles
from publishing.templates import Templates, british_date
from schemas.gates import GateSource

TEMPLATE = "quality.html.j2"
LONDON = ZoneInfo("Europe/London")
ASSESSED = Tag(word="Assessed", colour="green")
NOT_ASKED_FOR = Tag(word="Not asked for", colour="grey")
EACH = "Each provider's"
TITLES = {
    GateSource.PROVIDERS: "The register of providers",
    GateSource.CPLI: "CPLIs",
    GateSource.PORTAL: "Portal extracts",
    GateSource.CASELOAD: "Caseloads",
    GateSource.RESULT: "What the night found",
}


@dataclass(frozen=True, kw_only=True)
class State:
    """How a council came out of the night, and why; `tally` says how its figures did."""

    council: CouncilQuality
    tag: Tag
    why: str
    tally: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """The results of one owner, or of all providers (`by_owner`), and how many came out how.

    `open` is whether any of them is worth a look.
    """

    title: str
    tally: str
    lines: tuple[Line, ...]
    by_owner: bool
    open: bool


def page_of(facts: QualityFacts, templates: Templates) -> bytes:
    """Return the page. Raises `WrongUsage` where a council's own template is broken."""
    lines = lines_of(facts)
    told = {
        "facts": facts,
        "css": styles(),
        "counts": counts_of(lines),
        "states": [_state(council, lines) for council in facts.councils],
        "problems": problems_of(facts, lines),
        "unused": [line for line in lines if line.tag is FAILED and not stops(line)],
        "warnings": [line for line in lines if line.tag is WARNING],
        "released": [line for line in lines if line.tag is RELEASED],
        "releases": _releases(facts),
        "sources": parts_by_source(lines),
        "small": SMALL,
        "large": LARGE,
        "rerun": f"cpli rerun {facts.as_of}",
    }
    return templates.render(TEMPLATE, **told).lstrip().encode()


def _state(council: CouncilQuality, lines: Sequence[Line]) -> State:
    own = [line for line in lines if line.result.owner == council.code]
    if council.held or (council.asked_for and not council.assessed):
        tag = HELD if council.held else NOT_ASSESSED
        why = "; ".join(_why(line) for line in own if stops(line)) or council.message
    elif not council.asked_for:
        tag, why = NOT_ASKED_FOR, council.message
    elif council.released:
        tag, why = RELEASED, council.released.reason
    else:
        tag, why = ASSESSED, ""
    return State(council=council, tag=tag, why=why, tally=tally(own))


def _why(line: Line) -> str:
    return f"{line.gate.title}: {line.figures.sentence}"


def _releases(facts: QualityFacts) -> list[tuple[CouncilQuality, Release, str]]:
    return [
        (council, council.released, _moment(council.released.at))
        for council in facts.councils
        if council.released
    ]


def _moment(at: datetime) -> str:
    """Return a moment by London's clock: "21 November 2026 at 09:05"."""
    there = at.astimezone(LONDON)
    return f"{british_date(there)} at {there:%H:%M}"


def parts_by_source(lines: Sequence[Line]) -> list[tuple[str, list[Part]]]:
    """Return the lines in parts, by what the gates of each source are called."""
    by_source = groupby(lines, key=lambda line: line.result.source)
    return [(TITLES[source], [*_parts(source, of_source)]) for source, of_source in by_source]


def _parts(source: GateSource, lines: Iterable[Line]) -> Iterator[Part]:
    """Yield the lines of each owner; those of all providers together, since there are many."""
    each = source is GateSource.CASELOAD

    def whose(line: Line) -> str | None:
        return None if each and line.result.owner else line.result.owner

    for owner, own in groupby(lines, key=whose):
        part = tuple(own)
        yield Part(
            title=EACH if owner is None else part[0].owner,
            tally=tally(part),
            lines=part,
            by_owner=owner is None,
            open=not {FAILED, WARNING, RELEASED}.isdisjoint(line.tag for line in part),
        )
