"""What may be wrong with any resource: base R4, meta, URLs, codings, references."""

import json

from carerecord.examples import (
    ABOUT_A_LINE,
    ACTIVE,
    AMINA,
    BASE,
    BORIS,
    GUIDE,
    MISSING_LINE,
    PLANNED,
    PROVIDER,
    TO_BORIS,
    TO_PROVIDER,
)
from carerecord.spoiling import (
    Case,
    drop,
    put,
)

R4: list[Case] = [
    ("an unknown element", "base-r4", put(AMINA, "shoeSize", "7")),
    ("no patient", "base-r4", drop(ACTIVE, "patient")),
    ("a name that is no list", "base-r4", put(AMINA, "name", {"family": "X"})),
    ("an impossible day", "base-r4", put(AMINA, "birthDate", "1941-02-30")),
    ("a birth date of numbers", "json-type", put(AMINA, "birthDate", 0)),
    ("an input without value", "base-r4", drop(ABOUT_A_LINE, "input/0/valueDate")),
    ("an id for an element", "primitive-extension", put(AMINA, "_birthDate", {"id": "a"})),
    ("a model's own name", "element-name", put(ABOUT_A_LINE, "resource_type", "Task")),
    ("null", "empty-element", put(AMINA, "gender", None)),
    ("an empty list", "empty-element", put(AMINA, "name/0/suffix", [])),
    ("an empty period", "empty-element", put(PLANNED, "period", {})),
    ("a truth in words", "json-type", put(AMINA, "active", "true")),
    ("a truth in numbers", "json-type", put(AMINA, "active", 1)),
    ("a day in numbers", "json-type", put(ACTIVE, "period/start", 1)),
    ("an object in a string", "json-type", put(ACTIVE, "patient", json.dumps(TO_BORIS))),
    ("a blank after a name", "string-blanks", put(AMINA, "name/0/family", "Testperson ")),
    ("a name of blanks", "string-blanks", put(AMINA, "name/0/prefix/0", " ")),
    ("a control character", "string-control", put(AMINA, "name/0/family", "Testperson\x00s")),
    ("two blanks in a code", "code-form", put(ACTIVE, "type/0/coding/0/code", "H  S")),
    ("a month as a start", "date-form", put(ACTIVE, "period/start", "2026-02")),
    (
        "a time of another zone",
        "date-form",
        put(ABOUT_A_LINE, "authoredOn", "2026-03-01T16:42:00+01:00"),
    ),
    ("an extension of nothing", "ext-1", put(ACTIVE, "extension/1", {"url": BASE + "x"})),
    (
        "an extension of two things",
        "ext-1",
        put(
            ACTIVE,
            "extension/1",
            {
                "url": BASE + "x",
                "valueString": "a",
                "extension": [{"url": BASE + "y", "valueString": "b"}],
            },
        ),
    ),
    ("a period that ends first", "per-1", put(ACTIVE, "period/end", "2026-01-31")),
    ("an unknown gender", "required-code", put(AMINA, "gender", "F")),
    ("an unknown priority", "required-code", put(ABOUT_A_LINE, "priority", "high")),
    ("an unknown use of an identifier", "required-code", put(AMINA, "identifier/0/use", "main")),
    (
        "an organisation's home telephone",
        "required-code",
        put(PROVIDER, "telecom", [{"system": "phone", "value": "0116 496 0000", "use": "home"}]),
    ),
    (
        "an unknown telephone",
        "required-code",
        put(PROVIDER, "telecom", [{"system": "tel", "value": "0116 496 0000"}]),
    ),
    (
        "a task modified before it was authored",
        "inv-1",
        put(ABOUT_A_LINE, "lastModified", "2026-03-01T16:41:59Z"),
    ),
    ("an id of upper case", "id-form", put(BORIS, "id", BORIS.partition("/")[2].upper())),
    ("an id of version 4", "id-form", put(BORIS, "id", "c2a4f1d0-6b7e-4e58-b1a3-7f6e5d4c3b03")),
    ("a hidden instruction", "discouraged-implicitRules", put(AMINA, "implicitRules", BASE + "r")),
    ("a language", "discouraged-language", put(AMINA, "language", "en")),
    (
        "narrative",
        "discouraged-text",
        put(
            AMINA,
            "text",
            {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
        ),
    ),
    (
        "a contained person",
        "discouraged-contained",
        put(ACTIVE, "contained", [{"resourceType": "Patient", "id": "p"}]),
    ),
    (
        "a modifier",
        "discouraged-modifierExtension",
        put(ACTIVE, "modifierExtension", [{"url": BASE + "x", "valueBoolean": True}]),
    ),
]

META: list[Case] = [
    (
        "a security label",
        "meta-extra",
        put(
            AMINA,
            "meta/security",
            [{"system": BASE + "Security", "code": "R", "display": "restricted"}],
        ),
    ),
    ("an id of meta", "meta-extra", put(AMINA, "meta/id", "a")),
    ("no version", "version-id", drop(AMINA, "meta/versionId")),
    ("a version of letters", "version-id", put(AMINA, "meta/versionId", "v1")),
    ("version zero", "version-id", put(AMINA, "meta/versionId", "0")),
    ("no time of the version", "last-updated", drop(AMINA, "meta/lastUpdated")),
    (
        "a time with an offset of the version",
        "last-updated",
        put(AMINA, "meta/lastUpdated", "2026-03-02T06:15:00+00:00"),
    ),
    (
        "a version of the future",
        "newer-than-transaction",
        put(AMINA, "meta/lastUpdated", "2026-03-02T06:15:01Z"),
    ),
    (
        "a task of the future",
        "newer-than-transaction",
        put(MISSING_LINE, "lastModified", "2026-03-02T06:15:01Z"),
    ),
    (
        "a profile without R4",
        "profiles",
        put(AMINA, "meta/profile/0", GUIDE + "StructureDefinition/Interweave-Patient"),
    ),
    ("no base profile", "profiles", drop(AMINA, "meta/profile/1")),
    (
        "a code system with R4",
        "url-unknown",
        put(
            ACTIVE,
            "type/0/coding/1",
            {
                "system": GUIDE + "R4/CodeSystem/Interweave-SocialCareServiceType",
                "code": "HS",
                "display": "Home Support",
            },
        ),
    ),
    (
        "the base profile first",
        "profiles",
        put(
            ACTIVE,
            "meta/profile",
            [
                "http://hl7.org/fhir/StructureDefinition/EpisodeOfCare",
                GUIDE + "R4/StructureDefinition/Interweave-SocialCareService",
            ],
        ),
    ),
    ("no Source", "tag-source", drop(AMINA, "meta/tag/0")),
    ("a version of Source", "tag-source", put(AMINA, "meta/tag/0/version", "1")),
    ("no Provenance", "tag-provenance", drop(AMINA, "meta/tag/1")),
    (
        "two of Provenance",
        "tag-provenance",
        put(
            AMINA,
            "meta/tag/2",
            {"system": GUIDE + "Provenance", "code": "ZZ1", "display": "Example Borough Council"},
        ),
    ),
    (
        "the exchange's own tag",
        "tag-request",
        put(AMINA, "meta/tag/2", {"system": GUIDE + "RequestId", "code": "1", "display": "1"}),
    ),
    (
        "a URL of the old guide",
        "old-url",
        put(AMINA, "identifier/1", {"system": "https://fhir.yhcr.nhs.uk/Id/x", "value": "1"}),
    ),
    (
        "the old guide in a text",
        "old-url",
        put(ABOUT_A_LINE, "description", "see https://yhcr.nhs.uk/x"),
    ),
    (
        "a claim to be an assessment",
        "assessment-profile",
        put(
            ABOUT_A_LINE,
            "meta/profile/2",
            GUIDE + "R4/StructureDefinition/Interweave-SocialCareAssessment",
        ),
    ),
    (
        "somebody else's system",
        "url-unknown",
        put(AMINA, "identifier/1", {"system": "https://council.example/Id", "value": "1"}),
    ),
    (
        "a coding without display",
        "coding-incomplete",
        put(ACTIVE, "type/0/coding/1", {"system": BASE + "CodeSystem/local", "code": "H1"}),
    ),
    (
        "an identifier without value",
        "identifier-incomplete",
        put(AMINA, "identifier/1", {"system": BASE + "Id/x"}),
    ),
    ("a wrong check digit", "nhs-number", put(AMINA, "identifier/0/value", "9990000019")),
    ("an NHS number of nine", "nhs-number", put(AMINA, "identifier/0/value", "999000001")),
    ("an NHS number with blanks", "nhs-number", put(AMINA, "identifier/0/value", "999 000 0018")),
    (
        "a wrong check digit in a reference",
        "nhs-number",
        put(ACTIVE, "patient/identifier/value", "9990000019"),
    ),
    ("a local id of a line without ODS", "local-id", put(PLANNED, "identifier/0/value", "CPLI-2")),
    (
        "a local id of another council",
        "local-id",
        put(PLANNED, "identifier/0/value", "ZZ2.CPLI-2"),
    ),
    (
        "a local id of a provider without ODS",
        "local-id",
        put(PROVIDER, "identifier/1/value", "SUP-1"),
    ),
    ("a discrepancy without ODS", "local-id", put(MISSING_LINE, "identifier/0/value", "DISC-2")),
    ("a reference where none is meant", "reference-unexpected", put(ACTIVE, "account", [TO_BORIS])),
    ("an absolute reference", "reference-form", put(ACTIVE, "patient/reference", BASE + AMINA)),
    ("a reference inside", "reference-form", put(ACTIVE, "patient/reference", "#p")),
    ("a body as a person", "reference-target", put(ACTIVE, "patient", TO_PROVIDER)),
    ("a person as a body", "reference-target", put(ABOUT_A_LINE, "owner", TO_BORIS)),
    ("another type than the target's", "reference-type", put(ACTIVE, "patient/type", "Person")),
    ("no display", "reference-display-missing", drop(ACTIVE, "managingOrganization/display")),
    (
        "no identifier in a reference",
        "reference-identifier-missing",
        drop(ACTIVE, "managingOrganization/identifier"),
    ),
    (
        "a person by another number",
        "reference-identifier-missing",
        put(ACTIVE, "patient/identifier/system", BASE + "Id/person"),
    ),
]
