"""What a server holds, and whether that is what we send: how a death in between is made good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from connectors.fhir_rest.answers import Entry, entries
from connectors.fhir_rest.faults import Fault, of_status, trouble
from connectors.fhir_rest.line import Line, Resource

ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

SETS = ("profile", "tag", "security")
"""Parts of `meta` without an order, to which a server may add and which it may carry forward."""

OURS_ALONE = ("versionId", "lastUpdated", "source")
"""Parts of `meta` that a server fills in its own way."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A resource as a server holds it, and its version there."""

    etag: str
    resource: Resource = field(repr=False)


def held(line: Line, references: Sequence[str]) -> Mapping[str, Held]:
    """Ask for resources in one batch; what the server does not hold is left out.

    Raises RestLater or RestRefused, also where it names no version.
    """
    if not references:
        return {}
    asked = [{"request": {"method": "GET", "url": reference}} for reference in references]
    answer = line.post({"resourceType": "Bundle", "type": "batch", "entry": asked})
    if answer.refused:
        raise trouble(Fault.NOT_HERE, line.place)
    answered = entries(answer, "batch-response", expected=len(asked), place=line.place)
    return {
        reference: _held(line, reference, entry)
        for reference, entry in zip(references, answered, strict=True)
        if entry.status not in ABSENT
    }


def _held(line: Line, reference: str, entry: Entry) -> Held:
    if entry.status != HTTPStatus.OK:
        raise trouble(of_status(entry.status), line.place)
    found = entry.resource
    if found is None or f"{found.get('resourceType')}/{found.get('id')}" != reference:
        raise trouble(Fault.NOT_FHIR, line.place)
    if entry.etag is None:
        raise trouble(Fault.NO_VERSIONS, line.place)
    return Held(etag=entry.etag, resource=found)


def same(ours: Resource, theirs: Resource, *, base: str) -> bool:
    """Say whether a server holds what we send.

    What it fills in itself does not count, nor does what it adds to the sets of `meta`, nor whether
    it answers with absolute references where we send relative ones.
    """
    return _content(ours, base) == _content(theirs, base) and _has_all(_meta(ours), _meta(theirs))


def _content(resource: Resource, base: str) -> Resource:
    content = _relative({key: each for key, each in resource.items() if key != "meta"}, f"{base}/")
    return dict(content)


def _relative(value: Any, base: str) -> Any:
    match value:
        case dict():
            return {
                key: each.removeprefix(base)
                if key == "reference" and isinstance(each, str)
                else _relative(each, base)
                for key, each in value.items()
            }
        case list():
            return [_relative(each, base) for each in value]
        case _:
            return value


def _meta(resource: Resource) -> Mapping[str, Any]:
    meta = resource.get("meta")
    return meta if isinstance(meta, dict) else {}


def _has_all(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Say whether nothing of our `meta` is missing, and nothing is there that is in no set."""
    others = [
        {key: each for key, each in meta.items() if key not in (*SETS, *OURS_ALONE)}
        for meta in (ours, theirs)
    ]
    return others[0] == others[1] and all(
        _members(ours.get(name)) <= _members(theirs.get(name)) for name in SETS
    )


def _members(listed: object) -> frozenset[str]:
    each_of = listed if isinstance(listed, list) else []
    return frozenset(json.dumps(each, sort_keys=True) for each in each_of)
