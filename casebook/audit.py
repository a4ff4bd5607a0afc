"""Who looked at whose record, or changed what, and from where. Only ever added to.

A change to a case is in its history already, which no purge shortens; what is kept here says from
where it was made, and who looked without changing anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select

from casebook.account_models import ACCESS_ENTRY
from casebook.database import noting, reading
from casebook.faults import in_plain_words
from casebook.working_days import utc
from schemas.accounts import Seen

ENTRY = ACCESS_ENTRY.c
WHOLE = 10_000
"""How many entries are told of at most, the latest."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: an account, if any, what they are called, and the address they came from.

    `who` is the email address of an account, or a sentence such as "jo at the command line".
    """

    account: int | None = None
    who: str
    place: str | None = None


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """What somebody did: to a case, to the record of a council's person, or to an account."""

    by: Actor
    what: Seen
    discrepancy_id: str | None = None
    local_authority: str | None = None
    person_id: str | None = None
    about: int | None = None


@dataclass(frozen=True, kw_only=True)
class Noted:
    """An entry as it is on record: `number` by the order of writing, `at` in UTC."""

    number: int
    at: datetime
    entry: AuditEntry


class Audit:
    """The access record of a casebook. Raises as the casebook does."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @in_plain_words
    def note(self, *entries: AuditEntry) -> None:
        """Put entries on record. Whoever shows a page does so before the page is sent."""
        if not entries:
            return
        with noting(self.engine) as connection:
            note(connection, *entries, now=self.clock())

    @in_plain_words
    def history_of_person(self, local_authority: str, person_id: str) -> list[Noted]:
        """Return who looked at the record of a council's person, oldest first."""
        return self._entries(ENTRY.local_authority == local_authority, ENTRY.person_id == person_id)

    @in_plain_words
    def history_of_case(self, discrepancy_id: str) -> list[Noted]:
        """Return who looked at a case, oldest first."""
        return self._entries(ENTRY.discrepancy_id == discrepancy_id)

    @in_plain_words
    def history_of_user(self, number: int) -> list[Noted]:
        """Return what the holder of an account did, oldest first."""
        return self._entries(ENTRY.account == number)

    @in_plain_words
    def history_of_account(self, number: int) -> list[Noted]:
        """Return what was done to an account, oldest first."""
        return self._entries(ENTRY.about == number)

    def _entries(self, *where: ColumnElement[bool]) -> list[Noted]:
        query = select(ACCESS_ENTRY).where(*where).order_by(ENTRY.number.desc()).limit(WHOLE)
        with reading(self.engine) as connection:
            return [_noted(row) for row in connection.execute(query)][::-1]


def note(connection: Connection, *entries: AuditEntry, now: datetime) -> None:
    """Put entries on record within a transaction of the caller's."""
    rows = [
        {
            "at": now,
            "account": entry.by.account,
            "who": entry.by.who,
            "what": entry.what.value,
            "about": entry.about,
            "discrepancy_id": entry.discrepancy_id,
            "local_authority": entry.local_authority,
            "person_id": entry.person_id,
            "place": entry.by.place,
        }
        for entry in entries
    ]
    connection.execute(insert(ACCESS_ENTRY), rows)


def failures_from(connection: Connection, place: str, *, since: datetime) -> int:
    """Return how often somebody at an address has failed to sign in since an instant."""
    query = select(func.count()).where(
        ENTRY.what == Seen.SIGN_IN_FAILED.value, ENTRY.place == place, ENTRY.at > since
    )
    return connection.scalar(query) or 0


def outlived(connection: Connection, before: date, *, dry_run: bool) -> int:
    """Return how many entries were written before a day (UTC); unless dry, remove them."""
    old = ENTRY.at < datetime.combine(before, time(), UTC)
    if dry_run:
        return connection.scalar(select(func.count()).select_from(ACCESS_ENTRY).where(old)) or 0
    return connection.execute(delete(ACCESS_ENTRY).where(old)).rowcount


def _noted(row: Any) -> Noted:
    return Noted(
        number=row.number,
        at=utc(row.at),
        entry=AuditEntry(
            by=Actor(account=row.account, who=row.who, place=row.place),
            what=Seen(row.what),
            discrepancy_id=row.discrepancy_id,
            local_authority=row.local_authority,
            person_id=row.person_id,
            about=row.about,
        ),
    )
