"""Takes what waits in the outbox to the Care Record, in order, and reads what it said."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from casebook.outbox import Outbox
from casebook.publication import ExportRow
from casebook.store import Casebook
from flows.faults import quoting_nobody
from flows.outcome import Delivery
from flows.progress import LOG
from schemas.delivery import Receiver
from schemas.errors import CpliError, TryAgainLater


def deliver(casebook: Casebook, receiver: Receiver, *, answers_at_once: bool) -> Delivery:
    """Deliver what waits, the oldest first, up to the first that cannot be; read what was said.

    A later export is never delivered before an earlier one. Somebody else who delivers just now is
    left to it.
    """
    outbox = casebook.outbox()
    with ExitStack() as held:
        try:
            held.enter_context(outbox.hold(wait_seconds=0))
        except TryAgainLater:
            return Delivery(waiting=len(outbox.waiting()))
        return _in_order(outbox, receiver, answers_at_once=answers_at_once)


def _in_order(outbox: Outbox, receiver: Receiver, *, answers_at_once: bool) -> Delivery:
    delivered, troubles = list[ExportRow](), list[str]()
    for row in outbox.waiting():
        trouble = _try(partial(_hand_over, outbox, receiver, row, answers_at_once=answers_at_once))
        if trouble:
            outbox.tried(row.number, trouble=trouble)
            troubles.append(trouble)
            break
        LOG.info("Delivered: the export %s", row.name)
        delivered.append(row)
    # Whoever could not be reached just now is not asked for answers.
    unanswered = [] if troubles else outbox.unanswered()
    for row in unanswered:
        trouble = _try(partial(_read_answer, outbox, receiver, row))
        troubles += [trouble] if trouble else []
    answered = {row.number for row in (*delivered, *unanswered)}
    return Delivery(
        delivered=tuple(row.name for row in delivered),
        waiting=len(outbox.waiting()),
        troubles=tuple(troubles),
        refused=sum(len(outbox.refusals(number)) for number in answered),
    )


def _hand_over(
    outbox: Outbox, receiver: Receiver, row: ExportRow, *, answers_at_once: bool
) -> None:
    receiver.deliver(outbox.export(row), outbox.journal(row.number))
    outbox.delivered(row.number, answered=answers_at_once)


def _read_answer(outbox: Outbox, receiver: Receiver, row: ExportRow) -> None:
    said = receiver.acknowledgement(row.name)
    if said is not None:
        outbox.acknowledged(row.number, said)
        LOG.info(
            "The receiver took %d resources of the export %s and refused %d",
            said.accepted,
            row.name,
            len(said.refused),
        )


def _try(step: Callable[[], None]) -> str:
    """Do a step and return why it failed, "" where it did not."""
    try:
        quoting_nobody(step)()
    except CpliError as error:
        return str(error)
    return ""
