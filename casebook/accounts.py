"""Accounts: who may sign in, how they prove who they are, and when they are locked out.

Comparing passwords takes a quarter of a second, so it is done between transactions. A try counts as
failed before it is looked at, so that many tries at once are no more than one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from casebook.account_models import ACCOUNT, ACCOUNT_CODE, WEB_SESSION
from casebook.audit import Actor, AuditEntry, failures_from, note
from casebook.database import noting, reading, writing
from casebook.faults import in_plain_words
from casebook.passwords import code_hash, fits, hashed, insist_on_strength, one_time_code
from casebook.second_factor import new_secret, seal_of, step_of
from casebook.working_days import utc
from schemas.accounts import Role, Seen, User
from schemas.errors import PersonNeeded, TryAgainLater, WrongUsage

THIS = ACCOUNT.c
TRIES = 5
"""How many wrong tries in a row lock an account."""
LOCKED = timedelta(minutes=15)
TRIES_FROM_A_PLACE = 30
"""How many wrong tries from one address, whoever is tried, before it has to wait."""
CODE_HOLDS = timedelta(hours=24)
EMAIL = re.compile(r"[^@\s<>\"',;:\\]+@[^@\s<>\"',;:\\]+\.[^@\s<>\"',;:\\]+")
LONGEST = 254
WHOSE = ("role", "council", "team", "provider_id")


class SignInRefused(PersonNeeded):
    """Somebody did not prove who they are; why is not said, so that nobody learns who is known."""


class TooManyTries(TryAgainLater):
    """Too many from one address have failed to sign in."""


class AccountTaken(PersonNeeded):
    """A council's sign-in names an email address that has an account of its own here."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account with how it stands; instants are UTC.

    `has_password` and `has_second_factor` say what is set up, `by_council` that the holder signs in
    with a council account.
    """

    user: User
    has_password: bool
    has_second_factor: bool
    by_council: bool
    locked_until: datetime | None
    created_at: datetime
    created_by: str
    last_sign_in_at: datetime | None


class Accounts:
    """The accounts of a casebook; `key` is needed for second factors alone. Raises as it does."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], key: bytes | None = None
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.key = key

    @in_plain_words
    def add(self, user: User, *, by: Actor, oidc_subject: str | None = None) -> User:
        """Add an account, whose number is ours to give; it needs a code before anybody signs in.

        Raises `WrongUsage` where the address is taken or none, or role and organisation do not fit.
        """
        values = _values(user)
        with writing(self.engine) as connection:
            if connection.scalar(select(THIS.number).where(THIS.email == values["email"])):
                raise WrongUsage("There is an account of that email address already.")
            number = (connection.scalar(select(func.max(THIS.number))) or 0) + 1
            now = self.clock()
            connection.execute(
                insert(ACCOUNT).values(
                    **values,
                    number=number,
                    active=True,
                    failed_sign_ins=0,
                    created_at=now,
                    created_by=by.who,
                    oidc_subject=oidc_subject,
                )
            )
            _note(connection, by, Seen.ACCOUNT_ADDED, number, now)
            return _account(_found(connection, number)).user

    @in_plain_words
    def of(self, email: str) -> Account | None:
        """Return the account that somebody signs in to by this address, capitals aside."""
        return self._one(THIS.email == email.strip().casefold())

    @in_plain_words
    def account(self, number: int) -> Account | None:
        """Return an account by its number."""
        return self._one(THIS.number == number)

    @in_plain_words
    def listed(self) -> list[Account]:
        """Return all accounts by their email addresses."""
        with reading(self.engine) as connection:
            query = select(ACCOUNT).order_by(THIS.email)
            return [_account(row) for row in connection.execute(query)]

    @in_plain_words
    def change(self, user: User, *, by: Actor) -> None:
        """Give the account of that number another name, role or organisation."""
        values = _values(user)
        del values["email"]
        self._change(user.number, values, by, Seen.ACCOUNT_CHANGED)

    @in_plain_words
    def disable(self, number: int, *, by: Actor) -> None:
        """Let nobody in by an account any more, by a session or a token either."""
        self._change(number, {"active": False}, by, Seen.ACCOUNT_DISABLED, end_sessions=True)

    @in_plain_words
    def enable(self, number: int, *, by: Actor) -> None:
        """Let the holder of an account in again."""
        self._change(number, {"active": True}, by, Seen.ACCOUNT_ENABLED)

    @in_plain_words
    def unlock(self, number: int, *, by: Actor) -> None:
        """Let the holder of an account try again at once."""
        values = {"failed_sign_ins": 0, "locked_until": None}
        self._change(number, values, by, Seen.ACCOUNT_UNLOCKED)

    @in_plain_words
    def sign_out(self, number: int, *, by: Actor, but: str | None = None) -> None:
        """End all sessions of an account, but the one whose hash is given."""
        now = self.clock()
        with noting(self.engine) as connection:
            _found(connection, number)
            _end_sessions(connection, number, but=but)
            _note(connection, by, Seen.SESSIONS_ENDED, number, now)

    @in_plain_words
    def reset(self, number: int, *, by: Actor) -> str:
        """Forget password and second factor; return the code by which a password is set, once.

        The code holds for a day. Raises `WrongUsage` for a council account, which has no password.
        """
        code, now = one_time_code(), self.clock()
        values = dict.fromkeys(
            ("password_hash", "totp_secret", "totp_confirmed_at", "totp_last_step", "locked_until")
        )
        with noting(self.engine) as connection:
            if _found(connection, number).oidc_subject is not None:
                raise WrongUsage("The holder of that account signs in with a council account.")
            connection.execute(
                update(ACCOUNT).where(THIS.number == number).values(failed_sign_ins=0, **values)
            )
            _forget_code(connection, number)
            connection.execute(
                insert(ACCOUNT_CODE).values(
                    account=number, code_hash=code_hash(code), expires_at=now + CODE_HOLDS
                )
            )
            _end_sessions(connection, number)
            _note(connection, by, Seen.ACCOUNT_RESET, number, now)
        return code

    @in_plain_words
    def set_password(self, email: str, *, code: str, password: str, place: str | None) -> None:
        """Set the password of whoever was given a code. All sessions of the account end.

        Raises `SignInRefused` where the code is not theirs, was used or is too old, `TooManyTries`
        and `WeakPassword`.
        """
        now = self.clock()
        with noting(self.engine) as connection:
            self._insist_on_patience(connection, place)
            row = _of(connection, email)
            if row is None or not _holds(connection, row.number, code, now):
                refused = True
                self._failed(connection, row, place)
            else:
                refused = False
        if row is None or refused:
            raise SignInRefused("The code is not right, was used already, or is too old.")
        insist_on_strength(password, email=row.email, name=row.name)
        kept = hashed(password)
        with noting(self.engine) as connection:
            if not (
                _holds(connection, row.number, code, now) and _forget_code(connection, row.number)
            ):
                raise SignInRefused("The code is not right, was used already, or is too old.")
            self._keep_password(connection, row, kept, place)

    @in_plain_words
    def change_password(
        self, number: int, *, old: str, new: str, place: str | None, but: str | None = None
    ) -> None:
        """Change a password; all sessions end but the one whose hash is given.

        Raises `SignInRefused` where the old one is wrong, `TooManyTries` and `WeakPassword`.
        """
        account = self.account(number)
        if account is None:
            raise SignInRefused("There is no such account any more.")
        self.check_password(account.user.email, old, place=place)
        insist_on_strength(new, email=account.user.email, name=account.user.name)
        kept = hashed(new)
        with noting(self.engine) as connection:
            row = _found(connection, number)
            self._keep_password(connection, row, kept, place, but=but)

    @in_plain_words
    def check_password(self, email: str, password: str, *, place: str | None) -> Account:
        """Return the account that an address and a password open: the first factor.

        Raises `SignInRefused` where they open none, whatever the reason, and `TooManyTries`.
        """
        with noting(self.engine) as connection:
            self._insist_on_patience(connection, place)
            row = _of(connection, email)
            open_to_try = row is not None and bool(row.active) and self._reserve(connection, row)
        right = fits(row.password_hash if row is not None and open_to_try else None, password)
        if row is None or not right:
            with noting(self.engine) as connection:
                self._failed(connection, row, place)
            raise SignInRefused(
                "The email address or the password is not right, or the account is locked for 15"
                " minutes after five wrong tries."
            )
        with noting(self.engine) as connection:
            self._give_back(connection, row.number)
        return _account(row)

    @in_plain_words
    def begin_second_factor(self, number: int) -> str:
        """Return the secret of a second factor that is being set up, the same until it is."""
        seal = seal_of(self.key)
        with noting(self.engine) as connection:
            row = _found(connection, number)
            if row.totp_confirmed_at is not None:
                raise WrongUsage("The second factor is set up already.")
            if row.totp_secret is not None:
                return seal.open(row.totp_secret)
            secret = new_secret()
            connection.execute(
                update(ACCOUNT)
                .where(THIS.number == number)
                .values(totp_secret=seal.close(secret), totp_last_step=None)
            )
        return secret

    @in_plain_words
    def check_second_factor(self, number: int, code: str, *, place: str | None) -> None:
        """Take a code of the second factor, which none can be used twice; the first sets it up.

        Raises `SignInRefused` where it is wrong, and `TooManyTries`.
        """
        seal, now = seal_of(self.key), self.clock()
        with noting(self.engine) as connection:
            self._insist_on_patience(connection, place)
            row = _found(connection, number)
            right = (
                bool(row.active)
                and row.totp_secret is not None
                and self._reserve(connection, row)
                and self._use_step(
                    connection, row, step_of(seal.open(row.totp_secret), code, now=now)
                )
            )
            if right and row.totp_confirmed_at is None:
                by = Actor(account=number, who=row.email, place=place)
                _note(connection, by, Seen.SECOND_FACTOR_SET, number, now)
            if not right:
                self._failed(connection, row, place)
        if not right:
            raise SignInRefused(
                "The code is not right. Wait for the next one, and look whether your phone's clock"
                " is."
            )

    @in_plain_words
    def signed_in(self, number: int, *, place: str | None) -> User:
        """Note that somebody has proved who they are, and return who."""
        now = self.clock()
        with noting(self.engine) as connection:
            row = _found(connection, number)
            if not row.active:
                raise SignInRefused("That account is disabled.")
            connection.execute(
                update(ACCOUNT)
                .where(THIS.number == number)
                .values(
                    failed_sign_ins=0,
                    locked_until=None,
                    last_sign_in_at=now,
                    seen_before=THIS.last_seen_at,
                    last_seen_at=now,
                )
            )
            by = Actor(account=number, who=row.email, place=place)
            _note(connection, by, Seen.SIGNED_IN, number, now)
            return _account(_found(connection, number)).user

    @in_plain_words
    def of_council(self, subject: str, user: User, *, place: str | None) -> User:
        """Return the account of somebody whom a council's sign-in vouches for, made if need be.

        It takes name, role and organisation from there each time. Raises `AccountTaken` where the
        email address has an account that is not this one: a sign-in opens none but its own.
        """
        wanted = _values(user)
        with reading(self.engine) as connection:
            row = connection.execute(
                select(ACCOUNT).where(THIS.oidc_subject == subject)
            ).one_or_none()
            taken = _of(connection, wanted["email"])
        if taken is not None and (row is None or taken.number != row.number):
            raise AccountTaken("That email address has an account of its own here.")
        by = Actor(who="the council's sign-in", place=place)
        if row is None:
            return self.add(user, by=by, oidc_subject=subject)
        if any(getattr(row, name) != value for name, value in wanted.items()):
            self._change(row.number, wanted, by, Seen.ACCOUNT_CHANGED)
        with reading(self.engine) as connection:
            return _account(_found(connection, row.number)).user

    def _one(self, where: Any) -> Account | None:
        with reading(self.engine) as connection:
            row = connection.execute(select(ACCOUNT).where(where)).one_or_none()
        return None if row is None else _account(row)

    def _change(
        self,
        number: int,
        values: dict[str, Any],
        by: Actor,
        what: Seen,
        *,
        end_sessions: bool = False,
    ) -> None:
        with noting(self.engine) as connection:
            _found(connection, number)
            if values:
                connection.execute(update(ACCOUNT).where(THIS.number == number).values(**values))
            if end_sessions:
                _end_sessions(connection, number)
            _note(connection, by, what, number, self.clock())

    def _insist_on_patience(self, connection: Connection, place: str | None) -> None:
        """Raise `TooManyTries` where an address has tried many accounts: it may be guessing."""
        if place is None:
            return
        if failures_from(connection, place, since=self.clock() - LOCKED) >= TRIES_FROM_A_PLACE:
            raise TooManyTries("Too many tries have failed. Wait a quarter of an hour.")

    def _reserve(self, connection: Connection, row: Row[Any]) -> bool:
        """Count a try as failed before it is looked at; say whether it may be looked at."""
        now, this = self.clock(), THIS.number == row.number
        over = update(ACCOUNT).where(this, THIS.locked_until <= now)
        connection.execute(over.values(failed_sign_ins=0, locked_until=None))
        tried: int | None = connection.scalar(
            update(ACCOUNT)
            .where(this, THIS.locked_until.is_(None))
            .values(failed_sign_ins=THIS.failed_sign_ins + 1)
            .returning(THIS.failed_sign_ins)
        )
        if tried is not None and tried >= TRIES:
            connection.execute(update(ACCOUNT).where(this).values(locked_until=now + LOCKED))
        return tried is not None

    def _give_back(self, connection: Connection, number: int) -> None:
        """Take back that a try has failed; those before it in a row still have."""
        connection.execute(
            update(ACCOUNT)
            .where(THIS.number == number, THIS.failed_sign_ins > 0)
            .values(failed_sign_ins=THIS.failed_sign_ins - 1, locked_until=None)
        )

    def _use_step(self, connection: Connection, row: Row[Any], step: int | None) -> bool:
        """Use up a step of the second factor; say whether it could still be used."""
        if step is None:
            return False
        unused = (THIS.totp_last_step.is_(None)) | (THIS.totp_last_step < step)
        confirmed = func.coalesce(THIS.totp_confirmed_at, self.clock())
        used = connection.execute(
            update(ACCOUNT)
            .where(THIS.number == row.number, unused)
            .values(totp_last_step=step, totp_confirmed_at=confirmed)
        )
        if used.rowcount:
            self._give_back(connection, row.number)
        return bool(used.rowcount)

    def _failed(self, connection: Connection, row: Row[Any] | None, place: str | None) -> None:
        """Note a failure; what was typed for an address that nobody has may be a password."""
        number, who = (None, "somebody unknown") if row is None else (row.number, row.email)
        by = Actor(account=number, who=who, place=place)
        _note(connection, by, Seen.SIGN_IN_FAILED, number, self.clock())

    def _keep_password(
        self,
        connection: Connection,
        row: Row[Any],
        kept: str,
        place: str | None,
        *,
        but: str | None = None,
    ) -> None:
        connection.execute(
            update(ACCOUNT)
            .where(THIS.number == row.number)
            .values(password_hash=kept, failed_sign_ins=0, locked_until=None)
        )
        _end_sessions(connection, row.number, but=but)
        by = Actor(account=row.number, who=row.email, place=place)
        _note(connection, by, Seen.PASSWORD_SET, row.number, self.clock())


def _values(user: User) -> dict[str, Any]:
    """Return what is written of a user; raises `WrongUsage` where it does not fit together."""
    email, name = user.email.strip().casefold(), " ".join(user.name.split())
    if not EMAIL.fullmatch(email) or len(email) > LONGEST:
        raise WrongUsage("An account needs an email address, such as jo.bell@example.gov.uk.")
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise WrongUsage("An account needs a name.")
    if user.role is Role.ADMINISTRATOR and user.council:
        raise WrongUsage(
            "An administrator looks after everybody's accounts, and so after those of all councils:"
            " name no council."
        )
    of_provider = user.role is Role.PROVIDER_USER
    if of_provider is not bool(user.provider_id) or (of_provider and (user.council or user.team)):
        raise WrongUsage(
            "The account of a provider's user names its provider, and no council or team; no other"
            " account names a provider."
        )
    return {
        "email": email,
        "name": name,
        "role": user.role.value,
        "council": user.council or None,
        "team": (user.team or "").strip() or None,
        "provider_id": user.provider_id or None,
    }


def user_of(row: Any) -> User:
    """Return the user of a row with the columns of an account."""
    return User(
        number=row.number,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        council=row.council,
        team=row.team,
        provider_id=row.provider_id,
        active=bool(row.active),
        seen_before=_utc(row.seen_before),
    )


def _account(row: Row[Any]) -> Account:
    return Account(
        user=user_of(row),
        has_password=row.password_hash is not None,
        has_second_factor=row.totp_confirmed_at is not None,
        by_council=row.oidc_subject is not None,
        locked_until=_utc(row.locked_until),
        created_at=utc(row.created_at),
        created_by=row.created_by,
        last_sign_in_at=_utc(row.last_sign_in_at),
    )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else utc(instant)


def _found(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(ACCOUNT).where(THIS.number == number)).one_or_none()
    if row is None:
        raise WrongUsage("There is no such account.")
    return row


def _of(connection: Connection, email: str) -> Row[Any] | None:
    where = THIS.email == email.strip().casefold()
    return connection.execute(select(ACCOUNT).where(where)).one_or_none()


def _holds(connection: Connection, number: int, code: str, now: datetime) -> bool:
    """Say whether a code is the one of an account, and not too old."""
    query = select(ACCOUNT_CODE.c.account).where(
        ACCOUNT_CODE.c.account == number,
        ACCOUNT_CODE.c.code_hash == code_hash(code),
        ACCOUNT_CODE.c.expires_at > now,
    )
    return connection.scalar(query) is not None


def _forget_code(connection: Connection, number: int) -> bool:
    gone = delete(ACCOUNT_CODE).where(ACCOUNT_CODE.c.account == number)
    return bool(connection.execute(gone).rowcount)


def _end_sessions(connection: Connection, number: int, *, but: str | None = None) -> None:
    ended = delete(WEB_SESSION).where(WEB_SESSION.c.account == number)
    connection.execute(ended if but is None else ended.where(WEB_SESSION.c.id_hash != but))


def _note(connection: Connection, by: Actor, what: Seen, number: int | None, now: datetime) -> None:
    note(connection, AuditEntry(by=by, what=what, about=number), now=now)
