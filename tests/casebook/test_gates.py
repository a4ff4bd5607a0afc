"""What the gates made of each night stays on record, and what people let out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from nights.copies import Copied
from sqlalchemy import func, select, text

from casebook.gate_models import GATE_NIGHT, GATE_RELEASE, GATE_RESULT, HELD_FILE
from casebook.gates import PROFILES_KEPT_DAYS, REACH_DAYS, GateNight, Gates, Release
from casebook.models import HISTORY
from casebook.store import Casebook
from schemas.errors import ContractBreach
from schemas.gates import (
    Consequence,
    GateHistory,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
)

NIGHT = date(2026, 11, 20)
LEICESTER, RUTLAND = "E06000016", "E06000017"
CPLI, CASELOAD, PORTAL = GateSource.CPLI, GateSource.CASELOAD, GateSource.PORTAL
AT = datetime(2026, 11, 20, 8, 30, 15, 123456, tzinfo=UTC)


def nothing(casebook: Casebook) -> None:
    """Leave a casebook as it was opened."""


@pytest.fixture
def casebook(copied: Copied) -> Casebook:
    """Return an empty casebook in which it is always the same instant."""
    empty = copied(nothing)
    empty.clock = lambda: AT
    return empty


@pytest.fixture
def gates(casebook: Casebook) -> Gates:
    return Gates(casebook.engine, casebook.clock)


def result(
    gate: str = "rows",
    observed: float | None = 10.0,
    *,
    source: GateSource = CPLI,
    owner: str = LEICESTER,
    outcome: GateOutcome = GateOutcome.PASSED,
) -> GateResult:
    return GateResult(
        source=source,
        owner=owner,
        gate=gate,
        severity=GateSeverity.CRITICAL,
        outcome=outcome,
        consequence=Consequence.NONE,
        observed=observed,
        lowest=0.1,
        highest=None,
        usual=1 / 3,
        nights=7,
    )


def keep(
    gates: Gates,
    as_of: date,
    *results: GateResult,
    accepted: bool = True,
    profile: bytes | None = None,
) -> None:
    """Keep a night of the owners of these results."""
    judged = {(each.source, each.owner) for each in results}
    nights = [
        GateNight(source=source, owner=owner, accepted=accepted, profile=profile)
        for source, owner in sorted(judged)
    ]
    gates.keep(as_of, results=results, nights=nights, judged=judged)


def earlier(days: int) -> date:
    return NIGHT - timedelta(days=days)


def figures(gates: Gates, as_of: date = NIGHT) -> list[tuple[date, float]]:
    past = gates.past(as_of).figures
    return list(past[["as_of", "observed"]].itertuples(index=False, name=None))


def test_what_is_kept_comes_back_as_it_was(gates: Gates) -> None:
    made = (
        result(observed=0.1 + 0.2),
        result("usable_rows", None, outcome=GateOutcome.NOT_JUDGED),
        result("strangers_share", 1e-300, source=CASELOAD, owner="P1", outcome=GateOutcome.FAILED),
        replace(
            result(source=GateSource.RESULT), consequence=Consequence.HELD, nights=0, usual=None
        ),
    )
    keep(gates, NIGHT, *made)
    assert set(gates.results(NIGHT)) == set(made)
    assert gates.results(earlier(1)) == ()


def test_results_come_in_one_order_in_every_database(gates: Gates) -> None:
    owners = ("", "P1", "P-2", "p1", "E06000016", "a b", "Z")
    names = ("rows", "rows_kept", "rowsa", "a_b")
    made = [result(gate, owner=owner) for owner in owners for gate in names]
    keep(gates, NIGHT, *made[::-1])
    told = [(each.owner, each.gate) for each in gates.results(NIGHT)]
    assert told == sorted(told)
    histories = [(each.owner, each.gate) for each in gates.histories(NIGHT)]
    assert histories == told


def test_only_accepted_nights_say_what_is_usual(gates: Gates) -> None:
    keep(gates, earlier(3), result(observed=3.0))
    keep(gates, earlier(2), result(observed=2.0), accepted=False)
    keep(gates, earlier(1), result(observed=1.0))
    assert figures(gates) == [(earlier(3), 3.0), (earlier(1), 1.0)]


@pytest.mark.parametrize(
    ("outcome", "observed", "counts"),
    [
        (GateOutcome.PASSED, 5.0, True),
        (GateOutcome.RELEASED, 5.0, True),
        (GateOutcome.NOT_JUDGED, 5.0, True),
        (GateOutcome.FAILED, 5.0, False),
        (GateOutcome.NOT_JUDGED, None, False),
    ],
)
def test_figures_that_failed_and_gates_without_one_are_left_out(
    gates: Gates, outcome: GateOutcome, observed: float | None, counts: bool
) -> None:
    keep(gates, earlier(1), result(observed=observed, outcome=outcome))
    assert figures(gates) == ([(earlier(1), 5.0)] if counts else [])


def test_a_night_is_compared_with_those_before_it_within_reach(gates: Gates) -> None:
    for days in (REACH_DAYS + 1, REACH_DAYS, 1, 0, -1):
        keep(gates, earlier(days), result(observed=float(days)))
    assert [figure for _, figure in figures(gates)] == [REACH_DAYS, 1.0]
    assert [figure for _, figure in figures(gates, earlier(-2))] == [1.0, 0.0, -1.0]


def test_the_past_is_that_of_each_source_and_owner(gates: Gates) -> None:
    """One owner's night that was not accepted takes nothing from another's."""
    keep(gates, earlier(1), result(), result(source=PORTAL), result(owner=RUTLAND))
    keep(gates, earlier(1), result(source=PORTAL), accepted=False)
    told = gates.past(NIGHT).figures
    assert sorted(zip(told["source"], told["owner"], strict=True)) == [
        ("cpli", LEICESTER),
        ("cpli", RUTLAND),
    ]
    assert list(told.columns) == ["source", "owner", "gate", "as_of", "observed"]
    empty = gates.past(date(2020, 1, 1))
    assert list(empty.figures.columns) == list(told.columns)
    assert (len(empty.figures), empty.profiles, empty.releases) == (0, {}, ())


def test_of_caseloads_nothing_says_what_is_usual(gates: Gates) -> None:
    made = result("strangers_share", 0.9, source=CASELOAD, owner="P1")
    gates.keep(earlier(1), results=[made], nights=[], judged=[(CASELOAD, "")])
    assert figures(gates) == []


def test_what_was_judged_again_takes_the_place_of_what_stood_of_it_alone(gates: Gates) -> None:
    keep(
        gates, NIGHT, result(), result("usable_rows"), result(owner=RUTLAND), result(source=PORTAL)
    )
    keep(gates, earlier(1), result(observed=7.0))
    keep(gates, NIGHT, result("people_supported", 4.0))
    assert {(each.source, each.owner, each.gate) for each in gates.results(NIGHT)} == {
        (CPLI, LEICESTER, "people_supported"),
        (CPLI, RUTLAND, "rows"),
        (PORTAL, LEICESTER, "rows"),
    }
    assert [each.observed for each in gates.results(earlier(1))] == [7.0]


def test_of_caseloads_all_are_judged_together(gates: Gates) -> None:
    lists = [result(source=CASELOAD, owner=owner) for owner in ("", "P1", "P2")]
    gates.keep(NIGHT, results=[result(), *lists], nights=[], judged=[(CPLI, LEICESTER)])
    gates.keep(NIGHT, results=lists[:1], nights=[], judged=[(CASELOAD, "")])
    assert [(each.source, each.owner) for each in gates.results(NIGHT)] == [
        (CASELOAD, ""),
        (CPLI, LEICESTER),
    ]


def test_a_night_on_which_nothing_was_judged_leaves_all_as_it_was(gates: Gates) -> None:
    keep(gates, NIGHT, result(), profile=b"p")
    gates.keep(NIGHT, results=[], nights=[], judged=[])
    assert gates.results(NIGHT) == (result(),)
    gates.keep(NIGHT, results=[], nights=[], judged=[(CPLI, LEICESTER)])
    assert gates.results(NIGHT) == ()
    assert gates.past(earlier(-1)).profiles == {}


def test_a_night_that_fails_to_be_kept_is_not_kept_by_half(gates: Gates) -> None:
    keep(gates, NIGHT, result(observed=1.0), profile=b"p")
    with pytest.raises(ContractBreach, match="a fault of ours"):
        keep(gates, NIGHT, result(observed=2.0), result(observed=3.0))
    assert gates.results(NIGHT) == (result(observed=1.0),)
    assert gates.past(earlier(-1)).profiles[CPLI, LEICESTER] == (NIGHT, b"p")


def profiles(gates: Gates) -> dict[date, bool]:
    """Return by night whether a profile of Leicester's CPLIs is kept."""
    night = GATE_NIGHT.c
    with gates.engine.connect() as connection:
        rows = connection.execute(
            select(night.as_of, night.profile).where(night.owner == LEICESTER).order_by(night.as_of)
        )
        return {row.as_of: row.profile is not None for row in rows}


def test_the_latest_accepted_profile_is_the_one_to_compare_with(gates: Gates) -> None:
    keep(gates, earlier(4), result(), profile=b"\x00four")
    keep(gates, earlier(3), result(), profile=b"three", accepted=False)
    keep(gates, earlier(2), result())
    keep(gates, earlier(4), result(owner=RUTLAND), profile=b"rutland")
    keep(gates, NIGHT, result(), profile=b"tonight")
    assert gates.past(NIGHT).profiles == {
        (CPLI, LEICESTER): (earlier(4), b"\x00four"),
        (CPLI, RUTLAND): (earlier(4), b"rutland"),
    }
    assert gates.past(earlier(-1)).profiles[CPLI, LEICESTER] == (NIGHT, b"tonight")


def test_profiles_are_emptied_after_some_days_but_for_the_latest(gates: Gates) -> None:
    keep(gates, earlier(99), result(owner=RUTLAND), profile=b"the only one")
    for days in (30, PROFILES_KEPT_DAYS + 1, PROFILES_KEPT_DAYS, 1):
        keep(gates, earlier(days), result(), profile=b"p")
    keep(gates, NIGHT, result(), profile=b"p")
    assert profiles(gates) == {
        earlier(30): False,
        earlier(PROFILES_KEPT_DAYS + 1): False,
        earlier(PROFILES_KEPT_DAYS): True,
        earlier(1): True,
        NIGHT: True,
    }
    assert gates.past(NIGHT).profiles[CPLI, RUTLAND] == (earlier(99), b"the only one")


def test_the_latest_accepted_profile_outlives_nights_that_were_not(gates: Gates) -> None:
    """Nobody is ever compared with these: they go as soon as they are old."""
    keep(gates, earlier(40), result(), profile=b"good")
    for days in (30, 20, 1, 0):
        keep(gates, earlier(days), result(), profile=b"bad", accepted=False)
    assert profiles(gates) == {
        earlier(40): True,
        earlier(30): False,
        earlier(20): False,
        earlier(1): True,
        NIGHT: True,
    }
    assert gates.past(earlier(-1)).profiles[CPLI, LEICESTER] == (earlier(40), b"good")


def test_a_history_counts_what_was_judged_failed_and_let_out(gates: Gates) -> None:
    outcomes: Sequence[tuple[int, GateOutcome, float | None]] = (
        (90, GateOutcome.FAILED, 9.0),
        (5, GateOutcome.PASSED, 5.0),
        (4, GateOutcome.FAILED, 4.0),
        (3, GateOutcome.RELEASED, 3.0),
        (2, GateOutcome.NOT_JUDGED, None),
        (1, GateOutcome.NOT_JUDGED, 1.5),
        (0, GateOutcome.PASSED, 0.0),
        (-1, GateOutcome.FAILED, 8.0),
    )
    for days, outcome, observed in outcomes:
        keep(gates, earlier(days), result(observed=observed, outcome=outcome))
    told = ((5, 5.0), (4, 4.0), (3, 3.0), (1, 1.5), (0, 0.0))
    assert gates.histories(NIGHT) == (
        GateHistory(
            source=CPLI,
            owner=LEICESTER,
            gate="rows",
            judged=4,
            failed=2,
            released=1,
            observed=tuple((earlier(days), figure) for days, figure in told),
            last_failed=earlier(3),
        ),
    )
    [short] = gates.histories(NIGHT, days=1)
    assert (short.judged, short.failed, short.last_failed) == (1, 0, None)
    assert gates.histories(date(2020, 1, 1)) == ()


def let_out(**changes: object) -> Release:
    told = {
        "as_of": NIGHT,
        "owner": LEICESTER,
        "who": "jo",
        "reason": "A home closed.",
        "figures": {"cpli.rows": 0.1 + 0.2},
    }
    return Release(**told | changes)


def test_a_release_comes_back_as_it_was_with_its_instant(casebook: Casebook, gates: Gates) -> None:
    gates.release(let_out())
    assert gates.releases(NIGHT) == (let_out(at=AT),)
    assert gates.releases(earlier(1)) == ()
    [told] = gates.releases(NIGHT)
    assert told.at.tzinfo is not None


def test_a_release_covers_that_very_figure_of_that_gate(gates: Gates) -> None:
    gates.release(let_out())
    [told] = gates.releases(NIGHT)
    assert told.covers(result(observed=0.1 + 0.2))
    assert not told.covers(result(observed=0.3))
    assert not told.covers(result(observed=None))
    assert not told.covers(result(source=PORTAL, observed=0.1 + 0.2))
    assert not told.covers(result("usable_rows", 0.1 + 0.2))


def test_releases_of_earlier_nights_are_of_the_past_and_tonights_is_not(gates: Gates) -> None:
    gates.release(let_out(as_of=earlier(1), owner=RUTLAND))
    gates.release(let_out(as_of=earlier(400)))
    gates.release(let_out())
    told = [(each.as_of, each.owner) for each in gates.past(NIGHT).releases]
    assert told == [(earlier(1), RUTLAND), (earlier(400), LEICESTER)]


def numbers(gates: Gates) -> tuple[int, int]:
    with gates.engine.connect() as connection:
        count = select(func.count())
        one = connection.scalar(count.select_from(GATE_RELEASE))
        other = connection.scalar(count.select_from(HISTORY).where(HISTORY.c.what == "released"))
    return one, other


def test_the_same_release_twice_is_once(gates: Gates) -> None:
    gates.release(let_out())
    for again in (let_out(), let_out(who="al", reason="Once more.")):
        gates.release(again)
    assert gates.releases(NIGHT) == (let_out(at=AT),)
    assert numbers(gates) == (1, 1)
    swapped = {"cpli.a": 1.0, "cpli.b": 2.0}
    gates.release(let_out(figures=swapped))
    gates.release(let_out(figures=dict(reversed(swapped.items()))))
    assert numbers(gates) == (2, 2)


@pytest.mark.parametrize(
    "other", [{"as_of": earlier(1)}, {"owner": RUTLAND}, {"figures": {"cpli.rows": 0.3}}]
)
def test_another_night_owner_or_figure_is_another_release(
    gates: Gates, other: dict[str, object]
) -> None:
    gates.release(let_out())
    gates.release(let_out(**other))
    assert numbers(gates) == (2, 2)


TAMPERING = [
    "UPDATE gate_release SET who = 'al' WHERE number = 1",
    "UPDATE gate_release SET reason = 'no' WHERE number = 1",
    "UPDATE gate_release SET owner = 'E06000017' WHERE number = 1",
    "UPDATE gate_release SET figures = '{}' WHERE number = 1",
    "UPDATE gate_release SET as_of = '2026-11-19' WHERE number = 1",
    "UPDATE gate_release SET at = '2026-11-20 08:30:16.123456' WHERE number = 1",
    "UPDATE gate_release SET number = 7 WHERE number = 1",
    "DELETE FROM gate_release WHERE number = 1",
    "DELETE FROM gate_release WHERE number = 2",
    (
        "INSERT INTO gate_release (number, as_of, owner, at, who, reason, figures) VALUES"
        " (3, '2026-11-20', 'E06000017', '2026-11-20 08:30:15', 'jo', 'yes', '{}')"
    ),
    "UPDATE history SET who = 'al' WHERE number = 2",
    "DELETE FROM history WHERE number = 2",
    "DELETE FROM history WHERE number = 3",
]


def two_releases(casebook: Casebook) -> None:
    """Let out two councils of a night."""
    casebook.clock = lambda: AT
    gates = Gates(casebook.engine, casebook.clock)
    gates.release(let_out())
    gates.release(let_out(owner=RUTLAND))
    assert casebook.verify().broken == ""
    assert casebook.verify().entries == 3  # the first is about the service levels


@pytest.mark.parametrize("tampering", TAMPERING, ids=lambda each: each[:60])
def test_a_release_stands_in_the_history_which_breaks_where_it_is_changed(
    copied: Copied, tampering: str
) -> None:
    casebook = copied(two_releases)
    with casebook.engine.begin() as connection:
        assert connection.execute(text(tampering)).rowcount == 1
    assert casebook.verify().broken


def test_the_history_says_who_let_out_what_night_but_not_why_or_which_figure(
    casebook: Casebook, gates: Gates
) -> None:
    gates.release(let_out(reason="Mrs Zebrowska moved."))
    with casebook.engine.connect() as connection:
        released = select(HISTORY).where(HISTORY.c.what == "released")
        [entry] = connection.execute(released).mappings()
    assert (entry["night"], entry["who"], entry["what"]) == (NIGHT, "jo", "released")
    assert "Zebrowska" not in json.dumps(dict(entry), default=str)


def held(gates: Gates, as_of: date = NIGHT) -> dict[tuple[str, str], bytes]:
    return {(part, name): content for part, name, content in gates.held(as_of)}


def test_frames_are_held_by_part_and_replaced_by_part(gates: Gates) -> None:
    first = [("council", "b", b"\x00\xff"), ("council", "a", b""), ("lists", "a", b"list")]
    gates.keep_held(NIGHT, first, parts=("council", "lists"))
    assert list(gates.held(NIGHT)) == sorted(first)
    assert gates.held_parts(NIGHT) == {"council", "lists"}
    gates.keep_held(NIGHT, iter([("council", "c", b"new")]), parts=("council",))
    assert held(gates) == {("council", "c"): b"new", ("lists", "a"): b"list"}
    gates.keep_held(NIGHT, [], parts=("lists",))
    assert gates.held_parts(NIGHT) == {"council"}
    gates.keep_held(NIGHT, [], parts=())
    assert gates.held_parts(NIGHT) == {"council"}


@pytest.mark.parametrize("other", [earlier(1), earlier(-1)])
def test_what_was_held_of_another_night_stays_until_it_is_let_go(gates: Gates, other: date) -> None:
    gates.keep_held(other, [("council", "a", b"old"), ("lists", "a", b"old")], parts=("council",))
    gates.keep_held(NIGHT, [("council", "a", b"new")], parts=("council",))
    assert gates.held_parts(other) == {"council", "lists"}
    assert held(gates) == {("council", "a"): b"new"}
    gates.let_go(before=max(other, NIGHT))
    assert (held(gates, other) == {}) is (other < NIGHT)
    assert (held(gates) == {}) is (other > NIGHT)


@pytest.mark.parametrize(("of", "left"), [(0, True), (-1, False), (1, True)])
def test_letting_go_removes_the_nights_before_a_day(gates: Gates, of: int, left: bool) -> None:
    gates.keep_held(NIGHT, [("council", "a", b"x")], parts=("council",))
    gates.let_go(before=earlier(of))
    assert (held(gates) != {}) is left
    with gates.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(HELD_FILE)) == int(left)


def test_files_that_cannot_all_be_held_leave_what_was_held(gates: Gates) -> None:
    gates.keep_held(NIGHT, [("council", "a", b"old")], parts=("council",))

    def broken():
        yield ("council", "a", b"new")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        gates.keep_held(NIGHT, broken(), parts=("council",))
    assert held(gates) == {("council", "a"): b"old"}


def test_nothing_but_the_profile_and_the_held_frames_is_personal() -> None:
    personal = {
        f"{table.name}.{column.name}"
        for table in (GATE_RESULT, GATE_NIGHT, GATE_RELEASE, HELD_FILE)
        for column in table.columns
        if column.info["personal"]
    }
    assert personal == {"gate_night.profile", "held_file.content"}
