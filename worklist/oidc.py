"""A council's own sign-in, by OpenID Connect: the code flow with PKCE, state and nonce.

What its token says is believed only where it is signed with a key of the issuer that is set, for
us, now, and for this very sign-in. Nobody gets in by it whose groups and council the settings do
not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, current_app, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from casebook.accounts import AccountTaken
from schemas.accounts import Role, User
from schemas.errors import PersonNeeded, TryAgainLater
from settings.worklist import ALL_COUNCILS, Oidc
from worklist.security import where_from
from worklist.services import services
from worklist.sessions import accounts

EXTENSION = "cpli-council"
DISCOVERY = "/.well-known/openid-configuration"
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""How tokens may be signed: by the issuer's own key, not by one that we hold too, or by none."""
LEEWAY_SECONDS = 60
BEGUN_ELSEWHERE = (
    "Your council's sign-in could not be completed: it took too long, was begun in another browser,"
    " or its answer did not hold. Begin again; if that does not help, tell your administrator."
)
UNKNOWN = (
    "Your council's sign-in knows you, but has not given you a role in the worklist. Ask whoever"
    " gives out access to systems in your council to add you to the group for it."
)
TAKEN = (
    "Your email address has an account with a password here. Sign in with that, or ask your"
    " administrator to rename it so that you can use your council account."
)
DISABLED = "Your account has been disabled. Ask your administrator."


class NotLetIn(PersonNeeded):
    """Somebody cannot come in by a council's sign-in; the message is for them."""


def register(app: Flask, settings: Oidc) -> None:
    """Make a council's sign-in known to an app, if there is one."""
    if settings.issuer is None:
        return
    secret = settings.client_secret
    app.extensions[EXTENSION] = OAuth(app).register(
        "council",
        client_id=settings.client_id,
        client_secret=secret.get_secret_value() if secret else None,
        server_metadata_url=settings.issuer.rstrip("/") + DISCOVERY,
        id_token_signing_alg_values_supported=list(SIGNED_BY),
        client_kwargs={
            "scope": settings.scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
            "default_timeout": settings.timeout_seconds,
        },
    )


def is_there() -> bool:
    """Say whether there is a council's sign-in."""
    return EXTENSION in current_app.extensions


def go() -> ResponseReturnValue:
    """Send whoever signs in to their council. Raises `TryAgainLater` where it is not there."""
    return cast(ResponseReturnValue, _asked(lambda client: client.authorize_redirect(_back())))


def come_back() -> User:
    """Return who has come back from their council.

    Raises `NotLetIn` where what they bring does not hold or they have no role here, and
    `TryAgainLater` where the council's sign-in does not answer.
    """
    settings = services().settings.oidc
    claims = cast(Mapping[str, Any], _asked(lambda client: _claims(client, settings)))
    described = user_of(claims, settings)
    try:
        user = accounts().of_council(
            f"{settings.issuer}#{claims['sub']}", described, place=where_from()
        )
    except AccountTaken as taken:
        raise NotLetIn(TAKEN) from taken
    if not user.active:
        raise NotLetIn(DISABLED)
    return user


def user_of(claims: Mapping[str, Any], settings: Oidc) -> User:
    """Return whom a token describes. Raises `NotLetIn` where the settings do not know them."""
    email = claims.get("email") or claims.get("preferred_username")
    groups = _values(claims.get(settings.role_claim))
    roles = [role for group, role in settings.roles.items() if group in groups]
    council = settings.council
    if settings.council_claim is not None:
        theirs = _values(claims.get(settings.council_claim))
        council = next((code for said, code in settings.councils.items() if said in theirs), None)
    if not (roles and council and isinstance(email, str)) or claims.get("email_verified") is False:
        raise NotLetIn(UNKNOWN)
    if roles[0] == Role.ADMINISTRATOR.value and council != ALL_COUNCILS:
        # Whoever looks after everybody's accounts is vouched for by no single council.
        raise NotLetIn(UNKNOWN)
    team = _values(claims.get(settings.team_claim)) if settings.team_claim else ()
    return User(
        number=0,
        email=email,
        name=str(claims.get("name") or email),
        role=Role(roles[0]),
        council=None if council == ALL_COUNCILS else council,
        team=next(iter(team), None),
    )


def _claims(client: Any, settings: Oidc) -> Mapping[str, Any]:
    client.load_server_metadata()
    # It may offer ways to sign that we do not take.
    client.server_metadata["id_token_signing_alg_values_supported"] = list(SIGNED_BY)
    token = client.authorize_access_token(
        leeway=LEEWAY_SECONDS,
        claims_options={
            "iss": {"essential": True, "value": settings.issuer},
            "aud": {"essential": True, "value": settings.client_id},
            "exp": {"essential": True},
            "sub": {"essential": True},
        },
    )
    claims = token.get("userinfo")
    if not claims:
        raise ValueError("There is no token that says who it is.")
    return cast(Mapping[str, Any], claims)


def _asked(ask: Any) -> Any:
    """Return what the council's sign-in says; what it says of errors is nobody's business."""
    failed: PersonNeeded | TryAgainLater
    try:
        return ask(current_app.extensions[EXTENSION])
    except OSError:  # what goes wrong on the way there is one, and so is an answer of 500
        failed = TryAgainLater("The council's sign-in does not answer.")
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError):
        failed = NotLetIn(BEGUN_ELSEWHERE)
    raise failed


def _back() -> str:
    """Return the address to come back to, as the council's sign-in knows it."""
    public = services().settings.public_url
    if public is None:
        return url_for("signing_in.council_back", _external=True)
    return public + url_for("signing_in.council_back")


def _values(claim: Any) -> Sequence[str]:
    """Return what a claim says, which may be one text or several."""
    said = claim if isinstance(claim, list) else [claim]
    return [value for value in said if isinstance(value, str)]
