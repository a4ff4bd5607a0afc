"""How a workbook of answers is named, and which columns it has."""

from __future__ import annotations

from connectors.patterns import FilePattern
from schemas.notices import ANSWER, ANSWER_DATE, ANSWERS, CASE, COMMENT, NOTICE, SEAL, SEALED
from schemas.tables import TableColumns

ANSWERS_FILE = FilePattern("{provider_id}_answers_{date}*.*")
"""The names under which we send such workbooks, and what computers make of them: "... (1).xlsx"."""

ANSWERS_TABLE = TableColumns(
    name=ANSWERS,
    required=(*SEALED, ANSWER, NOTICE, CASE, SEAL),
    optional=(ANSWER_DATE, COMMENT),
)
