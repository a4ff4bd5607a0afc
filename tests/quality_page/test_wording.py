"""Figures read as people would write them, and never as something else than they are."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.quality.wording import Figures
from schemas.gates import (
    Consequence,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
    Unit,
)

FLOAT = st.floats(0, 1e6, allow_subnormal=False)
NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


def figures(unit: Unit, observed: float | None, **more: Any) -> Figures:
    """Return a figure with what it is held to."""
    told: dict[str, Any] = {
        "outcome": GateOutcome.PASSED, "consequence": Consequence.NONE,
        "severity": GateSeverity.CRITICAL, "nights": 28, **more,
    }  # fmt: skip
    result = GateResult(
        source=GateSource.CPLI, owner="E06000016", gate="rows", observed=observed, **told
    )
    return Figures(result, unit)


@pytest.mark.parametrize(
    ("unit", "observed", "more", "says"),
    [
        (
            Unit.COUNT, 2011, {"lowest": 3900, "highest": 4300, "usual": 4102},
            "2,011; we expected 3,900 to 4,300 from the last 28 nights, usually 4,102",
        ),
        (
            Unit.COUNT, 2011, {"lowest": 3900, "highest": 4300, "usual": 4102, "nights": 1},
            "2,011; we expected 3,900 to 4,300 from the last night, usually 4,102",
        ),
        (
            Unit.COUNT, 2011, {"lowest": 2500, "nights": 0},
            "2,011; we expected at least 2,500, a fixed bound",
        ),
        (Unit.COUNT, 3, {"lowest": 0, "highest": 0, "nights": 5},
         "3; we expected none from the last 5 nights"),
        (Unit.COUNT, 3899, {"lowest": 3899.2},
         "3,899; we expected at least 3,900 from the last 28 nights"),
        (Unit.COUNT, 12, {}, "12"),
        (
            Unit.SHARE, 0.412, {"highest": 0.081, "usual": 0.034},
            "41.2%; we expected at most 8.1% from the last 28 nights, usually 3.4%",
        ),
        (Unit.SHARE, 0.5, {"lowest": 0.8, "highest": 1},
         "50%; we expected at least 80% from the last 28 nights"),
        (Unit.SHARE, 0.2504, {"highest": 0.25},
         "25.04%; we expected at most 25.00% from the last 28 nights"),
        (Unit.SHARE, 0.99999, {"lowest": 0, "highest": 1}, "99.999%"),
        (Unit.SHARE, -0.0, {"lowest": 0.2}, "0%; we expected at least 20% from the last 28 nights"),
        (
            Unit.RATIO, 0.5, {"lowest": 0.7, "highest": 1.4, "usual": 1},
            "0.5 times; we expected 0.7 to 1.4 times from the last 28 nights, usually 1.0 times",
        ),
        (
            Unit.DAYS, 1, {"highest": 3, "usual": 0},
            "1 day; we expected at most 3 days from the last 28 nights, usually 0 days",
        ),
        (Unit.DAYS, -2, {"lowest": 0, "highest": 0},
         "-2 days; we expected 0 days from the last 28 nights"),
        (Unit.WORKING_DAYS, 5, {"highest": 1},
         "5 working days; we expected at most 1 working day from the last 28 nights"),
        (Unit.COUNT, None, {"lowest": 3},
         "nothing could be measured; we expected at least 3 from the last 28 nights"),
        (Unit.COUNT, math.nan, {"outcome": GateOutcome.NOT_JUDGED, "lowest": 3},
         "there was nothing to measure"),
        (Unit.COUNT, 7, {"outcome": GateOutcome.NOT_JUDGED},
         "7; there was nothing to compare it with"),
        (Unit.RATIO, math.inf, {"highest": 2},
         "nothing could be measured; we expected at most 2.0 times from the last 28 nights"),
    ],
)  # fmt: skip
def test_a_figure_and_its_bounds_make_a_sentence(
    unit: Unit, observed: float | None, more: dict[str, Any], says: str
):
    assert figures(unit, observed, **more).sentence == says


@pytest.mark.parametrize(
    ("more", "basis"),
    [
        ({"highest": 3}, "from 28 nights"),
        ({"highest": 3, "nights": 1}, "from 1 night"),
        ({"highest": 3, "nights": 0}, "a fixed bound"),
        ({}, ""),
    ],
)
def test_it_is_said_where_bounds_come_from(more: dict[str, Any], basis: str):
    assert figures(Unit.COUNT, 2, **more).basis == basis


def read(words: str) -> float:
    """Return the number in a figure's words."""
    return float(NUMBER.search(words)[0].replace(",", ""))


@given(unit=st.sampled_from(Unit), observed=FLOAT, bound=FLOAT)
def test_what_lies_outside_never_reads_as_inside(unit: Unit, observed: float, bound: float):
    if unit is Unit.SHARE:
        observed, bound = observed / 1e6, bound / 1e6
    if math.isclose(observed, bound, rel_tol=1e-4, abs_tol=1e-4):
        return
    low, high = min(observed, bound), max(observed, bound)
    under = figures(unit, low, lowest=high)
    over = figures(unit, high, highest=low)
    assert under.outside(low) or not under.expected
    if under.expected:
        assert read(under.observed) < read(under.expected)
    if over.expected not in ("", "none"):
        assert read(over.observed) > read(over.expected)


@given(share=st.floats(0, 1))
def test_a_share_reads_as_all_or_nothing_only_where_it_is(share: float):
    told = figures(Unit.SHARE, share).observed
    if 1e-6 < share < 1 - 1e-6:
        assert read(told) not in (0, 100)
    assert abs(read(told) - 100 * share) <= 0.5
