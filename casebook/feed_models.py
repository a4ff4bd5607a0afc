"""The tables of the Care Record feed: what stands at the receiver, and what is on its way to it.

A patient is known in them by an id that grows from a keyed hash, but what was published holds names
and NHS numbers.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from casebook.models import METADATA, harmless, numbered, personal


def of_an_export() -> Column[Any]:
    """Return the key column by which a table's rows belong to an export."""
    return Column(
        "number",
        BigInteger(),
        ForeignKey("feed_export.number"),
        primary_key=True,
        autoincrement=False,
        nullable=False,
        info={"personal": False},
    )


# What a night gives the feed, packed, until a later night is published.
FEED_PREPARED = Table(
    "feed_prepared",
    METADATA,
    harmless("as_of", Date(), key=True),
    personal("packed", LargeBinary(), null=False),
)

# One row for each id that was ever published (`schemas.published.Published`); `refers_to` is joined
# by spaces. A deleted resource keeps its row, since its id must not be used again, without content.
FEED_RESOURCE = Table(
    "feed_resource",
    METADATA,
    harmless("id", Text(), key=True),
    harmless("kind", Text()),
    harmless("base_id", Text()),
    harmless("generation", Integer()),
    harmless("local_authority", Text(), null=True),
    harmless("about", Text(), null=True),
    harmless("refers_to", Text()),
    harmless("version", Integer()),
    harmless("content_hash", Text()),
    harmless("stand", Text()),
    harmless("changed_on", Date()),
    harmless("turns_on", Date(), null=True),
    harmless("refused", Boolean()),
    personal("content", Text(), null=True),
    UniqueConstraint("base_id", "generation", name="uq_feed_resource_generation"),
)

# Of whom nothing may be seen, and why, as of the last night on which their council was assessed.
FEED_HIDDEN = Table(
    "feed_hidden",
    METADATA,
    harmless("local_authority", Text(), key=True),
    harmless("patient", Text(), key=True),
    harmless("reason", Text()),
)

# The exports, in their order. `evidence` is the hash of what one was made of, `counts` JSON: what
# it holds and what was withheld. `receiver` is where it goes, and empty where nobody receives;
# `state` is one of `casebook.outbox.State`.
FEED_EXPORT = Table(
    "feed_export",
    METADATA,
    numbered(),
    harmless("name", Text()),
    harmless("as_of", Date()),
    harmless("full_export", Boolean()),
    harmless("transaction_time", DateTime(timezone=True)),
    harmless("made_at", DateTime(timezone=True)),
    harmless("evidence", Text()),
    harmless("counts", Text()),
    harmless("receiver", Text(), null=True),
    harmless("state", Text()),
    harmless("attempts", Integer()),
    harmless("tried_at", DateTime(timezone=True), null=True),
    harmless("trouble", Text(), null=True),
    harmless("delivered_at", DateTime(timezone=True), null=True),
    harmless("acknowledged_at", DateTime(timezone=True), null=True),
    harmless("accepted", Integer(), null=True),
    UniqueConstraint("name", name="uq_feed_export_name"),
    Index("ix_feed_export_as_of", "as_of", "number"),
)

# Its files in the order of delivery; what they hold (compressed) is let go of once it is delivered
# and a later night is published.
FEED_FILE = Table(
    "feed_file",
    METADATA,
    of_an_export(),
    harmless("position", Integer(), key=True),
    harmless("name", Text()),
    harmless("size_bytes", BigInteger()),
    harmless("sha256", Text()),
    personal("content", LargeBinary(), null=True),
)

# What has been done for an export, so that nothing is done twice (`schemas.delivery.Journal`).
FEED_STEP = Table(
    "feed_step",
    METADATA,
    of_an_export(),
    harmless("step", Text(), key=True),
)

# Resources that the receiver refused; its own words may name a person.
FEED_REFUSAL = Table(
    "feed_refusal",
    METADATA,
    of_an_export(),
    harmless("reference", Text(), key=True),
    harmless("code", Text()),
    personal("text", Text(), null=True),
)

# The versions that a receiver with versions of its own gave what it holds.
FEED_RECEIVER_VERSION = Table(
    "feed_receiver_version",
    METADATA,
    harmless("reference", Text(), key=True),
    harmless("version", Text()),
)
