"""The tables of the gates: what they made of each night, and what people let out.

Figures are counts and shares. What a held night was made of is kept until it is let out or a later
night comes, so that what a person has looked at is what goes out.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Date, DateTime, Double, Index, Integer, LargeBinary, Table, Text

from casebook.models import METADATA, accountable, harmless, numbered, personal

# One row a gate and owner (`schemas.gates.GateResult`); of caseloads only what did not pass, and
# what all of them came to, whose owner is empty.
GATE_RESULT = Table(
    "gate_result",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("source", Text(), key=True),
    harmless("owner", Text(), key=True),
    harmless("gate", Text(), key=True),
    harmless("severity", Text()),
    harmless("outcome", Text()),
    harmless("consequence", Text()),
    harmless("observed", Double(), null=True),
    harmless("lowest", Double(), null=True),
    harmless("highest", Double(), null=True),
    harmless("usual", Double(), null=True),
    harmless("nights", Integer()),
    Index("ix_gate_result_gate", "gate", "owner", "as_of"),
)

# What a source was like, for the nights after: `accepted` where no critical gate failed or a person
# let it out. `profile` holds counts by code, and a sample of keyed hashes; old ones are emptied.
GATE_NIGHT = Table(
    "gate_night",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("source", Text(), key=True),
    harmless("owner", Text(), key=True),
    harmless("accepted", Boolean()),
    personal("profile", LargeBinary(), null=True),
)

# What people let out, only ever added to. `owner` is a council or a provider, `figures` JSON: what
# had failed, by source and gate. Other figures are held again.
GATE_RELEASE = Table(
    "gate_release",
    METADATA,
    numbered(),
    harmless("as_of", Date()),
    harmless("owner", Text()),
    harmless("at", DateTime(timezone=True)),
    accountable("who"),
    harmless("reason", Text()),
    harmless("figures", Text()),
    Index("ix_gate_release_night", "as_of", "owner"),
)

# The frames of a night of which something is held or was left out by a gate, one row a file.
HELD_FILE = Table(
    "held_file",
    METADATA,
    harmless("as_of", Date(), key=True),
    harmless("part", Text(), key=True),
    harmless("name", Text(), key=True),
    personal("content", LargeBinary(), null=True),
)
