"""What the catalogue promises of every gate, whatever the numbers in it."""

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured import (
    NIGHT_BEFORE,
    beside_cplis,
    beside_portal,
    between,
    extract,
    measured,
    of_register,
)

from quality.bounds import FEWEST_NIGHTS, NIGHTS, Bounds, within
from quality.catalogue import CATALOGUE, GATES, Held, gates_of
from quality.cplis import measure as measure_cplis
from quality.cplis import shared_with
from quality.judging import LEADS_TO
from quality.result import measure as measure_result
from schemas.gates import GateSeverity, GateSource, Unit

ALIKE = "lines\n25"
each_gate = pytest.mark.parametrize("held", CATALOGUE, ids=lambda held: held.gate.name)


@cache
def figures_of(source: GateSource) -> frozenset[str]:
    """Return the figures that are measured of a source on a night with another before it."""
    match source:
        case GateSource.PROVIDERS:
            _, before = of_register(ALIKE)
            return frozenset(of_register(ALIKE, extract(ALIKE), before=before)[0])
        case GateSource.CPLI:
            _, before = measured(extract(ALIKE, as_of=NIGHT_BEFORE))
            figures, _ = measured(extract(ALIKE), before)
            return frozenset({*figures, "shared_with_another_council_share"})
        case GateSource.PORTAL:
            return frozenset(beside_portal(ALIKE, ALIKE)[0])
        case GateSource.CASELOAD:
            return frozenset(
                beside_cplis("provider_id | caseload_date\nP1 | 2026-11-16", "list\n0")
            )
        case GateSource.RESULT:
            return frozenset(measure_result({}, {}, closing=0, standing=0))


@each_gate
def test_a_gate_looks_at_a_figure_that_is_measured(held: Held) -> None:
    assert held.gate.name in figures_of(held.gate.source)


def test_the_figure_of_lines_shared_with_another_council_is_measured_beside_the_others() -> None:
    lines = measure_cplis(extract(ALIKE), None, key="0" * 16, working_days=between)[2]
    assert shared_with(lines, [lines]) == 1.0


def test_names_are_unique_for_they_are_anchors() -> None:
    names = [held.gate.name for held in CATALOGUE]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z][a-z_]*[a-z]", name) for name in names)
    titles = [(held.gate.source, held.gate.title) for held in CATALOGUE]
    assert len(titles) == len(set(titles))


def test_every_gate_stands_in_one_list_by_its_source() -> None:
    assert [held for source in GateSource for held in gates_of(source)] == list(CATALOGUE)
    assert {(held.gate.source, held.gate.name): held.gate for held in CATALOGUE} == GATES
    assert all(gates_of(source) for source in GateSource)
    assert set(LEADS_TO) == set(GateSource)


@pytest.mark.parametrize("source", GateSource)
def test_every_source_has_a_gate_that_stops_it(source: GateSource) -> None:
    severities = {held.gate.severity for held in gates_of(source)}
    assert GateSeverity.CRITICAL in severities


@each_gate
def test_a_gate_says_in_words_what_why_and_who(held: Held) -> None:
    gate = held.gate
    assert re.fullmatch(r"\S.*[^.:\s]", gate.title)
    assert re.fullmatch(r"[A-Z].+\.", gate.reason)
    assert re.fullmatch(r"(Ask|Look) .+\.", gate.remedy)
    words = f"{gate.title} {gate.reason} {gate.remedy}"
    assert "  " not in words
    assert "{" not in words


@each_gate
def test_a_name_says_what_its_figure_counts(held: Held) -> None:
    unit = held.gate.unit
    if held.gate.name.endswith("_share"):
        assert unit is Unit.SHARE
    elif "working_days" in held.gate.name:
        assert unit is Unit.WORKING_DAYS
    elif "days" in held.gate.name:
        assert unit is Unit.DAYS
    else:
        assert unit in {Unit.COUNT, Unit.RATIO, Unit.SHARE}


@each_gate
def test_a_gate_holds_to_something_and_to_nothing_that_cannot_be(held: Held) -> None:
    bounds = held.bounds
    assert bounds != Bounds()
    ends = (bounds.first_lowest, bounds.first_highest, bounds.floor, bounds.ceiling)
    assert all(each is None or each >= 0 for each in ends)
    if held.gate.unit is Unit.SHARE:
        assert all(each is None or 0 < each < 1 for each in ends)
    for nights in ([], [0.5] * FEWEST_NIGHTS):
        found = within(bounds, nights)
        assert None in (found.lowest, found.highest) or found.lowest < found.highest
    # A first bound, or room around the usual, on a side that is never looked at is a slip.
    assert bounds.first_lowest is None or bounds.lower is not None
    assert bounds.first_highest is None or bounds.upper is not None
    assert not bounds.margin or (bounds.lower, bounds.upper) != (None, None)
    assert not bounds.beyond_worst or bounds.upper is not None


@each_gate
def test_a_gate_with_a_usual_leaves_it_some_room(held: Held) -> None:
    """Where nothing ever differs there is no spread: without room one more would fail."""
    bounds = held.bounds
    if (bounds.lower, bounds.upper) != (None, None):
        usual = 0.1 if held.gate.unit is Unit.SHARE else 100.0
        found = within(bounds, [usual] * NIGHTS)
        assert found.lowest is None or found.lowest < usual
        assert found.highest is None or found.highest > usual
        assert bounds.margin > 0


@pytest.mark.parametrize("held", gates_of(GateSource.CASELOAD), ids=lambda held: held.gate.name)
def test_a_list_is_held_to_what_goes_for_all(held: Held) -> None:
    """All are judged at once, without a history."""
    assert (held.bounds.lower, held.bounds.upper, held.bounds.spring) == (None, None, False)
    assert (held.bounds.floor, held.bounds.ceiling) != (None, None)


@given(st.sampled_from(CATALOGUE), st.data())
def test_no_gate_turns_away_what_is_usual(held: Held, data: st.DataObject) -> None:
    """But for what nobody may call usual, beyond a floor or a ceiling."""
    bounds, most = held.bounds, 1.0 if held.gate.unit is Unit.SHARE else 1e6
    lowest = bounds.floor or 0.0
    highest = most if bounds.ceiling is None else bounds.ceiling
    usual = data.draw(st.floats(lowest, highest))
    others = data.draw(st.lists(st.floats(lowest, highest), min_size=2, max_size=13))
    for nights in ([usual] * NIGHTS, [usual] * (len(others) + 1) + others):
        found = within(bounds, nights)
        assert found.lowest is None or found.lowest <= found.usual
        assert found.highest is None or found.highest >= found.usual
