"""Draws a world in which every value is a mark: it tells which provider it is about.

`World.drawn` plants every way in which one provider's people could come near another's notice.
What is drawn for an owner depends on that owner's salt alone, so that the same world can be drawn
again with other people of some owners.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import xlsxwriter
from folders.canonical import COUNCILS, Row, Sources, csv_bytes
from oracle.tables import synthetic_nhs_number

from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER

LISTED = ("P1", "Q.2", "P10", "Q-2", "p1", "W7", "X9", "X90")
"""Those with a caseload; neighbours are of different halves."""

SILENT, UNREGISTERED, SHARED = "N5", "U6", "shared"
PROVIDERS = (*LISTED, SILENT)
OWNERS = (*PROVIDERS, UNREGISTERED, SHARED)
HALVES = (frozenset(LISTED[::2]), frozenset(LISTED[1::2]))

AS_OF = date(2026, 11, 20)
LISTS_OF, SUPERSEDED = date(2026, 11, 16), date(2026, 11, 9)
OF_FILES = ("2026-01-01", "2026-03-04")
"""Stand in everybody's files: as the day on which each was made, and as an example of a date."""

EXTRACT = (*CPLI.all, "restricted")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CONSONANTS = "bcdfghjklmnpqrstvwxz"
SIGNS = CONSONANTS.upper() + "23456789"
KINDS = ("word", "number", "birth", "cpli_id", "person_id", "day", "amount")
SERVICES = [
    code.split()
    for code in (
        "HS DS", "LTRC STRC", "LTNC STNC", "CSL SL", "M TRAN", "R EOL", "PS LEES", "ES OSTS",
        "C-R C-SS", "C-US C-OTH",
    )
]  # fmt: skip
ODD = (
    '=HYPERLINK("http://127.0.0.1/","{}")', "+{}", "-{}", "@{}", "\t{}", "<b>{}</b>", "{}\r\nx",
    "\N{RIGHT-TO-LEFT OVERRIDE}{}", "{}\N{ZERO WIDTH SPACE}", "#{}[$x$]", "*{}*", "{{{{{}}}}}",
    "&{};", "{}\N{COMBINING ACUTE ACCENT}", "${}$", "`{}`",
)  # fmt: skip

NAMES = ("family_name", "given_name", "date_of_birth")
RECENT = (date(2026, 8, 1), date(2026, 11, 8))
COMING = (date(2027, 1, 1), date(2027, 3, 31))
AT_THE_SILENT = {"provider_id": SILENT}


class Deck:
    """What an owner's people are made of; no two owners' decks hold a card in common."""

    def __init__(self, owner: str, seed: int, salt: int, marks: dict[str, set[str]]) -> None:
        self.place = OWNERS.index(owner)
        self.random = random.Random(f"{seed} {owner} {salt}")
        self.owner, self.marks, self.taken = owner, marks, set[object]()

    @property
    def initials(self) -> str:
        """The letters with which this owner's names begin."""
        return LETTERS[self.place * 2 : self.place * 2 + 2]

    def _card(self, kind: str, draw: Callable[[], str]) -> str:
        while (card := draw()) in self.taken:
            continue
        self.taken.add(card)
        self.marks[kind].add(card)
        return card

    def _nth(self, first: int, last: int) -> int:
        return (
            first + self.random.randrange((last - first) // len(OWNERS)) * len(OWNERS) + self.place
        )

    def _text(self, letters: str, length: int) -> str:
        return "".join(self.random.choices(letters, k=length))

    def word(self) -> str:
        """A name, whose initial is this owner's."""
        initial = self.random.choice(self.initials)
        return self._card("word", lambda: initial + self._text(CONSONANTS, 8))

    def number(self) -> str:
        return self._card("number", lambda: synthetic_nhs_number(self._nth(1000, 80_000) * 11))

    def birth(self) -> str:
        """A date of birth, whose year is this owner's."""

        def draw() -> str:
            month, day = self.random.randint(1, 12), self.random.randint(13, 28)
            return f"{self._nth(1921, 1999)}-{month:02}-{day}"

        return self._card("birth", draw)

    def reference(self, kind: str) -> str:
        return self._card(kind, lambda: kind[0].upper() + self._text(SIGNS, 9))

    def day(self, first: date, last: date) -> str:
        """A day of this owner's between two; each comes once."""

        def draw() -> str:
            return date.fromordinal(self._nth(first.toordinal(), last.toordinal())).isoformat()

        return self._card("day", lambda: next(day for day in iter(draw, "") if day not in OF_FILES))

    def amount(self) -> str:
        """A weekly quantity with pence, so to speak."""

        def draw() -> str:
            while (hundredths := self._nth(300, 16_000)) % 10 == 0:
                continue
            return f"{hundredths / 100:.2f}"

        return self._card("amount", draw)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody; `names` are the family and the given name."""

    names: tuple[str, str]
    birth: str
    number: str

    @property
    def cells(self) -> Row:
        family, given = self.names
        return {
            "family_name": family,
            "given_name": given,
            "date_of_birth": self.birth,
            "nhs_number": self.number,
        }


@dataclass(kw_only=True)
class World:
    """What councils, portal and providers say, and all marks in it by their kind."""

    seed: int
    salts: Mapping[str, int] = field(default_factory=dict)
    left_out: Collection[str] = ()
    marks: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    lines: list[Row] = field(default_factory=list)
    portal: list[Row] = field(default_factory=list)
    entries: dict[tuple[str, date, str], list[Row]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed} plot")
        self.decks = {
            owner: Deck(owner, self.seed, self.salts.get(owner, 0), self.marks) for owner in OWNERS
        }

    @classmethod
    def plain(cls, seed: int, **more: Any) -> World:
        """Draw a world in which everybody has people who agree."""
        world = cls(seed=seed, **more)
        for provider in LISTED:
            for _ in range(5):
                world.listed(provider)
        return world

    @classmethod
    def drawn(cls, seed: int, **more: Any) -> World:
        """Draw a world in which each plot has two victims."""
        world = cls.plain(seed, **more)
        for plot in PLOTS:
            for half in world.dice.sample(HALVES, 2):
                mine = world.dice.choice(sorted(half))
                others = sorted({*LISTED} - half)
                plot(world, mine, world.dice.choice(others))
        for order in world.entries.values():
            world.dice.shuffle(order)
        return world

    def deck(self, owner: str) -> Deck:
        return self.decks[owner]

    def council(self) -> str:
        return self.dice.choice(COUNCILS)

    def person(self, owner: str) -> Person:
        deck = self.deck(owner)
        return Person(names=(deck.word(), deck.word()), birth=deck.birth(), number=deck.number())

    def line(
        self, provider: str, person: Person, *, owner: str | None = None, **changes: str
    ) -> Row:
        """Add a CPLI with a provider; the reference for the person is its owner's."""
        deck = self.deck(provider)
        place = self.dice.randrange(2)
        row = {
            "local_authority": self.council(),
            "cpli_id": deck.reference("cpli_id"),
            "person_id": self.deck(owner or provider).reference("person_id"),
            **person.cells,
            "provider_id": provider,
            "service_type": SERVICES[deck.place][place],
            "start_date": deck.day(date(2024, 1, 1), date(2026, 9, 30)),
            "end_date": "",
            "weekly_quantity": deck.amount(),
            "unit": "hours",
            "authorisation": "authorised",
            "created_at": "2023-12-01T09:00:00Z",
            "service_description": deck.word(),
            "commissioning_team": deck.word(),
            "commissioning_worker": deck.word(),
        } | changes
        self.lines.append(row)
        self.portal.append(row)
        return row

    def entry(self, provider: str, *parts: Row, file: str = ".csv", **cells: str) -> Row:
        """Add an entry to a provider's caseload: parts of other rows, and cells of its own."""
        deck = self.deck(provider)
        base = {"service_type": SERVICES[deck.place][self.dice.randrange(2)]}
        known = {name: part[name] for part in parts for name in CASELOAD.all if name in part}
        row = base | known | {"provider_id": ""} | cells
        self.entries[provider, LISTS_OF, file].append(row)
        return row

    def listed(self, provider: str, person: Person | None = None, **changes: str) -> Row:
        row = self.line(provider, person or self.person(provider), **changes)
        self.entry(provider, row)
        return row

    def unlisted(self, provider: str, **changes: str) -> Row:
        return self.line(provider, self.person(provider), **changes)

    def own(self, provider: str) -> list[Row]:
        """Return what a provider has: its CPLIs, whatever became of them, and what it wrote."""
        lines = [row for row in self.lines if row["provider_id"] == provider]
        return [*lines, *(row for writer, row in self.reported() if writer == provider)]

    def reported(self) -> Iterator[tuple[str, Row]]:
        """Yield who wrote which entry."""
        for (writer, _, _), rows in self.entries.items():
            yield from ((writer, row) for row in rows)

    def write(self, sources: Sources, preferences: Mapping[str, Row]) -> None:
        """Write it as sources. `preferences` are columns of the register."""
        register = [
            {"provider_id": each, "name": self.name_of(each)} | preferences.get(each, {})
            for each in PROVIDERS
        ]
        sources.write("providers.csv", csv_bytes(register, PROVIDER.known))
        for council in COUNCILS:
            theirs = [row for row in self.lines if row["local_authority"] == council]
            sources.write(f"council/{council}/cpli.csv", csv_bytes(theirs, EXTRACT))
            seen = [row for row in self.portal if row["local_authority"] == council]
            sources.write(
                f"council/{council}/portal_{AS_OF - timedelta(1)}.csv", csv_bytes(seen, PORTAL.all)
            )
            if council in self.left_out:
                sources.remove(f"council/{council}/cpli.csv")
        for (provider, day, ending), rows in self.entries.items():
            content = workbook(rows) if ending == ".xlsx" else csv_bytes(rows, CASELOAD.all)
            sources.write(f"caseload/{provider}_{day}{ending}", content)

    def name_of(self, provider: str) -> str:
        """Return a name that is nobody else's."""
        return f"{Deck(provider, self.seed, -1, {'word': set()}).word()} Care & <Sons>"


def workbook(rows: list[Row]) -> bytes:
    """Return entries as a caseload in a workbook."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([dict(zip(CASELOAD.all, CASELOAD.all, strict=True)), *rows]):
            for place, name in enumerate(CASELOAD.all):
                sheet.write_string(number, place, row.get(name, ""))
    return content.getvalue()


Plot = Callable[[World, str, str], object]
PLOTS: list[Plot] = []


def plot(function: Plot) -> Plot:
    """Have every world hold what a function plants for a provider and somebody else."""
    PLOTS.append(function)
    return function


def only(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


@plot
def lists_somebody_unknown(world: World, mine: str, other: str) -> None:
    world.entry(mine, world.person(mine).cells, start_date=world.deck(mine).day(*RECENT))
    world.entry(mine, world.person(mine).cells, local_authority=world.council())


@plot
def quotes_one_reference_of_anothers(world: World, mine: str, other: str) -> None:
    for name in ("cpli_id", "nhs_number", "person_id"):
        world.entry(mine, only(world.listed(other), name))
        world.entry(mine, only(world.unlisted(other, **AT_THE_SILENT), name))
        theirs = world.unlisted(other, end_date=world.deck(other).day(*RECENT))
        world.entry(mine, only(theirs, name, "local_authority"))


@plot
def quotes_anothers_reference_for_somebody_of_its_own(world: World, mine: str, other: str) -> None:
    for name in ("cpli_id", "nhs_number", "person_id"):
        theirs = world.listed(other)
        world.entry(mine, world.person(mine).cells, **only(theirs, name))
        world.entry(mine, world.listed(mine), **only(theirs, name))


@plot
def supports_whom_the_record_shows_with_another(world: World, mine: str, other: str) -> None:
    for names in (("cpli_id",), ("nhs_number",), ("person_id",), tuple(NAMES)):
        theirs = world.unlisted(other)
        world.entry(mine, only(theirs, *names, "service_type"))


@plot
def both_have_somebody(world: World, mine: str, other: str) -> None:
    person = world.person(SHARED)
    reference = world.deck(SHARED).reference("person_id")
    known = {"local_authority": world.council(), "person_id": reference}
    for provider, late in ((mine, "2026-10-30"), (other, "2026-10-29")):
        row = world.line(provider, person, **known)
        world.entry(provider, row, start_date=late, weekly_quantity=world.deck(provider).amount())
    person = world.person(SHARED)
    known["person_id"] = world.deck(SHARED).reference("person_id")
    world.line(mine, person, **known)
    world.line(other, person, **known)
    world.line(other, person, **known, authorisation="draft")


@plot
def almost_the_same_names(world: World, mine: str, other: str) -> None:
    for provider in (mine, other):
        person = world.person(provider)
        world.line(provider, person)
        family = person.names[0][:-1] + ("b" if person.names[0][-1] != "b" else "c")
        world.marks["word"].add(family)
        world.entry(mine, only(person.cells, "given_name", "date_of_birth"), family_name=family)


@plot
def identities_differ(world: World, mine: str, other: str) -> None:
    deck, theirs = world.deck(mine), world.listed(other)
    row = world.line(mine, world.person(mine))
    world.entry(mine, row, nhs_number=theirs["nhs_number"])
    row = world.line(mine, world.person(mine))
    world.entry(mine, row, date_of_birth=theirs["date_of_birth"], given_name=deck.word())
    row = world.line(mine, world.person(mine))
    world.entry(mine, row, family_name=deck.word(), given_name=deck.word(), nhs_number="")


@plot
def known_to_two_councils(world: World, mine: str, other: str) -> None:
    here, there = world.dice.sample(COUNCILS, 2)
    for has_a_line in (True, False):
        person = world.person(SHARED)
        if has_a_line:
            world.line(mine, person, local_authority=here, owner=SHARED)
        else:
            world.line(SILENT, person, local_authority=here)
        world.line(other, person, local_authority=there, given_name=world.deck(other).word())
        world.entry(
            mine, only(person.cells, "nhs_number"), start_date=world.deck(mine).day(*RECENT)
        )


@plot
def lists_somebody_twice(world: World, mine: str, other: str) -> None:
    twice = world.listed(mine)
    world.entry(mine, twice)
    theirs = only(world.unlisted(other), "person_id", "service_type")
    world.entry(mine, theirs)
    world.entry(mine, theirs)


@plot
def has_rejected_rows(world: World, mine: str, other: str) -> None:
    refused = {"start_date": "2026-10-30", "end_date": "2026-10-01"}
    world.entry(mine, world.unlisted(mine), **refused)
    world.entry(mine, only(world.unlisted(other), "nhs_number"), **refused)
    world.listed(mine, **refused)
    world.entry(mine, only(world.unlisted(other, **refused), "nhs_number"))
    theirs = world.unlisted(other, provider_id="")
    world.entry(mine, only(theirs, "nhs_number", "service_type"))


@plot
def somebody_is_restricted(world: World, mine: str, other: str) -> None:
    world.entry(mine, only(world.unlisted(other, restricted="yes"), "nhs_number", "service_type"))
    world.entry(mine, only(world.listed(other, restricted="yes"), "cpli_id"))
    world.unlisted(mine, restricted="yes")
    late = world.deck(mine).day(*RECENT)
    world.entry(mine, world.unlisted(mine, restricted="yes"), start_date=late)
    theirs = world.unlisted(mine, local_authority=COUNCILS[0])
    world.unlisted(
        mine, restricted="yes", local_authority=COUNCILS[1], **only(theirs, "nhs_number")
    )


@plot
def began_or_ended(world: World, mine: str, other: str) -> None:
    past, future = world.deck(mine).day(*RECENT), world.deck(mine).day(*COMING)
    world.entry(mine, world.unlisted(mine), end_date=past)
    world.entry(mine, world.unlisted(mine), start_date=future)
    world.entry(mine, world.unlisted(mine, start_date=future), start_date="")
    row = world.unlisted(mine, end_date=past)
    world.entry(mine, row, end_date="")
    draft = {name: row[name] for name in ("local_authority", "person_id")}
    person = Person(
        names=(row["family_name"], row["given_name"]),
        birth=row["date_of_birth"],
        number=row["nhs_number"],
    )
    world.line(other, person, **draft, authorisation="draft")
    row = world.unlisted(other, authorisation="draft")
    world.entry(mine, only(row, "nhs_number"))
    row = world.unlisted(other, authorisation="cancelled")
    world.entry(mine, only(row, "nhs_number"))


@plot
def changed_hands(world: World, mine: str, other: str) -> None:
    for still_listed in (True, False):
        person = world.person(SHARED)
        known = {
            "local_authority": world.council(),
            "person_id": world.deck(SHARED).reference("person_id"),
        }
        ended = world.line(mine, person, **known, end_date=world.deck(mine).day(*RECENT))
        world.entry(mine, ended, end_date="")
        begun = world.line(other, person, **known, service_type=ended["service_type"])
        if still_listed:
            world.entry(other, begun, start_date=world.deck(other).day(*RECENT))


@plot
def councils_share_references(world: World, mine: str, other: str) -> None:
    for name in ("cpli_id", "person_id"):
        here, there = world.dice.sample(COUNCILS, 2)
        row = world.unlisted(mine, local_authority=here)
        world.unlisted(other, local_authority=there, **only(row, name))
        world.entry(mine, only(row, name), start_date=world.deck(mine).day(*RECENT))
        theirs = world.unlisted(other, local_authority=here)
        world.line(SILENT, world.person(SILENT), local_authority=there, **only(theirs, name))
        world.entry(mine, only(theirs, name))


@plot
def two_people_have_something_in_common(world: World, mine: str, other: str) -> None:
    council = world.council()
    for names in (("nhs_number",), NAMES):
        row = world.unlisted(mine, local_authority=council)
        common = only(row, *names)
        world.unlisted(other, local_authority=council, **common)
        world.entry(mine, common, weekly_quantity=world.deck(mine).amount(), unit="hours")
        theirs = world.unlisted(other, local_authority=council)
        world.line(SILENT, world.person(SILENT), **only(theirs, *names))
        world.entry(mine, only(theirs, *names))


@plot
def one_reference_means_two_things(world: World, mine: str, other: str) -> None:
    row = world.listed(mine)
    world.unlisted(other, **only(row, "cpli_id", "local_authority"))


@plot
def the_portal_mixes_providers_up(world: World, mine: str, other: str) -> None:
    theirs, own = world.listed(other), world.listed(mine)
    world.portal.remove(theirs)
    world.portal.remove(own)
    world.portal.append(theirs | {"provider_id": mine})
    world.portal.append(own | only(theirs, "person_id", "start_date", "weekly_quantity"))
    unknown = world.line(mine, world.person(other), owner=other)
    world.lines.remove(unknown)


@plot
def says_to_be_another(world: World, mine: str, other: str) -> None:
    world.entry(mine, world.unlisted(other), provider_id=other)


@plot
def names_another_council(world: World, mine: str, other: str) -> None:
    row = world.unlisted(mine)
    elsewhere = next(each for each in COUNCILS if each != row["local_authority"])
    world.entry(mine, row, local_authority=elsewhere)
    theirs = world.unlisted(other)
    elsewhere = next(each for each in COUNCILS if each != theirs["local_authority"])
    world.entry(mine, only(theirs, "nhs_number"), local_authority=elsewhere)
    world.entry(mine, only(theirs, "nhs_number", "local_authority"))


@plot
def has_an_odd_name(world: World, mine: str, other: str) -> None:
    for owner in (mine, other):
        deck = world.deck(owner)
        for pattern in world.dice.sample(ODD, 5):
            odd = {"family_name": pattern.format(deck.word())}
            odd["given_name"] = pattern.format(deck.word())
            theirs = world.unlisted(owner, **odd)
            if owner == other:
                world.entry(mine, only(theirs, "nhs_number", "service_type"))
            else:
                world.entry(mine, odd, date_of_birth=deck.birth())


@plot
def nobody_knows_the_other(world: World, mine: str, other: str) -> None:
    for provider in (SILENT, UNREGISTERED):
        theirs = world.unlisted(provider)
        world.entry(mine, only(theirs, "nhs_number", "cpli_id"))
        world.entry(UNREGISTERED, theirs)


@plot
def there_are_more_files(world: World, mine: str, other: str) -> None:
    earlier = world.entries[mine, SUPERSEDED, ".csv"]
    earlier.append(world.person(mine).cells | {"service_type": "HS"})
    earlier.append(only(world.unlisted(other), "nhs_number", "service_type"))


@plot
def there_are_two_files_of_one_date(world: World, mine: str, other: str) -> None:
    if world.entries.get((mine, LISTS_OF, ".xlsx")) is None:
        same = world.entries[mine, LISTS_OF, ".csv"]
        world.entries[mine, LISTS_OF, ".xlsx"] = [*same[1:]]
    world.entry(mine, only(world.unlisted(other), "nhs_number"), file=".xlsx")
