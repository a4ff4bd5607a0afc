"""What an action needs, and which reasons fit which type: tables that every form goes by."""

import re
from datetime import date
from pathlib import Path

import pytest
from nights.examples import FIRST, SECOND

from casebook.actions import (
    FITS,
    FROM,
    SETTLED,
    TO,
    Acceptance,
    Action,
    Answer,
    Resolution,
    Ruling,
    Step,
    incomplete,
    reasons_for,
    unfit,
)
from casebook.record import CaseState
from schemas.vocabularies import DiscrepancyType

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step(action=Action.ASSIGN), "to which team or which worker"),
        (Step(action=Action.ASSIGN, team="  "), "to which team or which worker"),
        (Step(action=Action.ASSIGN, team="a\0b"), "none that cannot be seen"),
        (Step(action=Action.NOTE, note=" "), "Write the note"),
        (Step(action=Action.NOTE, note="x" * 4001), "too long. Write at most 4,000"),
        (Step(action=Action.NOTE, note="a\0b"), "a character that cannot be kept"),
        (Step(action=Action.NOTE, note="a\udcffb"), "a character that cannot be kept"),
        (Step(action=Action.RESOLVE), "Say why the case is resolved"),
        (Step(action=Action.RESOLVE, reason="agreed_difference"), "Say why the case is resolved"),
        (Step(action=Action.RESOLVE, reason="other"), "Say in the note"),
        (Step(action=Action.ACCEPT, expires_on=date(2027, 1, 1)), "Say why the case is accepted"),
        (Step(action=Action.ACCEPT, reason="agreed_difference"), "until which day"),
        (Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=FIRST), "until which"),
        (
            Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=date(2027, 11, 21)),
            "at most 366 days",
        ),
        (Step(action=Action.RULE, note="rang"), "Say what is decided"),
        (Step(action=Action.RULE, ruling=Ruling.SAME_PERSON), "Say why"),
        (Step(action=Action.REVERSE, note="wrong"), "Say which decision"),
        (Step(action=Action.REVERSE, reverses=1), "Say why"),
        (Step(action=Action.ANSWER, provider_id="P0000"), "Say what the provider answers"),
        (
            Step(action=Action.ANSWER, provider_id="P0000", answer=Answer.ENDED),
            "Say the day that goes with “Ended on”",
        ),
        (
            Step(
                action=Action.ANSWER,
                provider_id="P0000",
                answer=Answer.STILL_SUPPORTED,
                answer_date=SECOND,
            ),
            "cannot have begun after today",
        ),
    ],
)
def test_what_is_incomplete_is_said_in_a_sentence_that_says_what_to_do(
    step: Step, said: str
) -> None:
    told = incomplete(step, today=FIRST)
    assert re.search(said, told)
    assert "ZZ" not in told


COMPLETE = [
    Step(action=Action.ASSIGN, worker="jo"),
    Step(action=Action.RELEASE),
    Step(action=Action.RESOLVE, reason="cpli_added"),
    Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=SECOND),
    Step(action=Action.ACCEPT, reason="agreed_difference", expires_on=date(2027, 11, 20)),
    Step(action=Action.NOTE, note="x" * 4000),
    Step(action=Action.RULE, ruling=Ruling.SAME_PERSON, note="rang"),
    Step(action=Action.REVERSE, reverses=1, note="wrong"),
    Step(action=Action.ANSWER, provider_id="P0000", answer=Answer.NOT_OURS),
    Step(action=Action.ANSWER, provider_id="P0000", answer=Answer.ENDED, answer_date=SECOND),
]


@pytest.mark.parametrize("step", COMPLETE, ids=repr)
def test_what_is_complete_is_taken(step: Step) -> None:
    assert incomplete(step, today=FIRST) == ""


@pytest.mark.parametrize("kind", list(DiscrepancyType), ids=str)
@pytest.mark.parametrize("reason", list(Resolution), ids=str)
def test_a_case_is_resolved_for_the_reasons_that_fit_its_type_and_no_others(
    kind: DiscrepancyType, reason: Resolution
) -> None:
    step = Step(action=Action.RESOLVE, reason=reason.value, note="rang the home")
    refused = unfit(step, kind=kind, state=CaseState.OPEN, provider_id="P0000")
    assert bool(refused) is (reason not in reasons_for(kind))


@pytest.mark.parametrize("kind", list(DiscrepancyType), ids=str)
@pytest.mark.parametrize("ruling", list(Ruling), ids=str)
def test_a_ruling_is_made_of_the_types_that_it_fits(kind: DiscrepancyType, ruling: Ruling) -> None:
    step = Step(action=Action.RULE, ruling=ruling, note="rang the home")
    refused = unfit(step, kind=kind, state=CaseState.OPEN, provider_id="P0000")
    assert bool(refused) is (kind not in FITS[Resolution(ruling.value)])


def test_every_type_can_be_resolved_and_every_reason_fits_some_type() -> None:
    assert all(len(reasons_for(kind)) >= 2 for kind in DiscrepancyType)
    assert all(FITS[reason] for reason in Resolution)
    assert set(FITS) == set(Resolution)
    assert set(Ruling.codes()) < set(Resolution.codes())
    assert Acceptance.OTHER.value == Resolution.OTHER.value


def test_the_document_says_which_reason_fits_which_type() -> None:
    document = (ROOT / "docs" / "casebook.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", document, re.MULTILINE))
    for reason in Resolution:
        named = {DiscrepancyType(code) for code in re.findall(r"`(\w+)`", told[reason.value])}
        but = told[reason.value].startswith("all")
        assert FITS[reason] == (frozenset(DiscrepancyType) - named if but else named), reason
    assert [code for code in Acceptance.codes() if f"| `{code}` |" not in document] == []


def test_every_action_has_states_to_be_taken_in_and_the_settled_ones_are_left_by_reopening() -> (
    None
):
    assert set(FROM) == set(Action)
    leaving = {action for action, states in FROM.items() if states & SETTLED and action in TO}
    assert leaving == {Action.REOPEN, Action.ACCEPT}
    assert FROM[Action.ACCEPT] & SETTLED == {CaseState.ACCEPTED}
