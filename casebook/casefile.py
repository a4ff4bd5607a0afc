"""Cases in and out of the tables: brought up to date with the nights, in the caller's transaction.

Whatever night has been recorded, the first that the cases do not know is where they start again:
everything that they owe to it and to later nights is taken back, and those nights are applied in
order, as if each had been recorded once, with what it holds now. What people did is applied as it
was done: no action is ever taken back or done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    select,
    update,
)

from casebook.cases import DAYS, LIFE, NUMBERS, SAID, apply_night, different, rewound
from casebook.frames import frame_of, to_values
from casebook.history import What, append
from casebook.levels import ServiceLevels
from casebook.models import (
    ACTION_LAPSE,
    CASE_ACTION,
    CASE_NIGHT,
    CASE_STATEMENT,
    CASE_TURN,
    DISCREPANCY_CASE,
    NIGHT,
    NIGHT_COUNCIL,
    NIGHT_DISCREPANCY,
)
from casebook.record import CaseCounts, Presence
from casebook.sql import insert_rows, read_nights
from casebook.undoing import still_counts
from casebook.work import (
    ACCEPTED,
    CASE,
    RESOLVED,
    TAKEN_UPON,
    WORK_DAYS,
    WORK_NUMBERS,
    lapsing,
    latest_standing,
    worked,
)

KEY = "discrepancy_id"
TURNS = (KEY, "as_of", "turn")
STATEMENTS = (KEY, "as_of", *SAID, "changed")
LAPSES = ("action_number", KEY, "as_of", "cause", "reopens")
STEPS = (KEY, "number", "made_on", "on_night", "state", "team", "worker", "expires_on")
SETTLING = (*STEPS, *TAKEN_UPON, "check_on", "check_caseload_after")
STORED = (*CASE, "version")
FEW = 500
"""Of how many cases at most the actions are asked for one by one."""
SEEN_AGAIN = ("last_seen", "nights_seen")

FRAME_DAYS = frozenset(
    {*DAYS, *WORK_DAYS, "as_of", "made_on", "on_night", "next_on_night"}
    | {"caseload_date", "check_on", "check_caseload_after", "answer_date", "night"}
)
FRAME_NUMBERS = frozenset(
    {*NUMBERS, *WORK_NUMBERS, "number", "action_number", "reverses", "version"}
)
FRAME_INSTANTS = frozenset({"at"})
FRAME_FLAGS = frozenset({"settled", "reopens"})


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the cases owe to the nights from one on: frames as their tables, `nights` as rows."""

    turns: pd.DataFrame
    statements: pd.DataFrame
    lapses: pd.DataFrame
    nights: dict[date, Row[Any]]


def catch_up(connection: Connection, *, levels: ServiceLevels, who: str, now: datetime) -> None:
    """Apply every night that is on record and that the cases do not know with its content."""
    start = _first_unknown(connection)
    if start is None:
        return
    earlier = _read_replay(connection, start)
    standing = read_cases(connection) if earlier.nights else _concerned(connection, start)
    lives = _rewind(connection, start) if earlier.nights else standing[list(LIFE)]
    for table in (CASE_TURN, CASE_STATEMENT, ACTION_LAPSE, CASE_NIGHT):
        if earlier.nights:
            connection.execute(delete(table).where(table.c.as_of >= start))
    cases = _at_work(connection, _replay(connection, lives, start), levels=levels)
    last = append(connection, _entries(earlier, _read_replay(connection, start)), who=who, now=now)
    write_cases(connection, standing, cases, last)


def work_again(connection: Connection, *, levels: ServiceLevels) -> None:
    """Make anew how all cases stand with what people did, by other service levels."""
    standing = read_cases(connection)
    cases = _at_work(connection, standing[list(LIFE)], levels=levels)
    write_cases(connection, standing, cases, pd.Series(dtype="int64"))


def assignments(
    connection: Connection, cases: pd.DataFrame
) -> dict[str, tuple[str | None, str | None]]:
    """Return whom cases are assigned to (team, worker) where that is not left to the routing."""
    actions, lapses = _acted(connection, cases)
    standing = latest_standing(cases, actions, lapses)[["team", "worker"]]
    given = standing[standing.notna().any(axis=1)].astype(object)
    plain = given.where(given.notna(), None)
    return {str(row.Index): (row.team, row.worker) for row in plain.itertuples()}


def act_on(
    connection: Connection, standing: pd.DataFrame, *, levels: ServiceLevels
) -> pd.DataFrame:
    """Return some cases as they stand with the actions that are on file now."""
    return _at_work(connection, standing[list(LIFE)], levels=levels)


def read_cases(connection: Connection, *conditions: ColumnElement[bool]) -> pd.DataFrame:
    """Return the cases that meet all conditions, by discrepancy_id, with the columns `STORED`."""
    columns = (DISCREPANCY_CASE.c[name] for name in (KEY, *STORED))
    return read_frame(connection, select(*columns).where(*conditions), key=KEY)


def unlike_its_nights(connection: Connection, *, levels: ServiceLevels) -> str | None:
    """Return the first case that is not what its nights and actions make of it, if there is one."""
    standing = read_cases(connection)
    made = _at_work(connection, _rewind(connection, date.max), levels=levels)
    extra = standing.index.symmetric_difference(made.index)
    both = standing.index.intersection(made.index)
    differing = different(standing.loc[both], made.loc[both], CASE).any(axis=1)
    return min([*extra, *both[differing]], default=None)


def read_counts(connection: Connection, as_of: date) -> CaseCounts | None:
    """Return what a night did to the cases, or None where they do not know it yet."""
    names = CaseCounts.__dataclass_fields__
    query = select(*(CASE_NIGHT.c[name] for name in names)).where(CASE_NIGHT.c.as_of == as_of)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else CaseCounts(**row)


def write_cases(
    connection: Connection, standing: pd.DataFrame, cases: pd.DataFrame, last: pd.Series
) -> None:
    """Write the cases that are not as they stand; remove those that no night has seen after all.

    `last` is the number of the newest entry of the history about a case, for those that have one.
    """
    places = standing.index.get_indexer(cases.index)
    versions = standing["version"].reindex(cases.index)
    versions.update(last.reindex(cases.index).dropna())
    cases = cases.assign(version=versions.astype("int64"))
    known, before = cases[places >= 0], standing.take(places[places >= 0])
    changed = different(known, before, STORED)
    merely_seen = ~changed.drop(columns=list(SEEN_AGAIN)).any(axis=1)
    _delete(connection, standing.index[cases.index.get_indexer(standing.index) < 0])
    _update(connection, known[changed.any(axis=1) & ~merely_seen], STORED)
    _update(connection, known[changed.any(axis=1) & merely_seen], SEEN_AGAIN)
    new = cases[places < 0].reset_index(names=KEY)[[KEY, *STORED]]
    insert_rows(connection, DISCREPANCY_CASE, to_values(new), (KEY, *STORED))


def read_frame(
    connection: Connection, query: Select[Any], *, key: str | None = None
) -> pd.DataFrame:
    """Return what a query finds, its days as days and its numbers as numbers."""
    result = connection.execute(query)
    names = list(result.keys())
    found = frame_of(result.all(), names)
    frame = pd.DataFrame({name: _typed(name, found[name]) for name in names})
    return frame if key is None else frame.set_index(key)


def _typed(name: str, column: pd.Series) -> pd.Series:
    if name in FRAME_DAYS:
        return pd.to_datetime(column).astype("datetime64[us]")
    if name in FRAME_INSTANTS:
        return pd.to_datetime(column, utc=True)
    if name in FRAME_NUMBERS:
        return column.astype("Int64" if column.isna().any() else "int64")
    return column.astype("bool" if name in FRAME_FLAGS else "str")


def _concerned(connection: Connection, start: date) -> pd.DataFrame:
    """Return the cases that nights after those applied can change: those there, and those seen."""
    seen = select(NIGHT_DISCREPANCY.c.discrepancy_id).where(NIGHT_DISCREPANCY.c.as_of >= start)
    case = DISCREPANCY_CASE.c
    is_there = case.presence == Presence.PRESENT.value
    return read_cases(connection, is_there | case.discrepancy_id.in_(seen))


def _at_work(connection: Connection, lives: pd.DataFrame, *, levels: ServiceLevels) -> pd.DataFrame:
    """Return cases with how they stand, by all that was done with them."""
    return worked(lives, *_acted(connection, lives), levels=levels)


def _acted(connection: Connection, cases: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the actions (`STEPS`) that count, in their order, and the lapses of cases."""
    taken = select(*(CASE_ACTION.c[name] for name in STEPS)).where(still_counts())
    lapsed = select(*(ACTION_LAPSE.c[name] for name in LAPSES))
    if len(cases) <= FEW:
        ids = list(cases.index)
        taken = taken.where(CASE_ACTION.c.discrepancy_id.in_(ids))
        lapsed = lapsed.where(ACTION_LAPSE.c.discrepancy_id.in_(ids))
    actions = read_frame(connection, taken.order_by(CASE_ACTION.c.number))
    lapses = read_frame(connection, lapsed)
    return (
        actions[cases.index.get_indexer(actions[KEY]) >= 0],
        lapses[cases.index.get_indexer(lapses[KEY]) >= 0],
    )


def _first_unknown(connection: Connection) -> date | None:
    known = NIGHT.outerjoin(
        CASE_NIGHT,
        (CASE_NIGHT.c.as_of == NIGHT.c.as_of) & (CASE_NIGHT.c.content_hash == NIGHT.c.content_hash),
    )
    unknown = select(func.min(NIGHT.c.as_of)).select_from(known)
    first: date | None = connection.scalar(unknown.where(CASE_NIGHT.c.as_of.is_(None)))
    return first


def _replay(connection: Connection, lives: pd.DataFrame, start: date) -> pd.DataFrame:
    """Apply the nights from one on, writing what each does down, and return the cases' lives."""
    known_until = _councils_until(connection, start)
    standing = _settling(connection, start)
    nights = select(NIGHT.c.as_of).where(NIGHT.c.as_of >= start).order_by(NIGHT.c.as_of)
    for as_of in connection.scalars(nights).all():
        (night,) = read_nights(connection, as_of)
        known_until |= dict.fromkeys(night.scope.councils, as_of)
        found = _found(connection, as_of)
        present = lives.index[lives["presence"].eq(Presence.PRESENT.value)]
        lapsed = lapsing(standing, found, as_of=as_of, present=present)
        standing = standing[~standing["number"].isin(lapsed["action_number"])]
        applied = apply_night(
            lives, found[list(SAID)], as_of=as_of, scope=night.scope, known_until=known_until
        )
        lives = applied.cases
        for table, frame, names in (
            (CASE_TURN, applied.turns.reset_index(names=KEY), TURNS),
            (CASE_STATEMENT, applied.statements.reset_index(names=KEY), STATEMENTS),
            (ACTION_LAPSE, lapsed, LAPSES),
        ):
            dated = frame.assign(as_of=pd.Timestamp(as_of))
            insert_rows(connection, table, to_values(dated[list(names)]), names)
        counts = {"as_of": as_of, "content_hash": night.content_hash, **asdict(applied.counts)}
        insert_rows(connection, CASE_NIGHT, [tuple(counts.values())], tuple(counts))
    return lives


def _found(connection: Connection, as_of: date) -> pd.DataFrame:
    columns = (NIGHT_DISCREPANCY.c[name] for name in (KEY, *SAID, "caseload_date"))
    of_night = NIGHT_DISCREPANCY.c.as_of == as_of
    return read_frame(connection, select(*columns).where(of_night), key=KEY)


def _settling(connection: Connection, start: date) -> pd.DataFrame:
    """Return the actions that can lapse from a night on, and upon what the next one was taken."""
    action = CASE_ACTION.c
    following = (
        func.lead(action[name])
        .over(partition_by=action.discrepancy_id, order_by=action.number)
        .label(f"next_{name}")
        for name in ("on_night", *TAKEN_UPON)
    )
    taken = (
        select(*(action[name] for name in SETTLING), *following).where(still_counts()).subquery()
    )
    seen = select(NIGHT_DISCREPANCY.c.discrepancy_id).where(NIGHT_DISCREPANCY.c.as_of >= start)
    query = select(taken).where(
        taken.c.state.in_([RESOLVED, ACCEPTED]),
        taken.c.next_on_night.is_(None) | (taken.c.next_on_night >= start),
        taken.c.discrepancy_id.in_(seen),
        taken.c.number.not_in(select(ACTION_LAPSE.c.action_number)),
    )
    return read_frame(connection, query)


def _councils_until(connection: Connection, start: date) -> dict[str, date]:
    """Return the latest night before one that knew each council."""
    council, as_of = NIGHT_COUNCIL.c.local_authority, NIGHT_COUNCIL.c.as_of
    query = select(council, func.max(as_of).label("until")).where(as_of < start).group_by(council)
    return {row.local_authority: row.until for row in connection.execute(query)}


def _rewind(connection: Connection, start: date) -> pd.DataFrame:
    """Return the cases as they stood before a night."""
    sighting = NIGHT_DISCREPANCY.c
    sightings = (
        select(
            sighting.discrepancy_id,
            func.max(sighting.as_of).label("last_seen"),
            func.count().label("nights_seen"),
        )
        .where(sighting.as_of < start)
        .group_by(sighting.discrepancy_id)
    )
    said = _of_table(CASE_STATEMENT, STATEMENTS).where(CASE_STATEMENT.c.as_of < start)
    return rewound(
        read_frame(connection, _of_table(CASE_TURN, TURNS).where(CASE_TURN.c.as_of < start)),
        read_frame(connection, said),
        read_frame(connection, sightings, key=KEY),
    )


def _read_replay(connection: Connection, start: date) -> Replay:
    turns = _of_table(CASE_TURN, TURNS).where(CASE_TURN.c.as_of >= start)
    statements = _of_table(CASE_STATEMENT, STATEMENTS).where(CASE_STATEMENT.c.as_of >= start)
    lapses = _of_table(ACTION_LAPSE, LAPSES).where(ACTION_LAPSE.c.as_of >= start)
    nights = select(CASE_NIGHT).where(CASE_NIGHT.c.as_of >= start)
    return Replay(
        turns=read_frame(connection, turns),
        statements=read_frame(connection, statements),
        lapses=read_frame(connection, lapses),
        nights={row.as_of: row for row in connection.execute(nights)},
    )


def _entries(earlier: Replay, later: Replay) -> pd.DataFrame:
    """Return what a replay changed, as the history says it, by night, kind and case."""
    nights = pd.DataFrame(
        [
            (as_of, None, 0, What.NIGHT.value, _content(earlier, as_of), _content(later, as_of))
            for as_of in sorted(earlier.nights | later.nights)
            if _content(earlier, as_of) != _content(later, as_of)
        ],
        columns=["night", KEY, "action_number", "what", "before", "after"],
    ).astype({"night": "datetime64[us]", **dict.fromkeys([KEY, "what", "before", "after"], "str")})
    turns = _difference(earlier.turns, later.turns, ("turn",), What.TURN)
    said = _difference(earlier.statements, later.statements, ("changed", *SAID), What.SAID)
    lapsed = _difference(earlier.lapses, later.lapses, ("cause",), What.LAPSED)
    parts = [part.astype(nights.dtypes) for part in (nights, turns, said, lapsed)]
    order = [part.sort_values(["night", KEY, "action_number"]) for part in parts]
    return pd.concat(order).sort_values("night", kind="stable", ignore_index=True)


def _difference(
    earlier: pd.DataFrame, later: pd.DataFrame, columns: tuple[str, ...], what: What
) -> pd.DataFrame:
    """Return an entry for each case and night of which a table says something else than it did.

    What stood before and what stands now is told by the first of the columns.
    """
    if earlier.empty and later.empty:
        return pd.DataFrame(columns=["night", KEY, "action_number", "what", "before", "after"])
    keys = ["as_of", KEY, "action_number"]
    earlier, later = _numbered(earlier), _numbered(later)
    both = earlier[keys].merge(later[keys], how="outer")
    index = pd.MultiIndex.from_frame(both)
    before = earlier.set_index(keys).reindex(index)
    after = later.set_index(keys).reindex(index)
    changed = different(before, after, columns).any(axis=1).to_numpy()
    told = columns[0]
    return pd.DataFrame(
        {
            "night": both["as_of"],
            KEY: both[KEY],
            "action_number": both["action_number"],
            "what": what.value,
            "before": before[told].to_numpy(dtype=object),
            "after": after[told].to_numpy(dtype=object),
        }
    )[changed]


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if "action_number" in frame else frame.assign(action_number=0)


def _content(replay: Replay, as_of: date) -> str | None:
    return replay.nights[as_of].content_hash if as_of in replay.nights else None


def _delete(connection: Connection, ids: Iterable[str]) -> None:
    rows = [{"gone": each} for each in ids]
    if rows:
        gone = DISCREPANCY_CASE.c.discrepancy_id == bindparam("gone")
        connection.execute(delete(DISCREPANCY_CASE).where(gone), rows)


def _update(connection: Connection, cases: pd.DataFrame, names: Sequence[str]) -> None:
    """Write some columns of cases that stand; indexes of the others are left alone."""
    if len(cases):
        rows = to_values(cases.reset_index(names=KEY)[[KEY, *names]])
        given: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        this = DISCREPANCY_CASE.c.discrepancy_id == bindparam("which")
        keys = ("which", *(f"new_{name}" for name in names))
        connection.execute(
            update(DISCREPANCY_CASE).where(this).values(given),
            [dict(zip(keys, row, strict=True)) for row in rows],
        )


def _of_table(table: Table, names: Sequence[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names)).order_by(table.c.as_of)
