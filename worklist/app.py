"""Puts the site together: what keeps it safe, the pages, and what is said when something fails."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError
from govuk_frontend_wtf.main import WTFormsHelpers
from jinja2 import ChoiceLoader, FunctionLoader, PackageLoader, PrefixLoader
from werkzeug.exceptions import HTTPException

from publishing.templates import Templates
from schemas.errors import TryAgainLater, WrongUsage
from worklist import (
    api,
    cases,
    health,
    management,
    policy,
    provider,
    sessions,
    signing_in,
    start,
)
from worklist.security import log_safe, secure
from worklist.services import EXTENSION, Services
from worklist.words import dress

LOG = logging.getLogger("worklist")
BLUEPRINTS = (
    health.PAGES,
    *signing_in.BLUEPRINTS,
    start.PAGES,
    cases.PAGES,
    provider.PAGES,
    management.PAGES,
    api.PAGES,
)
"""Everything that can be asked for. Who may ask for it, `policy.POLICY` says."""

SAID = {
    400: ("We could not take that", "Go back, load the page again, and try once more."),
    403: (
        "Your account cannot do that",
        "If you need it for your work, ask your administrator for another role.",
    ),
    404: ("Page not found", "Check the address, or start again from the worklist."),
    405: ("Page not found", "Check the address, or start again from the worklist."),
    413: ("That is too much", "The file or the text is larger than we take. Send a smaller one."),
    429: ("Too many tries", "Wait a few minutes, then try again."),
    500: (
        "There is a problem with the service",
        "Nothing that you did was lost unless you were told so. Try again in a few minutes.",
    ),
    503: ("The service is busy", "Try again in a few minutes. Nothing was changed."),
}


def create_app(services: Services) -> Flask:
    """Return the site. Raises `LookupError` where a page is not in the policy."""
    app = Flask("worklist", static_folder="static", template_folder="templates")
    app.extensions[EXTENSION] = services
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=services.settings.session_hours)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_loader = ChoiceLoader(
        [
            PackageLoader("worklist"),
            PrefixLoader(
                {
                    name: PackageLoader(name)
                    for name in ("govuk_frontend_jinja", "govuk_frontend_wtf")
                }
                | {"publishing": FunctionLoader(_of_reports)}
            ),
        ]
    )
    WTFormsHelpers(app)
    secure(app, services.settings)
    sessions.keep(app, services)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    policy.guard(app)
    dress(app)
    _say_what_failed(app)
    return app


def _of_reports(name: str) -> str:
    """Return a part of the reports' pages, by its name without `.j2`: only so Flask escapes it."""
    return Templates().text(f"{name}.j2")


def _say_what_failed(app: Flask) -> None:
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(CSRFError, _told)
    app.register_error_handler(TryAgainLater, _busy)
    app.register_error_handler(WrongUsage, _not_understood)
    app.register_error_handler(Exception, _fault)


def _told(error: Any) -> Response | tuple[str | Response, int]:
    """Say what went wrong, in a page; nothing of what was asked for is repeated."""
    code = error.code or 500
    if code in {301, 302, 303, 307, 308}:
        return error.get_response()  # type: ignore[no-any-return]
    return problem(code, error)


def _busy(_error: Exception) -> tuple[str | Response, int]:
    LOG.warning("Busy: %s", log_safe(_error))
    return problem(503)


def _not_understood(_error: Exception) -> tuple[str | Response, int]:
    """Say that an address means nothing, such as a page of a list that is narrowed otherwise."""
    return problem(400)


def _fault(error: Exception) -> tuple[str | Response, int]:
    """Tell nobody what a fault says: it may quote a record."""
    LOG.error("A fault of ours: %s", log_safe(error))
    return problem(500)


def problem(code: int, error: Any = None) -> tuple[str | Response, int]:
    """Return what says that something cannot be had: a page, or for programs JSON."""
    if request.path.startswith(sessions.API):
        return api.problem(code, error), code
    heading, advice = SAID.get(code, SAID[code // 100 * 100])
    return render_template("problem.html", heading=heading, advice=advice, code=code), code
