"""A mail goes once, protected, to whom the server takes; what it refuses is told in our words."""

import smtplib
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiosmtpd.smtp import AuthResult
from alerts.said import LEAD, NOW, OPS, SENDER, TELLING, email
from servers.certificate import HOST, Certificate, make_certificate
from servers.mail import MailServer, mail_server

from connectors.alerts.faults import PASSING, AlertLater, AlertRefused, Fault
from connectors.alerts.mailbox import Mailbox
from connectors.alerts.place import Tls

pytestmark = pytest.mark.server

QUOTING = "Margaret Example 999 000 0018"
"""What a server says of somebody."""


@pytest.fixture(autouse=True)
def _at_once(waits: list[float]) -> None:
    """Wait for nobody."""


def send(mail: MailServer, certificate: Certificate, *to: str, **changes: object) -> object:
    place = email(mail, certificate, **changes).place()
    assert place is not None
    return Mailbox(place).send(TELLING, to or (OPS, LEAD), to=(OPS, LEAD), now=NOW)


def fault_of(step: Callable[[], object]) -> Fault:
    """Return what a step ends with; nothing that a server said may be in its chain."""
    with pytest.raises((AlertLater, AlertRefused)) as caught:
        step()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "Margaret" not in repr(caught.value)
    assert HOST in str(caught.value)
    return caught.value.fault


@pytest.mark.parametrize(("starttls", "tls"), [(True, Tls.STARTTLS), (False, Tls.TLS)])
def test_a_mail_goes_protected_to_all_recipients(
    certificate: Certificate, *, starttls: bool, tls: Tls
) -> None:
    with mail_server(certificate, starttls=starttls) as mail:
        assert send(mail, certificate, tls=tls.value) == {}
    [taken] = mail.mails
    assert (taken.sender, taken.recipients, taken.protected) == (SENDER, (OPS, LEAD), True)
    headers = taken.message
    assert headers["To"] == f"{OPS}, {LEAD}"
    assert headers["Subject"] == TELLING.title
    assert headers["Message-ID"] == "<5ea1.raised@example.org>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Date"].datetime == NOW
    assert taken.text == f"{TELLING.text}\n"


def test_within_this_machine_mail_may_go_as_it_is(certificate: Certificate) -> None:
    with mail_server(logins=False) as mail:
        changes = {"tls": "none", "username": None, "password": None}
        assert send(mail, certificate, **changes) == {}
    assert [each.protected for each in mail.mails] == [False]


def test_that_something_is_over_answers_what_said_that_it_had_begun(
    mail: MailServer, certificate: Certificate
) -> None:
    place = email(mail, certificate).place()
    assert place is not None
    Mailbox(place).send(replace(TELLING, event="recovered"), [OPS], to=[OPS], now=NOW)
    headers = mail.mails[0].message
    assert headers["Message-ID"] == "<5ea1.recovered@example.org>"
    assert headers["In-Reply-To"] == headers["References"] == "<5ea1.raised@example.org>"


@pytest.mark.parametrize(
    ("code", "fault"),
    [(550, Fault.RECIPIENT_REFUSED), (450, Fault.RECIPIENT_LATER)],
)
@pytest.mark.parametrize("everybody", [False, True])
def test_a_recipient_that_is_refused_keeps_nobody_else_from_being_told(
    mail: MailServer, certificate: Certificate, code: int, fault: Fault, *, everybody: bool
) -> None:
    refused = [OPS, LEAD] if everybody else [OPS]
    mail.says = dict.fromkeys(refused, f"{code} 5.1.1 {QUOTING}")
    troubles = send(mail, certificate)
    assert isinstance(troubles, dict)
    assert {each: it.fault for each, it in troubles.items()} == dict.fromkeys(refused, fault)
    assert "Margaret" not in repr(troubles)
    assert [each.recipients for each in mail.mails] == ([] if everybody else [(LEAD,)])


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ({"MAIL": f"550 5.7.1 {QUOTING}"}, Fault.SENDER_REFUSED),
        ({"MAIL": f"451 4.3.0 {QUOTING}"}, Fault.BUSY),
        ({"DATA": f"554 5.7.1 {QUOTING}"}, Fault.MESSAGE_REFUSED),
        ({"DATA": f"452 4.2.2 {QUOTING}"}, Fault.BUSY),
        ({OPS: f"421 4.7.0 {QUOTING}"}, Fault.BUSY),
        ({"DATA": ""}, Fault.CUT_OFF),
    ],
)
def test_only_what_may_pass_is_tried_again(
    mail: MailServer, certificate: Certificate, says: dict[str, str], fault: Fault
) -> None:
    mail.says = says
    assert fault_of(lambda: send(mail, certificate)) is fault
    assert mail.tries == (4 if fault in PASSING else 1)
    ids = {each.message["Message-ID"] for each in mail.mails}
    assert len(ids) == (1 if fault is Fault.CUT_OFF else 0)  # whoever has it twice can tell


def test_a_login_that_is_refused_is_tried_once(mail: MailServer, certificate: Certificate) -> None:
    with pytest.raises(AlertRefused, match="refused our login") as caught:
        send(mail, certificate, password="another")
    assert caught.value.fault is Fault.LOGIN_REFUSED
    assert "another" not in repr(caught.value)
    mail.login_says = AuthResult(success=False, handled=False, message=f"535 5.7.8 {QUOTING}")
    assert fault_of(lambda: send(mail, certificate)) is Fault.LOGIN_REFUSED
    mail.login_says = AuthResult(success=False, handled=False, message=f"454 4.7.0 {QUOTING}")
    assert fault_of(lambda: send(mail, certificate)) is Fault.BUSY
    assert mail.mails == []


def test_no_password_goes_to_a_server_that_protects_nothing(certificate: Certificate) -> None:
    with mail_server() as mail:
        assert fault_of(lambda: send(mail, certificate)) is Fault.TLS_REFUSED
    assert (mail.tries, mail.mails) == (0, [])


def test_a_server_without_logins_is_told_of(certificate: Certificate) -> None:
    with mail_server(logins=False) as mail:
        assert fault_of(lambda: send(mail, certificate, tls="none")) is Fault.NO_LOGIN


def test_a_server_that_is_somebody_else_gets_nothing(
    mail: MailServer, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_certificate(tmp_path_factory.mktemp("other"))
    changes = {"ca_file": other.certificate}
    assert fault_of(lambda: send(mail, certificate, **changes)) is Fault.TLS_REFUSED
    unreadable = {"ca_file": other.certificate.with_name("missing.pem")}
    assert fault_of(lambda: send(mail, certificate, **unreadable)) is Fault.CA_UNREADABLE
    assert mail.tries == 0


def test_a_server_that_is_down_or_silent_is_tried_again(
    mail: MailServer, certificate: Certificate, waits: list[float]
) -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        quick = {"port": port, "timeout_seconds": 0.1}
        assert fault_of(lambda: send(mail, certificate, **quick)) is Fault.TIMED_OUT
    assert fault_of(lambda: send(mail, certificate, port=port)) is Fault.UNREACHABLE
    assert waits == [1, 2, 4] * 2


def test_a_check_logs_in_and_sends_nothing(mail: MailServer, certificate: Certificate) -> None:
    place = email(mail, certificate).place()
    assert place is not None
    Mailbox(place).check()
    assert (mail.tries, mail.mails) == (0, [])
    wrong = email(mail, certificate, password="another").place()
    assert wrong is not None
    assert fault_of(Mailbox(wrong).check) is Fault.LOGIN_REFUSED


def test_a_mail_that_was_taken_is_sent_however_the_server_says_goodbye(
    mail: MailServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang_up(_: smtplib.SMTP) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(smtplib.SMTP, "quit", hang_up)
    assert send(mail, certificate) == {}
    assert (mail.tries, len(mail.mails)) == (1, 1)
