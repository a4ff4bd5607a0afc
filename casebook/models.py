"""The tables of the record. Every column says whether it can hold personal data.

Text has no length, because SQLite heeds none and PostgreSQL gains nothing by one. A change here
wants a migration in `casebook/migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from schemas.tables import DISCREPANCY_COLUMNS

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def harmless(
    name: str, kind: TypeEngine[Any], *, key: bool = False, null: bool = False
) -> Column[Any]:
    """Return a column that can hold no personal data."""
    return Column(name, kind, primary_key=key, nullable=null, info={"personal": False})


def personal(name: str, kind: TypeEngine[Any], *, null: bool) -> Column[Any]:
    """Return a column that can hold personal data, and so must never be logged or quoted."""
    return Column(name, kind, nullable=null, info={"personal": True})


def of_a_night() -> Column[date]:
    """Return the key column by which a table's rows belong to a night, and go with it."""
    return Column(
        "as_of",
        Date(),
        ForeignKey("night.as_of", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
        info={"personal": False},
    )


def said() -> tuple[Column[Any], ...]:
    """Return the columns of what a night says of a discrepancy: those of rule 11 that can last."""
    return (
        harmless("type", Text()),
        harmless("severity", Text()),
        harmless("local_authority", Text(), null=True),
        harmless("provider_id", Text(), null=True),
        personal("person_id", Text(), null=True),
        personal("cpli_ids", Text(), null=True),
        harmless("service_type", Text(), null=True),
        personal("council_value", Text(), null=True),
        personal("provider_value", Text(), null=True),
        harmless("reason", Text(), null=True),
        harmless("caveat", Text(), null=True),
    )


# Instants are UTC, which SQLite keeps without their zone. `summary` is JSON without personal data;
# `discrepancies` is how many the night found.
NIGHT = Table(
    "night",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("first_recorded_at", DateTime(timezone=True)),
    harmless("version", Text()),
    harmless("content_hash", Text()),
    harmless("outcome", Text()),
    harmless("summary", Text()),
    harmless("discrepancies", Integer()),
)

NIGHT_COUNCIL = Table(
    "night_council",
    METADATA,
    of_a_night(),
    harmless("local_authority", Text(), key=True),
    harmless("assessed", Boolean()),
    harmless("reason", Text(), null=True),
    harmless("message", Text(), null=True),
)

# `side` is `provider` (no accepted caseload) or `portal` (no extract in time), `code` whose.
NIGHT_NOT_ASSESSED = Table(
    "night_not_assessed",
    METADATA,
    of_a_night(),
    harmless("side", Text(), key=True),
    harmless("code", Text(), key=True),
)

# `file` is the path below the sources' root, and empty where no file came.
NIGHT_SOURCE = Table(
    "night_source",
    METADATA,
    of_a_night(),
    harmless("source", Text(), key=True),
    harmless("file", Text(), key=True),
    harmless("size_bytes", BigInteger(), null=True),
    harmless("sha256", Text(), null=True),
    harmless("rows", Integer(), null=True),
    harmless("rejected_rows", Integer(), null=True),
    harmless("warnings", Integer(), null=True),
    harmless("outcome", Text()),
    harmless("reason", Text(), null=True),
)

# The columns of rule 11. An id is harmless: a hash of a council's reference, or a keyed one of
# whatever else is known (docs/adr/0005), so that no NHS number can be had from it. The values that
# the two sides state can be names, birth dates and NHS numbers.
NIGHT_DISCREPANCY = Table(
    "night_discrepancy",
    METADATA,
    of_a_night(),
    harmless("discrepancy_id", Text(), key=True),
    harmless("type", Text()),
    harmless("severity", Text()),
    harmless("local_authority", Text(), null=True),
    harmless("provider_id", Text(), null=True),
    personal("person_id", Text(), null=True),
    personal("cpli_ids", Text(), null=True),
    harmless("service_type", Text(), null=True),
    harmless("caseload_date", Date(), null=True),
    harmless("caseload_rows", Text(), null=True),
    personal("council_value", Text(), null=True),
    personal("provider_value", Text(), null=True),
    harmless("reason", Text(), null=True),
    harmless("caveat", Text(), null=True),
)

# A file of a place where it may lie for long, so that it is taken once. A sender's own name for it
# can be a person's. `modified_at` is the source's, in seconds since 1970.
TAKEN_FILE = Table(
    "taken_file",
    METADATA,
    harmless("place", Text(), key=True),
    Column("file", Text(), primary_key=True, nullable=False, info={"personal": True}),
    harmless("version", Integer(), key=True),
    harmless("size_bytes", BigInteger()),
    harmless("modified_at", BigInteger()),
    harmless("sha256", Text()),
    harmless("taken_at", DateTime(timezone=True)),
)

# What the nights say of each discrepancy, as of the latest one; made anew from the nights whenever
# one is recorded again. What people decide about a case has no place here.
DISCREPANCY_CASE = Table(
    "discrepancy_case",
    METADATA,
    harmless("discrepancy_id", Text(), key=True),
    *said(),
    harmless("state", Text()),
    harmless("first_seen", Date()),
    harmless("open_since", Date()),
    harmless("last_seen", Date()),
    harmless("closed_on", Date(), null=True),
    harmless("nights_seen", Integer()),
    harmless("reopened", Integer()),
)

# What was said of a case on each night on which it was not what was said before; `changed` names
# the columns.
CASE_STATEMENT = Table(
    "case_statement",
    METADATA,
    harmless("discrepancy_id", Text(), key=True),
    harmless("as_of", Date(), key=True),
    *said(),
    harmless("changed", Text()),
)

# The nights on which a case opened, closed or opened again.
CASE_TURN = Table(
    "case_turn",
    METADATA,
    harmless("discrepancy_id", Text(), key=True),
    harmless("as_of", Date(), key=True),
    harmless("turn", Text()),
)

# The nights that the cases were made from, with how many cases each left in which way.
CASE_NIGHT = Table(
    "case_night",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("content_hash", Text()),
    harmless("opened", Integer()),
    harmless("reopened", Integer()),
    harmless("lasting", Integer()),
    harmless("closed", Integer()),
    harmless("waiting", Integer()),
)

# Only ever added to. Each row's hash covers the one before it.
HISTORY = Table(
    "history",
    METADATA,
    Column(
        "number",
        BigInteger(),
        primary_key=True,
        autoincrement=False,
        nullable=False,
        info={"personal": False},
    ),
    harmless("at", DateTime(timezone=True)),
    harmless("who", Text()),
    harmless("night", Date()),
    harmless("discrepancy_id", Text(), null=True),
    harmless("what", Text()),
    harmless("before", Text(), null=True),
    harmless("after", Text(), null=True),
    harmless("hash", Text()),
)

DISCREPANCY = tuple(NIGHT_DISCREPANCY.c[name] for name in DISCREPANCY_COLUMNS)
