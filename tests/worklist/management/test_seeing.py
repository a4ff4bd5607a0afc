"""Who is shown what of measures, nights and the outbox, and what is never shown."""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

import pytest
from feed.leaks import people_in
from folders.canonical import LEICESTER, LEICESTERSHIRE, RUTLAND
from worklist_nights import BAD, GOOD, Desk, look, said

from casebook.audit import Noted
from publishing.reports.charts import bars
from schemas.accounts import Role, Seen
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource

pytestmark = pytest.mark.xdist_group("management")

NIGHT = f"/nights/{BAD}"
PAGES = {
    "measures": "/measures?period=all",
    "nights": "/nights",
    "night": NIGHT,
    "came": f"{NIGHT}/sources",
    "refusals": f"{NIGHT}/refusals",
    "gates": f"{NIGHT}/gates",
    "outbox": "/outbox",
}
OF_NIGHTS = ("nights", "night", "came", "refusals", "gates")
MAY = {
    Role.PROVIDER_USER: (),
    Role.COMMISSIONING_WORKER: OF_NIGHTS,
    Role.TEAM_LEAD: ("measures", *OF_NIGHTS),
    Role.MANAGER: tuple(PAGES),
    Role.DATA_ENGINEER: tuple(PAGES),
    Role.ADMINISTRATOR: (*OF_NIGHTS, "outbox"),
}
TRICKS = (
    "../casebook.db",
    "..%2Fcasebook.db",
    "..%5Ccasebook.db",
    "%2e%2e%2fcasebook.db",
    "....//casebook.db",
    "casebook.db",
    "refusals.csv",
    "report/../../casebook.db",
    "/etc/passwd",
    "%2Fetc%2Fpasswd",
    "discrepancies%00",
    "{0.__class__}",
    "",
    ".",
    "..",
)


@pytest.mark.parametrize("role", [*Role])
def test_each_role_is_shown_the_pages_that_it_needs(looking: Desk, role: Role) -> None:
    client = looking.browser(role)
    given = {name: client.get(address).status_code for name, address in PAGES.items()}
    assert given == {name: 200 if name in MAY[role] else 403 for name in PAGES}


def test_nobody_sees_anything_without_signing_in(looking: Desk) -> None:
    nobody = looking.app.test_client()
    for address in (*PAGES.values(), f"{NIGHT}/files/gates", f"{NIGHT}/release/{RUTLAND}"):
        assert nobody.get(address).status_code == 302


def test_a_night_says_what_was_held_and_why(looking: Desk) -> None:
    page = look(looking.browser(Role.DATA_ENGINEER), NIGHT)
    states = {
        item.h3.find(string=True, recursive=False).strip(): item.h3.strong.get_text()
        for item in page.select(".app-state")
    }
    assert states == {"Leicester": "Assessed", "Leicestershire": "Not assessed", "Rutland": "Held"}
    text = said(page)
    assert "CPLIs of the last night that came again" in text
    assert "at least 90%" in text
    assert "2026-11-20T120000Z: delivered" in text


def test_the_list_of_nights_tells_the_latest_first(looking: Desk) -> None:
    page = look(looking.browser(Role.DATA_ENGINEER), "/nights")
    rows = [row.get_text(" ", strip=True) for row in page.select("tbody tr")]
    assert [row[:11] for row in rows] == ["20 Nov 2026", "19 Nov 2026"]
    assert "Held Rutland" in rows[0]
    assert "Not assessed Leicestershire" in rows[0]
    assert "All assessed" in rows[1]


def test_a_councils_staff_are_told_of_their_council_alone(looking: Desk) -> None:
    for role, name in product(MAY, PAGES):
        if name in MAY[role] and role is not Role.ADMINISTRATOR:
            text = said(look(looking.browser(role, RUTLAND), PAGES[name]))
            assert "Leicester" not in text, (role, name)
            assert (LEICESTER in text, LEICESTERSHIRE in text) == (False, False)


def test_what_is_somebody_elses_or_nowhere_is_not_found(looking: Desk) -> None:
    manager = looking.browser(Role.MANAGER, RUTLAND)
    for address in (
        f"/measures?council={LEICESTER}",
        "/measures?council=E99999999",
        "/measures?period=31",
        "/nights?page=2",
        "/nights?page=0",
        "/nights/2026-11-01",
        "/nights/2026-13-01",
        "/nights/20261120",
        "/nights/tonight",
        "/nights/2026-11-01/gates",
        f"{NIGHT}/councils/{LEICESTER}/report",
        f"{NIGHT}/councils/{LEICESTERSHIRE}/cases",
        f"{NIGHT}/councils/LLR/report",
        f"{NIGHT}/councils/{RUTLAND}/nothing",
        f"{NIGHT}/files/gates",
        f"{NIGHT}/files/report",
        f"{NIGHT}/files/summary",
        f"{NIGHT}/release/{LEICESTERSHIRE}",
        f"{NIGHT}/release/P1",
    ):
        look(manager, address, status=404)


def test_nobody_supported_is_named_on_any_page(looking: Desk) -> None:
    for role, name in product(MAY, PAGES):
        if name in MAY[role]:
            for council in (None, RUTLAND):
                html = str(look(looking.browser(role, council), PAGES[name]))
                assert people_in(html) == set(), (role, name)


def test_all_that_is_offered_can_be_had(looking: Desk) -> None:
    for role, council in product(MAY, (None, RUTLAND, LEICESTERSHIRE)):
        if role is Role.PROVIDER_USER:
            continue
        client = looking.browser(role, council)
        links = [
            link["href"]
            for link in look(client, NIGHT).select("#files ~ ul a")
            if link["href"].startswith(NIGHT)
        ]
        assert links
        for link in links:
            response = client.get(link)
            assert response.status_code == 200, (role, council, link)
            assert response.headers["Content-Disposition"].startswith("attachment")
            assert response.headers["Cache-Control"] == "no-store"


def test_what_is_about_people_is_for_those_who_see_their_records(looking: Desk) -> None:
    about_people = [
        f"{NIGHT}/files/{name}"
        for name in ("discrepancies", "withheld", "report-workbook", "unmapped-suppliers")
    ] + [f"{NIGHT}/councils/{RUTLAND}/{name}" for name in ("held", "cases")]
    for role in (Role.DATA_ENGINEER, Role.ADMINISTRATOR):
        client = looking.browser(role)
        assert {client.get(address).status_code for address in about_people} == {404}
        assert client.get(f"{NIGHT}/files/refusals").status_code == 200
        told = look(client, NIGHT).select("#files ~ ul a")
        assert not set(about_people) & {link["href"] for link in told}
        for link in told:
            assert people_in(client.get(link["href"]).get_data(as_text=True)) == set(), link
    manager = looking.browser(Role.MANAGER)
    held = manager.get(f"{NIGHT}/councils/{RUTLAND}/held")
    assert (
        held.data == (looking.out / str(BAD) / "held" / RUTLAND / "discrepancies.csv").read_bytes()
    )


def test_a_councils_staff_get_their_own_rows_of_a_file_of_all(looking: Desk) -> None:
    whole = (looking.out / str(GOOD) / "discrepancies.csv").read_text("utf-8")
    head, *rows = whole.splitlines(keepends=True)
    own = [row for row in rows if RUTLAND in row]
    assert 0 < len(own) < len(rows)
    address = f"/nights/{GOOD}/files/discrepancies"
    worker = looking.browser(Role.COMMISSIONING_WORKER, RUTLAND)
    assert worker.get(address).get_data(as_text=True) == head + "".join(own)
    everybody = looking.browser(Role.COMMISSIONING_WORKER)
    assert everybody.get(address).get_data(as_text=True) == whole
    refused = worker.get(f"{NIGHT}/files/refusals").get_data(as_text=True)
    assert LEICESTERSHIRE not in refused
    assert LEICESTERSHIRE in everybody.get(f"{NIGHT}/files/refusals").get_data(as_text=True)


def test_who_takes_a_file_about_people_is_on_record(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    for name in ("discrepancies", "refusals", "timeliness"):
        manager.get(f"/nights/{GOOD}/files/{name}")
    manager.get(f"{NIGHT}/councils/{RUTLAND}/held")
    assert [(each.entry.what, each.entry.local_authority) for each in noted(desk)] == [
        (Seen.EXPORT, RUTLAND),
        (Seen.REFUSALS, RUTLAND),
        (Seen.EXPORT, RUTLAND),
    ]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_address_leads_out_of_the_list_of_files(looking: Desk, trick: str) -> None:
    client = looking.browser(Role.MANAGER)
    secret = looking.out / str(BAD) / "notices"
    assert secret.exists()
    for address in (
        f"{NIGHT}/files/{trick}",
        f"{NIGHT}/councils/{trick}/report",
        f"{NIGHT}/councils/{RUTLAND}/{trick}",
        f"/nights/{trick}/files/gates",
        f"/nights/{quote(trick, safe='')}/files/gates",
        f"{NIGHT}/files/{quote(trick, safe='')}",
    ):
        response = client.get(address, follow_redirects=True)
        assert response.status_code == 404, address
        assert b"SQLite" not in response.data


def test_a_folder_that_is_gone_is_said_to_be_gone(desk: Desk) -> None:
    (desk.out / str(BAD)).rename(desk.out / "elsewhere")
    client = desk.browser(Role.DATA_ENGINEER)
    assert said(look(client, NIGHT)).count("folder is not kept any more") == 2
    assert "not kept any more" in said(look(client, f"{NIGHT}/refusals"))
    look(client, f"{NIGHT}/files/refusals", status=404)


def test_what_a_source_or_gate_is_called_is_never_markup(looking: Desk) -> None:
    hostile = "<script>alert(1)</script>"
    parts = looking.app.jinja_env.get_template("publishing/parts.html").module
    assert hostile not in parts.name(hostile)
    charts = looking.app.jinja_env.get_template("publishing/charts.svg").module
    assert hostile not in charts.bars("id", hostile, bars([(hostile, 1)]))


def test_all_gates_are_told_with_how_often_each_has_failed(looking: Desk) -> None:
    page = look(looking.browser(Role.DATA_ENGINEER), f"{NIGHT}/gates")
    row = next(
        row.get_text(" ", strip=True)
        for row in page.select("tbody tr")
        if "CPLIs of the last night that came again" in row.get_text() and "50%" in row.get_text()
    )
    assert "Failed" in row
    assert "at least 90%" in row
    assert "Failed on 1 of 1 night; last on 20 November 2026" in row
    rows = len(page.select("tbody tr"))
    assert rows == len(looking.casebook.gates().results(BAD))


def test_every_file_is_told_with_the_fingerprint_of_its_columns(looking: Desk) -> None:
    page = look(looking.browser(Role.DATA_ENGINEER), f"{NIGHT}/sources")
    told = {row.th.find(string=True).strip(): row.get_text(" ") for row in page.select("tbody tr")}
    assert len(told) == len(looking.casebook.night(BAD).sources)
    assert "Could not be used" in told["CPLIs of Leicestershire"]
    noted = {each.schema.source: each.schema for each in looking.casebook.lineage().noted(BAD)}
    assert noted[f"cpli {LEICESTER}"].fingerprint[:12] in told["CPLIs of Leicester"]


def noted(desk: Desk) -> list[Noted]:
    """Return what is on record of the manager of Rutland."""
    return desk.casebook.audit().history_of_user(desk.users[Role.MANAGER, RUTLAND].number)


def test_a_list_that_failed_is_told_to_councils_that_deal_with_its_provider(desk: Desk) -> None:
    lists = [
        GateResult(
            source=GateSource.CASELOAD,
            owner=provider,
            gate="strangers_share",
            severity=GateSeverity.CRITICAL,
            outcome=GateOutcome.FAILED,
            consequence=Consequence.NOT_USED,
            observed=0.9,
            highest=0.25,
        )
        for provider in ("P1", "P9")
    ]
    whose = {(GateSource.CASELOAD, each.owner) for each in lists}
    desk.casebook.gates().keep(BAD, results=lists, nights=[], judged=whose)
    rutlands = look(desk.browser(Role.MANAGER, RUTLAND), NIGHT)
    everybodys = look(desk.browser(Role.DATA_ENGINEER), NIGHT)
    assert ("Caseload of Care P1 (P1)" in said(rutlands), "P9" in said(rutlands)) == (True, False)
    assert "Caseload of P9" in said(everybodys)
    release = f"{NIGHT}/release/P9"
    assert everybodys.select(f'a[href="{release}"]')
    assert not rutlands.select(f'a[href="{NIGHT}/release/P1"]')
    page = look(desk.browser(Role.DATA_ENGINEER), release)
    assert "90%; we expected at most 25%" in said(page)
    assert page.find("main").form
