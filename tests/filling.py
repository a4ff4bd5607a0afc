"""How a test fills in a form of the site: with the token of the page that it stands on."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def send(
    browser: FlaskClient,
    path: str,
    *,
    on: str | None = None,
    base_url: str | None = None,
    **said: str,
) -> TestResponse:
    """Load the page of a form, fill the form in and send it."""
    page = browser.get(on or path, base_url=base_url)
    token = TOKEN.search(page.text)
    assert token, f"{page.status} without a form"
    headers = {"Referer": f"{base_url}{path}"} if base_url else {}
    return browser.post(
        path, data={"csrf_token": token[1], **said}, base_url=base_url, headers=headers
    )
