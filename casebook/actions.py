"""What people can do with a case, from which state, and why: the tables that a form shows.

An action is what somebody did. Nothing here knows the database: `refusal` says of a step and a case
whether it may be, in words for whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from casebook.record import CaseState
from schemas.errors import WrongUsage
from schemas.vocabularies import DiscrepancyType, Vocabulary

ACCEPTED_AT_MOST_DAYS = 366
"""For how long a difference can be accepted before somebody must look at it again."""

NOTE_AT_MOST = 4000
"""How many characters a note may have."""

NAME_AT_MOST = 200
"""How many characters the name of a team, a worker or a request may have."""


class Action(Vocabulary):
    """What somebody does with a case."""

    ASSIGN = "assign", "Assign"
    RELEASE = "release", "Release"
    ASK_PROVIDER = "ask_provider", "Ask the provider"
    ASK_COUNCIL = "ask_council", "Ask the council"
    RESOLVE = "resolve", "Resolve"
    ACCEPT = "accept", "Accept the difference"
    REOPEN = "reopen", "Reopen"
    NOTE = "note", "Add a note"
    ANSWER = "answer", "Answer"
    RULE = "rule", "Decide for later nights"
    REVERSE = "reverse", "Take a decision back"
    UNDO = "undo", "Undo the last step"


class Ruling(Vocabulary):
    """A decision that the rules heed on later nights (rule 7)."""

    SAME_PERSON = "same_person", "These are the same person"
    NOT_SAME_PERSON = "not_same_person", "These are not the same person"
    NOT_A_DUPLICATE = "not_a_duplicate", "This is not a duplicate"


class Answer(Vocabulary):
    """What a provider says of a case."""

    STILL_SUPPORTED = "still_supported", "Still supported since"
    ENDED = "ended", "Ended on"
    NOT_OURS = "not_ours", "Not ours"
    COUNCIL_TOLD = "council_told", "Already told the council"
    LIST_CORRECTED = "list_corrected", "Our list was wrong"
    OTHER = "other", "Something else"


class RestsWith(Vocabulary):
    """Whose data shows whether a resolution has worked."""

    COUNCIL = "council", "the council's next extracts"
    PROVIDER = "provider", "the provider's next caseload"


class Resolution(Vocabulary):
    """Why a case is resolved."""

    CPLI_ADDED = "cpli_added", "The CPLI was added or authorised"
    CPLI_CORRECTED = "cpli_corrected", "The CPLI was corrected"
    CPLI_EXTENDED = "cpli_extended", "The CPLI was extended or renewed"
    CPLI_ENDED = "cpli_ended", "The CPLI was ended"
    DUPLICATE_REMOVED = "duplicate_removed", "The duplicate was removed"
    PORTAL_CORRECTED = "portal_corrected", "The portal was corrected"
    PROVIDER_CORRECTED = "provider_corrected", "The provider corrects its list"
    CASELOAD_SENT = "caseload_sent", "The provider has sent its caseload"
    PROVIDER_LEFT = "provider_left", "The provider supports nobody of ours any more"
    SAME_PERSON = "same_person", "They are the same person"
    NOT_SAME_PERSON = "not_same_person", "They are not the same person"
    NOT_A_DUPLICATE = "not_a_duplicate", "It is not a duplicate"
    OTHER = "other", "Another reason"


class Acceptance(Vocabulary):
    """Why a difference is accepted for a time."""

    AGREED_DIFFERENCE = "agreed_difference", "Both sides know of the difference and agree"
    FUNDED_ELSEWHERE = "funded_elsewhere", "Somebody else pays for the support"
    BEING_PUT_RIGHT = "being_put_right", "It is being put right, which takes time"
    OTHER = "other", "Another reason"


_T = DiscrepancyType
_LISTED = frozenset(
    {
        _T.CPLI_NOT_FOUND,
        _T.SUPPORT_NOT_REPORTED,
        _T.SUPPORT_AFTER_END,
        _T.PROVIDER_DIFFERS,
        _T.IDENTITY_DIFFERS,
        _T.SUPPORT_ENDED,
        _T.SUPPORT_BEFORE_START,
        _T.SUPPORT_NOT_STARTED,
        _T.SERVICE_TYPE_DIFFERS,
        _T.POSSIBLE_MATCH,
        _T.START_DATE_DIFFERS,
        _T.END_DATE_DIFFERS,
        _T.QUANTITY_DIFFERS,
        _T.DUPLICATE_ENTRY,
    }
)
_PORTAL = frozenset(
    {_T.NOT_ON_PORTAL, _T.ONLY_ON_PORTAL, _T.UNAUTHORISED_ON_PORTAL, _T.PORTAL_DIFFERS}
)
_WHOM = frozenset({_T.POSSIBLE_MATCH, _T.CPLI_NOT_FOUND, _T.IDENTITY_DIFFERS, _T.PROVIDER_DIFFERS})
_REPEATED = frozenset({_T.DUPLICATE_CPLI, _T.DUPLICATE_ENTRY})
_ALL = frozenset(_T)

FITS: Mapping[Resolution, frozenset[DiscrepancyType]] = MappingProxyType(
    {
        Resolution.CPLI_ADDED: frozenset(
            {_T.CPLI_NOT_FOUND, _T.PROVIDER_DIFFERS, _T.SUPPORT_BEFORE_START, _T.ONLY_ON_PORTAL}
            | {_T.UNAUTHORISED_ON_PORTAL}
        ),
        Resolution.CPLI_CORRECTED: _ALL - {_T.CASELOAD_OVERDUE, _T.DUPLICATE_ENTRY},
        Resolution.CPLI_EXTENDED: frozenset({_T.SUPPORT_AFTER_END, _T.CPLI_NOT_FOUND}),
        Resolution.CPLI_ENDED: frozenset(
            {_T.SUPPORT_NOT_REPORTED, _T.SUPPORT_ENDED, _T.PROVIDER_DIFFERS, _T.END_DATE_DIFFERS}
            | {_T.SUPPORT_NOT_STARTED}
        ),
        Resolution.DUPLICATE_REMOVED: frozenset({_T.DUPLICATE_CPLI}),
        Resolution.PORTAL_CORRECTED: _PORTAL,
        Resolution.PROVIDER_CORRECTED: _LISTED,
        Resolution.CASELOAD_SENT: frozenset({_T.CASELOAD_OVERDUE}),
        Resolution.PROVIDER_LEFT: frozenset({_T.CASELOAD_OVERDUE, _T.SUPPORT_NOT_REPORTED}),
        Resolution.SAME_PERSON: _WHOM,
        Resolution.NOT_SAME_PERSON: _WHOM - {_T.CPLI_NOT_FOUND},
        Resolution.NOT_A_DUPLICATE: _REPEATED,
        Resolution.OTHER: _ALL,
    }
)
"""Which types a reason fits."""

ON_PROVIDER = frozenset({Resolution.PROVIDER_CORRECTED})
"""The reasons whose effect only the provider's next caseload can show."""

_WORKED_ON = frozenset(
    {
        CaseState.OPEN,
        CaseState.IN_PROGRESS,
        CaseState.AWAITING_PROVIDER,
        CaseState.AWAITING_COUNCIL,
    }
)
SETTLED = frozenset({CaseState.RESOLVED, CaseState.ACCEPTED, CaseState.RESOLVED_BY_DATA})

FROM: Mapping[Action, frozenset[CaseState]] = MappingProxyType(
    {
        Action.ASSIGN: _WORKED_ON,
        Action.RELEASE: _WORKED_ON - {CaseState.OPEN},
        Action.ASK_PROVIDER: _WORKED_ON - {CaseState.AWAITING_PROVIDER},
        Action.ASK_COUNCIL: _WORKED_ON - {CaseState.AWAITING_COUNCIL},
        Action.RESOLVE: _WORKED_ON,
        Action.ACCEPT: _WORKED_ON | {CaseState.ACCEPTED},
        Action.REOPEN: frozenset({CaseState.RESOLVED, CaseState.ACCEPTED}),
        Action.NOTE: frozenset(CaseState),
        Action.ANSWER: frozenset(CaseState),
        Action.RULE: _WORKED_ON,
        Action.REVERSE: frozenset(CaseState),
        Action.UNDO: frozenset(CaseState),
    }
)
"""The states in which each action can be taken: with `TO`, the one table of what may follow."""

TO: Mapping[Action, CaseState] = MappingProxyType(
    {
        Action.ASSIGN: CaseState.IN_PROGRESS,
        Action.RELEASE: CaseState.OPEN,
        Action.ASK_PROVIDER: CaseState.AWAITING_PROVIDER,
        Action.ASK_COUNCIL: CaseState.AWAITING_COUNCIL,
        Action.RESOLVE: CaseState.RESOLVED,
        Action.ACCEPT: CaseState.ACCEPTED,
        Action.REOPEN: CaseState.OPEN,
        Action.RULE: CaseState.RESOLVED,
    }
)
"""The state that an action leads to; a note, an answer, a reversal and undoing depend on the case.
"""

UNDOABLE = frozenset(TO) - {Action.RULE}
"""The actions that can be undone; a ruling is taken back by `reverse`, since nights heed it."""


class NotAllowed(WrongUsage):
    """What was asked for does not fit the case, or is not complete; nothing was changed."""


class ChangedMeanwhile(WrongUsage):
    """Somebody, or a night, changed a case after it was looked at; nothing was changed.

    `changes` are the entries of the history since then, oldest first, for the cases concerned.
    """

    def __init__(self, message: str, *, changes: Sequence[Mapping[str, object]]) -> None:
        super().__init__(message)
        self.changes = tuple(changes)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What somebody asks to be done with a case, or with many.

    `team` and `worker` are for assigning; `reason` a code of `Resolution` or `Acceptance`;
    `expires_on` the last day on which a difference is accepted. `answer` and `answer_date` are a
    provider's, `provider_id` its own. A `ruling` speaks of the case's own person, or of the person
    (`local_authority`, `person_id`) that is named. `reverses` is the number of the action to take
    back.
    """

    action: Action
    team: str | None = None
    worker: str | None = None
    reason: str | None = None
    note: str | None = None
    expires_on: date | None = None
    answer: Answer | None = None
    answer_date: date | None = None
    provider_id: str | None = None
    ruling: Ruling | None = None
    local_authority: str | None = None
    person_id: str | None = None
    reverses: int | None = None


def incomplete(step: Step, *, today: date) -> str:
    """Say in a sentence what a step lacks or what is wrong with it, whatever the case; or ""."""
    note = (step.note or "").strip()
    if len(note) > NOTE_AT_MOST:
        return f"The note is too long. Write at most {NOTE_AT_MOST:,} characters."
    if not _can_be_kept(note):
        return "The note holds a character that cannot be kept. Write it without that."
    named = (step.team, step.worker, step.local_authority, step.person_id)
    if not all(map(is_name, filter(None, named))):
        return _BAD_NAME
    check = _CHECKS.get(step.action)
    return check(step, today) if check else ""


def unnamed(who: str, request: str | None) -> str:
    """Say in a sentence what is wrong with the names of whoever acts and of the request; or ""."""
    if not who.strip():
        return "Say who acts."
    if request is not None and not request.strip():
        return "Give the request a name, or none at all."
    return "" if is_name(who) and is_name(request or "") else _BAD_NAME


def unfit(step: Step, *, kind: DiscrepancyType, state: CaseState, provider_id: str | None) -> str:
    """Say in a sentence why a step cannot be taken with a case as it stands; or ""."""
    if state not in FROM[step.action]:
        return f"A case that is {state.display.lower()} cannot be given “{step.action.display}”."
    if step.action is Action.RESOLVE and step.reason in Ruling.codes():
        return "Decide who is meant, so that the rules heed it, instead of resolving the case."
    if step.action is Action.RESOLVE and kind not in FITS[Resolution(str(step.reason))]:
        fitting = ", ".join(reason.value for reason in reasons_for(kind))
        return f"The reason {step.reason} does not fit {kind.value}. Those that do are: {fitting}."
    if step.ruling is not None and kind not in FITS[Resolution(step.ruling.value)]:
        return f"“{step.ruling.display}” cannot be decided of {kind.value}."
    if step.action is Action.ANSWER and step.provider_id != provider_id:
        return "There is no such case of this provider."
    return ""


def rests_with(reason: str) -> RestsWith:
    """Return whose data shows whether a resolution has worked."""
    return RestsWith.PROVIDER if reason in ON_PROVIDER else RestsWith.COUNCIL


def reasons_for(kind: DiscrepancyType) -> list[Resolution]:
    """Return the reasons for which a case of a type can be resolved, rulings aside."""
    return [
        reason
        for reason in Resolution
        if kind in FITS[reason] and reason.value not in Ruling.codes()
    ]


def fitting(
    *, kind: DiscrepancyType, state: CaseState, provider_id: str | None, entries_known: bool
) -> list[Action]:
    """Return the actions that fit a case by its state and type, in their order.

    `entries_known` is whether decisions can know its entries. Whether there is something to reverse
    or to undo, what was done with the case must tell.
    """
    decides = kind is DiscrepancyType.DUPLICATE_CPLI or entries_known
    unfit_here = {
        Action.ASK_PROVIDER: provider_id is None,
        Action.ANSWER: provider_id is None,
        Action.RULE: not (decides and rulings_for(kind)),
    }
    return [
        action for action in Action if state in FROM[action] and not unfit_here.get(action, False)
    ]


def rulings_for(kind: DiscrepancyType) -> list[Ruling]:
    """Return the rulings that can be made of a case of a type."""
    return [ruling for ruling in Ruling if kind in FITS[Resolution(ruling.value)]]


_BAD_NAME = (
    f"A name has at most {NAME_AT_MOST} characters, on one line, and none that cannot be seen."
    " Write it so."
)


def is_name(text: str) -> bool:
    """Say whether text can be a name: short, on one line, with nothing that cannot be seen."""
    return len(text) <= NAME_AT_MOST and text.isprintable()


def _can_be_kept(text: str) -> bool:
    """Say whether text can be kept by any database: no NUL, and nothing but whole characters."""
    return "\0" not in text and text.encode(errors="replace").decode() == text


def _bad_assignment(step: Step, _today: date) -> str:
    named = (step.team or "").strip() or (step.worker or "").strip()
    return "" if named else "Say to which team or which worker the case is assigned."


def _bad_note(step: Step, _today: date) -> str:
    return "" if (step.note or "").strip() else "Write the note."


def _bad_resolution(step: Step, _today: date) -> str:
    return _without_reason(step, Resolution.codes(), "resolved")


def _bad_acceptance(step: Step, today: date) -> str:
    return _without_reason(step, Acceptance.codes(), "accepted") or _bad_expiry(
        step.expires_on, today=today
    )


def _bad_ruling(step: Step, _today: date) -> str:
    if step.ruling is None:
        return "Say what is decided."
    return "" if (step.note or "").strip() else "Say why it is decided so."


def _bad_reversal(step: Step, _today: date) -> str:
    if step.reverses is None:
        return "Say which decision is taken back."
    return "" if (step.note or "").strip() else "Say why the decision is taken back."


def _without_reason(step: Step, codes: Sequence[str], done: str) -> str:
    if step.reason not in codes:
        given = ", ".join(code for code in codes if code not in Ruling.codes())
        return f"Say why the case is {done}. The reasons are: {given}."
    if step.reason == Resolution.OTHER.value and not (step.note or "").strip():
        return "Say in the note what the other reason is."
    return ""


def _bad_expiry(expires_on: date | None, *, today: date) -> str:
    if expires_on is None or not today < expires_on <= today + timedelta(ACCEPTED_AT_MOST_DAYS):
        return (
            "Say until which day the difference is accepted: a day after today, at most"
            f" {ACCEPTED_AT_MOST_DAYS} days from now."
        )
    return ""


def _bad_answer(step: Step, today: date) -> str:
    if step.answer is None or step.provider_id is None:
        return "Say what the provider answers, and which provider."
    dated = step.answer in {Answer.STILL_SUPPORTED, Answer.ENDED}
    if dated and step.answer_date is None:
        return f"Say the day that goes with “{step.answer.display}”."
    if step.answer is Answer.OTHER and not (step.note or "").strip():
        return "Say in the note what the provider answers."
    if step.answer_date and step.answer is Answer.STILL_SUPPORTED and step.answer_date > today:
        return "Support that goes on cannot have begun after today."
    return ""


_CHECKS: Mapping[Action, Callable[[Step, date], str]] = MappingProxyType(
    {
        Action.ASSIGN: _bad_assignment,
        Action.NOTE: _bad_note,
        Action.RESOLVE: _bad_resolution,
        Action.ACCEPT: _bad_acceptance,
        Action.ANSWER: _bad_answer,
        Action.RULE: _bad_ruling,
        Action.REVERSE: _bad_reversal,
    }
)
