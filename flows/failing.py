"""Tells people of a night that has ended with an error; called by Prefect when a run has.

It may be called in another process than the run's, so all it goes by is what the run was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import MissingResult

from flows.alerts import tell_of_failure
from flows.clock import today
from flows.faults import REPORT, Unforeseen, quoting_nobody
from flows.outcome import Alerted
from flows.progress import LOG
from schemas.errors import CpliError, WrongUsage
from settings.settings import load_settings

CANCELLED = "It was cancelled before its end. Run it again, unless another run has done it."
STOPPED = (
    "It was stopped, or broke down, before its end. If nobody did that on purpose, ask whoever runs"
    " this machine what happened. Then run it again: nothing half done is left."
)
OURS = "A fault of ours. Ask whoever runs cpli to look at what its log says of this run."


def tell_of_it(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell people that a run has ended like this; raises nothing, since nobody would see it."""
    try:
        alerted = quoting_nobody(_tell)(flow_run.parameters, state)
    except CpliError as error:
        LOG.warning("Nobody could be told that the %s failed. %s", flow.name, error)
        return
    for trouble in alerted.troubles:
        LOG.warning("Alerts: %s", trouble)


def why(state: State[Any]) -> str:
    """Return what people may know of how a run ended: the words of our own errors alone."""
    if state.is_crashed():
        return STOPPED
    if not state.is_failed():
        return CANCELLED
    try:
        error = state.result(raise_on_failure=False)
    except MissingResult:  # it was another process that met it
        error = None
    match error:
        case Unforeseen():
            return f"{error} {REPORT}"
        case CpliError():
            return str(error)
        case _:
            return OURS


def _tell(given: Mapping[str, Any], state: State[Any]) -> Alerted:
    config, out, as_of = (given.get(name) for name in ("config", "out", "as_of"))
    settings = load_settings(Path(config) if config else None)
    folder = Path(out) if out else settings.out
    if folder is None:
        raise WrongUsage("Say where the results go (--out DIR, or CPLI_OUT).")
    return tell_of_failure(
        settings,
        folder.resolve(),
        as_of=date.fromisoformat(str(as_of)) if as_of else today(),
        why=why(state),
        now=datetime.now(UTC),
    )
