"""The discrepancy as a Task: our own profile, never that of an assessment."""

from collections.abc import Iterator
from typing import Any

from carerecord.codes import (
    CHANGE,
    DISCREPANCY_TYPES,
    SERVICE_TYPES,
    TASK_CODE,
    TASK_CODE_SYSTEM,
    TASK_STATUSES,
    TYPE_SYSTEM,
)
from carerecord.services import bound
from carerecord.shared import local_id
from carerecord.values import (
    Breach,
    Reading,
    earlier,
    identifiers,
    instant,
    part,
    parts,
    text,
    uk_day,
    whole_day,
)


def task_breaches(task: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    """Yield what breaks the rules for a discrepancy."""
    found = identifiers(task, reading.base + "Id/cpli-discrepancy")
    if len(found) != 1:
        yield "task-identifier", "identifier"
    if not all(local_id(value, task) for value in found):
        yield "local-id", "identifier.value"
    if task.get("intent") != "proposal":
        yield "task-intent", "intent"
    yield from _life(task)
    yield from _code(task, reading.base)
    yield from _reason(task, reading.base)
    for name in ("for", "requester", "owner"):
        if not part(task, name):
            yield f"task-{name}", name
    yield from _times(task, reading)
    yield from _asserted(task, reading.base)


def _life(task: dict[str, Any]) -> Iterator[Breach]:
    status = text(task, "status")
    if status not in TASK_STATUSES:
        yield "task-status", "status"
    if status == "completed" and not parts(task, "output"):
        yield "task-output", "output"
    if status == "rejected" and not part(task, "statusReason"):
        yield "task-status-reason", "statusReason"


def _code(task: dict[str, Any], base: str) -> Iterator[Breach]:
    code = part(task, "code")
    own = bound(code, base + "CodeSystem/cpli-task", dict([TASK_CODE]))
    standard = [item for item in parts(code, "coding") if item.get("system") == TASK_CODE_SYSTEM]
    if not own or (standard and not bound(code, TASK_CODE_SYSTEM, dict([CHANGE]))):
        yield "task-code", "code"


def _reason(task: dict[str, Any], base: str) -> Iterator[Breach]:
    system = base + "CodeSystem/cpli-discrepancy-type"
    own = [
        text(coding, "code")
        for coding in parts(part(task, "reasonCode"), "coding")
        if coding.get("system") == system
    ]
    if len(own) != 1:
        yield "task-reason", "reasonCode"
    elif own[0] not in DISCREPANCY_TYPES:
        yield "task-reason-code", "reasonCode.coding"


def _times(task: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    for name in ("authoredOn", "lastModified"):
        moment, day = instant(task.get(name)), uk_day(task.get(name))
        if day is None:
            yield "task-times", name
        elif day > reading.today or (moment is not None and moment > reading.at):
            yield "newer-than-transaction", name


def _asserted(task: dict[str, Any], base: str) -> Iterator[Breach]:
    asserted: dict[str, list[object]] = {}
    for index, given in enumerate(parts(task, "input")):
        system = base + "CodeSystem/cpli-discrepancy-input"
        codes = [
            text(coding, "code")
            for coding in parts(part(given, "type"), "coding")
            if coding.get("system") == system
        ]
        if len(codes) != 1:
            yield "task-input", f"input.{index}.type"
            continue
        asserted.setdefault(codes[0], []).append(given.get("valueDate"))
        if codes[0] in ("asserted-start", "asserted-end") and not whole_day(given.get("valueDate")):
            yield "task-input-date", f"input.{index}"
        if codes[0] == "asserted-service-type" and not _service_type(given):
            yield "task-input-service", f"input.{index}"
    if not part(task, "focus") and "asserted-service-type" not in asserted:
        yield "task-focus-or-input", "focus"
    starts, ends = asserted.get("asserted-start", []), asserted.get("asserted-end", [])
    if len(starts) == len(ends) == 1 and earlier(ends[0], starts[0]):
        yield "task-input-order", "input"


def _service_type(given: dict[str, Any]) -> bool:
    single = {"coding": [given["valueCoding"]]} if "valueCoding" in given else {}
    return bound(part(given, "valueCodeableConcept") or single, TYPE_SYSTEM, SERVICE_TYPES)
