"""Nights of a made-up site, loaded into a real FHIR server, read back and searched."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from carerecord.playing import Played
from carerecord.receiver import Receiver
from servers.fhir import TOKEN, FhirServer, sekmet

from connectors.fhir_rest.place import RestPlace
from connectors.fhir_rest.receiver import RestReceiver
from flows.delivery import deliver

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
NIGHTS = (0, 6, 9, 11, 13)
"""Among them one without a council, one with restricted records and one with other numbers."""


def plain(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource without what a server decides: its version and time."""
    meta = {k: v for k, v in resource["meta"].items() if k not in ("versionId", "lastUpdated")}
    return {**resource, "meta": meta}


def found(client: httpx.Client, query: str) -> dict[str, dict[str, Any]]:
    """Return all that a search finds, by Type/id."""
    bundle, all_of_it = client.get(f"{query}&_count=1000").json(), {}
    while True:
        for entry in bundle.get("entry", []):
            resource = entry["resource"]
            all_of_it[f"{resource['resourceType']}/{resource['id']}"] = plain(resource)
        following = [each["url"] for each in bundle.get("link", []) if each["relation"] == "next"]
        if not following:
            return all_of_it
        bundle = client.get(following[0]).json()


@pytest.mark.server
def test_what_a_fhir_server_holds_after_some_nights_is_what_was_exported(tmp_path: Path) -> None:
    with sekmet(tmp_path) as server:
        load_and_compare(tmp_path, server)


def load_and_compare(tmp_path: Path, there: FhirServer) -> None:
    """Load some nights, read everything back, and search by NHS number."""
    site, receiver = Played.begun(tmp_path, people=80, place="care_record"), Receiver()
    server = RestReceiver(RestPlace(name="care_record", base_url=there.base_url, token=TOKEN))
    for night in NIGHTS:
        assert receiver.receive(site.night(night), not_assessed=["E06000017"]) == []
        site.work(night)
        delivery = deliver(site.casebook, server, name="care_record", answers_at_once=True)
        assert (len(delivery.delivered), delivery.waiting, delivery.refused) == (1, 0, 0)
    held = {reference: plain(resource) for reference, resource in receiver.held.items()}
    for kind in ("Organization", "Patient", "EpisodeOfCare", "Task"):
        expected = {each: held[each] for each in held if each.startswith(f"{kind}/")}
        assert found(there.client, f"{kind}?_sort=_id") == expected

    of_person = defaultdict[str, dict[str, set[str]]](lambda: defaultdict(set))
    for reference, resource in held.items():
        about = resource.get("patient") or resource.get("for")
        if about:
            kind = reference.partition("/")[0]
            of_person[about["identifier"]["value"]][kind].add(reference)
    with_both = [number for number, kinds in of_person.items() if len(kinds) > 1]
    assert len(with_both) > 3
    for number in with_both:
        for kind in ("EpisodeOfCare", "Task"):
            query = f"{kind}?patient:Patient.identifier={NHS_NUMBER}|{number}"
            assert found(there.client, query).keys() == of_person[number][kind]
