"""How a provider sends its list, what it is told at once, and what nobody can smuggle in."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from folders.canonical import csv_bytes
from intake.corpus import CASES
from providing import Page
from signed import client_of, site
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from casebook.store import Casebook
from connectors.csv_file import read_csv
from connectors.files import FileTable
from flows.uploads import Inbox
from schemas.accounts import Seen, User
from schemas.tables import CASELOAD
from worklist.security import FORM_BYTES, UPLOAD_BYTES

DAY = ["16", "11", "2026"]
NAMES = (
    "../../../etc/cron.d/x",
    "..\\..\\Mary Hollis.xlsx",
    "/etc/passwd",
    "Mary Hollis\0.csv",
    "P2_2026-11-16.csv",
    ".htaccess",
    "<script>alert(1)</script>.csv",
    "\u202evsc.sillohyraM",
    "M" * 5_000,
)
"""What a file can be called; some are somebody's names."""


@pytest.fixture
def good(night: Any) -> bytes:
    """Return what P1 listed, as a file."""
    return csv_bytes(night.listed, CASELOAD.all)


def sent(
    browser: FlaskClient, content: bytes, name: str = "list.csv", **changes: Any
) -> dict[str, Any]:
    """Return what a browser sends of a list."""
    form = Page(browser.get("/lists")).form(day=DAY)
    return {**form, "file": (BytesIO(content), name), **changes}


def test_a_list_is_taken_and_what_was_read_of_it_is_said_at_once(
    p1: FlaskClient, good: bytes, inbox: Inbox
) -> None:
    content = good + b",,,,,,,,,HS,,,,\n"
    response = p1.post("/lists", data=sent(p1, content))
    assert (response.status_code, response.location) == (302, "/lists/1")
    page = Page(p1.get(response.location))
    assert page.heading == "We have your list of 16 November 2026"
    assert "You sent it on 22 Nov 2026, 09:00." in page.text
    assert "7 rows taken, 1 refused." in page.text
    assert "Line 9: we cannot tell who it is." in page.text
    assert "Column J: Service type" in page.text
    assert "caseload of provider" not in page.text
    (kept,) = inbox.folder.iterdir()
    assert (kept.name, kept.read_bytes()) == ("P1_2026-11-16.csv", content)
    listed = Page(p1.get("/lists"))
    assert (
        "List of 16 November 2026 Sent on 22 Nov 2026, 09:00: 7 rows taken, 1 refused. Taken"
        in (listed.text)
    )
    assert "/lists/1" in listed.links


def test_a_night_finds_the_list_as_if_it_had_come_any_other_way(
    p1: FlaskClient, good: bytes, inbox: Inbox
) -> None:
    p1.post("/lists", data=sent(p1, good))
    table = FileTable(of=CASELOAD, place="lists", folder=inbox.folder, pattern=inbox.pattern)
    (found,) = table.found()
    content, facts = table.content(found)
    assert (found.provider_id, str(found.day)) == ("P1", "2026-11-16")
    assert len(read_csv(content, table=CASELOAD, source="x", facts=facts).frame) == 7


def test_a_list_that_cannot_be_used_is_not_kept_and_said_so(
    p1: FlaskClient, good: bytes, inbox: Inbox
) -> None:
    p1.post("/lists", data=sent(p1, good))
    response = p1.post("/lists", data=sent(p1, b"%PDF-1.7", instead="y"))
    page = Page(p1.get(response.location))
    assert page.heading == "We could not use your list of 16 November 2026"
    assert "If you sent us a list before, that one still counts." in page.text
    assert "It is a PDF, not a list that we can read." in page.text
    assert [path.read_bytes() for path in inbox.folder.iterdir()] == [good]
    assert "Not used" in Page(p1.get("/lists")).text


def test_another_list_of_a_day_wants_to_be_confirmed(
    p1: FlaskClient, good: bytes, inbox: Inbox
) -> None:
    p1.post("/lists", data=sent(p1, good))
    other = good.replace(b"2026-05-01", b"2026-05-02")
    page = Page(p1.post("/lists", data=sent(p1, other)), status=400)
    assert page.errors[0].startswith("We have a list of 16 November 2026 already.")
    assert page.form()["day"] == DAY
    assert [path.read_bytes() for path in inbox.folder.iterdir()] == [good]
    again = {**page.form(), "file": (BytesIO(other), "list.csv"), "instead": "y"}
    assert p1.post("/lists", data=again).status_code == 302
    assert [path.read_bytes() for path in inbox.folder.iterdir()] == [other]


def whole(data: dict[str, Any]) -> dict[str, Any]:
    """Return a form as its bytes: the test client leaves files of its own open otherwise."""
    boundary, body = encode_multipart({**data, "file": FileStorage(*data["file"])})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"file": (BytesIO(b""), "")}, "Choose the file with your list."),
        ({"file": "a text"}, "Choose the file with your list."),
        ({"day": ["", "", ""]}, "Write the day on which your list was right."),
        ({"day": []}, "Write the day on which your list was right."),
        ({"day": ["31", "2", "2026"]}, "Write the date with day, month and year"),
        ({"day": ["23", "11", "2026"]}, "This day must be today or earlier."),
        ({"day": ["17", "10", "2026"]}, "We can only use lists of the last 35 days."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_kept(
    p1: FlaskClient, good: bytes, inbox: Inbox, changes: dict[str, Any], wrong: str
) -> None:
    page = Page(p1.post("/lists", data=sent(p1, good, **changes)), status=400)
    assert len(page.errors) == 1
    assert page.errors[0].startswith(wrong)
    assert [*inbox.folder.iterdir()] == []


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_what_a_file_is_called_does_not_matter_and_is_said_nowhere(
    p1: FlaskClient,
    casebook: Casebook,
    good: bytes,
    inbox: Inbox,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    response = p1.post("/lists", data=sent(p1, good, name))
    assert [path.name for path in inbox.folder.iterdir()] == ["P1_2026-11-16.csv"]
    assert sorted(inbox.folder.parent.iterdir()) == [
        *sorted(path for path in inbox.folder.parent.glob("casebook.db*")),
        inbox.folder,
    ]
    (upload,) = casebook.uploads().latest("P1")
    said = Page(p1.get(response.location)).html + str(upload) + upload.receipt + caplog.text
    assert not any(part in said for part in ("Hollis", "passwd", "htaccess", "MMMM", "alert("))


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.is_refused], ids=lambda case: case.name
)
def test_what_is_no_list_is_refused_whatever_it_is(
    p1: FlaskClient, inbox: Inbox, case: Any
) -> None:
    """Macros, bombs, damaged and locked workbooks, documents and pictures among them."""
    response = p1.post("/lists", data=sent(p1, case.content, "list.xlsx"))
    page = Page(p1.get(response.location))
    assert "We could not use" in page.heading
    assert "What to do next" in page.text
    assert [*inbox.folder.iterdir()] == []


def test_a_list_may_be_large_and_nothing_else_may(app: Flask, p1: FlaskClient, good: bytes) -> None:
    heading, *rows = good.splitlines()
    note = b"," + b"x" * (FORM_BYTES // 5)
    large = whole(sent(p1, b"\n".join([heading + b",Notes", *(row + note for row in rows)])))
    assert len(large["data"]) > FORM_BYTES
    assert client_of(app).post("/lists", **large).status_code == 413
    assert p1.post("/lists", **large).location == "/lists/1"
    too_large = whole(sent(p1, bytes(UPLOAD_BYTES)))
    assert Page(p1.post("/lists", **too_large), status=413).heading == "That is too much"
    address = Page(p1.get("/questions")).question("The amount")
    form = Page(p1.get(address)).form(choice="other", comment="x" * FORM_BYTES)
    assert p1.post(address, data=form).status_code == 413


def test_a_list_is_sent_by_a_form_of_ours_or_not_at_all(
    p1: FlaskClient, good: bytes, inbox: Inbox
) -> None:
    assert p1.post("/lists", data=sent(p1, good, csrf_token="x")).status_code == 400
    assert [*inbox.folder.iterdir()] == []


def test_a_list_is_its_senders_whatever_it_says(p1: FlaskClient, night: Any, inbox: Inbox) -> None:
    """It goes by whose account sent it; rows that name another provider are refused."""
    rows = [{**row, "provider_id": "P2"} for row in night.listed]
    response = p1.post("/lists", data=sent(p1, csv_bytes(rows, CASELOAD.all), "P2_2026-11-16.csv"))
    assert "We could not use" in Page(p1.get(response.location)).heading
    assert [*inbox.folder.iterdir()] == []


def test_anothers_receipt_is_no_page_at_all(p1: FlaskClient, p2: FlaskClient, good: bytes) -> None:
    p1.post("/lists", data=sent(p1, good))
    assert p1.get("/lists/1").status_code == 200
    assert {p2.get(f"/lists/{number}").status_code for number in ("1", "2", "0", "9" * 30)} == {404}
    assert "/lists/1" not in Page(p2.get("/lists")).links


def test_what_was_sent_is_on_record(
    app: Flask, casebook: Casebook, user_of: Callable[[str], User], good: bytes
) -> None:
    user = user_of("P1")
    browser = client_of(app, user)
    browser.post("/lists", data=sent(browser, good))
    (noted,) = casebook.audit().history_of_user(user.number)
    assert noted.entry.what is Seen.CASELOAD
    assert casebook.uploads().latest("P1")[0].who == user.email


def test_where_lists_cannot_be_sent_the_page_says_so_and_whom_to_ask(
    casebook: Casebook, night: Any, user_of: Callable[[str], User], good: bytes, p1: FlaskClient
) -> None:
    browser = client_of(site(casebook, night.out), user_of("P1"))
    page = Page(browser.get("/lists"))
    assert "You cannot send a list from this page yet." in page.text
    assert "Care line, 0116 496 0000" in page.text
    assert page.soup.find("main").find("form") is None
    data = sent(p1, good, csrf_token=page.soup.find("input", {"name": "csrf_token"})["value"])
    assert browser.post("/lists", data=data).status_code == 404


def test_an_empty_list_can_be_had_to_fill_in(p1: FlaskClient) -> None:
    response = p1.get("/lists/template")
    assert response.data.startswith(b"PK")
    assert response.headers["Content-Disposition"] == "attachment; filename=list-template.xlsx"
    assert response.headers["Cache-Control"] == "no-store"
