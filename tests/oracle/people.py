"""Rule 6: whom an entry means."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rapidfuzz.distance import JaroWinkler

from oracle.cleaning import Cells, Cpli, Entry, Identity, Names, Person, clean_identity_of_entry
from oracle.population import Decision

NAMES_DIFFER_BELOW = 0.80


@dataclass(frozen=True, kw_only=True)
class Known:
    """A person's own NHS number, names and date of birth; None where no CPLI states one."""

    nhs_number: str | None
    names: Names | None
    date_of_birth: date | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The persons an entry means and the number of the rule 6.1 to 6.4 that found them.

    0: nobody was found, or a commissioning worker said who it is.
    """

    persons: frozenset[Person]
    by: int


class People:
    """All persons of all CPLIs received, and how entries find them."""

    def __init__(self, cplis: Iterable[Cpli], decisions: Iterable[Decision], as_of: date) -> None:
        """Take all CPLIs, rejected ones included as far as they can be read."""
        self.cplis = [(person, cpli) for cpli in cplis if (person := cpli.person)]
        by_person = defaultdict(list)
        for person, cpli in self.cplis:
            by_person[person].append(cpli)
        self.known: Mapping[Person, Known] = {
            person: own_identity(theirs) for person, theirs in by_person.items()
        }
        self.same: dict[object, set[Person]] = defaultdict(set)
        self.not_same: dict[object, set[Person]] = defaultdict(set)
        for decision in decisions:
            entry = clean_identity_of_entry(Cells(decision.entry, "decision", 0), as_of)
            key = (decision.provider_id, entry.identity)
            told = self.same if decision.same else self.not_same
            told[key].add((decision.local_authority, decision.person_id))

    def forbidden(self, entry: Entry, person: Person) -> bool:
        """Rule 7: whether a worker said that these are not the same."""
        return person in self.not_same.get((entry.provider_id, entry.identity), ())

    def find(self, entry: Entry) -> Found:
        """Rule 6: the first of 6.1 to 6.4 that finds anyone decides."""
        told = self.same.get((entry.provider_id, entry.identity))
        if told:
            return Found(persons=frozenset(told), by=0)
        set_aside: Found | None = None
        for number, says in enumerate(LOOKUPS, start=1):
            found = self._look_up(entry, says)
            left = {p for p in found if number == 4 or not self._contradicts(entry, p)}
            if left:
                return Found(persons=self._born_alike(entry, left), by=number)
            if found and set_aside is None:
                set_aside = Found(persons=self._born_alike(entry, found), by=number)
        return set_aside or Found(persons=frozenset(), by=0)

    def _look_up(self, entry: Entry, says: Callable[[Entry, Cpli], bool]) -> set[Person]:
        """The persons of one of 6.1 to 6.4, only of the council that the entry names."""
        return {
            person
            for person, cpli in self.cplis
            if says(entry, cpli)
            and entry.local_authority in (None, cpli.local_authority)
            and not self.forbidden(entry, person)
        }

    def _contradicts(self, entry: Entry, person: Person) -> bool:
        """Rule 6: at least two of three are stated on both sides and differ."""
        return len(differences(entry, self.known[person])) >= 2

    def _born_alike(self, entry: Entry, persons: set[Person]) -> frozenset[Person]:
        """Rule 6: where several are left and some have the entry's date of birth, only these."""
        alike = {
            person
            for person in persons
            if entry.date_of_birth and self.known[person].date_of_birth == entry.date_of_birth
        }
        return frozenset(alike or persons)


def same_cpli_id(entry: Entry, cpli: Cpli) -> bool:
    """Rule 6.1."""
    return entry.cpli_id is not None and entry.cpli_id == cpli.cpli_id


def same_nhs_number(entry: Entry, cpli: Cpli) -> bool:
    """Rule 6.2."""
    return entry.nhs_number is not None and entry.nhs_number == cpli.nhs_number


def same_person_id(entry: Entry, cpli: Cpli) -> bool:
    """Rule 6.3."""
    return entry.person_id is not None and entry.person_id == cpli.person_id


def same_names_and_birth(entry: Entry, cpli: Identity) -> bool:
    """Rule 6.4."""
    if entry.names is None or entry.date_of_birth is None:
        return False
    return (entry.names, entry.date_of_birth) == (cpli.names, cpli.date_of_birth)


LOOKUPS = (same_cpli_id, same_nhs_number, same_person_id, same_names_and_birth)


def own_identity(cplis: Sequence[Cpli]) -> Known:
    """Rule 6: each from the person's latest CPLI that states it, an unreadable start earliest.

    Conflicting rows with one `cpli_id` and start are told apart by the greatest value.
    """

    def age(cpli: Cpli) -> tuple[date, str]:
        return (cpli.start_date or date.min, cpli.cpli_id or "")

    numbers = [(age(cpli), cpli.nhs_number) for cpli in cplis if cpli.nhs_number]
    names = [(age(cpli), cpli.names) for cpli in cplis if cpli.names]
    births = [(age(cpli), cpli.date_of_birth) for cpli in cplis if cpli.date_of_birth]
    return Known(
        nhs_number=max(numbers)[-1] if numbers else None,
        names=max(names)[-1] if names else None,
        date_of_birth=max(births)[-1] if births else None,
    )


def differences(entry: Entry, known: Known) -> list[str]:
    """Rule 6: which of NHS number, date of birth and names are stated on both sides and differ."""
    differing = []
    if entry.nhs_number and known.nhs_number not in (None, entry.nhs_number):
        differing.append("nhs_number")
    if entry.date_of_birth and known.date_of_birth not in (None, entry.date_of_birth):
        differing.append("date_of_birth")
    if entry.names and known.names and similarity(entry.names, known.names) < NAMES_DIFFER_BELOW:
        differing.append("names")
    return differing


def similarity(entry: Names, person: Names) -> float:
    """Rule 6: of "given family", as given or with the entry's names exchanged, the greater."""
    family, given = entry
    theirs = f"{person[1]} {person[0]}"
    return max(
        JaroWinkler.similarity(f"{given} {family}", theirs, prefix_weight=0.1),
        JaroWinkler.similarity(f"{family} {given}", theirs, prefix_weight=0.1),
    )
