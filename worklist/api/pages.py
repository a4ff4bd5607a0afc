"""What a council's own case system can ask for and do, with a token for each request."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from flask import Blueprint, Response, abort, jsonify, request
from flask_limiter.util import get_remote_address

from casebook.actions import ChangedMeanwhile, NotAllowed
from casebook.history import What
from casebook.passwords import secret_hash
from casebook.record import CaseState
from casebook.wanted import Wanted
from casebook.working_days import utc
from casebook.worklist import CaseFile
from schemas.accounts import Seen
from schemas.errors import WrongUsage
from worklist.api.described import ACTING, SENDING, SPEC, description, responses
from worklist.api.problems import Refused
from worklist.api.shapes import (
    ID,
    Accept,
    AddNote,
    AskCouncil,
    AskProvider,
    Assign,
    Case,
    Filters,
    Found,
    Key,
    Page,
    Record,
    Release,
    Reopen,
    Resolve,
    Reverse,
    Rule,
    Search,
    Stepping,
    Undo,
    Whole,
)
from worklist.cases.acting import explained
from worklist.cases.pages import ACTS
from worklist.cases.scope import case_or_not_found, me, my_councils, note
from worklist.security import csrf, limiter
from worklist.services import services

RATE = "600 per minute"
NO_COUNCIL = "none"
PAGES = Blueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(PAGES)  # no cookie counts for anything here
STEPS: tuple[type[Stepping], ...] = (
    AddNote,
    Assign,
    Release,
    AskProvider,
    AskCouncil,
    Resolve,
    Accept,
    Record,
    Reopen,
    Rule,
    Reverse,
    Undo,
)


def _whose() -> str:
    """Return by whom requests are counted: by token, or by address where none is sent."""
    return secret_hash(request.headers.get("Authorization") or get_remote_address())


def _rate() -> str:
    return RATE


limiter.shared_limit(_rate, scope="api", key_func=_whose)(PAGES)


@PAGES.before_request
def insist_on_json() -> None:
    """Refuse a body that is no JSON, which the check of what it says would pass over."""
    if request.method != "POST":
        return
    if not request.is_json:
        abort(415)
    try:
        request.get_json()
    except RecursionError:
        abort(400)


@PAGES.get("/openapi.json")
def described() -> Response:
    """Return the description of the API."""
    return jsonify(description())


@PAGES.get("/cases")
@SPEC.validate(resp=responses(Page), operation_id="cases")
def cases(query: Filters) -> Page:
    """Return a page of the cases that the token may see."""
    try:
        page = services().cases.page(_wanted(query), counted=False)
    except WrongUsage:  # the cursor is of another list
        abort(404)
    note(Seen.LIST, page.cases)
    return Page(cases=[*map(Case.of, page.cases)], next=page.next, previous=page.previous)


@PAGES.post("/search")
@SPEC.validate(resp=responses(Found, SENDING), operation_id="search")
def search(json: Search) -> Found:
    """Return the cases that a reference leads to.

    It is sent in a body, so that no address names anybody.
    """
    found = services().cases.search(json.text, councils=my_councils())
    note(Seen.SEARCH, found)
    return Found(cases=[*map(Case.of, found)])


@PAGES.get("/cases/<discrepancy_id>")
@SPEC.validate(resp=responses(Whole), operation_id="case")
def case(discrepancy_id: str) -> Whole:
    """Return one case with all that is on file about it."""
    file = _visible(discrepancy_id)
    note(Seen.CASE, [file.case])
    can = services().cases.offers(file, me().email) if me().role in ACTS else []
    return Whole.of(file, can)


def _wanted(query: Filters) -> Wanted:
    """Return which cases are asked for, of those that the token may see."""
    codes = [None if code == NO_COUNCIL else code for code in query.council]
    if not set(codes) <= set(my_councils()):
        abort(404)
    return Wanted(
        councils=codes or my_councils(),
        settled=query.settled,
        provider_id=query.provider or None,
        team=query.team or None,
        worker=(None,) if query.unassigned else query.worker or None,
        service_type=query.service or None,
        kind=query.type or None,
        severity=query.severity or None,
        state=query.state or None,
        standing=query.standing,
        due=query.due,
        age_from_days=query.age_from_days,
        not_assessed=query.not_assessed,
        changed_since=query.changed_since,
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )


def _visible(discrepancy_id: str) -> CaseFile:
    """Return a case; another organisation's is not found, as one that does not exist."""
    if not re.fullmatch(ID, discrepancy_id):
        abort(404)
    return case_or_not_found(discrepancy_id)


def _act(discrepancy_id: str, body: Stepping, key: str | None) -> Case:
    """Take a step with a case, and return it as it stands then."""
    seen = _visible(discrepancy_id).case
    step = body.step(seen)
    if step.local_authority is not None and step.local_authority not in my_councils():
        raise Refused(422, "not-allowed", "There is no such council that the token may see.")
    try:
        services().desk.act(
            step,
            {discrepancy_id: body.version},
            who=me().email,
            # A name is that of a program's own request, whatever others call theirs.
            request=key and f"{me().number} {key}",
        )
    except ChangedMeanwhile as error:
        raise _changed(discrepancy_id, error) from None
    except NotAllowed as error:
        raise Refused(422, "not-allowed", explained(error)) from None
    note(Seen.CHANGE, [seen])
    return Case.of(_visible(discrepancy_id).case)


def _changed(discrepancy_id: str, error: ChangedMeanwhile) -> Refused:
    now = _visible(discrepancy_id).case
    return Refused(
        409,
        "changed",
        "The case was changed after it was looked at. Nothing was changed by this request.",
        version=now["version"],
        state=now["state"],
        changes=[
            {**change, "at": utc(cast(datetime, change["at"])), "state": _state(change)}
            for change in error.changes
        ],
    )


def _state(change: Any) -> str | None:
    """Return the state that an entry of the history leads to, if that is what it tells."""
    after = change["after"]
    return after if change["what"] == What.ACTED.value and after in CaseState.codes() else None


def _view(of: type[Stepping]) -> Callable[..., Case]:
    """Return what answers a step."""

    def view(discrepancy_id: str, headers: Key) -> Case:
        context: Any = cast(Any, request).context
        return _act(discrepancy_id, context.json, headers.idempotency_key)

    view.__doc__ = of.__doc__
    return view


for each in STEPS:
    action = each.action
    PAGES.add_url_rule(
        f"/cases/<discrepancy_id>/{action.value.replace('_', '-')}",
        endpoint=action.value,
        view_func=SPEC.validate(
            json=each, resp=responses(Case, SENDING, ACTING), operation_id=action.value
        )(_view(each)),
        methods=["POST"],
    )
