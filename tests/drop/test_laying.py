"""What lies in a drop decides what is sent, and what was noted decides what is believed."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drop.delivered import FILES, NAME, Notes, NoWay, content, export_of, fault_of

from connectors.drop.drop import Drop
from connectors.drop.faults import LATER, PASSING, SENTENCES, Fault, trouble
from connectors.drop.in_folder import DropFolder, FolderShelf
from schemas.delivery import MANIFEST, Export, ExportFile
from schemas.errors import ContractBreach, PersonNeeded, TryAgainLater

WHOLE = {f"{NAME}/{name}": held for name, held in FILES.items()}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the paths of files that are written."""
    paths: list[str] = []
    write = FolderShelf.write

    def noticed(self: FolderShelf, path: str, held: bytes) -> None:
        paths.append(path.removeprefix(f"{NAME}/"))
        write(self, path, held)

    monkeypatch.setattr(FolderShelf, "write", noticed)
    return paths


def lay(folder: DropFolder, files: dict[str, bytes]) -> None:
    """Lay files into an export's folder."""
    for name, held in files.items():
        path = folder.path / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held)


def begun(*steps: str) -> Notes:
    """Return a journal with these steps."""
    notes = Notes()
    notes.steps = list(steps)
    return notes


def test_an_export_is_laid_whole_with_its_manifest_last(
    folder: DropFolder, written: list[str]
) -> None:
    notes = Notes()
    Drop.at(folder).deliver(export_of(), notes)
    assert content(folder.path) == WHOLE
    assert written == [f"{name}.part" for name in FILES]
    assert notes.steps == ["manifest", "delivered"]
    assert (folder.path / "acknowledgements").is_dir()


def test_others_get_nothing_and_the_group_no_more_than_reading(folder: DropFolder) -> None:
    before = os.umask(0)
    try:
        Drop.at(folder).deliver(export_of(), Notes())
    finally:
        os.umask(before)
    paths = [path for path in folder.path.rglob("*") if path.name != "acknowledgements"]
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o640"}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o750"}


def test_what_was_delivered_is_not_even_looked_at() -> None:
    Drop(NoWay()).deliver(export_of(), begun("manifest", "delivered"))


def test_the_manifest_is_noted_before_it_is_renamed(folder: DropFolder) -> None:
    seen: list[set[str]] = []

    def act(note: Callable[[], None]) -> None:
        seen.append({path.name for path in (folder.path / NAME).glob(f"{MANIFEST}*")})
        note()

    Drop.at(folder).deliver(export_of(), Notes(act))
    assert seen == [{f"{MANIFEST}.part"}, {MANIFEST}]


def test_files_that_lie_there_whole_are_not_sent_again(
    folder: DropFolder, written: list[str]
) -> None:
    lay(folder, {"Patient.ndjson": FILES["Patient.ndjson"], "Task.ndjson.part": b""})
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE
    assert written == ["E06000016/summary.json.part", f"{MANIFEST}.part"]


@pytest.mark.parametrize("wrong", [b"", b"on", b"two\n", b"one\nmore"])
@pytest.mark.parametrize("suffix", ["", ".part"])
def test_a_file_or_part_that_is_wrong_is_replaced(
    folder: DropFolder, written: list[str], wrong: bytes, suffix: str
) -> None:
    lay(folder, {f"Patient.ndjson{suffix}": wrong, f"{MANIFEST}.part": wrong})
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE
    assert len(written) == len(FILES)


def test_parts_beside_whole_files_are_cleared_away(folder: DropFolder) -> None:
    lay(folder, {"Patient.ndjson": FILES["Patient.ndjson"], "Patient.ndjson.part": b"on"})
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE


def test_what_others_laid_there_stays(folder: DropFolder) -> None:
    (folder.path / "theirs").mkdir()
    lay(folder, {"notes.txt": b"theirs"})
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == {**WHOLE, f"{NAME}/notes.txt": b"theirs"}
    assert (folder.path / "theirs").is_dir()


def test_a_link_in_the_place_of_a_part_is_not_followed(folder: DropFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    lay(folder, {})
    (folder.path / NAME).mkdir()
    (folder.path / NAME / "Patient.ndjson.part").symlink_to(elsewhere)
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE
    assert elsewhere.read_bytes() == b"theirs"


@pytest.mark.parametrize("steps", [(), ("manifest",)])
def test_our_manifest_there_says_that_all_is_done(
    folder: DropFolder, written: list[str], steps: tuple[str, ...]
) -> None:
    lay(folder, {MANIFEST: FILES[MANIFEST]})  # its receiver is taking the others
    notes = begun(*steps)
    Drop.at(folder).deliver(export_of(), notes)
    assert (written, notes.steps) == ([], [*steps, "delivered"])
    assert content(folder.path) == {f"{NAME}/{MANIFEST}": FILES[MANIFEST]}


@pytest.mark.parametrize("steps", [(), ("manifest",)])
def test_another_manifest_there_is_for_somebody_to_look_into(
    folder: DropFolder, steps: tuple[str, ...]
) -> None:
    lay(folder, {MANIFEST: b"theirs"})
    notes = begun(*steps)
    fault = fault_of(lambda: Drop.at(folder).deliver(export_of(), notes))
    assert fault == Fault.ANOTHER_MANIFEST
    assert notes.steps == list(steps)
    assert content(folder.path) == {f"{NAME}/{MANIFEST}": b"theirs"}


@pytest.mark.parametrize("steps", [(), ("manifest",)])
def test_what_was_acknowledged_was_delivered(folder: DropFolder, steps: tuple[str, ...]) -> None:
    (folder.path / "acknowledgements").mkdir()
    (folder.path / "acknowledgements" / f"{NAME}.json").write_bytes(b"whatever it says")
    lay(folder, {"Patient.ndjson": b"left over"})
    notes = begun(*steps)
    Drop.at(folder).deliver(export_of(), notes)
    assert notes.steps == [*steps, "delivered"]
    assert len(content(folder.path)) == 2


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "something of theirs"])
def test_an_export_that_is_gone_after_the_manifest_was_noted_was_taken(
    folder: DropFolder, written: list[str], left: str
) -> None:
    (folder.path / "acknowledgements").mkdir()
    if left != "nothing":
        (folder.path / NAME).mkdir()
    if left == "something of theirs":
        lay(folder, {"taken.txt": b"yes"})
    notes = begun("manifest")
    Drop.at(folder).deliver(export_of(), notes)
    assert (written, notes.steps) == ([], ["manifest", "delivered"])


def test_an_export_that_is_gone_before_the_manifest_was_noted_is_sent(folder: DropFolder) -> None:
    Drop.at(folder).deliver(export_of(), Notes())
    shutil.rmtree(folder.path / NAME)
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE


def test_a_manifests_part_that_is_still_there_is_renamed(
    folder: DropFolder, written: list[str]
) -> None:
    lay(folder, {name: held for name, held in FILES.items() if name != MANIFEST})
    lay(folder, {f"{MANIFEST}.part": FILES[MANIFEST]})
    Drop.at(folder).deliver(export_of(), begun("manifest"))
    assert (content(folder.path), written) == (WHOLE, [])


def test_a_manifest_that_got_lost_beside_all_its_files_is_put_again(
    folder: DropFolder, written: list[str]
) -> None:
    lay(folder, {name: held for name, held in FILES.items() if name != MANIFEST})
    Drop.at(folder).deliver(export_of(), begun("manifest"))
    assert (content(folder.path), written) == (WHOLE, [f"{MANIFEST}.part"])


def test_an_export_that_is_half_taken_is_left_to_its_receiver(
    folder: DropFolder, written: list[str]
) -> None:
    lay(folder, {"Patient.ndjson": FILES["Patient.ndjson"]})
    notes = begun("manifest")
    fault = fault_of(lambda: Drop.at(folder).deliver(export_of(), notes))
    assert fault == Fault.BEING_TAKEN
    assert (written, notes.steps) == ([], ["manifest"])
    shutil.rmtree(folder.path / NAME)
    (folder.path / "acknowledgements").mkdir()
    Drop.at(folder).deliver(export_of(), notes)
    assert notes.steps == ["manifest", "delivered"]


def test_a_share_that_is_not_mounted_is_not_taken_for_an_emptied_drop(folder: DropFolder) -> None:
    notes = begun("manifest")
    assert fault_of(lambda: Drop.at(folder).deliver(export_of(), notes)) == Fault.NOT_THE_SAME
    assert notes.steps == ["manifest"]


def test_a_part_that_is_lost_while_it_is_renamed_is_not_taken_for_delivered(
    folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(self: FolderShelf, path: str, *, to: str) -> None:
        if not to.endswith(MANIFEST):
            return rename(self, path, to=to)
        self.remove(path)
        raise trouble(Fault.NOT_ANSWERING, self.place)

    rename = FolderShelf.rename
    drop, notes = Drop.at(folder), Notes()
    drop.reach.retry = replace(drop.reach.retry, sleep=lambda _: None)
    monkeypatch.setattr(FolderShelf, "rename", lost)
    assert fault_of(lambda: drop.deliver(export_of(), notes)) == Fault.GONE
    monkeypatch.undo()
    drop.deliver(export_of(), notes)
    assert content(folder.path) == WHOLE


def test_a_file_of_ours_that_changed_is_not_delivered(folder: DropFolder) -> None:
    changed = replace(export_of(), read=lambda name: b"Margaret")
    assert fault_of(lambda: Drop.at(folder).deliver(changed, Notes())) == Fault.EXPORT_CHANGED
    assert content(folder.path) == {}


def test_what_reads_back_otherwise_is_not_delivered(
    folder: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flipped(self: FolderShelf, path: str, held: bytes) -> None:
        write(self, path, held[:-1] + b"?")

    write = FolderShelf.write
    monkeypatch.setattr(FolderShelf, "write", flipped)
    fault = fault_of(lambda: Drop.at(folder).deliver(export_of(), Notes()))
    assert fault == Fault.WRITTEN_DIFFERS
    assert content(folder.path) == {}


def one(name: str) -> ExportFile:
    return ExportFile(name=name, size_bytes=0, sha256="")


UNSAFE = ["", ".", "..", "../a", "a/..", "/a", "a//b", "a/b/c", "a b", "a\n", "é", ".a", "a.part"]


@pytest.mark.parametrize("name", UNSAFE)
def test_a_file_name_that_could_lead_elsewhere_is_a_fault_of_ours(name: str) -> None:
    export = Export(name=NAME, files=(one(name), one(MANIFEST)), read=lambda _: b"")
    with pytest.raises(ContractBreach, match="1 of its files"):
        Drop(NoWay()).deliver(export, Notes())


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a", ".a", "a b", "acknowledgements", "a\n"])
def test_an_export_name_that_could_lead_elsewhere_is_a_fault_of_ours(name: str) -> None:
    with pytest.raises(ContractBreach):
        Drop(NoWay()).deliver(export_of(name=name), Notes())
    with pytest.raises(ContractBreach):
        Drop(NoWay()).acknowledgement(name)


@pytest.mark.parametrize("names", [[], ["a"], [MANIFEST, "a"], ["a", "A", MANIFEST]])
def test_an_export_without_a_manifest_at_its_end_is_a_fault_of_ours(names: list[str]) -> None:
    export = Export(name=NAME, files=tuple(map(one, names)), read=lambda _: b"")
    with pytest.raises(ContractBreach, match=r"is there twice|the manifest is not the last"):
        Drop(NoWay()).deliver(export, Notes())


def test_every_fault_has_a_sentence_and_a_family(folder: DropFolder) -> None:
    assert set(SENTENCES) == set(Fault)
    for fault in Fault:
        said: Any = trouble(fault, folder, what="x")
        assert isinstance(said, TryAgainLater if fault in LATER else PersonNeeded)
        assert getattr(said, "soon", False) is (fault in PASSING)


def test_a_drop_that_is_known_and_empty_may_be_another_one(folder: DropFolder) -> None:
    known = Drop.at(folder, known=True)
    assert fault_of(lambda: known.deliver(export_of(), Notes())) == Fault.NOT_THE_SAME
    assert content(folder.path) == {}
    Drop.at(folder).deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE
    known.deliver(export_of(), Notes())
    assert content(folder.path) == WHOLE
