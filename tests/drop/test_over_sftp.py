"""Exports come whole over wires that break and to servers that misbehave."""

import shutil
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from drop.delivered import FILES, NAME, Notes, content, export_of, fault_of, large
from servers.places import PlaceOf
from servers.sftp import Keys, Server, free_port, in_process, openssh, wire

from connectors.drop.drop import Drop
from connectors.drop.faults import Fault as DropFault
from connectors.retry import Retry
from connectors.sftp.faults import Fault
from connectors.sftp.place import SftpPlace, Timeouts
from connectors.sftp.session import connected
from schemas.delivery import MANIFEST

pytestmark = pytest.mark.server
MB = 2**20
WHOLE = {f"{NAME}/{name}": held for name, held in FILES.items()}


def drop_at(place: SftpPlace, waits: list[float]) -> Drop:
    return Drop.at(place, retry=Retry(sleep=waits.append))


@pytest.mark.parametrize("size", [0, 1, 32_767, 32_768, 32_769, 3 * MB])
def test_an_export_comes_whole_and_once(
    either: Server, place_of: PlaceOf, waits: list[float], size: int
) -> None:
    files, notes = large(size), Notes()
    drop = drop_at(place_of(either), waits)
    drop.deliver(export_of(files), notes)
    assert content(either.root) == {f"{NAME}/{name}": held for name, held in files.items()}
    assert (notes.steps, waits) == (["manifest", "delivered"], [])


@pytest.mark.parametrize("steps", [[], ["manifest"]])
def test_the_next_run_sends_what_is_missing_and_replaces_what_is_wrong(
    either: Server, place_of: PlaceOf, waits: list[float], steps: list[str]
) -> None:
    (either.root / NAME / "E06000016").mkdir(parents=True)
    for name, held in FILES.items():
        wrong = name.startswith("E")
        (either.root / NAME / name).write_bytes(b"wrong" if wrong else held)
    (either.root / NAME / MANIFEST).unlink()
    (either.root / NAME / f"{MANIFEST}.part").write_bytes(b"half")
    notes = Notes()
    notes.steps = [*steps]
    drop_at(place_of(either), waits).deliver(export_of(), notes)
    assert content(either.root) == WHOLE


@pytest.mark.parametrize("left", ["all", "nothing", "one file"])
def test_a_receiver_that_took_the_export_is_believed(
    either: Server, place_of: PlaceOf, waits: list[float], left: str
) -> None:
    notes = Notes()
    drop = drop_at(place_of(either), waits)
    drop.deliver(export_of(), notes)
    notes.steps.remove("delivered")
    if left != "all":
        shutil.rmtree(either.root / NAME)
    if left == "one file":
        (either.root / NAME).mkdir()
        (either.root / NAME / "Patient.ndjson").write_bytes(FILES["Patient.ndjson"])
        fault = fault_of(lambda: drop.deliver(export_of(), notes))
        assert (fault, notes.steps) == (DropFault.BEING_TAKEN, ["manifest"])
        return
    before = content(either.root)
    drop.deliver(export_of(), notes)
    assert notes.steps == ["manifest", "delivered"]
    assert content(either.root) == before


def login_bytes(server: Server, place_of: PlaceOf) -> int:
    """Return how many bytes a server sends until SFTP has begun."""
    with (
        wire(server.port, cut_after=[]) as good,
        connected(place_of(replace(server, port=good.port))),
    ):
        return good.carried[0]


@pytest.mark.parametrize("mute", [False, True], ids=["cut", "silent"])
@pytest.mark.parametrize("more", [1_500, 4_000, MB], ids=["early", "writing", "reading back"])
def test_a_wire_that_breaks_in_the_middle_is_no_reason_to_give_up(
    either: Server, place_of: PlaceOf, waits: list[float], more: int, *, mute: bool
) -> None:
    files, notes = large(3 * MB), Notes()
    after = login_bytes(either, place_of) + more
    with wire(either.port, cut_after=[after], mute=mute) as bad:
        place = place_of(replace(either, port=bad.port), timeouts=Timeouts(read=0.5))
        drop_at(place, waits).deliver(export_of(files), notes)
        assert len(bad.carried) == 2
    assert content(either.root) == {f"{NAME}/{name}": held for name, held in files.items()}
    assert len(waits) == 1


def test_after_the_last_try_the_next_run_goes_on(
    either: Server, place_of: PlaceOf, waits: list[float]
) -> None:
    files, notes = large(3 * MB), Notes()
    after = login_bytes(either, place_of) + MB
    with wire(either.port, cut_after=[after] * 4) as bad:
        drop = drop_at(place_of(replace(either, port=bad.port)), waits)
        assert fault_of(lambda: drop.deliver(export_of(files), notes)) == Fault.CUT_OFF
        assert (len(bad.carried), notes.steps) == (4, [])
        assert f"{NAME}/{MANIFEST}" not in content(either.root)
        drop.deliver(export_of(files), notes)
    assert content(either.root) == {f"{NAME}/{name}": held for name, held in files.items()}


@pytest.mark.parametrize("taken", [False, True])
def test_a_rename_of_the_manifest_whose_answer_was_lost_is_not_made_twice(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float], *, taken: bool
) -> None:
    renamed: list[bytes] = []

    class Dropping(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> object:
            answer = super().posix_rename(oldpath, newpath)
            renamed.append(newpath)
            if newpath.endswith(MANIFEST.encode()):
                if taken:
                    shutil.rmtree(root / NAME)
                self.channel.get_connection().abort()
            return answer

    notes = Notes()
    with in_process(root, keys, factory=Dropping) as server:
        drop_at(place_of(server), waits).deliver(export_of(), notes)
    assert len(renamed) == len(FILES)
    assert content(root) == ({} if taken else WHOLE)
    assert (notes.steps, len(waits)) == (["manifest", "delivered"], 1)


def test_a_server_without_our_rename_is_asked_for_the_plain_one(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    class Old(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> object:
            raise asyncssh.SFTPOpUnsupported("Margaret")

    (root / NAME).mkdir()
    (root / NAME / "Patient.ndjson").write_bytes(b"wrong")
    with in_process(root, keys, factory=Old) as server:
        drop_at(place_of(server), waits).deliver(export_of(), Notes())
    assert content(root) == WHOLE


def test_openssh_without_its_own_rename_is_asked_for_the_plain_one(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    (root / NAME).mkdir()
    (root / NAME / "Patient.ndjson").write_bytes(b"wrong")
    with openssh(root, keys, flags="-P posix-rename") as server:
        drop_at(place_of(server), waits).deliver(export_of(), Notes())
    assert content(root) == WHOLE


def test_what_reads_back_otherwise_is_not_delivered(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    class Changing(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> object:
            return super().read(file_obj, offset, size).replace(b"e", b"E")

    notes = Notes()
    with in_process(root, keys, factory=Changing) as server:
        drop = drop_at(place_of(server), waits)
        fault = fault_of(lambda: drop.deliver(export_of(), notes))
    assert (fault, notes.steps, waits) == (DropFault.WRITTEN_DIFFERS, [], [])
    assert content(root) == {}


@pytest.mark.parametrize("from_byte", [0, MB, 3 * MB - 32_768], ids=["first", "some", "last"])
def test_a_server_without_room_is_left_for_the_next_run_and_gets_its_room_back(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float], from_byte: int
) -> None:
    class Full(asyncssh.SFTPServer):
        def write(self, file_obj: object, offset: int, data: bytes) -> object:
            if offset >= from_byte:
                raise asyncssh.SFTPNoSpaceOnFilesystem("Margaret")
            return super().write(file_obj, offset, data)

    notes = Notes()
    with in_process(root, keys, factory=Full) as server:
        drop = drop_at(place_of(server), waits)
        fault = fault_of(lambda: drop.deliver(export_of(large(3 * MB)), notes))
    assert (fault, notes.steps, waits) == (Fault.NOT_WRITTEN, [], [])
    assert content(root) == {}


def test_a_full_disk_of_openssh_is_left_for_the_next_run_and_gets_its_room_back(
    small_disk: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    files, notes = large(3 * MB // 4), Notes()
    full = small_disk / "theirs"
    full.write_bytes(bytes(MB // 2))
    with openssh(small_disk, keys) as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(files), notes)) == Fault.NOT_WRITTEN
        assert content(small_disk) == {"theirs": bytes(MB // 2)}
        full.unlink()
        drop.deliver(export_of(files), notes)
    assert content(small_disk) == {f"{NAME}/{name}": held for name, held in files.items()}


def test_a_server_that_may_only_be_read_is_for_its_keeper_to_open(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    with openssh(root, keys, flags="-R") as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.NOT_ALLOWED
    assert waits == []


@pytest.mark.parametrize("step", ["mkdir", "open", "remove", "lstat"])
def test_a_right_that_is_missing_is_for_the_keeper_to_give(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float], step: str
) -> None:
    def forbidden(*_: object) -> object:
        raise asyncssh.SFTPPermissionDenied("Margaret")

    strict = type("Strict", (asyncssh.SFTPServer,), {step: forbidden})
    (root / NAME).mkdir()
    (root / NAME / "Patient.ndjson.part").write_bytes(b"half")
    with in_process(root, keys, factory=strict) as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.NOT_ALLOWED
    assert waits == []


def test_acknowledgements_that_we_may_not_see_are_not_taken_for_missing(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    class Strict(asyncssh.SFTPServer):
        def stat(self, path: bytes) -> object:
            if path.endswith(b"acknowledgements"):
                raise asyncssh.SFTPPermissionDenied("Margaret")
            return super().stat(path)

    notes = Notes()
    notes.steps = ["manifest"]
    with in_process(root, keys, factory=Strict) as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), notes)) == Fault.NOT_ALLOWED
    with in_process(root, keys) as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), notes)) == DropFault.NOT_THE_SAME


def test_a_refused_folder_is_left_for_the_next_run(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    class Broken(asyncssh.SFTPServer):
        def mkdir(self, path: bytes, attrs: object) -> object:
            raise asyncssh.SFTPFailure("Margaret")

    with in_process(root, keys, factory=Broken) as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.NOT_WRITTEN


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_folder_that_is_not_there_is_never_made(
    either: Server, place_of: PlaceOf, waits: list[float], kind: str
) -> None:
    if kind == "a file":
        (either.root / "nowhere").write_bytes(b"")
    drop = drop_at(place_of(either, folder=f"{either.folder}/nowhere"), waits)
    assert fault_of(lambda: drop.deliver(export_of(), Notes())).endswith("no_folder")
    assert fault_of(lambda: drop.acknowledgement(NAME)).endswith("no_folder")


@pytest.mark.parametrize("real", [False, True], ids=["in process", "OpenSSH"])
def test_a_changed_host_key_stops_all(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float], *, real: bool
) -> None:
    serving = (
        openssh(root, keys, host_key="other_host")
        if real
        else in_process(root, keys, server_host_keys=[keys.other_host])
    )
    with serving as server:
        drop = drop_at(place_of(server), waits)
        assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.HOST_KEY_CHANGED
    assert (waits, content(root)) == ([], {})


def test_a_key_that_is_refused_stops_all(
    either: Server, place_of: PlaceOf, keys: Keys, waits: list[float]
) -> None:
    drop = drop_at(place_of(either, private_key=keys.private("stranger")), waits)
    assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.KEY_REFUSED
    assert waits == []


def test_nobody_at_the_port_is_tried_again_a_few_times(
    place_of: PlaceOf, root: Path, waits: list[float]
) -> None:
    drop = drop_at(place_of(Server(port=free_port(), root=root, folder=".")), waits)
    assert fault_of(lambda: drop.deliver(export_of(), Notes())) == Fault.UNREACHABLE
    assert len(waits) == 3


def test_our_names_are_told_where_something_is_wrong_with_a_file(
    root: Path, keys: Keys, place_of: PlaceOf, waits: list[float]
) -> None:
    class Full(asyncssh.SFTPServer):
        def write(self, file_obj: object, offset: int, data: bytes) -> object:
            raise asyncssh.SFTPFailure("Margaret")

    with in_process(root, keys, factory=Full) as server:
        drop = drop_at(place_of(server), waits)
        with pytest.raises(Exception, match=r"did not take Patient\.ndjson\.part"):
            drop.deliver(export_of(), Notes())
