"""Killed at any point and run again, a delivery ends as if nothing had happened."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
import pytest
from fhir_rest.exports import Resource, Town, changed, content, export_of, of_kind, reference_of
from servers.fhir import FhirServer
from servers.journal import MemoryJournal, Versions

from connectors.fhir_rest.receiver import RestReceiver
from schemas.delivery import Refusal

pytestmark = pytest.mark.server


class Killed(BaseException):
    """The process is no more."""


class Death:
    """Comes before or after what matters: a request, or a note in the journal.

    `after` are how many befores and afters pass by until it comes, and then until it comes again.
    """

    def __init__(self) -> None:
        self.after: list[int] = []
        self.came = 0

    def pass_by(self) -> None:
        """Come, if it is time."""
        if not self.after:
            return
        if self.after[0] == 0:
            self.after.pop(0)
            self.came += 1
            raise Killed
        self.after[0] -= 1


class MortalJournal(MemoryJournal):
    """A journal whose writer may die before a note or after it."""

    def __init__(self, death: Death, known: Versions) -> None:
        super().__init__(known=known)
        self.death = death

    def note(
        self,
        step: str,
        *,
        versions: Mapping[str, str | None] | None = None,
        refused: Sequence[Refusal] = (),
        accepted: int = 0,
    ) -> None:
        self.death.pass_by()
        super().note(step, versions=versions, refused=refused, accepted=accepted)
        self.death.pass_by()


@pytest.fixture
def death(monkeypatch: pytest.MonkeyPatch, server: FhirServer) -> Death:
    """Let death come around the product's requests; the tests' own are made while it is away."""
    coming = Death()
    speak = httpx.HTTPTransport.handle_request

    def mortal(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        coming.pass_by()
        response = speak(transport, request)
        response.read()
        coming.pass_by()
        return response

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", mortal)
    return coming


@dataclass(frozen=True)
class Nights:
    """An export, and the next: some of it changed, some new, some to vanish."""

    first: list[Resource]
    second: list[Resource]
    gone: list[str]

    def left(self) -> dict[str, tuple[Resource | None, int]]:
        """Return what they leave at the server: content, and the number of versions."""
        left = {reference_of(each): (content(each), 1) for each in self.first}
        for each in self.second:
            reference = reference_of(each)
            left[reference] = (content(each), left.get(reference, (None, 0))[1] + 1)
        for reference in self.gone:
            left[reference] = (None, left[reference][1] + 1)
        return left


def nights_of(name: str) -> Nights:
    """Make both exports of people whom nobody else knows."""
    first = Town(name=name, people=2).resources()
    new = Town(name=f"{name}, next door", people=1).resources()
    ended = [changed(each, status="finished") for each in of_kind(first, "EpisodeOfCare")[:-1]]
    gone = [reference_of(of_kind(first, kind)[-1]) for kind in ("Task", "EpisodeOfCare", "Patient")]
    return Nights(first=first, second=[*new, *ended], gone=gone)


def deliver(receiver: RestReceiver, nights: Nights, death: Death) -> None:
    """Deliver both nights, and each again after every death."""
    known = Versions()
    for resources, gone in ((nights.first, []), (nights.second, nights.gone)):
        journal, alive = MortalJournal(death, known), False
        while not alive:
            try:
                receiver.deliver(export_of(resources, deleted=gone), journal)
                alive = True
            except Killed:
                continue
        assert journal.refused == []
        assert journal.accepted == len(resources) + len(gone)


def held(server: FhirServer, nights: Nights) -> dict[str, tuple[Resource | None, int]]:
    """Return what the server holds of them: content, and the number of versions."""
    told = {each: server.history(each) for each in nights.left()}
    return {each: (content(resource), versions) for each, (resource, versions) in told.items()}


def test_killed_once_anywhere_each_resource_is_taken_once(
    server: FhirServer, receiver: RestReceiver, death: Death
) -> None:
    for point in itertools.count():
        nights = nights_of(f"killed once, {point}")
        death.after, death.came = [point], 0
        deliver(receiver, nights, death)
        death.after = []
        assert held(server, nights) == nights.left(), f"killed at point {point}"
        if not death.came:
            break
    assert point == 56


@pytest.mark.parametrize("seed", range(6))
def test_killed_again_and_again_each_resource_is_taken_once(
    server: FhirServer, receiver: RestReceiver, death: Death, seed: int
) -> None:
    chance = random.Random(seed)
    nights = nights_of(f"killed again and again, {seed}")
    death.after = [chance.randrange(12) for _ in range(9)]
    deliver(receiver, nights, death)
    assert death.came >= 3
    death.after = []
    assert held(server, nights) == nights.left()
