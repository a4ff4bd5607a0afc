import errno
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from filelock import lock_descriptor

from publishing import folder as folders
from publishing.folder import mend_folder, replace_folder, write_files
from schemas.errors import WrongUsage

NAMES = ("first.csv", "second.csv", "last.csv")


class KilledError(BaseException):
    """Stands for the moment at which a process is killed: nothing after it runs."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kill_at(monkeypatch, step: int) -> None:
    """Let the process die before its `step`-th change to the disk."""
    left = [step]

    def dying(change):
        def change_or_die(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return change(*args, **kwargs)

        return change_or_die

    for owner, name in (
        (Path, "rename"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"),
        (folders.shutil, "rmtree"), (folders.tempfile, "mkstemp"), (os, "fsync"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))


def test_files_are_written_for_their_owner_only(tmp_path):
    write_files(tmp_path / "deep" / "out", {"a.csv": b"1"}, instead_of=NAMES)
    assert contents(tmp_path / "deep" / "out") == {"a.csv": b"1"}
    assert mode(tmp_path / "deep" / "out") == 0o700
    assert mode(tmp_path / "deep" / "out" / "a.csv") == 0o600


def test_files_of_another_night_go_and_files_of_others_stay(tmp_path):
    for name in (*NAMES, "notes.txt"):
        (tmp_path / name).write_bytes(b"old")
    write_files(tmp_path, {"first.csv": b"new"}, instead_of=NAMES)
    assert contents(tmp_path) == {"first.csv": b"new", "notes.txt": b"old"}


def test_wherever_writing_is_killed_the_last_file_means_that_all_are_there(tmp_path):
    old, new = dict.fromkeys(NAMES, b"old"), dict.fromkeys(NAMES, b"new")
    for step in range(100):
        out = tmp_path / str(step)
        write_files(out, old, instead_of=NAMES)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step)
            try:
                write_files(out, new, instead_of=NAMES)
            except KilledError:
                killed = True
            else:
                killed = False
        found = {name: (out / name).read_bytes() for name in NAMES if (out / name).exists()}
        if "last.csv" in found:
            assert found in (old, new)
        write_files(out, new, instead_of=NAMES)
        assert {name: (out / name).read_bytes() for name in NAMES} == new
        if not killed:
            break
    assert step > 10
    assert not killed


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "2026-11-20"
    replace_folder(target, {"old.csv": b"1", "both.csv": b"1"})
    replace_folder(target, {"both.csv": b"2"})
    assert contents(target) == {"both.csv": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11-20"]
    assert (mode(target), mode(target / "both.csv")) == (0o700, 0o600)


def test_wherever_replacing_is_killed_the_folder_is_old_or_new_after_mending(tmp_path):
    old, new = {"a.csv": b"old", "gone.csv": b"old"}, {"a.csv": b"new"}
    for step in range(100):
        target = tmp_path / str(step) / "2026-11-20"
        replace_folder(target, old)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step)
            try:
                replace_folder(target, new)
            except KilledError:
                killed = True
            else:
                killed = False
        if target.exists():
            assert contents(target) in (old, new)
        mend_folder(target)
        assert contents(target) in (old, new)
        assert [path.name for path in target.parent.iterdir()] == ["2026-11-20"]
        replace_folder(target, new)
        assert contents(target) == new
        if not killed:
            break
    assert step > 5
    assert not killed


def test_a_disk_that_is_full_leaves_no_unfinished_file(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / ".first.csv.k1ll3d").write_bytes(b"of a run that was killed")
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    write_files(tmp_path, {"first.csv": b"1"}, instead_of=NAMES)
    monkeypatch.setattr(os, "fdopen", opening(os.fdopen, full))
    with pytest.raises(WrongUsage, match="No space left"):
        write_files(tmp_path, {"first.csv": b"1"}, instead_of=NAMES)
    assert list(tmp_path.iterdir()) == []


def opening(fdopen, write):
    """Return an `fdopen` whose files are written by `write`."""

    def opened(*args, **kwargs):
        file = fdopen(*args, **kwargs)
        return mock.MagicMock(
            __enter__=lambda _: mock.Mock(write=write), __exit__=lambda *_: file.close()
        )

    return opened


def test_two_that_write_at_once_take_turns(tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    lock_descriptor(handle)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write_files, tmp_path, {"a.csv": b"1"}, instead_of=NAMES)
        time.sleep(0.3)
        assert not written.done()
        assert list(tmp_path.iterdir()) == []
        os.close(handle)
    assert contents(tmp_path) == {"a.csv": b"1"}


def test_a_place_that_cannot_be_written_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for write in (
        lambda: write_files(tmp_path / "file", {"a.csv": b""}, instead_of=()),
        lambda: replace_folder(tmp_path / "file" / "2026-11-20", {"a.csv": b""}),
    ):
        with pytest.raises(WrongUsage, match=r"cannot be written|Nothing can.*another place"):
            write()
