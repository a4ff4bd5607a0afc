"""The forms by which people act on cases, and the steps that they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from govuk_frontend_wtf.wtforms_widgets import (
    GovCharacterCount,
    GovRadioInput,
    GovSelect,
    GovSubmitInput,
    GovTextInput,
)
from wtforms import (
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    SubmitField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import HiddenInput

from casebook.actions import (
    FITS,
    NOTE_AT_MOST,
    Acceptance,
    Action,
    Answer,
    Resolution,
    Ruling,
    Step,
    reasons_for,
)
from casebook.worklist import CaseFile
from schemas.vocabularies import DiscrepancyType, Vocabulary
from worklist.fields import DayField

ME, SOMEBODY, A_TEAM = "me", "somebody", "team"
LARGEST = 10**18
"""Above all numbers that the record gives, and below what a database can still compare."""
NUMBER = re.compile(r"[0-9]{1,18}")
WHOM = ((ME, "Me"), (SOMEBODY, "Another worker"), (A_TEAM, "A team"))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a form is about: the case, who acts, and to whom a case can be given."""

    file: CaseFile
    name: str
    workers: Sequence[str] = ()
    teams: Sequence[str] = ()
    councils: Sequence[tuple[str, str]] = ()

    @property
    def kind(self) -> DiscrepancyType:
        """The type of the one case that it is about."""
        return DiscrepancyType(self.file.case["type"])


def choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return what a field offers, from codes and what they are called."""
    return [SelectChoice(code, words) for code, words in pairs]


def doubled(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return names as codes of themselves."""
    return [(name, name) for name in names]


def coded(vocabulary: Iterable[Vocabulary]) -> list[SelectChoice]:
    """Return some codes of a vocabulary as what a field offers."""
    return choices((each.value, each.display) for each in vocabulary)


def note_field(label: str, hint: str = "") -> TextAreaField:
    """Return a field for what somebody has to say."""
    return TextAreaField(
        label, description=hint, widget=GovCharacterCount(), filters=[_lines_as_ours]
    )


def _lines_as_ours(text: str | None) -> str | None:
    """Return text with the ends of lines that count as one character each."""
    return text.replace("\r\n", "\n") if text else text


class StepForm(FlaskForm):  # type: ignore[misc]
    """A form for a step: which version of the case was looked at, and the name of the request.

    By that name a form that is sent twice does its work once.
    """

    ACTION: ClassVar[Action]
    HEADING: ClassVar[str]
    DO: ClassVar[str]
    NOTE_SIZE: ClassVar[int] = NOTE_AT_MOST

    version = IntegerField(
        widget=HiddenInput(), validators=[Optional(), NumberRange(min=0, max=LARGEST)]
    )
    request = HiddenField(default=lambda: token_urlsafe(16))
    submit = SubmitField(widget=GovSubmitInput())

    asked: Asked

    def ask(self, asked: Asked) -> None:
        """Offer what fits a case."""
        self.asked = asked
        self.submit.label.text = self.DO

    def step(self) -> Step:
        """Return the step that is asked for."""
        note = self["note"].data if "note" in self else None
        return Step(action=self.ACTION, note=note or None)

    @property
    def shown(self) -> list[Any]:
        """The fields to fill in."""
        hidden = (HiddenField, IntegerField)
        return [field for field in self if not isinstance(field, (*hidden, SubmitField))]

    @property
    def first(self) -> str:
        """The id of the first field, at which what is wrong is put right."""
        return str(self.shown[0].id if self.shown else self.submit.id)


class SettleForm(StepForm):
    """Settles a case for a reason, or decides who is meant so that later nights heed it."""

    ACTION, HEADING, DO = Action.RESOLVE, "Settle this case", "Settle"

    reason = RadioField(
        "What settles it?", widget=GovRadioInput(), choices=[], validate_choice=False
    )
    local_authority = SelectField(
        "Council of that person", widget=GovSelect(), choices=[], validate_choice=False
    )
    person_id = StringField(
        "The council's reference of that person",
        description="Only if you chose that they are the same person.",
        widget=GovTextInput(),
    )
    note = note_field("Note", "Needed for another reason, and for a decision on who is meant.")

    def ask(self, asked: Asked) -> None:
        """Offer the reasons that fit the type, and the decisions."""
        super().ask(asked)
        rulings = [each for each in Ruling if asked.kind in FITS[Resolution(each.value)]]
        ordinary = [each for each in reasons_for(asked.kind) if each is not Resolution.OTHER]
        self.reason.choices = coded([*ordinary, *rulings, Resolution.OTHER])
        known = asked.file.case["person_id"]
        if Ruling.SAME_PERSON not in rulings or known:
            del self.local_authority, self.person_id
        else:
            self.local_authority.choices = choices(asked.councils)

    def step(self) -> Step:
        """Return a resolution, or a decision."""
        note, reason = self.note.data or None, self.reason.data
        if reason not in Ruling.codes():
            return Step(action=Action.RESOLVE, reason=reason, note=note)
        named: dict[str, Any] = {}
        if "person_id" in self and reason != Ruling.NOT_A_DUPLICATE.value:
            seen = {code for code, _name in self.asked.councils}
            named = {
                # Another council's person is nobody's to decide on here.
                "local_authority": next(iter(seen & {self.local_authority.data}), None),
                "person_id": self.person_id.data or None,
            }
        return Step(action=Action.RULE, ruling=Ruling(reason), note=note, **named)


class AssignForm(StepForm):
    """Gives a case to somebody."""

    ACTION, HEADING, DO = Action.ASSIGN, "Who should have this case?", "Assign"

    whom = RadioField("Assign it to", widget=GovRadioInput(), default=ME, choices=[])
    worker = SelectField("Worker", widget=GovSelect(), choices=[], validate_choice=False)
    team = SelectField("Team", widget=GovSelect(), choices=[], validate_choice=False)

    def ask(self, asked: Asked) -> None:
        """Offer me, the other workers and the teams."""
        super().ask(asked)
        self.whom.choices = choices(WHOM)
        self.worker.choices = choices([("", "Choose a worker"), *doubled(asked.workers)])
        self.team.choices = choices([("", "Choose a team"), *doubled(asked.teams)])

    def step(self) -> Step:
        """Return the assignment; whoever gets it keeps the case in its team."""
        team = self.asked.file.case["team"]
        match self.whom.data:
            case "me":
                return Step(action=Action.ASSIGN, worker=self.asked.name, team=team)
            case "somebody" if self.worker.data:
                return Step(action=Action.ASSIGN, worker=self.worker.data, team=team)
            case "team":
                return Step(action=Action.ASSIGN, team=self.team.data or None)
            case _:
                return Step(action=Action.ASSIGN)


class AcceptForm(StepForm):
    """Lets a difference be for a time."""

    ACTION, HEADING, DO = Action.ACCEPT, "Accept the difference for a time", "Accept"

    reason = RadioField(
        "Why is it accepted?",
        widget=GovRadioInput(),
        choices=coded(Acceptance),
        validate_choice=False,
    )
    expires_on = DayField(
        "Until which day?",
        description="It opens again after this day if it is still found. For example, 27 3 2027.",
    )
    note = note_field("Note", "Needed for another reason.")

    def step(self) -> Step:
        """Return the acceptance."""
        return Step(
            action=Action.ACCEPT,
            reason=self.reason.data,
            expires_on=self.expires_on.data,
            note=self.note.data or None,
        )


class AnswerForm(StepForm):
    """Puts on record what the provider said, by telephone for instance."""

    ACTION, HEADING, DO = Action.ANSWER, "What did the provider answer?", "Record the answer"

    answer = RadioField(
        "The provider said",
        widget=GovRadioInput(),
        choices=coded(Answer),
        validate_choice=False,
    )
    answer_date = DayField(
        "Date",
        description="The first day of support that goes on, or its last day. Such as 27 3 2026.",
    )
    note = note_field("Note", "Who said it, and when.")

    def step(self) -> Step:
        """Return the provider's answer."""
        given = self.answer.data
        return Step(
            action=Action.ANSWER,
            answer=Answer(given) if given in Answer.codes() else None,
            answer_date=self.answer_date.data,
            provider_id=self.asked.file.case["provider_id"],
            note=self.note.data or None,
        )


class AskProviderForm(StepForm):
    """Waits for the provider."""

    ACTION, HEADING, DO = Action.ASK_PROVIDER, "Ask the provider", "Wait for the provider"

    note = note_field(
        "Note", "The provider's next notice asks about this case. This note stays with the council."
    )


class AskCouncilForm(StepForm):
    """Waits for the council."""

    ACTION, HEADING, DO = Action.ASK_COUNCIL, "Ask the council", "Wait for the council"

    note = note_field("Note", "What the council is asked, for whoever looks at the case next.")


class ReleaseForm(StepForm):
    """Puts a case back for anybody to take."""

    ACTION, HEADING, DO = Action.RELEASE, "Put this case back", "Put it back"

    note = note_field("Note")


class NoteForm(StepForm):
    """Adds a note."""

    ACTION, HEADING, DO = Action.NOTE, "Add a note", "Add the note"

    note = note_field("Note", "Do not write down more about a person than the work needs.")


class ReopenForm(StepForm):
    """Opens a case again that was settled."""

    ACTION, HEADING, DO = Action.REOPEN, "Open this case again", "Open it again"

    note = note_field("Why is it opened again?")


class UndoForm(StepForm):
    """Takes back one's own last step."""

    ACTION, HEADING, DO = Action.UNDO, "Undo the last step", "Undo the last step"


class ReverseForm(StepForm):
    """Takes back a decision that later nights heed."""

    ACTION, HEADING, DO = Action.REVERSE, "Take a decision back", "Take it back"

    reverses = RadioField(
        "Which decision?", widget=GovRadioInput(), choices=[], validate_choice=False
    )
    note = note_field("Why is it taken back?")

    def ask(self, asked: Asked) -> None:
        """Offer the decisions that stand."""
        super().ask(asked)
        standing = standing_rulings(asked.file)
        self.reverses.choices = choices(
            (str(each["number"]), Ruling(each["ruling"]).display) for each in standing
        )
        if len(standing) == 1 and not self.reverses.data:
            self.reverses.data = str(standing[0]["number"])

    def step(self) -> Step:
        """Return the reversal."""
        number = str(self.reverses.data or "")
        return Step(
            action=Action.REVERSE,
            reverses=int(number) if NUMBER.fullmatch(number) else None,
            note=self.note.data or None,
        )


def standing_rulings(file: CaseFile) -> list[dict[str, Any]]:
    """Return the decisions of a case that nobody has taken back."""
    reversed_ = {action["reverses"] for action in file.actions}
    return [
        action for action in file.actions if action["ruling"] and action["number"] not in reversed_
    ]


FORMS: dict[Action, type[StepForm]] = {
    form.ACTION: form
    for form in (
        AssignForm,
        ReleaseForm,
        AskProviderForm,
        AskCouncilForm,
        AcceptForm,
        AnswerForm,
        NoteForm,
        ReopenForm,
        UndoForm,
        ReverseForm,
        SettleForm,
    )
}
