"""What programs can ask for, and that each sees the cases of its own council alone."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from made_cases import LEICESTER, LEICESTERSHIRE
from signed import BY, account, client_of

from casebook.actions import Action
from casebook.store import Casebook
from casebook.worklist import Record
from schemas.accounts import Role, Seen

BY_ID = "/cases/{discrepancy_id}"
STEPS = [f"{BY_ID}/{action.value.replace('_', '-')}" for action in Action]

BODIES = {
    "note": {"note": "x"},
    "resolve": {"reason": "other"},
    "accept": {"reason": "other", "expires_on": "2027-01-01"},
    "answer": {"answer": "not_ours"},
    "rule": {"ruling": "same_person", "note": "x"},
    "reverse": {"reverses": 1, "note": "x"},
}
"""What each step needs besides the version."""


def test_a_program_lists_the_cases_of_its_council_page_by_page(ours, cases) -> None:
    expected = [each["discrepancy_id"] for each in cases(LEICESTER)]
    seen, query = list[str](), "?limit=6"
    while True:
        page = ours.asks(f"/cases{query}").json
        seen += [each["discrepancy_id"] for each in page["cases"]]
        if page["next"] is None:
            break
        query = f"?limit=6&cursor={page['next']}"
    assert seen == expected
    assert len(seen) == 20
    back = ours.asks(f"/cases?limit=6&cursor={page['previous']}").json
    assert [each["discrepancy_id"] for each in back["cases"]] == expected[12:18]


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("type={type}", lambda case, like: case["type"] == like["type"]),
        ("provider=P1003&provider=P1000", lambda c, _: c["provider_id"] in {"P1003", "P1000"}),
        ("severity=high", lambda *_: True),
        ("severity=low", lambda *_: False),
        ("state=open&state=in_progress", lambda *_: True),
        ("service=HS", lambda *_: True),
        ("council=E06000016", lambda *_: True),
        ("team=North", lambda *_: False),
        ("unassigned=true", lambda *_: True),
        ("settled=true", lambda *_: False),
        ("age_from_days=1", lambda *_: True),
        ("age_from_days=2", lambda *_: False),
        ("standing=breached", lambda *_: False),
        ("due=this_week", lambda *_: True),
        ("due=overdue", lambda *_: False),
        ("not_assessed=true", lambda *_: False),
        ("changed_since=2026-11-23T04:59:59Z", lambda *_: True),
        ("changed_since=2026-11-23T06:00:00%2B01:00", lambda *_: False),
        ("changed_since=2026-11-23T05:59:59%2B01:00", lambda *_: True),
    ],
)
def test_a_list_is_narrowed_by_what_the_address_says(query, fits, ours, cases) -> None:
    all_of_ours = cases(LEICESTER)
    like = all_of_ours[0]
    found = ours.asks(f"/cases?limit=200&{query.format(**like)}").json["cases"]
    assert {each["discrepancy_id"] for each in found} == {
        each["discrepancy_id"] for each in all_of_ours if fits(each, like)
    }


def test_one_case_comes_with_its_lines_its_history_and_what_can_be_done(ours, case) -> None:
    whole = ours.asks(BY_ID.format(**case)).json
    assert whole["case"]["discrepancy_id"] == case["discrepancy_id"]
    assert whole["case"]["version"] == case["version"]
    assert whole["case"]["cpli_ids"] == case["cpli_ids"].split(";")
    assert {"assign", "resolve", "note"} <= set(whole["can"])
    assert "undo" not in whole["can"]
    assert [line["side"] for line in whole["lines"]] == ["council", "provider"]
    assert whole["lines"][0]["family_name"] == "Example"
    assert [entry["what"] for entry in whole["history"]] == ["turn", "said"]
    assert whole["statements"][0]["council_value"] == "2026-04-01 to open, 14 hours"


def test_a_program_searches_in_a_body_so_that_no_address_names_anybody(ours, case) -> None:
    for text in (case["person_id"], case["discrepancy_id"], case["cpli_ids"].split(";")[0]):
        found = ours.posts("/search", text=text)["cases"]
        assert [each["discrepancy_id"] for each in found] == [case["discrepancy_id"]]
    assert ours.posts("/search", text="nobody") == {"cases": []}


def test_another_councils_case_is_not_found_as_one_that_does_not_exist(ours, cases) -> None:
    theirs = cases(LEICESTERSHIRE)[0]
    missing = ours.asks("/cases/0123456789abcdef", 404)
    assert ours.asks(BY_ID.format(**theirs), 404).data == missing.data
    for path in STEPS:
        body = {"version": theirs["version"], **BODIES.get(path.rpartition("/")[2], {})}
        assert ours.posts(path.format(**theirs), 404, **body) == missing.json, path
    assert ours.posts("/search", text=theirs["person_id"]) == {"cases": []}
    assert ours.asks("/cases?council=E10000018", 404).json == missing.json
    assert ours.asks("/cases?council=none", 404).json == missing.json


def test_an_account_of_all_councils_sees_the_cases_of_all(program, cases) -> None:
    region = program(council=None)
    assert len(region.asks("/cases?limit=200").json["cases"]) == 60
    assert region.asks(BY_ID.format(**cases(LEICESTERSHIRE)[0])).json


def test_a_token_that_opens_nothing_any_more_is_told_so(ours, casebook, clock) -> None:
    other = type(ours)(
        user=ours.user,
        token=casebook.tokens().issue(ours.user.number, name="Other", days=60, by=BY)[1],
        number=0,
        client=ours.client,
    )
    ours.asks("/cases")
    casebook.tokens().revoke(ours.number, by=BY)
    refused = ours.asks("/cases", 401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    clock.goes_on(days=59)
    other.asks("/cases")
    casebook.accounts().disable(ours.user.number, by=BY)
    other.asks("/cases", 401)
    casebook.accounts().enable(ours.user.number, by=BY)
    other.asks("/cases")
    clock.goes_on(days=1)
    assert other.asks("/cases", 401).data == refused.data


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer cpli_x", "Basic Zm9vOmJhcg=="]
)
def test_without_a_token_there_is_nothing_not_even_for_a_browser_that_is_signed_in(
    header: str | None, app: Flask, casebook: Casebook, case: Record
) -> None:
    browser = client_of(app, account(casebook, Role.TEAM_LEAD))
    headers = {} if header is None else {"Authorization": header}
    for path in ("/cases", BY_ID.format(**case)):
        assert browser.get(f"/api/v1{path}", headers=headers).status_code == 401
    for path in ("/search", *STEPS):
        response = browser.post(f"/api/v1{path.format(**case)}", headers=headers, json={})
        assert response.status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_by_a_token_what_it_may_do_by_hand(role, program, case) -> None:
    about = {"council": None} if role in {Role.PROVIDER_USER, Role.ADMINISTRATOR} else {}
    if role is Role.PROVIDER_USER:
        about["provider_id"] = "P1000"
    theirs = program(role, **about)
    looks = role in {Role.COMMISSIONING_WORKER, Role.TEAM_LEAD, Role.MANAGER}
    acts = looks and role is not Role.MANAGER
    theirs.asks("/cases", 200 if looks else 403)
    theirs.posts("/search", 200 if looks else 403, text="x")
    if looks:
        can = theirs.asks(BY_ID.format(**case)).json["can"]
        assert bool(can) == acts
    else:
        theirs.asks(BY_ID.format(**case), 403)
    for path in STEPS:
        theirs.posts(path.format(**case), 422 if acts else 403)


def test_whoever_is_looked_at_is_on_record_before_the_answer_leaves(
    ours, casebook: Casebook, cases: Callable[[str], list[Record]]
) -> None:
    first, second = cases(LEICESTER)[:2]
    ours.asks("/cases?limit=2")
    ours.asks(BY_ID.format(**first))
    ours.posts("/search", text=second["person_id"])
    ours.posts("/search", text="nobody")
    noted = [each.entry for each in casebook.audit().history_of_user(ours.user.number)]
    assert [(each.what, each.discrepancy_id) for each in noted] == [
        (Seen.LIST, first["discrepancy_id"]),
        (Seen.LIST, second["discrepancy_id"]),
        (Seen.CASE, first["discrepancy_id"]),
        (Seen.SEARCH, second["discrepancy_id"]),
        (Seen.SEARCH, None),
    ]
    assert {(each.by.who, each.by.place) for each in noted} == {(ours.user.email, "127.0.0.1")}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=five", "limit"),
        ("limit=1_0", "limit"),
        ("age_from_days=99999999999999999999999", "age_from_days"),
        ("type=unheard-of", "type"),
        ("settled=1", "settled"),
        ("changed_since=2026-11-23T05:00:00", "changed_since"),
        ("changed_since=0", "changed_since"),
        ("changed_since=0001-01-01T00:00:00%2B14:00", "changed_since"),
        ("team=%00", "team"),
        ("person=999%20123%204567", ""),
    ],
)
def test_what_an_address_says_wrong_is_told_without_repeating_it(query, where, ours) -> None:
    told = ours.asks(f"/cases?{query}", 422).json
    assert [fault["where"] for fault in told["errors"]] == [where]
    assert (told["type"], told["status"]) == ("urn:cpli:problem:invalid", 422)
    assert "999" not in json.dumps(told["errors"])
    assert "person" not in json.dumps(told)


@pytest.mark.parametrize("cursor", ["x", "WyJkdWUiLGZhbHNlLGZhbHNlXQ", "W1tb"])
def test_a_page_of_another_list_is_not_found(cursor: str, ours) -> None:
    ours.asks(f"/cases?cursor={cursor}", 404)


def test_what_is_no_json_is_told_so(ours) -> None:
    headers = {"Authorization": f"Bearer {ours.token}"}

    def sent(data: str, kind: str = "application/json") -> int:
        path = "/api/v1/search"
        return ours.client.post(path, data=data, content_type=kind, headers=headers).status_code

    assert sent('{"text": "x"}') == 200
    assert sent('{"text": ') == 400
    assert sent("[" * 100_000) == 400
    assert sent('{"text": "\\ud800"}') == 422
    assert sent('[{"text": "x"}]') == sent("[]") == sent("null") == sent("0") == 422
    assert sent("text=x", "application/x-www-form-urlencoded") == 415
    assert sent('{"text": "x"}', "text/plain") == 415
    assert sent(json.dumps({"text": "x" * 600_000})) == 413


def test_whoever_asks_too_often_waits_and_nobody_else_does(program, monkeypatch) -> None:
    monkeypatch.setattr("worklist.api.pages.RATE", "3 per minute")
    busy, other = program(), program()
    for path in ("/cases", "/cases", "/openapi.json"):
        busy.asks(path)
    told = busy.asks("/cases", 429)
    assert told.headers["Retry-After"] == "60"
    other.asks("/cases")


def test_paths_below_the_api_answer_programs_whatever_is_asked(ours) -> None:
    ours.asks("/nothing", 404)
    ours.asks("/cases/%00", 404)
    ours.asks("/cases/..%2F..", 404)
    response = ours._sends("DELETE", "/cases", 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_fault_tells_programs_nothing(ours, case, monkeypatch, caplog) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(case["person_id"])

    monkeypatch.setattr("worklist.api.pages.note", fails)
    told = ours.asks(BY_ID.format(**case), 500)
    assert case["person_id"] not in told.text + caplog.text


def test_an_answer_that_is_not_as_described_stays_here(ours, case, monkeypatch, caplog) -> None:
    monkeypatch.setattr("worklist.api.pages.Whole.of", lambda *_: {"case": case["person_id"]})
    told = ours.asks(BY_ID.format(**case), 500)
    assert case["person_id"] not in told.text + caplog.text
