"""The lines behind cases, what providers see, views that are kept, and lists in every order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0010"

COUNTED = ("state", "type", "severity")
LISTED = ("local_authority", "settled")
CLOCK = ("paused_since", "due_soon_on")
NARROWED = (*COUNTED, "service_type", "provider_id", "team", "worker", "version")
OF_HOLDER = (*COUNTED, *CLOCK, "version")
INDEXES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "due": ((*LISTED, "due_on"), (*NARROWED, *CLOCK, "open_since")),
    "opened": ((*LISTED, "open_since"), NARROWED),
    "severity": ((*LISTED, "severity", "open_since"), NARROWED),
    "type": ((*LISTED, "type", "open_since"), NARROWED),
    "changed": ((*LISTED, "version"), NARROWED),
    "settled": ((*LISTED, "settled_on"), NARROWED),
    "team": (("team", *LISTED, "due_on"), OF_HOLDER),
    "worker": (("worker", *LISTED, "due_on"), OF_HOLDER),
    "provider": (("provider_id", *LISTED, "due_on"), OF_HOLDER),
}


def upgrade() -> None:
    """Make the tables, which are empty until a night is run, and the indexes of lists."""
    op.create_table(
        "case_line",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("local_authority", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("cpli_id", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=True),
        sa.Column("service_description", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("weekly_quantity", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("authorisation", sa.Text(), nullable=True),
        sa.Column("commissioning_team", sa.Text(), nullable=True),
        sa.Column("commissioning_worker", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["discrepancy_id"],
            ["discrepancy_case.discrepancy_id"],
            name="fk_case_line_discrepancy_id_discrepancy_case",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("discrepancy_id", "side", "position", name="pk_case_line"),
    )
    for name in ("nhs_number", "person_id", "cpli_id"):
        op.create_index(f"ix_case_line_{name}", "case_line", [name, "discrepancy_id", "side"])
    op.create_table(
        "provider_page",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_provider_page"),
    )
    op.create_table(
        "saved_view",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_saved_view"),
    )
    op.create_index("ix_saved_view_account", "saved_view", ["account", "name"], unique=True)
    for name in ("due", "settled", "team", "worker", "provider"):
        op.drop_index(f"ix_case_{name}", "discrepancy_case")
    for name, (keys, narrowed) in INDEXES.items():
        columns = list(dict.fromkeys([*keys, "discrepancy_id", *narrowed]))
        op.create_index(f"ix_case_{name}", "discrepancy_case", columns)
    op.create_index("ix_history_at", "history", ["at", "number"])
