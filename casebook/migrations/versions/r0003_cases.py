"""Cases: what the nights say of each discrepancy, and the history of all changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Make the cases' four tables and the history; the nights on record are applied afterwards."""
    op.create_table(
        "discrepancy_case",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        *_said(),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.Date(), nullable=False),
        sa.Column("open_since", sa.Date(), nullable=False),
        sa.Column("last_seen", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("nights_seen", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("discrepancy_id", name="pk_discrepancy_case"),
    )
    op.create_table(
        "case_statement",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *_said(),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("discrepancy_id", "as_of", name="pk_case_statement"),
    )
    op.create_table(
        "case_turn",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("discrepancy_id", "as_of", name="pk_case_turn"),
    )
    op.create_table(
        "case_night",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("lasting", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", name="pk_case_night"),
    )
    op.create_table(
        "history",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("discrepancy_id", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_history"),
    )


def _said() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("local_authority", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("cpli_ids", sa.Text(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=True),
        sa.Column("council_value", sa.Text(), nullable=True),
        sa.Column("provider_value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("caveat", sa.Text(), nullable=True),
    )
