"""A good night and one of which gates hold something, done once."""

from __future__ import annotations

from pathlib import Path

import pytest
from folders.canonical import LEICESTERSHIRE, RUTLAND
from gates.site import Site
from worklist_nights import BAD, GOOD, Desk, by_hand, desk_over


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Do a good night, and one on which half of a council's CPLIs and another's people are gone."""
    with by_hand():
        nights = Site(home=tmp_path_factory.mktemp("nights"))
        nights.do(GOOD)
        nights.halved.add(LEICESTERSHIRE)
        nights.forgotten.add(RUTLAND)
        nights.do(BAD)
    return nights


@pytest.fixture(scope="session")
def looking(played: Site, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return the site for tests that change nothing."""
    return desk_over(played, tmp_path_factory.mktemp("looking"))


@pytest.fixture
def desk(played: Site, tmp_path: Path) -> Desk:
    """Return a site of one test's own."""
    return desk_over(played, tmp_path)
