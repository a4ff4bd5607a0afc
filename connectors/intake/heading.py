"""Finds the heading of a provider's list, under whatever stands above it, and what it means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.intake.habits import CANONICAL, NAME_COLUMNS, WEAK, Habits, Meaning
from connectors.intake.labels import LABELS, letter
from connectors.intake.sheets import Merge, Sheet
from connectors.intake.words import FULL_NAME, FULL_NAME_FAMILY_FIRST, NOT_A_WEEK
from connectors.wording import listed, refused
from connectors.xlsx_file import Cell
from schemas.errors import SourceRefused
from schemas.tables import CASELOAD

FEWEST_KNOWN = 2
COUNTED = frozenset({"weekly_quantity", "unit"})
PLAIN_NAMES = frozenset({"name", "names"})
IDENTITIES = (
    {"cpli_id"},
    {"nhs_number"},
    {"person_id"},
    {"family_name", "given_name", "date_of_birth"},
    {FULL_NAME, "date_of_birth"},
    {FULL_NAME_FAMILY_FIRST, "date_of_birth"},
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading's last row (from 0), how many rows it has, and what each of its columns means.

    `columns` are those with any heading, by position from 0; None where it is not ours.
    """

    row: int
    depth: int
    columns: Mapping[int, Meaning | None]

    @property
    def names(self) -> frozenset[str]:
        """The columns of ours that it has, full names among them."""
        named = {meaning.name for meaning in self.columns.values() if meaning}
        return frozenset(named - {NOT_A_WEEK})

    @property
    def is_usable(self) -> bool:
        """Tell whether it says which service and whom each row means (Rule 5)."""
        return "service_type" in self.names and is_identified(self.names)

    def position(self, *names: str) -> int | None:
        """Return where the first of these columns stands."""
        places = {meaning.name: at for at, meaning in self.columns.items() if meaning}
        return next((places[name] for name in names if name in places), None)

    @property
    def unit(self) -> str | None:
        """What the quantity counts, where its heading says it."""
        at = self.position("weekly_quantity")
        meaning = None if at is None else self.columns[at]
        return meaning.unit if meaning else None


def is_identified(names: Iterable[str]) -> bool:
    """Tell whether these columns say whom a row means."""
    return any(identity <= {*names} for identity in IDENTITIES)


def find_heading(sheet: Sheet, habits: Habits) -> Heading | None:
    """Return the heading with most of our columns; the first of several, one row before two."""
    known = {cell: habits.meaning(cell) for row in sheet.top for cell in _words(row)}
    best: Heading | None = None
    before = Heading(row=-1, depth=1, columns={})
    for at, row in enumerate(sheet.top):
        one = _one_row(at, row, known)
        best = _better(best, one)
        if at and (one.names or before.names):
            above = _filled_to_the_right(sheet.top[at - 1], at - 1, sheet.merged)
            two = _two_rows(at, above, row, habits)
            if len(two.names) > max(len(before.names), len(one.names)):
                best = _better(best, two)
        before = one
    return best if best and len(best.names) >= FEWEST_KNOWN else None


def _words(row: Sequence[Cell]) -> list[str]:
    return [cell for cell in row if isinstance(cell, str) and cell.strip()]


def _better(best: Heading | None, other: Heading) -> Heading:
    return other if best is None or len(other.names) > len(best.names) else best


def _one_row(at: int, row: Sequence[Cell], known: Mapping[str, Meaning | None]) -> Heading:
    columns = {
        position: known.get(cell) if isinstance(cell, str) else None
        for position, cell in enumerate(row)
        if str(cell).strip()
    }
    return Heading(row=at, depth=1, columns=columns)


def _two_rows(at: int, above: Sequence[Cell], below: Sequence[Cell], habits: Habits) -> Heading:
    """Read a heading of groups (Service) over their columns (Start, End)."""
    columns: dict[int, Meaning | None] = {}
    for position, (group, own) in enumerate(zip(above, below, strict=False)):
        group_text, own_text = str(group).strip(), str(own).strip()
        if own_text:
            together = habits.meaning(f"{group_text} {own_text}")
            columns[position] = together or habits.meaning(own_text)
        elif group_text:
            columns[position] = habits.meaning(group_text)
    return Heading(row=at, depth=2, columns=columns)


def _filled_to_the_right(row: Sequence[Cell], at: int, merged: Iterable[Merge]) -> list[Cell]:
    filled = list(row)
    for merge in merged:
        if merge.top == at and merge.left < len(filled):
            filled[merge.left : merge.right + 1] = [filled[merge.left]] * len(
                filled[merge.left : merge.right + 1]
            )
    return filled


def settled(heading: Heading, *, file: str) -> tuple[Heading, tuple[str, ...]]:
    """Let each of our columns stand once; return the heading and what had to be left out.

    Of several the one with the strongest heading counts. Raises SourceRefused `doubled_column`
    where two are alike, save for quantities and units, which are left out.
    """
    heading, left_out = _with_weeks_alone(heading)
    columns = dict(heading.columns)
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for position, meaning in heading.columns.items():
        if meaning:
            alike[_one_of(meaning.name)].append(position)
    for name, positions in alike.items():
        strengths = {at: _strength(heading.columns[at]) for at in positions}
        strongest = [at for at in positions if strengths[at] == max(strengths.values())]
        if len(strongest) > 1:
            if name not in COUNTED or max(strengths.values()) == CANONICAL:
                raise _doubled(name, strongest, file=file)
            left_out.append(name)
            strongest = []
        columns |= dict.fromkeys({*positions} - {*strongest})
    return _with_names_settled(replace(heading, columns=columns)), tuple(left_out)


def _with_weeks_alone(heading: Heading) -> tuple[Heading, list[str]]:
    """Leave out a quantity that another column (Frequency) may say to be no week's."""
    names = {at: meaning.name for at, meaning in heading.columns.items() if meaning}
    if NOT_A_WEEK not in names.values():
        return heading, []
    quantities = [at for at, name in names.items() if name == "weekly_quantity"]
    bare = [at for at in quantities if _strength(heading.columns[at]) == WEAK]
    others = [at for at, name in names.items() if name == NOT_A_WEEK]
    columns = {**heading.columns, **dict.fromkeys([*bare, *others])}
    left_out = ["weekly_quantity"] if bare and bare == quantities else []
    return replace(heading, columns=columns), left_out


def _one_of(name: str) -> str:
    return FULL_NAME if name in NAME_COLUMNS else name


def _strength(meaning: Meaning | None) -> int:
    return meaning.strength if meaning else 0


def _doubled(name: str, positions: Sequence[int], *, file: str) -> SourceRefused:
    places = listed([letter(position + 1) for position in positions])
    return refused(
        CASELOAD,
        file,
        rule="doubled_column",
        wrong=f"has more than one column for the {LABELS[name]}: columns {places}",
        remedy="send it with one of them, or give the others another heading",
        column=name if name in CASELOAD.all else "",
    )


def _with_names_settled(heading: Heading) -> Heading:
    """Take "Name" beside "Surname" for the first name; leave any other full name beside either."""
    full = heading.position(*NAME_COLUMNS)
    others = heading.names & {"family_name", "given_name"}
    if full is None or not others:
        return heading
    meaning = heading.columns[full]
    instead = None
    if meaning and others == {"family_name"} and meaning.spelling in PLAIN_NAMES:
        instead = replace(meaning, name="given_name")
    return replace(heading, columns={**heading.columns, full: instead})
