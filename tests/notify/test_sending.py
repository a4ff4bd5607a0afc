"""An email is sent once under its reference, whatever becomes of requests and answers."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notify.conftest import TIMEOUT, PostboxAt, address_of, place_at
from servers.fhir import Between, Deed, Says, between
from servers.notify import NOTHING, WAITING, Email, Notify, notify

from connectors.notify.faults import Fault, NotifyLater, NotifyRefused
from connectors.notify.postbox import FAILED, WORDS, Postbox, Sent
from connectors.retry import Retry
from schemas.errors import ContractBreach

pytestmark = pytest.mark.server

TO = "notices@sunny-lodge.example.org"
REFERENCE = "P0001/2026-11-20"
GIVEN = {
    "notice_date": "20 November 2026",
    "where": "in your folder on our SFTP server",
    "reply_by": "4 December 2026",
    "reference": REFERENCE,
    "contact": "the care records team, 0116 496 0000",
}
PASSING = [
    Deed.CUT_BEFORE,
    Deed.CUT_AFTER,
    Deed.HALF_AN_ANSWER,
    Deed.SLEEP_INSTEAD,
    Deed.SLEEP_AFTER,
    *(Says(status=status) for status in (408, 425, 429, 500, 502, 503, 504, 520)),
    Says(status=429, headers={"Retry-After": "3"}),
]
STAYING = [
    Deed.NO_HTTP,
    Says(status=200, body="<html>Sign in</html>", content_type="text/html"),
    Says(status=403, body="<html>Blocked</html>", content_type="text/html"),
    Says(status=201, body="null"),
    Says(status=302, headers={"Location": "/elsewhere"}),
]


def send(postbox: Postbox, **changes: object) -> Sent:
    wanted = {"to": TO, "template_id": WAITING, "reference": REFERENCE, "words": GIVEN}
    return postbox.send(**{**wanted, **changes})


def posts(wall: Between) -> int:
    """Count the emails that somebody tried to send."""
    return sum(each.method == "POST" for each in wall.asked)


def earlier(number: int, *, status: str = "created", reference: str = REFERENCE) -> Email:
    """Return an email that Notify knows from before."""
    return Email(
        id=f"00000000-0000-4000-8000-{number:012}",
        to=TO,
        reference=reference,
        template_id=WAITING,
        body="",
        personalisation={},
        status=status,
    )


def test_an_email_is_taken_with_its_words_under_its_reference(
    wall: Between, there: Notify, postbox: Postbox, waits: list[float]
) -> None:
    sent = send(postbox)
    (email,) = there.emails
    assert sent == Sent(id=email.id, status="created", already=False)
    assert (email.to, email.reference, email.template_id) == (TO, REFERENCE, WAITING)
    assert email.personalisation == GIVEN
    assert "20 November 2026" in email.body
    assert [each.method for each in wall.asked] == ["GET", "POST"]
    assert json.loads(wall.asked[1].body).keys() == {
        *("email_address", "template_id", "personalisation", "reference")
    }
    assert waits == []


@pytest.mark.parametrize("status", ["created", "sending", "delivered", "pending", "new-to-us"])
def test_what_stands_is_not_sent_again(there: Notify, postbox: Postbox, status: str) -> None:
    first = send(postbox)
    there.emails[0].status = status
    for _ in range(2):
        assert send(postbox) == Sent(id=first.id, status=status, already=True)
    assert len(there.emails) == 1


def test_another_run_knows_what_stands(
    there: Notify, postbox: Postbox, postbox_at: PostboxAt
) -> None:
    first = send(postbox)
    again = send(postbox_at(there.base_url), template_id=NOTHING)
    assert (again.id, again.already, len(there.emails)) == (first.id, True, 1)


@pytest.mark.parametrize("status", sorted(FAILED))
def test_what_did_not_arrive_is_sent_again_by_the_next_call(
    there: Notify, postbox: Postbox, status: str
) -> None:
    first = send(postbox)
    there.emails[0].status = status
    second = send(postbox)
    assert (second.already, second.status) == (False, "created")
    assert [each.id for each in there.emails] == [first.id, second.id]
    assert send(postbox) == Sent(id=second.id, status="created", already=True)


def test_other_references_and_other_kinds_do_not_count(
    wall: Between, there: Notify, postbox: Postbox
) -> None:
    listed = there.remembered(earlier(1, reference=f"{REFERENCE}0"))
    text = {**there.remembered(earlier(2)), "type": "sms"}
    wall.plan = [Says(body={"notifications": [listed, text], "links": {}})]
    assert not send(postbox).already
    assert len(there.emails) == 1


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 250])
def test_pages_are_turned(there: Notify, postbox: Postbox, page_size: int) -> None:
    there.page_size = page_size
    there.emails += [earlier(0)]
    there.emails += [earlier(number, status="permanent-failure") for number in range(1, 6)]
    assert send(postbox).id == there.emails[0].id
    there.emails[0].status = "technical-failure"
    sent = send(postbox)
    assert (sent.id, sent.already, len(there.emails)) == (there.emails[-1].id, False, 7)


def test_a_page_that_does_not_turn_is_no_notify(
    wall: Between, there: Notify, postbox: Postbox
) -> None:
    page = {
        "notifications": [there.remembered(earlier(1, status="permanent-failure"))],
        "links": {"next": "/next"},
    }
    wall.behaves = Says(body=page)
    with pytest.raises(NotifyRefused) as refused:
        send(postbox)
    assert (refused.value.fault, len(wall.asked)) == (Fault.NOT_NOTIFY, 2)


@pytest.mark.parametrize("which", ["asking", "sending"])
@pytest.mark.parametrize("deed", PASSING, ids=str)
def test_a_fault_that_passes_is_over_within_one_call(
    wall: Between,
    there: Notify,
    postbox: Postbox,
    waits: list[float],
    which: str,
    deed: str | Says,
) -> None:
    wall.plan = [Deed.PASS_ON, deed] if which == "sending" else [deed]
    sent = send(postbox)
    assert (len(there.of(REFERENCE)), sent.already) == (1, False)
    assert sent.id == there.emails[0].id
    assert waits[0] == 1.0
    taken = deed in [Deed.CUT_AFTER, Deed.HALF_AN_ANSWER, Deed.SLEEP_AFTER]
    assert posts(wall) == (1 if which == "asking" or taken else 2)


@pytest.mark.parametrize("deed", PASSING, ids=str)
def test_after_the_last_try_the_next_run_goes_on(
    wall: Between, there: Notify, postbox: Postbox, waits: list[float], deed: str | Says
) -> None:
    wall.behaves = deed
    with pytest.raises(NotifyLater) as later:
        send(postbox)
    assert later.value.soon
    assert len(wall.asked) == 4
    assert [wait for wait in waits if wait in {1.0, 2.0, 4.0}] == [1.0, 2.0, 4.0]
    wall.behaves = Deed.PASS_ON
    assert not send(postbox).already
    assert len(there.emails) == 1


def test_what_is_taken_only_after_our_time_out_is_waited_for(wall: Between, there: Notify) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if seconds == TIMEOUT:
            wall.give_up()

    wall.plan = [Deed.PASS_ON, Deed.LATE]
    with Postbox(place_at(address_of(wall)), retry=Retry(jitter=0.0, sleep=wait)) as postbox:
        sent = send(postbox)
    assert (sent.id, sent.already, len(there.emails)) == (there.emails[0].id, False, 1)
    assert (waits, posts(wall)) == ([1.0, TIMEOUT], 1)


def test_one_that_fails_at_once_while_its_answer_is_lost_is_not_sent_twice_in_one_call(
    wall: Between, there: Notify, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.emails.append(earlier(1, status="permanent-failure"))
    remembered = there.remembered

    def failed(email: Email) -> dict[str, object]:
        return {**remembered(email), "status": "permanent-failure"}

    monkeypatch.setattr(there, "remembered", failed)
    wall.plan = [Deed.PASS_ON, Deed.PASS_ON, Deed.CUT_AFTER]
    sent = send(postbox)
    assert (sent.id, sent.status) == (there.emails[1].id, "permanent-failure")
    assert (sent.already, len(there.emails)) == (False, 2)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("3", [3.0]), ("120", [120.0]), ("0", []), ("soon", []), ("-1", []), ("121", None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_notify_is_left_in_peace_for_as_long_as_it_asks(
    wall: Between,
    there: Notify,
    postbox: Postbox,
    waits: list[float],
    asked: str,
    expected: list[float] | None,
    status: int,
) -> None:
    wall.plan = [Deed.PASS_ON, Says(status=status, headers={"Retry-After": asked})]
    if expected is None:
        with pytest.raises(NotifyLater) as later:
            send(postbox)
        assert (later.value.soon, later.value.fault, waits) == (False, Fault.BUSY, [])
        assert not send(postbox).already
        assert waits == []
    else:
        assert not send(postbox).already
        assert waits == [1.0, *expected]
    assert len(there.emails) == 1


@pytest.mark.parametrize("reference", ["", " ", "a b", "\n", "a\n", "é", "x" * 201])
def test_without_a_plain_reference_nobody_is_asked(
    wall: Between, postbox: Postbox, reference: str
) -> None:
    with pytest.raises(ContractBreach, match="its reference is empty"):
        send(postbox, reference=reference)
    assert wall.asked == []


def test_words_that_are_none_of_ours_are_never_sent(wall: Between, postbox: Postbox) -> None:
    with pytest.raises(ContractBreach, match="1 of its words are none of ours") as breach:
        send(postbox, words={**GIVEN, "Margaret": "Margaret"})
    assert "Margaret" not in str(breach.value)
    assert (wall.asked, GIVEN.keys()) == ([], WORDS)


@pytest.fixture(scope="module")
def drawn() -> Iterator[tuple[Notify, Between]]:
    """Run Notify, and what misbehaves before it, for all that is drawn."""
    with notify() as there, between(there) as wall:
        yield there, wall


NUMBER = iter(range(1_000_000))
SCRIPTS = st.lists(
    st.sampled_from([Deed.PASS_ON, Deed.PASS_ON, Deed.LATE, *PASSING, *STAYING]), max_size=12
)


@settings(max_examples=50)
@given(script=SCRIPTS, runs=st.integers(1, 4), emails=st.integers(1, 3))
def test_however_faults_are_interleaved_each_reference_is_accepted_once(
    drawn: tuple[Notify, Between], script: list[str | Says], runs: int, emails: int
) -> None:
    there, wall = drawn
    references = [f"P{next(NUMBER):06}" for _ in range(emails)]
    wall.plan = list(script)

    def wait(seconds: float) -> None:
        if seconds == 0.1:
            wall.give_up()

    def night() -> list[Sent]:
        sent = []
        retry = Retry(tries=3, jitter=0.0, sleep=wait)
        place = place_at(address_of(wall), timeout_seconds=0.1)
        with Postbox(place, retry=retry) as postbox:
            for reference in references:
                with suppress(NotifyLater, NotifyRefused):  # the next night goes on
                    sent.append(send(postbox, reference=reference))
                assert len(there.of(reference)) <= 1
        wall.give_up()
        assert all(len(there.of(reference)) <= 1 for reference in references)
        return sent

    for _ in range(runs):
        night()
    wall.plan = []
    sent = night()
    assert [each.id for each in sent] == [there.of(each)[0].id for each in references]
    assert all(len(there.of(reference)) == 1 for reference in references)
