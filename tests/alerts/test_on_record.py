"""An event begins once and is over once, whichever nights are run, and in whichever order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from alerts.said import LEAD, NIGHT, NOW, OPS

from casebook.alerts import (
    NEWS_FOR,
    AlertChannel,
    AlertKind,
    AlertMessage,
    Alerts,
    AlertTurn,
    Condition,
    Recipient,
)
from casebook.store import Casebook

RUTLAND, LEICESTER = "E06000017", "E06000016"
AWAY = (AlertKind.NOT_ASSESSED, RUTLAND)
LOG = Recipient(channel=AlertChannel.LOG)
TO_OPS = Recipient(channel=AlertChannel.EMAIL, address=OPS)
TO_LEAD = Recipient(channel=AlertChannel.EMAIL, address=LEAD)
HOOK = Recipient(channel=AlertChannel.WEBHOOK)


@pytest.fixture
def alerts(url: str) -> Alerts:
    return Casebook.open(url).alerts()


def later(days: int) -> date:
    return NIGHT + timedelta(days=days)


def away(night: date = NIGHT, owner: str = RUTLAND) -> Condition:
    return Condition(kind=AlertKind.NOT_ASSESSED, owner=owner, night=night, text="It did not come.")


def night(
    alerts: Alerts,
    day: int = 0,
    *owners: str,
    judged: tuple[str, ...] = (RUTLAND, LEICESTER),
    to: tuple[Recipient, ...] = (TO_OPS,),
    now: datetime | None = None,
) -> None:
    """Heed a night on which some councils were not assessed."""
    alerts.heed(
        [away(later(day), owner) for owner in owners],
        {(AlertKind.NOT_ASSESSED, owner) for owner in judged},
        as_of=later(day),
        now=now or NOW + timedelta(days=day),
        recipients=to,
    )


def send_all(alerts: Alerts, now: datetime = NOW) -> list[str]:
    """Note that all that waits was sent, and return what that was."""
    told = []
    for _ in AlertTurn:
        for message in alerts.waiting(now=now):
            told.append(said(message))
            alerts.sent(message)
    return told


def said(message: AlertMessage) -> str:
    return f"{message.alert.owner} {message.turn} {message.to.address or message.to.channel}"


def standing(alerts: Alerts) -> list[tuple[date, date, date | None]]:
    return [(row.night, row.last_night, row.recovered_on) for row in alerts.alerts()]


def test_an_event_is_told_once_however_long_it_lasts_and_once_when_it_is_over(
    alerts: Alerts,
) -> None:
    told = []
    for day in (0, 0, 1, 2):
        night(alerts, day, RUTLAND)
        told += send_all(alerts)
    assert told == [f"{RUTLAND} raised {OPS}"]
    assert standing(alerts) == [(later(0), later(2), None)]
    night(alerts, 3)
    assert send_all(alerts) == [f"{RUTLAND} recovered {OPS}"]
    night(alerts, 3)
    assert send_all(alerts) == []
    assert standing(alerts) == [(later(0), later(2), later(3))]


def test_the_next_time_is_another_event(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND)
    night(alerts, 1)
    night(alerts, 2, RUTLAND)
    assert standing(alerts) == [(later(0), later(0), later(1)), (later(2), later(2), None)]
    assert len({row.reference for row in alerts.alerts()}) == 2


def test_a_night_that_is_run_again_can_mend_itself_and_break_again(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND)
    night(alerts, 0)
    night(alerts, 0, RUTLAND)
    assert [row.recovered_on for row in alerts.alerts()] == [NIGHT, None]


def test_an_older_night_says_nothing_against_a_later_one(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND)
    night(alerts, 1, RUTLAND)
    night(alerts, 0)
    assert standing(alerts) == [(later(0), later(1), None)]
    night(alerts, 2)
    night(alerts, 1, RUTLAND)
    assert standing(alerts) == [(later(0), later(1), later(2))]


def test_what_a_night_does_not_judge_stays_as_it_is(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND, LEICESTER)
    night(alerts, 1, judged=(LEICESTER,))
    assert [(row.owner, row.is_open) for row in alerts.alerts()] == [
        (RUTLAND, True),
        (LEICESTER, False),
    ]


def test_each_recipient_is_told_by_itself(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND, to=(LOG, TO_OPS, TO_LEAD, HOOK))
    assert len(alerts.waiting(now=NOW)) == 4
    to_ops = next(it for it in alerts.waiting(now=NOW) if it.to == TO_OPS)
    alerts.not_sent(to_ops, trouble="The mail server is down.")
    alerts.sent(next(it for it in alerts.waiting(now=NOW) if it.to == TO_LEAD))
    left = {it.to: (it.attempts, it.trouble) for it in alerts.waiting(now=NOW)}
    assert left == {TO_OPS: (1, "The mail server is down."), LOG: (0, None), HOOK: (0, None)}
    night(alerts, 1, to=(LOG, TO_OPS, TO_LEAD, HOOK))
    over = [it.to for it in alerts.waiting(now=NOW) if it.turn is AlertTurn.RECOVERED]
    assert over == [TO_LEAD]  # the others hear first that it had begun
    assert send_all(alerts)[-1] == f"{RUTLAND} recovered webhook"
    assert len(alerts.messages()) == 8
    assert alerts.waiting(now=NOW) == []


def test_a_message_that_was_sent_stays_sent(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND)
    [message] = alerts.waiting(now=NOW)
    alerts.sent(message)
    alerts.not_sent(message, trouble="too late")
    [noted] = alerts.messages()
    assert (noted.attempts, noted.trouble) == (1, None)
    assert noted.sent_at is not None
    assert noted.sent_at.tzinfo is UTC


def test_whoever_comes_in_another_ones_place_is_told_what_is_open(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND)
    night(alerts, 1, RUTLAND, to=(TO_LEAD,))
    assert send_all(alerts) == [f"{RUTLAND} raised {LEAD}"]
    night(alerts, 2, to=(TO_LEAD, TO_OPS))
    assert send_all(alerts) == [f"{RUTLAND} recovered {LEAD}"]
    night(alerts, 3, RUTLAND)
    send_all(alerts)
    night(alerts, 4, RUTLAND, to=(TO_LEAD,))
    night(alerts, 5, RUTLAND)
    assert send_all(alerts) == []  # whoever is back knows what it was told


def test_what_waits_for_a_channel_that_is_not_set_up_just_now_goes_on_waiting(
    alerts: Alerts,
) -> None:
    night(alerts, 0, RUTLAND)
    night(alerts, 1, to=(LOG,))
    assert [said(it) for it in alerts.waiting(now=NOW)] == [f"{RUTLAND} raised {OPS}"]
    night(alerts, 2)
    assert send_all(alerts) == [f"{RUTLAND} raised {OPS}", f"{RUTLAND} recovered {OPS}"]


def test_nobody_is_told_of_what_is_long_over_but_always_of_what_lasts(alerts: Alerts) -> None:
    night(alerts, 0, RUTLAND, LEICESTER)
    night(alerts, 1, LEICESTER, now=NOW)
    long = NOW + NEWS_FOR + timedelta(seconds=1)
    assert {it.alert.owner for it in alerts.waiting(now=NOW + NEWS_FOR)} == {LEICESTER}
    assert [it.alert.owner for it in alerts.waiting(now=NOW)] == [RUTLAND, LEICESTER]
    night(alerts, 16, LEICESTER, to=(TO_OPS, TO_LEAD), now=long)
    assert {it.alert.owner for it in alerts.waiting(now=long)} == {LEICESTER}
