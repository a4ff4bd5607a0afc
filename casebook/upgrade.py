"""Brings the tables up to date, and refuses a database that is newer or not ours."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Text, column, inspect, select, table

from casebook.database import reading, writing
from casebook.faults import place
from schemas.errors import PersonNeeded

VERSION_TABLE = "casebook_version"
"""The table with the name of the standing revision; our own, as Prefect keeps one of Alembic's."""


def upgrade(engine: Engine) -> bool:
    """Run the revisions that are still to be run, all or none, and say whether there were any.

    Two that come at once take turns.
    """
    if behind(engine):
        with writing(engine) as connection:
            if _is_behind(connection):
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                return True
    return False


def behind(engine: Engine) -> bool:
    """Say whether revisions are still to be run.

    Raises `PersonNeeded` for a database that is not ours or was made by a newer version.
    """
    with reading(engine) as connection:
        return _is_behind(connection)


def _is_behind(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(_config())
    standing = _standing(connection)
    if standing is None or standing == script.get_current_head():
        return standing is None
    if standing not in {revision.revision for revision in script.walk_revisions()}:
        raise PersonNeeded(
            f"{place(connection.engine)} was made by a newer version of this program (revision"
            f" {standing}). Install that version, or name another database."
        )
    return True


def _standing(connection: Connection) -> str | None:
    """Return the revision of the tables, or None for a database without any."""
    names = inspect(connection).get_table_names()
    if not names:
        return None
    versions = select(column("version_num", Text)).select_from(table(VERSION_TABLE))
    revisions = connection.scalars(versions).all() if VERSION_TABLE in names else []
    if len(revisions) != 1:
        raise PersonNeeded(
            f"{place(connection.engine)} already holds something else. Name an empty database, or"
            " the one that the record of nights was kept in so far."
        )
    return revisions[0]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "casebook:migrations")
    config.set_main_option("path_separator", "os")
    return config
