"""What goes on record, what comes back, and what a second run of a night changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from nights.examples import (
    FIRST,
    LEICESTER,
    RUTLAND,
    SECOND,
    THIRD,
    council,
    discrepancies,
    night,
    source,
)

from casebook.notice_models import METADATA
from casebook.record import Effect, NightOutcome, SourceOutcome
from casebook.store import Casebook
from schemas.errors import ContractBreach, WrongUsage
from schemas.tables import Discrepancy, check


def dump(casebook: Casebook, as_of: date | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, or those that belong to one night."""
    with casebook.engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    tuple(row)
                    for row in connection.execute(table.select())
                    if as_of is None or row.as_of == as_of
                ),
                key=repr,
            )
            for table in METADATA.sorted_tables
            if as_of is None or table.name.startswith("night")
        }


def test_a_night_comes_back_as_it_was_recorded(casebook: Casebook) -> None:
    sources = (
        source("caseload P0001", file="caseload/P0001_2026-11-16.csv"),
        source(
            "caseload P0001", file="caseload/P0001_2026-11-09.csv", outcome=SourceOutcome.SUPERSEDED
        ),
        source(
            "cpli E06000017",
            file="",
            outcome=SourceOutcome.NOT_RECEIVED,
            size_bytes=None,
            sha256=None,
            rows=None,
            rejected_rows=None,
            warnings=None,
            reason="not_received",
        ),
    )
    recorded = night(
        FIRST,
        discrepancies(["a", "b"]),
        missing=(RUTLAND,),
        sources=sources,
        providers_not_assessed=frozenset({"P0003", "P0004"}),
        portals_not_assessed=frozenset({LEICESTER}),
        summary={"zählung": {"spells": 3, "share": 0.25}, "reasons": ["too_old", None]},
    )
    casebook.record(recorded)
    found = casebook.night(FIRST)
    assert found is not None
    assert (found.as_of, found.version, found.outcome) == (FIRST, "1.2.3", NightOutcome.INCOMPLETE)
    assert found.summary == recorded.summary
    assert found.discrepancies == 2
    assert set(found.councils) == set(recorded.councils)
    assert set(found.sources) == set(sources)
    assert found.scope == recorded.scope


def test_discrepancies_come_back_to_the_last_byte_and_type(casebook: Casebook) -> None:
    frame = discrepancies(range(50))
    frame.loc[::7, frame.columns.drop(["discrepancy_id", "type", "severity"])] = None
    casebook.record(night(FIRST, frame.sample(frac=1, random_state=1)))
    found = casebook.discrepancies(FIRST)
    check(Discrepancy, found)
    pd.testing.assert_frame_equal(
        found.sort_values("discrepancy_id", ignore_index=True),
        frame.sort_values("discrepancy_id", ignore_index=True),
    )


def test_discrepancies_come_back_in_the_order_of_the_file(casebook: Casebook) -> None:
    frame = discrepancies(range(50))
    frame.loc[::7, "local_authority"] = None
    frame.loc[::5, "provider_id"] = None
    casebook.record(night(FIRST, frame))
    found = casebook.discrepancies(FIRST)
    keys = found[["local_authority", "provider_id", "type", "discrepancy_id"]].fillna("")
    assert list(keys.itertuples(index=False)) == sorted(keys.itertuples(index=False))


def test_a_night_without_discrepancies_has_no_rows_and_no_row_of_nulls(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies([]), sources=(), councils=()))
    found = casebook.discrepancies(FIRST)
    check(Discrepancy, found)
    assert len(found) == 0
    filled = {name for name, rows in dump(casebook).items() if rows}
    assert filled == {"night", "case_night", "casebook_setting", "history"}


def test_nights_are_listed_oldest_first(casebook: Casebook) -> None:
    for as_of in (SECOND, FIRST, THIRD):
        casebook.record(night(as_of, discrepancies(["a"])))
    assert [row.as_of for row in casebook.nights()] == [FIRST, SECOND, THIRD]
    assert casebook.nights()[1] == casebook.night(SECOND)


def test_a_night_that_is_not_on_record_is_none(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies(["a"])))
    assert casebook.night(SECOND) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda casebook: casebook.discrepancies(SECOND),
        lambda casebook: casebook.changes(SECOND, FIRST),
        lambda casebook: casebook.changes(FIRST, SECOND),
    ],
    ids=["discrepancies", "changes", "since"],
)
def test_asking_for_a_night_that_is_not_on_record_is_wrong_usage(casebook, ask) -> None:
    casebook.record(night(FIRST, discrepancies(["a"])))
    with pytest.raises(WrongUsage, match="2026-11-20 is not on record"):
        ask(casebook)


def test_the_same_night_again_changes_no_row_not_even_a_timestamp(url: str) -> None:
    opened = Casebook.open(url)
    instants = iter(
        [datetime(2026, 11, 20, 2, 30, tzinfo=UTC) + timedelta(hours=h) for h in (0, 9)]
    )
    casebook = Casebook(opened.engine, clock=lambda: next(instants))
    first = casebook.record(night(FIRST, discrepancies(range(30))))
    before = dump(casebook)
    shuffled = discrepancies(range(30)).sample(frac=1, random_state=7).set_axis(range(100, 130))
    again = night(FIRST, shuffled)
    again = replace(again, councils=again.councils[::-1], sources=again.sources[::-1])
    second = casebook.record(again)
    assert (first.effect, second.effect) == (Effect.ADDED, Effect.UNCHANGED)
    assert dump(casebook) == before
    assert replace(second, effect=Effect.ADDED) == first


CHANGED = {
    "version": {"version": "1.2.4"},
    "outcome": {"outcome": NightOutcome.INCOMPLETE},
    "summary": {"summary": {"discrepancies": 31}},
    "councils": {"councils": (council(LEICESTER, assessed=False),)},
    "sources": {"sources": (source("cpli E06000016", rows=41),)},
    "providers": {"providers_not_assessed": frozenset({"P0001"})},
    "portals": {"portals_not_assessed": frozenset({LEICESTER})},
    "discrepancies": {"discrepancies": discrepancies(range(29))},
    "a value": {"discrepancies": discrepancies(range(30), council_value="14 h")},
    "a null": {"discrepancies": discrepancies(range(30), provider_id=None)},
    "a day": {"discrepancies": discrepancies(range(30), caseload_date=pd.Timestamp(FIRST))},
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED.keys())
def test_whatever_differs_replaces_the_night(
    casebook: Casebook, changed: dict[str, object]
) -> None:
    casebook.record(night(FIRST, discrepancies(range(30))))
    first = casebook.night(FIRST)
    other = replace(night(FIRST, discrepancies(range(30))), **changed)
    assert casebook.record(other).effect is Effect.REPLACED
    second = casebook.night(FIRST)
    assert first is not None
    assert second is not None
    assert second.scope == other.scope
    assert set(second.sources) == set(other.sources)
    assert second.discrepancies == len(casebook.discrepancies(FIRST)) == len(other.discrepancies)
    assert second.first_recorded_at == first.first_recorded_at
    assert second.first_recorded_at.tzinfo is UTC


def test_replacing_a_night_leaves_every_other_one_as_it_was(casebook: Casebook) -> None:
    for as_of in (FIRST, SECOND, THIRD):
        casebook.record(night(as_of, discrepancies(range(20))))
    before = [dump(casebook, as_of) for as_of in (FIRST, THIRD)]
    casebook.record(night(SECOND, discrepancies(range(5, 40)), missing=(RUTLAND,)))
    assert [dump(casebook, as_of) for as_of in (FIRST, THIRD)] == before


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (discrepancies(["a", "a"]), "discrepancy_id"),
        (discrepancies(["a"], type="no_such_type"), "type"),
        (discrepancies(["a"]).drop(columns="caveat"), "column_in_dataframe"),
        (discrepancies(["a"], council_value="ZZCOUNCILSAYS\0"), "NUL character in council_value"),
    ],
    ids=["twice", "vocabulary", "column", "nul"],
)
def test_a_frame_that_breaks_its_contract_is_refused_and_nothing_is_recorded(
    casebook: Casebook, frame: pd.DataFrame, said: str
) -> None:
    with pytest.raises(ContractBreach, match=said) as raised:
        casebook.record(night(FIRST, frame))
    assert "ZZ" not in str(raised.value)
    assert casebook.nights() == []


def test_the_callers_frame_is_left_alone(casebook: Casebook) -> None:
    frame = discrepancies(range(10)).sample(frac=1, random_state=3)
    before = frame.copy(deep=True)
    casebook.record(night(FIRST, frame))
    pd.testing.assert_frame_equal(frame, before)
