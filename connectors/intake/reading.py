"""Reads the cells of a provider's list as canonical text, column by column."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np
import numpy.typing as npt

from connectors.intake.amounts import Amount, amount, in_unit
from connectors.intake.days import day
from connectors.intake.habits import NAME_COLUMNS, Habits
from connectors.intake.heading import Heading
from connectors.intake.people import (
    SplitName,
    is_nothing,
    is_shortened,
    name_of,
    nhs_numbers,
    split_name,
    text_of,
)
from connectors.intake.sheets import Body
from connectors.intake.words import A_WEEK, FULL_NAME_FAMILY_FIRST, MINUTES, key
from connectors.tabular import UNREADABLE
from connectors.wording import ask
from connectors.xlsx_file import ERRORS, Cell
from schemas.raw import RefusalLog
from schemas.tables import CASELOAD, GSS_PATTERN
from schemas.vocabularies import ServiceType, Unit

GSS = re.compile(GSS_PATTERN)
SERVICE_CODES = frozenset(ServiceType.codes())

Column = list[str | None]
Reader = Callable[[Cell], str | None]


@dataclass(kw_only=True)
class Reading:
    """The rows on their way to canonical text; notes what was left out on the way."""

    heading: Heading
    body: Body
    typed: bool
    serials: bool
    provider_id: str
    caseload_date: date
    habits: Habits
    notes: RefusalLog
    wrong: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wrong = {
            at: np.array([_is_error(cell) for cell in it], dtype=bool) for at, it in self._ours()
        }
        self.cells = {
            at: ["" if bad else cell for bad, cell in zip(self.wrong[at], column, strict=True)]
            for at, column in self._ours()
        }

    def _ours(self) -> list[tuple[int, list[Cell]]]:
        return [
            (at, self.body.columns[at]) for at, meaning in self.heading.columns.items() if meaning
        ]

    def columns(self) -> dict[str, list[str | None]]:
        """Return the canonical columns that the file has, as text, null where a cell is empty."""
        readers: dict[str, Reader] = {
            "provider_id": self._provider,
            "caseload_date": partial(self._day, birth=False),
            "local_authority": self._council,
            "date_of_birth": self._day_of_birth,
            "service_type": self._service,
            "start_date": partial(self._day, birth=False),
            "end_date": self._end,
        }
        columns = {name: self._each(name, read) for name, read in readers.items()}
        columns |= {name: self._reference(name) for name in ("cpli_id", "person_id")}
        columns["nhs_number"] = self._nhs_numbers()
        columns |= self._names() | self._quantities()
        found = ((name, columns[name]) for name in CASELOAD.all)
        return {name: cells for name, cells in found if cells is not None}

    def errors(self, name: str) -> npt.NDArray[np.bool_]:
        """Tell in which rows the cell of a column is an error."""
        at = self.heading.position(name)
        if at is None and name in {"family_name", "given_name"}:
            at = self.heading.position(*NAME_COLUMNS)
        return np.zeros(len(self.body.ragged), dtype=bool) if at is None else self.wrong[at]

    def _each(self, name: str, read: Reader) -> Column | None:
        """Read each distinct cell of a column once; None where the column is not there."""
        at = self.heading.position(name)
        return None if at is None else [*map(_remembering(read), self.cells[at])]

    def _provider(self, cell: Cell) -> str | None:
        text = text_of(cell)
        is_ours = text is not None and text.casefold() == self.provider_id.casefold()
        return self.provider_id if is_ours else text

    def _council(self, cell: Cell) -> str | None:
        text = text_of(cell)
        if text is None:
            return None
        code = text.upper()
        return (
            code if GSS.fullmatch(code) else self.habits.known_councils.get(key(text), UNREADABLE)
        )

    def _service(self, cell: Cell) -> str:
        text = str(cell).strip()
        return (
            text if text in SERVICE_CODES else self.habits.known_services.get(key(text), UNREADABLE)
        )

    def _day(self, cell: Cell, *, birth: bool) -> str:
        read = day(cell, caseload_date=self.caseload_date, birth=birth, serials=self.serials)
        return read or UNREADABLE

    def _day_of_birth(self, cell: Cell) -> str | None:
        says_nothing = isinstance(cell, str) and is_nothing(cell)
        return None if says_nothing else self._day(cell, birth=True)

    def _end(self, cell: Cell) -> str | None:
        goes_on = isinstance(cell, str) and key(cell) in self.habits.known_open_end
        return None if goes_on else self._day(cell, birth=False)

    def _reference(self, name: str) -> Column | None:
        texts = self._each(name, text_of)
        if texts is None:
            return None
        shortened = [*map(is_shortened, texts)]
        self._warn(
            shortened,
            name,
            "number_shortened",
            "was cut down to its first digits by a spreadsheet and was left out",
            "format the column as text and type the whole number again",
        )
        return [None if short else text for short, text in zip(shortened, texts, strict=True)]

    def _nhs_numbers(self) -> Column | None:
        at = self.heading.position("nhs_number")
        if at is None:
            return None
        read = nhs_numbers(self.cells[at], typed=self.typed)
        return [UNREADABLE if is_shortened(text) else text for text in read]

    def _names(self) -> dict[str, Column | None]:
        at = self.heading.position(*NAME_COLUMNS)
        if at is None:
            return {name: self._each(name, name_of) for name in ("family_name", "given_name")}
        first = self.heading.position(FULL_NAME_FAMILY_FIRST) is not None
        parted: dict[str, SplitName | None] = {}
        texts = [*map(_remembering(name_of), self.cells[at])]
        for text in filter(None, texts):
            if text not in parted:
                parted[text] = split_name(text, family_first=first)
        names = [parted[text] if text else None for text in texts]
        self._warn(
            [text is not None and name is None for text, name in zip(texts, names, strict=True)],
            "family_name",
            "name_not_split",
            "holds a name of which we cannot tell which part is the family name; it was left out",
            "write the family name first, with a comma behind it, or in a column of its own",
        )
        return {
            "family_name": [name.family if name else None for name in names],
            "given_name": [name.given if name else None for name in names],
        }

    def _quantities(self) -> dict[str, Column | None]:
        stands = {name: self.heading.position(name) for name in ("weekly_quantity", "unit")}
        rows = len(self.body.ragged)
        amounts, units = ([""] * rows if at is None else self.cells[at] for at in stands.values())
        read = [*map(_remembering_both(self._weighed), amounts, units)]
        quantity = [one.quantity or None for one in read]
        unit = [one.unit for one in read]
        return {
            "weekly_quantity": None if stands["weekly_quantity"] is None else quantity,
            "unit": None if stands["unit"] is None and not any(unit) else unit,
        }

    def _weighed(self, cell: Cell, unit_cell: Cell) -> Amount:
        """Read a quantity and its unit, which its own cell says, or the unit's, or the heading.

        Where a unit's cell contradicts what the quantity's cell or heading says, the quantity is
        unreadable.
        """
        stated = self._unit(unit_cell)
        if not str(cell).strip():
            return Amount(quantity="", unit=_in_hours(stated))
        read = amount(cell, self.habits)
        own, above = read.unit if read else None, self.heading.unit
        unit = _in_hours(stated or own or above)
        agrees = _in_hours(stated) == own if own else stated == above or above is None
        if read is None or not (agrees or stated in {None, UNREADABLE}):
            return Amount(quantity=UNREADABLE, unit=unit)
        if own is None and (stated or above) == MINUTES:
            return in_unit(read.quantity, MINUTES)
        return Amount(quantity=read.quantity, unit=unit)

    def _unit(self, cell: Cell) -> str | None:
        text = " ".join(str(cell).casefold().split())
        for words in A_WEEK:
            text = text.removesuffix(words).rstrip()
        if not text:
            return UNREADABLE if str(cell).strip() else None
        return self.habits.known_units.get(key(text), UNREADABLE)

    def _warn(self, where: Sequence[bool], column: str, rule: str, wrong: str, remedy: str) -> None:
        for row in np.flatnonzero(where) + 1:
            self.notes.warn(
                rule,
                f"Row {row}, column {column} of {self.notes.file} {wrong}. {ask(CASELOAD, remedy)}",
                row=int(row),
                column=column,
            )


def _in_hours(unit: str | None) -> str | None:
    return Unit.HOURS.value if unit == MINUTES else unit


def _remembering(read: Reader) -> Reader:
    """Read each distinct cell once, and give null for an empty one."""
    known: dict[tuple[type, Cell], str | None] = {}

    def remembered(cell: Cell) -> str | None:
        if isinstance(cell, str) and not cell.strip():
            return None
        kind = type(cell), cell
        if kind not in known:
            known[kind] = read(cell)
        return known[kind]

    return remembered


def _remembering_both(read: Callable[[Cell, Cell], Amount]) -> Callable[[Cell, Cell], Amount]:
    known: dict[tuple[type, Cell, type, Cell], Amount] = {}

    def remembered(one: Cell, other: Cell) -> Amount:
        kind = type(one), one, type(other), other
        if kind not in known:
            known[kind] = read(one, other)
        return known[kind]

    return remembered


def _is_error(cell: Cell) -> bool:
    """Tell an Excel error, and a formula that stands there as text."""
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    return text in ERRORS or (text.startswith("=") and len(text) > 1)
