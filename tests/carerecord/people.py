"""Interweave-Patient and Interweave-Organization, and how little of a person is to be sent."""

import re
from collections.abc import Iterator
from typing import Any

from carerecord.codes import (
    LOCAL_ORGANIZATION,
    NHS_NUMBER,
    ODS_CODE,
    ODS_SITE,
    ORGANIZATION_TYPE_SYSTEM,
    ORGANIZATION_TYPES,
    VERIFICATION_EXTENSION,
    VERIFIED,
)
from carerecord.shared import local_id
from carerecord.values import (
    Breach,
    Reading,
    identifiers,
    parts,
    step,
    text,
    valid_nhs_number,
    whole_day,
)

BASE = {"resourceType", "id", "meta"}
OF_A_PATIENT = {"identifier", "active", "name", "gender", "birthDate"}
OF_A_NAME = {"use", "family", "given", "prefix", "suffix"}
FORBIDDEN_IN_PATIENT = {"photo", "deceasedBoolean", "deceasedDateTime"}
DISCOURAGED_IN_ORGANIZATION = ("partOf", "contact", "extension")


def patient_breaches(patient: dict[str, Any], reading: Reading) -> Iterator[Breach]:
    """Yield what breaks the rules for a person."""
    for name in patient.keys() - BASE - OF_A_PATIENT:
        rule = "patient-forbidden" if name in FORBIDDEN_IN_PATIENT else "patient-minimal"
        yield rule, step("", name)
    if not isinstance(patient.get("active"), bool):
        yield "patient-active", "active"
    yield from _nhs_number(patient)
    yield from _name(patient)
    born = whole_day(patient.get("birthDate"))
    if born is None:
        yield "birth-date", "birthDate"
    elif born > reading.today:
        yield "birth-date-future", "birthDate"


def _nhs_number(patient: dict[str, Any]) -> Iterator[Breach]:
    numbers = [item for item in parts(patient, "identifier") if text(item, "system") == NHS_NUMBER]
    if len(numbers) != 1:
        yield "patient-nhs-number", "identifier"
    for item in numbers:
        if not valid_nhs_number(text(item, "value")):
            yield "nhs-number", "identifier.value"
        if item.get("extension") != [
            {"url": VERIFICATION_EXTENSION, "valueCodeableConcept": {"coding": [VERIFIED]}}
        ]:
            yield "patient-verified", "identifier.extension"


def _name(patient: dict[str, Any]) -> Iterator[Breach]:
    names = parts(patient, "name")
    if not names or names[0].get("use") != "official":
        yield "patient-official-name", "name"
    if len(names) > 1:
        yield "patient-minimal", "name.1"
    for index, name in enumerate(names):
        for key in name.keys() - OF_A_NAME:
            yield "patient-name-extra", step(f"name.{index}", key)
        given = name.get("given")
        if not text(name, "family") or not isinstance(given, list) or not given:
            yield "patient-name-parts", f"name.{index}"


def organization_breaches(organization: dict[str, Any], _: Reading) -> Iterator[Breach]:
    """Yield what breaks the rules for a council or a provider."""
    if not text(organization, "name"):
        yield "organization-name", "name"
    for name in DISCOURAGED_IN_ORGANIZATION:
        if name in organization:
            yield "organization-discouraged", name
    if "endpoint" in organization:
        yield "organization-endpoint", "endpoint"
    yield from _organization_identifiers(organization)
    yield from _organization_type(organization)
    for index, address in enumerate(parts(organization, "address")):
        if address.keys() & {"id", "extension", "use", "text", "period"}:
            yield "organization-address", f"address.{index}"


def _organization_identifiers(organization: dict[str, Any]) -> Iterator[Breach]:
    ods = identifiers(organization, ODS_CODE)
    local = identifiers(organization, LOCAL_ORGANIZATION)
    if not ods and not local:
        yield "organization-identifier", "identifier"
    if max(len(ods), len(local), len(identifiers(organization, ODS_SITE))) > 1:
        yield "organization-identifier-twice", "identifier"
    for item in parts(organization, "identifier"):
        system = text(item, "system")
        if system == ODS_CODE and item.keys() & {"id", "extension"}:
            yield "organization-ods-extra", "identifier"
        if system == ODS_CODE and not re.fullmatch("[A-Z0-9]+", text(item, "value")):
            yield "organization-ods-form", "identifier.value"
        if system == LOCAL_ORGANIZATION and "period" in item:
            yield "organization-local-period", "identifier.period"
    if not all(local_id(value, organization) for value in local):
        yield "local-id", "identifier.value"


def _organization_type(organization: dict[str, Any]) -> Iterator[Breach]:
    types = parts(organization, "type")
    if len(types) > 1:
        yield "organization-type", "type"
    for concept in types:
        codings = parts(concept, "coding")
        if any(node.keys() & {"id", "extension"} for node in (concept, *codings)):
            yield "organization-type-extra", "type"
        known = [coding for coding in codings if coding.get("system") == ORGANIZATION_TYPE_SYSTEM]
        if not known:
            yield "organization-type", "type.coding"
        for coding in known:  # the guide's own letter case varies
            if ORGANIZATION_TYPES.get(text(coding, "code")) != text(coding, "display").upper():
                yield "organization-type-code", "type.coding"
