"""Who publishes and under which names; the closed vocabularies that only the feed knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from publishing.feed import urls
from schemas.vocabularies import Vocabulary


class OrganisationType(Vocabulary):
    """The types of Interweave-OrganizationType that matter here; the whole list has 186."""

    COUNTY_COUNCIL = "33", "COUNTY COUNCIL"
    BOROUGH_COUNCIL = "34", "BOROUGH COUNCIL"
    CITY_COUNCIL = "35", "CITY COUNCIL"
    DISTRICT_COUNCIL = "36", "DISTRICT COUNCIL"
    UNITARY_AUTHORITY = "40", "UNITARY AUTHORITY"
    SOCIAL_CARE_SITE = "101", "SOCIAL CARE SITE"
    SOCIAL_CARE_PROVIDER = "104", "SOCIAL CARE PROVIDER"
    LOCAL_AUTHORITY_DEPARTMENT = "123", "LOCAL AUTHORITY DEPARTMENT"
    LOCAL_AUTHORITY = "141", "LOCAL AUTHORITY"
    NON_NHS = "157", "NON-NHS ORGANISATION"
    LOCAL_AUTHORITY_SITE = "222", "LOCAL AUTHORITY SITE"
    CARE_HOME = "269", "CARE HOME"
    DOMICILIARY_CARE = "270", "DOMICILIARY CARE"


class EpisodeStatus(Vocabulary):
    """The statuses of a service that Interweave takes: neither `waitlist` nor `cancelled`."""

    PLANNED = "planned", "Planned"
    ACTIVE = "active", "Active"
    ONHOLD = "onhold", "On Hold"
    FINISHED = "finished", "Finished"
    ENTERED_IN_ERROR = "entered-in-error", "Entered in Error"


class TaskStatus(Vocabulary):
    """The life of a discrepancy on the feed."""

    REQUESTED = "requested", "raised"
    RECEIVED = "received", "seen"
    IN_PROGRESS = "in-progress", "being looked into"
    ACCEPTED = "accepted", "agreed, fix due"
    COMPLETED = "completed", "fixed"
    REJECTED = "rejected", "no fix is needed"
    CANCELLED = "cancelled", "withdrawn"
    ENTERED_IN_ERROR = "entered-in-error", "never was"


class TaskInput(Vocabulary):
    """What a provider asserts instead, where we hold no CPLI."""

    SERVICE_TYPE = "asserted-service-type", "Asserted service type"
    START = "asserted-start", "Asserted first day of support"
    END = "asserted-end", "Asserted last day of support"


class WithheldReason(Vocabulary):
    """Why something that is in scope is not published."""

    RESTRICTED = "restricted_record", "the council marks the record as restricted"
    NO_NHS_NUMBER = "no_valid_nhs_number", "the person has no valid NHS number"
    ORGANISATION_UNMAPPED = "organisation_unmapped", "the organisation is not known well enough"
    CHECK_FAILED = "profile_check_failed", "it breaks a rule of the profile"


EXAMPLE_BASE = "https://example.org/fhir/"
"""The root of our own URLs until another one is set."""


@dataclass(frozen=True, kw_only=True)
class Council:
    """A council as the feed names it."""

    ods_code: str
    name: str
    type: OrganisationType = OrganisationType.LOCAL_AUTHORITY


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Who publishes: the source's id and name, the councils by GSS code, the root of our own URLs.

    `register_kept_by` is the council (GSS code) that answers for the register of providers.
    `identity_key` keys the ids of patients, so that none can be tried against NHS numbers.
    `cqc_system` is what the receiver agreed to call CQC ids, if it did.
    """

    source_code: str
    source_name: str
    councils: Mapping[str, Council]
    register_kept_by: str
    identity_key: bytes
    base_url: str = EXAMPLE_BASE
    cqc_system: str | None = None

    @property
    def task_profiles(self) -> tuple[str, str]:
        """What a Task's `meta.profile` lists: ours, never that of Interweave's assessment."""
        return f"{self.base_url}StructureDefinition/cpli-discrepancy", urls.TASK_BASE

    @property
    def discrepancy_system(self) -> str:
        """The system of discrepancies' own ids."""
        return f"{self.base_url}Id/cpli-discrepancy"

    def code_system(self, name: str) -> str:
        """Return the URL of one of our own code systems."""
        return f"{self.base_url}CodeSystem/{name}"

    def id(self, kind: str, *key: str) -> str:
        """Return the id that a resource of this business key has on every night."""
        return str(uuid5(self._namespace, "|".join((kind, *key))))

    @property
    def _namespace(self) -> UUID:
        return uuid5(NAMESPACE_URL, self.base_url)
