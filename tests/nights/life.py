"""The life of cases told slowly and plainly: what nights found and people did, and what follows.

Nothing here is the product's: neither its calendar, nor its table of states, nor its arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from nights.simulated import KINDS, Night, Said, walk

OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL, RESOLVED, ACCEPTED, BY_DATA = (
    "open", "in_progress", "awaiting_provider", "awaiting_council", "resolved", "accepted",
    "resolved_by_data",
)  # fmt: skip
STATES = (OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL, RESOLVED, ACCEPTED, BY_DATA)
WORKED_ON = (OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL)

ALLOWED_FROM = {
    "assign": {OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL},
    "release": {IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL},
    "ask_provider": {OPEN, IN_PROGRESS, AWAITING_COUNCIL},
    "ask_council": {OPEN, IN_PROGRESS, AWAITING_PROVIDER},
    "resolve": {OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL},
    "accept": {OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL, ACCEPTED},
    "reopen": {RESOLVED, ACCEPTED},
    "note": set(STATES),
    "answer": set(STATES),
    "rule": {OPEN, IN_PROGRESS, AWAITING_PROVIDER, AWAITING_COUNCIL},
    "reverse": set(STATES),
    "undo": set(STATES),
}
CAN_BE_UNDONE = (
    "assign", "release", "ask_provider", "ask_council", "resolve", "accept", "reopen",
)  # fmt: skip
LEADS_TO = {
    "assign": IN_PROGRESS,
    "release": OPEN,
    "ask_provider": AWAITING_PROVIDER,
    "ask_council": AWAITING_COUNCIL,
    "resolve": RESOLVED,
    "accept": ACCEPTED,
    "reopen": OPEN,
    "rule": RESOLVED,
}

TOLD = ("team", "worker", "expires_on", "ruling", "reverses")

BANK_HOLIDAYS = frozenset(
    {
        date(2026, 1, 1),
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 4),
        date(2026, 5, 25),
        date(2026, 8, 31),
        date(2026, 12, 25),
        date(2026, 12, 28),  # for Boxing Day, a Saturday
        date(2027, 1, 1),
        date(2027, 3, 26),  # Good Friday
        date(2027, 3, 29),  # Easter Monday
        date(2027, 5, 3),
        date(2027, 5, 31),
        date(2027, 8, 30),
        date(2027, 12, 27),  # for Christmas, a Saturday
        date(2027, 12, 28),  # for Boxing Day, a Sunday
    }
)
"""England's, as gov.uk lists them for 2026 and 2027."""


@dataclass(frozen=True)
class Calendar:
    """England's working days, without some extra holidays."""

    extra: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in BANK_HOLIDAYS and day not in self.extra

    def count(self, after: date, until: date) -> int:
        """Count the working days after one day up to and with another, none if it is earlier."""
        days = max((until - after).days, 0)
        return sum(self.works(after + timedelta(number)) for number in range(1, days + 1))

    def later(self, day: date, working_days: int) -> date:
        """Return the first day that is so many working days after another."""
        end = day
        while self.count(day, end) < working_days:
            end += timedelta(1)
        return end

    def earlier(self, day: date, working_days: int) -> date:
        """Return the working day that is so many before another."""
        while working_days:
            day -= timedelta(1)
            working_days -= self.works(day)
        return day


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The settings of service levels, with their defaults."""

    target_days: Mapping[str, int] = field(
        default_factory=lambda: {"high": 2, "medium": 5, "low": 10}
    )
    due_soon_days: int = 1
    resolution_days: int = 5
    calendar: Calendar = Calendar()


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody did with one case, on what they then saw, and the state that they gave it.

    `gives` is None for what leaves the state as it is. `rests_on` says on whom a resolution rests.
    `saw` are council_value, provider_value and reason of the latest statement at that moment, and
    `kept` is the assignment of that moment. `undoes` is the place of the deed that is undone.
    """

    name: str
    action: str
    made_on: date
    on_night: date
    gives: str | None
    saw: tuple[str | None, ...]
    who: str
    team: str | None = None
    worker: str | None = None
    kept: Deed | None = None
    rests_on: str = "council"
    expires_on: date | None = None
    ruling: str | None = None
    subjects: tuple[tuple[str | None, ...], ...] = ()
    reverses: int | None = None
    undoes: int | None = None

    @property
    def assignment(self) -> Deed | None:
        """The assignment after this deed."""
        if self.action == "release":
            return None
        return self if self.action == "assign" else self.kept


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """The night on which a decision ceased to hold, why, and which deed it was of this case."""

    night: date
    cause: str
    deed: int


def values(said: Said) -> tuple[str | None, ...]:
    """Return what must stay as it is for a decision to hold."""
    return (said.council_value, said.provider_value, said.reason)


def statement(name: str, nights: Mapping[date, Night]) -> Said:
    """Return what the latest night that found a discrepancy says of it."""
    found = [said for as_of in sorted(nights) if (said := nights[as_of].said(name)) is not None]
    return found[-1]


def state_after(action: str, state: str, *, takes_back_its_end: bool) -> str | None:
    """Return the state that an action gives a case, None where it leaves it as it is."""
    if action == "answer":
        return AWAITING_COUNCIL if state in WORKED_ON else None
    if action == "reverse":
        return OPEN if state == RESOLVED and takes_back_its_end else None
    return LEADS_TO.get(action)


def stories(nights: Mapping[date, Night], deeds: Sequence[Deed], levels: Levels) -> dict[str, Case]:
    """Return each case by its name, after all nights and deeds.

    `deeds` are those of all cases, in the order in which they were done. What was undone is as
    though it had not been.
    """
    undone = {deed.undoes for deed in deeds}
    deeds = [deed for place, deed in enumerate(deeds) if place not in undone]
    presences = {name: walk(name, nights) for name in KINDS}
    return {
        name: Case(name, nights, presence, [deed for deed in deeds if deed.name == name], levels)
        for name, presence in presences.items()
        if "state" in presence
    }


class Case:
    """One case: its presence over the nights, and what was done with it."""

    def __init__(
        self,
        name: str,
        nights: Mapping[date, Night],
        presence: dict[str, Any],
        deeds: Sequence[Deed],
        levels: Levels,
    ) -> None:
        self.nights = nights
        self.name = name
        self.turns = presence["turns"]
        self.first_seen, self.last_seen = presence["first_seen"], presence["last_seen"]
        self.nights_seen = presence["nights_seen"]
        self.is_here = presence["state"] == "open"
        self.closed_on = presence["closed_on"]
        self.present_since = presence["open_since"]
        self.said = statement(name, nights)
        self.levels, self.calendar = levels, levels.calendar
        self.given = [deed for deed in deeds if deed.gives is not None]
        self.lapses = list(self._lapses())

    def _lapses(self) -> Iterator[Lapse]:
        for number, deed in enumerate(self.given):
            following = self.given[number + 1 : number + 2]
            for night in sorted(self.nights):
                if following and night > following[0].on_night:
                    break
                cause = self._cause(deed, night, *following)
                if cause is not None:
                    yield Lapse(night=night, cause=cause, deed=number)
                    break

    def _cause(self, deed: Deed, night: date, following: Deed | None = None) -> str | None:
        """Say why a deed ceases to hold on a night, None where it does not.

        On its own night it does not where it was followed on what it was itself made on.
        """
        said = self.nights[night].said(self.name)
        if deed.gives not in (RESOLVED, ACCEPTED) or said is None or night < deed.on_night:
            return None
        changed = values(said) != deed.saw
        if night == deed.on_night:
            was_followed = following and (following.on_night, following.saw) == (night, deed.saw)
            return "values_changed" if changed and not was_followed else None
        is_back = self.turns.get(night) in ("opened", "reopened")
        causes = {
            "returned": deed.gives == RESOLVED and is_back,
            "values_changed": changed,
            "expired": deed.expires_on is not None and night > deed.expires_on,
            "still_found": deed.gives == RESOLVED and self._should_be_gone(deed, night, said),
        }
        return next((cause for cause, holds in causes.items() if holds), None)

    def _should_be_gone(self, deed: Deed, night: date, said: Said) -> bool:
        if deed.rests_on == "provider":
            return said.caseload_date is not None and said.caseload_date > deed.made_on
        return night > self.calendar.later(deed.made_on, self.levels.resolution_days)

    @property
    def stands(self) -> Deed | None:
        """The deed whose state the case has or, while it is gone, would have."""
        if not self.given:
            return None
        last = self.given[-1]
        if any(lapse.deed == len(self.given) - 1 for lapse in self.lapses):
            return None
        if last.gives in (RESOLVED, ACCEPTED):
            return last
        return last if self.present_since <= last.on_night else None

    @property
    def state(self) -> str:
        stands = self.stands
        if stands is not None and stands.gives == RESOLVED:
            return RESOLVED
        if not self.is_here:
            return BY_DATA
        return OPEN if stands is None or stands.gives is None else stands.gives

    @property
    def assigned(self) -> Deed | None:
        """The assignment that holds, None where the case is with whom routing says."""
        return None if self.stands is None else self.stands.assignment

    @property
    def opened_on(self) -> set[date]:
        """The nights on which the case opened, for the first time or again."""
        return {night for night, turn in self.turns.items() if turn != "closed"}

    @property
    def with_whom(self) -> tuple[str | None, str | None]:
        """The team and the worker; of a worker alone the team is the one of the routing."""
        assigned = self.assigned
        if assigned is None:
            return self.said.team, self.said.worker
        return assigned.team or self.said.team, assigned.worker

    @property
    def open_since(self) -> date:
        return max([self.present_since, *(lapse.night for lapse in self.lapses)])

    @property
    def settled_on(self) -> date | None:
        if self.state == BY_DATA:
            return self.closed_on
        if self.state in (RESOLVED, ACCEPTED):
            return self.given[-1].made_on
        return None

    def pauses(self) -> Iterator[tuple[date, date | None]]:
        """Yield when the clock stood still since the case is open: start, and end if it is over."""
        for number, deed in enumerate(self.given):
            belongs = deed.on_night >= self.open_since
            if deed.gives == AWAITING_PROVIDER and belongs:
                following = self.given[number + 1 : number + 2]
                end = following[0].made_on if following else None
                yield max(deed.made_on, self.open_since), end

    def as_seen(self, on: date) -> dict[str, Any]:
        """Return everything about the case as somebody sees it on a day."""
        team, worker = self.with_whom
        settled_on = self.settled_on
        return {
            "state": self.state,
            "presence": "present" if self.is_here else "gone",
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "nights_seen": self.nights_seen,
            "present_since": self.present_since,
            "open_since": self.open_since,
            "closed_on": self.closed_on,
            "reopened": list(self.turns.values()).count("reopened")
            + len({lapse.night for lapse in self.lapses} - self.opened_on),
            "team": team,
            "worker": worker,
            "severity": self.said.severity,
            "age_days": self.calendar.count(self.open_since, settled_on or on),
            **self._service_level(on),
        }

    def _service_level(self, on: date) -> dict[str, Any]:
        pauses = list(self.pauses())
        paused_days = sum(
            self.calendar.count(start, end) for start, end in pauses if end is not None
        )
        paused_since = pauses[-1][0] if self.state == AWAITING_PROVIDER else None
        severity = urgency = self.said.severity
        due_on = due_soon_on = standing = None
        if self.state in WORKED_ON:
            target = self.levels.target_days[severity]
            due_on = self.calendar.later(self.open_since, target + paused_days)
            due_soon_on = self.calendar.earlier(due_on, self.levels.due_soon_days)
            ref = paused_since or on
            standing = "on_track"
            if ref >= due_soon_on:
                standing = "due_soon"
            if ref > due_on:
                standing = "breached"
                urgency = {"low": "medium", "medium": "high", "high": "high"}[severity]
        return {
            "due_on": due_on,
            "due_soon_on": due_soon_on,
            "paused_days": paused_days,
            "paused_since": paused_since,
            "standing": standing,
            "urgency": urgency,
        }


def rulings_in_force(deeds: Sequence[Deed], night: date) -> dict[tuple[str | None, ...], str]:
    """Return the ruling for each subject that is in force for a night.

    What `reverses` names is a deed by its place in `deeds`.
    """
    reversed_before = {
        deed.reverses for deed in deeds if deed.reverses is not None and deed.on_night < night
    }
    in_force: dict[tuple[str | None, ...], str] = {}
    for number, deed in enumerate(deeds):
        if deed.ruling and deed.on_night < night and number not in reversed_before:
            for subject in deed.subjects:
                in_force[subject] = deed.ruling
    return in_force


class Office:
    """Nights that come and people who act, remembered plainly; no database."""

    def __init__(self, levels: Levels | None = None) -> None:
        self.nights: dict[date, Night] = {}
        self.deeds: list[Deed] = []
        self.before = 0
        self.levels = levels or Levels()

    def _stories(self) -> dict[str, Case]:
        return stories(self.nights, self.deeds, self.levels)

    def cases(self, on: date) -> dict[str, dict[str, Any]]:
        return {name: case.as_seen(on) for name, case in self._stories().items()}

    def lapses(self) -> list[tuple[str, date, str]]:
        """Return which case's decisions have lapsed, when and why."""
        return [
            (name, lapse.night, lapse.cause)
            for name, case in self._stories().items()
            for lapse in case.lapses
        ]

    def rulings(self, night: date) -> dict[tuple[str | None, ...], str]:
        return rulings_in_force(self.deeds, night)

    def record(self, as_of: date, night: Night) -> None:
        self.nights[as_of] = night
        self.before = len(self.deeds)

    def undoable(self, *, made_on: date) -> list[int]:
        """Return the places of the deeds that can be undone: each is the last thing of its case.

        Whatever a night does to a case, nobody undoes here what was done before it came.
        """
        last = {deed.name: place for place, deed in enumerate(self.deeds)}
        return [
            place
            for place in sorted(last.values())
            if place >= self.before
            and self.deeds[place].action in CAN_BE_UNDONE
            and self.deeds[place].made_on == made_on
        ]

    def allows(self, action: str, name: str) -> bool:
        case = self.cases(max(self.nights)).get(name) if self.nights else None
        return case is not None and case["state"] in ALLOWED_FROM[action]

    def act(
        self, names: Sequence[str], action: str, *, made_on: date, who: str = "ann", **facts: Any
    ) -> None:
        """Do the same with some cases, each of which allows it."""
        cases = self._stories()
        assert all(cases[name].state in ALLOWED_FROM[action] for name in names)
        rests_on = "provider" if facts.get("reason") == "provider_corrected" else "council"
        told = {key: facts[key] for key in TOLD if key in facts}
        for name in names:
            case = cases[name]
            last = next((deed for deed in reversed(case.given)), None)
            reverses = facts.get("reverses")
            is_end = reverses is not None and case.is_here and last is self.deeds[reverses]
            self.deeds.append(
                Deed(
                    name=name,
                    action=action,
                    made_on=made_on,
                    on_night=max(self.nights),
                    gives=state_after(action, case.state, takes_back_its_end=is_end),
                    saw=values(case.said),
                    who=who,
                    kept=case.assigned,
                    subjects=subjects(name, case.said, **facts),
                    rests_on=rests_on,
                    undoes=self._last_of(name) if action == "undo" else None,
                    **told,
                )
            )

    def _last_of(self, name: str) -> int:
        return max(place for place, deed in enumerate(self.deeds) if deed.name == name)


def subjects(
    name: str,
    said: Said,
    *,
    ruling: str | None = None,
    local_authority: str | None = None,
    person_id: str | None = None,
    **_: Any,
) -> tuple[tuple[str | None, ...], ...]:
    """Return of what a ruling from a case speaks."""
    kind, council, provider = KINDS[name]
    identities = (said.entry_identities or "").split(";") if said.entry_identities else []
    if ruling is None:
        return ()
    if ruling == "not_a_duplicate":
        if kind == "duplicate_cpli":
            return ((council, said.cpli_ids, None, None, None),)
        return tuple((None, None, provider, each, "HS") for each in identities)
    person = (local_authority or council, person_id or f"ZZPERSON{name}")
    return tuple((provider, each, *person) for each in identities)
