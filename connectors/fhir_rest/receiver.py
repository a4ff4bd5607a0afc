"""Delivers an export to a FHIR server so that each resource is taken once, whatever dies when.

A batch goes as one transaction, all or nothing. Each resource in it bears a condition: that the
server still holds the version which the journal knows, or that it holds none. Between the server's
commit and our note of it anything may die, so where a batch is in doubt the server is asked what it
holds of it first: what is what we send has been taken already and is not sent again, and what is
neither that nor the version that we know has been changed by somebody else, and is left to them.

R4 knows the condition "holds none" for reading only. Servers that know it for writing too refuse
what is there; others pass over it, so that new resources are always asked for before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from connectors.fhir_rest.answers import PASSING_ISSUES, entries, refusal, version
from connectors.fhir_rest.faults import Fault, trouble
from connectors.fhir_rest.holding import ABSENT, Held, held, same
from connectors.fhir_rest.line import Answer, Line, Resource, connected
from connectors.fhir_rest.orders import Batch, Order, batches
from connectors.fhir_rest.place import RestPlace
from connectors.retry import Retry
from schemas.delivery import Acknowledgement, Export, Journal, Receiver, Refusal

BEGUN = "begun"
"""The step that says that a delivery may have died once, so that the rest of it is in doubt."""

UNMET = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
"""What a server answers where a condition does not hold."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of a batch: versions by reference (None where it is gone), and refusals."""

    versions: Mapping[str, str | None] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            versions={**self.versions, **other.versions}, refused=self.refused + other.refused
        )


class RestReceiver(Receiver):
    """A FHIR server as a `schemas.delivery.Receiver`; its answers are its acknowledgement."""

    def __init__(self, place: RestPlace, *, retry: Retry | None = None) -> None:
        self.place = place
        self.retry = retry or Retry()

    def deliver(self, export: Export, journal: Journal) -> None:
        """Send what is missing of an export, batch by batch. Raises RestLater or RestRefused.

        What the server refuses is noted, and what it can be sent without goes on.
        """
        with connected(self.place, retry=self.retry) as line:
            doubtful = journal.noted(BEGUN)
            if not doubtful:
                journal.note(BEGUN)
            for batch in batches(export, self.place):
                if not journal.noted(batch.step):
                    _deliver(line, batch, journal, doubtful=doubtful)

    def acknowledgement(self, export: str) -> Acknowledgement | None:
        """Return None: what the server answered has been noted with each batch."""
        del export
        return None


def _deliver(line: Line, batch: Batch, journal: Journal, *, doubtful: bool) -> None:
    known = journal.versions([order.reference for order in batch.orders])
    settled = _Sending(line, known).settle(batch.orders, doubtful=doubtful)
    journal.note(
        batch.step,
        versions=settled.versions,
        refused=settled.refused,
        accepted=len(batch.orders) - len(settled.refused),
    )


@dataclass(frozen=True, kw_only=True)
class _Sorted:
    """A batch after a look at what the server holds: what is settled, and what is to be sent."""

    settled: Settled
    to_send: tuple[Order, ...]


class _Sending:
    """Sends a batch, and where the server refuses it, its halves."""

    def __init__(self, line: Line, known: Mapping[str, str]) -> None:
        self.line = line
        self.known = known

    def settle(self, orders: Sequence[Order], *, doubtful: bool) -> Settled:
        """Send orders until each is taken or refused; `doubtful` asks for all of them first."""
        done = self._sent_in_the_end(orders, doubtful=doubtful)
        if isinstance(done, Answer) and done.status in UNMET and not doubtful:
            return self.settle(orders, doubtful=True)
        if isinstance(done, Settled):
            return done
        if len(orders) == 1:
            return self._refused(orders[0], done)
        half = len(orders) // 2
        return self.settle(orders[:half], doubtful=doubtful) + self.settle(
            orders[half:], doubtful=doubtful
        )

    def _sent_in_the_end(self, orders: Sequence[Order], *, doubtful: bool) -> Settled | Answer:
        """Send orders, and again where a fault can pass; after one they are in doubt."""
        in_doubt = doubtful

        def once() -> Settled | Answer:
            nonlocal in_doubt
            asking_first, in_doubt = in_doubt, True
            return self._sent(orders, doubtful=asking_first)

        return self.line.again(once)

    def _sent(self, orders: Sequence[Order], *, doubtful: bool) -> Settled | Answer:
        """Send what must be; the answer comes back where the server refuses it as a whole."""
        looked_at = self._sort(orders, doubtful=doubtful)
        if not looked_at.to_send:
            return looked_at.settled
        answer = self.line.post(
            self._transaction(looked_at.to_send),
            also_refusals=_gone_is_gone(looked_at.to_send),
        )
        if answer.refused:
            self._insist_that_it_lasts(answer)
            return answer
        taken = self._taken(looked_at.to_send, answer)
        return taken if isinstance(taken, Answer) else looked_at.settled + taken

    def _sort(self, orders: Sequence[Order], *, doubtful: bool) -> _Sorted:
        puts = {order.reference: order.resource for order in orders if order.resource is not None}
        asked = [each for each in puts if doubtful or each not in self.known]
        theirs = held(self.line, asked)
        settled = Settled()
        for reference in asked:
            settled += self._compared(reference, puts[reference], theirs.get(reference))
        dealt_with = {*settled.versions, *(each.reference for each in settled.refused)}
        rest = tuple(order for order in orders if order.reference not in dealt_with)
        return _Sorted(settled=settled, to_send=rest)

    def _compared(self, reference: str, ours: Resource | None, theirs: Held | None) -> Settled:
        """Settle a resource without sending it, where what the server holds calls for that."""
        expected = self.known.get(reference)
        if theirs is None:
            if expected is None:
                return Settled()
            # With its version forgotten, the next export that holds it makes it anew.
            lost = Refusal(reference=reference, code="deleted")
            return Settled(versions={reference: None}, refused=(lost,))
        if ours is not None and same(ours, theirs.resource, base=self.line.place.base):
            return Settled(versions={reference: theirs.etag})
        if expected is None or version(expected) != version(theirs.etag):
            return Settled(refused=(Refusal(reference=reference, code="conflict"),))
        return Settled()

    def _transaction(self, orders: Sequence[Order]) -> Resource:
        entry = [self._entry(order) for order in orders]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entry}

    def _entry(self, order: Order) -> Resource:
        # What must vanish vanishes, whoever changed it: a deletion bears no condition.
        if order.resource is None:
            return {"request": {"method": "DELETE", "url": order.reference}}
        etag = self.known.get(order.reference)
        condition = {"ifNoneMatch": "*"} if etag is None else {"ifMatch": etag}
        return {
            "fullUrl": f"{self.line.place.base}/{order.reference}",
            "resource": order.resource,
            "request": {"method": "PUT", "url": order.reference, **condition},
        }

    def _taken(self, orders: Sequence[Order], answer: Answer) -> Settled | Answer:
        """Read the versions that the server gave; a condition unmet within is a refusal."""
        place = self.line.place
        answered = entries(answer, "transaction-response", expected=len(orders), place=place)
        pairs = list(zip(orders, answered, strict=True))
        if any(not _fine(order, entry.status) for order, entry in pairs):
            return Answer(status=HTTPStatus.PRECONDITION_FAILED, resource={})
        unnamed = [
            order.reference
            for order, entry in pairs
            if entry.etag is None and order.resource is not None
        ]
        named_now = held(self.line, unnamed)
        if len(named_now) < len(unnamed):
            raise trouble(Fault.NO_VERSIONS, place)
        versions: dict[str, str | None] = {
            order.reference: None if order.resource is None else entry.etag
            for order, entry in pairs
        }
        return Settled(versions=versions | {each: now.etag for each, now in named_now.items()})

    def _insist_that_it_lasts(self, answer: Answer) -> None:
        """Raise where a refusal is about the server, and none of a resource's doing."""
        if refusal("", answer).code in PASSING_ISSUES:
            raise trouble(Fault.BUSY, self.line.place)

    def _refused(self, order: Order, answer: Answer) -> Settled:
        """Say that one order was refused, if what it asks for has not come true meanwhile.

        It has where an earlier try of ours, given up for lost, was done after all.
        """
        if order.resource is None and answer.status in ABSENT:
            return Settled(versions={order.reference: None})
        if answer.status in UNMET:
            looked_at = self.line.again(lambda: self._sort([order], doubtful=True))
            if not looked_at.to_send:
                return looked_at.settled
        return Settled(refused=(refusal(order.reference, answer),))


def _gone_is_gone(orders: Sequence[Order]) -> frozenset[int]:
    """Return what a server may say of a deletion of what it does not hold."""
    return frozenset(ABSENT) if all(order.resource is None for order in orders) else frozenset()


def _fine(order: Order, status: int) -> bool:
    taken = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return taken or (order.resource is None and status in ABSENT)
