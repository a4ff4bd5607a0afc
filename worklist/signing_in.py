"""Signing in and out: by a password and a code, or by a council's own sign-in.

No page says whether an account exists. Each step begins a session of its own.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit

import segno
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_login import current_user

from casebook.accounts import SignInRefused, TooManyTries
from casebook.audit import AuditEntry
from casebook.passwords import WeakPassword
from casebook.second_factor import address
from casebook.web_sessions import Ended
from schemas.accounts import Seen, User
from schemas.errors import TryAgainLater
from worklist import account_pages, oidc
from worklist.account_forms import CodeForm, SetPasswordForm, SignInForm
from worklist.security import limiter, where_from
from worklist.services import EXTENSION, services
from worklist.sessions import SIGNED_OUT, accounts, actor, begin, end, half_signed_in
from worklist.words import home_of

PAGES = Blueprint("signing_in", __name__, url_prefix="/sign-in")
BLUEPRINTS = (PAGES, account_pages.OWN, account_pages.ALL)
NEXT = "next"
RATE = "30 per minute"
"""How often one address may try, whatever becomes of it."""
OVER = {
    **{over.value: over.display for over in Ended},
    SIGNED_OUT: "You have signed out. Close the browser if others use this device.",
}


@PAGES.record_once
def _know_the_council(state: BlueprintSetupState) -> None:
    """Make the council's sign-in known to the app."""
    app = cast(Flask, state.app)
    oidc.register(app, app.extensions[EXTENSION].settings.oidc)


@PAGES.route("", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """Ask for the first factor."""
    if current_user.is_authenticated:
        return redirect(_onward(current_user.user))
    form = SignInForm()
    if form.validate_on_submit():
        try:
            account = accounts().check_password(
                form.email.data, form.password.data, place=where_from()
            )
        except TooManyTries:
            abort(429)
        except SignInRefused as refused:
            form.email.errors = [str(refused)]
        else:
            wanted = own_path(request.args.get(NEXT))
            begin(account.user, signed_in=False)
            session[NEXT] = wanted
            if account.has_second_factor:
                return redirect(url_for("signing_in.second_factor"))
            if services().settings.totp_required:
                return redirect(url_for("signing_in.set_up"))
            return _let_in(account.user)
    return _page("sign_in/sign_in.html", form=form, council=_council())


@PAGES.route("/code", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"])
def second_factor() -> ResponseReturnValue:
    """Ask for the second factor."""
    return _ask_for_code("sign_in/code.html", set_up=False)


@PAGES.route("/set-up", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"])
def set_up() -> ResponseReturnValue:
    """Let somebody set up the second factor, and show by a code that it works."""
    return _ask_for_code("sign_in/set_up.html", set_up=True)


@PAGES.get("/set-up/picture.svg")
def picture() -> ResponseReturnValue:
    """Return the picture from which an authenticator app reads the secret."""
    user = half_signed_in()
    if user is None or _is_set_up(user):
        abort(404)
    drawn = BytesIO()
    said = address(accounts().begin_second_factor(user.number), email=user.email)
    segno.make(said, error="m").save(drawn, kind="svg", scale=5, border=4, light="#fff")
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@PAGES.route("/password", methods=["GET", "POST"])
@limiter.limit(RATE, methods=["POST"])
def set_password() -> ResponseReturnValue:
    """Let somebody who was given a code set a password."""
    form = SetPasswordForm()
    if form.validate_on_submit():
        try:
            accounts().set_password(
                form.email.data,
                code=form.code.data,
                password=form.password.data,
                place=where_from(),
            )
        except TooManyTries:
            abort(429)
        except WeakPassword as weak:
            form.password.errors = [str(weak)]
        except SignInRefused as refused:
            form.code.errors = [str(refused)]
        else:
            flash("Your password is set. Sign in with it.", "done")
            return redirect(url_for("signing_in.sign_in"))
    return _page("sign_in/set_password.html", form=form)


@PAGES.get("/council")
@limiter.limit(RATE)
def council() -> ResponseReturnValue:
    """Send whoever works for a council to its own sign-in."""
    if not oidc.is_there():
        abort(404)
    session[NEXT] = own_path(request.args.get(NEXT))
    try:
        return oidc.go()
    except TryAgainLater:
        return _refused("Your council's sign-in does not answer. Try again in a few minutes.", 503)
    except oidc.NotLetIn as refused:
        return _refused(str(refused), 403)


@PAGES.get("/council/back")
@limiter.limit(RATE)
def council_back() -> ResponseReturnValue:
    """Let in who comes back from a council's sign-in."""
    if not oidc.is_there():
        abort(404)
    try:
        user = oidc.come_back()
    except TryAgainLater:
        return _refused("Your council's sign-in does not answer. Try again in a few minutes.", 503)
    except oidc.NotLetIn as refused:
        return _refused(str(refused), 403)
    return _let_in(user)


@PAGES.post("/out")
def sign_out() -> ResponseReturnValue:
    """End the session; the browser is asked to forget what it keeps of us."""
    if current_user.is_authenticated:
        by = actor()
        services().casebook.audit().note(AuditEntry(by=by, what=Seen.SIGNED_OUT, about=by.account))
    end()
    answer = redirect(url_for("signing_in.sign_in", why=SIGNED_OUT))
    answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return answer


def own_path(path: str | None) -> str | None:
    """Return a path of ours that somebody is to be sent to, None for any other address.

    Browsers take backslashes for slashes, and leave out line breaks.
    """
    if not path or not path.startswith("/") or path.startswith("//"):
        return None
    if "\\" in path or not path.isprintable():
        return None
    parts = urlsplit(path)
    return None if parts.scheme or parts.netloc else path


def _ask_for_code(template: str, *, set_up: bool) -> ResponseReturnValue:
    user = half_signed_in()
    if user is None:
        return redirect(url_for("signing_in.sign_in"))
    if _is_set_up(user) is set_up:
        other = "signing_in.second_factor" if set_up else "signing_in.set_up"
        return redirect(url_for(other))
    form = CodeForm()
    if form.validate_on_submit():
        try:
            accounts().check_second_factor(user.number, form.code.data, place=where_from())
        except TooManyTries:
            abort(429)
        except SignInRefused as refused:
            form.code.errors = [str(refused)]
        else:
            return _let_in(user)
    secret = accounts().begin_second_factor(user.number) if set_up else ""
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return _page(template, form=form, secret=grouped)


def _is_set_up(user: User) -> bool:
    account = accounts().account(user.number)
    return account is not None and account.has_second_factor


def _let_in(user: User) -> ResponseReturnValue:
    """Begin the session of somebody who has proved who they are."""
    wanted = own_path(session.get(NEXT))
    known = accounts().signed_in(user.number, place=where_from())
    begin(known, signed_in=True)
    return redirect(wanted or _onward(known))


def _onward(user: User) -> str:
    return own_path(request.args.get(NEXT)) or home_of(user.role)


def _council() -> dict[str, Any] | None:
    """Return what the button for the council's sign-in says and where it leads."""
    if not oidc.is_there():
        return None
    wanted = own_path(request.args.get(NEXT))
    return {
        "text": f"Sign in with {services().settings.oidc.label}",
        "href": url_for("signing_in.council", next=wanted),
    }


def _refused(said: str, code: int) -> ResponseReturnValue:
    end()
    return _page("sign_in/refused.html", said=said), code


def _page(template: str, **said: Any) -> str:
    over = OVER.get(request.args.get("why", "")) if request.method == "GET" else None
    return render_template(template, over=over, **said)
