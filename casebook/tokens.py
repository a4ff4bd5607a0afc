"""Tokens, by which a program acts for an account, with all that the account may do and no more."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from casebook.account_models import ACCOUNT, API_TOKEN
from casebook.accounts import user_of
from casebook.audit import Actor, AuditEntry, note
from casebook.database import noting, reading, writing
from casebook.faults import in_plain_words
from casebook.passwords import secret_hash
from casebook.working_days import utc
from schemas.accounts import Seen, User
from schemas.errors import WrongUsage

TOKEN = API_TOKEN.c
BEGINS = "cpli_"
"""What tokens begin with, so that one that was published by mistake is found."""
NOTED_EVERY = timedelta(minutes=5)
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token without what opens; instants are UTC."""

    number: int
    account: int
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class Tokens:
    """The tokens of a casebook. Raises as it does."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @in_plain_words
    def issue(self, account: int, *, name: str, days: int, by: Actor) -> tuple[Token, str]:
        """Return a new token with what opens, which is not kept and cannot be had again."""
        name, secret, now = name.strip(), BEGINS + secrets.token_urlsafe(32), self.clock()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise WrongUsage("A token needs a name, such as that of the program that it is for.")
        with writing(self.engine) as connection:
            if (
                connection.scalar(select(ACCOUNT.c.number).where(ACCOUNT.c.number == account))
                is None
            ):
                raise WrongUsage("There is no such account.")
            number = (connection.scalar(select(func.max(TOKEN.number))) or 0) + 1
            connection.execute(
                insert(API_TOKEN).values(
                    number=number,
                    account=account,
                    name=name,
                    token_hash=secret_hash(secret),
                    created_at=now,
                    created_by=by.who,
                    expires_at=now + timedelta(days=days),
                )
            )
            note(connection, AuditEntry(by=by, what=Seen.TOKEN_ISSUED, about=account), now=now)
            row = connection.execute(select(API_TOKEN).where(TOKEN.number == number)).one()
        return _token(row), secret

    @in_plain_words
    def user_of(self, secret: str) -> User | None:
        """Return for whom a token acts; None where it opens nothing, or nothing any more."""
        now = self.clock()
        query = (
            select(*ACCOUNT.c, TOKEN.number.label("token"), TOKEN.last_used_at)
            .join(ACCOUNT, ACCOUNT.c.number == TOKEN.account)
            .where(
                TOKEN.token_hash == secret_hash(secret),
                TOKEN.revoked_at.is_(None),
                TOKEN.expires_at > now,
                ACCOUNT.c.active,
            )
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.last_used_at is None or now - utc(row.last_used_at) >= NOTED_EVERY:
            with noting(self.engine) as connection:
                used = update(API_TOKEN).where(TOKEN.number == row.token)
                connection.execute(used.values(last_used_at=now))
        return user_of(row)

    @in_plain_words
    def revoke(self, number: int, *, by: Actor) -> None:
        """Let a token open nothing any more."""
        now = self.clock()
        with noting(self.engine) as connection:
            account: int | None = connection.scalar(
                update(API_TOKEN)
                .where(TOKEN.number == number, TOKEN.revoked_at.is_(None))
                .values(revoked_at=now)
                .returning(TOKEN.account)
            )
            if account is None:
                raise WrongUsage("There is no such token, or it was revoked already.")
            note(connection, AuditEntry(by=by, what=Seen.TOKEN_REVOKED, about=account), now=now)

    @in_plain_words
    def of_account(self, account: int) -> list[Token]:
        """Return all tokens of an account, oldest first."""
        query = select(API_TOKEN).where(TOKEN.account == account).order_by(TOKEN.number)
        with reading(self.engine) as connection:
            return [_token(row) for row in connection.execute(query)]


def _token(row: Any) -> Token:
    return Token(
        number=row.number,
        account=row.account,
        name=row.name,
        created_at=utc(row.created_at),
        expires_at=utc(row.expires_at),
        revoked_at=row.revoked_at and utc(row.revoked_at),
        last_used_at=row.last_used_at and utc(row.last_used_at),
    )
