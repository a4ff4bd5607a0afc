"""What another site makes somebody's browser send changes nothing, nor what their cookie is for."""

import pytest
from signed import client_of
from sweeping import World, allowed, body_of, everything, methods_of, roles, token_of
from worklist_record import open_cases

from schemas.accounts import Role


def version_of(world: World) -> int:
    """Return the version of our case as anybody would have looked at it."""
    file = open_cases(world.casebook, council=world.ours.council)
    return int(file[0]["version"])


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "role", roles(Role.PROVIDER_USER, Role.TEAM_LEAD, Role.ADMINISTRATOR, of=Role)
)
def test_without_a_token_of_the_session_nothing_is_changed(world: World, role: Role) -> None:
    browser, another = world.browser(role), client_of(world.app, world.users[role])
    tokens = {
        "none": None,
        "empty": "",
        "made up": "ImE5.made-up.x",
        "another session's": token_of(another, role),
        "nobody's": token_of(world.app.test_client(), None),
    }
    before, asked = world.contents(), 0
    for rule in world.rules():
        for method in set(methods_of(rule)) - {"GET"}:
            if not allowed(rule.endpoint, role):
                continue
            for (path,) in world.addresses(rule, world.ours):
                for kind, token in tokens.items():
                    fields = everything(world.ours, version_of(world), token or "")
                    if token is None:
                        del fields["csrf_token"]
                    answer = browser.open(path, method=method, data=fields)
                    assert answer.status_code == 400, (kind, method, path)
                    asked += 1
    assert asked
    assert world.contents() == before
    assert browser.get("/account").status_code == 200


@pytest.mark.usefixtures("patient")
def test_a_browsers_cookie_opens_nothing_of_what_programs_ask_for(world: World) -> None:
    browser = world.browser(Role.COMMISSIONING_WORKER)
    token = world.token(Role.COMMISSIONING_WORKER)
    before = world.contents()
    for rule in world.rules(api=True):
        if rule.endpoint == "api.described":
            continue
        for (path,) in world.addresses(rule, world.ours):
            for method in methods_of(rule):
                sent = None if method == "GET" else body_of(rule.endpoint, version_of(world))
                for headers in ({}, {"X-CSRFToken": token}, {"Authorization": f"Bearer {token}"}):
                    answer = browser.open(path, method=method, json=sent, headers=headers)
                    assert answer.status_code == 401, (method, path)
                    assert "Set-Cookie" not in answer.headers
    assert world.contents() == before


@pytest.mark.usefixtures("patient")
def test_a_programs_token_opens_no_page(world: World) -> None:
    told_by = {"Authorization": f"Bearer {world.secret(Role.COMMISSIONING_WORKER)}"}
    program, before = world.app.test_client(), world.contents()
    assert program.get("/api/v1/cases", headers=told_by).status_code == 200
    for rule in world.rules():
        if allowed(rule.endpoint, None):
            continue
        for (path,) in world.addresses(rule, world.ours):
            for method in methods_of(rule):
                answer = program.open(path, method=method, headers=told_by)
                assert answer.status_code in {302, 400, 404}, (method, path)
                if answer.status_code == 302:
                    assert answer.location.startswith("/sign-in"), (method, path)
    assert world.contents() == before
