"""What a night takes from people's work on cases, and what it gives to it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from folders.canonical import AS_OF, LEICESTER, RUTLAND, Sources, cpli, entry, shown, unlisted
from oracle.tables import synthetic_nhs_number
from pandas.testing import assert_frame_equal

from casebook.actions import Action, Ruling, Step
from casebook.desk import Desk
from casebook.levels import ServiceLevels
from casebook.record import Effect, no_about
from casebook.rulings import NOT_DUPLICATE_COLUMNS, Rulings
from casebook.store import Casebook
from flows.account import Account
from flows.nightly import run_night
from flows.ready import ready_to_record
from flows.steps import Done, conclude, open_source, pull_in_memory
from settings.settings import Settings, load_settings

NEXT = AS_OF + timedelta(days=1)
SETTINGS = Settings(identity_key="a key for tests alone")
ALIKE = [cpli(7, provider_id="P1"), cpli(7, provider_id="P1", cpli_id="C7b")]


@pytest.fixture
def troubled(sources: Sources) -> Sources:
    """P1 lists somebody unknown and not number 6; Rutland holds a CPLI of number 7 twice."""
    for council, more in ((LEICESTER, [unlisted(6)]), (RUTLAND, ALIKE)):
        rows = [*sources.cplis[council], *more]
        sources.council(council, rows).portal(council, [*map(shown, rows)])
    rows = [row for rows in sources.cplis.values() for row in rows if row["provider_id"] == "P1"]
    stranger = {
        "nhs_number": synthetic_nhs_number(990),
        "local_authority": LEICESTER,
        "service_type": "HS",
        "start_date": unlisted(6)["start_date"],
    }
    seven = entry(ALIKE[0], cpli_id="", weekly_quantity="28")
    return sources.caseload("P1", [*map(entry, rows), stranger, seven])


def account_of(sources: Sources, rulings: Rulings | None = None) -> Account:
    source, known = open_source(sources.root)
    pulls = pull_in_memory(source, known, as_of=AS_OF, settings=SETTINGS)
    return conclude(pulls, as_of=AS_OF, settings=SETTINGS, rulings=rulings)


def types(discrepancies: pd.DataFrame) -> list[str]:
    return sorted(discrepancies["type"])


def rulings_on(discrepancies: pd.DataFrame, about: pd.DataFrame) -> Rulings:
    """Return that the unknown person is number 6, and that Rutland bought twice on purpose."""
    whole = discrepancies.merge(about, on="discrepancy_id").set_index("type")
    stranger, twice = whole.loc["cpli_not_found"], whole.loc["duplicate_cpli"]
    decision = {
        "same": True,
        "provider_id": "P1",
        "entry_identity": stranger["entry_identities"],
        "local_authority": LEICESTER,
        "person_id": "N6",
    }
    pair = {"local_authority": RUTLAND, "cpli_ids": twice["cpli_ids"]}
    columns = list(NOT_DUPLICATE_COLUMNS)
    return Rulings(
        decisions=pd.DataFrame([decision]),
        not_duplicates=pd.DataFrame([pair], columns=columns).astype("str"),
    )


TROUBLE = ["cpli_not_found", "duplicate_cpli", "support_not_reported"]


def test_what_workers_ruled_is_heeded(troubled):
    account = account_of(troubled)
    assert types(account.frames["discrepancies"]) == TROUBLE
    rulings = rulings_on(account.frames["discrepancies"], account.frames["about"])
    assert types(account_of(troubled, rulings).frames["discrepancies"]) == []
    alone = replace(rulings, decisions=Rulings().decisions)
    assert types(account_of(troubled, alone).frames["discrepancies"]) == [
        "cpli_not_found",
        "support_not_reported",
    ]


def test_a_night_says_whose_each_discrepancy_is_and_whom_it_is_about(troubled):
    account = account_of(troubled)
    about = account.frames["about"]
    assert_frame_equal(account.record.about, about)
    told = account.frames["discrepancies"].merge(about, on="discrepancy_id").set_index("type")
    assert len(told) == len(about) == 3
    assert told["team"].to_dict() == {
        "cpli_not_found": "Leicester queue",
        "duplicate_cpli": "North",
        "support_not_reported": "North",
    }
    assert told["entry_identities"].notna().to_dict() == {
        "cpli_not_found": True,
        "duplicate_cpli": False,
        "support_not_reported": False,
    }


def test_a_night_on_which_nothing_was_assessed_says_nothing_of_anybody(sources):
    account = account_of(sources.remove("providers.csv"))
    assert_frame_equal(account.record.about, no_about())


def test_the_casebook_is_opened_with_the_service_levels_that_are_set(tmp_path, monkeypatch):
    monkeypatch.setenv("CPLI_SERVICE_LEVELS__TARGET_DAYS_HIGH", "1")
    casebook = ready_to_record(tmp_path, settings=load_settings())
    assert casebook.levels == ServiceLevels(target_days_high=1)


@pytest.fixture
def _key(monkeypatch, prefect):
    monkeypatch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")


def run(sources: Sources, out: Path, *councils: str, as_of: date = AS_OF) -> Done:
    return run_night(sources.root, out, as_of=as_of, councils=councils)


@pytest.mark.server
@pytest.mark.xdist_group("prefect")
@pytest.mark.usefixtures("_key")
def test_a_night_heeds_what_was_ruled_on_an_earlier_one_and_no_night_before_that(
    troubled, tmp_path
):
    out = tmp_path / "out"
    run(troubled, out)
    casebook = Casebook.open(f"sqlite:///{out}/casebook.db")
    ids = casebook.discrepancies(AS_OF).set_index("type")["discrepancy_id"]
    number_6 = {"local_authority": LEICESTER, "person_id": "N6"}
    desk = Desk(casebook)
    for kind, step in {
        "cpli_not_found": Step(
            action=Action.RULE, ruling=Ruling.SAME_PERSON, note="Seen", **number_6
        ),
        "duplicate_cpli": Step(action=Action.RULE, ruling=Ruling.NOT_A_DUPLICATE, note="Meant"),
    }.items():
        desk.act(step, {ids[kind]: None}, who="Ada Obi")
    assert run(troubled, out).recorded.effect is Effect.UNCHANGED
    assert types(casebook.discrepancies(AS_OF)) == TROUBLE
    run(troubled, out, as_of=NEXT)
    assert types(casebook.discrepancies(NEXT)) == []


@pytest.mark.server
@pytest.mark.xdist_group("prefect")
@pytest.mark.usefixtures("_key")
def test_a_run_of_chosen_councils_keeps_whose_the_others_discrepancies_are(
    troubled, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    monkeypatch.setenv("CPLI_ROUTING", '[{"team": "Monday"}]')
    run(troubled, out)
    monkeypatch.setenv("CPLI_ROUTING", '[{"team": "Tuesday"}]')
    run(troubled, out, LEICESTER)
    casebook = Casebook.open(f"sqlite:///{out}/casebook.db")
    found = casebook.discrepancies(AS_OF).merge(casebook.about(AS_OF), on="discrepancy_id")
    assert found.set_index("type")["team"].to_dict() == {
        "cpli_not_found": "Tuesday",
        "duplicate_cpli": "Monday",
        "support_not_reported": "Tuesday",
    }
    assert found.set_index("type")["entry_identities"].notna()["cpli_not_found"]
