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
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
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


def accountable(name: str, *, null: bool = False) -> Column[Any]:
    """Return a column that names a team or a member of staff who answers for a case.

    It is no personal data of those supported, and stays when theirs is purged.
    """
    return Column(name, Text(), nullable=null, info={"personal": False})


def numbered(name: str = "number") -> Column[Any]:
    """Return a key column whose numbers we give, from 1."""
    return Column(
        name,
        BigInteger(),
        primary_key=True,
        autoincrement=False,
        nullable=False,
        info={"personal": False},
    )


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
    """Return the columns of what a night says of a discrepancy: those of rule 11 that can last.

    `routed_team` and `routed_worker` are who should look at it, `entry_identities` the keyed hashes
    by which decisions know the entries concerned.
    """
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
        accountable("routed_team", null=True),
        accountable("routed_worker", null=True),
        harmless("entry_identities", Text(), null=True),
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
    accountable("routed_team", null=True),
    accountable("routed_worker", null=True),
    harmless("entry_identities", Text(), null=True),
)

# How soon CPLIs are on the system (rule 10). `group` is a council, a provider, or a team as the
# council's extract names it.
NIGHT_TIMELINESS = Table(
    "night_timeliness",
    METADATA,
    of_a_night(),
    harmless("local_authority", Text(), key=True),
    harmless("grouping", Text(), key=True),
    harmless("group", Text(), key=True),
    harmless("cplis", Integer()),
    harmless("median_lag_days", Double()),
    harmless("p90_lag_days", Double()),
    harmless("share_on_system_by_start", Double()),
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

COUNTED = ("state", "type", "severity")
CLOCK = ("paused_since", "due_on", "due_soon_on")
WHOSE = ("provider_id", "team", "worker")
LISTED = ("local_authority", "settled")
REST_OF_CLOCK = ("paused_since", "due_soon_on")
NARROWED = (*COUNTED, "service_type", *WHOSE, "version")
OF_HOLDER = (*COUNTED, *REST_OF_CLOCK, "version")

# What the nights say of each discrepancy, as of the latest one, and from `state` on how it stands
# with what people did: made anew from the nights and the actions whenever one of these is recorded.
# `version` is the number of the last entry of the history about it.
DISCREPANCY_CASE = Table(
    "discrepancy_case",
    METADATA,
    harmless("discrepancy_id", Text(), key=True),
    *said(),
    harmless("presence", Text()),
    harmless("first_seen", Date()),
    harmless("present_since", Date()),
    harmless("last_seen", Date()),
    harmless("closed_on", Date(), null=True),
    harmless("nights_seen", Integer()),
    harmless("returned", Integer()),
    harmless("state", Text()),
    harmless("settled", Boolean()),
    accountable("team", null=True),
    accountable("worker", null=True),
    harmless("open_since", Date()),
    harmless("reopened", Integer()),
    harmless("settled_on", Date(), null=True),
    harmless("expires_on", Date(), null=True),
    harmless("due_on", Date(), null=True),
    harmless("due_soon_on", Date(), null=True),
    harmless("paused_days", Integer()),
    harmless("paused_since", Date(), null=True),
    harmless("version", BigInteger()),
    # What a list is narrowed by is in the index of its order, so that cases that do not fit are
    # passed over without being read.
    *(
        Index(f"ix_case_{name}", *dict.fromkeys([*keys, "discrepancy_id", *narrowed]))
        for name, keys, narrowed in (
            ("due", (*LISTED, "due_on"), (*NARROWED, *REST_OF_CLOCK, "open_since")),
            ("opened", (*LISTED, "open_since"), NARROWED),
            ("severity", (*LISTED, "severity", "open_since"), NARROWED),
            ("type", (*LISTED, "type", "open_since"), NARROWED),
            ("changed", (*LISTED, "version"), NARROWED),
            ("settled", (*LISTED, "settled_on"), NARROWED),
            ("team", ("team", *LISTED, "due_on"), OF_HOLDER),
            ("worker", ("worker", *LISTED, "due_on"), OF_HOLDER),
            ("provider", ("provider_id", *LISTED, "due_on"), OF_HOLDER),
            ("person", ("person_id", *LISTED, "due_on"), ()),
        )
    ),
    Index("ix_case_counted", *LISTED, *COUNTED, *CLOCK, *WHOSE),
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

# What people did, only ever added to. `state` is what it led to, and empty where it left the case
# as it was; `team` and `worker` are who it is assigned to then, empty where that is left to the
# routing. `on_night` is the latest night that was on record, `made_on` the day in London. The
# values are what both sides said then. `salt` is part of the hash that the history keeps.
CASE_ACTION = Table(
    "case_action",
    METADATA,
    numbered(),
    harmless("discrepancy_id", Text()),
    harmless("at", DateTime(timezone=True)),
    harmless("made_on", Date()),
    harmless("on_night", Date()),
    accountable("who"),
    harmless("request", Text(), null=True),
    harmless("action", Text()),
    harmless("state", Text(), null=True),
    accountable("team", null=True),
    accountable("worker", null=True),
    harmless("reason", Text(), null=True),
    personal("note", Text(), null=True),
    harmless("expires_on", Date(), null=True),
    harmless("check_on", Date(), null=True),
    harmless("check_caseload_after", Date(), null=True),
    personal("council_value", Text(), null=True),
    personal("provider_value", Text(), null=True),
    harmless("said_reason", Text(), null=True),
    harmless("answer", Text(), null=True),
    personal("answer_date", Date(), null=True),
    harmless("ruling", Text(), null=True),
    harmless("provider_id", Text(), null=True),
    harmless("entry_identities", Text(), null=True),
    harmless("local_authority", Text(), null=True),
    personal("person_id", Text(), null=True),
    personal("cpli_ids", Text(), null=True),
    harmless("service_type", Text(), null=True),
    harmless("reverses", BigInteger(), null=True),
    harmless("salt", Text(), null=True),
    UniqueConstraint("discrepancy_id", "request", name="uq_case_action_request"),
    Index("ix_case_action_case", "discrepancy_id", "number"),
)

# The night on which an action that settled a case ceased to hold, and why; `reopens` where the case
# was there all along, so that no turn tells that it opened again.
ACTION_LAPSE = Table(
    "action_lapse",
    METADATA,
    numbered("action_number"),
    harmless("discrepancy_id", Text()),
    harmless("as_of", Date()),
    harmless("cause", Text()),
    harmless("reopens", Boolean()),
)

# What the cases were last made by, besides nights and actions: the service levels, as JSON.
CASEBOOK_SETTING = Table(
    "casebook_setting",
    METADATA,
    harmless("name", Text(), key=True),
    harmless("value", Text()),
)

# Only ever added to. Each row's hash covers the one before it; `evidence` is the hash of the action
# that it tells of.
HISTORY = Table(
    "history",
    METADATA,
    numbered(),
    harmless("at", DateTime(timezone=True)),
    accountable("who"),
    harmless("night", Date(), null=True),
    harmless("discrepancy_id", Text(), null=True),
    harmless("action_number", BigInteger(), null=True),
    harmless("what", Text()),
    harmless("before", Text(), null=True),
    harmless("after", Text(), null=True),
    harmless("evidence", Text(), null=True),
    harmless("hash", Text()),
    Index("ix_history_case", "discrepancy_id", "number"),
    Index("ix_history_at", "at", "number"),
)

DISCREPANCY = tuple(NIGHT_DISCREPANCY.c[name] for name in DISCREPANCY_COLUMNS)
