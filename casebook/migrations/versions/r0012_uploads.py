"""The lists of people that providers sent over the web."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0012"
down_revision = "r0011"


def upgrade() -> None:
    """Make the table, which is empty until a provider sends a list."""
    op.create_table(
        "caseload_upload",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("caseload_date", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_caseload_upload"),
    )
    op.create_index(
        "ix_caseload_upload_provider", "caseload_upload", ["provider_id", "number"], unique=False
    )
