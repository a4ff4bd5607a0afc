"""What commissioning workers have decided on whom entries mean, and on what is no duplicate."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

SUBJECT_COLUMNS = ("provider_id", "entry_identity", "local_authority", "person_id")
NOT_DUPLICATE_COLUMNS = (
    "local_authority",
    "cpli_ids",
    "provider_id",
    "entry_identity",
    "service_type",
)


def _no_decisions() -> pd.DataFrame:
    texts = {name: pd.Series(dtype="str") for name in SUBJECT_COLUMNS}
    return pd.DataFrame({"same": pd.Series(dtype="bool")} | texts)


def _no_duplicates() -> pd.DataFrame:
    return pd.DataFrame(columns=list(NOT_DUPLICATE_COLUMNS), dtype="str")


@dataclass(frozen=True, kw_only=True)
class Rulings:
    """The rulings in force for a night.

    `decisions` (same, `SUBJECT_COLUMNS`) are those of rule 7. `not_duplicates`
    (`NOT_DUPLICATE_COLUMNS`) name either a group of CPLIs, by council and sorted `cpli_ids` joined
    by `;`, or a provider's entries, by their identity and service type; the rest is null.
    """

    decisions: pd.DataFrame = field(default_factory=_no_decisions)
    not_duplicates: pd.DataFrame = field(default_factory=_no_duplicates)
