"""What a provider sees of its questions, how it answers, and that it sees nobody else's."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from folders.canonical import Row
from providing import Page
from signed import account, client_of

from casebook.actions import Action, Answer, Step
from casebook.desk import Desk
from casebook.store import Casebook
from casebook.worklist import CaseFile, Worklist
from publishing.notices.facts import Notice
from schemas.accounts import Role, Seen, User

NOT_LISTED, NOT_FOUND = "You did not list this person", "The council has no care package line"
START, AMOUNT, ENDED = "The start date", "The amount", "You say that your support has ended"
JARGON = re.compile(r"\b(?:CPLI|caseload|discrepanc)", re.IGNORECASE)
DAY = ["3", "10", "2026"]


def case_of(casebook: Casebook, kind: str, provider: str = "P1") -> CaseFile:
    """Return the case of a provider that is of a kind."""
    worklist = Worklist(casebook)
    files = [worklist.case(case, councils=None) for case in worklist.ids_of(provider)]
    return next(file for file in files if file and file.case["type"] == kind)


def answers(file: CaseFile) -> list[dict[str, Any]]:
    return [each for each in file.actions if each["action"] == Action.ANSWER.value]


def values_of(people: list[Row]) -> set[str]:
    """Return what says who somebody is."""
    names = ("cpli_id", "person_id", "nhs_number", "family_name", "given_name", "date_of_birth")
    return {row[name] for row in people for name in names if row.get(name)}


def test_questions_stand_in_groups_with_how_many_there_are_and_by_when(questions: Page) -> None:
    assert questions.heading == "Questions for you"
    assert "There are 5 questions about people you support." in questions.text
    assert "Please answer by 27 November 2026" in questions.text
    headings = [" ".join(each.get_text().split()) for each in questions.soup.find_all("h2")]
    assert headings == [
        "Not on the council\u2019s record (1)",
        "Not on your list (1)",
        "Details that are different (3)",
        "Who to ask",
    ]
    first = questions.soup.find(class_="govuk-button--start")["href"]
    assert first == questions.question(NOT_FOUND)


def test_what_cannot_be_known_yet_is_said(app: Flask, user_of: Callable[[str], User]) -> None:
    page = Page(client_of(app, user_of("P9")).get("/questions"))
    assert "We have not compared your list" in page.text
    assert page.questions() == {}


def test_an_answer_is_on_record_as_its_sender_and_the_next_question_waits(
    app: Flask, casebook: Casebook, user_of: Callable[[str], User]
) -> None:
    user = user_of("P1")
    browser = client_of(app, user)
    address = Page(browser.get("/questions")).question(NOT_LISTED)
    asked = Page(browser.get(address))
    assert asked.heading == "Do you still support Z.Z., born 1936, for home support?"
    sent = asked.form(choice="ended", last_day=DAY, comment="Moved to her daughter.\r\nAsk her.")
    answered = browser.post(address, data=sent)
    assert (answered.status_code, answered.location) == (302, "/questions")
    page = Page(browser.get("/questions"))
    assert "Thank you. The council can see your answer." in page.text
    assert "There are 4 questions" in page.text
    assert "Answer the next question" in page.text
    file = case_of(casebook, "support_not_reported")
    (action,) = answers(file)
    assert (action["answer"], action["answer_date"]) == ("ended", date(2026, 10, 3))
    assert action["note"] == "Moved to her daughter.\nAsk her."
    assert (action["who"], action["provider_id"]) == (user.email, "P1")
    assert file.case["state"] == "awaiting_council"
    told = next(said for said in page.questions() if NOT_LISTED in said)
    assert told.endswith("Answered on 22 Nov 2026, 09:00: Ended on 3 October 2026.")
    again = Page(browser.get(address))
    assert "Answered on 22 Nov 2026, 09:00 by you: Ended on 3 October 2026." in again.text
    browser.post(address, data=again.form(choice="other", comment="We were wrong."))
    assert [each["answer"] for each in answers(case_of(casebook, "support_not_reported"))] == [
        "ended",
        "other",
    ]


@pytest.mark.parametrize(
    ("about", "kind", "sent", "answer", "note"),
    [
        (NOT_FOUND, "cpli_not_found", {"choice": "not_ours"}, Answer.NOT_OURS, None),
        (START, "start_date_differs", {"choice": "list_wrong"}, Answer.LIST_CORRECTED, None),
        (ENDED, "support_ended", {"choice": "told"}, Answer.COUNCIL_TOLD, None),
        (
            *(AMOUNT, "quantity_differs", {"choice": "list_right", "comment": " Ask Jo. "}),
            *(Answer.OTHER, "Our list is right. Ask Jo."),
        ),
        (
            *(START, "start_date_differs"),
            # A day in the boxes of another answer was not asked for.
            {"choice": "our_start", "first_day": ["20", "02", "2026"], "last_day": ["x"]},
            *(Answer.STILL_SUPPORTED, None),
        ),
    ],
)
def test_each_answer_becomes_one_of_the_record(
    p1: FlaskClient,
    casebook: Casebook,
    questions: Page,
    about: str,
    kind: str,
    sent: dict[str, Any],
    answer: Answer,
    note: str | None,
) -> None:
    address = questions.question(about)
    response = p1.post(address, data=Page(p1.get(address)).form(**sent))
    assert response.status_code == 302
    (action,) = answers(case_of(casebook, kind))
    assert (action["answer"], action["note"]) == (answer.value, note)
    assert action["answer_date"] == (date(2026, 2, 20) if "first_day" in sent else None)


@pytest.mark.parametrize(
    ("sent", "wrong", "at"),
    [
        ({}, "Choose an answer.", "choice"),
        ({"choice": "both"}, "Not a valid choice.", "choice"),
        ({"choice": "yes"}, "Write the first day of your support.", "first_day-day"),
        ({"choice": "yes", "first_day": ["31", "2", "2026"]}, "Write the date", "first_day-day"),
        ({"choice": "yes", "first_day": ["1"]}, "Write the date", "first_day-day"),
        ({"choice": "yes", "first_day": ["1", "2", "3", "4", "5"]}, "Write the date", "first_day"),
        ({"choice": "yes", "first_day": ["23", "11", "2026"]}, "today or earlier", "first_day-day"),
        ({"choice": "ended", "last_day": ["1", "1", "1899"]}, "Check the year.", "last_day-day"),
        ({"choice": "ended", "last_day": ["1", "1", "2999"]}, "Check the year.", "last_day-day"),
        ({"choice": "other"}, "Write what the council should know.", "comment"),
        ({"choice": "other", "comment": "\0"}, "cannot be kept", "comment"),
        ({"choice": "not_ours", "comment": "x" * 4_001}, "Write at most", "comment"),
    ],
)
def test_what_is_missing_or_wrong_is_said_where_it_is_and_nothing_typed_is_lost(
    p1: FlaskClient,
    casebook: Casebook,
    questions: Page,
    sent: dict[str, Any],
    wrong: str,
    at: str,
) -> None:
    address = questions.question(NOT_LISTED)
    if sent.get("choice") != "other":
        sent = {"comment": "As agreed with Leicester.", **sent}
    page = Page(p1.post(address, data=Page(p1.get(address)).form(**sent)), status=400)
    (error,) = page.errors
    assert wrong in error
    assert page.soup.find("a", href=re.compile(f"^#{at}"))
    assert page.title.startswith("Error: ")
    if "\0" not in sent.get("comment", ""):
        assert page.form()["comment"] == [sent.get("comment", "")]
    assert answers(case_of(casebook, "support_not_reported")) == []


def test_a_form_that_is_sent_twice_is_one_answer(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    address = questions.question(NOT_LISTED)
    sent = Page(p1.get(address)).form(choice="not_ours")
    assert [p1.post(address, data=sent).status_code for _ in range(3)] == [302, 302, 302]
    assert len(answers(case_of(casebook, "support_not_reported"))) == 1


def test_of_two_who_answer_at_once_the_second_is_told_and_loses_no_text(
    app: Flask, casebook: Casebook, user_of: Callable[[str], User]
) -> None:
    ours, colleague = user_of("P1"), user_of("P1")
    one, other = client_of(app, colleague), client_of(app, ours)
    address = Page(one.get("/questions")).question(NOT_LISTED)
    late = Page(other.get(address)).form(choice="ended", last_day=DAY, comment="She moved.\nTwice.")
    one.post(address, data=Page(one.get(address)).form(choice="not_ours"))
    page = Page(other.post(address, data=late), status=409)
    assert "Your answer has not been sent" in page.text
    assert f"{colleague.email}, on 22 Nov 2026, 09:00, “Not ours.”" in page.text
    assert len(answers(case_of(casebook, "support_not_reported"))) == 1
    kept = page.form()
    assert (kept["choice"], kept["last_day"]) == (["ended"], DAY)
    assert kept["comment"] == ["She moved.\nTwice."]
    assert other.post(address, data=kept).status_code == 302
    assert [each["who"] for each in answers(case_of(casebook, "support_not_reported"))] == [
        colleague.email,
        ours.email,
    ]


def test_whoever_goes_back_and_sends_another_answer_is_asked_which_counts(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    address = questions.question(NOT_LISTED)
    form = Page(p1.get(address))
    p1.post(address, data=form.form(choice="not_ours"))
    page = Page(p1.post(address, data=form.form(choice="other", comment="No, wait.")), status=409)
    assert "Somebody answered this after you opened the page: you" in page.text
    assert p1.post(address, data=page.form()).status_code == 302
    assert len(answers(case_of(casebook, "support_not_reported"))) == 2


@pytest.mark.parametrize("said", [{"version": "x"}, {"version": "9" * 5_000}, {"token": "'"}])
def test_a_form_that_was_tampered_with_does_no_harm(
    p1: FlaskClient, questions: Page, said: dict[str, str]
) -> None:
    address = questions.question(NOT_LISTED)
    sent = Page(p1.get(address)).form(choice="not_ours", **said)
    assert p1.post(address, data=sent).status_code == (302 if "token" in said else 409)


def test_a_forged_form_changes_nothing(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    address = questions.question(NOT_LISTED)
    for token in ({}, {"csrf_token": "x"}):
        sent = {**Page(p1.get(address)).form(choice="not_ours"), "csrf_token": "", **token}
        assert p1.post(address, data=sent).status_code == 400
    assert answers(case_of(casebook, "support_not_reported")) == []


def test_what_the_council_has_settled_is_said_to_be_settled(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    case = case_of(casebook, "support_not_reported").case["discrepancy_id"]
    step = Step(action=Action.RESOLVE, reason="cpli_ended")
    Desk(casebook).act(step, {case: None}, who="a worker")
    page = Page(p1.get("/questions"))
    assert "There are 4 questions" in page.text
    assert "Settled by the council" in Page(p1.get(page.question(NOT_LISTED))).text


def test_what_a_council_wrote_down_with_an_answer_is_not_for_the_provider(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    """Somebody of the council puts on record what the provider said by telephone."""
    case = case_of(casebook, "support_not_reported").case["discrepancy_id"]
    step = Step(action=Action.ANSWER, answer=Answer.OTHER, note="Sounded unsure.", provider_id="P1")
    Desk(casebook).act(step, {case: None}, who="worker@leicester.example")
    page = Page(p1.get(questions.question(NOT_LISTED)))
    assert "Answered on 22 Nov 2026, 09:00 by the council, as you told it: Something else." in (
        page.text
    )
    said = page.html + Page(p1.get("/questions")).html
    assert "unsure" not in said
    assert "worker@" not in said


def test_what_the_council_asks_again_waits_for_an_answer_again(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    address = questions.question(NOT_LISTED)
    p1.post(address, data=Page(p1.get(address)).form(choice="not_ours"))
    case = case_of(casebook, "support_not_reported").case["discrepancy_id"]
    Desk(casebook).act(Step(action=Action.ASK_PROVIDER), {case: None}, who="a worker")
    assert "There are 5 questions" in Page(p1.get("/questions")).text
    assert "Answered on 22 Nov 2026" in Page(p1.get(address)).text


def test_a_question_that_a_night_took_away_is_said_to_be_gone(
    p1: FlaskClient, casebook: Casebook, questions: Page
) -> None:
    address = questions.question(NOT_LISTED)
    sent = Page(p1.get(address)).form(choice="not_ours")
    nights = casebook.notices()
    kept = nights.page("P1")
    assert kept is not None
    said = Notice.from_json(kept.content)
    nights.keep_pages(
        said.as_of + timedelta(1), {"P1": kept.content | {"items": kept.content["items"][2:]}}
    )
    assert p1.post(address, data=sent).location == "/questions"
    assert "nothing to answer about this any more" in Page(p1.get("/questions")).text


@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_question_is_no_page_at_all(
    p1: FlaskClient, p2: FlaskClient, casebook: Casebook, questions: Page, method: str
) -> None:
    """It is as one that does not exist; and the id of a case, which could be guessed, is none."""
    own = Page(p1.get(questions.question(NOT_LISTED))).form(choice="not_ours")
    others = list(Page(p2.get("/questions")).questions().values())
    own_case = case_of(casebook, "support_not_reported").case["discrepancy_id"]
    nobodys = [f"/questions/{'0' * 32}", f"/questions/{own_case}"]
    pages = {
        getattr(p1, method)(address, **({"data": own} if method == "post" else {})).data
        for address in [*others, *nobodys]
    }
    assert len(others) == 5
    assert len({re.sub(rb'value="[^"]*"', b"", page) for page in pages}) == 1
    assert all(b"Page not found" in page for page in pages)
    assert answers(case_of(casebook, "support_not_reported", "P2")) == []


def test_no_page_tells_of_anybody_elses_people(
    p1: FlaskClient, night: Any, questions: Page
) -> None:
    """Of their own, providers see initials, a year of birth and a reference, and no more."""
    addresses = ["/questions", *questions.questions().values(), "/lists", "/notices"]
    whole = "\n".join(Page(p1.get(address)).html for address in addresses)
    others = values_of(night.people["P2"]) - values_of(night.people["P1"])
    assert len(others) > 20
    assert {value for value in others if re.search(rf"\b{value}\b", whole)} == set()
    years = {row["date_of_birth"][:4] for row in night.people["P2"]}
    assert {year for year in years if f"born {year}" in whole} == set()
    names = ("nhs_number", "family_name", "given_name", "date_of_birth")
    own = {row[name] for row in night.people["P1"] for name in names}
    assert {value for value in own if value in whole} == set()


def test_no_address_and_no_title_says_whom_it_is_about(p1: FlaskClient, questions: Page) -> None:
    pages = [Page(p1.get(address)) for address in questions.questions().values()]
    assert all("Z.Z." in page.heading for page in pages)
    said = [page.title for page in pages] + [link for page in pages for link in page.links]
    assert [each for each in said if re.search(r"Z\.?Z|born|ZZMARK|19\d\d", each)] == []


def test_no_page_speaks_in_our_words(p1: FlaskClient, questions: Page) -> None:
    addresses = ["/questions", *questions.questions().values(), "/lists", "/notices"]
    said = {address: JARGON.findall(Page(p1.get(address)).text) for address in addresses}
    assert {address: words for address, words in said.items() if words} == {}


def test_what_somebody_typed_is_shown_as_text(p1: FlaskClient, questions: Page) -> None:
    address = questions.question(NOT_LISTED)
    typed = "<script>alert(1)</script>{{ 7*7 }}"
    p1.post(address, data=Page(p1.get(address)).form(choice="other", comment=typed))
    for page in (Page(p1.get(address)), Page(p1.get("/questions"))):
        assert typed in page.text
        assert "<script>alert" not in page.html


def test_who_looked_and_who_answered_is_on_record(
    app: Flask, casebook: Casebook, user_of: Callable[[str], User]
) -> None:
    user = user_of("P1")
    browser = client_of(app, user)
    address = Page(browser.get("/questions")).question(NOT_LISTED)
    browser.post(address, data=Page(browser.get(address)).form(choice="not_ours"))
    case = case_of(casebook, "support_not_reported").case
    noted = casebook.audit().history_of_user(user.number)
    assert [each.entry.what for each in noted] == [Seen.LIST, Seen.CASE, Seen.ANSWER]
    of_person = casebook.audit().history_of_person(case["local_authority"], case["person_id"])
    assert [each.entry.what for each in of_person][-2:] == [Seen.CASE, Seen.ANSWER]
    assert {each.entry.by.who for each in noted} == {user.email}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROVIDER_USER])
def test_nobody_but_providers_has_these_pages(
    app: Flask, casebook: Casebook, questions: Page, role: Role
) -> None:
    browser = client_of(app, account(casebook, role))
    addresses = ["/questions", questions.question(NOT_LISTED), "/lists", "/lists/1", "/notices"]
    codes = {browser.get(address).status_code for address in [*addresses, "/lists/template"]}
    token = Page(browser.get("/account")).soup.find("input", {"name": "csrf_token"})["value"]
    codes |= {
        browser.post(address, data={"csrf_token": token}).status_code for address in addresses[1:3]
    }
    assert codes == {403}


def test_whoever_has_not_signed_in_is_led_to_do_so(app: Flask, questions: Page) -> None:
    stranger = client_of(app)
    token = Page(stranger.get("/sign-in")).soup.find("input", {"name": "csrf_token"})["value"]
    for address in (questions.question(NOT_LISTED), "/lists"):
        response = stranger.post(address, data={"csrf_token": token})
        assert (response.status_code, response.location) == (302, "/sign-in")
