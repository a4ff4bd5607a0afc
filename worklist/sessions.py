"""Sessions, which lie in the record and can be ended from there; a browser has but their id."""

from __future__ import annotations

import hmac
import logging
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

from flask import Flask, Request, Response, current_app, g, session
from flask.json.tag import TaggedJSONSerializer
from flask_login import LoginManager, UserMixin, current_user
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from casebook.accounts import Accounts
from casebook.audit import Actor
from casebook.passwords import secret_hash
from casebook.second_factor import Seal
from casebook.web_sessions import Ended, WebSession, WebSessions
from schemas.accounts import User
from schemas.errors import WrongUsage
from worklist.security import where_from
from worklist.services import Services, services

API = "/api/"
"""Where programs ask. They come with a token each time, and a browser's session counts for nothing:
otherwise a page of somebody else's could ask in the name of whoever looks at it."""
WITHOUT = ("/static/", "/health/", API)
"""Where no session is looked for."""
SIGNED_OUT = "signed_out"
BEARER = "Bearer "
COOKIES = b"cpli worklist cookies 1"


class SignedIn(UserMixin):  # type: ignore[misc]
    """Whoever is signed in, as `flask_login.current_user`."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.id = user.number


class Keeper(ServerSideSessionInterface):  # type: ignore[misc]
    """Keeps sessions in the record of cases."""

    tagged = TaggedJSONSerializer()

    def __init__(self, app: Flask, sessions: WebSessions) -> None:
        super().__init__(app, key_prefix="", permanent=False)
        self.sessions = sessions

    def open_session(self, app: Flask, request: Request) -> ServerSideSession:
        """Return the session of a request; an empty one where none is looked for."""
        if request.path.startswith(WITHOUT):
            return self.session_class(sid=None, permanent=False)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: ServerSideSession, response: Response) -> None:
        """Keep a session, but where none was looked for."""
        if session.sid is not None:
            super().save_session(app, session, response)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        found = self.sessions.open(store_id)
        if not isinstance(found, WebSession):
            g.session_over = found
            return None
        g.session_kept, g.web_session = store_id, found
        return cast(dict[str, Any], self.tagged.loads(found.data))

    def _delete_session(self, store_id: str) -> None:
        self.sessions.end(store_id)

    def _upsert_session(
        self, _lifetime: timedelta, session: ServerSideSession, store_id: str
    ) -> None:
        data = self.tagged.dumps(dict(session))
        if g.get("session_kept") == store_id:
            self.sessions.keep(store_id, data)
            return
        whose: WebSession | None = g.get("web_session")
        self.sessions.begin(
            store_id,
            data,
            account=whose.user.number if whose and whose.user else None,
            signed_in=bool(whose and whose.signed_in),
            place=where_from(),
        )


def keep(app: Flask, services: Services) -> None:
    """Let an app keep its sessions in the record. Raises `WrongUsage` where it has no key."""
    settings = services.settings
    app.config.update(
        SECRET_KEY=hmac.new(_key(services), COOKIES, sha256).hexdigest(),
        SESSION_COOKIE_NAME="cpli" if settings.allow_plain_http else "__Host-cpli",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    sessions = services.casebook.web_sessions(
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    app.session_interface = Keeper(app, sessions)
    # Where a phone is may change with every page, so that nothing follows from it.
    login = LoginManager()
    login.session_protection = None
    login.request_loader(_whoever_asks)
    login.init_app(app)
    for name in ("authlib", "flask_wtf", "flask_session"):  # what they say can hold a secret
        logging.getLogger(name).setLevel(logging.WARNING)


def accounts() -> Accounts:
    """Return the accounts, with the key of second factors."""
    return services().casebook.accounts(key=_key(services()))


def seal() -> Seal:
    """Return what encrypts what a session must not hold in plain text."""
    return Seal(_key(services()))


def web_sessions() -> WebSessions:
    """Return the sessions."""
    return keeper().sessions


def keeper() -> Keeper:
    """Return what keeps the sessions of the app at work."""
    return cast(Keeper, current_app.session_interface)


def begin(user: User, *, signed_in: bool) -> None:
    """Begin somebody's session under an id of its own, so that nobody can have known it before.

    Without `signed_in` it opens nothing yet: the second factor is still to be given.
    """
    keeper().regenerate(session)
    session.clear()
    g.pop("session_kept", None)
    g.pop("csrf_token", None)
    g.web_session = WebSession(data="", user=user, signed_in=signed_in)
    session["number"] = user.number


def end() -> None:
    """End the session."""
    g.pop("web_session", None)
    session.clear()


def half_signed_in() -> User | None:
    """Return who has given the password, and not yet the second factor."""
    found: WebSession | None = g.get("web_session")
    return found.user if found and not found.signed_in else None


def this_session() -> str:
    """Return the hash of this session's id."""
    return secret_hash(str(cast(ServerSideSession, session).sid))


def actor() -> Actor:
    """Return who asks, and from where, for the record."""
    user: User = current_user.user
    return Actor(account=user.number, who=user.email, place=where_from())


def why_over() -> dict[str, str]:
    """Return why the session that somebody had is over, as the page for signing in takes it."""
    over: Ended | None = g.get("session_over")
    return {"why": over.value} if over else {}


def _whoever_asks(asked: Request) -> SignedIn | None:
    """Return whose session, or in the API whose token, a request comes with."""
    user: User | None = None
    if asked.path.startswith(API):
        header = asked.headers.get("Authorization", "")
        if header.startswith(BEARER):
            user = services().casebook.tokens().user_of(header.removeprefix(BEARER).strip())
    else:
        found: WebSession | None = g.get("web_session")
        user = found.user if found and found.signed_in else None
    return SignedIn(user) if user else None


def _key(services: Services) -> bytes:
    key = services.settings.secret_key
    if key is None:
        raise WrongUsage("The worklist needs a key: set CPLI_WORKLIST__SECRET_KEY.")
    return key.get_secret_value().encode()
