"""What may be wrong with an EpisodeOfCare."""

from carerecord.examples import (
    ACTIVE,
    FINISHED,
    GUIDE,
    PLANNED,
)
from carerecord.spoiling import (
    Case,
    Spoil,
    both,
    drop,
    find,
    put,
)

CATEGORY = "extension/0/valueCodeableConcept/coding/0"
TYPE = "type/0/coding/0"
TRIGGER = {"url": GUIDE + "R4/StructureDefinition/Extension-Interweave-SocialCareServiceTrigger"}


def history(*entries: tuple[str, str, str | None]) -> Spoil:
    """Give the active line item another history."""
    told = [
        {"status": status, "period": {"start": start, **({"end": end} if end else {})}}
        for status, start, end in entries
    ]
    return put(ACTIVE, "statusHistory", told)


SERVICES: list[Case] = [
    (
        "an account",
        "service-forbidden",
        put(ACTIVE, "account", [{"reference": "Account/1", "display": "x"}]),
    ),
    (
        "a team",
        "service-team",
        put(ACTIVE, "team", [{"reference": "CareTeam/1", "display": "x"}]),
    ),
    (
        "an unknown extension",
        "service-extension",
        put(ACTIVE, "extension/1", {"url": "http://hl7.org/fhir/x", "valueString": "x"}),
    ),
    (
        "a trigger of words",
        "service-trigger",
        put(ACTIVE, "extension/1", {**TRIGGER, "valueString": "x"}),
    ),
    ("no category", "service-category", drop(ACTIVE, "extension")),
    (
        "a category without R4",
        "service-category",
        put(
            ACTIVE,
            "extension/0/url",
            GUIDE + "StructureDefinition/Extension-Interweave-SocialCareServiceCategory",
        ),
    ),
    (
        "two categories",
        "service-category",
        lambda it: put(ACTIVE, "extension/1", find(it, PLANNED)["extension"][0])(it),
    ),
    ("an unknown category", "service-category-code", put(ACTIVE, f"{CATEGORY}/code", "LTS")),
    (
        "a category tidied up",
        "service-category-code",
        both(
            put(ACTIVE, f"{CATEGORY}/code", "DNH-SL"),
            put(ACTIVE, f"{CATEGORY}/display", "Data Not Held - System Level"),
        ),
    ),
    (
        "a category of words",
        "service-category-code",
        put(ACTIVE, "extension/0/valueCodeableConcept", {"text": "community"}),
    ),
    ("no local id", "service-identifier", drop(ACTIVE, "identifier")),
    (
        "a period of a line's id",
        "service-identifier-period",
        put(ACTIVE, "identifier/0/period", {"start": "2026-02-01"}),
    ),
    ("a status of R4 outside the set", "service-status", put(PLANNED, "status", "waitlist")),
    ("a status that is none", "service-status", put(ACTIVE, "status", "on-hold")),
    ("no type", "service-type", drop(ACTIVE, "type")),
    (
        "two types of service",
        "service-type",
        lambda it: put(ACTIVE, "type/1", find(it, PLANNED)["type"][0])(it),
    ),
    ("no local description", "service-type-text", drop(ACTIVE, "type/0/text")),
    ("a type of no code", "service-type-code", drop(PLANNED, "type/0/coding")),
    (
        "two codes of one list",
        "service-type-code",
        put(
            PLANNED,
            "type/0/coding/1",
            {
                "system": GUIDE + "CodeSystem/Interweave-SocialCareServiceType",
                "code": "M",
                "display": "Meals",
            },
        ),
    ),
    ("a code in small", "service-type-code", put(PLANNED, f"{TYPE}/code", "hs")),
    ("another display", "service-type-code", put(PLANNED, f"{TYPE}/display", "Home support")),
    (
        "a display tidied up",
        "service-type-code",
        both(
            put(PLANNED, f"{TYPE}/code", "PS-SW"),
            put(PLANNED, f"{TYPE}/display", "Professional Support - Social Worker"),
        ),
    ),
    ("an id of a service type", "service-type-extra", put(PLANNED, "type/0/id", "a")),
    ("nobody supported", "service-patient", drop(PLANNED, "patient")),
    ("nobody delivers", "service-managingorganization", drop(PLANNED, "managingOrganization")),
    ("an id of the period", "service-period-extra", put(PLANNED, "period/id", "a")),
    ("planned, begun today", "status-period", put(PLANNED, "period/start", "2026-03-02")),
    (
        "planned, over",
        "status-period",
        put(PLANNED, "period", {"end": "2026-03-01"}),
    ),
    ("active, without start", "status-period", put(ACTIVE, "period", {"end": "2026-12-01"})),
    (
        "active, not begun",
        "status-period",
        both(put(ACTIVE, "period/start", "2026-03-03"), drop(ACTIVE, "statusHistory")),
    ),
    ("active, over", "status-period", put(ACTIVE, "period/end", "2026-03-01")),
    (
        "on hold, over",
        "status-period",
        both(
            put(ACTIVE, "status", "onhold"),
            put(ACTIVE, "period/end", "2026-03-01"),
            drop(ACTIVE, "statusHistory"),
        ),
    ),
    ("finished, without end", "status-period", drop(FINISHED, "period/end")),
    ("finished tomorrow", "status-period", put(FINISHED, "period/end", "2026-03-03")),
    ("an id in the history", "history-extra", put(ACTIVE, "statusHistory/0/id", "a")),
    ("an unknown status in it", "history-status", history(("begun", "2026-02-01", None))),
    (
        "no start in it",
        "history-start",
        put(ACTIVE, "statusHistory/0/period", {"end": "2026-01-31"}),
    ),
    (
        "finished in the future",
        "history-future",
        history(("active", "2026-02-01", "2026-03-01"), ("finished", "2026-03-05", "2026-03-06")),
    ),
    (
        "active before the period",
        "history-outside",
        history(("active", "2026-01-31", None)),
    ),
    (
        "active after the period",
        "history-outside",
        both(
            put(ACTIVE, "period/end", "2026-03-02"),
            history(("active", "2026-02-01", "2026-03-03")),
        ),
    ),
    (
        "the later entry first",
        "history-order",
        history(("active", "2026-02-01", "2026-03-01"), ("planned", "2026-01-01", "2026-01-31")),
    ),
    (
        "an open entry in the middle",
        "history-open",
        history(("planned", "2026-01-01", None), ("active", "2026-02-01", None)),
    ),
    (
        "entries that overlap",
        "history-overlap",
        history(("planned", "2026-01-01", "2026-02-02"), ("active", "2026-02-01", None)),
    ),
    (
        "an open end of another status",
        "history-last",
        history(("active", "2026-02-01", "2026-02-02"), ("onhold", "2026-02-03", None)),
    ),
]
