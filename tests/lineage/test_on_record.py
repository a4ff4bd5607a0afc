"""The casebook remembers of which columns each source was made, and on which night."""

from datetime import date

import pytest
from servers import postgres
from sqlalchemy import func, select

from casebook.lineage import CameSource
from casebook.lineage_models import NIGHT_SCHEMA, SOURCE_SCHEMA
from casebook.store import Casebook
from schemas.lineage import CameColumn, ColumnType, Looked, Retyped

FIRST, SECOND, THIRD = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)


def column(name: str, kind: ColumnType = ColumnType.INTEGER, *, cells: int = 3) -> CameColumn:
    fits = {} if kind is ColumnType.TEXT else {kind: cells}
    return CameColumn(name=name, looked=Looked(cells=cells, fits=fits))


def came(*columns: CameColumn, source: str = "cpli E06000016") -> CameSource:
    owner = source.partition(" ")[2]
    return CameSource(source=source, owner=owner, file=f"{owner}.csv", columns=columns)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def casebook(request, tmp_path):
    if request.param == "sqlite":
        yield Casebook.open(f"sqlite:///{tmp_path}/casebook.db")
        return
    with postgres.empty_database(request.getfixturevalue("postgresql_server")) as url:
        yield Casebook.open(url)


def rows(casebook: Casebook) -> tuple[int, int]:
    with casebook.engine.connect() as connection:
        counts = (select(func.count()).select_from(it) for it in (NIGHT_SCHEMA, SOURCE_SCHEMA))
        one, other = (connection.scalar(count) for count in counts)
    return one, other


def test_a_change_is_one_since_the_last_night_on_which_a_source_came(casebook):
    lineage = casebook.lineage()
    [first] = lineage.note(FIRST, [came(column("a"), column("b"))])
    assert first.drift is None
    other = came(column("a"), source="portal E06000016")
    assert [each.drift for each in lineage.note(SECOND, [other])] == [None]
    [third] = lineage.note(THIRD, [came(column("a", ColumnType.TEXT), column("c"))])
    assert third.drift.since == FIRST
    assert third.drift.before == first.schema.fingerprint
    assert (third.drift.gone, third.drift.new) == (("b",), ("c",))
    assert third.drift.retyped == (
        Retyped(column="a", before=ColumnType.INTEGER, now=ColumnType.TEXT),
    )
    assert lineage.noted(THIRD) == (third,)
    assert lineage.noted(date(2026, 11, 1)) == ()


def test_an_empty_column_keeps_its_type_over_nights_without_a_cell(casebook):
    lineage = casebook.lineage()
    lineage.note(FIRST, [came(column("a"))])
    [second] = lineage.note(SECOND, [came(column("a", cells=0))])
    [third] = lineage.note(THIRD, [came(column("a", ColumnType.DATE))])
    assert second.drift is None
    assert third.drift.retyped[0].before is ColumnType.INTEGER


def test_a_night_that_is_run_again_takes_its_own_place(casebook):
    lineage = casebook.lineage()
    lineage.note(FIRST, [came(column("a"))])
    portal = came(column("x"), source="portal E06000016")
    once = lineage.note(SECOND, [came(column("b")), portal])
    assert lineage.note(SECOND, [came(column("b")), portal]) == once
    assert rows(casebook) == (3, 3)
    again = lineage.note(SECOND, [came(column("a"))])
    assert [each.schema.source for each in again] == ["cpli E06000016"]
    assert again[0].drift is None


def test_a_run_of_some_councils_leaves_the_others_as_they_stand(casebook):
    lineage = casebook.lineage()
    portal = came(column("x"), source="portal E06000016")
    lineage.note(FIRST, [came(column("a")), portal])
    noted = lineage.note(FIRST, [came(column("b"))], whole=False)
    assert [(each.schema.source, each.schema.columns[0].name) for each in noted] == [
        ("cpli E06000016", "b"),
        ("portal E06000016", "x"),
    ]


def test_columns_that_last_are_kept_once(casebook):
    lineage = casebook.lineage()
    for night in (FIRST, SECOND, THIRD):
        lineage.note(night, [came(column("a")), came(column("a"), source="cpli E06000017")])
    assert rows(casebook) == (6, 1)


def test_a_night_on_which_nothing_came_is_none(casebook):
    assert casebook.lineage().note(FIRST, []) == ()
