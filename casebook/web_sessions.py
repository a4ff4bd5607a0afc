"""Browsers' sessions, kept here so that they can be ended from here. Their ids are kept as hashes.

A session is written with what it holds alone where that has changed, and once a minute with when it
was last used. One that was ended is not made again by a request that is still under way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, insert, or_, select, update

from casebook.account_models import ACCOUNT, WEB_SESSION
from casebook.accounts import user_of
from casebook.database import noting, reading
from casebook.faults import in_plain_words
from casebook.passwords import secret_hash
from casebook.working_days import utc
from schemas.accounts import User
from schemas.vocabularies import Vocabulary

SESSION = WEB_SESSION.c
TOUCHED_EVERY = timedelta(minutes=1)


class Ended(Vocabulary):
    """Why a session is over."""

    IDLE = "idle", "You were signed out because you had not used the worklist for a while."
    TOO_LONG = "too_long", "You were signed out because your session had lasted for long enough."


@dataclass(frozen=True, kw_only=True)
class WebSession:
    """A session: `user` is whose it is, and `signed_in` whether they have proved it."""

    data: str
    user: User | None
    signed_in: bool


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session as its owner sees it; instants are UTC."""

    id_hash: str
    signed_in_at: datetime
    seen_at: datetime
    place: str | None


class WebSessions:
    """The sessions of a casebook. `idle` and `longest` are after what time they end."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime],
        *,
        idle: timedelta,
        longest: timedelta,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.idle = idle
        self.longest = longest

    @in_plain_words
    def open(self, session_id: str) -> WebSession | Ended | None:
        """Return a session by its id, or why it is over; None where there is none."""
        kept, now = secret_hash(session_id), self.clock()
        query = (
            select(WEB_SESSION, *(column for column in ACCOUNT.c if column.name != "created_at"))
            .outerjoin(ACCOUNT, ACCOUNT.c.number == SESSION.account)
            .where(SESSION.id_hash == kept)
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or (row.account is not None and not row.active):
            return None
        if ended := self._over(row, now):
            self.end(session_id)
            return ended if row.signed_in_at is not None else None
        if now - utc(row.seen_at) >= TOUCHED_EVERY:
            self._touch(kept, row.number if row.signed_in_at is not None else None, now)
        return WebSession(
            data=row.data,
            user=None if row.account is None else user_of(row),
            signed_in=row.signed_in_at is not None,
        )

    @in_plain_words
    def begin(
        self, session_id: str, data: str, *, account: int | None, signed_in: bool, place: str | None
    ) -> None:
        """Keep a new session; those that are over go."""
        now = self.clock()
        over = or_(SESSION.seen_at < now - self.idle, SESSION.created_at < now - self.longest)
        with noting(self.engine) as connection:
            connection.execute(delete(WEB_SESSION).where(over))
            connection.execute(
                insert(WEB_SESSION).values(
                    id_hash=secret_hash(session_id),
                    account=account,
                    created_at=now,
                    seen_at=now,
                    signed_in_at=now if signed_in else None,
                    place=place,
                    data=data,
                )
            )

    @in_plain_words
    def keep(self, session_id: str, data: str) -> None:
        """Keep what a session holds now, unless it was ended meanwhile."""
        with noting(self.engine) as connection:
            connection.execute(
                update(WEB_SESSION)
                .where(SESSION.id_hash == secret_hash(session_id))
                .values(data=data)
            )

    @in_plain_words
    def end(self, session_id: str) -> None:
        """End a session."""
        with noting(self.engine) as connection:
            connection.execute(
                delete(WEB_SESSION).where(SESSION.id_hash == secret_hash(session_id))
            )

    @in_plain_words
    def of_account(self, number: int) -> list[SessionRow]:
        """Return the sessions in which somebody is signed in, the latest used first."""
        query = (
            select(WEB_SESSION)
            .where(SESSION.account == number, SESSION.signed_in_at.is_not(None))
            .order_by(SESSION.seen_at.desc(), SESSION.id_hash)
        )
        now = self.clock()
        with reading(self.engine) as connection:
            return [
                SessionRow(
                    id_hash=row.id_hash,
                    signed_in_at=utc(row.signed_in_at),
                    seen_at=utc(row.seen_at),
                    place=row.place,
                )
                for row in connection.execute(query)
                if self._over(row, now) is None
            ]

    def _over(self, row: Any, now: datetime) -> Ended | None:
        if now - utc(row.seen_at) > self.idle:
            return Ended.IDLE
        return Ended.TOO_LONG if now - utc(row.created_at) > self.longest else None

    def _touch(self, kept: str, number: int | None, now: datetime) -> None:
        with noting(self.engine) as connection:
            connection.execute(
                update(WEB_SESSION).where(SESSION.id_hash == kept).values(seen_at=now)
            )
            if number is not None:
                here = update(ACCOUNT).where(ACCOUNT.c.number == number)
                connection.execute(here.values(last_seen_at=now))
