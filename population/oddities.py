"""Who sends no usable caseload, and whose files are odd though they can be used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from population.draws import Ints
from population.providers import Overdue, Providers, Quirk, Template

_MANY = 8  # services, so that a provider that says nothing is missed
_ENOUGH_IN_A_COUNCIL = 10  # services, so that a short caseload is short though a council is missing


def with_oddities(providers: Providers, active: Ints) -> Providers:
    """Choose the odd ones among the smaller providers, never the first two of a trade.

    `active` counts the services, one row a provider and one column a council. Every reason for an
    overdue caseload is there where the register is large enough.
    """
    table = providers.table.copy()
    later = (table.groupby("trade").cumcount() >= 2).to_numpy()
    _choose_overdue(table, later, active, providers.first_run_day)
    whole = active.sum(axis=1)
    plain = later & (table["template"] != Template.SPARSE).to_numpy()
    left = np.flatnonzero(plain & (table["overdue"] == Overdue.NO).to_numpy())
    middling = left[np.argsort(-whole[left], kind="stable")][len(left) // 5 :]
    quirks = [quirk for quirk in Quirk if quirk is not Quirk.NONE]
    wanted = quirks if providers.count >= 24 else quirks[:1]
    for quirk, number in zip(wanted, middling.tolist(), strict=False):
        table.loc[number, ["quirk", "older", "style"]] = (quirk.value, 3, 0)
        table.loc[number, ["spreadsheet", "totals_row", "blank_rows"]] = (False, True, True)
    return replace(providers, table=table)


def _choose_overdue(table: pd.DataFrame, later: np.ndarray, active: Ints, run_day: int) -> None:
    """Give providers without a usable caseload their reason, each reason in turn."""
    whole = active.sum(axis=1)
    left = np.flatnonzero(later & (table["overdue"] == Overdue.NO).to_numpy() & (whole >= _MANY))
    left = left[np.argsort(whole[left], kind="stable")]
    everywhere = ((active == 0) | (active >= _ENOUGH_IN_A_COUNCIL)).all(axis=1)
    reasons = [reason for reason in Overdue if reason is not Overdue.NO]
    count = min(len(left), min(max(len(table) // 6, 2), 8) + len(table) // 150)
    step = max(1, len(left) // (2 * max(1, count)))
    for place in range(count):
        reason = reasons[place % len(reasons)]
        usable = left[everywhere[left]] if reason is Overdue.TOO_FEW_ROWS else left
        if not len(usable):
            continue
        number = int(usable[min(place * (step - 1), len(usable) - 1)])
        left = left[left != number]
        table.loc[number, "overdue"] = reason.value
        if reason is Overdue.STOPS:
            table.loc[number, "weekday"] = run_day % 7
        if reason is Overdue.MISSING_COLUMNS:
            table.loc[number, "template"] = Template.WITHOUT_SERVICE_TYPE.value
