"""Whom we take for the server, who we are to it, and what happens when it does not answer."""

import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncssh
import paramiko
import pytest
from servers.sftp import HOST, Keys, Server, free_port, in_process, openssh, silent, wire

from connectors.sftp import session
from connectors.sftp.faults import Fault, SftpLater, SftpRefused
from connectors.sftp.place import SftpPlace, Timeouts
from connectors.sftp.session import connected
from schemas.errors import WrongUsage

pytestmark = pytest.mark.server
PlaceOf = Callable[..., SftpPlace]


def refusal(place: SftpPlace) -> SftpRefused | SftpLater:
    """Return what connecting ends with; nothing else may be in its chain."""
    with pytest.raises((SftpRefused, SftpLater)) as caught, connected(place):
        pass
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert place.described in str(caught.value).replace("The drop", "the drop")
    return caught.value


@pytest.mark.parametrize("key", ["user", "rsa"])
def test_ed25519_and_rsa_keys_are_let_in(
    either: Server, place_of: PlaceOf, keys: Keys, key: str
) -> None:
    with connected(place_of(either, private_key=keys.private(key))) as session:
        assert session.entries(either.folder) == []


def test_a_key_with_a_password_is_unlocked(server: Server, place_of: PlaceOf, keys: Keys) -> None:
    locked = keys.folder / "locked"
    locked.write_bytes(keys.user.export_private_key(passphrase="open sesame", rounds=50))
    place = place_of(server, private_key=locked, private_key_password="open sesame")
    with connected(place) as session:
        assert session.folder(server.folder)
    assert "sesame" not in repr(place)


@pytest.mark.parametrize("password", [None, "open barley"])
def test_a_key_whose_password_is_wrong_is_for_whoever_set_it_up(
    server: Server, place_of: PlaceOf, keys: Keys, password: str | None
) -> None:
    locked = keys.folder / "locked"
    locked.write_bytes(keys.user.export_private_key(passphrase="open sesame", rounds=50))
    place = place_of(server, private_key=locked, private_key_password=password)
    assert refusal(place).fault is Fault.KEY_UNUSABLE


@pytest.mark.parametrize("content", [None, b"", b"not a key", "ecdsa"])
def test_what_is_no_private_key_of_ours_is_never_offered(
    server: Server, place_of: PlaceOf, tmp_path: Path, content: bytes | str | None
) -> None:
    key = tmp_path / "key"
    if content == "ecdsa":
        key.write_bytes(asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_private_key())
    elif isinstance(content, bytes):
        key.write_bytes(content)
    assert refusal(place_of(server, private_key=key)).fault is Fault.KEY_UNUSABLE


def test_a_key_that_the_server_does_not_know_is_refused(
    either: Server, place_of: PlaceOf, keys: Keys
) -> None:
    refused = refusal(place_of(either, private_key=keys.private("stranger")))
    assert refused.fault is Fault.KEY_REFUSED
    assert "add the public key to our account" in str(refused)


def test_a_host_without_a_pinned_key_is_not_even_spoken_to(
    place_of: PlaceOf, root: Path, keys: Keys
) -> None:
    nobody = Server(port=free_port(), root=root, folder=".")
    place = place_of(nobody, host_keys=(f"other.example.org {keys.public('host')}",))
    assert refusal(place).fault is Fault.HOST_KEY_UNKNOWN


def test_an_unknown_host_is_refused_and_never_learnt(
    either: Server, place_of: PlaceOf, keys: Keys, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"# ours\n\n[other.example.org]:22 {keys.public('host')}\n")
    before = known.read_bytes()
    place = place_of(either, host_keys=(), known_hosts=known)
    assert refusal(place).fault is Fault.HOST_KEY_UNKNOWN
    assert refusal(place).fault is Fault.HOST_KEY_UNKNOWN
    assert known.read_bytes() == before


def test_a_changed_host_key_is_refused_and_our_key_is_not_shown(
    root: Path, keys: Keys, place_of: PlaceOf
) -> None:
    offered: list[str] = []

    class Watching(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            offered.append(username)
            return True

    options = {"server_host_keys": [keys.other_host], "server_factory": Watching}
    with in_process(root, keys, **options) as server:
        changed = refusal(place_of(server))
    assert changed.fault is Fault.HOST_KEY_CHANGED
    assert "Ask whoever runs the SFTP server whether the key was changed" in str(changed)
    assert offered == []


def test_openssh_with_a_changed_host_key_is_refused(
    root: Path, keys: Keys, place_of: PlaceOf
) -> None:
    with openssh(root, keys, host_key="other_host") as server:
        assert refusal(place_of(server)).fault is Fault.HOST_KEY_CHANGED


@pytest.mark.parametrize("hashed", [False, True])
def test_a_known_hosts_file_of_openssh_is_understood(
    server: Server, place_of: PlaceOf, keys: Keys, tmp_path: Path, *, hashed: bool
) -> None:
    name = f"[{HOST}]:{server.port}"
    name = paramiko.HostKeys.hash_host(name) if hashed else name
    known = tmp_path / "known_hosts"
    known.write_text(f"{name} {keys.public('host')} a comment\n")
    with connected(place_of(server, host_keys=(), known_hosts=known)) as session:
        assert session.folder(server.folder)


@pytest.mark.parametrize(
    "line", ["nonsense", "@revoked {host} {key}", "@cert-authority * {key}", "{host} ssh-ed25519 x"]
)
def test_a_line_of_host_keys_that_is_not_understood_is_refused(
    server: Server, place_of: PlaceOf, keys: Keys, line: str
) -> None:
    lines = (keys.public("host"), line.format(host=f"[{HOST}]:{server.port}", key="ssh-ed25519 A"))
    with pytest.raises(WrongUsage, match="Line 2 of the host keys"):
        connected(place_of(server, host_keys=lines)).__enter__()


def test_host_keys_are_given_in_one_way(server: Server, place_of: PlaceOf, tmp_path: Path) -> None:
    for changes in ({"host_keys": ()}, {"known_hosts": tmp_path / "known_hosts"}):
        with pytest.raises(WrongUsage, match="in one way"):
            connected(place_of(server, **changes)).__enter__()
    with pytest.raises(WrongUsage, match="cannot be read"):
        connected(place_of(server, host_keys=(), known_hosts=tmp_path / "none")).__enter__()


def test_nobody_at_the_port_is_tried_again_a_few_times(
    place_of: PlaceOf, root: Path, inbox_of: Callable[..., object], waits: list[float]
) -> None:
    place = place_of(Server(port=free_port(), root=root, folder="."))
    assert refusal(place).fault is Fault.UNREACHABLE
    with pytest.raises(SftpLater, match="cannot be reached"):
        inbox_of(place).list()
    assert len(waits) == 3
    assert [1 <= waits[0] < 2.01, 2 <= waits[1] < 3.01, 4 <= waits[2] < 5.01] == [True] * 3


@pytest.mark.parametrize(
    ("error", "fault"),
    [(socket.EAI_NONAME, Fault.ADDRESS_UNKNOWN), (socket.EAI_AGAIN, Fault.UNREACHABLE)],
)
def test_an_address_that_nobody_knows_is_for_somebody_to_correct(
    place_of: PlaceOf,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: int,
    fault: Fault,
) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(error, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert refusal(place_of(Server(port=22, root=root, folder="."))).fault is fault


def test_a_silent_server_is_given_up(place_of: PlaceOf, root: Path) -> None:
    with silent() as port:
        place = place_of(Server(port=port, root=root, folder="."), timeouts=Timeouts(banner=0.5))
        assert refusal(place).fault is Fault.TIMED_OUT


# The last bytes of a login: how far from its end the server falls silent or goes.
STEPS = pytest.mark.parametrize("before_the_end", [1, 100, 300, 700, 1500, 2500])


def login_bytes(server: Server, place_of: PlaceOf) -> int:
    """Return how many bytes a server sends until SFTP has begun."""
    with (
        wire(server.port, cut_after=[]) as good,
        connected(place_of(replace(server, port=good.port))),
    ):
        return good.carried[0]


@STEPS
def test_a_server_that_falls_silent_during_the_login_is_given_up(
    sshd: Server, place_of: PlaceOf, before_the_end: int
) -> None:
    after = login_bytes(sshd, place_of) - before_the_end
    limits = Timeouts(banner=0.6, login=0.6, channel=0.6, read=0.6)
    with wire(sshd.port, cut_after=[after], mute=True) as bad:
        place = place_of(replace(sshd, port=bad.port), timeouts=limits)
        assert refusal(place).fault is Fault.TIMED_OUT


@STEPS
def test_a_login_that_is_cut_off_can_pass(
    sshd: Server, place_of: PlaceOf, before_the_end: int
) -> None:
    after = login_bytes(sshd, place_of) - before_the_end
    with wire(sshd.port, cut_after=[after]) as bad:
        assert refusal(place_of(replace(sshd, port=bad.port))).fault is Fault.CUT_OFF


def test_a_server_that_never_starts_sftp_is_given_up(
    root: Path, keys: Keys, place_of: PlaceOf
) -> None:
    import asyncio

    class Stuck(asyncssh.SSHServer):
        async def session_requested(self) -> object:
            await asyncio.sleep(30)
            return False

    with in_process(root, keys, server_factory=Stuck, sftp_factory=None) as server:
        place = place_of(server, timeouts=Timeouts(channel=0.4, read=0.4))
        assert refusal(place).fault is Fault.TIMED_OUT


def test_a_server_that_has_no_sftp_ends_the_login(
    root: Path, keys: Keys, place_of: PlaceOf
) -> None:
    with in_process(root, keys, sftp_factory=None) as server:
        assert refusal(place_of(server)).fault is Fault.CUT_OFF


def test_a_server_with_outdated_encryption_only_is_refused(
    root: Path, keys: Keys, place_of: PlaceOf
) -> None:
    with in_process(root, keys, encryption_algs=["3des-cbc"]) as server:
        assert refusal(place_of(server)).fault is Fault.INCOMPATIBLE


def test_nothing_of_it_reaches_a_log(
    server: Server, place_of: PlaceOf, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    (server.root / "Margaret.csv").write_bytes(b"x")
    with connected(place_of(server)) as session:
        assert list(session.blocks("./Margaret.csv", start=0, end=1)) == [b"x"]
        assert session.facts("./Margaret.xlsx") is None
    refusal(place_of(server, private_key=keys.private("stranger")))
    assert [record.name for record in caplog.records if "asyncssh" not in record.name] == []


@pytest.mark.parametrize("error", [OSError, EOFError, paramiko.SSHException])
def test_asking_in_vain_is_silent_and_asks_no_more(error: type[Exception]) -> None:
    asked: list[bytes] = []

    class Gone:
        recv = recv_ready = close = get_name = None

        def send(self, packet: bytes) -> int:
            asked.append(packet)
            raise error

    asking = session._Asking(Gone())
    assert [asking.send(b"one"), asking.send(b"three")] == [3, 5]
    assert asked == [b"one"]
