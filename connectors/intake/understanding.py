"""Understands a caseload as a provider keeps it: the canonical table, and how it was come by.

What cannot be read becomes unreadable, never empty: a person must not seem to have another service
or an open end because a cell was written oddly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from string import digits

import pyarrow as pa

from connectors.intake.habits import NAME_COLUMNS, Habits, Meaning
from connectors.intake.heading import Heading, find_heading, is_identified, settled
from connectors.intake.labels import GUIDANCE_TITLE, LABELS
from connectors.intake.reading import Reading
from connectors.intake.sheets import Body, Merge, Sheet, opened
from connectors.intake.words import LEAVER_WORDS, TOTAL_WORDS, key
from connectors.shapes import MOST_CELLS, looked_at, shape
from connectors.tabular import TEXT, UNKNOWN_COLUMNS_NAMED, leave_out, raw_table
from connectors.wording import ask, listed, refused
from connectors.xlsx_file import Cell
from schemas.errors import SourceRefused
from schemas.lineage import CameColumn, Looked
from schemas.raw import FileFacts, RawTable, RefusalLog
from schemas.tables import CASELOAD

WIDE = 2
"""A cell merged over this many more columns is a note, whatever it says."""

TOTAL = "a line of totals"
HEADING_AGAIN = "the heading again"
NOTE = "a note across the sheet"
SAID_BY_FILE_NAME = frozenset({"provider_id", "caseload_date"})
NOT_OF_A_TOTAL = (
    "cpli_id",
    "person_id",
    "nhs_number",
    "date_of_birth",
    "service_type",
    "start_date",
    "end_date",
)
NAMES = ("family_name", "given_name", *NAME_COLUMNS)
NO_HABITS = Habits()


@dataclass(frozen=True, kw_only=True)
class ColumnTaken:
    """A column of the sheet, by position from 1: what it was taken for, None where it was ignored.

    `spelling` is the known heading that it matched, in our words; nothing of the file is repeated.
    """

    position: int
    name: str | None
    spelling: str | None = None
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A row under the heading that is no entry, and why."""

    row: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A provider's list as a canonical table, and what was made of the file.

    `heading_line` is the heading's last line in the sheet, counted from 1: row 1 of `raw` is the
    line below it. `sheet` counts from 1 among the `sheets` visible ones, of which the `unread` hold
    something else. `full_names` is `full_name` or `full_name_family_first` where names stood in one
    column.
    """

    raw: RawTable
    provider_id: str
    caseload_date: date
    columns: tuple[ColumnTaken, ...]
    skipped: tuple[Skipped, ...]
    heading_line: int
    heading_depth: int
    sheet: int
    sheets: int
    unread: tuple[int, ...]
    is_book: bool
    full_names: str | None = None


def understand(
    content: bytes,
    *,
    facts: FileFacts,
    provider_id: str,
    caseload_date: date,
    habits: Habits = NO_HABITS,
) -> Understood:
    """Read a provider's list, CSV or workbook, as a canonical caseload.

    Raises SourceRefused `unreadable`, `missing_columns` or `doubled_column`.
    """
    notes = RefusalLog(source=f"caseload {provider_id}", file=facts.file)
    file = opened(content, notes=notes)
    sheet, found = _chosen(file.sheets, habits, is_book=file.is_book, notes=notes)
    unread = _unread(file.sheets, sheet, notes) if file.is_book else ()
    heading, left_out = settled(found, file=facts.file)
    body = _with_merged(sheet, heading)
    _refuse_leavers(body, heading, file=facts.file)
    skipped = _skipped(sheet, heading, body)
    body = _without(body, skipped)
    reading = Reading(
        heading=heading,
        body=body,
        typed=sheet.typed,
        serials=not sheet.from_1904,
        provider_id=provider_id,
        caseload_date=caseload_date,
        habits=habits,
        notes=notes,
    )
    columns = {
        name: leave_out(
            pa.chunked_array([pa.array(cells, TEXT)]),
            reading.errors(name),
            name=name,
            table=CASELOAD,
            notes=notes,
            rule="cell_error",
            wrong="holds an Excel error or a formula without a result",
        )
        for name, cells in reading.columns().items()
    }
    _judge_columns(heading, {*columns, *left_out}, left_out, notes)
    facts = replace(facts, shape=_shape(sheet, heading, columns, body))
    for one in skipped:
        notes.warn(
            "row_skipped",
            f"Row {one.row} of {facts.file} was skipped: it is {one.why}. "
            f"{ask(CASELOAD, 'leave it out')}",
            row=one.row,
        )
    return Understood(
        raw=raw_table(
            columns, body.ragged, table=CASELOAD, source=notes.source, facts=facts, notes=notes
        ),
        provider_id=provider_id,
        caseload_date=caseload_date,
        columns=_taken(heading),
        skipped=skipped,
        heading_line=heading.row + 1,
        heading_depth=heading.depth,
        sheet=sheet.number,
        sheets=len(file.sheets) if file.is_book else 1,
        unread=unread,
        is_book=file.is_book,
        full_names=next(iter(heading.names.intersection(NAME_COLUMNS)), None),
    )


def _chosen(
    sheets: Sequence[Sheet], habits: Habits, *, is_book: bool, notes: RefusalLog
) -> tuple[Sheet, Heading]:
    """Return the sheet with the best heading.

    A second sheet with people on it is no reason to report them as not supported: it is refused.
    """
    found = [(sheet, heading) for sheet in sheets if (heading := find_heading(sheet, habits))]
    if not found:
        raise _no_heading(sheets, file=notes.file)
    usable = [(sheet, heading) for sheet, heading in found if heading.is_usable]
    lists = [(sheet, heading) for sheet, heading in usable if _has_rows(sheet, heading)]
    if is_book and len(lists) > 1:
        places = listed([str(sheet.number) for sheet, _ in lists])
        raise refused(
            CASELOAD,
            notes.file,
            rule="unreadable",
            wrong=f"has a list of people on more than one sheet ({places}), and only one is read",
            remedy="put everybody on one sheet, and hide or remove the others",
        )
    sheet, heading = max(lists or usable or found, key=lambda one: len(one[1].names))
    if not heading.is_usable:
        raise _missing(heading, file=notes.file)
    return sheet, heading


def _has_rows(sheet: Sheet, heading: Heading) -> bool:
    places = [at for at, meaning in heading.columns.items() if meaning]
    body = sheet.body(first=heading.row + 1, named=_named(heading))
    return any(str(cell).strip() for at in places for cell in body.columns[at])


def _no_heading(sheets: Sequence[Sheet], *, file: str) -> SourceRefused:
    is_empty = not any(str(cell).strip() for one in sheets for row in one.top for cell in row)
    return refused(
        CASELOAD,
        file,
        rule="missing_columns",
        wrong="is empty" if is_empty else "has no line of headings that we know",
        remedy="send it whole"
        if is_empty
        else "name the columns above the list, or use our template",
        column="service_type",
    )


def _missing(heading: Heading, *, file: str) -> SourceRefused:
    lacks = []
    if "service_type" not in heading.names:
        lacks.append("a column for the service type")
    if not is_identified(heading.names):
        lacks.append(
            "a column that says whom each row means (NHS number, CPLI reference, the council's "
            "reference for the person, or names with the date of birth)"
        )
    return refused(
        CASELOAD,
        file,
        rule="missing_columns",
        wrong=f"lacks {listed(lacks)}",
        remedy="add it, under one of the headings of our template",
        column="" if "service_type" in heading.names else "service_type",
    )


def _unread(sheets: Iterable[Sheet], read: Sheet, notes: RefusalLog) -> tuple[int, ...]:
    """Return which other sheets hold something, our guidance aside, with a warning each."""
    numbers = []
    for other in sheets:
        texts = [text for row in other.top for cell in row if (text := str(cell).strip())]
        if other is not read and texts and texts[0] != GUIDANCE_TITLE:
            numbers.append(other.number)
            notes.warn(
                "sheet_not_read",
                f"Sheet {other.number} of {notes.file} is not the list and was not read. "
                f"{ask(CASELOAD, 'put everybody on one sheet')}",
            )
    return tuple(numbers)


def _judge_columns(
    heading: Heading, there: Set[str], left_out: Iterable[str], notes: RefusalLog
) -> None:
    """Warn of columns that are not there, that are not ours, and that stand there twice."""
    for name in left_out:
        notes.warn(
            "doubled_column",
            f"{notes.file} has several columns that may say the {LABELS[name]}; none was read. "
            f"{ask(CASELOAD, 'send one, as what a week amounts to')}",
            column=name,
        )
    for name in CASELOAD.all:
        if name not in there | SAID_BY_FILE_NAME:
            notes.warn(
                "missing_column",
                f"{notes.file} has no column {name}, which is read as empty. "
                f"{ask(CASELOAD, 'add it where it is known')}",
                column=name,
            )
    unknown = [at + 1 for at, meaning in heading.columns.items() if meaning is None]
    for position in unknown[:UNKNOWN_COLUMNS_NAMED]:
        notes.warn(
            "unknown_column",
            f"Column {position} of {notes.file} is none of ours and was ignored. "
            f"{ask(CASELOAD, 'correct its heading, if it should be read')}",
        )


def _shape(
    sheet: Sheet, heading: Heading, columns: Mapping[str, pa.ChunkedArray], body: Body
) -> tuple[CameColumn, ...]:
    """Return the columns as they came, ours by what was understood of their cells."""
    order = sorted(heading.columns)
    ours: dict[int, str] = {}
    looked: dict[int, Looked] = {}
    for place, at in enumerate(order):
        meaning = heading.columns[at]
        if meaning is None:
            some = [str(cell) for cell in body.columns[at][:MOST_CELLS]]
            looked[place] = looked_at(pa.array([cell or None for cell in some], TEXT))
            continue
        ours[place] = meaning.name
        if meaning.name in columns:
            looked[place] = looked_at(columns[meaning.name])
    headings = [str(sheet.top[heading.row][at]) for at in order]
    return shape(headings, looked, table=CASELOAD, ours=ours)


def _named(heading: Heading) -> dict[int, str | None]:
    return {at: meaning.name if meaning else None for at, meaning in heading.columns.items()}


def _taken(heading: Heading) -> tuple[ColumnTaken, ...]:
    def taken(position: int, meaning: Meaning | None) -> ColumnTaken:
        if meaning is None:
            return ColumnTaken(position=position, name=None)
        return ColumnTaken(
            position=position, name=meaning.name, spelling=meaning.spelling, unit=meaning.unit
        )

    return tuple(taken(at + 1, meaning) for at, meaning in sorted(heading.columns.items()))


def _with_merged(sheet: Sheet, heading: Heading) -> Body:
    """Give every row of a merged cell what the cell says, save quantities and blank rows.

    A quantity over two rows is that of both together.
    """
    first = heading.row + 1
    body = sheet.body(first=first, named=_named(heading))
    columns = [list(column) for column in body.columns]
    own = [[bool(str(cell).strip()) for cell in column] for column in body.columns]
    for merge in sheet.merged:
        meaning = heading.columns.get(merge.left)
        if merge.top < first or meaning is None or meaning.name == "weekly_quantity":
            continue
        top = merge.top - first
        for row in range(top + 1, min(merge.bottom - first + 1, len(body.ragged))):
            if any(column[row] for column in own):
                columns[merge.left][row] = columns[merge.left][top]
    return Body(columns=tuple(columns), ragged=body.ragged)


def _refuse_leavers(body: Body, heading: Heading, *, file: str) -> None:
    """Refuse a list with a part of people who have left: they would count as supported."""
    for row, cells in enumerate(zip(*body.columns, strict=True), 1):
        filled = {key(str(cell)).rstrip(digits) for cell in cells if str(cell).strip()}
        if len(filled) == 1 and filled <= LEAVER_WORDS:
            raise refused(
                CASELOAD,
                file,
                rule="unreadable",
                wrong=(
                    f"has a part for people who have left, from line {heading.row + 1 + row} on,"
                    " whom we would take for supported"
                ),
                remedy="leave them out, or give everybody's end date in a column of its own",
            )


def _skipped(sheet: Sheet, heading: Heading, body: Body) -> tuple[Skipped, ...]:
    """Return the rows that are no entries: totals, the heading again, notes across the sheet."""
    first = heading.row + 1
    wide = {
        (merge.top - first, merge.left): merge
        for merge in sheet.merged
        if merge.right - merge.left >= WIDE
    }
    again = {
        at: key(str(cell))
        for at, cell in enumerate(sheet.top[heading.row])
        if at in heading.columns and str(cell).strip()
    }
    found = []
    for row, cells in enumerate(zip(*body.columns, strict=True)):
        filled = {at: cell for at, cell in enumerate(cells) if str(cell).strip()}
        if not filled:
            continue
        why = None
        if _is_total(filled, heading):
            why = TOTAL
        elif len(filled) >= WIDE and {at: key(str(cell)) for at, cell in filled.items()} == again:
            why = HEADING_AGAIN
        elif len(filled) == 1 and _is_note(next(iter(filled)), row, wide):
            why = NOTE
        if why:
            found.append(Skipped(row=row + 1, why=why))
    return tuple(found)


def _is_total(filled: Mapping[int, Cell], heading: Heading) -> bool:
    """Tell whether a row says total or sum, and nothing of a person or a service."""
    words = {at: key(str(cell)).rstrip(digits) for at, cell in filled.items()}
    says_total = {at for at, word in words.items() if word in TOTAL_WORDS}
    if not says_total:
        return False
    entry = {
        at for at, meaning in heading.columns.items() if meaning and meaning.name in NOT_OF_A_TOTAL
    }
    names = {at for at, meaning in heading.columns.items() if meaning and meaning.name in NAMES}
    return not (filled.keys() - says_total) & (entry | names)


def _is_note(position: int, row: int, wide: Mapping[tuple[int, int], Merge]) -> bool:
    return (row, position) in wide


def _without(body: Body, skipped: Sequence[Skipped]) -> Body:
    rows = {one.row - 1 for one in skipped}
    if not rows:
        return body
    ragged = body.ragged.copy()
    ragged[list(rows)] = False
    columns = ([("" if at in rows else cell) for at, cell in enumerate(it)] for it in body.columns)
    return Body(columns=tuple(columns), ragged=ragged)
