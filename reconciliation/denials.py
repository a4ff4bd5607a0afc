"""What commissioning workers said is no duplicate (rule 7)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.coded import Coded, strings
from reconciliation.columns import Numbers
from reconciliation.days import Mask
from reconciliation.identity import SEPARATOR, hashed_identities
from reconciliation.night import Night


def groups_denied(night: Night, coded: Coded, line: Numbers, group: Numbers) -> Mask:
    """Say of each line (a place in `Coded.lines`) whether its group of CPLIs is no duplicate.

    That is a group of exactly the CPLIs that a worker named; groups are numbered from 0.
    """
    denied = night.not_duplicates[["local_authority", "cpli_ids"]].dropna()
    if denied.empty:
        return np.zeros(len(line), dtype=bool)
    cpli, council = (coded.lines[name].to_numpy()[line] for name in ("cpli", "council"))
    order = np.lexsort((cpli, group))
    size = int(group.max(initial=-1)) + 1
    of_group = np.zeros(size, dtype=np.int64)
    of_group[group] = council
    ids = columns.joined_text(strings(coded.texts.cpli_ids, cpli[order]), group[order], size=size)
    found = strings(coded.texts.councils, of_group) + SEPARATOR + ids
    said: Mask = found.isin(denied["local_authority"] + SEPARATOR + denied["cpli_ids"]).to_numpy()
    return said[group]


def entries_denied(night: Night, coded: Coded, entry: Numbers) -> Mask:
    """Say of each entry whether a worker said that it repeats none of its identity and service."""
    named = ["provider_id", "service_type", "entry_identity"]
    denied = night.not_duplicates[named].dropna()
    said = np.zeros(len(entry), dtype=bool)
    if denied.empty:
        return said
    part = coded.entries.take(entry)
    provider = strings(coded.texts.providers, part["provider"].to_numpy())
    place = np.flatnonzero(provider.isin(denied["provider_id"]))
    service = strings(coded.texts.services, part["service"].to_numpy()[place])
    found = pd.DataFrame(
        {
            "provider_id": provider.take(place).reset_index(drop=True),
            "service_type": service,
            "entry_identity": hashed_identities(night, coded, entry[place]),
        }
    )
    said[place] = _as_text(found).isin(_as_text(denied)).to_numpy()
    return said


def _as_text(named: pd.DataFrame) -> pd.Series:
    return (
        named["provider_id"]
        + SEPARATOR
        + named["service_type"]
        + SEPARATOR
        + named["entry_identity"]
    )
