"""Notes which columns each source had, says what has changed, and tells others of the night.

Nothing of this is needed for a night to be right, so nothing of it stops one: what goes wrong is
logged, and events that were lost are counted.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from casebook.lineage import CameSource
from casebook.record import SourceOutcome, SourceRecord
from casebook.store import Casebook
from connectors.lineage.facts import Input, NightTold, Output, Turn
from connectors.lineage.place import LineagePlace
from flows.account import Account
from flows.faults import described, quoting_nobody
from flows.files import DISCREPANCIES
from flows.origin import Origin
from flows.progress import LOG
from flows.steps import Done
from schemas.errors import CpliError
from schemas.gates import GateResult, GateSource
from schemas.lineage import UNKNOWN, CameColumn, Drift, NotedSchema, told_apart
from schemas.tables import DISCREPANCY_COLUMNS
from settings.lineage import Lineage
from settings.settings import Settings
from settings.sources import Caseloads, TableSource

LINEAGE_FILE = "quality/lineage.json"
PROVIDERS, REFERENCES, CPLI, PORTAL = "providers", "supplier references", "cpli", "portal"
CASELOAD = "caseload"
HASH_LENGTH = 8
GATED = {
    GateSource.PROVIDERS: PROVIDERS,
    GateSource.CPLI: CPLI,
    GateSource.PORTAL: PORTAL,
    GateSource.CASELOAD: CASELOAD,
}
"""What each gate's source is called in the record of a night, before its owner's name."""


def note_schemas(
    account: Account, casebook: Casebook, *, key: bytes, whole: bool
) -> tuple[NotedSchema, ...]:
    """Write down of which columns each source was made tonight, and return that with its change.

    `key` is that of hashes; `whole` says that the run was of all councils.
    """
    try:
        noted = quoting_nobody(casebook.lineage().note)(
            account.as_of, [*_came(account.sources, key)], whole=whole
        )
    except CpliError as error:
        LOG.warning("The columns of the sources could not be noted. %s", error)
        return ()
    for each in drift_of(noted):
        LOG.warning("%s: other columns than on %s", each.source, each.since)
    return noted


def drift_of(noted: Iterable[NotedSchema]) -> tuple[Drift, ...]:
    """Return what has changed, by source."""
    return tuple(each.drift for each in noted if each.drift)


def lineage_file(noted: Sequence[NotedSchema]) -> bytes:
    """Return the file that says of which columns each source was made."""
    told = {"sources": [_in_full(each) for each in noted]}
    return f"{json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()


def _in_full(noted: NotedSchema) -> dict[str, Any]:
    schema, change = noted.schema, noted.drift
    return {
        "source": schema.source,
        "owner": schema.owner,
        "file": schema.file,
        "fingerprint": schema.fingerprint,
        "columns": [{"name": each.name, "type": each.type.value} for each in schema.columns],
        "change": change
        and {
            "since": change.since.isoformat(),
            "before": change.before,
            "gone": list(change.gone),
            "new": list(change.new),
            "renamed": [{"before": was, "now": now} for was, now in change.renamed],
            "retyped": [
                {"column": each.column, "before": each.before.value, "now": each.now.value}
                for each in change.retyped
            ],
            "moved": change.moved,
            "what": list(change.words),
        },
    }


def _came(sources: Iterable[SourceRecord], key: bytes) -> Iterator[CameSource]:
    """Yield the sources that came: of a council's also what was refused for its columns."""
    came: dict[str, CameSource] = {}
    for record in sources:
        kind, owner = _parted(record.source)
        used = record.outcome is SourceOutcome.USED
        refused = record.outcome is SourceOutcome.REFUSED and kind != CASELOAD
        if record.shape is not None and (used or (refused and record.source not in came)):
            columns = _unsaid(record.shape, key) if kind == CASELOAD else record.shape
            came[record.source] = CameSource(
                source=record.source, owner=owner, file=record.file, columns=columns
            )
    yield from came.values()


def _unsaid(columns: Sequence[CameColumn], key: bytes) -> tuple[CameColumn, ...]:
    """Call columns of a caseload that are none of ours by a keyed hash: who has no key, cannot try.

    It is the same for the same heading on every night.
    """
    names = [
        column.name
        if column.known
        else f"{UNKNOWN} {hmac.new(key, column.name.encode(), sha256).hexdigest()[:HASH_LENGTH]}"
        for column in columns
    ]
    return tuple(
        replace(column, name=name) for column, name in zip(columns, told_apart(names), strict=True)
    )


def _parted(source: str) -> tuple[str, str]:
    """Return what a source is, and whose."""
    kind, _, owner = source.partition(" ")
    return (kind, owner) if kind in {CPLI, PORTAL, CASELOAD} else (source, "")


class Telling:
    """Tells whoever wants to know how a run of a night goes; `lost` events could not be told.

    As a context it says that the run has begun, and that it has failed where it does.
    """

    def __init__(self, origin: Origin, *, run_id: UUID, parent: UUID | None = None) -> None:
        self.origin = origin
        self.run_id = run_id
        self.parent = parent
        self.place = place_of(origin.settings.lineage)
        self.lost = 0

    def __enter__(self) -> Self:
        self._tell(Turn.STARTED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, CpliError):
            self._tell(Turn.FAILED, partial(dict, error=str(error)))
        elif isinstance(error, Exception):
            self._tell(Turn.FAILED, partial(dict, error=f"A fault of ours: {described(error)}."))
        elif error is not None:
            self._tell(Turn.STOPPED)

    def done(self, done: Done, gates: Sequence[GateResult] = ()) -> None:
        """Say that the night is done, what it was made of, and what came of it."""
        self._tell(Turn.COMPLETED, partial(_what_came_of, done, self.origin, gates))

    def _tell(self, turn: Turn, facts: Callable[[], dict[str, Any]] = dict) -> None:
        """Tell a turn, with facts that are gathered for it; the night goes on, whatever fails."""
        if self.place is None:
            return
        try:
            quoting_nobody(self._tell_place)(self.place, turn, facts)
        except CpliError as error:
            self.lost += 1
            LOG.warning("Lineage: an event (%s) was lost. %s", turn.value, error)

    def _tell_place(
        self, place: LineagePlace, turn: Turn, facts: Callable[[], dict[str, Any]]
    ) -> None:
        # OpenLineage's client takes half a second to import: only those wait who use it.
        from connectors.lineage.telling import tell

        told = NightTold(
            run_id=self.run_id,
            turn=turn,
            at=datetime.now(UTC),
            as_of=self.origin.as_of,
            namespace=self.origin.settings.lineage.namespace,
            parent=self.parent,
            **facts(),
        )
        tell(place, told)


def telling(origin: Origin, *, run_id: str | None, parent: str | None = None) -> Telling:
    """Return what tells of a run, by the ids that Prefect gives it and the run that started it."""
    return Telling(
        origin,
        run_id=UUID(run_id) if run_id else uuid4(),
        parent=UUID(parent) if parent else None,
    )


def place_of(lineage: Lineage) -> LineagePlace | None:
    """Return where events go; None where nobody wants them."""
    if not (lineage.file or lineage.url):
        return None
    return LineagePlace(
        file=lineage.file,
        url=lineage.url or "",
        token=lineage.token.get_secret_value() if lineage.token else None,
        timeout_seconds=lineage.timeout_seconds,
    )


def _what_came_of(done: Done, origin: Origin, gates: Sequence[GateResult]) -> dict[str, Any]:
    inputs = tuple(_inputs(done, origin, gates))
    behind = [gate for each in inputs for gate in each.gates]
    return {
        "inputs": inputs,
        "outputs": tuple(_outputs(done)),
        "gates": tuple(gate for gate in gates if gate not in behind),
    }


def _inputs(done: Done, origin: Origin, gates: Sequence[GateResult]) -> Iterator[Input]:
    """Yield the sources that this run has read and used."""
    schemas = {each.schema.source: each.schema for each in done.schemas}
    for record in done.sources:
        if record.outcome is SourceOutcome.USED and record.shape is not None:
            schema = schemas.get(record.source)
            columns = schema.columns if schema else ()
            yield Input(
                name=dataset_name(record.source, origin),
                columns=tuple(each for each in columns if not each.name.startswith(UNKNOWN)),
                rows=record.rows,
                size_bytes=record.size_bytes,
                gates=tuple(gate for gate in gates if _source_of(gate) == record.source),
            )


def _source_of(gate: GateResult) -> str:
    return f"{GATED.get(gate.source, '')} {gate.owner}".strip()


def dataset_name(source: str, origin: Origin) -> str:
    """Return what others know a source by: whose it is, and how its files are named."""
    kind, owner = _parted(source)
    if origin.folder is not None:
        return {
            PROVIDERS: "providers.csv",
            CPLI: f"council/{owner}/cpli.csv",
            PORTAL: f"council/{owner}/portal_{{date}}.csv",
            CASELOAD: f"caseload/{owner}_{{date}}.*",
        }[kind]
    name = {
        CPLI: f"council/{owner}/cpli",
        PORTAL: f"council/{owner}/portal",
        CASELOAD: f"caseload/{owner}",
    }.get(kind, kind.replace(" ", "_"))
    table = _table(kind, owner, origin.settings)
    return f"{name}/{table.place}/{_called(table, owner)}" if table else name


def _table(kind: str, owner: str, settings: Settings) -> TableSource | Caseloads | None:
    council = next((each for each in settings.councils.values() if each.code == owner), None)
    return {
        PROVIDERS: settings.providers,
        REFERENCES: settings.supplier_references,
        CPLI: council.cpli if council else None,
        PORTAL: council.portal if council else None,
        CASELOAD: settings.caseloads,
    }[kind]


def _called(table: TableSource | Caseloads, owner: str) -> str:
    if isinstance(table, Caseloads):
        return table.file.replace("{provider_id}", owner)
    return table.file or table.table or "query"


def _outputs(done: Done) -> Iterator[Output]:
    """Yield what a night has left behind."""
    found = sum(done.summary["all"]["discrepancies"].values())
    yield Output(name=DISCREPANCIES, columns=tuple(DISCREPANCY_COLUMNS), rows=found)
    yield Output(name="casebook", rows=found)
    if done.feed and done.feed.export:
        yield Output(name="feed", files=1)
    if done.notices and done.notices.made:
        yield Output(name="notices", files=done.notices.made)
