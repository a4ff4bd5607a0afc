"""What a purge removes, what it leaves alone, and that all else stays as it was."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nights.copies import Copied
from nights.examples import FIRST, discrepancy_id
from nights.played import Played, day
from nights.simulated import Said
from sqlalchemy import event, select, update

from casebook.actions import NotAllowed, Ruling
from casebook.database import reading, writing
from casebook.history import What
from casebook.levels import ServiceLevels
from casebook.models import (
    CASE_ACTION,
    CASE_STATEMENT,
    CASE_TURN,
    DISCREPANCY_CASE,
    HISTORY,
    METADATA,
    NIGHT_DISCREPANCY,
)
from casebook.purge import Purged, Retention
from casebook.store import Casebook
from schemas.errors import TryAgainLater, WrongUsage

KEEP_ALL = Retention(closed_cases_days=10_000, nights_days=10_000)
CASES = Retention(closed_cases_days=30, nights_days=10_000)
NIGHTS = Retention(closed_cases_days=10_000, nights_days=30)
BOTH = Retention(closed_cases_days=30, nights_days=30)
LATER = day(40)
MORNING = datetime(2026, 11, 19, 9, tzinfo=UTC)
NOTHING = Purged(cases=0, nights=0, discrepancies=0)


def marked(name: str, **facts: Any) -> dict[str, Said]:
    """Return what is said of a discrepancy, all personal values with its name in them."""
    marks = {
        "council_value": f"ZZCOUNCIL{name}",
        "provider_value": f"ZZPROVIDER{name}",
        "cpli_ids": f"ZZLINE{name}",
    }
    return {name: Said(**{**marks, **facts})}


@pytest.fixture
def play(copied: Copied) -> Played:
    """Tell of three cases: `ended`, settled by Ann and gone, `rutland`, gone, and `portal`."""
    return Played(copied(three_cases), at=38)


def three_cases(casebook: Casebook) -> None:
    play = Played(casebook)
    play.comes(0, found={**marked("ended"), **marked("rutland"), **marked("portal")})
    play.does(0, "ended", "note", note="ZZNOTEended She rang.")
    play.does(0, "portal", "note", note="ZZNOTEportal")
    play.does(1, "ended", "resolve", reason="other", note="ZZNOTEended Done.")
    play.comes(2, found=marked("portal"))
    play.comes(38, found=marked("portal"))


def marks(casebook: Casebook) -> str:
    """Return all that is anywhere in the tables."""
    with reading(casebook.engine) as connection:
        rows = [connection.execute(select(table)).all() for table in METADATA.sorted_tables]
    return repr(rows)


def purged_cases(casebook: Casebook) -> list[str]:
    """Return the names' ids of all cases of which the history says so, in its order."""
    query = select(HISTORY.c.discrepancy_id).where(
        HISTORY.c.what == What.PURGED.value, HISTORY.c.action_number.is_(None)
    )
    with reading(casebook.engine) as connection:
        return list(connection.scalars(query.order_by(HISTORY.c.number)))


def ids(*names: str) -> list[str]:
    return sorted(map(discrepancy_id, names))


def counts(casebook: Casebook) -> list[Any]:
    """Return all that is measured and counted, with no value of a person in it."""
    nights = [replace(night, first_recorded_at=MORNING) for night in casebook.nights()]
    measures = casebook.measures(on=LATER)
    cases = casebook.cases(on=LATER)
    harmless = [
        name
        for name in cases
        if name != "version" and not (name in columns and columns[name].info["personal"])
    ]
    return [
        *(frame.to_csv() for frame in vars(measures).values()),
        nights,
        *(casebook.case_counts(night.as_of) for night in nights),
        cases[harmless].to_csv(),
    ]


columns = DISCREPANCY_CASE.c


def test_what_is_settled_and_gone_for_long_loses_all_that_is_personal(play: Played) -> None:
    casebook = play.casebook
    purged = casebook.purge(CASES, on=LATER, dry_run=False)
    assert purged == Purged(cases=2, nights=0, discrepancies=0)
    assert purged_cases(casebook) == ids("ended", "rutland")
    left = marks(casebook)
    for name, stays in (("ended", False), ("rutland", False), ("portal", True)):
        for mark in ("ZZCOUNCIL", "ZZPROVIDER", "ZZLINE", "ZZPERSON"):
            assert (f"{mark}{name}" in left) is stays, f"{mark}{name}"
    assert "ZZNOTEended" not in left
    assert "ZZNOTEportal" in left
    with reading(casebook.engine) as connection:
        action = CASE_ACTION.c
        salted = select(action.discrepancy_id).where(action.salt.is_not(None))
        assert set(connection.scalars(salted)) == set(ids("portal"))
    assert casebook.verify().broken == ""


def test_no_byte_of_it_is_left_in_the_file(sqlite_url: str) -> None:
    casebook = Casebook.open(sqlite_url)

    @event.listens_for(casebook.engine, "connect")
    def leave_traces(connection: Any, _record: object) -> None:
        # Some builds of SQLite overwrite what they free, others do not.
        connection.execute("PRAGMA secure_delete = OFF")

    play = Played(casebook)
    names = ("rutland", "ended", "portal", "overdue", "nobody's", "unknown")
    # A night that is replaced by a smaller one leaves free space.
    play.comes(0, found=dict.fromkeys(names, "ZZEARLIER" * 200))
    play.comes(0, found=marked("rutland", provider_value="ZZGONE"))
    play.comes(1)
    folder = Path(str(casebook.engine.url.database)).parent
    assert all(marked_files(folder, mark) for mark in (b"ZZEARLIER", b"ZZGONE"))
    casebook.purge(CASES, on=LATER, dry_run=False)
    for mark in (b"ZZEARLIER", b"ZZGONE", b"ZZPERSON", b"ZZLINE", b"ZZCOUNCIL"):
        assert marked_files(folder, mark) == []


def marked_files(folder: Path, mark: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and mark in path.read_bytes()]


def test_a_dry_run_counts_and_changes_nothing(play: Played) -> None:
    before = marks(play.casebook)
    purged = play.casebook.purge(BOTH, on=LATER)
    assert purged == Purged(cases=2, nights=2, discrepancies=4)
    assert marks(play.casebook) == before
    assert play.casebook.purge(BOTH, on=LATER, dry_run=False) == purged


def test_a_second_purge_finds_nothing_to_do(play: Played) -> None:
    play.casebook.purge(BOTH, on=LATER, dry_run=False)
    before = marks(play.casebook)
    assert play.casebook.purge(BOTH, on=LATER, dry_run=False) == NOTHING
    assert marks(play.casebook) == before


@pytest.mark.parametrize("retention", [CASES, NIGHTS, BOTH, KEEP_ALL])
def test_a_purge_changes_no_count_of_anything(play: Played, retention: Retention) -> None:
    before = counts(play.casebook)
    play.casebook.purge(retention, on=LATER, dry_run=False)
    assert counts(play.casebook) == before
    assert play.casebook.verify().broken == ""


@pytest.mark.slow
def test_whatever_happens_a_purged_casebook_goes_on_like_one_that_was_not(tmp_path: Path) -> None:
    draw = random.Random(7)
    twins = [Casebook.open(f"sqlite:///{tmp_path}/{name}.db") for name in ("purged", "whole")]
    short = Retention(closed_cases_days=1, nights_days=3)
    purged = 0
    for number in range(16):
        found = {name: draw.choice("xy") for name in NAMES if draw.random() < 0.35}
        name, action, facts = something(draw, number)
        for casebook in twins:
            play = Played(casebook)
            play.comes(number, found=found)
            with suppress(NotAllowed):
                play.does(number, name, action, **facts)
        cases = twins[0].purge(short, on=day(number), dry_run=False).cases
        if cases:
            purged += cases
            assert counts(twins[0]) == counts(twins[1])
    assert counts(twins[0]) == counts(twins[1])
    assert purged > 3
    assert [casebook.verify().broken for casebook in twins] == ["", ""]


NAMES = ("ended", "rutland", "portal", "overdue", "unknown")


def something(draw: random.Random, number: int) -> tuple[str, str, dict[str, Any]]:
    """Choose what somebody does with a case; it need not be allowed."""
    action = draw.choice(["assign", "resolve", "accept", "reopen", "ask_provider"])
    facts: dict[str, dict[str, Any]] = {
        "assign": {"worker": "bea"},
        "resolve": {"reason": "other", "note": "ZZNOTE"},
        "accept": {"reason": "agreed_difference", "expires_on": day(number + 2)},
    }
    return draw.choice(NAMES), action, facts.get(action, {})


def test_days_are_counted_up_to_the_one_before(play: Played) -> None:
    for days, cases in ((38, 0), (37, 2)):  # settled on day 1, and gone on day 2
        retention = replace(KEEP_ALL, closed_cases_days=days)
        assert play.casebook.purge(retention, on=LATER).cases == cases
    for days, nights in ((40, 0), (39, 1), (37, 2), (1, 3)):
        retention = replace(KEEP_ALL, nights_days=days)
        assert play.casebook.purge(retention, on=LATER).nights == nights


def test_the_rows_of_old_nights_are_emptied_and_their_cases_kept(play: Played) -> None:
    casebook = play.casebook
    with reading(casebook.engine) as connection:
        cases = connection.execute(select(DISCREPANCY_CASE)).all()
    casebook.purge(NIGHTS, on=LATER, dry_run=False)
    assert casebook.discrepancies(FIRST)["person_id"].isna().all()
    assert len(casebook.discrepancies(FIRST)) == 3
    assert casebook.discrepancies(day(38))["person_id"].notna().all()
    with reading(casebook.engine) as connection:
        assert connection.execute(select(DISCREPANCY_CASE)).all() == cases


@pytest.mark.parametrize(("retention", "until"), [(CASES, 2), (NIGHTS, 2), (BOTH, 2)])
def test_a_night_that_was_purged_cannot_be_recorded_again(
    play: Played, retention: Retention, until: int
) -> None:
    play.casebook.purge(retention, on=LATER, dry_run=False)
    before = marks(play.casebook)
    for number in (-5, 0, until):
        with pytest.raises(WrongUsage, match="has been purged"):
            play.comes(number, found=marked("ended"))
    assert marks(play.casebook) == before
    play.comes(until + 1, found=marked("portal"))
    assert play.casebook.verify().broken == ""


def test_until_when_it_was_purged_never_goes_back(casebook: Casebook) -> None:
    play = Played(casebook)
    retention = replace(KEEP_ALL, closed_cases_days=5)
    play.comes(0, found={**marked("ended"), **marked("match", entry_identities="E1")})
    play.does(0, "match", "rule", ruling=Ruling.SAME_PERSON, note="ZZNOTE")
    play.comes(1, found=marked("ended"))
    play.comes(10)
    casebook.purge(retention, on=day(20), dry_run=False)
    with reading(casebook.engine) as connection:
        number = connection.scalar(select(CASE_ACTION.c.number))
    play.does(21, "match", "reverse", reverses=number, note="ZZNOTE")
    assert casebook.purge(retention, on=day(40), dry_run=False).cases == 1  # gone since day 1
    with pytest.raises(WrongUsage, match="has been purged"):
        play.comes(10)


def test_a_night_that_was_never_on_record_can_come_late_where_nothing_was_purged(
    play: Played,
) -> None:
    play.casebook.purge(KEEP_ALL, on=LATER, dry_run=False)
    play.comes(0, found=marked("ended"))
    assert play.casebook.verify().broken == ""


def test_a_purged_discrepancy_that_is_found_again_reopens_and_is_filled_in(play: Played) -> None:
    casebook = play.casebook
    casebook.purge(CASES, on=LATER, dry_run=False)
    play.comes(41, found={**marked("ended"), **marked("rutland")})
    cases = casebook.cases(on=day(41)).loc[ids("ended", "rutland")]
    assert list(cases["state"]) == ["open", "open"]
    assert cases["person_id"].notna().all()
    with reading(casebook.engine) as connection:
        said = select(CASE_STATEMENT.c.changed).where(CASE_STATEMENT.c.as_of == day(41))
        changed = set(connection.scalars(said))
    assert changed == {"person_id;cpli_ids;council_value;provider_value"}
    assert casebook.verify().broken == ""
    play.resolves(41, "ended")
    play.comes(42)
    assert casebook.verify().broken == ""
    assert casebook.purge(CASES, on=day(80), dry_run=False).cases == 3
    assert purged_cases(casebook)[2:] == ids("ended", "rutland", "portal")
    assert "ZZ" not in marks_of_cases(casebook)


def marks_of_cases(casebook: Casebook) -> str:
    with reading(casebook.engine) as connection:
        tables: Sequence[Any] = (DISCREPANCY_CASE, CASE_STATEMENT, CASE_ACTION)
        return repr([connection.execute(select(table)).all() for table in tables])


def test_a_night_recorded_again_after_a_purge_leads_to_the_same_cases(play: Played) -> None:
    casebook = play.casebook
    play.comes(20, found=marked("portal"))
    casebook.purge(BOTH, on=LATER, dry_run=False)
    before = casebook.cases(on=LATER)
    play.comes(20, found={**marked("portal"), **marked("other")})
    play.comes(20, found=marked("portal"))
    after = casebook.cases(on=LATER)
    unversioned = [name for name in before if name != "version"]
    pd.testing.assert_frame_equal(after[unversioned], before[unversioned])
    assert casebook.verify().broken == ""


def test_a_case_whose_acceptance_holds_stays(play: Played) -> None:
    casebook = play.casebook
    play.comes(38, found={**marked("portal"), **marked("overdue")})
    play.accepts(38, "overdue", until=150)
    play.comes(39, found=marked("portal"))
    overdue = discrepancy_id("overdue")
    casebook.purge(CASES, on=day(150), dry_run=False)
    assert overdue not in purged_cases(casebook)
    casebook.purge(CASES, on=day(151), dry_run=False)
    assert overdue in purged_cases(casebook)


def test_an_acceptance_that_lapsed_or_was_taken_back_keeps_nothing(casebook: Casebook) -> None:
    play = Played(casebook)
    play.comes(0, found={**marked("ended"), **marked("overdue")})
    for name in ("ended", "overdue"):
        play.accepts(0, name, until=150)
    play.comes(1, found={**marked("ended", provider_value="other"), **marked("overdue")})
    play.does(1, "overdue", "reopen")
    play.comes(2)
    assert casebook.purge(CASES, on=LATER, dry_run=False).cases == 2


def test_a_case_whose_ruling_is_in_force_stays_until_it_is_taken_back(casebook: Casebook) -> None:
    play = Played(casebook)
    play.comes(0, found=marked("match", entry_identities="E1"))
    play.does(0, "match", "rule", ruling=Ruling.SAME_PERSON, note="ZZNOTE We asked.")
    play.comes(1)
    assert casebook.purge(CASES, on=LATER, dry_run=False) == NOTHING
    assert list(casebook.rulings(LATER).decisions["person_id"]) == ["ZZPERSONmatch"]
    with reading(casebook.engine) as connection:
        number = connection.scalar(select(CASE_ACTION.c.number))
    play.does(40, "match", "reverse", reverses=number, note="ZZNOTE Her sister.")
    assert casebook.purge(CASES, on=day(41), dry_run=False) == NOTHING  # acted on yesterday
    assert casebook.purge(CASES, on=day(71), dry_run=False).cases == 1
    assert "ZZ" not in marks_of_cases(casebook)


def test_a_case_somebody_has_written_of_since_stays(play: Played) -> None:
    play.does(38, "rutland", "note", note="ZZNOTE Why?")
    assert play.casebook.purge(CASES, on=LATER, dry_run=False).cases == 1
    assert purged_cases(play.casebook) == ids("ended")


def test_what_is_written_of_a_purged_case_goes_in_its_time(play: Played) -> None:
    play.casebook.purge(CASES, on=LATER, dry_run=False)
    play.does(41, "rutland", "note", note="ZZLATE")
    assert play.casebook.purge(CASES, on=day(60), dry_run=False) == NOTHING
    assert play.casebook.purge(CASES, on=day(80), dry_run=False).cases == 1
    assert "ZZLATE" not in marks(play.casebook)
    assert play.casebook.verify().broken == ""


def test_tampering_with_what_is_left_of_an_action_shows(play: Played) -> None:
    play.casebook.purge(CASES, on=LATER, dry_run=False)
    with writing(play.casebook.engine) as connection:
        changed = update(CASE_ACTION).where(CASE_ACTION.c.reason == "other")
        connection.execute(changed.values(reason="cpli_ended"))
    assert "is not what the history says" in play.casebook.verify().broken


def test_service_levels_can_change_after_a_purge(play: Played) -> None:
    play.casebook.purge(BOTH, on=LATER, dry_run=False)
    casebook = Casebook(play.casebook.engine, levels=ServiceLevels(target_days_high=4))
    Played(casebook).comes(39, found=marked("portal"))
    assert casebook.verify().broken == ""


def test_the_version_of_a_purged_case_is_its_last_entry(play: Played) -> None:
    play.casebook.purge(CASES, on=LATER, dry_run=False)
    with reading(play.casebook.engine) as connection:
        entries = select(HISTORY.c.discrepancy_id, HISTORY.c.number).order_by(HISTORY.c.number)
        last = {row.discrepancy_id: row.number for row in connection.execute(entries)}
    versions = play.casebook.cases(on=LATER)["version"]
    for case in ids("ended", "rutland", "portal"):
        assert versions[case] == last[case]


def test_a_file_that_somebody_keeps_reading_is_said_to_be_in_use(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casebook.database.BUSY_SECONDS", 0.1)
    casebook = Casebook.open(sqlite_url)
    Played(casebook).comes(0, found=marked("rutland"))
    with reading(casebook.engine) as connection:
        connection.execute(select(CASE_TURN)).all()
        with pytest.raises(TryAgainLater, match="in use"):
            casebook.purge(NIGHTS, on=LATER, dry_run=False)
    assert casebook.purge(NIGHTS, on=LATER, dry_run=False) == NOTHING


def test_every_personal_column_can_be_emptied() -> None:
    tables = (DISCREPANCY_CASE, CASE_STATEMENT, CASE_ACTION, NIGHT_DISCREPANCY)
    stubborn = [
        str(column)
        for table in tables
        for column in table.columns
        if column.info["personal"] and not column.nullable
    ]
    assert stubborn == []


def test_by_default_it_is_a_dry_run_of_today_in_london(play: Played) -> None:
    play.casebook.clock = lambda: pd.Timestamp(LATER + timedelta(1), tz="UTC").to_pydatetime()
    assert play.casebook.purge(BOTH) == Purged(cases=2, nights=2, discrepancies=4)
