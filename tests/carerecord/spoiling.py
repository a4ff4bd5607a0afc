"""One export, spoilt in one way at a time: what is done to it and the rule that it breaks."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carerecord.examples import (
    COUNCIL_GSS,
    Draft,
)

Spoil = Callable[[Draft], None]
Case = tuple[str, str, Spoil]
"""What is wrong, the rule that says so, and the hand that does it."""


def find(export: Draft, reference: str) -> dict[str, Any]:
    """Return a resource of an export."""
    lines = (line for lines in export.files.values() for line in lines)
    return next(one for one in lines if f"{one['resourceType']}/{one.get('id')}" == reference)


def _parent(node: Any, path: str) -> tuple[Any, Any]:
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        node = node[step]
    return node, last


def put(reference: str, path: str, value: object) -> Spoil:
    """Set an element; the path has slashes, and the end of a list is its length."""

    def spoil(export: Draft) -> None:
        node, last = _parent(find(export, reference), path)
        if isinstance(node, list) and last == len(node):
            node.append(copy.deepcopy(value))
        else:
            node[last] = copy.deepcopy(value)

    return spoil


def drop(reference: str, path: str) -> Spoil:
    """Take an element away."""

    def spoil(export: Draft) -> None:
        node, last = _parent(find(export, reference), path)
        del node[last]

    return spoil


def both(*hands: Spoil) -> Spoil:
    """Spoil in several ways, which together are one."""

    def spoil(export: Draft) -> None:
        for hand in hands:
            hand(export)

    return spoil


def leave_out(reference: str) -> Spoil:
    """Send everything but one resource."""

    def spoil(export: Draft) -> None:
        gone = find(export, reference)
        for name, lines in export.files.items():
            export.files[name] = [line for line in lines if line is not gone]

    return spoil


def line(file: str, content: dict[str, Any]) -> Spoil:
    """Add a line to a file."""
    return lambda export: export.files[file].append(copy.deepcopy(content))


def twin(reference: str, new_id: str, *hands: Spoil) -> Spoil:
    """Add a resource like another under a new id, and spoil that."""

    def spoil(export: Draft) -> None:
        kind = reference.partition("/")[0]
        other = copy.deepcopy(find(export, reference))
        other["id"] = new_id.partition("/")[2]
        export.files[f"{kind}.ndjson"].append(other)
        for hand in hands:
            hand(export)

    return spoil


def of_bytes(file: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Change the bytes of a file before the manifest is made."""
    return lambda export: export.on_bytes.update({file: change})


def of_manifest(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Change the manifest before it is written."""
    return lambda export: export.on_manifest.append(lambda manifest: (change(manifest), None)[1])


def of_folder(change: Callable[[Path], object]) -> Spoil:
    """Change the folder once all is written."""
    return lambda export: export.on_folder.append(lambda folder: (change(folder), None)[1])


def report(name: str, content: bytes) -> Spoil:
    """Set a council's report."""
    return lambda export: export.reports.update({f"{COUNCIL_GSS}/{name}": content})
