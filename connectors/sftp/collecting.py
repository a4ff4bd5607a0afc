"""The night's round of an inbox: what is new is fetched and remembered, each file once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors.ledger import Ledger
from connectors.sftp.faults import OF_ONE_FILE, SftpLater, SftpRefused, SftpTrouble
from connectors.sftp.inbox import SETTLING_SECONDS, Fetched, Inbox
from connectors.sftp.names import LeftBecause
from connectors.sftp.part import RemoteFile, sweep
from schemas.taken import Receipt, ReceivedFile


@dataclass(frozen=True, kw_only=True)
class Taking:
    """A file that came, and what the ledger says of it."""

    fetched: Fetched
    receipt: Receipt


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a round brought: `known` were taken before, `troubles` hold back a file, by its name."""

    takings: tuple[Taking, ...]
    known: tuple[RemoteFile, ...]
    left: Mapping[LeftBecause, int]
    troubles: Mapping[str, SftpTrouble]


def collect(
    inbox: Inbox,
    ledger: Ledger,
    *,
    into: Path,
    at: datetime,
    settling_seconds: float = SETTLING_SECONDS,
) -> Collected:
    """Fetch what is new, or lies no longer in `into`, and remember it; at the source all stays.

    What is wrong with one file does not hold back the others. Raises SftpLater or SftpRefused for
    what is wrong with the place or with our disk.
    """
    listing = inbox.stable(settling_seconds)
    sweep(inbox.place, into, still_there=listing.files)
    takings, known, troubles = [], [], dict[str, SftpTrouble]()
    for file in listing.files:
        if is_known(file, ledger, place=inbox.place.name, into=into):
            known.append(file)
            continue
        try:
            takings.append(take(file, inbox, ledger, into=into, at=at))
        except (SftpLater, SftpRefused) as trouble:
            if trouble.fault not in OF_ONE_FILE:
                raise
            troubles[file.name] = trouble
    return Collected(
        takings=tuple(takings), known=tuple(known), left=listing.left, troubles=troubles
    )


def is_known(file: RemoteFile, ledger: Ledger, *, place: str, into: Path) -> bool:
    """Say whether this very file was taken and is still here, by its size and time of change.

    It was stable when it was taken, so a later change moved its time; that spares a download.
    """
    latest = ledger.latest(place, file.name)
    return (
        latest is not None
        and (latest.size_bytes, latest.modified_at) == (file.size_bytes, file.modified_at)
        and (into / file.name).is_file()
    )


def take(file: RemoteFile, inbox: Inbox, ledger: Ledger, *, into: Path, at: datetime) -> Taking:
    """Fetch a file and remember it. Killed in between, the next round does both again."""
    fetched = inbox.fetch(file, into)
    received = ReceivedFile(
        place=inbox.place.name,
        file=file.name,
        size_bytes=file.size_bytes,
        modified_at=file.modified_at,
        sha256=fetched.sha256,
    )
    return Taking(fetched=fetched, receipt=ledger.take(received, at=at))
