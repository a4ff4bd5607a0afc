"""A night over made-up people, and the site over it, served once for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from browsing import chromium
from feed.plain import without_prefect
from signed import CHEAP, site
from werkzeug.serving import make_server
from windows import Silent, Town

from casebook import passwords
from casebook.store import Casebook
from flows import nightly
from flows.origin import origin_of
from flows.outcome import FeedFacts
from population.generate import generate
from schemas.gates import Consequence, GateOutcome, GateResult, GateSeverity, GateSource
from worklist.security import limiter

AS_OF = date(2026, 11, 19)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def held(_as_of: date, owner: str) -> tuple[GateResult, ...]:
    """Return what gates hold of anybody."""
    return (
        GateResult(
            source=next(iter(GateSource)),
            owner=owner,
            gate="rows",
            severity=next(iter(GateSeverity)),
            outcome=next(iter(GateOutcome)),
            consequence=next(iter(Consequence)),
        ),
    )


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do one night, and return the folder of its results."""
    home = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPLI_IDENTITY_KEY", "a key for tests alone")
        without_prefect(patch.setattr)
        patch.setattr("flows.nightly.council_reports", lambda *_, **__: iter(()))
        patch.setattr("flows.nightly.publish_night", lambda *_, **__: FeedFacts(reason="none"))
        generate(home / "sources", people=1_000, seed=1, as_of=AS_OF)
        origin = origin_of(home / "sources", home / "out", config=None, as_of=AS_OF)
        nightly.in_order(origin, councils=())
    return home / "out"


@pytest.fixture(scope="module")
def town(night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Serve the site over a copy of the night, for one module: Playwright bears no other beside."""
    home, released = tmp_path_factory.mktemp("served"), list[tuple[Any, ...]]()
    shutil.copytree(night, home / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", CHEAP)
        passwords._nobodys.cache_clear()
        patch.setattr(limiter, "enabled", False)
        casebook = Casebook.open(f"sqlite:///{home / 'out' / 'casebook.db'}")
        casebook.clock = lambda: NOW

        def release(*about: Any) -> str:
            released.append(about)
            return "Released."

        app = site(casebook, home / "out", held=held, release=release)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        with chromium() as browser:
            yield Town(
                app=app,
                casebook=casebook,
                address=f"http://127.0.0.1:{server.server_port}",
                browser=browser,
                released=released,
            )
        server.shutdown()
        serving.join()
        server.server_close()
