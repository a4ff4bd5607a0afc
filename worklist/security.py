"""What keeps the site safe whatever a page does: headers, forged requests, sizes and rates.

Nothing inline is allowed, so that text which somebody stored can never become a script. What a
person's record says is never kept by a browser or a proxy.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from settings.worklist import Worklist as Settings

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
PERMISSIONS = dict.fromkeys(("camera", "geolocation", "microphone", "payment", "usb"), "()")
FORM_BYTES = 512 * 1024
"""How large a form may be that carries no file."""
UPLOAD_BYTES = 20 * 1024 * 1024
"""How large a file may be that a provider sends."""
STATIC_SECONDS = 3_600
HSTS_SECONDS = 31_536_000

csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://")


def secure(app: Flask, settings: Settings) -> None:
    """Make an app safe; everything holds for every page."""
    plain = settings.allow_plain_http
    app.config.update(
        MAX_CONTENT_LENGTH=FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        MAX_FORM_PARTS=1_000,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_SECONDS,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=not plain,
        RATELIMIT_HEADERS_ENABLED=False,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    csrf.init_app(app)
    limiter.init_app(app)
    Talisman(
        app,
        content_security_policy=POLICY,
        force_https=False,
        strict_transport_security=not plain,
        strict_transport_security_max_age=HSTS_SECONDS,
        session_cookie_secure=not plain,
        session_cookie_samesite="Lax",
        referrer_policy="same-origin",
        permissions_policy=PERMISSIONS,
        frame_options="DENY",
    )
    app.after_request(_never_kept)


def _never_kept(response: Response) -> Response:
    """Let nobody keep a page; files of the site itself are the same for everybody."""
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def where_from() -> str:
    """Return the address that a request came from."""
    return str(get_remote_address())


def log_safe(_error: Any) -> str:
    """Return how a fault is told in a log: by its kind and the page, nothing that it says."""
    return f"{type(_error).__name__} in {request.endpoint or 'no page'}"
