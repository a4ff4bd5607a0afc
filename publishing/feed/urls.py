"""The names that Interweave's R4 guide gives to things.

Profiles, extensions and value sets carry `/R4/`; systems of codes, identifiers and tags do not.
"""

from __future__ import annotations

from types import MappingProxyType

_INTERWEAVE = "https://fhir.interweavedigital.nhs.uk"
_PROFILES = f"{_INTERWEAVE}/R4/StructureDefinition"
_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition"
_BASE = "http://hl7.org/fhir/StructureDefinition"

CATEGORY = f"{_PROFILES}/Extension-Interweave-SocialCareServiceCategory"
TRIGGER = f"{_PROFILES}/Extension-Interweave-SocialCareServiceTrigger"
VERIFICATION = f"{_UK_CORE}/Extension-UKCore-NHSNumberVerificationStatus"

CATEGORY_CODES = f"{_INTERWEAVE}/CodeSystem/Interweave-SocialCareServiceCategory"
TYPE_CODES = f"{_INTERWEAVE}/CodeSystem/Interweave-SocialCareServiceType"
ORGANISATION_CODES = f"{_INTERWEAVE}/CodeSystem/Interweave-OrganizationType"
VERIFICATION_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
TASK_CODES = "http://hl7.org/fhir/CodeSystem/task-code"

LOCAL_SERVICE = f"{_INTERWEAVE}/Id/local-socialcareservice-identifier"
LOCAL_ORGANISATION = f"{_INTERWEAVE}/Id/local-organization-identifier"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"

SOURCE = f"{_INTERWEAVE}/Source"
PROVENANCE = f"{_INTERWEAVE}/Provenance"

PROFILES = MappingProxyType(
    {
        "EpisodeOfCare": (f"{_PROFILES}/Interweave-SocialCareService", f"{_BASE}/EpisodeOfCare"),
        "Patient": (f"{_PROFILES}/Interweave-Patient", f"{_UK_CORE}/UKCore-Patient"),
        "Organization": (f"{_PROFILES}/Interweave-Organization", f"{_UK_CORE}/UKCore-Organization"),
    }
)
"""What `meta.profile` lists, Interweave's own first. A Task's is ours (`Publisher`)."""

TASK_BASE = f"{_BASE}/Task"
OLD = ("https://fhir.yhcr.nhs.uk/", "https://yhcr.nhs.uk/")
"""The older STU3 guide's, which must not appear."""
