"""Cases: what the nights say of each discrepancy, what people did, and the history of both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Make the cases' tables and the history; the nights on record are applied afterwards."""
    for column in _about():
        op.add_column("night_discrepancy", column)
    _make_cases()
    _make_what_nights_did()
    _make_actions()
    _make_history()


def _make_cases() -> None:
    op.create_table(
        "discrepancy_case",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        *_said(),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.Date(), nullable=False),
        sa.Column("present_since", sa.Date(), nullable=False),
        sa.Column("last_seen", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("nights_seen", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("open_since", sa.Date(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_soon_on", sa.Date(), nullable=True),
        sa.Column("paused_days", sa.Integer(), nullable=False),
        sa.Column("paused_since", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("discrepancy_id", name="pk_discrepancy_case"),
    )
    order = ["local_authority", "settled", "due_on", "discrepancy_id"]
    narrowed = ["state", "type", "severity", "service_type"]
    op.create_index("ix_case_due", "discrepancy_case", [*order, *narrowed])
    counted = ["state", "type", "severity", "paused_since", "due_on", "due_soon_on"]
    whose = ["provider_id", "team", "worker"]
    op.create_index("ix_case_counted", "discrepancy_case", [*order[:2], *counted, *whose])
    settled = ["local_authority", "settled", "settled_on", "discrepancy_id"]
    op.create_index("ix_case_settled", "discrepancy_case", settled)
    for name, column in (
        ("ix_case_team", "team"),
        ("ix_case_worker", "worker"),
        ("ix_case_provider", "provider_id"),
        ("ix_case_person", "person_id"),
    ):
        op.create_index(name, "discrepancy_case", [column, *order])


def _make_what_nights_did() -> None:
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


def _make_actions() -> None:
    op.create_table(
        "case_action",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("on_night", sa.Date(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("check_on", sa.Date(), nullable=True),
        sa.Column("check_caseload_after", sa.Date(), nullable=True),
        sa.Column("council_value", sa.Text(), nullable=True),
        sa.Column("provider_value", sa.Text(), nullable=True),
        sa.Column("said_reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_date", sa.Date(), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("entry_identities", sa.Text(), nullable=True),
        sa.Column("local_authority", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("cpli_ids", sa.Text(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=True),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_case_action"),
        sa.UniqueConstraint("discrepancy_id", "request", name="uq_case_action_request"),
    )
    op.create_index("ix_case_action_case", "case_action", ["discrepancy_id", "number"])
    op.create_table(
        "action_lapse",
        sa.Column("action_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reopens", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("action_number", name="pk_action_lapse"),
    )


def _make_history() -> None:
    op.create_table(
        "casebook_setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_casebook_setting"),
    )
    op.create_table(
        "history",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=True),
        sa.Column("discrepancy_id", sa.Text(), nullable=True),
        sa.Column("action_number", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_history"),
    )
    op.create_index("ix_history_case", "history", ["discrepancy_id", "number"])


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
        *_about(),
    )


def _about() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("routed_team", sa.Text(), nullable=True),
        sa.Column("routed_worker", sa.Text(), nullable=True),
        sa.Column("entry_identities", sa.Text(), nullable=True),
    )
