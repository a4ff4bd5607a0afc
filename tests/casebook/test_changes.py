"""What is new, lasting or gone, and what a night could not see."""

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given, settings
from nights.examples import (
    COUNCILS,
    FIRST,
    LEICESTER,
    LEICESTERSHIRE,
    RUTLAND,
    SECOND,
    THIRD,
    council,
    discrepancies,
    discrepancy_id,
    night,
)

from casebook.changes import CHANGES, COMPARED, Basis, basis, compare
from casebook.record import Scope
from casebook.store import Casebook
from schemas.vocabularies import DiscrepancyType

ALL = Scope(councils_assessed=frozenset(COUNCILS))
NONE = discrepancies([])


def change_of(earlier: pd.DataFrame, scope: Scope, earlier_scope: Scope = ALL) -> str:
    """Return how one discrepancy stands that tonight lacks."""
    changes = compare(
        NONE[list(COMPARED)], earlier[list(COMPARED)], scope=scope, earlier_scope=earlier_scope
    )
    return changes["change"].item()


def test_a_discrepancy_is_new_lasting_or_gone_by_its_id() -> None:
    changes = compare(
        discrepancies(["lasts", "comes"])[list(COMPARED)],
        discrepancies(["goes", "lasts"])[list(COMPARED)],
        scope=ALL,
        earlier_scope=ALL,
    )
    assert changes.columns.tolist() == list(CHANGES)
    assert changes.set_index("discrepancy_id")["change"].to_dict() == {
        discrepancy_id("comes"): "new",
        discrepancy_id("lasts"): "lasting",
        discrepancy_id("goes"): "gone",
    }


def test_what_a_discrepancy_is_about_is_told_as_of_tonight_unless_it_is_missing() -> None:
    changes = compare(
        discrepancies(["lasts"], provider_id="P0002")[list(COMPARED)],
        discrepancies(["lasts", "goes"], provider_id="P0001")[list(COMPARED)],
        scope=ALL,
        earlier_scope=ALL,
    )
    assert changes.set_index("change")["provider_id"].to_dict() == {
        "lasting": "P0002",
        "gone": "P0001",
    }


@pytest.mark.parametrize("kind", DiscrepancyType)
def test_nothing_of_a_council_that_was_not_assessed_is_gone(kind: DiscrepancyType) -> None:
    earlier = discrepancies(["a"], type=kind.value, local_authority=RUTLAND)
    rutland_missing = Scope(
        councils_assessed=frozenset({LEICESTER, LEICESTERSHIRE}),
        councils_not_assessed=frozenset({RUTLAND}),
    )
    assert change_of(earlier, rutland_missing) == "not_assessed"
    assert change_of(earlier, ALL) == "gone"


def test_a_council_that_the_night_does_not_know_at_all_was_not_assessed() -> None:
    earlier = discrepancies(["a"], local_authority=RUTLAND)
    assert change_of(earlier, Scope(councils_assessed=frozenset({LEICESTER}))) == "not_assessed"


def test_a_council_that_neither_night_knows_keeps_nothing_open() -> None:
    earlier = discrepancies(["a"], local_authority="E09000001", type="duplicate_entry")
    assert change_of(earlier, ALL) == "gone"


@pytest.mark.parametrize(
    ("scope", "change"),
    [
        (ALL, "gone"),
        (
            Scope(
                councils_assessed=frozenset({LEICESTER, LEICESTERSHIRE}),
                councils_not_assessed=frozenset({RUTLAND}),
            ),
            "not_assessed",
        ),
        (Scope(councils_assessed=frozenset({LEICESTER})), "not_assessed"),
    ],
    ids=["all assessed", "one missing", "two unknown"],
)
def test_without_a_council_it_is_gone_only_where_all_were_assessed(
    scope: Scope, change: str
) -> None:
    assert change_of(discrepancies(["a"], local_authority=None), scope) == change


@pytest.mark.parametrize("kind", DiscrepancyType)
def test_a_missing_caseload_leaves_open_what_only_a_caseload_shows(kind: DiscrepancyType) -> None:
    earlier = discrepancies(["a"], type=kind.value, provider_id="P0001")
    silent = Scope(
        councils_assessed=frozenset(COUNCILS), providers_not_assessed=frozenset({"P0001"})
    )
    expected = "not_assessed" if basis(kind) is Basis.CASELOAD else "gone"
    assert change_of(earlier, silent) == expected
    assert change_of(earlier.assign(provider_id="P0002"), silent) == "gone"


@pytest.mark.parametrize("kind", DiscrepancyType)
def test_a_missing_portal_leaves_open_what_only_the_portal_shows(kind: DiscrepancyType) -> None:
    earlier = discrepancies(["a"], type=kind.value, local_authority=LEICESTER)
    dark = Scope(councils_assessed=frozenset(COUNCILS), portals_not_assessed=frozenset({LEICESTER}))
    expected = "not_assessed" if basis(kind) is Basis.PORTAL else "gone"
    assert change_of(earlier, dark) == expected
    assert change_of(earlier.assign(local_authority=RUTLAND), dark) == "gone"


def test_the_types_that_need_no_caseload_are_these() -> None:
    needs = {kind: basis(kind) for kind in DiscrepancyType}
    assert {kind.value for kind in needs if needs[kind] is Basis.PORTAL} == {
        "not_on_portal",
        "only_on_portal",
        "unauthorised_on_portal",
        "portal_differs",
    }
    assert {kind.value for kind in needs if needs[kind] is Basis.COUNCIL} == {
        "caseload_overdue",
        "duplicate_cpli",
    }


def test_provider_differs_also_needs_the_caseload_of_the_other_provider() -> None:
    earlier = discrepancies(
        ["a"], type="provider_differs", provider_id="P0001", council_value="P0002"
    )
    silent = Scope(
        councils_assessed=frozenset(COUNCILS), providers_not_assessed=frozenset({"P0002"})
    )
    assert change_of(earlier, silent) == "not_assessed"
    assert change_of(earlier.assign(type="cpli_not_found"), silent) == "gone"


@settings(max_examples=40)
@given(
    tonight=st.sets(st.integers(0, 12)),
    earlier=st.sets(st.integers(0, 12)),
    missing=st.sets(st.sampled_from(COUNCILS)),
    silent=st.sets(st.sampled_from([f"P{number:04}" for number in range(4)])),
)
def test_every_discrepancy_of_either_night_is_counted_once(
    tonight: set[int], earlier: set[int], missing: set[str], silent: set[str]
) -> None:
    scope = Scope(
        councils_assessed=frozenset(COUNCILS) - missing,
        councils_not_assessed=frozenset(missing),
        providers_not_assessed=frozenset(silent),
    )
    changes = compare(
        discrepancies(sorted(map(str, tonight)))[list(COMPARED)],
        discrepancies(sorted(map(str, earlier)))[list(COMPARED)],
        scope=scope,
        earlier_scope=ALL,
    )
    found = changes.groupby("change")["discrepancy_id"].agg(set).to_dict()
    ids = {number: discrepancy_id(str(number)) for number in tonight | earlier}
    assert len(changes) == len(tonight | earlier)
    assert found.get("new", set()) == {ids[number] for number in tonight - earlier}
    assert found.get("lasting", set()) == {ids[number] for number in tonight & earlier}
    assert found.get("gone", set()) | found.get("not_assessed", set()) == {
        ids[number] for number in earlier - tonight
    }
    if not missing and not silent:
        assert "not_assessed" not in found


def test_the_first_night_on_record_has_only_new_ones(casebook: Casebook) -> None:
    recorded = casebook.record(night(FIRST, discrepancies(range(5)), missing=(RUTLAND,)))
    assert recorded.since is None
    assert (recorded.new, recorded.lasting, recorded.gone, recorded.not_assessed) == (5, 0, 0, 0)


def test_a_night_is_compared_with_the_latest_one_before_it(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies(["a"])))
    casebook.record(night(THIRD, discrepancies(["a", "b", "c", "d"])))
    recorded = casebook.record(night(SECOND, discrepancies(["a", "b"])))
    assert (recorded.since, recorded.new, recorded.lasting) == (FIRST, 1, 1)
    again = casebook.record(night(THIRD, discrepancies(["a", "b", "c", "d"])))
    assert (again.since, again.new, again.lasting) == (SECOND, 2, 2)


def test_what_was_recorded_of_both_nights_decides_what_is_gone(casebook: Casebook) -> None:
    frame = discrepancies(
        ["rutland", "county", "silent", "dark", "settled"],
        type=[
            "cpli_not_found",
            "duplicate_cpli",
            "end_date_differs",
            "not_on_portal",
            "possible_match",
        ],
        local_authority=[RUTLAND, LEICESTERSHIRE, LEICESTER, LEICESTER, LEICESTER],
        provider_id=["P0001", "P0001", "P0002", "P0001", "P0001"],
    )
    casebook.record(night(FIRST, frame))
    recorded = casebook.record(
        night(
            SECOND,
            discrepancies(["county", "fresh"]),
            missing=(RUTLAND,),
            providers_not_assessed=frozenset({"P0002"}),
            portals_not_assessed=frozenset({LEICESTER}),
        )
    )
    assert (recorded.new, recorded.lasting, recorded.gone, recorded.not_assessed) == (1, 1, 1, 3)
    changes = casebook.changes(SECOND, FIRST)
    assert changes.set_index("discrepancy_id")["change"].to_dict() == {
        discrepancy_id("fresh"): "new",
        discrepancy_id("county"): "lasting",
        discrepancy_id("settled"): "gone",
        **dict.fromkeys(map(discrepancy_id, ["rutland", "silent", "dark"]), "not_assessed"),
    }


def test_a_run_of_one_council_alone_settles_nothing_of_the_others(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies(range(6), type="duplicate_cpli")))
    recorded = casebook.record(night(SECOND, NONE, councils=(council(RUTLAND),)))
    assert (recorded.gone, recorded.not_assessed) == (2, 4)
