"""Alerts, and the messages by which people are told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"


def upgrade() -> None:
    """Make the tables, which are empty until something has to be told."""
    op.create_table(
        "alert",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("last_night", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recovered_on", sa.Date(), nullable=True),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_alert"),
        sa.UniqueConstraint("reference", name="uq_alert_reference"),
    )
    op.create_index("ix_alert_key", "alert", ["kind", "owner", "number"], unique=False)
    op.create_table(
        "alert_message",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", "turn", "channel", "recipient", name="pk_alert_message"),
    )
    op.create_index(
        "ix_alert_message_sent_at", "alert_message", ["sent_at", "number"], unique=False
    )
