"""What a night does to the cases, as frames: a discrepancy's life from night to night.

A case is what the nights say of one discrepancy, by its `discrepancy_id`, which is the index of
every frame here. It depends on nothing but the nights on record, in order, so that it can be made
anew when one of them is recorded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from casebook.changes import source_missing
from casebook.models import said
from casebook.record import CaseCounts, Presence, Scope, Turn

SAID = tuple(column.name for column in said())
DAYS = ("first_seen", "present_since", "last_seen", "closed_on")
NUMBERS = ("nights_seen", "returned")
LIFE = (*SAID, "presence", *DAYS, *NUMBERS)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What a night made of the cases.

    `cases` are all of them, with the columns of `LIFE`; `turns` (turn) those that opened, closed or
    opened again; `statements` (`SAID`, changed) those of which something else was said than before.
    """

    cases: pd.DataFrame
    turns: pd.DataFrame
    statements: pd.DataFrame
    counts: CaseCounts


def apply_night(
    cases: pd.DataFrame,
    found: pd.DataFrame,
    *,
    as_of: date,
    scope: Scope,
    known_until: Mapping[str, date],
) -> Applied:
    """Apply a night to the cases that earlier nights have left.

    `found` has the columns of `SAID`. `known_until` is the latest night, this one included, that
    knew a council, for every council that any night knew.
    """
    tonight = pd.Timestamp(as_of)
    places = cases.index.get_indexer(found.index)
    back = found[places >= 0]
    earlier = cases.take(places[places >= 0])
    returned = earlier["presence"].eq(Presence.GONE.value)
    changed = different(back, earlier, SAID)
    fresh = _opened(found[places < 0], tonight)

    others = cases.drop(cases.index[places[places >= 0]])
    missing = others[others["presence"].eq(Presence.PRESENT.value)]
    waiting = could_not_be_seen(missing, scope=scope, known_until=known_until)
    gone = missing.index[~waiting].get_indexer(others.index) >= 0
    return Applied(
        cases=pd.concat(
            [_closed(others, gone, tonight), _seen_again(back, earlier, returned, tonight), fresh]
        ),
        turns=pd.concat(
            [
                _turns(fresh.index, Turn.OPENED),
                _turns(back.index[returned], Turn.REOPENED),
                _turns(others.index[gone], Turn.CLOSED),
            ]
        ),
        statements=pd.concat(
            [
                fresh[list(SAID)].assign(changed=text_column(";".join(SAID), fresh.index)),
                back.assign(changed=_names(changed))[changed.any(axis=1)],
            ]
        ),
        counts=CaseCounts(
            opened=len(fresh),
            reopened=int(returned.sum()),
            lasting=int((~returned).sum()),
            closed=int(gone.sum()),
            waiting=int(waiting.sum()),
        ),
    )


def could_not_be_seen(
    missing: pd.DataFrame, *, scope: Scope, known_until: Mapping[str, date]
) -> pd.Series:
    """Say for each open case missing tonight whether tonight's sources could not have shown it.

    A council that was known when the case was last seen, or since, must have been assessed; a case
    without a council needs all of them.
    """
    lacking = {
        council: pd.Timestamp(night)
        for council, night in known_until.items()
        if council not in scope.councils_assessed
    }
    anyone = max(lacking.values(), default=pd.NaT)
    council = missing["local_authority"]
    until = _day(pd.NaT, missing.index).mask(council.isna(), anyone)
    for code, night in lacking.items():
        until = until.mask(council.eq(code).fillna(False), night)
    return until.ge(missing["last_seen"]) | source_missing(missing, scope=scope)


def rewound(turns: pd.DataFrame, statements: pd.DataFrame, sightings: pd.DataFrame) -> pd.DataFrame:
    """Return the cases as they stood after the nights of which all turns and sightings are given.

    `turns` (discrepancy_id, as_of, turn) and `statements` (discrepancy_id, as_of, `SAID`) are in
    the order of their nights; `sightings` (last_seen, nights_seen) has a row for each case.
    """
    begun = turns[turns["turn"].ne(Turn.CLOSED.value)].groupby("discrepancy_id")["as_of"]
    last = turns.drop_duplicates("discrepancy_id", keep="last").set_index("discrepancy_id")
    closed = last["turn"].eq(Turn.CLOSED.value)
    latest = statements.drop_duplicates("discrepancy_id", keep="last").set_index("discrepancy_id")
    cases = latest[list(SAID)].assign(
        presence=_presence(closed).reindex(latest.index),
        first_seen=begun.first().reindex(latest.index),
        present_since=begun.last().reindex(latest.index),
        last_seen=sightings["last_seen"].reindex(latest.index),
        closed_on=last["as_of"].where(closed).reindex(latest.index),
        nights_seen=sightings["nights_seen"].reindex(latest.index),
        returned=(begun.size() - 1).reindex(latest.index),
    )
    return cases.astype(dict.fromkeys(NUMBERS, "int64") | dict.fromkeys(DAYS, "datetime64[us]"))


def different(these: pd.DataFrame, those: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Say for each row and column whether two frames of the same rows differ; nulls are alike."""
    pairs = {name: (these[name], those[name]) for name in columns}
    alike = np.zeros(len(these), dtype=bool)
    return pd.DataFrame(
        {
            # Most columns are alike in all rows, which is soon seen.
            name: alike if this.equals(that) else _unlike(this, that)
            for name, (this, that) in pairs.items()
        },
        index=these.index,
    )


def _unlike(this: pd.Series, that: pd.Series) -> NDArray[np.bool_]:
    differing = this.ne(that).fillna(True) & ~(this.isna() & that.isna())
    return np.asarray(differing, dtype=np.bool_)


def _opened(found: pd.DataFrame, tonight: pd.Timestamp) -> pd.DataFrame:
    return found[list(SAID)].assign(
        presence=text_column(Presence.PRESENT.value, found.index),
        first_seen=_day(tonight, found.index),
        present_since=_day(tonight, found.index),
        last_seen=_day(tonight, found.index),
        closed_on=_day(pd.NaT, found.index),
        nights_seen=1,
        returned=0,
    )


def _seen_again(
    found: pd.DataFrame, earlier: pd.DataFrame, returned: pd.Series, tonight: pd.Timestamp
) -> pd.DataFrame:
    return found[list(SAID)].assign(
        presence=text_column(Presence.PRESENT.value, found.index),
        first_seen=earlier["first_seen"],
        present_since=earlier["present_since"].mask(returned, tonight),
        last_seen=_day(tonight, found.index),
        closed_on=_day(pd.NaT, found.index),
        nights_seen=earlier["nights_seen"] + 1,
        returned=earlier["returned"] + returned.astype("int64"),
    )


def _closed(cases: pd.DataFrame, gone: np.ndarray, tonight: pd.Timestamp) -> pd.DataFrame:
    return cases.assign(
        presence=cases["presence"].mask(gone, Presence.GONE.value),
        closed_on=cases["closed_on"].mask(gone, tonight),
    )


def _turns(index: pd.Index, turn: Turn) -> pd.DataFrame:
    return pd.DataFrame({"turn": text_column(turn.value, index)})


def _names(changed: pd.DataFrame) -> pd.Series:
    """Return for each row the columns that changed, joined by `;`."""
    names = text_column("", changed.index)
    for name in changed:
        names = names + text_column(f"{name};", changed.index).where(changed[name], "")
    return names.str.rstrip(";")


def _presence(closed: pd.Series) -> pd.Series:
    names = {True: Presence.GONE.value, False: Presence.PRESENT.value}
    return closed.map(names).astype("str")


def text_column(text: str, index: pd.Index) -> pd.Series:
    """Return a column that says the same in each row."""
    return pd.Series(text, index=index, dtype="str")


def _day(day: pd.Timestamp, index: pd.Index) -> pd.Series:
    return pd.Series(day, index=index, dtype="datetime64[us]")
