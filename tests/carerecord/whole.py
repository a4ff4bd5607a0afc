"""What must be true of all that a receiver holds once an export is applied."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from carerecord.codes import (
    COUNCIL_TYPES,
    LOCAL_ORGANIZATION,
    LOCAL_SERVICE,
    NHS_NUMBER,
    ODS_CODE,
    ORGANIZATION_TYPE_SYSTEM,
    PROVENANCE_TAG,
    SOURCE_TAG,
    TYPE_SYSTEM,
)
from carerecord.ndjson import Found
from carerecord.shared import references
from carerecord.values import identifiers, pair, part, parts, step, tag_codes, text, walk

Held = Mapping[str, dict[str, Any]]


def whole_breaches(held: Held, base: str) -> Iterator[Found]:
    """Yield what does not fit together."""
    councils = _councils(held)
    yield from _unique(held, base)
    yield from _alike(held, base)
    for key, resource in held.items():
        yield from ((rule, key, path) for rule, path in _references(resource, held))
        for index, tag in enumerate(parts(part(resource, "meta"), "tag")):
            known = councils.get(text(tag, "code"))
            if text(tag, "system") == PROVENANCE_TAG and text(tag, "display") != known:
                yield "provenance-published", key, f"meta.tag.{index}"
        if resource["resourceType"] == "Task":
            yield from ((rule, key, path) for rule, path in _task(resource, held))


def _councils(held: Held) -> dict[str, str]:
    """Return the names of the organisations that may answer for data, by ODS code."""
    found = {}
    for resource in held.values():
        types = [
            text(coding, "code")
            for concept in parts(resource, "type")
            for coding in parts(concept, "coding")
            if coding.get("system") == ORGANIZATION_TYPE_SYSTEM
        ]
        if resource["resourceType"] == "Organization" and set(types) <= COUNCIL_TYPES.keys():
            found.update(dict.fromkeys(identifiers(resource, ODS_CODE), text(resource, "name")))
    return found


def _unique(held: Held, base: str) -> Iterator[Found]:
    for kind, system in (
        ("EpisodeOfCare", LOCAL_SERVICE),
        ("Patient", NHS_NUMBER),
        ("Organization", ODS_CODE),
        ("Organization", LOCAL_ORGANIZATION),
        ("Task", base + "Id/cpli-discrepancy"),
    ):
        holders: dict[str, list[str]] = defaultdict(list)
        for key, resource in held.items():
            if resource["resourceType"] == kind:
                for value in identifiers(resource, system):
                    holders[value].append(key)
        for keys in holders.values():
            yield from (("identifier-twice", key, "identifier") for key in keys[1:])


def _alike(held: Held, base: str) -> Iterator[Found]:
    """One source speaks, and a code of the sender's own always has one display."""
    sources: dict[tuple[str, str], str] = {}
    displays: dict[tuple[str, str], str] = {}
    for key, resource in held.items():
        for tag in parts(part(resource, "meta"), "tag"):
            if text(tag, "system") == SOURCE_TAG:
                sources.setdefault((text(tag, "code"), text(tag, "display")), key)
        if resource["resourceType"] != "Task":
            continue
        for path, name, value in walk(resource):
            if name == "coding" and text(value, "system").startswith(base):
                code = text(value, "system"), text(value, "code")
                if displays.setdefault(code, text(value, "display")) != text(value, "display"):
                    yield "display-varies", key, path
    yield from (("source-varies", key, "meta.tag") for key in list(sources.values())[1:])


def _references(resource: dict[str, Any], held: Held) -> Iterator[tuple[str, str]]:
    for path, reference in references(resource):
        target = held.get(text(reference, "reference"))
        if target is None:
            yield "reference-unresolved", path
            continue
        identifier = pair(part(reference, "identifier"))
        if any(identifier) and identifier not in map(pair, parts(target, "identifier")):
            yield "reference-identifier", step(path, "identifier")
        if not _named(text(reference, "display"), target):
            yield "reference-display", step(path, "display")


def _named(display: str, target: dict[str, Any]) -> bool:
    match target["resourceType"]:
        case "Organization":
            return display == text(target, "name")
        case "Patient":
            families = [text(name, "family").casefold() for name in parts(target, "name")]
            return any(family and family in display.casefold() for family in families)
        case "EpisodeOfCare":
            concepts = parts(target, "type")
            system = TYPE_SYSTEM
        case _:
            concepts = [part(target, "code")]
            system = ""
    return display in [
        text(coding, "display")
        for concept in concepts
        for coding in parts(concept, "coding")
        if system in ("", coding.get("system"))
    ]


def _task(task: dict[str, Any], held: Held) -> Iterator[tuple[str, str]]:
    service = held.get(text(part(task, "focus"), "reference"))
    person = text(part(task, "for"), "reference")
    if service is not None and text(part(service, "patient"), "reference") != person:
        yield "task-person", "for"
    owner = held.get(text(part(task, "owner"), "reference"))
    council = tag_codes(task, PROVENANCE_TAG)
    if owner is not None and not set(council) <= set(identifiers(owner, ODS_CODE)):
        yield "task-owner-council", "owner"


def expired(service: dict[str, Any], today: date, ended: date | None) -> bool:
    """Say whether a line item ended before the twelve months that end today, and may not stay."""
    year = today.year - 1
    short = (today.month, today.day) == (2, 29)
    window_start = date(year, 2, 28) if short else today.replace(year=year)
    return service.get("status") == "finished" and ended is not None and ended < window_start
