"""The tables of what sources were made of, night by night: headings and types, and no cell."""

from __future__ import annotations

from sqlalchemy import Date, Index, Table, Text

from casebook.models import METADATA, harmless

# A list of columns, which lasts for as long as a source stays as it is, and so is kept once.
# `columns` is JSON: the name and type of each, in their order. A council's headings are names of
# columns; of a caseload's, which a provider types, only ours are kept, and keyed hashes of others.
SOURCE_SCHEMA = Table(
    "source_schema",
    METADATA,
    harmless("fingerprint", Text(), key=True),
    harmless("columns", Text()),
)

# Which columns a source had on a night. It hangs on no night on record: what came is noted before
# anything is made of it.
NIGHT_SCHEMA = Table(
    "night_schema",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("source", Text(), key=True),
    harmless("owner", Text()),
    harmless("file", Text()),
    harmless("fingerprint", Text()),
    Index("ix_night_schema_source", "source", "as_of"),
)
