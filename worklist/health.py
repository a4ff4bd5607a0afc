"""Whether the site is up, for whoever watches over it; nothing of the record is told."""

from __future__ import annotations

from flask import Blueprint, Response

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
        services().overview.latest()
    except CpliError:
        return _plain("the record cannot be asked", 503)
    return _plain("ok", 200)


def _plain(said: str, code: int) -> Response:
    return Response(f"{said}\n", status=code, mimetype="text/plain")
