"""Each folder gets its notice whole, and what is wrong with one keeps no other waiting."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from drop.delivered import NoWay, content, fault_of
from drop.dying import FAULTS, KILLS, Fate, FatedWay, How, KilledError, Receiver
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.places import PlaceOf
from servers.sftp import Keys, Server, free_port, in_process, openssh, wire

from connectors.drop.faults import Fault
from connectors.drop.handing import Hand
from connectors.drop.in_folder import DropFolder, FolderShelf
from connectors.retry import Retry
from connectors.sftp.faults import Fault as SftpFault
from connectors.sftp.place import SftpPlace, Timeouts
from schemas.errors import ContractBreach, TryAgainLater

MB = 2**20
FOLDER = "P0001/2026-11-20"
FILES = {"notice.pdf": b"%PDF", "notice.xlsx": b"PK", "notice.txt": b""}
WHOLE = {f"{FOLDER}/{name}": held for name, held in FILES.items()}
OTHER = "P0002/2026-11-20"
OTHERS = {f"{OTHER}/{name}": held for name, held in FILES.items()}
Place = SftpPlace | DropFolder


@pytest.fixture(params=["a folder", "in process", "OpenSSH"])
def place(request: pytest.FixtureRequest, root: Path, place_of: PlaceOf) -> Place:
    """Return a place that is reached in one way after the other."""
    if request.param == "a folder":
        return DropFolder(name="the drop", path=root)
    listening = {"in process": "server", "OpenSSH": "sshd"}[request.param]
    return place_of(request.getfixturevalue(listening))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the paths of files that are written into a folder."""
    paths: list[str] = []
    write = FolderShelf.write

    def noticed(self: FolderShelf, path: str, held: bytes) -> None:
        paths.append(path)
        write(self, path, held)

    monkeypatch.setattr(FolderShelf, "write", noticed)
    return paths


def hand_at(place: Place, waits: list[float]) -> Hand:
    return Hand.at(place, retry=Retry(sleep=waits.append))


def below(root: Path, files: dict[str, bytes]) -> None:
    """Lay files as somebody else would."""
    for name, held in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(held)


@pytest.mark.server
def test_a_notice_is_laid_whole_and_a_repeat_changes_nothing(
    place: Place, root: Path, waits: list[float]
) -> None:
    with hand_at(place, waits) as hand:
        hand.lay(FOLDER, FILES)
        before = {path: path.stat() for path in root.rglob("*")}
        hand.lay(FOLDER, FILES)
    assert content(root) == WHOLE
    assert {path: path.stat() for path in root.rglob("*")} == before
    assert waits == []


@pytest.mark.server
def test_a_folder_may_have_one_part(place: Place, root: Path, waits: list[float]) -> None:
    with hand_at(place, waits) as hand:
        hand.lay("2026-11-20", FILES)
    assert content(root) == {f"2026-11-20/{name}": held for name, held in FILES.items()}


@pytest.mark.server
@pytest.mark.parametrize("size", [1, 32_768, 3 * MB])
def test_any_size_comes_whole(place: Place, root: Path, waits: list[float], size: int) -> None:
    large = {"notice.pdf": os.urandom(size)}
    with hand_at(place, waits) as hand:
        hand.lay(FOLDER, large)
    assert content(root) == {f"{FOLDER}/notice.pdf": large["notice.pdf"]}


@pytest.mark.server
def test_what_was_left_half_is_finished_and_what_others_laid_there_stays(
    place: Place, root: Path, waits: list[float]
) -> None:
    theirs = {"P0001/theirs.txt": b"theirs", f"{FOLDER}/answer.xlsx": b"theirs"}
    below(root, {**theirs, f"{FOLDER}/notice.pdf": b"%PD", f"{FOLDER}/notice.xlsx.part": b"P"})
    with hand_at(place, waits) as hand:
        hand.lay(FOLDER, FILES)
    assert content(root) == {**WHOLE, **theirs}


def test_only_what_is_missing_is_written(
    folder: DropFolder, written: list[str], waits: list[float]
) -> None:
    below(folder.path, {f"{FOLDER}/notice.pdf": b"%PDF", f"{FOLDER}/notice.xlsx.part": b"PK"})
    hand_at(folder, waits).lay(FOLDER, FILES)
    assert content(folder.path) == WHOLE
    assert written == [f"{FOLDER}/notice.txt.part"]


def test_others_get_nothing_and_the_group_no_more_than_reading(folder: DropFolder) -> None:
    before = os.umask(0)
    try:
        Hand.at(folder).lay(FOLDER, FILES)
    finally:
        os.umask(before)
    paths = list(folder.path.rglob("*"))
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o640"}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o750"}


@pytest.mark.server
@pytest.mark.parametrize("at", ["P0001", FOLDER, f"{FOLDER}/notice.xlsx"])
@pytest.mark.parametrize("kind", ["a file", "a link to a folder"])
def test_what_is_in_the_way_is_left_alone_and_keeps_no_other_waiting(
    place: Place, root: Path, tmp_path: Path, waits: list[float], at: str, kind: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    obstacle = root / at
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    if kind == "a link to a folder" and not at.endswith("xlsx"):
        obstacle.symlink_to(elsewhere)
    elif at.endswith("xlsx"):
        obstacle.mkdir()
    else:
        obstacle.write_bytes(b"theirs")
    with hand_at(place, waits) as hand:
        assert fault_of(lambda: hand.lay(FOLDER, FILES)) == Fault.IN_THE_WAY
        hand.lay(OTHER, FILES)
    assert {name: held for name, held in content(root).items() if name in OTHERS} == OTHERS
    assert (list(elsewhere.iterdir()), waits) == ([], [])
    assert obstacle.is_symlink() or obstacle.is_dir() or obstacle.read_bytes() == b"theirs"


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Take the right to write in a folder away, from root too where the disk can do that."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    done = shutil.which("chattr") and subprocess.run(["chattr", "+i", str(folder)], check=False)
    if not done or done.returncode:
        pytest.skip("root may write everywhere on this disk")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(folder)], check=True)


@pytest.mark.server
@pytest.mark.parametrize("at", ["P0001", FOLDER])
def test_a_folder_that_we_may_not_write_keeps_no_other_waiting(
    place: Place, root: Path, waits: list[float], at: str
) -> None:
    (root / at).mkdir(parents=True)
    with hand_at(place, waits) as hand:
        with closed(root / at):
            fault = fault_of(lambda: hand.lay(FOLDER, FILES))
            hand.lay(OTHER, FILES)
        # asyncssh has no word for what root meets here.
        assert fault in {Fault.NOT_ALLOWED, SftpFault.NOT_ALLOWED, SftpFault.NOT_WRITTEN}
        assert content(root) == OTHERS
        hand.lay(FOLDER, FILES)
    assert content(root) == {**WHOLE, **OTHERS}
    assert waits == []


@pytest.mark.server
@pytest.mark.parametrize("step", ["mkdir", "open", "write", "rename", "lstat"])
@pytest.mark.parametrize("error", [asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure])
def test_a_server_that_refuses_one_folder_serves_the_next_on_the_same_connection(
    root: Path,
    keys: Keys,
    place_of: PlaceOf,
    waits: list[float],
    step: str,
    error: Callable[[str], Exception],
) -> None:
    logins: list[str] = []
    large = {**FILES, "notice.pdf": os.urandom(MB)}

    opened: dict[int, bytes] = {}

    class Strict(asyncssh.SFTPServer):
        def insist(self, *paths: object) -> None:
            if any(b"P0001" in path for path in paths if isinstance(path, bytes)):
                raise error("Margaret")

        def mkdir(self, path: bytes, attrs: object) -> object:
            self.insist(path if step == "mkdir" else b"")
            return super().mkdir(path, attrs)

        def open(self, path: bytes, pflags: int, attrs: object) -> object:
            self.insist(path if step == "open" else b"")
            file = super().open(path, pflags, attrs)
            opened[id(file)] = path
            return file

        def write(self, file_obj: object, offset: int, data: bytes) -> object:
            self.insist(opened[id(file_obj)] if step == "write" else b"")
            return super().write(file_obj, offset, data)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> object:
            self.insist(newpath if step == "rename" else b"")
            return super().posix_rename(oldpath, newpath)

        def rename(self, oldpath: bytes, newpath: bytes) -> object:
            self.insist(newpath if step == "rename" else b"")
            return super().rename(oldpath, newpath)

        def lstat(self, path: bytes) -> object:
            self.insist(path if step == "lstat" else b"")
            return super().lstat(path)

    class Counting(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            logins.append("one")

    with (
        in_process(root, keys, factory=Strict, server_factory=Counting) as server,
        hand_at(place_of(server), waits) as hand,
    ):
        refused = error is asyncssh.SFTPPermissionDenied
        fault = fault_of(lambda: hand.lay(FOLDER, large))
        assert (fault == SftpFault.NOT_ALLOWED) is refused
        hand.lay(OTHER, large)
        assert len(logins) == (1 if refused else 2)
    assert {name.partition("/")[0] for name in content(root)} - {"P0001"} == {"P0002"}
    assert content(root / OTHER) == large
    assert waits == []


@pytest.mark.server
def test_a_hundred_folders_take_one_connection(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    logins: list[str] = []

    class Counting(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            logins.append("one")

    serving = in_process(root, keys, server_factory=Counting)
    with serving as server, hand_at(place_of(server), waits) as hand:
        for number in range(100):
            hand.lay(f"P{number:04}/2026-11-20", FILES)
    assert len(content(root)) == 300
    assert logins == ["one"]


@pytest.mark.server
@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_the_place_itself_is_never_made(
    either: Server, place_of: PlaceOf, waits: list[float], kind: str
) -> None:
    if kind == "a file":
        (either.root / "nowhere").write_bytes(b"")
    theirs = place_of(either, folder=f"{either.folder}/nowhere")
    ours = DropFolder(name="the drop", path=either.root / "nowhere")
    for place in (theirs, ours):
        with hand_at(place, waits) as hand:
            assert fault_of(hand.insist).endswith("no_folder")
            assert fault_of(lambda: hand.lay(FOLDER, FILES)).endswith("no_folder")
    assert not (either.root / "nowhere").is_dir()


@pytest.mark.server
@pytest.mark.parametrize("mute", [False, True], ids=["cut", "silent"])
def test_a_wire_that_breaks_is_no_reason_to_give_up(
    either: Server, place_of: PlaceOf, waits: list[float], *, mute: bool
) -> None:
    large = {**FILES, "notice.pdf": os.urandom(MB)}
    with wire(either.port, cut_after=[6_000, MB // 2], mute=mute) as bad:
        place = place_of(replace(either, port=bad.port), timeouts=Timeouts(read=0.5))
        with hand_at(place, waits) as hand:
            hand.lay(FOLDER, large)
            hand.lay(OTHER, large)
    assert content(either.root / FOLDER) == content(either.root / OTHER) == large
    assert 1 <= len(waits) <= 2


@pytest.mark.server
def test_nobody_at_the_port_is_tried_again_a_few_times(
    place_of: PlaceOf, root: Path, waits: list[float]
) -> None:
    place = place_of(Server(port=free_port(), root=root, folder="."))
    with hand_at(place, waits) as hand:
        assert fault_of(lambda: hand.lay(FOLDER, FILES)) == SftpFault.UNREACHABLE
    assert len(waits) == 3


@pytest.mark.server
def test_a_key_that_is_refused_stops_all(
    either: Server, place_of: PlaceOf, keys: Keys, waits: list[float]
) -> None:
    with hand_at(place_of(either, private_key=keys.private("stranger")), waits) as hand:
        assert fault_of(lambda: hand.lay(FOLDER, FILES)) == SftpFault.KEY_REFUSED
    assert (waits, content(either.root)) == ([], {})


@pytest.mark.server
@pytest.mark.parametrize("real", [False, True], ids=["in process", "OpenSSH"])
def test_a_changed_host_key_stops_all(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float], *, real: bool
) -> None:
    serving = (
        openssh(root, keys, host_key="other_host")
        if real
        else in_process(root, keys, server_host_keys=[keys.other_host])
    )
    with serving as server, hand_at(place_of(server), waits) as hand:
        assert fault_of(lambda: hand.lay(FOLDER, FILES)) == SftpFault.HOST_KEY_CHANGED
    assert (waits, content(root)) == ([], {})


@pytest.mark.parametrize(
    ("code", "fault"), [(errno.ENOSPC, Fault.FULL), (errno.EIO, Fault.NOT_ANSWERING)]
)
def test_a_full_or_failing_disk_gets_its_room_back(
    folder: DropFolder,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    fault: Fault,
) -> None:
    def refuse(_handle: int) -> None:
        raise OSError(code, "Margaret", "Margaret.pdf")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        assert fault_of(lambda: hand_at(folder, waits).lay(FOLDER, FILES)) == fault
    assert content(folder.path) == {}
    hand_at(folder, waits).lay(FOLDER, FILES)
    assert content(folder.path) == WHOLE


@pytest.mark.server
def test_a_full_disk_of_openssh_is_left_for_the_next_run_and_gets_its_room_back(
    small_disk: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    large = {"notice.pdf": os.urandom(3 * MB // 4)}
    full = small_disk / "theirs"
    full.write_bytes(bytes(MB // 2))
    with openssh(small_disk, keys) as server, hand_at(place_of(server), waits) as hand:
        assert fault_of(lambda: hand.lay(FOLDER, large)) == SftpFault.NOT_WRITTEN
        assert content(small_disk) == {"theirs": bytes(MB // 2)}
        hand.lay(OTHER, FILES)
        full.unlink()
        hand.lay(FOLDER, large)
    assert content(small_disk / FOLDER) == large
    assert content(small_disk / OTHER) == FILES


@pytest.mark.parametrize(
    "folder",
    [
        *("", ".", "..", "/", "P0001/", "/P0001", "../P0002", "P0001/..", "P0001/../P0002"),
        *("P0001/2026/11", ".hidden", "P0001/.hidden", "P 1", "P1\\2", "P1\n", "P1\0", "é", "~/x"),
    ],
)
def test_a_folder_whose_name_could_lead_elsewhere_is_never_made(folder: str) -> None:
    with pytest.raises(ContractBreach, match="its folder has no plain name") as breach:
        Hand(NoWay()).lay(folder, FILES)
    assert folder.strip("./~ ") == "" or folder not in str(breach.value)


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a", "a.part", ".a", "a b", "a\n"])
def test_a_file_whose_name_could_lead_elsewhere_is_never_laid(name: str) -> None:
    with pytest.raises(ContractBreach, match="1 of its files have no plain name"):
        Hand(NoWay()).lay(FOLDER, {name: b""})


def test_files_that_a_server_could_take_for_one_are_never_laid() -> None:
    with pytest.raises(ContractBreach, match="there twice"):
        Hand(NoWay()).lay(FOLDER, {"a": b"", "A": b""})


@pytest.fixture(scope="module")
def quick_disk() -> Iterator[None]:
    """Wait for no disk: nobody pulls the plug here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


Death = tuple[int, How]


def live_and_die(root: Path, deaths: list[Death]) -> list[bool]:
    """Lay two notices again after each death, look at them, and return which deaths were met."""
    nobody = Receiver(root, at_once=False)
    fates = [Fate(nobody, at=at, how=how) for at, how in deaths] + [Fate(nobody)]
    for fate in fates:
        try:
            with Hand(FatedWay(DropFolder(name="the drop", path=root), fate, tries=2)) as hand:
                hand.lay(FOLDER, FILES)
                hand.lay(OTHER, FILES)
        except (KilledError, TryAgainLater):
            whole = {name for name in content(root) if not name.endswith(".part")}
            assert all(content(root)[name] == {**WHOLE, **OTHERS}[name] for name in whole)
    assert content(root) == {**WHOLE, **OTHERS}
    return [fate.met for fate in fates[:-1]]


@pytest.mark.parametrize("how", How)
def test_a_death_or_a_fault_at_any_step_is_made_good_by_the_next_run(
    tmp_path: Path, quick_disk: None, how: How
) -> None:
    at, met = 0, True
    while met:
        at += 1
        root = tmp_path / str(at)
        root.mkdir()
        (met,) = live_and_die(root, [(at, how)])
    assert at > 40


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from([*KILLS, *FAULTS])), max_size=6))
def test_no_row_of_deaths_and_faults_changes_anything(
    tmp_path_factory: pytest.TempPathFactory, quick_disk: None, deaths: list[Death]
) -> None:
    live_and_die(tmp_path_factory.mktemp("drop"), deaths)
