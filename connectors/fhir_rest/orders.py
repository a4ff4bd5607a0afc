"""What an export asks of a server, in batches: what it refers to goes first, what vanishes last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from connectors.fhir_rest.faults import Fault, trouble
from connectors.fhir_rest.line import Resource
from connectors.fhir_rest.place import RestPlace
from schemas.delivery import DELETED, KINDS, Export, ExportFile

OF_A_KIND = re.compile(rf"(?P<kind>{'|'.join(KINDS)})(?:-[0-9]+)?\.ndjson")
"""A file of one type; a large type may be split."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A resource to be put, or to be deleted where it is None; `reference` is Type/id."""

    reference: str
    resource: Resource | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Orders that go together; `step` is what the journal calls them, with a hash of them."""

    step: str
    orders: tuple[Order, ...] = field(repr=False)


def batches(export: Export, place: RestPlace) -> Iterator[Batch]:
    """Yield an export's batches in their order; no batch is of two files.

    Raises RestRefused where a file is not what the export says it is.
    """
    for file in _in_order(export):
        content = export.read(file.name)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise trouble(Fault.EXPORT_DAMAGED, place, what=file.name)
        lines = content.splitlines()
        found = _deletions(lines) if file.name == DELETED else _puts(lines)
        yield from _cut(found, file.name, place.batch_size)


def _in_order(export: Export) -> list[ExportFile]:
    """Return the files to be sent; manifest and reports are not."""
    ranked = [(rank, file.name, file) for file in export.files if (rank := _rank(file.name))]
    return [file for _, _, file in sorted(ranked, key=lambda each: each[:2])]


def _rank(name: str) -> int:
    """Say when a file is sent, from 1 on; 0 is never."""
    if name == DELETED:
        return len(KINDS) + 1
    kind = OF_A_KIND.fullmatch(name)
    return KINDS.index(kind["kind"]) + 1 if kind else 0


def _puts(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Order]]:
    for line in lines:
        resource = json.loads(line)
        reference = f"{resource['resourceType']}/{resource['id']}"
        yield line, Order(reference=reference, resource=resource)


def _deletions(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Order]]:
    for line in lines:
        for entry in json.loads(line)["entry"]:
            reference = entry["request"]["url"]
            yield reference.encode(), Order(reference=reference, resource=None)


def _cut(found: Iterator[tuple[bytes, Order]], file: str, size: int) -> Iterator[Batch]:
    first = 1
    while some := list(islice(found, size)):
        last = first + len(some) - 1
        step = f"{file} {first} to {last} {_hash([line for line, _ in some])}"
        yield Batch(step=step, orders=tuple(order for _, order in some))
        first = last + 1


def _hash(lines: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
