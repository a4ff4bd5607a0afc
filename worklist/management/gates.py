"""What the gates made of a night for whoever is signed in, and what of it can be let out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256

from casebook.gates import Release
from casebook.record import CouncilRecord, NightRow
from publishing.quality.facts import CouncilQuality, QualityFacts
from publishing.quality.lines import FAILED, RELEASED, WARNING, Line, Tag, lines_of
from publishing.quality.page import ASSESSED, NOT_ASKED_FOR
from publishing.quality.problems import HELD, NOT_ASSESSED
from quality.catalogue import GATES
from schemas.errors import WrongUsage
from schemas.gates import Consequence, GateHistory, GateOutcome, GateResult, GateSource
from worklist.management import scope
from worklist.management.sources import visible_sources
from worklist.services import services

BEING_RUN = Tag(word="Being run again", colour="blue")
WHY_HELD, WHY_IMPLAUSIBLE, WHY_NOT_ASKED_FOR = "held", "implausible", "not_asked_for"
"""The reasons by which a night says that gates, or nobody's wish, left a council out."""

LONG = timedelta(minutes=15)
"""After this a night that is being run again should be done."""


@dataclass(frozen=True, kw_only=True)
class CouncilState:
    """How a council came out of a night; `released` is the last release of it there.

    `may_release` says that whoever is signed in may look at letting it out, `late` that the night
    should have been run again by now.
    """

    code: str
    name: str
    tag: Tag
    why: str
    released: Release | None
    being_run: bool
    late: bool
    may_release: bool


class NightGates:
    """The gates of a night, as far as whoever is signed in may know of them.

    With their `past` lines say how often each has failed, and those that did not pass have charts.
    """

    def __init__(self, night: NightRow, *, past: bool = False) -> None:
        gates = services().casebook.gates()
        self.night = night
        self.all_results = gates.results(night.as_of)
        self.releases = tuple(
            each for each in gates.releases(night.as_of) if scope.sees(each.owner)
        )
        self.past = past

    @cached_property
    def results(self) -> tuple[GateResult, ...]:
        """The results that may be known."""
        lists = {f"caseload {each.owner}" for each in self.all_results if _is_list(each)}
        seen = visible_sources(lists, self.night.as_of) if lists else set()
        return tuple(
            each
            for each in self.all_results
            if (f"caseload {each.owner}" in seen if _is_list(each) else scope.sees(each.owner))
        )

    @cached_property
    def facts(self) -> QualityFacts:
        """What lines are made of."""
        return QualityFacts(
            as_of=self.night.as_of,
            version=self.night.version,
            councils=tuple(
                CouncilQuality(
                    code=each.local_authority,
                    name=services().council_name(each.local_authority),
                    assessed=each.assessed,
                )
                for each in self.night.councils
            ),
            gates=GATES,
            results=self.results,
            history={(each.source, each.owner, each.gate): each for each in self._histories()},
            providers=services().provider_names,
        )

    @cached_property
    def lines(self) -> list[Line]:
        """All results in words."""
        return lines_of(self.facts)

    def told(self) -> list[Line]:
        """Return what failed, or did and was let out; what stops something comes first."""
        order = [FAILED, RELEASED, WARNING]
        lines = lines_of(replace(self.facts, results=self._not_passed))
        return sorted(lines, key=lambda line: order.index(line.tag))

    def councils(self) -> list[CouncilState]:
        """Return how the councils came out."""
        can = services().overview.latest() == self.night.as_of and services().held is not None
        states = [
            self._state(each, can_release=can)
            for each in self.night.councils
            if scope.sees(each.local_authority)
        ]
        return sorted(states, key=lambda state: state.name)

    def may_release_list(self, line: Line) -> bool:
        """Say whether a line is of a provider's list that may be let out."""
        result = line.result
        return (
            _is_list(result)
            and line.tag is FAILED
            and result.consequence is Consequence.NOT_USED
            and scope.may_release(result.owner)
            and not any(let.owner == result.owner and let.covers(result) for let in self.releases)
        )

    def is_being_run(self, owner: str) -> bool:
        """Say whether all that stops an owner was let out, and the night says nothing of it yet."""
        held = services().held
        assessed = {each.local_authority for each in self.night.councils if each.assessed}
        if held is None or owner in assessed or self.released_at(owner) is None:
            return False
        try:
            return not held(self.night.as_of, owner)
        except WrongUsage:
            return False

    def released_at(self, owner: str) -> datetime | None:
        """Return when an owner was last let out of this night."""
        return max(
            (each.at for each in self.releases if each.owner == owner and each.at), default=None
        )

    def _histories(self) -> tuple[GateHistory, ...]:
        if not self.past:
            return ()
        shown = {(each.source, each.owner, each.gate) for each in self._not_passed}
        return services().overview.histories(self.night.as_of, shown)

    @property
    def _not_passed(self) -> tuple[GateResult, ...]:
        outcomes = {GateOutcome.FAILED, GateOutcome.RELEASED}
        return tuple(each for each in self.results if each.outcome in outcomes)

    def _state(self, council: CouncilRecord, *, can_release: bool) -> CouncilState:
        code = council.local_authority
        being_run = self.is_being_run(code)
        at = self.released_at(code)
        return CouncilState(
            code=code,
            name=services().council_name(code),
            tag=BEING_RUN if being_run else _tag(council, released=at is not None),
            why="" if council.assessed else council.message or "",
            released=next((each for each in reversed(self.releases) if each.owner == code), None),
            being_run=being_run,
            late=being_run and at is not None and services().now - at > LONG,
            may_release=can_release
            and scope.may_release(code)
            and council.reason in {WHY_HELD, WHY_IMPLAUSIBLE},
        )


def fingerprint(failures: Sequence[GateResult]) -> str:
    """Return what stands for these very figures, so that no others are let out by mistake."""
    told = sorted(
        f"{each.source.value} {each.owner} {each.gate} {each.observed}" for each in failures
    )
    return sha256("\n".join(told).encode()).hexdigest()


def _is_list(result: GateResult) -> bool:
    return result.source is GateSource.CASELOAD and bool(result.owner)


def _tag(council: CouncilRecord, *, released: bool) -> Tag:
    if council.assessed:
        return RELEASED if released else ASSESSED
    if council.reason == WHY_HELD:
        return HELD
    return NOT_ASKED_FOR if council.reason == WHY_NOT_ASKED_FOR else NOT_ASSESSED
