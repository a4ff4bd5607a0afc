"""A mail server and a webhook on loopback, and nobody who waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.certificate import Certificate, make_certificate
from servers.fhir import Between, Says, between
from servers.mail import MailServer, mail_server

from connectors.retry import Retry


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a certificate once."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mail(certificate: Certificate) -> Iterator[MailServer]:
    """Run a mail server that wants STARTTLS and a login."""
    with mail_server(certificate) as listening:
        yield listening


@pytest.fixture
def hook() -> Iterator[Between]:
    """Run a webhook that takes everything, until it is told otherwise."""
    with between() as listening:
        listening.behaves = Says(status=204)
        yield listening


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the seconds that somebody would have waited."""
    waited: list[float] = []
    monkeypatch.setitem(Retry.__init__.__kwdefaults__, "sleep", waited.append)
    monkeypatch.setitem(Retry.__init__.__kwdefaults__, "jitter", 0.0)
    return waited


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a record of nights is kept."""
    return f"sqlite:///{tmp_path / 'out' / 'casebook.db'}"
