"""Holds a night's sources and its result to the gates, and leaves out what does not pass.

A source that fails is as good as one that cannot be used: its council is not assessed, its portal
extract or caseload set aside. A result that fails holds its council: the night is reconciled again
without it, so that nothing of it is recorded, published or told until a person lets it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import pandas as pd

from casebook.gates import GateNight, Past, Release, Whose
from casebook.record import Change, SourceOutcome, SourceRecord
from casebook.working_days import working_days
from flows import pulls as pulled
from flows.account import Account
from flows.pulls import COUNCIL_TABLES, CaseloadFacts, CouncilFacts, Pull, Pulls, council_name
from flows.steps import NOT_ASKED_FOR
from flows.words import counted
from publishing.quality.wording import Figures as InWords
from quality import caseloads, cplis, portal, register, result
from quality.catalogue import GATES, OVERNIGHT
from quality.cplis import Extract, Figures, WorkingDays, shared_with
from quality.judging import judge, judge_lists, of_all_lists, released, stops
from quality.keyed import hash_key
from quality.profile import Profile, pack, unpack
from reconciliation.days import day, window_start
from schemas.errors import SourceRefused
from schemas.gates import HELD, IMPLAUSIBLE, GateResult, GateSource
from schemas.vocabularies import CaseloadFailure
from settings.identity import identity_key
from settings.settings import Settings

REGISTERS = ""
"""The owner of what is everybody's."""

TOLD = 3
"""So many failures are told in one sentence; the page has all."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the gates made of sources or of a result: small facts, nobody in them.

    `whose` are all that were judged, `nights` what is kept of them for later nights. `lists` are
    the numbers of the caseloads that failed.
    """

    results: tuple[GateResult, ...] = ()
    whose: frozenset[Whose] = frozenset()
    nights: tuple[GateNight, ...] = ()
    lists: frozenset[int] = frozenset()
    releases: tuple[Release, ...] = field(default_factory=tuple)

    def stopping(self, source: GateSource, owner: str) -> tuple[GateResult, ...]:
        """Return the failures that keep an owner's source, or result, from being believed.

        The register is everybody's: what fails in it stops each council that was not let out.
        """
        return tuple(
            each
            for each in self.results
            if stops(each)
            and each.source is source
            and each.owner in {owner, REGISTERS}
            and not any(let.owner == owner and let.covers(each) for let in self.releases)
        )

    def keeps_out(self, local_authority: str) -> tuple[GateResult, ...]:
        """Return the failures of its sources for which a council is not assessed."""
        return (
            *self.stopping(GateSource.PROVIDERS, local_authority),
            *self.stopping(GateSource.CPLI, local_authority),
        )


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the gates made of one owner's source or result; `lines` are its coded CPLIs."""

    source: GateSource
    owner: str
    results: tuple[GateResult, ...]
    night: GateNight
    lines: pd.DataFrame | None = None


class Judge:
    """Judges one night by what is on record of those before it."""

    def __init__(
        self, past: Past, releases: Sequence[Release], *, as_of: date, settings: Settings
    ) -> None:
        self.past = past
        self.releases = tuple(releases)
        self.as_of = as_of
        self.settings = settings
        self.key = hash_key(identity_key(settings))
        self.figures = _by_gate(past.figures)
        self.working_days = _working_days(settings)
        self.councils: tuple[str, ...] = ()

    def sources(self, pulls: Pulls) -> Judged:
        """Judge what was pulled, with its frames; what nobody asked for is not looked at."""
        asked = [each for each in pulls.councils if each.facts.reason != NOT_ASKED_FOR]
        self.councils = tuple(
            each.facts.local_authority
            for each in pulls.councils
            if each.facts.cplis or each.facts.reason == NOT_ASKED_FOR
        )
        made = self._extracts(pulls, asked)
        portals = [
            self._portal(council, each.lines)
            for council, each in zip(asked, made, strict=True)
            if council.facts.portal and each.lines is not None and not any(map(stops, each.results))
        ]
        made = [self._register(pulls, asked), *made, *portals]
        judged = Judged(
            results=tuple(one for each in made for one in each.results),
            whose=frozenset((each.source, each.owner) for each in made)
            | {(GateSource.PORTAL, each.facts.local_authority) for each in asked},
            nights=tuple(each.night for each in made),
            releases=self.releases,
        )
        return self._with_lists(judged, pulls)

    def result(self, account: Account, changes: pd.DataFrame) -> Judged:
        """Judge what was found of each council that was assessed.

        `changes` are those since the night before (`casebook.changes.CHANGES`).
        """
        made = []
        for council in account.councils:
            if not council.assessed:
                continue
            code = council.local_authority
            counts = account.summary["councils"][code]
            own = changes.loc[changes["local_authority"].eq(code), "change"].value_counts()
            gone, lasting = (
                int(own.get(change.value, 0)) for change in (Change.GONE, Change.LASTING)
            )
            figures = result.measure(
                counts, counts["discrepancies"], closing=gone, standing=gone + lasting
            )
            made.append(self._made((GateSource.RESULT, code), figures))
        return Judged(
            results=tuple(one for each in made for one in each.results),
            whose=frozenset((each.source, each.owner) for each in made),
            nights=tuple(each.night for each in made),
            releases=self.releases,
        )

    def _let_out(self, failure: GateResult) -> bool:
        """Say whether a failure was let out; the register's was once it was for every council."""
        owners = self.councils if failure.owner == REGISTERS else (failure.owner,)
        let_out = {let.owner for let in self.releases if let.covers(failure)}
        return bool(let_out) and let_out.issuperset(owners)

    def _earlier(self, source: GateSource, owner: str, gate: str) -> tuple[list[float], bool]:
        """Return a gate's earlier figures, from the last night on that a person let out."""
        figures = self.figures.get((source.value, owner, gate), [])
        let_out = [
            let.as_of
            for let in self.past.releases
            if owner in {let.owner, REGISTERS} and f"{source.value}.{gate}" in let.figures
        ]
        if gate in OVERNIGHT:
            # What changed in one night is over on the next: that it was right says nothing of it.
            return [figure for as_of, figure in figures if as_of not in let_out], False
        since = max(let_out, default=date.max)
        recent = [figure for as_of, figure in figures if as_of >= since]
        return recent or [figure for _, figure in figures], bool(recent)

    def _register(self, pulls: Pulls, asked: Sequence[Pull[CouncilFacts]]) -> Made:
        whose = (GateSource.PROVIDERS, REGISTERS)
        if pulls.register.facts.message:
            return self._made(whose, {"providers": 0})
        figures, profile = register.measure(
            pulls.register.frames["providers"],
            [each.frames["cplis"] for each in asked if each.facts.cplis],
            self._before(whose),
            as_of=day(self.as_of),
            key=self.key,
        )
        if not all(each.facts.cplis for each in pulls.councils):
            # Of fewer councils the best known one may be another than it is mostly.
            figures["named_providers_known_share"] = None
        return self._made(whose, figures, profile)

    def _extracts(self, pulls: Pulls, asked: Sequence[Pull[CouncilFacts]]) -> list[Made]:
        """Judge each council's CPLIs; of one that cannot be read nothing else is told."""
        measured = {
            each.facts.local_authority: self._measured(each, pulls)
            for each in asked
            if each.facts.cplis
        }
        made = []
        for each in asked:
            whose = (GateSource.CPLI, each.facts.local_authority)
            if whose[1] not in measured:
                made.append(self._made(whose, {"usable_rows": 0}))
                continue
            figures, profile, lines = measured[whose[1]]
            if whose not in self.past.profiles:
                others = [told[2] for code, told in measured.items() if code != whose[1]]
                figures["shared_with_another_council_share"] = shared_with(lines, others)
            made.append(self._made(whose, figures, profile, lines))
        return made

    def _measured(
        self, council: Pull[CouncilFacts], pulls: Pulls
    ) -> tuple[Figures, Profile, pd.DataFrame]:
        facts = council.facts
        extract = Extract(
            cplis=council.frames["cplis"],
            rejected=council.frames["rejected_cplis"],
            rows=facts.cplis.rows if facts.cplis else 0,
            registered=pulls.register.facts.provider_ids,
            as_of=day(self.as_of),
            window=self._window,
        )
        before = self._before((GateSource.CPLI, facts.local_authority))
        return cplis.measure(extract, before, key=self.key, working_days=self.working_days)

    def _portal(self, council: Pull[CouncilFacts], lines: pd.DataFrame) -> Made:
        facts = council.facts
        shown = portal.Shown(
            portal=council.frames["portal"],
            rejected=council.frames["rejected_portal"],
            rejected_cplis=council.frames["rejected_cplis"],
            rows=facts.portal.rows if facts.portal else 0,
            extract_date=day(facts.portal_date or self.as_of),
            as_of=day(self.as_of),
            window=self._window,
            hidden_after_days=self.settings.tolerances.portal_hides_after_days,
        )
        whose = (GateSource.PORTAL, facts.local_authority)
        figures, profile = portal.measure(
            shown, lines, self._before(whose), key=self.key, working_days=self.working_days
        )
        return self._made(whose, figures, profile)

    def _made(
        self,
        whose: Whose,
        figures: Figures,
        profile: Profile | None = None,
        lines: pd.DataFrame | None = None,
    ) -> Made:
        source, owner = whose
        judged = judge(source, owner, figures, earlier=self._earlier, as_of=self.as_of)
        results = released(judged, self._let_out)
        night = GateNight(
            source=source,
            owner=owner,
            accepted=not any(map(stops, results)),
            profile=None if profile is None else pack(profile),
        )
        return Made(source=source, owner=owner, results=results, night=night, lines=lines)

    def _with_lists(self, judged: Judged, pulls: Pulls) -> Judged:
        """Add what the gates make of the caseloads."""
        if pulls.caseloads is None:
            return judged
        frames = pulls.caseloads.frames
        usable = [
            each
            for each in pulls.councils
            if each.facts.cplis and not judged.keeps_out(each.facts.local_authority)
        ]
        judged = replace(judged, whose=judged.whose | {(GateSource.CASELOAD, REGISTERS)})
        if not usable:
            return judged
        bought = [each.frames[name] for each in usable for name in ("cplis", "rejected_cplis")]
        figures = caseloads.measure(
            frames["caseloads"],
            frames["entries"],
            pd.concat(bought, ignore_index=True),
            as_of=day(self.as_of),
            max_age_days=self.settings.tolerances.caseload_max_age_days,
            key=self.key,
            whole=len(usable) == len(pulls.councils),
        )
        lists = frames["caseloads"].set_index("caseload")
        dated = lists["caseload_date"].dt.date
        failures = [
            {
                number: released([each], partial(self._list_let_out, dated=dated[number]))[0]
                for number, each in gate.items()
            }
            for gate in judge_lists(figures, lists["provider_id"])
        ]
        failing = {number for gate in failures for number, each in gate.items() if stops(each)}
        order = lists.loc[figures.index].sort_values(["caseload_date", "received"])
        passing = order.drop(index=list(failing)).reset_index().groupby("provider_id")
        newest = passing["caseload"].last()
        places = {number: place for place, number in enumerate(order.index)}
        latest = [
            {
                each.owner: each
                for number, each in sorted(gate.items(), key=lambda item: places[item[0]])
                # Once a newer list has come that passes, nobody looks at this one.
                if number not in failing or places[number] > places.get(newest.get(each.owner), -1)
            }.values()
            for gate in failures
        ]
        return replace(
            judged,
            results=(
                *judged.results,
                *of_all_lists(failures, lists=len(figures)),
                *(each for gate in latest for each in gate),
            ),
            lists=frozenset(failing),
        )

    def _list_let_out(self, failure: GateResult, *, dated: date) -> bool:
        """Say whether a list's failure was let out, tonight or on a night since it was sent."""
        gate = f"{failure.source.value}.{failure.gate}"
        return self._let_out(failure) or any(
            let.owner == failure.owner and gate in let.figures and dated <= let.as_of
            for let in self.past.releases
        )

    def _before(self, whose: Whose) -> Profile | None:
        kept = self.past.profiles.get(whose)
        return None if kept is None else unpack(kept[1])

    @property
    def _window(self) -> int:
        months = self.settings.tolerances.window_months
        return day(window_start(self.as_of, months=months))


def without_implausible(pulls: Pulls, judged: Judged) -> Pulls:
    """Return the pulls without what the gates of the sources turned away; nothing else changes."""
    councils = []
    for council in pulls.councils:
        code = council.facts.local_authority
        cplis_read, portal_read = council.facts.cplis, council.facts.portal
        if cplis_read and (failures := judged.keeps_out(code)):
            council = _without_council(council, failures, file=cplis_read.file)
        elif portal_read and (failures := judged.stopping(GateSource.PORTAL, code)):
            council = _without_portal(council, failures, file=portal_read.file)
        councils.append(council)
    lists = pulls.caseloads
    if lists is not None and judged.lists:
        lists = _without_lists(lists, judged.lists)
    return Pulls(register=pulls.register, councils=tuple(councils), caseloads=lists)


def without_held(pulls: Pulls, judged: Judged) -> Pulls:
    """Return the pulls as though the councils had not come whose result the gates hold."""
    councils = []
    for council in pulls.councils:
        failures = judged.stopping(GateSource.RESULT, council.facts.local_authority)
        if council.facts.cplis and failures:
            told = council_name(council.facts.local_authority)
            message = (
                f"What was found of {told} is held: {in_words(failures)} Nothing of it is"
                f" published or told until a person has looked. {_next(failures)}"
            )
            council = _emptied(council, reason=HELD, message=message)
        councils.append(council)
    return replace(pulls, councils=tuple(councils))


def in_words(failures: Sequence[GateResult]) -> str:
    """Say which gates failed, with their figures."""
    told = [
        f"{GATES[each.source, each.gate].title}: "
        f"{InWords(each, GATES[each.source, each.gate].unit).sentence}."
        for each in failures[:TOLD]
    ]
    more = len(failures) - TOLD
    if more > 0:
        told.append(f"And {counted(more, 'more gate')} failed.")
    return " ".join(told)


def _next(failures: Sequence[GateResult]) -> str:
    return GATES[failures[0].source, failures[0].gate].remedy


def _without_council(
    council: Pull[CouncilFacts], failures: Sequence[GateResult], *, file: str
) -> Pull[CouncilFacts]:
    facts = council.facts
    name, source = council_name(facts.local_authority), f"cpli {facts.local_authority}"
    message = (
        f"What came of {name} is not plausible, so it is not assessed."
        f" {in_words(failures)} {_next(failures)}"
    )
    why = SourceRefused(message, rule=IMPLAUSIBLE, file=file)
    left = _emptied(council, reason=IMPLAUSIBLE, message=message)
    refusals = [council.frames["refusals"], pulled.refusal(source, why)]
    return replace(
        left,
        facts=replace(left.facts, sources=_refused(facts.sources, source)),
        frames={**left.frames, "refusals": pulled.together(refusals)},
    )


def _emptied(council: Pull[CouncilFacts], *, reason: str, message: str) -> Pull[CouncilFacts]:
    """Return a council of which nothing is assessed; what is said of its rows stays."""
    return replace(
        council,
        facts=replace(
            council.facts,
            cplis=None,
            portal=None,
            portal_date=None,
            reason=reason,
            message=message,
        ),
        frames={**council.frames, **pulled.no_rows(COUNCIL_TABLES)},
        staged=False,
    )


def _without_portal(
    council: Pull[CouncilFacts], failures: Sequence[GateResult], *, file: str
) -> Pull[CouncilFacts]:
    facts = council.facts
    source = f"portal {facts.local_authority}"
    why = SourceRefused(
        f"What the portal shows of {council_name(facts.local_authority)} is not plausible, so its"
        f" CPLIs are not compared with the portal tonight. {in_words(failures)}"
        f" {_next(failures)}",
        rule=IMPLAUSIBLE,
        file=file,
    )
    nothing = pulled.no_rows(COUNCIL_TABLES)
    refusals = [council.frames["refusals"], pulled.refusal(source, why)]
    return replace(
        council,
        facts=replace(
            facts, portal=None, portal_date=None, sources=_refused(facts.sources, source)
        ),
        frames={
            **council.frames,
            **{name: nothing[name] for name in ("portal", "rejected_portal")},
            "refusals": pulled.together(refusals),
        },
        staged=False,
    )


def _refused(records: Iterable[SourceRecord], source: str) -> tuple[SourceRecord, ...]:
    return tuple(
        replace(record, outcome=SourceOutcome.REFUSED, reason=IMPLAUSIBLE)
        if record.source == source and record.outcome is SourceOutcome.USED
        else record
        for record in records
    )


def _without_lists(lists: Pull[CaseloadFacts], numbers: frozenset[int]) -> Pull[CaseloadFacts]:
    """Return the caseloads, those of these numbers as failed: rule 5 goes on to the one before."""
    frame = lists.frames["caseloads"]
    failed = frame["caseload"].isin(numbers)
    failure = frame["failure"].mask(failed, CaseloadFailure.IMPLAUSIBLE.value)
    return replace(
        lists, frames={**lists.frames, "caseloads": frame.assign(failure=failure.astype("str"))}
    )


def _by_gate(figures: pd.DataFrame) -> dict[tuple[str, str, str], list[tuple[date, float]]]:
    found: defaultdict[tuple[str, str, str], list[tuple[date, float]]] = defaultdict(list)
    for source, owner, gate, as_of, observed in figures.itertuples(index=False):
        found[source, owner, gate].append((as_of, observed))
    return found


def _working_days(settings: Settings) -> WorkingDays:
    """Return what counts working days between two days since 1970."""
    extra = settings.service_levels.extra_bank_holidays

    def between(since: int, until: int) -> int:
        days = (pd.Series([pd.Timestamp(each, unit="D")]) for each in (since, until))
        return int(working_days(*days, extra_holidays=extra)[0])

    return between
