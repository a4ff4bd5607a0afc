"""The pages for providers: their questions, their lists, their notices."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from casebook.actions import ChangedMeanwhile, NotAllowed, Step
from casebook.audit import AuditEntry
from casebook.uploads import NotTaken, SentAlready, Upload
from connectors.intake.templates import template
from publishing.notices.rendering import file_names
from publishing.templates import british_date
from schemas.accounts import Seen
from schemas.errors import PersonNeeded
from worklist.provider.asking import CHOICES, whom
from worklist.provider.forms import COMMENT_AT_MOST, AnswerForm, ListForm
from worklist.provider.own import Own, OwnCase, answer_by, own, provider_id, was_asked
from worklist.provider.receipts import parts_of
from worklist.security import UPLOAD_BYTES, limiter
from worklist.services import services
from worklist.sessions import actor

PAGES = Blueprint("provider", __name__)
NOTICES_SHOWN = 30
LISTS_RATE = "60 per hour"
KINDS = {
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The files of a notice by the endings of their names."""
TEMPLATE = "list-template.xlsx"
BESIDES = ("How we read your list", "Lines skipped")
"""The parts of a receipt that only somebody with a doubt reads."""
TO_REPLACE = "To use this one instead, choose your file again, tick the box and send it."


@PAGES.url_value_preprocessor
def _let_lists_be_larger(endpoint: str | None, _values: Any) -> None:
    """Let somebody who may send a list send a whole one; whoever has not signed in may not.

    It comes before anything reads what was sent.
    """
    if endpoint == "provider.lists" and current_user.is_authenticated:
        request.max_content_length = UPLOAD_BYTES


@PAGES.get("/questions")
def questions() -> str:
    """Show what the provider is asked, and what it has answered."""
    seen = own()
    _note(Seen.LIST)
    return render_template("provider/questions.html", own=seen, whom=whom, by=answer_by(seen))


@PAGES.route("/questions/<string(length=32):reference>", methods=["GET", "POST"])
def question(reference: str) -> ResponseReturnValue:
    """Show one question, or take the answer to it."""
    seen = own()
    case, form = seen.of(reference), AnswerForm()
    if case is None:
        return _gone(reference)
    form.offer(case.question)
    if request.method == "POST":
        step = form.answered(provider_id(), today=services().today)
        if step is not None:
            return _answer(case, form, step)
    else:
        form.ask_of(case.asked.version)
        _note(Seen.CASE, case)
    return _asking(seen, case, form), 400 if form.errors else 200


def _answer(case: OwnCase, form: AnswerForm, step: Step) -> ResponseReturnValue:
    """Take an answer, once; where the case has changed, say so and keep what was typed."""
    who, mine = current_user.user.email, {case.asked.discrepancy_id: form.seen}
    try:
        services().desk.act(step, mine, who=who, request=form.request_name)
    except (ChangedMeanwhile, NotAllowed):
        seen = own()
        now = seen.of(case.reference)
        return (_asking(seen, now, form, stale=True), 409) if now else _gone(case.reference)
    _note(Seen.ANSWER, case)
    flash("Thank you. The council can see your answer.", "done")
    return redirect(url_for("provider.questions"))


def _gone(reference: str) -> ResponseReturnValue:
    """Say that a question has gone; one that was never this provider's is no page at all."""
    if not was_asked(reference):
        abort(404)
    flash("There is nothing to answer about this any more.")
    return redirect(url_for("provider.questions"))


def _asking(seen: Own, case: OwnCase, form: AnswerForm, *, stale: bool = False) -> str:
    if stale:
        form.ask_of(case.asked.version)
    place = seen.to_do.index(case) + 1 if case in seen.to_do else None
    return render_template(
        "provider/question.html",
        case=case,
        form=form,
        stale=stale,
        place=place,
        total=len(seen.to_do),
        choices=[(code, CHOICES[code]) for code in case.question.choices],
        contact=_contact(seen, case),
        comment_at_most=COMMENT_AT_MOST,
    )


def _contact(seen: Own, case: OwnCase) -> str:
    """Return whom to ask about a case."""
    contacts = seen.notice.contacts if seen.notice else {}
    return contacts.get(case.item.council) or contacts.get("", "")


@PAGES.route("/lists", methods=["GET", "POST"])
@limiter.limit(LISTS_RATE, methods=["POST"], key_func=lambda: f"lists {current_user.get_id()}")
def lists() -> ResponseReturnValue:
    """Show what was sent, or take a list."""
    form, is_there = ListForm(), False
    if request.method == "POST":
        take = services().take_caseload
        if take is None:
            abort(404)
        if (day := form.complete()) is not None:
            try:
                sent = take(
                    form.file.data.read(),
                    provider_id=provider_id(),
                    caseload_date=day,
                    who=current_user.user.email,
                    instead=form.instead.data,
                )
            except NotTaken as why:
                form.day.errors = [str(why)]
            except SentAlready:
                is_there = True
                told = british_date(day)
                form.instead.errors = [f"We have a list of {told} already. {TO_REPLACE}"]
            else:
                _note(Seen.CASELOAD)
                return redirect(url_for("provider.receipt", number=sent.number))
    return _lists(form, is_there=is_there), 400 if form.errors else 200


def _lists(form: ListForm, *, is_there: bool) -> str:
    seen = own()
    return render_template(
        "provider/lists.html",
        form=form,
        notice=seen.notice,
        uploads=services().casebook.uploads().latest(provider_id()),
        can_send=services().take_caseload is not None,
        is_there=is_there or bool(form.instead.data),
    )


@PAGES.get("/lists/<int(max=999999999):number>")
def receipt(number: int) -> str:
    """Show what was made of a list that was sent."""
    upload: Upload | None = services().casebook.uploads().upload(provider_id(), number)
    if upload is None:
        abort(404)
    parts = parts_of(upload.receipt)
    return render_template(
        "provider/receipt.html",
        upload=upload,
        said=[part for part in parts if part.title not in BESIDES],
        besides=[part for part in parts if part.title in BESIDES],
    )


@PAGES.get("/lists/template")
def empty_list() -> ResponseReturnValue:
    """Give an empty list to fill in."""
    return _file(template(), TEMPLATE, "xlsx")


@PAGES.get("/notices")
def notices() -> str:
    """Show the provider's notices."""
    rows = services().casebook.notices().notices(provider_id=provider_id())
    return render_template(
        "provider/notices.html",
        notices=rows[: -NOTICES_SHOWN - 1 : -1],
        can_get=services().notice_files is not None,
    )


@PAGES.get("/notices/<int(max=999999999):number>/<any(pdf, txt, xlsx):kind>")
def notice_file(number: int, kind: str) -> ResponseReturnValue:
    """Give a file of a notice."""
    files = services().notice_files
    rows = services().casebook.notices().notices(provider_id=provider_id())
    row = next((each for each in rows if each.number == number), None)
    if row is None or files is None:
        abort(404)
    names = file_names(row.provider_id, row.name, to_answer=row.cases > 0)
    name = next((each for each in names if each.endswith(f".{kind}")), None)
    if name is None:
        abort(404)
    try:
        content = files(row)[name]
    except PersonNeeded:
        flash("We do not have this notice any more. Your latest one says how things are now.")
        return redirect(url_for("provider.notices"))
    _note(Seen.NOTICE)
    return _file(content, name, kind)


def _file(content: bytes, name: str, kind: str) -> ResponseReturnValue:
    return send_file(BytesIO(content), mimetype=KINDS[kind], as_attachment=True, download_name=name)


def _note(what: Seen, case: OwnCase | None = None) -> None:
    """Put on record what was looked at or done, before the page is sent."""
    asked = case.asked if case else None
    services().casebook.audit().note(
        AuditEntry(
            by=actor(),
            what=what,
            discrepancy_id=asked.discrepancy_id if asked else None,
            local_authority=asked.local_authority if asked else None,
            person_id=asked.person_id if asked else None,
        )
    )
