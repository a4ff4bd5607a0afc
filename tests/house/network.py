"""Keeps a test process on its own machine.

An audit hook sees what every library does with sockets, the C ones too, and cannot be removed, so
that no test can switch it off for the next one.
"""

import ipaddress
import socket
import sys

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there

refused: list[str] = []
"""The hosts that were asked for and refused, in order."""

_LOCAL_NAMES = {"", "localhost", socket.gethostname()}
_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname"}
_SENDINGS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class LeavesThisMachineError(OSError):
    """Something asked for a host that is not this one."""


def stay_on_this_machine() -> None:
    """Refuse, from now on, to look up or to reach any host but this one."""
    sys.addaudithook(_refuse_other_machines)


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    if event in _LOOKUPS:
        host = arguments[0]
    elif event in _SENDINGS:
        address = arguments[1]
        if not isinstance(address, tuple):  # a path: a socket of this machine
            return
        host = address[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and not _is_local(name):
        refused.append(name)
        raise LeavesThisMachineError(f"tests stay on this machine: {name} was refused")


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
