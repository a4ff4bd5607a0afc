"""Lineage: of which columns a night's sources were made, and what has changed in that.

A column's type must not change with ordinary data. So it stays what it was for as long as cells
still fit it, and a column without a cell tonight is of whatever type it had.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from schemas.vocabularies import Vocabulary

MOST = 0.9
"""The share of a column's cells that make it one of a type, the first time that it is seen."""

MANY = 50
"""So many cells, all of another type, before what was text is believed to be text no more."""

UNKNOWN = "unknown"
"""What a caseload's column that is none of ours is called, with a keyed hash behind it."""


class ColumnType(Vocabulary):
    """What a column holds, by what its database says or else by its cells."""

    INTEGER = "integer", "whole numbers"
    DECIMAL = "decimal", "numbers"
    DATE = "date", "dates"
    INSTANT = "instant", "dates with a time"
    BOOLEAN = "boolean", "yes or no"
    TEXT = "text", "text"
    EMPTY = "empty", "nothing yet that tells its type"


JUDGED = (
    ColumnType.BOOLEAN,
    ColumnType.INTEGER,
    ColumnType.DECIMAL,
    ColumnType.DATE,
    ColumnType.INSTANT,
)
"""The types that cells are looked at for; of several that fit the first one counts."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How many filled cells of a column were looked at, and how many of them fit each type."""

    cells: int = 0
    fits: Mapping[ColumnType, int] = field(default_factory=dict)

    def __add__(self, other: Looked) -> Looked:
        fits = Counter(self.fits) + Counter(other.fits)
        return Looked(cells=self.cells + other.cells, fits=dict(fits))

    def fit(self, kind: ColumnType) -> int:
        """Return how many cells fit a type; any is text."""
        return self.cells if kind is ColumnType.TEXT else self.fits.get(kind, 0)

    @property
    def judged(self) -> ColumnType:
        """What the cells are, by themselves."""
        if not self.cells:
            return ColumnType.EMPTY
        most = (kind for kind in JUDGED if self.fit(kind) >= MOST * self.cells)
        return next(most, ColumnType.TEXT)


@dataclass(frozen=True, kw_only=True)
class CameColumn:
    """A column as it came; `declared` is what its database says, `looked` what its cells do.

    `name` is the source's own heading. In a caseload it is our name of it, or a hash where it is
    none of ours (`known`): a provider can type a person's name there.
    """

    name: str
    known: bool = True
    declared: ColumnType | None = None
    looked: Looked = field(default_factory=Looked)


@dataclass(frozen=True, kw_only=True)
class SchemaColumn:
    """A column as it is kept."""

    name: str
    type: ColumnType


@dataclass(frozen=True, kw_only=True)
class SourceSchema:
    """The columns of a source's file on a night, in its own order, and no cell.

    `owner` is a GSS code, a provider's reference, or empty for what is everybody's.
    """

    source: str
    owner: str
    file: str
    columns: tuple[SchemaColumn, ...]

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the columns' names and types, in their order."""
        told = [[column.name, column.type.value] for column in self.columns]
        return sha256(json.dumps(told).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Retyped:
    """A column whose type has changed."""

    column: str
    before: ColumnType
    now: ColumnType


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How a source's columns differ from those of the last night, `since`, on which it came.

    `before` is the fingerprint then. `renamed` pairs columns of `gone` and `new` that stand in the
    same place and are of the same type: a guess. `moved` says that the others stand in another
    order, which does no harm.
    """

    source: str
    owner: str
    file: str
    fingerprint: str
    before: str
    gone: tuple[str, ...]
    new: tuple[str, ...]
    retyped: tuple[Retyped, ...]
    since: date
    renamed: tuple[tuple[str, str], ...] = ()
    moved: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What has changed, one sentence each, for people."""
        names = dict(self.renamed)
        perhaps = {now: was for was, now in self.renamed}
        return (
            *(f"{_said(name)} is gone." for name in self.gone if name not in names),
            *(f"{_said(name)} is new." for name in self.new if name not in perhaps),
            *(
                f"{_said(was)} is gone. {_said(now)} is new in its place: another name for it?"
                for was, now in self.renamed
            ),
            *(
                f"{_said(each.column)} holds {each.now.display}, and held {each.before.display}."
                for each in self.retyped
            ),
            *(("The columns stand in another order.",) if self.moved else ()),
        )

    @property
    def summary(self) -> dict[str, object]:
        """What the night's summary says of it."""
        told = {name: getattr(self, name) for name in ("source", "owner", "file")}
        return {**told, "since": self.since.isoformat(), "what": list(self.words)}


@dataclass(frozen=True, kw_only=True)
class NotedSchema:
    """A source's schema tonight, and its change since the last night on which it came, if any."""

    schema: SourceSchema
    drift: Drift | None = None


def settled(came: CameColumn, before: ColumnType | None) -> ColumnType:
    """Return a column's type, given what it was the last time.

    It stays for as long as half of the cells fit it, and so where there is none. Text fits
    anything, so that it takes many cells, all of another type, to leave it.
    """
    if came.declared is not None:
        return came.declared
    looked, judged = came.looked, came.looked.judged
    if before is None or before is ColumnType.EMPTY:
        return judged
    if before is ColumnType.TEXT:
        sure = looked.cells >= MANY and looked.fit(judged) == looked.cells
        return judged if sure else before
    return before if 2 * looked.fit(before) >= looked.cells else judged


def schema_of(
    came: Sequence[CameColumn],
    *,
    source: str,
    owner: str,
    file: str,
    before: SourceSchema | None = None,
) -> SourceSchema:
    """Return the schema of what came, its types settled by what they were before."""
    types = _types(before)
    return SourceSchema(
        source=source,
        owner=owner,
        file=file,
        columns=tuple(
            SchemaColumn(name=column.name, type=settled(column, types.get(column.name)))
            for column in came
        ),
    )


def drift(now: SourceSchema, before: SourceSchema, *, since: date) -> Drift | None:
    """Return what has changed since a night, or None where nothing has.

    That numbers which were all whole have a fraction now is no change, and neither is that the
    first cells of a column tell its type.
    """
    then, tonight = _types(before), _types(now)
    gone = tuple(name for name in then if name not in tonight)
    new = tuple(name for name in tonight if name not in then)
    retyped = tuple(
        Retyped(column=name, before=then[name], now=kind)
        for name, kind in tonight.items()
        if name in then and _differ(then[name], kind)
    )
    moved = [name for name in then if name in tonight] != [name for name in tonight if name in then]
    if not (gone or new or retyped or moved):
        return None
    return Drift(
        source=now.source,
        owner=now.owner,
        file=now.file,
        fingerprint=now.fingerprint,
        before=before.fingerprint,
        gone=gone,
        new=new,
        retyped=retyped,
        since=since,
        renamed=tuple(_renamed(now, before, gone=gone, new=new)),
        moved=moved,
    )


def told_apart(names: Iterable[str]) -> list[str]:
    """Give columns names of their own: of two alike, the second has a number behind it."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return apart


def _types(schema: SourceSchema | None) -> dict[str, ColumnType]:
    return {column.name: column.type for column in schema.columns} if schema else {}


def _differ(before: ColumnType, now: ColumnType) -> bool:
    known = ColumnType.EMPTY not in (before, now)
    return known and before != now and (before, now) != (ColumnType.INTEGER, ColumnType.DECIMAL)


def _renamed(
    now: SourceSchema, before: SourceSchema, *, gone: Sequence[str], new: Sequence[str]
) -> Iterable[tuple[str, str]]:
    for was, at in zip(before.columns, now.columns, strict=False):
        if was.name in gone and at.name in new and not _differ(was.type, at.type):
            yield was.name, at.name


def _said(name: str) -> str:
    """Name a column at a sentence's start; one of a caseload that is none of ours by its hash."""
    if name.startswith(f"{UNKNOWN} "):
        return f"The column {name.removeprefix(f'{UNKNOWN} ')}, none of ours,"
    return f"The column {name or 'without a heading'}"
