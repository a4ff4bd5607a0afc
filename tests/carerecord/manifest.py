"""The folder of an export: its manifest, and whether the files are what the manifest says."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from carerecord.codes import DISCREPANCY_COLUMNS, TYPES
from carerecord.values import Breach, instant, part, parts, step, text

KEYS = {
    "transactionTime",
    "request",
    "requiresAccessToken",
    "output",
    "deleted",
    "error",
    "extension",
}
RESOURCES = re.compile(rf"({'|'.join(TYPES)})(-[0-9]{{4}})?\.ndjson")
DELETED = re.compile(r"(deleted)(-[0-9]{4})?\.ndjson")
REPORT = re.compile(r"([EWSN][0-9]{8})/(discrepancies\.csv|summary\.json)")
SINCE = re.compile(r"[?&]_since=([^&]*)")


class NotReadable(Exception):
    """The folder holds no manifest that says what else is in it."""


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; raise ValueError where it names a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def no_number(_: str) -> float:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError("not a number of JSON")


def read_json(content: bytes) -> Any:
    """Return what JSON in UTF-8 says; raise ValueError where it is not that."""
    return json.loads(
        content.decode("utf-8"), object_pairs_hook=without_twins, parse_constant=no_number
    )


def read_manifest(folder: Path) -> tuple[dict[str, Any], datetime]:
    """Return the manifest and its time; raise NotReadable where there is nothing to go by."""
    try:
        manifest = read_json((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        raise NotReadable("manifest") from None
    at = instant(manifest.get("transactionTime")) if isinstance(manifest, dict) else None
    if at is None:
        raise NotReadable("manifest-time")
    return manifest, at


def manifest_breaches(folder: Path, manifest: dict[str, Any]) -> Iterator[Breach]:
    """Yield what is wrong with the manifest itself."""
    for key in manifest.keys() ^ KEYS:
        yield "manifest-keys", step("", key)
    stamp = manifest["transactionTime"].replace(":", "")
    if folder.name != stamp:
        yield "folder-name", "transactionTime"
    if not re.fullmatch(r"https?://[^\s/]+/\S*", text(manifest, "request")):
        yield "manifest-request", "request"
    if not isinstance(manifest.get("requiresAccessToken"), bool):
        yield "manifest-token", "requiresAccessToken"
    for key in ("output", "deleted"):
        yield from _entries(manifest, key)
    if manifest.get("error") != []:
        yield "manifest-error", "error"


def _entries(manifest: dict[str, Any], key: str) -> Iterator[Breach]:
    listed = manifest.get(key)
    if not isinstance(listed, list):
        yield "manifest-entry", key
        return
    urls = [text(entry, "url") for entry in listed]
    if len(set(urls)) != len(urls):
        yield "manifest-url-twice", key
    for index, entry in enumerate(listed):
        here = f"{key}.{index}"
        if not isinstance(entry, dict) or entry.keys() != {"type", "url", "count"}:
            yield "manifest-entry", here
            continue
        count = entry["count"]
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            yield "manifest-count", f"{here}.count"
        found = (RESOURCES if key == "output" else DELETED).fullmatch(text(entry, "url"))
        if found is None:
            yield "manifest-url", f"{here}.url"
        elif entry["type"] != (found[1] if key == "output" else "Bundle"):
            yield "manifest-type", f"{here}.type"


def ndjson_files(manifest: dict[str, Any], key: str) -> Iterator[tuple[str, object]]:
    """Yield name and count of the files that may be read: those with a name of the layout."""
    pattern = RESOURCES if key == "output" else DELETED
    for entry in parts(manifest, key):
        if pattern.fullmatch(text(entry, "url")):
            yield text(entry, "url"), entry.get("count")


def since(manifest: dict[str, Any]) -> str | None:
    """Return what an incremental export says it is later than, None where it says nothing."""
    found = SINCE.search(text(manifest, "request"))
    return found[1].replace("%3A", ":").replace("%3a", ":") if found else None


def cover_breaches(folder: Path, manifest: dict[str, Any]) -> Iterator[Breach]:
    """Yield where the list of files, the files and the rest of the manifest disagree."""
    listed: dict[str, dict[str, Any]] = {}
    files = part(manifest, "extension").get("files")
    entries = parts(part(manifest, "extension"), "files")
    if files != entries or part(manifest, "extension").keys() != {"files"}:
        yield "files-list", "extension"
    for index, entry in enumerate(entries):
        here = f"extension.files.{index}"
        name = text(entry, "url")
        if entry.keys() != {"url", "size", "sha256"} or name in listed:
            yield "files-entry", here
        elif not _inside(name):
            yield "files-url", f"{here}.url"
        else:
            listed[name] = entry
            yield from _true_of(folder / name, entry, here)
    present = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    yield from _present(present, set(listed))
    named = {name for key in ("output", "deleted") for name, _ in ndjson_files(manifest, key)}
    for name in sorted(present):
        if name.endswith(".ndjson") and name not in named:
            yield "file-not-in-output", ""


def _inside(name: str) -> bool:
    parts_of_it = PurePosixPath(name).parts
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", name) is not None
    return plain and not name.startswith("/") and ".." not in parts_of_it


def _true_of(path: Path, entry: dict[str, Any], here: str) -> Iterator[Breach]:
    if not path.is_file():
        yield "files-missing", here
        return
    content = path.read_bytes()
    if isinstance(entry["size"], bool) or entry["size"] != len(content):
        yield "files-size", f"{here}.size"
    if entry["sha256"] != hashlib.sha256(content).hexdigest():
        yield "files-sha256", f"{here}.sha256"


def _present(present: dict[str, Path], listed: set[str]) -> Iterator[Breach]:
    """Names of files are not quoted: one that is not of the layout may name a person."""
    for name, path in present.items():
        if path.is_symlink():
            yield "file-link", ""
        elif path.is_dir():
            if not any(other.startswith(name + "/") for other in listed):
                yield "file-unnamed", ""
        elif name != "manifest.json" and name not in listed:
            yield "file-unnamed", ""
        laid_out = name == "manifest.json" or any(
            pattern.fullmatch(name) for pattern in (RESOURCES, DELETED, REPORT)
        )
        if path.is_file() and not laid_out:
            yield "file-name", ""


def report_breaches(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the councils' reports: rule, council, path."""
    for council in sorted(path for path in folder.iterdir() if path.is_dir()):
        if not re.fullmatch("[EWSN][0-9]{8}", council.name):
            continue
        table, summary = council / "discrepancies.csv", council / "summary.json"
        if not summary.is_file() or table.is_file() == _says_nothing(summary.read_bytes()):
            yield "report-pair", council.name, ""
        if table.is_file():
            for rule, path in _table(table.read_bytes(), council.name):
                yield rule, council.name, path
        if summary.is_file() and not _is_object(summary.read_bytes()):
            yield "report-summary", council.name, "summary.json"


def _says_nothing(summary: bytes) -> bool:
    """Say whether a council was not assessed: an empty table would say that all is well."""
    try:
        told = read_json(summary)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("assessed_for_this_export") is False


def _is_object(content: bytes) -> bool:
    try:
        return isinstance(read_json(content), dict)
    except ValueError:
        return False


def _table(content: bytes, council: str) -> Iterator[Breach]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (ValueError, csv.Error):
        yield "report-form", "discrepancies.csv"
        return
    if not rows or tuple(rows[0]) != DISCREPANCY_COLUMNS:
        yield "report-columns", "discrepancies.csv"
        return
    column = DISCREPANCY_COLUMNS.index("local_authority")
    if any(len(row) != len(DISCREPANCY_COLUMNS) for row in rows):
        yield "report-form", "discrepancies.csv"
    elif any(row[column] != council for row in rows[1:]):
        yield "report-council", "discrepancies.csv"
