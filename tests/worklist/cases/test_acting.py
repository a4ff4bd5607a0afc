"""What people do with cases on their pages: each step once, by whoever may, with nothing lost."""

from datetime import UTC, datetime

import pytest
from signed import client_of
from worklist_record import open_cases, state_of

from casebook.store import Casebook
from casebook.worklist import Worklist
from schemas.accounts import Role
from schemas.vocabularies import DiscrepancyType

LEICESTER, LEICESTERSHIRE = "E06000016", "E10000018"
DATE = ["27", "3", "2027"]


@pytest.fixture
def case(casebook: Casebook) -> str:
    """Return an open case of Leicestershire."""
    found = open_cases(casebook, council=LEICESTERSHIRE, kind=DiscrepancyType.SUPPORT_NOT_REPORTED)
    return str(found[0]["discrepancy_id"])


def actions_of(casebook: Casebook, case: str) -> list[tuple[str, str]]:
    file = Worklist(casebook).case(case, councils=None)
    assert file is not None
    return [(each["action"], each["who"]) for each in file.actions]


@pytest.mark.parametrize(
    ("action", "fields", "state"),
    [
        ("assign", {"whom": "me"}, "in_progress"),
        ("ask_provider", {"note": "When did it end?"}, "awaiting_provider"),
        ("ask_council", {}, "awaiting_council"),
        ("resolve", {"reason": "cpli_ended"}, "resolved"),
        ("resolve", {"reason": "other", "note": "It was agreed"}, "resolved"),
        ("accept", {"reason": "agreed_difference", "expires_on": DATE}, "accepted"),
        ("answer", {"answer": "ended", "answer_date": ["1", "11", "2026"]}, "awaiting_council"),
        ("note", {"note": "Rang, nobody there"}, "open"),
    ],
)
def test_a_step_is_taken_once_and_told(action, fields, state, casebook, worker, case):
    page = worker.sees(f"/cases/{case}/{action}")
    form = page.form(**fields)
    worker.sends_fields(f"/cases/{case}/{action}", form)
    worker.sends_fields(f"/cases/{case}/{action}", form)
    assert state_of(casebook, case) == state
    assert actions_of(casebook, case) == [(action, "ann@leics.example")]
    told = worker.sees(f"/cases/{case}").text
    assert worker.user.name in told
    assert str(fields.get("note", "")) in told


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("resolve", {}, "Say why the case is resolved"),
        ("resolve", {"reason": "other", "note": "  "}, "Say in the note"),
        ("resolve", {"reason": "caseload_sent", "note": "kept"}, "does not fit"),
        ("accept", {"reason": "agreed_difference", "note": "kept"}, "Say until which day"),
        ("accept", {"reason": "other", "expires_on": ["31", "2", "2027"]}, "Write the date"),
        (
            "accept",
            {"reason": "agreed_difference", "expires_on": ["1", "1", "2020"]},
            "until which",
        ),
        ("answer", {"answer": "ended", "note": "kept"}, "Say the day"),
        ("assign", {"whom": "somebody"}, "to which team or which worker"),
        ("note", {"note": ""}, "Write the note"),
        ("note", {"note": "x" * 4001}, "too long"),
    ],
)
def test_what_is_not_complete_is_said_and_what_was_typed_stays(
    action, fields, said, casebook, worker, case
):
    page = worker.sees(f"/cases/{case}/{action}")
    back = worker.sends(f"/cases/{case}/{action}", page, status=400, **fields)
    assert any(said in error for error in back.errors), back.errors
    assert back.title.startswith("Error: ")
    if fields.get("note") == "kept":
        assert back.form()["note"] == ["kept"]
    for error in back.soup.select(".govuk-error-summary__list a"):
        assert back.soup.find(id=error["href"].removeprefix("#")), error["href"]
    assert actions_of(casebook, case) == []


def test_of_two_who_settle_a_case_one_does_and_the_other_sees_it_and_keeps_the_text(
    casebook, worker, colleague, case
):
    first, second = (each.sees(f"/cases/{case}") for each in (worker, colleague))
    worker.sends(f"/cases/{case}/resolve", first, reason="cpli_ended", note="Ended by us")
    back = colleague.sends(
        f"/cases/{case}/resolve",
        second,
        status=409,
        reason="provider_corrected",
        note="A long text that nobody wants to type again",
    )
    assert f"{worker.user.name} changed it: it is resolved now" in back.text
    assert back.form()["note"] == ["A long text that nobody wants to type again"]
    assert back.form()["reason"] == ["provider_corrected"]
    assert actions_of(casebook, case) == [("resolve", "ann@leics.example")]
    again = colleague.sends(f"/cases/{case}/resolve", back, status=400)
    assert "A case that is resolved cannot be given" in again.text


def test_whoever_decides_on_the_case_as_it_is_now_can_go_on(casebook, worker, colleague, case):
    stale = worker.sees(f"/cases/{case}/note")
    colleague.sends(f"/cases/{case}/assign", colleague.sees(f"/cases/{case}/assign"), whom="me")
    back = worker.sends(f"/cases/{case}/note", stale, status=409, note="Seen by both")
    worker.sends(f"/cases/{case}/note", back)
    assert [each for each, _ in actions_of(casebook, case)] == ["assign", "note"]


def test_the_last_step_is_undone_by_one_click_and_by_its_own_hand_alone(
    casebook, worker, colleague, case
):
    worker.sends(f"/cases/{case}/resolve", worker.sees(f"/cases/{case}"), reason="cpli_ended")
    assert "Undo the last step" not in colleague.sees(f"/cases/{case}").text
    page = worker.sees(f"/cases/{case}")
    button = page.soup.find("button", string="Undo the last step").find_parent("form")
    worker.sends_fields(
        button["action"], {each["name"]: each["value"] for each in button.find_all("input")}
    )
    assert state_of(casebook, case) == "open"
    page = worker.sees(f"/cases/{case}")
    assert page.soup.find("button", string="Undo the last step") is None
    assert "Took the last step back" in page.text


def test_a_decision_on_who_is_meant_can_be_taken_back(casebook, worker):
    found = open_cases(casebook, council=LEICESTERSHIRE, kind=DiscrepancyType.POSSIBLE_MATCH)
    case = found[0]["discrepancy_id"]
    page = worker.sees(f"/cases/{case}")
    worker.sends(f"/cases/{case}/resolve", page, status=400, reason="same_person")
    worker.sends(f"/cases/{case}/resolve", page, reason="same_person", note="Birth date mistyped")
    assert state_of(casebook, case) == "resolved"
    page = worker.sees(f"/cases/{case}/reverse")
    worker.sends(f"/cases/{case}/reverse", page, note="They are sisters")
    assert [each for each, _ in actions_of(casebook, case)] == ["rule", "reverse"]
    assert state_of(casebook, case) == "open"


def test_several_cases_change_after_a_look_at_what_will(casebook, worker):
    cases = open_cases(casebook, council=LEICESTERSHIRE)[:4]
    listed = worker.sees("/cases")
    token = listed.form()["csrf_token"]
    chosen = [f"{case['discrepancy_id']}:{case['version']}" for case in cases]
    asked = worker.sends_fields("/cases/bulk", {"csrf_token": token, "case": chosen}, status=200)
    fields = asked.form(action="assign", whom="me")
    check = worker.sends_fields("/cases/bulk", fields, status=200)
    assert "4 of 4 cases will change" in check.text
    assert {state_of(casebook, case["discrepancy_id"]) for case in cases} == {"open"}
    worker.sends_fields("/cases/bulk", check.form())
    worker.sends_fields("/cases/bulk", check.form())
    for case in cases:
        assert actions_of(casebook, case["discrepancy_id"]) == [("assign", "ann@leics.example")]


def test_of_several_cases_those_that_a_step_does_not_fit_are_left_and_counted(casebook, worker):
    kinds = (DiscrepancyType.SUPPORT_NOT_REPORTED, DiscrepancyType.CPLI_NOT_FOUND)
    cases = [open_cases(casebook, council=LEICESTERSHIRE, kind=kind)[0] for kind in kinds]
    token = worker.sees("/cases").form()["csrf_token"]
    chosen = [f"{case['discrepancy_id']}:{case['version']}" for case in cases]
    asked = worker.sends_fields("/cases/bulk", {"csrf_token": token, "case": chosen}, status=200)
    fields = asked.form(action="resolve", resolution="cpli_ended")
    check = worker.sends_fields("/cases/bulk", fields, status=200)
    assert "1 of 2 cases will change" in check.text
    assert "The reason cpli_ended does not fit" in check.text
    worker.sends_fields("/cases/bulk", check.form())
    states = [state_of(casebook, case["discrepancy_id"]) for case in cases]
    assert states == ["resolved", "open"]


def test_of_several_cases_none_changes_where_one_has_changed_meanwhile(casebook, worker, colleague):
    cases = open_cases(casebook, council=LEICESTERSHIRE)[:2]
    token = worker.sees("/cases").form()["csrf_token"]
    chosen = [f"{case['discrepancy_id']}:{case['version']}" for case in cases]
    asked = worker.sends_fields("/cases/bulk", {"csrf_token": token, "case": chosen}, status=200)
    check = worker.sends_fields(
        "/cases/bulk", asked.form(action="note", note="For all of them"), status=200
    )
    first = cases[0]["discrepancy_id"]
    colleague.sends(f"/cases/{first}/note", colleague.sees(f"/cases/{first}/note"), note="First")
    back = worker.sends_fields("/cases/bulk", check.form(), status=409)
    assert "1 of these cases changed after you looked at them" in back.text
    assert back.form()["note"] == ["For all of them"]
    assert actions_of(casebook, cases[1]["discrepancy_id"]) == []
    check = worker.sends_fields("/cases/bulk", back.form(), status=200)
    worker.sends_fields("/cases/bulk", check.form())
    assert actions_of(casebook, cases[1]["discrepancy_id"]) == [("note", "ann@leics.example")]


def test_another_councils_cases_cannot_be_changed_by_any_form(casebook, worker):
    theirs = open_cases(casebook, council=LEICESTER)[0]
    token = worker.sees("/cases").form()["csrf_token"]
    case = theirs["discrepancy_id"]
    for action in ("assign", "resolve", "note", "undo"):
        fields = {"csrf_token": token, "note": "x", "whom": "me", "version": theirs["version"]}
        worker.sends_fields(f"/cases/{case}/{action}", fields, status=404)
    chosen = {"csrf_token": token, "case": [f"{case}:{theirs['version']}"]}
    worker.sends_fields("/cases/bulk", chosen)
    assert actions_of(casebook, case) == []


def test_a_note_is_shown_as_it_was_typed_and_never_as_a_script(worker, case):
    page = worker.sees(f"/cases/{case}/note")
    worker.sends(f"/cases/{case}/note", page, note="<script>alert(1)</script>\n{{ 7*7 }}")
    shown = worker.sees(f"/cases/{case}")
    assert "<script>alert" not in shown.html
    assert "<script>alert(1)</script>" in shown.text
    assert "{{ 7*7 }}" in shown.text


def test_an_undo_is_of_the_same_day(worker, case, clock, app):
    page = worker.sees(f"/cases/{case}/accept")
    worker.sends(f"/cases/{case}/accept", page, reason="agreed_difference", expires_on=DATE)
    page = worker.sees(f"/cases/{case}")
    assert "Accepted until" in page.text
    assert page.soup.find("button", string="Undo the last step")
    clock.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    worker.browser = client_of(app, worker.user)
    page = worker.sees(f"/cases/{case}")
    assert page.soup.find("button", string="Undo the last step") is None


def test_a_step_without_the_forms_own_token_changes_nothing(casebook, worker, case):
    for token in ({}, {"csrf_token": "forged"}):
        worker.sends_fields(f"/cases/{case}/assign", {"whom": "me", **token}, status=400)
    assert actions_of(casebook, case) == []


def test_a_case_can_be_given_to_a_colleague_and_to_a_team(casebook, worker, colleague, case):
    page = worker.sees(f"/cases/{case}/assign")
    worker.sends(f"/cases/{case}/assign", page, whom="somebody", worker=colleague.user.name)
    assert colleague.user.name in worker.sees(f"/cases/{case}").text
    page = worker.sees(f"/cases/{case}/assign")
    team = page.soup.find("select", id="team").find_all("option")[1]["value"]
    worker.sends(f"/cases/{case}/assign", page, whom="team", team=team)
    assert f"To {team}" in worker.sees(f"/cases/{case}").text


def test_a_manager_of_the_region_changes_nothing_either(casebook, signs_in, case):
    somebody = signs_in(Role.MANAGER)
    token = somebody.sees("/cases").soup.find("input", attrs={"name": "csrf_token"})["value"]
    fields = {"csrf_token": token, "whom": "me"}
    somebody.sends_fields(f"/cases/{case}/assign", fields, status=403)
    assert actions_of(casebook, case) == []


def test_nobody_decides_on_another_councils_person(casebook, worker):
    """A form that was tampered with names a person whom the worker may not see."""
    kind = DiscrepancyType.CPLI_NOT_FOUND
    case = open_cases(casebook, council=LEICESTERSHIRE, kind=kind)[0]["discrepancy_id"]
    with casebook.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE discrepancy_case SET person_id = NULL WHERE discrepancy_id = ?", (case,)
        )
    theirs = next(each for each in open_cases(casebook, council=LEICESTER) if each["person_id"])
    page = worker.sees(f"/cases/{case}")
    worker.sends(
        f"/cases/{case}/resolve",
        page,
        status=303,
        reason="same_person",
        note="It is she",
        local_authority=LEICESTER,
        person_id=theirs["person_id"],
    )
    file = Worklist(casebook).case(case, councils=None)
    assert file.actions[-1]["local_authority"] == LEICESTERSHIRE
