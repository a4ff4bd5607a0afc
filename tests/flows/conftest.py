import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from folders.canonical import Sources

from flows.backend import prefect_backend


@pytest.fixture
def sources(tmp_path) -> Sources:
    """Return a small folder of sources in which everything agrees."""
    return Sources(tmp_path / "sources")


@pytest.fixture(scope="session")
def prefect() -> Iterator[Path]:
    """Have a Prefect API for the session; it takes ten seconds to come up. Returns its files."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home
