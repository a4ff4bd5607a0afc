"""A council's rows come as canonical text, whatever their types, names, codes and chunks."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from bridge import raw_table
from cleaned import CPLI_ROW
from council import ASKED, LINES, TAKEN_AT, Council
from pandas.testing import assert_frame_equal

from connectors.feed import CANONICAL, Feed, translated
from connectors.sql.query import SqlTable
from connectors.tabular import UNREADABLE
from schemas.errors import SourceRefused
from schemas.raw import whole
from schemas.tables import CPLI, PROVIDER

ROWS = [{**CPLI_ROW, "cpli_id": f"C{number:03}"} for number in range(1, 24)]
NEEDED = {name: CPLI_ROW[name] for name in CPLI.required}


def cell(raw, name):
    return raw.frame[name].astype("object").where(raw.frame[name].notna(), None).to_list()


def test_a_canonical_table_is_read_as_its_file_would_be(council: Council) -> None:
    council.fill(ROWS)

    raw = whole(council.chunks())

    assert_frame_equal(raw.frame, raw_table(ROWS, CPLI).frame)
    assert raw.refusals.empty
    assert raw.columns == frozenset(CPLI.known)
    assert (raw.table, raw.source) == (CPLI, "cpli X")
    assert raw.facts.file == "sql Rutland/line"
    assert raw.facts.received_at == TAKEN_AT
    assert raw.facts.size_bytes == sum(len(cell.encode()) for row in ROWS for cell in row.values())


def test_chunks_of_any_size_have_the_same_rows_and_content(council: Council) -> None:
    council.fill(
        [*ROWS, {**NEEDED, "cpli_id": "C9\0" if not council.is_postgresql else "x" * 5000}]
    )
    at_once = council.chunks()
    small = council.chunks(rows_at_once=5)

    assert [len(chunk.frame) for chunk in small] == [5, 5, 5, 5, 4]
    assert small[1].frame["row"].to_list() == [6, 7, 8, 9, 10]
    assert_frame_equal(whole(small).frame, at_once[0].frame)
    assert_frame_equal(whole(small).refusals, at_once[0].refusals)
    assert at_once[0].refusals["row"].to_list() == [24]
    assert small[-1].facts == at_once[0].facts
    assert len({chunk.facts.sha256 for chunk in small}) == 5


def test_another_content_has_another_hash(council: Council) -> None:
    council.fill(ROWS)
    before = council.chunks()[-1].facts.sha256
    council.do("UPDATE line SET family_name = 'x', given_name = 'y' WHERE cpli_id = 'C007'")
    after = council.chunks()[-1].facts.sha256
    council.do("UPDATE line SET family_name = 'xy', given_name = NULL WHERE cpli_id = 'C007'")
    assert len({before, after, council.chunks()[-1].facts.sha256}) == 3


def test_a_table_without_rows_is_one_empty_chunk(council: Council) -> None:
    council.fill(ROWS)
    council.do("DELETE FROM line")

    (raw,) = council.chunks()

    assert_frame_equal(raw.frame, raw_table([], CPLI).frame)
    assert (raw.facts.size_bytes, len(raw.facts.sha256)) == (0, 64)


def test_rows_are_numbered_by_their_key_however_they_lie(council: Council) -> None:
    council.fill(ROWS[::-1])
    assert cell(whole(council.chunks(rows_at_once=4)), "cpli_id") == [r["cpli_id"] for r in ROWS]


FINANCE = Feed(
    columns={"cpli_id": "Line No", "person_id": "SWIFT%ID", "weekly_quantity": 'Qty "wk"'},
    codes={"authorisation": {"A": "authorised", "1": "draft"}},
    date_formats=("%d/%m/%Y",),
    instant_formats=("%d/%m/%Y %H:%M",),
    time_zone="Europe/Paris",
    decimal_comma=True,
)
THEIRS = {
    **{name: value for name, value in NEEDED.items() if name not in FINANCE.columns},
    "Line No": "C1",
    "SWIFT%ID": "1001",
    'Qty "wk"': "7,5",
    "authorisation": "a",
    "start_date": "01/05/2026",
    "end_date": "",
    "date_of_birth": "31/12/1938",
    "created_at": "20/04/2026 09:30",
}


def test_a_councils_own_names_codes_and_formats_are_read_as_ours(council: Council) -> None:
    council.fill([THEIRS, {**THEIRS, "Line No": "C2", "end_date": "soon"}], table='"The Line"')

    (raw,) = council.chunks(SqlTable(of=CPLI, table="The Line"), FINANCE)

    assert cell(raw, "cpli_id") == ["C1", "C2"]
    assert cell(raw, "start_date") == ["2026-05-01"] * 2
    assert cell(raw, "end_date") == [None, UNREADABLE]
    assert cell(raw, "authorisation") == ["authorised"] * 2
    assert cell(raw, "weekly_quantity") == ["7.5"] * 2
    assert cell(raw, "created_at") == ["2026-04-20T07:30:00.000000Z"] * 2


def test_headings_are_found_whatever_their_capitals(council: Council) -> None:
    council.fill([{name.upper(): value for name, value in NEEDED.items()}])
    (raw,) = council.chunks(feed=Feed(columns={"cpli_id": "Cpli_Id"}))
    assert cell(raw, "cpli_id") == ["C1"]


@pytest.mark.server
def test_of_two_columns_that_differ_in_capitals_the_one_that_is_named_is_read(postgresql) -> None:
    postgresql.fill([{**NEEDED, "CPLI_ID": "other"}])
    (raw,) = postgresql.chunks()
    assert cell(raw, "cpli_id") == ["C1"]
    with pytest.raises(SourceRefused, match="has the column Cpli_Id more than once") as refused:
        postgresql.chunks(feed=Feed(columns={"cpli_id": "Cpli_Id"}))
    assert (refused.value.rule, refused.value.column) == ("doubled_column", "cpli_id")


def test_what_is_not_ours_is_not_even_asked_for(council: Council) -> None:
    council.fill([{**NEEDED, "ethnicity": "private"}])
    statement = str(LINES.statement({name: name for name in CPLI.required}))
    assert "ethnicity" not in statement
    assert "*" not in statement
    assert "ethnicity" not in council.chunks()[0].frame


def test_a_table_without_a_column_that_it_needs_is_refused(council: Council) -> None:
    council.fill([{name: cell for name, cell in NEEDED.items() if name != "nhs_number"}])
    feed = Feed(columns={"cpli_id": "LineNo"})
    with pytest.raises(SourceRefused) as refused:
        council.chunks(feed=feed)
    assert refused.value.rule == "missing_columns"
    assert refused.value.column == "cpli_id;nhs_number"
    assert str(refused.value) == (
        "sql Rutland/line has no column LineNo (our cpli_id) and nhs_number. Ask the council's"
        " database administrator to add it to the view, or correct the names of columns in the"
        " configuration."
    )


def test_an_optional_column_that_is_missing_is_warned_of_once(council: Council) -> None:
    council.fill([NEEDED] * 5)
    raw = whole(council.chunks(rows_at_once=2))
    assert raw.refusals["rule"].to_list() == ["missing_column"] * len(CPLI.optional)
    assert raw.refusals["column"].to_list() == list(CPLI.optional)
    assert raw.columns == frozenset(CPLI.required)


TYPED = {
    "cpli_id": (4711, "integer", "4711"),
    "person_id": (Decimal("1002.00"), "numeric(12, 2)", "1002"),
    "weekly_quantity": (Decimal("0.0000001"), "numeric(12, 7)", "0.0000001"),
    "nhs_number": (9990000018, "bigint", "9990000018"),
    "date_of_birth": (date(1938, 7, 4), "date", "1938-07-04"),
    "start_date": ("2026-03-29 23:59:59", "timestamp", "2026-03-29"),
    "end_date": ("2026-03-29 22:30:00+00", "timestamptz", "2026-03-30"),
    "authorisation": (True, "boolean", "true"),
    "created_at": ("2026-04-20 09:30:00.5", "timestamp", "2026-04-20T07:30:00.500000Z"),
    "updated_at": ("2026-04-20 09:30:00+05", "timestamptz", "2026-04-20 04:30:00+00:00"),
    "service_description": ("8d1f9c32-0000-4000-8000-000000000000", "uuid", None),
}


@pytest.mark.server
@pytest.mark.parametrize("feed", [Feed(time_zone="Europe/Paris"), FINANCE], ids=["iso", "own"])
def test_types_of_postgresql_become_text_and_dates_of_a_date_type_are_iso(postgresql, feed) -> None:
    feed = replace(feed, columns={}, codes={}, decimal_comma=False)
    types = {name: kind for name, (_, kind, _) in TYPED.items()}
    values = {name: value for name, (value, _, _) in TYPED.items()}
    postgresql.fill([{**NEEDED, **values}] * 2, **types)

    (raw,) = postgresql.chunks(feed=feed)

    expected = {name: text or value for name, (value, _, text) in TYPED.items()}
    assert {name: cell(raw, name)[1] for name in TYPED} == expected


@pytest.mark.server
def test_what_python_has_no_date_for_is_no_reason_to_refuse_the_table(postgresql) -> None:
    days = ["infinity", "-infinity", "0044-03-15 BC", "12026-01-01", "2026-01-01"]
    rows = [{**NEEDED, "cpli_id": f"C{n}", "end_date": day} for n, day in enumerate(days)]
    postgresql.fill(rows, end_date="date")
    (raw,) = postgresql.chunks()
    assert cell(raw, "end_date") == days


@pytest.mark.server
def test_a_value_of_a_strange_type_is_left_out_with_a_warning(postgresql) -> None:
    types = {"service_description": "text[]", "end_date": "int[]", "weekly_quantity": "float"}
    row = {**NEEDED, "service_description": ["a"], "end_date": [1], "weekly_quantity": "NaN"}
    postgresql.fill([{**NEEDED, "cpli_id": "C0", "end_date": None}, row], **types)
    (raw,) = postgresql.chunks()
    assert cell(raw, "service_description") == [None, None]
    assert cell(raw, "end_date") == [None, UNREADABLE]
    assert cell(raw, "weekly_quantity") == ["14.5", UNREADABLE]
    warned = raw.refusals[raw.refusals["rule"] == "unreadable"]
    assert warned["row"].to_list() == [2, 2, 2]


def test_text_that_is_none_is_left_out_or_read_by_the_councils_encoding(sqlite: Council) -> None:
    sqlite.fill([{**NEEDED, "family_name": b"M\xfcller", "given_name": "a\0b"}, NEEDED])
    sqlite.do("UPDATE line SET family_name = CAST(family_name AS text)")

    (raw,) = sqlite.chunks()
    assert cell(raw, "family_name") == [None, "Hollis"]
    assert cell(raw, "given_name") == [None, "Margaret"]
    assert set(raw.refusals.loc[raw.refusals["rule"] == "unreadable", "row"]) == {1}

    (raw,) = sqlite.chunks(feed=Feed(encoding="cp1252"))
    assert cell(raw, "family_name") == ["Müller", "Hollis"]


def test_numbers_and_text_may_stand_side_by_side_in_sqlite(sqlite: Council) -> None:
    sqlite.fill([{**NEEDED, "weekly_quantity": value} for value in (1, 1.5e-7, "x", None, 2.0)],
                weekly_quantity="")  # fmt: skip
    (raw,) = sqlite.chunks()
    assert cell(raw, "weekly_quantity") == ["1", "0.00000015", "x", None, "2"]


def test_references_lead_to_providers_and_unmapped_ones_are_kept(council: Council) -> None:
    council.fill([{**NEEDED, "provider_id": ref, "cpli_id": ref} for ref in ("S1", "S2")])
    feed = Feed(by_supplier_reference=True)
    (raw,) = council.chunks(feed=feed, provider_ids={"S1": "P1"})
    assert cell(raw, "provider_id") == ["P1", None]
    assert cell(raw, "supplier_reference") == [None, "S2"]


def test_a_query_may_ask_by_the_nights_dates(council: Council) -> None:
    council.fill([{**NEEDED, "cpli_id": f"C{y}", "end_date": f"{y}-01-01"} for y in (2025, 2026)])
    query = (
        "WITH kept AS (SELECT * FROM line WHERE end_date >= CAST(:window_start AS {t}))"
        " SELECT k.*, CAST(:as_of AS {t}) AS updated_at, 'a;b--c' AS note FROM kept k"
        " ORDER BY cpli_id; "
    ).format(t="text")
    sql_table = SqlTable(of=CPLI, query=query, name="lines")
    (raw,) = council.chunks(sql_table)
    assert cell(raw, "cpli_id") == ["C2026"]
    assert cell(raw, "updated_at") == ["2026-11-20"]
    assert raw.facts.file == "sql Rutland/lines"


def test_all_rows_are_read_unless_the_window_is_asked_for(council: Council) -> None:
    ends = [None, date(2025, 11, 19), date(2025, 11, 20), date(2027, 1, 1)]
    rows = [{**NEEDED, "cpli_id": f"C{n}", "end_date": e and str(e)} for n, e in enumerate(ends)]
    council.fill(rows, end_date="date")
    assert len(council.chunks()[0].frame) == 4
    (raw,) = council.chunks(replace(LINES, within_window=True))
    assert cell(raw, "cpli_id") == ["C0", "C2", "C3"]


def test_the_register_is_read_likewise(council: Council) -> None:
    council.fill([{"provider_id": "P2", "name": "b"}, {"provider_id": "P1", "name": "a"}])
    (raw,) = council.chunks(SqlTable(of=PROVIDER, table="line"))
    assert cell(raw, "provider_id") == ["P1", "P2"]


@pytest.mark.server
def test_a_table_lies_in_its_schema(postgresql) -> None:
    postgresql.do('CREATE SCHEMA "Fin Sys"')
    postgresql.fill([NEEDED], table='"Fin Sys".line')
    (raw,) = postgresql.chunks(SqlTable(of=CPLI, table="Fin Sys.line"))
    assert cell(raw, "cpli_id") == ["C1"]
    assert raw.facts.file == "sql Rutland/Fin Sys.line"


def test_instants_that_all_state_their_zone_are_left_as_they_are_in_any_zone() -> None:
    raw = raw_table([{**CPLI_ROW, "created_at": "2026-04-20T09:30:00Z"}] * 2, CPLI)
    told = translated(raw, Feed(time_zone="Europe/Paris"))
    assert told.frame["created_at"].to_list() == ["2026-04-20T09:30:00Z"] * 2
    mixed = raw_table([{**CPLI_ROW, "created_at": c} for c in ("2026-04-20T09:30:00Z",
                      "2026-04-20T09:30:00")], CPLI)  # fmt: skip
    told = translated(mixed, Feed(time_zone="Europe/Paris"))
    assert told.frame["created_at"].to_list()[1] == "2026-04-20T07:30:00.000000Z"


def test_reading_leaves_no_frame_of_the_callers_changed(council: Council) -> None:
    council.fill([NEEDED])
    assert isinstance(council.chunks(feed=CANONICAL)[0].frame, pd.DataFrame)
    assert ASKED.values["as_of"] == date(2026, 11, 20)
