"""Cases in and out of the tables: brought up to date with the nights, in the caller's transaction.

Whatever night has been recorded, the first that the cases do not know is where they start again:
everything that they owe to it and to later nights is taken back, and those nights are applied in
order, as if each had been recorded once, with what it holds now.
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
)
from sqlalchemy.dialects import postgresql, sqlite

from casebook.cases import CASE, DAYS, NUMBERS, SAID, apply_night, different, rewound
from casebook.frames import Values, frame_of, to_values
from casebook.history import What, append
from casebook.models import (
    CASE_NIGHT,
    CASE_STATEMENT,
    CASE_TURN,
    DISCREPANCY_CASE,
    NIGHT,
    NIGHT_COUNCIL,
    NIGHT_DISCREPANCY,
)
from casebook.record import CaseCounts, CaseState
from casebook.sql import insert_rows, read_nights

KEY = "discrepancy_id"
TURNS = (KEY, "as_of", "turn")
STATEMENTS = (KEY, "as_of", *SAID, "changed")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the cases owe to the nights from one on: frames as their tables, `nights` as rows."""

    turns: pd.DataFrame
    statements: pd.DataFrame
    nights: dict[date, Row[Any]]


def catch_up(connection: Connection, *, who: str, now: datetime) -> None:
    """Apply every night that is on record and that the cases do not know with its content."""
    start = _first_unknown(connection)
    if start is None:
        return
    earlier = _read_replay(connection, start)
    standing = read_cases(connection) if earlier.nights else _concerned(connection, start)
    cases = _rewind(connection, start) if earlier.nights else standing
    for table in (CASE_TURN, CASE_STATEMENT, CASE_NIGHT):
        if earlier.nights:
            connection.execute(delete(table).where(table.c.as_of >= start))
    cases = _replay(connection, cases, start)
    _write_cases(connection, standing, cases)
    append(connection, _entries(earlier, _read_replay(connection, start)), who=who, now=now)


def read_cases(connection: Connection, **equal: str | None) -> pd.DataFrame:
    """Return the cases, by discrepancy_id, with the columns of `CASE`; `equal` narrows them."""
    return _read_cases(
        connection,
        *(DISCREPANCY_CASE.c[name] == value for name, value in equal.items() if value is not None),
    )


def unlike_its_nights(connection: Connection) -> str | None:
    """Return the id of the first case that is not what its nights make of it, if there is one."""
    standing, made = read_cases(connection), _rewind(connection, date.max)
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


def _concerned(connection: Connection, start: date) -> pd.DataFrame:
    """Return the cases that nights after those applied can change: open ones, and those seen."""
    seen = select(NIGHT_DISCREPANCY.c.discrepancy_id).where(NIGHT_DISCREPANCY.c.as_of >= start)
    case = DISCREPANCY_CASE.c
    is_open = case.state == CaseState.OPEN.value
    return _read_cases(connection, is_open | case.discrepancy_id.in_(seen))


def _read_cases(connection: Connection, *conditions: ColumnElement[bool]) -> pd.DataFrame:
    columns = (DISCREPANCY_CASE.c[name] for name in (KEY, *CASE))
    cases = _read(connection, select(*columns).where(*conditions))
    return cases.astype(dict.fromkeys(NUMBERS, "int64"))


def _first_unknown(connection: Connection) -> date | None:
    known = NIGHT.outerjoin(
        CASE_NIGHT,
        (CASE_NIGHT.c.as_of == NIGHT.c.as_of) & (CASE_NIGHT.c.content_hash == NIGHT.c.content_hash),
    )
    unknown = select(func.min(NIGHT.c.as_of)).select_from(known)
    first: date | None = connection.scalar(unknown.where(CASE_NIGHT.c.as_of.is_(None)))
    return first


def _replay(connection: Connection, cases: pd.DataFrame, start: date) -> pd.DataFrame:
    """Apply the nights from one on, writing what each does down, and return the cases."""
    known_until = _councils_until(connection, start)
    nights = select(NIGHT.c.as_of).where(NIGHT.c.as_of >= start).order_by(NIGHT.c.as_of)
    for as_of in connection.scalars(nights).all():
        (night,) = read_nights(connection, as_of)
        known_until |= dict.fromkeys(night.scope.councils, as_of)
        columns = (NIGHT_DISCREPANCY.c[name] for name in (KEY, *SAID))
        found = _read(connection, select(*columns).where(NIGHT_DISCREPANCY.c.as_of == as_of))
        applied = apply_night(cases, found, as_of=as_of, scope=night.scope, known_until=known_until)
        cases = applied.cases
        for table, frame, names in (
            (CASE_TURN, applied.turns, TURNS),
            (CASE_STATEMENT, applied.statements, STATEMENTS),
        ):
            dated = frame.assign(as_of=pd.Timestamp(as_of)).reset_index(names=KEY)
            insert_rows(connection, table, to_values(dated[list(names)]), names)
        counts = {"as_of": as_of, "content_hash": night.content_hash, **asdict(applied.counts)}
        insert_rows(connection, CASE_NIGHT, [tuple(counts.values())], tuple(counts))
    return cases


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
    return rewound(
        _read(connection, _of_table(CASE_TURN, TURNS).where(CASE_TURN.c.as_of < start), key=None),
        _read(
            connection,
            _of_table(CASE_STATEMENT, STATEMENTS).where(CASE_STATEMENT.c.as_of < start),
            key=None,
        ),
        _read(connection, sightings),
    )


def _read_replay(connection: Connection, start: date) -> Replay:
    turns = _of_table(CASE_TURN, TURNS).where(CASE_TURN.c.as_of >= start)
    statements = _of_table(CASE_STATEMENT, STATEMENTS).where(CASE_STATEMENT.c.as_of >= start)
    nights = select(CASE_NIGHT).where(CASE_NIGHT.c.as_of >= start)
    return Replay(
        turns=_read(connection, turns, key=None),
        statements=_read(connection, statements, key=None),
        nights={row.as_of: row for row in connection.execute(nights)},
    )


def _entries(earlier: Replay, later: Replay) -> pd.DataFrame:
    """Return what a replay changed, as the history says it, by night, kind and case."""
    nights = pd.DataFrame(
        [
            (as_of, None, What.NIGHT.value, _content(earlier, as_of), _content(later, as_of))
            for as_of in sorted(earlier.nights | later.nights)
            if _content(earlier, as_of) != _content(later, as_of)
        ],
        columns=["night", KEY, "what", "before", "after"],
    ).astype({"night": "datetime64[us]", **dict.fromkeys([KEY, "what", "before", "after"], "str")})
    turns = _difference(earlier.turns, later.turns, ("turn",), What.TURN)
    said = _difference(earlier.statements, later.statements, ("changed", *SAID), What.SAID)
    parts = [part.astype(nights.dtypes) for part in (nights, turns, said)]
    order = [part.sort_values(["night", KEY]) for part in parts]
    return pd.concat(order).sort_values("night", kind="stable", ignore_index=True)


def _difference(
    earlier: pd.DataFrame, later: pd.DataFrame, columns: tuple[str, ...], what: What
) -> pd.DataFrame:
    """Return an entry for each case and night of which a table says something else than it did.

    What stood before and what stands now is told by the first of the columns.
    """
    keys = ["as_of", KEY]
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
            "what": what.value,
            "before": before[told].to_numpy(dtype=object),
            "after": after[told].to_numpy(dtype=object),
        }
    )[changed]


def _content(replay: Replay, as_of: date) -> str | None:
    return replay.nights[as_of].content_hash if as_of in replay.nights else None


def _write_cases(connection: Connection, standing: pd.DataFrame, cases: pd.DataFrame) -> None:
    """Write the cases that are not as they stand; remove those that no night has seen after all."""
    places = standing.index.get_indexer(cases.index)
    known = cases[places >= 0]
    changed = different(known, standing.take(places[places >= 0]), CASE).any(axis=1)
    _delete(connection, standing.index[cases.index.get_indexer(standing.index) < 0])
    new = cases[places < 0].reset_index(names=KEY)[[KEY, *CASE]]
    insert_rows(connection, DISCREPANCY_CASE, to_values(new), (KEY, *CASE))
    _replace(connection, to_values(known[changed].reset_index(names=KEY)[[KEY, *CASE]]))


def _delete(connection: Connection, ids: Iterable[str]) -> None:
    rows = [{"gone": each} for each in ids]
    if rows:
        gone = DISCREPANCY_CASE.c.discrepancy_id == bindparam("gone")
        connection.execute(delete(DISCREPANCY_CASE).where(gone), rows)


def _replace(connection: Connection, rows: Sequence[Values]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(DISCREPANCY_CASE)
    taken = {name: statement.excluded[name] for name in CASE}
    if rows:
        connection.execute(
            statement.on_conflict_do_update(index_elements=[KEY], set_=taken),
            [dict(zip((KEY, *CASE), row, strict=True)) for row in rows],
        )


def _of_table(table: Table, names: Sequence[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names)).order_by(table.c.as_of)


def _read(connection: Connection, query: Select[Any], *, key: str | None = KEY) -> pd.DataFrame:
    """Return what a query finds, its days as days, by discrepancy_id unless told otherwise."""
    result = connection.execute(query)
    names = list(result.keys())
    frame = frame_of(result.all(), names)
    days = [name for name in names if name in {*DAYS, "as_of"}]
    plain = [name for name in names if name not in {*days, *NUMBERS}]
    frame = frame.astype(dict.fromkeys(plain, "str"))
    for name in days:
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    return frame if key is None else frame.set_index(key)
