"""What a night gives the feed: rendered, checked, and packed until it is published."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

import pandas as pd

from publishing.feed.conformance import check
from publishing.feed.facts import Publisher, WithheldReason
from publishing.feed.planning import SERVED, Line, Tonight, Unread
from publishing.feed.profiles import Moment
from publishing.feed.publishable import WITHHELD_COLUMNS, Publishable, Sources, decide
from publishing.feed.resources import ENCODE, Maker, Resource, ending, nullable, render, stamped
from publishing.feed.standing import references, refreshed
from reconciliation.days import window_start
from schemas.delivery import KINDS
from schemas.published import Hidden

PART_BYTES = 2**20
UNRESOLVED = "refers to one that failed"
ABOUT = {"EpisodeOfCare": "patient", "Task": "for"}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A night's part of the feed; `withheld` has `WITHHELD_COLUMNS` and base_id.

    `over` are the base ids of CPLIs that ended before the window, `hidden` are the patients of whom
    nothing may be seen. `endings` say how discrepancies stand whose persons nobody tells of
    tonight.
    """

    as_of: date
    window_start: date
    assessed: frozenset[str]
    lines: tuple[Line, ...]
    withheld: pd.DataFrame
    over: frozenset[str]
    unread: Unread
    endings: Mapping[str, Resource]
    hidden: tuple[Hidden, ...]

    def tonight(self, *, hidden_elsewhere: Iterable[str]) -> Tonight:
        """Return what the night says, beside what is known of councils that were not assessed."""
        return Tonight(
            as_of=self.as_of,
            window_start=self.window_start,
            assessed=self.assessed,
            lines=self.lines,
            withheld=dict(zip(self.withheld["base_id"], self.withheld["reason"], strict=True)),
            over=self.over,
            unread=self.unread,
            endings=self.endings,
            hidden=self.hidden_patients.union(hidden_elsewhere),
        )

    @property
    def hidden_patients(self) -> frozenset[str]:
        """The patients of whom nothing may be seen."""
        return frozenset(each.patient for each in self.hidden)


def prepare(
    sources: Sources,
    publisher: Publisher,
    *,
    as_of: date,
    assessed: frozenset[str],
    at: datetime,
    window_months: int = 12,
) -> Prepared:
    """Render and check all that a night gives; what fails is withheld, and what refers to it."""
    publishable = decide(sources, publisher, as_of=as_of, window_months=window_months)
    checked = _Checked(moment=Moment(as_of=as_of, transaction_time=at, publisher=publisher))
    councils = {council.ods_code: code for code, council in publisher.councils.items()}
    lines = tuple(
        _line(resource, councils)
        for resource in render(publishable, publisher, as_of=as_of)
        if checked.passes(resource)
    )
    maker = Maker(publisher)
    failed = pd.DataFrame(
        list(_named(checked.failed, publishable, maker)),
        columns=list(WITHHELD_COLUMNS),
        dtype="str",
    )
    withheld = pd.concat([publishable.withheld, failed], ignore_index=True)
    return Prepared(
        as_of=as_of,
        window_start=window_start(as_of, months=window_months),
        assessed=assessed,
        lines=_in_order(lines),
        withheld=_listed(withheld.assign(base_id=list(_base_ids(withheld, maker)))),
        over=frozenset(
            map(maker.service_id, publishable.over["local_authority"], publishable.over["cpli_id"])
        ),
        unread=_unread(publishable.unread, maker),
        endings=dict(_endings(publishable.strangers, publisher)),
        hidden=_each_once(
            map(Hidden, *(publishable.hidden[name] for name in Hidden._fields)),
        ),
    )


@dataclass(kw_only=True)
class _Checked:
    """Checks resources in their order, and remembers what failed, as Type/id, by which rule."""

    moment: Moment
    failed: dict[str, str] = field(default_factory=dict)

    def passes(self, resource: Resource) -> bool:
        """Say whether a resource may go out, as it would go out for the first time."""
        first = stamped(resource, version=1, last_updated=self.moment.transaction_time)
        breaches = check(first, self.moment)
        rule = f"{breaches[0].path} {breaches[0].rule}".strip() if breaches else ""
        if not rule and self.failed and not self.failed.keys().isdisjoint(references(resource)):
            rule = UNRESOLVED
        if rule:
            self.failed[f"{resource['resourceType']}/{resource['id']}"] = rule
        return not rule


def beside(fresh: Prepared, earlier: Prepared, *, others: frozenset[str]) -> Prepared:
    """Return what a run of chosen councils gives, beside what an earlier run gave of the others.

    What both tell of is as the fresh one has it, and nothing about a patient whom it restricts
    stays.
    """
    others = others & earlier.assessed
    hidden = fresh.hidden_patients
    told = {line.base_id: line for line in fresh.lines}
    renewed = {
        f"{line.kind}/{line.base_id}": json.loads(told[line.base_id].content)
        for line in earlier.lines
        if line.kind in SERVED and told.get(line.base_id, line) != line
    }
    kept = [
        _named_now(line, renewed)
        for line in earlier.lines
        if line.base_id not in told
        and (line.kind in SERVED or line.local_authority in others)
        and hidden.isdisjoint({line.base_id, line.about})
    ]
    lines = _in_order((*fresh.lines, *kept))
    needed = {target for line in lines for target in references(json.loads(line.content))}
    of_others = earlier.withheld["local_authority"].isin(others)
    return replace(
        fresh,
        assessed=fresh.assessed | others,
        lines=tuple(
            line
            for line in lines
            if line.base_id in told
            or line.kind not in SERVED
            or f"{line.kind}/{line.base_id}" in needed
        ),
        withheld=_listed(pd.concat([fresh.withheld, earlier.withheld[of_others]])),
        over=fresh.over | earlier.over,
        unread=fresh.unread | earlier.unread,
        endings={**earlier.endings, **fresh.endings},
        hidden=_each_once(
            (*fresh.hidden, *(each for each in earlier.hidden if each.local_authority in others))
        ),
    )


def _each_once(hidden: Iterable[Hidden]) -> tuple[Hidden, ...]:
    """Return each council's patient once; what is told first counts."""
    first: dict[tuple[str, str], Hidden] = {}
    for each in hidden:
        first.setdefault((each.local_authority, each.patient), each)
    return tuple(sorted(first.values()))


def _named_now(line: Line, renewed: Mapping[str, Resource]) -> Line:
    if not renewed:
        return line
    fresh = refreshed(json.loads(line.content), renewed=renewed, gone=frozenset())
    return line._replace(content=ENCODE(fresh))


def _line(resource: Resource, councils: Mapping[str, str]) -> Line:
    kind = resource["resourceType"]
    about = ABOUT.get(kind)
    return Line(
        kind=kind,
        base_id=resource["id"],
        local_authority=None if kind == "Organization" else councils[_provenance(resource)],
        about=resource[about]["reference"].partition("/")[2] if about else None,
        content=ENCODE(resource),
    )


def _provenance(resource: Resource) -> str:
    """Return the ODS code of the council that answers for a resource: its second tag."""
    return str(resource["meta"]["tag"][1]["code"])


def _named(
    failed: Mapping[str, str], publishable: Publishable, maker: Maker
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the CPLIs and discrepancies that failed, as rows of `WITHHELD_COLUMNS`."""
    if not failed:
        return
    lines, tasks = publishable.cplis, publishable.discrepancies
    reason = WithheldReason.CHECK_FAILED.value
    for council, cpli_id in zip(lines["local_authority"], lines["cpli_id"], strict=True):
        rule = failed.get(f"EpisodeOfCare/{maker.service_id(council, cpli_id)}")
        if rule:
            yield council, "EpisodeOfCare", cpli_id, reason, rule
    for council, number in zip(tasks["local_authority"], tasks["discrepancy_id"], strict=True):
        rule = failed.get(f"Task/{maker.publisher.id('Task', number)}")
        if rule:
            yield council, "Task", number, reason, rule


def _base_ids(withheld: pd.DataFrame, maker: Maker) -> Iterator[str]:
    """Yield the base id of whatever is withheld."""
    columns = (withheld[name] for name in ("resource_type", "local_authority", "id"))
    for kind, council, number in zip(*columns, strict=True):
        is_task = kind == "Task"
        yield maker.publisher.id("Task", number) if is_task else maker.service_id(council, number)


def _endings(strangers: pd.DataFrame, publisher: Publisher) -> Iterator[tuple[str, Resource]]:
    """Yield how discrepancies stand now whose persons nobody tells of any more, by base id."""
    columns = (strangers["discrepancy_id"], strangers["status"], nullable(strangers["outcome"]))
    for number, status, outcome in zip(*columns, strict=True):
        yield publisher.id("Task", number), ending(publisher, status, outcome)


def _unread(rejected: pd.DataFrame, maker: Maker) -> Unread:
    named = rejected["cpli_id"].notna()
    whose = ~named & rejected["patient"].notna()
    nobodys = ~named & ~whose
    known = rejected[named]
    return Unread(
        ids=frozenset(map(maker.service_id, known["local_authority"], known["cpli_id"])),
        patients=frozenset(rejected.loc[whose, "patient"]),
        councils=frozenset(rejected.loc[nobodys, "local_authority"]),
    )


def _in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines so that references go back, in an order that is always the same."""
    return tuple(sorted(lines, key=lambda line: (KINDS.index(line.kind), line.base_id)))


def _listed(withheld: pd.DataFrame) -> pd.DataFrame:
    order = ["local_authority", "resource_type", "id"]
    withheld = withheld.astype({"base_id": "str"})
    return withheld.sort_values(order, na_position="first", ignore_index=True)


def pack(prepared: Prepared) -> bytes:
    """Return a night's part of the feed as bytes, the same for the same content."""
    header = {
        "as_of": prepared.as_of.isoformat(),
        "window_start": prepared.window_start.isoformat(),
        "assessed": sorted(prepared.assessed),
        "withheld": list(
            zip(*(nullable(prepared.withheld[name]) for name in prepared.withheld), strict=True)
        ),
        "over": sorted(prepared.over),
        "unread": {name: sorted(said) for name, said in vars(prepared.unread).items()},
        "endings": dict(sorted(prepared.endings.items())),
        "hidden": prepared.hidden,
    }
    packed, parts = zlib.compressobj(level=1), list[bytes]()
    for part in (header, *prepared.lines):
        parts.append(packed.compress(f"{ENCODE(part)}\n".encode()))
    return b"".join([*parts, packed.flush()])


def _unpacked(packed: bytes) -> Iterator[str]:
    """Yield the lines of what was packed, a part of it in memory at a time."""
    whole, rest = zlib.decompressobj(), b""
    for first in range(0, len(packed), PART_BYTES):
        *lines, rest = (rest + whole.decompress(packed[first : first + PART_BYTES])).split(b"\n")
        for line in lines:
            yield line.decode()


def unpack(packed: bytes) -> Prepared:
    """Return what was packed."""
    lines = _unpacked(packed)
    header = json.loads(next(lines))
    return Prepared(
        as_of=date.fromisoformat(header["as_of"]),
        window_start=date.fromisoformat(header["window_start"]),
        assessed=frozenset(header["assessed"]),
        lines=tuple(Line(*json.loads(line)) for line in lines),
        withheld=pd.DataFrame(
            header["withheld"], columns=[*WITHHELD_COLUMNS, "base_id"], dtype="str"
        ),
        over=frozenset(header["over"]),
        unread=Unread(**{name: frozenset(said) for name, said in header["unread"].items()}),
        endings=header["endings"],
        hidden=tuple(Hidden(*row) for row in header["hidden"]),
    )


def evidence(*parts: bytes) -> str:
    """Return the SHA-256 of what an export is made of."""
    whole = sha256()
    for part in parts:
        whole.update(sha256(part).digest())
    return whole.hexdigest()
