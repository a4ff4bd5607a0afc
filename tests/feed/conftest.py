"""Sites whose feed goes into a folder, and the servers that a feed can go to."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from feed.plain import without_prefect
from feed.site import Site, folder_place
from servers.places import keys, root, server, sshd

from connectors.retry import Retry
from flows.backend import prefect_backend

__all__ = ["keys", "root", "server", "sshd"]
KEY = "a key for tests alone"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a key, and wait for nobody before trying again."""
    monkeypatch.setenv("CPLI_IDENTITY_KEY", KEY)
    monkeypatch.setitem(Retry.__init__.__kwdefaults__, "sleep", lambda _: None)


@pytest.fixture(scope="session")
def prefect() -> Iterator[Path]:
    """Have a Prefect API for the session; it takes ten seconds to come up. Returns its files."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home


@pytest.fixture
def drop(root: Path) -> Path:
    """A folder that is a drop."""
    return root


@pytest.fixture
def site(tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose feed goes into a folder of this machine; it does nights without Prefect."""
    without_prefect(monkeypatch.setattr)
    return Site(home=tmp_path, care_record=folder_place(drop))


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do the first night once; returns the folder with its results and its drop."""
    home = tmp_path_factory.mktemp("first-night")
    (home / "drop").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", KEY)
        without_prefect(patch.setattr)
        assert Site(home=home, care_record=folder_place(home / "drop")).night(0) == 0
    return home


@pytest.fixture
def begun(site: Site, drop: Path, first_night: Path) -> Site:
    """A site whose first night was done and delivered."""
    shutil.copytree(first_night / "out", site.out)
    shutil.copytree(first_night / "drop", drop, dirs_exist_ok=True)
    site.prepare(0)
    return site
