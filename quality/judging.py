"""Holds figures to their bounds, with Great Expectations: one suite for each source and owner.

What it sees are counts and shares, so that no result of it can hold a row's value; asked for
booleans alone, it repeats not even these. It is imported here and nowhere else, where it judges:
that takes seconds.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

from quality.bounds import Within, within
from quality.catalogue import Held, gates_of
from schemas.errors import ContractBreach
from schemas.gates import (
    Consequence,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
)

Earlier = Callable[[GateSource, str, str], tuple[Sequence[float], bool]]
"""Gives a gate's figures on accepted nights, the latest last, and whether a person let the first
of them out.
"""

SPRING = ((3, 18), (5, 10))
"""From and to which day of a year councils close and reopen everything."""

LEADS_TO = {
    GateSource.PROVIDERS: Consequence.NOT_ASSESSED,
    GateSource.CPLI: Consequence.NOT_ASSESSED,
    GateSource.PORTAL: Consequence.NOT_USED,
    GateSource.CASELOAD: Consequence.NOT_USED,
    GateSource.RESULT: Consequence.HELD,
}


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """A gate with tonight's figure and bounds."""

    held: Held
    observed: float
    within: Within


def judge(
    source: GateSource,
    owner: str,
    figures: Mapping[str, float | None],
    *,
    earlier: Earlier,
    as_of: date,
) -> tuple[GateResult, ...]:
    """Return what each gate of a source makes of an owner's figures."""
    bounded: list[Bounded] = []
    left: list[GateResult] = []
    for held in gates_of(source):
        told = figures.get(held.gate.name)
        observed = None if told is None or math.isnan(told) else float(told)
        bounds = _bounds(held, owner, earlier, as_of)
        if observed is None or (bounds.lowest is None and bounds.highest is None):
            left.append(_result(held, owner, observed, bounds, outcome=GateOutcome.NOT_JUDGED))
        else:
            bounded.append(Bounded(held=held, observed=observed, within=bounds))
    frame = pd.DataFrame([{each.held.gate.name: each.observed for each in bounded}])
    passed = validate(f"{source.value} {owner}".strip(), frame, bounded)
    judged = (
        _result(
            each.held,
            owner,
            each.observed,
            each.within,
            outcome=GateOutcome.PASSED if passed[each.held.gate.name] else GateOutcome.FAILED,
        )
        for each in bounded
    )
    return tuple(sorted([*judged, *left], key=lambda result: _places()[source, result.gate]))


def judge_lists(lists: pd.DataFrame, owners: pd.Series) -> tuple[dict[int, GateResult], ...]:
    """Return for each gate of caseloads what it made of each list that did not pass, by its number.

    `lists` has a row of figures for each list, `owners` whose it is, both by the list's number.
    Bounds are the same for all, so that all are judged at once.
    """
    source = GateSource.CASELOAD
    bounded = [
        Bounded(held=held, observed=0.0, within=within(held.bounds, []))
        for held in gates_of(source)
    ]
    passed = validate(source.value, lists, bounded)
    failures = []
    for each in bounded:
        name = each.held.gate.name
        outside = _outside(lists[name], each.within)
        if bool(outside.any()) is passed[name]:
            raise ContractBreach(f"The gate {name} was judged in two ways.")
        failures.append(
            {
                int(number): _result(
                    each.held,
                    str(owners[number]),
                    float(figure),
                    each.within,
                    outcome=GateOutcome.FAILED,
                )
                for number, figure in lists.loc[outside, name].items()
            }
        )
    return tuple(failures)


def of_all_lists(
    failures: Sequence[Mapping[int, GateResult]], *, lists: int
) -> Iterator[GateResult]:
    """Yield for each gate of caseloads how many lists it was judged on, and how many failed."""
    for held, failed in zip(gates_of(GateSource.CASELOAD), failures, strict=True):
        if not failed:
            outcome = GateOutcome.PASSED if lists else GateOutcome.NOT_JUDGED
            yield replace(
                _result(held, "", None, within(held.bounds, []), outcome=outcome), nights=0
            )


def released(
    results: Iterable[GateResult], covers: Callable[[GateResult], bool]
) -> tuple[GateResult, ...]:
    """Return results in which the failures that a person let out have no consequence."""
    return tuple(
        replace(result, outcome=GateOutcome.RELEASED, consequence=Consequence.SHOWN)
        if stops(result) and covers(result)
        else result
        for result in results
    )


def stops(result: GateResult) -> bool:
    """Say whether a failure keeps something from being used or published."""
    return result.outcome is GateOutcome.FAILED and result.severity is GateSeverity.CRITICAL


def validate(name: str, frame: pd.DataFrame, bounded: Sequence[Bounded]) -> dict[str, bool]:
    """Return by gate whether the figures of a frame, a column for each gate, lie in its bounds.

    What is not stated passes. Raises `ContractBreach` where the gates themselves failed.
    """
    passed = {each.held.gate.name: True for each in bounded}
    stated = [each for each in bounded if frame[each.held.gate.name].notna().any()]
    if not stated:
        return passed
    suite_of, batches = _great_expectations()
    batch = batches.get_batch({"dataframe": frame})
    done = batch.validate(suite_of(name, stated), result_format="BOOLEAN_ONLY")
    for one in done.results:
        gate = one.expectation_config.kwargs["column"]
        if _raised(one.exception_info or {}):
            raise ContractBreach(f"The gate {gate} could not be judged: a fault of ours.")
        passed[gate] = passed[gate] and bool(one.success)
    return passed


def _raised(said: Mapping[str, Any]) -> bool:
    """Say whether an expectation raised: of a figure in its way it says so one level down."""
    below = (each for each in said.values() if isinstance(each, Mapping))
    return any(each.get("raised_exception") for each in (said, *below))


@cache
def _great_expectations() -> tuple[Callable[[str, Sequence[Bounded]], Any], Any]:
    """Return what makes a suite, and what makes batches of frames; nothing is sent to anybody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations import (
        ExpectColumnMaxToBeBetween,
        ExpectColumnMinToBeBetween,
    )

    # One of its modules has a level of its own, and tells of folders that nobody asked for.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("night").add_dataframe_asset("figures")

    def suite(name: str, bounded: Sequence[Bounded]) -> Any:
        # Of the lowest and the highest of a column alone: of every value takes thrice the time.
        return gx.ExpectationSuite(
            name=name,
            expectations=[
                kind(
                    column=each.held.gate.name,
                    severity=each.held.gate.severity.value,
                    description=each.held.gate.title,
                    meta={"reason": each.held.gate.reason, "runbook": each.held.gate.name},
                    **bound,
                )
                for each in bounded
                for kind, bound in (
                    (ExpectColumnMinToBeBetween, {"min_value": each.within.lowest}),
                    (ExpectColumnMaxToBeBetween, {"max_value": each.within.highest}),
                )
                if None not in bound.values()
            ],
        )

    return suite, asset.add_batch_definition_whole_dataframe("all")


def _bounds(held: Held, owner: str, earlier: Earlier, as_of: date) -> Within:
    if held.bounds.spring and SPRING[0] <= (as_of.month, as_of.day) <= SPRING[1]:
        return Within()
    figures, anchored = earlier(held.gate.source, owner, held.gate.name)
    return within(held.bounds, figures, anchored=anchored)


def _outside(figures: pd.Series, bounds: Within) -> pd.Series:
    """Say which figures lie outside of their bounds; what is not stated does not."""
    too_low = figures.lt(bounds.lowest) if bounds.lowest is not None else False
    too_high = figures.gt(bounds.highest) if bounds.highest is not None else False
    outside: pd.Series = pd.Series(too_low | too_high, index=figures.index, dtype=bool)
    return outside


def _result(
    held: Held, owner: str, observed: float | None, bounds: Within, *, outcome: GateOutcome
) -> GateResult:
    gate = held.gate
    consequence = Consequence.NONE
    if outcome is GateOutcome.FAILED:
        critical = gate.severity is GateSeverity.CRITICAL
        consequence = LEADS_TO[gate.source] if critical else Consequence.SHOWN
    return GateResult(
        source=gate.source,
        owner=owner,
        gate=gate.name,
        severity=gate.severity,
        outcome=outcome,
        consequence=consequence,
        observed=observed,
        lowest=bounds.lowest,
        highest=bounds.highest,
        usual=bounds.usual,
        nights=bounds.nights,
    )


@cache
def _places() -> dict[tuple[GateSource, str], int]:
    return {
        (source, held.gate.name): place
        for source in GateSource
        for place, held in enumerate(gates_of(source))
    }
