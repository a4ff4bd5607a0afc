"""What servers, and what stands before them, do to a delivery: it waits, gives up, or goes on."""

import logging
import socket
import traceback

import pytest
from fhir_rest.answers import absent, bundle, outcome
from fhir_rest.conftest import ReceiverOf
from fhir_rest.exports import FAMILY, Resource, Town, changed, content, export_of, reference_of
from servers.certificate import Certificate
from servers.fhir import HOST, TOKEN, Between, Deed, FhirServer, Says, between
from servers.journal import MemoryJournal, Versions

from connectors.fhir_rest.faults import Fault, RestLater, RestRefused
from connectors.fhir_rest.place import Timeouts
from schemas.errors import CpliError

pytestmark = pytest.mark.server

IMPATIENT = Timeouts(connect=1, write=1, read=0.5)
HTML = "<html><title>Sign in</title></html>"


@pytest.fixture
def resources(town: Town) -> list[Resource]:
    """Make what is sent: a council and a provider, in one batch."""
    return town.resources()[:2]


@pytest.mark.parametrize("which", ["asking", "sending"])
@pytest.mark.parametrize(
    "deed",
    [
        Deed.CUT_BEFORE,
        Deed.CUT_AFTER,
        Deed.HALF_AN_ANSWER,
        Deed.SLEEP_AFTER,
        Says(status=408),
        Says(status=429),
        Says(status=500, body=outcome("exception")),
        Says(status=502, body=HTML, content_type="text/html"),
        Says(status=503),
    ],
    ids=lambda deed: deed if isinstance(deed, str) else f"status {deed.status}",
)
def test_what_passes_is_waited_for_and_nothing_is_sent_twice(
    server: FhirServer,
    wall: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    waits: list[float],
    which: str,
    deed: str | Says,
) -> None:
    known = Versions()
    receiver = receiver_of(wall.base_url, timeouts=IMPATIENT)
    wall.plan = [deed] if which == "asking" else [Deed.PASS_ON, deed]
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    assert waits == [1.0]
    later = [changed(each, active=False) for each in resources]
    wall.plan = [deed]
    journal = MemoryJournal(known=known)
    receiver.deliver(export_of(later), journal)
    for each in later:
        held, versions = server.history(reference_of(each))
        assert (content(held), versions) == (content(each), 2)
    assert (journal.accepted, journal.refused) == (2, [])


def test_after_a_cut_the_server_is_asked_first_and_what_it_took_is_not_sent_again(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    known = Versions()
    receiver = receiver_of(wall.base_url)
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    wall.asked.clear()
    wall.plan = [Deed.CUT_AFTER]
    later = export_of([changed(each, active=False) for each in resources])
    receiver.deliver(later, MemoryJournal(known=known))
    assert [each.bundle["type"] for each in wall.asked] == ["transaction", "batch"]


@pytest.mark.parametrize(
    ("behaves", "fault"),
    [
        (Deed.CUT_BEFORE, Fault.CUT_OFF),
        (Deed.HALF_AN_ANSWER, Fault.CUT_OFF),
        (Deed.SLEEP_AFTER, Fault.TIMED_OUT),
        (Says(status=408), Fault.TIMED_OUT),
        (Says(status=425), Fault.BUSY),
        (Says(status=429, headers={"Retry-After": "soon"}), Fault.BUSY),
        (Says(status=500, body=outcome("exception")), Fault.SERVER_FAILED),
        (Says(status=503, body=HTML), Fault.BUSY),
        (Says(body=bundle("batch-response", *[{"response": {"status": "500"}}] * 2)),
         Fault.SERVER_FAILED),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_left_for_the_next_run(
    alone: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    waits: list[float],
    behaves: str | Says,
    fault: Fault,
) -> None:
    alone.behaves = behaves
    receiver = receiver_of(alone.base_url, timeouts=IMPATIENT)
    with pytest.raises(RestLater) as later:
        receiver.deliver(export_of(resources), MemoryJournal())
    assert later.value.fault is fault
    assert len(alone.asked) == 4
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "17"}, 17.0),
        (
            {
                "Retry-After": "Fri, 20 Nov 2026 06:16:00 GMT",
                "Date": "Fri, 20 Nov 2026 06:15:00 GMT",
            },
            60.0,
        ),
    ],
)
def test_a_server_is_left_in_peace_for_as_long_as_it_asks(
    wall: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    waits: list[float],
    headers: dict[str, str],
    pause: float,
) -> None:
    wall.plan = [Says(status=429, headers=headers)]
    receiver_of(wall.base_url).deliver(export_of(resources), MemoryJournal())
    assert waits == [1.0, pause]


def test_a_server_that_wants_peace_for_long_is_left_for_the_next_run(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource], waits: list[float]
) -> None:
    alone.behaves = Says(status=503, headers={"Retry-After": "3600"})
    with pytest.raises(RestLater, match="too busy"):
        receiver_of(alone.base_url).deliver(export_of(resources), MemoryJournal())
    assert (len(alone.asked), waits) == (1, [])


REDIRECT = {"Location": "https://example.org/elsewhere?token=secret"}


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        (Says(status=401, body=outcome("login", diagnostics=FAMILY)), Fault.LOGIN_REFUSED),
        (Says(status=403, body=HTML), Fault.NOT_ALLOWED),
        (Says(status=302, headers=REDIRECT), Fault.REDIRECTED),
        (Says(status=307, headers=REDIRECT), Fault.REDIRECTED),
        (Says(status=404, body=HTML), Fault.NOT_HERE),
        (Says(status=405, body=outcome("not-supported")), Fault.NOT_HERE),
        (Says(status=501), Fault.NOT_HERE),
        (Says(status=400, body=outcome("not-supported")), Fault.NOT_HERE),
        (Says(status=400, body=HTML), Fault.NOT_FHIR),
        (Says(status=418), Fault.NOT_FHIR),
        (Says(status=204), Fault.NOT_FHIR),
        (Says(body=HTML, content_type="text/html"), Fault.NOT_FHIR),
        (Says(body="[" * 100_000), Fault.NOT_FHIR),
        (Says(body='{"no": "resource"}'), Fault.NOT_FHIR),
        (Says(body="[]"), Fault.NOT_FHIR),
        (Says(body="\x1f\x8b", headers={"Content-Encoding": "gzip"}), Fault.NOT_FHIR),
        (Says(body=bundle("searchset")), Fault.NOT_FHIR),
        (absent(1), Fault.NOT_FHIR),
        (Says(body=bundle("batch-response", {}, {})), Fault.NOT_FHIR),
        (Says(body=bundle("batch-response", *[{"response": {"status": "fine"}}] * 2)),
         Fault.NOT_FHIR),
        (Says(body=bundle("batch-response", *[{"response": {"status": "200"}}] * 2)),
         Fault.NOT_FHIR),
        (Says(body=bundle("batch-response", *[{"response": {"status": "403"}}] * 2)),
         Fault.NOT_ALLOWED),
        (Deed.NO_HTTP, Fault.NOT_FHIR),
    ],
)  # fmt: skip
def test_what_stays_as_it_is_waits_for_somebody(
    alone: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    says: str | Says,
    fault: Fault,
) -> None:
    alone.behaves = says
    with pytest.raises(RestRefused) as refused:
        receiver_of(alone.base_url).deliver(export_of(resources), MemoryJournal())
    assert refused.value.fault is fault
    assert len(alone.asked) == 1


@pytest.mark.parametrize(
    "behaves",
    [
        Deed.CUT_AFTER,
        Deed.NO_HTTP,
        Says(status=302, headers=REDIRECT),
        Says(status=401, body=outcome("login", diagnostics=FAMILY)),
        Says(status=500, body=FAMILY),
        Says(body=FAMILY),
        Says(status=429, headers={"Retry-After": FAMILY, "Date": FAMILY}),
    ],
    ids=repr,
)
def test_no_fault_and_no_log_tells_of_a_person_an_address_or_the_token(
    alone: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    town: Town,
    caplog: pytest.LogCaptureFixture,
    behaves: str | Says,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    alone.behaves = behaves
    receiver = receiver_of(alone.base_url, timeouts=IMPATIENT)
    with pytest.raises(CpliError) as fault:
        receiver.deliver(export_of([*resources, *town.resources()]), MemoryJournal())
    told = "".join(traceback.format_exception(fault.value)) + caplog.text
    told += repr(receiver.place) + str(fault.value)
    for secret in (FAMILY, TOKEN, alone.base_url, "secret", resources[0]["id"]):
        assert secret not in told
    assert (fault.value.__cause__, fault.value.__context__) == (None, None)
    assert str(fault.value).startswith(("The Care Record (127.0.0.1)", "The connection to the"))


def test_the_log_is_empty_where_all_is_well(
    server: FhirServer,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver_of(server.base_url).deliver(export_of(resources), MemoryJournal())
    assert caplog.text == ""


def test_each_change_bears_the_version_that_it_replaces(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    known, council = Versions(), reference_of(resources[0])
    receiver = receiver_of(wall.base_url)
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    receiver.deliver(export_of([changed(resources[0])]), MemoryJournal(known=known))
    receiver.deliver(export_of([], deleted=[council]), MemoryJournal(known=known))
    first, second, third = (each["entry"][0] for each in wall.transactions)
    assert first == {
        "fullUrl": f"{wall.base_url}/{council}",
        "resource": resources[0],
        "request": {"method": "PUT", "url": council, "ifNoneMatch": "*"},
    }
    assert second["request"] == {"method": "PUT", "url": council, "ifMatch": 'W/"1"'}
    assert third == {"request": {"method": "DELETE", "url": council}}
    assert {each.headers["authorization"] for each in wall.asked} == {f"Bearer {TOKEN}"}
    assert {each.path.rstrip("/") for each in wall.asked} == {"/fhir"}


def test_without_a_token_none_is_sent(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    alone.behaves = Says(status=401)
    with pytest.raises(RestRefused, match="refused our token"):
        receiver_of(alone.base_url, token=None).deliver(export_of(resources), MemoryJournal())
    assert "authorization" not in alone.asked[0].headers


def test_nobody_at_the_port_is_tried_again_a_few_times(
    receiver_of: ReceiverOf, resources: list[Resource], waits: list[float]
) -> None:
    with between() as closed:
        address = closed.base_url
    with pytest.raises(RestLater) as later:
        receiver_of(address).deliver(export_of(resources), MemoryJournal())
    assert (later.value.fault, len(waits)) == (Fault.UNREACHABLE, 3)


def test_no_proxy_of_the_environment_sees_what_is_sent(
    server: FhirServer,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with between() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        receiver_of(server.base_url).deliver(export_of(resources), MemoryJournal())
        assert proxy.asked == []


def test_an_address_that_nobody_knows_is_for_somebody_to_correct(
    receiver_of: ReceiverOf,
    resources: list[Resource],
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_arguments: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RestRefused) as refused:
        receiver_of("https://care.example.org").deliver(export_of(resources), MemoryJournal())
    assert (refused.value.fault, waits) == (Fault.ADDRESS_UNKNOWN, [])


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    receiver_of: ReceiverOf, resources: list[Resource], certificate: Certificate
) -> None:
    with between(certificate=certificate) as server:
        server.behaves = Says(status=401)
        with pytest.raises(RestRefused) as refused:
            receiver_of(server.base_url, ca_file=None).deliver(
                export_of(resources), MemoryJournal()
            )
        assert (refused.value.fault, server.asked) == (Fault.TLS_REFUSED, [])
        with pytest.raises(RestRefused, match="refused our token"):
            receiver_of(server.base_url).deliver(export_of(resources), MemoryJournal())


def test_a_server_that_speaks_no_tls_is_told_nothing(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    address = alone.base_url.replace("http://", "https://")
    with pytest.raises(RestRefused) as refused:
        receiver_of(address).deliver(export_of(resources), MemoryJournal())
    assert (refused.value.fault, alone.asked) == (Fault.TLS_REFUSED, [])


def test_certificates_that_cannot_be_read_are_for_whoever_set_them_up(
    receiver_of: ReceiverOf, resources: list[Resource], certificate: Certificate
) -> None:
    for wrong in (certificate.key, certificate.key.with_name("nowhere.pem")):
        receiver = receiver_of(f"https://{HOST}/fhir", ca_file=wrong)
        with pytest.raises(RestRefused, match="root certificates") as refused:
            receiver.deliver(export_of(resources), MemoryJournal())
        assert refused.value.fault is Fault.CA_UNREADABLE
