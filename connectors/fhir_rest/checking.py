"""What can be told of a FHIR server without changing anything there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.fhir_rest.faults import Fault, RestLater, RestRefused, RestTrouble, trouble
from connectors.fhir_rest.holding import held
from connectors.fhir_rest.line import Resource, connected
from connectors.fhir_rest.place import RestPlace
from connectors.retry import Retry
from schemas.delivery import KINDS

NOBODY = "Organization/00000000-0000-4000-8000-000000000000"
"""What no server holds: asking for it shows whether we are let in and may read."""

ONCE = Retry(tries=1)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a look at a server found; `trouble` says who should do what, None where all is well.

    `reachable` says that it answered as a FHIR server, `let_in` that it took our token for reading.
    """

    place: str
    reachable: bool = False
    let_in: bool = False
    trouble: RestTrouble | None = None


def check(place: RestPlace, *, retry: Retry = ONCE) -> Checked:
    """Ask a server what it can do, and then for a resource. Writes nothing and raises nothing."""
    reachable = False
    found: RestTrouble | None = None
    try:
        with connected(place, retry=retry) as line:
            stated = line.again(lambda: line.get("metadata")).resource
            found = _lacking(stated, place)
            reachable = True
            line.again(lambda: held(line, [NOBODY]))
            return Checked(place=place.described, reachable=True, let_in=True, trouble=found)
    except (RestLater, RestRefused) as fault:
        found = fault
    return Checked(place=place.described, reachable=reachable, trouble=found)


def _lacking(stated: Resource, place: RestPlace) -> RestTrouble | None:
    if stated.get("resourceType") != "CapabilityStatement":
        raise trouble(Fault.NOT_FHIR, place)
    lacks = list(dict.fromkeys(_lacks(stated)))
    return trouble(Fault.INCAPABLE, place, what="; ".join(lacks)) if lacks else None


def _lacks(stated: Resource) -> Iterator[str]:
    """Name what a server says it lacks; what it does not speak of is tried in earnest."""
    if not str(stated.get("fhirVersion", "")).startswith("4.0"):
        yield "FHIR R4"
    server = next((each for each in _dicts(stated.get("rest")) if each.get("mode") == "server"), {})
    offered = {each.get("code") for each in _dicts(server.get("interaction"))}
    yield from (f"{each} Bundles" for each in ("transaction", "batch") if each not in offered)
    kinds = {each.get("type"): each for each in _dicts(server.get("resource"))}
    for kind in KINDS:
        yield from (f"{lack} {kind}" for lack in _lacks_of_kind(kinds.get(kind)))


def _lacks_of_kind(stated: Resource | None) -> Iterator[str]:
    if stated is None:
        yield "keep"
        return
    offered = {each.get("code") for each in _dicts(stated.get("interaction"))}
    yield from (each for each in ("read", "update", "delete") if each not in offered)
    if stated.get("updateCreate") is False:
        yield "let us choose the id of"
    if stated.get("versioning") == "no-version":
        yield "keep versions of"


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
