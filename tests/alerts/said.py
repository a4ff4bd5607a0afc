"""What alerts say in tests, and the settings by which they go."""

from datetime import UTC, date, datetime

from servers.certificate import HOST, Certificate
from servers.fhir import Between
from servers.mail import PASSWORD, USER, MailServer

from connectors.alerts.telling import Telling
from settings.alerts import AlertEmail, Alerts, Webhook
from settings.settings import Settings

NIGHT = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, 40, tzinfo=UTC)
SENDER, OPS, LEAD = "cpli@example.org", "ops@example.org", "lead@example.org"
TOKEN = "a-token-for-tests"
TELLING = Telling(
    reference="5ea1",
    event="raised",
    kind="not_assessed",
    owner="E06000017",
    night=NIGHT,
    at=NOW,
    title="Rutland was not assessed on the night of 20 November 2026",
    text="Rutland was not assessed.\n\nAsk the council \N{EM DASH} it knows.",
)


def email(mail: MailServer, certificate: Certificate, **changes: object) -> AlertEmail:
    """Return the settings of a mail server."""
    usual = {
        "host": HOST,
        "port": mail.port,
        "username": USER,
        "password": PASSWORD,
        "ca_file": certificate.certificate,
        "sender": SENDER,
        "recipients": (OPS, LEAD),
        "timeout_seconds": 2,
    }
    return AlertEmail.model_validate({**usual, **changes})


def webhook(hook: Between, **changes: object) -> Webhook:
    """Return the settings of a webhook."""
    address = f"{hook.scheme}://{HOST}:{hook.server_address[1]}/a-secret-path"
    usual = {"url": address, "token": TOKEN, "timeout_seconds": 0.5}
    return Webhook.model_validate({**usual, **changes})


def settings(**parts: object) -> Settings:
    """Return settings of alerts alone."""
    return Settings(alerts=Alerts.model_validate(parts))
