"""The forms in which a provider answers, and sends its list."""

from __future__ import annotations

import re
from datetime import date
from secrets import token_urlsafe

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from govuk_frontend_wtf.wtforms_widgets import (
    GovCharacterCount,
    GovCheckboxInput,
    GovFileInput,
    GovSubmitInput,
)
from wtforms import BooleanField, Field, HiddenField, RadioField, SubmitField, TextAreaField
from wtforms.validators import InputRequired

from casebook.actions import NOTE_AT_MOST, Action, Answer, Step, incomplete
from connectors.answers.checking import AHEAD_AT_MOST, EARLIEST
from worklist.fields import DayField
from worklist.provider.asking import CHOICES, Choice, Question

COMMENT_AT_MOST = NOTE_AT_MOST - max(len(each.says) + 1 for each in CHOICES.values())
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
VERSION = re.compile(r"[0-9]{1,18}")
DAYS = {Answer.STILL_SUPPORTED: "first_day", Answer.ENDED: "last_day"}
"""The field of the day that goes with an answer."""


def _lines_as_ours(text: str | None) -> str:
    """Return text whose ends of lines count as one character each."""
    return (text or "").replace("\r\n", "\n").strip()


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """Answers one question.

    `version` is the state of the case that the question was asked of, `token` makes one answer of
    a form that is sent twice.
    """

    choice = RadioField("Your answer", choices=[], validators=[InputRequired("Choose an answer.")])
    first_day = DayField("First day", description="For example, 27 3 2026")
    last_day = DayField("Last day", description="For example, 27 3 2026")
    comment = TextAreaField(
        "Anything else the council should know",
        widget=GovCharacterCount(),
        filters=[_lines_as_ours],
    )
    version = HiddenField()
    token = HiddenField()
    submit = SubmitField("Send your answer", widget=GovSubmitInput())

    def offer(self, question: Question) -> None:
        """Offer what fits a question."""
        self.choice.choices = [(code, CHOICES[code].label) for code in question.choices]

    def ask_of(self, version: int) -> None:
        """Let the form be about this state of the case, and be sent once."""
        self.version.data, self.token.data = str(version), token_urlsafe(16)

    @property
    def seen(self) -> int:
        """The version that was looked at; 0, which none is, where the form does not say."""
        said = self.version.data or ""
        return int(said) if VERSION.fullmatch(said) else 0

    @property
    def request_name(self) -> str:
        """A name of the request, by which it is carried out once."""
        said = self.token.data or ""
        return said if TOKEN.fullmatch(said) else token_urlsafe(16)

    def answered(self, provider_id: str, *, today: date) -> Step | None:
        """Return the answer, or None where something is wrong, which its field then says."""
        self.validate()
        choice = CHOICES.get(self.choice.data) if not self.choice.errors else None
        for answer, name in DAYS.items():
            if choice is None or not choice.asks or choice.answer is not answer:
                self[name].errors = []  # nobody has asked for this day
        if choice is None:
            return None
        day = self._day_of(choice, today=today)
        comment = self.comment.data
        if choice.needs_comment and not comment:
            _wrong(self.comment, "Write what the council should know.")
        elif len(comment) > COMMENT_AT_MOST:
            _wrong(self.comment, f"Write at most {COMMENT_AT_MOST:,} characters.")
        if self.errors:
            return None
        step = Step(
            action=Action.ANSWER,
            answer=choice.answer,
            answer_date=day,
            note=" ".join(filter(None, (choice.says, comment))) or None,
            provider_id=provider_id,
        )
        if wrong := incomplete(step, today=today):
            _wrong(self.comment, wrong)
            return None
        return step

    def _day_of(self, choice: Choice, *, today: date) -> date | None:
        if not choice.asks:
            return None
        field: DayField = self[DAYS[choice.answer]]
        day = field.data
        if day is None:
            if not field.errors:
                _wrong(field, f"Write the {field.label.text.lower()} of your support.")
        elif choice.answer is Answer.STILL_SUPPORTED and day > today:
            _wrong(field, "This day must be today or earlier.")
        elif not EARLIEST <= day <= today + AHEAD_AT_MOST:
            _wrong(field, "Check the year.")
        return day


class ListForm(FlaskForm):  # type: ignore[misc]
    """Sends a list of people."""

    file = FileField(
        "Your list",
        description="An Excel workbook (.xlsx) or a CSV file, at most 20 MB.",
        widget=GovFileInput(),
    )
    day = DayField("On which day was the list right?", description="For example, 27 3 2026")
    instead = BooleanField(
        "Use this list instead of the one we have for that day", widget=GovCheckboxInput()
    )
    submit = SubmitField("Send your list", widget=GovSubmitInput())

    def complete(self) -> date | None:
        """Return the day of the list where all is there; what is not, its field says."""
        self.validate()
        if not self.file.data:
            _wrong(self.file, "Choose the file with your list.")
        if self.day.data is None and not self.day.errors:
            _wrong(self.day, "Write the day on which your list was right.")
        return None if self.errors else self.day.data


def _wrong(field: Field, said: str) -> None:
    field.errors = [*field.errors, said]
