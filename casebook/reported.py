"""What reports ask of the nights and the cases: few frames, each in one look."""

from __future__ import annotations

from datetime import date

import pandas as pd
from sqlalchemy import func, select

from casebook.casefile import read_cases, read_frame
from casebook.database import reading
from casebook.faults import in_plain_words
from casebook.frames import frame_of
from casebook.keeping import kept_levels
from casebook.measures import COUNCIL
from casebook.models import CASE_TURN, DISCREPANCY_CASE, NIGHT, NIGHT_TIMELINESS
from casebook.record import TIMELINESS_TYPES
from casebook.store import Casebook
from casebook.work import ages, standings

PROVIDER = "provider"
"""The grouping of rule 10's figures that counts a council's providers."""

FIGURES = ("local_authority", "cplis", *list(TIMELINESS_TYPES)[-3:])


class Reported:
    """Questions of reports to the nights and cases of a casebook."""

    def __init__(self, casebook: Casebook) -> None:
        self.engine = casebook.engine

    @in_plain_words
    def nights(self) -> list[date]:
        """Return the dates of all nights on record, oldest first."""
        with reading(self.engine) as connection:
            return list(connection.scalars(select(NIGHT.c.as_of).order_by(NIGHT.c.as_of)))

    @in_plain_words
    def open_cases(self, *, on: date) -> pd.DataFrame:
        """Return the cases that are not settled, as `Casebook.cases` has them."""
        with reading(self.engine) as connection:
            cases = read_cases(connection, DISCREPANCY_CASE.c.settled.is_(False))
            levels = kept_levels(connection)
        return cases.join(ages(cases, on=on, levels=levels)).join(standings(cases, on=on))

    @in_plain_words
    def turns(self, as_of: date) -> pd.DataFrame:
        """Return local_authority, turn and cases: how many cases a night opened, closed, reopened.

        Cases of which nothing is kept any more are left out.
        """
        council, turn = DISCREPANCY_CASE.c.local_authority, CASE_TURN.c.turn
        same = DISCREPANCY_CASE.c.discrepancy_id == CASE_TURN.c.discrepancy_id
        query = (
            select(council, turn, func.count().label("cases"))
            .select_from(CASE_TURN.join(DISCREPANCY_CASE, same))
            .where(CASE_TURN.c.as_of == as_of)
            .group_by(council, turn)
        )
        with reading(self.engine) as connection:
            turns = read_frame(connection, query)
        return turns.astype({"cases": "int64"})

    @in_plain_words
    def timeliness(self, first: date, last: date) -> pd.DataFrame:
        """Return as_of and `FIGURES`: what rule 10 measured of each council on these nights."""
        measured = NIGHT_TIMELINESS.c
        query = (
            select(measured.as_of, *(measured[name] for name in FIGURES))
            .where(measured.grouping == COUNCIL, measured.as_of.between(first, last))
            .order_by(measured.as_of, measured.local_authority)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        frame = frame_of(rows, ("as_of", *FIGURES))
        typed = frame.astype({name: TIMELINESS_TYPES[name] for name in FIGURES})
        return typed.assign(as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[us]"))

    @in_plain_words
    def providers(self, first: date, last: date) -> pd.DataFrame:
        """Return local_authority and provider_id of services that rule 10 measured meanwhile."""
        measured = NIGHT_TIMELINESS.c
        query = (
            select(measured.local_authority, measured.group.label("provider_id"))
            .where(measured.grouping == PROVIDER, measured.as_of.between(first, last))
            .distinct()
        )
        with reading(self.engine) as connection:
            return read_frame(connection, query)
