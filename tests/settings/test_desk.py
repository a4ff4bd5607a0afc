"""Service levels, routing, queues, retention: what they set, and what is said of faults."""

from datetime import date
from pathlib import Path

import pytest

from casebook.levels import ServiceLevels
from schemas.errors import WrongUsage
from settings.desk import Retention, Route
from settings.settings import Settings, load_settings

SITE = """
default_queue = "Joint desk"

[places.here]
connector = "folder"
path = "in"

[providers]
place = "here"
file = "providers.csv"

[caseloads]
place = "here"

[councils.leicester]
code = "E06000016"
default_queue = "Contracts"

[councils.leicester.cpli]
place = "here"
file = "cpli.csv"

[councils.rutland]
code = "E06000017"

[councils.rutland.cpli]
place = "here"
file = "rutland.csv"

[[routing]]
councils = ["leicester", "E06000017"]
service_types = ["HS"]
providers = ["P0001"]
districts = ["Oakham"]
types = ["quantity_differs"]
team = " Home care "
worker = "A. Clerk"

[[routing]]
team = "Everybody"

[service_levels]
target_days_high = 1
extra_bank_holidays = [2027-05-08]

[retention]
closed_cases_days = 800
"""


def settings_of(tmp_path: Path, text: str = SITE) -> Settings:
    config = tmp_path / "cpli.toml"
    config.write_text(text, encoding="utf-8")
    return load_settings(config)


def faults_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(WrongUsage) as refused:
        settings_of(tmp_path, text)
    return str(refused.value).split("\n- ")[1:]


def line_of(text: str) -> int:
    return SITE[: SITE.index(text)].count("\n") + 1


def test_what_is_not_set_is_as_the_casebook_has_it():
    settings = load_settings()
    assert settings.service_levels == ServiceLevels()
    assert settings.routing == ()
    assert settings.default_queue == "LLR queue"
    assert settings.queues == {}
    assert settings.retention == Retention(
        closed_cases_days=730, nights_days=400, received_days=90, results_days=400
    )


def test_a_file_says_who_looks_at_what_and_how_soon(tmp_path: Path):
    settings = settings_of(tmp_path)
    assert settings.service_levels == ServiceLevels(
        target_days_high=1, extra_bank_holidays=(date(2027, 5, 8),)
    )
    assert settings.routing == (
        Route(
            councils=("leicester", "E06000017"),
            service_types=("HS",),
            providers=("P0001",),
            districts=("Oakham",),
            types=("quantity_differs",),
            team="Home care",
            worker="A. Clerk",
        ),
        Route(team="Everybody"),
    )
    assert settings.default_queue == "Joint desk"
    assert settings.queues == {"E06000016": "Contracts"}
    assert settings.codes == {"leicester": "E06000016", "rutland": "E06000017"}
    assert settings.retention == Retention(closed_cases_days=800)


def test_service_levels_are_set_in_the_environment_holidays_with_commas(monkeypatch):
    monkeypatch.setenv("CPLI_SERVICE_LEVELS__TARGET_DAYS_LOW", "20")
    monkeypatch.setenv("CPLI_SERVICE_LEVELS__EXTRA_BANK_HOLIDAYS", "2027-05-08, 2027-06-01,")
    monkeypatch.setenv("CPLI_RETENTION__NIGHTS_DAYS", "30")
    settings = load_settings()
    assert settings.service_levels == ServiceLevels(
        target_days_low=20, extra_bank_holidays=(date(2027, 5, 8), date(2027, 6, 1))
    )
    assert settings.retention.nights_days == 30


def test_all_faults_are_listed_at_once_each_with_its_line(tmp_path: Path):
    text = SITE
    for sound, broken in {
        'default_queue = "Contracts"': 'default_queue = ""',
        '["leicester", "E06000017"]': '["leicestershire"]',
        '["HS"]': '["HS", "home care"]',
        '["P0001"]': "[]",
        '["quantity_differs"]': '["quantity"]',
        'team = "Everybody"': 'taem = "Everybody"',
        "target_days_high = 1": "target_days_high = 0\ndue_soon_days = -1\nresolution_days = 251",
        "closed_cases_days = 800": "closed_cases_days = 0",
    }.items():
        assert sound in text
        text = text.replace(sound, broken)
    levels = (
        "target_days_high must lie between 1 and 250;"
        " due_soon_days must lie between 0 and 250; resolution_days must lie between 1 and 250"
    )
    empty = "it must not be empty: leave it out where all are meant"
    unknown = "it names a council that is not under [councils], by its name or its code"
    assert faults_of(tmp_path, text) == [
        f"cpli.toml, line {line}: {setting}: {wrong}"
        for line, setting, wrong in (
            (
                line_of('default_queue = "Contracts"'),
                "councils.leicester.default_queue",
                "it must not be empty",
            ),
            (line_of('councils = ["leicester"'), "routing.1.councils", unknown),
            (
                line_of("service_types"),
                "routing.1.service_types",
                "it must be codes of service types",
            ),
            (line_of("providers = ["), "routing.1.providers", empty),
            (line_of('types = ["quantity'), "routing.1.types", "it must be types of discrepancies"),
            (
                line_of("[[routing]]\nteam"),
                "routing.2.team",
                "it is missing: add it",
            ),
            (
                line_of('team = "Everybody"'),
                "routing.2.taem",
                "there is no such setting here: did you mean team?",
            ),
            (line_of("[service_levels]"), "service_levels", levels),
            (
                line_of("closed_cases_days") + 2,
                "retention.closed_cases_days",
                "it must be at least 1",
            ),
        )
    ]


@pytest.mark.parametrize(
    ("sound", "broken", "fault"),
    [
        ("[2027-05-08]", '["soon"]', "it must be a date, such as 2026-12-25"),
        ("[2027-05-08]", "[2027-05-08T09:00:00]", "it must be a date, such as 2026-12-25"),
        ("target_days_high = 1", "target_days_high = 6", "must not become fewer in this order"),
        ("target_days_high = 1", "target_days_urgent = 1", "did you mean target_days"),
        ('team = "Everybody"', 'team = "  "', "routing.2.team: it must not be empty"),
        ('[[routing]]\nteam = "Everybody"', "", ""),
        ("[[routing]]", "[routing]", "routing"),
        ('["HS"]', '"HS"', "routing.1.service_types: it must be a list in square brackets"),
        ('code = "E06000017"', 'code = ["E06000017"]', "it must be text in quotation marks"),
        ("closed_cases_days = 800", "closed_case_days = 800", "did you mean closed_cases_days?"),
    ],
)
def test_a_fault_is_told_with_what_would_mend_it(tmp_path: Path, sound, broken, fault):
    assert sound in SITE
    text = SITE.replace(sound, broken)
    if not fault:
        assert len(settings_of(tmp_path, text).routing) == 1
    elif sound == "[[routing]]":
        text = SITE.replace('[[routing]]\nteam = "Everybody"', "").replace(sound, broken)
        assert "it must be a list" in " ".join(faults_of(tmp_path, text))
    else:
        assert fault in " ".join(faults_of(tmp_path, text))
