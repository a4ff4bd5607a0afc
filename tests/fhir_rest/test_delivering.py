"""Exports reach a real FHIR server, and each resource is taken once."""

from copy import deepcopy

import pytest
from fhir_rest.conftest import ReceiverOf
from fhir_rest.exports import (
    NHS_NUMBER,
    Resource,
    Town,
    changed,
    content,
    export_of,
    of_kind,
    reference_of,
)
from servers.fhir import Between, FhirServer
from servers.journal import MemoryJournal, Versions

from connectors.fhir_rest.faults import Fault, RestRefused
from connectors.fhir_rest.receiver import RestReceiver
from schemas.delivery import Refusal

pytestmark = pytest.mark.server


def held_as_sent(server: FhirServer, resources: list[Resource], *, version: int) -> bool:
    """Say whether the server holds what was sent, after so many versions of each."""
    assert [content(server.read(reference_of(each))) for each in resources] == [
        content(each) for each in resources
    ]
    assert {server.versions(reference_of(each)) for each in resources} == {version}
    return True


@pytest.fixture
def resources(town: Town) -> list[Resource]:
    """Make what is sent."""
    return town.resources()


def test_an_export_of_a_hundred_resources_is_held_as_it_was_sent(
    server: FhirServer, receiver_of: ReceiverOf
) -> None:
    resources = Town(name="a hundred", people=40).resources()
    journal = MemoryJournal()
    receiver_of(server.base_url, batch_size=50).deliver(export_of(resources), journal)
    assert held_as_sent(server, resources, version=1)
    assert journal.accepted == len(resources) == 122
    assert journal.refused == []
    assert journal.known.by_reference == {reference_of(each): 'W/"1"' for each in resources}


def test_a_persons_services_and_discrepancies_are_found_by_the_nhs_number(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource], town: Town
) -> None:
    receiver.deliver(export_of(resources), MemoryJournal())
    number = f"{NHS_NUMBER}|{town.nhs_number(3)}"
    person = town.reference("Patient", 3)
    assert server.found(f"Patient?identifier={number}") == [person]
    for kind in ("EpisodeOfCare", "Task"):
        expected = [town.reference(kind, 3)]
        assert server.found(f"{kind}?patient:Patient.identifier={number}") == expected
        assert server.found(f"{kind}?patient={person}") == expected


def test_the_next_export_changes_what_is_in_it_and_nothing_else(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    known = Versions()
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    ended = [changed(each, status="finished") for each in of_kind(resources, "EpisodeOfCare")]
    receiver.deliver(export_of(ended), MemoryJournal(known=known))
    rest = [each for each in resources if each["resourceType"] != "EpisodeOfCare"]
    assert held_as_sent(server, ended, version=2)
    assert held_as_sent(server, rest, version=1)
    assert {known.by_reference[reference_of(each)] for each in ended} == {'W/"2"'}


def test_what_must_vanish_vanishes_whoever_changed_it(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    known = Versions()
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    last = [of_kind(resources, kind)[-1] for kind in ("Task", "EpisodeOfCare", "Patient")]
    server.put({**last[0], "status": "cancelled"})
    journal = MemoryJournal(known=known)
    receiver.deliver(export_of([], deleted=[reference_of(each) for each in last]), journal)
    assert [server.read(reference_of(each)) for each in last] == [None, None, None]
    assert (journal.accepted, journal.refused) == (3, [])
    assert not known.by_reference.keys() & {reference_of(each) for each in last}


def test_deleting_what_was_never_there_is_no_fault(receiver: RestReceiver, town: Town) -> None:
    journal = MemoryJournal()
    receiver.deliver(export_of([], deleted=[town.reference("Patient", 99)]), journal)
    assert (journal.accepted, journal.refused) == (1, [])


def test_what_was_deleted_can_be_sent_anew(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    known = Versions()
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    task = resources[-1]
    gone = export_of([], deleted=[reference_of(task)])
    receiver.deliver(gone, MemoryJournal(known=known))
    receiver.deliver(export_of([task]), MemoryJournal(known=known))
    assert held_as_sent(server, [task], version=3)


def test_a_delivered_export_asks_nothing_of_the_server(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    receiver, journal = receiver_of(wall.base_url), MemoryJournal()
    receiver.deliver(export_of(resources), journal)
    wall.asked.clear()
    receiver.deliver(export_of(resources), journal)
    assert wall.asked == []


def test_what_others_refer_to_goes_first_and_what_vanishes_last(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource], town: Town
) -> None:
    deleted = [town.reference(kind, 77) for kind in ("Task", "EpisodeOfCare", "Patient")]
    export = export_of(reversed(resources), deleted=deleted)
    receiver_of(wall.base_url).deliver(export, MemoryJournal())
    asked = [each["request"] for sent in wall.transactions for each in sent["entry"]]
    puts = [each["url"].partition("/")[0] for each in asked if each["method"] == "PUT"]
    assert puts == sorted(puts, key=["Organization", "Patient", "EpisodeOfCare", "Task"].index)
    assert [each["url"] for each in asked[len(puts) :]] == deleted


def test_a_large_type_may_be_split_over_files(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    whole = export_of(of_kind(resources, "Patient"))
    (file,) = [each for each in whole.files if each.name == "Patient.ndjson"]
    (again,) = [each for each in export_of(resources[:1]).files if "Organization" in each.name]
    read = {"Patient-0002.ndjson": whole.read(file.name)}
    read["Organization-0001.ndjson"] = export_of(resources[:1]).read(again.name)
    files = (
        type(file)(name="Patient-0002.ndjson", size_bytes=file.size_bytes, sha256=file.sha256),
        type(file)(name="Organization-0001.ndjson", size_bytes=1, sha256=again.sha256),
    )
    split = type(whole)(name=whole.name, files=files, read=read.__getitem__)
    receiver.deliver(split, MemoryJournal())
    assert held_as_sent(server, [resources[0], *of_kind(resources, "Patient")], version=1)


def test_a_file_that_is_not_what_the_export_says_is_not_sent(
    wall: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    export = export_of(resources)
    spoilt = type(export)(
        name=export.name, files=export.files, read=lambda file: export.read(file)[:-9]
    )
    with pytest.raises(RestRefused, match=r"Organization\.ndjson of the export") as refused:
        receiver_of(wall.base_url).deliver(spoilt, MemoryJournal())
    assert refused.value.fault is Fault.EXPORT_DAMAGED
    assert wall.asked == []


def test_a_refused_resource_is_found_and_the_rest_goes(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    wrong = of_kind(resources, "Patient")[1]
    right = [each for each in resources if each is not wrong]
    wrong["gender"] = ["female", "male"]
    journal = MemoryJournal()
    receiver.deliver(export_of(resources), journal)
    assert held_as_sent(server, right, version=1)
    assert journal.accepted == len(right)
    (refused,) = journal.refused
    assert (refused.reference, refused.code) == (reference_of(wrong), "structure")
    assert "gender" in refused.text
    assert "gender" not in repr(refused)


def test_every_resource_may_be_refused(receiver: RestReceiver, resources: list[Resource]) -> None:
    for each in resources:
        each["nonsense"] = True
    journal = MemoryJournal()
    receiver.deliver(export_of(resources), journal)
    assert journal.accepted == 0
    assert [each.reference for each in journal.refused] == [reference_of(x) for x in resources]
    assert journal.known.by_reference == {}


@pytest.mark.parametrize("resumed", [False, True], ids=["at once", "resumed"])
def test_what_somebody_else_changed_is_left_to_them(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource], *, resumed: bool
) -> None:
    known = Versions()
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    before = deepcopy(known.by_reference)
    tasks = of_kind(resources, "Task")
    server.put({**tasks[2], "status": "rejected"})
    later = [changed(each, status="accepted") for each in tasks]
    journal = MemoryJournal(known=known, steps=["begun"] if resumed else [])
    receiver.deliver(export_of(later), journal)
    theirs = reference_of(tasks[2])
    assert journal.refused == [Refusal(reference=theirs, code="conflict")]
    assert server.read(theirs)["status"] == "rejected"
    assert held_as_sent(server, [*later[:2], *later[3:]], version=2)
    assert known.by_reference[theirs] == before[theirs]


def test_what_is_there_though_we_never_sent_it_is_left_alone(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    task = resources[-1]
    server.put({**task, "status": "rejected"})
    journal = MemoryJournal()
    receiver.deliver(export_of(resources), journal)
    assert journal.refused == [Refusal(reference=reference_of(task), code="conflict")]
    assert server.versions(reference_of(task)) == 1


def test_what_somebody_else_deleted_is_said_and_comes_back_with_its_next_export(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    known = Versions()
    receiver.deliver(export_of(resources), MemoryJournal(known=known))
    task = resources[-1]
    server.delete(reference_of(task))
    journal = MemoryJournal(known=known)
    receiver.deliver(export_of([changed(task, status="accepted")]), journal)
    assert journal.refused == [Refusal(reference=reference_of(task), code="deleted")]
    assert server.read(reference_of(task)) is None
    again = changed(changed(task), status="completed")
    receiver.deliver(export_of([again]), MemoryJournal(known=known))
    assert held_as_sent(server, [again], version=3)


def test_a_journal_that_was_lost_makes_nothing_be_sent_twice(
    server: FhirServer, receiver: RestReceiver, resources: list[Resource]
) -> None:
    receiver.deliver(export_of(resources), MemoryJournal())
    journal = MemoryJournal()
    receiver.deliver(export_of(resources), journal)
    assert held_as_sent(server, resources, version=1)
    assert journal.accepted == len(resources)
    assert len(journal.known.by_reference) == len(resources)


def test_other_batches_after_an_interruption_send_nothing_twice(
    server: FhirServer, wall: Between, receiver_of: ReceiverOf, resources: list[Resource]
) -> None:
    known = Versions()
    receiver_of(server.base_url).deliver(export_of(resources), MemoryJournal(known=known))
    later = [changed(each, active=False) for each in of_kind(resources, "Patient")]
    journal = MemoryJournal(known=known)
    wall.plan = ["pass on", *["hang up before anything is done"] * 4]
    with pytest.raises(Exception, match="cut off"):
        receiver_of(wall.base_url, batch_size=4).deliver(export_of(later), journal)
    receiver_of(server.base_url, batch_size=3).deliver(export_of(later), journal)
    assert held_as_sent(server, later, version=2)


def test_the_answers_are_the_acknowledgement(receiver: RestReceiver) -> None:
    assert receiver.acknowledgement("2026-03-02T061500Z") is None
