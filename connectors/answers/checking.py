"""Which answers of a workbook count, and why the others do not.

A row counts by its seal: it must stand as we wrote it, for this very provider. What is wrong is
said in words for the manager of a care home, and nothing that the row holds is repeated.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

import pandas as pd

from connectors.answers.naming import ANSWERS_TABLE
from connectors.answers.sheet import AnswerRow, AnswerSheet
from connectors.intake.days import day
from connectors.intake.receipts import DATES_LIKE
from connectors.intake.words import key
from connectors.wording import ask
from connectors.xlsx_file import ERRORS
from schemas.notices import (
    ANSWER,
    ANSWER_DATE,
    ANSWERS,
    CASE,
    COMMENT,
    NOTICE,
    SEAL,
    SEALED,
    AnswerWords,
    seal,
)
from schemas.raw import RefusalLog

EARLIEST = date(1900, 1, 1)
AHEAD_AT_MOST = timedelta(3660)
"""How far ahead the last day of support may lie."""

NEED_A_DATE = frozenset({AnswerWords.STILL_SUPPORTED, AnswerWords.ENDED})
IN_BRACKETS = re.compile(r"\s*\([^()]*\)?\s*$")
SHORT = {
    "still supported since": AnswerWords.STILL_SUPPORTED,
    "ended on": AnswerWords.ENDED,
    "already told the council": AnswerWords.COUNCIL_TOLD,
    "our list was wrong": AnswerWords.LIST_CORRECTED,
}
CANNOT_BE_KEPT = frozenset({"Cc", "Cs"})
INVISIBLE = "Cf"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """What is wrong with a row: a rule, the column if it is one cell's, and what to do."""

    rule: str
    says: str
    remedy: str
    column: str | None = None


NOT_AS_SENT = Wrong(
    rule="not_as_sent",
    says="the row is not as we sent it, so we cannot tell which case it answers",
    remedy=f"answer in the workbook of our latest notice, and change no column but {ANSWER},"
    f" {ANSWER_DATE} and {COMMENT}",
)
NO_SUCH_CASE = Wrong(
    rule="no_such_case",
    says="there is no such case of this provider any more",
    remedy="answer in the workbook of our latest notice, or ask the council",
)
ANSWERED_SINCE = Wrong(
    rule="answered_since",
    says="a later answer to this case is on record",
    remedy="save the workbook anew and send it again, if this answer is to count",
)
TWO_ANSWERS = Wrong(
    rule="conflicting_answers",
    says="another row answers the same case differently, so neither counts",
    remedy="leave one of them",
)
RAGGED = Wrong(
    rule="ragged",
    says="the row has more or fewer cells than the headings, or a quotation mark out of place",
    remedy="send the answers as an Excel workbook (.xlsx), where this cannot happen",
)
NO_ANSWER = Wrong(
    rule="missing",
    column=ANSWER,
    says="a date or a comment is given, but no answer",
    remedy="choose one of the answers of the list",
)
NO_DATE = Wrong(
    rule="missing",
    column=ANSWER_DATE,
    says="the answer needs a date",
    remedy="give the day on which the support began, or its last day",
)
NO_COMMENT = Wrong(
    rule="missing",
    column=COMMENT,
    says="the answer needs a comment",
    remedy="write what the council should know",
)
UNKNOWN_ANSWER = Wrong(
    rule="unreadable",
    column=ANSWER,
    says="the answer is none of those that can be chosen",
    remedy="choose one of the answers of the list, and write the rest as a comment",
)
UNREADABLE_DATE = Wrong(
    rule="unreadable",
    column=ANSWER_DATE,
    says="the date cannot be read",
    remedy=f"{DATES_LIKE[0].lower()}{DATES_LIKE[1:]}",
)
BEGINS_LATER = Wrong(
    rule="implausible",
    column=ANSWER_DATE,
    says="support that goes on cannot have begun after today",
    remedy="give the day on which it began",
)
NO_SUCH_TIME = Wrong(
    rule="implausible",
    column=ANSWER_DATE,
    says="the date lies before 1900 or more than a year ahead",
    remedy="check the year",
)
LONG_COMMENT = Wrong(
    rule="cell_too_long",
    column=COMMENT,
    says="the comment is too long",
    remedy="shorten it",
)
UNSEEN_IN_COMMENT = Wrong(
    rule="unreadable",
    column=COMMENT,
    says="the comment holds a character that cannot be shown",
    remedy="type the comment again",
)
CELL_ERROR = {
    name: Wrong(
        rule="cell_error",
        column=name,
        says="the cell holds an error or a formula without a result",
        remedy="type the words themselves",
    )
    for name in (ANSWER, ANSWER_DATE, COMMENT)
}

Refused: TypeAlias = tuple[int, Wrong]
"""A row, and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer that counts, as far as the workbook itself can show."""

    row: int
    notice: str
    case: str
    answer: AnswerWords
    day: date | None = None
    comment: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The answers that count, each once, and the rows that do not."""

    given: tuple[Given, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a row says that stands as we wrote it; None where a cell is empty or cannot be read."""

    row: AnswerRow
    answer: AnswerWords | None
    day: date | None
    comment: str
    wrong: tuple[Wrong, ...]

    @property
    def meant(self) -> tuple[object, ...]:
        return self.answer, self.day, self.comment


def check(
    sheet: AnswerSheet, *, provider_id: str, secret: bytes, today: date, longest_comment: int
) -> Checked:
    """Check each row by itself, then against the others that answer the same case.

    `secret` is the key of the seals, `today` the day in London.
    """
    refused: list[Refused] = []
    said = defaultdict[str, list[_Said]](list)
    for row in sheet.rows:
        if row.ragged:
            refused.append((row.row, RAGGED))
        elif not _is_as_sent(row, provider_id=provider_id, secret=secret):
            refused.append((row.row, NOT_AS_SENT))
        else:
            read = _read(row, today=today, serials=sheet.serials, longest_comment=longest_comment)
            said[row.text(CASE)].append(read)
    given = []
    for of_case in said.values():
        faults = [*_faults(of_case)]
        refused += faults
        if not faults:
            given.append(_given(of_case[0]))
    return Checked(
        given=tuple(sorted(given, key=lambda one: one.row)),
        refused=tuple(sorted(refused, key=lambda one: one[0])),
    )


def refusals_of(refused: Iterable[Refused], *, provider_id: str, file: str) -> pd.DataFrame:
    """Return refused rows as the Refusal table."""
    notes = RefusalLog(source=f"{ANSWERS} {provider_id}", file=file)
    for row, wrong in refused:
        where = f"column {wrong.column} of {file}" if wrong.column else file
        notes.reject(
            wrong.rule,
            f"Row {row}, {where}: {wrong.says}. {ask(ANSWERS_TABLE, wrong.remedy)}",
            row=row,
            column=wrong.column,
        )
    return notes.frame()


def _is_as_sent(row: AnswerRow, *, provider_id: str, secret: bytes) -> bool:
    expected = seal(
        secret,
        provider_id=provider_id,
        notice=row.text(NOTICE),
        case=row.text(CASE),
        cells={name: row.text(name) for name in SEALED},
    )
    return hmac.compare_digest(expected.encode(), row.text(SEAL).encode(errors="replace"))


def _faults(of_case: Sequence[_Said]) -> Iterator[Refused]:
    """Yield what is wrong with the rows of one case, which must all say the same."""
    differ = len({one.meant for one in of_case}) > 1
    for one in of_case:
        for wrong in one.wrong:
            yield one.row.row, wrong
        if differ:
            yield one.row.row, TWO_ANSWERS


def _given(said: _Said) -> Given:
    if said.answer is None:
        raise ValueError("a row without an answer has a fault")
    return Given(
        row=said.row.row,
        notice=said.row.text(NOTICE),
        case=said.row.text(CASE),
        answer=said.answer,
        day=said.day,
        comment=said.comment or None,
    )


def _read(row: AnswerRow, *, today: date, serials: bool, longest_comment: int) -> _Said:
    errors = [wrong for name, wrong in CELL_ERROR.items() if row.text(name) in ERRORS]
    if errors:
        return _Said(row=row, answer=None, day=None, comment="", wrong=tuple(errors))
    answer = answer_of(row.text(ANSWER))
    when = _day(row, today=today, serials=serials)
    comment = comment_of(row.lines(COMMENT))
    found = (
        _wrong_with_answer(row, answer),
        _wrong_with_day(row, answer, when, today=today),
        _wrong_with_comment(comment, longest_comment),
        NO_COMMENT if answer is AnswerWords.OTHER and not comment else None,
    )
    return _Said(
        row=row, answer=answer, day=when, comment=comment, wrong=tuple(filter(None, found))
    )


def answer_of(text: str) -> AnswerWords | None:
    """Return the answer that a text means: its words with or without the hint, or its code."""
    return _ANSWERS.get(key(text)) or _ANSWERS.get(key(IN_BRACKETS.sub("", text)))


def comment_of(text: str) -> str:
    """Return a comment without blanks at the ends of its lines, and what nobody can see."""
    seen = "".join(one for one in text if unicodedata.category(one) != INVISIBLE)
    return "\n".join(" ".join(line.split()) for line in seen.strip().splitlines()).strip()


def _day(row: AnswerRow, *, today: date, serials: bool) -> date | None:
    cell = row.cells.get(ANSWER_DATE, "")
    read = day(cell, caseload_date=today, birth=False, serials=serials)
    return date.fromisoformat(read) if read else None


def _wrong_with_answer(row: AnswerRow, answer: AnswerWords | None) -> Wrong | None:
    if answer:
        return None
    return UNKNOWN_ANSWER if row.text(ANSWER) else NO_ANSWER


def _wrong_with_day(
    row: AnswerRow, answer: AnswerWords | None, when: date | None, *, today: date
) -> Wrong | None:
    if when is None:
        if row.text(ANSWER_DATE):
            return UNREADABLE_DATE
        return NO_DATE if answer in NEED_A_DATE else None
    if answer is AnswerWords.STILL_SUPPORTED and when > today:
        return BEGINS_LATER
    return None if EARLIEST <= when <= today + AHEAD_AT_MOST else NO_SUCH_TIME


def _wrong_with_comment(comment: str, longest: int) -> Wrong | None:
    if len(comment) > longest:
        return LONG_COMMENT
    unseen = any(unicodedata.category(one) in CANNOT_BE_KEPT for one in comment.replace("\n", ""))
    return UNSEEN_IN_COMMENT if unseen else None


def _known_answers() -> Iterator[tuple[str, AnswerWords]]:
    for answer in AnswerWords:
        for text in (answer.value, answer.display, IN_BRACKETS.sub("", answer.display)):
            yield key(text), answer
    for text, answer in SHORT.items():
        yield key(text), answer


_ANSWERS = dict(_known_answers())
