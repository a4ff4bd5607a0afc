"""The workbook in which a provider answers: a row a case, sealed, with a list to choose from."""

from __future__ import annotations

from datetime import UTC, datetime, time
from io import BytesIO

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from publishing.feed.publishable import one_line
from publishing.notices.facts import Item, Notice
from publishing.notices.wording import Wording
from publishing.row_heights import give_heights
from publishing.templates import british_date
from schemas.notices import (
    ANSWER,
    ANSWER_DATE,
    CASE,
    COMMENT,
    HEADINGS,
    NOTICE,
    SEAL,
    SEALED,
    SHEET,
    AnswerWords,
    pseudonym,
    seal,
)

GUIDANCE = "How to answer"
WIDTHS = (16, 16, 9, 9, 20, 30, 34, 34, 40, 30, 14, 34, 18, 34, 34)
HIDDEN = (NOTICE, CASE, SEAL)
LATEST = datetime(2099, 12, 31, tzinfo=UTC).replace(tzinfo=None)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).replace(tzinfo=None)
COMMENT_AT_MOST = 4000
GUIDANCE_WIDTH = 100


def workbook(notice: Notice, words: Wording, *, key: bytes) -> bytes:
    """Return the workbook of a notice that asks something."""
    written = BytesIO()
    book = Workbook(
        written,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    # Built from the night alone, so that the same notice gives the same bytes.
    created = datetime.combine(notice.as_of, time())
    book.set_properties({"title": f"{SHEET}: {notice.reference}", "created": created})
    sheet = book.add_worksheet(SHEET)
    _headings(book, sheet)
    _rows(book, sheet, notice, key=key)
    _heights(sheet, notice)
    _choices(sheet, rows=len(notice.to_do))
    _guidance(book, book.add_worksheet(GUIDANCE), notice, words)
    book.close()
    return written.getvalue()


def cells_of(item: Item) -> dict[str, str]:
    """Return what a row says of a case, by `SEALED`."""
    values = (
        item.council,
        item.person,
        item.initials,
        item.born,
        item.service,
        item.found,
        item.record,
        item.said,
        item.to_do,
    )
    return dict(zip(SEALED, map(one_line, values), strict=True))


def _headings(book: Workbook, sheet: Worksheet) -> None:
    ours = book.add_format(
        {"bold": True, "bg_color": "#1d70b8", "font_color": "#ffffff", "text_wrap": True}
        | {"valign": "top", "border": 1}
    )
    theirs = book.add_format(
        {"bold": True, "bg_color": "#ffdd00", "text_wrap": True, "valign": "top", "border": 1}
    )
    for column, heading in enumerate(HEADINGS):
        to_fill_in = heading in (ANSWER, ANSWER_DATE, COMMENT)
        sheet.set_column(column, column, WIDTHS[column], None, {"hidden": heading in HIDDEN})
        sheet.write_string(0, column, heading, theirs if to_fill_in else ours)
    sheet.freeze_panes(1, HEADINGS.index("Service"))
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _rows(book: Workbook, sheet: Worksheet, notice: Notice, *, key: bytes) -> None:
    plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "num_format": "@"})
    day = book.add_format({"valign": "top", "border": 1, "num_format": "dd/mm/yyyy"})
    for row, item in enumerate(notice.to_do, start=1):
        cells = cells_of(item)
        case = pseudonym(key, provider_id=notice.provider_id, case=item.case)
        proof = seal(
            key, provider_id=notice.provider_id, notice=notice.reference, case=case, cells=cells
        )
        whole = {**cells, NOTICE: notice.reference, CASE: case, SEAL: proof}
        for column, heading in enumerate(HEADINGS):
            if heading in whole:
                sheet.write_string(row, column, whole[heading], plain)
            else:
                sheet.write_blank(row, column, None, day if heading == ANSWER_DATE else plain)


def _heights(sheet: Worksheet, notice: Notice) -> None:
    texts = pd.DataFrame([cells_of(item) for item in notice.to_do], columns=list(SEALED))
    widths = dict(zip(HEADINGS, WIDTHS, strict=True))
    give_heights(sheet, ((texts[name], widths[name]) for name in SEALED))
    give_heights(sheet, ((pd.Series([name]), widths[name]) for name in HEADINGS), first_row=0)


def _choices(sheet: Worksheet, *, rows: int) -> None:
    places = {name: HEADINGS.index(name) for name in (ANSWER, ANSWER_DATE, COMMENT)}
    sheet.data_validation(
        *(1, places[ANSWER], rows, places[ANSWER]),
        {
            "validate": "list",
            "source": [each.display for each in AnswerWords],
            "input_title": ANSWER,
            "input_message": "Choose an answer from the list. Leave it empty if you do not know.",
            "error_title": ANSWER,
            "error_message": "Choose one of the answers in the list.",
        },
    )
    sheet.data_validation(
        *(1, places[ANSWER_DATE], rows, places[ANSWER_DATE]),
        {
            "validate": "date",
            "criteria": "between",
            "minimum": EARLIEST,
            "maximum": LATEST,
            "input_title": ANSWER_DATE,
            "input_message": "The start date or the last day, for example 03/04/2026.",
            "error_title": ANSWER_DATE,
            "error_message": "Write a date as day/month/year, for example 03/04/2026.",
        },
    )
    sheet.data_validation(
        *(1, places[COMMENT], rows, places[COMMENT]),
        {
            "validate": "length",
            "criteria": "<=",
            "value": COMMENT_AT_MOST,
            "input_title": COMMENT,
            "input_message": "Anything that the council should know. You can leave this empty.",
        },
    )


def _guidance(book: Workbook, sheet: Worksheet, notice: Notice, words: Wording) -> None:
    bold = book.add_format({"bold": True, "font_size": 14})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, GUIDANCE_WIDTH)
    sheet.write_string(0, 0, GUIDANCE, bold)
    lines = [
        words("answers", "choose", sheet=SHEET),
        *(f"• {each.display}" for each in AnswerWords),
        words("answers", "rows"),
        words("answers", "send", reply_by=british_date(notice.reply_by)),
        words("answers", "leave"),
    ]
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line, wrapped)
    give_heights(sheet, [(pd.Series(lines), GUIDANCE_WIDTH)])
