"""What stands behind the forms of steps: whom a case can be given to, and how things are said."""

from __future__ import annotations

import re
from typing import cast

from flask import g
from sqlalchemy import Select, func, select, union

from casebook.actions import Action
from casebook.database import reading
from casebook.models import DISCREPANCY_CASE
from casebook.wanted import of_council
from casebook.worklist import CaseFile
from schemas.accounts import Role
from worklist.cases.forms import FORMS, Asked, StepForm
from worklist.cases.scope import me, my_councils
from worklist.services import services
from worklist.sessions import accounts

ACTED = {
    Action.ASSIGN: "The case is assigned.",
    Action.RELEASE: "The case is put back.",
    Action.ASK_PROVIDER: "The case waits for the provider.",
    Action.ASK_COUNCIL: "The case waits for the council.",
    Action.RESOLVE: "The case is settled.",
    Action.ACCEPT: "The difference is accepted for a time.",
    Action.REOPEN: "The case is open again.",
    Action.NOTE: "The note is on record.",
    Action.ANSWER: "The provider's answer is on record.",
    Action.REVERSE: "The decision is taken back.",
    Action.UNDO: "The last step is undone.",
}
WORK_ON_CASES = frozenset({Role.COMMISSIONING_WORKER, Role.TEAM_LEAD})
OF_CASE = re.compile(r"\s*\(Case [0-9a-f-]+\.\)|Case [0-9a-f-]+ ")
"""By which id a message names its case; on a page of that case it says nothing."""


def form_for(action: Action, asked: Asked) -> StepForm:
    """Return the form of a step, which offers what fits the case."""
    form = FORMS[action]()
    if form.version.data is None:
        form.version.data = asked.file.case["version"]
    form.ask(asked)
    return form


def asked_of(file: CaseFile) -> Asked:
    """Return what a form is about, with everybody who could have the case."""
    return Asked(
        file=file,
        name=me().name,
        workers=workers(file.case["local_authority"]),
        teams=teams(),
        councils=[
            (code, services().council_name(code)) for code in my_councils() if code is not None
        ],
    )


def explained(error: Exception) -> str:
    """Return why a step could not be taken, without the id of the case that is looked at."""
    return OF_CASE.sub("", str(error)).strip()


def workers(council: str | None) -> list[str]:
    """Return the names of those who work on a council's cases, in their order."""
    if "workers" not in g:
        g.workers = [
            (account.user.name, account.user.council)
            for account in accounts().listed()
            if account.user.active and account.user.role in WORK_ON_CASES
        ]
    return sorted({name for name, of in g.workers if of in {None, council}})


def teams() -> list[str]:
    """Return the teams that have cases of the councils that may be seen; read once in a request."""
    if "teams" not in g:
        found = union(*(_teams_of(council) for council in my_councils()))
        with reading(services().casebook.engine) as connection:
            g.teams = sorted(connection.scalars(found))
    return cast(list[str], g.teams)


def _teams_of(council: str | None) -> Select[tuple[str]]:
    """Return the teams that have cases of a council.

    Each is found from the one before it, so that an index answers however many cases there are.
    """
    case = DISCREPANCY_CASE.c
    of = select(func.min(case.team).label("team")).where(of_council(council))
    team = of.cte(recursive=True)
    following = of.where(case.team > team.c.team).correlate(team).scalar_subquery()
    team = team.union_all(select(following).where(team.c.team.is_not(None)))
    return select(team.c.team).where(team.c.team.is_not(None))
