"""Where files lie on an SFTP server, and whom we take for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from schemas.errors import WrongUsage

KEY_TYPES = ("ssh-", "ecdsa-", "sk-")
SSH_PORT = 22


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How many seconds each step may take; `read` is for every single answer of the server."""

    connect: float = 10.0
    banner: float = 10.0
    login: float = 15.0
    channel: float = 15.0
    read: float = 30.0
    keepalive: int = 15


@dataclass(frozen=True, kw_only=True)
class SftpPlace:
    """A folder on an SFTP server, and how we log in there.

    `name` is what the configuration calls it: it stands in messages and in the ledger. The server
    is known by `known_hosts` (a file of OpenSSH's) or `host_keys` (lines of one, or bare keys), and
    by nothing else. `wanted` is a regular expression of the file names that belong there; only
    those are taken, and only where it is given is a name ever repeated in a message. `unsaid` is
    one of those among them that are not: they leave room for a person's. `keeper` is whom a message
    asks to mend the server.
    """

    name: str
    host: str
    username: str
    private_key: Path
    folder: str
    port: int = SSH_PORT
    private_key_password: str | None = field(default=None, repr=False)
    known_hosts: Path | None = None
    host_keys: tuple[str, ...] = ()
    done_folder: str | None = None
    wanted: str | None = None
    unsaid: str | None = None
    most_bytes: int = 2_000_000_000
    keeper: str = "whoever runs the SFTP server"
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def host_name(self) -> str:
        """What OpenSSH calls the server in a list of known hosts."""
        return self.host if self.port == SSH_PORT else f"[{self.host}]:{self.port}"

    @property
    def described(self) -> str:
        """What messages call the place."""
        return f"{self.name} ({self.host} port {self.port})"

    def called(self, file: str) -> str:
        """Return a file's name where it is one that we expect; another may hold a person's name."""
        known = self.wanted and re.fullmatch(self.wanted, file)
        unsaid = self.unsaid and re.fullmatch(self.unsaid, file)
        return file if known and not unsaid else "a file"


def pin(place: SftpPlace, keys: paramiko.HostKeys) -> None:
    """Add the keys that servers are known by. Raises WrongUsage where a line is not understood.

    Marked lines (@revoked, @cert-authority) are refused: paramiko would pass over them, and a
    revoked key would be trusted.
    """
    for number, line in _pinned_lines(place):
        entry = _entry(line, host_name=place.host_name)
        if entry is None:
            raise WrongUsage(
                f"Line {number} of the host keys of {place.described} is not understood. Write"
                " lines of OpenSSH's known_hosts without a mark such as @revoked, each with a name,"
                " a kind of key and the key."
            )
        for name in entry.hostnames:
            keys.add(name, entry.key.get_name(), entry.key)


def login_key(place: SftpPlace) -> paramiko.PKey | None:
    """Return the private key; None where it is no Ed25519 or RSA key or its password is wrong.

    Raises OSError where the file cannot be read. paramiko signs with RSA-SHA2 only.
    """
    for kind in (paramiko.Ed25519Key, paramiko.RSAKey):
        try:
            return kind.from_private_key_file(
                str(place.private_key), password=place.private_key_password
            )
        except (paramiko.SSHException, ValueError):  # also wants a password, or has a wrong one
            continue
    return None


def _pinned_lines(place: SftpPlace) -> Iterator[tuple[int, str]]:
    if (place.known_hosts is None) == (not place.host_keys):
        raise WrongUsage(
            f"Give {place.described} its host keys in one way: a known_hosts file, or the lines."
        )
    lines = list(place.host_keys)
    unread = False
    if place.known_hosts is not None:
        try:
            lines = place.known_hosts.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            unread = True
    if unread:
        raise WrongUsage(
            f"The known_hosts file of {place.described} cannot be read. Put it where the"
            " configuration says, readable for the account that runs cpli."
        )
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, " ".join(line.split())


def _entry(line: str, *, host_name: str) -> paramiko.hostkeys.HostKeyEntry | None:
    if line.startswith(KEY_TYPES):
        line = f"{host_name} {line}"
    if line.startswith("@"):
        return None
    try:
        return paramiko.hostkeys.HostKeyEntry.from_line(line)
    except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey, ValueError, IndexError):
        return None
