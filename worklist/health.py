"""Whether the site is up, for whoever watches over it; nothing of the record is told."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import text

from casebook.database import reading
from casebook.faults import in_plain_words
from schemas.errors import CpliError
from worklist.services import services

PAGES = Blueprint("health", __name__, url_prefix="/health")


@PAGES.get("/live")
def live() -> Response:
    """Say that this process answers."""
    return _plain("ok", 200)


@PAGES.get("/ready")
def ready() -> Response:
    """Say whether the record can be asked, so that a page would be served."""
    try:
        _ask()
    except CpliError:
        return _plain("the record cannot be asked", 503)
    return _plain("ok", 200)


@in_plain_words
def _ask() -> None:
    with reading(services().casebook.engine) as connection:
        connection.execute(text("SELECT 1"))


def _plain(said: str, code: int) -> Response:
    return Response(f"{said}\n", status=code, mimetype="text/plain")
