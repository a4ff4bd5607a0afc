"""What the gates made of each night, what people let out, and the frames of what is held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"


def upgrade() -> None:
    """Make the tables, which are empty until a night is judged."""
    op.create_table(
        "gate_result",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("observed", sa.Double(), nullable=True),
        sa.Column("lowest", sa.Double(), nullable=True),
        sa.Column("highest", sa.Double(), nullable=True),
        sa.Column("usual", sa.Double(), nullable=True),
        sa.Column("nights", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "source", "owner", "gate", name="pk_gate_result"),
    )
    op.create_index("ix_gate_result_gate", "gate_result", ["gate", "owner", "as_of"], unique=False)
    op.create_table(
        "gate_night",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("as_of", "source", "owner", name="pk_gate_night"),
    )
    op.create_table(
        "gate_release",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_gate_release"),
    )
    op.create_index("ix_gate_release_night", "gate_release", ["as_of", "owner"], unique=False)
    op.create_table(
        "held_file",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("as_of", "part", "name", name="pk_held_file"),
    )
