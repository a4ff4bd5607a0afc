"""That what was changed behind the casebook's back shows, wherever it stands."""

import re
from datetime import UTC, datetime

import pandas as pd
import pytest
from nights.copies import Copied
from nights.examples import FIRST, SECOND, THIRD, discrepancies, discrepancy_id, night
from sqlalchemy import text

from casebook.actions import Action, Step
from casebook.desk import Desk
from casebook.record import TIMELINESS_TYPES
from casebook.store import Casebook

NOT_WHOLE = "The night of 2026-11-20 does not hold any more what was recorded"
CASE = f"'{discrepancy_id('7')}'"


@pytest.fixture
def whole(copied: Copied) -> Casebook:
    """Return a casebook of three nights, with an action."""
    return copied(three_nights)


def three_nights(casebook: Casebook) -> None:
    casebook.clock = lambda: datetime(2026, 11, 19, 10, tzinfo=UTC)
    casebook.record(night(FIRST, discrepancies(range(10))))
    step = Step(action=Action.ASSIGN, team="North")
    Desk(casebook).act(step, {discrepancy_id("7"): None}, who="jo")
    measured = pd.DataFrame(
        [["E06000016", "provider", "P1", 3, 1.5, 4.0, 0.25]], columns=list(TIMELINESS_TYPES)
    ).astype(TIMELINESS_TYPES)
    casebook.record(night(SECOND, discrepancies(range(5, 15)), timeliness=measured))
    casebook.record(night(THIRD, discrepancies(range(5, 15), provider_value="other")))
    assert casebook.verify().broken == ""


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ((f"UPDATE night_discrepancy SET council_value = 'x' WHERE discrepancy_id = {CASE}"
         " AND as_of = '2026-11-20'"), NOT_WHOLE),
        ((f"UPDATE night_discrepancy SET routed_team = 'x' WHERE discrepancy_id = {CASE}"
         " AND as_of = '2026-11-20'"), NOT_WHOLE),
        ("DELETE FROM night_discrepancy WHERE as_of = '2026-11-20'", NOT_WHOLE),
        ("UPDATE night SET summary = '{}' WHERE as_of = '2026-11-20'", NOT_WHOLE),
        ("UPDATE night_council SET reason = 'x' WHERE as_of = '2026-11-20'", NOT_WHOLE),
        ("UPDATE night_source SET sha256 = 'x' WHERE as_of = '2026-11-20'", NOT_WHOLE),
        ("UPDATE night_timeliness SET cplis = 4", NOT_WHOLE),
        ("DELETE FROM night WHERE as_of = '2026-11-20'",
         "The night of 2026-11-20 on record is not the one that the cases know"),
        ("UPDATE night SET content_hash = 'x' WHERE as_of = '2026-11-20'",
         "The night of 2026-11-20 on record is not the one that the cases know"),
        ("UPDATE case_night SET opened = 99 WHERE as_of = '2026-11-20'",
         "The night of 2026-11-20 counts other turns"),
        ("UPDATE discrepancy_case SET version = 5", "Case .* has another version than its last"),
        ("DELETE FROM history WHERE number = (SELECT max(number) FROM history)",
         "The night of 2026-11-21 case .* is not what the history says"),
        ("UPDATE casebook_setting SET value = 'x'", "What goes for all cases is not what"),
    ],
)  # fmt: skip
def test_what_was_changed_behind_its_back_shows(whole: Casebook, tampering: str, said: str) -> None:
    with whole.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        assert connection.execute(text(tampering)).rowcount
    assert re.search(said, whole.verify().broken)


def test_the_last_entry_shows_where_it_only_told_who_has_a_case(casebook: Casebook) -> None:
    casebook.record(night(FIRST, discrepancies(range(3))))
    step = Step(action=Action.ASSIGN, team="North")
    Desk(casebook).act(step, {discrepancy_id("1"): None}, who="jo")
    with casebook.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM history WHERE number = (SELECT max(number) FROM history)")
        )
    assert "has another version than its last entry" in casebook.verify().broken
