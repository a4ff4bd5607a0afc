"""The worklist in a test, and people who are signed in to it without a password being typed."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from casebook.audit import Actor
from casebook.store import Casebook
from schemas.accounts import Role, User
from settings.worklist import Worklist
from worklist.app import create_app
from worklist.services import Services

KEY = "a key of the tests that is long enough"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Takes no time to speak of, where the real one takes a quarter of a second each time."""
GOOD = "purple tractor hums nightly"
BY = Actor(who="a test")
PLAIN, SECURE = "http://localhost", "https://localhost"
COUNCILS = {"E06000016": "Leicester", "E10000018": "Leicestershire", "E06000017": "Rutland"}
_NUMBERS = count(1)


class Compiled(BytecodeCache):
    """Templates that are compiled once for all sites of a process."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **time: float) -> None:
        self.now += timedelta(**time)


def site(
    casebook: Casebook, out: Path, settings: Mapping[str, Any] | None = None, **more: Any
) -> Flask:
    """Return the site over a casebook; `more` are further services."""
    set_ = {"secret_key": KEY, "allow_plain_http": True, **(settings or {})}
    services = Services(
        casebook=casebook,
        settings=Worklist.model_validate(set_),
        out=out,
        **{"councils": COUNCILS, **more},
    )
    app = create_app(services)
    app.jinja_env.bytecode_cache = COMPILED
    app.testing = True
    return app


def account(casebook: Casebook, role: Role, *, email: str | None = None, **about: Any) -> User:
    """Add an account, of provider P0001 where a provider's is asked for and none is named."""
    number = next(_NUMBERS)
    if role is Role.PROVIDER_USER:
        about = {"provider_id": "P0001", **about}
    user = User(
        **{
            "number": 0,
            "email": email or f"{role.value}.{number}@example.gov.uk",
            "name": f"{role.display} {number}",
            "role": role,
            **about,
        }
    )
    return casebook.accounts().add(user, by=BY)


def with_password(casebook: Casebook, user: User, password: str = GOOD) -> User:
    """Give an account a password."""
    accounts = casebook.accounts()
    code = accounts.reset(user.number, by=BY)
    accounts.set_password(user.email, code=code, password=password, place=None)
    return user


def client_of(app: Flask, user: User | None = None) -> FlaskClient:
    """Return a browser, in which somebody is signed in if that is wanted."""
    client = app.test_client()
    if user is not None:
        session_id = secrets.token_urlsafe()
        app.session_interface.sessions.begin(
            session_id,
            TaggedJSONSerializer().dumps({"number": user.number}),
            account=user.number,
            signed_in=True,
            place="127.0.0.1",
        )
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], session_id)
    return client
