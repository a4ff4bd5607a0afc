"""The part of base R4 that the feed uses, narrowed by the profiles, as tables.

A line says: element, cardinality, data type and, for a code, what it is bound to. What no line
names is not sent at all, above all nothing of a person that the Care Record already holds; `0..0`
stands where a profile or its notes forbid or discourage what R4 knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from publishing.feed.facts import EpisodeStatus, TaskStatus

_RESOURCE = """
    resourceType       1..1 code
    id                 1..1 id
    meta               1..1 Meta
    implicitRules      0..0 uri
    language           0..0 code
    text               0..0 Narrative
    contained          0..0 Resource
"""

_TABLES = {
    "EpisodeOfCare": _RESOURCE
    + """
    extension            1..* Extension
    identifier           1..* ServiceIdentifier
    status               1..1 code episode
    statusHistory        0..* StatusHistory
    type                 1..1* TypeConcept
    diagnosis            0..0 BackboneElement
    patient              1..1 PersonReference
    managingOrganization 1..1 NamedReference
    period               0..1 BarePeriod
    referralRequest      0..* Reference
    careManager          0..1 NamedReference
    team                 0..0 Reference
    account              0..0 Reference
    """,
    "StatusHistory": """
    id        0..0 string
    extension 0..0 Extension
    status    1..1 code base_episode
    period    1..1 Period
    """,
    "Patient": _RESOURCE
    + """
    identifier           1..* Identifier
    active               0..1 boolean
    name                 1..* HumanName
    gender               0..1 code gender
    birthDate            1..1 date
    photo                0..0 Attachment
    deceasedBoolean      0..0 boolean
    deceasedDateTime     0..0 dateTime
    generalPractitioner  0..0 Reference
    managingOrganization 0..0 Reference
    """,
    "Organization": _RESOURCE
    + """
    extension  0..0 Extension
    identifier 1..* Identifier
    active     0..1 boolean
    type       0..1* BareConcept
    name       1..1 string
    partOf     0..0 Reference
    contact    0..0 BackboneElement
    endpoint   0..0 Reference
    """,
    "Task": _RESOURCE
    + """
    identifier   1..* Identifier
    status       1..1 code task
    statusReason 0..1 CodeableConcept
    intent       1..1 code intent
    priority     0..1 code priority
    code         1..1 CodeableConcept
    description  0..1 string
    focus        0..1 NamedReference
    for          1..1 PersonReference
    authoredOn   1..1 dateTime
    lastModified 1..1 dateTime
    requester    1..1 NamedReference
    owner        1..1 NamedReference
    reasonCode   1..1 CodeableConcept
    input        0..* Parameter
    output       0..* Parameter
    """,
    "Meta": """
    id          0..0 string
    extension   0..0 Extension
    versionId   1..1 id
    lastUpdated 1..1 instant
    profile     1..* canonical
    security    0..0 Coding
    tag         1..* Tag
    """,
    "Tag": """
    id        0..0 string
    extension 0..0 Extension
    version   0..0 string
    system    1..1 uri
    code      1..1 code
    display   1..1 string
    """,
    "Extension": """
    url                  1..1 uri
    valueCodeableConcept 0..1 CodeableConcept
    valueReference       0..1 NamedReference
    """,
    "Identifier": """
    extension 0..* Extension
    system    1..1 uri
    value     1..1 string
    """,
    "ServiceIdentifier": """
    system   1..1 uri
    value    1..1 string
    period   0..0 Period
    assigner 0..1 NamedReference
    """,
    "CodeableConcept": """
    coding 0..* Coding
    text   0..1 string
    """,
    "TypeConcept": """
    id        0..0 string
    extension 0..0 Extension
    coding    1..* Coding
    text      1..1 string
    """,
    "BareConcept": """
    id        0..0 string
    extension 0..0 Extension
    coding    1..* Coding
    text      0..1 string
    """,
    "Coding": """
    id        0..0 string
    extension 0..0 Extension
    system    1..1 uri
    code      1..1 code
    display   1..1 string
    """,
    "Reference": """
    reference  1..1 reference
    type       0..1 uri
    identifier 0..1 Identifier
    display    0..1 string
    """,
    "NamedReference": """
    reference  1..1 reference
    type       0..1 uri
    identifier 0..1 Identifier
    display    1..1 string
    """,
    "PersonReference": """
    reference  1..1 reference
    type       0..1 uri
    identifier 1..1 Identifier
    display    1..1 string
    """,
    "Period": """
    start 0..1 dateTime
    end   0..1 dateTime
    """,
    "BarePeriod": """
    id        0..0 string
    extension 0..0 Extension
    start     0..1 dateTime
    end       0..1 dateTime
    """,
    "HumanName": """
    use    0..1 code name_use
    text   0..0 string
    family 0..1 string
    given  0..* string
    prefix 0..* string
    suffix 0..* string
    """,
    "Parameter": """
    type                 1..1 CodeableConcept
    valueCodeableConcept 0..1 CodeableConcept
    valueDate            0..1 date
    valueString          0..1 string
    """,
}

BOUND: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "episode": frozenset(EpisodeStatus.codes()),
        "base_episode": frozenset({*EpisodeStatus.codes(), "waitlist", "cancelled"}),
        "task": frozenset(TaskStatus.codes()),
        "intent": frozenset({"proposal"}),
        "priority": frozenset({"routine", "urgent", "asap", "stat"}),
        "gender": frozenset({"male", "female", "other", "unknown"}),
        "name_use": frozenset(
            {"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"}
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Element:
    """What may stand in one element; `listed` where JSON holds a list of it."""

    kind: str
    least: int
    most: int | None
    listed: bool
    bound: frozenset[str] | None


def _element(cardinality: str, kind: str, bound: str = "") -> Element:
    """Read a line's words; `1..1*` is a list that holds exactly one."""
    least, _, most = cardinality.partition("..")
    figure = most.rstrip("*")
    return Element(
        kind=kind,
        least=int(least),
        most=int(figure) if figure else None,
        listed=most.endswith("*"),
        bound=BOUND[bound] if bound else None,
    )


def _read(table: str) -> Mapping[str, Element]:
    lines = [line.split() for line in table.splitlines() if line.strip()]
    return MappingProxyType({name: _element(*words) for name, *words in lines})


TYPES: Mapping[str, Mapping[str, Element]] = MappingProxyType(
    {name: _read(table) for name, table in _TABLES.items()}
)
