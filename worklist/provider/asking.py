"""What a provider is asked about each kind of difference, and what it can choose from.

The council's words for these things are not those of a care home, so each kind has its own question
and three or four answers that fit it. An answer that the record has no code of its own for says
itself in the comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from casebook.actions import Answer
from publishing.notices.facts import Item
from schemas.vocabularies import DiscrepancyType, ServiceType

NO_SERVICE = frozenset(
    {
        "",
        ServiceType.OTHER.display,
        ServiceType.NOT_HELD_SYSTEM.display,
        ServiceType.NOT_HELD_INDIVIDUAL.display,
    }
)
SOMEBODY = "this person"
FIRST_DAY = "When did your support start?"
LAST_DAY = "What was, or will be, the last day of your support?"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer that can be chosen: `asks` for a day where that goes with it, else "".

    `says` stands before the comment, where the code of the answer does not say enough. Without a
    `comment` the answer is not whole where it `needs_comment`.
    """

    label: str
    answer: Answer
    asks: str = ""
    says: str = ""
    needs_comment: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question about {whom}, and its choices by their codes; {service} is "for home support"."""

    asks: str
    choices: tuple[str, ...]
    hint: str = ""


CHOICES: Mapping[str, Choice] = MappingProxyType(
    {
        "yes": Choice(
            label="Yes, we support this person", answer=Answer.STILL_SUPPORTED, asks=FIRST_DAY
        ),
        "goes_on": Choice(
            label="No, we still support this person", answer=Answer.STILL_SUPPORTED, asks=FIRST_DAY
        ),
        "started": Choice(label="Yes, we have", answer=Answer.STILL_SUPPORTED, asks=FIRST_DAY),
        "our_start": Choice(
            label="Our list is right", answer=Answer.STILL_SUPPORTED, asks=FIRST_DAY
        ),
        "ended": Choice(label="No, our support has ended", answer=Answer.ENDED, asks=LAST_DAY),
        "has_ended": Choice(label="Yes, our support has ended", answer=Answer.ENDED, asks=LAST_DAY),
        "our_end": Choice(label="Our list is right", answer=Answer.ENDED, asks=LAST_DAY),
        "not_ours": Choice(label="No, this person was never with us", answer=Answer.NOT_OURS),
        "told": Choice(
            label="We have already told the council about this", answer=Answer.COUNCIL_TOLD
        ),
        "corrected": Choice(
            label="No, our list was wrong and we have corrected it", answer=Answer.LIST_CORRECTED
        ),
        "list_wrong": Choice(
            label="Our list was wrong and we have corrected it", answer=Answer.LIST_CORRECTED
        ),
        "same": Choice(label="Yes, and we have corrected our list", answer=Answer.LIST_CORRECTED),
        "list_right": Choice(
            label="Yes, our list is right", answer=Answer.OTHER, says="Our list is right."
        ),
        "same_and_right": Choice(
            label="Yes, and our list is right",
            answer=Answer.OTHER,
            says="It is the same person, and our list is right.",
        ),
        "another": Choice(
            label="No, it is somebody else",
            answer=Answer.OTHER,
            says="It is not the same person.",
        ),
        "not_yet": Choice(
            label="No, not yet", answer=Answer.OTHER, says="Our support has not started yet."
        ),
        "never": Choice(
            label="No, and we are not going to",
            answer=Answer.OTHER,
            says="Our support is not going to start.",
        ),
        "both": Choice(
            label="No, each row is about different support",
            answer=Answer.OTHER,
            says="Each row is about different support.",
        ),
        "other": Choice(label="Something else", answer=Answer.OTHER, needs_comment=True),
    }
)
"""The answers by the codes that a form sends."""

_T = DiscrepancyType
_STILL = "Do you still support {whom} {service}?"
_STARTED = "Have you started to support {whom} {service}?"
_IS_RIGHT = "Is your list right about {whom}?"
_RIGHT_OR_NOT = ("list_right", "corrected", "told", "other")

QUESTIONS: Mapping[DiscrepancyType, Question] = MappingProxyType(
    {
        _T.CPLI_NOT_FOUND: Question(
            asks="Do you support {whom} {service}?",
            choices=("yes", "ended", "not_ours", "other"),
            hint="Check that your list has the right details of this person.",
        ),
        _T.PROVIDER_DIFFERS: Question(
            asks="Do you support {whom} {service}?", choices=("yes", "ended", "not_ours", "other")
        ),
        _T.SUPPORT_AFTER_END: Question(asks=_STILL, choices=("yes", "ended", "told", "other")),
        _T.SUPPORT_NOT_REPORTED: Question(
            asks=_STILL,
            choices=("yes", "ended", "not_ours", "other"),
            hint="If you do, add them to your next list as well.",
        ),
        _T.SUPPORT_ENDED: Question(
            asks="Have you stopped supporting {whom} {service}?",
            choices=("has_ended", "goes_on", "told", "other"),
        ),
        _T.SUPPORT_BEFORE_START: Question(
            asks=_STARTED, choices=("started", "corrected", "told", "other")
        ),
        _T.SUPPORT_NOT_STARTED: Question(
            asks=_STARTED, choices=("started", "not_yet", "never", "other")
        ),
        _T.IDENTITY_DIFFERS: Question(
            asks=_IS_RIGHT,
            choices=_RIGHT_OR_NOT,
            hint="Check it with the person or their family.",
        ),
        _T.SERVICE_TYPE_DIFFERS: Question(
            asks=_IS_RIGHT,
            choices=_RIGHT_OR_NOT,
            hint="Check which service the council pays you for.",
        ),
        _T.QUANTITY_DIFFERS: Question(
            asks=_IS_RIGHT,
            choices=_RIGHT_OR_NOT,
            hint="Check how much support the council pays for each week.",
        ),
        _T.POSSIBLE_MATCH: Question(
            asks="Is {whom} the person on your list?",
            choices=("same", "same_and_right", "another", "other"),
            hint="Check how your list spells the name, and the date of birth.",
        ),
        _T.START_DATE_DIFFERS: Question(
            asks="When did you start to support {whom} {service}?",
            choices=("our_start", "list_wrong", "told", "other"),
        ),
        _T.END_DATE_DIFFERS: Question(
            asks="When does your support of {whom} {service} end?",
            choices=("our_end", "list_wrong", "told", "other"),
        ),
        _T.DUPLICATE_ENTRY: Question(
            asks="Is {whom} on your list more than once by mistake?",
            choices=("same", "both", "other"),
        ),
    }
)
"""What is asked of each type that a provider is told of."""


def whom(item: Item) -> str:
    """Return "A.B., born 1938", as far as the provider may know it."""
    initials = "".join(f"{letter}." for letter in item.initials)
    born = f"born {item.born}" if item.born else ""
    if not initials:
        return f"the person {born}" if born else SOMEBODY
    return ", ".join(filter(None, (initials, born)))


def question(item: Item, kind: DiscrepancyType) -> str:
    """Return the question about a case: "Do you still support A.B., born 1938, for meals?"."""
    service = "" if item.service in NO_SERVICE else f"for {item.service.lower()}"
    who = whom(item)
    who = f"{who}," if ", " in who else who
    asked = QUESTIONS[kind].asks.format(whom=who, service=service)
    return asked.replace(" ?", "?").replace(",?", "?")
