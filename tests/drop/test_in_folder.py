"""What a disk or a network share says is told in our words, to whoever must act."""

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from drop.delivered import FILES, NAME, Notes, content, export_of, fault_of, large

from connectors.drop.drop import Drop
from connectors.drop.faults import Fault
from connectors.drop.in_folder import DropFolder
from connectors.retry import Retry

MB = 2**20


def broken(monkeypatch: pytest.MonkeyPatch, code: int, *, times: int = 1_000) -> None:
    """Let the disk refuse to see files onto it, so many times."""
    left = [times]
    fsync = os.fsync

    def refuse(handle: int) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(code, "Margaret", "Margaret.ndjson")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuse)


def drop_at(folder: DropFolder, waits: list[float]) -> Drop:
    return Drop.at(folder, retry=Retry(sleep=waits.append))


@pytest.mark.parametrize(
    ("code", "fault", "tries"),
    [
        (errno.ENOSPC, Fault.FULL, 1),
        (errno.EDQUOT, Fault.FULL, 1),
        (errno.EACCES, Fault.NOT_ALLOWED, 1),
        (errno.EROFS, Fault.NOT_ALLOWED, 1),
        (errno.ENOENT, Fault.GONE, 1),
        (errno.EIO, Fault.NOT_ANSWERING, 4),
        (errno.ESTALE, Fault.NOT_ANSWERING, 4),
    ],
)
def test_what_a_disk_says_is_told_in_our_words(
    folder: DropFolder,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    fault: Fault,
    tries: int,
) -> None:
    broken(monkeypatch, code)
    assert fault_of(lambda: drop_at(folder, waits).deliver(export_of(), Notes())) == fault
    assert len(waits) == tries - 1
    assert content(folder.path) == {}


def test_a_share_that_stumbles_is_asked_again(
    folder: DropFolder, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, errno.EIO, times=3)
    drop_at(folder, waits).deliver(export_of(), Notes())
    assert len(content(folder.path)) == len(FILES)
    assert 1 <= len(waits) <= 3


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_folder_that_is_not_there_is_never_made(
    tmp_path: Path, waits: list[float], kind: str
) -> None:
    place = DropFolder(name="the drop", path=tmp_path / "nowhere", keeper="Anna")
    if kind == "a file":
        place.path.write_bytes(b"")
    notes = Notes()
    assert fault_of(lambda: drop_at(place, waits).deliver(export_of(), notes)) == Fault.NO_FOLDER
    assert fault_of(lambda: drop_at(place, waits).acknowledgement(NAME)) == Fault.NO_FOLDER
    assert (notes.steps, place.path.is_dir()) == ([], False)


def test_a_file_too_large_for_the_disk_leaves_its_room(
    folder: DropFolder, waits: list[float]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, hard))
    try:
        drop = drop_at(folder, waits)
        assert fault_of(lambda: drop.deliver(export_of(large(3 * MB)), Notes())) == Fault.FULL
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(folder.path) == {}


@pytest.fixture
def small_disk(folder: DropFolder) -> Iterator[DropFolder]:
    """Mount a disk of a megabyte, or skip where that is not for us to do."""
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder.path)]
    mounted = shutil.which("mount") and subprocess.run(["mount", *options], check=False)
    if not mounted or mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder.path)], check=True)


def test_a_full_disk_gets_its_room_back_and_the_next_run_goes_on(
    small_disk: DropFolder, waits: list[float]
) -> None:
    drop, notes, files = drop_at(small_disk, waits), Notes(), large(3 * MB // 4)
    full = small_disk.path / "theirs"
    full.write_bytes(bytes(MB // 2))
    assert fault_of(lambda: drop.deliver(export_of(files), notes)) == Fault.FULL
    assert content(small_disk.path) == {"theirs": bytes(MB // 2)}
    full.unlink()
    drop.deliver(export_of(files), notes)
    assert content(small_disk.path) == {f"{NAME}/{name}": held for name, held in files.items()}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_we_may_not_write_is_for_its_keeper_to_open(
    folder: DropFolder, waits: list[float]
) -> None:
    folder.path.chmod(0o500)
    fault = fault_of(lambda: drop_at(folder, waits).deliver(export_of(), Notes()))
    folder.path.chmod(0o700)
    assert fault == Fault.NOT_ALLOWED
