"""What every resource of the feed has alike: id, meta, tags, URLs, codings and references."""

import re
from collections.abc import Iterator
from typing import Any

from carerecord.codes import (
    INTERWEAVE,
    KNOWN_URLS,
    LOCAL_ORGANIZATION,
    LOCAL_SERVICE,
    NHS_NUMBER,
    ODS_CODE,
    OLD_HOST,
    PROFILES,
    PROVENANCE_TAG,
    SOURCE_TAG,
    TASK_BASE_PROFILE,
)
from carerecord.values import (
    UUID5,
    Breach,
    Reading,
    instant,
    pair,
    part,
    parts,
    step,
    tag_codes,
    text,
    valid_nhs_number,
    walk,
)

DISCOURAGED = ("implicitRules", "language", "text", "contained", "modifierExtension")
TARGETS = {
    "Organization": {"identifier.assigner": {"Organization"}},
    "Patient": {"identifier.assigner": {"Organization"}},
    "EpisodeOfCare": {
        "patient": {"Patient"},
        "managingOrganization": {"Organization"},
        "careManager": {"Practitioner", "PractitionerRole"},
        "referralRequest": {"ServiceRequest"},
        "extension.valueReference": {"Task"},
        "identifier.assigner": {"Organization"},
    },
    "Task": {
        "focus": {"EpisodeOfCare"},
        "for": {"Patient"},
        "requester": {"Organization"},
        "owner": {"Organization"},
        "basedOn": {"ServiceRequest"},
        "identifier.assigner": {"Organization"},
    },
}
IDENTIFIED_BY = {
    "Patient": {NHS_NUMBER},
    "Organization": {ODS_CODE, LOCAL_ORGANIZATION},
    "EpisodeOfCare": {LOCAL_SERVICE},
}
REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})")
INDEX = re.compile(r"\.[0-9]+(?=\.|$)")
URLS = frozenset({"url", "system", "profile", "source", "valueUri", "valueUrl", "valueCanonical"})


def shared_breaches(resource: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    """Yield what breaks the rules that hold for every type."""
    if not UUID5.fullmatch(text(resource, "id")):
        yield "id-form", "id"
    yield from ((f"discouraged-{name}", name) for name in DISCOURAGED if name in resource)
    yield from _meta(resource, reading)
    yield from _tags(resource)
    for path, key, value in walk(resource):
        if isinstance(value, str):
            yield from _url(path, key, value, reading.base)
        elif isinstance(value, dict) and key in ("coding", "tag", "valueCoding"):
            if not all(text(value, name) for name in ("system", "code", "display")):
                yield "coding-incomplete", path
        elif isinstance(value, dict) and key == "identifier" and not all(pair(value)):
            yield "identifier-incomplete", path
        if isinstance(value, dict) and "reference" in value and not _expected(resource, path):
            yield "reference-unexpected", path
    for path, reference in references(resource):
        yield from _reference(resource, path, reference)


def references(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the references of a resource with their paths."""
    for place in TARGETS[resource["resourceType"]]:
        outer, _, inner = place.partition(".")
        found = resource.get(outer)
        for index, item in enumerate(found if isinstance(found, list) else [found]):
            path = step(outer, index) if isinstance(found, list) else outer
            if not inner and isinstance(item, dict):
                yield path, item
            elif inner and isinstance(item, dict) and isinstance(item.get(inner), dict):
                yield step(path, inner), item[inner]


def local_id(value: str, resource: dict[str, Any]) -> bool:
    """Say whether a local id is `<ODS code of its council>.<id>`."""
    council, dot, rest = value.partition(".")
    return bool(dot and rest) and [council] == tag_codes(resource, PROVENANCE_TAG)


def _expected(resource: dict[str, Any], path: str) -> bool:
    return INDEX.sub("", path) in TARGETS[resource["resourceType"]]


def _meta(resource: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    meta = part(resource, "meta")
    for key in meta.keys() - {"versionId", "lastUpdated", "profile", "tag"}:
        yield "meta-extra", step("meta", key)
    if not re.fullmatch("[1-9][0-9]{0,17}", str(meta.get("versionId"))):
        yield "version-id", "meta.versionId"
    updated = instant(meta.get("lastUpdated"))
    if updated is None:
        yield "last-updated", "meta.lastUpdated"
    elif updated > reading.at:
        yield "newer-than-transaction", "meta.lastUpdated"
    profiles = {
        **PROFILES,
        "Task": (reading.base + "StructureDefinition/cpli-discrepancy", TASK_BASE_PROFILE),
    }
    if meta.get("profile") != list(profiles[resource["resourceType"]]):
        yield "profiles", "meta.profile"


def _tags(resource: dict[str, Any]) -> Iterator[Breach]:
    tags = parts(part(resource, "meta"), "tag")
    for rule, system in (("tag-source", SOURCE_TAG), ("tag-provenance", PROVENANCE_TAG)):
        found = [tag for tag in tags if text(tag, "system") == system]
        if [tag.keys() for tag in found] != [{"system", "code", "display"}]:
            yield rule, "meta.tag"
    if any(text(tag, "system").startswith(INTERWEAVE + "RequestId") for tag in tags):
        yield "tag-request", "meta.tag"


def _url(path: str, key: str, value: str, base: str) -> Iterator[Breach]:
    lowered = value.lower()
    if OLD_HOST in lowered:
        yield "old-url", path
    if "socialcareassessment" in lowered and key in URLS:
        yield "assessment-profile", path
    is_code = ".telecom." in f".{path}"
    if key in URLS and not is_code and value not in KNOWN_URLS and not value.startswith(base):
        yield "url-unknown", path


def _reference(resource: dict[str, Any], path: str, reference: dict[str, Any]) -> Iterator[Breach]:
    allowed = TARGETS[resource["resourceType"]][INDEX.sub("", path)]
    found = REFERENCE.fullmatch(text(reference, "reference"))
    target = found[1] if found else ""
    if found is None:
        yield "reference-form", step(path, "reference")
    elif target not in allowed:
        yield "reference-target", step(path, "reference")
    if found and reference.get("type", target) != target:
        yield "reference-type", step(path, "type")
    if not text(reference, "display"):
        yield "reference-display-missing", step(path, "display")
    system, value = pair(reference.get("identifier"))
    if target in IDENTIFIED_BY and not (system in IDENTIFIED_BY[target] and value):
        yield "reference-identifier-missing", step(path, "identifier")
    if system == NHS_NUMBER and not valid_nhs_number(value):
        yield "nhs-number", step(step(path, "identifier"), "value")
