"""Where everybody begins: the first page of what the role allows."""

from __future__ import annotations

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from flask_login import current_user

from worklist.words import home_of

PAGES = Blueprint("start", __name__)


@PAGES.get("/")
def index() -> ResponseReturnValue:
    """Lead to the first page."""
    return redirect(home_of(current_user.user.role))
