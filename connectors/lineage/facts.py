"""What a night has to tell of itself: names of sources and results, columns and counts; nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from schemas.gates import GateResult
from schemas.lineage import SchemaColumn
from schemas.vocabularies import Vocabulary


class Turn(Vocabulary):
    """What became of a run, in OpenLineage's words."""

    STARTED = "START", "It has begun"
    COMPLETED = "COMPLETE", "It is done"
    FAILED = "FAIL", "It has failed"
    STOPPED = "ABORT", "Somebody has stopped it"


@dataclass(frozen=True, kw_only=True)
class Input:
    """A source that was used. `name` says whose it is and how its files are named.

    `gates` are what was made of it; `columns` has no heading that a provider typed.
    """

    name: str
    columns: tuple[SchemaColumn, ...] = ()
    rows: int | None = None
    size_bytes: int | None = None
    gates: tuple[GateResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Output:
    """A result, how many rows it has and of how many files it is made, where that is known."""

    name: str
    columns: tuple[str, ...] = ()
    rows: int | None = None
    files: int | None = None


@dataclass(frozen=True, kw_only=True)
class NightTold:
    """A turn of a night's run, `at` an instant with its zone.

    `gates` are those that stand behind no single source. `error` is a safe text. `parent` is the
    run that started this one.
    """

    run_id: UUID
    turn: Turn
    at: datetime
    as_of: date
    namespace: str
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    gates: tuple[GateResult, ...] = ()
    error: str | None = None
    parent: UUID | None = None
