"""What the cases hang on besides the nights: the service levels, and the rulings in force."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, delete, insert, select

from casebook.actions import Action, Ruling
from casebook.casefile import read_frame, work_again
from casebook.history import LEVELS, What, append
from casebook.levels import ServiceLevels
from casebook.models import CASE_ACTION, CASEBOOK_SETTING
from casebook.rulings import NOT_DUPLICATE_COLUMNS, SUBJECT_COLUMNS, Rulings
from casebook.working_days import calendar_version

CALENDAR = "calendar"


def keep_levels(connection: Connection, levels: ServiceLevels, *, who: str, now: datetime) -> None:
    """Work all cases out anew where other service levels, or another calendar, go from now on."""
    name, value = CASEBOOK_SETTING.c.name, CASEBOOK_SETTING.c.value
    stands = connection.scalar(select(value).where(name == LEVELS))
    text = json.dumps(asdict(levels) | {CALENDAR: calendar_version()}, default=date.isoformat)
    if stands == text:
        return
    connection.execute(delete(CASEBOOK_SETTING).where(name == LEVELS))
    connection.execute(insert(CASEBOOK_SETTING).values(name=LEVELS, value=text))
    told = {"what": What.LEVELS.value, "before": stands, "after": text, "discrepancy_id": None}
    append(connection, pd.DataFrame([told]).astype("str"), who=who, now=now)
    if stands is not None:
        work_again(connection, levels=levels)


def kept_levels(connection: Connection) -> ServiceLevels:
    """Return the service levels by which the cases were last worked out."""
    stands = connection.scalar(
        select(CASEBOOK_SETTING.c.value).where(CASEBOOK_SETTING.c.name == LEVELS)
    )
    if stands is None:
        return ServiceLevels()
    given = json.loads(stands)
    names = {field.name for field in fields(ServiceLevels)}
    known = {name: value for name, value in given.items() if name in names}
    days = tuple(date.fromisoformat(day) for day in known.pop("extra_bank_holidays", ()))
    return ServiceLevels(**known, extra_bank_holidays=days)


def read_rulings(connection: Connection, as_of: date) -> Rulings:
    """Return the rulings made upon earlier nights and not taken back upon earlier ones."""
    action = CASE_ACTION.c
    earlier = action.on_night < as_of
    taken_back = select(action.reverses).where(
        action.action == Action.REVERSE.value, action.reverses.is_not(None), earlier
    )
    names = ("number", "ruling", *SUBJECT_COLUMNS[:1], *SUBJECT_COLUMNS[2:], "cpli_ids")
    columns = [action[name] for name in (*names, "service_type", "entry_identities")]
    ruled = select(*columns).where(
        action.action == Action.RULE.value, earlier, action.number.not_in(taken_back)
    )
    rulings = read_frame(connection, ruled.order_by(action.number))
    identities = rulings["entry_identities"].str.split(";")
    rulings = rulings.assign(entry_identity=identities).explode("entry_identity")
    rulings["entry_identity"] = rulings["entry_identity"].astype("str")
    whom = rulings["ruling"].ne(Ruling.NOT_A_DUPLICATE.value)
    decisions = rulings[whom & rulings["entry_identity"].notna()]
    latest = decisions.drop_duplicates(list(SUBJECT_COLUMNS), keep="last")
    apart = rulings[~whom].drop_duplicates(list(NOT_DUPLICATE_COLUMNS), keep="last")
    return Rulings(
        decisions=latest.assign(same=latest["ruling"].eq(Ruling.SAME_PERSON.value))[
            ["same", *SUBJECT_COLUMNS]
        ].reset_index(drop=True),
        not_duplicates=apart[list(NOT_DUPLICATE_COLUMNS)].reset_index(drop=True),
    )
