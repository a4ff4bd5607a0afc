"""What is kept of a source for the nights after: counts by code, and a sample of keyed hashes.

The sample is always of the same CPLIs: those whose hashed ids are the lowest. So one night after
another shows what became of them, and which are new among them, whatever the size of the extract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLED = 2048
META = b"profile"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A source as it was on a night; days are counted from 1 January 1970.

    `key` says by which key hashes were made. `unchanged_since` is the day on which this very
    content (`digest`) came first, among `digests` of some earlier ones by their day. `newest` is
    the latest day on which anything in it was entered or changed, `changes` how many CPLIs change
    or come anew on a working day, on average over `counted` of them. `active` counts active CPLIs
    by kind (`provider`, `service`, `team`) and code, and all of them by `authorisation`, `missing`
    those without an NHS number by team, of all `in_scope`. `sample` is the sampled rows.
    """

    as_of: int
    key: str
    digest: str
    unchanged_since: int
    newest: int | None = None
    digests: Mapping[str, int] = field(default_factory=dict)
    changes: float = 0.0
    counted: int = 0
    whole: bool = True
    active: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    in_scope: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    sample: pd.DataFrame = field(default_factory=pd.DataFrame)


def pack(profile: Profile) -> bytes:
    """Return a profile as Parquet, its counts in the file's metadata."""
    told = asdict(replace(profile, sample=pd.DataFrame()))
    del told["sample"]
    table = pa.Table.from_pandas(profile.sample, preserve_index=False)
    kept = table.replace_schema_metadata({META: json.dumps(told, sort_keys=True)})
    file = BytesIO()
    pq.write_table(kept, file, compression="zstd")
    return file.getvalue()


def unpack(packed: bytes) -> Profile:
    """Return a profile that was packed; what a later version added to it has its default."""
    table = pq.read_table(BytesIO(packed))
    told: dict[str, Any] = json.loads((table.schema.metadata or {})[META])
    known = {each.name for each in fields(Profile)}
    return Profile(
        **{name: value for name, value in told.items() if name in known},
        sample=table.replace_schema_metadata(None).to_pandas(),
    )
