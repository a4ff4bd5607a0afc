"""The same step for several cases: chosen in a list, then what will change, then it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from govuk_frontend_wtf.wtforms_widgets import GovRadioInput, GovSelect
from wtforms import RadioField, SelectChoice, SelectField

from casebook.actions import (
    Acceptance,
    Action,
    ChangedMeanwhile,
    NotAllowed,
    Resolution,
    Step,
    incomplete,
    reasons_for,
    unfit,
)
from casebook.record import CaseState
from casebook.worklist import Record
from schemas.accounts import Seen
from schemas.vocabularies import DiscrepancyType
from worklist.cases.acting import explained, teams, workers
from worklist.cases.forms import A_TEAM, ME, WHOM, StepForm, choices, coded, doubled, note_field
from worklist.cases.pages import PAGES
from worklist.cases.scope import me, my_councils, note
from worklist.fields import DayField
from worklist.services import services

AT_MOST = 200
"""How many cases can be changed at once."""

ACTIONS = (
    Action.ASSIGN, Action.ASK_PROVIDER, Action.ASK_COUNCIL, Action.RESOLVE, Action.ACCEPT,
    Action.NOTE,
)  # fmt: skip
DIGITS = 18
"""How many digits the number of a version has at most."""
NO_REASON = SelectChoice("", "Choose a reason")
CHOOSE, DO = "choose", "do"


class BulkForm(StepForm):
    """A step for all cases that are chosen."""

    ACTION, HEADING, DO = Action.NOTE, "What should be done with these cases?", "Continue"

    action = RadioField(
        "What should be done?",
        widget=GovRadioInput(),
        choices=coded(ACTIONS),
        default=Action.ASSIGN.value,
    )
    whom = RadioField(
        "To whom, if they are assigned",
        widget=GovRadioInput(),
        default=ME,
        choices=choices(WHOM),
    )
    worker = SelectField("Worker", widget=GovSelect(), choices=[], validate_choice=False)
    team = SelectField("Team", widget=GovSelect(), choices=[], validate_choice=False)
    resolution = SelectField(
        "What settles them, if they are resolved",
        widget=GovSelect(),
        choices=[],
        validate_choice=False,
    )
    acceptance = SelectField(
        "Why the difference is accepted, if it is",
        widget=GovSelect(),
        choices=[NO_REASON, *coded(Acceptance)],
        validate_choice=False,
    )
    expires_on = DayField("Until which day it is accepted")
    note = note_field("Note")

    def offer(self, cases: Sequence[Record]) -> None:
        """Offer those who can have the cases, and the reasons that fit at least one of them."""
        self.submit.label.text = self.DO
        kinds = {DiscrepancyType(case["type"]) for case in cases}
        fitting = [each for each in Resolution if any(each in reasons_for(kind) for kind in kinds)]
        self.resolution.choices = [NO_REASON, *coded(fitting)]
        names = workers(me().council)
        self.worker.choices = choices([("", "Choose a worker"), *doubled(names)])
        self.team.choices = choices([("", "Choose a team"), *doubled(teams())])

    def step(self) -> Step:
        """Return the step that is asked for."""
        action = Action(self.action.data)
        given: dict[str, Any] = {}
        if action is Action.ASSIGN and self.whom.data == A_TEAM:
            given = {"team": self.team.data or None}
        elif action is Action.ASSIGN:
            chosen = me().name if self.whom.data == ME else self.worker.data
            given = {"worker": chosen or None}
        elif action is Action.RESOLVE:
            given = {"reason": self.resolution.data or None}
        elif action is Action.ACCEPT:
            given = {"reason": self.acceptance.data or None, "expires_on": self.expires_on.data}
        return Step(action=action, note=self.note.data or None, **given)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a step would do: the cases that change, from which state, and why others do not."""

    changing: tuple[Record, ...]
    states: Mapping[str, int]
    refused: Mapping[str, int]


@PAGES.post("/cases/bulk")
def bulk() -> Any:
    """Ask what should be done with the chosen cases, say what will change, and do it."""
    chosen = _chosen(request.form.getlist("case"))
    cases = services().cases.several(list(chosen), councils=my_councils())
    if not cases or len(chosen) > AT_MOST:
        flash(f"Choose at least one case, and at most {AT_MOST}.", "problem")
        return redirect(url_for("cases.listed"), 303)
    stage, form = request.form.get("stage", CHOOSE), BulkForm()
    form.offer(cases)
    if stage == CHOOSE or not form.validate():
        return _asking(form, cases, chosen)
    step = form.step()
    if wrong := incomplete(step, today=services().today):
        return _asking(form, cases, chosen, problem=wrong)
    preview = _preview(step, cases)
    if stage == DO and preview.changing:
        return _do(form, step, preview, cases, chosen)
    return render_template(
        "cases/bulk_confirm.html",
        form=form,
        cases=cases,
        preview=preview,
        versions=chosen,
        action=step.action,
    )


def _do(
    form: BulkForm,
    step: Step,
    preview: Preview,
    cases: Sequence[Record],
    chosen: Mapping[str, int | None],
) -> Any:
    """Take a step with all cases that it fits, or with none of them."""
    ids = {case["discrepancy_id"]: chosen[case["discrepancy_id"]] for case in preview.changing}
    try:
        services().desk.act(step, ids, who=me().email, request=form.request.data or None)
    except ChangedMeanwhile as error:
        changed = {str(entry["discrepancy_id"]) for entry in error.changes}
        known = {case["discrepancy_id"]: case["version"] for case in cases}
        return _asking(
            form,
            cases,
            {each: known[each] for each in chosen if each in known},
            problem=f"{len(changed)} of these cases changed after you looked at them. Nothing was"
            " saved yet. Look at what is said of them now, then continue.",
            changed=changed,
        )
    except NotAllowed as error:
        return _asking(form, cases, chosen, problem=explained(error))
    note(Seen.CHANGE, preview.changing)
    flash(f"Done for {counted(len(ids))}: {step.action.display}.", "done")
    return redirect(url_for("cases.listed"), 303)


def counted(cases: int) -> str:
    """Return a number of cases in words."""
    return "1 case" if cases == 1 else f"{cases:,} cases"


def _asking(
    form: BulkForm,
    cases: Sequence[Record],
    versions: Mapping[str, int | None],
    *,
    problem: str = "",
    changed: frozenset[str] | set[str] = frozenset(),
) -> Any:
    code = 409 if changed else 400 if problem or form.errors else 200
    page = render_template(
        "cases/bulk.html",
        form=form,
        cases=cases,
        versions=versions,
        problem=problem,
        changed=changed,
        providers=services().provider_names,
    )
    return page, code


def _chosen(given: Sequence[str]) -> dict[str, int | None]:
    """Return the version of each chosen case that was looked at, as the list wrote it down."""
    chosen: dict[str, int | None] = {}
    for text in given[: AT_MOST + 1]:
        discrepancy_id, _, version = text.partition(":")
        plain = version.isascii() and version.isdecimal() and len(version) <= DIGITS
        chosen[discrepancy_id] = int(version) if plain else -1
    return chosen


def _preview(step: Step, cases: Sequence[Record]) -> Preview:
    """Say of which cases a step can be taken."""
    reasons = {
        case["discrepancy_id"]: unfit(
            step,
            kind=DiscrepancyType(case["type"]),
            state=CaseState(case["state"]),
            provider_id=case["provider_id"],
        )
        for case in cases
    }
    changing = tuple(case for case in cases if not reasons[case["discrepancy_id"]])
    return Preview(
        changing=changing,
        states=Counter(CaseState(case["state"]).display for case in changing),
        refused=Counter(filter(None, reasons.values())),
    )
