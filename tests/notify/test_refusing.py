"""What Notify refuses, and what stands in between, is told in our words to whoever must act."""

import logging
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import notifications_python_client.base as client
import pytest
from notifications_python_client.authentication import create_jwt_token
from notify.conftest import PostboxAt, address_of
from notify.test_sending import GIVEN, PASSING, REFERENCE, STAYING, TO, send
from servers.certificate import Certificate, make_certificate
from servers.fhir import HOST, Between, Deed, Says, between
from servers.notify import KEY, NOTHING, SECRET, SERVICE, TEXT, WAITING, Notify

from connectors.notify.faults import LATER, SENTENCES, Fault, NotifyLater, NotifyRefused, trouble
from connectors.notify.faults import PASSING as SOON
from connectors.notify.place import NotifyPlace
from connectors.notify.postbox import Postbox
from schemas.errors import PersonNeeded, TryAgainLater

pytestmark = pytest.mark.server

NOBODY = "0f3a1c5e-0000-4000-8000-000000000009"
QUOTING = f"Margaret {TO} {KEY} {GIVEN['contact']}"
SECRETS = (TO, "sunny-lodge", "Margaret", SECRET, SERVICE, GIVEN["contact"], GIVEN["where"])


def complaint(status: int, error: str, message: str, **headers: str) -> Says:
    """Say an error in Notify's own form."""
    errors = [{"error": error, "message": message}]
    return Says(status=status, body={"status_code": status, "errors": errors}, headers=headers)


def fault_of(step: Callable[[], object]) -> Fault:
    """Return what a step ends with; nothing of Notify may be in its chain."""
    with pytest.raises((NotifyLater, NotifyRefused)) as caught:
        step()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not [secret for secret in SECRETS if secret in repr(caught.value)]
    assert f"GOV.UK Notify ({HOST})" in str(caught.value)
    return caught.value.fault


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"to": "sunny-lodge"}, Fault.RECIPIENT_REFUSED),
        ({"to": ""}, Fault.RECIPIENT_REFUSED),
        ({"template_id": NOBODY}, Fault.TEMPLATE_UNKNOWN),
        ({"template_id": "Margaret"}, Fault.TEMPLATE_UNKNOWN),
        ({"template_id": TEXT}, Fault.TEMPLATE_UNFIT),
        ({"words": {}}, Fault.WORDS_MISSING),
    ],
)
def test_what_notify_refuses_is_for_somebody_to_mend(
    there: Notify,
    postbox: Postbox,
    waits: list[float],
    changes: dict[str, object],
    fault: Fault,
) -> None:
    assert fault_of(lambda: send(postbox, **changes)) == fault
    assert (there.emails, waits) == ([], [])
    send(postbox, template_id=NOTHING)  # the next email goes
    assert len(there.emails) == 1


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ({"team": {"us@example.org"}}, Fault.TEAM_ONLY),
        ({"team": {"us@example.org"}, "in_trial_mode": True}, Fault.TRIAL_MODE),
        ({"sends_emails": False}, Fault.EMAIL_OFF),
    ],
)
def test_what_our_service_may_not_do_is_for_who_manages_it(
    there: Notify, postbox: Postbox, state: dict[str, object], fault: Fault
) -> None:
    for name, value in state.items():
        setattr(there, name, value)
    assert fault_of(lambda: send(postbox)) == fault
    assert there.emails == []


def test_a_template_that_was_deleted_is_told(there: Notify, postbox: Postbox) -> None:
    there.templates[WAITING].deleted = True
    assert fault_of(lambda: send(postbox)) == Fault.TEMPLATE_UNKNOWN


@pytest.mark.parametrize("key", [f"x-{SERVICE}-{NOBODY}", f"{NOBODY}-{SECRET}"])
def test_a_key_that_notify_does_not_know_is_for_who_manages_our_service(
    there: Notify, postbox_at: PostboxAt, waits: list[float], key: str
) -> None:
    postbox = postbox_at(there.base_url, api_key=key)
    assert fault_of(lambda: send(postbox)) == Fault.KEY_REFUSED
    assert waits == []


def test_a_clock_that_is_wrong_is_for_whoever_runs_this_machine(
    there: Notify, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def early(secret: str, service: str) -> str:
        with monkeypatch.context() as patch:
            now = "notifications_python_client.authentication.epoch_seconds"
            patch.setattr(now, lambda: 1_000_000_000)
            return create_jwt_token(secret, service)

    monkeypatch.setattr(client, "create_jwt_token", early)
    assert fault_of(lambda: send(postbox)) == Fault.CLOCK_WRONG


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        (complaint(429, "TooManyRequestsError", f"Exceeded send limits (50) for today {QUOTING}"),
         Fault.DAILY_LIMIT),
        (complaint(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests"),
         Fault.BUSY),
        (complaint(403, "AuthError", f"Invalid token: API key revoked {QUOTING}"),
         Fault.KEY_REFUSED),
        (complaint(401, "AuthError", "Unauthorized, authentication token must be provided"),
         Fault.KEY_REFUSED),
        (complaint(403, "AuthError", "Invalid token: expired, check that your system clock is"),
         Fault.CLOCK_WRONG),
        (complaint(400, "ValidationError", f"email_address {QUOTING} is no address"),
         Fault.RECIPIENT_REFUSED),
        (complaint(400, "BadRequestError", f"Something new {QUOTING}".replace(TO, "")),
         Fault.REFUSED),
        (complaint(413, "BadRequestError", "Too much"), Fault.REFUSED),
        (complaint(500, "Exception", f"Internal server error: {QUOTING}"), Fault.SERVER_FAILED),
        (Says(status=404, body=QUOTING), Fault.NOT_NOTIFY),
        (Says(status=400, body=QUOTING), Fault.NOT_NOTIFY),
        (Says(status=403, body=f"<html>{QUOTING}</html>", content_type="text/html"),
         Fault.NOT_NOTIFY),
        (Says(status=407, body=""), Fault.NOT_NOTIFY),
        (Says(body=QUOTING), Fault.NOT_NOTIFY),
        (Says(body="[" * 100_000), Fault.NOT_NOTIFY),
        (Says(status=400, body="[" * 100_000), Fault.NOT_NOTIFY),
        (Says(body="null"), Fault.NOT_NOTIFY),
        (Says(body="[]"), Fault.NOT_NOTIFY),
        (Says(body={"notifications": [{"id": QUOTING}]}), Fault.NOT_NOTIFY),
        (Says(body="{}", headers={"Content-Encoding": "gzip"}), Fault.NOT_NOTIFY),
        (Says(status=304), Fault.REDIRECTED),
        (Says(status=504, body=QUOTING), Fault.TIMED_OUT),
        (Deed.NO_HTTP, Fault.NOT_NOTIFY),
        (Deed.CUT_BEFORE, Fault.CUT_OFF),
        (Deed.SLEEP_INSTEAD, Fault.TIMED_OUT),
    ],
)  # fmt: skip
@pytest.mark.parametrize("which", ["asking", "sending"])
def test_each_answer_is_told_in_words_of_ours_and_of_nobody_else(
    wall: Between,
    postbox: Postbox,
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    says: Says | str,
    fault: Fault,
    which: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("notifications_python_client", "notifications_python_client.base", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    if which == "asking":
        wall.behaves = says
    else:
        wall.plan = [Deed.PASS_ON, says] * 4
    assert fault_of(lambda: send(postbox)) == fault
    told = caplog.text + "".join(capfd.readouterr())
    assert not [secret for secret in (*SECRETS, "/v2/", REFERENCE) if secret in told]
    assert len([wait for wait in waits if wait in {1.0, 2.0, 4.0}]) == (3 if fault in SOON else 0)


def test_nothing_is_logged_where_all_is_well(
    postbox: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    send(postbox)
    send(postbox)
    assert caplog.text == ""


@pytest.mark.parametrize("says", [*PASSING, *STAYING], ids=str)
def test_a_traceback_and_what_is_shown_of_objects_quote_nobody(
    wall: Between, postbox: Postbox, says: Says | str
) -> None:
    wall.plan = [Deed.PASS_ON]
    wall.behaves = says
    with pytest.raises((NotifyLater, NotifyRefused)) as caught:
        send(postbox)
    told = "".join(traceback.format_exception(caught.value)) + repr(postbox)
    told += repr(postbox._line) + repr(postbox._line.place)
    assert not [secret for secret in SECRETS if secret in told]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_answer_leads_elsewhere(
    wall: Between, postbox: Postbox, waits: list[float], status: int
) -> None:
    with between() as elsewhere:
        elsewhere.behaves = Says(body={"notifications": [], "links": {}})
        to = {"Location": f"{address_of(elsewhere)}/v2/notifications"}
        for plan in ([], [Deed.PASS_ON]):
            wall.plan = [*plan, Says(status=status, headers=to)]
            assert fault_of(lambda: send(postbox)) == Fault.REDIRECTED
        assert (elsewhere.asked, waits) == ([], [])


def test_nobody_at_the_port_is_tried_again_a_few_times(
    postbox_at: PostboxAt, waits: list[float]
) -> None:
    with between() as closed:
        address = address_of(closed)
    assert fault_of(lambda: send(postbox_at(address))) == Fault.UNREACHABLE
    assert waits == [1.0, 2.0, 4.0]


def test_an_address_that_nobody_knows_is_for_somebody_to_correct(
    postbox_at: PostboxAt, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Margaret")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fault_of(lambda: send(postbox_at(f"https://{HOST}"))) == Fault.ADDRESS_UNKNOWN
    assert waits == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a certificate once."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    there: Notify,
    postbox_at: PostboxAt,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with between(there, certificate=certificate) as wall:
        postbox = postbox_at(address_of(wall))
        assert fault_of(lambda: send(postbox)) == Fault.TLS_REFUSED
        assert wall.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
        assert not send(postbox).already
    assert len(there.emails) == 1


def test_a_server_that_speaks_no_tls_is_told_nothing(wall: Between, postbox_at: PostboxAt) -> None:
    postbox = postbox_at(address_of(wall).replace("http://", "https://"))
    assert fault_of(lambda: send(postbox)) == Fault.TLS_REFUSED
    assert wall.asked == []


def test_root_certificates_that_are_not_there_are_told(
    postbox_at: PostboxAt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "Margaret.pem"))
    assert fault_of(lambda: send(postbox_at(f"https://{HOST}"))) == Fault.TLS_REFUSED


def test_a_login_of_this_machine_does_not_take_the_place_of_our_key(
    wall: Between, postbox: Postbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    send(postbox)
    assert {each.headers["authorization"].split()[0] for each in wall.asked} == {"Bearer"}


def test_the_proxy_of_the_environment_is_gone_through(
    there: Notify, wall: Between, postbox_at: PostboxAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, address_of(wall))
    wall.behaves = Says(status=407, body="Margaret")
    assert fault_of(lambda: send(postbox_at(there.base_url))) == Fault.NOT_NOTIFY
    assert [each.path.partition("?")[0] for each in wall.asked] == [
        f"{there.base_url}/v2/notifications"
    ]


def test_every_request_has_its_time_out(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    session = postbox._line._client.request_session
    request = session.request

    def noticed(*arguments: object, **more: object) -> object:
        asked.append(more["timeout"])
        return request(*arguments, **more)

    monkeypatch.setattr(session, "request", noticed)
    send(postbox)
    assert asked == [0.3, 0.3]


def test_every_fault_has_a_sentence_and_a_family() -> None:
    assert set(SENTENCES) == set(Fault)
    place = NotifyPlace(api_key=KEY)
    for fault in Fault:
        said = trouble(fault, place, what="template_waiting")
        assert isinstance(said, TryAgainLater if fault in LATER else PersonNeeded)
        assert getattr(said, "soon", False) is (fault in SOON)
        assert "GOV.UK Notify (api.notifications.service.gov.uk)" in str(said)
        assert "  " not in str(said)
