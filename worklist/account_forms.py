"""The forms by which people sign in, and by which administrators look after accounts."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from govuk_frontend_wtf.wtforms_widgets import (
    GovPasswordInput,
    GovRadioInput,
    GovSelect,
    GovSubmitInput,
    GovTextInput,
)
from wtforms import PasswordField, RadioField, SelectChoice, SelectField, StringField, SubmitField
from wtforms.validators import InputRequired, Length

from casebook.passwords import LONGEST, SHORTEST
from schemas.accounts import Role, User

LONGEST_TEXT = 254


def needed(said: str, *, longest: int = LONGEST_TEXT) -> list[Any]:
    """Return what holds of a field that must be filled in."""
    return [InputRequired(said), Length(max=longest, message="That is too long.")]


def new_password(label: str) -> PasswordField:
    """Return a field for a password that is chosen."""
    return PasswordField(
        label,
        widget=GovPasswordInput(),
        description=f"At least {SHORTEST} characters that are hard to guess: three or more words"
        " that do not belong together are good.",
        validators=needed("Enter a new password.", longest=LONGEST),
        render_kw={"params": {"autocomplete": "new-password"}},
    )


def button(label: str) -> SubmitField:
    """Return the button that sends a form."""
    return SubmitField(label, widget=GovSubmitInput())


class SignInForm(FlaskForm):  # type: ignore[misc]
    """The first factor."""

    email = StringField(
        "Email address",
        widget=GovTextInput(),
        validators=needed("Enter your email address."),
        render_kw={
            "type": "email",
            "params": {"autocomplete": "username", "spellcheck": False},
        },
    )
    password = PasswordField(
        "Password",
        widget=GovPasswordInput(),
        validators=needed("Enter your password.", longest=LONGEST),
        render_kw={"params": {"autocomplete": "current-password"}},
    )
    submit = button("Continue")


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The second factor."""

    code = StringField(
        "Code",
        widget=GovTextInput(),
        description="The six digits that your authenticator app shows now.",
        validators=needed("Enter the code.", longest=20),
        render_kw={
            "params": {
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": False,
                "classes": "govuk-input--width-10",
            }
        },
    )
    submit = button("Continue")


class SetPasswordForm(FlaskForm):  # type: ignore[misc]
    """Sets a password by a code."""

    email = StringField(
        "Email address",
        widget=GovTextInput(),
        validators=needed("Enter your email address."),
        render_kw={"type": "email", "params": {"autocomplete": "username", "spellcheck": False}},
    )
    code = StringField(
        "Code",
        widget=GovTextInput(),
        description="The letters and digits that your administrator gave you.",
        validators=needed("Enter the code that your administrator gave you.", longest=60),
        render_kw={"params": {"autocomplete": "off", "spellcheck": False}},
    )
    password = new_password("New password")
    submit = button("Set the password")


class ChangePasswordForm(FlaskForm):  # type: ignore[misc]
    """Changes one's own password."""

    old = PasswordField(
        "Password so far",
        widget=GovPasswordInput(),
        validators=needed("Enter your password so far.", longest=LONGEST),
        render_kw={"params": {"autocomplete": "current-password"}},
    )
    password = new_password("New password")
    submit = button("Change the password")


class AccountForm(FlaskForm):  # type: ignore[misc]
    """Adds or changes an account."""

    email = StringField(
        "Email address",
        widget=GovTextInput(),
        description="The holder signs in with it.",
        validators=needed("Enter an email address, such as jo.bell@example.gov.uk."),
        render_kw={"type": "email", "params": {"autocomplete": "off", "spellcheck": False}},
    )
    name = StringField(
        "Name",
        widget=GovTextInput(),
        description="As cases are assigned to.",
        validators=needed("Enter the name."),
        render_kw={"params": {"autocomplete": "off", "spellcheck": False}},
    )
    role = RadioField(
        "Role",
        widget=GovRadioInput(),
        choices=[SelectChoice(role.value, role.display) for role in Role],
        validators=[InputRequired("Choose a role.")],
    )
    council = SelectField("Council", widget=GovSelect(), choices=[], default="")
    team = StringField("Team, if any", widget=GovTextInput(), validators=[Length(max=LONGEST_TEXT)])
    provider_id = StringField(
        "Provider, for a provider's user",
        widget=GovTextInput(),
        description="Its reference in the register, such as P0001.",
        validators=[Length(max=LONGEST_TEXT)],
        render_kw={"params": {"spellcheck": False, "classes": "govuk-input--width-10"}},
    )
    submit = button("Save")

    def user(self, number: int, email: str | None = None) -> User:
        """Return whom the form describes."""
        return User(
            number=number,
            email=email or str(self.email.data),
            name=str(self.name.data),
            role=Role(str(self.role.data)),
            council=self.council.data or None,
            team=self.team.data or None,
            provider_id=(self.provider_id.data or "").strip() or None,
        )
