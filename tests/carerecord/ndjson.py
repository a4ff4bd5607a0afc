"""The files of an export: one resource of one type a line, and the Bundles of deletions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carerecord.base import base_breaches
from carerecord.codes import TYPES
from carerecord.manifest import ndjson_files, read_json
from carerecord.shared import REFERENCE
from carerecord.values import UUID5, part, text

Found = tuple[str, str, str]
"""Rule, subject (Type/id, or file and line) and path."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A resource as it came: where it stood, its bytes and its content."""

    key: str
    subject: str
    raw: bytes
    resource: dict[str, Any]


@dataclass(kw_only=True)
class Content:
    """What the files of an export hold, as far as it can be read."""

    lines: list[Line] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    breaches: list[Found] = field(default_factory=list)


def read_files(folder: Path, manifest: dict[str, Any]) -> Content:
    """Return the resources and deletions of an export, with what is wrong with their form."""
    content = Content()
    for key in ("output", "deleted"):
        for name, count in ndjson_files(manifest, key):
            if not (folder / name).is_file():
                content.breaches.append(("manifest-missing", name, ""))
                continue
            lines, breaches = _lines((folder / name).read_bytes())
            content.breaches.extend((rule, name, "") for rule in breaches)
            if count != len(lines):
                content.breaches.append(("manifest-count", name, ""))
            for number, raw in enumerate(lines, start=1):
                _read_line(content, name, number, raw)
    return content


def _lines(content: bytes) -> tuple[list[bytes], list[str]]:
    breaches = []
    if content.startswith(b"\xef\xbb\xbf"):
        breaches.append("ndjson-bom")
        content = content[3:]
    if b"\r" in content:
        breaches.append("ndjson-carriage-return")
    if not content.endswith(b"\n"):
        breaches.append("ndjson-last-line")
    lines = content.removesuffix(b"\n").split(b"\n")
    if any(not line.strip() for line in lines):
        breaches.append("ndjson-blank-line")
    return [line for line in lines if line.strip()], breaches


def _read_line(content: Content, name: str, number: int, raw: bytes) -> None:
    subject = f"{name}:{number}"
    try:
        resource = read_json(raw)
    except UnicodeDecodeError:
        content.breaches.append(("ndjson-utf8", subject, ""))
        return
    except ValueError:
        content.breaches.append(("ndjson-json", subject, ""))
        return
    kind = text(resource, "resourceType")
    wanted = name.partition(".")[0].partition("-")[0].replace("deleted", "Bundle")
    if kind != wanted:
        content.breaches.append(("ndjson-type", subject, "resourceType"))
    elif kind == "Bundle":
        content.breaches.extend(_deletions(content.deleted, resource, subject))
    else:
        identity = text(resource, "id")
        key = f"{kind}/{identity}"
        named = key if UUID5.fullmatch(identity) else subject
        content.lines.append(Line(key=key, subject=named, raw=raw, resource=resource))


def _deletions(deleted: list[str], bundle: dict[str, Any], subject: str) -> Iterator[Found]:
    entries = bundle.get("entry")
    if bundle.keys() != {"resourceType", "type", "entry"} or bundle["type"] != "transaction":
        yield "deleted-bundle", subject, ""
    yield from ((rule, subject, path) for rule, path in base_breaches(bundle))
    if not isinstance(entries, list) or not entries:
        yield "deleted-bundle", subject, "entry"
        return
    for index, entry in enumerate(entries):
        request = part(entry, "request")
        plain = isinstance(entry, dict) and entry.keys() == {"request"}
        if not plain or request.keys() != {"method", "url"} or request["method"] != "DELETE":
            yield "deleted-entry", subject, f"entry.{index}"
            continue
        found = REFERENCE.fullmatch(text(request, "url"))
        if found is None or found[1] not in TYPES:
            yield "deleted-url", subject, f"entry.{index}.request.url"
        else:
            deleted.append(found[0])
