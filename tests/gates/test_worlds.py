"""The natural nights keep their promises, and each fault spoils what it says and nothing else."""

from datetime import date
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from gates import faults, worlds
from gates.lists import provider_id
from gates.office import LEICESTER, LEICESTERSHIRE, OFFICES, RUTLAND
from gates.spoiling import read

from flows.steps import open_source, pull_council, pull_in_memory, pull_register
from population.days import day_number, to_date
from schemas.gates import Consequence, GateSource
from settings.settings import Settings

AUTUMN, WINTER, SPRING = date(2026, 9, 21), date(2026, 11, 30), date(2027, 2, 15)
JANUARY, APRIL = date(2027, 1, 1), date(2027, 4, 1)
CODES = [office.gss_code for office in OFFICES]
ALL = faults.CATALOGUE | faults.HARMLESS
OF_CPLIS = [name for name, fault in ALL.items() if fault.source is GateSource.CPLI]

_written = TemporaryDirectory(prefix="cpli-worlds-")


@cache
def world(first=AUTUMN, seed=1, april=True):
    return worlds.make(seed=seed, first=first, april=april)


@cache
def small_world():
    return worlds.make(seed=4, first=AUTUMN, people=(120, 300, 60))


@cache
def good_night():
    """Return a good night of the small world, and its folder."""
    night = faults.judged(small_world())
    return night, small_world().write(Path(_written.name) / "good", night)


def files(folder):
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@cache
def lines(of, gss_code, night):
    return of.cplis(gss_code, night).set_index("cpli_id")


def night_of(of, day):
    return (day - of.first).days


def off_days(of, code, nights=75):
    """Return the nights of weekends and bank holidays at a council, with the day's number."""
    calendar = of.calendars[CODES.index(code)]
    days = [(night, of.day(night)) for night in range(1, nights)]
    return [(night, day) for night, day in days if not calendar.works(np.array([day]))[0]]


def test_one_seed_writes_the_same_bytes_whatever_was_written_before(tmp_path):
    one, other = (worlds.make(seed=7, first=AUTUMN, people=(60, 90, 30)) for _ in range(2))
    for night in (0, 9, 30):
        one.write(tmp_path / "one", night)
    other.write(tmp_path / "other", 30)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_another_seed_makes_other_people():
    names = [set(world(seed=seed).cplis(CODES[0], 0)["nhs_number"]) - {""} for seed in (1, 2)]
    assert len(names[0] & names[1]) < 0.01 * len(names[0])


@pytest.mark.parametrize("place", range(3))
def test_about_as_many_people_are_in_care_as_asked_for(place):
    frame = world().cplis(CODES[place], 0)
    as_of = str(AUTUMN)
    active = (frame["start_date"] <= as_of) & (
        (frame["end_date"] == "") | (frame["end_date"] >= as_of)
    )
    assert frame.loc[active, "person_id"].nunique() == pytest.approx(world().people[place], rel=0.3)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("first", [AUTUMN, WINTER])
def test_nothing_is_entered_on_weekends_and_bank_holidays_but_by_the_systems_job(first, code):
    of = world(first)
    quiet = off_days(of, code)
    assert len(quiet) >= 20
    for night, _ in quiet:
        before, after = lines(of, code, night - 1), lines(of, code, night)
        assert after.index.isin(before.index).all()
        before = before.loc[after.index]
        stamped = after["updated_at"] != before["updated_at"]
        pd.testing.assert_frame_equal(
            after.drop(columns="updated_at"), before.drop(columns="updated_at")
        )
        assert stamped.sum() <= 12
        assert not (stamped.any() and code == RUTLAND.gss_code)


@pytest.mark.parametrize(
    ("code", "share"), list(zip(CODES, (0.7, 0.85, 0.3), strict=True)), ids=CODES
)
def test_new_lines_come_on_most_working_days_the_more_the_larger_the_council(code, share):
    of, quiet = world(), {night for night, _ in off_days(world(), code)}
    new = [
        not lines(of, code, night).index.isin(lines(of, code, night - 1).index).all()
        for night in range(1, 75)
        if night not in quiet
    ]
    assert np.mean(new) > share


def test_rutland_enters_nothing_between_christmas_and_new_year():
    of = world(WINTER)
    first, last = (night_of(of, date(2026, 12, day)) for day in (23, 31))
    before, after = (lines(of, RUTLAND.gss_code, night) for night in (first, last))
    assert after.equals(before.loc[after.index])


def entered_for_april(code, april=True):
    """Return how many lines that begin on 1 April appear on each night, by its date."""
    of = world(SPRING, april=april)
    appeared, known = {}, set()
    for night in range(75):
        frame = lines(of, code, night)
        begin = set(frame.index[frame["start_date"] == str(APRIL)])
        if night:
            appeared[of.as_of(night)] = len(begin - known)
        known |= begin
    return appeared, len(known)


def test_one_council_enters_the_new_year_in_one_night_of_a_weekend():
    appeared, total = entered_for_april(LEICESTER.gss_code)
    night = max(appeared, key=appeared.get)
    assert night < APRIL
    assert night.weekday() == 5
    assert appeared[night] > 0.9 * total > 200


def test_another_enters_it_over_ten_nights():
    appeared, total = entered_for_april(LEICESTERSHIRE.gss_code)
    busy = {night: count for night, count in appeared.items() if count > 0.05 * total}
    assert len(busy) == 10
    assert max(busy) < APRIL
    assert sum(busy.values()) > 0.9 * total > 700


def test_the_third_enters_it_when_april_has_come():
    appeared, total = entered_for_april(RUTLAND.gss_code)
    since = sum(count for night, count in appeared.items() if night > APRIL)
    assert since > 0.85 * total > 60


@pytest.mark.parametrize("code", [LEICESTER.gss_code, LEICESTERSHIRE.gss_code])
def test_every_line_that_goes_on_is_closed_on_31_march(code):
    of = world(SPRING)
    frame = lines(of, code, night_of(of, APRIL))
    older = frame[(frame["start_date"] < str(APRIL)) & (frame["authorisation"] == "authorised")]
    goes_on = (older["end_date"] == "") | (older["end_date"] > "2027-03-31")
    assert goes_on.mean() < 0.01
    assert (older["end_date"] == "2027-03-31").sum() > 200


@pytest.mark.parametrize("code", CODES)
def test_what_closed_a_year_before_leaves_on_1_april(code):
    of = world(SPRING)
    before, after = (
        (lines(of, code, night_of(of, APRIL) - back)["end_date"] == "2026-03-31").sum()
        for back in (1, 0)
    )
    assert before > 50
    assert after < 0.1 * before


def test_a_year_can_begin_without_closing_anything():
    _, total = entered_for_april(LEICESTER.gss_code, april=False)
    assert total < 10
    earlier = lines(world(SPRING, april=False), LEICESTER.gss_code, 0)
    assert (earlier["start_date"] == "2026-04-01").sum() > 200


def test_no_instant_falls_into_the_hour_that_clocks_leave_out():
    days = np.array([day_number(date(2027, 3, 28)), day_number(date(2026, 10, 25))])
    texts = worlds.instants(days, np.array([90, 90]), "local")
    assert list(texts) == ["2027-03-28 02:30:00", "2026-10-25 01:30:00"]


@pytest.mark.parametrize(
    ("first", "night"),
    [
        (AUTUMN, 0),
        (AUTUMN, night_of(world(), date(2026, 10, 25))),
        (WINTER, night_of(world(WINTER), JANUARY)),
        (SPRING, night_of(world(SPRING), date(2027, 3, 28))),
        (SPRING, night_of(world(SPRING), APRIL)),
        (SPRING, 75),
    ],
    ids=["first", "clocks go back", "new year", "clocks go forward", "april", "last"],
)
def test_a_night_is_read_with_the_few_refusals_that_any_night_has(first, night, tmp_path):
    of = world(first)
    source, known = open_source(of.write(tmp_path / "sources", night))
    pulls = pull_in_memory(source, known, as_of=of.as_of(night), settings=Settings())
    assert [council.facts.message for council in pulls.councils] == [None] * 3
    parts = (pulls.register, *pulls.councils, pulls.caseloads)
    refusals = pd.concat([part.frames["refusals"] for part in parts])
    found = set(zip(refusals["source"].str.split().str[0], refusals["column"], strict=True))
    assert found <= worlds.EXPECTED_REFUSALS
    read = sum(council.facts.cplis.rows for council in pulls.councils)
    assert 0 < len(refusals) < 0.01 * read


def test_lists_come_on_any_day_of_the_week_some_of_them_late():
    of, came = world(), {}
    for night in range(40):
        for provider, sent in of.caseloads.lying(of.day(night)):
            came.setdefault((provider, sent), of.day(night) - sent)
    delays = [delay for (_, sent), delay in came.items() if sent > of.day(0)]
    assert len({sent % 7 for _, sent in came}) >= 5
    assert 0.3 < np.mean(np.array(delays) == 0) < 0.9
    assert min(delays) == 0
    assert max(delays) >= 5


def test_a_list_says_the_same_on_every_night_on_which_it_lies_there(tmp_path):
    of = small_world()
    early, late = (files(of.write(tmp_path / "sources", night)) for night in (30, 33))
    both = {path for path in early if path in late and path.startswith("caseload/")}
    assert len(both) > 8
    assert all(early[path] == late[path] for path in both)


def test_fewer_lists_are_dated_at_christmas():
    of = world(WINTER)

    def dated(first):
        day = day_number(first)
        lying = of.caseloads.lying(day + 20)
        return sum(day <= sent < day + 7 for _, sent in lying)

    assert dated(date(2026, 12, 24)) < 0.7 * dated(date(2026, 12, 10))


def test_a_provider_opens_and_is_in_the_register_from_then_on(tmp_path):
    of = world()
    opening = provider_id(of.providers.opening)
    listed = [
        opening in set(read(of.write(tmp_path / "sources", night) / "providers.csv")["provider_id"])
        for night in (0, 60)
    ]
    assert listed == [False, True]
    lines_of_it = [(of.cplis(CODES[1], night)["provider_id"] == opening).sum() for night in (0, 75)]
    assert lines_of_it[0] == 0 < lines_of_it[1]


def test_one_provider_hands_all_its_people_to_another_in_one_day():
    of = world()
    day = of.span.hands_over
    ceding, taking = (provider_id(n) for n in (of.providers.ceding, of.providers.taking))
    night = of.span.hands_over - of.day(0)
    moved = 0
    for code in CODES:
        frame = lines(of, code, night)
        theirs = frame[(frame["provider_id"] == ceding) & (frame["authorisation"] == "authorised")]
        assert not ((theirs["end_date"] == "") | (theirs["end_date"] >= str(to_date(day)))).any()
        begun = (frame["provider_id"] == taking) & (frame["start_date"] == str(to_date(day)))
        ended = theirs[theirs["end_date"] == str(to_date(day - 1))]
        assert set(ended["person_id"]) <= set(frame.loc[begun, "person_id"])
        moved += len(ended)
    assert moved >= 3


def test_the_night_that_is_judged_is_a_working_day_after_a_working_day():
    for first in (AUTUMN, WINTER, SPRING):
        of = world(first)
        for at in range(40, 75):
            night = faults.judged(of, at=at)
            quiet = {each for code in CODES for each, _ in off_days(of, code, 110)}
            assert night >= at
            assert not quiet & {night, night - 1}


def test_the_catalogue_is_long_and_has_faults_of_every_source():
    assert len(faults.CATALOGUE) >= 60
    assert {fault.source for fault in faults.CATALOGUE.values()} == set(GateSource) - {
        GateSource.RESULT
    }
    for fault in faults.CATALOGUE.values():
        assert fault.story.endswith(".")
        assert fault.wanted
        assert Consequence.NONE not in fault.wanted


def spoilt(name, folder):
    """Plant a fault in a copy of the good night; return the copy, the owner and what differs."""
    night, good = good_night()
    owner = faults.plant(ALL[name], small_world(), copytree(good, folder), night)
    before, after = files(good), files(folder)
    return owner, {path for path in before | after if before.get(path) != after.get(path)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_a_fault_changes_the_files_it_says_and_no_other(name, tmp_path):
    night, _ = good_night()
    owner, changed = spoilt(name, tmp_path / "one")
    again, _ = spoilt(name, tmp_path / "two")
    assert (owner, files(tmp_path / "one")) == (again, files(tmp_path / "two"))
    assert changed
    as_of = small_world().as_of(night)
    match ALL[name].source:
        case GateSource.CPLI:
            assert changed == {f"council/{ALL[name].council}/cpli.csv"}
            assert owner == ALL[name].council
        case GateSource.PORTAL:
            assert changed == {f"council/{owner}/portal_{as_of}.csv"}
        case GateSource.PROVIDERS:
            assert (owner, changed) == ("", {"providers.csv"})
        case GateSource.CASELOAD if owner:
            assert changed == {f"caseload/{owner}_{as_of}.csv"}
        case _:
            assert {path.split("/")[0] for path in changed} == {"caseload"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if ALL[name].columns])
def test_a_fault_of_columns_leaves_rows_and_other_columns_as_they_were(name, tmp_path):
    night, good = good_night()
    owner, (path,) = spoilt(name, tmp_path / "spoilt")
    before, after = good / path, read(tmp_path / "spoilt" / path)
    if ALL[name].source is GateSource.CASELOAD:
        provider = int(owner.removeprefix("P")) - 1
        frame = small_world().caseloads.entries(provider, small_world().day(night))
    else:
        frame = read(before)
    differing = {column for column in frame if not frame[column].equals(after[column])}
    assert list(after.columns) == list(frame.columns)
    assert differing == ALL[name].columns


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_CPLIS)
def test_a_fault_can_be_read_unless_it_says_otherwise(name, tmp_path):
    night, _ = good_night()
    spoilt(name, tmp_path / "spoilt")
    source, _ = open_source(tmp_path / "spoilt")
    as_of = small_world().as_of(night)
    register = pull_register(source).facts
    facts = pull_council(source, register, ALL[name].council, as_of, Settings()).facts
    refused = 1.0 if facts.cplis is None else facts.cplis.rejected_rows / facts.cplis.rows
    assert (refused < 0.05) is ALL[name].readable


@pytest.mark.parametrize("name", faults.HARMLESS)
def test_what_is_harmless_says_the_same_once_it_is_read(name, tmp_path):
    night, good = good_night()
    spoilt(name, tmp_path / "spoilt")
    frames = []
    for folder in (good, tmp_path / "spoilt"):
        source, _ = open_source(folder)
        register = pull_register(source).facts
        as_of = small_world().as_of(night)
        pull = pull_council(source, register, ALL[name].council, as_of, Settings())
        cplis = pull.frames["cplis"].drop(columns="row", errors="ignore")
        frames.append(cplis.sort_values("cpli_id", ignore_index=True))
    pd.testing.assert_frame_equal(*frames)


def test_a_fault_that_lasts_a_week_is_the_same_file_on_each_of_its_nights(tmp_path):
    of, fault = small_world(), faults.CATALOGUE["the_same_file_for_a_week"]
    until, _ = good_night()
    nights = fault.nights_until(until)
    contents = set()
    for night in nights:
        folder = of.write(tmp_path / "sources", night)
        faults.plant(fault, of, folder, night, until=until)
        contents.add((folder / "council" / fault.council / "cpli.csv").read_bytes())
    assert (len(nights), len(contents)) == (7, 1)
    last_good = of.write(tmp_path / "sources", nights[0] - 1)
    assert contents == {(last_good / "council" / fault.council / "cpli.csv").read_bytes()}


def test_a_fault_can_be_planted_at_any_council(tmp_path):
    night, good = good_night()
    for code in CODES:
        folder = copytree(good, tmp_path / code)
        fault = faults.CATALOGUE["half_the_rows"]
        assert faults.plant(fault, small_world(), folder, night, council=code) == code
        assert len(read(folder / "council" / code / "cpli.csv")) == (
            len(read(good / "council" / code / "cpli.csv")) // 2
        )
