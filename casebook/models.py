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

DISCREPANCY = tuple(NIGHT_DISCREPANCY.c[name] for name in DISCREPANCY_COLUMNS)
