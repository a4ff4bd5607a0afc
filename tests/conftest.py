"""The surroundings of every test: a private home, no telemetry, no network.

All of it is set before a test module is imported, because Prefect reads its environment once, at
import.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from house import network

SURROUNDINGS = Path(tempfile.mkdtemp(prefix="cpli-tests-"))
atexit.register(shutil.rmtree, SURROUNDINGS, ignore_errors=True)

# What a developer has set for a real site must not reach a test, nor a test the real site.
for name in [name for name in os.environ if name.startswith(("CPLI_", "PREFECT_"))]:
    del os.environ[name]

os.environ |= {
    "PREFECT_HOME": str(SURROUNDINGS / "prefect"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    **{
        f"XDG_{kind}_HOME": str(SURROUNDINGS / kind.lower())
        for kind in ("CACHE", "CONFIG", "DATA", "STATE")
    },
    # The guard below sees this process only; its children meet a proxy that nobody answers.
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), network.NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1"),
}

network.stay_on_this_machine()

# A deadline in milliseconds says more about the machine's other work than about ours.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def nothing_left_this_machine() -> Iterator[None]:
    """Fail the test during which something, even a background thread, reached for the network."""
    before = len(network.refused)
    yield
    assert network.refused[before:] == []


def pytest_unconfigure() -> None:
    """Let Prefect's own server say goodbye at exit, when there is no terminal left to say it to."""
    logging.raiseExceptions = False
