"""The Care Record's side of a drop: takes exports, applies them, and says what it took.

Started as a script, `receiving.py DROP TAKEN`, it takes each export away as soon as its manifest
is there, until it is killed.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
Files = Mapping[str, bytes]


def files_in(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def complete_in(folder: Path) -> list[tuple[str, Files]]:
    """Return the exports in a folder that have their manifest, by name, in their order."""
    found = sorted(folder.glob(f"*/{MANIFEST}"))
    return [(path.parent.name, files_in(path.parent)) for path in found]


def taken_in(folder: Path) -> list[tuple[str, Files]]:
    """Return what the script took, in the order in which it did."""
    return [(name.partition("_")[2], files) for name, files in complete_in(folder)]


def insist_on_whole(files: Files) -> dict[str, Any]:
    """Insist that an export is what its manifest says, and return that."""
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    listed = manifest["extension"]["files"]
    assert {each["url"] for each in listed} | {MANIFEST} == files.keys()
    for each in listed:
        content = files[each["url"]]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (each["size"], each["sha256"])
    for each in (*manifest["output"], *manifest["deleted"]):
        assert files[each["url"]].count(b"\n") == each["count"] > 0
    return manifest


def standing_after(exports: Iterable[tuple[str, Files]]) -> dict[str, str]:
    """Apply exports in their order; return what then stands, as JSON by Type/id."""
    stands: dict[str, str] = {}
    for _, files in exports:
        manifest = insist_on_whole(files)
        for each in manifest["output"]:
            for line in files[each["url"]].decode().splitlines():
                told = json.loads(line)
                stands[f"{told['resourceType']}/{told['id']}"] = line
        for each in manifest["deleted"]:
            for line in files[each["url"]].decode().splitlines():
                for entry in json.loads(line)["entry"]:
                    stands.pop(entry["request"]["url"], None)
        known = {target for line in stands.values() for target in targets_of(json.loads(line))}
        assert known <= stands.keys(), "something refers to what is not there"
    return stands


def targets_of(value: object) -> Iterable[str]:
    """Yield all that a resource refers to."""
    if isinstance(value, Mapping):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from targets_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from targets_of(each)


def acknowledge(
    drop: Path, export: str, *, accepted: int = 1, refused: Iterable[str] = (), text: str = "no"
) -> None:
    """Write what the receiver says of an export, as it is agreed."""
    answer = {
        "export": export,
        "accepted": accepted,
        "refused": [{"reference": each, "code": "invalid", "text": text} for each in refused],
    }
    place = drop / "acknowledgements" / f"{export}.json"
    place.with_suffix(".part").write_text(json.dumps(answer), encoding="utf-8")
    place.with_suffix(".part").rename(place)


def take(drop: Path, taken: Path) -> None:
    """Take away what is complete: the folder at once, or file by file, the manifest last."""
    for manifest in drop.glob(f"*/{MANIFEST}"):
        number = len(list(taken.iterdir()))
        export, target = manifest.parent, taken / f"{number:03}_{manifest.parent.name}"
        if number % 2:
            export.rename(target)
            continue
        shutil.copytree(export, target)
        for path in sorted(export.rglob("*"), key=lambda path: path == manifest):
            if path.is_file():
                path.unlink()
        shutil.rmtree(export)


def main() -> None:
    drop, taken = Path(sys.argv[1]), Path(sys.argv[2])
    while True:
        take(drop, taken)
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
