"""Each export comes once and whole, wherever and however often a process dies on the way."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from drop.delivered import FILES, Content, Notes, content, export_of
from drop.dying import FAULTS, KILLS, Fate, FatedWay, How, KilledError, Receiver
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.drop.drop import Drop
from connectors.drop.in_folder import DropFolder
from schemas.delivery import MANIFEST
from schemas.errors import TryAgainLater

RECEIVERS: dict[str, Callable[[Path], Receiver]] = {
    "at once": lambda folder: Receiver(folder, at_once=True),
    "at once, and says so": lambda folder: Receiver(folder, at_once=True, acknowledges=True),
    "later": lambda folder: Receiver(folder, at_once=False),
}
Death = tuple[int, How]
DEATHS = st.lists(st.tuples(st.integers(1, 50), st.sampled_from([*KILLS, *FAULTS])), max_size=6)
NAMES = ["Organization.ndjson", "Patient.ndjson", "E06000016/summary.json", "E06000016/rows.csv"]


@pytest.fixture(autouse=True, scope="module")
def quick_disk() -> Iterator[None]:
    """Wait for no disk: nobody pulls the plug here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def live_and_die(
    files: Content, deaths: Sequence[Death], receiver_of: Callable[[Path], Receiver]
) -> list[bool]:
    """Deliver again after each death, and see what has come; return which deaths were met."""
    with tempfile.TemporaryDirectory() as folder:
        place = DropFolder(name="the drop", path=Path(folder))
        receiver = receiver_of(place.path)
        fates = [Fate(receiver, at=at, how=how) for at, how in deaths]
        fates += [Fate(receiver), Fate(receiver)]  # the last one finds all done
        steps: list[str] = []
        for number, fate in enumerate(fates):
            notes = Notes(fate.act)
            notes.steps = steps
            try:
                Drop(FatedWay(place, fate, tries=2)).deliver(export_of(files), notes)
            except (KilledError, TryAgainLater):  # the latter where the journal did not answer
                if number % 2:  # receivers look now and then while nobody delivers
                    receiver.look()
        assert fates[-1].steps == 0
        assert sum(fate.published for fate in fates) == 1
        receiver.look()
        assert receiver.taken == [dict(sorted(files.items()))]
        assert set(content(place.path)) <= {f"acknowledgements/{export_of().name}.json"}
        return [fate.met for fate in fates[: len(deaths)]]


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("how", How)
def test_a_death_or_a_fault_at_any_step_changes_nothing(how: How, receiver: str) -> None:
    at = 1
    while live_and_die(FILES, [(at, how)], RECEIVERS[receiver])[0]:
        at += 1
    assert at > 30


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("how", FAULTS)
def test_a_fault_that_passes_is_over_within_one_call(
    folder: DropFolder, how: How, *, at_once: bool
) -> None:
    at, met = 0, True
    while met:
        at += 1
        receiver, notes = Receiver(folder.path, at_once=at_once), Notes()
        fate = Fate(receiver, at=at, how=how)
        Drop(FatedWay(folder, fate, tries=2)).deliver(export_of(), notes)
        receiver.look()
        assert receiver.taken == [dict(sorted(FILES.items()))]
        assert notes.steps == ["manifest", "delivered"]
        met = fate.met
    assert at > 30


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_two_deaths_at_any_steps_near_the_manifest_change_nothing(receiver: str) -> None:
    files = {MANIFEST: b"{}"} if receiver == "later" else {"a": b"a", MANIFEST: b"{}"}
    pairs = [(one, two) for one in range(1, 26) for two in range(1, 26)]
    for one, two in pairs:
        live_and_die(files, [(one, How.AFTER), (two, How.AFTER)], RECEIVERS[receiver])


@settings(max_examples=150)
@given(
    deaths=DEATHS,
    names=st.lists(st.sampled_from(NAMES), unique=True, max_size=4),
    held=st.lists(st.binary(max_size=40), min_size=5, max_size=5),
    receiver=st.sampled_from(sorted(RECEIVERS)),
)
def test_no_row_of_deaths_and_faults_changes_anything(
    deaths: list[Death], names: list[str], held: list[bytes], receiver: str
) -> None:
    files = dict(zip([*names, MANIFEST], held, strict=False))
    live_and_die(files, deaths, RECEIVERS[receiver])
