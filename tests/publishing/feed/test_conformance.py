"""The feed's check refuses one bad resource for each rule, and says which rule without a value."""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from feeding import MOMENT, feed, one, sources, tasks

from publishing.feed import conformance, urls
from publishing.feed.conformance import check
from publishing.feed.profiles import RULES

GONE = object()
MORE = "+"
OUTSIDE = "https://example.org/other"
KINDS = ("EpisodeOfCare", "Patient", "Organization", "Task")


@cache
def sound(kind: str) -> dict[str, Any]:
    """A resource that passes: a service that was planned before, a Task without a focus."""
    return one(feed(sources({}, discrepancies=tasks({"cpli_ids": None}))), kind)


def changed(kind: str, path: str, value: object) -> dict[str, Any]:
    """The sound resource with one element changed, taken away or (`+`) added to a list."""
    resource = deepcopy(sound(kind))
    place: Any = resource
    *way, last = path.split("/")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    key = int(last) if last.isdigit() else last
    if last == MORE:
        place.append(deepcopy(value) if value is not None else deepcopy(place[0]))
    elif value is GONE:
        del place[key]
    else:
        place[key] = value
    return resource


def found(kind: str, path: str, value: object) -> set[tuple[str, str]]:
    return {(each.path, each.rule) for each in check(changed(kind, path, value), MOMENT)}


EVERY_KIND = [
    ("id", GONE, "id", "missing"),
    ("id", "a b", "id", "format"),
    ("id", "a" * 65, "id", "format"),
    ("resourceType", "Flag", "resourceType", "no_such_resource"),
    ("implicitRules", "https://example.org", "implicitRules", "forbidden"),
    ("language", "en", "language", "forbidden"),
    ("text", {"status": "generated"}, "text", "forbidden"),
    ("contained", [{}], "contained", "forbidden"),
    ("birthPlace", "somewhere", "birthPlace", "unknown"),
    ("identifier", [], "identifier", "not_a_list"),
    ("identifier/0/value", " ", "identifier.value", "format"),
    ("identifier/0/value", "a\x07b", "identifier.value", "format"),
    ("identifier/0", {}, "identifier", "not_an_object"),
    ("meta", GONE, "meta", "missing"),
    ("meta/id", "1", "meta.id", "forbidden"),
    ("meta/extension", [{}], "meta.extension", "forbidden"),
    ("meta/security", [{}], "meta.security", "forbidden"),
    ("meta/versionId", GONE, "meta.versionId", "missing"),
    ("meta/lastUpdated", GONE, "meta.lastUpdated", "missing"),
    ("meta/lastUpdated", "2026-11-20T06:15:00", "meta.lastUpdated", "format"),
    ("meta/lastUpdated", "2026-11-31T06:15:00Z", "meta.lastUpdated", "format"),
    ("meta/lastUpdated", "2026-11-20T06:15:01Z", "meta.lastUpdated", "newer_than_export"),
    ("meta/profile/0", "http://hl7.org/fhir/StructureDefinition/Task", "meta.profile", "profile"),
    ("meta/profile/1", GONE, "meta.profile", "profile"),
    ("meta/tag/0", GONE, "meta.tag", "one_tag"),
    ("meta/tag/1", GONE, "meta.tag", "one_tag"),
    ("meta/tag/+", None, "meta.tag", "one_tag"),
    ("meta/tag/0/code", "OTHER", "meta.tag", "tag"),
    ("meta/tag/1/display", "Other Council", "meta.tag", "tag"),
    ("meta/tag/0/display", GONE, "meta.tag.display", "missing"),
    ("meta/tag/0/code", GONE, "meta.tag.code", "missing"),
    ("meta/tag/0/version", "1", "meta.tag.version", "forbidden"),
    ("meta/tag/0/id", "1", "meta.tag.id", "forbidden"),
    ("meta/tag/0/extension", [{}], "meta.tag.extension", "forbidden"),
    ("identifier/0/system", "https://fhir.yhcr.nhs.uk/Id/x", "identifier.system", "old_url"),
    ("meta/profile/0", "https://yhcr.nhs.uk/StructureDefinition/x", "meta.profile", "old_url"),
    ("identifier/0/system", "https://yhcr.nhs.uk/Id/x", "identifier.system", "old_url"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("path", "value", "where", "rule"), EVERY_KIND)
def test_no_resource_may_break_a_rule_of_all(kind, path, value, where, rule):
    assert (where, rule) in found(kind, path, value)


def verification(**concept: object) -> list[dict[str, Any]]:
    return [{"url": urls.VERIFICATION, "valueCodeableConcept": concept}]


CODING = {
    "system": urls.VERIFICATION_CODES,
    "code": "01",
    "display": "Number present and verified",
}
CONCEPT = "extension/0/valueCodeableConcept"
EPISODE = "EpisodeOfCare"
LATER, EARLIER = "2026-11-21", "2026-11-19"


def trigger(reference: str) -> dict[str, Any]:
    return {"url": urls.TRIGGER, "valueReference": {"reference": reference, "display": "x"}}


def history(*entries: tuple[str, str | None, str | None]) -> list[dict[str, Any]]:
    return [
        {
            "status": status,
            "period": {
                name: day for name, day in (("start", start), ("end", end)) if day is not None
            },
        }
        for status, start, end in entries
    ]


OF_ONE_KIND = [
    (EPISODE, "extension", GONE, "extension", "missing"),
    (EPISODE, "extension/+", None, "extension.category", "one_category"),
    (EPISODE, "extension/0/url", OUTSIDE, "extension.category", "one_category"),
    (EPISODE, CONCEPT, GONE, "extension", "ext-1"),
    (EPISODE, CONCEPT, {"text": "words"}, "extension.category", "binding"),
    (EPISODE, f"{CONCEPT}/coding/0/code", "LTS-X", "extension.category", "code"),
    (EPISODE, f"{CONCEPT}/coding/0/display", "Long Term", "extension.category", "display"),
    (EPISODE, f"{CONCEPT}/coding/0/display", GONE, f"{CONCEPT.replace('/0/', '.')}.coding.display",
     "missing"),
    (EPISODE, "extension/+", trigger("Patient/1"), "extension.trigger", "target"),
    (EPISODE, "identifier/0/system", OUTSIDE, "identifier", "one_local_id"),
    (EPISODE, "identifier/+", None, "identifier", "one_local_id"),
    (EPISODE, "identifier/0/value", "C1", "identifier", "ods_prefix"),
    (EPISODE, "identifier/0/period", {"start": "2026-01-01"}, "identifier.period", "forbidden"),
    (EPISODE, "status", GONE, "status", "missing"),
    (EPISODE, "status", "waitlist", "status", "code"),
    (EPISODE, "status", "cancelled", "status", "code"),
    (EPISODE, "status", "planned", "status", "status_against_dates"),
    (EPISODE, "status", "finished", "status", "status_against_dates"),
    (EPISODE, "period/start", LATER, "status", "status_against_dates"),
    (EPISODE, "period/end", EARLIER, "status", "status_against_dates"),
    (EPISODE, "period", GONE, "status", "status_against_dates"),
    (EPISODE, "period/end", "2026-04-30", "period", "per-1"),
    (EPISODE, "period/start", "2026-02-30", "period.start", "format"),
    (EPISODE, "period/start", "2026-05", "period", "whole_days"),
    (EPISODE, "period/id", "1", "period.id", "forbidden"),
    (EPISODE, "period/extension", [{}], "period.extension", "forbidden"),
    (EPISODE, "statusHistory/0/id", "1", "statusHistory.id", "forbidden"),
    (EPISODE, "statusHistory/0/extension", [{}], "statusHistory.extension", "forbidden"),
    (EPISODE, "statusHistory/0/status", "done", "statusHistory.status", "code"),
    (EPISODE, "statusHistory/0/period", GONE, "statusHistory.period", "missing"),
    (EPISODE, "statusHistory", history(("active", None, "2026-06-01")), "statusHistory",
     "history_start"),
    (EPISODE, "statusHistory",
     history(("active", "2026-05-01", "2026-06-01"), ("planned", "2026-04-01", "2026-04-30")),
     "statusHistory", "history_order"),
    (EPISODE, "statusHistory",
     history(("planned", "2026-04-01", "2026-05-09"), ("active", "2026-05-01", "2027-03-31")),
     "statusHistory", "history_overlap"),
    (EPISODE, "statusHistory",
     history(("planned", "2026-04-01", None), ("active", "2026-05-01", "2027-03-31")),
     "statusHistory", "history_open"),
    (EPISODE, "statusHistory", history(("onhold", "2026-05-01", None)), "statusHistory",
     "history_status"),
    (EPISODE, "statusHistory", history(("active", LATER, "2027-03-31")), "statusHistory",
     "history_future"),
    (EPISODE, "statusHistory", history(("active", "2026-04-30", "2026-06-01")), "statusHistory",
     "history_outside_period"),
    (EPISODE, "statusHistory", history(("active", "2026-05-01", "2027-04-01")), "statusHistory",
     "history_outside_period"),
    (EPISODE, "type", GONE, "type", "missing"),
    (EPISODE, "type/+", None, "type", "too_many"),
    (EPISODE, "type/0/text", GONE, "type.text", "missing"),
    (EPISODE, "type/0/coding", GONE, "type.coding", "missing"),
    (EPISODE, "type/0/id", "1", "type.id", "forbidden"),
    (EPISODE, "type/0/extension", [{}], "type.extension", "forbidden"),
    (EPISODE, "type/0/coding/0/id", "1", "type.coding.id", "forbidden"),
    (EPISODE, "type/0/coding/0/extension", [{}], "type.coding.extension", "forbidden"),
    (EPISODE, "type/0/coding/0/system", OUTSIDE, "type", "binding"),
    (EPISODE, "type/0/coding/0/code", "hs", "type", "code"),
    (EPISODE, "type/0/coding/0/display", "Home support", "type", "display"),
    (EPISODE, "patient", GONE, "patient", "missing"),
    (EPISODE, "patient/reference", "Group/1", "patient", "target"),
    (EPISODE, "patient/reference", "1", "patient.reference", "format"),
    (EPISODE, "patient/type", "Group", "patient", "target_type"),
    (EPISODE, "patient/display", GONE, "patient.display", "missing"),
    (EPISODE, "patient/identifier", GONE, "patient.identifier", "missing"),
    (EPISODE, "patient/identifier/system", OUTSIDE, "patient.identifier", "system"),
    (EPISODE, "patient/identifier/value", "9990000106", "patient.identifier", "nhs_number"),
    (EPISODE, "managingOrganization", GONE, "managingOrganization", "missing"),
    (EPISODE, "managingOrganization/display", GONE, "managingOrganization.display", "missing"),
    (EPISODE, "managingOrganization/reference", "Patient/1", "managingOrganization", "target"),
    (EPISODE, "team", [{}], "team", "forbidden"),
    (EPISODE, "diagnosis", [{}], "diagnosis", "forbidden"),
    (EPISODE, "account", [{}], "account", "forbidden"),
    ("Patient", "identifier/+", None, "identifier", "one_nhs_number"),
    ("Patient", "identifier/0/system", OUTSIDE, "identifier", "one_nhs_number"),
    ("Patient", "identifier/0/value", "9990000106", "identifier", "nhs_number"),
    ("Patient", "identifier/0/value", "999000010", "identifier", "nhs_number"),
    ("Patient", "identifier/0/value", "999 000 0107", "identifier", "nhs_number"),
    ("Patient", "identifier/0/value", "9999999999", "identifier", "nhs_number"),
    ("Patient", "identifier/0/extension", GONE, "identifier.extension", "verified"),
    ("Patient", "identifier/0/extension", verification(coding=[CODING], text="yes"),
     "identifier.extension", "verified"),
    ("Patient", "identifier/0/extension", verification(coding=[CODING, CODING]),
     "identifier.extension", "verified"),
    ("Patient", "identifier/0/extension", verification(coding=[{**CODING, "code": "02"}]),
     "identifier.extension", "verified"),
    ("Patient", "active", GONE, "active", "active"),
    ("Patient", "active", "true", "active", "format"),
    ("Patient", "name", GONE, "name", "missing"),
    ("Patient", "name/0/use", "usual", "name", "official_first"),
    ("Patient", "name/0/use", "real", "name.use", "code"),
    ("Patient", "name/+", None, "name", "official_first"),
    ("Patient", "name/0/family", GONE, "name", "official_whole"),
    ("Patient", "name/0/given", GONE, "name", "official_whole"),
    ("Patient", "name/0/given", [], "name.given", "not_a_list"),
    ("Patient", "name/0/text", "words", "name.text", "forbidden"),
    ("Patient", "birthDate", GONE, "birthDate", "missing"),
    ("Patient", "birthDate", "1938-07", "birthDate", "whole_day"),
    ("Patient", "birthDate", "1938-02-29", "birthDate", "format"),
    ("Patient", "birthDate", LATER, "birthDate", "future"),
    ("Patient", "gender", "f", "gender", "code"),
    ("Patient", "photo", [{}], "photo", "forbidden"),
    ("Patient", "deceasedBoolean", False, "deceasedBoolean", "forbidden"),
    ("Patient", "deceasedDateTime", "2026", "deceasedDateTime", "forbidden"),
    ("Patient", "generalPractitioner", [{}], "generalPractitioner", "forbidden"),
    ("Patient", "managingOrganization", {}, "managingOrganization", "forbidden"),
    ("Patient", "telecom", [{}], "telecom", "unknown"),
    ("Patient", "address", [{}], "address", "unknown"),
    ("Organization", "name", GONE, "name", "missing"),
    ("Organization", "active", GONE, "active", "active"),
    ("Organization", "identifier/+", None, "identifier", "slice_repeated"),
    ("Organization", "identifier/0/extension", verification(coding=[CODING]),
     "identifier.extension", "forbidden"),
    ("Organization", "identifier", [{"system": OUTSIDE, "value": "1"}], "identifier",
     "ods_or_local"),
    ("Organization", "identifier/1/value", "P1", "identifier", "ods_prefix"),
    ("Organization", "identifier/1/period", {}, "identifier.period", "unknown"),
    ("Organization", "type/0/coding/0/code", "999", "type", "code"),
    ("Organization", "type/0/coding/0/display", "Care", "type", "display"),
    ("Organization", "type/0/coding/0/system", OUTSIDE, "type", "binding"),
    ("Organization", "type/+", None, "type", "too_many"),
    ("Organization", "type/0/id", "1", "type.id", "forbidden"),
    ("Organization", "endpoint", [{}], "endpoint", "forbidden"),
    ("Organization", "partOf", {}, "partOf", "forbidden"),
    ("Organization", "contact", [{}], "contact", "forbidden"),
    ("Organization", "extension", [{}], "extension", "forbidden"),
    ("Task", "identifier/0/system", OUTSIDE, "identifier", "one_local_id"),
    ("Task", "identifier/0/value", "1", "identifier", "ods_prefix"),
    ("Task", "status", "draft", "status", "code"),
    ("Task", "status", "completed", "output", "output"),
    ("Task", "status", "rejected", "statusReason", "status_reason"),
    ("Task", "intent", "plan", "intent", "code"),
    ("Task", "intent", GONE, "intent", "missing"),
    ("Task", "priority", "high", "priority", "code"),
    ("Task", "code/coding/0", GONE, "code", "binding"),
    ("Task", "code/coding/1/display", "Change", "code", "display"),
    ("Task", "reasonCode/coding/0/code", "support_not_reported", "reasonCode", "code"),
    ("Task", "reasonCode", GONE, "reasonCode", "missing"),
    ("Task", "for", GONE, "for", "missing"),
    ("Task", "for/reference", "Group/1", "for", "target"),
    ("Task", "for/identifier/value", "9990000106", "for.identifier", "nhs_number"),
    ("Task", "requester/reference", "Patient/1", "requester", "target"),
    ("Task", "requester", GONE, "requester", "missing"),
    ("Task", "owner/reference", "Patient/1", "owner", "target"),
    ("Task", "owner", GONE, "owner", "missing"),
    ("Task", "focus", {"reference": "Task/1", "display": "x"}, "focus", "target"),
    ("Task", "authoredOn", GONE, "authoredOn", "missing"),
    ("Task", "authoredOn", "2026-11-17", "lastModified", "instant"),
    ("Task", "authoredOn", "2026-11-20T06:15:01Z", "lastModified", "inv-1"),
    ("Task", "lastModified", "2026-11-20T06:15:01Z", "lastModified", "newer_than_export"),
    ("Task", "input", GONE, "input", "focus_or_asserted_service"),
    ("Task", "input/0/type/coding/0/code", "asserted", "input.type", "code"),
    ("Task", "input/0/valueDate", "2026-01-01", "input", "one_value"),
    ("Task", "input/0/valueCodeableConcept/coding/0/code", "X", "input.value", "code"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "where", "rule"), OF_ONE_KIND)
def test_no_resource_may_break_a_rule_of_its_kind(kind, path, value, where, rule):
    assert (where, rule) in found(kind, path, value)


def test_a_second_trigger_is_refused():
    resource = deepcopy(sound(EPISODE))
    resource["extension"] += [trigger("Task/1"), trigger("Task/2")]
    broken = {(each.path, each.rule) for each in check(resource, MOMENT)}
    assert broken == {("extension.trigger", "one_trigger")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_resource_breaks_nothing(kind):
    assert list(check(sound(kind), MOMENT)) == []


def test_a_breach_quotes_nothing():
    resource = changed("Patient", "identifier/0/value", "ZZSECRET")
    resource["ZZname"] = "ZZSECRET"
    assert "SECRET" not in repr(check(resource, MOMENT))


def test_every_rule_of_the_profiles_is_what_refuses_one_of_these_resources():
    cases = [(kind, *each) for kind in KINDS for each in EVERY_KIND] + OF_ONE_KIND
    broken = {"at_most_one_trigger"}
    for kind, path, value, where, rule in cases:
        resource = changed(kind, path, value)
        if resource["resourceType"] == kind and not conformance._complex(resource, kind):
            broken |= {
                each.__name__
                for each in RULES[kind]
                if (where, rule) in set(each(resource, MOMENT))
            }
    assert broken == {rule.__name__ for rules in RULES.values() for rule in rules}
