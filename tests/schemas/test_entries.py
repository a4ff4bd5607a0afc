"""Rule 2 for caseloads: which entries are rejected, and what is set to null."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache

import pandas as pd
import pytest
from cleaned import (
    AS_OF,
    ENTRY_ROW,
    LEICESTER,
    MARGARET,
    SUPPORT,
    Row,
    caseload_file,
    changed,
    cleaned_entries,
    in_row,
    numbered,
    only,
    plain,
    raw,
    refused,
)
from oracle.tables import table

from schemas.cleaning import CleanedCaseloads, clean_caseloads
from schemas.raw import RawTable, RefusalLog, refusals
from schemas.tables import CASELOAD

SOUND = {
    "caseload": 0,
    "caseload_row": 1,
    "provider_id": "P1",
    "caseload_date": "2026-11-16",
    "cpli_id": "C1",
    "local_authority": LEICESTER,
    "person_id": "1001",
    "nhs_number": "9990000107",
    "family_name": "Hollis",
    "given_name": "Margaret",
    "date_of_birth": "1938-07-04",
    "service_type": "HS",
    "service_type_unmapped": False,
    "start_date": "2026-05-01",
    "end_date": "2027-03-31",
    "weekly_quantity": 14.5,
    "unit": "hours",
}
"""What becomes of ENTRY_ROW."""


def test_a_sound_entry_is_read_whole_and_without_a_word() -> None:
    cleaned = cleaned_entries(ENTRY_ROW)

    assert plain(cleaned.valid) == [SOUND]
    assert len(cleaned.rejected) == 0
    assert refused(cleaned) == []
    assert plain(cleaned.counts) == [{"caseload": 0, "rows": 1, "rejected_rows": 0}]


REJECTED = table("""
    column        | cell                | rule                   | remembered
    service_type  |                     | missing                |
    start_date    | 2026-02-30          | unreadable             |
    start_date    | May                 | unreadable             |
    end_date      | 31/03/2027          | unreadable             |
    end_date      | 2026-04-30          | end_before_start       | 2026-04-30
    provider_id   | P2                  | differs_from_file_name | P1
    provider_id   | p1                  | differs_from_file_name | P1
    caseload_date | 2026-11-15          | differs_from_file_name | 2026-11-16
    caseload_date | 16/11/2026          | differs_from_file_name | 2026-11-16
    caseload_date | 2026-11-16 00:00:00 | differs_from_file_name | 2026-11-16
    caseload_date | today               | differs_from_file_name | 2026-11-16
""")


@cache
def bad_entries() -> CleanedCaseloads:
    return cleaned_entries(*changed(ENTRY_ROW, REJECTED))


@pytest.mark.parametrize("number", **numbered(REJECTED))
def test_an_entry_is_rejected_and_what_can_be_read_of_it_is_remembered(number) -> None:
    case = REJECTED[number - 1]

    assert in_row(refused(bad_entries()), number) == [
        (number, case["column"], case["rule"], "rejected")
    ]
    as_it_was = {**SOUND, "caseload_row": number, "cpli_id": f"C{number}"}
    remembered = {**as_it_was, case["column"]: case["remembered"] or None}
    assert only(bad_entries().rejected, number) == remembered
    assert number not in bad_entries().valid["caseload_row"].to_list()


ODD = table("""
    column          | cell        | rule                  | value
    local_authority | Leicester   | unreadable            |
    local_authority | e06000016   | unreadable            |
    local_authority | W06000015   | unreadable            |
    local_authority | E060000160  | unreadable            |
    local_authority | E06000099   |                       | E06000099
    local_authority |             |                       |
    nhs_number      | 9990000106  | nhs_number_invalid    |
    nhs_number      | 999-000-010 | nhs_number_invalid    |
    date_of_birth   | unknown     | unreadable            |
    date_of_birth   | 1899-12-31  | implausible           |
    date_of_birth   | 2026-11-21  | implausible           |
    date_of_birth   | 2026-11-20  |                       | 2026-11-20
    weekly_quantity | daily       | unreadable            |
    weekly_quantity | -2          | unreadable            |
    unit            | Visits      | unknown_unit          |
    start_date      |             |                       |
    end_date        |             |                       |
    end_date        | 2026-05-01  |                       | 2026-05-01
    person_id       |             |                       |
    family_name     |             |                       |
    provider_id     |             |                       | P1
    caseload_date   |             |                       | 2026-11-16
""")


@cache
def odd_entries() -> CleanedCaseloads:
    return cleaned_entries(*changed(ENTRY_ROW, ODD))


@pytest.mark.parametrize("number", **numbered(ODD))
def test_an_entry_stays_without_a_value_that_is_warned_of(number) -> None:
    case = ODD[number - 1]

    told = [(number, case["column"], case["rule"], "warning")] if case["rule"] else []
    assert in_row(refused(odd_entries()), number) == told
    assert only(odd_entries().valid, number) == {
        **SOUND,
        "caseload_row": number,
        "cpli_id": f"C{number}",
        case["column"]: case["value"] or None,
    }


def test_an_unmapped_service_type_becomes_oth_with_a_warning() -> None:
    cleaned = cleaned_entries({**ENTRY_ROW, "service_type": "hs"})

    assert refused(cleaned) == [(1, "service_type", "service_type_unmapped", "warning")]
    assert plain(cleaned.valid) == [{**SOUND, "service_type": "OTH", "service_type_unmapped": True}]


IDENTITIES = table("""
    cpli_id | nhs_number | person_id | family_name | given_name | date_of_birth | usable | nulled
    C1      |            |           |             |            |               | yes    |
            | 9990000107 |           |             |            |               | yes    |
            |            | 1001      |             |            |               | yes    |
            |            |           | Hollis      | Margaret   | 1938-07-04    | yes    |
            |            |           |             |            |               | no     |
            |            |           |             | Margaret   | 1938-07-04    | no     |
            |            |           | Hollis      |            | 1938-07-04    | no     |
            |            |           | Hollis      | Margaret   |               | no     |
            |            |           | Hollis      | Margaret   | 04/07/1938    | no     | birth
            |            |           | Hollis      | Margaret   | 2027-07-04    | no     | birth
            |            |           | Hollis      | Margaret   | 1838-07-04    | no     | birth
            | 9990000106 |           |             |            |               | no     | NHS
            | 9990000106 |           | Hollis      | Margaret   | 1938-07-04    | yes    | NHS
            | 9990000106 | 1001      |             |            |               | yes    | NHS
    C1      |            |           | Hollis      |            | soon          | yes    | birth
""")
NULLED = {"": set(), "birth": {"date_of_birth"}, "NHS": {"nhs_number"}}
NAMES = ("cpli_id", "nhs_number", "person_id", "family_name", "given_name", "date_of_birth")


@cache
def identified_entries() -> CleanedCaseloads:
    return cleaned_entries(
        *({**ENTRY_ROW, **{name: case[name] for name in NAMES}} for case in IDENTITIES)
    )


@pytest.mark.parametrize("number", **numbered(IDENTITIES))
def test_an_entry_needs_a_usable_identity(number) -> None:
    case = IDENTITIES[number - 1]
    cleaned = identified_entries()

    said = in_row(refused(cleaned), number)
    no_identity = (number, None, "no_identity", "rejected")
    assert (no_identity in said) == (case["usable"] == "no")
    nulled = {column for _, column, _, level in said if level == "warning"}
    assert nulled == NULLED[case["nulled"]]
    frame = cleaned.valid if case["usable"] == "yes" else cleaned.rejected
    kept = {name: case[name] or None for name in NAMES} | dict.fromkeys(nulled)
    assert only(frame, number) == {**SOUND, "caseload_row": number, **kept}


def test_a_council_alone_is_no_identity_and_an_entry_can_lack_everything_else() -> None:
    cleaned = cleaned_entries({"local_authority": LEICESTER})

    assert refused(cleaned) == [
        (1, None, "no_identity", "rejected"),
        (1, "service_type", "missing", "rejected"),
    ]
    assert only(cleaned.rejected, 1) == dict.fromkeys(SOUND) | {
        "caseload": 0,
        "caseload_row": 1,
        "provider_id": "P1",
        "caseload_date": "2026-11-16",
        "local_authority": LEICESTER,
        "service_type_unmapped": False,
    }


def test_an_entry_is_rejected_once_for_all_that_is_wrong_with_it() -> None:
    row = {**SUPPORT, "provider_id": "P2", "caseload_date": "2026", "start_date": "soon"}

    cleaned = cleaned_entries(row)

    assert refused(cleaned) == [
        (1, None, "no_identity", "rejected"),
        (1, "caseload_date", "differs_from_file_name", "rejected"),
        (1, "provider_id", "differs_from_file_name", "rejected"),
        (1, "start_date", "unreadable", "rejected"),
    ]
    assert plain(cleaned.counts) == [{"caseload": 0, "rows": 1, "rejected_rows": 1}]


def test_wholly_blank_rows_are_skipped_but_keep_their_row_number() -> None:
    blank = dict.fromkeys(CASELOAD.all, " \u00a0\t")

    cleaned = cleaned_entries(
        {}, ENTRY_ROW, blank, {**ENTRY_ROW, "service_type": ""}, ENTRY_ROW, {}, blank
    )

    assert cleaned.valid["caseload_row"].to_list() == [2, 5]
    assert refused(cleaned) == [(4, "service_type", "missing", "rejected")]
    assert plain(cleaned.counts) == [{"caseload": 0, "rows": 3, "rejected_rows": 1}]


def test_a_row_with_nothing_but_what_the_file_name_says_is_not_blank() -> None:
    cleaned = cleaned_entries({"provider_id": "P1", "caseload_date": "2026-11-16"})

    assert len(cleaned.rejected) == 1


def test_repeated_entries_all_stay() -> None:
    cleaned = cleaned_entries(ENTRY_ROW, ENTRY_ROW, {**ENTRY_ROW, "unit": "visits"})

    assert cleaned.valid["caseload_row"].to_list() == [1, 2, 3]
    assert refused(cleaned) == []


def test_a_ragged_entry_is_rejected_even_where_nothing_of_it_can_be_trusted() -> None:
    cleaned = cleaned_entries(ENTRY_ROW, ENTRY_ROW, {}, ragged=[2, 3])

    assert [row for row, _, rule, _ in refused(cleaned) if rule == "ragged"] == [2, 3]
    assert cleaned.rejected["caseload_row"].to_list() == [2, 3]
    assert only(cleaned.rejected, 2) == {**SOUND, "caseload_row": 2}
    assert plain(cleaned.counts) == [{"caseload": 0, "rows": 3, "rejected_rows": 2}]


def test_several_caseloads_are_cleaned_each_by_its_own_name() -> None:
    other = {**ENTRY_ROW, "provider_id": "P2", "caseload_date": "2026-11-09"}
    # A spreadsheet without provider, date and council; its rows are numbered anew.
    nameless = {"nhs_number": MARGARET["nhs_number"], "service_type": "HS"}

    cleaned = clean_caseloads(
        [
            (7, caseload_file("P1"), raw([ENTRY_ROW, other], CASELOAD)),
            (3, caseload_file("P2", date(2026, 11, 9)), raw([{}, other, ENTRY_ROW], CASELOAD)),
            (5, caseload_file("P3"), raw([], CASELOAD)),
            (9, caseload_file("P4", AS_OF), raw([nameless], CASELOAD)),
        ],
        as_of=AS_OF,
    )

    columns = ["caseload", "caseload_row", "provider_id", "caseload_date"]
    assert [tuple(row.values()) for row in plain(cleaned.valid[columns])] == [
        (7, 1, "P1", "2026-11-16"),
        (3, 2, "P2", "2026-11-09"),
        (9, 1, "P4", "2026-11-20"),
    ]
    assert [tuple(row.values()) for row in plain(cleaned.rejected[columns])] == [
        (7, 2, "P1", "2026-11-16"),
        (3, 3, "P2", "2026-11-09"),
    ]
    assert [tuple(row.values()) for row in plain(cleaned.counts)] == [
        (7, 2, 1),
        (3, 2, 1),
        (5, 0, 0),
        (9, 1, 0),
    ]


def received(provider_id: str, rows: Sequence[Row], refusals: pd.DataFrame) -> RawTable:
    """A caseload as it comes, with what its connector had to say."""
    table = raw(rows, CASELOAD)
    file = caseload_file(provider_id).file
    return replace(
        table,
        source=f"caseload {provider_id}",
        facts=replace(table.facts, file=file),
        refusals=refusals,
    )


def test_a_refusal_names_the_file_that_it_is_about() -> None:
    said_by_connector = RefusalLog(source="caseload P2", file="caseload/P2_2026-11-16.csv")
    said_by_connector.warn("unknown_column", "Column 3 was ignored.")
    bad = {**ENTRY_ROW, "provider_id": "", "service_type": ""}

    cleaned = clean_caseloads(
        [
            (0, caseload_file("P1"), received("P1", [bad], refusals())),
            (1, caseload_file("P2"), received("P2", [bad], said_by_connector.frame())),
        ],
        as_of=AS_OF,
    )

    columns = ["source", "file", "row", "rule"]
    assert [tuple(row.values()) for row in plain(cleaned.refusals[columns])] == [
        ("caseload P2", "caseload/P2_2026-11-16.csv", None, "unknown_column"),
        ("caseload P1", "caseload/P1_2026-11-16.csv", 1, "missing"),
        ("caseload P2", "caseload/P2_2026-11-16.csv", 1, "missing"),
    ]


def test_no_caseload_at_all_gives_empty_frames() -> None:
    cleaned = clean_caseloads([], as_of=AS_OF)

    assert len(cleaned.counts) == 0
    like = cleaned_entries(ENTRY_ROW)
    assert cleaned.valid.dtypes.to_dict() == like.valid.dtypes.to_dict()
    assert cleaned.counts.dtypes.to_dict() == like.counts.dtypes.to_dict()
