"""What is particular to a site or a provider, beside the words that are always known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from connectors.intake.words import (
    BARE_HEADINGS,
    COUNCIL_WORDS,
    FULL_NAME,
    FULL_NAME_FAMILY_FIRST,
    HINTS,
    MINUTES,
    SERVICE_WORDS,
    STRONG_HEADINGS,
    UNIT_WORDS,
    WEAK_HEADINGS,
    WEEKLY_HEADINGS,
    key,
)
from schemas.errors import WrongUsage
from schemas.tables import CASELOAD
from schemas.vocabularies import ServiceType, Unit

CANONICAL, STRONG, WEAK = 3, 2, 1
NAME_COLUMNS = (FULL_NAME, FULL_NAME_FAMILY_FIRST)


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a heading stands for: one of our columns or a full name, and what a quantity counts.

    `spelling` is ours, not the file's; of two headings for one column the stronger counts.
    """

    name: str
    spelling: str
    strength: int
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Habits:
    """Words that a site adds to those in `connectors.intake.words`; they win over them.

    `headings`: for each canonical column (or `full_name`, `full_name_family_first`) more headings.
    `services`: for each service type's code more words. `units`: for each unit (or `minutes`) more
    words. `councils`: for each GSS code more names. `open_end`: words which in the end date mean
    that the support goes on; none by default, because a date that cannot be read must never become
    an open end by itself. Raises WrongUsage for a column, code or unit that there is not.
    """

    headings: Mapping[str, Iterable[str]] = field(default_factory=dict)
    services: Mapping[str, Iterable[str]] = field(default_factory=dict)
    units: Mapping[str, Iterable[str]] = field(default_factory=dict)
    councils: Mapping[str, Iterable[str]] = field(default_factory=dict)
    open_end: Iterable[str] = ()

    def __post_init__(self) -> None:
        """Raise WrongUsage where something is said of what we do not know."""
        _only(self.headings, {*CASELOAD.all, *NAME_COLUMNS}, "a caseload's column")
        _only(self.services, ServiceType.codes(), "a service type's code")
        _only(self.units, {*Unit.codes(), MINUTES}, "a unit")

    @cached_property
    def known_headings(self) -> Mapping[str, Meaning]:
        """What each heading means, by its key."""
        found: dict[str, Meaning] = {}
        for strength, lists in ((WEAK, WEAK_HEADINGS), (STRONG, STRONG_HEADINGS)):
            for name, spellings in lists.items():
                _add(found, name, spellings, strength)
        for strength, counted in ((WEAK, BARE_HEADINGS), (STRONG, WEEKLY_HEADINGS)):
            for spelling, unit in counted.items():
                found[key(spelling)] = Meaning(
                    name="weekly_quantity", spelling=spelling, strength=strength, unit=unit
                )
        for name, more in self.headings.items():
            _add(found, name, more, STRONG)
        for name in CASELOAD.all:
            _add(found, name, [name], CANONICAL)
        return found

    @cached_property
    def known_services(self) -> Mapping[str, str]:
        """The code of each service in words, by its key."""
        words: dict[str, str] = {}
        for service in ServiceType:
            for word in (service.display, *SERVICE_WORDS[service]):
                words[key(word)] = service.value
        return words | _by_key(self.services) | {key(code): code for code in ServiceType.codes()}

    @cached_property
    def known_units(self) -> Mapping[str, str]:
        """The unit, or `minutes`, of each word for one, by its key."""
        return _by_key(UNIT_WORDS) | _by_key(self.units) | {unit: unit for unit in Unit.codes()}

    @cached_property
    def known_councils(self) -> Mapping[str, str]:
        """The GSS code of each council's name, by its key."""
        return _by_key(COUNCIL_WORDS) | _by_key(self.councils)

    @cached_property
    def known_open_end(self) -> frozenset[str]:
        """The words for support that goes on, by their keys."""
        return frozenset(map(key, self.open_end))

    def meaning(self, heading: str) -> Meaning | None:
        """Return what a heading means; a known hint in brackets behind it changes nothing."""
        known = self.known_headings.get(key(heading))
        before, bracket, hint = heading.rstrip(" *:)]").rpartition("(")
        if known is None and bracket and key(hint) in HINTS:
            return self.known_headings.get(key(before))
        return known


def _add(found: dict[str, Meaning], name: str, spellings: Iterable[str], strength: int) -> None:
    for spelling in spellings:
        found[key(spelling)] = Meaning(name=name, spelling=spelling, strength=strength)


def _by_key(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    return {key(word): meant for meant, spellings in words.items() for word in spellings}


def _only(given: Iterable[str], known: Iterable[str], what: str) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise WrongUsage(
            f"{', '.join(unknown)} is not {what}. Known are {', '.join(sorted(known))}."
        )
