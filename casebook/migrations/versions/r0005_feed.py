"""The Care Record feed: what stands at the receiver, and what is on its way to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"


def upgrade() -> None:
    """Make the tables, which are empty until a night is published."""
    op.create_table(
        "feed_export",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("full_export", sa.Boolean(), nullable=False),
        sa.Column("transaction_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_feed_export"),
        sa.UniqueConstraint("name", name="uq_feed_export_name"),
    )
    op.create_index("ix_feed_export_as_of", "feed_export", ["as_of", "number"], unique=False)
    op.create_table(
        "feed_prepared",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", name="pk_feed_prepared"),
    )
    op.create_table(
        "feed_receiver_version",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_feed_receiver_version"),
    )
    op.create_table(
        "feed_resource",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("local_authority", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("refers_to", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("stand", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("turns_on", sa.Date(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_feed_resource"),
        sa.UniqueConstraint("base_id", "generation", name="uq_feed_resource_generation"),
    )
    op.create_table(
        "feed_hidden",
        sa.Column("local_authority", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("local_authority", "patient", name="pk_feed_hidden"),
    )
    op.create_table(
        "feed_file",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["feed_export.number"], name="fk_feed_file_number_feed_export"
        ),
        sa.PrimaryKeyConstraint("number", "position", name="pk_feed_file"),
    )
    op.create_table(
        "feed_refusal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["feed_export.number"], name="fk_feed_refusal_number_feed_export"
        ),
        sa.PrimaryKeyConstraint("number", "reference", name="pk_feed_refusal"),
    )
    op.create_table(
        "feed_step",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["feed_export.number"], name="fk_feed_step_number_feed_export"
        ),
        sa.PrimaryKeyConstraint("number", "step", name="pk_feed_step"),
    )
