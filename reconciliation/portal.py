"""The council's CPLIs against what the portal shows, and against each other (rule 10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reconciliation import columns
from reconciliation.coded import Coded
from reconciliation.columns import Numbers
from reconciliation.days import UNSTATED, Mask
from reconciliation.denials import groups_denied
from reconciliation.night import Night, Tolerances
from reconciliation.spells import AUTHORISED, Spells, in_scope

COMPARED_COLUMNS = (
    "person_id",
    "provider_id",
    "service_type",
    "start_date",
    "end_date",
    "weekly_quantity",
    "unit",
)
_CODED = {
    "person_id": "person_id",
    "provider_id": "provider",
    "service_type": "service",
    "start_date": "start",
    "end_date": "end",
    "weekly_quantity": "quantity",
    "unit": "unit",
}
_LEFT_OUT = {
    "service_type": "unmapped",
    "weekly_quantity": "weekly_quantity_unreadable",
    "unit": "unit_unreadable",
}


def not_on_portal(coded: Coded, tolerances: Tolerances) -> Numbers:
    """Return the in-scope CPLIs (places in `Coded.lines`) that the portal should show but does not.

    Those that ended a while before the extract, were created on its date or later, or were updated
    on its date or later are not expected on it. A rejected portal row shows its `cpli_id`; where
    that cannot be read, it shows whatever of its person fits it.
    """
    lines = coded.lines
    shown_on = _extract_day(coded)
    expected = (
        in_scope(lines, window=coded.window)
        & (shown_on != UNSTATED)
        & (lines["end"].to_numpy() >= shown_on - tolerances.portal_hides_after_days)
        & (lines["created"].to_numpy() < shown_on)
        & ~_updated_since(coded)
    )
    missing = expected & ~np.isin(_key(coded, lines), _key(coded, coded.portal))
    missing[_fits_unread(lines, coded.portal, coded)] = False
    return np.flatnonzero(missing)


def only_on_portal(coded: Coded) -> pd.DataFrame:
    """Return the portal rows of CPLIs that the council does not hold at all.

    Those that ended before the window are left out. A rejected CPLI holds its `cpli_id`; where that
    cannot be read, it holds whatever of its person fits it. Returns rows of `Coded.portal`, with
    `place` and `group` (one a council and `cpli_id`), by group and start.
    """
    shown = coded.portal
    unknown = (
        shown["valid"].to_numpy()
        & (shown["end"].to_numpy() >= coded.window)
        & ~np.isin(_key(coded, shown), _key(coded, coded.lines))
    )
    unknown[_fits_unread(shown, coded.lines, coded)] = False
    rows = shown[unknown].assign(place=np.flatnonzero(unknown))
    ordered = rows.sort_values(
        ["council", "cpli", "start", "provider", "person_id", "service", "end", "quantity", "unit"],
        ignore_index=True,
    )
    return ordered.assign(
        group=columns.combined(*(ordered[name].to_numpy() for name in ("council", "cpli")))
    )


def unauthorised_on_portal(coded: Coded) -> Numbers:
    """Return the draft and cancelled CPLIs (places in `Coded.lines`) that the portal shows."""
    lines = coded.lines
    shown = coded.portal[coded.portal["valid"]]
    unauthorised = lines["valid"].to_numpy() & (lines["authorisation"].to_numpy() != AUTHORISED)
    return np.flatnonzero(
        unauthorised & ~_updated_since(coded) & np.isin(_key(coded, lines), _key(coded, shown))
    )


def portal_differs(coded: Coded) -> pd.DataFrame:
    """Return in-scope CPLIs that the portal shows otherwise, one row a portal row that differs.

    Columns: line, shown (a place in `Coded.portal`) and a bool for each compared column.
    """
    lines, shown = coded.lines, coded.portal
    comparable = in_scope(lines, window=coded.window) & ~_updated_since(coded)
    wanted = np.where(shown["valid"].to_numpy(), _key(coded, shown), -1)
    place, line = columns.joined(wanted, np.where(comparable, _key(coded, lines), -1))
    pairs = pd.DataFrame({"line": line, "shown": place})
    for name in COMPARED_COLUMNS:
        held = lines[_CODED[name]].to_numpy()[line]
        differs = held != shown[_CODED[name]].to_numpy()[place]
        if name in _LEFT_OUT:
            differs &= ~lines[_LEFT_OUT[name]].to_numpy()[line]
            differs &= ~shown[_LEFT_OUT[name]].to_numpy()[place]
        pairs[name] = differs
    return pairs[pairs[list(COMPARED_COLUMNS)].any(axis=1)].reset_index(drop=True)


def duplicate_cplis(night: Night, coded: Coded, spells: Spells) -> pd.DataFrame:
    """Return in-scope CPLIs that stand there more than once: line (in `Coded.lines`) and group.

    Groups of which a worker said that they are no duplicate are left out (rule 7).
    """
    lines = coded.lines.take(spells.line)
    key = columns.combined(
        spells.of_line, *(lines[name].to_numpy() for name in ("start", "end", "quantity", "unit"))
    )
    alike = np.flatnonzero(np.bincount(key)[key] > 1) if len(key) else key
    described = night.cplis["service_description"].take(spells.line[alike])
    group = columns.combined(key[alike], pd.factorize(described)[0].astype(np.int64))
    repeated = np.bincount(group)[group] > 1 if len(group) else np.zeros(0, dtype=bool)
    line, group = spells.line[alike][repeated], group[repeated]
    kept = ~groups_denied(night, coded, line, group)
    return pd.DataFrame({"line": line[kept], "group": group[kept]})


def _key(coded: Coded, frame: pd.DataFrame) -> Numbers:
    """Return a number for each (council, cpli_id), -1 where the `cpli_id` cannot be read."""
    width = len(coded.texts.cpli_ids) + 1
    cpli = frame["cpli"].to_numpy()
    return np.where(cpli < 0, -1, frame["council"].to_numpy() * width + cpli)


def _extract_day(coded: Coded) -> Numbers:
    shown_on: Numbers = coded.portal_day[coded.lines["council"].to_numpy()]
    return shown_on


def _updated_since(coded: Coded) -> Mask:
    """Say which CPLIs were updated on the portal extract's date or later."""
    updated: Numbers = coded.lines["updated"].to_numpy()
    shown_on = _extract_day(coded)
    since: Mask = (shown_on != UNSTATED) & (updated >= shown_on)
    return since


def _fits_unread(frame: pd.DataFrame, other: pd.DataFrame, coded: Coded) -> Numbers:
    """Return the rows that a rejected row of the other table without a readable `cpli_id` may be.

    It must be of the same council and person, and of the same provider and service type as far as
    they can be read.
    """
    unread = np.flatnonzero(
        ~other["valid"].to_numpy()
        & (other["cpli"].to_numpy() < 0)
        & (other["person_id"].to_numpy() >= 0)
    )
    width = len(coded.texts.person_ids) + 1

    def person(table: pd.DataFrame) -> Numbers:
        ref = table["person_id"].to_numpy()
        return np.where(ref < 0, -1, table["council"].to_numpy() * width + ref)

    place, at = columns.joined(person(frame), person(other)[unread])
    fits = np.ones(len(place), dtype=bool)
    for name in ("provider", "service"):
        read = other[name].to_numpy()[unread[at]]
        fits &= (read < 0) | (read == frame[name].to_numpy()[place])
    return np.unique(place[fits])
