"""What the gates made of each night, what they compare a night with, and what people let out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from casebook.database import reading, writing
from casebook.faults import in_plain_words
from casebook.gate_models import GATE_NIGHT, GATE_RELEASE, GATE_RESULT, HELD_FILE
from casebook.history import What, append, evidence_of
from casebook.sql import insert_rows
from casebook.working_days import utc
from schemas.gates import (
    Consequence,
    GateHistory,
    GateOutcome,
    GateResult,
    GateSeverity,
    GateSource,
)

REACH_DAYS = 90
"""How far back a night looks for nights to be compared with."""

PROFILES_KEPT_DAYS = 14
"""For how long a source's profile is kept: a night run again needs the one before it."""

RESULT_COLUMNS = ("as_of", *(field.name for field in fields(GateResult)))
HELD_COLUMNS = ("as_of", "part", "name", "content")
Whose = tuple[GateSource, str]


@dataclass(frozen=True, kw_only=True)
class GateNight:
    """What a source was like on a night; `profile` is for the gates of later nights alone."""

    source: GateSource
    owner: str
    accepted: bool
    profile: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a person let out: of which night, whose, why, and which figures of which gates.

    `owner` is a council's code or a provider's reference. `figures` has those that had failed, by
    `source.gate`: the same gate with another figure is not let out.
    """

    as_of: date
    owner: str
    who: str
    reason: str
    figures: Mapping[str, float]
    at: datetime | None = None

    def covers(self, result: GateResult) -> bool:
        """Say whether this very figure was let out."""
        figure = self.figures.get(f"{result.source}.{result.gate}")
        return figure is not None and figure == result.observed


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a night is compared with.

    `figures` has source, owner, gate, as_of and observed of accepted nights before it; `profiles`
    the latest accepted one of each source, with its night; `releases` all those of earlier nights.
    """

    figures: pd.DataFrame
    profiles: Mapping[Whose, tuple[date, bytes]]
    releases: tuple[Release, ...]


class Gates:
    """The gates in the casebook's database, whose tables are up to date.

    All methods raise `TryAgainLater` and `PersonNeeded` as the casebook does.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self.engine = engine
        self.clock = clock

    @in_plain_words
    def past(self, as_of: date) -> Past:
        """Return what a night is to be compared with."""
        with reading(self.engine) as connection:
            return Past(
                figures=_figures(connection, as_of),
                profiles=_profiles(connection, as_of),
                releases=_releases(connection, GATE_RELEASE.c.as_of < as_of),
            )

    @in_plain_words
    def keep(
        self,
        as_of: date,
        *,
        results: Sequence[GateResult],
        nights: Sequence[GateNight],
        judged: Collection[Whose],
    ) -> None:
        """Write down what the gates made of a night, in place of what stood of the judged."""
        rows = [(as_of, *(_plain(value) for value in asdict(each).values())) for each in results]
        with writing(self.engine) as connection:
            for table in (GATE_RESULT, GATE_NIGHT):
                connection.execute(delete(table).where(table.c.as_of == as_of, _of(table, judged)))
            insert_rows(connection, GATE_RESULT, rows, RESULT_COLUMNS)
            if nights:
                connection.execute(
                    insert(GATE_NIGHT), [{"as_of": as_of, **asdict(night)} for night in nights]
                )
            oldest = as_of - timedelta(days=PROFILES_KEPT_DAYS)
            stale = (GATE_NIGHT.c.as_of < oldest) & GATE_NIGHT.c.profile.is_not(None)
            connection.execute(
                update(GATE_NIGHT).where(stale, _never_compared_with()).values(profile=None)
            )

    @in_plain_words
    def results(self, as_of: date) -> tuple[GateResult, ...]:
        """Return what the gates made of a night, in the order of source, owner and gate."""
        gate = GATE_RESULT.c
        query = select(GATE_RESULT).where(gate.as_of == as_of)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(gate.source, gate.owner, gate.gate))
            return tuple(map(_result, rows))

    @in_plain_words
    def histories(self, as_of: date, *, days: int = REACH_DAYS) -> tuple[GateHistory, ...]:
        """Return how each gate has done on the nights of some days, up to and with a night."""
        gate = GATE_RESULT.c
        query = select(GATE_RESULT).where(
            gate.as_of <= as_of, gate.as_of > as_of - timedelta(days=days)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(gate.as_of)).all()
        of_gates: defaultdict[tuple[str, str, str], list[Row[Any]]] = defaultdict(list)
        for row in rows:
            of_gates[row.source, row.owner, row.gate].append(row)
        return tuple(_history(of_gates[key]) for key in sorted(of_gates))

    @in_plain_words
    def releases(self, as_of: date) -> tuple[Release, ...]:
        """Return what people let out of a night, the first first."""
        with reading(self.engine) as connection:
            return _releases(connection, GATE_RELEASE.c.as_of == as_of)

    @in_plain_words
    def release(self, release: Release) -> None:
        """Write down what a person lets out, in the history as well; the same again is once."""
        table = GATE_RELEASE.c
        figures = json.dumps(release.figures, sort_keys=True)
        same = (
            (table.as_of == release.as_of)
            & (table.owner == release.owner)
            & (table.figures == figures)
        )
        with writing(self.engine) as connection:
            if connection.scalar(select(table.number).where(same)) is not None:
                return
            number = (connection.scalar(select(func.max(table.number))) or 0) + 1
            now = self.clock()
            facts = asdict(release) | {"figures": figures}
            row = {**facts, "number": number, "at": now.astimezone(UTC)}
            connection.execute(insert(GATE_RELEASE), [row])
            entry = pd.DataFrame(
                {
                    "night": pd.Series([pd.Timestamp(release.as_of)], dtype="datetime64[us]"),
                    "discrepancy_id": pd.Series([None], dtype="str"),
                    "action_number": [number],
                    "what": [What.RELEASED.value],
                    "after": [evidence_of(row)],
                }
            )
            append(connection, entry, who=release.who, now=now)

    @in_plain_words
    def keep_held(
        self, as_of: date, files: Iterable[tuple[str, str, bytes]], *, parts: Collection[str]
    ) -> None:
        """Keep part, name and content of a night's frames, in place of what these parts held.

        What was kept of earlier nights stays until this one is done (`let_go`).
        """
        held = HELD_FILE.c
        with writing(self.engine) as connection:
            connection.execute(
                delete(HELD_FILE).where(held.as_of == as_of, held.part.in_(sorted(parts)))
            )
            for part, name, content in files:
                row = dict(zip(HELD_COLUMNS, (as_of, part, name, content), strict=True))
                connection.execute(insert(HELD_FILE), [row])

    @in_plain_words
    def let_go(self, *, before: date) -> None:
        """Remove the frames kept of nights before a day."""
        with writing(self.engine) as connection:
            connection.execute(delete(HELD_FILE).where(HELD_FILE.c.as_of < before))

    @in_plain_words
    def held_parts(self, as_of: date) -> frozenset[str]:
        """Return the parts of a night whose frames are kept."""
        query = select(HELD_FILE.c.part).where(HELD_FILE.c.as_of == as_of).distinct()
        with reading(self.engine) as connection:
            return frozenset(connection.scalars(query))

    def held(self, as_of: date) -> Iterator[tuple[str, str, bytes]]:
        """Yield part, name and content of what is kept of a night, one file at a time."""
        for part, name in self._held_names(as_of):
            yield part, name, self._held_content(as_of, part, name)

    @in_plain_words
    def _held_names(self, as_of: date) -> list[tuple[str, str]]:
        held = HELD_FILE.c
        query = select(held.part, held.name).where(held.as_of == as_of)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(held.part, held.name))
            return [(row.part, row.name) for row in rows]

    @in_plain_words
    def _held_content(self, as_of: date, part: str, name: str) -> bytes:
        held = HELD_FILE.c
        query = select(held.content).where(
            held.as_of == as_of, held.part == part, held.name == name
        )
        with reading(self.engine) as connection:
            content: bytes = connection.execute(query).scalar_one()
            return content


def _figures(connection: Connection, as_of: date) -> pd.DataFrame:
    gate, night = GATE_RESULT.c, GATE_NIGHT.c
    same = and_(*(gate[name] == night[name] for name in ("as_of", "source", "owner")))
    query = (
        select(gate.source, gate.owner, gate.gate, gate.as_of, gate.observed)
        .join_from(GATE_RESULT, GATE_NIGHT, same)
        .where(
            gate.as_of < as_of,
            gate.as_of >= as_of - timedelta(days=REACH_DAYS),
            gate.observed.is_not(None),
            (gate.outcome != GateOutcome.FAILED.value)
            | (gate.severity == GateSeverity.WARNING.value),
            night.accepted,
        )
        .order_by(gate.as_of)
    )
    columns = ["source", "owner", "gate", "as_of", "observed"]
    return pd.DataFrame(connection.execute(query).all(), columns=columns)


def _profiles(connection: Connection, as_of: date) -> dict[Whose, tuple[date, bytes]]:
    night = GATE_NIGHT.c
    query = select(GATE_NIGHT).where(
        night.as_of < as_of, night.accepted, night.profile.is_not(None)
    )
    rows = connection.execute(query.order_by(night.as_of))
    return {(GateSource(row.source), row.owner): (row.as_of, row.profile) for row in rows}


def _releases(connection: Connection, where: ColumnElement[bool]) -> tuple[Release, ...]:
    query = select(GATE_RELEASE).where(where).order_by(GATE_RELEASE.c.number)
    return tuple(
        Release(
            as_of=row.as_of,
            owner=row.owner,
            who=row.who,
            reason=row.reason,
            figures=json.loads(row.figures),
            at=utc(row.at),
        )
        for row in connection.execute(query)
    )


def _of(table: Any, judged: Collection[Whose]) -> ColumnElement[bool]:
    """Say which rows are of these owners; of caseloads all are judged together."""
    return or_(
        false(),
        *(
            table.c.source == source.value
            if source is GateSource.CASELOAD
            else (table.c.source == source.value) & (table.c.owner == owner)
            for source, owner in sorted(judged)
        ),
    )


def _never_compared_with() -> ColumnElement[bool]:
    """Say which nights are none that a later one can be held to: it is the latest accepted one."""
    later = GATE_NIGHT.alias()
    return ~GATE_NIGHT.c.accepted | (
        select(later.c.as_of)
        .where(
            later.c.source == GATE_NIGHT.c.source,
            later.c.owner == GATE_NIGHT.c.owner,
            later.c.as_of > GATE_NIGHT.c.as_of,
            later.c.accepted,
            later.c.profile.is_not(None),
        )
        .exists()
    )


def _plain(value: Any) -> Any:
    return value.value if hasattr(value, "display") else value


def _result(row: Row[Any]) -> GateResult:
    told = row._asdict()
    del told["as_of"]
    return GateResult(
        **told
        | {
            "source": GateSource(row.source),
            "severity": GateSeverity(row.severity),
            "outcome": GateOutcome(row.outcome),
            "consequence": Consequence(row.consequence),
        }
    )


def _history(rows: Sequence[Row[Any]]) -> GateHistory:
    first = rows[0]
    failures = [row.as_of for row in rows if row.outcome in _FAILURES]
    return GateHistory(
        source=GateSource(first.source),
        owner=first.owner,
        gate=first.gate,
        judged=sum(row.outcome != GateOutcome.NOT_JUDGED.value for row in rows),
        failed=len(failures),
        released=sum(row.outcome == GateOutcome.RELEASED.value for row in rows),
        observed=tuple((row.as_of, row.observed) for row in rows if row.observed is not None),
        last_failed=max(failures, default=None),
    )


_FAILURES = {GateOutcome.FAILED.value, GateOutcome.RELEASED.value}
