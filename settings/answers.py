"""Where providers' answers come back."""

from __future__ import annotations

from typing import ClassVar

from connectors.answers.naming import ANSWERS_FILE, ANSWERS_TABLE
from schemas.tables import TableColumns
from settings.sources import ProviderPattern
from settings.strict import Name, Strict


class Answers(Strict):
    """Where answered workbooks come back; `file` says whose each is, and to which notice."""

    of: ClassVar[TableColumns] = ANSWERS_TABLE

    place: Name
    file: ProviderPattern = ANSWERS_FILE.text
