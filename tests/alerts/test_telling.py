"""People are told by a real mail server and webhook, once, whatever fails in between."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alerts.said import LEAD, NIGHT, NOW, OPS, email, settings, webhook
from servers.certificate import Certificate
from servers.fhir import Between, Deed, Says
from servers.mail import MailServer

from casebook.alerts import AlertChannel, AlertKind, Condition
from casebook.store import Casebook
from flows import alerts as flow
from flows.alerts import Conditions, tell
from flows.outcome import Alerted
from schemas.errors import TryAgainLater
from settings.settings import Settings

pytestmark = pytest.mark.server

RUTLAND = "E06000017"
QUOTING = "Margaret Example, born 1941-02-03, 999 000 0018"
AWAY = Condition(
    kind=AlertKind.NOT_ASSESSED, owner=RUTLAND, night=NIGHT, text="Its extract did not come."
)
JUDGED = frozenset({AWAY.key})


@pytest.fixture(autouse=True)
def _at_once(waits: list[float]) -> None:
    """Wait for nobody."""


@pytest.fixture
def casebook(url: str) -> Casebook:
    return Casebook.open(url)


@pytest.fixture
def both(mail: MailServer, hook: Between, certificate: Certificate) -> Settings:
    """Settings of a mail server and a webhook."""
    return settings(email=email(mail, certificate), webhook=webhook(hook))


def night(casebook: Casebook, settings: Settings, day: int = 0, *, away: bool) -> Alerted:
    """Tell of a night on which Rutland was away, or not."""
    as_of = NIGHT + timedelta(days=day)
    holding = (replace(AWAY, night=as_of),) if away else ()
    conditions = Conditions(holding=holding, judged=JUDGED)
    return tell(casebook, settings, conditions, as_of=as_of, now=NOW + timedelta(days=day))


def posted(hook: Between) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in hook.asked]


def test_one_mail_and_one_post_when_it_begins_none_while_it_lasts_one_when_it_is_over(
    casebook: Casebook,
    both: Settings,
    mail: MailServer,
    hook: Between,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", logger="cpli"):
        assert night(casebook, both, away=True) == Alerted(sent=3)
        for day in (0, 1):
            assert night(casebook, both, day, away=True) == Alerted()
        assert night(casebook, both, 2, away=False) == Alerted(sent=3)
        assert night(casebook, both, 2, away=False) == Alerted()
    begun, over = mail.mails
    assert {*begun.recipients} == {*over.recipients} == {OPS, LEAD}
    assert begun.message["Subject"] == "Rutland was not assessed on the night of 20 November 2026"
    assert "Its extract did not come." in begun.text
    assert over.message["Subject"] == "Rutland is assessed again: night of 22 November 2026"
    assert over.message["In-Reply-To"] == begun.message["Message-ID"]
    assert [(it["event"], it["kind"], it["owner"], it["night"]) for it in posted(hook)] == [
        ("raised", "not_assessed", RUTLAND, "2026-11-20"),
        ("recovered", "not_assessed", RUTLAND, "2026-11-20"),
    ]
    lines = [(it.levelname, it.getMessage()) for it in caplog.records if it.name == "cpli"]
    assert [level for level, _ in lines] == ["WARNING", "INFO"]
    assert lines[0][1].startswith("Alert: Rutland was not assessed on the night of 20 November")
    assert lines[1][1].startswith("Alert over: Rutland is assessed again")


def test_what_could_not_be_sent_goes_with_the_next_run_and_the_rest_is_not_sent_twice(
    casebook: Casebook, both: Settings, mail: MailServer, hook: Between
) -> None:
    hook.behaves = Says(status=500, body=QUOTING)
    alerted = night(casebook, both, away=True)
    assert (alerted.sent, alerted.waiting) == (2, 1)
    assert [it[:10] for it in alerted.troubles] == ["The webhoo"]
    assert "Margaret" not in repr(alerted)
    hook.behaves = Says(status=204)
    assert night(casebook, both, away=True) == Alerted(sent=1)
    assert len(mail.mails) == 1
    assert len({it.headers["idempotency-key"] for it in hook.asked}) == 1


def test_that_it_is_over_is_told_after_that_it_had_begun(
    casebook: Casebook, both: Settings, mail: MailServer, hook: Between
) -> None:
    hook.behaves = Deed.CUT_BEFORE
    night(casebook, both, away=True)
    night(casebook, both, 1, away=False)
    hook.behaves, hook.asked = Says(status=204), []
    assert night(casebook, both, 2, away=False) == Alerted(sent=2)
    assert [it["event"] for it in posted(hook)] == ["raised", "recovered"]


def test_a_recipient_that_is_refused_waits_until_somebody_corrects_it(
    casebook: Casebook, both: Settings, mail: MailServer, certificate: Certificate, hook: Between
) -> None:
    mail.says = {OPS: f"550 5.1.1 {QUOTING}"}
    alerted = night(casebook, both, away=True)
    assert (alerted.sent, alerted.waiting) == (2, 1)
    [trouble] = alerted.troubles
    assert "Correct the address in the configuration" in trouble
    assert "Margaret" not in repr(alerted)
    corrected = settings(
        email=email(mail, certificate, recipients=("desk@example.org", LEAD)), webhook=webhook(hook)
    )
    assert night(casebook, corrected, away=True) == Alerted(sent=1)
    assert [it.recipients for it in mail.mails] == [(LEAD,), ("desk@example.org",)]


def test_a_message_that_is_refused_holds_no_other_one_up(
    casebook: Casebook, both: Settings, hook: Between
) -> None:
    hook.plan = [Says(status=400, body=QUOTING)]
    other = replace(AWAY, owner="E06000016")
    conditions = Conditions(holding=(AWAY, other), judged=frozenset())
    alerted = tell(casebook, both, conditions, as_of=NIGHT, now=NOW)
    assert (alerted.sent, alerted.waiting, len(hook.asked)) == (5, 1, 2)


def test_a_server_that_is_down_is_not_asked_for_each_message(
    casebook: Casebook, both: Settings, hook: Between
) -> None:
    hook.behaves = Deed.CUT_BEFORE
    other = replace(AWAY, owner="E06000016")
    conditions = Conditions(holding=(AWAY, other), judged=frozenset())
    alerted = tell(casebook, both, conditions, as_of=NIGHT, now=NOW)
    assert (alerted.sent, alerted.waiting, len(hook.asked)) == (4, 2, 4)


def test_what_waits_for_a_channel_that_is_gone_says_so(
    casebook: Casebook, both: Settings, mail: MailServer
) -> None:
    mail.says = {"MAIL": "451 4.3.0 not now"}
    night(casebook, both, away=True)
    alerted = night(casebook, settings(), 1, away=True)
    assert alerted.waiting == 2
    assert alerted.troubles == (flow.NOT_SET_UP.format(channel="email"),)


def test_killed_between_sending_and_noting_the_same_message_goes_again(
    casebook: Casebook, both: Settings, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if not child:  # it dies with the first mail sent, and not noted
        send = flow._mail
        monkeypatch.setattr(flow, "_mail", lambda *a, **k: (send(*a, **k), os._exit(9)))
        night(casebook, both, away=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(mail.mails) == 1
    assert night(casebook, both, away=True) == Alerted(sent=3)
    assert night(casebook, both, away=True) == Alerted()
    assert len(mail.mails) == 2
    assert len({it.message["Message-ID"] for it in mail.mails}) == 1


def test_whoever_sends_just_now_is_waited_for(
    casebook: Casebook, both: Settings, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "PATIENCE_SECONDS", 0)
    with casebook.alerts().hold(wait_seconds=0):
        assert night(casebook, both, away=True) == Alerted(waiting=4)
    assert mail.mails == []
    assert night(casebook, both, away=True) == Alerted(sent=3)


@pytest.fixture
def forgetful(casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Casebook]:
    """A record that cannot be written just now."""

    def refuse(*_: object, **__: object) -> None:
        raise TryAgainLater("The record of nights is in use by another program.")

    with monkeypatch.context() as patch:
        patch.setattr("casebook.alerts.Alerts.heed", refuse)
        yield casebook


def test_what_cannot_be_remembered_is_told_all_the_same(
    forgetful: Casebook, both: Settings, mail: MailServer, hook: Between
) -> None:
    alerted = night(forgetful, both, away=True)
    assert alerted.sent == 3
    assert alerted.troubles == ("The record of nights is in use by another program.",)
    [taken] = mail.mails
    assert "could not be remembered" in taken.text
    night(forgetful, both, away=True)
    assert len({it["id"] for it in posted(hook)}) == 1  # whoever has it twice can tell


def test_an_error_of_ours_on_the_way_quotes_nobody(
    casebook: Casebook, both: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(QUOTING)

    monkeypatch.setattr(flow, "_post", fail)
    alerted = night(casebook, both, away=True)
    assert alerted.waiting == 1
    assert "KeyError at" in alerted.troubles[0]
    assert "Margaret" not in repr(alerted) + repr(casebook.alerts().messages())


def test_every_kind_has_its_words() -> None:
    assert {kind for kind, _ in flow.TITLES} == set(AlertKind)
    assert len(flow.TITLES) == 2 * len(AlertKind)
    assert set(AlertChannel) == {"log", "email", "webhook"}
