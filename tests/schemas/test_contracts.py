"""Each model refuses a frame that breaks it, in counts and without quoting anybody."""

import traceback
from collections.abc import Mapping
from functools import cache

import pandas as pd
import pytest
from cleaned import (
    CPLI_ROW,
    ENTRY_ROW,
    PORTAL_ROW,
    Row,
    cleaned_cplis,
    cleaned_entries,
    cleaned_portal,
    cleaned_providers,
    cleaned_references,
)
from oracle.tables import table, words

from schemas.errors import ContractBreach
from schemas.tables import (
    DISCREPANCY_COLUMNS,
    MODELS,
    REFUSAL_COLUMNS,
    check,
    column_names,
)

SECRET = "ZZSECRET"
ROWS = 3


def three(row: Row, **changes: str) -> list[Row]:
    """Three rows like one, whose free texts are all secret."""
    free = ("cpli_id", "person_id", "family_name", "given_name")
    return [
        {**row, **{name: f"{SECRET}{name}{number}" for name in free}, **changes}
        for number in range(ROWS)
    ]


@cache
def sound_frames() -> Mapping[str, pd.DataFrame]:
    """For each model a frame of three rows that keeps its contract."""
    bad = {"service_type": "", "start_date": "2027-04-01"}
    providers = [{"provider_id": f"{SECRET}{number}", "name": SECRET} for number in range(ROWS)]
    references = [
        {
            "local_authority": "E06000016",
            "supplier_reference": f"{SECRET}{number}",
            "provider_id": f"{SECRET}P",
        }
        for number in range(ROWS)
    ]
    return {
        "Cpli": cleaned_cplis(*three(CPLI_ROW)).valid,
        "RejectedCpli": cleaned_cplis(*three(CPLI_ROW, **bad)).rejected,
        "Portal": cleaned_portal(*three(PORTAL_ROW)).valid,
        "RejectedPortal": cleaned_portal(*three(PORTAL_ROW, **bad)).rejected,
        "Entry": cleaned_entries(*three(ENTRY_ROW)).valid,
        "RejectedEntry": cleaned_entries(*three(ENTRY_ROW, **bad)).rejected,
        "Provider": cleaned_providers(*providers).valid,
        "SupplierReference": cleaned_references(*references, provider_ids=[f"{SECRET}P"]).valid,
        "Discrepancy": discrepancies(),
        "Refusal": cleaned_cplis(*three(CPLI_ROW, unit=SECRET)).refusals,
    }


def sound(name: str) -> pd.DataFrame:
    """The frame that keeps a model's contract."""
    return sound_frames()[name]


def discrepancies() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "discrepancy_id": [f"{number:032x}" for number in range(ROWS)],
            "type": "quantity_differs",
            "severity": "low",
            "local_authority": "E06000016",
            "provider_id": "P1",
            "person_id": f"{SECRET}1",
            "cpli_ids": f"{SECRET}A;{SECRET}B",
            "service_type": "HS",
            "caseload_date": pd.Timestamp("2026-11-16").as_unit("us"),
            "caseload_rows": "3;14",
            "council_value": f"{SECRET}14 hours",
            "provider_value": f"{SECRET}10 hours",
            "reason": None,
            "caveat": None,
        }
    )
    return frame.astype({"reason": "str", "caveat": "str"})


def broken(name: str, frame: pd.DataFrame) -> str:
    """What the breach says, after making sure that neither it nor what it drags along tells."""
    with pytest.raises(ContractBreach) as caught:
        check(MODELS[name], frame)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    told = f"{error!r} {error.args} {''.join(traceback.format_exception(error))}"
    assert SECRET not in told
    assert str(error).startswith(f"{name}: ")
    return str(error)


def parts(said: str) -> set[str]:
    """The breaches that a message lists."""
    return set(said.partition(": ")[2].split("; "))


every_model = pytest.mark.parametrize("name", MODELS)


@every_model
def test_a_model_lets_a_sound_frame_through_unchanged(name) -> None:
    before = sound(name).copy(deep=True)

    assert len(sound(name)) == ROWS
    pd.testing.assert_frame_equal(check(MODELS[name], sound(name)), before)


@every_model
def test_a_model_lets_an_empty_frame_through(name) -> None:
    assert len(check(MODELS[name], sound(name).head(0))) == 0


@every_model
def test_a_model_misses_each_of_its_columns_by_name(name) -> None:
    columns = column_names(MODELS[name])

    for lacking in (columns[:1], columns[1:]):
        said = broken(name, sound(name).drop(columns=lacking))
        assert {f"{column} column_in_dataframe: 1" for column in lacking} <= parts(said)


@every_model
def test_a_model_suffers_no_other_column(name) -> None:
    assert "column_in_schema: 1" in broken(name, sound(name).assign(other=SECRET))


MAY_BE_NULL: Mapping[str, tuple[str, ...]] = {
    "Cpli": words("""
        nhs_number family_name given_name date_of_birth service_category service_description
        end_date weekly_quantity unit created_at updated_at commissioning_team commissioning_worker
        district restricted
    """),
    "RejectedCpli": words("""
        cpli_id person_id provider_id service_type start_date authorisation
        nhs_number family_name given_name date_of_birth service_category service_description
        end_date weekly_quantity unit created_at updated_at commissioning_team commissioning_worker
        district restricted
    """),
    "Portal": words("end_date weekly_quantity unit"),
    "RejectedPortal": words("""
        cpli_id person_id provider_id service_type start_date end_date weekly_quantity unit
    """),
    "Entry": words("""
        cpli_id local_authority person_id nhs_number family_name given_name date_of_birth
        start_date end_date weekly_quantity unit
    """),
    "RejectedEntry": words("""
        cpli_id local_authority person_id nhs_number family_name given_name date_of_birth
        service_type start_date end_date weekly_quantity unit
    """),
    "Provider": words("cqc_id ods_code notice_frequency notice_place notice_email"),
    "SupplierReference": (),
    "Discrepancy": DISCREPANCY_COLUMNS[3:],
    "Refusal": words("row column"),
}
"""By rule 2, and for what is rejected all that need not be readable."""
NEVER_NULL_BY_TYPE = {"bool", "int64"}


@every_model
def test_only_these_columns_may_be_null(name) -> None:
    frame = sound(name)
    has_null = [column for column in frame if str(frame[column].dtype) not in NEVER_NULL_BY_TYPE]
    holed = frame.assign(**{column: frame[column].mask([False, True, True]) for column in has_null})

    never = [column for column in has_null if column not in MAY_BE_NULL[name]]
    if never:
        said = parts(broken(name, holed))
        assert {part for part in said if "not_nullable" in part} == {
            f"{column} not_nullable: 2" for column in never
        }
    allowed = holed.assign(**{column: frame[column] for column in never})
    assert len(check(MODELS[name], allowed)) == ROWS


OTHER_TYPES: Mapping[str, object] = {
    "str": 9990000107,
    "category": f"{SECRET}HS",
    "datetime64[us]": f"{SECRET}2026-11-20",
    "datetime64[us, UTC]": f"{SECRET}2026-11-20",
    "float64": f"{SECRET}14",
    "bool": f"{SECRET}yes",
    "int64": f"{SECRET}1",
    "Int64": f"{SECRET}1",
}


@every_model
def test_a_column_of_another_type_is_refused(name) -> None:
    frame = sound(name)
    other = {column: OTHER_TYPES[str(frame[column].dtype)] for column in frame}

    said = broken(name, frame.assign(**other))

    assert {part.partition(" dtype(")[0] for part in parts(said)} >= set(frame)


def test_naive_instants_and_other_zones_are_refused() -> None:
    created = sound("Cpli")["created_at"]

    for other in (created.dt.tz_localize(None), created.dt.tz_convert("Europe/London")):
        assert "created_at dtype(" in broken("Cpli", sound("Cpli").assign(created_at=other))


@pytest.mark.parametrize("column", ["unit", "service_type", "authorisation", "service_category"])
def test_categories_are_those_of_the_vocabulary(column) -> None:
    codes = sound("Cpli")[column].cat

    for other in (codes.add_categories(SECRET), codes.remove_unused_categories()):
        assert f"{column} dtype(" in broken("Cpli", sound("Cpli").assign(**{column: other}))


VALUES = table("""
    model       | column          | value
    Cpli        | nhs_number      | 999000010
    Cpli        | nhs_number      | 99900001070
    Cpli        | nhs_number      | 999 000 0107
    Cpli        | nhs_number      | ZZSECRET
    Cpli        | nhs_number      | \u0669\u0669\u0669\u0660\u0660\u0660\u0660\u0661\u0660\u0667
    Cpli        | local_authority | ZZSECRET
    Cpli        | local_authority | e06000016
    Cpli        | local_authority | E060000160
    Cpli        | weekly_quantity | -987654.5
    Cpli        | row             | 0
    Portal      | local_authority | ZZSECRET
    Portal      | weekly_quantity | -987654.5
    Portal      | row             | 0
    Entry       | nhs_number      | 999 000 0107
    Entry       | local_authority | ZZSECRET
    Entry       | weekly_quantity | -987654.5
    Entry       | caseload        | -1
    Entry       | caseload_row    | 0
    Discrepancy | discrepancy_id  | ZZSECRET
    Discrepancy | discrepancy_id  | 0123456789ABCDEF0123456789ABCDEF
    Discrepancy | type            | ZZSECRET
    Discrepancy | severity        | grave
    Discrepancy | service_type    | ZZSECRET
    Discrepancy | caseload_rows   | 3,14
    Discrepancy | caseload_rows   | ZZSECRET
    Refusal     | level           | ZZSECRET
""")


@pytest.mark.parametrize("case", VALUES, ids=lambda case: " ".join(case.values()))
def test_a_value_out_of_bounds_is_refused_and_counted(case) -> None:
    name = case["model"]
    frame = sound(name).copy()
    column = case["column"]
    values = frame[column].tolist()
    values[1:] = [type(values[0])(case["value"])] * 2
    frame[column] = pd.Series(values, dtype=frame[column].dtype)

    said = broken(name, frame)

    assert f"{column} " in said
    assert said.endswith(": 2") or ": 2;" in said
    assert case["value"] not in said


@pytest.mark.parametrize("name", ["Cpli", "Portal", "Entry"])
def test_nothing_that_is_valid_ends_before_it_starts(name) -> None:
    ends = pd.Series(["2026-04-30", "2026-05-01", None], dtype="datetime64[us]")
    frame = sound(name).assign(end_date=ends)

    assert frame["start_date"].eq(pd.Timestamp("2026-05-01")).all()
    assert broken(name, frame).endswith("ends_on_or_after_start: 1")
    rejected = frame[list(sound(f"Rejected{name}").columns)]
    assert len(check(MODELS[f"Rejected{name}"], rejected)) == ROWS


@pytest.mark.parametrize(
    ("name", "column"), [("Provider", "provider_id"), ("Discrepancy", "discrepancy_id")]
)
def test_a_key_stands_once(name, column) -> None:
    twice = sound(name).assign(**{column: sound(name)[column].iloc[0]})

    assert f"{column} field_uniqueness: " in broken(name, twice)


def test_several_breaches_are_counted_together() -> None:
    frame = sound("Cpli").assign(weekly_quantity=-1.0, nhs_number=SECRET)

    said = broken("Cpli", frame)

    assert "nhs_number str_matches" in said
    assert "weekly_quantity greater_than_or_equal_to(0): 3" in said


def test_the_columns_of_the_published_tables_keep_their_order() -> None:
    assert column_names(MODELS["Discrepancy"]) == list(DISCREPANCY_COLUMNS)
    assert column_names(MODELS["Refusal"]) == list(REFUSAL_COLUMNS)
