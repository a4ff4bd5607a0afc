"""CPLIs as the gates see them: days, hashes and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quality.keyed import hashes, row_hashes
from reconciliation.days import NEVER, UNSTATED, Mask, days
from schemas.vocabularies import Authorisation

IDENTITIES = ("person_id", "nhs_number", "provider_id", "service_type")
CONTENT = (
    *("cpli_id", "person_id", "nhs_number", "family_name", "given_name", "date_of_birth"),
    *("provider_id", "service_type", "start_date", "end_date", "weekly_quantity", "unit"),
    "authorisation",
)
"""What makes a CPLI another one than it was; when it was touched is not among it."""


def coded(cplis: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return a row for each CPLI, in their order.

    Columns: id, content, person_id, nhs_number, provider_id, service_type, name, birth (hashes, 0
    where not stated), start, end, created, touched (days; `NEVER` and `UNSTATED` where there is
    none), quantity (NaN where not stated), authorised (bool).
    """
    names = cplis["family_name"].str.cat(cplis["given_name"], sep=" ").str.casefold()
    content = cplis[list(CONTENT)]
    return pd.DataFrame(
        {
            "id": hashes(cplis["cpli_id"], key),
            "content": row_hashes(content, key),
            **{name: hashes(cplis[name], key) for name in IDENTITIES},
            "name": hashes(names, key),
            "birth": hashes(cplis["date_of_birth"], key),
            "start": days(cplis["start_date"], missing=UNSTATED),
            "end": days(cplis["end_date"], missing=NEVER),
            "created": in_london(cplis["created_at"]),
            "touched": np.maximum(in_london(cplis["updated_at"]), in_london(cplis["created_at"])),
            "quantity": cplis["weekly_quantity"].to_numpy(dtype=np.float64),
            "authorised": cplis["authorisation"].eq(Authorisation.AUTHORISED.value).to_numpy(),
        }
    )


def in_london(instants: pd.Series) -> np.ndarray:
    """Return the days in London on which instants lie, `UNSTATED` where there is none."""
    local = instants.dt.tz_convert("Europe/London").dt.tz_localize(None)
    return days(local, missing=UNSTATED)


def active(lines: pd.DataFrame, on: int) -> Mask:
    """Say which lines are authorised and active on a day."""
    running = lines["start"].le(on) & lines["end"].ge(on) & lines["authorised"]
    flags: Mask = running.to_numpy(dtype=bool)
    return flags


def in_scope(lines: pd.DataFrame, window: int) -> Mask:
    """Say which lines form spells and are published (rule 3)."""
    scoped = lines["authorised"] & lines["end"].ge(window)
    flags: Mask = scoped.to_numpy(dtype=bool)
    return flags
