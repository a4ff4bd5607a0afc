"""Bundles and OperationOutcomes, as far as we must understand them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from connectors.fhir_rest.faults import Fault, trouble
from connectors.fhir_rest.line import Answer, Resource
from connectors.fhir_rest.place import RestPlace
from schemas.delivery import Refusal

ISSUES = frozenset(
    (
        *("invalid", "structure", "required", "value", "invariant"),
        *("security", "login", "unknown", "expired", "forbidden", "suppressed"),
        *("processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted"),
        *("too-long", "code-invalid", "extension", "too-costly", "business-rule", "conflict"),
        *("transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"),
        "informational",
    )
)
"""R4's types of issues. No other word of a server's goes into a code."""

PASSING_ISSUES = frozenset({"transient", "lock-error", "no-store", "timeout", "throttled"})
"""What is about the server, and none of the resource's doing."""

BY_STATUS = {409: "conflict", 412: "conflict", 413: "too-long"}
VERSION = re.compile(r'(?:W/)?"?(?P<version>[^"]+)"?')
IN_HISTORY = re.compile(r"/_history/(?P<version>[^/?]+)$")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a server says of one entry of our Bundle; `etag` is None where it names no version."""

    status: int
    etag: str | None
    resource: Resource | None = field(repr=False)


def entries(answer: Answer, kind: str, *, expected: int, place: RestPlace) -> list[Entry]:
    """Read a response to a Bundle, entry by entry. Raises RestRefused where it is none."""
    bundle = answer.resource
    listed = bundle.get("entry", [])
    if (
        bundle.get("resourceType") == "Bundle"
        and bundle.get("type") == kind
        and isinstance(listed, list)
        and len(listed) == expected
    ):
        read = [_entry(each) for each in listed]
        if None not in read:
            return [each for each in read if each is not None]
    raise trouble(Fault.NOT_FHIR, place)


def refusal(reference: str, answer: Answer) -> Refusal:
    """Say why a server refused one resource: the first of its issues that is an error."""
    issues = [each for each in _list(answer.resource.get("issue")) if isinstance(each, dict)]
    graves = [each for each in issues if each.get("severity") in {"error", "fatal"}] or issues
    issue = graves[0] if graves else {}
    code = issue.get("code")
    if not isinstance(code, str) or code not in ISSUES:
        code = BY_STATUS.get(answer.status, "processing")
    details = issue.get("details")
    told = details.get("text") if isinstance(details, dict) else None
    text = told or issue.get("diagnostics") or ""
    return Refusal(reference=reference, code=code, text=str(text))


def version(etag: str) -> str:
    """Return the version in an ETag, which servers write with and without marks."""
    found = VERSION.fullmatch(etag)
    return found["version"] if found else etag


def _entry(entry: object) -> Entry | None:
    said = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(said, dict):
        return None
    status = str(said.get("status", ""))[:3]
    resource = entry.get("resource")
    resource = resource if isinstance(resource, dict) else None
    if not (status.isascii() and status.isdigit()):
        return None
    return Entry(status=int(status), etag=_etag(said, resource), resource=resource)


def _etag(said: dict[str, Any], resource: Resource | None) -> str | None:
    meta = (resource or {}).get("meta")
    in_meta = meta.get("versionId") if isinstance(meta, dict) else None
    location = IN_HISTORY.search(str(said.get("location", "")))
    for found in (said.get("etag"), location and location["version"], in_meta):
        if isinstance(found, str) and found:
            return f'W/"{version(found)}"'
    return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
