"""Rule 2 for the portal's extract: rejected like CPLIs, without authorisation and repeats."""

from functools import cache

import pytest
from cleaned import (
    LEICESTER,
    PORTAL_ROW,
    changed,
    cleaned_portal,
    in_row,
    numbered,
    only,
    plain,
    refused,
)
from oracle.tables import table

from schemas.cleaning import Cleaned

SOUND = {
    "local_authority": LEICESTER,
    "extract_date": "2026-11-18",
    "row": 1,
    "cpli_id": "C1",
    "person_id": "1001",
    "provider_id": "P1",
    "service_type": "HS",
    "service_type_unmapped": False,
    "start_date": "2026-05-01",
    "end_date": "2027-03-31",
    "weekly_quantity": 14.5,
    "weekly_quantity_unreadable": False,
    "unit": "hours",
    "unit_unreadable": False,
}
"""What becomes of PORTAL_ROW."""


def test_a_sound_row_is_read_whole_and_without_a_word() -> None:
    cleaned = cleaned_portal(PORTAL_ROW)

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
    start_date    | 01/05/2026          | unreadable       |
    end_date      | 2026-02-30          | unreadable       |
    end_date      | 2026-04-30          | end_before_start | 2026-04-30
""")


@cache
def bad_rows() -> Cleaned:
    return cleaned_portal(*changed(PORTAL_ROW, REJECTED))


@pytest.mark.parametrize("number", **numbered(REJECTED))
def test_a_row_is_rejected_and_what_can_be_read_of_it_is_remembered(number) -> None:
    case = REJECTED[number - 1]

    assert in_row(refused(bad_rows()), number) == [
        (number, case["column"], case["rule"], "rejected")
    ]
    as_it_was = {**SOUND, "row": number, "cpli_id": f"C{number}"}
    remembered = {**as_it_was, case["column"]: case["remembered"] or None}
    assert only(bad_rows().rejected, number) == remembered
    assert number not in bad_rows().valid["row"].to_list()


ODD = table("""
    column          | cell       | rule                  | value | flag
    service_type    | HomeCare   | service_type_unmapped | OTH   | service_type_unmapped
    weekly_quantity | many       | unreadable            |       | weekly_quantity_unreadable
    weekly_quantity | -0.5       | unreadable            |       | weekly_quantity_unreadable
    unit            | HOURS      | unknown_unit          |       | unit_unreadable
    end_date        |            |                       |       |
    weekly_quantity |            |                       |       |
    unit            |            |                       |       |
""")


@cache
def odd_rows() -> Cleaned:
    return cleaned_portal(*changed(PORTAL_ROW, ODD))


@pytest.mark.parametrize("number", **numbered(ODD))
def test_a_row_stays_without_a_value_that_is_warned_of(number) -> None:
    case = ODD[number - 1]

    told = [(number, case["column"], case["rule"], "warning")] if case["rule"] else []
    assert in_row(refused(odd_rows()), number) == told
    expected = {
        **SOUND,
        "row": number,
        "cpli_id": f"C{number}",
        case["column"]: case["value"] or None,
    }
    if case["flag"]:
        expected[case["flag"]] = True
    assert only(odd_rows().valid, number) == expected


def test_a_cpli_id_may_be_shown_several_times() -> None:
    cleaned = cleaned_portal(PORTAL_ROW, PORTAL_ROW, {**PORTAL_ROW, "unit": "visits"})

    assert cleaned.valid["row"].to_list() == [1, 2, 3]
    assert refused(cleaned) == []


def test_a_ragged_row_is_rejected_and_remembered() -> None:
    cleaned = cleaned_portal(PORTAL_ROW, PORTAL_ROW, ragged=[1])

    assert refused(cleaned) == [(1, None, "ragged", "rejected")]
    assert plain(cleaned.rejected) == [SOUND]
    assert plain(cleaned.valid) == [{**SOUND, "row": 2}]
