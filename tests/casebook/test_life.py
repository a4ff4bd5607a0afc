"""The life of a case: what nights find and what people do, held against a slow plain telling."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, product
from typing import Any

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from nights.examples import FIRST, LEICESTER, RUTLAND, discrepancy_id
from nights.life import ALLOWED_FROM, LEADS_TO, STATES, Calendar, Levels, Office
from nights.simulated import KINDS, PORTAL, TWO_CASELOADS, Night, Said
from sqlalchemy import select

from casebook.actions import Action, Answer, NotAllowed, Ruling, Step
from casebook.database import reading, writing
from casebook.desk import Desk
from casebook.levels import ServiceLevels
from casebook.models import ACTION_LAPSE, CASE_ACTION
from casebook.notice_models import METADATA
from casebook.store import Casebook

DRAWS = int(os.environ.get("CPLI_DRAWS", "200"))
SEEDS = range(max(DRAWS // 200, 1))
EXAMPLES = max(DRAWS // 50, 1)
DAYS = (
    "first_seen", "last_seen", "present_since", "open_since", "closed_on", "due_on",
    "due_soon_on", "paused_since",
)  # fmt: skip
NUMBERS = ("nights_seen", "reopened", "paused_days", "age_days")
TEXTS = ("state", "presence", "team", "worker", "standing", "severity", "urgency")


def day(number: int) -> date:
    """Return the day so many after Thursday, 19 November 2026."""
    return FIRST + timedelta(days=number)


def morning(of: date) -> datetime:
    return datetime.combine(of, time(9), tzinfo=UTC)


def names_by_id() -> dict[str, str]:
    return {discrepancy_id(name): name for name in KINDS}


def told(casebook: Casebook, on: date) -> dict[str, dict[str, Any]]:
    """Return the casebook's cases by name as the plain telling has them."""
    cases, names = {}, names_by_id()
    for row in casebook.cases(on=on).reset_index().to_dict("records"):
        plain = {name: None if pd.isna(row[name]) else row[name] for name in (*DAYS, *TEXTS)}
        days = {name: plain[name] and pd.Timestamp(plain[name]).date() for name in DAYS}
        numbers = {name: int(row[name]) for name in NUMBERS}
        cases[names[row["discrepancy_id"]]] = {**plain, **days, **numbers}
    return cases


def rulings(casebook: Casebook, night: date) -> dict[tuple[str | None, ...], str]:
    """Return the casebook's rulings for a night by their subjects."""
    found = casebook.rulings(night)
    same = {True: "same_person", False: "not_same_person"}
    people = ["provider_id", "entry_identity", "local_authority", "person_id"]
    decided = {
        tuple(row[name] for name in people): same[row["same"]]
        for row in found.decisions.to_dict("records")
    }
    columns = ["local_authority", "cpli_ids", "provider_id", "entry_identity", "service_type"]
    single = {
        tuple(None if pd.isna(row[name]) else row[name] for name in columns): "not_a_duplicate"
        for row in found.not_duplicates.to_dict("records")
    }
    assert len(decided) + len(single) == len(found.decisions) + len(found.not_duplicates)
    return {**decided, **single}


class World(Office):
    """An office whose every night and deed goes to a casebook, too."""

    def __init__(self, casebook: Casebook, levels: Levels | None = None) -> None:
        super().__init__(levels)
        self.casebook = casebook

    def record(self, as_of: date, night: Night, *, at: datetime | None = None) -> None:
        """Record a night, of its own morning if nothing else is said."""
        self.casebook.clock = lambda: at or morning(as_of)
        self.casebook.record(night.record(as_of))
        super().record(as_of, night)

    def try_to(self, names: Sequence[str], action: str, *, at: datetime, **facts: Any) -> None:
        """Do something in the casebook alone: to see it refused."""
        self.casebook.clock = lambda: at
        who = facts.pop("who")
        if facts.get("reverses") is not None:
            facts["reverses"] = self._numbers()[facts["reverses"]]
        for key, vocabulary in (("answer", Answer), ("ruling", Ruling)):
            if key in facts:
                facts[key] = vocabulary(facts[key])
        step = Step(action=Action(action), **facts)
        seen = {discrepancy_id(name): None for name in names}
        Desk(self.casebook).act(step, seen, who=who)

    def act(
        self, names: Sequence[str], action: str, *, made_on: date, who: str = "ann", **facts: Any
    ) -> None:
        """Do the same with some cases, here and in the casebook."""
        at = facts.pop("at", None) or morning(made_on)
        self.try_to(names, action, at=at, who=who, **facts)
        super().act(names, action, made_on=made_on, who=who, **facts)

    def _numbers(self) -> list[int]:
        """Return the casebook's number of each deed."""
        with reading(self.casebook.engine) as connection:
            query = select(CASE_ACTION.c.number, CASE_ACTION.c.discrepancy_id)
            rows = connection.execute(query.order_by(CASE_ACTION.c.number)).all()
        numbers: dict[str, list[int]] = {name: [] for name in KINDS}
        names = names_by_id()
        for number, case in rows:
            numbers[names[case]].append(number)
        return [numbers[deed.name].pop(0) for deed in self.deeds]

    def agrees(self, on: date) -> None:
        """Hold everything that the casebook says against the plain telling."""
        cases, plain = told(self.casebook, on), self.cases(on)
        assert set(cases) == set(plain)
        for name, case in plain.items():
            assert (name, cases[name]) == (name, case)
        self._has_each_deed_once()
        if self.nights:
            night = min(on, max(self.nights)) + timedelta(1)
            assert rulings(self.casebook, night) == self.rulings(night)

    def _has_each_deed_once(self) -> None:
        with reading(self.casebook.engine) as connection:
            rows = connection.execute(select(CASE_ACTION).order_by(CASE_ACTION.c.number)).all()
            lapses = connection.execute(select(ACTION_LAPSE)).all()
        names = names_by_id()
        kept = [
            (names[row.discrepancy_id], row.action, row.made_on, row.on_night, row.state, row.who)
            for row in rows
        ]
        done = [(d.name, d.action, d.made_on, d.on_night, d.gives, d.who) for d in self.deeds]
        assert sorted(kept, key=lambda each: each[0]) == sorted(done, key=lambda each: each[0])
        assert sorted((names[row.discrepancy_id], row.as_of, row.cause) for row in lapses) == (
            sorted(self.lapses())
        )


def emptied(casebook: Casebook) -> Casebook:
    """Take everything from a casebook, and open it as if it were new."""
    with writing(casebook.engine) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    return Casebook.open(casebook.engine.url.render_as_string(hide_password=False))


# Stories of the case "ended", told by days after Thursday, 19 November 2026: 1 is a Friday, 4 a
# Monday, 36 Christmas Day (a Friday), 39 the Monday after it (a bank holiday), 43 New Year's Day.


@dataclass(frozen=True)
class Comes:
    """A night comes, or comes again."""

    number: int
    night: Night


@dataclass(frozen=True)
class Does:
    """Somebody does something."""

    number: int
    action: str
    facts: Mapping[str, Any]


def found(number: int, **said: Any) -> Comes:
    return Comes(number, Night(found={"ended": Said(**{"severity": "medium", **said})}))


def each(*numbers: int, **said: Any) -> list[Comes]:
    return [found(number, **said) for number in numbers]


def gone(number: int) -> Comes:
    return Comes(number, Night())


def waits(number: int) -> Comes:
    """Return a night to which its council's extract did not come."""
    return Comes(number, Night(missing=frozenset({LEICESTER})))


def does(number: int, action: str, **facts: Any) -> Does:
    given: dict[str, dict[str, Any]] = {
        "assign": {"worker": "bea"},
        "resolve": {"reason": "cpli_corrected"},
        "accept": {"reason": "agreed_difference", "expires_on": day(10)},
        "answer": {"answer": "council_told", "provider_id": "P1"},
        "note": {"note": "Rang them."},
    }
    return Does(number, action, {**given.get(action, {}), **facts})


HERE_0 = found(0)
RESOLVED_0 = [HERE_0, does(0, "resolve")]
ACCEPTED_0 = [HERE_0, does(0, "accept")]
ASSIGNED_0 = [found(0, team="North", worker="cy"), does(0, "assign", team="South", worker="bea")]
LIST_CORRECTED_0 = [
    found(0, caseload_date=day(-4)), does(0, "resolve", reason="provider_corrected"),
]  # fmt: skip
STANDS = {"state": "resolved", "open_since": 0, "reopened": 0, "lapses": []}


def lapsed(number: int, cause: str, *, present_since: int = 0, reopened: int = 1) -> dict[str, Any]:
    """Return what is expected of a case of which something lapsed on a night."""
    return {
        "state": "open", "open_since": number, "present_since": present_since,
        "reopened": reopened, "lapses": [(number, cause)],
    }  # fmt: skip


STORIES: dict[str, tuple[list[Comes | Does], dict[str, Any]]] = {
    # A resolution stands, or lapses.
    "resolved, found for five working days": ([*RESOLVED_0, *each(1, 4, 5, 6, 7)], STANDS),
    "resolved, found after five working days": (
        [*RESOLVED_0, *each(1, 7, 8)], lapsed(8, "still_found"),
    ),
    "resolved, five working days that have Christmas in them": (
        [found(34), does(34, "resolve"), *each(35, 40, 43, 46)], {**STANDS, "open_since": 34},
    ),
    "resolved, after five working days that have Christmas in them": (
        [found(34), does(34, "resolve"), *each(35, 40, 46, 47)],
        lapsed(47, "still_found", present_since=34),
    ),
    "resolved on a Saturday, found on the Friday after": (
        [found(2), does(2, "resolve"), *each(8)], {**STANDS, "open_since": 2},
    ),
    "resolved on a Saturday, found on the Saturday after": (
        [found(2), does(2, "resolve"), *each(9)], lapsed(9, "still_found", present_since=2),
    ),
    "the provider corrects its list, of which no new one has come": (
        [*LIST_CORRECTED_0, *each(1, 20, caseload_date=day(-4))], STANDS,
    ),
    "the provider corrects its list, a new one is of that day": (
        [*LIST_CORRECTED_0, *each(1, 20, caseload_date=day(0))], STANDS,
    ),
    "the provider corrects its list, a new one is of a later day": (
        [*LIST_CORRECTED_0, found(1, caseload_date=day(0)), found(2, caseload_date=day(1))],
        lapsed(2, "still_found"),
    ),
    "resolved, gone": (
        [*RESOLVED_0, gone(1)], {**STANDS, "presence": "gone", "closed_on": 1, "age_days": 0},
    ),
    "resolved, gone for good": ([*RESOLVED_0, gone(1), gone(20)], {**STANDS, "presence": "gone"}),
    "resolved, gone, back": (
        [*RESOLVED_0, gone(1), found(4)], lapsed(4, "returned", present_since=4),
    ),
    "resolved, could not be found, found": ([*RESOLVED_0, waits(1), waits(4), found(5)], STANDS),
    "resolved, could not be found, found too late": (
        [*RESOLVED_0, waits(1), found(8)], lapsed(8, "still_found"),
    ),
    "resolved, the provider says something else": (
        [*RESOLVED_0, found(1, provider_value="y")], lapsed(1, "values_changed"),
    ),
    "resolved, the council says something else": (
        [*RESOLVED_0, found(1, council_value="D")], lapsed(1, "values_changed"),
    ),
    "resolved, for another reason": (
        [*RESOLVED_0, found(1, reason="gap")], lapsed(1, "values_changed"),
    ),
    "resolved, of another severity, under new ids": (
        [*RESOLVED_0, found(1, severity="low", cpli_ids="ZZLINEC", team="South")], STANDS,
    ),
    "resolved, gone, back with other values": (
        [*RESOLVED_0, gone(1), found(4, provider_value="y")],
        lapsed(4, "returned", present_since=4),
    ),
    "resolved, found late with other values": (
        [*RESOLVED_0, found(8, reason="gap")], lapsed(8, "values_changed"),
    ),
    "resolved again after it lapsed": (
        [*RESOLVED_0, found(8), does(8, "resolve"), found(9)],
        {**lapsed(8, "still_found"), "state": "resolved"},
    ),
    "resolved again, lapsed again": (
        [*RESOLVED_0, found(8), does(8, "resolve"), found(9, provider_value="y")],
        {**lapsed(9, "", reopened=2), "lapses": [(8, "still_found"), (9, "values_changed")]},
    ),
    "resolved, and a worker opens it again": (
        [*RESOLVED_0, does(1, "reopen"), found(4)],
        {"state": "open", "open_since": 0, "reopened": 0, "age_days": 2, "lapses": []},
    ),
    "resolved on a night that is recorded again with other values": (
        [*RESOLVED_0, found(0, provider_value="y")], lapsed(0, "values_changed", reopened=0),
    ),
    "resolved on a night that is recorded again with other values, then as it was": (
        [*RESOLVED_0, found(0, provider_value="y"), HERE_0], STANDS,
    ),
    "resolved on a night that is recorded again with another severity": (
        [*RESOLVED_0, found(0, severity="low")], STANDS,
    ),
    "resolved on a night that is recorded again without it": (
        [found(0), found(1), does(1, "resolve"), gone(1), found(4)],
        lapsed(4, "returned", present_since=4),
    ),
    "resolved, and its nights are recorded again without it, then it is found": (
        [*RESOLVED_0, gone(0), found(4)], lapsed(4, "returned", present_since=4, reopened=0),
    ),
    "resolved, and its night is recorded again without it, then with it": (
        [*RESOLVED_0, gone(0), HERE_0], STANDS,
    ),
    "resolved, opened by a worker, and a late night between has other values": (
        [*RESOLVED_0, found(4), does(4, "reopen"), found(1, provider_value="y")],
        {"state": "open", "open_since": 1, "reopened": 1, "lapses": [(1, "values_changed")]},
    ),
    "accepted on a night that is recorded again with other values, then accepted": (
        [HERE_0, does(0, "accept"), found(0, provider_value="y"), does(0, "accept")],
        {"state": "accepted", "reopened": 0, "open_since": 0, "lapses": [(0, "values_changed")]},
    ),
    "accepted, and accepted the next day, before its own night had other values": (
        [HERE_0, does(0, "accept"), found(1), does(1, "accept"), found(0, provider_value="y")],
        {"state": "accepted", "reopened": 0, "open_since": 0, "lapses": [(0, "values_changed")]},
    ),
    "accepted, and accepted the next day, after its own night had other values": (
        [HERE_0, does(0, "accept"), found(0, provider_value="y"), found(1), does(1, "accept")],
        {"state": "accepted", "reopened": 0, "open_since": 0, "lapses": [(0, "values_changed")]},
    ),
    "resolved, opened by a worker, and only then other values": (
        [*RESOLVED_0, does(0, "reopen"), found(1, provider_value="y")],
        {"state": "open", "open_since": 0, "reopened": 0, "lapses": []},
    ),
    "a late night before the resolution had other values": (
        [found(4), does(4, "resolve"), found(1, provider_value="y"), found(5)],
        {"state": "resolved", "open_since": 1, "reopened": 0, "lapses": []},
    ),
    # An acceptance stands, or lapses.
    "accepted, found on its last day": (
        [*ACCEPTED_0, *each(1, 10)],
        {"state": "accepted", "open_since": 0, "reopened": 0, "standing": None, "due_on": None},
    ),
    "accepted, found on the day after its last": ([*ACCEPTED_0, found(11)], lapsed(11, "expired")),
    "accepted, nights pass without it": (
        [*ACCEPTED_0, waits(11)], {"state": "accepted", "lapses": []},
    ),
    "accepted, other values": (
        [*ACCEPTED_0, found(1, council_value="D")], lapsed(1, "values_changed"),
    ),
    "accepted, gone": (
        [*ACCEPTED_0, gone(1)], {"state": "resolved_by_data", "presence": "gone", "closed_on": 1},
    ),
    "accepted, gone, back": (
        [*ACCEPTED_0, gone(1), found(4)],
        {"state": "accepted", "closed_on": None, "open_since": 4, "reopened": 1, "lapses": []},
    ),
    "accepted, gone, back with other values": (
        [*ACCEPTED_0, gone(1), found(4, reason="gap")],
        lapsed(4, "values_changed", present_since=4),
    ),
    "accepted, gone, back, then other values": (
        [*ACCEPTED_0, gone(1), found(4), found(5, reason="gap")],
        lapsed(5, "values_changed", present_since=4, reopened=2),
    ),
    "accepted, gone while it expired, back": (
        [*ACCEPTED_0, gone(1), gone(12), found(13)],
        lapsed(13, "expired", present_since=13),
    ),
    "accepted, expired, with other values": (
        [*ACCEPTED_0, found(11, provider_value="y")], lapsed(11, "values_changed"),
    ),
    "accepted for longer": (
        [*ACCEPTED_0, found(7), does(7, "accept", expires_on=day(20)), found(11)],
        {"state": "accepted", "reopened": 0, "lapses": []},
    ),
    "accepted for longer, expired": (
        [*ACCEPTED_0, found(7), does(7, "accept", expires_on=day(20)), found(21)],
        lapsed(21, "expired"),
    ),
    "accepted on a night that is recorded again with other values": (
        [*ACCEPTED_0, found(0, council_value="D")], lapsed(0, "values_changed", reopened=0),
    ),
    "accepted, and its night is recorded again without it, then it is found": (
        [*ACCEPTED_0, gone(0), found(4)],
        {"state": "accepted", "open_since": 4, "first_seen": 4, "reopened": 0, "lapses": []},
    ),
    "accepted, and the acceptance taken back": (
        [*ACCEPTED_0, does(1, "reopen"), found(11)],
        {"state": "open", "open_since": 0, "reopened": 0, "lapses": []},
    ),
    # The last step is undone.
    "resolved, undone": (
        [*RESOLVED_0, does(0, "undo"), found(8)],
        {"state": "open", "open_since": 0, "reopened": 0, "age_days": 6, "lapses": []},
    ),
    "resolved, opened by a worker, which is undone": (
        [*RESOLVED_0, does(0, "reopen"), does(0, "undo"), *each(1, 7)], STANDS,
    ),
    "resolved, opened by a worker, which is undone, found too late": (
        [*RESOLVED_0, does(0, "reopen"), does(0, "undo"), *each(7, 8)], lapsed(8, "still_found"),
    ),
    "resolved, gone, opened by a worker, which is undone": (
        [*RESOLVED_0, gone(1), does(1, "reopen"), does(1, "undo")],
        {**STANDS, "presence": "gone", "closed_on": 1, "age_days": 0},
    ),
    "accepted for longer, which is undone": (
        [*ACCEPTED_0, does(0, "accept", expires_on=day(20)), does(0, "undo"), found(11)],
        lapsed(11, "expired"),
    ),
    "assigned to somebody else, which is undone": (
        [*ASSIGNED_0, does(0, "assign", team="East", worker="ed"), does(0, "undo"), found(1)],
        {"state": "in_progress", "team": "South", "worker": "bea"},
    ),
    "assigned, which is undone": (
        [*ASSIGNED_0, does(0, "undo")], {"state": "open", "team": "North", "worker": "cy"},
    ),
    "asked on a Friday, which is undone": (
        [HERE_0, does(1, "ask_provider"), does(1, "undo"), found(20)],
        {"state": "open", "paused_since": None, "paused_days": 0, "due_on": 7},
    ),
    "asked, released on the Monday, which is undone": (
        [HERE_0, does(1, "ask_provider"), found(4), does(4, "release"), does(4, "undo"), found(20)],
        {"state": "awaiting_provider", "paused_since": 1, "paused_days": 0, "due_on": 7},
    ),
    # Work on a case.
    "with whom routing says": (
        [found(0, team="North", worker="cy"), found(1, team="West", worker="di")],
        {"state": "open", "team": "West", "worker": "di"},
    ),
    "assigned": (
        [*ASSIGNED_0, found(1)], {"state": "in_progress", "team": "South", "worker": "bea"},
    ),
    "assigned, asked, answered, resolved, reopened": (
        [
            *ASSIGNED_0, does(0, "ask_provider"), does(1, "answer"), does(1, "ask_provider"),
            does(1, "ask_council"), does(1, "accept"), does(1, "reopen"), does(1, "resolve"),
            does(4, "reopen"), found(4),
        ],
        {"state": "open", "team": "South", "worker": "bea"},
    ),
    "assigned, then to somebody else": (
        [*ASSIGNED_0, does(1, "assign", team="East", worker="ed")],
        {"state": "in_progress", "team": "East", "worker": "ed"},
    ),
    "assigned, released": (
        [*ASSIGNED_0, does(1, "release")], {"state": "open", "team": "North", "worker": "cy"},
    ),
    "assigned, released, asked": (
        [*ASSIGNED_0, does(1, "release"), does(1, "ask_council")],
        {"state": "awaiting_council", "team": "North", "worker": "cy"},
    ),
    "assigned to a team": (
        [found(0, team="North", worker="cy"), Does(0, "assign", {"team": "South"})],
        {"state": "in_progress", "team": "South", "worker": None},
    ),
    "assigned to a worker": (
        [found(0, team="North", worker="cy"), Does(0, "assign", {"worker": "bea"})],
        {"state": "in_progress", "team": "North", "worker": "bea"},
    ),
    "assigned, accepted, gone, back": (
        [*ASSIGNED_0, does(0, "accept"), gone(1), found(4, team="North")],
        {"state": "accepted", "team": "South", "worker": "bea"},
    ),
    "assigned, gone": ([*ASSIGNED_0, gone(1)], {"state": "resolved_by_data", "closed_on": 1}),
    "assigned, gone, back": (
        [*ASSIGNED_0, gone(1), found(4, team="North")],
        {"state": "open", "team": "North", "worker": None, "open_since": 4, "reopened": 1},
    ),
    "assigned, gone, back, asked": (
        [*ASSIGNED_0, gone(1), found(4, team="North"), does(4, "ask_council")],
        {"state": "awaiting_council", "team": "North", "worker": None},
    ),
    "assigned, could not be found, found": (
        [*ASSIGNED_0, waits(1), found(4)],
        {"state": "in_progress", "team": "South", "worker": "bea", "open_since": 0},
    ),
    "assigned, resolved, lapsed": (
        [*ASSIGNED_0, does(0, "resolve"), found(8, team="West")],
        {"state": "open", "team": "West", "worker": None},
    ),
    "assigned, and the night is recorded again without it, then with it": (
        [*ASSIGNED_0, gone(0), found(0)], {"state": "in_progress", "worker": "bea"},
    ),
    "assigned, and the night is recorded again without it, found later": (
        [*ASSIGNED_0, gone(0), found(1)], {"state": "open", "worker": None, "open_since": 1},
    ),
    "awaiting the council, gone": (
        [HERE_0, does(0, "ask_council"), gone(1)], {"state": "resolved_by_data", "closed_on": 1},
    ),
    "a provider answers what is settled": (
        [*RESOLVED_0, does(1, "answer"), does(1, "note"), found(1)], STANDS,
    ),
    "a provider answers what is gone": (
        [HERE_0, gone(1), does(1, "answer"), found(4)], {"state": "open", "reopened": 1},
    ),
    # How soon.
    "high, on its first day": (
        [found(0, severity="high")],
        {"due_on": 4, "due_soon_on": 1, "standing": "on_track", "age_days": 0, "urgency": "high"},
    ),
    "high, on the working day before it is due": (
        [found(0, severity="high"), found(1, severity="high")],
        {"due_on": 4, "standing": "due_soon", "age_days": 1},
    ),
    "high, on the day it is due": (
        [found(0, severity="high"), found(4, severity="high")],
        {"due_on": 4, "standing": "due_soon", "age_days": 2},
    ),
    "high, on the day after": (
        [found(0, severity="high"), found(5, severity="high")],
        {"standing": "breached", "severity": "high", "urgency": "high", "age_days": 3},
    ),
    "medium, on the day it is due": (
        [HERE_0, found(7)],
        {"due_on": 7, "due_soon_on": 6, "standing": "due_soon", "urgency": "medium"},
    ),
    "medium, on the day after": (
        [HERE_0, found(8)], {"standing": "breached", "severity": "medium", "urgency": "high"},
    ),
    "low, on the day it is due": (
        [found(0, severity="low"), found(14, severity="low")],
        {"due_on": 14, "due_soon_on": 13, "standing": "due_soon", "urgency": "low"},
    ),
    "low, on the day after": (
        [found(0, severity="low"), found(15, severity="low")],
        {"standing": "breached", "urgency": "medium", "age_days": 11},
    ),
    "high since a Saturday": (
        [found(2, severity="high"), found(3, severity="high")],
        {"due_on": 5, "due_soon_on": 4, "standing": "on_track", "age_days": 0},
    ),
    "due on a Monday, on the Friday before": (
        [found(0, severity="high"), waits(3)], {"due_on": 4, "standing": "due_soon"},
    ),
    "high on Christmas Eve": (
        [found(35, severity="high"), found(41, severity="high")],
        {"due_on": 41, "due_soon_on": 40, "standing": "due_soon", "age_days": 2},
    ),
    "low, then high": (
        [found(0, severity="low"), found(5, severity="high")],
        {"due_on": 4, "standing": "breached", "severity": "high"},
    ),
    "gone: as old as on that night": (
        [HERE_0, gone(8), gone(20)],
        {"age_days": 6, "standing": None, "due_on": None, "urgency": "medium"},
    ),
    "resolved: as old as on that day": (
        [*each(0, 1), does(5, "resolve"), found(5), gone(8)],
        {"age_days": 3, "standing": None, "due_on": None, "paused_days": 0},
    ),
    "accepted for longer: as old as on the later day": (
        [*ACCEPTED_0, found(7), does(7, "accept", expires_on=day(20)), found(8)], {"age_days": 5},
    ),
    # The clock stands still while the provider is asked: medium, due on the 7th without that.
    "asked from Friday to Tuesday": (
        [HERE_0, does(1, "ask_provider"), does(5, "answer")],
        {"paused_days": 2, "paused_since": None, "due_on": 11, "due_soon_on": 8},
    ),
    "asked on a Saturday, released on the Monday": (
        [HERE_0, does(2, "ask_provider"), does(4, "release")], {"paused_days": 1, "due_on": 8},
    ),
    "asked on a Friday, released on the Sunday": (
        [HERE_0, does(1, "ask_provider"), does(3, "release")], {"paused_days": 0, "due_on": 7},
    ),
    "asked and assigned on one day": (
        [HERE_0, does(1, "ask_provider"), does(1, "assign")], {"paused_days": 0, "due_on": 7},
    ),
    "asked over Christmas": (
        [found(33), does(34, "ask_provider"), does(41, "ask_council")],
        {"paused_days": 3, "due_on": 48, "due_soon_on": 47},
    ),
    "asked twice": (
        [
            HERE_0, does(1, "ask_provider"), does(4, "ask_council"), does(5, "ask_provider"),
            does(6, "assign"),
        ],
        {"paused_days": 2, "due_on": 11},
    ),
    "asked, not answered": (
        [HERE_0, does(5, "ask_provider"), found(20)],
        {"paused_days": 0, "paused_since": 5, "due_on": 7, "standing": "on_track", "age_days": 14},
    ),
    "asked twice, not answered the second time": (
        [
            HERE_0, does(1, "ask_provider"), does(4, "assign"), does(7, "ask_provider"), found(20),
        ],
        {"paused_days": 1, "paused_since": 7, "due_on": 8, "standing": "due_soon"},
    ),
    "asked on the working day before it is due": (
        [HERE_0, does(6, "ask_provider"), found(20)], {"paused_since": 6, "standing": "due_soon"},
    ),
    "asked on the day it is due": (
        [HERE_0, does(7, "ask_provider"), found(20)], {"paused_since": 7, "standing": "due_soon"},
    ),
    "asked when it is too late": (
        [HERE_0, does(8, "ask_provider"), found(20)],
        {"paused_since": 8, "standing": "breached", "urgency": "high"},
    ),
    "asked, a note is no end of it": (
        [HERE_0, does(5, "ask_provider"), does(6, "note"), found(20)],
        {"paused_since": 5, "paused_days": 0, "standing": "on_track"},
    ),
    "asked, resolved": (
        [HERE_0, does(1, "ask_provider"), does(5, "resolve")],
        {"paused_days": 2, "paused_since": None, "due_on": None},
    ),
    "asked, resolved, lapsed: the pause was of before": (
        [HERE_0, does(1, "ask_provider"), does(5, "resolve"), found(6, provider_value="y")],
        {"paused_days": 0, "open_since": 6, "due_on": 13},
    ),
    "asked, gone": (
        [HERE_0, does(1, "ask_provider"), gone(5)],
        {"state": "resolved_by_data", "paused_since": None, "due_on": None, "standing": None},
    ),
    "asked, gone, back": (
        [HERE_0, does(1, "ask_provider"), gone(4), found(5)],
        {"state": "open", "paused_since": None, "paused_days": 0, "open_since": 5, "due_on": 12},
    ),
    "asked, gone, back, assigned some days later": (
        [HERE_0, does(1, "ask_provider"), gone(4), found(5), found(8), does(8, "assign")],
        {"paused_since": None, "paused_days": 0, "open_since": 5, "due_on": 12},
    ),
    "asked, could not be found, found": (
        [HERE_0, does(1, "ask_provider"), waits(4), found(20)],
        {"state": "awaiting_provider", "paused_since": 1, "standing": "on_track"},
    ),
}  # fmt: skip


def play(office: Office, story: Sequence[Comes | Does]) -> date:
    """Let everything happen in its order, and return the last day on which something did."""
    for event_ in story:
        if isinstance(event_, Comes):
            office.record(day(event_.number), event_.night)
        else:
            office.act(["ended"], event_.action, made_on=day(event_.number), **event_.facts)
    return day(max(event_.number for event_ in story))


def as_days(expected: Mapping[str, Any]) -> dict[str, Any]:
    """Write out the days of what is expected."""
    days = {
        name: day(expected[name])
        for name in DAYS
        if name in expected and expected[name] is not None
    }
    return {name: value for name, value in {**expected, **days}.items() if name != "lapses"}


@pytest.mark.parametrize(("story", "expected"), STORIES.values(), ids=STORIES)
def test_the_plain_telling_is_what_was_worked_out_by_hand(
    story: list[Comes | Does], expected: dict[str, Any]
) -> None:
    office = Office()
    on = play(office, story)
    case = office.cases(on)["ended"]
    assert {name: case[name] for name in as_days(expected)} == as_days(expected)
    if "lapses" in expected:
        assert sorted((night, why) for _, night, why in office.lapses()) == sorted(
            (day(number), why) for number, why in expected["lapses"]
        )


def council_of(title: str) -> str:
    """Return the council that a story has to itself."""
    return f"E{list(STORIES).index(title) + 1:08}"


def in_one(nights: Mapping[str, Mapping[int, Night]], number: int) -> Night:
    """Return one night of all stories; to those that have none, their council's did not come."""
    come = {title: own[number] for title, own in nights.items() if number in own}
    found_ = {title: said for title, night in come.items() if (said := night.said("ended"))}
    there = {council_of(title) for title, night in come.items() if not night.missing}
    known = tuple(map(council_of, STORIES))
    return Night(found=found_, known=known, missing=frozenset(known) - there)


def rounds() -> dict[tuple[int, int], dict[str, Comes | Does]]:
    """Return what happens in all stories, day by day, at most one thing of each at a time."""
    times: dict[tuple[int, int], dict[str, Comes | Does]] = {}
    for title, (story, _) in STORIES.items():
        today, turn = 0, 0
        for happening in story:
            turn = turn + 1 if happening.number <= today else 0
            today = max(today, happening.number)
            times.setdefault((today, turn), {})[title] = happening
    return dict(sorted(times.items(), key=lambda each_: each_[0]))


def play_all(world: World) -> None:
    """Let all stories happen side by side."""
    nights: dict[str, dict[int, Night]] = {title: {} for title in STORIES}
    for (today, _), happenings in rounds().items():
        come = {t: each_ for t, each_ in happenings.items() if isinstance(each_, Comes)}
        for title, each_ in come.items():
            nights[title][each_.number] = each_.night
        for number in sorted({each_.number for each_ in come.values()}):
            world.record(day(number), in_one(nights, number), at=morning(day(today)))
        done = [(t, each_) for t, each_ in happenings.items() if isinstance(each_, Does)]
        for _, group in groupby(sorted(done, key=what), key=what):
            titles, steps = zip(*group, strict=True)
            world.act(titles, steps[0].action, made_on=day(today), **steps[0].facts)


def what(done: tuple[str, Does]) -> str:
    return f"{done[1].action} {sorted(done[1].facts.items())}"


def test_what_becomes_of_a_case_by_what_nights_find_and_people_do(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    casebook = Casebook.open(sqlite_url)
    for title in STORIES:
        monkeypatch.setitem(KINDS, title, ("support_ended", council_of(title), "P1"))
    world = World(casebook)
    play_all(world)
    seen = functools.cache(lambda number: told(casebook, day(number)))
    for title, (story, expected) in STORIES.items():
        case = seen(max(each_.number for each_ in story))[title]
        known = as_days(expected)
        assert (title, {name: case[name] for name in known}) == (title, known)
    world.agrees(day(10))
    assert casebook.verify().broken == ""


@pytest.mark.parametrize(
    ("extra", "levels", "story", "expected"),
    [
        (
            {"target_days_medium": 1, "due_soon_days": 2},
            {"target_days": {"medium": 1}, "due_soon_days": 2},
            [found(4)],
            {"due_on": 5, "due_soon_on": 1, "standing": "due_soon"},
        ),
        (
            {"resolution_days": 1},
            {"resolution_days": 1},
            [found(1), does(1, "resolve"), found(4), found(5)],
            lapsed(5, "still_found", present_since=1),
        ),
        (
            {"extra_bank_holidays": (day(4), day(5))},
            {"calendar": Calendar(frozenset({day(4), day(5)}))},
            [HERE_0, does(1, "ask_provider"), does(6, "answer")],
            {"age_days": 2, "paused_days": 1, "due_on": 12, "due_soon_on": 11},
        ),
    ],
    ids=["targets", "resolutions", "holidays"],
)
def test_settings_say_how_soon(
    url: str,
    extra: dict[str, Any],
    levels: dict[str, Any],
    story: list[Comes | Does],
    expected: dict[str, Any],
) -> None:
    world = World(Casebook.open(url, levels=ServiceLevels(**extra)), Levels(**levels))
    on = play(world, story)
    case = world.cases(on)["ended"]
    assert {name: case[name] for name in as_days(expected)} == as_days(expected)
    world.agrees(on)


def test_a_day_is_londons(casebook: Casebook) -> None:
    world = World(casebook)
    july = date(2026, 7, 1)
    world.record(july, Night(found={"ended": Said(severity="medium"), "rutland": "x"}))
    late = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    world.act(["ended"], "resolve", made_on=july, at=late, reason="cpli_ended")
    late += timedelta(minutes=1)
    world.act(["rutland"], "resolve", made_on=date(2026, 7, 2), at=late, reason="cpli_ended")
    ages = told(casebook, date(2026, 7, 9))
    assert (ages["ended"]["age_days"], ages["rutland"]["age_days"]) == (0, 1)
    world.agrees(date(2026, 7, 9))


# What an action leads to, from each state; a dash where it is refused. States are shortened.
TRANSITIONS = """
             open         in_progress  provider     council      resolved     accepted     by_data
assign       in_progress  in_progress  in_progress  in_progress  -            -            -
release      -            open         open         open         -            -            -
ask_provider provider     provider     -            provider     -            -            -
ask_council  council      council      council      -            -            -            -
resolve      resolved     resolved     resolved     resolved     -            -            -
accept       accepted     accepted     accepted     accepted     -            accepted     -
reopen       -            -            -            -            open         open         -
note         open         in_progress  provider     council      resolved     accepted     by_data
answer       council      council      council      council      resolved     accepted     by_data
rule         resolved     resolved     resolved     resolved     -            -            -
"""
SHORT = {
    "provider": "awaiting_provider", "council": "awaiting_council", "by_data": "resolved_by_data",
}  # fmt: skip


def transitions() -> dict[str, dict[str, str]]:
    states, *rows = (
        [SHORT.get(cell, cell) for cell in line.split()]
        for line in TRANSITIONS.strip().splitlines()
    )
    return {action: dict(zip(states, row, strict=True)) for action, *row in rows}


NEEDED: dict[str, dict[str, Any]] = {
    "assign": {"team": "South"},
    "resolve": {"reason": "other", "note": "Seen to."},
    "accept": {"reason": "being_put_right", "expires_on": day(30)},
    "note": {"note": "Rang them."},
    "answer": {"answer": "not_ours", "provider_id": "P1"},
    "rule": {"ruling": "same_person", "note": "We asked her."},
}


def name_of(action: str, state: str) -> str:
    return f"{action} when {state}"


def in_every_state(casebook: Casebook) -> World:
    """Return a world with one case for each action in each state."""
    world = World(casebook)
    cases = {state: [name_of(action, state) for action in transitions()] for state in STATES}
    found_ = {name: Said(entry_identities="E1") for names in cases.values() for name in names}
    world.record(FIRST, Night(found=found_))
    here = {name: said for name, said in found_.items() if name not in cases["resolved_by_data"]}
    world.record(day(1), Night(found=here))
    for action, leads_to in LEADS_TO.items():
        if action not in ("release", "reopen", "rule"):
            world.act(cases[leads_to], action, made_on=day(1), **NEEDED.get(action, {}))
    return world


@pytest.mark.parametrize("action", transitions())
def test_the_plain_table_of_what_may_follow_is_the_one_written_out(action: str) -> None:
    for state, leads_to in transitions()[action].items():
        assert (state in ALLOWED_FROM[action]) == (leads_to != "-")
        if leads_to not in ("-", state) and action != "answer":
            assert LEADS_TO[action] == leads_to


def test_what_may_follow_which_state(casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> None:
    for action, state in product(transitions(), STATES):
        kind = ("possible_match", LEICESTER, "P1")
        monkeypatch.setitem(KINDS, name_of(action, state), kind)
    world = in_every_state(casebook)
    expected = {}
    for action, row in transitions().items():
        allowed = [name_of(action, state) for state, leads_to in row.items() if leads_to != "-"]
        facts = NEEDED.get(action, {})
        for state, leads_to in row.items():
            name = name_of(action, state)
            expected[name] = state if leads_to == "-" else leads_to
            if leads_to == "-":
                with pytest.raises(NotAllowed):
                    world.try_to([name], action, at=morning(day(4)), who="ann", **facts)
        world.act(allowed, action, made_on=day(4), **facts)
    after = {name: case["state"] for name, case in told(casebook, day(4)).items()}
    assert after == expected
    world.agrees(day(4))


def test_of_many_cases_either_all_are_settled_or_none(casebook: Casebook) -> None:
    world = World(casebook)
    world.record(FIRST, Night(found=dict.fromkeys(["ended", "rutland", "portal"], "x")))
    world.act(["rutland"], "accept", made_on=FIRST, **NEEDED["accept"])
    for names, reason in (
        (["ended", "rutland", "portal"], "cpli_corrected"),  # one is settled already
        (["ended", "portal"], "cpli_ended"),  # the reason fits one of them only
    ):
        with pytest.raises(NotAllowed):
            world.try_to(names, "resolve", at=morning(FIRST), who="ann", reason=reason)
        world.agrees(FIRST)
    world.act(["ended", "portal"], "resolve", made_on=FIRST, reason="cpli_corrected")
    world.agrees(FIRST)


def test_a_ruling_is_in_force_from_the_next_night_until_the_night_after_it_is_taken_back(
    casebook: Casebook,
) -> None:
    world = World(casebook)
    found_ = {
        name: Said(entry_identities="E1;E2" if name == "match" else "E3")
        for name in ("match", "unknown", "held twice", "listed twice")
    }
    match = {("P1", each_, LEICESTER, "ZZPERSONmatch"): "same_person" for each_ in ("E1", "E2")}
    unknown = {("P2", "E3", LEICESTER, "ZZPERSONsomeone"): "same_person"}
    held = {(RUTLAND, "ZZLINEA;ZZLINEB", None, None, None): "not_a_duplicate"}
    listed = {(None, None, "P2", "E3", "HS"): "not_a_duplicate"}
    rule: dict[str, Any] = {"note": "We asked her."}
    for number in (0, 1):
        world.record(day(number), Night(found=found_))
        if number == 0:
            world.act(["match"], "rule", made_on=FIRST, ruling="same_person", **rule)
        else:
            world.act(
                ["unknown"], "rule", made_on=day(1), ruling="same_person",
                local_authority=LEICESTER, person_id="ZZPERSONsomeone", **rule,
            )  # fmt: skip
            for name in ("held twice", "listed twice"):
                world.act([name], "rule", made_on=day(1), ruling="not_a_duplicate", **rule)
        world.agrees(day(number))
    assert told(casebook, day(1))["match"]["state"] == "resolved"
    assert [rulings(casebook, day(number)) for number in (0, 1, 2)] == [
        {}, match, {**match, **unknown, **held, **listed},
    ]  # fmt: skip
    world.act(["match"], "reverse", made_on=day(1), reverses=0, note="It was her sister.")
    world.act(["match"], "note", made_on=day(1), note="Her sister.")
    assert rulings(casebook, day(1)) == match
    assert rulings(casebook, day(2)) == {**unknown, **held, **listed}
    world.agrees(day(2))


def test_the_latest_ruling_about_one_subject_counts(casebook: Casebook) -> None:
    world = World(casebook)
    note = {"note": "We asked her."}
    subject = ("P1", "E1", LEICESTER, "ZZPERSONmatch")
    for number, ruling in ((0, "same_person"), (1, "not_same_person")):
        world.record(day(number), Night(found={"match": Said(entry_identities="E1")}))
        if number:
            world.act(["match"], "reopen", made_on=day(number))
        world.act(["match"], "rule", made_on=day(number), ruling=ruling, **note)
    assert rulings(casebook, day(1)) == {subject: "same_person"}
    assert rulings(casebook, day(2)) == {subject: "not_same_person"}
    world.act(["match"], "reverse", made_on=day(2), reverses=2, **note)
    assert rulings(casebook, day(2)) == {subject: "same_person"}
    world.agrees(day(2))


# What people do at random: each of these as often as it is named.
DONE = (
    *["assign"] * 5, *["ask_provider"] * 4, *["ask_council"] * 2, *["answer"] * 3,
    *["resolve"] * 5, *["accept"] * 4, *["reopen"] * 3, "release", "note", *["rule"] * 3,
    *["reverse"] * 2,
)  # fmt: skip
PEOPLE = ("ann", "bea", "cy")
RULABLE = {
    "match": ("same_person", "not_same_person"),
    "other": ("same_person", "not_same_person"),
    "unknown": ("same_person",),
    "held twice": ("not_a_duplicate",),
    "listed twice": ("not_a_duplicate",),
}


def chosen(draw: random.Random, world: World, action: str, today: date) -> dict[str, Any]:
    """Choose who does an action and with what, so that it fits most cases."""
    facts: dict[str, Any] = {"who": draw.choice(PEOPLE)}
    if action == "assign":
        facts["team"] = draw.choice(["South", "East"])
        facts["worker"] = draw.choice(PEOPLE)
    elif action == "resolve":
        facts["reason"] = draw.choice(["other", "provider_corrected"])
        facts["note"] = "Seen to."
    elif action == "accept":
        facts["reason"] = "agreed_difference"
        facts["expires_on"] = today + timedelta(draw.choice([1, 5, 20]))
    elif action == "answer":
        facts["answer"] = draw.choice(["not_ours", "council_told"])
    elif action in ("note", "rule", "reverse"):
        facts["note"] = "We asked her."
    return facts


def somebody_acts(draw: random.Random, world: World, today: date) -> str:
    """Let somebody do something at random, if it may be; return what it was."""
    action = draw.choice(DONE)
    facts = chosen(draw, world, action, today)
    able = [name for name in KINDS if world.allows(action, name)]
    if action == "rule":
        said = world.nights[max(world.nights)]
        able = [name for name in able if name in RULABLE and said.said(name) is not None]
    if action == "reverse":
        taken_back = {deed.reverses for deed in world.deeds}
        ruled = [n for n, deed in enumerate(world.deeds) if deed.ruling and n not in taken_back]
        cases = world.cases(today)
        ruled = [number for number in ruled if world.deeds[number].name in cases]
        if not ruled:
            return ""
        facts["reverses"] = draw.choice(ruled)
        able = [world.deeds[facts["reverses"]].name]
    if facts.get("reason") == "provider_corrected":
        able = [name for name in able if KINDS[name][0] not in UNLISTED]
    if not able:
        return ""
    names = [draw.choice(able)]
    if action == "answer":
        facts["provider_id"] = KINDS[names[0]][2]
    elif action == "rule":
        facts["ruling"] = draw.choice(RULABLE[names[0]])
    elif action in ("assign", "accept", "resolve") and draw.random() < 0.3:
        names = draw.sample(able, min(len(able), 3))
    world.act(names, action, made_on=today, **facts)
    return action


def somebody_undoes(draw: random.Random, world: World, today: date) -> str:
    """Let whoever took the last step with a case undo it, if there is such a step."""
    undoable = world.undoable(made_on=today)
    if not undoable:
        return ""
    deed = world.deeds[draw.choice(undoable)]
    somebody_else = next(name for name in PEOPLE if name != deed.who)
    with pytest.raises(NotAllowed, match="by whoever took it"):
        world.try_to([deed.name], "undo", at=morning(today), who=somebody_else)
    world.act([deed.name], "undo", made_on=today, who=deed.who)
    return "undo"


UNLISTED = ("not_on_portal", "caseload_overdue", "duplicate_cpli")


def somebody_is_refused(draw: random.Random, world: World, today: date) -> None:
    """Let somebody try what may not be done with one case, among others or alone."""
    action = draw.choice(["assign", "resolve", "reopen", "release"])
    unable = [name for name in world.cases(today) if not world.allows(action, name)]
    if unable:
        others = [name for name in KINDS if world.allows(action, name)][:2]
        facts = chosen(draw, world, action, today)
        with pytest.raises(NotAllowed):
            world.try_to([*others, draw.choice(unable)], action, at=morning(today), **facts)


def some_nights(draw: random.Random) -> dict[date, Night]:
    """Return 32 nights, of working days only, so that six weeks are 30 of them."""
    dates = [day(number) for number in range(46) if day(number).weekday() < 5][:32]
    silent = frozenset({draw.choice(["P1", "P2"])})
    lacking = frozenset({draw.choice([LEICESTER, RUTLAND])})
    away = draw.randrange(8, 20)
    life: dict[str, Said | None] = dict.fromkeys(KINDS)
    nights = {}
    for number, as_of in enumerate(dates):
        life = {name: next_said(draw, name, said, as_of) for name, said in life.items()}
        night = Night(
            silent=silent if 1 <= number < 31 else frozenset(),
            missing=lacking if away <= number < away + 3 else frozenset(),
            no_portal=frozenset({LEICESTER}) if draw.random() < 0.1 else frozenset(),
        )
        found_ = {name: said for name, said in life.items() if said and could_be(name, night)}
        nights[as_of] = replace(night, found=found_)
    return nights


def next_said(draw: random.Random, name: str, said: Said | None, as_of: date) -> Said | None:
    """Return what becomes of a discrepancy from one night to the next."""
    if said is None:
        if draw.random() > 0.35:
            return None
        said = Said(
            severity=draw.choice(["high", "medium", "low"]),
            team=draw.choice(["North", None]),
            worker=draw.choice(["di", None]),
            entry_identities=f"E {name}" if name in RULABLE else None,
        )
    elif draw.random() < 0.12:
        return None
    changes: dict[str, Any] = {"caseload_date": as_of - timedelta(as_of.weekday())}
    if draw.random() < 0.05:
        changes["provider_value"] = draw.choice("xyz")
    if draw.random() < 0.06:
        new = draw.choice("ABC")
        changes |= {"cpli_ids": f"ZZLINE{new}", "council_value": new}
    if draw.random() < 0.04:
        changes["reason"] = draw.choice(["gap", None])
    if draw.random() < 0.06:
        changes["severity"] = draw.choice(["high", "medium", "low"])
    return replace(said, **changes)


def could_be(name: str, night: Night) -> bool:
    """Say whether a night has what it takes to find a discrepancy."""
    kind, owner, provider = KINDS[name]
    if kind in ("caseload_overdue", "duplicate_cpli"):
        return owner not in night.missing
    if kind == PORTAL:
        return not {owner} & (night.missing | night.no_portal)
    if kind == TWO_CASELOADS and night.silent:
        return False
    return provider not in night.silent and owner not in night.missing


def in_which_they_come(draw: random.Random, nights: dict[date, Night]) -> list[date]:
    """Return the nights in order, but two that come late and three that come again."""
    order = list(nights)
    for number, late in ((24, 2), (11, 1)):
        order.insert(number + late, order.pop(number))
    for number in (30, 18, 6):
        order.insert(number, draw.choice(order[max(number - 3, 0) : number]))
    return order


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("seed", SEEDS)
def test_over_thirty_nights_the_casebook_is_what_the_plain_telling_says(
    casebook: Casebook, seed: int
) -> None:
    draw, slips = random.Random(seed), random.Random(seed + 2)
    nights, others = some_nights(draw), some_nights(draw)
    world = World(casebook)
    done: set[str] = set()
    for as_of in in_which_they_come(draw, nights):
        again = as_of in world.nights
        today = max([as_of, *world.nights])
        world.record(as_of, others[as_of] if again else nights[as_of], at=morning(today))
        world.agrees(today)
        for _ in range(draw.randrange(3)):
            done.add(somebody_acts(draw, world, today))
            world.agrees(today + timedelta(draw.randrange(7)))
        if slips.random() < 0.2:
            done.add(somebody_undoes(slips, world, today))
            world.agrees(today + timedelta(slips.randrange(7)))
        if draw.random() < 0.3:
            somebody_is_refused(draw, world, today)
    world.agrees(today + timedelta(30))
    assert len(done & set(DONE)) > len(set(DONE)) - 3
    assert "undo" in done
    assert {cause for _, _, cause in world.lapses()} >= {"returned", "values_changed"}
    assert casebook.verify().broken == ""


SAYINGS = st.builds(
    Said,
    provider_value=st.sampled_from("xy"),
    severity=st.sampled_from(["high", "low"]),
    caseload_date=st.sampled_from([day(-4), day(3)]),
    team=st.sampled_from(["North", None]),
    entry_identities=st.just("E1"),
)
CASES = ("ended", "match", "held twice", "portal")
NIGHTS = st.builds(
    Night,
    found=st.dictionaries(st.sampled_from(CASES), SAYINGS),
    known=st.sampled_from([(LEICESTER, RUTLAND), (LEICESTER,), (LEICESTER, RUTLAND)]),
    missing=st.sampled_from([frozenset(), frozenset(), frozenset({LEICESTER})]),
    silent=st.sampled_from([frozenset(), frozenset({"P1"})]),
    no_portal=st.sampled_from([frozenset(), frozenset({LEICESTER})]),
)
HAPPENINGS = st.one_of(st.tuples(st.integers(0, 6), NIGHTS), st.integers(0, 10**6))


@pytest.mark.draws
@given(happenings=st.lists(HAPPENINGS, max_size=8))
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_nights_come_again_between_what_people_do_nothing_is_lost_or_doubled(
    casebook: Casebook, happenings: list[tuple[int, Night] | int]
) -> None:
    casebook = emptied(casebook)
    world = World(casebook)
    for happening in happenings:
        if isinstance(happening, int):
            if world.nights:
                today = max(world.nights) + timedelta(happening % 3)
                does = somebody_undoes if happening % 4 == 0 else somebody_acts
                event(does(random.Random(happening), world, today) or "nothing")
        else:
            number, night = happening
            world.record(day(number), night, at=morning(max([day(number), *world.nights])))
        world.agrees(max([FIRST, *world.nights]))
        nothing_went_because_a_source_was_missing(world)
    assert casebook.verify().broken == ""


def nothing_went_because_a_source_was_missing(world: World) -> None:
    for name, case in told(world.casebook, FIRST).items():
        if case["closed_on"] is not None:
            assert could_be(name, world.nights[case["closed_on"]])
