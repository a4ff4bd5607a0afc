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


def deliver(
    casebook: Casebook, receiver: Receiver, *, name: str, answers_at_once: bool
) -> Delivery:
    """Deliver what waits, the oldest first, up to the first that cannot be; read what was said.

    `name` is the receiver's, as exports have it: what was made for another one is not its own.
    A later export is never delivered before an earlier one. Somebody else who delivers just now is
    left to it.
    """
    outbox = casebook.outbox()
    with ExitStack() as held:
        try:
            held.enter_context(outbox.hold(wait_seconds=0))
        except TryAgainLater:
            return Delivery(waiting=len(outbox.waiting()))
        return _in_order(outbox, receiver, name=name, answers_at_once=answers_at_once)


def _in_order(outbox: Outbox, receiver: Receiver, *, name: str, answers_at_once: bool) -> Delivery:
    delivered, troubles = list[ExportRow](), list[str]()
    for row in (row for row in outbox.waiting() if row.receiver == name):
        trouble = _try(partial(_hand_over, outbox, receiver, row, answers_at_once=answers_at_once))
        if trouble:
            outbox.tried(row.number, trouble=trouble)
            troubles.append(trouble)
            break
        LOG.info("Delivered: the export %s", row.name)
        delivered.append(row)
    # Whoever could not be reached just now is not asked for answers.
    unanswered = [] if troubles else [row for row in outbox.unanswered() if row.receiver == name]
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
