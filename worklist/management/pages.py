"""The pages of measures, of nights and what they left, of releases, and of what waits."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.blueprints import BlueprintSetupState

from casebook.overview import NightLine
from publishing.quality.lines import LARGE, SMALL, counts_of
from publishing.quality.page import parts_by_source
from publishing.templates import british_date
from schemas.accounts import Seen
from schemas.errors import WrongUsage
from worklist.management import files, measuring, scope, sources
from worklist.management.forms import ReleaseForm
from worklist.management.gates import NightGates, fingerprint
from worklist.management.measuring import PERIODS, USUAL_PERIOD, Measuring
from worklist.policy import may
from worklist.services import EXTENSION, services

PAGES = Blueprint("management", __name__)
MEASURING = "cpli-measuring"
NIGHTS_A_PAGE = 30
SUMMARY = "summary.json"
STAGES = ("read", "reconcile", "record", "answers", "publish", "notices")
"""What a night does, in this order, as its summary says how long each took."""


@PAGES.record_once
def _set_up(state: BlueprintSetupState) -> None:
    casebook = state.app.extensions[EXTENSION].casebook
    state.app.extensions[MEASURING] = Measuring(casebook)


@PAGES.get("/measures")
def measures() -> str:
    """Show how the work goes."""
    council = _council_asked_for()
    period = request.args.get("period") or USUAL_PERIOD
    if period not in PERIODS:
        abort(404)
    counting: Measuring = current_app.extensions[MEASURING]
    counted = counting.of(council, measuring.since_of(period, services().today))
    return render_template(
        "management/measures.html",
        at=counted.at,
        council=council,
        councils=scope.councils(),
        period=period,
        periods=PERIODS,
        since=measuring.since_of(period, services().today),
        provider_names=services().provider_names,
        may_list=may(scope.me().role, "cases.listed"),
        **measuring.figures(counted.measures, names=services().councils, alone=council is not None),
    )


@PAGES.get("/nights")
def nights() -> str:
    """Show the nights, the latest first."""
    page = request.args.get("page", default=1, type=int)
    in_all = services().overview.count()
    pages = max(1, -(-in_all // NIGHTS_A_PAGE))
    if not 1 <= page <= pages:
        abort(404)
    lines = services().overview.nights(
        scope.council(), first=NIGHTS_A_PAGE * (page - 1), most=NIGHTS_A_PAGE
    )
    return render_template(
        "management/nights.html",
        nights=[(line, _in_short(line)) for line in lines],
        in_all=in_all,
        page=page,
        pages=pages,
        council=scope.council(),
    )


@PAGES.get("/nights/<night>")
def night(night: str) -> str:
    """Show what a night was made of, and what came of it."""
    found = scope.night_or_not_found(night)
    as_of = found.as_of
    gates = NightGates(found)
    came = sources.of_night(found)
    refused = sources.refusals(as_of)
    return render_template(
        "management/night.html",
        night=found,
        as_of=as_of,
        around=services().overview.around(as_of),
        discrepancies=_discrepancies(found.summary),
        gates=gates,
        councils=gates.councils(),
        came=list(sources.summed(came)),
        refused=None if refused is None else sum(each.number for each in refused),
        refusals=(refused or [])[:5],
        drifted=sources.drifted(services().casebook.lineage().noted(as_of), as_of),
        title_of=sources.title_of,
        deliveries=services().overview.deliveries(as_of, scope.council()),
        files=files.offered(as_of),
        seconds=_seconds(as_of),
        council=scope.council(),
    )


@PAGES.get("/nights/<night>/sources")
def came(night: str) -> str:
    """Show every source of a night, and the columns that it had."""
    found = scope.night_or_not_found(night)
    noted = services().casebook.lineage().noted(found.as_of)
    return render_template(
        "management/sources.html",
        as_of=found.as_of,
        sources=list(sources.in_words(sources.of_night(found), noted)),
    )


@PAGES.get("/nights/<night>/refusals")
def refusals(night: str) -> str:
    """Show what was refused on a night, by source and rule."""
    as_of = scope.night_or_not_found(night).as_of
    return render_template(
        "management/refusals.html", as_of=as_of, refusals=sources.refusals(as_of)
    )


@PAGES.get("/nights/<night>/gates")
def gates(night: str) -> str:
    """Show all gates of a night, and how each has done before."""
    found = scope.night_or_not_found(night)
    shown = NightGates(found, past=True)
    return render_template(
        "management/gates.html",
        as_of=found.as_of,
        counts=counts_of(shown.lines),
        sources=parts_by_source(shown.lines),
        small=SMALL,
    )


@PAGES.get("/nights/<night>/files/<name>")
def night_file(night: str, name: str) -> Response:
    """Give a file of a night."""
    return files.night_file(scope.night_or_not_found(night).as_of, name)


@PAGES.get("/nights/<night>/councils/<council>/<name>")
def council_file(night: str, council: str, name: str) -> Response:
    """Give a council's file of a night."""
    return files.council_file(scope.night_or_not_found(night).as_of, council, name)


@PAGES.route("/nights/<night>/release/<owner>", methods=["GET", "POST"])
def release(night: str, owner: str) -> str | Response:
    """Show what gates hold of a council, or of a provider's lists, and let it out."""
    found = scope.night_or_not_found(night)
    as_of, held, let_out = found.as_of, services().held, services().release
    shown = NightGates(found, past=True)
    known = {each.owner for each in shown.results} | {
        each.local_authority for each in found.councils
    }
    if not owner or owner not in known or not scope.may_release(owner):
        abort(404)
    name = sources.provider_named(owner) if owner not in services().councils else _name(owner)
    told: dict[str, Any] = {"as_of": as_of, "owner": owner, "name_of": name, "large": LARGE}
    try:
        failures = held(as_of, owner) if held else ()
    except WrongUsage as error:
        return render_template("management/release.html", problem=str(error), **told)
    if not failures or let_out is None:
        return _back(as_of)
    form = ReleaseForm(seen=fingerprint(failures))
    form.submit.label.text = f"Release {name}"
    changed = request.method == "POST" and form.seen.data != fingerprint(failures)
    if form.validate_on_submit() and not changed:
        try:
            flash(let_out(as_of, owner, scope.me().name, form.reason.data), "done")
            scope.note(Seen.RELEASE, owner if owner in services().councils else None)
        except WrongUsage as error:  # another night has come meanwhile
            flash(str(error), "problem")
        return _back(as_of)
    form.seen.data = fingerprint(failures)
    return render_template(
        "management/release.html",
        problem=None,
        form=form,
        changed=changed,
        sees_people=scope.sees_people(),
        lines=[line for line in shown.lines if line.result in failures],
        held_files=[
            each
            for each in files.offered(as_of)
            if each.council == owner and each.download.name == "held"
        ],
        **told,
    )


@PAGES.post("/nights/<night>/again/<owner>")
def again(night: str, owner: str) -> Response:
    """Have a night run again of which somebody let something out, where that was stopped midway."""
    found, run_again = scope.night_or_not_found(night), services().run_again
    waits = scope.may_release(owner) and NightGates(found).is_being_run(owner)
    if not waits or run_again is None:
        abort(404)
    run_again(found.as_of)
    flash(f"The night of {british_date(found.as_of)} is being run again.", "done")
    return _back(found.as_of)


@PAGES.get("/outbox")
def outbox() -> str:
    """Show what waits to be delivered or sent, and why."""
    return render_template("management/outbox.html", facts=services().overview.outbox())


def _council_asked_for() -> str | None:
    """Return the council that an address asks for; another than one's own is not found."""
    asked = request.args.get("council") or scope.council()
    if asked is not None and asked not in scope.councils():
        abort(404)
    return asked


def _name(code: str) -> str:
    return services().council_name(code)


def _back(as_of: date) -> Response:
    return redirect(url_for("management.night", night=as_of), 303)  # type: ignore[return-value]


def _in_short(line: NightLine) -> list[dict[str, str]]:
    """Return what a night did not do for its councils, in words."""
    return [
        {
            "name": _name(each.local_authority),
            "why": _first_sentence(each.message or ""),
            "reason": each.reason or "",
        }
        for each in sorted(line.councils, key=lambda each: _name(each.local_authority))
        if not each.assessed
    ]


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.rstrip()


def _discrepancies(summary: Any) -> list[tuple[str, int | None]]:
    """Return how many discrepancies a night found of each council, None where it could not say."""
    found = [
        (_name(code), sum(facts["discrepancies"].values()) if facts.get("assessed") else None)
        for code, facts in sorted(summary["councils"].items(), key=lambda each: _name(each[0]))
        if scope.sees(code)
    ]
    if scope.council() is None:
        found.append(
            ("No council known", sum(summary["all"]["discrepancies_without_council"].values()))
        )
    return found


def _seconds(as_of: date) -> dict[str, float]:
    """Return how long the stages of a night took, as its folder says."""
    try:
        told = json.loads((services().out / as_of.isoformat() / SUMMARY).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    seconds: dict[str, float] = told.get("seconds", {})
    return {stage: seconds[stage] for stage in STAGES if stage in seconds}
