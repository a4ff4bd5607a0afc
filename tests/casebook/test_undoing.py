"""Who may undo what, until when, and that nothing else is changed by it."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from nights.copies import Copied
from nights.examples import FIRST, SECOND, discrepancies, discrepancy_id, night
from sqlalchemy import select

from casebook.actions import UNDOABLE, Action, Answer, NotAllowed, Ruling, Step
from casebook.database import reading
from casebook.desk import Desk
from casebook.measures import Settled
from casebook.models import CASE_ACTION, HISTORY
from casebook.store import Casebook
from casebook.worklist import CaseFile, Worklist
from schemas.vocabularies import DiscrepancyType

MORNING = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
ONE, TWO = (discrepancy_id(name) for name in "01")
UNDO = Step(action=Action.UNDO)
ASSIGN = Step(action=Action.ASSIGN, team="North", worker="jo")
RESOLVE = Step(action=Action.RESOLVE, reason="other", note="ZZNOTE rang the home")
CHANGED = "Something has happened to the case since"


@pytest.fixture
def desk(copied: Copied) -> Desk:
    """Return a desk with forty cases, all types among them."""
    casebook = copied(forty_cases)
    casebook.clock = lambda: MORNING
    return Desk(casebook)


def forty_cases(casebook: Casebook) -> None:
    casebook.clock = lambda: MORNING
    casebook.record(night(FIRST, discrepancies(range(40))))


def does(desk: Desk, step: Step, *cases: str, who: str = "jo") -> None:
    desk.act(step, dict.fromkeys(cases or (ONE,)), who=who)


def state(desk: Desk, case: str = ONE) -> str:
    return str(desk.casebook.cases().loc[case, "state"])


def on_file(desk: Desk, case: str = ONE) -> CaseFile:
    found = Worklist(desk.casebook).case(case, councils=None)
    assert found is not None
    return found


def test_undoing_is_an_action_of_its_own_and_removes_nothing(desk: Desk) -> None:
    does(desk, ASSIGN)
    does(desk, RESOLVE)
    does(desk, UNDO)
    case = on_file(desk)
    assert (case.case["state"], case.case["worker"]) == ("in_progress", "jo")
    assert [action["action"] for action in case.actions] == ["assign", "resolve", "undo"]
    assert case.actions[2]["reverses"] == case.actions[1]["number"]
    assert case.actions[2]["state"] is None
    acted = [
        (entry["before"], entry["after"]) for entry in case.history if entry["what"] == "acted"
    ]
    assert acted[-1] == ("resolved", "in_progress")
    assert desk.casebook.verify().broken == ""


def test_many_cases_are_undone_together_or_none(desk: Desk) -> None:
    does(desk, RESOLVE, ONE, TWO)
    does(desk, Step(action=Action.NOTE, note="rang"), TWO)
    with pytest.raises(NotAllowed, match=TWO):
        does(desk, UNDO, ONE, TWO)
    assert state(desk) == "resolved"
    does(desk, UNDO)
    assert (state(desk), state(desk, TWO)) == ("open", "resolved")


def test_the_same_request_undoes_once(desk: Desk) -> None:
    does(desk, ASSIGN)
    does(desk, RESOLVE)
    for _ in range(2):
        desk.act(UNDO, {ONE: None}, who="jo", request="a name")
    assert state(desk) == "in_progress"


def test_one_step_is_undone_and_not_the_one_before_it(desk: Desk) -> None:
    does(desk, ASSIGN)
    does(desk, RESOLVE)
    does(desk, UNDO)
    with pytest.raises(NotAllowed, match="“Undo the last step” cannot be undone"):
        does(desk, UNDO)
    assert state(desk) == "in_progress"


def test_nobody_undoes_what_somebody_else_did_or_what_was_done_on_another_day(
    desk: Desk,
) -> None:
    does(desk, RESOLVE)
    with pytest.raises(NotAllowed, match="by whoever took it"):
        does(desk, UNDO, who="al")
    desk.casebook.clock = lambda: MORNING + timedelta(days=1)
    with pytest.raises(NotAllowed, match="on its own day"):
        does(desk, UNDO)
    assert state(desk) == "resolved"


def test_nothing_is_undone_once_a_night_or_a_note_has_followed(desk: Desk) -> None:
    does(desk, RESOLVE, ONE, TWO)
    does(desk, Step(action=Action.NOTE, note="rang"), TWO, who="jo")
    with pytest.raises(NotAllowed, match="“Add a note” cannot be undone"):
        does(desk, UNDO, TWO)
    changed = discrepancies(range(40), provider_value="something else")
    desk.casebook.record(night(FIRST, changed))
    with pytest.raises(NotAllowed, match=CHANGED):
        does(desk, UNDO)
    does(desk, RESOLVE)
    desk.casebook.record(night(SECOND, changed))
    with pytest.raises(NotAllowed, match=CHANGED):
        does(desk, UNDO)
    with pytest.raises(NotAllowed, match=CHANGED):
        does(desk, UNDO, discrepancy_id("7"))


def test_a_note_an_answer_and_a_ruling_cannot_be_undone(desk: Desk) -> None:
    duplicate = str(desk.casebook.cases(kind=DiscrepancyType.DUPLICATE_CPLI).index[0])
    answer = Step(action=Action.ANSWER, answer=Answer.NOT_OURS, provider_id="P0000")
    rule = Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="two visits a day")
    for step, case in ((answer, ONE), (rule, duplicate)):
        does(desk, step, case)
        before = state(desk, case)
        with pytest.raises(NotAllowed, match="cannot be undone"):
            does(desk, UNDO, case)
        assert state(desk, case) == before
    assert {Action.NOTE, Action.ANSWER, Action.RULE, Action.REVERSE, Action.UNDO} == (
        set(Action) - UNDOABLE
    )


def test_what_was_undone_is_no_settlement_and_is_not_told(desk: Desk) -> None:
    does(desk, RESOLVE)
    does(desk, UNDO)
    settled = desk.casebook.measures().settled.set_index("how")["cases"]
    assert settled[Settled.RESOLVED.value] == 0
    told = desk.casebook.told(since=FIRST).set_index("discrepancy_id")
    assert pd.isna(told.loc[ONE, "because"])


def test_a_page_offers_to_undo_to_whoever_may(desk: Desk) -> None:
    worklist = Worklist(desk.casebook)
    assert not worklist.undoable(on_file(desk), "jo")
    does(desk, ASSIGN)
    assert worklist.undoable(on_file(desk), "jo")
    assert not worklist.undoable(on_file(desk), "al")
    assert not worklist.undoable(on_file(desk), "jo", on=SECOND)
    assert Action.UNDO in worklist.offers(on_file(desk), "jo")
    assert Action.UNDO not in worklist.offers(on_file(desk), "al")
    desk.casebook.record(night(SECOND, discrepancies(range(40))))
    assert not worklist.undoable(on_file(desk), "jo")


STEPS = {
    Action.ASSIGN: ASSIGN,
    Action.RESOLVE: RESOLVE,
    Action.ACCEPT: Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=SECOND),
    Action.NOTE: Step(action=Action.NOTE, note="rang"),
}


@pytest.mark.parametrize("before", [None, *sorted(STEPS)], ids=str)
def test_what_is_offered_is_what_the_desk_takes(desk: Desk, before: Action | None) -> None:
    cases = [discrepancy_id(str(number)) for number in range(19)]
    if before is not None:
        does(desk, STEPS[before], *cases)
    number = 0
    for case in cases:
        file = on_file(desk, case)
        offered = Worklist(desk.casebook).offers(file, "jo")
        for action in Action:
            if action in (Action.RULE, Action.REVERSE, Action.ANSWER):
                continue
            number += 1
            if number % 5:
                continue
            step = STEPS.get(action, Step(action=action))
            try:
                desk.act(step, {case: None}, who="jo")
                taken = True
            except NotAllowed:
                taken = False
            assert taken is (action in offered), (file.case["type"], file.case["state"], action)
            if taken:
                break


def test_a_ruling_that_holds_can_be_taken_back_and_no_other(desk: Desk) -> None:
    case = str(desk.casebook.cases(kind=DiscrepancyType.DUPLICATE_CPLI).index[0])
    worklist = Worklist(desk.casebook)
    assert Action.RULE in worklist.offers(on_file(desk, case), "jo")
    assert Action.RULE not in worklist.offers(on_file(desk, ONE), "jo")
    does(desk, Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="two visits"), case)
    assert Action.REVERSE in worklist.offers(on_file(desk, case), "jo")
    [ruling] = on_file(desk, case).actions
    does(desk, Step(action=Action.REVERSE, reverses=ruling["number"], note="one"), case)
    assert Action.REVERSE not in worklist.offers(on_file(desk, case), "jo")


def test_a_ruling_that_is_taken_back_leaves_a_later_settlement_as_it_is(desk: Desk) -> None:
    case = str(desk.casebook.cases(kind=DiscrepancyType.DUPLICATE_CPLI).index[0])
    does(desk, Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="two visits"), case)
    [ruling] = on_file(desk, case).actions
    does(desk, Step(action=Action.REOPEN), case)
    does(desk, RESOLVE, case)
    does(desk, Step(action=Action.REVERSE, reverses=ruling["number"], note="one"), case)
    assert state(desk, case) == "resolved"


def test_the_history_says_of_every_action_what_it_was(desk: Desk) -> None:
    does(desk, RESOLVE)
    does(desk, UNDO)
    with reading(desk.engine) as connection:
        evidence = select(HISTORY.c.evidence).where(HISTORY.c.evidence.is_not(None))
        assert len(connection.scalars(evidence).all()) == 2
    with desk.engine.begin() as connection:
        connection.execute(
            CASE_ACTION.update().where(CASE_ACTION.c.action == "undo").values(reverses=None)
        )
    assert "is not what the history says" in desk.casebook.verify().broken
