"""What a provider is told of the answers that it sent: how many were taken, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connectors.answers.checking import Refused, Wrong
from connectors.answers.sheet import AnswerSheet
from connectors.intake.receipts import Group, section, told, told_of_refusal
from schemas.errors import SourceRefused
from schemas.notices import ANSWER

CORRECT_THEM = (
    "Correct the rows that were not taken and send the workbook again. What was taken may stay in"
    " it: each answer counts once."
)
AS_IN_THE_SHEET = (
    "Lines are counted as in your sheet, headings included. When we write to you about row"
)


def receipt(
    sheet: AnswerSheet,
    *,
    provider_id: str,
    notice_date: date | None,
    file: str,
    taken: int,
    refused: Sequence[Refused],
) -> str:
    """Return the receipt of a workbook that could be read, as plain text."""
    rows = {row for row, _ in refused}
    counts = [f"{_counted(taken, 'answer')} taken, {_counted(len(rows), 'row')} not taken."]
    if sheet.unanswered:
        verb = "has" if sheet.unanswered == 1 else "have"
        counts.append(f"{_counted(sheet.unanswered, 'row')} {verb} no answer yet.")
    return _text(
        _title(provider_id, notice_date, file),
        " ".join(counts),
        section("Rows not taken", map(told, _groups(refused, heading_line=sheet.heading_line))),
        section("What to do next", _next_steps(sheet, taken=taken, refused=bool(refused))),
    )


def receipt_of_refusal(error: SourceRefused, *, provider_id: str, notice_date: date | None) -> str:
    """Return the receipt of a workbook that could not be used at all."""
    refusal, next_steps = told_of_refusal(error)
    return _text(
        _title(provider_id, notice_date, error.file),
        refusal,
        section("What to do next", next_steps),
    )


def _title(provider_id: str, notice_date: date | None, file: str) -> str:
    dated = f" to our notice of {notice_date.day} {notice_date:%B %Y}" if notice_date else ""
    return f"Receipt for the answers of provider {provider_id}{dated}\nFile: {file}"


def _text(*parts: str) -> str:
    return "\n\n".join(filter(None, parts)) + "\n"


def _groups(refused: Sequence[Refused], *, heading_line: int) -> list[Group]:
    """Put together the rows of which the same is to be said, the earliest first."""
    lines: dict[Wrong, list[int]] = {}
    for row, wrong in refused:
        lines.setdefault(wrong, []).append(row + heading_line)
    groups = [
        Group(lines=tuple(sorted(those)), says=f"{wrong.says}. {_sentence(wrong.remedy)}")
        for wrong, those in lines.items()
    ]
    return sorted(groups, key=lambda group: group.lines)


def _sentence(remedy: str) -> str:
    return f"{remedy[0].upper()}{remedy[1:]}."


def _next_steps(sheet: AnswerSheet, *, taken: int, refused: bool) -> list[str]:
    if not (taken or refused):
        return [f"Choose an answer in the column {ANSWER} and send the workbook again."]
    if refused:
        return [CORRECT_THEM, f"{AS_IN_THE_SHEET} 1, we mean line {sheet.heading_line + 1}."]
    if sheet.unanswered:
        return ["Answer the other rows when you can, and send the workbook again."]
    return ["Nothing: every answer was taken."]


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}{'s' * (count != 1)}"
