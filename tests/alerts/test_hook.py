"""A message is posted under the same key however often, and nothing is sent where it must not."""

import json
import logging
from collections.abc import Callable

import pytest
from alerts.said import TELLING, TOKEN, webhook
from servers.certificate import HOST, Certificate
from servers.fhir import Between, Deed, Says, between

from connectors.alerts.faults import PASSING, AlertLater, AlertRefused, Fault
from connectors.alerts.hook import Hook

pytestmark = pytest.mark.server

QUOTING = "Margaret Example 999 000 0018"


@pytest.fixture(autouse=True)
def _at_once(waits: list[float]) -> None:
    """Wait for nobody."""


def post(hook: Between, **changes: object) -> None:
    place = webhook(hook, **changes).place()
    assert place is not None
    Hook(place).post(TELLING)


def fault_of(step: Callable[[], object]) -> Fault:
    """Return what a step ends with; nothing of the webhook may be in its chain."""
    with pytest.raises((AlertLater, AlertRefused)) as caught:
        step()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not [each for each in ("Margaret", TOKEN, "a-secret-path") if each in repr(caught.value)]
    return caught.value.fault


def test_a_message_is_posted_with_its_key_and_our_token(hook: Between) -> None:
    post(hook)
    [asked] = hook.asked
    assert (asked.method, asked.path) == ("POST", "/a-secret-path")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["idempotency-key"] == "5ea1.raised"
    assert json.loads(asked.body) == {
        "id": "5ea1.raised",
        "event": "raised",
        "kind": "not_assessed",
        "owner": "E06000017",
        "night": "2026-11-20",
        "at": "2026-11-20T02:40:00+00:00",
        "title": TELLING.title,
        "text": TELLING.text,
    }


def test_without_a_token_none_is_sent(hook: Between) -> None:
    post(hook, token=None)
    assert "authorization" not in hook.asked[0].headers


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        *((Says(status=status, body=QUOTING), Fault.BUSY) for status in (409, 425, 429, 503)),
        *((Says(status=status, body=QUOTING), Fault.SERVER_FAILED) for status in (500, 502)),
        *((Says(status=status), Fault.TIMED_OUT) for status in (408, 504)),
        *((Says(status=status, body=QUOTING), Fault.LOGIN_REFUSED) for status in (401, 403)),
        *((Says(status=status, body=QUOTING), Fault.NOT_HERE) for status in (404, 405, 410)),
        *((Says(status=status, body=QUOTING), Fault.MESSAGE_REFUSED) for status in (400, 422)),
        (Says(status=302, headers={"Location": "/elsewhere"}), Fault.REDIRECTED),
        (Deed.CUT_BEFORE, Fault.CUT_OFF),
        (Deed.CUT_AFTER, Fault.CUT_OFF),
        (Deed.NO_HTTP, Fault.CUT_OFF),
        (Deed.SLEEP_INSTEAD, Fault.TIMED_OUT),
    ],
    ids=str,
)
def test_only_what_may_pass_is_tried_again_and_under_the_same_key(
    hook: Between, says: str | Says, fault: Fault
) -> None:
    hook.behaves = says
    assert fault_of(lambda: post(hook, timeout_seconds=0.1)) is fault
    assert len(hook.asked) == (4 if fault in PASSING else 1)
    assert len({(it.headers["idempotency-key"], it.body) for it in hook.asked}) == 1


def test_a_webhook_is_left_in_peace_for_as_long_as_it_asks(
    hook: Between, waits: list[float]
) -> None:
    hook.plan = [Says(status=429, headers={"Retry-After": "7"})]
    post(hook)
    assert waits == [1, 7]
    hook.plan = [Says(status=503, headers={"Retry-After": "3600"})]
    assert fault_of(lambda: post(hook)) is Fault.BUSY
    assert waits == [1, 7]


def test_a_webhook_that_is_somebody_else_gets_nothing(certificate: Certificate) -> None:
    with between(certificate=certificate) as there:
        there.behaves = Says(status=204)
        assert fault_of(lambda: post(there)) is Fault.TLS_REFUSED
        assert there.asked == []
        post(there, ca_file=certificate.certificate)
        assert len(there.asked) == 1
        missing = certificate.certificate.with_name("missing.pem")
        assert fault_of(lambda: post(there, ca_file=missing)) is Fault.CA_UNREADABLE


def test_a_webhook_that_is_down_is_told_of(hook: Between) -> None:
    nobody = f"http://{HOST}:9/a-secret-path"
    assert fault_of(lambda: post(hook, url=nobody)) is Fault.UNREACHABLE


def test_on_this_machine_no_proxy_is_told_the_token(
    hook: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{HOST}:{proxy.server_address[1]}")
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.delenv("no_proxy")
        post(hook)
        assert (len(hook.asked), proxy.asked) == (1, [])


def test_its_address_which_can_be_a_secret_is_never_logged(
    hook: Between, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx", "httpcore.http11", "httpcore.connection"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        post(hook)
    assert "a-secret-path" not in caplog.text
    assert TOKEN not in caplog.text
