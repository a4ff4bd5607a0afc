"""A FHIR server for all tests, a town of its own for each, and what delivers to it."""

from collections.abc import Callable, Iterator

import pytest
from fhir_rest.exports import Town
from servers.certificate import Certificate, make_certificate
from servers.fhir import TOKEN, Between, FhirServer, between, sekmet

from connectors.fhir_rest.place import RestPlace, Timeouts
from connectors.fhir_rest.receiver import RestReceiver
from connectors.retry import Retry

QUICK = Timeouts(connect=2, write=2, read=10)
PlaceOf = Callable[..., RestPlace]
ReceiverOf = Callable[..., RestReceiver]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    """Run one real FHIR server."""
    with sekmet(tmp_path_factory.mktemp("fhir")) as listening:
        yield listening


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a certificate once."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def wall(server: FhirServer) -> Iterator[Between]:
    """Stand before the real server."""
    with between(server) as listening:
        yield listening


@pytest.fixture
def alone() -> Iterator[Between]:
    """Stand before nobody."""
    with between() as listening:
        yield listening


@pytest.fixture
def town(request: pytest.FixtureRequest) -> Town:
    """Make people whom no other test knows."""
    return Town(name=request.node.nodeid, people=6)


@pytest.fixture
def waits() -> list[float]:
    """Collect the seconds that somebody would have waited."""
    return []


@pytest.fixture
def receiver_of(waits: list[float], certificate: Certificate) -> ReceiverOf:
    """Return what makes a receiver of an address, which waits for nothing.

    One root certificate is read forty times as fast as all the usual ones.
    """
    usual = {"token": TOKEN, "ca_file": certificate.certificate, "timeouts": QUICK}

    def make(base_url: str, **changes: object) -> RestReceiver:
        wanted = {"batch_size": 4, **usual, **changes}
        place = RestPlace(name="the Care Record", base_url=base_url, **wanted)
        return RestReceiver(place, retry=Retry(jitter=0.0, sleep=waits.append))

    return make


@pytest.fixture
def receiver(server: FhirServer, receiver_of: ReceiverOf) -> RestReceiver:
    """Deliver to the real server."""
    return receiver_of(server.base_url)
