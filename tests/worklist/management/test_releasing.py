"""What gates hold is let out by those who may, once they have seen what the gates saw."""

from __future__ import annotations

from datetime import date

import pytest
from bs4 import BeautifulSoup
from folders.canonical import LEICESTERSHIRE, RUTLAND
from gates.site import SATURDAY
from nights.examples import discrepancies, night
from worklist_nights import BAD, GOOD, Desk, by_hand, look, said

from schemas.accounts import Role, Seen

pytestmark = pytest.mark.xdist_group("management")

NIGHT = f"/nights/{BAD}"
RELEASE = f"{NIGHT}/release/{RUTLAND}"
WHY = "The council confirms that  a home has closed"


def form_of(page: BeautifulSoup, **changes: str) -> dict[str, str]:
    """Return what a browser would send of the form of a release."""
    fields = page.find("main").form.find_all(["input", "textarea"])
    sent = {
        field["name"]: field.get("value", "") for field in fields if field.get("type") == "hidden"
    }
    return {**sent, "reason": WHY, "looked": "y", **changes}


def token_of(page: BeautifulSoup) -> str:
    return str(page.find("input", {"name": "csrf_token"})["value"])


def errors(page: BeautifulSoup) -> list[str]:
    return [each.get_text(strip=True) for each in page.select(".govuk-error-summary__list li")]


def released(desk: Desk) -> list[tuple[str, str, str]]:
    gates = desk.casebook.gates()
    return [(each.owner, each.who, each.reason) for each in gates.releases(BAD)]


def test_a_manager_lets_out_the_council_and_the_night_is_run_again(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    user = desk.users[Role.MANAGER, RUTLAND]
    page = look(manager, RELEASE)
    assert "Spells that were paired with what providers say" in said(page)
    assert "0%; we expected at least 10%, a fixed bound" in said(page)

    answer = manager.post(RELEASE, data=form_of(page))
    assert (answer.status_code, answer.location) == (303, NIGHT)
    assert released(desk) == [(RUTLAND, user.name, " ".join(WHY.split()))]
    assert desk.run_again == [BAD]
    entry = desk.casebook.audit().history_of_user(user.number)[-1].entry
    assert (entry.what, entry.local_authority) == (Seen.RELEASE, RUTLAND)

    page = look(manager, NIGHT)
    assert "Rutland is let out." in said(page)
    assert page.select_one(".app-state h3 strong").get_text() == "Being run again"
    assert not page.select(f'a[href="{RELEASE}"]')
    assert manager.get(RELEASE).location == NIGHT

    with by_hand():
        desk.nights.with_what_was_kept(BAD)
    page = look(manager, NIGHT)
    assert page.select_one(".app-state h3 strong").get_text() == "Released"
    assert f"Released by {user.name}" in said(page)
    assert desk.casebook.night(BAD).councils[1].assessed
    assert manager.get(RELEASE).location == NIGHT
    again = manager.post(f"{NIGHT}/again/{RUTLAND}", data={"csrf_token": token_of(page)})
    assert again.status_code == 404


def test_what_fails_when_the_night_is_run_again_is_held_anew(desk: Desk) -> None:
    engineer = desk.browser(Role.DATA_ENGINEER)
    address = f"{NIGHT}/release/{LEICESTERSHIRE}"
    assert engineer.post(address, data=form_of(look(engineer, address))).status_code == 303
    with by_hand():
        desk.nights.with_what_was_kept(BAD)
    states = {
        item.h3.get_text(" ", strip=True) for item in look(engineer, NIGHT).select(".app-state")
    }
    assert "Leicestershire Released" in states
    assert "Rutland Held" in states


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reason": "  "}, "Say why the figures are right."),
        ({"reason": "x" * 501}, "Say it in at most 500 characters."),
        ({"looked": ""}, "Confirm that somebody has looked, or release nothing."),
    ],
)
def test_without_a_reason_or_a_look_nothing_is_let_out(
    desk: Desk, changes: dict[str, str], told: str
) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    sent = form_of(look(manager, RELEASE), **changes)
    if not sent["looked"]:
        del sent["looked"]
    page = BeautifulSoup(manager.post(RELEASE, data=sent).get_data(as_text=True), "html.parser")
    assert errors(page) == [told]
    assert page.title.get_text().startswith("Error: ")
    assert (released(desk), desk.run_again) == ([], [])


def test_figures_that_have_changed_meanwhile_are_not_let_out(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    sent = form_of(look(manager, RELEASE), seen="what another night saw")
    page = BeautifulSoup(manager.post(RELEASE, data=sent).get_data(as_text=True), "html.parser")
    assert "have seen something else" in errors(page)[0]
    assert page.textarea.get_text().strip() == " ".join(WHY.split())
    assert (released(desk), desk.run_again) == ([], [])
    assert manager.post(RELEASE, data=form_of(page)).status_code == 303


def test_a_forged_form_lets_nothing_out(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    sent = form_of(look(manager, RELEASE))
    assert manager.post(RELEASE, data={**sent, "csrf_token": "forged"}).status_code == 400
    del sent["csrf_token"]
    assert manager.post(RELEASE, data=sent).status_code == 400
    assert manager.post(f"{NIGHT}/again/{RUTLAND}").status_code == 400
    assert (released(desk), desk.run_again) == ([], [])


def test_nobody_lets_out_what_is_another_councils(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    sent = form_of(look(manager, RELEASE))
    for owner in (LEICESTERSHIRE, "E99999999", "P1", "..", " "):
        assert manager.post(f"{NIGHT}/release/{owner}", data=sent).status_code == 404
        assert manager.post(f"{NIGHT}/again/{owner}", data=sent).status_code == 404
    for role in (Role.TEAM_LEAD, Role.COMMISSIONING_WORKER, Role.ADMINISTRATOR):
        other = desk.browser(role)
        assert other.get(RELEASE).status_code == 403
        sent["csrf_token"] = token_of(look(other, "/nights"))
        assert other.post(RELEASE, data=sent).status_code == 403
    assert (released(desk), desk.run_again) == ([], [])


def test_only_the_latest_night_can_be_let_out(desk: Desk) -> None:
    desk.casebook.record(night(SATURDAY, discrepancies([])))
    engineer = desk.browser(Role.DATA_ENGINEER)
    assert "only the latest night can be let out" in said(look(engineer, RELEASE))
    assert not look(engineer, NIGHT).select(f'a[href="{RELEASE}"]')


def test_a_run_that_was_stopped_midway_is_begun_again_after_a_while(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    again = f"{NIGHT}/again/{RUTLAND}"
    page = look(manager, RELEASE)
    token = {"csrf_token": form_of(page)["csrf_token"]}
    assert manager.post(again, data=token).status_code == 404
    manager.post(RELEASE, data=form_of(page))
    assert "Run the night again" not in said(look(manager, NIGHT))
    desk.clock.goes_on(minutes=16)
    assert "Run the night again" in said(look(manager, NIGHT))
    assert manager.post(again, data=token).status_code == 303
    assert desk.run_again == [BAD, BAD]
    assert len(released(desk)) == 1


def test_a_release_that_comes_too_late_says_so(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER, RUTLAND)
    sent = form_of(look(manager, RELEASE))
    let_out = desk.app.extensions["cpli-worklist"].held

    def a_night_comes(as_of: date, owner: str) -> object:
        failures = let_out(as_of, owner)
        desk.casebook.record(night(SATURDAY, discrepancies([])))
        return failures

    object.__setattr__(desk.app.extensions["cpli-worklist"], "held", a_night_comes)
    assert manager.post(RELEASE, data=sent).status_code == 303
    assert (released(desk), desk.run_again) == ([], [])
    assert "only the latest night can be let out" in said(look(manager, f"/nights/{GOOD}"))
