"""What goes out, as FHIR resources: plain dicts without version and time, which `stamped` adds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from publishing.feed import urls
from publishing.feed.facts import (
    Council,
    EpisodeStatus,
    OrganisationType,
    Publisher,
    TaskInput,
    TaskStatus,
)
from publishing.feed.profiles import (
    CATEGORIES,
    DISCREPANCY,
    INPUTS,
    REASONS,
    SERVICE_TYPES,
    TASK_CHANGE,
    VERIFIED,
)
from publishing.feed.publishable import Publishable, plain_text
from schemas.parsing import LONDON
from schemas.vocabularies import ServiceCategory, ServiceType

Resource = dict[str, Any]
Names = Mapping[str, str]
People = Mapping[str, tuple[str, str]]
ENCODE: Callable[[object], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode


def render(publishable: Publishable, publisher: Publisher, *, as_of: date) -> Iterator[Resource]:
    """Yield councils, providers, people, CPLIs and discrepancies, so that references go back."""
    make = Maker(publisher)
    organisations = _organisations(publishable, make)
    people = _people(publishable)
    yield from _council_resources(make)
    yield from _provider_resources(publishable, make)
    yield from _patient_resources(publishable, make)
    yield from _episodes(publishable, make, organisations, people, as_of=as_of)
    yield from _tasks(publishable, make, organisations, people, as_of=as_of)


def stamped(resource: Resource, *, version: int, last_updated: datetime) -> Resource:
    """Return the resource with its version and when that was made (UTC).

    A Task says so in an element of its own, too.
    """
    written = instant(last_updated)
    meta = {"versionId": str(version), "lastUpdated": written, **resource["meta"]}
    modified = {"lastModified": written} if resource["resourceType"] == "Task" else {}
    return {**resource, "meta": meta, **modified}


def instant(moment: datetime) -> str:
    """Return an instant (UTC) as FHIR writes it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def hash_of(content: str) -> str:
    """Return a hash of what a resource says, as JSON without version and time."""
    return blake2b(content.encode(), digest_size=16).hexdigest()


def as_entered_in_error(resource: Resource) -> Resource:
    """Return a published CPLI as withdrawn; its history no longer tells anything."""
    kept = {name: said for name, said in resource.items() if name != "statusHistory"}
    return kept | {"status": EpisodeStatus.ENTERED_IN_ERROR.value}


@dataclass(frozen=True)
class Maker:
    """What the resources of one publisher have in common."""

    publisher: Publisher

    def council_id(self, council: Council) -> str:
        """Return a council's id."""
        return self.publisher.id("Organization", "council", council.ods_code)

    def service_id(self, local_authority: str, cpli_id: str) -> str:
        """Return a CPLI's id."""
        return self.publisher.id("EpisodeOfCare", local_authority, cpli_id)

    def meta(self, kind: str, council: Council) -> Resource:
        """Return the profiles and the two tags."""
        of_kind = self.publisher.task_profiles if kind == "Task" else urls.PROFILES[kind]
        return {
            "profile": list(of_kind),
            "tag": [
                coding(urls.SOURCE, self.publisher.source_code, self.publisher.source_name),
                coding(urls.PROVENANCE, council.ods_code, council.name),
            ],
        }


def coding(system: str, code: str, display: str) -> Resource:
    """Return a coding with all that it needs."""
    return {"system": system, "code": code, "display": display}


def coded(system: str, code: str, known: Names, **more: str) -> Resource:
    """Return a concept of one known code."""
    return {"coding": [coding(system, code, known[code])], **more}


def reference(kind: str, number: str, identifier: Resource, display: str) -> Resource:
    """Return a reference that also names its target."""
    return {
        "reference": f"{kind}/{number}",
        "type": kind,
        "identifier": identifier,
        "display": display,
    }


def _identifier(system: str, value: str) -> Resource:
    return {"system": system, "value": value}


def _organisations(publishable: Publishable, make: Maker) -> Mapping[str, Resource]:
    """Return how to refer to each provider; one with a council's ODS code is that council."""
    councils = {each.ods_code: each for each in make.publisher.councils.values()}
    found = {}
    for provider_id, name, ods_code, _ in _provider_rows(publishable):
        if ods_code in councils:
            found[provider_id] = _council_reference(make, councils[ods_code])
        else:
            named = _provider_identifiers(make, provider_id, ods_code)[0]
            number = make.publisher.id("Organization", "provider", provider_id)
            found[provider_id] = reference("Organization", number, named, name)
    return found


def _council_reference(make: Maker, council: Council) -> Resource:
    named = _identifier(urls.ODS_ORGANISATION, council.ods_code)
    return reference("Organization", make.council_id(council), named, council.name)


def _people(publishable: Publishable) -> People:
    """Return each patient's NHS number and the name that references show."""
    people = publishable.people
    shown = people["given_name"] + " " + people["family_name"]
    return dict(zip(people["patient"], zip(people["nhs_number"], shown, strict=True), strict=True))


def _council_resources(make: Maker) -> Iterator[Resource]:
    for council in make.publisher.councils.values():
        yield {
            "resourceType": "Organization",
            "id": make.council_id(council),
            "meta": make.meta("Organization", council),
            "identifier": [_identifier(urls.ODS_ORGANISATION, council.ods_code)],
            "active": True,
            "type": [
                {"coding": [coding(urls.ORGANISATION_CODES, council.type, council.type.display)]}
            ],
            "name": council.name,
        }


def _provider_rows(publishable: Publishable) -> Sequence[tuple[str, str, str | None, str | None]]:
    columns = ("provider_id", "name", "ods_code", "cqc_id")
    return list(zip(*(nullable(publishable.providers[name]) for name in columns), strict=True))


def _provider_identifiers(make: Maker, provider_id: str, ods_code: str | None) -> list[Resource]:
    """Return the ODS code, if there is one, and the register's id under its keeper's code."""
    keeper = make.publisher.councils[make.publisher.register_kept_by].ods_code
    local = _identifier(urls.LOCAL_ORGANISATION, f"{keeper}.{provider_id}")
    return [_identifier(urls.ODS_ORGANISATION, ods_code), local] if ods_code else [local]


def _provider_resources(publishable: Publishable, make: Maker) -> Iterator[Resource]:
    publisher = make.publisher
    councils = {each.ods_code for each in publisher.councils.values()}
    meta = make.meta("Organization", publisher.councils[publisher.register_kept_by])
    kind = OrganisationType.SOCIAL_CARE_PROVIDER
    for provider_id, name, ods_code, cqc_id in _provider_rows(publishable):
        if ods_code in councils:
            continue
        identifiers = _provider_identifiers(make, provider_id, ods_code)
        if publisher.cqc_system and cqc_id:
            identifiers.append(_identifier(publisher.cqc_system, cqc_id))
        yield {
            "resourceType": "Organization",
            "id": make.publisher.id("Organization", "provider", provider_id),
            "meta": meta,
            "identifier": identifiers,
            "active": True,
            "type": [{"coding": [coding(urls.ORGANISATION_CODES, kind, kind.display)]}],
            "name": name,
        }


def _patient_resources(publishable: Publishable, make: Maker) -> Iterator[Resource]:
    people = publishable.people
    metas = _metas(make, "Patient")
    verified = [{"url": urls.VERIFICATION, "valueCodeableConcept": VERIFIED}]
    columns = ("patient", "local_authority", "nhs_number", "family_name", "given_name")
    for patient, council, nhs_number, family, given, born in zip(
        *(people[name] for name in columns), iso_days(people["date_of_birth"]), strict=True
    ):
        yield {
            "resourceType": "Patient",
            "id": patient,
            "meta": metas[council],
            "identifier": [{"extension": verified, "system": urls.NHS_NUMBER, "value": nhs_number}],
            "active": True,
            "name": [{"use": "official", "family": family, "given": [given]}],
            "birthDate": born,
        }


def _metas(make: Maker, kind: str) -> Mapping[str, Resource]:
    return {gss: make.meta(kind, council) for gss, council in make.publisher.councils.items()}


def _patient_reference(patient: str, people: People) -> Resource:
    nhs_number, shown = people[patient]
    named = _identifier(urls.NHS_NUMBER, nhs_number)
    return reference("Patient", patient, named, shown)


def _episodes(
    publishable: Publishable,
    make: Maker,
    organisations: Mapping[str, Resource],
    people: People,
    *,
    as_of: date,
) -> Iterator[Resource]:
    """Yield one EpisodeOfCare a CPLI; a category that nobody states is "data not held"."""
    lines = publishable.cplis
    metas = _metas(make, "EpisodeOfCare")
    today = as_of.isoformat()
    codes = lines["service_type"].astype("str")
    words = plain_text(lines["service_description"]).fillna(codes.map(SERVICE_TYPES))
    categories = lines["service_category"].astype("str")
    categories = categories.fillna(ServiceCategory.NOT_HELD_INDIVIDUAL.value)
    for council, cpli_id, patient, provider, code, text, category, start, end, planned in zip(
        lines["local_authority"],
        lines["cpli_id"],
        lines["patient"],
        lines["provider_id"],
        codes,
        words,
        categories,
        iso_days(lines["start_date"]),
        iso_days(lines["end_date"]),
        _planning(lines),
        strict=True,
    ):
        status = status_on(start, end, today)
        history = _history(status, start, end, planned)
        yield {
            "resourceType": "EpisodeOfCare",
            "id": make.service_id(council, cpli_id),
            "meta": metas[council],
            "extension": [
                {
                    "url": urls.CATEGORY,
                    "valueCodeableConcept": coded(urls.CATEGORY_CODES, category, CATEGORIES),
                }
            ],
            "identifier": [_service_identifier(make, council, cpli_id)],
            "status": status.value,
            **({"statusHistory": history} if len(history) > 1 else {}),
            "type": [coded(urls.TYPE_CODES, code, SERVICE_TYPES, text=text)],
            "patient": _patient_reference(patient, people),
            "managingOrganization": organisations[provider],
            "period": _period(start, end),
        }


def _service_identifier(make: Maker, council: str, cpli_id: str) -> Resource:
    ods_code = make.publisher.councils[council].ods_code
    return _identifier(urls.LOCAL_SERVICE, f"{ods_code}.{cpli_id}")


def _planning(lines: pd.DataFrame) -> list[tuple[str, str] | None]:
    """Return the days on which each CPLI was a plan: entered before its start, in London days."""
    entered = lines["created_at"].dt.tz_convert(LONDON).dt.tz_localize(None).dt.normalize()
    last = lines["start_date"] - pd.Timedelta(days=1)
    ahead = (entered <= last).fillna(value=False)
    days = zip(iso_days(entered), iso_days(last), ahead, strict=True)
    return [
        (first, until) if was and first is not None and until is not None else None
        for first, until, was in days
    ]


def status_on(start: str, end: str | None, today: str) -> EpisodeStatus:
    """Return a status from the dates (rule 3): a CPLI is active on the day on which it ends."""
    if start > today:
        return EpisodeStatus.PLANNED
    return EpisodeStatus.FINISHED if end is not None and end < today else EpisodeStatus.ACTIVE


def _history(
    status: EpisodeStatus, start: str, end: str | None, planned: tuple[str, str] | None
) -> list[Resource]:
    """Return the statuses that a service went through; it finished on its last day."""
    if status is EpisodeStatus.PLANNED:
        return []
    plan = [entry(EpisodeStatus.PLANNED, *planned)] if planned else []
    support = [*plan, entry(EpisodeStatus.ACTIVE, start, end)]
    if status is EpisodeStatus.FINISHED and end is not None:
        return [*support, entry(EpisodeStatus.FINISHED, end, None)]
    return support


def entry(status: EpisodeStatus, start: str, end: str | None) -> Resource:
    """Return an entry of a service's history."""
    return {"status": status.value, "period": _period(start, end)}


def _period(start: str, end: str | None) -> Resource:
    return {"start": start} if end is None else {"start": start, "end": end}


def _tasks(
    publishable: Publishable,
    make: Maker,
    organisations: Mapping[str, Resource],
    people: People,
    *,
    as_of: date,
) -> Iterator[Resource]:
    """Yield one Task a discrepancy, asked by whoever states something else, of the council."""
    tasks = publishable.discrepancies
    publisher = make.publisher
    metas = _metas(make, "Task")
    owners = {gss: _council_reference(make, each) for gss, each in publisher.councils.items()}
    reasons = publisher.code_system("cpli-discrepancy-type")
    code = {
        "coding": [
            *coded(publisher.code_system("cpli-task"), "cpli-discrepancy", DISCREPANCY)["coding"],
            *coded(urls.TASK_CODES, "change", TASK_CHANGE)["coding"],
        ],
        "text": DISCREPANCY["cpli-discrepancy"],
    }
    focuses = _focuses(publishable, as_of=as_of)
    for (
        number,
        council,
        patient,
        provider,
        asked,
        kind,
        status,
        outcome,
        raised,
        other,
        said,
    ) in zip(
        tasks["discrepancy_id"],
        tasks["local_authority"],
        tasks["patient"],
        nullable(tasks["provider_id"]),
        tasks["asked_by_provider"],
        tasks["type"].str.replace("_", "-"),
        tasks["status"],
        nullable(plain_text(tasks["outcome"])),
        instants(tasks["authored_on"]),
        tasks["asserted_service"].notna(),
        _asserted(tasks, make),
        strict=True,
    ):
        owner = owners[council]
        focus = focuses.get(number)
        asserted = said[1:] if focus and not other else said
        ended = ending(publisher, status, outcome)
        yield {
            "resourceType": "Task",
            "id": make.publisher.id("Task", number),
            "meta": metas[council],
            "identifier": [
                _identifier(
                    publisher.discrepancy_system, f"{publisher.councils[council].ods_code}.{number}"
                )
            ],
            **{name: said for name, said in ended.items() if name != "output"},
            "intent": "proposal",
            "priority": "routine",
            "code": code,
            "description": REASONS[kind],
            **({"focus": _focus(make, council, *focus)} if focus else {}),
            "for": _patient_reference(patient, people),
            "authoredOn": raised,
            "requester": organisations[provider] if asked and provider is not None else owner,
            "owner": owner,
            "reasonCode": coded(reasons, kind, REASONS, text=REASONS[kind]),
            **({"input": asserted} if asserted else {}),
            **({"output": ended["output"]} if "output" in ended else {}),
        }


def _focus(make: Maker, council: str, cpli_id: str, code: str) -> Resource:
    return reference(
        "EpisodeOfCare",
        make.service_id(council, cpli_id),
        _service_identifier(make, council, cpli_id),
        SERVICE_TYPES[code],
    )


def _focuses(publishable: Publishable, *, as_of: date) -> People:
    """Return each discrepancy's CPLI (id, service type): active on the run date, else the latest.

    Of several the one with the latest start, then the highest id; only what is published counts,
    and only of the Task's own person.
    """
    tasks = publishable.discrepancies[["discrepancy_id", "local_authority", "patient", "cpli_ids"]]
    named = tasks.assign(cpli_id=tasks["cpli_ids"].str.split(";")).explode("cpli_id")
    named["cpli_id"] = named["cpli_id"].astype("str")
    keys = ["local_authority", "patient", "cpli_id"]
    lines = publishable.cplis[[*keys, "service_type", "start_date", "end_date"]]
    found = named.merge(lines, on=keys)
    today = pd.Timestamp(as_of)
    found["runs"] = (found["start_date"] <= today) & ~(found["end_date"] < today)
    ordered = found.sort_values(["runs", "start_date", "cpli_id"])
    last = ordered.drop_duplicates("discrepancy_id", keep="last")
    shown = zip(last["cpli_id"], last["service_type"].astype("str"), strict=True)
    return dict(zip(last["discrepancy_id"], shown, strict=True))


def _asserted(tasks: pd.DataFrame, make: Maker) -> Iterator[list[Resource]]:
    """Yield what the provider asserts: the service first, then the days that it states.

    Where there is a focus, that says the service, unless the provider states another.
    """
    system = make.publisher.code_system("cpli-discrepancy-input")
    for code, start, end in zip(
        nullable(tasks["asserted_service"].fillna(tasks["service_type"])),
        iso_days(tasks["asserted_start"]),
        iso_days(tasks["asserted_end"]),
        strict=True,
    ):
        service = coded(urls.TYPE_CODES, code or ServiceType.NOT_HELD_INDIVIDUAL, SERVICE_TYPES)
        said = [_input(system, TaskInput.SERVICE_TYPE, valueCodeableConcept=service)]
        if start is not None:
            said.append(_input(system, TaskInput.START, valueDate=start))
        if end is not None:
            said.append(_input(system, TaskInput.END, valueDate=end))
        yield said


def _input(system: str, which: TaskInput, **value: object) -> Resource:
    return {"type": coded(system, which, INPUTS), **value}


def ending(publisher: Publisher, status: str, outcome: str | None) -> Resource:
    """Return a Task's status, and how it ended: why it was rejected, or what came out of it."""
    told: Resource = {"status": status}
    if outcome is not None and status == TaskStatus.REJECTED:
        told["statusReason"] = {"text": outcome}
    if outcome is not None and status == TaskStatus.COMPLETED:
        system = publisher.code_system("cpli-discrepancy-output")
        kind = coded(system, "outcome", {"outcome": "Outcome"})
        told["output"] = [{"type": kind, "valueString": outcome}]
    return told


def nullable(column: pd.Series) -> list[Any]:
    """Return a column's values, None where null."""
    return list(column.astype("object").where(column.notna(), None))


def iso_days(column: pd.Series) -> list[str | None]:
    """Return dates as YYYY-MM-DD, None where null."""
    written = np.datetime_as_string(column.to_numpy("datetime64[D]"))
    return [None if each == "NaT" else str(each) for each in written]


def instants(column: pd.Series) -> list[str]:
    """Return instants in UTC to the second."""
    seconds = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]")
    return [f"{written}Z" for written in np.datetime_as_string(seconds)]
