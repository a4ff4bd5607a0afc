"""What a notice says, in words already, and to whom: facts that can be kept and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Self

from schemas.vocabularies import DiscrepancyType, Vocabulary


class Group(Vocabulary):
    """Under which heading a case stands."""

    NOT_ON_RECORD = "not_on_record", "not on the record"
    NOT_LISTED = "not_listed", "not listed"
    DIFFERS = "differs", "differs"
    WITH_COUNCIL = "with_council", "with the council"


_T = DiscrepancyType
GROUPS: Mapping[DiscrepancyType, Group] = MappingProxyType(
    {
        _T.CPLI_NOT_FOUND: Group.NOT_ON_RECORD,
        _T.PROVIDER_DIFFERS: Group.NOT_ON_RECORD,
        _T.SUPPORT_AFTER_END: Group.NOT_ON_RECORD,
        _T.SUPPORT_NOT_REPORTED: Group.NOT_LISTED,
        _T.IDENTITY_DIFFERS: Group.DIFFERS,
        _T.SUPPORT_ENDED: Group.DIFFERS,
        _T.SUPPORT_BEFORE_START: Group.DIFFERS,
        _T.SUPPORT_NOT_STARTED: Group.DIFFERS,
        _T.SERVICE_TYPE_DIFFERS: Group.DIFFERS,
        _T.POSSIBLE_MATCH: Group.DIFFERS,
        _T.START_DATE_DIFFERS: Group.DIFFERS,
        _T.END_DATE_DIFFERS: Group.DIFFERS,
        _T.QUANTITY_DIFFERS: Group.DIFFERS,
        _T.DUPLICATE_ENTRY: Group.DIFFERS,
    }
)
"""The types that a provider is asked about; the rest is for councils alone."""

BY_ENTRY = frozenset({_T.CPLI_NOT_FOUND, _T.PROVIDER_DIFFERS, _T.DUPLICATE_ENTRY})
"""The types about what the provider has written down, and about no care package of its own.

Of these a notice tells only what the provider has stated itself: whom the rules found by it may be
somebody else's person.
"""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A case as a provider is told of it.

    `person` is the council's reference, `initials` and `born` (a year) are "" where nobody knows
    them; `found` to `to_do` are sentences.
    """

    case: str
    group: Group
    council: str
    person: str = field(repr=False)
    initials: str = field(repr=False)
    born: str = field(repr=False)
    service: str
    found: str
    record: str = field(repr=False)
    said: str = field(repr=False)
    to_do: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a provider is told of one night.

    `name` is the night, with a number behind it where it is not the first, `list_date` the date of
    the list that was looked at. `list_wanted` says why another list is needed, "" where it is not;
    `list_notes` say what of the lists could not be read or used. `left_out` are names of councils
    of which nothing is said; `contacts` gives each council that is spoken of, by its name, whom to
    ask, and "" whom to ask where no council may be named.
    """

    provider_id: str
    provider_name: str
    name: str
    as_of: date
    reply_by: date
    list_date: date | None
    list_wanted: str
    list_notes: tuple[str, ...]
    items: tuple[Item, ...]
    left_out: tuple[str, ...]
    contacts: Mapping[str, str]

    @property
    def reference(self) -> str:
        """What people call it by."""
        return f"{self.provider_id}-{self.name}"

    @property
    def to_do(self) -> tuple[Item, ...]:
        """The cases that the provider is asked about."""
        return tuple(each for each in self.items if each.group is not Group.WITH_COUNCIL)

    @property
    def nothing_to_do(self) -> bool:
        """Whether it only confirms that all is well."""
        return not (self.to_do or self.list_wanted or self.list_notes)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's kind of data."""
        days = {"as_of": self.as_of, "reply_by": self.reply_by, "list_date": self.list_date}
        return asdict(self) | {name: day and day.isoformat() for name, day in days.items()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the notice that was kept."""
        dates = ("as_of", "reply_by", "list_date")
        days = {name: said[name] and date.fromisoformat(said[name]) for name in dates}
        items = (Item(**{**each, "group": Group(each["group"])}) for each in said["items"])
        texts = {name: tuple(said[name]) for name in ("left_out", "list_notes")}
        return cls(**{**said, **days, **texts, "items": tuple(items)})
