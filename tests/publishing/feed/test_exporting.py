"""An export's files: their order, their form, and a manifest that covers them."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from feeding import feed, sources, tasks

from publishing.feed import exporting
from publishing.feed.exporting import files_of, name_of, whole
from publishing.feed.resources import ENCODE

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPORTS = {"E06000016/summary.json": b"{}\n", "E06000016/discrepancies.csv": b"type\n"}


def files(*, deleted: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of an export of a small night."""
    resources: dict[str, list[str]] = {}
    for resource in feed(sources({}, {"cpli_id": "C2"}, discrepancies=tasks({}))):
        resources.setdefault(resource["resourceType"], []).append(ENCODE(resource))
    content = whole(resources, deleted, REPORTS)
    return dict(files_of(content, transaction_time=NOON, request="https://example.org"))


def test_the_manifest_comes_last_and_covers_all_others():
    written = files(deleted=("Patient/p", "Task/t", "EpisodeOfCare/e"))
    *others, last = written
    manifest = json.loads(written[last])
    assert last == "manifest.json"
    assert others == [
        *("Organization.ndjson", "Patient.ndjson", "EpisodeOfCare.ndjson", "Task.ndjson"),
        *("deleted.ndjson", "E06000016/discrepancies.csv", "E06000016/summary.json"),
    ]
    assert manifest["extension"]["files"] == [
        {"url": name, "size": len(written[name]), "sha256": sha256(written[name]).hexdigest()}
        for name in others
    ]
    assert [(each["type"], each["count"]) for each in manifest["output"]] == [
        ("Organization", 3),
        ("Patient", 1),
        ("EpisodeOfCare", 2),
        ("Task", 1),
    ]
    assert manifest["deleted"] == [{"type": "Bundle", "url": "deleted.ndjson", "count": 3}]
    gone = [json.loads(line) for line in written["deleted.ndjson"].splitlines()]
    assert [each["entry"][0]["request"]["url"] for each in gone] == [
        *("Task/t", "EpisodeOfCare/e", "Patient/p")
    ]


def test_councils_come_before_providers():
    lines = [json.loads(line) for line in files()["Organization.ndjson"].splitlines()]
    assert [each["type"][0]["coding"][0]["display"] for each in lines[2:]] == [
        "SOCIAL CARE PROVIDER"
    ]
    assert {each["name"] for each in lines[:2]} == {
        "Example City Council",
        "Example County Council",
    }


def test_a_large_type_is_split(monkeypatch: pytest.MonkeyPatch):
    together = files()
    monkeypatch.setattr(exporting, "MOST_LINES", 2)
    split = files()
    parts = [name for name in split if name.startswith("Organization")]
    assert parts == ["Organization-0001.ndjson", "Organization-0002.ndjson"]
    assert b"".join(split[name] for name in parts) == together["Organization.ndjson"]
    output = json.loads(split["manifest.json"])["output"]
    assert [each["count"] for each in output if each["type"] == "Organization"] == [2, 1]
    assert split["EpisodeOfCare.ndjson"] == together["EpisodeOfCare.ndjson"]


def test_a_night_on_which_nothing_changes_is_told_of_all_the_same():
    content = whole({}, (), REPORTS)
    written = dict(files_of(content, transaction_time=NOON, request="https://example.org"))
    manifest = json.loads(written["manifest.json"])
    assert (manifest["output"], manifest["deleted"], manifest["error"]) == ([], [], [])
    assert manifest["transactionTime"] == "2026-11-20T12:00:00Z"
    assert name_of(NOON) == "2026-11-20T120000Z"
