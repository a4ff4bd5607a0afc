"""The lists of people that providers sent over the web, and what each was told of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, insert, select

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.upload_models import CASELOAD_UPLOAD
from casebook.working_days import utc
from schemas.errors import WrongUsage

UPLOAD = CASELOAD_UPLOAD.c
LATEST = 20
"""How many of a provider's lists are told of."""


class NotTaken(WrongUsage):
    """A list of this date is of no use to any night; says why, for whoever sent it."""


class SentAlready(WrongUsage):
    """A list of this provider and date is there, and it was not said that this one is to count."""


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """A list as it came: `rows` of it are taken, `refused` are not, `receipt` is what was told.

    `name` is what the file is kept as, None where it is of no use to a night. `sha256` is that of
    what was sent, `who` the one who sent it.
    """

    provider_id: str
    caseload_date: date
    name: str | None
    sha256: str
    who: str
    rows: int
    refused: int
    receipt: str = field(repr=False)

    @property
    def kept(self) -> bool:
        """Whether a night will read it."""
        return self.name is not None


@dataclass(frozen=True, kw_only=True)
class Upload(NewUpload):
    """A list on record, by its number; `received_at` is in UTC."""

    number: int
    received_at: datetime


class Uploads:
    """The record of lists sent. Raises as the casebook does."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @in_plain_words
    def keep(self, new: NewUpload, put: Callable[[], None]) -> Upload:
        """Put a list on record. `put` keeps its file, last of all, so that both are there or none.

        What `put` raises is raised.
        """
        with writing(self.engine) as connection:
            number = (connection.scalar(select(func.max(UPLOAD.number))) or 0) + 1
            upload = Upload(**vars(new), number=number, received_at=self.clock())
            connection.execute(insert(CASELOAD_UPLOAD), [vars(upload)])
            put()
        return upload

    @in_plain_words
    def latest(self, provider_id: str) -> list[Upload]:
        """Return a provider's lists, the latest first."""
        return self._uploads(UPLOAD.provider_id == provider_id)

    @in_plain_words
    def upload(self, provider_id: str, number: int) -> Upload | None:
        """Return a list of a provider, or None where it has none of this number."""
        found = self._uploads(UPLOAD.provider_id == provider_id, UPLOAD.number == number)
        return next(iter(found), None)

    def _uploads(self, *where: ColumnElement[bool]) -> list[Upload]:
        query = select(CASELOAD_UPLOAD).where(*where).order_by(UPLOAD.number.desc()).limit(LATEST)
        with reading(self.engine) as connection:
            return [_upload(dict(row)) for row in connection.execute(query).mappings()]


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(**row | {"received_at": utc(row["received_at"])})
