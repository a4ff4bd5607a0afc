"""The tables of what providers are told, and of what they answered.

What a notice says is kept, so that it can be written again as it was while it waits to be delivered
and when its night is run again.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Date, DateTime, Index, Integer, Table, Text, UniqueConstraint

from casebook.models import METADATA, harmless, numbered, personal

# One row a notice. `name` is that of its folder, `as_of` or with a number behind it; `reference` is
# what people and GOV.UK Notify call it by. `found` and `asked` are JSON: the hashes, by council, of
# what the night found about the provider and of what it was last asked. `left_out` are councils of
# which it says nothing, joined by `;`. `place` is where it goes, `email_to` who is told that it is
# there, until they are.
NOTICE = Table(
    "notice",
    METADATA,
    numbered(),
    harmless("provider_id", Text()),
    harmless("as_of", Date()),
    harmless("name", Text()),
    harmless("reference", Text()),
    harmless("nothing_to_do", Boolean()),
    harmless("cases", Integer()),
    harmless("found", Text()),
    harmless("asked", Text()),
    harmless("left_out", Text()),
    harmless("made_at", DateTime(timezone=True)),
    harmless("place", Text(), null=True),
    harmless("state", Text()),
    harmless("attempts", Integer()),
    harmless("delivered_at", DateTime(timezone=True), null=True),
    harmless("trouble", Text(), null=True),
    harmless("email_state", Text()),
    personal("email_to", Text(), null=True),
    harmless("emailed_at", DateTime(timezone=True), null=True),
    harmless("email_trouble", Text(), null=True),
    personal("content", Text(), null=True),
    UniqueConstraint("reference", name="uq_notice_reference"),
    Index("ix_notice_provider", "provider_id", "number"),
    Index("ix_notice_state", "state", "email_state", "number"),
    Index("ix_notice_as_of", "as_of", "number"),
)

# Keyed hashes of the NHS numbers of whoever a council restricts, as of the last night on which it
# was assessed: nothing of them is told while it is away either.
NOTICE_HIDDEN = Table(
    "notice_hidden",
    METADATA,
    harmless("local_authority", Text(), key=True),
    harmless("person_hash", Text(), key=True),
)

# A workbook of answers that was dealt with, by its content, so that it is read once, with what was
# said of it, so that the night that read it can be written again. `as_of` is empty where no night
# did; `file` is its name without the text that may be a person's. `refusals` is JSON.
ANSWER_FILE = Table(
    "answer_file",
    METADATA,
    harmless("sha256", Text(), key=True),
    harmless("provider_id", Text(), key=True),
    harmless("as_of", Date(), null=True),
    harmless("notice_date", Date(), null=True),
    harmless("file", Text()),
    harmless("noted_at", DateTime(timezone=True)),
    harmless("usable", Boolean()),
    harmless("taken", Integer()),
    harmless("refused", Integer()),
    harmless("refusals", Text()),
    harmless("receipt", Text()),
    Index("ix_answer_file_as_of", "as_of", "noted_at"),
)
