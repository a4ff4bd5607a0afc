"""Whatever is typed into a field or an address is text, to the record, to pages and to files."""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag
from sweeping import (
    HOSTILE,
    World,
    allowed,
    body_of,
    everything,
    methods_of,
    roles,
    spoilt,
    text_of,
)
from worklist_record import open_cases

from schemas.accounts import Role
from worklist.cases.filters import NAMES

SURROGATE = "\ud800x"
PAYLOADS = (
    HOSTILE,
    "' OR '1'='1' --",
    "a\0b",
    "9" * 30,
    "\u202egpj.exe\u2066",
    SURROGATE,
    "'; DROP TABLE account; --",
    "%s%n{0}${7*1913}",
    "\r\nX-Evil: 1",
    "=cmd|' /C calc'!A0",
    "x" * 100_000,
    "9" * 5_000,
    "-1",
)
QUERIES = (*NAMES, "page", "choose", "period", "next", "why", "text", "cursor", "limit")
PARTS = ("discrepancy_id", "reference", "night", "name", "council", "owner", "action", "deed")


def percent(text: str) -> str:
    """Return text as an address has it, be it no Unicode."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def encoded(fields: dict[str, Any]) -> str:
    """Return a form as a browser sends it."""
    pairs = [
        (name, each)
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return "&".join(f"{percent(name)}={percent(str(value))}" for name, value in pairs)


def forms(html: str) -> Iterator[Tag]:
    """Yield the forms of a page in which something can be filled in."""
    for form in BeautifulSoup(html, "html.parser").find_all("form"):
        if set(fields_of(form)) - {"csrf_token"}:
            yield form


def fields_of(form: Tag) -> dict[str, Any]:
    """Return what a browser would send of a form, with something chosen of each choice."""
    fields: dict[str, Any] = {}
    for field in form.find_all(["input", "textarea", "select"]):
        if field.get("name") and field.get("type") != "file":
            chosen = field.find("option", selected=True) if field.name == "select" else None
            fields.setdefault(field["name"], (chosen or field).get("value", ""))
    return fields


def check(world: World, answer: Any, where: object) -> None:
    """See that an answer is no fault, and that nothing of what was sent became part of a page."""
    assert answer.status_code < 500, where
    assert "X-Evil" not in answer.headers, where
    if answer.mimetype == "text/html":
        assert spoilt(text_of(answer)) == [], where


def send_all(world: World, role: Role, payloads: tuple[str, ...], each_field: int) -> int:
    """Send payloads in each field of each form that a role sees; return how many were sent."""
    browser, turn, sent = world.browser(role), cycle(payloads), 0
    known = set()
    for rule in list(world.rules()):
        if not allowed(rule.endpoint, role) or "GET" not in methods_of(rule):
            continue
        for (path,) in world.addresses(rule, world.ours):
            page = browser.get(path, buffered=True)
            check(world, page, path)
            if page.mimetype != "text/html":
                continue
            for form in forms(text_of(page)):
                fields = fields_of(form)
                to = form.get("action") or path
                if (to, *fields) in known:
                    continue
                known.add((to, *fields))
                for name in set(fields) - {"csrf_token"}:
                    for _ in range(each_field):
                        payload = next(turn)
                        said = encoded({**fields, name: payload})
                        if form.get("method", "get").lower() == "get":
                            answer = browser.get(f"{to}?{said}", buffered=True)
                        else:
                            answer = browser.post(
                                to, data=said, content_type="application/x-www-form-urlencoded"
                            )
                        check(world, answer, (to, name, payload[:40]))
                        sent += 1
    return sent


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "role", roles(Role.PROVIDER_USER, Role.TEAM_LEAD, Role.ADMINISTRATOR, of=Role)
)
def test_no_field_takes_text_for_anything_else(world: World, role: Role) -> None:
    assert send_all(world, role, PAYLOADS, each_field=2) > 5
    assert world.casebook.accounts().account(world.users[role].number)


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", Role)
def test_no_field_takes_any_of_them_for_anything_else(world: World, role: Role) -> None:
    assert send_all(world, role, PAYLOADS, each_field=len(PAYLOADS)) > 50


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(Role.PROVIDER_USER, Role.TEAM_LEAD, of=Role))
def test_no_address_takes_text_for_anything_else(world: World, role: Role) -> None:
    browser, turn = world.browser(role), cycle(PAYLOADS[:10])
    for rule in world.rules():
        if not allowed(rule.endpoint, role) or "GET" not in methods_of(rule):
            continue
        path = next(iter(world.addresses(rule, world.ours)))[0]
        listed = rule.endpoint in {"cases.listed", "management.measures", "management.nights"}
        for name in QUERIES if listed else QUERIES[-8:-3]:
            payload = next(turn)
            answer = browser.get(f"{path}?{name}={percent(payload)}", buffered=True)
            check(world, answer, (path, name, payload[:40]))
        for at in range(2, path.count("/") + 1):
            parts = path.split("/")
            for payload in (PAYLOADS[0], *PAYLOADS[2:6]):
                parts[at] = percent(payload)
                answer = browser.get("/".join(parts), buffered=True)
                check(world, answer, (path, at, payload[:40]))


@pytest.mark.usefixtures("patient")
def test_no_program_sends_text_that_is_taken_for_anything_else(world: World) -> None:
    told_by = {"Authorization": f"Bearer {world.secret(Role.TEAM_LEAD)}"}
    program, turn = world.app.test_client(), cycle(PAYLOADS)
    version = open_cases(world.casebook, council=world.ours.council)[0]["version"]
    for rule in world.rules(api=True):
        for (path,) in world.addresses(rule, world.ours):
            if "POST" in methods_of(rule):
                whole = {"note": "x", **body_of(rule.endpoint, version)}
                for name in whole:
                    for payload in PAYLOADS:
                        body = json.dumps({**whole, name: payload})
                        answer = program.post(
                            path, data=body, content_type="application/json", headers=told_by
                        )
                        check(world, answer, (path, name, payload[:40]))
                        repeated = len(payload) > 2 and payload[:40] in answer.text
                        assert not repeated or answer.status_code == 200, (path, name)
                for body in ("[" * 50_000, "{", "null", "[]", '"x"', "1e999", "\ufeff{}", "NaN"):
                    answer = program.post(
                        path, data=body, content_type="application/json", headers=told_by
                    )
                    check(world, answer, (path, body[:20]))
            else:
                for name in (*QUERIES, "sort"):
                    answer = program.get(f"{path}?{name}={percent(next(turn))}", headers=told_by)
                    check(world, answer, (path, name))
    for header in ("\xff", "Bearer", "Bearer ", f"Bearer {HOSTILE}", "Bearer " + "x" * 3000):
        answer = program.get("/api/v1/cases", headers={"Authorization": header})
        assert answer.status_code == 401, header[:20]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(Role.PROVIDER_USER, Role.TEAM_LEAD, of=Role))
def test_what_the_record_holds_is_text_on_every_page(world: World, role: Role) -> None:
    shown = ""
    for writer in (Role.TEAM_LEAD, Role.PROVIDER_USER):
        case = open_cases(world.casebook, council=world.ours.council)[0]
        fields = everything(world.ours, case["version"], world.token(writer))
        fields |= {"note": f"{HOSTILE} note", "comment": f"{HOSTILE} comment"}
        address = f"/cases/{world.ours.discrepancy_id}/note"
        if writer is Role.PROVIDER_USER:
            address = f"/questions/{world.ours.reference}"
        world.browser(writer).post(address, data=fields)
    browser = world.browser(role)
    for rule in world.rules():
        if allowed(rule.endpoint, role) and "GET" in methods_of(rule):
            for (path,) in world.addresses(rule, world.ours):
                page = browser.get(path, buffered=True)
                check(world, page, path)
                shown += text_of(page) if page.mimetype == "text/html" else ""
    assert "&lt;zq9" in shown
