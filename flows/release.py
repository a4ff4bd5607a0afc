"""Lets out what gates held of a night: checks that it may, and writes down who did and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from casebook.gates import Release
from casebook.reported import Reported
from casebook.store import Casebook
from flows.held import councils_of
from flows.pulls import council_name
from quality.judging import stops
from schemas.errors import WrongUsage
from schemas.gates import GateResult, GateSource

NOTHING_CAME = "usable_rows"
"""The gate of a source of which there is nothing to let out."""


def let_out(
    casebook: Casebook, as_of: date, *, owner: str, who: str, reason: str
) -> tuple[GateResult, ...]:
    """Write down that a person lets out what gates stopped of a council, or of a provider's lists.

    Returns the failures that do not count any more; the night has to be run again for that. Raises
    `WrongUsage` where there is none, or where the night cannot be let out.
    """
    councils = councils_of(casebook, as_of)
    latest = max(Reported(casebook).nights())
    if latest > as_of:
        raise WrongUsage(
            f"The night of {latest} is on record, and says more than that of {as_of}: only the"
            f" latest night can be let out. If {name_of(owner)} is held there as well, release that"
            " one."
        )
    failures = failures_of(casebook.gates().results(as_of), owner, council=owner in councils)
    if not failures:
        raise WrongUsage(
            f"No gate keeps {name_of(owner)} from being used or published on the night of {as_of}."
            f" quality/gates.html in that night's folder says how it did."
        )
    if any(each.gate == NOTHING_CAME for each in failures):
        raise WrongUsage(
            f"Nothing that can be used came of {name_of(owner)} on the night of {as_of}, so there"
            " is nothing to let out. Have it sent again, then run the night again with"
            " `cpli rerun`."
        )
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


def failures_of(
    results: Sequence[GateResult], owner: str, *, council: bool
) -> tuple[GateResult, ...]:
    """Return what stops a council, its own gates' and the register's, or a provider's lists."""
    return tuple(
        each
        for each in results
        if stops(each)
        and (each.source is not GateSource.CASELOAD if council else True)
        and (each.owner == owner or (council and each.source is GateSource.PROVIDERS))
    )


def name_of(owner: str) -> str:
    """Return what an owner is called: a council's name, or a provider's reference."""
    return council_name(owner)
