"""An export as files: NDJSON by type, what is deleted, the councils' reports, the manifest last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from publishing.feed.resources import ENCODE, instant
from schemas.delivery import DELETED, KINDS, MANIFEST
from schemas.published import Change, Turn

MOST_LINES = 25_000
"""How many resources one file holds at most: some 35 MB of them."""

ORGANISATION = '{"resourceType":"Organization"'


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an export holds: resources as JSON by type, references that are to be deleted.

    `reports` are files about the councils by their path.
    """

    resources: Mapping[str, tuple[str, ...]]
    deleted: tuple[str, ...]
    reports: Mapping[str, bytes]


def name_of(transaction_time: datetime) -> str:
    """Return the name of an export's folder."""
    return instant(transaction_time).replace(":", "")


def changed_only(
    changes: Iterable[Change], again: Mapping[str, str], reports: Mapping[str, bytes]
) -> Content:
    """Return what changed; `again` gives the content by id of what is sent once more."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    deleted = []
    for change in changes:
        row = change.published
        if change.turn is Turn.DELETED:
            deleted.append(row.reference)
        else:
            found[row.kind].append(change.content or again[row.id])
    return whole(found, deleted, reports)


def whole(
    resources: Mapping[str, Iterable[str]], deleted: Iterable[str], reports: Mapping[str, bytes]
) -> Content:
    """Return an export of these resources, in an order that is always the same."""
    return Content(
        resources={
            kind: tuple(sorted(resources.get(kind, ()), key=_councils_first)) for kind in KINDS
        },
        deleted=tuple(
            sorted(deleted, key=lambda each: (-KINDS.index(each.partition("/")[0]), each))
        ),
        reports=reports,
    )


def files_of(
    content: Content, *, transaction_time: datetime, request: str
) -> Iterator[tuple[str, bytes]]:
    """Yield an export's files in the order in which they are delivered: the manifest is the last.

    Its URLs are relative to it. Besides what the convention of bulk exports asks, its `extension`
    lists every other file with size and SHA-256.
    """
    written = []
    for name, file in _files(content):
        written.append({"url": name, "size": len(file), "sha256": sha256(file).hexdigest()})
        yield name, file
    manifest = {
        "transactionTime": instant(transaction_time),
        "request": request,
        "requiresAccessToken": True,
        "output": [
            {"type": kind, "url": name, "count": len(lines)}
            for kind in KINDS
            for name, lines in _split(kind, content.resources[kind])
        ],
        "deleted": [{"type": "Bundle", "url": DELETED, "count": len(content.deleted)}]
        if content.deleted
        else [],
        "error": [],
        "extension": {"files": written},
    }
    yield MANIFEST, f"{json.dumps(manifest, indent=1)}\n".encode()


def _councils_first(line: str) -> tuple[bool, str]:
    """Return what to sort by: a council's own resource says who answers for it twice."""
    if not line.startswith(ORGANISATION):
        return False, line
    resource = json.loads(line)
    own = resource["identifier"][0]["value"]
    return own != resource["meta"]["tag"][1]["code"], line


def _files(content: Content) -> Iterator[tuple[str, bytes]]:
    for kind in KINDS:
        for name, lines in _split(kind, content.resources[kind]):
            yield name, "".join(f"{line}\n" for line in lines).encode()
    if content.deleted:
        yield DELETED, "".join(f"{ENCODE(_deletion(each))}\n" for each in content.deleted).encode()
    yield from sorted(content.reports.items())


def _split(kind: str, lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a type's files: one, unless it is large."""
    if len(lines) <= MOST_LINES:
        if lines:
            yield f"{kind}.ndjson", lines
        return
    for number, first in enumerate(range(0, len(lines), MOST_LINES), start=1):
        yield f"{kind}-{number:04}.ndjson", lines[first : first + MOST_LINES]


def _deletion(reference: str) -> dict[str, object]:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": reference}}],
    }
