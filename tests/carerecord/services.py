"""Interweave-SocialCareService, and status against dates."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from carerecord.codes import (
    CATEGORY_EXTENSION,
    CATEGORY_SYSTEM,
    HISTORY_STATUSES,
    LOCAL_SERVICE,
    SERVICE_CATEGORIES,
    SERVICE_STATUSES,
    SERVICE_TYPES,
    TRIGGER_EXTENSION,
    TYPE_SYSTEM,
)
from carerecord.shared import local_id
from carerecord.values import (
    Breach,
    Reading,
    earlier,
    identifiers,
    part,
    parts,
    step,
    text,
    uk_day,
)


def service_breaches(service: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    """Yield what breaks the rules for a line item, all but its status on the day."""
    for name, rule in (
        ("diagnosis", "service-forbidden"),
        ("account", "service-forbidden"),
        ("team", "service-team"),
    ):
        if name in service:
            yield rule, name
    yield from _extensions(service, reading.base)
    yield from _local_identifier(service)
    if text(service, "status") not in SERVICE_STATUSES:
        yield "service-status", "status"
    yield from _type(service)
    for name in ("patient", "managingOrganization"):
        if not part(service, name):
            yield f"service-{name.lower()}", name
    if part(service, "period").keys() & {"id", "extension"}:
        yield "service-period-extra", "period"
    yield from _history(service, reading.today)


def _extensions(service: dict[str, Any], base: str) -> Iterator[Breach]:
    categories = []
    triggers = []
    for index, extension in enumerate(parts(service, "extension")):
        url = text(extension, "url")
        if url == CATEGORY_EXTENSION:
            categories.append(extension)
        elif url == TRIGGER_EXTENSION:
            triggers.append(extension)
        elif not url.startswith(base):
            yield "service-extension", f"extension.{index}"
    if len(triggers) > 1 or not all(part(trigger, "valueReference") for trigger in triggers):
        yield "service-trigger", "extension"
    if [extension.keys() for extension in categories] != [{"url", "valueCodeableConcept"}]:
        yield "service-category", "extension"
    for extension in categories:
        concept = part(extension, "valueCodeableConcept")
        if not bound(concept, CATEGORY_SYSTEM, SERVICE_CATEGORIES):
            yield "service-category-code", "extension.valueCodeableConcept.coding"


def bound(concept: dict[str, Any], system: str, codes: dict[str, str]) -> bool:
    """Say whether exactly one coding is of a system, and is one of its codes with its display."""
    found = [coding for coding in parts(concept, "coding") if coding.get("system") == system]
    if len(found) != 1 or not isinstance(found[0].get("code"), str):
        return False
    return found[0]["code"] in codes and codes[found[0]["code"]] == found[0].get("display")


def _local_identifier(service: dict[str, Any]) -> Iterator[Breach]:
    found = identifiers(service, LOCAL_SERVICE)
    if len(found) != 1:
        yield "service-identifier", "identifier"
    if not all(local_id(value, service) for value in found):
        yield "local-id", "identifier.value"
    if any("period" in item for item in parts(service, "identifier")):
        yield "service-identifier-period", "identifier.period"


def _type(service: dict[str, Any]) -> Iterator[Breach]:
    types = parts(service, "type")
    if len(types) != 1:
        yield "service-type", "type"
    for concept in types:
        if not text(concept, "text"):
            yield "service-type-text", "type.text"
        if not bound(concept, TYPE_SYSTEM, SERVICE_TYPES):
            yield "service-type-code", "type.coding"
        if any(node.keys() & {"id", "extension"} for node in (concept, *parts(concept, "coding"))):
            yield "service-type-extra", "type"


def status_fits(service: dict[str, Any], today: date) -> bool:
    """Say whether a line item's status is that of its period on a day."""
    period = part(service, "period")
    start, end = uk_day(period.get("start")), uk_day(period.get("end"))
    begun = start is not None and start <= today
    not_over = end is None or end >= today
    match service.get("status"):
        case "planned":
            return not begun and not_over
        case "active" | "onhold":
            return begun and not_over
        case "finished":
            return begun and end is not None and end <= today
        case _:
            return True


def _history(service: dict[str, Any], today: date) -> Iterator[Breach]:
    entries = parts(service, "statusHistory")
    for index, entry in enumerate(entries):
        for rule, element in _entry(entry, service, today):
            yield rule, step(f"statusHistory.{index}", element)
    for index, (former, latter) in enumerate(pairwise(entries)):
        here = f"statusHistory.{index + 1}.period"
        before, after = part(former, "period"), part(latter, "period")
        if earlier(after.get("start"), before.get("start")):
            yield "history-order", here
        elif "end" not in before:
            yield "history-open", f"statusHistory.{index}.period"
        elif earlier(after.get("start"), before.get("end")):
            yield "history-overlap", here
    last = entries[-1] if entries else {}
    is_open = bool(last) and "end" not in part(last, "period")
    if is_open and last.get("status") != service.get("status"):
        yield "history-last", f"statusHistory.{len(entries) - 1}.status"


def _entry(entry: dict[str, Any], service: dict[str, Any], today: date) -> Iterator[Breach]:
    period, whole = part(entry, "period"), part(service, "period")
    start = uk_day(period.get("start"))
    if entry.keys() & {"id", "extension"}:
        yield "history-extra", "period"
    if text(entry, "status") not in HISTORY_STATUSES:
        yield "history-status", "status"
    if start is None:
        yield "history-start", "period.start"
    elif start > today and entry.get("status") != "planned":
        yield "history-future", "period.start"
    supporting = entry.get("status") in ("active", "onhold")
    before = earlier(period.get("start"), whole.get("start"))
    after = earlier(whole.get("end"), period.get("end"))
    begins_after = earlier(whole.get("end"), period.get("start"))
    if supporting and (before or after or begins_after):
        yield "history-outside", "period"
