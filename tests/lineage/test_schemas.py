"""What a column's type is, and what counts as a change."""

from datetime import date

import pytest

from schemas.lineage import (
    CameColumn,
    ColumnType,
    Drift,
    Looked,
    Retyped,
    SchemaColumn,
    SourceSchema,
    drift,
    schema_of,
    settled,
    told_apart,
)

INTEGER, DECIMAL, DATE = ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DATE
INSTANT, TEXT, EMPTY = ColumnType.INSTANT, ColumnType.TEXT, ColumnType.EMPTY
SINCE = date(2026, 11, 19)


def column(cells: int, **fits: int) -> CameColumn:
    counted = {ColumnType[kind.upper()]: count for kind, count in fits.items()}
    return CameColumn(name="x", looked=Looked(cells=cells, fits=counted))


def schema(*columns: tuple[str, ColumnType]) -> SourceSchema:
    return SourceSchema(
        source="cpli E06000016",
        owner="E06000016",
        file="council/E06000016/cpli.csv",
        columns=tuple(SchemaColumn(name=name, type=kind) for name, kind in columns),
    )


def change(before: SourceSchema, now: SourceSchema) -> Drift | None:
    return drift(now, before, since=SINCE)


@pytest.mark.parametrize(
    ("came", "before", "now"),
    [
        (column(10, integer=10, decimal=10), None, INTEGER),
        (column(10, integer=6, decimal=10), None, DECIMAL),
        (column(10, date=9), None, DATE),
        (column(10, date=8), None, TEXT),
        (column(0), None, EMPTY),
        # Without a cell tonight it is of whatever type it had.
        (column(0), DATE, DATE),
        (column(3, date=3), EMPTY, DATE),
        # A few cells that do not fit are ordinary; most of them are not.
        (column(10, date=5), DATE, DATE),
        (column(10, date=4), DATE, TEXT),
        (column(3, integer=3, decimal=3), DECIMAL, DECIMAL),
        (column(3, integer=0, decimal=3), INTEGER, DECIMAL),
        # Any cell is text, so that it takes many, and all of them, to be sure that it is none.
        (column(49, integer=49, decimal=49), TEXT, TEXT),
        (column(50, integer=50, decimal=50), TEXT, INTEGER),
        (column(500, integer=499, decimal=499), TEXT, TEXT),
        # What a database declares counts, whatever the cells are.
        (CameColumn(name="x", declared=TEXT, looked=column(9, date=9).looked), DATE, TEXT),
    ],
)
def test_a_type_stays_until_cells_speak_against_it(came, before, now):
    assert settled(came, before) is now


def test_parts_of_a_column_count_together():
    looked = column(10, date=8).looked + column(10, date=10, integer=1).looked
    assert looked == Looked(cells=20, fits={DATE: 18, INTEGER: 1})
    assert looked.judged is DATE


def test_a_schema_has_the_same_fingerprint_for_the_same_columns_alone():
    one = schema(("a", INTEGER), ("b", TEXT))
    same = schema_of(
        [CameColumn(name="a", looked=column(1, integer=1).looked), CameColumn(name="b")],
        source="another",
        owner="",
        file="another",
        before=one,
    )
    assert same.fingerprint == one.fingerprint
    others = [
        schema(("b", TEXT), ("a", INTEGER)),
        schema(("a", INTEGER), ("b", DATE)),
        schema(("a", INTEGER)),
        schema(("a", INTEGER), ("c", TEXT)),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_columns_that_are_gone_new_and_of_another_type_are_told():
    before = schema(("id", INTEGER), ("born", DATE), ("team", TEXT))
    now = schema(("id", INTEGER), ("born", TEXT), ("worker", INTEGER), ("note", TEXT))
    told = change(before, now)
    assert told is not None
    assert (told.source, told.owner, told.since) == ("cpli E06000016", "E06000016", SINCE)
    assert (told.fingerprint, told.before) == (now.fingerprint, before.fingerprint)
    assert (told.gone, told.new) == (("team",), ("worker", "note"))
    assert told.retyped == (Retyped(column="born", before=DATE, now=TEXT),)
    assert told.renamed == ()
    assert told.words == (
        "The column team is gone.",
        "The column worker is new.",
        "The column note is new.",
        "The column born holds text, and held dates.",
    )


def test_a_column_of_another_name_in_the_same_place_may_be_the_same():
    told = change(
        schema(("id", INTEGER), ("nhs", EMPTY)), schema(("id", INTEGER), ("nhs_no", TEXT))
    )
    assert told is not None
    assert (told.gone, told.new, told.renamed) == (("nhs",), ("nhs_no",), (("nhs", "nhs_no"),))
    assert told.words == (
        "The column nhs is gone. The column nhs_no is new in its place: another name for it?",
    )


def test_another_order_is_told_and_nothing_else():
    told = change(schema(("a", TEXT), ("b", TEXT)), schema(("b", TEXT), ("a", TEXT)))
    assert told is not None
    assert (told.gone, told.new, told.retyped, told.moved) == ((), (), (), True)
    assert told.words == ("The columns stand in another order.",)


@pytest.mark.parametrize(
    ("before", "now"), [(TEXT, TEXT), (EMPTY, DATE), (DATE, EMPTY), (INTEGER, DECIMAL)]
)
def test_what_ordinary_data_does_is_no_change(before, now):
    assert change(schema(("a", before)), schema(("a", now))) is None


def test_numbers_that_a_database_declares_whole_from_now_on_are_a_change():
    told = change(schema(("a", DECIMAL)), schema(("a", INTEGER)))
    assert told is not None
    assert told.retyped == (Retyped(column="a", before=DECIMAL, now=INTEGER),)


def test_columns_of_one_name_are_told_apart():
    assert told_apart(["a", "", "a", "", "a"]) == ["a", "", "a (2)", " (2)", "a (3)"]


def test_a_column_of_a_caseload_that_is_none_of_ours_is_called_by_its_hash():
    told = change(schema(("a", TEXT)), schema(("a", TEXT), ("unknown 0a1b2c3d", TEXT)))
    assert told is not None
    assert told.words == ("The column 0a1b2c3d, none of ours, is new.",)


def test_what_the_summary_says_is_in_words():
    told = change(schema(("a", TEXT)), schema(("", TEXT)))
    assert told is not None
    assert told.summary == {
        "source": "cpli E06000016",
        "owner": "E06000016",
        "file": "council/E06000016/cpli.csv",
        "since": "2026-11-19",
        "what": [
            (
                "The column a is gone. "
                "The column without a heading is new in its place: another name for it?"
            )
        ],
    }
