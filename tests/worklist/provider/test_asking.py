"""What providers are asked: a question and answers that fit, for every kind of difference."""

import re

import pytest

from casebook.actions import Answer
from publishing.notices.facts import GROUPS, Group, Item
from schemas.vocabularies import DiscrepancyType, ServiceType
from worklist.provider.asking import CHOICES, QUESTIONS, question

JARGON = re.compile(r"\b(?:CPLI|caseload|discrepanc|reconcil|commission)", re.IGNORECASE)


def item(**changes: str) -> Item:
    facts = {
        "initials": "AB",
        "born": "1938",
        "service": "Home Support",
        **dict.fromkeys(("case", "council", "person", "found", "record", "said", "to_do"), ""),
    }
    return Item(group=Group.NOT_LISTED, **{**facts, **changes})


def test_every_kind_that_a_provider_is_told_of_has_a_question() -> None:
    assert set(QUESTIONS) == set(GROUPS)


@pytest.mark.parametrize("kind", GROUPS)
def test_a_question_has_three_or_four_answers_and_always_something_else(
    kind: DiscrepancyType,
) -> None:
    choices = [CHOICES[code] for code in QUESTIONS[kind].choices]
    assert len(choices) in {3, 4}
    assert choices[-1] is CHOICES["other"]
    assert len({each.label for each in choices}) == len(choices)
    dated = [each.answer for each in choices if each.asks]
    assert len(dated) == len(set(dated)), "each day has one place in the form"


def test_a_day_goes_with_an_answer_exactly_where_the_record_wants_one() -> None:
    for choice in CHOICES.values():
        assert bool(choice.asks) is (choice.answer in {Answer.STILL_SUPPORTED, Answer.ENDED})


def test_an_answer_without_a_code_of_its_own_says_itself_or_has_a_comment() -> None:
    for choice in CHOICES.values():
        assert (choice.answer is Answer.OTHER) is bool(choice.says or choice.needs_comment)


def test_nothing_that_is_asked_needs_training() -> None:
    said = [each.label + each.asks + each.says for each in CHOICES.values()]
    said += [each.asks + each.hint for each in QUESTIONS.values()]
    assert [text for text in said if JARGON.search(text)] == []
    assert {code for each in QUESTIONS.values() for code in each.choices} == set(CHOICES)


@pytest.mark.parametrize(
    ("about", "asked"),
    [
        ({}, "Do you still support A.B., born 1938, for home support?"),
        ({"born": ""}, "Do you still support A.B. for home support?"),
        ({"initials": ""}, "Do you still support the person born 1938 for home support?"),
        ({"initials": "", "born": ""}, "Do you still support this person for home support?"),
        ({"service": ServiceType.OTHER.display}, "Do you still support A.B., born 1938?"),
        ({"service": "", "initials": "A", "born": ""}, "Do you still support A.?"),
    ],
)
def test_a_question_names_whom_it_is_about_as_far_as_the_provider_may_know(
    about: dict[str, str], asked: str
) -> None:
    assert question(item(**about), DiscrepancyType.SUPPORT_NOT_REPORTED) == asked
