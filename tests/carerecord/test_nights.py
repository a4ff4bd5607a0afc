"""The demo's feed over thirty nights, to a care record that knows nothing of how it is made."""

from collections import Counter
from pathlib import Path

import pytest
from carerecord.playing import AWAY, PEOPLE, Played
from carerecord.receiver import Receiver

NIGHTS = 30
FULL = (4, 15, 21, 29)
AGAIN = (13,)
"""Nights that are run twice, with another register the second time."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "step", [pytest.param(1, marks=pytest.mark.slow, id="each"), pytest.param(5, id="each fifth")]
)
def test_thirty_nights_break_no_rule(tmp_path: Path, step: int) -> None:
    site, receiver = Played.begun(tmp_path), Receiver()
    found: dict[int, list[str]] = {}
    for night in range(0, NIGHTS, step):
        folder = site.night(night, full=night in FULL)
        away = sorted(AWAY.get(night, ()))
        wrong = receiver.receive(folder, full=night in FULL, not_assessed=away)
        if night in AGAIN:
            wrong += receiver.receive(site.night(night, renamed=" Ltd"), not_assessed=away)
        if night % 3 == 0:
            site.work(night)
        if wrong:
            found[night] = wrong[:9]
    assert found == {}
    held = Counter(each.partition("/")[0] for each in receiver.held)
    assert held["EpisodeOfCare"] > PEOPLE
    assert held["Task"] > 5
    assert receiver.unreferenced() == []
