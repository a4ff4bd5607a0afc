"""The pages of cases: what they show, to whom, and that no address or title names anybody."""

import io
import re
from collections.abc import Callable

import pandas as pd
import pytest
from worklist_record import open_cases, state_of

from casebook.store import Casebook
from casebook.worklist import Worklist
from schemas.accounts import Role, Seen
from schemas.vocabularies import DiscrepancyType

LEICESTER, LEICESTERSHIRE = "E06000016", "E10000018"
BY_TYPE = [each for each in DiscrepancyType if each is not DiscrepancyType.DUPLICATE_ENTRY]


def personal_of(casebook: Casebook) -> set[str]:
    """Return whatever the record knows of persons that could stand in an address."""
    with casebook.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT nhs_number, family_name, person_id, cpli_id FROM case_line"
        ).all()
    return {str(value) for row in rows for value in row if value and len(str(value)) > 3}


@pytest.mark.parametrize("kind", list(DiscrepancyType))
def test_each_type_of_case_shows_its_sides_and_names_nobody_in_title_or_address(
    kind, casebook, region
):
    found = open_cases(casebook, kind=kind)
    if not found:
        pytest.skip(f"nothing made up is {kind.value}")
    case = found[0]
    page = region.sees(f"/cases/{case['discrepancy_id']}")
    assert page.heading == kind.display
    for line in Worklist(casebook).lines(case["discrepancy_id"]):
        for name in ("family_name", "cpli_id"):
            assert not line[name] or str(line[name]) in page.text
    known = personal_of(casebook)
    addresses = " ".join([page.title, *page.links, *re.findall(r'action="([^"]*)"', page.html)])
    assert [each for each in known if each in addresses] == []


def test_a_page_says_where_both_sides_differ_in_more_than_colour(casebook, region):
    case = open_cases(casebook, kind=DiscrepancyType.START_DATE_DIFFERS)[0]
    page = region.sees(f"/cases/{case['discrepancy_id']}")
    differing = page.soup.find_all(class_="app-differs")
    assert "Starts Differs" in " ".join(" ".join(row.get_text(" ") for row in differing).split())


def test_a_list_has_what_is_open_due_first_and_can_be_turned_like_pages(casebook, region):
    open_now = len(open_cases(casebook))
    page, seen = region.sees("/cases"), list[str]()
    assert f"{open_now} cases" in page.text
    while True:
        links = [each for each in page.links if re.fullmatch(r"/cases/[0-9a-f]{32}", each)]
        seen += links
        after = page.soup.find("a", rel="next")
        if after is None:
            break
        page = region.sees(after["href"])
    assert len(seen) == len(set(seen)) == open_now


@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        ("kind=start_date_differs", lambda case: case["type"] == "start_date_differs"),
        ("severity=high&severity=low", lambda case: case["severity"] != "medium"),
        ("service=HS", lambda case: case["service_type"] == "HS"),
        (f"council={LEICESTER}", lambda case: case["local_authority"] == LEICESTER),
        ("whose=nobody", lambda case: case["worker"] is None),
        ("provider=P0001", lambda case: case["provider_id"] == "P0001"),
        ("due=overdue", lambda case: case["standing"] == "breached"),
        ("age=5", lambda case: case["age_days"] >= 5),
        ("settled=yes", lambda case: case["settled"]),
    ],
)
def test_a_list_can_be_narrowed(narrowed, holds, casebook, region):
    expected = {case["discrepancy_id"] for case in open_cases(casebook, limit=900) if holds(case)}
    text = region.browser.get(f"/cases/export.csv?{narrowed}").get_data(as_text=True)
    frame = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")), dtype=str)
    assert set(frame["Case"]) == expected
    assert f"{len(expected)} case" in region.sees(f"/cases?{narrowed}").text


@pytest.mark.parametrize(
    "asked", ["kind=nonsense", "due=soon", "age=3", "council=E06000099", "sort=name", "page=xyz"]
)
def test_a_list_that_means_nothing_is_not_found(asked, region):
    assert region.browser.get(f"/cases?{asked}").status_code in {400, 404}


def test_a_worker_sees_the_cases_of_the_own_council_alone(casebook, worker):
    theirs = open_cases(casebook, council=LEICESTER)[0]["discrepancy_id"]
    nobodys = "0" * 32
    shown = [worker.sees(f"/cases/{each}", status=404).html for each in (theirs, nobodys)]
    assert shown[0] == shown[1]
    assert worker.browser.get(f"/cases?council={LEICESTER}").status_code == 404
    listed = worker.browser.get("/cases/export.csv").get_data(as_text=True)
    assert "Leicester," not in listed
    assert theirs not in listed


def test_a_search_leads_to_a_person_and_no_address_names_anybody(casebook, worker):
    case = open_cases(casebook, council=LEICESTERSHIRE, kind=DiscrepancyType.START_DATE_DIFFERS)[0]
    line = Worklist(casebook).lines(case["discrepancy_id"])[0]
    page = worker.sees("/home")
    token = page.form()["csrf_token"]
    spaced = f"{line['nhs_number'][:3]} {line['nhs_number'][3:6]} {line['nhs_number'][6:]}"
    for text in (line["person_id"], line["cpli_id"], spaced):
        answer = worker.browser.post("/cases/search", data={"csrf_token": token, "text": text})
        assert answer.status_code in {200, 303}
        told = answer.headers.get("Location", "") + answer.get_data(as_text=True)
        assert case["discrepancy_id"] in told
        assert text not in answer.headers.get("Location", "")
    theirs = next(each for each in open_cases(casebook, council=LEICESTER) if each["person_id"])
    nothing = worker.sends_fields(
        "/cases/search", {"csrf_token": token, "text": theirs["person_id"]}, status=200
    )
    assert "No case was found" in nothing.text


def test_a_workbook_has_the_rows_of_the_list(casebook, worker):
    book = worker.browser.get("/cases/export.xlsx?severity=high")
    frame = pd.read_excel(io.BytesIO(book.data), dtype=str, engine="calamine")
    expected = open_cases(casebook, council=LEICESTERSHIRE)
    assert set(frame["Case"]) == {
        case["discrepancy_id"] for case in expected if case["severity"] == "high"
    }
    assert 'attachment; filename="cases.xlsx"' in book.headers["Content-Disposition"]


def test_no_text_of_a_record_becomes_a_formula(casebook, worker):
    case = open_cases(casebook, council=LEICESTERSHIRE)[0]["discrepancy_id"]
    with casebook.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE discrepancy_case SET provider_value = '=HYPERLINK(1)' WHERE discrepancy_id = ?",
            (case,),
        )
    assert ",=HYPERLINK" not in worker.browser.get("/cases/export.csv").get_data(as_text=True)
    sheet = io.BytesIO(worker.browser.get("/cases/export.xlsx").data)
    book = pd.read_excel(sheet, dtype=str, engine="calamine")
    assert "=HYPERLINK(1)" in set(book["The other side says"])


def test_a_view_is_kept_shown_on_the_home_page_and_let_go_of(worker, colleague):
    page = worker.sees("/cases?severity=high")
    form = page.soup.find("input", id="name").find_parent("form")
    fields = [(each["name"], each.get("value", "")) for each in form.find_all("input")]
    worker.sends_fields("/cases/views", dict(fields) | {"name": "Urgent ones"})
    assert "Urgent ones" in worker.sees("/home").text
    assert "/cases?severity=high" in worker.sees("/home").links
    assert "Urgent ones" not in colleague.sees("/home").text
    listed = worker.sees("/cases")
    button = listed.soup.find("button", attrs={"name": "forget"})
    worker.sends_fields(
        "/cases/views",
        {"csrf_token": listed.form()["csrf_token"], "forget": button["value"]},
    )
    assert "Urgent ones" not in worker.sees("/home").text


def test_the_home_page_counts_what_the_lists_have(casebook, worker):
    case = open_cases(casebook, council=LEICESTERSHIRE)[0]["discrepancy_id"]
    worker.sends(f"/cases/{case}/assign", worker.sees(f"/cases/{case}/assign"), whom="me")
    home = worker.sees("/home")
    tiles = {
        " ".join(tile.get_text(" ").split()): tile["href"]
        for tile in home.soup.find_all(class_="app-tiles__link")
    }
    for told, address in tiles.items():
        number = told.split()[0]
        word = "case" if number == "1" else "cases"
        assert f"{number} {word}" in worker.sees(address).text
    assert any(told.startswith("1 My cases") for told in tiles)


def test_a_manager_looks_and_changes_nothing(casebook, manager):
    case = open_cases(casebook, council=LEICESTERSHIRE)[0]["discrepancy_id"]
    page = manager.sees(f"/cases/{case}")
    assert page.soup.find("main").find("form") is None
    for action in ("assign", "resolve", "note"):
        manager.sees(f"/cases/{case}/{action}", status=403)
    assert manager.sees("/cases").soup.find("input", attrs={"name": "case"}) is None


@pytest.mark.parametrize("role", [Role.PROVIDER_USER, Role.DATA_ENGINEER, Role.ADMINISTRATOR])
def test_others_see_no_case(role, casebook, signs_in: Callable):
    somebody = signs_in(role)
    case = open_cases(casebook)[0]["discrepancy_id"]
    for path in ("/home", "/cases", f"/cases/{case}", "/cases/export.csv"):
        somebody.sees(path, status=403)


def test_whoever_looks_is_on_record(casebook, worker):
    case = open_cases(casebook, council=LEICESTERSHIRE, kind=DiscrepancyType.CPLI_NOT_FOUND)[0]
    worker.sees(f"/cases/{case['discrepancy_id']}")
    worker.browser.get("/cases/export.csv")
    noted = [each.entry for each in casebook.audit().history_of_user(worker.user.number)]
    assert [each.what for each in noted] == [Seen.CASE, Seen.EXPORT]
    assert noted[0].discrepancy_id == case["discrepancy_id"]
    assert noted[0].by.place == "127.0.0.1"


def test_a_council_that_was_not_assessed_is_said_to_be(casebook, worker):
    with casebook.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE night_council SET assessed = 0, reason = 'not_received', message = 'Late.'"
            " WHERE local_authority = ?",
            (LEICESTERSHIRE,),
        )
    home = worker.sees("/home")
    assert "Leicestershire was not assessed on the latest night." in home.text
    assert state_of(casebook, open_cases(casebook)[0]["discrepancy_id"]) == "open"
