"""Nobody sees or changes anything of another organisation, whatever is asked for and however."""

from dataclasses import replace

import pytest
from sweeping import World, body_of, everything, methods_of, roles, text_of, told
from worklist_record import open_cases

from schemas.accounts import Role

ADMINISTERED = "accounts."
"""Administrators look after everybody's accounts; these pages show no record of people."""


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(None, Role.PROVIDER_USER, Role.TEAM_LEAD, Role.MANAGER))
def test_what_is_another_organisations_answers_as_what_does_not_exist(
    world: World, role: Role | None
) -> None:
    before = world.contents()
    browser, token = world.browser(role), world.token(role)
    version = open_cases(world.casebook, council=world.theirs.council)[0]["version"]
    asked = 0
    for rule in world.rules():
        if rule.endpoint.startswith(ADMINISTERED) and role is Role.ADMINISTRATOR:
            continue
        if rule.endpoint == "signing_in.sign_out":
            continue
        for pair in world.addresses(rule, world.theirs, world.made_up):
            for method in methods_of(rule):
                answers: list[tuple[object, ...]] = []
                for path, ids in zip(pair, (world.theirs, world.made_up), strict=True):
                    fields = everything(ids, version, token) if method != "GET" else None
                    query = f"?council={ids.council}" if method == "GET" else ""
                    answer = browser.open(path + query, method=method, data=fields, buffered=True)
                    said = told(answer, world.theirs, world.made_up)
                    if role is not None and answer.status_code in {302, 303}:
                        after = browser.get("/account")  # which tells what was done, if anything
                        said = (*said, *told(after, world.theirs, world.made_up))
                    answers.append(said)
                    asked += 1
                    assert answer.status_code < 500, (method, path)
                    assert not any(each in text_of(answer) for each in world.their_people), path
                assert answers[0] == answers[1], (method, pair)
                if rule.arguments & {"discrepancy_id", "reference", "number", "council", "owner"}:
                    assert answers[0][0] in {302, 403, 404}, (method, pair)
    assert asked > 100
    assert world.contents() == before


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("role", roles(None, Role.PROVIDER_USER, Role.TEAM_LEAD))
def test_a_program_meets_nothing_of_another_organisation(world: World, role: Role | None) -> None:
    told_by = {"Authorization": f"Bearer {world.secret(role)}"}
    before = world.contents()
    program = world.app.test_client()
    version = open_cases(world.casebook, council=world.theirs.council)[0]["version"]
    for rule in world.rules(api=True):
        for pair in world.addresses(rule, world.theirs, world.made_up):
            for method in methods_of(rule):
                answers: list[tuple[object, ...]] = []
                for path, ids in zip(pair, (world.theirs, world.made_up), strict=True):
                    sent = None if method == "GET" else body_of(rule.endpoint, version)
                    query = "?council=" + ids.council if rule.endpoint == "api.cases" else ""
                    answer = program.open(path + query, method=method, json=sent, headers=told_by)
                    assert answer.status_code < 500, (method, path)
                    assert not any(each in text_of(answer) for each in world.their_people), path
                    answers.append(told(answer, world.theirs, world.made_up))
                assert answers[0] == answers[1], (method, pair)
                if "discrepancy_id" in rule.arguments:
                    assert answers[0][0] in {401, 403, 404}, (method, pair, answers[0])
    assert world.contents() == before


def test_the_sweep_would_see_what_can_be_seen_and_changed(world: World) -> None:
    role = Role.COMMISSIONING_WORKER
    browser = world.browser(role)
    address = f"/cases/{world.ours.discrepancy_id}"
    assert browser.get(address).status_code == 200
    before = world.contents()
    version = open_cases(world.casebook, council=world.ours.council)[0]["version"]
    sent = everything(world.ours, version, world.token(role))
    assert browser.post(f"{address}/note", data=sent).status_code == 303
    assert world.contents() != before
    provider = world.browser(Role.PROVIDER_USER)
    for path in (
        f"/questions/{world.ours.reference}",
        f"/lists/{world.ours.numbers['provider.receipt']}",
        f"/notices/{world.ours.numbers['provider.notice_file']}/txt",
    ):
        assert provider.get(path).status_code == 200, path
    manager = world.browser(Role.MANAGER)
    night = f"/nights/{world.ours.night}"
    assert manager.get(f"{night}/councils/{world.ours.council}/held").status_code == 200


def test_many_cases_at_once_are_ones_own_alone(world: World) -> None:
    role = Role.TEAM_LEAD
    cases = {
        ids.council: open_cases(world.casebook, council=ids.council)[-1]
        for ids in (world.ours, world.theirs)
    }
    versions = [f"{each['discrepancy_id']}:{each['version']}" for each in cases.values()]
    fields = everything(replace(world.ours), 0, world.token(role)) | {"case": versions}
    answer = world.browser(role).post("/cases/bulk", data=fields)
    assert answer.status_code == 303
    after = {
        ids.council: open_cases(world.casebook, council=ids.council)[-1]["version"]
        for ids in (world.ours, world.theirs)
    }
    assert after[world.theirs.council] == cases[world.theirs.council]["version"]
    assert after[world.ours.council] != cases[world.ours.council]["version"]
