"""Who may ask for what: one table, which every request passes, and no page that is not in it.

It says what a role may do at all. Whose cases somebody sees is a matter of `User.councils_seen` and
`User.provider_id`, by which every question to the record is narrowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import Forbidden, Unauthorized

from casebook.actions import Action
from schemas.accounts import Role
from worklist.sessions import API, why_over

Allowed = frozenset[Role | None]

EVERYBODY: Allowed = frozenset({*Role, None})
"""All roles, and whoever has not signed in."""
SIGNED_IN: Allowed = frozenset(Role)
PROVIDERS: Allowed = frozenset({Role.PROVIDER_USER})
ADMINISTRATORS: Allowed = frozenset({Role.ADMINISTRATOR})
WORKERS: Allowed = frozenset({Role.COMMISSIONING_WORKER, Role.TEAM_LEAD})
OF_COUNCILS: Allowed = WORKERS | {Role.MANAGER}
"""Those who see the cases of councils; a manager looks, and changes none."""
STEERING: Allowed = frozenset({Role.TEAM_LEAD, Role.MANAGER, Role.DATA_ENGINEER})
NIGHTS: Allowed = OF_COUNCILS | {Role.DATA_ENGINEER, Role.ADMINISTRATOR}
RELEASING: Allowed = frozenset({Role.MANAGER, Role.DATA_ENGINEER})

POLICY: Mapping[str, Allowed] = {
    "static": EVERYBODY,
    "health.live": EVERYBODY,
    "health.ready": EVERYBODY,
    "signing_in.sign_in": EVERYBODY,
    "signing_in.second_factor": EVERYBODY,
    "signing_in.set_up": EVERYBODY,
    "signing_in.picture": EVERYBODY,
    "signing_in.set_password": EVERYBODY,
    "signing_in.council": EVERYBODY,
    "signing_in.council_back": EVERYBODY,
    "signing_in.sign_out": EVERYBODY,
    "account.own": SIGNED_IN,
    "account.password": SIGNED_IN,
    "account.sign_out_elsewhere": SIGNED_IN,
    "provider.questions": PROVIDERS,
    "provider.question": PROVIDERS,
    "provider.lists": PROVIDERS,
    "provider.receipt": PROVIDERS,
    "provider.empty_list": PROVIDERS,
    "provider.notices": PROVIDERS,
    "provider.notice_file": PROVIDERS,
    "accounts.listed": ADMINISTRATORS,
    "accounts.add": ADMINISTRATORS,
    "accounts.one": ADMINISTRATORS,
    "accounts.change": ADMINISTRATORS,
    "accounts.do": ADMINISTRATORS,
    "start.index": SIGNED_IN,
    "cases.home": OF_COUNCILS,
    "cases.listed": OF_COUNCILS,
    "cases.search": OF_COUNCILS,
    "cases.exported": OF_COUNCILS,
    "cases.keep_view": OF_COUNCILS,
    "cases.shown": OF_COUNCILS,
    "cases.act": WORKERS,
    "cases.bulk": WORKERS,
    "api.described": EVERYBODY,
    "api.cases": OF_COUNCILS,
    "api.case": OF_COUNCILS,
    "api.search": OF_COUNCILS,
    **dict.fromkeys((f"api.{action.value}" for action in Action), WORKERS),
    "management.measures": STEERING,
    "management.nights": NIGHTS,
    "management.night": NIGHTS,
    "management.came": NIGHTS,
    "management.refusals": NIGHTS,
    "management.gates": NIGHTS,
    "management.night_file": NIGHTS,
    "management.council_file": NIGHTS,
    "management.release": RELEASING,
    "management.again": RELEASING,
    "management.outbox": RELEASING | ADMINISTRATORS,
}


def may(role: Role | None, endpoint: str) -> bool:
    """Say whether somebody of a role, or None for who has not signed in, may ask for a page."""
    return role in POLICY.get(endpoint, frozenset())


def guard(app: Flask) -> None:
    """Let every request pass the policy. Raises `LookupError` where a page is not in it."""
    unsaid = {rule.endpoint for rule in app.url_map.iter_rules()} - set(POLICY)
    if unsaid:
        raise LookupError(f"worklist/policy.py says of nobody that he may: {sorted(unsaid)}")
    app.before_request(_enforce)


def _enforce() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None:  # there is no such page, which is said later
        return None
    role = current_user.user.role if current_user.is_authenticated else None
    if may(role, endpoint):
        return None
    if request.path.startswith(API):
        raise Forbidden if role else Unauthorized
    if role is not None:
        raise Forbidden
    about: dict[str, Any] = _comes_back() | why_over()
    return redirect(url_for("signing_in.sign_in", **about))


def _comes_back() -> dict[str, str]:
    """Return where whoever signs in wanted to go; what was sent cannot be sent again for them."""
    wanted = request.full_path.removesuffix("?")
    return {"next": wanted} if request.method == "GET" and wanted != "/" else {}
