"""What Interweave's profiles, their notes and our own decisions ask beyond structure.

Each rule is a function over a resource of sound structure; it yields the element and the name of
the rule for each breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from publishing.feed import urls
from publishing.feed.facts import (
    EpisodeStatus,
    OrganisationType,
    Publisher,
    TaskInput,
    TaskStatus,
)
from schemas.vocabularies import DiscrepancyType, ServiceCategory, ServiceType, Vocabulary

Resource = Mapping[str, Any]
Broken = Iterable[tuple[str, str]]
FULL_DATE = len("YYYY-MM-DD")
NHS_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When an export is made: the run date, the instant that it is of, and who publishes it."""

    as_of: date
    transaction_time: datetime
    publisher: Publisher


Rule = Callable[[Resource, Moment], Broken]


def displays(vocabulary: type[Vocabulary]) -> Mapping[str, str]:
    """Return a vocabulary's displays by code."""
    return MappingProxyType({member.value: member.display for member in vocabulary})


CATEGORIES = displays(ServiceCategory)
SERVICE_TYPES = displays(ServiceType)
ORGANISATION_TYPES = displays(OrganisationType)
REASONS = {member.value.replace("_", "-"): member.display for member in DiscrepancyType}
INPUTS = displays(TaskInput)
TASK_CHANGE = {"change": "Change the focal resource"}
DISCREPANCY = {"cpli-discrepancy": "Care package line item discrepancy"}
VERIFIED = {
    "coding": [
        {
            "system": urls.VERIFICATION_CODES,
            "code": "01",
            "display": "Number present and verified",
        }
    ]
}


def profile_first(resource: Resource, moment: Moment) -> Broken:
    """Interweave's profile comes first, then the base it grows from."""
    kind = resource["resourceType"]
    wanted = moment.publisher.task_profiles if kind == "Task" else urls.PROFILES[kind]
    if tuple(resource["meta"]["profile"]) != wanted:
        yield "meta.profile", "profile"


def one_source_one_provenance(resource: Resource, moment: Moment) -> Broken:
    """The source's id and name, and the council that answers for the data, once each."""
    publisher = moment.publisher
    source = {(publisher.source_code, publisher.source_name)}
    councils = {(council.ods_code, council.name) for council in publisher.councils.values()}
    for system, known in ((urls.SOURCE, source), (urls.PROVENANCE, councils)):
        tags = [tag for tag in resource["meta"]["tag"] if tag["system"] == system]
        if len(tags) != 1:
            yield "meta.tag", "one_tag"
        elif (tags[0]["code"], tags[0]["display"]) not in known:
            yield "meta.tag", "tag"


def not_newer_than_export(resource: Resource, moment: Moment) -> Broken:
    """Nothing in an export is newer than it."""
    if datetime.fromisoformat(resource["meta"]["lastUpdated"]) > moment.transaction_time:
        yield "meta.lastUpdated", "newer_than_export"


def extensions_hold_a_value(resource: Resource, moment: Moment) -> Broken:
    """An extension holds one value (R4 ext-1)."""
    del moment
    carriers = [resource, *resource["identifier"]]
    for extension in (each for carrier in carriers for each in carrier.get("extension", [])):
        if len(extension) != len({"url", "value"}):
            yield "extension", "ext-1"


def one_category(resource: Resource, moment: Moment) -> Broken:
    """A service has one category, of the 12."""
    del moment
    found = [each for each in resource["extension"] if each["url"] == urls.CATEGORY]
    if len(found) != 1:
        yield "extension.category", "one_category"
        return
    concept = found[0].get("valueCodeableConcept", {})
    yield from _bound("extension.category", concept, urls.CATEGORY_CODES, CATEGORIES)


def at_most_one_trigger(resource: Resource, moment: Moment) -> Broken:
    """A service starts from one assessment at most, which is a Task."""
    del moment
    found = [each for each in resource["extension"] if each["url"] == urls.TRIGGER]
    if len(found) > 1:
        yield "extension.trigger", "one_trigger"
    for each in found:
        if not each.get("valueReference", {}).get("reference", "").startswith("Task/"):
            yield "extension.trigger", "target"


def local_service_id(resource: Resource, moment: Moment) -> Broken:
    """A service has one local id, after its council's ODS code and a full stop."""
    del moment
    yield from _one_local_id(resource, urls.LOCAL_SERVICE)


def service_type(resource: Resource, moment: Moment) -> Broken:
    """A service has one type, of the 27, with the local words beside it."""
    del moment
    yield from _bound("type", resource["type"][0], urls.TYPE_CODES, SERVICE_TYPES)


def of_a_person(resource: Resource, moment: Moment) -> Broken:
    """Who it is about is a Patient, named by a valid NHS number."""
    del moment
    name = "for" if resource["resourceType"] == "Task" else "patient"
    yield from _to(resource, name, "Patient")
    identifier = resource[name]["identifier"]
    if identifier["system"] != urls.NHS_NUMBER:
        yield f"{name}.identifier", "system"
    if not nhs_number_valid(identifier["value"]):
        yield f"{name}.identifier", "nhs_number"


def delivered_by_an_organisation(resource: Resource, moment: Moment) -> Broken:
    """Who delivers the service is an Organization."""
    del moment
    yield from _to(resource, "managingOrganization", "Organization")


def period_in_order(resource: Resource, moment: Moment) -> Broken:
    """No period ends before it starts (R4 per-1), and whole days are sent as such."""
    del moment
    periods = [("period", resource.get("period", {}))]
    periods += [("statusHistory", each["period"]) for each in resource.get("statusHistory", [])]
    for path, period in periods:
        days = [period[name] for name in ("start", "end") if name in period]
        if any(len(day) != FULL_DATE for day in days):
            yield path, "whole_days"
        elif days != sorted(days):
            yield path, "per-1"


def status_fits_dates(resource: Resource, moment: Moment) -> Broken:
    """A status agrees with the period on the run date."""
    today = moment.as_of.isoformat()
    period = resource.get("period", {})
    start, end = period.get("start"), period.get("end")
    fits = True
    match EpisodeStatus(resource["status"]):
        case EpisodeStatus.PLANNED:
            fits = (start is None or start > today) and (end is None or end >= today)
        case EpisodeStatus.ACTIVE | EpisodeStatus.ONHOLD:
            fits = start is not None and start <= today and (end is None or end >= today)
        case EpisodeStatus.FINISHED:
            fits = start is not None and start <= today and end is not None and end <= today
        case EpisodeStatus.ENTERED_IN_ERROR:
            pass
    if not fits:
        yield "status", "status_against_dates"


def history_in_order(resource: Resource, moment: Moment) -> Broken:
    """A history goes forward without overlaps; only its last entry may be open."""
    del moment
    history = resource.get("statusHistory", [])
    if any("start" not in each["period"] for each in history):
        yield "statusHistory", "history_start"
        return
    starts = [each["period"]["start"] for each in history]
    if starts != sorted(starts):
        yield "statusHistory", "history_order"
    ends = [each["period"].get("end") for each in history]
    if any(end is None for end in ends[:-1]):
        yield "statusHistory", "history_open"
    if any(end is not None and end > start for end, start in zip(ends, starts[1:], strict=False)):
        yield "statusHistory", "history_overlap"
    if history and ends[-1] is None and history[-1]["status"] != resource["status"]:
        yield "statusHistory", "history_status"


def history_in_time(resource: Resource, moment: Moment) -> Broken:
    """Nothing but a plan starts in the future; support lies inside the period."""
    today = moment.as_of.isoformat()
    period = resource.get("period", {})
    first, last = period.get("start", ""), period.get("end")
    for each in resource.get("statusHistory", []):
        start, end = each["period"].get("start", ""), each["period"].get("end")
        if start > today and each["status"] != EpisodeStatus.PLANNED:
            yield "statusHistory", "history_future"
        if each["status"] in {EpisodeStatus.ACTIVE, EpisodeStatus.ONHOLD} and (
            start < first or (last is not None and (end is None or end > last))
        ):
            yield "statusHistory", "history_outside_period"


def one_verified_nhs_number(resource: Resource, moment: Moment) -> Broken:
    """A person has one NHS number, valid and verified, and says so in exactly one coding."""
    del moment
    found = [each for each in resource["identifier"] if each["system"] == urls.NHS_NUMBER]
    if len(found) != 1:
        yield "identifier", "one_nhs_number"
        return
    if not nhs_number_valid(found[0]["value"]):
        yield "identifier", "nhs_number"
    said = [each for each in found[0].get("extension", []) if each["url"] == urls.VERIFICATION]
    if len(said) != 1 or said[0].get("valueCodeableConcept") != VERIFIED:
        yield "identifier.extension", "verified"


def official_name_first(resource: Resource, moment: Moment) -> Broken:
    """The official name comes first, once, with a family and a given name."""
    del moment
    uses = [name.get("use") for name in resource["name"]]
    if uses[0] != "official" or uses.count("official") != 1:
        yield "name", "official_first"
    elif not {"family", "given"} <= set(resource["name"][0]):
        yield "name", "official_whole"


def whole_birth_date(resource: Resource, moment: Moment) -> Broken:
    """A birth date is a whole day that is not to come: it must match PDS."""
    born = resource["birthDate"]
    if len(born) != FULL_DATE:
        yield "birthDate", "whole_day"
    elif born > moment.as_of.isoformat():
        yield "birthDate", "future"


def said_to_be_active(resource: Resource, moment: Moment) -> Broken:
    """Whether it is active is always said."""
    del moment
    if "active" not in resource:
        yield "active", "active"


def ods_code_or_local_id(resource: Resource, moment: Moment) -> Broken:
    """An organisation has its ODS code once, or else a local id, each system at most once."""
    del moment
    systems = [each["system"] for each in resource["identifier"]]
    slices = (urls.ODS_ORGANISATION, urls.ODS_SITE, urls.LOCAL_ORGANISATION)
    if any(systems.count(system) > 1 for system in slices):
        yield "identifier", "slice_repeated"
    if not {urls.ODS_ORGANISATION, urls.LOCAL_ORGANISATION} & set(systems):
        yield "identifier", "ods_or_local"
    if urls.LOCAL_ORGANISATION in systems:
        yield from _one_local_id(resource, urls.LOCAL_ORGANISATION)
    if any("extension" in each for each in resource["identifier"]):
        yield "identifier.extension", "forbidden"


def organisation_type(resource: Resource, moment: Moment) -> Broken:
    """An organisation's type, where it is sent, is of the guide's list."""
    del moment
    for concept in resource.get("type", []):
        yield from _bound("type", concept, urls.ORGANISATION_CODES, ORGANISATION_TYPES)


def task_is_a_discrepancy(resource: Resource, moment: Moment) -> Broken:
    """A Task of ours says what it is, in our words and in R4's, and why it was raised."""
    publisher = moment.publisher
    ours = publisher.code_system("cpli-task")
    yield from _bound("code", resource["code"], ours, DISCREPANCY)
    yield from _bound("code", resource["code"], urls.TASK_CODES, TASK_CHANGE)
    reasons = publisher.code_system("cpli-discrepancy-type")
    yield from _bound("reasonCode", resource["reasonCode"], reasons, REASONS)
    yield from _one_local_id(resource, publisher.discrepancy_system)


def task_times(resource: Resource, moment: Moment) -> Broken:
    """A Task was not modified before it was raised (R4 inv-1), nor after the export."""
    times = [resource["authoredOn"], resource["lastModified"]]
    if any(len(each) <= FULL_DATE for each in times):
        yield "lastModified", "instant"
        return
    authored, modified = map(datetime.fromisoformat, times)
    if modified < authored:
        yield "lastModified", "inv-1"
    if modified > moment.transaction_time:
        yield "lastModified", "newer_than_export"


def task_references(resource: Resource, moment: Moment) -> Broken:
    """A Task is asked by an organisation, of an organisation, about a service if there is one."""
    del moment
    yield from _to(resource, "requester", "Organization")
    yield from _to(resource, "owner", "Organization")
    if "focus" in resource:
        yield from _to(resource, "focus", "EpisodeOfCare")


def task_without_focus_asserts(resource: Resource, moment: Moment) -> Broken:
    """Each input is one of ours with one value; without a focus the service is asserted."""
    system = moment.publisher.code_system("cpli-discrepancy-input")
    asserted = set()
    for each in resource.get("input", []):
        yield from _bound("input.type", each["type"], system, INPUTS)
        asserted |= {coding["code"] for coding in each["type"].get("coding", [])}
        if len(each) != len({"type", "value"}):
            yield "input", "one_value"
        elif "valueCodeableConcept" in each:
            concept = each["valueCodeableConcept"]
            yield from _bound("input.value", concept, urls.TYPE_CODES, SERVICE_TYPES)
    if "focus" not in resource and TaskInput.SERVICE_TYPE not in asserted:
        yield "input", "focus_or_asserted_service"


def task_says_how_it_ended(resource: Resource, moment: Moment) -> Broken:
    """What was fixed says how, what was rejected says why."""
    del moment
    if resource["status"] == TaskStatus.COMPLETED and "output" not in resource:
        yield "output", "output"
    if resource["status"] == TaskStatus.REJECTED and "statusReason" not in resource:
        yield "statusReason", "status_reason"


_EVERY: Sequence[Rule] = (
    profile_first,
    one_source_one_provenance,
    not_newer_than_export,
    extensions_hold_a_value,
)
RULES: Mapping[str, Sequence[Rule]] = MappingProxyType(
    {
        "EpisodeOfCare": (
            *_EVERY,
            one_category,
            at_most_one_trigger,
            local_service_id,
            service_type,
            of_a_person,
            delivered_by_an_organisation,
            period_in_order,
            status_fits_dates,
            history_in_order,
            history_in_time,
        ),
        "Patient": (
            *_EVERY,
            one_verified_nhs_number,
            official_name_first,
            whole_birth_date,
            said_to_be_active,
        ),
        "Organization": (*_EVERY, ods_code_or_local_id, organisation_type, said_to_be_active),
        "Task": (
            *_EVERY,
            task_is_a_discrepancy,
            task_times,
            of_a_person,
            task_references,
            task_without_focus_asserts,
            task_says_how_it_ended,
        ),
    }
)


def nhs_number_valid(value: str) -> bool:
    """Say whether ten digits carry the right check digit (modulus 11)."""
    if len(value) != NHS_DIGITS or not (value.isascii() and value.isdigit()):
        return False
    weighted = sum(
        int(digit) * weight for digit, weight in zip(value, range(10, 0, -1), strict=True)
    )
    return weighted % 11 == 0 and len(set(value)) > 1


def _bound(path: str, concept: Resource, system: str, known: Mapping[str, str]) -> Broken:
    """At least one coding is of the system, and each that is, is a known code with its display."""
    codings = [each for each in concept.get("coding", []) if each["system"] == system]
    if not codings:
        yield path, "binding"
    for coding in codings:
        if coding["code"] not in known:
            yield path, "code"
        elif coding["display"] != known[coding["code"]]:
            yield path, "display"


def _one_local_id(resource: Resource, system: str) -> Broken:
    found = [each for each in resource["identifier"] if each["system"] == system]
    if len(found) != 1:
        yield "identifier", "one_local_id"
    codes = [tag["code"] for tag in resource["meta"]["tag"] if tag["system"] == urls.PROVENANCE]
    for each in found:
        if not any(each["value"].startswith(f"{code}.") for code in codes):
            yield "identifier", "ods_prefix"


def _to(resource: Resource, name: str, kind: str) -> Broken:
    """A reference leads to a resource of this kind, and says no other."""
    reference = resource[name]
    if not reference["reference"].startswith(f"{kind}/"):
        yield name, "target"
    if reference.get("type", kind) != kind:
        yield name, "target_type"
