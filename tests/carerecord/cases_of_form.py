"""What may be wrong with the files of an export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from carerecord.examples import (
    BASE,
    BORIS,
    COUNCIL_GSS,
    FINISHED,
    bundle,
)
from carerecord.spoiling import (
    Case,
    Spoil,
    line,
    of_bytes,
    of_folder,
    of_manifest,
    put,
    report,
)


def _raw_manifest(change: Callable[[str], str]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(change(path.read_text("utf-8")), "utf-8")

    return of_folder(spoil)


def _under(content: dict[str, Any], index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = content["extension"]["files"][index]
    return found


def _link(folder: Path) -> None:
    path = folder / "Patient.ndjson"
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


def _list_unlisted(manifest: dict[str, Any]) -> None:
    manifest["output"] = [one for one in manifest["output"] if one["type"] != "Task"]


PATIENTS = "Patient.ndjson"
FORM: list[Case] = [
    ("there is no manifest", "manifest", of_folder(lambda it: (it / "manifest.json").unlink())),
    ("the manifest is cut", "manifest", _raw_manifest(lambda it: it[:-5])),
    ("a key of it twice", "manifest", _raw_manifest(lambda it: '{"error": [], ' + it[1:])),
    (
        "a time with an offset",
        "manifest-time",
        of_manifest(lambda it: it.update(transactionTime="2026-03-02T06:15:00+00:00")),
    ),
    (
        "another folder name",
        "folder-name",
        of_manifest(lambda it: it.update(transactionTime="2026-03-02T06:15:01Z")),
    ),
    ("no list of deletions", "manifest-keys", of_manifest(lambda it: it.pop("deleted"))),
    ("a key more", "manifest-keys", of_manifest(lambda it: it.update(note="x"))),
    ("a path as request", "manifest-request", of_manifest(lambda it: it.update(request="/feed"))),
    (
        "a token of words",
        "manifest-token",
        of_manifest(lambda it: it.update(requiresAccessToken="true")),
    ),
    ("an error", "manifest-error", of_manifest(lambda it: it.update(error=[{}]))),
    ("output is no list", "manifest-entry", of_manifest(lambda it: it.update(output={}))),
    ("no count", "manifest-entry", of_manifest(lambda it: it["output"][0].pop("count"))),
    (
        "one line too many counted",
        "manifest-count",
        of_manifest(lambda it: it["output"][0].update(count=3)),
    ),
    (
        "an absolute url",
        "manifest-url",
        of_manifest(lambda it: it["output"][0].update(url=BASE + "Organization.ndjson")),
    ),
    (
        "a url out of the folder",
        "manifest-url",
        of_manifest(lambda it: it["output"][0].update(url="../Organization.ndjson")),
    ),
    (
        "a file twice in output",
        "manifest-url-twice",
        of_manifest(lambda it: it["output"].append(it["output"][0])),
    ),
    (
        "another type than the file's",
        "manifest-type",
        of_manifest(lambda it: it["output"][0].update(type="Patient")),
    ),
    (
        "a file that did not come",
        "manifest-missing",
        of_manifest(
            lambda it: it["output"].append({"type": "Task", "url": "Task-0002.ndjson", "count": 1})
        ),
    ),
    (
        "_since in a full export",
        "manifest-since",
        of_manifest(lambda it: it.update(request=it["request"] + "?_since=2026-03-01T06:15:00Z")),
    ),
    ("no list of files", "files-list", of_manifest(lambda it: it["extension"].clear())),
    (
        "a file listed twice",
        "files-entry",
        of_manifest(lambda it: it["extension"]["files"].append(_under(it))),
    ),
    ("a file without size", "files-entry", of_manifest(lambda it: _under(it).pop("size"))),
    ("a file elsewhere", "files-url", of_manifest(lambda it: _under(it).update(url="../x"))),
    ("a file that is gone", "files-missing", of_folder(lambda it: (it / PATIENTS).unlink())),
    ("a wrong size", "files-size", of_manifest(lambda it: _under(it).update(size=1))),
    ("a changed byte", "files-sha256", of_manifest(lambda it: _under(it).update(sha256="0" * 64))),
    (
        "a hash in capitals",
        "files-sha256",
        of_manifest(lambda it: _under(it).update(sha256=_under(it)["sha256"].upper())),
    ),
    ("a link", "file-link", of_folder(_link)),
    ("a file left over", "file-unnamed", of_folder(lambda it: (it / "x.tmp").write_text("x"))),
    ("an empty folder", "file-unnamed", of_folder(lambda it: (it / "E06000017").mkdir())),
    (
        "the manifest leaves a report out",
        "file-unnamed",
        of_manifest(lambda it: it["extension"]["files"].pop()),
    ),
    ("a file of no known name", "file-name", lambda it: it.reports.update({"notes.txt": b"x"})),
    ("tasks that output leaves out", "file-not-in-output", of_manifest(_list_unlisted)),
    (
        "a council without a summary",
        "report-pair",
        lambda it: it.reports.__delitem__(f"{COUNCIL_GSS}/summary.json"),
    ),
    (
        "a council that was assessed without its table",
        "report-pair",
        lambda it: it.reports.__delitem__(f"{COUNCIL_GSS}/discrepancies.csv"),
    ),
    (
        "an empty table of a council that was not assessed",
        "report-pair",
        report("summary.json", b'{"assessed_for_this_export": false}'),
    ),
    ("a table of other columns", "report-columns", report("discrepancies.csv", b"a,b\n")),
    (
        "a short row in the table",
        "report-form",
        of_bytes(f"{COUNCIL_GSS}/discrepancies.csv", lambda it: it + b"D2,x\n"),
    ),
    (
        "a table in another code",
        "report-form",
        of_bytes(f"{COUNCIL_GSS}/discrepancies.csv", lambda it: it + b"\xff\n"),
    ),
    (
        "another council's row",
        "report-council",
        of_bytes(
            f"{COUNCIL_GSS}/discrepancies.csv", lambda it: it.replace(b"E06000016", b"E06000017")
        ),
    ),
    ("a summary that is a list", "report-summary", report("summary.json", b"[]")),
    ("a byte order mark", "ndjson-bom", of_bytes(PATIENTS, lambda it: b"\xef\xbb\xbf" + it)),
    (
        "lines of Windows",
        "ndjson-carriage-return",
        of_bytes(PATIENTS, lambda it: it.replace(b"\n", b"\r\n")),
    ),
    ("an open last line", "ndjson-last-line", of_bytes(PATIENTS, lambda it: it[:-1])),
    ("a blank line", "ndjson-blank-line", of_bytes(PATIENTS, lambda it: it + b"\n")),
    (
        "Latin-1",
        "ndjson-utf8",
        of_bytes(PATIENTS, lambda it: it.replace(b"Boris", b"Bor\xeds")),
    ),
    ("a cut line", "ndjson-json", of_bytes(PATIENTS, lambda it: it[:-3] + b"\n")),
    (
        "a key twice in a line",
        "ndjson-json",
        of_bytes(
            PATIENTS, lambda it: it.replace(b'"active": true', b'"active": true, "active": true')
        ),
    ),
    (
        "a line of NaN",
        "ndjson-json",
        of_bytes(PATIENTS, lambda it: it.replace(b'"active": true', b'"active": NaN')),
    ),
    ("a task among the people", "ndjson-type", put(BORIS, "resourceType", "Task")),
    (
        "a Bundle of another type",
        "deleted-bundle",
        line("deleted.ndjson", {**bundle(FINISHED), "type": "batch"}),
    ),
    ("a Bundle without entries", "deleted-bundle", line("deleted.ndjson", bundle())),
    (
        "a Bundle that puts",
        "deleted-entry",
        line(
            "deleted.ndjson",
            {**bundle(), "entry": [{"request": {"method": "PUT", "url": FINISHED}}]},
        ),
    ),
    (
        "an entry with a resource",
        "deleted-entry",
        line(
            "deleted.ndjson",
            {**bundle(), "entry": [{**bundle(FINISHED)["entry"][0], "fullUrl": BASE + FINISHED}]},
        ),
    ),
    ("a whole type deleted", "deleted-url", line("deleted.ndjson", bundle("EpisodeOfCare"))),
    ("a delete by search", "deleted-url", line("deleted.ndjson", bundle("Patient?active=false"))),
]
