"""The names that a sender must use: profiles, systems and codes, typed from the guide."""

INTERWEAVE = "https://fhir.interweavedigital.nhs.uk/"
OLD_HOST = "yhcr.nhs.uk"
TYPES = ("Organization", "Patient", "EpisodeOfCare", "Task")

CATEGORY_EXTENSION = (
    INTERWEAVE + "R4/StructureDefinition/Extension-Interweave-SocialCareServiceCategory"
)
TRIGGER_EXTENSION = (
    INTERWEAVE + "R4/StructureDefinition/Extension-Interweave-SocialCareServiceTrigger"
)
VERIFICATION_EXTENSION = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
)
CATEGORY_SYSTEM = INTERWEAVE + "CodeSystem/Interweave-SocialCareServiceCategory"
TYPE_SYSTEM = INTERWEAVE + "CodeSystem/Interweave-SocialCareServiceType"
ORGANIZATION_TYPE_SYSTEM = INTERWEAVE + "CodeSystem/Interweave-OrganizationType"
VERIFICATION_SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
TASK_CODE_SYSTEM = "http://hl7.org/fhir/CodeSystem/task-code"
LOCAL_SERVICE = INTERWEAVE + "Id/local-socialcareservice-identifier"
LOCAL_ORGANIZATION = INTERWEAVE + "Id/local-organization-identifier"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SOURCE_TAG = INTERWEAVE + "Source"
PROVENANCE_TAG = INTERWEAVE + "Provenance"

PROFILES = {
    "EpisodeOfCare": (
        INTERWEAVE + "R4/StructureDefinition/Interweave-SocialCareService",
        "http://hl7.org/fhir/StructureDefinition/EpisodeOfCare",
    ),
    "Patient": (
        INTERWEAVE + "R4/StructureDefinition/Interweave-Patient",
        "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
    ),
    "Organization": (
        INTERWEAVE + "R4/StructureDefinition/Interweave-Organization",
        "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization",
    ),
}
TASK_BASE_PROFILE = "http://hl7.org/fhir/StructureDefinition/Task"

KNOWN_URLS = frozenset(
    {
        *(url for pair in PROFILES.values() for url in pair),
        TASK_BASE_PROFILE,
        CATEGORY_EXTENSION,
        TRIGGER_EXTENSION,
        VERIFICATION_EXTENSION,
        CATEGORY_SYSTEM,
        TYPE_SYSTEM,
        ORGANIZATION_TYPE_SYSTEM,
        VERIFICATION_SYSTEM,
        TASK_CODE_SYSTEM,
        LOCAL_SERVICE,
        LOCAL_ORGANIZATION,
        ODS_CODE,
        ODS_SITE,
        NHS_NUMBER,
        SOURCE_TAG,
        PROVENANCE_TAG,
        "http://hl7.org/fhir/episode-of-care-status",
    }
)

SERVICE_TYPES = {
    "R": "Reablement",
    "STNC": "Short Term Nursing Care",
    "STRC": "Short Term Residential Care",
    "LTNC": "Long Term Nursing Care",
    "LTRC": "Long Term Residential Care",
    "HS": "Home Support",
    "DS": "Day Support",
    "M": "Meals",
    "TRAN": "Transport",
    "EQ": "Equipment",
    "DP": "Direct Payment",
    "SL": "Shared Lives",
    "CSL": "Community Supported Living",
    "PS": "Professional Support",
    "PS-SW": "Professional Support- Social Worker",
    "LEES": "Learning/Education/Employment Support",
    "EOL": "End of Life Care",
    "ES": "Emergency Support",
    "OSTS": "Other Short Term Support",
    "OLTS": "Other Long Term Support",
    "C-R": "Carer Respite",
    "C-SS": "Carer Sitting Service",
    "C-US": "Carer Universal Services",
    "C-OTH": "Other Carer Support",
    "DNH-SL": "Data Not Held- System Level",
    "DNH-IL": "Data Not Held-Individual Level",
    "OTH": "Other",
}
SERVICE_CATEGORIES = {
    "STS-STMAX": "Short Term Support: ST-Max",
    "STS-OLL": "Short Term Support: Ongoing Low Level",
    "STS-OST": "Short Term Support: Other Short Term",
    "LTS-NC": "Long Term Support: Nursing Care",
    "LTS-RS": "Long Term Support: Residential Care",
    "LTS-C": "Long Term Support: Community",
    "LTS-P": "Long Term Support: Prison",
    "CS-DC": "Carer Support: Direct to Carer",
    "CS-SIPC": "Carer Support: Support involving the person cared-for",
    "DNH-SL": "Data Not Held- System Level",
    "DNH-IL": "Data Not Held-Individual Level",
    "OTH": "Other",
}
COUNCIL_TYPES = {
    "141": "LOCAL AUTHORITY",
    "222": "LOCAL AUTHORITY SITE",
    "123": "LOCAL AUTHORITY DEPARTMENT",
    "40": "UNITARY AUTHORITY",
    "33": "COUNTY COUNCIL",
    "35": "CITY COUNCIL",
    "36": "DISTRICT COUNCIL",
    "34": "BOROUGH COUNCIL",
}
ORGANIZATION_TYPES = {
    **COUNCIL_TYPES,
    "104": "SOCIAL CARE PROVIDER",
    "101": "SOCIAL CARE SITE",
    "269": "CARE HOME",
    "270": "DOMICILIARY CARE",
    "157": "NON-NHS ORGANISATION",
}
VERIFIED = {
    "system": VERIFICATION_SYSTEM,
    "code": "01",
    "display": "Number present and verified",
}

SERVICE_STATUSES = frozenset({"planned", "active", "onhold", "finished", "entered-in-error"})
HISTORY_STATUSES = SERVICE_STATUSES | {"waitlist", "cancelled"}
TASK_STATUSES = frozenset(
    {
        "requested",
        "received",
        "in-progress",
        "accepted",
        "completed",
        "rejected",
        "cancelled",
        "entered-in-error",
    }
)
GENDERS = frozenset({"male", "female", "other", "unknown"})
PRIORITIES = frozenset({"routine", "urgent", "asap", "stat"})
USES = {
    "identifier": frozenset({"usual", "official", "temp", "secondary", "old"}),
    "name": frozenset({"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"}),
    "telecom": frozenset({"work", "temp", "old", "mobile"}),  # org-3: never home
    "address": frozenset({"work", "temp", "old", "billing"}),  # org-2: never home
}
CONTACT_SYSTEMS = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})

DISCREPANCY_TYPES = frozenset(
    {  # those about a person: a caseload that is overdue is about none
        "cpli-not-found",
        "support-not-reported",
        "support-after-end",
        "provider-differs",
        "identity-differs",
        "unauthorised-on-portal",
        "support-ended",
        "support-before-start",
        "support-not-started",
        "service-type-differs",
        "possible-match",
        "not-on-portal",
        "only-on-portal",
        "start-date-differs",
        "end-date-differs",
        "quantity-differs",
        "portal-differs",
        "duplicate-cpli",
        "duplicate-entry",
    }
)
TASK_CODE = ("cpli-discrepancy", "Care package line item discrepancy")
CHANGE = ("change", "Change the focal resource")

DISCREPANCY_COLUMNS = (
    "discrepancy_id",
    "type",
    "severity",
    "local_authority",
    "provider_id",
    "person_id",
    "cpli_ids",
    "service_type",
    "caseload_date",
    "caseload_rows",
    "council_value",
    "provider_value",
    "reason",
    "caveat",
)
