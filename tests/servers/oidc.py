"""A council's sign-in: an OpenID Connect provider of the tests' own, which answers over HTTP.

It insists on what the standard asks of whoever signs in by it: a registered client and address, and
PKCE by SHA-256. What it says can be made false in every way that matters.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "cpli", "a secret of the client"
Claims = dict[str, Any]


@dataclass
class Provider:
    """A provider, and who is signed in there; `spoil` and `signed` make what it says false."""

    person: Claims
    issuer: str = ""
    back: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    spoil: Callable[[Claims], Claims] = dict
    signed: Callable[["Provider", Claims], str] | None = None
    offers: tuple[str, ...] = ("RS256",)
    down: bool = False
    silent: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def behaves(self) -> None:
        """Let everything be true again."""
        self.spoil, self.signed, self.offers = dict, None, ("RS256",)
        self.down = self.silent = False

    def token(self, nonce: str) -> str:
        """Return the token that says who is signed in."""
        now = int(time.time())
        claims = self.spoil(
            {
                **self.person,
                "iss": self.issuer,
                "aud": CLIENT,
                "iat": now,
                "exp": now + 300,
                "nonce": nonce,
            }
        )
        if self.signed:
            return self.signed(self, claims)
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)


def signed_by_nobody(provider: Provider, claims: Claims) -> str:
    """Return a token without a signature."""
    return _whole({"alg": "none"}, claims, lambda _text: b"")


def signed_by_somebody_else(provider: Provider, claims: Claims) -> str:
    """Return a token that another key signed under the same name."""
    other = RSAKey.generate_key(2048, {"kid": "1"})
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, other)


def signed_with_the_public_key(provider: Provider, claims: Claims) -> str:
    """Return a token signed with what everybody knows, as though it were a shared secret."""
    known = provider.key.as_pem(private=False)
    return _whole(
        {"alg": "HS256", "kid": "1"}, claims, lambda text: hmac.digest(known, text, "sha256")
    )


def _whole(header: Claims, claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    """Put a token together by hand, because libraries refuse to make such."""
    text = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return b".".join([text, _base64(sign(text))]).decode()


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@contextmanager
def running(person: Claims) -> Iterator[Provider]:
    """Give a provider that listens on this machine."""
    provider = Provider(person=person)
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _app(provider: Provider) -> Flask:
    app = Flask("oidc")

    @app.before_request
    def is_up() -> Response | None:
        return Response(status=500) if provider.down else None

    @app.get("/.well-known/openid-configuration")
    def metadata() -> Response:
        at = provider.issuer
        return jsonify(
            issuer=at,
            authorization_endpoint=f"{at}/authorize",
            token_endpoint=f"{at}/token",
            jwks_uri=f"{at}/keys",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=list(provider.offers),
        )

    @app.get("/keys")
    def keys() -> Response:
        return jsonify(keys=[provider.key.as_dict(private=False, use="sig", alg="RS256")])

    @app.get("/authorize")
    def authorize() -> Any:
        asked = request.args.to_dict()
        provider.asked.append(asked)
        good = (
            asked.get("client_id") == CLIENT
            and asked.get("response_type") == "code"
            and asked.get("redirect_uri") == provider.back
            and asked.get("code_challenge_method") == "S256"
            and len(asked.get("code_challenge", "")) == 43
            and bool(asked.get("state") and asked.get("nonce"))
        )
        if not good:
            return Response("not as the standard asks", status=400)
        code = secrets.token_urlsafe()
        provider.codes[code] = asked
        return redirect(f"{provider.back}?{urlencode({'code': code, 'state': asked['state']})}")

    @app.post("/token")
    def token() -> Any:
        asked = provider.codes.pop(request.form.get("code", ""), None)
        given = request.authorization
        proof = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        good = (
            asked is not None
            and given is not None
            and (given.username, given.password) == (CLIENT, SECRET)
            and _base64(proof).decode() == asked["code_challenge"]
            and request.form.get("redirect_uri") == asked["redirect_uri"]
        )
        if asked is None or not good:
            return jsonify(error="invalid_grant"), 400
        return jsonify(
            access_token=secrets.token_urlsafe(),
            token_type="Bearer",
            expires_in=300,
            **({} if provider.silent else {"id_token": provider.token(asked["nonce"])}),
        )

    return app
