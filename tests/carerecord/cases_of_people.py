"""What may be wrong with a Patient or an Organization."""

from carerecord.codes import ODS_CODE
from carerecord.examples import (
    AMINA,
    BASE,
    BORIS,
    COUNCIL,
    PROVIDER,
    TO_COUNCIL,
    TO_PROVIDER,
)
from carerecord.spoiling import Case, drop, find, put

PEOPLE: list[Case] = [
    ("a death", "patient-forbidden", put(AMINA, "deceasedBoolean", False)),
    ("a photo", "patient-forbidden", put(AMINA, "photo", [{"title": "x"}])),
    ("an address", "patient-minimal", put(AMINA, "address", [{"city": "Leicester"}])),
    (
        "a telephone",
        "patient-minimal",
        put(AMINA, "telecom", [{"system": "phone", "value": "0116 496 0000"}]),
    ),
    ("a doctor", "patient-minimal", put(AMINA, "generalPractitioner", [TO_PROVIDER])),
    (
        "a former name",
        "patient-minimal",
        put(AMINA, "name/1", {"use": "maiden", "family": "Old", "given": ["Amina"]}),
    ),
    ("no word whether active", "patient-active", drop(AMINA, "active")),
    (
        "two NHS numbers",
        "patient-nhs-number",
        lambda it: put(AMINA, "identifier/1", find(it, BORIS)["identifier"][0])(it),
    ),
    ("no NHS number", "patient-nhs-number", drop(AMINA, "identifier")),
    ("an unverified number", "patient-verified", drop(AMINA, "identifier/0/extension")),
    (
        "verified, and a text",
        "patient-verified",
        put(AMINA, "identifier/0/extension/0/valueCodeableConcept/text", "verified"),
    ),
    (
        "verified in another state",
        "patient-verified",
        put(AMINA, "identifier/0/extension/0/valueCodeableConcept/coding/0/code", "02"),
    ),
    ("a usual name", "patient-official-name", put(AMINA, "name/0/use", "usual")),
    ("a name in one piece", "patient-name-extra", put(AMINA, "name/0/text", "A Testperson")),
    ("no given name", "patient-name-parts", drop(AMINA, "name/0/given")),
    ("no family name", "patient-name-parts", drop(AMINA, "name/0/family")),
    ("a year of birth", "birth-date", put(AMINA, "birthDate", "1941")),
    ("born tomorrow", "birth-date-future", put(AMINA, "birthDate", "2026-03-03")),
    ("no name of a body", "organization-name", drop(PROVIDER, "name")),
    ("part of another", "organization-discouraged", put(PROVIDER, "partOf", TO_COUNCIL)),
    ("a contact", "organization-discouraged", put(PROVIDER, "contact", [{"name": {"text": "x"}}])),
    (
        "an endpoint",
        "organization-endpoint",
        put(PROVIDER, "endpoint", [{"reference": "Endpoint/1", "display": "x"}]),
    ),
    (
        "an address in one piece",
        "organization-address",
        put(PROVIDER, "address", [{"text": "1 High Street"}]),
    ),
    (
        "neither ODS nor local",
        "organization-identifier",
        put(PROVIDER, "identifier", [{"system": BASE + "Id/cqc", "value": "1-1"}]),
    ),
    (
        "two ODS codes",
        "organization-identifier-twice",
        put(PROVIDER, "identifier/2", {"system": ODS_CODE, "value": "ZZ9A2"}),
    ),
    ("an id of the ODS code", "organization-ods-extra", put(PROVIDER, "identifier/0/id", "a")),
    ("an ODS code in small", "organization-ods-form", put(PROVIDER, "identifier/0/value", "zz9a1")),
    (
        "a period of a local id",
        "organization-local-period",
        put(PROVIDER, "identifier/1/period", {"start": "2026-01-01"}),
    ),
    ("a type of words", "organization-type", put(PROVIDER, "type/0", {"text": "home care"})),
    (
        "two types",
        "organization-type",
        lambda it: put(PROVIDER, "type/1", find(it, COUNCIL)["type"][0])(it),
    ),
    ("an id of a type", "organization-type-extra", put(PROVIDER, "type/0/coding/0/id", "a")),
    ("an unknown type", "organization-type-code", put(PROVIDER, "type/0/coding/0/code", "999")),
    (
        "another type's display",
        "organization-type-code",
        put(PROVIDER, "type/0/coding/0/display", "CARE HOME"),
    ),
]
