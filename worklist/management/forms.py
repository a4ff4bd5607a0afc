"""The form by which somebody lets out what gates hold."""

from __future__ import annotations

from flask_wtf import FlaskForm
from govuk_frontend_wtf.wtforms_widgets import GovCharacterCount, GovCheckboxInput, GovSubmitInput
from wtforms import BooleanField, HiddenField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

REASON_AT_MOST = 500


class ReleaseForm(FlaskForm):  # type: ignore[misc]
    """Why something is let out, and that somebody has looked.

    `seen` is what the gates had seen when the page was made: nobody lets out other figures.
    """

    reason = TextAreaField(
        "Why are these figures right?",
        description="It stays on record for good. Do not name anybody who is supported.",
        widget=GovCharacterCount(),
        validators=[
            DataRequired("Say why the figures are right."),
            Length(max=REASON_AT_MOST, message=f"Say it in at most {REASON_AT_MOST} characters."),
        ],
        filters=[lambda text: " ".join((text or "").split())],
    )
    looked = BooleanField(
        "Somebody has looked at what is held, and it is right",
        widget=GovCheckboxInput(),
        validators=[InputRequired("Confirm that somebody has looked, or release nothing.")],
    )
    seen = HiddenField()
    submit = SubmitField("Release", widget=GovSubmitInput())
