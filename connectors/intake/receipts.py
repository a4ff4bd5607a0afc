"""What a provider is told about its list: what was understood, what was refused, what to do.

Written for the manager of a care home. Nothing that the list holds is repeated: rows and columns
are named by where they stand in the sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import pandas as pd

from connectors.intake.labels import LABELS, letter
from connectors.intake.understanding import ColumnTaken, Understood
from connectors.intake.words import FULL_NAME, FULL_NAME_FAMILY_FIRST, MINUTES
from connectors.wording import ask, listed
from schemas.cleaning import CleanedCaseloads
from schemas.errors import SourceRefused
from schemas.tables import CASELOAD
from schemas.vocabularies import RefusalLevel

MOST_REJECTED_PERCENT = 20
OF_A_PERSON = (
    "cpli_id",
    "person_id",
    "nhs_number",
    "family_name",
    "given_name",
    "date_of_birth",
)
LONG_RUN = 3
DATES_LIKE = "Write it with the day first, for example 31/03/2026"
WHAT_IS_WRONG: Mapping[tuple[str | None, str], str] = MappingProxyType(
    {
        ("start_date", "unreadable"): f"the start date cannot be read. {DATES_LIKE}.",
        ("end_date", "unreadable"): (
            f"the end date cannot be read. {DATES_LIKE}. Leave it empty while the support goes on."
        ),
        ("end_date", "end_before_start"): "the end date lies before the start date.",
        ("service_type", "missing"): "the service type is empty.",
        (None, "no_identity"): (
            "we cannot tell who it is. Give the NHS number, the CPLI reference, the council's "
            "person reference, or both names with the date of birth."
        ),
        (None, "ragged"): (
            "the row has more or fewer cells than the headings, or a quotation mark out of place."
            " Send the list as an Excel workbook, where this cannot happen."
        ),
        ("provider_id", "differs_from_file_name"): (
            "the provider is not the one that the list was sent for."
        ),
        ("caseload_date", "differs_from_file_name"): (
            "the caseload date is not the one that the list was sent for."
        ),
        ("service_type", "service_type_unmapped"): (
            "we do not know the service type, so the service is not compared. Choose one of those "
            "in our template."
        ),
        ("nhs_number", "nhs_number_invalid"): (
            "the NHS number is not valid and was left out. It has ten digits; check each."
        ),
        ("date_of_birth", "unreadable"): (
            f"the date of birth cannot be read and was left out. {DATES_LIKE}, with the year in "
            "four digits."
        ),
        ("date_of_birth", "implausible"): (
            "the date of birth is in the future or before 1900 and was left out."
        ),
        ("weekly_quantity", "unreadable"): (
            "the weekly quantity cannot be read and was left out. Write one number for the week, "
            "for example 7.5, and what it counts in its own column."
        ),
        ("unit", "unknown_unit"): (
            "we do not know what the quantity counts. Write hours, visits, days, nights or weeks."
        ),
        ("local_authority", "unreadable"): "we do not know the council, which was left out.",
        ("family_name", "name_not_split"): (
            "we cannot tell which part of the name is the family name. Write it first with a comma "
            "behind it, or in a column of its own."
        ),
    }
)
OF_A_RULE: Mapping[str, str] = MappingProxyType(
    {
        "number_shortened": (
            "{} was cut short by the spreadsheet and was left out. Format the column as text and "
            "type the whole number again."
        ),
        "cell_error": "{} holds an error or a formula without a result. Type the value itself.",
        "cell_too_long": "{} is too long and was left out.",
    }
)
OTHERWISE = "{} could not be read."


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows (lines of the sheet, from 1) of which one thing is said."""

    lines: tuple[int, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a provider is told about one file; `text` writes it out.

    `taken` counts the rows that are used, `corrections` how many of them lost a value. Where
    `refusal` is set the file was not read at all.
    """

    provider_id: str
    caseload_date: date
    file: str
    refusal: str = ""
    taken: int = 0
    corrections: int = 0
    reading: tuple[str, ...] = ()
    refused: tuple[Group, ...] = ()
    warned: tuple[Group, ...] = ()
    skipped: tuple[Group, ...] = ()
    refused_rows: int = 0
    next_steps: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the receipt as plain text with a line's end at its end."""
        day = f"{self.caseload_date.day} {self.caseload_date:%B %Y}"
        parts = [
            f"Receipt for the caseload of provider {self.provider_id} on {day}\nFile: {self.file}",
            self.refusal or self._counts(),
            section("How we read your list", self.reading),
            section("Rows refused", map(told, self.refused)),
            section("Rows taken, with something left out", map(told, self.warned)),
            section("Lines skipped", map(told, self.skipped)),
            section("What to do next", self.next_steps),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    def _counts(self) -> str:
        sentences = [f"{_rows(self.taken)} taken, {self.refused_rows} refused."]
        if self.corrections:
            sentences.append(f"Of those taken, {self.corrections} had something left out.")
        return " ".join(sentences)


def receipt(
    understood: Understood,
    cleaned: CleanedCaseloads,
    *,
    max_rejected_percent: int = MOST_REJECTED_PERCENT,
) -> Receipt:
    """Write back what was understood of a list; `cleaned` is that list alone, cleaned.

    Above `max_rejected_percent` of refused rows the whole list cannot be used (Rule 5).
    """
    of_rows = cleaned.refusals[cleaned.refusals["row"].notna()]
    of_rows = of_rows[of_rows["rule"] != "row_skipped"]
    rejections = of_rows["level"] == RefusalLevel.REJECTED.value
    refused = _with_one_reason_if_ragged(of_rows[rejections])
    warned = of_rows[~rejections & ~of_rows["row"].isin(refused["row"])]
    refused = pd.concat([refused, _why_nobody(of_rows, refused)])
    rows = int(cleaned.counts["rows"].sum())
    refused_rows = int(cleaned.counts["rejected_rows"].sum())
    too_many = refused_rows * 100 > max_rejected_percent * rows
    return Receipt(
        provider_id=understood.provider_id,
        caseload_date=understood.caseload_date,
        file=understood.raw.facts.file,
        taken=rows - refused_rows,
        corrections=int(warned["row"].nunique()),
        reading=(*_reading(understood), *_of_the_file(understood)),
        refused=_groups(refused, first_line=understood.heading_line),
        warned=_groups(warned, first_line=understood.heading_line),
        skipped=_skipped(understood),
        refused_rows=refused_rows,
        next_steps=_next_steps(
            understood,
            taken=rows - refused_rows,
            refused=refused_rows,
            warned=bool(len(warned)),
            too_many=too_many,
        ),
    )


def receipt_of_refusal(error: SourceRefused, *, provider_id: str, caseload_date: date) -> Receipt:
    """Write back why a list could not be read at all."""
    refusal, next_steps = told_of_refusal(error)
    return Receipt(
        provider_id=provider_id,
        caseload_date=caseload_date,
        file=error.file,
        refusal=refusal,
        next_steps=next_steps,
    )


def told_of_refusal(error: SourceRefused) -> tuple[str, tuple[str, ...]]:
    """Return why a provider's file could not be used, and what to do next."""
    asked = ask(CASELOAD, "").removesuffix(" .")
    why, _, remedy = str(error).partition(asked)
    why = why.removeprefix(error.file).strip()
    steps = (f"Please {remedy.strip()}", "Until then nothing of this file is used.")
    return f"We could not use this file. It {why}", steps if remedy else ()


def _reading(understood: Understood) -> tuple[str, ...]:
    heading = f"The headings are in line {understood.heading_line}."
    if understood.heading_depth > 1:
        heading = (
            f"The headings are in lines {understood.heading_line - 1} and "
            f"{understood.heading_line}."
        )
    if understood.sheets > 1:
        heading = f"Sheet {understood.sheet} of {understood.sheets} was read. {heading}"
    taken = [one for one in understood.columns if one.name]
    lines = [heading, *map(_of_column, taken)]
    ignored = [letter(one.position) for one in understood.columns if not one.name]
    if ignored:
        lines.append(f"Not used: column{'s' * (len(ignored) > 1)} {listed(ignored)}.")
    if understood.full_names == FULL_NAME:
        lines.append(
            "Names in one column were split: the family name stands before a comma or in capitals,"
            " or is the last word."
        )
    elif understood.full_names == FULL_NAME_FAMILY_FIRST:
        lines.append("Names in one column were split: the family name comes first.")
    lines.append("Dates were read with the day first: 3/4/26 is 3 April 2026.")
    return tuple(lines)


def _of_column(one: ColumnTaken) -> str:
    label = LABELS[one.name or ""]
    counted = "minutes, written as hours" if one.unit == MINUTES else one.unit
    unit = f", in {counted}" if one.unit else ""
    spelt = one.spelling or ""
    is_ours = spelt.replace("_", " ").casefold() == label.casefold()
    known = "" if is_ours or spelt == one.name else f' (headed "{spelt}")'
    return f"Column {letter(one.position)}: {label}{unit}{known}"


def _of_the_file(understood: Understood) -> Iterable[str]:
    noted = understood.raw.refusals
    of_file = noted[noted["row"].isna()]
    missing = of_file.loc[of_file["rule"] == "missing_column", "column"].tolist()
    if missing:
        yield f"Not in your list: {listed([LABELS[name] for name in missing])}."
    if "end_date" in missing:
        yield "Without an end date, all support in your list counts as going on."
    for name in of_file.loc[of_file["rule"] == "doubled_column", "column"].tolist():
        yield f"Several columns may say the {LABELS[name].lower()}, so none of them was used."
    if unread := [*map(str, understood.unread)]:
        several = len(unread) > 1
        yield f"Sheet{'s' * several} {listed(unread)} {'were' if several else 'was'} not read."
    if (of_file["rule"] == "windows_1252").any():
        yield "Some accented letters may be wrong: the file is not saved as UTF-8."


def _with_one_reason_if_ragged(refusals: pd.DataFrame) -> pd.DataFrame:
    """Leave out what else is wrong with rows whose cells cannot be told apart."""
    ragged = refusals["rule"] == "ragged"
    return refusals[ragged | ~refusals["row"].isin(refusals.loc[ragged, "row"])]


def _why_nobody(of_rows: pd.DataFrame, refused: pd.DataFrame) -> pd.DataFrame:
    """Return what was left out of rows that then named nobody."""
    nameless = refused.loc[refused["rule"] == "no_identity", "row"]
    left_out = of_rows["level"] == RefusalLevel.WARNING.value
    return of_rows[left_out & of_rows["row"].isin(nameless) & of_rows["column"].isin(OF_A_PERSON)]


def _groups(refusals: pd.DataFrame, *, first_line: int) -> tuple[Group, ...]:
    """Put together the rows of which the same is to be said, the earliest first."""
    said: dict[str, set[int]] = {}
    for row, column, rule in zip(
        refusals["row"].tolist(),
        refusals["column"].where(refusals["column"].notna(), None).tolist(),
        refusals["rule"].tolist(),
        strict=True,
    ):
        column = column if isinstance(column, str) else None
        said.setdefault(_sentence(column, rule), set()).add(int(row) + first_line)
    groups = (Group(lines=tuple(sorted(lines)), says=says) for says, lines in said.items())
    return tuple(sorted(groups, key=lambda group: group.lines))


def _sentence(column: str | None, rule: str) -> str:
    own = WHAT_IS_WRONG.get((column, rule))
    if own:
        return own
    what = f"the {LABELS[column][0].lower()}{LABELS[column][1:]}" if column else "the row"
    if column in {"nhs_number", "cpli_id"}:
        what = f"the {LABELS[column]}"
    return OF_A_RULE.get(rule, OTHERWISE).format(what)


def _skipped(understood: Understood) -> tuple[Group, ...]:
    said: dict[str, list[int]] = {}
    for one in understood.skipped:
        said.setdefault(one.why, []).append(one.row + understood.heading_line)
    return tuple(Group(lines=tuple(lines), says=f"{why}.") for why, lines in said.items())


def _next_steps(
    understood: Understood, *, taken: int, refused: int, warned: bool, too_many: bool
) -> tuple[str, ...]:
    steps = []
    if not taken + refused:
        steps.append("The list holds nobody. If you support people, send it again with them.")
    elif too_many:
        steps.append(
            "Too many rows were refused for the list to be used. Correct them and send the whole "
            "list again."
        )
    elif refused:
        steps.append("Correct the rows refused and send the whole list again.")
    elif warned:
        steps.append("Correct what was left out in your next list.")
    else:
        steps.append("Nothing: every row was taken as it is.")
    if understood.heading_line > 1 and understood.raw.frame.shape[0]:
        steps.append(
            f"Lines are counted as in your sheet. When we write to you about row 1 of this list, "
            f"we mean line {understood.heading_line + 1}."
        )
    elif refused or warned:
        steps.append(
            "Lines are counted as in your sheet, headings included. When we write to you about row"
            " 1 of this list, we mean line 2."
        )
    return tuple(steps)


def told(group: Group) -> str:
    """Say what is said of some rows, by their lines."""
    return f"{_lines(group.lines)}: {group.says}"


def _lines(lines: Sequence[int]) -> str:
    """Name lines, those that follow each other as from one to the last."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and runs[-1][-1] == line - 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    names = [name for run in runs for name in _run(run)]
    return f"Line{'s' * (len(lines) > 1)} {listed(names)}"


def _run(run: Sequence[int]) -> list[str]:
    if len(run) < LONG_RUN:
        return [*map(str, run)]
    return [f"{run[0]} to {run[-1]}"]


def section(title: str, lines: Iterable[str]) -> str:
    """Return lines under a title; nothing where there is none."""
    body = [f"  {line}" for line in lines]
    return "\n".join([title, *body]) if body else ""


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"
