"""What can go wrong with SFTP, in plain sentences. Nothing that a server said gets out.

A server's text can hold a file's name, and that a person's; so only kinds of errors are looked at,
and ours is raised after the `except` block has ended, so that nothing else is in its chain.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from types import MappingProxyType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import paramiko

from connectors.sftp.place import SftpPlace
from schemas.errors import PersonNeeded, TryAgainLater


class Fault(StrEnum):
    """What went wrong, as a short code."""

    UNREACHABLE = "sftp_unreachable"
    ADDRESS_UNKNOWN = "sftp_address_unknown"
    TIMED_OUT = "sftp_timed_out"
    CUT_OFF = "sftp_cut_off"
    HOST_KEY_UNKNOWN = "host_key_unknown"
    HOST_KEY_CHANGED = "host_key_changed"
    INCOMPATIBLE = "sftp_incompatible"
    KEY_UNUSABLE = "key_unusable"
    KEY_REFUSED = "key_refused"
    NO_FOLDER = "sftp_no_folder"
    NO_DONE_FOLDER = "sftp_no_done_folder"
    NOT_ALLOWED = "sftp_not_allowed"
    SERVER_FAILED = "sftp_server_failed"
    NOT_WRITTEN = "sftp_not_written"
    NAMES_UNREADABLE = "names_unreadable"
    GONE = "gone"
    CHANGED_WHILE_READ = "changed_while_read"
    CHECKSUM_DIFFERS = "checksum_differs"
    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    IN_USE = "in_use"


PASSING = frozenset({Fault.UNREACHABLE, Fault.TIMED_OUT, Fault.CUT_OFF})
"""What a second try may cure. All else is the same a minute later, or is left for the next run."""

LATER = PASSING | {
    Fault.SERVER_FAILED,
    Fault.NOT_WRITTEN,
    Fault.GONE,
    Fault.CHANGED_WHILE_READ,
    Fault.IN_USE,
}
"""What may be over when the next run comes."""

OF_ONE_FILE = frozenset(
    {Fault.NOT_ALLOWED, Fault.GONE, Fault.CHANGED_WHILE_READ, Fault.CHECKSUM_DIFFERS, Fault.IN_USE}
)
"""What holds one file back and not the others."""


class SftpLater(TryAgainLater):
    """It may pass by itself; `fault` says what it is, and the next run tries again."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault
        self.soon = fault in PASSING


class SftpRefused(PersonNeeded):
    """It stays until somebody mends it; `fault` says what it is."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


SftpTrouble = SftpLater | SftpRefused

# {place}, {keeper}, {file} and {into} are filled in: the configuration's words, and a name that is
# expected there.
SENTENCES = MappingProxyType(
    {
        Fault.UNREACHABLE: (
            "{place} cannot be reached. The next run tries again; if that fails, ask {keeper}"
            " whether it is up and lets this machine through."
        ),
        Fault.ADDRESS_UNKNOWN: (
            "{place} has an address that nobody knows. Correct the host in the configuration, or"
            " ask whoever runs our network."
        ),
        Fault.TIMED_OUT: (
            "{place} did not answer in time. The next run tries again; if that fails, ask {keeper}"
            " what holds it up."
        ),
        Fault.CUT_OFF: (
            "The connection to {place} was cut off. The next run goes on where it stopped; if this"
            " lasts, ask {keeper}."
        ),
        Fault.HOST_KEY_UNKNOWN: (
            "No host key of {place} is pinned, so it was not trusted. Ask {keeper} for it by"
            " telephone or letter, and add it to the pinned keys."
        ),
        Fault.HOST_KEY_CHANGED: (
            "{place} showed a host key that is not the pinned one: it may be another machine that"
            " poses as it. Nothing was sent. Ask {keeper} whether the key was changed, and pin the"
            " new one only if they say so."
        ),
        Fault.INCOMPATIBLE: (
            "{place} offers no method of encryption that is still safe. Ask {keeper} to allow a"
            " current one, such as curve25519 with Ed25519 or RSA-SHA2 keys."
        ),
        Fault.KEY_UNUSABLE: (
            "Our private key for {place} cannot be used: it is missing, may not be read, is neither"
            " Ed25519 nor RSA, or its password is wrong. Whoever set up the configuration should"
            " put it right."
        ),
        Fault.KEY_REFUSED: (
            "{place} refused our key. Ask {keeper} to add the public key to our account there, and"
            " check the user name in the configuration."
        ),
        Fault.NO_FOLDER: (
            "{place} has no such folder as the configuration names. Correct the folder, or ask"
            " {keeper} to make it."
        ),
        Fault.NO_DONE_FOLDER: (
            "{place} has no such done folder as the configuration names, so what was taken stays"
            " where it is. Correct done_folder, or ask {keeper} to make it."
        ),
        Fault.NOT_ALLOWED: (
            "{place} does not let our account at {file}. Ask {keeper} for the right to it."
        ),
        Fault.SERVER_FAILED: (
            "{place} refused what we asked of it, or answered what we cannot understand. Ask"
            " {keeper} what its log says of our account; the next run tries again."
        ),
        Fault.NOT_WRITTEN: (
            "{place} did not take {file} and did not say why: its disk, or what we may use of it,"
            " may be full. Ask {keeper} to make room; the next run tries again."
        ),
        Fault.NAMES_UNREADABLE: (
            "{place} holds a file whose name is not in UTF-8, so that its folder cannot be listed."
            " Ask {keeper} to rename or remove it."
        ),
        Fault.GONE: ("{file} was in {place} and is gone. The next run takes what is there then."),
        Fault.CHANGED_WHILE_READ: (
            "{file} in {place} changed while it was read, so nothing of it was taken. The next run"
            " takes it when it is whole."
        ),
        Fault.CHECKSUM_DIFFERS: (
            "{file} in {place} is not what the .sha256 file beside it says, so nothing of it was"
            " taken. Ask its sender to send both again."
        ),
        Fault.DISK_FULL: (
            "There is no room for {file} from {place} in {into}. Free some space, then run this"
            " again; what had come of it was removed."
        ),
        Fault.NOT_WRITABLE: (
            "{file} from {place} cannot be written to {into}. Give the account that runs cpli the"
            " right to it."
        ),
        Fault.IN_USE: (
            "Another run is fetching {file} from {place} already. Wait until it has ended."
        ),
    }
)


def trouble(
    fault: Fault, place: SftpPlace, *, file: str | None = None, into: object = ""
) -> SftpTrouble:
    """Return what a fault means to whoever runs a night; `file` is named only where expected."""
    named = place.called(file) if file is not None else "the folder"
    said = SENTENCES[fault].format(
        place=place.described, keeper=place.keeper, file=named, into=into
    )
    family = SftpLater if fault in LATER else SftpRefused
    return family(said[0].upper() + said[1:], fault)


class Speaks(Protocol):
    """Anything that speaks to a server."""

    place: SftpPlace


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Speaks)
Method = Callable[Concatenate[S, str, P], R]

# What paramiko lets through of a server that answers nonsense, beside what it raises of its own.
NONSENSE = (paramiko.SFTPError, ValueError, struct.error)


def in_plain_words(
    method: Method[S, P, R], *, missing: Fault, refused: Fault = Fault.SERVER_FAILED
) -> Method[S, P, R]:
    """Let a session's method raise our own errors; its first argument is what it is about.

    `refused` is what a refusal without a reason means.
    """

    @wraps(method)
    def translated(self: S, path: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, path, *args, **kwargs)
        except (OSError, EOFError, paramiko.SSHException, *NONSENSE) as error:
            fault = refused if is_refusal(error) else while_speaking(error, missing=missing)
        name = None if missing is Fault.NO_FOLDER else path.rpartition("/")[2]
        raise trouble(fault, self.place, file=name)

    return translated


def of_file(method: Method[S, P, R]) -> Method[S, P, R]:
    """Translate what goes wrong with a file: one that is missing has gone since we looked."""
    return in_plain_words(method, missing=Fault.GONE)


def of_folder(method: Method[S, P, R]) -> Method[S, P, R]:
    """Translate what goes wrong with a folder: one that is missing is for somebody to make."""
    return in_plain_words(method, missing=Fault.NO_FOLDER)


def of_writing(method: Method[S, P, R]) -> Method[S, P, R]:
    """Translate what goes wrong with something that we write."""
    return in_plain_words(method, missing=Fault.NOT_WRITTEN, refused=Fault.NOT_WRITTEN)


# The first that fits counts; a socket's time-out and its lost connection are OSErrors too.
WHILE_CONNECTING: tuple[tuple[type[Exception], Fault], ...] = (
    (paramiko.BadHostKeyException, Fault.HOST_KEY_CHANGED),
    (paramiko.AuthenticationException, Fault.KEY_REFUSED),
    (paramiko.ssh_exception.IncompatiblePeer, Fault.INCOMPATIBLE),
    (TimeoutError, Fault.TIMED_OUT),
    (ConnectionResetError, Fault.CUT_OFF),
    (BrokenPipeError, Fault.CUT_OFF),
    (OSError, Fault.UNREACHABLE),
)

# paramiko has no errors of their own for these, and a refused key is something else.
LOGIN_SAYS = (("Authentication timeout", Fault.TIMED_OUT), ("transport shut down", Fault.CUT_OFF))


def while_connecting(error: Exception, *, late: bool) -> Fault:
    """Say what an error means that came before we were logged in.

    `late` is whether a step's time was up: for most of its time-outs paramiko has no error of its
    own.
    """
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return Fault.ADDRESS_UNKNOWN
    if isinstance(error, paramiko.AuthenticationException):
        for phrase, fault in LOGIN_SAYS:
            if phrase in str(error):
                return fault
    for kind, fault in WHILE_CONNECTING:
        if isinstance(error, kind):
            return fault
    return Fault.TIMED_OUT if late else Fault.CUT_OFF


def while_speaking(error: Exception, *, missing: Fault) -> Fault:
    """Say what an error means that came over a connection that stood."""
    match error:
        case FileNotFoundError():
            return missing
        case PermissionError():
            return Fault.NOT_ALLOWED
        case TimeoutError():
            return Fault.TIMED_OUT
        case UnicodeDecodeError() if missing is Fault.NO_FOLDER:
            return Fault.NAMES_UNREADABLE
        case EOFError() | paramiko.SSHException():
            return Fault.CUT_OFF
        case _:
            return Fault.SERVER_FAILED


def is_refusal(error: Exception) -> bool:
    """Say whether a server refused without a reason: it could not, or knows no such request."""
    return type(error) is OSError and error.errno is None


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def while_writing(error: OSError) -> Fault:
    """Say what an error of our own disk means."""
    return Fault.DISK_FULL if error.errno in NO_ROOM else Fault.NOT_WRITABLE
