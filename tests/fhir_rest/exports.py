"""Exports of invented people, made in code; each place of a test has people of its own."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from schemas.delivery import MANIFEST, Export, ExportFile

Resource = dict[str, Any]
KINDS = ("Organization", "Patient", "EpisodeOfCare", "Task")
INTERWEAVE = "https://fhir.interweavedigital.nhs.uk"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
FAMILY = "Testperson"


@dataclass(frozen=True, kw_only=True)
class Town:
    """A council, a provider, and so many people who each have a CPLI and a discrepancy."""

    name: str
    people: int

    def reference(self, kind: str, number: int = 0) -> str:
        """Return the reference of one of the town's resources."""
        return f"{kind}/{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.name}/{kind}/{number}')}"

    def nhs_number(self, person: int) -> str:
        """Return a number of the range for tests, which no two people of a town share."""
        start = int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 900_000
        return f"9990{start + person:06d}"

    def resources(self) -> list[Resource]:
        """Return all of them, each after what it refers to."""
        people = range(self.people)
        return [
            self._organization(0, "Example Borough Council", "141", "LOCAL AUTHORITY"),
            self._organization(1, "Example Home Care Ltd", "270", "DOMICILIARY CARE"),
            *(self._patient(each) for each in people),
            *(self._episode(each) for each in people),
            *(self._task(each) for each in people),
        ]

    def _start(self, kind: str, number: int, second_profile: str) -> Resource:
        return {
            "resourceType": kind,
            "id": self.reference(kind, number).partition("/")[2],
            "meta": {
                "versionId": "1",
                "lastUpdated": "2026-03-02T06:15:00Z",
                "profile": [f"{INTERWEAVE}/R4/StructureDefinition/{kind}", second_profile],
                "tag": [
                    _coding("Source", "EXAMPLE-CPLI-01", "Example Care Line Item Publisher"),
                    _coding("Provenance", "ZZ1", "Example Borough Council"),
                ],
            },
        }

    def _organization(self, number: int, name: str, code: str, display: str) -> Resource:
        kind = _coding("CodeSystem/Interweave-OrganizationType", code, display)
        return {
            **self._start("Organization", number, "http://example.org/Organization"),
            "identifier": [{"system": ODS_CODE, "value": f"ZZ{number}"}],
            "active": True,
            "type": [{"coding": [kind]}],
            "name": name,
        }

    def _patient(self, number: int) -> Resource:
        return {
            **self._start("Patient", number, "http://example.org/Patient"),
            "identifier": [{"system": NHS_NUMBER, "value": self.nhs_number(number)}],
            "active": True,
            "name": [{"use": "official", "family": FAMILY, "given": [f"Amélie {number}"]}],
            "gender": "female",
            "birthDate": "1941-06-17",
        }

    def _episode(self, number: int) -> Resource:
        home_support = _coding("CodeSystem/Interweave-SocialCareServiceType", "HS", "Home Support")
        return {
            **self._start("EpisodeOfCare", number, "http://example.org/EpisodeOfCare"),
            "status": "active",
            "statusHistory": [{"status": "active", "period": {"start": "2026-02-01"}}],
            "type": [{"coding": [home_support], "text": "Home care, four visits a day"}],
            "patient": self._person(number),
            "managingOrganization": {
                "reference": self.reference("Organization", 1),
                "display": "Example Home Care Ltd",
            },
            "period": {"start": "2026-02-01"},
        }

    def _task(self, number: int) -> Resource:
        return {
            **self._start("Task", number, "http://example.org/Task"),
            "status": "requested",
            "intent": "proposal",
            "focus": {"reference": self.reference("EpisodeOfCare", number)},
            "for": self._person(number),
            "authoredOn": "2026-03-01T16:42:00Z",
            "lastModified": "2026-03-01T16:42:00Z",
            "requester": {"reference": self.reference("Organization", 1)},
            "owner": {"reference": self.reference("Organization", 0)},
            "reasonCode": {"text": "Support not reported"},
        }

    def _person(self, number: int) -> Resource:
        return {
            "reference": self.reference("Patient", number),
            "type": "Patient",
            "identifier": {"system": NHS_NUMBER, "value": self.nhs_number(number)},
            "display": f"Amélie {number} {FAMILY}",
        }


def export_of(
    resources: Iterable[Resource], *, deleted: Sequence[str] = (), name: str = "2026-03-02T061500Z"
) -> Export:
    """Make an export with reports and a manifest; each deletion is a Bundle on a line."""
    lines: dict[str, list[Resource]] = {}
    for resource in resources:
        lines.setdefault(f"{resource['resourceType']}.ndjson", []).append(resource)
    if deleted:
        lines["deleted.ndjson"] = [
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [{"request": {"method": "DELETE", "url": each}}],
            }
            for each in deleted
        ]
    contents = {file: ndjson(each) for file, each in lines.items()}
    contents["E06000017/discrepancies.csv"] = b"a report\n"
    contents[MANIFEST] = b"{}"
    files = tuple(
        ExportFile(name=file, size_bytes=len(each), sha256=hashlib.sha256(each).hexdigest())
        for file, each in contents.items()
    )
    return Export(name=name, files=files, read=contents.__getitem__)


def ndjson(resources: Iterable[Resource]) -> bytes:
    """Write resources one a line."""
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in resources).encode()


def changed(resource: Resource, **changes: object) -> Resource:
    """Return the next version of a resource."""
    after = deepcopy({**resource, **changes})
    after["meta"]["versionId"] = str(int(after["meta"]["versionId"]) + 1)
    return after


def reference_of(resource: Resource) -> str:
    """Return Type/id."""
    return f"{resource['resourceType']}/{resource['id']}"


def of_kind(resources: Iterable[Resource], kind: str) -> list[Resource]:
    """Return the resources of one type."""
    return [each for each in resources if each["resourceType"] == kind]


def content(resource: Resource | None) -> Resource | None:
    """Return a resource without what a server fills in."""
    if resource is None:
        return None
    meta = {
        name: each
        for name, each in resource["meta"].items()
        if name not in {"versionId", "lastUpdated"}
    }
    return {**resource, "meta": meta}


def _coding(path: str, code: str, display: str) -> Resource:
    return {"system": f"{INTERWEAVE}/{path}", "code": code, "display": display}
