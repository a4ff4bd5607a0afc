"""The words that providers use: for our columns, the 27 services, units, councils and nothing.

Words are compared without capitals, spaces, punctuation and accents. A word that may mean two
things is in none of these lists: what is not understood is reported, what is misunderstood is not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from schemas.vocabularies import ServiceType, Unit

FULL_NAME = "full_name"
FULL_NAME_FAMILY_FIRST = "full_name_family_first"
MINUTES = "minutes"
NOT_A_WEEK = "not_a_week"
"""Beside such a column, a quantity that is not said to be a week's may be anything."""


def key(text: str) -> str:
    """Return a text as words are compared: letters and digits only, `and` for an ampersand."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    return "".join(character for character in plain if character.isalnum())


def _numbered(*things: str) -> tuple[str, ...]:
    """Return what the number of a thing is called."""
    words = ("id", "number", "no", "num", "ref", "ref no", "reference", "reference number")
    return tuple(f"{thing} {word}" for thing in things for word in words)


# Of two headings that may mean one column the stronger counts: the canonical name before all, then
# what can hardly mean anything else, then what people write where there is nothing better.
STRONG_HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "provider_id": (
            "provider number",
            "provider no",
            "provider code",
            "provider ref",
            "provider reference",
        ),
        "caseload_date": ("caseload as at", "date of caseload", "as at date"),
        "cpli_id": ("cpli", "care package line item", *_numbered("cpli", "line item")),
        "local_authority": (
            "local authority code",
            "local authority name",
            "council",
            "council code",
            "council name",
            "commissioning council",
            "commissioning authority",
            "commissioning local authority",
            "funding authority",
            "funding council",
            "funding local authority",
            "funded by",
            "placing authority",
            "responsible authority",
        ),
        "person_id": (
            *_numbered("person", "council", "council person", "council client", "social care"),
            *_numbered("adult social care", "social services", "local authority person"),
            *_numbered("la person", "liquidlogic", "las", "mosaic"),
        ),
        "nhs_number": (
            "nhs no",
            "nhs num",
            "nhs ref",
            "nhs id",
            "nhs nr",
            "nhs number no spaces",
            "national health service number",
        ),
        "family_name": (
            "surname",
            "last name",
            "family",
            "second name",
            "client surname",
            "resident surname",
            "service user surname",
            "client last name",
            "resident last name",
            "service user last name",
            "person surname",
        ),
        "given_name": (
            "first name",
            "first names",
            "forename",
            "forenames",
            "given names",
            "christian name",
            "client first name",
            "client forename",
            "resident first name",
            "resident forename",
            "service user first name",
            "service user forename",
            "person forename",
        ),
        "date_of_birth": (
            "dob",
            "birth date",
            "birthdate",
            "born",
            "date born",
            "birthday",
            "d o birth",
            "client dob",
            "resident dob",
            "service user dob",
        ),
        "service_type": (
            "type of service",
            "service code",
            "service type code",
            "service provided",
            "service description",
            "care type",
            "type of care",
            "support type",
            "type of support",
            "placement type",
            "type of placement",
            "package type",
        ),
        "start_date": (
            "date started",
            "date of start",
            "service start",
            "service start date",
            "care start date",
            "support start date",
            "package start date",
            "placement start date",
            "start of service",
            "start of support",
            "start of care",
            "admission date",
            "date of admission",
            "date admitted",
            "commencement date",
            "date commenced",
            "move in date",
            "date moved in",
            "date from",
            "from date",
        ),
        "end_date": (
            "date ended",
            "date of end",
            "service end",
            "service end date",
            "care end date",
            "support end date",
            "package end date",
            "placement end date",
            "end of service",
            "end of support",
            "end of care",
            "discharge date",
            "date of discharge",
            "date discharged",
            "leaving date",
            "date left",
            "date of leaving",
            "finish date",
            "date finished",
            "cessation date",
            "date ceased",
            "closure date",
            "date to",
            "to date",
        ),
        "weekly_quantity": (
            "quantity per week",
            "quantity a week",
            "weekly qty",
            "weekly amount of support",
            "units per week",
            "weekly units",
            "amount of support per week",
        ),
        "unit": (
            "units",
            "unit of measure",
            "unit type",
            "measure",
            "quantity unit",
            "hours or visits",
        ),
        FULL_NAME: (
            "full name",
            "name of person",
            "name of client",
            "name of resident",
            "name of service user",
            "person name",
            "persons name",
            "client name",
            "clients name",
            "resident name",
            "residents name",
            "service user name",
            "service users name",
            "customer name",
            "tenant name",
            "patient name",
            "first name and surname",
            "forename and surname",
            "forename surname",
            "first name surname",
            "first name last name",
        ),
        FULL_NAME_FAMILY_FIRST: (
            "surname first name",
            "surname forename",
            "surname and first name",
            "surname and forename",
            "surname first",
            "last name first name",
            "family name given name",
            "name surname first",
            "full name surname first",
            "surname comma first name",
        ),
    }
)
WEAK_HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "caseload_date": ("as at",),
        "cpli_id": ("line item", "care package line"),
        "local_authority": ("la", "authority", "funder", "commissioner"),
        "nhs_number": ("nhs",),
        "service_type": ("service", "care", "support", "placement"),
        "start_date": ("start", "started", "from", "since", "admitted", "admission", "commenced"),
        "end_date": ("end", "ended", "to", "until", "left", "discharged", "discharge", "ceased"),
        "weekly_quantity": ("quantity", "qty"),
        NOT_A_WEEK: (
            *("frequency", "how often", "period", "times", "times a day", "times per day"),
            *("visits per day", "calls per day", "hours per day", "daily hours", "daily visits"),
            *("hours per visit", "minutes per visit", "length of visit", "length of call"),
        ),
        FULL_NAME: (
            "name",
            "names",
            "person",
            "client",
            "resident",
            "service user",
            "customer",
            "tenant",
        ),
    }
)

_COUNTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Unit.HOURS.value: ("hours", "hrs"),
        Unit.VISITS.value: ("visits", "calls"),
        Unit.DAYS.value: ("days",),
        Unit.NIGHTS.value: ("nights",),
        Unit.WEEKS.value: ("weeks",),
        MINUTES: ("minutes", "mins"),
    }
)
_WEEKLY_PATTERNS = (
    "{} per week",
    "{} a week",
    "{} pw",
    "{} p w",
    "{} each week",
    "{} wk",
    "{} week",
    "{} weekly",
    "weekly {}",
    "total weekly {}",
    "total {} per week",
    "number of {} per week",
    "no of {} per week",
    "{} of support per week",
    "{} of care per week",
    "commissioned {} per week",
    "contracted {} per week",
    "commissioned weekly {}",
)
_BARE_PATTERNS = (
    "commissioned {}",
    "contracted {}",
    "funded {}",
    "package {}",
    "care {}",
    "support {}",
    "{}",
)


def _counting(patterns: tuple[str, ...]) -> Mapping[str, str]:
    return MappingProxyType(
        {
            pattern.format(word): unit
            for unit, words in _COUNTED.items()
            for word in words
            for pattern in patterns
        }
    )


WEEKLY_HEADINGS = _counting(_WEEKLY_PATTERNS)
"""Headings of the weekly quantity that say what is counted, and what."""

BARE_HEADINGS = _counting(_BARE_PATTERNS)
"""The same where nothing says that it is a week's: beside a column for the frequency it is not."""

HINTS = frozenset(
    map(
        key,
        (
            "dd/mm/yyyy",
            "dd/mm/yy",
            "dd-mm-yyyy",
            "dd.mm.yyyy",
            "yyyy-mm-dd",
            "day first",
            "day/month/year",
            "if known",
            "if any",
            "if ended",
            "if applicable",
            "required",
            "mandatory",
            "optional",
            "10 digits",
            "ten digits",
            "leave empty if ongoing",
            "leave blank if ongoing",
            "blank if ongoing",
            "see guidance",
        ),
    )
)
"""What may stand in brackets behind a heading without changing what it means."""

SERVICE_WORDS: Mapping[ServiceType, tuple[str, ...]] = MappingProxyType(
    {
        ServiceType.REABLEMENT: (
            "reablement service",
            "re-ablement",
            "enablement",
            "rehabilitation",
        ),
        ServiceType.SHORT_TERM_NURSING: (
            "short term nursing",
            "short stay nursing",
            "short stay nursing care",
            "temporary nursing care",
            "nursing respite",
            "nursing care short term",
            "nursing (short term)",
            "nursing home short stay",
        ),
        ServiceType.SHORT_TERM_RESIDENTIAL: (
            "short term residential",
            "short stay residential",
            "short stay residential care",
            "temporary residential care",
            "residential respite",
            "residential care short term",
            "residential (short term)",
            "care home short stay",
        ),
        ServiceType.LONG_TERM_NURSING: (
            "long term nursing",
            "nursing",
            "nursing care",
            "nursing home",
            "nursing placement",
            "permanent nursing",
            "permanent nursing care",
            "nursing care long term",
            "nursing (long term)",
        ),
        ServiceType.LONG_TERM_RESIDENTIAL: (
            "long term residential",
            "residential",
            "residential care",
            "residential home",
            "residential placement",
            "care home",
            "permanent residential",
            "permanent residential care",
            "residential care long term",
            "residential (long term)",
        ),
        ServiceType.HOME_SUPPORT: (
            "home care",
            "homecare service",
            "home care service",
            "home support service",
            "domiciliary",
            "domiciliary care",
            "domiciliary support",
            "dom care",
            "domcare service",
            "care at home",
            "support at home",
            "personal care at home",
        ),
        ServiceType.DAY_SUPPORT: (
            "day care",
            "day centre",
            "day center",
            "day service",
            "day services",
            "day opportunities",
            "day support service",
        ),
        ServiceType.MEALS: ("meal", "meals on wheels", "meals service", "community meals"),
        ServiceType.TRANSPORT: ("transportation", "transport service", "travel"),
        ServiceType.EQUIPMENT: (
            "equipment and adaptations",
            "equipment service",
            "adaptations",
            "community equipment",
            "telecare equipment",
        ),
        ServiceType.DIRECT_PAYMENT: ("direct payments", "dp"),
        ServiceType.SHARED_LIVES: (
            "shared lives scheme",
            "shared lives placement",
            "shared lives care",
            "adult placement",
        ),
        ServiceType.COMMUNITY_SUPPORTED_LIVING: (
            "supported living",
            "supported living service",
            "supported living care",
            "community living",
        ),
        ServiceType.PROFESSIONAL_SUPPORT: ("professional support service",),
        ServiceType.SOCIAL_WORKER_SUPPORT: (
            "professional support social worker",
            "social worker",
            "social worker support",
            "social work support",
        ),
        ServiceType.LEARNING_EMPLOYMENT: (
            "learning education and employment support",
            "learning education employment",
            "employment support",
            "education support",
            "learning support",
            "supported employment",
        ),
        ServiceType.END_OF_LIFE: ("end of life", "palliative care", "palliative"),
        ServiceType.EMERGENCY_SUPPORT: (
            "emergency",
            "emergency care",
            "emergency placement",
            "crisis support",
        ),
        ServiceType.OTHER_SHORT_TERM: ("other short term", "short term support other"),
        ServiceType.OTHER_LONG_TERM: ("other long term", "long term support other"),
        ServiceType.CARER_RESPITE: ("carers respite", "respite for carer", "respite for carers"),
        ServiceType.CARER_SITTING: (
            "carer sitting",
            "carers sitting service",
            "sitting service",
            "sitting",
        ),
        ServiceType.CARER_UNIVERSAL: ("carer universal service", "carers universal services"),
        ServiceType.CARER_OTHER: ("carer support other", "carers support other", "other carer"),
        ServiceType.NOT_HELD_SYSTEM: ("data not held system level",),
        ServiceType.NOT_HELD_INDIVIDUAL: ("data not held individual level",),
        ServiceType.OTHER: ("other service", "other support"),
    }
)
"""Words beside each service's code and display, which are known as well."""

UNIT_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Unit.HOURS.value: ("hours", "hour", "hrs", "hr", "h"),
        Unit.VISITS.value: ("visits", "visit", "calls", "call"),
        Unit.DAYS.value: ("days", "day"),
        Unit.NIGHTS.value: ("nights", "night"),
        Unit.WEEKS.value: ("weeks", "week", "wks", "wk"),
        MINUTES: ("minutes", "minute", "mins", "min"),
    }
)
A_WEEK = ("per week", "a week", "each week", "every week", "weekly", "pw", "p/w", "/week", "/wk")

COUNCIL_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "E06000016": (
            "leicester",
            "leicester city",
            "leicester city council",
            "leicester council",
            "city of leicester",
        ),
        "E10000018": (
            "leicestershire",
            "leicestershire county",
            "leicestershire county council",
            "leicestershire council",
        ),
        "E06000017": (
            "rutland",
            "rutland county",
            "rutland county council",
            "rutland council",
        ),
    }
)

# Where one of these stands in a cell that says whom a row means, it says nobody.
NOTHING_WORDS = frozenset(
    {
        *(
            "na",
            "nk",
            "none",
            "nil",
            "null",
            "notknown",
            "unknown",
            "notapplicable",
            "notavailable",
        ),
        *(
            "tbc",
            "tbd",
            "tba",
            "notgiven",
            "notstated",
            "notrecorded",
            "withheld",
            "x",
            "xx",
            "xxx",
        ),
    }
)
NO_NAME_WORDS = frozenset(
    {"n/a", "n/k", "not known", "unknown", "not given", "tbc", "name withheld"}
)
TITLES = frozenset(
    {
        *("mr", "mrs", "ms", "miss", "mx", "master", "dr", "doctor", "prof", "professor"),
        *(
            "rev",
            "revd",
            "reverend",
            "sir",
            "lady",
            "lord",
            "dame",
            "sister",
            "father",
            "fr",
            "cllr",
        ),
    }
)
# A line of these alone heads a part of people who are no longer supported.
LEAVER_WORDS = frozenset(
    {
        *(
            "discharged",
            "discharges",
            "dischargedresidents",
            "dischargedclients",
            "leavers",
            "left",
        ),
        *("haveleft", "nowleft", "deceased", "died", "passedaway", "rip", "ceased", "ended"),
        *("endedpackages", "closed", "closedcases", "inactive", "archive", "archived", "former"),
        *("formerresidents", "formerclients", "formerserviceusers", "pastresidents"),
        *("pastclients", "pastserviceusers", "previousresidents", "previousclients"),
        *("previousserviceusers", "exresidents", "exclients", "nolongersupported"),
        *("nolongerwithus", "nolongerreceivingsupport", "supportended", "movedon", "movedout"),
    }
)
TOTAL_WORDS = frozenset(
    {
        *("total", "totals", "grandtotal", "subtotal", "sum", "sumtotal", "overalltotal"),
        *("totalhours", "totalvisits", "totaldays", "totalnights", "totalweeks", "totalresidents"),
        *("totalclients", "totalserviceusers", "totalpeople", "totalperweek", "totalhoursperweek"),
        *("weeklytotal", "totalquantity", "runningtotal"),
    }
)
