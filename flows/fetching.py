"""The round of the SFTP servers before a night reads, and what is done with the files after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from casebook.ledger import FileLedger
from casebook.store import Casebook
from connectors.sftp.collecting import Collected, collect
from connectors.sftp.inbox import Inbox
from connectors.sftp.line import Line
from flows.origin import Origin
from flows.progress import LOG
from flows.words import counted
from publishing.folder import private_folder, writing
from schemas.errors import CpliError


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a round brought, by place, and the origin as it is after it."""

    origin: Origin
    collected: Mapping[str, Collected] = field(default_factory=dict)


def fetch(origin: Origin, casebook: Casebook) -> Fetched:
    """Fetch what is new on each SFTP server; one that fails holds back what is read from it."""
    collected: dict[str, Collected] = {}
    troubles: dict[str, CpliError] = {}
    for name, (place, resting_seconds) in origin.inboxes().items():
        into = origin.received(name)
        with writing(into):
            private_folder(into)
        try:
            with Line(place) as line:
                collected[name] = collect(
                    Inbox(line),
                    FileLedger(casebook.engine),
                    into=into,
                    at=origin.now,
                    settling_seconds=resting_seconds,
                )
        except CpliError as trouble:
            troubles[name] = trouble
            LOG.warning("%s", trouble)
            continue
        _say(name, collected[name])
    withheld = {name: each.troubles for name, each in collected.items()}
    return Fetched(
        origin=replace(origin, troubles=troubles, withheld=withheld), collected=collected
    )


def put_away(fetched: Fetched) -> None:
    """Move the files that a night has used into the done folder of their place, if it has one.

    A file that cannot be moved stays, and is known the next night; that is said and no more.
    """
    for name, (place, _) in fetched.origin.inboxes().items():
        if place.done_folder is None or name not in fetched.collected:
            continue
        used = fetched.collected[name]
        try:
            with Line(place) as line:
                inbox = Inbox(line)
                inbox.insist_on_done_folder()
                for file in (*(taking.fetched.file for taking in used.takings), *used.known):
                    inbox.put_away(file, at=fetched.origin.now)
        except CpliError as trouble:
            LOG.warning("%s", trouble)


def _say(name: str, collected: Collected) -> None:
    LOG.info(
        "Fetched from %s: %s, %d there already",
        name,
        counted(len(collected.takings), "new file"),
        len(collected.known),
    )
    for trouble in collected.troubles.values():
        LOG.warning("%s", trouble)
    for reason, number in collected.left.items():
        LOG.info("Left at %s: %s (%s)", name, counted(number, "file"), reason)
