"""SFTP servers on loopback: one in this process, OpenSSH's, and ones that misbehave."""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

HOST = "127.0.0.1"
USER = "cpli"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Key pairs for a server, its twin under another key, and their users."""

    host: asyncssh.SSHKey
    other_host: asyncssh.SSHKey
    user: asyncssh.SSHKey
    rsa: asyncssh.SSHKey
    stranger: asyncssh.SSHKey
    folder: Path

    def private(self, name: str) -> Path:
        """Return where a private key lies."""
        return self.folder / name

    def public(self, name: str) -> str:
        """Return a public key as a line, without a comment."""
        return " ".join(getattr(self, name).export_public_key().decode().split()[:2])


def make_keys(folder: Path) -> Keys:
    """Make the keys and write the private ones."""
    kinds = {"host": "ssh-ed25519", "other_host": "ssh-ed25519", "user": "ssh-ed25519"}
    kinds |= {"rsa": "ssh-rsa", "stranger": "ssh-ed25519"}
    made = {name: asyncssh.generate_private_key(kind) for name, kind in kinds.items()}
    for name, key in made.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
    return Keys(folder=folder, **made)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that listens; `folder` is what we call the place with the files in `root`."""

    port: int
    root: Path
    folder: str
    username: str = USER


Factory = Callable[..., asyncssh.SFTPServer]
Running = AbstractContextManager[Server]


@contextmanager
def in_process(
    root: Path,
    keys: Keys,
    *,
    factory: Factory = asyncssh.SFTPServer,
    **options: object,
) -> Iterator[Server]:
    """Serve a folder from a thread; `factory` may misbehave."""
    ready: Future[tuple[int, Callable[[], object]]] = Future()
    connections: list[asyncssh.SSHServerConnection] = []

    async def serve() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        stop = asyncio.Event()
        defaults = {
            "server_host_keys": [keys.host],
            "authorized_client_keys": authorized(keys),
            "sftp_factory": lambda channel: factory(channel, chroot=os.fsencode(root)),
            "encoding": None,
            "login_timeout": 0,
            "server_factory": asyncssh.SSHServer,
        }
        wanted = {**defaults, **options}

        class Tracked(wanted.pop("server_factory")):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)
                super().connection_made(conn)

        listener = await asyncssh.listen(HOST, 0, server_factory=Tracked, **wanted)
        loop = asyncio.get_running_loop()
        ready.set_result((listener.get_port(), lambda: loop.call_soon_threadsafe(stop.set)))
        await stop.wait()
        listener.close()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()
        await listener.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    port, stop = ready.result(10)
    try:
        yield Server(port=port, root=root, folder=".")
    finally:
        stop()
        thread.join(10)


def authorized(keys: Keys) -> asyncssh.SSHAuthorizedKeys:
    """Return the keys that may log in."""
    return asyncssh.import_authorized_keys(f"{keys.public('user')}\n{keys.public('rsa')}\n")


def sshd() -> str | None:
    """Return where OpenSSH's own server is, if it is installed."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def openssh(root: Path, keys: Keys, *, host_key: str = "host", flags: str = "") -> Iterator[Server]:
    """Serve a folder with OpenSSH's own server, or skip where there is none.

    `flags` are more options of its sftp-server.
    """
    program = sshd()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("sshd is missing: install openssh-server")
        pytest.skip("there is no sshd here: install openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port, settings = free_port(), keys.folder / f"sshd-{host_key}"
    lines = {
        "Port": port,
        "ListenAddress": HOST,
        "HostKey": keys.private(host_key),
        "PidFile": "none",
        "AuthorizedKeysFile": keys.folder / "authorized_keys",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "Subsystem": f"sftp internal-sftp -d {root}",
        "ForceCommand": f"internal-sftp -d {root} {flags}",
    }
    settings.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    (keys.folder / "authorized_keys").write_text(f"{keys.public('user')}\n{keys.public('rsa')}\n")
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
        yield Server(port=port, root=root, folder=str(root), username=user.stdout.strip())
    finally:
        server.terminate()
        server.wait(10)


def free_port() -> int:
    """Return a port that nobody listens at now."""
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(100):
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens at port {port}")


@contextmanager
def silent() -> Iterator[int]:
    """Listen, accept, and say nothing."""
    with ExitStack() as open_, socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=_accept_all, args=(server, open_), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept_all(server: socket.socket, open_: ExitStack) -> None:
    with suppress(OSError):
        while True:
            open_.enter_context(server.accept()[0])


class Wire:
    """A proxy in front of a server that cuts its first connections after so many bytes each.

    `mute` keeps a connection open instead and lets nothing more through. `carried` is how many
    bytes came from the server on each connection.
    """

    def __init__(self, port: int, *, cut_after: list[int], mute: bool = False) -> None:
        self.target, self.cut_after, self.mute = port, list(cut_after), mute
        self.carried: list[int] = []
        self.server = socket.create_server((HOST, 0))
        self.port = int(self.server.getsockname()[1])
        self.open = ExitStack()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Stop listening and hang up."""
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.open.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                client = self.open.enter_context(self.server.accept()[0])
                server = self.open.enter_context(socket.create_connection((HOST, self.target)))
                limit = self.cut_after.pop(0) if self.cut_after else None
                self.carried.append(0)
                number = len(self.carried) - 1
                for run in (
                    lambda c=client, s=server: self._carry(c, s, None, None),
                    lambda c=client, s=server, n=limit, i=number: self._carry(s, c, n, i),
                ):
                    threading.Thread(target=run, daemon=True).start()

    def _carry(
        self, source: socket.socket, sink: socket.socket, limit: int | None, number: int | None
    ) -> None:
        with suppress(OSError):
            while chunk := source.recv(65_536):
                if number is not None:
                    self.carried[number] += len(chunk)
                    if limit is not None and self.carried[number] >= limit:
                        if self.mute:
                            return
                        break
                sink.sendall(chunk)
            for end in (source, sink):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(port: int, *, cut_after: list[int], mute: bool = False) -> Iterator[Wire]:
    """Put a bad wire in front of a server."""
    proxy = Wire(port, cut_after=cut_after, mute=mute)
    try:
        yield proxy
    finally:
        proxy.close()
