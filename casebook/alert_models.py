"""The tables of alerts, and of the messages by which people are told of them."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Index, Integer, Table, Text, UniqueConstraint

from casebook.models import METADATA, harmless, numbered

# One row an event. `night` is the one on which it began, `last_night` the latest on which it still
# held. `owner` is a council's GSS code, or empty for what is everybody's. `reference` is what mail
# servers and webhooks know a message by. Nothing of a person is in `text`.
ALERT = Table(
    "alert",
    METADATA,
    numbered(),
    harmless("reference", Text()),
    harmless("kind", Text()),
    harmless("owner", Text()),
    harmless("night", Date()),
    harmless("last_night", Date()),
    harmless("text", Text()),
    harmless("raised_at", DateTime(timezone=True)),
    harmless("recovered_on", Date(), null=True),
    harmless("recovered_at", DateTime(timezone=True), null=True),
    UniqueConstraint("reference", name="uq_alert_reference"),
    Index("ix_alert_key", "kind", "owner", "number"),
)

# What each recipient is told of it: that it began, and that it is over. Where `sent_at` is empty it
# waits. `recipient` is an address of staff, and empty where a channel has no addresses.
ALERT_MESSAGE = Table(
    "alert_message",
    METADATA,
    numbered(),
    harmless("turn", Text(), key=True),
    harmless("channel", Text(), key=True),
    Column("recipient", Text(), primary_key=True, nullable=False, info={"personal": False}),
    harmless("attempts", Integer()),
    harmless("sent_at", DateTime(timezone=True), null=True),
    harmless("trouble", Text(), null=True),
    Index("ix_alert_message_sent_at", "sent_at", "number"),
)
