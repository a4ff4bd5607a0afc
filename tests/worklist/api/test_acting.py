"""What programs do with cases: once, upon what they have looked at, and put on record as theirs."""

import pytest
from made_cases import LEICESTER, LEICESTERSHIRE
from worklist_record import state_of

from casebook.actions import Action
from casebook.desk import Desk, Step
from schemas.accounts import Seen
from schemas.vocabularies import DiscrepancyType


def path(case, step: str) -> str:
    return f"/cases/{case['discrepancy_id']}/{step}"


def case_of(cases, kind: DiscrepancyType):
    """Return a case of Leicester of a type."""
    return next(case for case in cases(LEICESTER) if case["type"] == kind.value)


@pytest.mark.parametrize(
    ("step", "body", "state"),
    [
        ("note", {"note": "They will ring on Monday."}, "open"),
        ("assign", {"team": "North", "worker": "Jo Fields"}, "in_progress"),
        ("assign", {"team": "North"}, "in_progress"),
        ("ask-provider", {}, "awaiting_provider"),
        ("ask-council", {"note": None}, "awaiting_council"),
        ("answer", {"answer": "ended", "answer_date": "2026-11-01"}, "awaiting_council"),
        ("resolve", {"reason": "other", "note": "Both agree now."}, "resolved"),
        ("accept", {"reason": "agreed_difference", "expires_on": "2027-03-27"}, "accepted"),
    ],
)
def test_a_step_leads_where_it_should_and_is_on_record(
    step, body, state, ours, case, casebook
) -> None:
    told = ours.posts(path(case, step), version=case["version"], **body)
    assert (told["discrepancy_id"], told["state"]) == (case["discrepancy_id"], state)
    assert state_of(casebook, case["discrepancy_id"]) == state
    whole = ours.asks(f"/cases/{case['discrepancy_id']}").json
    assert whole["case"] == told
    done = whole["actions"][-1]
    assert (done["who"], done["action"]) == (ours.user.email, step.replace("-", "_"))
    assert {name: done[name] for name in body} == body
    noted = [each.entry.what for each in casebook.audit().history_of_user(ours.user.number)]
    assert noted == [Seen.CHANGE, Seen.CASE]


def test_steps_follow_each_other_by_the_version_that_each_returns(ours, case) -> None:
    now = ours.posts(path(case, "assign"), version=case["version"], worker="Jo Fields")
    assert now["worker"] == "Jo Fields"
    now = ours.posts(path(case, "release"), version=now["version"])
    assert (now["state"], now["worker"]) == ("open", None)
    now = ours.posts(path(case, "resolve"), version=now["version"], reason="other", note="x")
    now = ours.posts(path(case, "reopen"), version=now["version"])
    now = ours.posts(path(case, "undo"), version=now["version"])
    assert now["state"] == "resolved"
    ours.posts(path(case, "undo"), 422, version=now["version"])


def test_a_decision_is_made_and_taken_back_by_its_number(ours, cases) -> None:
    case = case_of(cases, DiscrepancyType.DUPLICATE_CPLI)
    told = ours.posts(
        path(case, "rule"), version=case["version"], ruling="not_a_duplicate", note="Two visits."
    )
    assert told["state"] == "resolved"
    number = ours.asks(f"/cases/{case['discrepancy_id']}").json["actions"][-1]["number"]
    again = ours.posts(
        path(case, "reverse"), version=told["version"], reverses=number, note="A slip."
    )
    assert again["state"] == "open"


def test_whoever_looked_before_somebody_else_acted_is_told_what_happened(
    ours, case, casebook
) -> None:
    Desk(casebook).act(
        Step(action=Action.ASSIGN, team="North", note="Her mother rang."),
        {case["discrepancy_id"]: None},
        who="ann@leicester.example",
    )
    told = ours.posts(path(case, "resolve"), 409, version=case["version"], reason="other", note="x")
    assert told["type"] == "urn:cpli:problem:changed"
    assert told["state"] == "in_progress"
    assert told["version"] > case["version"]
    assert {(each["who"], each["what"], each["state"]) for each in told["changes"]} == {
        ("ann@leicester.example", "acted", "in_progress"),
        ("ann@leicester.example", "assigned", None),
    }
    assert {each["at"] for each in told["changes"]} == {"2026-11-24T09:30:00Z"}
    assert "mother" not in str(told)
    assert state_of(casebook, case["discrepancy_id"]) == "in_progress"
    settled = ours.posts(
        path(case, "resolve"), version=told["version"], reason="other", note="Now then."
    )
    assert settled["state"] == "resolved"


def test_a_request_with_a_name_is_carried_out_once(ours, program, case) -> None:
    body = {"version": case["version"], "note": "Rang."}
    first = ours.posts(path(case, "note"), key="a-1", **body)
    assert ours.posts(path(case, "note"), key="a-1", **body) == first
    refused = ours.posts(path(case, "note"), 422, key="a-1", version=first["version"], note="Else.")
    assert refused["type"] == "urn:cpli:problem:not-allowed"
    ours.posts(path(case, "note"), 409, key="a-2", **body)
    other = program()
    assert other.posts(path(case, "note"), key="a-1", version=first["version"], note="Rang.")
    actions = ours.asks(f"/cases/{case['discrepancy_id']}").json["actions"]
    assert [each["who"] for each in actions] == [ours.user.email, other.user.email]


@pytest.mark.parametrize(
    ("step", "body", "where"),
    [
        ("note", {}, "note"),
        ("note", {"note": ""}, "note"),
        ("note", {"note": "x" * 4001}, "note"),
        ("note", {"note": "x", "version": "1"}, "version"),
        ("note", {"note": "x", "version": 2**53}, "version"),
        ("note", {"note": "x", "version": True}, "version"),
        ("resolve", {}, "reason"),
        ("resolve", {"reason": "agreed_difference"}, "reason"),
        ("accept", {"reason": "other", "expires_on": 20270101}, "expires_on"),
        ("accept", {"reason": "other", "expires_on": "2027-02-30"}, "expires_on"),
        ("answer", {"answer": "ended", "answer_date": "2026-11-01T00:00:00Z"}, "answer_date"),
        ("assign", {"worker": "Jo\nFields"}, "worker"),
        ("note", {"note": "x", "smith": "9991234567"}, ""),
    ],
)
def test_a_body_that_does_not_fit_changes_nothing_and_is_not_repeated(
    step, body, where, ours, case, casebook
) -> None:
    told = ours.posts(path(case, step), 422, **{"version": case["version"], **body})
    assert [each["where"] for each in told["errors"]] == [where]
    assert not any(str(value) in str(told["errors"]) for value in body.values() if value)
    assert "smith" not in str(told)
    assert casebook.audit().history_of_user(ours.user.number) == []


@pytest.mark.parametrize(
    ("step", "body", "said"),
    [
        ("assign", {}, "to which team or which worker"),
        ("resolve", {"reason": "other"}, "what the other reason is"),
        ("resolve", {"reason": "same_person"}, "Decide who is meant"),
        ("accept", {"reason": "agreed_difference", "expires_on": "2026-11-24"}, "after today"),
        ("answer", {"answer": "ended"}, "the day that goes with"),
        ("reopen", {}, "cannot be given"),
        ("undo", {}, "cannot be undone"),
        ("release", {}, "cannot be given"),
        ("reverse", {"reverses": 1, "note": "x"}, "no such decision"),
        ("note", {"note": " "}, "Write the note"),
        ("note", {"note": "x\0"}, "cannot be kept"),
    ],
)
def test_a_step_that_does_not_fit_the_case_is_refused_in_a_sentence(
    step, body, said, ours, case
) -> None:
    told = ours.posts(path(case, step), 422, version=case["version"], **body)
    assert told["type"] == "urn:cpli:problem:not-allowed"
    assert said in told["detail"]
    assert case["discrepancy_id"] not in told["detail"]


def test_no_decision_speaks_of_a_person_of_a_council_that_the_token_cannot_see(ours, cases) -> None:
    case = case_of(cases, DiscrepancyType.POSSIBLE_MATCH)
    body = {"version": case["version"], "ruling": "same_person", "note": "x", "person_id": "N1"}
    told = ours.posts(path(case, "rule"), 422, local_authority=LEICESTERSHIRE, **body)
    assert "no such council" in told["detail"]


@pytest.mark.parametrize("key", ["", "x" * 101, "a b", "é"])
def test_the_name_of_a_request_is_plain(key: str, ours, case) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    told = ours._sends(
        "POST",
        path(case, "note"),
        422,
        headers=headers,
        json={"version": case["version"], "note": "x"},
    )
    assert [each["where"] for each in told.json["errors"]] == ["Idempotency-Key"]
