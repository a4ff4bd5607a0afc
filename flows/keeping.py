"""What a run of chosen councils keeps of its night: all that stands on record for the others.

The rules see only the chosen councils, and what they say of those that could be assessed replaces
what stood of them. The others keep their discrepancies, refusals and figures; discrepancies without
a council stay too, since only a run of the whole night can judge them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from casebook.record import NightRow
from flows.account import ABOUT, Account, in_order, tally
from flows.files import REFUSALS, TIMELINESS, UNMAPPED_SUPPLIERS
from flows.pulls import RECEIPTS, UNMAPPED, UNMAPPED_COLUMNS
from schemas.raw import refusals
from schemas.tables import DISCREPANCY_COLUMNS

IN_FILE_ORDER = ["local_authority", "provider_id", "type", "discrepancy_id"]


def keep_the_others(
    account: Account,
    *,
    earlier: NightRow,
    discrepancies: pd.DataFrame,
    about: pd.DataFrame,
    folder: Path,
) -> Account:
    """Return the account of the assessed councils with what stood of the others put beside it.

    `earlier`, `discrepancies` and `about` are the night as it is on record, `folder` where it was
    published.
    """
    assessed = account.record.scope.councils_assessed
    councils = {council.local_authority: council for council in account.councils}
    councils |= {
        council.local_authority: council
        for council in earlier.councils
        if council.local_authority not in assessed
    }
    others = frozenset(councils) - assessed
    found = account.frames["discrepancies"]
    standing = discrepancies[~discrepancies["local_authority"].isin(assessed)]
    fresh = found[found["local_authority"].isin(assessed)]
    whole = pd.concat([standing, fresh])
    frames = {
        "discrepancies": whole[list(DISCREPANCY_COLUMNS)].sort_values(
            IN_FILE_ORDER, na_position="first", ignore_index=True
        ),
        ABOUT: pd.concat([_of(standing, about), _of(fresh, account.frames[ABOUT])]),
        "refusals": _refusals(account, folder, others),
        "timeliness": _timeliness(account, folder, others),
        UNMAPPED: _unmapped(account, folder, others),
        RECEIPTS: account.frames[RECEIPTS],
    }
    return replace(
        account,
        councils=tuple(councils[code] for code in sorted(councils)),
        sources=(
            *(record for record in account.sources if _owner(record.source) not in others),
            *(record for record in earlier.sources if _owner(record.source) in others),
        ),
        providers_not_assessed=account.providers_not_assessed | earlier.providers_not_assessed,
        portals_not_assessed=(account.portals_not_assessed - others)
        | (earlier.portals_not_assessed & others),
        summary=_summary(account.summary, earlier.summary, frames["discrepancies"], others),
        frames=frames,
    )


def _of(discrepancies: pd.DataFrame, about: pd.DataFrame) -> pd.DataFrame:
    return about[about["discrepancy_id"].isin(discrepancies["discrepancy_id"])]


def _owner(source: str) -> str:
    """Return the code at the end of a source's name."""
    return source.rpartition(" ")[2]


def _refusals(account: Account, folder: Path, others: frozenset[str]) -> pd.DataFrame:
    fresh = account.frames["refusals"]
    if not (folder / REFUSALS).exists():
        return fresh
    standing = pd.read_csv(folder / REFUSALS, dtype=str, keep_default_na=False, na_values=[""])
    standing = standing[standing["source"].map(_owner).isin(others)]
    standing = standing.assign(row=pd.to_numeric(standing["row"])).fillna({"file": ""})
    return in_order(pd.concat([fresh, standing.astype(refusals().dtypes.to_dict())]))


def _unmapped(account: Account, folder: Path, others: frozenset[str]) -> pd.DataFrame:
    fresh = account.frames[UNMAPPED]
    if not (folder / UNMAPPED_SUPPLIERS).exists():
        return fresh
    standing = pd.read_csv(folder / UNMAPPED_SUPPLIERS, dtype=str, keep_default_na=False)
    kept = standing[standing["local_authority"].isin(others)].astype("str")
    return pd.concat([fresh, kept]).sort_values([*UNMAPPED_COLUMNS], ignore_index=True)


def _timeliness(account: Account, folder: Path, others: frozenset[str]) -> pd.DataFrame:
    fresh = account.frames["timeliness"]
    if not (folder / TIMELINESS).exists():
        return fresh
    standing = pd.read_csv(
        folder / TIMELINESS,
        dtype=dict.fromkeys(("local_authority", "grouping", "group"), str),
        keep_default_na=False,
    )
    kept = standing[standing["local_authority"].isin(others)].astype(fresh.dtypes.to_dict())
    return pd.concat([fresh, kept]).sort_values(
        ["local_authority", "grouping", "group"], ignore_index=True
    )


def _summary(
    fresh: Mapping[str, Any],
    standing: Mapping[str, Any],
    discrepancies: pd.DataFrame,
    others: frozenset[str],
) -> dict[str, object]:
    """Return the summary of the whole night; counts for all are those of the councils together."""
    of_councils = dict(fresh["councils"]) | {
        code: facts for code, facts in standing["councils"].items() if code in others
    }
    totals: dict[str, int] = {}
    for facts in of_councils.values():
        for name, value in facts.items():
            if isinstance(value, int) and not isinstance(value, bool):
                totals[name] = totals.get(name, 0) + value
    owner = discrepancies["local_authority"]
    return {
        **fresh,
        "councils": dict(sorted(of_councils.items())),
        "all": {
            **fresh["all"],
            **totals,
            "discrepancies": tally(discrepancies),
            "discrepancies_without_council": tally(discrepancies[owner.isna()]),
        },
        "not_assessed": sorted(
            [
                *(each for each in fresh["not_assessed"] if each["local_authority"] not in others),
                *(each for each in standing["not_assessed"] if each["local_authority"] in others),
            ],
            key=lambda each: str(each["local_authority"]),
        ),
    }
