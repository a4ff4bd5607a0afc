"""Looks, when last night's night should be done, whether it is on record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.alerts import look_for_late
from flows.faults import quoting_nobody
from flows.outcome import Alerted
from schemas.errors import WrongUsage
from settings.settings import load_settings


@flow(name="watch", persist_result=False)
def watch(config: Path | None = None, out: Path | None = None) -> State[Alerted]:
    """Alert people where a night is late, and send what waits.

    Ends in the state `Completed`, or `Incomplete` where somebody could not be told.
    """
    alerted = look(config, out)
    if not alerted.stuck:
        return Completed(data=alerted)
    return Completed(name="Incomplete", message=" ".join(alerted.troubles), data=alerted)


@quoting_nobody
def look(config: Path | None, out: Path | None) -> Alerted:
    """Look by the settings; raises `WrongUsage` where they leave open where the record is."""
    settings = load_settings(config)
    folder = out or settings.out
    if folder is None:
        raise WrongUsage("Say where the results go (--out DIR, or CPLI_OUT).")
    return look_for_late(settings, folder.resolve(), now=datetime.now(UTC))
