"""One's own account, and everybody's for administrators."""

from __future__ import annotations

from operator import itemgetter

from flask import Blueprint, abort, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import SelectChoice

from casebook.accounts import Account, SignInRefused, TooManyTries
from casebook.passwords import WeakPassword
from schemas.errors import WrongUsage
from worklist.account_forms import AccountForm, ChangePasswordForm
from worklist.security import limiter, where_from
from worklist.services import services
from worklist.sessions import accounts, actor, seal, this_session, web_sessions

OWN = Blueprint("account", __name__, url_prefix="/account")
ALL = Blueprint("accounts", __name__, url_prefix="/accounts")
CODE = "code_once"
LATEST = 50
"""How many entries of the record are shown of an account."""

DONE = {
    "disable": "The account is disabled.",
    "enable": "The account is enabled.",
    "unlock": "The holder can try again.",
    "sign-out": "The account is signed out everywhere.",
    "reset": "The account is reset.",
}
"""What can be done to an account, and what is said then."""
NOT_TO_ONESELF = ("disable", "reset")


@OWN.get("")
def own() -> str:
    """Show one's own account and where it is signed in."""
    number = current_user.user.number
    return render_template(
        "account/own.html",
        account=accounts().account(number),
        sessions=web_sessions().of_account(number),
        this=this_session(),
    )


@OWN.route("/password", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def password() -> ResponseReturnValue:
    """Change one's own password; other sessions end."""
    number, form = current_user.user.number, ChangePasswordForm()
    account = accounts().account(number)
    if account is None or not account.has_password:
        abort(404)
    if form.validate_on_submit():
        try:
            accounts().change_password(
                number,
                old=form.old.data,
                new=form.password.data,
                place=where_from(),
                but=this_session(),
            )
        except TooManyTries:
            abort(429)
        except WeakPassword as weak:
            form.password.errors = [str(weak)]
        except SignInRefused:
            form.old.errors = ["That is not your password, or your account is locked for a while."]
        else:
            flash("Your password is changed. You are signed out everywhere else.", "done")
            return redirect(url_for("account.own"))
    return render_template("account/password.html", form=form)


@OWN.post("/sign-out-elsewhere")
def sign_out_elsewhere() -> ResponseReturnValue:
    """End one's other sessions."""
    accounts().sign_out(current_user.user.number, by=actor(), but=this_session())
    flash("You are signed out everywhere else.", "done")
    return redirect(url_for("account.own"))


@ALL.get("")
def listed() -> str:
    """Show all accounts."""
    return render_template("account/listed.html", accounts=accounts().listed(), now=services().now)


@ALL.route("/add", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Add an account, and show the code for its first password."""
    form = _form()
    if form.validate_on_submit():
        try:
            user = accounts().add(form.user(0), by=actor())
        except WrongUsage as wrong:
            form.email.errors = [str(wrong)]
        else:
            _keep_code(accounts().reset(user.number, by=actor()))
            flash("The account is added.", "done")
            return redirect(url_for("accounts.one", number=user.number))
    return render_template("account/edit.html", form=form, account=None)


@ALL.get("/<int(max=999999999):number>")
def one(number: int) -> str:
    """Show an account, what was done to it, and a new code once."""
    account = _account(number)
    code = session.pop(CODE, None)
    return render_template(
        "account/one.html",
        account=account,
        code=seal().open(code) if code else None,
        entries=services().casebook.audit().history_of_account(number)[: -LATEST - 1 : -1],
        sessions=web_sessions().of_account(number),
        now=services().now,
        own=number == current_user.user.number,
    )


@ALL.route("/<int(max=999999999):number>/change", methods=["GET", "POST"])
def change(number: int) -> ResponseReturnValue:
    """Give an account another name, role or organisation; nobody changes their own."""
    account = _account(number)
    if number == current_user.user.number or account.by_council:
        abort(403)
    form = _form(account)
    if form.validate_on_submit():
        try:
            accounts().change(form.user(number, account.user.email), by=actor())
        except WrongUsage as wrong:
            form.role.errors = [str(wrong)]
        else:
            flash("The account is changed.", "done")
            return redirect(url_for("accounts.one", number=number))
    return render_template("account/edit.html", form=form, account=account)


@ALL.post("/<int(max=999999999):number>/<any(disable, enable, unlock, 'sign-out', reset):deed>")
def do(number: int, deed: str) -> ResponseReturnValue:
    """Do something to an account; nobody shuts themselves out."""
    account = _account(number)
    own = number == current_user.user.number
    if (own and deed in NOT_TO_ONESELF) or (account.by_council and deed == "reset"):
        abort(403)
    by, kept = actor(), accounts()
    match deed:
        case "disable":
            kept.disable(number, by=by)
        case "enable":
            kept.enable(number, by=by)
        case "unlock":
            kept.unlock(number, by=by)
        case "reset":
            _keep_code(kept.reset(number, by=by))
        case _:
            kept.sign_out(number, by=by, but=this_session() if own else None)
    flash(DONE[deed], "done")
    return redirect(url_for("accounts.one", number=number))


def _account(number: int) -> Account:
    account = accounts().account(number)
    if account is None:
        abort(404)
    return account


def _keep_code(code: str) -> None:
    """Keep a code until the next page, which shows it once."""
    session[CODE] = seal().close(code)


def _form(account: Account | None = None) -> AccountForm:
    form = AccountForm(obj=account.user if account else None)
    by_name = sorted(services().councils.items(), key=itemgetter(1))
    form.council.choices = [
        SelectChoice(code, name) for code, name in (("", "All councils"), *by_name)
    ]
    if account:
        del form.email
    return form
