"""What each night measured of the time that CPLIs take to be on the system."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    """Make the table; nights on record have no figures until they are recorded again."""
    op.create_table(
        "night_timeliness",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("local_authority", sa.Text(), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("cplis", sa.Integer(), nullable=False),
        sa.Column("median_lag_days", sa.Double(), nullable=False),
        sa.Column("p90_lag_days", sa.Double(), nullable=False),
        sa.Column("share_on_system_by_start", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["as_of"],
            ["night.as_of"],
            name="fk_night_timeliness_as_of_night",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "as_of", "local_authority", "grouping", "group", name="pk_night_timeliness"
        ),
    )
