"""docs/alerts.md lists every kind, every fault and every field, and its settings can be used."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from alerts.said import TELLING, webhook
from servers.fhir import Between

from casebook.alerts import NEWS_FOR, AlertKind
from connectors.alerts.faults import LATER, OF_ONE_MESSAGE, PASSING, SENTENCES, Fault
from connectors.alerts.hook import Hook
from settings.alerts import Alerts

TEXT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """Return the first two cells of a section's table."""
    section = TEXT.partition(f"## {heading}")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section, re.MULTILINE))


def test_every_kind_has_a_row() -> None:
    assert set(rows("What people are told of")) == set(AlertKind)


def test_every_fault_has_a_row_that_says_what_is_tried_again() -> None:
    faults = rows("What can go wrong")
    assert set(faults) == set(SENTENCES) == set(Fault)
    assert {it for it in Fault if faults[it].startswith("at once")} == PASSING
    assert {it for it in Fault if not faults[it].endswith("once")} == LATER
    assert not OF_ONE_MESSAGE & LATER


@pytest.mark.server
def test_every_field_that_the_webhook_gets_has_a_row(hook: Between) -> None:
    place = webhook(hook).place()
    assert place is not None
    Hook(place).post(TELLING)
    assert list(rows("The webhook")) == list(json.loads(hook.asked[0].body))


def test_the_settings_that_it_shows_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = tomllib.loads(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0])["alerts"]
    shown["email"]["password"], shown["webhook"]["token"] = "a secret", "a-secret"
    alerts = Alerts.model_validate(shown)
    assert alerts.email.place() is not None
    assert alerts.webhook.place() is not None


def test_how_long_news_are_told_is_said() -> None:
    assert f"over for {NEWS_FOR.days} days" in TEXT
