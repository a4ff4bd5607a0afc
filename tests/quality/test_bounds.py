"""Within which bounds a figure is plausible: by what is usual, or by the floors of first nights."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle.tables import table

from quality.bounds import FEWEST_NIGHTS, MAD_TO_DEVIATION, NIGHTS, SPREADS, Bounds, Within, within

SPREAD = SPREADS * MAD_TO_DEVIATION

# What is not stated has no part; `spread` are six deviations of one.
BY_NIGHTS = table("""
what               | bounds                           | nights           | lowest      | highest
a margin           | margin=3 lower=0 upper=0         | 10 x 5           | 7           | 13
a share            | lower=0.2 upper=0.5              | 10 x 5           | 8           | 15
the wider          | margin=3 lower=0.2 upper=0.5     | 10 x 5           | 7           | 15
square roots       | root=4 lower=0 upper=0           | 100 x 5          | 60          | 140
spreads            | lower=0 upper=0                  | 9 9 10 11 11     | 10 - spread | 10 + spread
one odd night      | lower=0 upper=0                  | 10 10 10 10 9999 | 10          | 10
two halves         | margin=1 lower=0 upper=0         | 1 1 1 3 3 3      | 2 - spread  | 2 + spread
one side           | margin=3 lower=0                 | 10 x 5           | 7           |
the other side     | margin=3 upper=0                 | 10 x 5           |             | 13
a floor above it   | margin=3 lower=0 floor=8         | 10 x 5           | 8           |
a floor below it   | margin=3 lower=0 floor=5         | 10 x 5           | 7           |
a ceiling below it | margin=3 upper=0 ceiling=11      | 10 x 5           |             | 11
a floor by itself  | floor=8                          | 10 x 5           | 8           |
no first night     | margin=3 lower=0 first_lowest=9  | 10 x 5           | 7           |
beyond the worst   | margin=3 upper=0 beyond_worst=2  | 0 0 0 0 8        |             | 19
a small worst      | margin=3 upper=0 beyond_worst=.5 | 10 10 10 10 12   |             | 13
mostly nothing     | margin=3 upper=0                 | 0 x 5            |             | 3
without any room   | lower=0 upper=0                  | 0 x 5            | 0           | 0
""")  # fmt: skip

FIRST = table("""
bounds                        | lowest | highest
first_lowest=2                | 2      |
first_highest=9               |        | 9
first_lowest=2 floor=3        | 3      |
first_lowest=2 floor=1        | 2      |
first_highest=9 ceiling=8     |        | 8
first_highest=9 ceiling=10    |        | 9
floor=1                       | 1      |
margin=3 lower=0.5 upper=0.5  |        |
""")


def bounds_of(text: str) -> Bounds:
    pairs = (part.split("=") for part in text.split())
    return Bounds(**{name: float(value) for name, value in pairs})


def nights_of(text: str) -> list[float]:
    """Return figures, of which `10 x 5` are five of ten."""
    value, always, times = text.partition(" x ")
    return [float(value)] * int(times) if always else [float(each) for each in text.split()]


def figure(text: str) -> float | None:
    """Return what a cell says, in which `spread` stands for six deviations of one."""
    if not text:
        return None
    base, _, spread = text.partition(" ")
    return float(base) + {"": 0.0, "+ spread": SPREAD, "- spread": -SPREAD}[spread]


@pytest.mark.parametrize("case", BY_NIGHTS, ids=lambda case: case["what"])
def test_bounds_lie_around_what_is_usual(case: dict[str, str]) -> None:
    nights = nights_of(case["nights"])
    found = within(bounds_of(case["bounds"]), nights)
    assert found.nights == len(nights)
    for told, bound in ((case["lowest"], found.lowest), (case["highest"], found.highest)):
        expected = figure(told)
        assert bound == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("case", FIRST, ids=lambda case: case["bounds"])
@pytest.mark.parametrize("nights", [0, FEWEST_NIGHTS - 1])
def test_first_nights_are_held_to_the_floors(case: dict[str, str], nights: int) -> None:
    lowest, highest = figure(case["lowest"]), figure(case["highest"])
    expected = Within(lowest=lowest, highest=highest)
    assert within(bounds_of(case["bounds"]), [50.0] * nights) == expected
    assert expected.nights == 0


def test_the_latest_nights_say_what_is_usual() -> None:
    bounds = Bounds(margin=1, lower=0, upper=0)
    found = within(bounds, [500.0] * 99 + [10.0] * NIGHTS)
    assert found == Within(lowest=9, highest=11, usual=10, nights=NIGHTS)
    shifted = within(bounds, [10.0] * NIGHTS + [500.0] * (NIGHTS // 2 + 1))
    assert shifted.usual == 500


def test_after_a_release_one_night_is_enough() -> None:
    bounds = Bounds(margin=1, lower=0, upper=0, first_highest=5)
    assert within(bounds, [50.0], anchored=True) == Within(
        lowest=49, highest=51, usual=50, nights=1
    )
    assert within(bounds, [50.0]) == Within(highest=5)
    assert within(bounds, [], anchored=True) == Within(highest=5)


FIGURES = st.floats(0, 1e9, allow_subnormal=False)
HISTORIES = st.lists(FIGURES, min_size=FEWEST_NIGHTS, max_size=40)
SIDE = st.none() | st.floats(0, 5)
WIDTHS = st.builds(
    Bounds,
    margin=st.floats(0, 100),
    lower=SIDE,
    upper=SIDE,
    root=st.floats(0, 10),
    first_lowest=st.none() | FIGURES,
    first_highest=st.none() | FIGURES,
    beyond_worst=st.floats(0, 5),
)


def accepts(found: Within, value: float) -> bool:
    above = found.lowest is None or found.lowest <= value
    return above and (found.highest is None or value <= found.highest)


@given(WIDTHS, HISTORIES)
def test_the_usual_is_plausible(bounds: Bounds, nights: list[float]) -> None:
    found = within(bounds, nights)
    assert accepts(found, found.usual)
    assert (found.lowest is None, found.highest is None) == (
        bounds.lower is None,
        bounds.upper is None,
    )


@given(WIDTHS, FIGURES, st.integers(1, 40))
def test_what_never_changes_stays_plausible(bounds: Bounds, value: float, nights: int) -> None:
    found = within(bounds, [value] * nights, anchored=True)
    assert found.usual == value
    assert accepts(found, value)


@given(WIDTHS, FIGURES, st.lists(st.floats(0, 1000), min_size=3, max_size=10), st.floats(1, 10))
def test_more_spread_around_the_same_never_narrows(
    bounds: Bounds, usual: float, offs: list[float], times: float
) -> None:
    usual += 10_000

    def spread(factor: float) -> Within:
        return within(
            bounds, [usual, *(usual + sign * factor * off for off in offs for sign in (1, -1))]
        )

    less, more = spread(1), spread(times)
    assume(less.usual == more.usual)
    near = 1e-6 * usual
    assert more.lowest is None or more.lowest <= less.lowest + near
    assert more.highest is None or more.highest >= less.highest - near


@given(WIDTHS, st.lists(FIGURES, max_size=40), FIGURES, FIGURES)
def test_floor_and_ceiling_hold_and_only_ever_narrow(
    bounds: Bounds, nights: list[float], floor: float, ceiling: float
) -> None:
    held = within(replace(bounds, floor=floor, ceiling=ceiling), nights)
    assert held.lowest >= floor
    assert held.highest <= ceiling
    free = within(bounds, nights)
    assert held.lowest == (floor if free.lowest is None else max(floor, free.lowest))
    assert held.highest == (ceiling if free.highest is None else min(ceiling, free.highest))
    assert (held.usual, held.nights) == (free.usual, free.nights)


@given(WIDTHS, HISTORIES, FIGURES, FIGURES)
def test_what_a_person_let_out_is_bounded_by_its_own_nights_alone(
    bounds: Bounds, nights: list[float], floor: float, ceiling: float
) -> None:
    recent = nights[-NIGHTS:]
    beyond = replace(bounds, floor=max(recent) + 1 + floor, ceiling=min(recent) - 1 - ceiling)
    assert within(beyond, nights, anchored=True) == within(bounds, nights, anchored=True)


@given(WIDTHS, HISTORIES, st.randoms())
def test_the_order_of_nights_is_nothing_to_bounds(bounds, nights, random) -> None:
    recent = nights[-NIGHTS:]
    mixed = random.sample(recent, len(recent))
    assert within(bounds, mixed) == within(bounds, nights)
