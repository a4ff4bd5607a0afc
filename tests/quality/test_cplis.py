"""What is measured of a council's CPLIs: by themselves, and beside those of the last night."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, timedelta
from itertools import count

import numpy as np
import pandas as pd
import pytest
from cleaned import AS_OF, CPLI_ROW, LEICESTER
from measured import (
    KEY,
    NIGHT_BEFORE,
    OTHER_KEY,
    between,
    cleaned_extract,
    extract,
    measured,
    of_rows,
    overnight,
    rows_of,
)
from oracle.tables import synthetic_nhs_number, table

from quality.cplis import (
    FEWEST,
    FEWEST_COUNTED,
    LONGEST_GAP_DAYS,
    MOST_OVERDUE,
    Extract,
    Figures,
    measure,
    shared_with,
)
from quality.lines import IDENTITIES
from quality.profile import SAMPLED, Profile, pack, unpack
from reconciliation.days import day

ALL_ALIKE = "lines\n20"

# Five of twenty-five lines have something in a column that the others do not have; so `is` a share.
ONE_NIGHT = table("""
figure                   | column               | five have            | others have          | is
unmapped_share           | service_type         | HomeCare             | HS                   | 0.2
authorised_share         | authorisation        | authorised           | draft                | 0.2
authorised_share         | authorisation        | cancelled            | authorised           | 0.8
planned_share            | start_date           | 2026-11-21           | 2026-11-20           | 0.2
planned_share            | start_date           | 2026-11-20           | 2026-11-19           | 0.0
planned_share            | end_date             | 2026-11-19           | 2026-11-20           | 0.0
open_share               | end_date             |                      | 2027-03-31           | 0.2
open_share               | end_date             | 2026-11-20           |                      | 0.8
open_share               | end_date             | 2026-11-19           |                      | 1.0
open_share               | start_date           | 2026-11-21           | 2026-11-20           | 1.0
nhs_number_missing_share | nhs_number           |                      | 9990000018           | 0.2
nhs_number_missing_share | nhs_number           | 9990000019           | 9990000018           | 0.2
birth_missing_share      | date_of_birth        |                      | 1938-07-04           | 0.2
birth_missing_share      | date_of_birth        | spring 1938          | 1938-07-04           | 0.2
name_missing_share       | family_name          |                      | Hollis               | 0.2
name_missing_share       | given_name           |                      | Margaret             | 0.2
quantity_missing_share   | weekly_quantity      | two visits           | 0                    | 0.2
team_missing_share       | commissioning_team   |                      | North                | 0.2
team_missing_share       | commissioning_team   | North                | South                | 0.0
provider_unknown_share   | provider_id          | P9                   | P1                   | 0.2
provider_unknown_share   | provider_id          | p1                   | P1                   | 0.2
far_start_share          | start_date           | 2027-11-22           | 2027-11-21           | 0.2
in_future_share          | updated_at           | 2026-11-21T00:00:00Z | 2026-11-20T23:59:00Z | 0.2
in_future_share          | updated_at           |                      | 2026-11-20T23:59:00Z | 0.0
in_future_share          | created_at           | 2026-11-21T09:00:00Z | 2026-11-20T09:00:00Z | 0.2
rejected_share           | start_date           | last spring          | 2026-05-01           | 0.2
rejected_share           | person_id            |                      | 1001                 | 0.2
""")  # fmt: skip

# The same twenty-five lines on two nights; on the second five have another value in a column.
# `own` is what tells people and CPLIs apart, `never` no date at all.
OVERNIGHT = table("""
figure                   | column          | were                 | five are             | share
start_moved_share        | start_date      | 2026-05-01           | 2026-05-02           | 0.2
end_lost_share           | end_date        | 2026-11-18           | 2026-11-20           | 0.2
end_lost_share           | end_date        | 2026-11-18           |                      | 0.2
end_lost_share           | end_date        | 2026-11-18           | 2026-11-19           | 0.0
support_lost_share       | end_date        |                      | 2026-11-19           | 0.2
support_lost_share       | end_date        |                      | 2026-11-20           | 0.0
support_lost_share       | authorisation   | authorised           | draft                | 0.2
support_lost_share       | person_id       | own                  | 77                   | 0.2
support_lost_share       | start_date      | 2026-05-01           | 2026-11-21           | 0.2
support_lost_share       | start_date      | 2026-05-01           | never                | 0.0
unsigned_share           | authorisation   | authorised           | cancelled            | 0.2
unsigned_share           | authorisation   | authorised           | nonsense             | 0.0
changed_share            | weekly_quantity | 14.5                 | 14                   | 0.2
changed_share            | unit            | hours                | days                 | 0.2
changed_share            | unit            | hours                |                      | 0.2
changed_share            | authorisation   | authorised           | draft                | 0.2
changed_share            | date_of_birth   | 1938-07-04           |                      | 0.2
changed_share            | updated_at      | 2026-09-01T17:05:00Z | 2026-11-19T17:05:00Z | 0.0
changed_share            | district        | Melton               | Blaby                | 0.0
touched_in_vain_share    | updated_at      | 2026-09-01T17:05:00Z | 2026-11-19T17:05:00Z | 0.2
touched_in_vain_share    | updated_at      |                      | 2026-11-19T17:05:00Z | 0.2
touched_in_vain_share    | updated_at      | 2026-09-01T17:05:00Z | 2026-11-18T17:05:00Z | 0.0
touched_in_vain_share    | updated_at      | 2026-11-19T09:00:00Z | 2026-11-19T17:05:00Z | 0.0
person_changed_share     | person_id       | own                  | 77                   | 0.2
provider_changed_share   | provider_id     | P1                   | P2                   | 0.2
provider_changed_share   | provider_id     | P1                   | p1                   | 0.2
service_changed_share    | service_type    | HS                   | DS                   | 0.2
service_changed_share    | service_type    | HS                   | hs                   | 0.2
nhs_number_changed_share | nhs_number      | 9990000018           | 9990000026           | 0.2
name_changed_share       | given_name      | Margaret             | Peggy                | 0.2
name_changed_share       | given_name      | Margaret             | MARGARET             | 0.0
birth_changed_share      | date_of_birth   | 1938-07-04           | 1938-04-07           | 0.2
quantity_changed_share   | weekly_quantity | 14.5                 | 870                  | 0.2
quantity_changed_share   | weekly_quantity | 14.50                | 14.5                 | 0.0
kept_share               | cpli_id         | own                  | X{number}            | 0.8
kept_share               | end_date        |                      | never                | 1.0
nhs_number_missing_rise  | nhs_number      | 9990000018           |                      | 0.2
nhs_number_missing_rise  | nhs_number      |                      |                      | 0.0
days_backwards           | created_at      | 2026-11-01T09:00:00Z | 2026-11-05T09:00:00Z | 0.0
""")  # fmt: skip

# What only one of two nights states has not changed: its share is of what is left.
STATED_ON_BOTH = table("""
figure                   | column          | before     | tonight
nhs_number_changed_share | nhs_number      | 9990000018 |
nhs_number_changed_share | nhs_number      |            | 9990000018
name_changed_share       | family_name     | Hollis     |
name_changed_share       | family_name     |            | Hollis
birth_changed_share      | date_of_birth   | 1938-07-04 |
birth_changed_share      | date_of_birth   |            | 1938-07-04
quantity_changed_share   | weekly_quantity | 14.5       |
quantity_changed_share   | weekly_quantity |            | 14.5
""")

VANISHED = table("""
kind     | column             | was
provider | provider_id        | P2
service  | service_type       | DS
team     | commissioning_team | South
authorisation | authorisation | draft
""")


def named(case: dict[str, str]) -> str:
    return " ".join(cell for cell in case.values() if cell)


@pytest.mark.parametrize("case", ONE_NIGHT, ids=named)
def test_a_share_of_one_night_is_that_of_the_lines_that_have_it(case: dict[str, str]) -> None:
    column, five, others = case["column"], case["five have"], case["others have"]
    figures, _ = measured(
        extract(f"lines | {column}\n5 | {five}\n20 | {others}", **no_end_unless(column))
    )
    assert figures[case["figure"]] == pytest.approx(float(case["is"]))


def no_end_unless(column: str) -> dict[str, str]:
    return {} if column == "end_date" else {"end_date": ""}


@pytest.mark.parametrize("case", OVERNIGHT, ids=named)
def test_a_share_overnight_is_that_of_the_lines_that_differ(case: dict[str, str]) -> None:
    column, were = case["column"], case["were"]
    same = no_end_unless(column) | ({} if were == "own" else {column: were})
    before = rows_of("lines\n25", CPLI_ROW, **same)
    tonight = [
        {**row, column: case["five are"].format(number=number)} if number <= 5 else row
        for number, row in enumerate(before, start=1)
    ]
    figures = overnight(of_rows(before, as_of=NIGHT_BEFORE), of_rows(tonight))
    assert figures[case["figure"]] == pytest.approx(float(case["share"]))


@pytest.mark.parametrize("case", STATED_ON_BOTH, ids=named)
def test_what_only_one_of_two_nights_states_has_not_changed(case: dict[str, str]) -> None:
    column = case["column"]
    before = five_have(column, case["before"], as_of=NIGHT_BEFORE)
    figures = overnight(before, five_have(column, case["tonight"]))
    assert figures[case["figure"]] == 0.0
    assert figures["changed_share"] == 0.2


def five_have(column: str, cell: str, *, as_of: date = AS_OF, lines: int = 25) -> Extract:
    """Return an extract whose first five lines have something in a column, the others their own."""
    rows = rows_of(f"lines\n{lines}", CPLI_ROW)
    return of_rows([{**row, column: cell} for row in rows[:5]] + rows[5:], as_of=as_of)


def test_rows_are_all_that_came_and_lines_those_that_can_be_used() -> None:
    rows = rows_of("lines\n30", CPLI_ROW)
    twice, bad = rows[:3], [{**row, "start_date": ""} for row in rows[3:5]]
    other = [{**rows[29], "unit": "days"}]
    figures, _ = measured(of_rows([*twice, *twice, *bad, *rows[5:], *other]))
    assert figures["rows"] == 34
    assert figures["usable_rows"] == 27
    assert figures["rejected_share"] == 4 / 34  # of one id with two contents neither can be used
    assert figures["repeated_share"] == 3 / 34


SUPPORTED = """
lines | person_id | start_date | end_date   | authorisation
1     | 1         | 2026-11-20 |            | authorised
2     | 2         | 2026-05-01 | 2026-11-20 | authorised
1     | 3         | 2026-11-21 |            | authorised
1     | 4         | 2026-05-01 | 2026-11-19 | authorised
1     | 5         | 2026-05-01 |            | draft
1     |           | 2026-05-01 |            | authorised
"""


def test_people_are_supported_once_where_something_authorised_is_active() -> None:
    assert measured(extract(SUPPORTED))[0]["people_supported"] == 2


SHARES_ALONE = {case["figure"] for case in ONE_NIGHT} | {"repeated_share"}
SHARES_OVERNIGHT = {case["figure"] for case in OVERNIGHT if "share" in case["figure"]} | {
    *("old_but_new_share", "new_share"),
    *("provider_vanished_share", "service_vanished_share", "team_vanished_share"),
    "authorisation_vanished_share",
}


def test_of_fewer_than_twenty_no_share_is_told() -> None:
    few, enough = (
        overnight(extract(f"lines\n{lines}", as_of=NIGHT_BEFORE), extract(f"lines\n{lines}"))
        for lines in (FEWEST - 1, FEWEST)
    )
    few = overnight(
        extract(f"lines | end_date\n{FEWEST - 1} | 2026-11-18", as_of=NIGHT_BEFORE),
        extract(f"lines | end_date\n{FEWEST - 1} | 2026-11-18"),
    ) | {name: few[name] for name in few if name != "end_lost_share"}
    told = {name for name in SHARES_ALONE | SHARES_OVERNIGHT if few[name] is not None}
    assert told == set()
    # Nothing had ended among these, so that no end could be lost.
    told = {name for name in SHARES_ALONE | SHARES_OVERNIGHT if enough[name] is None}
    assert told == {"end_lost_share"}
    assert few["usable_rows"] == few["people_supported"] == FEWEST - 1


def test_every_share_that_is_measured_is_held_to_a_table_here() -> None:
    figures = overnight(extract(ALL_ALIKE, as_of=NIGHT_BEFORE), extract(ALL_ALIKE))
    shares = {name for name in figures if name.endswith("_share")}
    assert shares == SHARES_ALONE | SHARES_OVERNIGHT


@pytest.mark.parametrize("lines", [0, 1])
def test_hardly_anything_is_measured_without_a_fault(lines: int) -> None:
    drawn = f"lines\n{lines}"
    before, profile = measured(extract(drawn, as_of=NIGHT_BEFORE))
    kept = unpack(pack(profile))
    tonight, _ = measured(extract(drawn), kept)
    for figures in (before, tonight):
        assert figures["usable_rows"] == figures["rows"] == lines
        assert not [name for name, told in figures.items() if name.endswith("_share") and told]
    full, _ = measured(extract(ALL_ALIKE), kept)
    assert full["kept_share"] is full["new_share"] is None
    none, _ = measured(extract(drawn), measured(extract(ALL_ALIKE, as_of=NIGHT_BEFORE))[1])
    assert none["kept_share"] == lines / 20
    assert none["support_lost_share"] == 1 - lines / 20
    assert none["provider_vanished_share"] == (0 if lines else 1)


def test_columns_without_any_value_are_measured_without_a_fault() -> None:
    nothing = dict.fromkeys(
        (
            *("nhs_number", "family_name", "given_name", "date_of_birth", "end_date"),
            *("weekly_quantity", "unit", "created_at", "updated_at", "service_category"),
            *("service_description", "commissioning_team", "commissioning_worker", "district"),
        ),
        "",
    )
    before = [{**row, **nothing} for row in rows_of("lines\n25", CPLI_ROW)]
    figures = overnight(of_rows(before, as_of=NIGHT_BEFORE), of_rows(before))
    assert figures["changed_share"] == figures["touched_in_vain_share"] == 0.0
    assert figures["nhs_number_missing_share"] == figures["quantity_missing_share"] == 1.0
    untold = ("nhs_number_changed_share", "name_changed_share", "birth_changed_share")
    assert [figures[name] for name in (*untold, "quantity_changed_share")] == [None] * 4
    assert figures["working_days_since_entry"] is figures["days_backwards"] is None
    assert figures["in_future_share"] == 0.0
    assert figures["nhs_number_missing_rise"] is None


TOUCHED = table("""
night      | created_at           | updated_at                | working days
2026-11-20 | 2026-11-19T09:00:00Z |                           | 0
2026-11-20 | 2026-11-18T09:00:00Z |                           | 1
2026-11-20 | 2026-11-13T09:00:00Z |                           | 4
2026-11-20 | 2026-11-02T09:00:00Z | 2026-11-18T09:00:00Z      | 1
2026-11-20 | 2026-11-18T09:00:00Z | 2026-11-02T09:00:00Z      | 1
2026-11-20 | 2026-11-20T09:00:00Z |                           | 0
2026-11-20 | 2026-11-17T09:00:00Z | 2026-11-25T09:00:00Z      |
2026-11-23 | 2026-11-20T09:00:00Z |                           | 0
2026-11-24 | 2026-11-20T09:00:00Z |                           | 1
2026-12-30 | 2026-12-24T09:00:00Z |                           | 1
2026-07-10 | 2026-07-07T22:59:59Z |                           | 2
2026-07-10 | 2026-07-07T23:00:00Z |                           | 1
2026-11-20 | 2026-11-17T23:59:59Z |                           | 2
2026-11-20 | 2026-11-17T23:59:59  | 2026-11-18T00:30:00+01:00 | 2
2026-10-27 | 2026-10-25T00:59:59Z |                           | 1
2026-10-27 | 2026-10-25T23:59:59Z |                           | 1
2026-03-31 | 2026-03-29T23:30:00Z |                           | 0
""")  # fmt: skip


@pytest.mark.parametrize("case", TOUCHED, ids=named)
def test_entries_grow_old_by_working_days_in_london_up_to_the_day_before(
    case: dict[str, str],
) -> None:
    columns = f"{case['created_at']} | {case['updated_at']}"
    drawn = f"lines | created_at | updated_at\n3 | {columns}"
    figures, _ = measured(extract(drawn, as_of=date.fromisoformat(case["night"])))
    told = case["working days"]
    assert figures["working_days_since_entry"] == (int(told) if told else None)


SUMMER = [("2026-06-30T22:59:00Z", 0.0), ("2026-06-30T23:00:00Z", 1.0)]


@pytest.mark.parametrize(("created_at", "share"), SUMMER)
def test_in_summer_the_future_begins_an_hour_earlier(created_at: str, share: float) -> None:
    tonight = extract(ALL_ALIKE, as_of=date(2026, 6, 30), created_at=created_at, updated_at="")
    assert measured(tonight)[0]["in_future_share"] == share


def test_the_newest_start_is_one_that_has_come() -> None:
    drawn = "lines | start_date\n1 | 2026-11-17\n1 | 2026-11-23\n20 | 2026-05-01"
    assert measured(extract(drawn))[0]["working_days_since_start"] == 2
    cancelled = (
        "lines | start_date | authorisation\n1 | 2026-11-17 | draft\n20 | 2026-11-10 | authorised"
    )
    assert measured(extract(cancelled))[0]["working_days_since_start"] == 7


def test_a_line_that_leaves_the_window_is_not_missing() -> None:
    drawn, begun = "lines | end_date\n5 | {end}\n25 |", {"start_date": "2025-05-01"}
    rest = of_rows(rows_of(drawn, CPLI_ROW, **begun)[5:])
    for end, kept in (("2025-11-18", 1.0), ("2025-11-19", 1.0), ("2025-11-20", 25 / 30)):
        before = extract(drawn.format(end=end), as_of=NIGHT_BEFORE, **begun)
        assert len(before.cplis) == 30
        assert overnight(before, rest)["kept_share"] == kept


def test_only_what_was_in_scope_is_looked_for() -> None:
    before = extract("lines | authorisation\n5 | draft\n20 | authorised", as_of=NIGHT_BEFORE)
    rest = of_rows(rows_of("lines\n25", CPLI_ROW)[5:])
    assert overnight(before, rest)["kept_share"] == 1.0
    signed = overnight(before, extract("lines\n25"))
    assert signed["new_share"] == 0.25
    assert signed["old_but_new_share"] == 0.25


ENTERED = table("""
created_at           | old
2026-11-12T00:00:00Z | 0.0
2026-11-11T23:59:00Z | 0.25
                     | 0.0
""")


@pytest.mark.parametrize("case", ENTERED, ids=named)
def test_what_is_new_here_is_old_where_it_was_entered_a_week_before_the_last_night(
    case: dict[str, str],
) -> None:
    drawn = f"lines | created_at\n20 | 2026-05-01T09:00:00Z\n5 | {case['created_at']}"
    figures = overnight(extract(ALL_ALIKE, as_of=NIGHT_BEFORE), extract(drawn))
    assert figures["new_share"] == 0.25
    assert figures["old_but_new_share"] == float(case["old"])


def test_somebody_whose_care_goes_on_with_another_line_has_lost_none() -> None:
    before = rows_of("lines | end_date\n20 | 2026-11-30", CPLI_ROW)
    anew = [{**row, "cpli_id": f"{row['cpli_id']}/2"} for row in before]
    figures = overnight(of_rows(before, as_of=NIGHT_BEFORE), of_rows(anew))
    assert (figures["kept_share"], figures["support_lost_share"]) == (0.0, 0.0)
    over = of_rows([{**row, "end_date": "2026-11-19"} for row in before], as_of=NIGHT_BEFORE)
    assert overnight(over, of_rows([]))["support_lost_share"] is None


@pytest.mark.parametrize("case", VANISHED, ids=named)
def test_a_group_vanishes_where_no_row_of_it_came(case: dict[str, str]) -> None:
    column, share = case["column"], f"{case['kind']}_vanished_share"
    before = five_have(column, case["was"], as_of=NIGHT_BEFORE)
    rest = rows_of("lines\n25", CPLI_ROW)[5:]
    one = rows_of("lines\n25", CPLI_ROW)[4] | {column: case["was"]}
    assert overnight(before, of_rows(rest))[share] == 0.2
    for left in ({"end_date": "2026-06-30"}, {"district": ""}, {"start_date": "never"}):
        assert overnight(before, of_rows([*rest, one | left]))[share] == 0.0
    small = of_rows([*rest, *[{**one, "cpli_id": f"S{n}"} for n in range(4)]], as_of=NIGHT_BEFORE)
    assert overnight(small, of_rows(rest))[share] == 0.0


def test_a_provider_in_other_letters_is_another_one() -> None:
    before = five_have("provider_id", "P2", as_of=NIGHT_BEFORE)
    assert overnight(before, five_have("provider_id", "p2"))["provider_vanished_share"] == 0.2


def test_numbers_go_missing_in_one_team_without_the_others_hiding_it() -> None:
    drawn = (
        "lines | commissioning_team | nhs_number\n"
        "10 | East |\n {with_number} | West | 9990000018\n {without} | West |\n"
        "9 | North | {north}\n 30 | | {north}\n 30 | South | 9990000018"
    )
    before = drawn.format(with_number=15, without=5, north="9990000018")
    tonight = drawn.format(with_number=5, without=15, north="")
    figures = overnight(extract(before, as_of=NIGHT_BEFORE), extract(tonight))
    assert figures["nhs_number_missing_rise"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("gap_days", "compared"), [(1, True), (LONGEST_GAP_DAYS, True), (LONGEST_GAP_DAYS + 1, False)]
)
def test_a_night_is_not_compared_with_one_long_ago(gap_days: int, compared: bool) -> None:
    before = extract(ALL_ALIKE, as_of=AS_OF - timedelta(days=gap_days))
    figures = overnight(before, extract(ALL_ALIKE))
    assert ("kept_share" in figures) is compared
    _, profile = measured(extract(ALL_ALIKE), measured(before)[1])
    assert (profile.unchanged_since < day(AS_OF)) is compared


@pytest.mark.parametrize("days_later", [0, 1])
def test_a_night_is_not_compared_with_itself_or_one_after_it(days_later: int) -> None:
    other = extract(ALL_ALIKE, as_of=AS_OF + timedelta(days=days_later))
    assert "kept_share" not in overnight(other, extract(ALL_ALIKE))


def test_under_another_key_nothing_is_compared() -> None:
    _, before = measured(extract(ALL_ALIKE, as_of=NIGHT_BEFORE), key=OTHER_KEY)
    figures, profile = measured(extract(ALL_ALIKE), before)
    assert not {"kept_share", "changed_share", "changes_overdue"} & set(figures)
    assert (profile.unchanged_since, profile.counted) == (day(AS_OF), 0)


def test_a_profile_holds_nothing_of_a_person_but_keyed_hashes() -> None:
    planted = {
        "cpli_id": "LINE-4711",
        "person_id": "PERSON-4711",
        "nhs_number": synthetic_nhs_number(4711),
        "family_name": "Zebrowska",
        "given_name": "Quintessa",
        "commissioning_worker": "Ophelia Quick",
        "service_description": "mornings only",
    }
    _, profile = measured(of_rows([{**CPLI_ROW, **planted}] * 2))
    told = f"{asdict(replace(profile, sample=pd.DataFrame()))} {profile.sample.to_dict('list')}"
    assert [name for name, value in planted.items() if value in told] == []
    other = measured(of_rows([{**CPLI_ROW, **planted}]), key=OTHER_KEY)[1].sample
    hashed = [*IDENTITIES, "id", "content", "name", "birth"]
    assert profile.sample[hashed].ne(other[hashed]).to_numpy().all()


def test_rows_in_another_order_are_the_same_night() -> None:
    rows = rows_of(some_of_everything(), CPLI_ROW)
    before = of_rows(rows_of("lines\n70", CPLI_ROW), as_of=NIGHT_BEFORE)
    mixed = [rows[n] for n in np.random.default_rng(7).permutation(len(rows))]
    (straight, one), (shuffled, other) = (
        measured(each, measured(before)[1]) for each in (of_rows(rows), of_rows(mixed))
    )
    assert shuffled == straight
    assert other.digest == one.digest
    assert replace(other, sample=one.sample) == replace(one, sample=one.sample)
    pd.testing.assert_frame_equal(
        other.sample.reset_index(drop=True), one.sample.reset_index(drop=True)
    )


def some_of_everything() -> str:
    """Return lines of all kinds."""
    return """
lines | end_date   | authorisation | provider_id | commissioning_team | nhs_number | start_date
20    |            | authorised    | P1          | North              |            | 2026-05-01
20    | 2026-11-18 | authorised    | P2          |                    | 9990000018 | 2026-05-01
20    | 2027-03-31 | draft         | P9          | South              | 9990000018 | 2026-05-02
12    | 2027-03-31 | authorised    | P9          | South              | 9990000018 | 2026-12-24
3     |            | authorised    | P1          | North              |            | never
"""


def test_frames_are_left_as_they_were() -> None:
    tonight = extract(some_of_everything())
    kept = tonight.cplis.copy(deep=True), tonight.rejected.copy(deep=True)
    profile = measured(extract("lines\n70", as_of=NIGHT_BEFORE))[1]
    sample = profile.sample.copy(deep=True)
    measured(tonight, profile)
    pd.testing.assert_frame_equal(tonight.cplis, kept[0])
    pd.testing.assert_frame_equal(tonight.rejected, kept[1])
    pd.testing.assert_frame_equal(profile.sample, sample)


def test_an_index_with_gaps_says_nothing() -> None:
    tonight = extract(some_of_everything())
    gaps = tonight.cplis.set_index(np.arange(len(tonight.cplis))[::-1] * 3 + 5)
    before = measured(extract("lines\n70", as_of=NIGHT_BEFORE))[1]
    assert measured(replace(tonight, cplis=gaps), before)[0] == measured(tonight, before)[0]


def many(lines: int, *, as_of: date = AS_OF, first: int = 1, **changed: pd.Series) -> Extract:
    """Return an extract of many lines, of which columns can be changed by their place."""
    whole = extract("lines\n1", as_of=as_of)
    numbers = pd.Series(np.arange(first, first + lines)).astype("str")
    cplis = whole.cplis.loc[np.zeros(lines, dtype=int)].reset_index(drop=True)
    cplis = cplis.assign(cpli_id="C" + numbers, person_id=numbers, row=np.arange(1, lines + 1))
    return replace(whole, cplis=cplis.assign(**changed), rows=lines)


def test_of_a_large_extract_the_lines_with_the_lowest_hashes_are_kept() -> None:
    tonight = many(5000)
    _, profile = measured(tonight)
    _, _, lines = measure(tonight, None, key=KEY, working_days=between)
    lowest = sorted(map(int, lines["id"]))[:SAMPLED]
    assert list(map(int, profile.sample["id"])) == lowest
    assert profile.sample["id"].dtype == np.uint64
    assert not profile.whole
    assert measured(many(SAMPLED))[1].whole
    assert not measured(many(SAMPLED + 1))[1].whole


@pytest.mark.parametrize("lines", [5000, 1500])
def test_shares_of_a_sample_are_near_the_truth(lines: int) -> None:
    # Of all 20 % went, of the rest an eighth changed, and 6 % of as many are new.
    _, before = measured(many(lines, as_of=NIGHT_BEFORE))
    assert before.whole is (lines <= SAMPLED)
    tonight = many(int(lines * 0.86), first=int(lines * 0.2) + 1)
    quantity = tonight.cplis["weekly_quantity"].mask(np.arange(len(tonight.cplis)) < lines / 10, 7)
    cplis = tonight.cplis.assign(weekly_quantity=quantity)
    figures, _ = measured(replace(tonight, cplis=cplis), unpack(pack(before)))
    error = 0.0 if before.whole else 0.03
    assert figures["kept_share"] == pytest.approx(0.8, abs=error)
    assert figures["changed_share"] == pytest.approx(0.125, abs=error)
    assert figures["new_share"] == pytest.approx(0.06, abs=error)
    assert figures["old_but_new_share"] == figures["new_share"]
    assert figures["support_lost_share"] == pytest.approx(0.2, abs=error)


def test_an_extract_that_outgrows_the_sample_has_no_new_lines_for_it() -> None:
    _, before = measured(many(5000, as_of=NIGHT_BEFORE))
    figures, _ = measured(many(5000), before)
    assert figures["new_share"] == figures["changed_share"] == 0.0
    assert figures["kept_share"] == 1.0
    _, small = measured(many(2000, as_of=NIGHT_BEFORE))
    grown, _ = measured(many(2200), small)
    assert grown["new_share"] == pytest.approx(0.1)


def night_after_night(
    extracts: dict[date, Extract], before: Profile | None = None
) -> Iterator[tuple[Figures, Profile]]:
    """Measure one night after another."""
    for as_of, each in extracts.items():
        told, before = measured(replace(each, as_of=day(as_of)), before)
        yield told, before


def changing(lines: int, changed: int) -> Extract:
    """Return an extract of lines of which the first have a quantity that none had before."""
    quantity = pd.Series(np.where(np.arange(lines) < changed, next(_QUANTITIES), 14.5))
    return many(lines, weekly_quantity=quantity)


_QUANTITIES = count(100.0)


def test_the_same_again_is_as_old_as_its_first_until_something_changes() -> None:
    same = many(40)
    monday = date(2026, 11, 16)
    nights = {monday + timedelta(days=n): same for n in range(4)}
    nights[monday + timedelta(days=4)] = changing(40, 1)
    since = [profile.unchanged_since - day(monday) for _, profile in night_after_night(nights)]
    assert since == [0, 0, 0, 0, 4]


def test_changes_are_counted_by_working_days_and_told_from_the_fifth_on() -> None:
    tuesday = date(2026, 11, 3)
    nights = {tuesday: many(200)}
    for n in range(1, 8):
        nights[tuesday + timedelta(days=n)] = (
            # Nobody works on Saturday and Sunday, whose extracts lie before Sunday's and Monday's.
            nights[tuesday + timedelta(days=n - 1)] if n in (5, 6) else changing(200, 4)
        )
    told = list(night_after_night(nights))
    assert [profile.counted for _, profile in told] == [0, 1, 2, 3, 4, 4, 4, 5]
    # Of a night's four, and of the four of the night before which are as they were again.
    assert [round(profile.changes, 6) for _, profile in told][-1] == pytest.approx(4.0, rel=0.3)
    assert all(
        (figures["changes_overdue"] is None) is (profile.counted < FEWEST_COUNTED)
        for figures, profile in told[1:]
    )
    usual, last = told[-1][1], nights[date(2026, 11, 10)]
    # A night sees the work of the days before it: Wednesday's that of Tuesday.
    still = {date(2026, 11, 11): 1, date(2026, 11, 13): 3, date(2026, 11, 16): 4}
    for as_of, days in still.items():
        [(after, _)] = night_after_night({as_of: last}, usual)
        assert after["changes_overdue"] == pytest.approx(usual.changes * days)
        quiet = after["changes_overdue"] <= MOST_OVERDUE
        assert after["unchanged_working_days"] == (0 if quiet else days)
    assert usual.changes <= MOST_OVERDUE < 4 * usual.changes


def test_a_day_on_which_all_change_counts_as_a_busy_one() -> None:
    tuesday = date(2026, 11, 3)
    nights = {tuesday + timedelta(days=n): changing(400, 4) for n in range(3)}
    *_, (_, usual) = night_after_night(nights)
    [(_, after)] = night_after_night({date(2026, 11, 6): changing(400, 400)}, usual)
    assert usual.changes < after.changes <= 2 * usual.changes + 3


def test_lines_of_two_councils_are_shared_where_all_they_say_is_the_same() -> None:
    own = measure(extract("lines\n25"), None, key=KEY, working_days=between)[2]
    rows = rows_of("lines\n25", CPLI_ROW)
    others = [
        measure(of_rows(each), None, key=KEY, working_days=between)[2]
        for each in (
            [{**row, "unit": "days"} for row in rows],
            [*rows[:10], *[{**row, "cpli_id": f"D{n}"} for n, row in enumerate(rows)]],
            [],
        )
    ]
    assert shared_with(own, others) == 0.4
    assert shared_with(own, others[:1]) == 0.0
    assert shared_with(own, []) is None
    assert shared_with(own.head(FEWEST - 1), [own]) is None
    elsewhere = cleaned_extract("lines\n25", council="E06000017").valid
    there = replace(extract("lines\n0"), cplis=elsewhere)
    assert shared_with(own, [measure(there, None, key=KEY, working_days=between)[2]]) == 1.0
    assert LEICESTER != "E06000017"


def test_a_refused_night_holds_no_hash_for_its_own_profile() -> None:
    """What stands in for a value that is not stated is like no value's hash."""
    _, profile = measured(extract("lines | cpli_id | person_id\n5 | |\n20 | |"))
    assert profile.sample.empty
    rows = rows_of("lines\n25", CPLI_ROW)
    before = of_rows(rows, as_of=NIGHT_BEFORE)
    nameless = of_rows([*[{**row, "cpli_id": ""} for row in rows[:5]], *rows[5:]])
    assert overnight(before, nameless)["kept_share"] == 0.8
