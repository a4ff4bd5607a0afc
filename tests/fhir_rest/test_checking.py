"""A look at a FHIR server says who should do what, and changes nothing there."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from fhir_rest.answers import absent
from fhir_rest.conftest import ReceiverOf
from servers.fhir import TOKEN, Between, Deed, FhirServer, Says

from connectors.fhir_rest.checking import check
from connectors.fhir_rest.faults import Fault
from schemas.delivery import KINDS

pytestmark = pytest.mark.server

ABLE: dict[str, Any] = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "interaction": [{"code": "transaction"}, {"code": "batch"}],
            "resource": [
                {
                    "type": kind,
                    "versioning": "versioned",
                    "updateCreate": True,
                    "interaction": [{"code": each} for each in ("read", "update", "delete")],
                }
                for kind in KINDS
            ],
        }
    ],
}


def test_a_server_that_can_do_all_is_in_order(server: FhirServer, receiver_of: ReceiverOf) -> None:
    checked = check(receiver_of(server.base_url).place)
    assert (checked.reachable, checked.let_in, checked.trouble) == (True, True, None)
    assert checked.place == "the Care Record (127.0.0.1)"


def test_a_real_server_refuses_a_wrong_token_though_anybody_may_ask_what_it_can(
    server: FhirServer, receiver_of: ReceiverOf
) -> None:
    for token in ("another", None):
        checked = check(receiver_of(server.base_url, token=token).place)
        assert (checked.reachable, checked.let_in) == (True, False)
        assert checked.trouble is not None
        assert checked.trouble.fault is Fault.LOGIN_REFUSED


def test_nothing_is_written(wall: Between, receiver_of: ReceiverOf) -> None:
    check(receiver_of(wall.base_url).place)
    metadata, reading = wall.asked
    assert (metadata.method, metadata.path) == ("GET", "/fhir/metadata")
    assert metadata.headers["authorization"] == f"Bearer {TOKEN}"
    assert [each["request"]["method"] for each in reading.bundle["entry"]] == ["GET"]


@pytest.mark.parametrize(
    ("says", "reachable", "fault"),
    [
        (Says(status=401), False, Fault.LOGIN_REFUSED),
        (Says(status=404), False, Fault.NOT_HERE),
        (Says(status=503), False, Fault.BUSY),
        (Says(body="<html>", content_type="text/html"), False, Fault.NOT_FHIR),
        (Says(body={"resourceType": "Bundle"}), False, Fault.NOT_FHIR),
        (Deed.CUT_BEFORE, False, Fault.CUT_OFF),
    ],
)
def test_what_is_wrong_is_said(
    alone: Between,
    receiver_of: ReceiverOf,
    says: str | Says,
    fault: Fault,
    *,
    reachable: bool,
) -> None:
    alone.behaves = says
    checked = check(replace(receiver_of(alone.base_url).place, keeper="the record's keeper"))
    assert (checked.reachable, checked.let_in) == (reachable, False)
    assert checked.trouble is not None
    assert checked.trouble.fault is fault
    assert len(alone.asked) == 1


def without(*path: object) -> dict[str, Any]:
    """Return a statement that lacks one thing."""
    stated = deepcopy(ABLE)
    part: Any = stated
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return stated


def saying(name: str, value: object) -> dict[str, Any]:
    """Return a statement that says something of Patient."""
    stated = deepcopy(ABLE)
    stated["rest"][0]["resource"][1][name] = value
    return stated


@pytest.mark.parametrize(
    ("stated", "lacks"),
    [
        ({**ABLE, "fhirVersion": "5.0.0"}, "FHIR R4"),
        (without("rest", 0, "interaction", 0), "transaction Bundles"),
        (without("rest", 0, "interaction"), "transaction Bundles; batch Bundles"),
        (without("rest", 0, "resource", 3), "keep Task"),
        (without("rest", 0, "resource", 2, "interaction", 2), "delete EpisodeOfCare"),
        (saying("updateCreate", value=False), "let us choose the id of Patient"),
        (saying("versioning", "no-version"), "keep versions of Patient"),
    ],
)
def test_what_a_server_says_it_lacks_is_named(
    alone: Between, receiver_of: ReceiverOf, stated: dict[str, Any], lacks: str
) -> None:
    alone.plan = [Says(body=stated), absent(1)]
    checked = check(receiver_of(alone.base_url).place)
    assert (checked.reachable, checked.let_in) == (True, True)
    assert checked.trouble is not None
    assert str(checked.trouble).endswith(f"all we need: {lacks}. Ask whoever runs the FHIR server.")


def test_what_a_server_does_not_speak_of_is_tried_in_earnest(
    alone: Between, receiver_of: ReceiverOf
) -> None:
    silent = without("rest", 0, "resource", 1, "versioning")
    del silent["rest"][0]["resource"][1]["updateCreate"]
    alone.plan = [Says(body=silent), absent(1)]
    assert check(receiver_of(alone.base_url).place).trouble is None
