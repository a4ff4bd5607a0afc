"""The record of nights: what each source gave, and the discrepancies of each night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Make the night's five tables."""
    op.create_table(
        "night",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("first_recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("discrepancies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", name="pk_night"),
    )
    op.create_table(
        "night_council",
        _as_of(),
        sa.Column("local_authority", sa.Text(), nullable=False),
        sa.Column("assessed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        _goes_with_its_night("night_council"),
        sa.PrimaryKeyConstraint("as_of", "local_authority", name="pk_night_council"),
    )
    op.create_table(
        "night_not_assessed",
        _as_of(),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        _goes_with_its_night("night_not_assessed"),
        sa.PrimaryKeyConstraint("as_of", "side", "code", name="pk_night_not_assessed"),
    )
    op.create_table(
        "night_source",
        _as_of(),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("rejected_rows", sa.Integer(), nullable=True),
        sa.Column("warnings", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        _goes_with_its_night("night_source"),
        sa.PrimaryKeyConstraint("as_of", "source", "file", name="pk_night_source"),
    )
    op.create_table(
        "night_discrepancy",
        _as_of(),
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("local_authority", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("cpli_ids", sa.Text(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=True),
        sa.Column("caseload_date", sa.Date(), nullable=True),
        sa.Column("caseload_rows", sa.Text(), nullable=True),
        sa.Column("council_value", sa.Text(), nullable=True),
        sa.Column("provider_value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("caveat", sa.Text(), nullable=True),
        _goes_with_its_night("night_discrepancy"),
        sa.PrimaryKeyConstraint("as_of", "discrepancy_id", name="pk_night_discrepancy"),
    )


def _as_of() -> sa.Column[object]:
    return sa.Column("as_of", sa.Date(), nullable=False)


def _goes_with_its_night(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["as_of"], ["night.as_of"], ondelete="CASCADE", name=f"fk_{table}_as_of_night"
    )
