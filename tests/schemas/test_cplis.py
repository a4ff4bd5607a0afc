"""Rule 2 for a council's extract: which CPLIs are rejected, and what is set to null."""

from functools import cache

import pytest
from cleaned import (
    CPLI_ROW,
    LEICESTER,
    changed,
    cleaned_cplis,
    in_row,
    numbered,
    only,
    plain,
    raw,
    refused,
)
from oracle.cleaning import SERVICE_TYPES
from oracle.tables import table

from schemas.cleaning import Cleaned
from schemas.tables import CPLI

SOUND = {
    "local_authority": LEICESTER,
    "row": 1,
    "cpli_id": "C1",
    "person_id": "1001",
    "nhs_number": "9990000107",
    "family_name": "Hollis",
    "given_name": "Margaret",
    "date_of_birth": "1938-07-04",
    "provider_id": "P1",
    "service_type": "HS",
    "service_type_unmapped": False,
    "service_category": "LTS-C",
    "service_description": "weekday calls",
    "start_date": "2026-05-01",
    "end_date": "2027-03-31",
    "weekly_quantity": 14.5,
    "weekly_quantity_unreadable": False,
    "unit": "hours",
    "unit_unreadable": False,
    "authorisation": "authorised",
    "created_at": "2026-04-20T09:30:00+00:00",
    "updated_at": "2026-09-01T17:05:00+00:00",
    "commissioning_team": "North",
    "commissioning_worker": "Ada Obi",
    "district": "Melton",
    "restricted": "no",
}
"""What becomes of CPLI_ROW."""


def test_a_sound_cpli_is_read_whole_and_without_a_word() -> None:
    cleaned = cleaned_cplis(CPLI_ROW)

    assert plain(cleaned.valid) == [SOUND]
    assert len(cleaned.rejected) == 0
    assert refused(cleaned) == []


REJECTED = table("""
    column        | cell                | rule             | remembered
    cpli_id       |                     | missing          |
    person_id     |                     | missing          |
    provider_id   |                     | missing          |
    service_type  |                     | missing          |
    start_date    |                     | missing          |
    start_date    | 2026-02-30          | unreadable       |
    start_date    | 01/05/2026          | unreadable       |
    start_date    | 2026-05-01 00:00:00 | unreadable       |
    end_date      | 2026-02-30          | unreadable       |
    end_date      | ongoing             | unreadable       |
    end_date      | 2026-04-30          | end_before_start | 2026-04-30
    end_date      | 0219-04-30          | end_before_start | 0219-04-30
    authorisation |                     | missing          |
    authorisation | Authorised          | unreadable       |
    authorisation | pending             | unreadable       |
""")


@cache
def bad_cplis() -> Cleaned:
    return cleaned_cplis(*changed(CPLI_ROW, REJECTED))


@pytest.mark.parametrize("number", **numbered(REJECTED))
def test_a_cpli_is_rejected_and_what_can_be_read_of_it_is_remembered(number) -> None:
    case = REJECTED[number - 1]

    assert in_row(refused(bad_cplis()), number) == [
        (number, case["column"], case["rule"], "rejected")
    ]
    as_it_was = {**SOUND, "row": number, "cpli_id": f"C{number}"}
    remembered = {**as_it_was, case["column"]: case["remembered"] or None}
    assert only(bad_cplis().rejected, number) == remembered
    assert number not in bad_cplis().valid["row"].to_list()


NULLED = table("""
    column           | cell                      | rule
    nhs_number       | 9990000106                | nhs_number_invalid
    nhs_number       | 999 000 010               | nhs_number_invalid
    nhs_number       | 9999999999                | nhs_number_invalid
    date_of_birth    | 04/07/1938                | unreadable
    date_of_birth    | 1938-02-29                | unreadable
    date_of_birth    | 1899-12-31                | implausible
    date_of_birth    | 0193-07-04                | implausible
    date_of_birth    | 2026-11-21                | implausible
    weekly_quantity  | lots                      | unreadable
    weekly_quantity  | -1                        | unreadable
    weekly_quantity  | 1,000                     | unreadable
    unit             | Hours                     | unknown_unit
    unit             | minutes                   | unknown_unit
    created_at       | yesterday                 | unreadable
    created_at       |                           | missing
    updated_at       | 2026-09-01T25:00          | unreadable
    updated_at       | 9999-12-31T23:30:00-05:00 | unreadable
    service_category | lts-c                     | unknown_code
""")
REMEMBERED_AS_UNREADABLE = {"weekly_quantity", "unit"}
"""Rule 10 leaves out of its comparison what was set to null with a warning."""


@cache
def odd_cplis() -> Cleaned:
    return cleaned_cplis(*changed(CPLI_ROW, NULLED))


@pytest.mark.parametrize("number", **numbered(NULLED))
def test_a_value_is_set_to_null_with_a_warning_and_its_cpli_stays(number) -> None:
    case = NULLED[number - 1]
    column = case["column"]

    assert in_row(refused(odd_cplis()), number) == [(number, column, case["rule"], "warning")]
    expected = {**SOUND, "row": number, "cpli_id": f"C{number}", column: None}
    if column in REMEMBERED_AS_UNREADABLE:
        expected[f"{column}_unreadable"] = True
    assert only(odd_cplis().valid, number) == expected
    assert len(odd_cplis().rejected) == 0


KEPT = table("""
    column               | cell                | value
    nhs_number           |                     |
    nhs_number           | 999 000 0107        | 9990000107
    family_name          |                     |
    given_name           |                     |
    date_of_birth        |                     |
    date_of_birth        | 2026-11-20          | 2026-11-20
    date_of_birth        | 1900-01-01          | 1900-01-01
    date_of_birth        | 2024-02-29          | 2024-02-29
    end_date             |                     |
    end_date             | 2026-05-01          | 2026-05-01
    end_date             | 9999-12-31          | 9999-12-31
    unit                 |                     |
    weekly_quantity      |                     |
    updated_at           |                     |
    updated_at           | 2026-09-01T18:05    | 2026-09-01T17:05:00+00:00
    updated_at           | 2026-10-25 01:30:00 | 2026-10-25T00:30:00+00:00
    service_category     |                     |
    service_category     | CS-SIPC             | CS-SIPC
    service_description  |                     |
    commissioning_team   |                     |
    commissioning_worker |                     |
    district             |                     |
    restricted           |                     |
    authorisation        | draft               | draft
    authorisation        | cancelled           | cancelled
    start_date           | 0219-05-01          | 0219-05-01
""")


@cache
def good_cplis() -> Cleaned:
    return cleaned_cplis(*changed(CPLI_ROW, KEPT))


@pytest.mark.parametrize("number", **numbered(KEPT))
def test_a_value_is_kept_without_a_word(number) -> None:
    case = KEPT[number - 1]

    assert in_row(refused(good_cplis()), number) == []
    expected = {
        **SOUND,
        "row": number,
        "cpli_id": f"C{number}",
        case["column"]: case["value"] or None,
    }
    assert only(good_cplis().valid, number) == expected


def test_each_of_the_27_service_types_is_kept() -> None:
    cases = [{"column": "service_type", "cell": code} for code in sorted(SERVICE_TYPES)]

    cleaned = cleaned_cplis(*changed(CPLI_ROW, cases))

    assert len(cases) == 27
    assert cleaned.valid["service_type"].to_list() == sorted(SERVICE_TYPES)
    assert not cleaned.valid["service_type_unmapped"].any()
    assert refused(cleaned) == []


@pytest.mark.parametrize("cell", ["hs", "Home Support", "HS2", "PS -SW", "-"])
def test_any_other_service_type_becomes_oth_with_a_warning_and_is_marked_unmapped(cell) -> None:
    cleaned = cleaned_cplis({**CPLI_ROW, "service_type": cell})

    assert refused(cleaned) == [(1, "service_type", "service_type_unmapped", "warning")]
    assert plain(cleaned.valid) == [{**SOUND, "service_type": "OTH", "service_type_unmapped": True}]


def test_a_rejected_cpli_is_warned_of_too_and_remembered_without_the_value() -> None:
    row = {**CPLI_ROW, "person_id": "", "start_date": "soon", "service_type": "?", "unit": "min"}

    cleaned = cleaned_cplis(row)

    assert refused(cleaned) == [
        (1, "person_id", "missing", "rejected"),
        (1, "service_type", "service_type_unmapped", "warning"),
        (1, "start_date", "unreadable", "rejected"),
        (1, "unit", "unknown_unit", "warning"),
    ]
    assert plain(cleaned.rejected) == [
        {
            **SOUND,
            "person_id": None,
            "start_date": None,
            "service_type": "OTH",
            "service_type_unmapped": True,
            "unit": None,
            "unit_unreadable": True,
        }
    ]


def test_a_cpli_with_nothing_but_its_id_is_remembered_by_it() -> None:
    cleaned = cleaned_cplis({"cpli_id": "C1"})

    assert refused(cleaned) == [
        (1, "authorisation", "missing", "rejected"),
        (1, "created_at", "missing", "warning"),
        (1, "person_id", "missing", "rejected"),
        (1, "provider_id", "missing", "rejected"),
        (1, "service_type", "missing", "rejected"),
        (1, "start_date", "missing", "rejected"),
    ]
    stated = {name: cell for name, cell in only(cleaned.rejected, 1).items() if cell}
    assert stated == {"local_authority": LEICESTER, "row": 1, "cpli_id": "C1"}


REPEATS = table("""
    row | cpli_id | commissioning_worker | start_date | outcome   | case
    1   | A       | x                    | 2026-05-01 | valid     | identical repeats count once
    2   | A       | x                    | 2026-05-01 | dropped   |
    3   | A       | x                    | 2026-05-01 | dropped   |
    4   | B       | x                    | 2026-05-01 | rejected  | conflicting ones are rejected
    5   | B       | y                    | 2026-05-01 | rejected  |
    6   | C       | x                    | 2026-05-01 | rejected  | where two of three are identical
    7   | C       | x                    | 2026-05-01 | rejected  |
    8   | C       | y                    | 2026-05-01 | rejected  |
    9   | D       | x                    | soon       | bad       | where one is bad otherwise
    10  | D       | x                    | 2026-05-01 | rejected  |
    11  | E       | x                    | soon       | only bad  | identical bad ones count once
    12  | E       | x                    | soon       | dropped   |
    13  | e       | x                    | soon       | only bad  | another letter case, another id
    14  |         | x                    | 2026-05-01 | no id     | without an id there is no repeat
    15  |         | x                    | 2026-05-01 | no id     |
    16  |         | y                    | 2026-05-01 | no id     |
    17  | F       | x                    | 2026-05-01 | rejected  | copies need not be neighbours
    18  | G       | x                    | 2026-05-01 | valid     |
    19  | F       |                      | 2026-05-01 | rejected  | nothing and something conflict
    20  | G       | x                    | 2026-05-01 | dropped   |
    21  | H       |                      | 2026-05-01 | valid     | nothing repeats nothing
    22  | H       |                      | 2026-05-01 | dropped   |
""")
OUTCOMES = {
    "valid": [],
    "dropped": [("cpli_id", "repeated", "warning")],
    "rejected": [("cpli_id", "conflicting_cpli_id", "rejected")],
    "bad": [
        ("cpli_id", "conflicting_cpli_id", "rejected"),
        ("start_date", "unreadable", "rejected"),
    ],
    "only bad": [("start_date", "unreadable", "rejected")],
    "no id": [("cpli_id", "missing", "rejected")],
}


@cache
def repeated_cplis() -> Cleaned:
    names = ("cpli_id", "commissioning_worker", "start_date")
    return cleaned_cplis(*({**CPLI_ROW, **{name: row[name] for name in names}} for row in REPEATS))


@pytest.mark.parametrize("row", REPEATS, ids=lambda row: f"{row['row']} {row['case']}")
def test_a_repeated_cpli_id(row) -> None:
    number = int(row["row"])
    outcome = row["outcome"]

    assert in_row(refused(repeated_cplis()), number) == [
        (number, *refusal) for refusal in OUTCOMES[outcome]
    ]
    is_valid = number in repeated_cplis().valid["row"].to_list()
    is_rejected = number in repeated_cplis().rejected["row"].to_list()
    assert is_valid == (outcome == "valid")
    assert is_rejected == (outcome not in {"valid", "dropped"})


def test_rows_that_differ_in_any_one_column_conflict() -> None:
    others = [name for name in CPLI.all if name != "cpli_id"]
    rows = [
        {**CPLI_ROW, "cpli_id": name, name: cell}
        for name in others
        for cell in (CPLI_ROW[name], "9")
    ]

    cleaned = cleaned_cplis(*rows)

    assert len(others) == 18
    assert len(cleaned.valid) == 0
    conflicting = [row for row, _, rule, _ in refused(cleaned) if rule == "conflicting_cpli_id"]
    assert sorted(conflicting) == list(range(1, 37))


def test_rows_that_differ_in_white_space_alone_are_identical() -> None:
    padded = {name: f"\u00a0\t{cell} " for name, cell in CPLI_ROW.items()}
    holed = {**CPLI_ROW, "cpli_id": "C2", "commissioning_team": ""}
    blanked = {**holed, "commissioning_team": "\u00a0"}

    cleaned = cleaned_cplis(CPLI_ROW, padded, blanked, holed)

    assert cleaned.valid["row"].to_list() == [1, 3]
    assert refused(cleaned) == [
        (2, "cpli_id", "repeated", "warning"),
        (4, "cpli_id", "repeated", "warning"),
    ]


def test_a_repeat_that_is_written_otherwise_conflicts_though_it_means_the_same() -> None:
    cleaned = cleaned_cplis(CPLI_ROW, {**CPLI_ROW, "weekly_quantity": "14.50"})

    assert len(cleaned.valid) == 0
    assert len(cleaned.rejected) == 2


def test_a_dropped_repeat_says_nothing_else_again() -> None:
    row = {**CPLI_ROW, "unit": "min", "end_date": "soon"}

    assert refused(cleaned_cplis(row, row)) == [
        (1, "end_date", "unreadable", "rejected"),
        (1, "unit", "unknown_unit", "warning"),
        (2, "cpli_id", "repeated", "warning"),
    ]


@pytest.mark.parametrize("ragged", [1, 2])
def test_a_ragged_row_conflicts_with_a_whole_one_wherever_it_stands(ragged) -> None:
    cleaned = cleaned_cplis(CPLI_ROW, CPLI_ROW, ragged=[ragged])

    assert len(cleaned.valid) == 0
    assert set(refused(cleaned)) == {
        (1, "cpli_id", "conflicting_cpli_id", "rejected"),
        (2, "cpli_id", "conflicting_cpli_id", "rejected"),
        (ragged, None, "ragged", "rejected"),
    }


def test_a_ragged_row_is_rejected_and_remembered() -> None:
    cleaned = cleaned_cplis(CPLI_ROW, {**CPLI_ROW, "cpli_id": "C2"}, ragged=[2])

    assert refused(cleaned) == [(2, None, "ragged", "rejected")]
    assert plain(cleaned.rejected) == [{**SOUND, "row": 2, "cpli_id": "C2"}]
    assert cleaned.valid["row"].to_list() == [1]


def test_the_council_is_what_the_configuration_says() -> None:
    cleaned = cleaned_cplis(CPLI_ROW, {**CPLI_ROW, "cpli_id": ""})

    assert cleaned.valid["local_authority"].to_list() == [LEICESTER]
    assert cleaned.rejected["local_authority"].to_list() == [LEICESTER]
    assert "local_authority" not in raw([CPLI_ROW], CPLI).frame
