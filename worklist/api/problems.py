"""What programs are told when something cannot be had (RFC 9457); it quotes no record."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, json
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from worklist.api.shapes import Problem

JSON = "application/problem+json"
URN = "urn:cpli:problem:"
WAIT_SECONDS = 60
"""After what time whoever has asked too often can ask again."""
NO_SUCH_FIELD = "extra_forbidden"

DETAILS: Mapping[int, str] = {
    400: "The body is not JSON that can be read.",
    401: "Send a token that is valid, as Authorization: Bearer TOKEN.",
    403: "The account that the token acts for may not do that.",
    404: "There is nothing there that the token may see.",
    405: "That cannot be asked of this address.",
    413: "The body is too large.",
    415: "Send JSON, with Content-Type: application/json.",
    422: "What was sent does not fit. Nothing was changed.",
    429: "Too many requests. Wait as long as Retry-After says, then try again.",
    500: "There is a fault in the service.",
    503: "The service is busy. Nothing was changed. Try again in a few minutes.",
}


class Refused(HTTPException):
    """Something cannot be had; `name` tells programs why, and `more` is told with it."""

    def __init__(self, code: int, name: str, detail: str = "", **more: Any) -> None:
        super().__init__()
        self.code = code
        self.said = {"type": URN + name, **({"detail": detail} if detail else {}), **more}


def invalid(error: ValidationError) -> Refused:
    """Say which fields are wrong. Neither a value nor a name that we do not know is repeated."""
    faults: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        unknown = fault["type"] == NO_SUCH_FIELD
        where = "" if unknown or not fault["loc"] else str(fault["loc"][0])
        # What a field can be besides the first thing goes without saying.
        faults.setdefault(where, "There is no such field." if unknown else fault["msg"])
    return Refused(
        422, "invalid", errors=[{"where": where, "what": what} for where, what in faults.items()]
    )


def problem(code: int, error: object = None) -> Response:
    """Return what is said when something cannot be had."""
    told = error.said if isinstance(error, Refused) else {}
    said = Problem(
        **{
            "type": "about:blank",
            "title": HTTPStatus(code).phrase,
            "status": code,
            "detail": DETAILS.get(code, DETAILS[code // 100 * 100]),
            **told,
        }
    )
    response = Response(
        json.dumps(said.model_dump(mode="json", exclude_unset=True)), code, mimetype=JSON
    )
    if code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    elif code == HTTPStatus.METHOD_NOT_ALLOWED and isinstance(error, HTTPException):
        response.headers.extend(error.get_headers())
        response.mimetype = JSON
    elif code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response
