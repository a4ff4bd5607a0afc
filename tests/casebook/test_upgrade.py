"""How an empty or an old database gets today's tables, and which databases are refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nights.examples import FIRST, discrepancies, night
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from casebook.database import connect, writing
from casebook.notice_models import METADATA
from casebook.store import Casebook
from casebook.upgrade import VERSION_TABLE, behind, upgrade
from schemas.errors import PersonNeeded


def config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", "casebook:migrations")
    settings.set_main_option("path_separator", "os")
    return settings


REVISIONS = [
    revision.revision for revision in ScriptDirectory.from_config(config()).walk_revisions()
]


def differences(connection: Connection) -> list[Any]:
    """Return what Alembic would still change."""
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


def shape(engine: Engine) -> dict[str, Any]:
    """Return all that the database says of its tables, names of constraints included."""
    with engine.connect() as connection:
        found = inspect(connection)
        return {
            name: {
                "columns": [
                    {**column, "type": str(column["type"])} for column in found.get_columns(name)
                ],
                "primary key": found.get_pk_constraint(name),
                "foreign keys": found.get_foreign_keys(name),
                "unique": found.get_unique_constraints(name),
                "checks": found.get_check_constraints(name),
                "indexes": found.get_indexes(name),
            }
            for name in sorted(found.get_table_names())
            if name != VERSION_TABLE
        }


def test_a_new_database_has_the_tables_of_the_code(casebook: Casebook) -> None:
    with casebook.engine.connect() as connection:
        assert differences(connection) == []


def test_migrations_lead_to_what_the_code_would_make_in_one_go(casebook: Casebook) -> None:
    migrated = shape(casebook.engine)
    with casebook.engine.begin() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
    assert shape(casebook.engine) == migrated
    assert set(migrated) == set(METADATA.tables)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_any_earlier_revision_is_brought_up_to_date(url: str, revision: str) -> None:
    engine = connect(url)
    with writing(engine) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    assert behind(engine) is (revision != REVISIONS[0])
    upgrade(engine)
    assert not behind(engine)
    with engine.connect() as connection:
        assert differences(connection) == []


def test_opening_again_keeps_what_is_on_record(url: str) -> None:
    Casebook.open(url).record(night(FIRST, discrepancies(["a"])))
    assert len(Casebook.open(url).discrepancies(FIRST)) == 1


def test_many_that_open_an_empty_database_at_once_all_succeed(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Casebook.open(url).nights(), range(16)))
    assert opened == [[]] * 16


def _newer(connection: Connection) -> None:
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'r9999'"))


def _without_version(connection: Connection) -> None:
    connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))


def _without_revision(connection: Connection) -> None:
    connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_newer, "newer version of this program .revision r9999.. Install that version"),
        (_without_version, "already holds something else. Name an empty database"),
        (_without_revision, "already holds something else. Name an empty database"),
    ],
    ids=["newer", "no version", "no revision"],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_that_is_newer_or_not_ours_is_refused_and_left_alone(
    url: str, spoil: Callable[[Connection], None], said: str, *, read_only: bool
) -> None:
    engine = Casebook.open(url).engine
    with engine.begin() as connection:
        spoil(connection)
    before = shape(engine)
    with pytest.raises(PersonNeeded, match=said):
        Casebook.open(url, read_only=read_only)
    assert shape(engine) == before


def test_somebody_elses_database_is_refused(url: str) -> None:
    Path(str(connect(url).url.database)).parent.mkdir(exist_ok=True)
    theirs = create_engine(connect(url).url)
    with theirs.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
    theirs.dispose()
    with pytest.raises(PersonNeeded, match="already holds something else"):
        Casebook.open(url)


def test_reading_only_does_not_make_tables(url: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE passing (word TEXT)"))
        connection.execute(text("DROP TABLE passing"))
    with pytest.raises(PersonNeeded, match="Run a night"):
        Casebook.open(url, read_only=True)
    assert inspect(engine).get_table_names() == []
