"""Figures in words, with as many digits as it takes to tell them from their bounds."""

from __future__ import annotations

import math
from itertools import combinations

from schemas.gates import GateOutcome, GateResult, Unit

MOST_DIGITS = 6
SMALL_SHARE = 0.1
"""Below this a share without a digit behind the point says too little."""
AFTER = {
    Unit.COUNT: "",
    Unit.SHARE: "",
    Unit.RATIO: " times",
    Unit.DAYS: " days",
    Unit.WORKING_DAYS: " working days",
}
WHOLE = (Unit.COUNT, Unit.DAYS, Unit.WORKING_DAYS)
NEVER_NEGATIVE = (Unit.COUNT, Unit.SHARE)
Bound = float | None


class Figures:
    """The figures of a result in words, all of them with the same number of digits.

    A figure that is not finite reads as none at all.
    """

    def __init__(self, result: GateResult, unit: Unit) -> None:
        self.result = result
        self.unit = unit
        self.figure, self.median = finite(result.observed), finite(result.usual)
        self.low, self.high = _bounds(result, unit)
        self.digits = self._digits()

    @property
    def observed(self) -> str:
        """What was measured, empty where that is nothing."""
        return self.words(self.figure)

    @property
    def usual(self) -> str:
        """What is usual, empty where that is not known."""
        return self.words(self.median)

    @property
    def expected(self) -> str:
        """What the figure is held to, empty where it is held to nothing."""
        low, high = self.low, self.high
        if low is None and high is None:
            return ""
        if low is None:
            none = high == 0 and self.unit in NEVER_NEGATIVE
            return "none" if none else f"at most {self.words(high)}"
        if high is None:
            return f"at least {self.words(low)}"
        return self.words(low) if low == high else f"{self.number(low)} to {self.words(high)}"

    @property
    def basis(self) -> str:
        """Where the bounds come from, empty where there are none."""
        if not self.expected:
            return ""
        return f"from {nights(self.result.nights)}" if self.result.nights else "a fixed bound"

    @property
    def sentence(self) -> str:
        """What was measured and what was expected, without a full stop."""
        if self.result.outcome is GateOutcome.NOT_JUDGED:
            if self.observed:
                return f"{self.observed}; there was nothing to compare it with"
            return "there was nothing to measure"
        observed = self.observed or "nothing could be measured"
        return f"{observed}; we expected {self._why}" if self.expected else observed

    @property
    def _why(self) -> str:
        if not self.result.nights:
            return f"{self.expected}, a fixed bound"
        last = "last night" if self.result.nights == 1 else f"last {nights(self.result.nights)}"
        usually = f", usually {self.usual}" if self.usual else ""
        return f"{self.expected} from the {last}{usually}"

    def outside(self, value: float) -> bool:
        """Say whether a figure lies outside of the bounds."""
        low, high = self.low, self.high
        return (low is not None and value < low) or (high is not None and value > high)

    def words(self, value: Bound) -> str:
        """Return any figure of this kind with its unit, empty for none."""
        if value is None:
            return ""
        number, after = self.number(value), AFTER[self.unit]
        return number + (after.removesuffix("s") if number == "1" else after)

    def number(self, value: float) -> str:
        """Return any figure of this kind without its unit, but for the sign of a share."""
        return _written(value, self.unit, self.digits)

    def _digits(self) -> int:
        """Return how many digits tell figure and bounds apart, and a little from nothing."""
        told = [each for each in (self.figure, self.low, self.high) if each is not None]
        ends = (0.0, 1.0) if self.unit is Unit.SHARE else (0.0,)
        pairs = [*combinations(told, 2)]
        pairs += [(each, end) for each in (*told, self.median or 0.0) for end in ends]
        small = self.unit is Unit.SHARE and any(0 < each < SMALL_SHARE for each in told)
        least = 1 if small or self.unit is Unit.RATIO else 0
        apart = [pair for pair in pairs if not math.isclose(*pair, abs_tol=1e-9)]
        for digits in range(least, MOST_DIGITS):
            written = [[_written(each, self.unit, digits) for each in pair] for pair in apart]
            if all(one != other for one, other in written):
                return digits
        return MOST_DIGITS


def finite(value: Bound) -> Bound:
    """Return a figure, or None where it is no number that can be written."""
    return value if value is not None and math.isfinite(value) else None


def nights(number: int) -> str:
    """Return a number of nights."""
    return "1 night" if number == 1 else f"{number:,} nights"


def _bounds(result: GateResult, unit: Unit) -> tuple[Bound, Bound]:
    """Return the bounds that say something.

    Where whole things were counted they are rounded inwards, which lets the same numbers pass.
    """
    low, high = finite(result.lowest), finite(result.highest)
    if low is not None and low <= 0 and unit in NEVER_NEGATIVE:
        low = None
    if high is not None and high >= 1 and unit is Unit.SHARE:
        high = None
    if unit not in WHOLE or not float(finite(result.observed) or 0).is_integer():
        return low, high
    up = None if low is None else math.ceil(low)
    down = None if high is None else math.floor(high)
    return (low, high) if up is not None and down is not None and up > down else (up, down)


def _written(value: float, unit: Unit, digits: int) -> str:
    share = unit is Unit.SHARE
    rounded = round(100 * value if share else value, digits) + 0.0  # no number reads as "-0"
    return f"{rounded:,.{digits}f}{'%' if share else ''}"
