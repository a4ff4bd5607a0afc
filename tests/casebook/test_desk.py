"""What people may do with cases: together or not at all, once, and never over somebody's head."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from nights.copies import Copied
from nights.examples import FIRST, SECOND, discrepancies, discrepancy_id, night
from sqlalchemy import select

from casebook.actions import (
    Action,
    Answer,
    ChangedMeanwhile,
    NotAllowed,
    Ruling,
    Step,
)
from casebook.database import reading
from casebook.desk import Desk
from casebook.history import What
from casebook.models import CASE_ACTION, HISTORY
from casebook.store import Casebook
from schemas.vocabularies import DiscrepancyType

MORNING = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
ONE, TWO, THREE = (discrepancy_id(name) for name in "012")
ASSIGN = Step(action=Action.ASSIGN, team="North", worker="jo")
RESOLVE = Step(action=Action.RESOLVE, reason="other", note="ZZNOTE rang the home")


@pytest.fixture
def desk(copied: Copied) -> Desk:
    """Return a desk with forty cases, all types among them."""
    casebook = copied(forty_cases)
    casebook.clock = lambda: MORNING
    return Desk(casebook)


def forty_cases(casebook: Casebook) -> None:
    casebook.clock = lambda: MORNING
    casebook.record(night(FIRST, discrepancies(range(40))))


def version(desk: Desk, case: str) -> int:
    return int(desk.casebook.cases().loc[case, "version"])


def whatever(*cases: str) -> dict[str, int | None]:
    return dict.fromkeys(cases)


def states(desk: Desk, cases: Iterable[str]) -> list[str]:
    found = desk.casebook.cases()["state"]
    return [str(found[case]) for case in cases]


def of_type(desk: Desk, kind: DiscrepancyType) -> str:
    cases = desk.casebook.cases(kind=kind)
    return str(cases.index[0])


def actions(desk: Desk) -> list[dict[str, Any]]:
    with reading(desk.engine) as connection:
        rows = connection.execute(select(CASE_ACTION).order_by(CASE_ACTION.c.number)).mappings()
        return [dict(row) for row in rows]


def history(desk: Desk, *whats: What) -> list[tuple[Any, ...]]:
    entry = HISTORY.c
    columns = (entry.who, entry.discrepancy_id, entry.what, entry.before, entry.after)
    query = select(*columns).where(entry.what.in_(whats)).order_by(entry.number)
    with reading(desk.engine) as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_an_action_changes_the_case_and_tells_the_history_who_and_from_what_to_what(
    desk: Desk,
) -> None:
    desk.act(ASSIGN, whatever(ONE), who="jo")
    desk.act(RESOLVE, whatever(ONE), who="al")
    assert states(desk, [ONE]) == ["resolved"]
    assert history(desk, What.ACTED, What.ASSIGNED) == [
        ("jo", ONE, "acted", "open", "in_progress"),
        ("jo", ONE, "assigned", " / ", "North / jo"),
        ("al", ONE, "acted", "in_progress", "resolved"),
    ]
    assert desk.casebook.verify().broken == ""


def test_the_second_of_two_who_settle_a_case_is_told_what_the_first_did(desk: Desk) -> None:
    seen = version(desk, ONE)
    desk.act(RESOLVE, {ONE: seen}, who="jo")
    with pytest.raises(ChangedMeanwhile, match="by jo: it is resolved now") as told:
        desk.act(ASSIGN, {ONE: seen}, who="al")
    assert [(change["who"], change["after"]) for change in told.value.changes] == [
        ("jo", "resolved")
    ]
    assert len(actions(desk)) == 1


def test_of_many_who_settle_a_case_at_once_one_does(desk: Desk) -> None:
    seen = version(desk, ONE)
    outcomes: list[str] = []

    def settle(who: str) -> None:
        try:
            Desk(Casebook(desk.engine, clock=lambda: MORNING)).act(RESOLVE, {ONE: seen}, who=who)
            outcomes.append("settled")
        except ChangedMeanwhile:
            outcomes.append("told")

    threads = [threading.Thread(target=settle, args=(f"worker {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["settled", "told", "told", "told"]
    assert len(actions(desk)) == 1
    assert desk.casebook.verify().broken == ""


def test_a_night_that_says_something_else_of_a_case_counts_as_a_change(desk: Desk) -> None:
    seen = version(desk, ONE)
    desk.casebook.record(night(SECOND, discrepancies(range(40), provider_value="other")))
    with pytest.raises(ChangedMeanwhile, match=f"by the night of {SECOND}"):
        desk.act(RESOLVE, {ONE: seen}, who="jo")


def test_a_night_on_which_a_case_merely_lasts_is_no_change(desk: Desk) -> None:
    seen = version(desk, ONE)
    desk.casebook.record(night(SECOND, discrepancies(range(40))))
    desk.act(RESOLVE, {ONE: seen}, who="jo")
    assert states(desk, [ONE]) == ["resolved"]


@pytest.mark.parametrize(
    ("step", "cases"),
    [
        (RESOLVE, {ONE: None, TWO: None, THREE: 1}),
        (Step(action=Action.REOPEN), {ONE: None, TWO: None, THREE: None}),
        (RESOLVE, {ONE: None, TWO: None, "f" * 32: None}),
        (
            Step(action=Action.RESOLVE, reason="caseload_sent"),
            {ONE: None, TWO: None, THREE: None},
        ),
    ],
    ids=["one was changed", "one is in the wrong state", "one is unknown", "no reason for one"],
)
def test_many_cases_are_settled_together_or_not_at_all(
    desk: Desk, step: Step, cases: dict[str, int | None]
) -> None:
    desk.act(RESOLVE, whatever(TWO), who="jo")
    before = states(desk, [ONE, TWO, THREE])
    with pytest.raises((NotAllowed, ChangedMeanwhile)):
        desk.act(step, cases, who="jo")
    assert states(desk, [ONE, TWO, THREE]) == before
    assert len(actions(desk)) == 1


def test_many_cases_are_assigned_and_resolved_at_once(desk: Desk) -> None:
    cases = {case: int(seen) for case, seen in desk.casebook.cases()["version"].items()}
    then = desk.act(ASSIGN, cases, who="jo")
    assert set(states(desk, cases)) == {"in_progress"}
    desk.act(RESOLVE, then, who="jo")
    assert set(states(desk, cases)) == {"resolved"}
    assert len(actions(desk)) == 80
    assert desk.casebook.verify().broken == ""


def test_what_is_asked_for_twice_is_done_once(desk: Desk) -> None:
    seen = {case: version(desk, case) for case in (ONE, TWO)}
    first = desk.act(RESOLVE, seen, who="jo", request="a")
    assert desk.act(RESOLVE, seen, who="jo", request="a") == first
    assert len(actions(desk)) == 2


@pytest.mark.parametrize(
    ("step", "case", "who"),
    [
        (RESOLVE, THREE, "jo"),
        (RESOLVE, ONE, "al"),
        (Step(action=Action.RESOLVE, reason="other", note="something else"), ONE, "jo"),
        (ASSIGN, ONE, "jo"),
    ],
    ids=["of another case", "of somebody else", "with another note", "for another action"],
)
def test_another_request_of_the_same_name_is_refused(
    desk: Desk, step: Step, case: str, who: str
) -> None:
    desk.act(RESOLVE, whatever(ONE), who="jo", request="a")
    with pytest.raises(NotAllowed, match="Another request was made by this name"):
        desk.act(step, whatever(case), who=who, request="a")
    assert len(actions(desk)) == 1


def test_what_is_incomplete_is_refused_and_changes_nothing(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="Say why the case is resolved"):
        desk.act(Step(action=Action.RESOLVE), whatever(ONE), who="jo")
    assert actions(desk) == []


def test_a_ruling_names_a_council_that_a_night_knows(desk: Desk) -> None:
    case = of_type(desk, DiscrepancyType.POSSIBLE_MATCH)
    step = Step(
        action=Action.RULE,
        ruling=Ruling.SAME_PERSON,
        note="rang the home",
        local_authority="Rutland",
        person_id="7",
    )
    with pytest.raises(NotAllowed, match="No night on record knows the council"):
        desk.act(step, whatever(case), who="jo")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u202eb", "\udcff", "x" * 201])
def test_a_name_is_short_and_can_be_seen(desk: Desk, name: str) -> None:
    for step, who, request in (
        (Step(action=Action.ASSIGN, team=name), "jo", None),
        (Step(action=Action.ASSIGN, worker=name), "jo", None),
        (ASSIGN, name, None),
        (ASSIGN, "jo", name),
    ):
        with pytest.raises(NotAllowed, match="A name has at most 200 characters"):
            desk.act(step, whatever(ONE), who=who, request=request)
    with pytest.raises(NotAllowed, match="Give the request a name"):
        desk.act(ASSIGN, whatever(ONE), who="jo", request=" ")
    assert actions(desk) == []


def test_somebody_must_act_on_something(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="at least one case"):
        desk.act(RESOLVE, {}, who="jo")
    with pytest.raises(NotAllowed, match="who acts"):
        desk.act(RESOLVE, whatever(ONE), who=" ")


def test_without_a_night_there_is_nothing_to_act_on(casebook: Casebook) -> None:
    with pytest.raises(NotAllowed, match="no such case"):
        Desk(casebook).act(RESOLVE, whatever(ONE), who="jo")


def test_only_the_provider_of_a_case_can_answer_it(desk: Desk) -> None:
    answer = Step(action=Action.ANSWER, provider_id="P0000", answer=Answer.NOT_OURS, note="ZZ gone")
    desk.act(answer, whatever(ONE), who="provider P0000")
    assert states(desk, [ONE]) == ["awaiting_council"]
    with pytest.raises(NotAllowed, match="no such case of this provider"):
        desk.act(answer, whatever(TWO), who="provider P0000")
    assert [(each["answer"], each["note"]) for each in actions(desk)] == [("not_ours", "ZZ gone")]


def test_an_answer_to_a_settled_case_is_kept_and_leaves_it_settled(desk: Desk) -> None:
    desk.act(RESOLVE, whatever(ONE), who="jo")
    answer = Step(action=Action.ANSWER, provider_id="P0000", answer=Answer.ENDED, answer_date=FIRST)
    desk.act(answer, whatever(ONE), who="provider P0000")
    assert states(desk, [ONE]) == ["resolved"]
    assert actions(desk)[-1]["answer_date"] == FIRST


def test_a_reason_that_does_not_fit_the_type_is_refused(desk: Desk) -> None:
    case = of_type(desk, DiscrepancyType.POSSIBLE_MATCH)
    with pytest.raises(NotAllowed, match="does not fit possible_match"):
        desk.act(Step(action=Action.RESOLVE, reason="caseload_sent"), whatever(case), who="jo")


def test_a_ruling_needs_entries_that_are_known(desk: Desk) -> None:
    case = of_type(desk, DiscrepancyType.POSSIBLE_MATCH)
    step = Step(action=Action.RULE, ruling=Ruling.SAME_PERSON, note="rang the home")
    with pytest.raises(NotAllowed, match="Run the night again"):
        desk.act(step, whatever(case), who="jo")


def test_a_ruling_is_taken_back_once_and_only_from_its_own_case(desk: Desk) -> None:
    case = of_type(desk, DiscrepancyType.DUPLICATE_CPLI)
    rule = Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="two visits a day")
    desk.act(rule, whatever(case), who="jo")
    number = actions(desk)[-1]["number"]
    back = Step(action=Action.REVERSE, reverses=number, note="it was one after all")
    with pytest.raises(NotAllowed, match="no such decision of this case"):
        desk.act(back, whatever(ONE), who="jo")
    desk.act(RESOLVE, whatever(ONE), who="jo")
    with pytest.raises(NotAllowed, match="one case's at a time"):
        desk.act(back, whatever(case, ONE), who="jo")
    assert states(desk, [case, ONE]) == ["resolved", "resolved"]
    desk.act(back, whatever(case), who="jo")
    assert states(desk, [case]) == ["open"]
    with pytest.raises(NotAllowed, match="taken back already"):
        desk.act(back, whatever(case), who="jo")


def test_a_ruling_is_heeded_from_the_next_night_on_and_not_by_its_own(desk: Desk) -> None:
    case = of_type(desk, DiscrepancyType.DUPLICATE_CPLI)
    rule = Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="two visits a day")
    desk.act(rule, whatever(case), who="jo")
    assert desk.casebook.rulings(FIRST).not_duplicates.empty
    ruled = desk.casebook.rulings(SECOND).not_duplicates
    held = desk.casebook.cases().loc[case]
    assert ruled[["local_authority", "cpli_ids"]].iloc[0].tolist() == [
        held["local_authority"],
        held["cpli_ids"],
    ]


def test_the_history_of_actions_holds_nobody_and_their_change_shows(desk: Desk) -> None:
    desk.act(RESOLVE, whatever(ONE), who="jo")
    with reading(desk.engine) as connection:
        assert "ZZ" not in repr(connection.execute(HISTORY.select()).all())
    with desk.engine.begin() as connection:
        connection.execute(CASE_ACTION.update().values(note="ZZNOTE something else"))
    assert "is not what the history says (somebody did" in desk.casebook.verify().broken


def test_an_action_that_is_removed_or_slipped_in_shows(desk: Desk) -> None:
    desk.act(RESOLVE, whatever(ONE), who="jo")
    [row] = actions(desk)
    with desk.engine.begin() as connection:
        connection.execute(CASE_ACTION.delete())
    assert f"case {ONE} is not what the history says" in desk.casebook.verify().broken
    with desk.engine.begin() as connection:
        connection.execute(CASE_ACTION.insert().values(**row))
    assert desk.casebook.verify().broken == ""
    with desk.engine.begin() as connection:
        connection.execute(CASE_ACTION.insert().values(**row | {"number": 2, "who": "al"}))
    assert f"case {ONE} is not what the history says" in desk.casebook.verify().broken
