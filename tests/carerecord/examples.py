"""Good exports of invented people and bodies, and hands to spoil them."""

import copy
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carerecord.codes import DISCREPANCY_COLUMNS

BASE = "https://example.org/fhir/"
GUIDE = "https://fhir.interweavedigital.nhs.uk/"
COUNCIL_GSS = "E06000016"
FIRST, SECOND, THIRD = "2026-03-02T06:15:00Z", "2026-03-03T06:15:00Z", "2026-03-04T06:15:00Z"
ORDER = ("Organization", "Patient", "EpisodeOfCare", "Task")


def key(kind: str, name: str) -> str:
    """Return Type/id of an example."""
    return f"{kind}/{uuid.uuid5(uuid.NAMESPACE_URL, f'{BASE}{kind}/{name}')}"


COUNCIL, PROVIDER = key("Organization", "ZZ1"), key("Organization", "ZZ9A1")
AMINA, BORIS = key("Patient", "amina"), key("Patient", "boris")
ACTIVE, PLANNED, FINISHED, WITHDRAWN = (
    key("EpisodeOfCare", name) for name in ("active", "planned", "finished", "withdrawn")
)
ABOUT_A_LINE, MISSING_LINE = key("Task", "about"), key("Task", "missing")

Resource = dict[str, Any]
World = dict[str, Resource]


def resource(reference: str, profile: Iterable[str], **content: Any) -> Resource:
    """Return a resource with its id and meta."""
    kind, identity = reference.split("/")
    tags = [
        {"system": GUIDE + "Source", "code": "EXAMPLE-01", "display": "Example Publisher"},
        {"system": GUIDE + "Provenance", "code": "ZZ1", "display": "Example Borough Council"},
    ]
    meta = {"versionId": "1", "lastUpdated": FIRST, "profile": list(profile), "tag": tags}
    return {"resourceType": kind, "id": identity, "meta": meta, **content}


def organization(reference: str, ods: str, name: str, code: str, display: str) -> Resource:
    """Return a council or a provider."""
    profile = (
        GUIDE + "R4/StructureDefinition/Interweave-Organization",
        "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization",
    )
    system = GUIDE + "CodeSystem/Interweave-OrganizationType"
    return resource(
        reference,
        profile,
        identifier=[
            {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": ods},
            {"system": GUIDE + "Id/local-organization-identifier", "value": f"ZZ1.{ods}"},
        ],
        active=True,
        type=[{"coding": [{"system": system, "code": code, "display": display}]}],
        name=name,
    )


def patient(reference: str, number: str, family: str, given: str) -> Resource:
    """Return a person."""
    profile = (
        GUIDE + "R4/StructureDefinition/Interweave-Patient",
        "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
    )
    verified = {
        "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
        "code": "01",
        "display": "Number present and verified",
    }
    extension = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/"
        "Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [verified]},
    }
    return resource(
        reference,
        profile,
        identifier=[
            {
                "extension": [extension],
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": number,
            }
        ],
        active=True,
        name=[{"use": "official", "family": family, "given": [given], "prefix": ["Mx"]}],
        gender="female",
        birthDate="1941-06-17",
    )


def pointing(reference: str, system: str, value: str, display: str) -> Resource:
    """Return a reference with all that it should have."""
    return {
        "reference": reference,
        "type": reference.partition("/")[0],
        "identifier": {"system": system, "value": value},
        "display": display,
    }


ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
TO_COUNCIL = pointing(COUNCIL, ODS, "ZZ1", "Example Borough Council")
TO_PROVIDER = pointing(PROVIDER, ODS, "ZZ9A1", "Example Home Care Ltd")
TO_AMINA = pointing(AMINA, "https://fhir.nhs.uk/Id/nhs-number", "9990000018", "Amina TESTPERSON")
TO_BORIS = pointing(BORIS, "https://fhir.nhs.uk/Id/nhs-number", "9990000026", "Boris SAMPLE")
TO_ACTIVE = pointing(
    ACTIVE, GUIDE + "Id/local-socialcareservice-identifier", "ZZ1.CPLI-1", "Home Support"
)
HOME_SUPPORT = {
    "coding": [
        {
            "system": GUIDE + "CodeSystem/Interweave-SocialCareServiceType",
            "code": "HS",
            "display": "Home Support",
        }
    ],
    "text": "Home care, four visits a day",
}


def service(reference: str, local: str, status: str, period: Resource, **more: Any) -> Resource:
    """Return a line item."""
    profile = (
        GUIDE + "R4/StructureDefinition/Interweave-SocialCareService",
        "http://hl7.org/fhir/StructureDefinition/EpisodeOfCare",
    )
    category = {
        "system": GUIDE + "CodeSystem/Interweave-SocialCareServiceCategory",
        "code": "LTS-C",
        "display": "Long Term Support: Community",
    }
    url = GUIDE + "R4/StructureDefinition/Extension-Interweave-SocialCareServiceCategory"
    return resource(
        reference,
        profile,
        extension=[{"url": url, "valueCodeableConcept": {"coding": [category]}}],
        identifier=[
            {"system": GUIDE + "Id/local-socialcareservice-identifier", "value": f"ZZ1.{local}"}
        ],
        status=status,
        type=[copy.deepcopy(HOME_SUPPORT)],
        patient=copy.deepcopy(TO_AMINA),
        managingOrganization=copy.deepcopy(TO_PROVIDER),
        period=period,
        **more,
    )


def concept(system: str, code: str, display: str) -> Resource:
    """Return a CodeableConcept of our own."""
    return {"coding": [{"system": BASE + "CodeSystem/" + system, "code": code, "display": display}]}


def task(reference: str, local: str, reason: tuple[str, str], **more: Any) -> Resource:
    """Return a discrepancy."""
    display = "Care package line item discrepancy"
    code = concept("cpli-task", "cpli-discrepancy", display)
    code["coding"].append(
        {
            "system": "http://hl7.org/fhir/CodeSystem/task-code",
            "code": "change",
            "display": "Change the focal resource",
        }
    )
    return resource(
        reference,
        (
            BASE + "StructureDefinition/cpli-discrepancy",
            "http://hl7.org/fhir/StructureDefinition/Task",
        ),
        identifier=[{"system": BASE + "Id/cpli-discrepancy", "value": f"ZZ1.{local}"}],
        status="requested",
        intent="proposal",
        priority="routine",
        code={**code, "text": display},
        authoredOn="2026-03-01T16:42:00Z",
        lastModified="2026-03-01T16:42:00Z",
        requester=copy.deepcopy(TO_PROVIDER),
        owner=copy.deepcopy(TO_COUNCIL),
        reasonCode=concept("cpli-discrepancy-type", *reason),
        **more,
    )


def asserted(code: str, display: str, **value: Any) -> Resource:
    """Return an input of a discrepancy."""
    return {"type": concept("cpli-discrepancy-input", code, display), **value}


def good_world() -> World:
    """Return what a first full export holds."""
    history = [
        {"status": "planned", "period": {"start": "2026-01-12", "end": "2026-01-31"}},
        {"status": "active", "period": {"start": "2026-02-01"}},
    ]
    coded = copy.deepcopy(HOME_SUPPORT)
    return {
        COUNCIL: organization(COUNCIL, "ZZ1", "Example Borough Council", "141", "LOCAL AUTHORITY"),
        PROVIDER: organization(
            PROVIDER, "ZZ9A1", "Example Home Care Ltd", "270", "Domiciliary Care"
        ),
        AMINA: patient(AMINA, "9990000018", "Testperson", "Amina"),
        BORIS: patient(BORIS, "9990000026", "Sample", "Boris"),
        ACTIVE: service(ACTIVE, "CPLI-1", "active", {"start": "2026-02-01"}, statusHistory=history),
        PLANNED: service(PLANNED, "CPLI-2", "planned", {"start": "2026-03-04"}),
        FINISHED: service(
            FINISHED, "CPLI-3", "finished", {"start": "2025-01-01", "end": "2025-03-02"}
        ),
        WITHDRAWN: service(WITHDRAWN, "CPLI-4", "entered-in-error", {"start": "2026-01-01"}),
        ABOUT_A_LINE: task(
            ABOUT_A_LINE,
            "DISC-1",
            ("support-ended", "Support has ended"),
            focus=copy.deepcopy(TO_ACTIVE),
            input=[asserted("asserted-end", "Asserted last day", valueDate="2026-02-20")],
            **{"for": copy.deepcopy(TO_AMINA)},
        ),
        MISSING_LINE: task(
            MISSING_LINE,
            "DISC-2",
            ("cpli-not-found", "No line item found"),
            input=[
                asserted("asserted-service-type", "Asserted service", valueCodeableConcept=coded),
                asserted("asserted-start", "Asserted first day", valueDate="2026-02-10"),
            ],
            **{"for": copy.deepcopy(TO_BORIS)},
        ),
    }


def changed(one: Resource, at: str, **content: Any) -> Resource:
    """Return the next version of a resource."""
    meta = {**one["meta"], "versionId": str(int(one["meta"]["versionId"]) + 1), "lastUpdated": at}
    return copy.deepcopy({**one, "meta": meta, **content})


def bundle(*references: str) -> Resource:
    """Return a line of deleted.ndjson."""
    entries = [{"request": {"method": "DELETE", "url": one}} for one in references]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


@dataclass(kw_only=True)
class Draft:
    """An export that is not written yet: lines by file, reports, and hands on the rest of it."""

    at: str = FIRST
    files: dict[str, list[Resource]] = field(default_factory=dict)
    reports: dict[str, bytes] = field(default_factory=dict)
    on_bytes: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    on_manifest: list[Callable[[Resource], None]] = field(default_factory=list)
    on_folder: list[Callable[[Path], None]] = field(default_factory=list)

    def write(self, root: Path) -> Path:
        """Write the export and return its folder."""
        folder = root / self.at.replace(":", "")
        folder.mkdir(parents=True)
        contents = {
            name: "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
            for name, lines in self.files.items()
            if lines
        } | self.reports
        for name, spoil in self.on_bytes.items():
            contents[name] = spoil(contents[name])
        for name, content in contents.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        manifest = self._manifest(contents)
        for change in self.on_manifest:
            change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        for spoil_folder in self.on_folder:
            spoil_folder(folder)
        return folder

    def _manifest(self, contents: Mapping[str, bytes]) -> Resource:
        listed = {
            name: {"type": name.split(".")[0].split("-")[0], "url": name, "count": len(lines)}
            for name, lines in self.files.items()
            if lines
        }
        gone = listed.pop("deleted.ndjson", None)
        return {
            "transactionTime": self.at,
            "request": "https://publisher.example.org/fhir/feed/$export",
            "requiresAccessToken": True,
            "output": list(listed.values()),
            "deleted": [{**gone, "type": "Bundle"}] if gone else [],
            "error": [],
            "extension": {
                "files": [
                    {
                        "url": name,
                        "size": len(content),
                        "sha256": hashlib.sha256(content).hexdigest(),
                    }
                    for name, content in contents.items()
                ]
            },
        }


def draft(world: World, at: str = FIRST, deleted: Iterable[str] = ()) -> Draft:
    """Return an export of these resources in the layout of the drop."""
    gone = tuple(deleted)
    files = {
        f"{kind}.ndjson": [one for one in world.values() if one["resourceType"] == kind]
        for kind in ORDER
    }
    row = ["D1", "support_ended", "medium", COUNCIL_GSS, *[""] * (len(DISCREPANCY_COLUMNS) - 4)]
    table = f"{','.join(DISCREPANCY_COLUMNS)}\n{','.join(row)}\n"
    return Draft(
        at=at,
        files=files | {"deleted.ndjson": [bundle(*gone)] if gone else []},
        reports={
            f"{COUNCIL_GSS}/discrepancies.csv": table.encode(),
            f"{COUNCIL_GSS}/summary.json": b"{}",
        },
    )
