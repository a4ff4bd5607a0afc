"""Base FHIR R4: what fhir.resources refuses, and what it lets pass."""

import re
from collections.abc import Iterator
from typing import Any

from carerecord.codes import CONTACT_SYSTEMS, GENDERS, PRIORITIES, USES
from carerecord.values import Breach, earlier, step, text, uk_day, walk, whole_day
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.episodeofcare import EpisodeOfCare
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.task import Task
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from pydantic import ValidationError

MODELS: dict[str, type[FHIRAbstractModel]] = {
    "Bundle": Bundle,
    "EpisodeOfCare": EpisodeOfCare,
    "Organization": Organization,
    "Patient": Patient,
    "Task": Task,
}
NAME = re.compile(r"[a-z][A-Za-z0-9]*")
CODE = re.compile(r"\S+( \S+)*")
# R4 has more of these than the feed could ever need; in none of them may anything else stand.
TRUTHS = frozenset({"active", "userSelected", "preferred", "valueBoolean", "deceasedBoolean"})
NUMBERS = frozenset({"rank", "repetitions", "valueInteger", "valueDecimal", "valuePositiveInt"})
FREE_TEXT = frozenset({"text", "display", "description", "name", "value", "valueString", "family"})
DATES = frozenset({"start", "end", "valueDate", "valueDateTime", "authoredOn", "lastModified"})


def base_breaches(resource: dict[str, Any]) -> Iterator[Breach]:
    """Yield what base R4 does not allow in a resource of one of our types."""
    yield from _refused_by_the_models(resource)
    for path, key, value in walk(resource):
        yield from _shape(path, key, value)
        if isinstance(value, dict):
            yield from _invariants(path, key, value)
        elif isinstance(value, str):
            yield from _string(path, key, value)
    yield from _required_codes(resource)


def _refused_by_the_models(resource: dict[str, Any]) -> Iterator[Breach]:
    try:
        MODELS[resource["resourceType"]].model_validate(resource)
    except ValidationError as refused:
        for error in refused.errors(include_input=False, include_context=False, include_url=False):
            path = ""
            for key in error["loc"]:
                path = step(path, key)
            if error["type"] == "extra_forbidden":
                path = ".".join([*path.split(".")[:-1], "?"])
            yield "base-r4", path
    except (TypeError, ValueError, AttributeError):
        yield "base-r4", ""


def _shape(path: str, key: str, value: object) -> Iterator[Breach]:
    """The models read `"true"` as true, 1 as a day of 1970 and a string of JSON as an object."""
    if key.startswith("_"):
        yield "primitive-extension", path
    elif not NAME.fullmatch(key):
        yield "element-name", path
    if value is None or value in ({}, []):
        yield "empty-element", path
    wants_truth = key in TRUTHS
    wants_number = key in NUMBERS or path.endswith("Quantity.value")
    is_truth = isinstance(value, bool)
    is_number = isinstance(value, int | float) and not is_truth
    is_json = isinstance(value, str) and value.startswith(("{", "[")) and key not in FREE_TEXT
    if is_truth != wants_truth or (is_number and not wants_number) or is_json:
        yield "json-type", path


def _string(path: str, key: str, value: str) -> Iterator[Breach]:
    if value != value.strip() or not value:
        yield "string-blanks", path
    if any(ord(character) < 32 and character not in "\t\n\r" for character in value):
        yield "string-control", path
    if key == "code" and not CODE.fullmatch(value):
        yield "code-form", path
    if (key in DATES and uk_day(value) is None) or (key == "birthDate" and not whole_day(value)):
        yield "date-form", path


def _invariants(path: str, key: str, value: dict[str, Any]) -> Iterator[Breach]:
    if key == "extension":
        values = [name for name in value if name.startswith("value")]
        nested = bool(value.get("extension"))
        if len(values) + nested != 1 or not text(value, "url"):
            yield "ext-1", path
    if earlier(value.get("end"), value.get("start")):
        yield "per-1", path
    allowed = USES.get(key)
    if allowed is not None and "use" in value and text(value, "use") not in allowed:
        yield "required-code", step(path, "use")
    if key == "telecom" and text(value, "system") not in CONTACT_SYSTEMS:
        yield "required-code", step(path, "system")


def _required_codes(resource: dict[str, Any]) -> Iterator[Breach]:
    for element, allowed in (("gender", GENDERS), ("priority", PRIORITIES)):
        if element in resource and text(resource, element) not in allowed:
            yield "required-code", element
    if resource["resourceType"] == "Task" and earlier(
        resource.get("lastModified"), resource.get("authoredOn")
    ):
        yield "inv-1", "lastModified"
