"""Accounts, tokens and access histories from the command line."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from signed import GOOD

from casebook.audit import Actor, AuditEntry
from casebook.store import Casebook
from cli.main import main
from schemas.accounts import Role, Seen

CODE = re.compile(r"\b[A-Z2-9]{5}(?:-[A-Z2-9]{5}){3}\b")
JO = "jo.bell@example.gov.uk"
Command = Callable[..., str]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty record once: its tables take a second."""
    file = tmp_path_factory.mktemp("empty") / "casebook.db"
    Casebook.open(f"sqlite:///{file}")
    return file


@pytest.fixture
def record(empty: Path, tmp_path: Path) -> Casebook:
    """Open an empty record where the command looks for one."""
    shutil.copyfile(empty, tmp_path / "casebook.db")
    return Casebook.open(f"sqlite:///{tmp_path / 'casebook.db'}")


@pytest.fixture
def cpli(record: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command and returns what it says."""

    def run(*arguments: str, ends_with: int = 0) -> str:
        assert main([*arguments, "--out", str(tmp_path)]) == ends_with
        said = capsys.readouterr()
        return " ".join((said.out + said.err).split())

    return run


@pytest.fixture
def code(cpli: Command) -> str:
    """Add an administrator and return the code for the first password."""
    said = cpli("user", "add", JO, "--name", "Jo Bell", "--role", "administrator", "--who", "sam")
    assert f"The account of {JO} is added: Administrator, all councils." in said
    assert "http://127.0.0.1:8080/sign-in/password" in said
    return CODE.search(said)[0]


def test_the_first_administrator_is_made_and_sets_a_password(
    record: Casebook, cpli: Command, code: str
) -> None:
    assert "no password yet" in cpli("user", "list")
    record.accounts().set_password(JO, code=code, password=GOOD, place=None)
    assert "active" in cpli("user", "list")
    added = record.audit().history_of_account(1)[0].entry
    assert (added.what, added.by.who) == (Seen.ACCOUNT_ADDED, "sam at the command line")


@pytest.mark.parametrize(
    ("deed", "said", "standing"),
    [
        ("disable", "is disabled", "disabled"),
        ("enable", "is enabled", "active"),
        ("unlock", "is unlocked", "active"),
        ("sign-out", "is signed out everywhere", "active"),
        ("reset", "sets a password once", "no password yet"),
    ],
)
def test_an_account_is_looked_after(
    record: Casebook, cpli: Command, code: str, deed: str, said: str, standing: str
) -> None:
    record.accounts().set_password(JO, code=code, password=GOOD, place=None)
    assert said in cpli("user", deed, JO.upper())
    assert standing in cpli("user", "list")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        (["--role", "king"], "Invalid value for '--role'"),
        (["--role", "provider_user"], "names its provider"),
        (["--role", "manager", "--provider", "P0001"], "no other account names a provider"),
        (["--role", "manager", "--council", "Atlantis"], "knows the council Atlantis"),
    ],
)
def test_an_account_that_cannot_be_meant_ends_with_two(
    cpli: Command, more: list[str], wrong: str
) -> None:
    assert wrong in cpli("user", "add", JO, "--name", "Jo Bell", *more, ends_with=2)
    assert JO not in cpli("user", "list")


def test_accounts_of_a_provider_and_of_a_council_that_no_night_knows_yet(
    record: Casebook, cpli: Command
) -> None:
    cpli("user", "add", JO, "--name", "Jo", "--role", "provider_user", "--provider", "P0001")
    kim = ["kim@example.gov.uk", "--name", "Kim", "--role", "team_lead"]
    assert "Rutland" in cpli("user", "add", *kim, "--council", "E06000017", "--team", "North")
    users = [account.user for account in record.accounts().listed()]
    assert [(user.role, user.provider_id, user.council, user.team) for user in users] == [
        (Role.PROVIDER_USER, "P0001", None, None),
        (Role.TEAM_LEAD, None, "E06000017", "North"),
    ]


def test_a_token_is_shown_once_and_revoked(record: Casebook, cpli: Command, code: str) -> None:
    said = cpli("user", "issue-token", JO, "--name", "Case system", "--days", "30")
    secret = re.search(r"cpli_\S+", said)[0]
    assert record.tokens().user_of(secret).email == JO
    listed = cpli("user", "tokens", JO)
    assert "Case system" in listed
    assert secret not in listed
    assert "Token 1 is revoked" in cpli("user", "revoke-token", "1")
    assert record.tokens().user_of(secret) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "disable", "nobody@example.gov.uk"],
        ["user", "issue-token", "nobody@example.gov.uk", "--name", "x"],
        ["user", "revoke-token", "7"],
        ["access"],
        ["access", "--person", "R-1"],
        ["access", "--council", "E06000017"],
        ["access", "--case", "c1", "--user", JO],
        ["access", "--council", "E06000017", "--case", "c1"],
        ["access", "--user", "nobody@example.gov.uk"],
    ],
)
def test_what_is_not_there_or_not_said_ends_with_two(cpli: Command, arguments: list[str]) -> None:
    cpli(*arguments, ends_with=2)


def test_a_misspelt_folder_does_not_become_a_record(tmp_path: Path) -> None:
    assert main(["user", "list", "--out", str(tmp_path / "nihgts")]) == 2
    assert not (tmp_path / "nihgts").exists()


def test_an_access_history_says_who_looked_and_is_itself_on_record(
    record: Casebook, cpli: Command, code: str, tmp_path: Path
) -> None:
    record.audit().note(
        AuditEntry(
            by=Actor(account=1, who=JO, place="203.0.113.5"),
            what=Seen.CASE,
            discrepancy_id="c1",
            local_authority="E06000017",
            person_id="R-104",
        )
    )
    person = ["--council", "E06000017", "--person", "R-104"]
    for about in (person, ["--case", "c1"], ["--user", JO]):
        said = cpli("access", *about, "--who", "sam")
        assert f"{JO} looked at a case" in said
        assert "203.0.113.5" in said
    file = tmp_path / "access.csv"
    assert "2 entries" in cpli("access", *person, "--csv", str(file))
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1:3] for line in lines] == [
        ["Who", "What"],
        [JO, "looked at a case"],
        ["sam at the command line", "looked at an access history"],
    ]
