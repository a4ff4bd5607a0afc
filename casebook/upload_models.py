"""The table of the lists of people that providers sent over the web."""

from __future__ import annotations

from sqlalchemy import Date, DateTime, Index, Integer, Table, Text

from casebook.models import METADATA, accountable, harmless, numbered

# One row a file that was sent: `name`, which is ours, is what it is kept as, and empty where it is
# of no use to a night. `sha256` is that of what was sent. `rows` were taken, `refused` were not.
# The receipt names rows and columns, and nobody.
CASELOAD_UPLOAD = Table(
    "caseload_upload",
    METADATA,
    numbered(),
    harmless("provider_id", Text()),
    harmless("caseload_date", Date()),
    harmless("name", Text(), null=True),
    harmless("sha256", Text()),
    harmless("received_at", DateTime(timezone=True)),
    accountable("who"),
    harmless("rows", Integer()),
    harmless("refused", Integer()),
    harmless("receipt", Text()),
    Index("ix_caseload_upload_provider", "provider_id", "number"),
)
