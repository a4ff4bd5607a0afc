"""The tables of what lies behind cases, and of what pages show besides cases.

What lies behind a case are lines of the sources as the last night found them that found the case.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Double, ForeignKey, Index, Integer, Table, Text

from casebook.models import METADATA, accountable, harmless, numbered, personal

PERSON = ("nhs_number", "family_name", "given_name")
SUPPORT_DAYS = ("date_of_birth", "start_date", "end_date")

# One row a line, `side` and `position` in the order in which they are told. `dated` is the day of
# which the caseload or the portal's extract speaks, `row` where the line lies in the caseload. They
# go with their case.
CASE_LINE = Table(
    "case_line",
    METADATA,
    Column(
        "discrepancy_id",
        Text(),
        ForeignKey("discrepancy_case.discrepancy_id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
        info={"personal": False},
    ),
    harmless("side", Text(), key=True),
    harmless("position", Integer(), key=True),
    harmless("local_authority", Text(), null=True),
    harmless("provider_id", Text(), null=True),
    personal("cpli_id", Text(), null=True),
    harmless("row", Integer(), null=True),
    harmless("dated", Date(), null=True),
    personal("person_id", Text(), null=True),
    *(personal(name, Text(), null=True) for name in PERSON),
    personal("date_of_birth", Date(), null=True),
    harmless("service_type", Text(), null=True),
    personal("service_description", Text(), null=True),
    personal("start_date", Date(), null=True),
    personal("end_date", Date(), null=True),
    personal("weekly_quantity", Double(), null=True),
    harmless("unit", Text(), null=True),
    harmless("authorisation", Text(), null=True),
    accountable("commissioning_team", null=True),
    accountable("commissioning_worker", null=True),
    *(
        Index(f"ix_case_line_{name}", name, "discrepancy_id", "side")
        for name in ("nhs_number", "person_id", "cpli_id")
    ),
)

# What a notice of the latest night would say to each provider, whether or not one was due: JSON.
PROVIDER_PAGE = Table(
    "provider_page",
    METADATA,
    harmless("provider_id", Text(), key=True),
    harmless("provider_name", Text()),
    harmless("as_of", Date()),
    personal("content", Text(), null=False),
)

# What an account keeps of a list: how it is narrowed and ordered, and no search for anybody.
SAVED_VIEW = Table(
    "saved_view",
    METADATA,
    numbered(),
    harmless("account", BigInteger()),
    accountable("name"),
    harmless("query", Text()),
    Index("ix_saved_view_account", "account", "name", unique=True),
)
