"""What the sweep of the whole site works with: every address, every role, and what must not change.

All addresses come from the site itself. One with an argument that is not known here fails, so that
no new page is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from signed import BY, client_of
from sqlalchemy import MetaData, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from casebook.actions import Action
from casebook.store import Casebook
from schemas.accounts import Role, User
from worklist.account_pages import DONE
from worklist.cases.export import KINDS as EXPORTS
from worklist.management.files import OF_COUNCIL, OF_NIGHT
from worklist.policy import POLICY, may
from worklist.provider.pages import KINDS as NOTICES
from worklist.sessions import API

HOSTILE = """<zq9 onzq9=1>'"onzq9="1{{7*1913}}"""
"""Text that would make an element, an attribute or a sum, wherever it is not taken for text."""
SUM = "13391"
ROLES: tuple[Role | None, ...] = (None, *Role)
"""All who may ask: nobody in particular as well."""
LEAVES_TRACES = {"access_entry", "api_token", "web_session"}
"""The tables that looking alone writes to."""

ANY: Mapping[str, tuple[str, ...]] = {
    "action": (*(each.value for each in Action), "made-up"),
    "deed": tuple(DONE),
    "filename": ("worklist.css",),
    "name": tuple(dict.fromkeys(each.name for each in (*OF_NIGHT, *OF_COUNCIL))),
    "kind": tuple(dict.fromkeys((*EXPORTS, *NOTICES))),
}
"""The arguments of addresses that say nothing of whose something is."""
HIDDEN = re.compile(r'(name="(?:csrf_token|request|token)"[^>]*value=")[^"]*')
ID = re.compile(r'(id="request"[^>]*value=")[^"]*')

BODIES: Mapping[str, Mapping[str, Any]] = {
    "search": {"text": "N1"},
    "note": {"note": "Rang."},
    "assign": {"worker": "Jo Fields"},
    "resolve": {"reason": "other", "note": "Rang."},
    "accept": {"reason": "other", "note": "Rang.", "expires_on": "2026-12-24"},
    "answer": {"answer": "not_ours"},
    "rule": {"ruling": "not_a_duplicate", "note": "Rang."},
    "reverse": {"reverses": 1, "note": "Rang."},
}
"""What programs send, besides the version of the case, by the last part of the endpoint."""


@dataclass(frozen=True, kw_only=True)
class Ids:
    """What addresses name of somebody: cases, questions, numbers by endpoint, councils, owners."""

    discrepancy_id: str
    reference: str
    numbers: Mapping[str, int]
    view: int
    council: str
    owner: str
    night: str

    def of(self, argument: str, endpoint: str) -> str:
        """Return what stands for an argument in an address of an endpoint."""
        if argument == "number":
            return str(self.numbers[endpoint.split(".", maxsplit=1)[0] + "." + _kind(endpoint)])
        return str(getattr(self, argument))


def _kind(endpoint: str) -> str:
    return "account" if endpoint.startswith("accounts.") else endpoint.split(".")[1]


@dataclass(kw_only=True)
class World:
    """The site over a night, somebody of each role of ours, and what is theirs.

    Ours are the staff of Rutland and of the provider P1; theirs is what belongs to Leicester and to
    P2. `people` are all values of theirs that say who somebody is.
    """

    app: Flask
    casebook: Casebook
    out: Path
    lists: Path
    users: Mapping[Role, User]
    ours: Ids
    theirs: Ids
    made_up: Ids
    people: frozenset[str]
    their_people: frozenset[str]
    browsers: dict[Role | None, FlaskClient] = field(default_factory=dict)

    def browser(self, role: Role | None) -> FlaskClient:
        """Return a browser of somebody of ours, or of nobody; the same each time."""
        if role not in self.browsers:
            self.browsers[role] = client_of(self.app, self.users[role] if role else None)
        return self.browsers[role]

    def token(self, role: Role | None) -> str:
        """Return the token that forms of a browser hold."""
        return token_of(self.browser(role), role)

    def secret(self, role: Role | None) -> str:
        """Return a new token of a program that acts for somebody of ours."""
        if role is None:
            return "made-up"
        _token, secret = self.casebook.tokens().issue(
            self.users[role].number, name="A system", days=30, by=BY
        )
        return secret

    def rules(self, *, api: bool = False) -> Iterator[Rule]:
        """Yield all that can be asked for: pages, or what programs ask for."""
        for rule in self.app.url_map.iter_rules():
            if rule.rule.startswith(API) is api:
                yield rule

    def addresses(self, rule: Rule, *whose: Ids) -> Iterator[tuple[str, ...]]:
        """Yield each address of a rule, for each of several that the arguments are to be of."""
        names = sorted(rule.arguments)
        free = [ANY.get(name, (None,)) for name in names]
        with self.app.test_request_context():
            for chosen in product(*free):
                yield tuple(
                    self._address(rule, dict(zip(names, chosen, strict=True)), ids) for ids in whose
                )

    def _address(self, rule: Rule, chosen: dict[str, str | None], ids: Ids) -> str:
        path = rule.rule
        for name, value in chosen.items():
            said = value if value is not None else ids.of(name, rule.endpoint)
            path = re.sub(rf"<(?:[^<>:]+:)?{name}>", said, path)
        assert "<" not in path, path
        return path

    def contents(self) -> dict[str, Counter[str]]:
        """Return all that is on record, and the lists that are kept for the night."""
        known = MetaData()
        known.reflect(self.casebook.engine)
        with self.casebook.engine.connect() as connection:
            kept = {
                name: Counter(map(repr, connection.execute(select(table))))
                for name, table in known.tables.items()
                if name not in LEAVES_TRACES
            }
        kept["lists"] = Counter(str(path) for path in self.lists.rglob("*"))
        return kept


def roles(*usual: Role | None, of: Iterable[Role | None] = ROLES) -> list[Any]:
    """Return all roles, and None for nobody, of which only the usual are taken each time."""
    return [role if role in usual else pytest.param(role, marks=pytest.mark.slow) for role in of]


def everything(ids: Ids, version: int, token: str) -> dict[str, Any]:
    """Return fields with which any form of the site can be sent."""
    return {
        "csrf_token": token,
        "version": version,
        "stage": "do",
        "case": f"{ids.discrepancy_id}:{version}",
        "forget": str(ids.view),
        "action": "note",
        "note": "Somebody rang.",
        "whom": "me",
        "reason": "Because.",
        "looked": "y",
        "choice": "other",
        "comment": "Somebody rang.",
        "text": ids.discrepancy_id,
        "council": ids.council,
    }


def body_of(endpoint: str, version: int) -> dict[str, Any]:
    """Return what a program sends to an endpoint."""
    name = endpoint.removeprefix("api.")
    about = {} if name == "search" else {"version": version}
    return {**about, **BODIES.get(name, {})}


def told(response: TestResponse, *whose: Ids) -> tuple[int, str, str]:
    """Return what an answer says, whoever's id was asked for and whatever its tokens are."""
    text = ID.sub(r"\1", HIDDEN.sub(r"\1", text_of(response)))
    location = response.location or ""
    for ids in whose:
        for each in (ids.discrepancy_id, ids.reference, ids.council, ids.owner):
            text, location = text.replace(each, "ID"), location.replace(each, "ID")
        for number in {*ids.numbers.values(), ids.view}:
            text = re.sub(rf"(?<=/){number}\b", "ID", text)
            location = re.sub(rf"\b{number}\b", "ID", location)
    return response.status_code, location, text


def text_of(response: TestResponse) -> str:
    """Return an answer as text, be it a file of another kind."""
    return response.get_data().decode("utf-8", "replace")


def token_of(browser: FlaskClient, role: Role | None) -> str:
    """Return the token that forms of a browser hold."""
    page = browser.get("/account" if role else "/sign-in")
    found = BeautifulSoup(page.text, "html.parser").find("input", attrs={"name": "csrf_token"})
    assert found, page.status
    return str(found["value"])


def methods_of(rule: Rule) -> tuple[str, ...]:
    """Return how an address can be asked for, reading first."""
    return tuple(sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}))


def allowed(endpoint: str, role: Role | None) -> bool:
    """Say whether a role may ask for a page at all."""
    return endpoint in POLICY and may(role, endpoint)


def spoilt(html: str) -> list[str]:
    """Return the elements and attributes of a page that can only have come from data."""
    soup = BeautifulSoup(html, "html.parser")
    found = [each.name for each in soup.find_all(True) if "zq9" in each.name]
    found += [name for each in soup.find_all(True) for name in each.attrs if "zq9" in name]
    return found + ([SUM] if SUM in html else [])
