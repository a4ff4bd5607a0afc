"""Closed vocabularies, each with the words that people read.

Codes and displays of service types and categories are those of the Interweave R4 profiles
(code systems Interweave-SocialCareServiceType and Interweave-SocialCareServiceCategory), copied
to the letter, the uneven spacing around hyphens included.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Vocabulary(StrEnum):
    """A closed set of codes; `display` is what people read."""

    display: str

    def __new__(cls, code: str, display: str = "") -> Self:
        """Make a member that is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.display = display
        return member

    @classmethod
    def codes(cls) -> list[str]:
        """Return the codes in the order in which they are declared."""
        return [member.value for member in cls]


class ServiceType(Vocabulary):
    """What kind of service a CPLI buys (27 codes, case-sensitive)."""

    REABLEMENT = "R", "Reablement"
    SHORT_TERM_NURSING = "STNC", "Short Term Nursing Care"
    SHORT_TERM_RESIDENTIAL = "STRC", "Short Term Residential Care"
    LONG_TERM_NURSING = "LTNC", "Long Term Nursing Care"
    LONG_TERM_RESIDENTIAL = "LTRC", "Long Term Residential Care"
    HOME_SUPPORT = "HS", "Home Support"
    DAY_SUPPORT = "DS", "Day Support"
    MEALS = "M", "Meals"
    TRANSPORT = "TRAN", "Transport"
    EQUIPMENT = "EQ", "Equipment"
    DIRECT_PAYMENT = "DP", "Direct Payment"
    SHARED_LIVES = "SL", "Shared Lives"
    COMMUNITY_SUPPORTED_LIVING = "CSL", "Community Supported Living"
    PROFESSIONAL_SUPPORT = "PS", "Professional Support"
    SOCIAL_WORKER_SUPPORT = "PS-SW", "Professional Support- Social Worker"
    LEARNING_EMPLOYMENT = "LEES", "Learning/Education/Employment Support"
    END_OF_LIFE = "EOL", "End of Life Care"
    EMERGENCY_SUPPORT = "ES", "Emergency Support"
    OTHER_SHORT_TERM = "OSTS", "Other Short Term Support"
    OTHER_LONG_TERM = "OLTS", "Other Long Term Support"
    CARER_RESPITE = "C-R", "Carer Respite"
    CARER_SITTING = "C-SS", "Carer Sitting Service"
    CARER_UNIVERSAL = "C-US", "Carer Universal Services"
    CARER_OTHER = "C-OTH", "Other Carer Support"
    NOT_HELD_SYSTEM = "DNH-SL", "Data Not Held- System Level"
    NOT_HELD_INDIVIDUAL = "DNH-IL", "Data Not Held-Individual Level"
    OTHER = "OTH", "Other"


class ServiceCategory(Vocabulary):
    """Which heading of the council's statutory return a service falls under (12 codes)."""

    SHORT_TERM_MAXIMISE = "STS-STMAX", "Short Term Support: ST-Max"
    SHORT_TERM_LOW_LEVEL = "STS-OLL", "Short Term Support: Ongoing Low Level"
    SHORT_TERM_OTHER = "STS-OST", "Short Term Support: Other Short Term"
    LONG_TERM_NURSING = "LTS-NC", "Long Term Support: Nursing Care"
    LONG_TERM_RESIDENTIAL = "LTS-RS", "Long Term Support: Residential Care"
    LONG_TERM_COMMUNITY = "LTS-C", "Long Term Support: Community"
    LONG_TERM_PRISON = "LTS-P", "Long Term Support: Prison"
    CARER_DIRECT = "CS-DC", "Carer Support: Direct to Carer"
    CARER_INVOLVING_PERSON = "CS-SIPC", "Carer Support: Support involving the person cared-for"
    NOT_HELD_SYSTEM = "DNH-SL", "Data Not Held- System Level"
    NOT_HELD_INDIVIDUAL = "DNH-IL", "Data Not Held-Individual Level"
    OTHER = "OTH", "Other"


class Unit(Vocabulary):
    """What a weekly quantity counts."""

    HOURS = "hours", "hours a week"
    VISITS = "visits", "visits a week"
    DAYS = "days", "days a week"
    NIGHTS = "nights", "nights a week"
    WEEKS = "weeks", "weeks"


class Authorisation(Vocabulary):
    """Whether a council has committed itself to a CPLI."""

    DRAFT = "draft", "Draft"
    AUTHORISED = "authorised", "Authorised"
    CANCELLED = "cancelled", "Cancelled"


class Lifecycle(Vocabulary):
    """Where a CPLI, a spell or a claim stands on a date (rule 3)."""

    ACTIVE = "active", "Active"
    PLANNED = "planned", "Planned"
    ENDED = "ended", "Ended"


class Severity(Vocabulary):
    """How much harm a discrepancy can do if it is left alone (rule 11)."""

    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class DiscrepancyType(Vocabulary):
    """What can be wrong between a council, the portal and a provider (rules 5 to 11)."""

    CPLI_NOT_FOUND = "cpli_not_found", "The provider supports a person we hold no CPLI for"
    SUPPORT_NOT_REPORTED = "support_not_reported", "The provider did not list a person on record"
    SUPPORT_AFTER_END = "support_after_end", "Supported after the CPLI ended"
    PROVIDER_DIFFERS = "provider_differs", "Another provider reports the support"
    IDENTITY_DIFFERS = "identity_differs", "The person's details differ"
    UNAUTHORISED_ON_PORTAL = "unauthorised_on_portal", "The portal shows an unauthorised CPLI"
    SUPPORT_ENDED = "support_ended", "The provider says the support has ended"
    SUPPORT_BEFORE_START = "support_before_start", "Supported before the CPLI starts"
    SUPPORT_NOT_STARTED = "support_not_started", "The provider says the support has not started"
    SERVICE_TYPE_DIFFERS = "service_type_differs", "The service type differs"
    POSSIBLE_MATCH = "possible_match", "Possibly the same person"
    NOT_ON_PORTAL = "not_on_portal", "The portal does not show the CPLI"
    ONLY_ON_PORTAL = "only_on_portal", "Only the portal shows the CPLI"
    CASELOAD_OVERDUE = "caseload_overdue", "No usable caseload from the provider"
    START_DATE_DIFFERS = "start_date_differs", "The start date differs"
    END_DATE_DIFFERS = "end_date_differs", "The end date differs"
    QUANTITY_DIFFERS = "quantity_differs", "The weekly quantity differs"
    PORTAL_DIFFERS = "portal_differs", "The portal shows the CPLI differently"
    DUPLICATE_CPLI = "duplicate_cpli", "The same CPLI is held more than once"
    DUPLICATE_ENTRY = "duplicate_entry", "The same entry is listed more than once"


class CaseloadFailure(Vocabulary):
    """Why a provider has no accepted caseload (rule 5)."""

    UNREADABLE = "unreadable", "the file could not be read"
    MISSING_COLUMNS = "missing_columns", "the file lacks the service type or every identity column"
    TOO_MANY_REJECTED = "too_many_rejected", "too many of its rows were rejected"
    TOO_FEW_ROWS = "too_few_rows", "it lists far fewer people than we expect"
    IMPLAUSIBLE = "implausible", "it does not look like the provider's own list"
    TOO_OLD = "too_old", "the latest caseload is too old"
    NONE_RECEIVED = "none_received", "no caseload was received"


class NotFoundReason(Vocabulary):
    """What the council does hold where a claim found no spell (rule 9.1)."""

    PERSON_UNKNOWN = "person_unknown", "nobody of these details is known"
    CPLI_NOT_AUTHORISED = "cpli_not_authorised", "the CPLI is still a draft"
    CPLI_ENDED_BEFORE_WINDOW = "cpli_ended_before_window", "the CPLI ended over 12 months ago"
    OTHER_SERVICE_ONLY = "other_service_only", "only other services are on record"
    NO_CPLI_WITH_PROVIDER = "no_cpli_with_provider", "the person has no CPLI with this provider"


class Caveat(Vocabulary):
    """Why a discrepancy deserves a second look before anyone acts on it (rule 9)."""

    REJECTED_ROWS = "rejected_rows", "some of the provider's rows could not be read"
    RECENT_START = "recent_start", "the support began only days before the caseload"
    SERVICE_UNMAPPED = "service_unmapped", "the council's service type is not a known code"
    COUNCIL_NOT_ASSESSED = "council_not_assessed", "a council was not assessed this night"


class RefusalLevel(Vocabulary):
    """What became of a row that breaks a rule."""

    REJECTED = "rejected", "left out"
    WARNING = "warning", "kept without the value"


class NoticeFrequency(Vocabulary):
    """How often a provider gets a notice."""

    NIGHTLY = "nightly", "on each night on which something has changed"
    WEEKLY = "weekly", "once a week"
    NEVER = "never", "not at all"
