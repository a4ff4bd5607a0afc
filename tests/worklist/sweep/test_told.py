"""No name, number or reference of a person leaves the middle of a page that somebody may see."""

import logging
import re

import pytest
from bs4 import BeautifulSoup
from sweeping import World, body_of, everything, methods_of, roles, text_of
from worklist_record import open_cases

from schemas.accounts import Role

ADDRESSES = re.compile(r'(?:href|action|src)="([^"]*)"')


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(None, Role.PROVIDER_USER, Role.TEAM_LEAD))
def test_nothing_personal_is_in_a_log_a_title_an_address_a_cookie_or_an_error(
    world: World, role: Role | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser, token, walked = world.browser(role), world.token(role), 0
    headers = {"Authorization": f"Bearer {world.secret(role)}"}
    version = open_cases(world.casebook, council=world.ours.council)[0]["version"]
    person = next(each for each in world.people if each.startswith("999"))
    for rule in (*world.rules(), *world.rules(api=True)):
        api = rule.rule.startswith("/api/")
        if rule.endpoint == "signing_in.sign_out":
            continue
        for (path,) in world.addresses(rule, world.ours):
            for method in methods_of(rule):
                fields = everything(world.ours, version, token) | {"text": person}
                if method == "GET":
                    answer = browser.get(path, headers=headers if api else None, buffered=True)
                elif api:
                    body = body_of(rule.endpoint, version)
                    body |= {"text": person} if "text" in body else {}
                    answer = browser.open(path, method=method, json=body, headers=headers)
                else:
                    answer = browser.open(path, method=method, data=fields)
                said = str(answer.headers)
                if answer.mimetype == "text/html":
                    page = BeautifulSoup(text_of(answer), "html.parser")
                    said += page.title.get_text() if page.title else ""
                    said += " ".join(ADDRESSES.findall(text_of(answer)))
                if answer.status_code >= 400 and not path.startswith("/cases/"):
                    said += text_of(answer)
                found = [each for each in world.people if each in said]
                assert not found, (method, path)
                walked += 1
    assert walked > 50
    logged = caplog.text
    assert not [each for each in world.people if each in logged]
    assert token not in logged
