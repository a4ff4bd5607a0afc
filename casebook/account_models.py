"""The tables of accounts, of their sessions, and of who looked at whose record.

What opens something is kept as a hash alone: whoever reads these tables can sign in as nobody. The
second factor's secret is encrypted with a key that is not in the database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from casebook.models import METADATA, accountable, harmless, numbered, personal

# One row for whoever may use the worklist. Without a `password_hash` nobody can sign in by password
# until a code was used; without `totp_confirmed_at` the second factor is still to be set up, and
# `totp_last_step` is the last step whose code was used. `failed_sign_ins` counts those in a row.
# `seen_before` is when they were last seen before they signed in. `oidc_subject` is who they are
# to their council's own sign-in.
ACCOUNT = Table(
    "account",
    METADATA,
    numbered(),
    accountable("email"),
    accountable("name"),
    harmless("role", Text()),
    harmless("council", Text(), null=True),
    accountable("team", null=True),
    harmless("provider_id", Text(), null=True),
    harmless("active", Boolean()),
    harmless("password_hash", Text(), null=True),
    harmless("totp_secret", Text(), null=True),
    harmless("totp_confirmed_at", DateTime(timezone=True), null=True),
    harmless("totp_last_step", BigInteger(), null=True),
    harmless("failed_sign_ins", Integer()),
    harmless("locked_until", DateTime(timezone=True), null=True),
    harmless("created_at", DateTime(timezone=True)),
    accountable("created_by"),
    harmless("last_sign_in_at", DateTime(timezone=True), null=True),
    harmless("last_seen_at", DateTime(timezone=True), null=True),
    harmless("seen_before", DateTime(timezone=True), null=True),
    accountable("oidc_subject", null=True),
    UniqueConstraint("email", name="uq_account_email"),
    UniqueConstraint("oidc_subject", name="uq_account_oidc_subject"),
)

# The code by which somebody sets a password, for the first time or anew. An account has one at
# most.
ACCOUNT_CODE = Table(
    "account_code",
    METADATA,
    numbered("account"),
    harmless("code_hash", Text()),
    harmless("expires_at", DateTime(timezone=True)),
)

# A browser's session. It belongs to an account from the first factor on, and `signed_in_at` is
# empty until the second was given. `data` may hold what somebody is typing.
WEB_SESSION = Table(
    "web_session",
    METADATA,
    harmless("id_hash", Text(), key=True),
    harmless("account", BigInteger(), null=True),
    harmless("created_at", DateTime(timezone=True)),
    harmless("seen_at", DateTime(timezone=True)),
    harmless("signed_in_at", DateTime(timezone=True), null=True),
    harmless("place", Text(), null=True),
    personal("data", Text(), null=False),
    Index("ix_web_session_account", "account"),
    Index("ix_web_session_seen_at", "seen_at"),
)

# A token by which a program acts for an account, with all that the account may do.
API_TOKEN = Table(
    "api_token",
    METADATA,
    numbered(),
    harmless("account", BigInteger()),
    accountable("name"),
    harmless("token_hash", Text()),
    harmless("created_at", DateTime(timezone=True)),
    accountable("created_by"),
    harmless("expires_at", DateTime(timezone=True)),
    harmless("revoked_at", DateTime(timezone=True), null=True),
    harmless("last_used_at", DateTime(timezone=True), null=True),
    UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    Index("ix_api_token_account", "account", "number"),
)

# Who looked at what, and from where; only ever added to, until its time is over. `about` is the
# account that an entry is about, `place` a network address. The numbers are the database's, so that
# nobody who looks at a page waits for somebody else's.
ACCESS_ENTRY = Table(
    "access_entry",
    METADATA,
    Column(
        "number",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        info={"personal": False},
    ),
    harmless("at", DateTime(timezone=True)),
    harmless("account", BigInteger(), null=True),
    accountable("who"),
    harmless("what", Text()),
    harmless("about", BigInteger(), null=True),
    harmless("discrepancy_id", Text(), null=True),
    harmless("local_authority", Text(), null=True),
    personal("person_id", Text(), null=True),
    harmless("place", Text(), null=True),
    Index("ix_access_entry_person", "local_authority", "person_id", "number"),
    Index("ix_access_entry_case", "discrepancy_id", "number"),
    Index("ix_access_entry_account", "account", "number"),
    Index("ix_access_entry_about", "about", "number"),
    Index("ix_access_entry_place", "what", "place", "at"),
    Index("ix_access_entry_at", "at"),
)
