"""How the cases stand that a provider is asked about, and what it answered; nobody's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from casebook.account_models import ACCOUNT
from casebook.actions import Action, Answer
from casebook.database import reading
from casebook.faults import in_plain_words
from casebook.models import CASE_ACTION, DISCREPANCY_CASE
from casebook.record import CaseState
from casebook.sql import pieces
from casebook.working_days import utc
from schemas.vocabularies import DiscrepancyType

CASE, ACTED = DISCREPANCY_CASE.c, CASE_ACTION.c


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a provider answered: `day` goes with the answer, `note` is None once it is purged.

    `who` is None, and there is no note, where a council put on record what it was told: what its
    staff write down is for the council.
    """

    answer: Answer
    day: date | None
    note: str | None = field(repr=False)
    at: datetime
    who: str | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A case of a provider: how it stands, and the last answer to it, if any.

    `version` is that of what is shown; `local_authority` and `person_id` are for the record of who
    looked at whom, not for the provider.
    """

    discrepancy_id: str
    kind: DiscrepancyType
    state: CaseState
    version: int
    local_authority: str | None
    person_id: str | None = field(repr=False)
    last: Given | None = None


class AskedCases:
    """The cases of providers in the casebook's database. Raises as the casebook does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @in_plain_words
    def of(self, provider_id: str, ids: Sequence[str]) -> dict[str, Asked]:
        """Return those of some cases that are a provider's, by their discrepancy_id."""
        found: dict[str, Asked] = {}
        with reading(self.engine) as connection:
            for some in pieces(ids):
                answers = _last_answers(connection, provider_id, some)
                rows = connection.execute(
                    select(
                        CASE.discrepancy_id,
                        CASE.type,
                        CASE.state,
                        CASE.version,
                        CASE.local_authority,
                        CASE.person_id,
                    ).where(CASE.discrepancy_id.in_(some), CASE.provider_id == provider_id)
                )
                for row in rows:
                    found[row.discrepancy_id] = _asked(row, answers.get(row.discrepancy_id))
        return found


def _asked(row: Any, last: Given | None) -> Asked:
    return Asked(
        discrepancy_id=row.discrepancy_id,
        kind=DiscrepancyType(row.type),
        state=CaseState(row.state),
        version=row.version,
        local_authority=row.local_authority,
        person_id=row.person_id,
        last=last,
    )


def _last_answers(connection: Connection, provider_id: str, ids: Sequence[str]) -> dict[str, Given]:
    own = {f"provider {provider_id}"}
    own |= {
        *connection.scalars(select(ACCOUNT.c.email).where(ACCOUNT.c.provider_id == provider_id))
    }
    columns = ("discrepancy_id", "answer", "answer_date", "note", "at", "who")
    rows = connection.execute(
        select(*(ACTED[name] for name in columns))
        .where(
            ACTED.discrepancy_id.in_(ids),
            ACTED.action == Action.ANSWER.value,
            ACTED.provider_id == provider_id,
        )
        .order_by(ACTED.number)
    )
    return {
        row.discrepancy_id: Given(
            answer=Answer(row.answer),
            day=row.answer_date,
            note=row.note if row.who in own else None,
            at=utc(row.at),
            who=row.who if row.who in own else None,
        )
        for row in rows
    }
