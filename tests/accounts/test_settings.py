"""How the worklist and a council's sign-in can be set, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import WrongUsage
from settings.identity import worklist_with_key
from settings.settings import Settings, load_settings

FILE = """
[places.here]
connector = "folder"
path = "."
[providers]
place = "here"
file = "providers.csv"
[caseloads]
place = "here"
[councils.rutland]
code = "E06000017"
cpli = {{ place = "here", file = "cpli.csv" }}
[worklist]
{}
"""
OIDC = """
[worklist.oidc]
issuer = "https://login.example.gov.uk"
client_id = "cpli"
council = "E06000017"
roles = { leads = "team_lead" }
"""
Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return what reads a file of settings with a worklist."""

    def read(worklist: str) -> Settings:
        file = tmp_path / "cpli.toml"
        file.write_text(FILE.format(worklist), encoding="utf-8")
        return load_settings(file)

    return read


def problems(load: Load, worklist: str) -> str:
    with pytest.raises(WrongUsage) as wrong:
        load(worklist)
    return str(wrong.value)


def test_a_councils_sign_in_is_set_in_the_file_and_its_secret_elsewhere(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPLI_WORKLIST__OIDC__CLIENT_SECRET", "hush")
    oidc = load(OIDC).worklist.oidc
    assert oidc.client_secret.get_secret_value() == "hush"
    assert (oidc.issuer, oidc.roles) == ("https://login.example.gov.uk", {"leads": "team_lead"})
    assert load_settings().worklist.oidc.issuer is None  # of a site that is not told of


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://", "http://", "https://HOST"),
        ('"team_lead"', '"provider_user"', "but not provider_user"),
        ('"team_lead"', '"king"', "must be roles"),
        ('council = "E06000017"', "", "see the cases of all"),
        ('"E06000017"', '"Rutland"', "GSS code, or all"),
        ('client_id = "cpli"', "", "belong together"),
        ('council = "E06000017"', 'council_claim = "org"', "belong together"),
        ("[worklist.oidc]", '[worklist.oidc]\ncouncil_claim = "org"', "see the cases of all"),
        ("[worklist.oidc]", '[worklist.oidc]\nclient_secret = "hush"', "it is a secret"),
        ("[worklist.oidc]", 'secret_key = "hush"\n[worklist.oidc]', "it is a secret"),
        ("[worklist.oidc]", 'public_url = "https://a/b"\n[worklist.oidc]', "without a path"),
        ("[worklist.oidc]", "session_hours = 100\n[worklist.oidc]", "session_hours"),
    ],
)
def test_what_would_let_in_the_wrong_people_is_refused_and_no_secret_quoted(
    load: Load, before: str, after: str, said: str
) -> None:
    told = problems(load, OIDC.replace(before, after, 1))
    assert said in told
    assert "hush" not in told


def test_a_key_is_long_and_without_one_it_is_made_from_that_of_ids(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def key() -> Any:
        return worklist_with_key(load_settings(), state=tmp_path).secret_key.get_secret_value()

    made = key()
    assert len(made) == 64
    assert key() == made
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "another key of ids")
    assert key() != made
    monkeypatch.setenv("CPLI_WORKLIST__SECRET_KEY", "k" * 32)
    assert key() == "k" * 32
    monkeypatch.setenv("CPLI_WORKLIST__SECRET_KEY", "k" * 31)
    with pytest.raises(WrongUsage, match="at least 32 characters"):
        key()
