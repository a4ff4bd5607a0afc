"""Files come whole, once and under plain names, over wires and from servers that misbehave."""

import errno
import hashlib
import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import psutil
import pytest
from servers.sftp import Keys, Server, in_process, wire

from connectors.sftp import part
from connectors.sftp.faults import Fault, SftpLater, SftpRefused
from connectors.sftp.inbox import Inbox
from connectors.sftp.names import LeftBecause, is_plain
from connectors.sftp.part import Part, RemoteFile, sweep
from connectors.sftp.place import SftpPlace, Timeouts

pytestmark = pytest.mark.server
PlaceOf = Callable[..., SftpPlace]
InboxOf = Callable[[SftpPlace], Inbox]
MB = 2**20
AT = datetime(2026, 3, 1, 4, 15, tzinfo=UTC)
CUT = 52_428_800


def content(size: int) -> bytes:
    """Return bytes of which no part is like another."""
    return os.urandom(size)


def put(root: Path, name: str, written: bytes, *, at: int = 1_772_000_000) -> Path:
    """Lay a file into the drop."""
    path = root / name
    path.write_bytes(written)
    os.utime(path, (at, at))
    return path


def names(folder: Path) -> list[str]:
    """Return what lies in a folder, hidden things too."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def only(inbox: Inbox) -> RemoteFile:
    """Return the one file that is listed."""
    (file,) = inbox.list().files
    return file


def fault_of(step: Callable[[], object]) -> Fault:
    """Return what a step ends with; nothing of the server or the disk may be in its chain."""
    with pytest.raises((SftpLater, SftpRefused)) as caught:
        step()
    assert caught.value.__cause__ is None
    chained = caught.value.__context__
    assert chained is None or isinstance(chained, SftpLater | SftpRefused)
    assert "Margaret" not in str(caught.value)
    return caught.value.fault


@pytest.mark.parametrize("size", [0, 1, 32_768, 40_000, 3 * MB])
def test_a_file_comes_whole_with_its_time_for_its_owner_only(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, size: int
) -> None:
    written = content(size)
    put(either.root, "portal 2026-03-01.csv", written)
    inbox = inbox_of(place_of(either))
    fetched = inbox.fetch(only(inbox), into)
    assert fetched.path.read_bytes() == written
    assert fetched.sha256 == hashlib.sha256(written).hexdigest()
    assert (fetched.checked, fetched.resumed_at) == (False, 0)
    status = fetched.path.stat()
    assert (stat.S_IMODE(status.st_mode), int(status.st_mtime)) == (0o600, 1_772_000_000)
    assert names(into) == ["portal 2026-03-01.csv"]
    assert names(either.root) == ["portal 2026-03-01.csv"]


def test_a_large_file_comes_fast_enough_and_in_little_memory(
    sshd: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    written = content(80 * MB)
    put(sshd.root, "large.csv", written)
    digest = hashlib.sha256(written).hexdigest()
    del written
    inbox = inbox_of(place_of(sshd))
    file = only(inbox)
    before = psutil.Process().memory_info().rss
    highest = [before]
    write = Part.write

    def watched(self: Part, blocks: Iterator[bytes]) -> None:
        def looked_at() -> Iterator[bytes]:
            for number, block in enumerate(blocks):
                if number % 64 == 0:
                    highest.append(psutil.Process().memory_info().rss)
                yield block

        write(self, looked_at())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Part, "write", watched)
        assert inbox.fetch(file, into).sha256 == digest
    assert max(highest) - before < 64 * MB


@pytest.mark.parametrize(
    "name",
    ["../x", "..", ".", ".hidden", "a/b", "a\\b", "a\0b", "a\nb", "a\rb", "a\tb", "a\x1b[2Jb", ""],
)
def test_a_name_that_could_lead_or_print_elsewhere_is_not_plain(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize(
    "name",
    ["a\x7fb", "a\u202eb", "a\u2028b", "a\udc80b", " a", "a ", "x" * 201, "é" * 101],
)
def test_a_name_that_could_do_harm_is_not_plain(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize("name", ["a", "portal 2026-03-01.csv", "Zoë.xlsx", "x" * 200, "-rf", "~a"])
def test_other_names_are_plain(name: str) -> None:
    assert is_plain(name)


class Evil(asyncssh.SFTPServer):
    """Lists what lies nowhere near its folder."""

    NAMES = ("../Margaret", "..\\Margaret", "/etc/passwd", "Margaret\nSmith", ".Margaret", "m\0n")

    async def scandir(self, path: bytes) -> object:
        attributes = asyncssh.SFTPAttrs(size=1, permissions=stat.S_IFREG | 0o644, atime=1, mtime=1)
        for name in (".", "..", *self.NAMES, "good name.csv"):
            yield asyncssh.SFTPName(name.encode(), attrs=attributes)


def test_no_path_of_the_server_is_trusted_and_none_is_repeated(
    root: Path, keys: Keys, place_of: PlaceOf, inbox_of: InboxOf
) -> None:
    with in_process(root, keys, factory=Evil) as server:
        listing = inbox_of(place_of(server)).list()
    assert [file.name for file in listing.files] == ["good name.csv"]
    assert listing.left == {LeftBecause.NAME: len(Evil.NAMES)}
    assert "Margaret" not in repr(listing)


def test_only_plain_files_that_are_finished_and_wanted_are_listed(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf
) -> None:
    for name in ("a.csv", "b.csv.part", "c.TMP", "d.csv.filepart", "e\nf.csv", "g.pdf", ".h"):
        put(either.root, name, b"x")
    put(either.root, "a.csv.sha256", b"x")
    put(either.root, "huge.csv", b"xx")
    (either.root / "folder.csv").mkdir()
    (either.root / "link.csv").symlink_to("/etc/passwd")
    os.mkfifo(either.root / "pipe.csv")
    listing = inbox_of(place_of(either, wanted=r".*\.csv", most_bytes=1)).list()
    assert [file.name for file in listing.files] == ["a.csv"]
    assert listing.left == {
        LeftBecause.NAME: 2,
        LeftBecause.NOT_A_FILE: 3,
        LeftBecause.BEING_WRITTEN: 3,
        LeftBecause.NOT_WANTED: 1,
        LeftBecause.TOO_LARGE: 1,
    }


def test_a_name_in_another_encoding_is_for_the_keeper_to_mend(
    sshd: Server, place_of: PlaceOf, inbox_of: InboxOf
) -> None:
    Path(os.fsdecode(bytes(sshd.root) + b"/Margaret Zo\xeb.csv")).write_bytes(b"x")
    assert fault_of(inbox_of(place_of(sshd)).list) is Fault.NAMES_UNREADABLE


def test_a_folder_that_is_not_there_or_not_ours_is_for_somebody_to_mend(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, keys: Keys, root: Path
) -> None:
    class Strict(asyncssh.SFTPServer):
        def scandir(self, path: bytes) -> object:
            raise asyncssh.SFTPPermissionDenied("Margaret")

    assert fault_of(inbox_of(place_of(server, folder="nowhere")).list) is Fault.NO_FOLDER
    with in_process(root, keys, factory=Strict) as strict:
        assert fault_of(inbox_of(place_of(strict)).list) is Fault.NOT_ALLOWED


def test_files_that_are_still_being_written_are_left_until_they_are_stable(
    server: Server, place_of: PlaceOf, waits: list[float], inbox_of: InboxOf
) -> None:
    put(server.root, "whole.csv", b"x")
    put(server.root, "grows.csv", b"x")
    put(server.root, "touched.csv", b"x")
    inbox = inbox_of(place_of(server))

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        put(server.root, "grows.csv", b"xx")
        put(server.root, "touched.csv", b"x", at=1_772_000_001)
        put(server.root, "new.csv", b"x")

    inbox.sleep = meanwhile
    listing = inbox.stable(7)
    assert [file.name for file in listing.files] == ["whole.csv"]
    assert listing.left == {LeftBecause.BEING_WRITTEN: 3}
    assert waits == [7]


def test_nothing_is_waited_for_in_an_empty_folder(
    server: Server, place_of: PlaceOf, waits: list[float], inbox_of: InboxOf
) -> None:
    assert inbox_of(place_of(server)).stable().files == ()
    assert waits == []


def test_a_download_that_is_cut_at_half_goes_on_where_it_stopped(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, waits: list[float]
) -> None:
    written = content(CUT)
    put(either.root, "large.csv", written)
    with wire(either.port, cut_after=[CUT // 2]) as bad:
        inbox = inbox_of(place_of(replace(either, port=bad.port)))
        fetched = inbox.fetch(only(inbox), into)
    assert fetched.sha256 == hashlib.sha256(written).hexdigest()
    assert len(waits) == 1
    assert CUT * 0.4 < fetched.resumed_at <= CUT // 2
    assert bad.carried[1] < CUT * 0.65
    assert names(into) == ["large.csv"]


def test_after_the_last_try_the_next_run_goes_on(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    written = content(3 * MB)
    put(server.root, "large.csv", written)
    with wire(server.port, cut_after=[MB, MB // 2, MB // 4, MB // 4]) as bad:
        inbox = inbox_of(place_of(replace(server, port=bad.port)))
        file = only(inbox)
        assert fault_of(lambda: inbox.fetch(file, into)) is Fault.CUT_OFF
        assert len(bad.carried) == 4
        (kept,) = into.iterdir()
        had = kept.stat().st_size
        assert MB < had < 2.1 * MB
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        fetched = inbox.fetch(file, into)
    assert fetched.resumed_at == had
    assert fetched.path.read_bytes() == written
    assert names(into) == ["large.csv"]


def test_a_server_that_falls_silent_in_the_middle_is_given_up_and_tried_again(
    sshd: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, waits: list[float]
) -> None:
    written = content(3 * MB)
    put(sshd.root, "large.csv", written)
    with wire(sshd.port, cut_after=[MB], mute=True) as bad:
        limits = Timeouts(read=0.5)
        inbox = inbox_of(place_of(replace(sshd, port=bad.port), timeouts=limits))
        fetched = inbox.fetch(only(inbox), into)
    assert fetched.path.read_bytes() == written
    assert fetched.resumed_at > 0
    assert len(waits) == 1


def test_a_file_that_changed_since_the_last_part_starts_anew(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    put(server.root, "large.csv", content(MB))
    inbox = inbox_of(place_of(server))
    with Part(inbox.place, only(inbox), into) as old:
        old.write([content(MB // 2)])
    changed = content(MB)
    put(server.root, "large.csv", changed, at=1_772_000_009)
    fetched = inbox.fetch(only(inbox), into)
    assert (fetched.resumed_at, fetched.path.read_bytes() == changed) == (0, True)
    assert names(into) == [old.path.name, "large.csv"]
    sweep(inbox.place, into, still_there=inbox.list().files)
    assert names(into) == ["large.csv"]


def test_parts_of_other_places_and_of_files_still_there_are_kept(
    server: Server, place_of: PlaceOf, into: Path
) -> None:
    place = place_of(server)
    file = RemoteFile(name="a.csv", size_bytes=5, modified_at=1)
    with Part(place, file, into) as mine, Part(replace(place, folder="b"), file, into) as other:
        pass
    sweep(place, into, still_there=[file])
    assert names(into) == sorted([mine.path.name, other.path.name])
    sweep(place, into, still_there=[])
    assert names(into) == [other.path.name]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    put(server.root, "a.csv", b"short")
    inbox = inbox_of(place_of(server))
    with Part(inbox.place, only(inbox), into) as longer:
        longer.write([b"much longer"])
    assert inbox.fetch(only(inbox), into).path.read_bytes() == b"short"


def test_a_part_that_another_run_is_filling_is_left_to_it(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    put(server.root, "Margaret.csv", b"x")
    inbox = inbox_of(place_of(server))
    with Part(inbox.place, only(inbox), into):
        assert fault_of(lambda: inbox.fetch(only(inbox), into)) is Fault.IN_USE
    assert inbox.fetch(only(inbox), into).path.read_bytes() == b"x"


def test_a_link_in_the_place_of_a_part_is_not_followed(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, tmp_path: Path
) -> None:
    put(server.root, "a.csv", b"x")
    inbox = inbox_of(place_of(server))
    into.mkdir()
    Part(inbox.place, only(inbox), into).path.symlink_to(tmp_path / "elsewhere")
    assert fault_of(lambda: inbox.fetch(only(inbox), into)) is Fault.NOT_WRITABLE
    assert not (tmp_path / "elsewhere").exists()


class Growing(asyncssh.SFTPServer):
    """Appends to a file while it is read."""

    def read(self, file_obj: object, offset: int, size: int) -> object:
        path = Path(os.fsdecode(self.map_path(b"/Margaret.csv")))
        if offset and path.stat().st_size == MB:
            with path.open("ab") as growing:
                growing.write(b"more")
        return super().read(file_obj, offset, size)


class Shrinking(asyncssh.SFTPServer):
    """Cuts a file while it is read."""

    def read(self, file_obj: object, offset: int, size: int) -> object:
        if offset:
            os.truncate(os.fsdecode(self.map_path(b"/Margaret.csv")), MB // 2)
        return super().read(file_obj, offset, size)


class Vanishing(asyncssh.SFTPServer):
    """Lets a file go while it is read."""

    def read(self, file_obj: object, offset: int, size: int) -> object:
        Path(os.fsdecode(self.map_path(b"/Margaret.csv"))).unlink(missing_ok=True)
        return super().read(file_obj, offset, size)


@pytest.mark.parametrize(
    ("factory", "fault"),
    [
        (Growing, Fault.CHANGED_WHILE_READ),
        (Shrinking, Fault.CHANGED_WHILE_READ),
        (Vanishing, Fault.GONE),
    ],
)
def test_nothing_is_taken_of_a_file_that_changes_while_it_is_read(
    root: Path,
    keys: Keys,
    place_of: PlaceOf,
    inbox_of: InboxOf,
    into: Path,
    waits: list[float],
    factory: type[asyncssh.SFTPServer],
    fault: Fault,
) -> None:
    put(root, "Margaret.csv", content(MB))
    with in_process(root, keys, factory=factory) as server:
        inbox = inbox_of(place_of(server))
        file = only(inbox)
        assert fault_of(lambda: inbox.fetch(file, into)) is fault
    assert names(into) == []
    assert waits == []


@pytest.mark.parametrize("change", ["grow", "touch", "remove", "link"])
def test_a_file_that_changed_since_it_was_listed_is_left_for_the_next_run(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, change: str
) -> None:
    path = put(either.root, "Margaret.csv", b"x")
    inbox = inbox_of(place_of(either))
    file = only(inbox)
    if change == "grow":
        put(either.root, "Margaret.csv", b"xx")
    elif change == "touch":
        put(either.root, "Margaret.csv", b"x", at=1_772_000_001)
    else:
        path.unlink()
    if change == "link":
        path.symlink_to("/etc/hostname")
    expected = Fault.GONE if change == "remove" else Fault.CHANGED_WHILE_READ
    assert fault_of(lambda: inbox.fetch(file, into)) is expected
    assert names(into) == []


def test_a_file_that_we_may_not_read_is_for_the_keeper_to_allow(
    root: Path, keys: Keys, place_of: PlaceOf, inbox_of: InboxOf, into: Path, waits: list[float]
) -> None:
    class Strict(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: object) -> object:
            raise asyncssh.SFTPPermissionDenied("Margaret")

    put(root, "Margaret.csv", b"x")
    with in_process(root, keys, factory=Strict) as server:
        inbox = inbox_of(place_of(server))
        file = only(inbox)
        assert fault_of(lambda: inbox.fetch(file, into)) is Fault.NOT_ALLOWED
    assert waits == []


def test_a_refusal_without_a_reason_is_left_for_the_next_run(
    root: Path, keys: Keys, place_of: PlaceOf, inbox_of: InboxOf, waits: list[float]
) -> None:
    class Broken(asyncssh.SFTPServer):
        def scandir(self, path: bytes) -> object:
            raise asyncssh.SFTPFailure("Margaret")

    with in_process(root, keys, factory=Broken) as server:
        assert fault_of(inbox_of(place_of(server)).list) is Fault.SERVER_FAILED
    assert waits == []


@pytest.mark.parametrize(
    "line", ["{sum}", "{sum}  a.csv\n", "{SUM} *a.csv\r\n", "SHA256 (a) = {sum}"]
)
def test_a_sum_beside_a_file_is_checked(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, line: str
) -> None:
    written = content(MB)
    put(either.root, "a.csv", written)
    digest = hashlib.sha256(written).hexdigest()
    put(either.root, "a.csv.sha256", line.format(sum=digest, SUM=digest.upper()).encode())
    inbox = inbox_of(place_of(either))
    assert inbox.fetch(only(inbox), into).checked


@pytest.mark.parametrize("said", ["0" * 64, "", "nonsense", f"{'1' * 64} a\n{'2' * 64} b\n"])
def test_a_file_that_is_not_what_the_sum_beside_it_says_is_refused(
    server: Server,
    place_of: PlaceOf,
    inbox_of: InboxOf,
    into: Path,
    said: str,
    waits: list[float],
) -> None:
    put(server.root, "Margaret.csv", b"x")
    put(server.root, "Margaret.csv.sha256", said.encode())
    inbox = inbox_of(place_of(server))
    assert fault_of(lambda: inbox.fetch(only(inbox), into)) is Fault.CHECKSUM_DIFFERS
    assert names(into) == []
    assert waits == []


def test_a_beginning_that_belongs_to_something_else_is_fetched_again(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    written = content(MB)
    put(server.root, "a.csv", written)
    put(server.root, "a.csv.sha256", hashlib.sha256(written).hexdigest().encode())
    inbox = inbox_of(place_of(server))
    with Part(inbox.place, only(inbox), into) as wrong:
        wrong.write([content(MB // 2)])
    assert inbox.fetch(only(inbox), into).path.read_bytes() == written


def test_a_disk_that_fills_up_ends_the_fetch_and_gets_its_room_back(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path, waits: list[float]
) -> None:
    put(either.root, "Margaret.csv", content(3 * MB))
    inbox = inbox_of(place_of(either))
    file = only(inbox)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, hard))
    try:
        assert fault_of(lambda: inbox.fetch(file, into)) is Fault.DISK_FULL
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(into) == []
    assert waits == []


@pytest.fixture
def small_disk(into: Path) -> Iterator[Path]:
    """Mount a disk of a megabyte, or skip where that is not for us to do."""
    into.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(into)]
    mounted = shutil.which("mount") and subprocess.run(["mount", *options], check=False)
    if not mounted or mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    yield into
    subprocess.run(["umount", str(into)], check=True)


@pytest.mark.parametrize("told", [True, False], ids=["told before", "found out"])
def test_a_small_disk_is_full(
    sshd: Server,
    place_of: PlaceOf,
    inbox_of: InboxOf,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told: bool,
) -> None:
    put(sshd.root, "Margaret.csv", content(3 * MB))
    if not told:
        room = shutil.disk_usage("/")._replace(free=10 * MB)
        monkeypatch.setattr(part.shutil, "disk_usage", lambda _: room)
    inbox = inbox_of(place_of(sshd))
    assert fault_of(lambda: inbox.fetch(only(inbox), small_disk)) is Fault.DISK_FULL
    assert names(small_disk) == []
    assert shutil.disk_usage(small_disk).used == 0 or not told


def test_a_folder_that_cannot_be_written_is_for_somebody_to_mend(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    put(server.root, "Margaret.csv", b"x")
    into.write_bytes(b"a file where the folder should be")
    inbox = inbox_of(place_of(server))
    assert fault_of(lambda: inbox.fetch(only(inbox), into)) is Fault.NOT_WRITABLE


def test_a_name_is_repeated_only_where_such_names_are_expected(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    for name in ("portal_1.csv", "Margaret.csv"):
        put(server.root, name, b"x")
        put(server.root, f"{name}.sha256", b"")
    for place, said in (
        (place_of(server), "A file in the drop"),
        (place_of(server, wanted=r"portal_\d\.csv"), "Portal_1.csv in the drop"),
    ):
        inbox = inbox_of(place)
        with pytest.raises(SftpRefused, match=f"^{said}"):
            inbox.fetch(inbox.list().files[-1], into)


def test_a_file_that_was_taken_is_moved_away_and_overwrites_nothing(
    either: Server, place_of: PlaceOf, inbox_of: InboxOf, into: Path
) -> None:
    done = either.root / "done"
    done.mkdir()
    inbox = inbox_of(place_of(either, done_folder=f"{either.folder}/done"))
    for version in (b"one", b"two"):
        put(either.root, "a.csv", version)
        put(either.root, "a.csv.sha256", hashlib.sha256(version).hexdigest().encode())
        file = only(inbox)
        inbox.fetch(file, into)
        inbox.put_away(file, at=AT)
        assert names(either.root) == ["done"]
    kept = [path for path in done.iterdir() if path.suffix == ".csv"]
    assert {path.read_bytes() for path in kept} == {b"one", b"two"}
    assert all(path.name.startswith("20260301T041500Z-") for path in kept)
    assert all(path.with_name(f"{path.name}.sha256").exists() for path in kept)


def test_without_a_done_folder_nothing_is_moved(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf
) -> None:
    put(server.root, "a.csv", b"x")
    inbox = inbox_of(place_of(server))
    inbox.put_away(only(inbox), at=AT)
    assert names(server.root) == ["a.csv"]


def test_a_file_that_changed_after_it_was_taken_stays(
    server: Server, place_of: PlaceOf, inbox_of: InboxOf
) -> None:
    (server.root / "done").mkdir()
    put(server.root, "Margaret.csv", b"x")
    inbox = inbox_of(place_of(server, done_folder="done"))
    file = only(inbox)
    put(server.root, "Margaret.csv", b"xx")
    assert fault_of(lambda: inbox.put_away(file, at=AT)) is Fault.CHANGED_WHILE_READ
    assert names(server.root / "done") == []


def test_a_move_whose_answer_was_lost_is_not_made_twice(
    root: Path, keys: Keys, place_of: PlaceOf, inbox_of: InboxOf, waits: list[float]
) -> None:
    moved: list[bytes] = []

    class Dropping(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> object:
            answer = super().posix_rename(oldpath, newpath)
            moved.append(newpath)
            if len(moved) == 1:
                self.channel.get_connection().abort()
            return answer

    (root / "done").mkdir()
    put(root, "a.csv", b"x")
    put(root, "a.csv.sha256", b"x")
    with in_process(root, keys, factory=Dropping) as server:
        inbox = inbox_of(place_of(server, done_folder="done"))
        inbox.put_away(only(inbox), at=AT)
    assert len(moved) == len(names(root / "done")) == 2
    assert len(waits) == 1


def test_what_the_disk_says_tells_full_from_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.sftp.faults import while_writing

    full = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG]
    assert {while_writing(OSError(code, "x")) for code in full} == {Fault.DISK_FULL}
    assert while_writing(OSError(errno.EACCES, "x")) is Fault.NOT_WRITABLE
