"""The pages of cases: what there is to do, lists, one case, and what people do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import MultiDict

from casebook.actions import Action, ChangedMeanwhile, NotAllowed
from casebook.record import CaseState
from casebook.worklist import CaseFile
from schemas.accounts import Role, Seen
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType
from worklist.cases import export
from worklist.cases.acting import ACTED, asked_of, explained, form_for
from worklist.cases.filters import Looking, kept, told, wanted
from worklist.cases.forms import FORMS, NUMBER, SettleForm, StepForm
from worklist.cases.scope import case_or_not_found, last_here, me, my_councils, note
from worklist.cases.sides import SIDES, details, one_sided, other_side
from worklist.cases.story import since, story
from worklist.cases.timeline import timeline
from worklist.cases.words import CHOICES, line_in_words, names_by_email, names_of_choices
from worklist.services import services

PAGES = Blueprint("cases", __name__)
HOME_SHOWS = 10
ACTS = frozenset({Role.COMMISSIONING_WORKER, Role.TEAM_LEAD})
"""The roles that act on cases; others only look."""

ALONE = (Action.RESOLVE, Action.RULE)
"""What the form on the page of a case does, so that no link leads there."""


@PAGES.get("/home")
def home() -> str:
    """Show what there is to do, with what is due first."""
    looking = _looking()
    lists = _lists(looking)
    totals = services().cases.totals(
        {name: wanted(MultiDict(query), looking) for name, (_label, query) in lists.items()}
    )
    first = "mine" if totals["mine"].number else "team" if looking.user.team else "all"
    page = services().cases.page(wanted(MultiDict(lists[first][1]), looking), counted=False)
    note(Seen.LIST, page.cases[:HOME_SHOWS])
    return render_template(
        "cases/home.html",
        lists=[
            (name, label, _address(query), totals[name]) for name, (label, query) in lists.items()
        ],
        first=lists[first][0],
        first_address=_address(lists[first][1]),
        cases=page.cases[:HOME_SHOWS],
        views=services().casebook.views().of(me().number),
        missed=_missed(),
        last_here=looking.last_here,
        providers=_providers(),
    )


@PAGES.get("/cases")
def listed() -> str:
    """Show a page of the list that the address asks for."""
    asked = wanted(request.args, _looking())
    page = services().cases.page(asked)
    note(Seen.LIST, page.cases)
    query = kept(request.args)
    return render_template(
        "cases/list.html",
        page=page,
        asked=asked,
        query=query,
        narrowed=told(request.args, names_of_choices(_providers())),
        given=request.args,
        choices=CHOICES,
        councils=[(code or "none", services().council_name(code)) for code in my_councils()],
        providers=_providers(),
        next=_address([*query, ("page", page.next)]) if page.next else None,
        previous=_address([*query, ("page", page.previous)]) if page.previous else None,
        downloads={
            kind: url_for("cases.exported", kind=kind) + f"?{urlencode(query)}"
            for kind in export.KINDS
        },
        may_act=me().role in ACTS,
        views=services().casebook.views().of(me().number),
        all_chosen=request.args.get("choose") == "all",
        choose_all=_address([*query, ("page", asked.cursor or ""), ("choose", "all")]),
    )


@PAGES.post("/cases/search")
def search() -> str | Response:
    """Look for a reference; it is sent in a form, so that no address names anybody."""
    text = request.form.get("text", "").strip()[:100]
    found = services().cases.search(text, councils=my_councils()) if text else []
    note(Seen.SEARCH, found)
    if len(found) == 1:
        return redirect(url_for("cases.shown", discrepancy_id=found[0]["discrepancy_id"]), 303)  # type: ignore[return-value]
    return render_template("cases/found.html", text=text, cases=found, providers=_providers())


@PAGES.get("/cases/export.<any(csv, xlsx):kind>")
def exported(kind: str) -> Response:
    """Give the list that the address asks for as a file."""
    return export.response(wanted(request.args, _looking()), kind, providers=_providers())


@PAGES.post("/cases/views")
def keep_view() -> Response:
    """Keep how a list is narrowed under a name, or let go of that."""
    query = kept(MultiDict(request.form.items(multi=True)))
    back = redirect(_address(query), 303)
    name = " ".join(request.form.get("name", "").split())
    try:
        if forget := request.form.get("forget"):
            if not NUMBER.fullmatch(forget):
                raise WrongUsage("There is no such view.")
            services().casebook.views().remove(me().number, int(forget))
            flash("The view is gone.", "done")
        else:
            services().casebook.views().add(me().number, name=name, query=urlencode(query))
            flash(f"Saved as “{name}”. You find it on your home page.", "done")
    except WrongUsage as error:
        flash(str(error), "problem")
    return back  # type: ignore[return-value]


@PAGES.get("/cases/<discrepancy_id>")
def shown(discrepancy_id: str) -> str:
    """Show one case whole."""
    file = case_or_not_found(discrepancy_id)
    note(Seen.CASE, [file.case])
    return _page(file)


@PAGES.route("/cases/<discrepancy_id>/<action>", methods=["GET", "POST"])
def act(discrepancy_id: str, action: str) -> Any:
    """Show the form of a step, and take it."""
    file = case_or_not_found(discrepancy_id)
    if action not in Action.codes() or Action(action) not in FORMS:
        abort(404)
    form = form_for(Action(action), asked_of(file))
    if request.method == "GET":
        note(Seen.CASE, [file.case])
        if Action(action) is Action.RESOLVE:
            return _page(file, form=form)
        return _form_page(file, form)
    return _take(file, form)


def _take(file: CaseFile, form: StepForm) -> Any:
    """Take a step that somebody asks for; where it cannot be, what was typed stays."""
    case = file.case
    problem, changes, code = "", list[str](), 400
    if form.validate():
        try:
            services().desk.act(
                form.step(),
                {case["discrepancy_id"]: form.version.data},
                who=me().email,
                request=form.request.data or None,
            )
        except ChangedMeanwhile as error:
            problem = (
                "This case was changed after you looked at it. Nothing of yours was saved yet."
            )
            changes, code = since(error.changes, names_by_email()), 409
        except NotAllowed as error:
            problem = explained(error)
        else:
            note(Seen.CHANGE, [case])
            flash(ACTED[form.ACTION], "done")
            return redirect(url_for("cases.shown", discrepancy_id=case["discrepancy_id"]), 303)
    file = case_or_not_found(case["discrepancy_id"])
    # What is sent next is about the case as it is shown now.
    form.version.data = file.case["version"]
    form.version.raw_data = None
    shows = _page if isinstance(form, SettleForm) else _form_page
    return shows(file, form=form, problem=problem, changes=changes), code


def _form_page(
    file: CaseFile, form: StepForm, *, problem: str = "", changes: Sequence[str] = ()
) -> str:
    return render_template(
        "cases/act.html",
        file=file,
        case=file.case,
        form=form,
        problem=problem,
        changes=changes,
        **_about(file),
    )


def _page(
    file: CaseFile,
    form: StepForm | None = None,
    *,
    problem: str = "",
    changes: Sequence[str] = (),
) -> str:
    case, acts = file.case, me().role in ACTS
    offers = services().cases.offers(file, me().email) if acts else []
    if Action.RESOLVE in offers and form is None:
        form = form_for(Action.RESOLVE, asked_of(file))
    related = services().cases.related(case["discrepancy_id"], councils=my_councils())
    return render_template(
        "cases/case.html",
        file=file,
        case=case,
        form=form,
        problem=problem,
        changes=changes,
        others=[each for each in offers if each not in ALONE],
        assign_me=form_for(Action.ASSIGN, asked_of(file)) if Action.ASSIGN in offers else None,
        undo=form_for(Action.UNDO, asked_of(file)) if Action.UNDO in offers else None,
        related=related,
        story=story(file),
        **_about(file),
    )


def _about(file: CaseFile) -> dict[str, Any]:
    """Return what pages say of a case: both sides, its lines in time, and its words."""
    providers = _providers()
    in_words = [line_in_words(line, providers) for line in file.lines]
    return {
        "kind": DiscrepancyType(file.case["type"]),
        "state": CaseState(file.case["state"]),
        "details": details(file.lines, providers=providers),
        "other": SIDES[other_side(file.lines)],
        "found_too": one_sided(file.lines),
        "lines": list(zip(file.lines, in_words, strict=True)),
        "timeline": timeline(file.lines, today=services().today, said=in_words),
        "sides": SIDES,
        "providers": providers,
    }


def _looking() -> Looking:
    return Looking(user=me(), councils=my_councils(), last_here=last_here())


def _lists(looking: Looking) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return the lists of the home page: their names, and how they are narrowed."""
    lists = {"mine": ("My cases", [("whose", "mine")])}
    if looking.user.team:
        lists["team"] = ("My team's cases", [("whose", "team")])
    own = lists["team" if looking.user.team else "mine"][1]
    scope = own if looking.user.role in ACTS else []
    lists |= {
        "due_soon": ("Due soon", [*scope, ("standing", "due_soon")]),
        "breached": ("Overdue", [*scope, ("standing", "breached")]),
    }
    if looking.last_here is not None:
        lists["changed"] = ("Changed since you were last here", [*scope, ("changed", "yes")])
    lists["nobody"] = ("Nobody's cases", [("whose", "nobody")])
    lists["all"] = ("All open cases", [])
    return lists


def _address(query: list[tuple[str, str]]) -> str:
    return url_for("cases.listed") + (f"?{urlencode(query)}" if query else "")


def _missed() -> list[tuple[str, str]]:
    """Return the councils of mine that the latest night did not assess, and why."""
    latest = services().overview.latest()
    night = services().casebook.night(latest) if latest else None
    return [
        (services().council_name(each.local_authority), each.message or "")
        for each in (night.councils if night else ())
        if not each.assessed and each.local_authority in my_councils()
    ]


def _providers() -> Mapping[str, str]:
    return services().provider_names
