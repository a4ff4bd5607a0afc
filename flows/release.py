"""Lets out what gates held of a night: checks that it may, and writes down who did and why."""

from __future__ import annotations

from datetime import date

from casebook.gates import Release
from casebook.reported import Reported
from casebook.store import Casebook
from flows.gates import REGISTERS
from flows.held import councils_of, insist_on_kept, nothing_came
from flows.pulls import council_name
from flows.stage import CASELOADS
from quality.judging import stops
from schemas.errors import WrongUsage
from schemas.gates import HELD, IMPLAUSIBLE, GateResult, GateSource


def let_out(
    casebook: Casebook, as_of: date, *, owner: str, who: str, reason: str
) -> tuple[GateResult, ...]:
    """Write down that a person lets out what gates stopped of a council, or of a provider's lists.

    Returns the failures that do not count any more; the night has to be run again for that. Raises
    `WrongUsage` where there is none, or where the night cannot be let out.
    """
    failures, let_out_before = _to_let_out(casebook, as_of, owner)
    if not failures:
        return let_out_before
    figures = {f"{each.source.value}.{each.gate}": each.observed for each in failures}
    casebook.gates().release(
        Release(
            as_of=as_of,
            owner=owner,
            who=who,
            reason=reason,
            figures={name: figure for name, figure in figures.items() if figure is not None},
        )
    )
    return failures


def held_of(casebook: Casebook, as_of: date, *, owner: str) -> tuple[GateResult, ...]:
    """Return the failures that `let_out` would let out; none where the night has to be run again.

    Raises `WrongUsage` as `let_out` does.
    """
    return _to_let_out(casebook, as_of, owner)[0]


def _to_let_out(
    casebook: Casebook, as_of: date, owner: str
) -> tuple[tuple[GateResult, ...], tuple[GateResult, ...]]:
    """Return what stops an owner, or else what was let out of it by a run that was stopped."""
    councils = councils_of(casebook, as_of)
    latest = max(Reported(casebook).nights())
    if latest > as_of:
        raise WrongUsage(
            f"The night of {latest} is on record, and says more than that of {as_of}: only the"
            f" latest night can be let out. If {name_of(owner)} is held there as well, release that"
            " one."
        )
    failures, let_out_before = _failures(casebook, as_of, owner)
    if let_out_before and not failures and casebook.gates().held_parts(as_of):
        # A run that was to let it out was stopped on the way: until it is done, frames are kept.
        return (), let_out_before
    if not failures:
        raise WrongUsage(
            f"No gate keeps {name_of(owner)} from being used or published on the night of {as_of}."
            f" quality/gates.html in that night's folder says how it did."
        )
    if any(map(nothing_came, failures)):
        raise WrongUsage(
            f"Nothing that can be used came of {name_of(owner)} on the night of {as_of}, so there"
            " is nothing to let out. Have it sent again, then run the night again with"
            " `cpli rerun`."
        )
    insist_on_kept(casebook, as_of, owner if owner in councils else CASELOADS)
    return failures, ()


def _failures(
    casebook: Casebook, as_of: date, owner: str
) -> tuple[tuple[GateResult, ...], tuple[GateResult, ...]]:
    """Return what stops an owner, and what was let out of it before.

    What a run found that never got as far as to say so on record, nobody has looked at yet.
    """
    night = casebook.night(as_of)
    councils = {each.local_authority: each for each in night.councils} if night else {}
    sources = (
        _to_be_looked_at(councils[owner].reason) if owner in councils else {GateSource.CASELOAD}
    )
    releases = [each for each in casebook.gates().releases(as_of) if each.owner == owner]
    stopping, let_out_before = [], []
    for each in casebook.gates().results(as_of):
        if any(release.covers(each) for release in releases):
            let_out_before.append(each)
        elif stops(each) and each.source in sources and each.owner in {owner, REGISTERS}:
            stopping.append(each)
    return tuple(stopping), tuple(let_out_before)


def _to_be_looked_at(why: str | None) -> set[GateSource]:
    """Return the sources whose gates a night has told of that leaves a council out for a reason."""
    of_council = set(GateSource) - {GateSource.CASELOAD}
    if why == HELD:
        return of_council - {GateSource.PROVIDERS, GateSource.CPLI}
    return of_council - {GateSource.RESULT} if why == IMPLAUSIBLE else of_council


def name_of(owner: str) -> str:
    """Return what an owner is called: a council's name, or a provider's reference."""
    return council_name(owner)
