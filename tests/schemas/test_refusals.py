"""What is said of rows that break a rule: where, which rule, and who should act. Nothing else."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from cleaned import (
    AS_OF,
    CPLI_ROW,
    ENTRY_ROW,
    LEICESTER,
    PORTAL_ROW,
    Row,
    cleaned_cplis,
    cleaned_entries,
    cleaned_portal,
    cleaned_providers,
    plain,
    raw,
)
from oracle.tables import table

from schemas.cleaning import clean_cplis
from schemas.raw import RefusalLog, refusals
from schemas.tables import CPLI, Refusal, check

WHO = {
    "cpli": f"{LEICESTER}'s finance system team",
    "portal": f"the portal's team for {LEICESTER}",
    "caseload": "the provider",
    "provider": "the keeper of the providers' register",
}


def one_row_a_fault(sound: Row, faults: Sequence[tuple[str, str]]) -> list[Row]:
    return [
        {**sound, "cpli_id": f"C{number}", column: cell}
        for number, (column, cell) in enumerate(faults)
    ]


SUPPORT_FAULTS = [
    ("service_type", ""),
    ("service_type", "care"),
    ("start_date", "soon"),
    ("end_date", "soon"),
    ("end_date", "2026-04-30"),
    ("weekly_quantity", "lots"),
    ("unit", "Hours"),
]
LINE_FAULTS = [("cpli_id", ""), ("person_id", ""), ("provider_id", ""), ("start_date", "")]
IDENTITY_FAULTS = [
    ("nhs_number", "999"),
    ("date_of_birth", "soon"),
    ("date_of_birth", "1899-01-01"),
]
OTHER_CPLI_FAULTS = [
    ("authorisation", ""),
    ("authorisation", "yes"),
    ("created_at", ""),
    ("created_at", "soon"),
    ("updated_at", "soon"),
    ("service_category", "x"),
]
ENTRY_FAULTS = [("provider_id", "P2"), ("caseload_date", "soon"), ("local_authority", "x")]


@cache
def everything_refused() -> pd.DataFrame:
    """The refusals of every rule, each table's own under `table`."""
    cpli_faults = [*SUPPORT_FAULTS, *LINE_FAULTS, *IDENTITY_FAULTS, *OTHER_CPLI_FAULTS]
    other = {**CPLI_ROW, "unit": "visits"}
    copy = {**CPLI_ROW, "cpli_id": "copy"}
    cplis = [*one_row_a_fault(CPLI_ROW, cpli_faults), CPLI_ROW, other, copy, copy, CPLI_ROW]
    portal = [*one_row_a_fault(PORTAL_ROW, SUPPORT_FAULTS + LINE_FAULTS), PORTAL_ROW]
    faults = [*SUPPORT_FAULTS, *IDENTITY_FAULTS, *ENTRY_FAULTS]
    entries = [*one_row_a_fault(ENTRY_ROW, faults), {"service_type": "HS"}, ENTRY_ROW]
    sound = {"provider_id": "P1", "name": "Oak House"}
    register = [sound, sound, {"provider_id": "P2"}, {"name": "Nobody"}, sound]
    cleaned = {
        "cpli": cleaned_cplis(*cplis, ragged=[len(cplis)]),
        "portal": cleaned_portal(*portal, ragged=[len(portal)]),
        "caseload": cleaned_entries(*entries, ragged=[len(entries)]),
        "provider": cleaned_providers(*register, ragged=[len(register)]),
    }
    return pd.concat(
        [each.refusals.assign(table=name) for name, each in cleaned.items()], ignore_index=True
    )


SAID = table("""
    rule                   | level    | says
    missing                | rejected | there is no value
    missing                | warning  | there is no value, the provider has no name
    unreadable             | rejected | it is not a date written as YYYY-MM-DD, it is none of draft
    unreadable             | warning  | left out
    end_before_start       | rejected | it lies before start_date
    conflicting_cpli_id    | rejected | other rows of the extract say otherwise
    repeated               | warning  | counts
    ragged                 | rejected | it has more or fewer cells than the heading
    no_identity            | rejected | it needs a usable CPLI reference
    differs_from_file_name | rejected | it is not what the file's name says
    nhs_number_invalid     | warning  | it is not ten digits with a right check digit
    implausible            | warning  | it lies after the run date or before 1900
    unknown_unit           | warning  | it is none of hours, visits, days, nights, weeks
    unknown_code           | warning  | it is no known code
    service_type_unmapped  | warning  | it is none of the 27 codes and was read as OTH
""")


def test_these_are_all_the_rules_that_a_row_can_break() -> None:
    found = everything_refused()[["rule", "level"]].drop_duplicates()

    assert set(found.itertuples(index=False, name=None)) == {
        (said["rule"], said["level"]) for said in SAID
    }


@pytest.mark.parametrize("said", SAID, ids=lambda said: f"{said['rule']} {said['level']}")
def test_a_message_says_what_is_wrong(said) -> None:
    refused = everything_refused()
    messages = refused["message"][
        (refused["rule"] == said["rule"]) & (refused["level"] == said["level"])
    ]

    ways = said["says"].split(", ") if said["rule"] in {"missing", "unreadable"} else [said["says"]]
    assert all(any(way in message for way in ways) for message in messages)


def test_a_message_is_plain_sentences_that_name_the_column_and_who_acts() -> None:
    for refusal in plain(everything_refused()):
        start, end = (
            f"{refusal['column'] or 'row'}: ",
            f"To be corrected by {WHO[refusal['table']]}.",
        )
        message = refusal["message"]

        assert message.startswith(start)
        assert message.endswith(f". {end}")
        wrong = message.removeprefix(start).removesuffix(f". {end}")
        assert re.fullmatch(r"[a-z][A-Za-z0-9 ,:'()_-]+[A-Za-z0-9)]", wrong)


def test_the_column_is_named_unless_the_row_as_a_whole_is_meant() -> None:
    refused = everything_refused()

    nameless = refused[refused["column"].isna()]
    assert set(nameless["rule"]) == {"ragged", "no_identity"}
    assert refused["row"].notna().all()


def test_the_refusals_keep_their_contract() -> None:
    refused = everything_refused().drop(columns="table")

    pd.testing.assert_frame_equal(check(Refusal, refused), refused)
    assert refused.dtypes.to_dict() == refusals().dtypes.to_dict()


def test_a_log_gathers_refusals_of_one_file() -> None:
    noted = RefusalLog(source="cpli E06000016", file="council/E06000016/cpli.csv")
    noted.warn("unknown_column", "Column 3 was ignored.")
    noted.reject("cell_too_long", "Row 2 was left out.", row=2, column="given_name")

    frame = check(Refusal, noted.frame())

    where = {"source": "cpli E06000016", "file": "council/E06000016/cpli.csv"}
    assert plain(frame) == [
        {
            **where,
            "row": None,
            "column": None,
            "rule": "unknown_column",
            "level": "warning",
            "message": "Column 3 was ignored.",
        },
        {
            **where,
            "row": 2,
            "column": "given_name",
            "rule": "cell_too_long",
            "level": "rejected",
            "message": "Row 2 was left out.",
        },
    ]


def test_an_empty_log_is_an_empty_refusal_table() -> None:
    frame = check(Refusal, RefusalLog(source="providers", file="providers.csv").frame())

    assert len(frame) == 0
    assert frame.dtypes.to_dict() == refusals([("", "", 1, "", "", "", "")]).dtypes.to_dict()


def test_what_the_connector_said_comes_before_what_cleaning_says() -> None:
    noted = RefusalLog(source="cpli", file="cpli")
    noted.warn("missing_column", "There is no column updated_at.", column="updated_at")
    table = replace(raw([{**CPLI_ROW, "unit": "x"}], CPLI), refusals=noted.frame())

    cleaned = clean_cplis(table, local_authority=LEICESTER, as_of=AS_OF)

    assert cleaned.refusals["rule"].to_list() == ["missing_column", "unknown_unit"]
