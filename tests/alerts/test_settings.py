"""What `[alerts]` of cpli.toml sets, and what is said of its faults."""

import json
import re
from pathlib import Path

import pytest
from servers.certificate import HOST, Certificate
from servers.mail import MailServer

from cli.main import main
from connectors.alerts.place import PORTS, Tls
from schemas.errors import WrongUsage
from settings.settings import Settings, load_settings

SOUND = """
[places.here]
connector = "folder"
path = "in"

[providers]
place = "here"
file = "providers.csv"

[councils.leicester]
code = "E06000016"

[councils.leicester.cpli]
place = "here"
file = "leicester.csv"

[caseloads]
place = "here"
"""
SECRET = "correct-horse-battery"
WHOLE = """
[alerts]
late_after = "05:30"

[alerts.email]
host = "mail.example.org"
sender = "cpli@example.org"
recipients = ["ops@example.org"]
ca_file = "root.pem"

[alerts.webhook]
url = "https://hooks.example.org/cpli"
"""


def settings_of(tmp_path: Path, text: str = SOUND) -> Settings:
    config = tmp_path / "cpli.toml"
    config.write_text(text, encoding="utf-8")
    return load_settings(config)


def test_alerts_are_whole_and_paths_are_seen_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPLI_ALERTS__EMAIL__USERNAME", "cpli")
    monkeypatch.setenv("CPLI_ALERTS__EMAIL__PASSWORD", SECRET)
    alerts = settings_of(tmp_path, SOUND + WHOLE).alerts
    mail, hook = alerts.email.place(), alerts.webhook.place()
    assert mail is not None
    assert hook is not None
    assert mail.address == ("mail.example.org", 587)
    assert (mail.password, mail.ca_file) == (SECRET, tmp_path / "root.pem")
    assert hook.described == "the webhook at hooks.example.org"
    assert alerts.late_after == "05:30"
    assert SECRET not in repr((alerts, mail))
    assert "hooks.example.org/cpli" not in repr((alerts, hook))
    assert PORTS == {Tls.STARTTLS: 587, Tls.TLS: 465, Tls.NONE: 25}


def test_without_settings_and_with_a_secret_alone_nobody_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPLI_ALERTS__EMAIL__PASSWORD", SECRET)
    monkeypatch.setenv("CPLI_ALERTS__WEBHOOK__TOKEN", SECRET)
    alerts = settings_of(tmp_path).alerts
    assert (alerts.email.place(), alerts.webhook.place(), alerts.late_after) == (
        None,
        None,
        "06:00",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (WHOLE.replace("05:30", "5.30"), "alerts.late_after: it must be a time of day"),
        (WHOLE.replace("05:30", "24:00"), "alerts.late_after: it must be a time of day"),
        (WHOLE.replace('sender = "cpli@example.org"\n', ""), "belong together: set all three"),
        (WHOLE.replace('["ops@example.org"]', "[]"), "belong together: set all three"),
        (WHOLE.replace("ops@example.org", "Ops <ops@example.org>"), "must be an email address"),
        (WHOLE.replace("cpli@example.org", "cpli@example.org\\nBcc: x"), "must be an email addr"),
        (WHOLE.replace("mail.example.org", "mail.example.org/x"), "give its host as a name"),
        (
            WHOLE.replace("[alerts.webhook]", 'tls = "none"\n[alerts.webhook]'),
            "is for a mail server on this machine alone",
        ),
        (
            WHOLE.replace("[alerts.webhook]", 'username = "cpli"\n[alerts.webhook]'),
            "username and password (a secret) belong together",
        ),
        (WHOLE.replace("https://hooks", "http://hooks"), "must begin with https"),
        (WHOLE.replace("https://hooks", "https://user@hooks"), "leave user names"),
        (WHOLE.replace("[alerts.webhook]", '[alerts.webhook]\ntoken = "x"'), "it is a secret"),
    ],
)
def test_what_is_not_whole_or_not_safe_is_refused_with_what_would_mend_it(
    tmp_path: Path, text: str, fault: str
) -> None:
    with pytest.raises(WrongUsage) as refused:
        settings_of(tmp_path, SOUND + text)
    [said] = str(refused.value).split("\n- ")[1:]
    assert fault in said
    assert "example.org" not in said.partition(": ")[2].partition(": ")[2]


@pytest.mark.server
def test_what_is_in_the_way_of_mail_is_found_before_the_night(
    tmp_path: Path, mail: MailServer, certificate: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    facts = {"host": HOST, "port": mail.port, "ca_file": str(certificate.certificate)}
    facts |= {"sender": "cpli@example.org"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in facts.items()]
    text = "\n".join([SOUND, "[alerts.email]", *lines, 'recipients = ["ops@example.org"]'])
    (tmp_path / "cpli.toml").write_text(text, encoding="utf-8")
    check = ["check", "--config", str(tmp_path / "cpli.toml"), "--out", str(tmp_path / "out")]
    assert main(check) == 3
    assert re.search(r"alerts +smtp +yes +write", capsys.readouterr().out)
    (tmp_path / "cpli.toml").write_text(
        text.replace(f"port = {mail.port}", "port = 9"), encoding="utf-8"
    )
    assert main(check) == 3
    assert f"alerts: The mail server {HOST} cannot be reached." in capsys.readouterr().out
    assert mail.mails == []
