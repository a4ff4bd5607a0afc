"""Which accounts there can be, whose cases they see, and what a council's sign-in opens."""

from dataclasses import replace

import pytest
from signed import BY, COUNCILS, GOOD, account, with_password

from casebook.accounts import Accounts, AccountTaken, SignInRefused
from casebook.store import Casebook
from schemas.accounts import Role, Seen, User
from schemas.errors import WrongUsage

LEICESTER, RUTLAND = "E06000016", "E06000017"
OF_COUNCIL = User(
    number=0, email="kim.day@example.gov.uk", name="Kim Day", role=Role.MANAGER, council=RUTLAND
)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "nobody"}, "email address"),
        ({"email": "a b@example.gov.uk"}, "email address"),
        ({"email": f"{'a' * 250}@example.gov.uk"}, "email address"),
        ({"name": " "}, "a name"),
        ({"name": "Jo\u202eBell"}, "a name"),
        ({"provider_id": "P0001"}, "no other account names a provider"),
        ({"role": Role.PROVIDER_USER}, "names its provider"),
        ({"role": Role.PROVIDER_USER, "provider_id": "P1", "council": RUTLAND}, "no council"),
        ({"role": Role.PROVIDER_USER, "provider_id": "P1", "team": "North"}, "no council"),
    ],
)
def test_an_account_that_cannot_be_meant_is_refused(
    accounts: Accounts, wrong: dict[str, object], said: str
) -> None:
    right = User(number=0, email="jo@example.gov.uk", name="Jo Bell", role=Role.MANAGER)
    with pytest.raises(WrongUsage, match=said):
        accounts.add(replace(right, **wrong), by=BY)


def test_an_address_has_one_account_capitals_aside(casebook: Casebook, accounts: Accounts) -> None:
    user = account(casebook, Role.MANAGER)
    with pytest.raises(WrongUsage, match="already"):
        accounts.add(replace(user, email=user.email.upper()), by=BY)


@pytest.mark.parametrize(
    ("role", "council", "seen"),
    [
        (Role.COMMISSIONING_WORKER, LEICESTER, (LEICESTER,)),
        (Role.TEAM_LEAD, RUTLAND, (RUTLAND,)),
        (Role.MANAGER, None, (*COUNCILS, None)),
        (Role.PROVIDER_USER, None, (*COUNCILS, None)),
        (Role.DATA_ENGINEER, None, ()),
        (Role.ADMINISTRATOR, None, ()),
        (Role.ADMINISTRATOR, LEICESTER, ()),
    ],
)
def test_everybody_sees_the_cases_of_the_own_council_and_who_looks_after_things_none(
    role: Role, council: str | None, seen: tuple[str | None, ...]
) -> None:
    user = User(number=1, email="", name="", role=role, council=council)
    assert user.councils_seen(list(COUNCILS)) == seen


def test_each_deed_is_on_record_with_who_did_it(casebook: Casebook, accounts: Accounts) -> None:
    user = account(casebook, Role.COMMISSIONING_WORKER)
    accounts.change(replace(user, role=Role.TEAM_LEAD, council=RUTLAND), by=BY)
    accounts.disable(user.number, by=BY)
    accounts.enable(user.number, by=BY)
    accounts.unlock(user.number, by=BY)
    accounts.sign_out(user.number, by=BY)
    accounts.reset(user.number, by=BY)
    found = accounts.account(user.number)
    assert found is not None
    assert found.user == replace(user, role=Role.TEAM_LEAD, council=RUTLAND)
    told = casebook.audit().history_of_account(user.number)
    assert [each.entry.what for each in told] == [
        Seen.ACCOUNT_ADDED, Seen.ACCOUNT_CHANGED, Seen.ACCOUNT_DISABLED, Seen.ACCOUNT_ENABLED,
        Seen.ACCOUNT_UNLOCKED, Seen.SESSIONS_ENDED, Seen.ACCOUNT_RESET,
    ]  # fmt: skip
    assert {each.entry.by for each in told} == {BY}


@pytest.mark.parametrize("deed", ["disable", "enable", "unlock", "sign_out", "reset"])
def test_nothing_can_be_done_to_an_account_that_is_not_there(accounts: Accounts, deed: str) -> None:
    with pytest.raises(WrongUsage, match="no such account"):
        getattr(accounts, deed)(10_000, by=BY)


def test_a_councils_sign_in_makes_an_account_once_and_brings_it_up_to_date(
    accounts: Accounts,
) -> None:
    first = accounts.of_council("issuer#kim", OF_COUNCIL, place=None)
    moved = replace(OF_COUNCIL, name="Kim Night", role=Role.TEAM_LEAD, council=LEICESTER)
    again = accounts.of_council("issuer#kim", moved, place=None)
    assert again == replace(moved, number=first.number)
    assert accounts.account(first.number).by_council
    with pytest.raises(WrongUsage, match="council account"):
        accounts.reset(first.number, by=BY)


def test_a_councils_sign_in_opens_no_account_but_its_own(
    casebook: Casebook, accounts: Accounts
) -> None:
    local = with_password(casebook, account(casebook, Role.ADMINISTRATOR))
    with pytest.raises(AccountTaken):
        accounts.of_council("issuer#x", replace(OF_COUNCIL, email=local.email), place=None)
    known = replace(OF_COUNCIL, email="lee.may@example.gov.uk")
    accounts.of_council("issuer#lee", known, place=None)
    with pytest.raises(AccountTaken):
        accounts.of_council("issuer#lee", replace(known, email=local.email), place=None)
    with pytest.raises(AccountTaken):
        accounts.of_council("another issuer#lee", known, place=None)
    assert accounts.check_password(local.email, GOOD, place=None).user == local


def test_a_council_account_has_no_password(accounts: Accounts) -> None:
    user = accounts.of_council(
        "issuer#ann", replace(OF_COUNCIL, email="ann.lowe@example.gov.uk"), place=None
    )
    with pytest.raises(SignInRefused):
        accounts.check_password(user.email, "", place=None)


def test_who_is_disabled_is_let_in_by_nothing(casebook: Casebook, accounts: Accounts) -> None:
    user = with_password(casebook, account(casebook, Role.MANAGER))
    accounts.disable(user.number, by=BY)
    with pytest.raises(SignInRefused):
        accounts.signed_in(user.number, place=None)


def test_an_administrator_who_could_open_any_account_is_of_no_single_council(casebook):
    with pytest.raises(WrongUsage, match="name no council"):
        account(casebook, Role.ADMINISTRATOR, council="E06000017")
    lead = account(casebook, Role.TEAM_LEAD, council="E06000017")
    with pytest.raises(WrongUsage, match="name no council"):
        casebook.accounts().change(replace(lead, role=Role.ADMINISTRATOR), by=BY)
