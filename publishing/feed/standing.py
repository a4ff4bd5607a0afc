"""What becomes of a resource that stands at the receiver, when the night gives no new one."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from publishing.feed.facts import EpisodeStatus, TaskStatus
from publishing.feed.resources import Resource, entry, status_on
from schemas.parsing import LONDON

ENDED = (TaskStatus.COMPLETED.value, TaskStatus.REJECTED.value, TaskStatus.CANCELLED.value)
REFERENCES = ("patient", "managingOrganization", "focus", "for", "requester", "owner")


def references(resource: Resource) -> tuple[str, ...]:
    """Return what a resource refers to, as Type/id, each once."""
    targets = (resource[name]["reference"] for name in REFERENCES if name in resource)
    return tuple(sorted(set(targets)))


def unstamped(resource: Resource) -> Resource:
    """Return what a resource says, without version and time."""
    meta = {
        name: said
        for name, said in resource["meta"].items()
        if name not in {"versionId", "lastUpdated"}
    }
    return {name: said for name, said in resource.items() if name != "lastModified"} | {
        "meta": meta
    }


def turns_on(resource: Resource) -> date | None:
    """Return the day on which a service's status changes by its dates alone, if it will."""
    if resource["resourceType"] != "EpisodeOfCare":
        return None
    period = resource.get("period", {})
    match resource["status"]:
        case EpisodeStatus.PLANNED if "start" in period:
            return date.fromisoformat(period["start"])
        case EpisodeStatus.ACTIVE | EpisodeStatus.ONHOLD if "end" in period:
            return date.fromisoformat(period["end"]) + timedelta(days=1)
        case _:
            return None


def rolled_on(resource: Resource, *, on: date, since: str) -> Resource:
    """Return a service with the status that its own dates give it on a day.

    Nobody says anything new of it: a council's silence ends no service, its end date does. The
    status that it had so far was published on the day `since`.
    """
    if resource["resourceType"] != "EpisodeOfCare":
        return resource
    period = resource["period"]
    start, end = period["start"], period.get("end")
    status = status_on(start, end, on.isoformat())
    if status.value == resource["status"]:
        return resource
    planned = [
        each
        for each in resource.get("statusHistory", [])
        if each["status"] == EpisodeStatus.PLANNED.value
    ]
    if resource["status"] == EpisodeStatus.PLANNED.value and since < start:
        last = date.fromisoformat(start) - timedelta(days=1)
        planned = [entry(EpisodeStatus.PLANNED, since, last.isoformat())]
    history = [*planned, entry(EpisodeStatus.ACTIVE, start, end)]
    if status is EpisodeStatus.FINISHED and end is not None:
        history.append(entry(status, end, None))
    return _with_status(resource, status, history if len(history) > 1 else [])


def _with_status(resource: Resource, status: EpisodeStatus, history: list[Resource]) -> Resource:
    """Return a service with another status, its elements where a renderer puts them.

    Hashes heed their order, and the council must not seem to say something else when it is back.
    """
    changed: Resource = {}
    for name, said in resource.items():
        if name == "status":
            changed |= {name: status.value, **({"statusHistory": history} if history else {})}
        elif name != "statusHistory":
            changed[name] = said
    return changed


def published_on(resource: Resource) -> str:
    """Return the day in London on which a stamped resource was published, as YYYY-MM-DD."""
    at = datetime.fromisoformat(resource["meta"]["lastUpdated"])
    return at.astimezone(ZoneInfo(LONDON)).date().isoformat()


def ended_as(task: Resource, ending: Resource) -> Resource:
    """Return a published Task as it stands now, its elements where a renderer puts them."""
    told: Resource = {}
    for name, said in task.items():
        if name == "status":
            told |= {each: ending[each] for each in ("status", "statusReason") if each in ending}
        elif name not in {"statusReason", "output"}:
            told[name] = said
    return told | ({"output": ending["output"]} if "output" in ending else {})


def has_ended(resource: Resource, *, before: date) -> bool:
    """Say whether a published service ended before a day, or a discrepancy is settled for good."""
    if resource["resourceType"] == "Task":
        return resource["status"] in ENDED
    end = resource.get("period", {}).get("end")
    return end is not None and end < before.isoformat()


def refreshed(
    resource: Resource, *, renewed: Mapping[str, Resource], gone: AbstractSet[str]
) -> Resource | None:
    """Return a resource that names those it refers to as they are named now.

    None where any of them is gone: without its service a Task says too little to be sent.
    """
    fresh = dict(resource)
    for name in (name for name in REFERENCES if name in resource):
        if resource[name]["reference"] in gone:
            return None
        fresh[name] = _named_now(resource[name], renewed)
    return fresh


def _named_now(reference: Resource, renewed: Mapping[str, Resource]) -> Resource:
    target = renewed.get(reference["reference"])
    if target is None:
        return reference
    identifier = target["identifier"][0]
    plain = {name: identifier[name] for name in ("system", "value")}
    return reference | {"identifier": plain, "display": display(target)}


def display(target: Resource) -> str:
    """Return how a reference shows its target."""
    match target["resourceType"]:
        case "Patient":
            name = target["name"][0]
            return " ".join([*name["given"], name["family"]])
        case "Organization":
            return str(target["name"])
        case _:
            return str(target["type"][0]["coding"][0]["display"])
