"""What people of each role do all day, in a real browser: wide, narrow, and without a script."""

from __future__ import annotations

from datetime import datetime

import pyotp
import pytest
from playwright.sync_api import Page
from signed import GOOD, with_password
from windows import LEICESTERSHIRE, Town, insist
from worklist_record import open_cases, state_of

from schemas.accounts import Role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("worklist-browser")]

DESK, PHONE = 1280, 360
NIGHT = "/nights/2026-11-19"
WAYS = pytest.mark.parametrize(
    ("width", "script"),
    [
        (PHONE, True),
        pytest.param(DESK, True, marks=pytest.mark.slow),
        pytest.param(PHONE, False, marks=pytest.mark.slow),
        pytest.param(DESK, False, marks=pytest.mark.slow),
    ],
)


def press(page: Page, name: str, then: str) -> None:
    """Press a button and wait for what comes."""
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text(then).first.wait_for()


def sign_in_with_a_code(page: Page, email: str, now: datetime) -> None:
    """Sign in for the first time: by the password, and a second factor that is set up."""
    page.goto("/home")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Continue").click()
    phone = pyotp.TOTP(page.locator(".app-key").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(phone.at(now))
    press(page, "Continue", "Your work")


@WAYS
def test_a_worker_settles_accepts_assigns_and_answers(town: Town, width: int, script: bool) -> None:
    worker = with_password(town.casebook, town.somebody(Role.COMMISSIONING_WORKER))
    start = town.untouched()
    with town.window(width=width, script=script) as page:
        sign_in_with_a_code(page, worker.email, town.casebook.clock())
        reference = next(
            each["person_id"]
            for each in open_cases(town.casebook, council=LEICESTERSHIRE)
            if each["discrepancy_id"] == start
        )
        page.get_by_label("Find a person or a case").fill(reference)
        page.get_by_role("button", name="Find").click()
        page.wait_for_load_state()
        assert reference in page.locator("main").inner_text()
        assert reference not in page.url

        page.goto(f"/cases/{start}")
        page.get_by_label("The CPLI was corrected").check()
        press(page, "Settle", "Success")
        assert state_of(town.casebook, start) == "resolved"
        press(page, "Undo the last step", "Success")
        assert state_of(town.casebook, start) == "open"
        press(page, "Assign to me", "Success")
        page.get_by_role("link", name="Accept the difference for a time").click()
        press(page, "Accept", "There is a problem")
        page.locator("main input[type=radio]").first.check()
        for label, text in (("Day", "1"), ("Month", "2"), ("Year", "2027")):
            page.get_by_label(label, exact=True).fill(text)
        press(page, "Accept", "Success")
        assert state_of(town.casebook, start) == "accepted"

        page.goto(f"/cases/{town.untouched()}")
        page.get_by_role("link", name="Record the provider's answer").click()
        page.locator("main input[type=radio]").last.check()
        page.get_by_label("Note").fill("The manager said so on the telephone.")
        press(page, "Record the answer", "Success")


@WAYS
def test_a_team_lead_gives_out_several_cases_after_a_look(
    town: Town, width: int, script: bool
) -> None:
    lead = town.somebody(Role.TEAM_LEAD)
    with town.window(lead, width=width, script=script) as page:
        page.goto("/cases?whose=nobody")
        boxes = page.locator("input[name=case]")
        chosen = [boxes.nth(each).input_value().partition(":")[0] for each in range(2)]
        for each in range(2):
            boxes.nth(each).check()
        press(page, "Do something with the chosen cases", "What should be done")
        press(page, "Continue", "Check what will change")
        assert "2 of 2 cases will change" in page.locator("main").inner_text()
        press(page, "Change 2 cases", "Success")
        theirs = {
            each["discrepancy_id"]
            for each in open_cases(town.casebook, council=LEICESTERSHIRE)
            if each["worker"] == lead.name
        }
        assert theirs == set(chosen)

        page.goto("/cases?whose=mine")
        page.get_by_label("Save this view as").fill("Mine alone")
        press(page, "Save", "Mine alone")
        with page.expect_download() as taken:
            page.get_by_role("link", name="CSV", exact=True).click()
        assert taken.value.suggested_filename.endswith(".csv")
        page.goto("/home")
        page.get_by_role("link", name="Mine alone").click()
        assert page.url.endswith("whose=mine")


@WAYS
def test_a_manager_looks_at_measures_and_releases_what_is_held(
    town: Town, width: int, script: bool
) -> None:
    with town.window(town.somebody(Role.MANAGER), width=width, script=script) as page:
        page.goto("/measures")
        page.get_by_label("Period").select_option("all")
        press(page, "Show", "open cases")
        page.goto(f"{NIGHT}/release/{LEICESTERSHIRE}")
        press(page, "Release Leicestershire", "There is a problem")
        page.get_by_label("Why are these figures right?").fill("A provider has closed.")
        page.get_by_label("Somebody has looked at what is held").check()
        before = len(town.released)
        press(page, "Release Leicestershire", "Released.")
        assert len(town.released) == before + 1


@WAYS
def test_a_data_engineer_takes_the_refusals_and_looks_at_what_waits(
    town: Town, width: int, script: bool
) -> None:
    engineer = town.somebody(Role.DATA_ENGINEER, council=None)
    with town.window(engineer, width=width, script=script) as page:
        page.goto(f"{NIGHT}/refusals")
        with page.expect_download() as taken:
            page.get_by_role("link", name="Download all refusals").click()
        assert taken.value.suggested_filename.endswith(".csv")
        answer = page.goto("/outbox")
        assert answer is not None
        assert answer.status == 200


@WAYS
def test_an_administrator_adds_resets_and_disables_an_account(
    town: Town, width: int, script: bool
) -> None:
    email = f"new.{width}.{script}@example.gov.uk".lower()
    administrator = town.somebody(Role.ADMINISTRATOR, council=None)
    with town.window(administrator, width=width, script=script) as page:
        page.goto("/accounts")
        page.get_by_role("button", name="Add an account").click()
        page.get_by_label("Email address").fill(email)
        page.get_by_label("Name").fill("Kim Day")
        page.get_by_label("Manager").check()
        page.get_by_label("Council").select_option(label="Rutland")
        press(page, "Save", "Give this code to Kim Day")
        press(page, "Reset password and second factor", "Give this code to Kim Day")
        press(page, "Disable", "Disabled")
        page.get_by_role("button", name="Enable", exact=True).wait_for()


def test_of_two_workers_who_settle_one_case_at_once_the_later_one_loses_no_word(
    town: Town,
) -> None:
    case = town.untouched(1)
    first = town.somebody(Role.COMMISSIONING_WORKER)
    second = town.somebody(Role.COMMISSIONING_WORKER)
    typed = "Spoke to her daughter; “support” goes on.\nSee the file."
    with town.window(first) as one, town.window(second, width=PHONE) as other:
        for page in (one, other):
            page.goto(f"/cases/{case}")
            page.get_by_label("The CPLI was corrected").check()
        other.get_by_label("Note").fill(typed)
        press(one, "Settle", "Success")
        press(other, "Settle", "This case was changed after you looked at it")
        summary = other.locator(".govuk-error-summary").inner_text()
        assert first.name in summary
        insist(other)
        assert typed in [area.input_value() for area in other.locator("textarea").all()]
    assert state_of(town.casebook, case) == "resolved"
