"""One connection to an SFTP server: who it is, who we are, and the few things we ask of it.

Fetching and delivering both go over it. Every step has its time-out, and every method speaks of
faults in our own words.
"""

from __future__ import annotations

import logging
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import paramiko

from connectors.sftp.faults import (
    NONSENSE,
    Fault,
    SftpTrouble,
    is_refusal,
    of_file,
    of_folder,
    of_writing,
    trouble,
    while_connecting,
)
from connectors.sftp.place import SftpPlace, login_key, pin

# paramiko logs the names of files, and tracebacks that nobody reads.
LOG = "cpli.sftp"
for name in (LOG, "paramiko.sftp"):
    logging.getLogger(name).setLevel(logging.CRITICAL + 1)

SAFE_CIPHERS = tuple(f"aes{bits}-{mode}" for bits in (128, 192, 256) for mode in ("gcm", "ctr"))
FASTEST_CIPHER = "aes128-gcm@openssh.com"
BLOCK = 32_768
"""Bytes that paramiko asks for at a time."""

AHEAD = 32 * 2**20
"""Bytes that are asked for ahead, and the most that can pile up in memory."""

HEAD_START = 0.02
"""Seconds by which asking is ahead of reading; see `Session.blocks`."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a server says of a file or folder; `modified_at` is in whole seconds since 1970."""

    size_bytes: int
    modified_at: int
    mode: int

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file: no folder, link, pipe or device."""
        return stat.S_ISREG(self.mode)


@contextmanager
def connected(place: SftpPlace) -> Iterator[Session]:
    """Give a session at the place; it ends with the block.

    Raises SftpLater where it may work another time, SftpRefused where somebody must act first, and
    WrongUsage where the pinned keys are not understood.
    """
    client = paramiko.SSHClient()
    try:
        yield _log_in(client, place)
    finally:
        client.close()


class Session:
    """A connection on which we are logged in. Paths are ours, never a server's."""

    def __init__(self, place: SftpPlace, channel: paramiko.Channel) -> None:
        self.place = place
        self.sftp = paramiko.SFTPClient(_Asking(channel))

    @of_folder
    def entries(self, folder: str) -> list[tuple[str, Facts | None]]:
        """Return what a folder holds; None where the server keeps facts to itself."""
        return [(str(it.filename), _facts(it)) for it in self.sftp.listdir_attr(folder)]

    @of_folder
    def folder(self, folder: str) -> bool:
        """Say whether this is a folder, or leads to one. Raises `sftp_no_folder` without any."""
        return stat.S_ISDIR(self.sftp.stat(folder).st_mode or 0)

    @of_file
    def facts(self, path: str) -> Facts | None:
        """Return what is known of a file itself, not of what it leads to; None without one."""
        try:
            return _facts(self.sftp.lstat(path))
        except FileNotFoundError:
            return None

    @of_file
    def head(self, path: str, *, most_bytes: int) -> bytes:
        """Return the beginning of a file, in one answer of the server."""
        file = self.sftp.open(path, "rb")
        beginning = bytes(file.read(min(most_bytes, BLOCK)))
        file.close()  # not in a `with`: a silent server would be waited for twice
        return beginning

    @of_file
    def rename(self, path: str, *, to: str) -> None:
        """Rename in one step; a file that has the new name is replaced.

        A server that knows no such request, or allows none, renames where the new name is free.
        """
        try:
            self.sftp.posix_rename(path, to)
        except OSError as error:
            if not (is_refusal(error) or isinstance(error, PermissionError)):
                raise
            self.sftp.rename(path, to)

    @of_writing
    def make_folder(self, folder: str) -> None:
        """Make a folder whose parent is there; one that is there already stays as it is."""
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(self.sftp.stat(folder).st_mode or 0):
                return
        self.sftp.mkdir(folder)

    @of_writing
    def write(self, path: str, content: bytes) -> None:
        """Write a file under a name that is free.

        Blocks are sent without waiting for each other's answers, but the last one for them all,
        since paramiko asks after none that is left when it closes a file. It says nothing either
        of a file that could not be closed: whoever must know reads it back.
        """
        file = self.sftp.open(path, "wx")
        last = max(len(content) - 1, 0) // BLOCK * BLOCK
        for start in range(0, len(content), BLOCK):
            file.set_pipelined(start < last)
            file.write(content[start : start + BLOCK])
        file.close()

    @of_writing
    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""
        with suppress(FileNotFoundError):
            self.sftp.remove(path)

    @of_writing
    def remove_folder(self, folder: str) -> None:
        """Remove an empty folder, if there is one."""
        with suppress(FileNotFoundError):
            self.sftp.rmdir(folder)

    def blocks(self, path: str, *, start: int, end: int) -> Iterator[bytes]:
        """Yield a file from byte `start` up to `end`; fewer bytes come of one that is shorter.

        paramiko asks ahead in a thread, and reading starts a moment later. Where answers come
        faster than it asks, it believes that it has asked for everything: it then reads slowly,
        and what it had asked for stays in memory (200 MB of 200 MB, one time in six). The head
        start prevents that; a fresh handle for each part of the file bounds what is left.
        """
        while start < end:
            until = min(start + AHEAD, end)
            file = self._ahead(path, start=start, end=until)
            while start < until and (block := self._block(path, file, until - start)):
                yield block
                start += len(block)
            if start < until:
                return
            self._close(path, file)

    @of_file
    def _ahead(self, path: str, *, start: int, end: int) -> Any:
        file = self.sftp.open(path, "rb")
        file.seek(start)
        if end - start > BLOCK:
            file.prefetch(end)
            time.sleep(HEAD_START)
        return file

    @of_file
    def _block(self, _path: str, file: Any, most_bytes: int) -> bytes:
        return bytes(file.read(min(most_bytes, BLOCK)))

    @of_file
    def _close(self, _path: str, file: Any) -> None:
        file.close()


class _Asking:
    """A channel on which asking never fails, since the lack of an answer says the same.

    paramiko asks ahead in a thread of its own. When the connection ends, that thread would print
    its error to the console, where nobody can catch it.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        self.recv, self.recv_ready = channel.recv, channel.recv_ready
        self.close, self.get_name = channel.close, channel.get_name
        self._send = channel.send
        self._in_vain = False

    def send(self, packet: bytes) -> int:
        """Send, or let go of it; after a packet that went in part, none may follow."""
        if not self._in_vain:
            try:
                return int(self._send(packet))
            except (OSError, EOFError, paramiko.SSHException):
                self._in_vain = True
        return len(packet)


def _log_in(client: paramiko.SSHClient, place: SftpPlace) -> Session:
    pin(place, client.get_host_keys())
    if client.get_host_keys().lookup(place.host_name) is None:
        raise trouble(Fault.HOST_KEY_UNKNOWN, place)
    key = _key(place)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.set_log_channel(LOG)
    started = time.monotonic()
    refusal: SftpTrouble
    try:
        return _connect(client, place, key)
    except (OSError, EOFError, paramiko.SSHException, *NONSENSE) as error:
        late = time.monotonic() - started >= place.timeouts.banner
        refusal = trouble(while_connecting(error, late=late), place)
    raise refusal


def _connect(client: paramiko.SSHClient, place: SftpPlace, key: paramiko.PKey) -> Session:
    limits = place.timeouts
    # By ourselves, since paramiko leaves small packets waiting for larger ones.
    wire = socket.create_connection((place.host, place.port), timeout=limits.connect)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.connect(
        place.host,
        port=place.port,
        username=place.username,
        pkey=key,
        look_for_keys=False,
        allow_agent=False,
        timeout=limits.banner,
        banner_timeout=limits.banner,
        auth_timeout=limits.login,
        channel_timeout=limits.channel,
        sock=wire,
        transport_factory=_transport,
    )
    transport = client.get_transport()
    transport.set_keepalive(limits.keepalive)
    return _open_sftp(transport, place)


def _transport(wire: socket.socket, **options: Any) -> paramiko.Transport:
    transport = paramiko.Transport(wire, **options)
    security = transport.get_security_options()
    safe = [cipher for cipher in security.ciphers if cipher.startswith(SAFE_CIPHERS)]
    security.ciphers = sorted(safe, key=lambda cipher: cipher != FASTEST_CIPHER)
    return transport


def _open_sftp(transport: paramiko.Transport, place: SftpPlace) -> Session:
    """Start SFTP; paramiko would wait without end for a server that never answers this."""
    started = time.monotonic()
    late = threading.Event()
    watch = threading.Timer(place.timeouts.channel, partial(_give_up, transport, late))
    watch.start()
    try:
        channel = transport.open_session()
        channel.settimeout(place.timeouts.read)
        channel.invoke_subsystem("sftp")
        return Session(place, channel)
    except (OSError, EOFError, paramiko.SSHException):
        # paramiko may give up a moment before we do, in words of its own.
        if late.is_set() or time.monotonic() - started >= place.timeouts.channel:
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()


def _give_up(transport: paramiko.Transport, late: threading.Event) -> None:
    late.set()
    transport.close()


def _key(place: SftpPlace) -> paramiko.PKey:
    try:
        key = login_key(place)
    except OSError:
        key = None
    if key is None:
        raise trouble(Fault.KEY_UNUSABLE, place)
    return key


def _facts(found: paramiko.SFTPAttributes) -> Facts | None:
    known = found.st_size, found.st_mtime, found.st_mode
    if None in known:
        return None
    size_bytes, modified_at, mode = known
    return Facts(size_bytes=size_bytes, modified_at=modified_at, mode=mode)
