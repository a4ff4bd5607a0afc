"""What sources were made of: their columns and types, night by night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"


def upgrade() -> None:
    """Make the tables, which are empty until a night is run."""
    op.create_table(
        "source_schema",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_source_schema"),
    )
    op.create_table(
        "night_schema",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "source", name="pk_night_schema"),
    )
    op.create_index("ix_night_schema_source", "night_schema", ["source", "as_of"], unique=False)
