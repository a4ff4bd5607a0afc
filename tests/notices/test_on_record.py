"""What providers are told, on record: who comes first, what never goes, and what is forgotten."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from notices.site import FRIDAY, SATURDAY, draft, notice
from servers import postgres

from casebook.notices import (
    Address,
    AnswersNoted,
    EmailState,
    NewNotice,
    NoticeRow,
    Notices,
    NoticeState,
)
from casebook.purge import Retention
from casebook.store import Casebook
from publishing.notices.facts import Notice
from schemas.errors import PersonNeeded, TryAgainLater

ROOT = Path(__file__).resolve().parents[2]
TO = "somebody@sunny-lodge.example.org"
HOLDING = """
import sys, time
from casebook.store import Casebook
with Casebook.open(sys.argv[1]).notices().hold(wait_seconds=0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with postgres.for_tests() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Name an empty database, of either kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'casebook.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgres.empty_database(server) as made:
            yield made


@pytest.fixture
def casebook(url: str) -> Casebook:
    return Casebook.open(url)


@pytest.fixture
def notices(casebook: Casebook) -> Notices:
    return casebook.notices()


def of(provider: str, *, after: int = 0, night: date = FRIDAY, **changes: object) -> NewNotice:
    """Return a draft that goes to a folder and is told of by email."""
    said = notice(provider, name=str(night), as_of=night)
    return draft(said, after=after, **{"email_to": TO, **changes})


def states(notices: Notices) -> list[tuple[str, str, str]]:
    return [(row.reference, row.state.value, row.email_state.value) for row in notices.notices()]


def test_notices_are_numbered_in_their_order_and_read_back_as_they_were(notices: Notices) -> None:
    first = replace(of("P1"), found={"E06000016": "f"}, left_out=("-", "E06000017"))
    rows = notices.issue([first, of("P2", place=None)])
    assert [row.number for row in rows] == [1, 2]
    assert notices.issue([of("P3")])[0].number == 3
    one, two, _ = notices.notices()
    assert (one, two) == (*rows,)
    for name in (
        "provider_id",
        "as_of",
        "name",
        "reference",
        "cases",
        "found",
        "asked",
        "left_out",
    ):
        assert getattr(one, name) == getattr(first, name), name
    assert one.made_at.utcoffset() == timedelta(0)
    assert (one.attempts, one.trouble, one.delivered_at, one.emailed_at) == (0, None, None, None)
    assert Notice.from_json(notices.content(1)) == notice("P1")
    assert notices.email_to(1) == TO
    assert TO not in repr(first)
    assert notices.notices(as_of=SATURDAY) == []
    assert notices.notices(provider_id="P2") == [two]
    assert notices.latest() == {"P1": one, "P2": two, "P3": notices.notices()[2]}


@pytest.mark.parametrize(
    ("place", "email_to", "state", "email_state"),
    [
        ("folders", TO, NoticeState.WAITING, EmailState.WAITING),
        ("folders", None, NoticeState.WAITING, EmailState.NONE),
        (None, None, NoticeState.KEPT, EmailState.NONE),
        (None, TO, NoticeState.KEPT, EmailState.NONE),
    ],
)
def test_nobody_is_written_to_of_a_notice_that_goes_nowhere(
    notices: Notices, place: str, email_to: str, state: NoticeState, email_state: EmailState
) -> None:
    (row,) = notices.issue([of("P1", place=place, email_to=email_to)])
    assert (row.state, row.email_state) == (state, email_state)
    assert notices.email_to(1) == (TO if email_state is EmailState.WAITING else None)
    assert notices.unfinished() == ([row] if state is NoticeState.WAITING else [])


def test_a_notice_made_without_knowing_the_last_one_does_not_come_to_be(notices: Notices) -> None:
    (first,) = notices.issue([of("P1")])
    assert notices.issue([of("P1", night=SATURDAY)]) == []
    made = notices.issue([of("P1", night=SATURDAY, after=7), of("P2")])
    assert [row.provider_id for row in made] == ["P2"]
    assert notices.latest()["P1"] == first
    assert notices.issue([of("P1", night=SATURDAY, after=first.number)]) != []


def test_of_two_runs_that_meet_only_one_tells_a_provider(url: str) -> None:
    Casebook.open(url)
    meeting = threading.Barrier(4)
    came: list[list[NoticeRow]] = [[] for _ in range(4)]

    def issue(runner: int) -> None:
        mine = Casebook.open(url).notices()
        for number in range(8):
            provider = f"P{number}"
            made = replace(of(provider), reference=f"{provider}-of-{runner}")
            meeting.wait(30)
            came[runner] += mine.issue([made])

    threads = [threading.Thread(target=issue, args=(runner,)) for runner in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Casebook.open(url).notices().notices()
    assert [row.provider_id for row in rows] == [f"P{number}" for number in range(8)]
    assert sorted(row.number for each in came for row in each) == [row.number for row in rows]


def test_what_waits_never_goes_once_a_later_notice_is_made(notices: Notices) -> None:
    notices.issue([of(provider) for provider in ("P1", "P2", "P3", "P4")])
    notices.delivered(2)
    notices.delivered(3)
    notices.emailed(3)
    notices.issue([of(f"P{number}", night=SATURDAY, after=number) for number in (1, 2, 3)])
    assert states(notices)[:4] == [
        ("P1-2026-11-20", "superseded", "superseded"),
        ("P2-2026-11-20", "delivered", "superseded"),
        ("P3-2026-11-20", "delivered", "sent"),
        ("P4-2026-11-20", "waiting", "waiting"),
    ]
    assert [notices.email_to(number) for number in range(1, 8)] == [None, None, None, *[TO] * 4]
    assert [row.number for row in notices.unfinished()] == [4, 5, 6, 7]
    before = notices.notices()
    for number in (1, 2):  # whoever had them in hand comes too late
        notices.delivered(number)
        notices.not_delivered(number, trouble="a trouble")
        notices.emailed(number)
        notices.not_emailed(number, trouble="a trouble")
    assert notices.notices() == before


def test_tries_are_counted_until_one_succeeds(notices: Notices) -> None:
    notices.issue([of("P1"), of("P2")])
    notices.not_delivered(1, trouble="The folder is full.")
    notices.not_delivered(1, trouble="The folder is closed.")
    row, other = notices.notices()
    assert (row.attempts, row.trouble, row.state) == (
        2, "The folder is closed.", NoticeState.WAITING,
    )  # fmt: skip
    assert (other.attempts, other.trouble) == (0, None)
    notices.delivered(1)
    notices.not_emailed(1, trouble="It is down.")
    (row, _) = notices.notices()
    assert (row.attempts, row.trouble, row.email_trouble) == (3, None, "It is down.")
    assert row.delivered_at >= row.made_at
    notices.emailed(1)
    (row, _) = notices.notices()
    assert (row.email_state, row.email_trouble) == (EmailState.SENT, None)
    assert row.emailed_at >= row.delivered_at
    assert notices.email_to(1) is None
    before = notices.notices()
    notices.delivered(1)
    notices.emailed(1)
    assert notices.notices() == before


def test_what_waits_goes_where_its_provider_is_served_by_now(notices: Notices) -> None:
    gone, moved, rewritten, stays = "P1", "P2", "P3", "P4"
    notices.issue([of(provider) for provider in (gone, moved, rewritten, stays, "P5")])
    for number in (3, 5):
        notices.delivered(number)
    notices.not_delivered(2, trouble="The place is gone.")
    notices.not_delivered(4, trouble="The place is full.")
    notices.not_emailed(3, trouble="It is no address.")
    notices.readdress(
        {
            moved: Address(place="elsewhere", email_to="new@example.org"),
            rewritten: Address(place="elsewhere", email_to="new@example.org"),
            stays: Address(place="folders", email_to=TO),
            "P5": Address(place="folders"),
        }
    )
    rows = notices.notices()
    assert [(row.state.value, row.place, row.trouble, row.email_state.value) for row in rows] == [
        ("kept", None, None, "none"),
        ("waiting", "elsewhere", None, "waiting"),
        ("delivered", "folders", None, "waiting"),
        ("waiting", "folders", "The place is full.", "waiting"),
        ("delivered", "folders", None, "none"),
    ]
    assert [notices.email_to(row.number) for row in rows] == [
        None, "new@example.org", "new@example.org", TO, None,
    ]  # fmt: skip
    notices.readdress({moved: Address(email_to=TO), stays: Address(place="folders", email_to=TO)})
    assert [row.place for row in notices.unfinished()] == [None, "folders"]
    assert notices.email_to(3) is None


def test_the_latest_notice_that_had_nowhere_to_go_goes_once_its_provider_has_a_place(
    notices: Notices,
) -> None:
    notices.issue([of("P1", place=None), of("P2", place=None)])
    notices.issue([of("P1", place=None, night=SATURDAY, after=1)])
    notices.readdress({"P1": Address(), "P2": Address()})
    assert notices.unfinished() == []
    notices.readdress({"P1": Address(place="folders", email_to=TO), "P2": Address()})
    (row,) = notices.unfinished()
    assert (row.number, row.state.value, row.place) == (3, "waiting", "folders")
    assert notices.email_to(3) == TO
    notices.delivered(3)
    notices.emailed(3)
    notices.readdress({"P1": Address(place="elsewhere", email_to=TO), "P2": Address()})
    assert notices.unfinished() == []


def test_what_a_notice_says_is_forgotten_in_time_and_the_rest_stays(
    casebook: Casebook, notices: Notices
) -> None:
    notices.issue([of("P1"), of("P2", place=None), of("P3", night=SATURDAY)])
    before = notices.notices()
    retention = Retention(closed_cases_days=10, nights_days=10)
    on = FRIDAY + timedelta(10)
    casebook.purge(retention, on=on, dry_run=False)
    assert notices.content(1)["provider_id"] == "P1"
    casebook.purge(retention, on=on + timedelta(1))
    assert notices.content(1)["provider_id"] == "P1"
    casebook.purge(retention, on=on + timedelta(1), dry_run=False)
    for number in (1, 2):
        with pytest.raises(PersonNeeded, match="has been purged"):
            notices.content(number)
        assert notices.email_to(number) is None
    assert notices.content(3)["provider_id"] == "P3"
    assert notices.email_to(3) == TO
    assert notices.notices() == before


def noted(provider: str, sha256: str = "a" * 64, **changes: object) -> AnswersNoted:
    facts = {
        "as_of": FRIDAY,
        "notice_date": FRIDAY,
        "file": "answers/?.xlsx",
        "usable": True,
        "taken": 1,
        "refused": 1,
        "refusals": [{"row": 2, "rule": "not_as_sent", "column": None}],
        "receipt": "1 answer taken.",
    }
    return AnswersNoted(sha256=sha256, provider_id=provider, **{**facts, **changes})


def test_a_workbook_of_answers_is_remembered_for_its_provider_alone(notices: Notices) -> None:
    first = noted("P1")
    assert not notices.answered(first.sha256, provider_id="P1")
    notices.note_answers(first)
    notices.note_answers(noted("P1", as_of=SATURDAY, taken=7))
    assert notices.answered(first.sha256, provider_id="P1")
    assert not notices.answered(first.sha256, provider_id="P2")
    assert not notices.answered("b" * 64, provider_id="P1")
    other, by_hand = noted("P2"), noted("P3", as_of=None, notice_date=None)
    for each in (other, by_hand):
        notices.note_answers(each)
    assert notices.answers(FRIDAY) == [first, other]
    assert notices.answers(SATURDAY) == []


def test_only_one_carries_and_whoever_is_killed_holds_nothing(url: str) -> None:
    notices = Casebook.open(url).notices()
    theirs = Casebook.open(url).notices()
    with (
        notices.hold(wait_seconds=0),
        pytest.raises(TryAgainLater),
        theirs.hold(wait_seconds=0),
    ):
        pytest.fail("both held it")
    with notices.hold(wait_seconds=0), Casebook.open(url).hold(FRIDAY, wait_seconds=0):
        pass  # a night goes on meanwhile
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDING, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert other.stdout
    assert other.stdout.readline() == "held\n"
    with pytest.raises(TryAgainLater), notices.hold(wait_seconds=0):
        pytest.fail("both held it")
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=30)
    with notices.hold(wait_seconds=10):
        pass
