"""The API does what its description says, whatever is sent to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished
from werkzeug.serving import WSGIRequestHandler, make_server

from worklist.security import limiter

FEW, MANY = 4, 100
STEPS, QUESTIONS = 12, 3
BY_RULES = ["2xx", "404", "409", "422"]
"""A body can be as described and yet not fit the case, as a sentence says then."""


class Silent(WSGIRequestHandler):
    """Answers without saying so in a log."""

    def log(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve the site, and yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def faults(app: Flask, token: str, *, examples: int, borders: bool) -> list[str]:
    """Send each operation what is drawn, its examples and, if asked for, what lies at its borders.

    Returns in what the answers were not as described.
    """
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {token}"},
            "checks": {"positive_data_acceptance": {"expected-statuses": BY_RULES}},
            "generation": {"max-examples": examples, "deterministic": True},
            "phases": {
                "examples": {"enabled": borders},
                "coverage": {"enabled": borders},
                "stateful": {"enabled": False},
            },
        }
    )
    with served(app) as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)
        events = [*from_schema(schema).execute()]
    found, tried = list[str](), set[str]()
    for event in events:
        match event:
            case FatalError(exception=error) | NonFatalError(value=error):
                raise error
            case ScenarioFinished(recorder=recorder):
                tried.add(recorder.label)
            case EngineFinished(failures=failures):
                found += [f"{each.operation}: {each.title}: {each.message}" for each in failures]
    assert len(tried) == STEPS + QUESTIONS, tried
    return found


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program ask as often as it will."""
    monkeypatch.setattr(limiter, "enabled", False)


def test_what_is_sent_at_random_gets_what_the_description_says(app: Flask, ours) -> None:
    assert faults(app, ours.token, examples=FEW, borders=False) == []


@pytest.mark.slow
def test_so_does_whatever_lies_at_the_borders_of_what_it_says(app: Flask, ours) -> None:
    assert faults(app, ours.token, examples=MANY, borders=True) == []
