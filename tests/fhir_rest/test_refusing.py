"""What a server refuses, and how it says so: one resource is held back, and the others go."""

import pytest
from fhir_rest.answers import absent, bundle, outcome, taken
from fhir_rest.conftest import ReceiverOf
from fhir_rest.exports import Resource, Town, export_of, reference_of
from servers.fhir import Between, Deed, Says
from servers.journal import MemoryJournal, Versions

from connectors.fhir_rest.faults import Fault, RestRefused

HTML = "<html><title>Too large</title></html>"


@pytest.fixture
def resources(town: Town) -> list[Resource]:
    """Make what is sent: a council and a provider, in one batch."""
    return town.resources()[:2]


@pytest.mark.parametrize("status", [400, 409, 412, 413, 422])
def test_a_batch_that_is_refused_is_halved_until_one_is_left(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource], status: int
) -> None:
    refusal = Says(status=status, body=outcome("invariant", details={"text": "no"}))
    fine = taken({"status": "201", "etag": 'W/"1"'})
    alone.plan = [absent(2), refusal]
    if status in {409, 412}:
        alone.plan += [absent(2), refusal, absent(1), fine, absent(1), refusal, absent(1)]
    else:
        alone.plan += [absent(1), fine, absent(1), refusal]
    journal = MemoryJournal()
    receiver_of(alone.base_url).deliver(export_of(resources), journal)
    assert alone.plan == []
    (refused,) = journal.refused
    assert (refused.reference, refused.code) == (reference_of(resources[1]), "invariant")
    assert refused.text == "no"
    assert journal.known.by_reference == {reference_of(resources[0]): 'W/"1"'}


@pytest.mark.parametrize(
    ("says", "code", "text"),
    [
        (Says(status=422, body=outcome("value", diagnostics="d")), "value", "d"),
        (Says(status=422, body=outcome("Testperson")), "processing", ""),
        (Says(status=422, body=outcome("value", details="x")), "value", ""),
        (Says(status=422, body={"resourceType": "OperationOutcome"}), "processing", ""),
        (Says(status=409, body={"resourceType": "OperationOutcome"}), "conflict", ""),
        (Says(status=413, body=HTML), "too-long", ""),
        (
            Says(
                status=400,
                body={
                    "resourceType": "OperationOutcome",
                    "issue": [
                        {"severity": "warning", "code": "informational"},
                        {"severity": "error", "code": "code-invalid"},
                    ],
                },
            ),
            "code-invalid",
            "",
        ),
    ],
)
def test_a_refusal_tells_its_code_and_the_servers_words(
    alone: Between,
    receiver_of: ReceiverOf,
    resources: list[Resource],
    says: Says,
    code: str,
    text: str,
) -> None:
    unmet = says.status == 409
    alone.plan = [absent(1), says] + [absent(1), says, absent(1)] * unmet
    journal = MemoryJournal()
    receiver_of(alone.base_url).deliver(export_of(resources[:1]), journal)
    (refused,) = journal.refused
    assert (refused.code, refused.text) == (code, text)


def test_a_refusal_that_is_the_servers_own_doing_is_no_refusal(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource], waits: list[float]
) -> None:
    wall.plan = [Deed.PASS_ON, Says(status=409, body=outcome("lock-error"))]
    journal = MemoryJournal()
    receiver_of(wall.base_url).deliver(export_of(resources), journal)
    assert (journal.accepted, journal.refused, waits) == (2, [], [1.0])


def test_a_transaction_that_was_given_up_and_done_after_all_is_not_refused(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    resource = resources[0]
    done = {"response": {"status": "200", "etag": 'W/"1"'}, "resource": resource}
    unmet = Says(status=412, body=outcome("conflict"))
    journal = MemoryJournal(steps=["begun"])
    alone.plan = [absent(1), unmet, Says(body=bundle("batch-response", done))]
    receiver_of(alone.base_url).deliver(export_of([resource]), journal)
    assert (journal.accepted, journal.refused) == (1, [])
    assert journal.known.by_reference == {reference_of(resource): 'W/"1"'}


def test_an_entry_that_was_passed_over_as_known_is_looked_at(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    resource = resources[0]
    held = {"response": {"status": "200"}, "resource": resource}
    other = {"response": {"status": "200"}, "resource": {**resource, "name": "Another"}}
    for now, refused in ((held, []), (other, ["conflict"])):
        alone.plan = [
            absent(1),
            taken({"status": "304 Not Modified"}),
            Says(body=bundle("batch-response", now)),
        ]
        journal = MemoryJournal()
        receiver_of(alone.base_url).deliver(export_of([resource]), journal)
        assert [each.code for each in journal.refused] == refused


def test_a_version_is_read_wherever_a_server_puts_it(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    for said in (
        {"etag": 'W/"7"'},
        {"etag": '"7"'},
        {"etag": "7"},
        {"location": "https://example.org/fhir/Organization/x/_history/7"},
    ):
        alone.plan = [absent(1), taken({"status": "201 Created", **said})]
        journal = MemoryJournal()
        receiver_of(alone.base_url).deliver(export_of(resources[:1]), journal)
        assert list(journal.known.by_reference.values()) == ['W/"7"']


def test_a_version_that_is_not_named_is_asked_for(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    held = {**resources[0], "meta": {**resources[0]["meta"], "versionId": "9"}}
    read = {"response": {"status": "200 OK"}, "resource": held}
    alone.plan = [
        absent(1),
        taken({"status": "201 Created"}),
        Says(body=bundle("batch-response", read)),
    ]
    journal = MemoryJournal()
    receiver_of(alone.base_url).deliver(export_of(resources[:1]), journal)
    assert list(journal.known.by_reference.values()) == ['W/"9"']


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_server_without_versions_cannot_be_delivered_to(
    alone: Between, receiver_of: ReceiverOf, resources: list[Resource], *, forgetful: bool
) -> None:
    bare = {**resources[0], "meta": {}}
    read = Says(body=bundle("batch-response", {"response": {"status": "200"}, "resource": bare}))
    alone.plan = [absent(1), taken({"status": "201"}), absent(1) if forgetful else read]
    with pytest.raises(RestRefused, match="which version") as refused:
        receiver_of(alone.base_url).deliver(export_of(resources[:1]), MemoryJournal())
    assert refused.value.fault is Fault.NO_VERSIONS


@pytest.mark.parametrize("status", [404, 410])
def test_what_a_server_will_not_delete_because_it_is_gone_is_gone(
    alone: Between, receiver_of: ReceiverOf, town: Town, status: int
) -> None:
    gone = [town.reference("Task"), town.reference("Patient")]
    known = Versions(by_reference=dict.fromkeys(gone, 'W/"1"'))
    no = Says(status=status, body=outcome("not-found"))
    fine = taken({"status": "204"})
    within = taken({"status": f"{status} whatever"}, {"status": "204"})
    for plan in ([no, no, fine], [within]):
        alone.plan = list(plan)
        journal = MemoryJournal(known=known)
        receiver_of(alone.base_url).deliver(export_of([], deleted=gone), journal)
        assert (journal.accepted, journal.refused, alone.plan) == (2, [], [])
        assert known.by_reference == {}


def test_a_deletion_that_is_refused_is_said(
    alone: Between, receiver_of: ReceiverOf, town: Town
) -> None:
    gone = town.reference("Patient")
    no = Says(status=409, body=outcome("conflict", diagnostics="somebody refers to it"))
    alone.plan = [no, no]
    journal = MemoryJournal()
    receiver_of(alone.base_url).deliver(export_of([], deleted=[gone]), journal)
    assert [(each.reference, each.code) for each in journal.refused] == [(gone, "conflict")]
