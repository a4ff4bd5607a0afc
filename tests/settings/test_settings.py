from dataclasses import replace
from pathlib import Path

import pytest

from reconciliation import Tolerances
from schemas.errors import WrongUsage
from settings.database import database_url
from settings.settings import Settings, load_settings

SECRET = "correct-horse-battery"


def refusal_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongUsage) as refused:
        load_settings()
    return str(refused.value)


def test_what_is_not_set_is_as_the_rules_have_it():
    settings = load_settings()
    assert settings.tolerances == Tolerances()
    assert settings.database.url is None
    assert settings.identity_key is None


def test_a_threshold_is_set_by_its_name(monkeypatch):
    monkeypatch.setenv("CPLI_TOLERANCES__SPELL_GAP_DAYS", "9")
    assert load_settings().tolerances == replace(Tolerances(), spell_gap_days=9)


def test_service_types_are_set_with_commas_between_them(monkeypatch):
    monkeypatch.setenv("CPLI_TOLERANCES__UNRECONCILED_SERVICE_TYPES", "DP, EQ,M,")
    assert load_settings().tolerances.unreconciled_service_types == ("DP", "EQ", "M")


def test_an_empty_variable_sets_nothing(monkeypatch):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "")
    assert load_settings().identity_key is None


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().out = Path("elsewhere")


def test_every_problem_is_listed_at_once(monkeypatch):
    said = refusal_of(
        monkeypatch,
        CPLI_TOLERANCES__SPELL_GAP_DAYS="a week",
        CPLI_DATABASE__WAIT_SECONDS="-1",
        CPLI_IDENTITY_KEY="short",
        CPLI_TOLERANCE__SPELL_GAP_DAYS="7",
        PANDERA_VALIDATION_ENABLED="False",
    )
    for name in (
        "CPLI_TOLERANCES__SPELL_GAP_DAYS",
        "CPLI_DATABASE__WAIT_SECONDS",
        "CPLI_IDENTITY_KEY",
        "CPLI_TOLERANCE__SPELL_GAP_DAYS",
        "PANDERA_VALIDATION_ENABLED",
    ):
        assert f"- {name}" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CPLI_TOLERANCES__WINDOW_MONTHS", "0"),
        ("CPLI_TOLERANCES__START_TOLERANCE_DAYS", "-1"),
        ("CPLI_TOLERANCES__CASELOAD_MIN_SHARE", "1.5"),
        ("CPLI_TOLERANCES__POSSIBLE_MATCH_FROM", "nan"),
        ("CPLI_TOLERANCES__UNRECONCILED_SERVICE_TYPES", "DP,XX"),
        ("CPLI_TOLERANCES__UNKNOWN", "1"),
        ("CPLI_TOLERANCES", "not json"),
        ("CPLI_DATABASE__UNKNOWN", "1"),
        ("PANDERA_VALIDATION_ENABLED", "TRUE"),
        ("PANDERA_VALIDATION_ENABLED", ""),
        ("PANDERA_VALIDATION_DEPTH", "SCHEMA_ONLY"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(monkeypatch, name, value):
    field = name.rpartition("__")[2].removeprefix("CPLI_").lower()
    assert field in refusal_of(monkeypatch, **{name: value}).lower()


@pytest.mark.parametrize("key", [" " * 16, "short".ljust(20)])
def test_blanks_make_no_key(monkeypatch, key):
    assert "at least 16 characters" in refusal_of(monkeypatch, CPLI_IDENTITY_KEY=key)


@pytest.mark.parametrize("group", ["CPLI_TOLERANCES", "CPLI_DATABASE"])
def test_a_group_that_is_set_as_a_whole_is_refused_with_what_to_write(monkeypatch, group):
    said = refusal_of(monkeypatch, **{group: "postgresql://db/cpli"})
    assert f"- {group}: set each part of it by itself" in said
    assert "Source" not in said


@pytest.mark.parametrize("value", ["True", "true", "1"])
def test_contracts_that_are_switched_on_are_no_problem(monkeypatch, value):
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", value)
    monkeypatch.setenv("PANDERA_VALIDATION_DEPTH", "SCHEMA_AND_DATA")
    assert isinstance(load_settings(), Settings)


def test_no_refusal_quotes_what_was_set(monkeypatch):
    said = refusal_of(
        monkeypatch,
        CPLI_DATABASE=SECRET,
        CPLI_TOLERANCES__SPELL_GAP_DAYS=SECRET,
        CPLI_DATABASE__PASSWORD=SECRET,
    )
    assert SECRET not in said


def test_secrets_do_not_show_in_the_settings(monkeypatch):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", SECRET)
    monkeypatch.setenv("CPLI_DATABASE__URL", f"postgresql://cpli:{SECRET}@db/cpli")
    assert SECRET not in f"{load_settings()!r}"


def test_the_record_lies_beside_the_nights_unless_another_place_is_set(tmp_path, monkeypatch):
    from sqlalchemy import make_url

    awkward = tmp_path / "50% of nights?#é"
    url = database_url(load_settings(), awkward)
    assert make_url(url).database == str(awkward / "casebook.db")
    monkeypatch.setenv("CPLI_DATABASE__URL", "postgresql://db/cpli")
    assert database_url(load_settings(), awkward) == "postgresql://db/cpli"
