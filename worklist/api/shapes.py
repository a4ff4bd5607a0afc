"""What programs send and get, as models from which the API's description is made.

Values are strict: a number is no text, and a day is written as 2026-03-27.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
)
from pydantic.json_schema import SkipJsonSchema

from casebook.actions import (
    NAME_AT_MOST,
    NOTE_AT_MOST,
    Acceptance,
    Action,
    Answer,
    Resolution,
    Ruling,
    Step,
)
from casebook.history import What
from casebook.record import CaseState, Presence, Standing
from casebook.wanted import PAGE, Due, Sort
from casebook.worklist import CaseFile
from schemas.vocabularies import DiscrepancyType, ServiceType, Severity

AT_MOST = 200
"""How many cases a page holds at most."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LARGEST = 2**53 - 1
"""The largest number that every JSON reader reads as it is."""
VISIBLE = r"^[^\x00-\x1f\x7f]*$"


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise ValueError("write a day as 2026-03-27")
    return date.fromisoformat(value)


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value).upper())
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("write an instant with its zone, as 2026-03-27T09:30:00Z") from None


def _whole(value: object) -> object:
    """Return a number that an address holds in its digits."""
    plain = isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(str(value)[:LONGEST_NUMBER]) if plain else value


def _yes(value: object) -> object:
    """Return what an address says of something that is so, or not."""
    return {"true": True, "false": False}.get(str(value), value)


def _several(joined: str | None) -> list[str]:
    return [*filter(None, (joined or "").split(";"))]


LONGEST_NUMBER = 18
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Number = Annotated[StrictInt, Field(ge=0, le=LARGEST)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=NAME_AT_MOST, pattern=VISIBLE)]
Note = Annotated[StrictStr, Field(max_length=NOTE_AT_MOST)]
InAddress = BeforeValidator(_whole)
Yes = Annotated[StrictBool, BeforeValidator(_yes)]
ID = "^[0-9A-Za-z-]{1,64}$"
"""What the id of a case is made of."""
EXAMPLE_ID = "5a0c3d2e9b7f41680e1d2c3b4a596877"


class Sent(BaseModel):
    """Something that a program sends; what has no place in it is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Given(BaseModel):
    """Something that a program gets."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Filters(Sent):
    """Which cases are asked for, in which order, and from where on; several of a kind are or'ed."""

    settled: Annotated[Yes, Field(description="Settled cases instead of open ones.")] = False
    council: list[Annotated[str, Field(pattern="^[A-Za-z0-9]{1,20}$")]] = Field(
        default=[], description="GSS codes; `none` for cases of no council."
    )
    type: list[DiscrepancyType] = []
    severity: list[Severity] = []
    state: list[CaseState] = []
    provider: list[Name] = []
    service: list[ServiceType] = []
    team: list[Name] = []
    worker: list[Name] = []
    unassigned: Annotated[Yes, Field(description="Only cases that no worker has.")] = False
    standing: Standing | SkipJsonSchema[None] = None
    due: Due | SkipJsonSchema[None] = None
    age_from_days: Annotated[StrictInt, Field(ge=0, le=1000), InAddress] | SkipJsonSchema[None] = (
        Field(default=None, description="Working days since it opened, or more.")
    )
    not_assessed: Annotated[
        Yes, Field(description="Only cases that the latest night could not look at.")
    ] = False
    changed_since: Instant | SkipJsonSchema[None] = Field(
        default=None,
        description="Only cases that changed after this instant.",
        examples=["2026-11-22T06:00:00Z"],
    )
    sort: Sort = Sort.DUE
    cursor: (
        Annotated[str, Field(max_length=1000, pattern="^[A-Za-z0-9_-]+$")] | SkipJsonSchema[None]
    ) = Field(default=None, description="`next` or `previous` of a page of the same list.")
    limit: Annotated[StrictInt, Field(ge=1, le=AT_MOST), InAddress] = PAGE


class Search(Sent):
    """A reference: an id of a case, a council's of a person or a CPLI, or an NHS number."""

    text: Annotated[StrictStr, Field(min_length=1, max_length=100, examples=["999 123 4567"])]


class Key(BaseModel):
    """The name of a request, by which it is carried out once however often it is sent."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    idempotency_key: Annotated[str, Field(pattern="^[!-~]{1,100}$")] | SkipJsonSchema[None] = Field(
        default=None, alias="Idempotency-Key", examples=["0f6d8a2e-assign"]
    )


class Stepping(Sent):
    """A step with a case: `version` is that of the case as it was looked at."""

    action: ClassVar[Action]

    version: Annotated[Number, Field(examples=[1207])]

    def step(self, case: Mapping[str, Any]) -> Step:
        """Return the step that is asked for."""
        return Step(action=self.action, **self.facts(case))

    def facts(self, _case: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the step says."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "version"}


class Noted(Stepping):
    """A step with a note, or without one."""

    note: Note | None = None


class AddNote(Stepping):
    """Adds a note."""

    action = Action.NOTE

    note: Annotated[Note, Field(min_length=1, examples=["The provider will ring on Monday."])]


class Assign(Noted):
    """Gives a case to a team, to a worker, or to a worker in a team."""

    action = Action.ASSIGN

    team: Name | None = Field(default=None, examples=["North"])
    worker: Name | None = Field(default=None, examples=["Jo Fields"])


class Release(Noted):
    """Puts a case back for anybody to take."""

    action = Action.RELEASE


class AskProvider(Noted):
    """Waits for the provider; the clock stands still."""

    action = Action.ASK_PROVIDER


class AskCouncil(Noted):
    """Waits for the council."""

    action = Action.ASK_COUNCIL


class Reopen(Noted):
    """Opens a case again that was settled."""

    action = Action.REOPEN


class Undo(Stepping):
    """Takes back one's own last step, on the same day."""

    action = Action.UNDO


class Resolve(Noted):
    """Settles a case for a reason that fits its type; `other` needs a note."""

    action = Action.RESOLVE

    reason: Resolution


class Accept(Noted):
    """Lets a difference be until a day, at most 366 days from now; `other` needs a note."""

    action = Action.ACCEPT

    reason: Acceptance
    expires_on: Day = Field(examples=["2027-03-27"])


class Record(Noted):
    """Puts on record what the provider answered; support that goes on, or ended, needs its day."""

    action = Action.ANSWER

    answer: Answer
    answer_date: Day | None = None

    def facts(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of the case's own provider."""
        return {**super().facts(case), "provider_id": case["provider_id"]}


class Rule(Stepping):
    """Decides what later nights heed, with the reason why in the note."""

    action = Action.RULE

    ruling: Ruling
    note: Annotated[Note, Field(min_length=1)]
    local_authority: Name | None = None
    person_id: Name | None = Field(default=None, examples=["N0012345"])


class Reverse(Stepping):
    """Takes a decision back, with the reason why in the note."""

    action = Action.REVERSE

    reverses: Annotated[Number, Field(description="The number of the action.")]
    note: Annotated[Note, Field(min_length=1)]


class Case(Given):
    """A case as it stands. `person_id`, `cpli_ids` and both values are personal data."""

    discrepancy_id: Annotated[str, Field(examples=[EXAMPLE_ID])]
    version: Annotated[int, Field(examples=[1207])]
    type: DiscrepancyType
    severity: Severity
    urgency: Severity
    state: CaseState
    settled: bool
    presence: Presence
    local_authority: Annotated[str | None, Field(examples=["E06000016"])]
    provider_id: Annotated[str | None, Field(examples=["P1005"])]
    person_id: Annotated[str | None, Field(examples=["N0012345"])]
    cpli_ids: Annotated[list[str], Field(examples=[["C0012345A"]])]
    service_type: Annotated[str | None, Field(examples=["HS"])]
    council_value: Annotated[str | None, Field(examples=["2026-04-01 to open, 14 hours"])]
    provider_value: Annotated[str | None, Field(examples=["2026-04-01 to open, 12 hours"])]
    reason: str | None
    caveat: str | None
    team: Annotated[str | None, Field(examples=["North"])]
    worker: Annotated[str | None, Field(examples=["Jo Fields"])]
    first_seen: date
    last_seen: date
    closed_on: date | None
    open_since: date
    age_days: Annotated[int, Field(description="Working days.")]
    due_on: date | None
    standing: Standing | None
    settled_on: date | None
    expires_on: date | None
    paused_since: date | None

    @classmethod
    def of(cls, case: Mapping[str, Any]) -> Self:
        """Return a case of the record."""
        return cls(**{**case, "cpli_ids": _several(case["cpli_ids"])})


class Page(Given):
    """A page of cases, and the cursors of those beside it."""

    cases: list[Case]
    next: str | None
    previous: str | None


class Found(Given):
    """The cases that a reference leads to, the open ones first, 200 at most."""

    cases: list[Case]


class Line(Given):
    """A line of a council, a portal or a provider that lies behind a case."""

    side: Annotated[str, Field(examples=["council"])]
    dated: date | None
    local_authority: str | None
    provider_id: str | None
    cpli_id: str | None
    person_id: str | None
    nhs_number: Annotated[str | None, Field(examples=["9991234567"])]
    family_name: Annotated[str | None, Field(examples=["Example"])]
    given_name: Annotated[str | None, Field(examples=["Anne"])]
    date_of_birth: date | None
    service_type: str | None
    service_description: str | None
    start_date: date | None
    end_date: date | None
    weekly_quantity: float | None
    unit: str | None
    authorisation: str | None


class Statement(Given):
    """What both sides said of a case from a night on; `changed` names what was new."""

    as_of: date
    council_value: str | None
    provider_value: str | None
    reason: str | None
    caveat: str | None
    severity: Severity
    changed: list[str]


class Done(Given):
    """A step that somebody took with a case."""

    number: int
    at: datetime
    who: Annotated[str, Field(examples=["jo.fields@example.gov.uk"])]
    action: Action
    state: CaseState | None
    team: str | None
    worker: str | None
    reason: str | None
    note: str | None
    expires_on: date | None
    answer: Answer | None
    answer_date: date | None
    ruling: Ruling | None
    reverses: int | None


class Entry(Given):
    """Something that changed about a case, oldest first; `action_number` is that of a step."""

    number: int
    at: datetime
    who: str
    what: What
    night: date | None
    action_number: int | None
    before: str | None
    after: str | None


class Whole(Given):
    """One case with all that is on file about it; `can` is what may be done with it now."""

    case: Case
    can: list[Action]
    lines: list[Line]
    statements: list[Statement]
    actions: list[Done]
    history: list[Entry]

    @classmethod
    def of(cls, file: CaseFile, can: list[Action]) -> Self:
        """Return a case of the record."""
        statements = [{**each, "changed": _several(each["changed"])} for each in file.statements]
        return cls(
            case=Case.of(file.case),
            can=can,
            lines=[Line(**each) for each in file.lines],
            statements=[Statement(**each) for each in statements],
            actions=[Done(**each) for each in file.actions],
            history=[Entry(**each) for each in file.history],
        )


class Fault(Given):
    """Which field of a request is wrong, and what is wrong with it; empty for one that is none."""

    where: Annotated[str, Field(examples=["limit"])]
    what: str


class Change(Given):
    """Something that happened to a case after it was looked at; `state` where that changed."""

    at: datetime
    who: str
    what: What
    state: CaseState | None


class Problem(Given):
    """Why something cannot be had (RFC 9457).

    With 409, `version` and `state` are those of the case now, and `changes` what happened since.
    """

    type: Annotated[str, Field(examples=["urn:cpli:problem:changed"])]
    title: Annotated[str, Field(examples=["Conflict"])]
    status: Annotated[int, Field(examples=[409])]
    detail: str
    errors: list[Fault] | SkipJsonSchema[None] = None
    version: int | SkipJsonSchema[None] = None
    state: CaseState | SkipJsonSchema[None] = None
    changes: list[Change] | SkipJsonSchema[None] = None
