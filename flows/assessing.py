"""Gates, rules, gates: what a night says, of whom it says nothing, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from casebook.gates import GateNight
from casebook.reported import Reported
from casebook.store import Casebook
from flows.account import Account
from flows.gates import Judge, Judged, without_held, without_implausible
from flows.held import keep_held, may_be_let_out
from flows.pulls import Pull, Pulls
from flows.stage import CASELOADS, lay_down
from flows.steps import conclude
from schemas.gates import GateResult, GateSource
from settings.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A night as it is to be recorded: `pulls` and `account` without what is held or left out.

    Frames: `discrepancies` is what was found of the councils that are held, for whoever looks.
    """

    pulls: Pulls
    account: Account
    sources: Judged
    result: Judged
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def results(self) -> tuple[GateResult, ...]:
        """What all gates made of the night."""
        return (*self.sources.results, *self.result.results)

    @property
    def held(self) -> frozenset[str]:
        """The councils whose result is held."""
        return frozenset(
            owner
            for source, owner in self.result.whose
            if self.result.stopping(GateSource.RESULT, owner)
        )

    @property
    def left_out(self) -> frozenset[str]:
        """The councils that gates of their sources, or of their result, left out."""
        implausible = (
            owner
            for source, owner in self.sources.whose
            if source is GateSource.CPLI and self.sources.keeps_out(owner)
        )
        return self.held.union(implausible)

    @property
    def nights(self) -> tuple[GateNight, ...]:
        """What is kept for later nights: of what is left out nothing that they would follow."""
        return tuple(
            GateNight(
                source=night.source,
                owner=night.owner,
                accepted=night.accepted and night.owner not in self.left_out,
                profile=night.profile,
            )
            for night in (*self.sources.nights, *self.result.nights)
        )


def assess(pulls: Pulls, casebook: Casebook, *, as_of: date, settings: Settings) -> Assessed:
    """Hold what was pulled to the gates, apply the rules, and hold what they found to the gates.

    `pulls` come with their frames. A council whose result is held is left out as though it had not
    come, and the rules are applied once more.
    """
    gates = casebook.gates()
    judge = Judge(gates.past(as_of), gates.releases(as_of), as_of=as_of, settings=settings)
    sources = judge.sources(pulls)
    pulls = without_implausible(pulls, sources)
    rulings = casebook.rulings(as_of)
    account = conclude(pulls, as_of=as_of, settings=settings, rulings=rulings)
    result = judge.result(account, casebook.compared(account.record))
    assessed = Assessed(pulls=pulls, account=account, sources=sources, result=result)
    if not assessed.held:
        return assessed
    found = account.frames["discrepancies"]
    pulls = without_held(pulls, result)
    return Assessed(
        pulls=pulls,
        account=conclude(pulls, as_of=as_of, settings=settings, rulings=rulings),
        sources=sources,
        result=result,
        frames={"discrepancies": found[found["local_authority"].isin(assessed.held)]},
    )


def remember(
    assessed: Assessed, pulls: Pulls, casebook: Casebook, *, as_of: date, work: Path
) -> None:
    """Write down what the gates made of a night, and keep what it was made of if anything is held.

    `pulls` are those that were laid down in `work`, as they came. Older nights than the latest keep
    nothing, since nobody can let them out.
    """
    gates = casebook.gates()
    gates.keep(
        as_of,
        results=assessed.results,
        nights=assessed.nights,
        judged=assessed.sources.whose | assessed.result.whose,
    )
    latest = max(Reported(casebook).nights(), default=as_of) <= as_of
    if latest and waits_for_a_person(casebook, as_of):
        keep_held(casebook, as_of, pulls, work)


def waits_for_a_person(casebook: Casebook, as_of: date) -> bool:
    """Say whether anything of a night is left out that a person may let out."""
    return any(map(may_be_let_out, casebook.gates().results(as_of)))


def let_go(casebook: Casebook, as_of: date) -> None:
    """Keep no more what earlier nights were made of, nor this one where nothing of it waits.

    Only when the night is done: one that is stopped on the way is let out from the start.
    """
    waits = waits_for_a_person(casebook, as_of)
    casebook.gates().let_go(before=as_of if waits else as_of + timedelta(days=1))


def lay_down_again(assessed: Assessed, before: Pulls, work: Path) -> Pulls:
    """Lay down what the gates changed of the pulls, and return the facts of all."""

    def again(after: Pull[Any], name: str, unchanged: bool) -> Pull[Any]:
        return replace(after, frames={}) if unchanged else lay_down(after, work / name)

    after = assessed.pulls
    return Pulls(
        register=replace(after.register, frames={}),
        councils=tuple(
            again(each, each.facts.local_authority, each is earlier)
            for each, earlier in zip(after.councils, before.councils, strict=True)
        ),
        caseloads=after.caseloads
        and again(after.caseloads, CASELOADS, after.caseloads is before.caseloads),
    )
