"""What may be wrong with a Task, and with resources together."""

from carerecord.examples import (
    ABOUT_A_LINE,
    ACTIVE,
    AMINA,
    BORIS,
    COUNCIL,
    FINISHED,
    MISSING_LINE,
    PLANNED,
    PROVIDER,
    TO_BORIS,
    TO_PROVIDER,
    concept,
    key,
)
from carerecord.spoiling import (
    Case,
    both,
    drop,
    find,
    leave_out,
    put,
    twin,
)

REASON = "reasonCode/coding/0/code"
TASKS: list[Case] = [
    ("no identifier of a task", "task-identifier", drop(MISSING_LINE, "identifier")),
    ("an order", "task-intent", put(MISSING_LINE, "intent", "order")),
    ("a plan, as of an assessment", "task-intent", put(MISSING_LINE, "intent", "plan")),
    ("a status outside the life cycle", "task-status", put(MISSING_LINE, "status", "ready")),
    ("completed without output", "task-output", put(MISSING_LINE, "status", "completed")),
    (
        "rejected without a reason",
        "task-status-reason",
        put(MISSING_LINE, "status", "rejected"),
    ),
    ("no code", "task-code", drop(MISSING_LINE, "code")),
    (
        "another display of change",
        "task-code",
        put(MISSING_LINE, "code/coding/1/display", "Change"),
    ),
    ("no reason", "task-reason", drop(MISSING_LINE, "reasonCode")),
    (
        "a reason of another base",
        "task-reason",
        put(
            MISSING_LINE,
            "reasonCode/coding/0/system",
            "https://other.example/CodeSystem/cpli-discrepancy-type",
        ),
    ),
    ("a reason with underscores", "task-reason-code", put(MISSING_LINE, REASON, "cpli_not_found")),
    (
        "a caseload that is overdue",
        "task-reason-code",
        put(MISSING_LINE, REASON, "caseload-overdue"),
    ),
    (
        "an older name of a reason",
        "task-reason-code",
        put(MISSING_LINE, REASON, "provider-no-longer-supports"),
    ),
    ("about nobody", "task-for", drop(MISSING_LINE, "for")),
    ("nobody says so", "task-requester", drop(MISSING_LINE, "requester")),
    ("nobody must act", "task-owner", drop(MISSING_LINE, "owner")),
    ("never authored", "task-times", drop(MISSING_LINE, "authoredOn")),
    ("never modified", "task-times", drop(MISSING_LINE, "lastModified")),
    (
        "an input of words",
        "task-input",
        put(MISSING_LINE, "input/0/type", {"text": "service"}),
    ),
    (
        "an asserted month",
        "task-input-date",
        put(MISSING_LINE, "input/1/valueDate", "2026-02"),
    ),
    (
        "an asserted service of words",
        "task-input-service",
        put(MISSING_LINE, "input/0/valueCodeableConcept", {"text": "home care"}),
    ),
    (
        "asserted to end before it starts",
        "task-input-order",
        put(
            MISSING_LINE,
            "input/2",
            {
                "type": concept("cpli-discrepancy-input", "asserted-end", "Asserted last day"),
                "valueDate": "2026-02-09",
            },
        ),
    ),
    ("neither focus nor service", "task-focus-or-input", drop(ABOUT_A_LINE, "focus")),
]

THIRD_PERSON = key("Patient", "third")
SET: list[Case] = [
    ("an id twice", "id-twice", twin(BORIS, BORIS)),
    (
        "an id twice in two files",
        "id-twice",
        lambda it: it.files.update({"Patient-0002.ndjson": [find(it, BORIS)]}),
    ),
    ("an NHS number twice", "identifier-twice", twin(BORIS, THIRD_PERSON)),
    (
        "a line's local id twice",
        "identifier-twice",
        put(PLANNED, "identifier/0/value", "ZZ1.CPLI-1"),
    ),
    (
        "an ODS code twice",
        "identifier-twice",
        twin(
            PROVIDER,
            key("Organization", "twin"),
            put(key("Organization", "twin"), "identifier/1/value", "ZZ1.other"),
        ),
    ),
    (
        "a discrepancy twice",
        "identifier-twice",
        put(MISSING_LINE, "identifier/0/value", "ZZ1.DISC-1"),
    ),
    ("two sources", "source-varies", put(AMINA, "meta/tag/0/code", "OTHER")),
    (
        "a display of our own that varies",
        "display-varies",
        put(ABOUT_A_LINE, "reasonCode/coding/0/code", "cpli-not-found"),
    ),
    ("a person who did not come", "reference-unresolved", leave_out(BORIS)),
    ("a provider that did not come", "reference-unresolved", leave_out(PROVIDER)),
    ("a line that did not come", "reference-unresolved", leave_out(ACTIVE)),
    (
        "another person's number",
        "reference-identifier",
        put(ACTIVE, "patient/identifier/value", "9990000026"),
    ),
    (
        "another body's code",
        "reference-identifier",
        put(ACTIVE, "managingOrganization/identifier/value", "ZZ1"),
    ),
    (
        "another line's id",
        "reference-identifier",
        put(ABOUT_A_LINE, "focus/identifier/value", "ZZ1.CPLI-2"),
    ),
    (
        "another name of a body",
        "reference-display",
        put(ACTIVE, "managingOrganization/display", "Example Home Care"),
    ),
    ("another family", "reference-display", put(ACTIVE, "patient/display", "Amina SAMPLE")),
    (
        "the local description of a service",
        "reference-display",
        put(ABOUT_A_LINE, "focus/display", "Home care, four visits a day"),
    ),
    ("a council that is not published", "provenance-published", leave_out(COUNCIL)),
    (
        "a council by another name",
        "provenance-published",
        put(BORIS, "meta/tag/1/display", "Example Council"),
    ),
    (
        "a provider that answers for data",
        "provenance-published",
        both(
            put(BORIS, "meta/tag/1/code", "ZZ9A1"),
            put(BORIS, "meta/tag/1/display", "Example Home Care Ltd"),
        ),
    ),
    (
        "a provider before its council",
        "organization-order",
        lambda it: it.files["Organization.ndjson"].reverse(),
    ),
    ("a task about somebody else", "task-person", put(ABOUT_A_LINE, "for", TO_BORIS)),
    ("a provider that must act", "task-owner-council", put(ABOUT_A_LINE, "owner", TO_PROVIDER)),
    ("ended too long ago", "expired-held", put(FINISHED, "period/end", "2025-03-01")),
]
