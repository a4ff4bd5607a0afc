"""Sites with two nights behind them: made once, and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from feed.plain import without_prefect
from gates.site import KEY, THURSDAY, WEDNESDAY, Site, without_prefect_typed

from connectors.retry import Retry


@pytest.fixture(scope="module")
def plainly() -> Iterator[None]:
    """Have nights done without Prefect and reports, and wait for nobody before trying again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", KEY)
        patch.setitem(Retry.__init__.__kwdefaults__, "sleep", lambda _: None)
        without_prefect(patch.setattr)
        without_prefect_typed(patch.setattr)
        patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        yield


@pytest.fixture(scope="module")
def begun(plainly: None, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with two good nights behind it; to be copied, not changed."""
    site = Site(home=tmp_path_factory.mktemp("begun"))
    for night in (WEDNESDAY, THURSDAY):
        assert site.do(night).exit_code == 0
    return site


@pytest.fixture
def site(begun: Site, tmp_path: Path) -> Site:
    """A site of one's own with two good nights behind it."""
    return begun.copy(tmp_path / "site")
