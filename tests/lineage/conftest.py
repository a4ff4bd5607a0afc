"""A Prefect API for whole nights, and a server that takes events of lineage."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from folders.canonical import Sources
from servers import postgres

from flows.backend import prefect_backend


@pytest.fixture(scope="session")
def prefect() -> Iterator[Path]:
    """Have a Prefect API for the session. Returns its files."""
    home = Path(os.environ["PREFECT_HOME"])
    with prefect_backend(home.parent) as wait_until_up:
        wait_until_up()
        yield home


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server, or use the one of TEST_POSTGRESQL_URL; else skip."""
    with postgres.for_tests() as url:
        yield url


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Return a small folder of sources in which everything agrees."""
    return Sources(tmp_path / "sources")


class Receiver:
    """What a receiver of lineage was sent, and how it answers."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.tokens: list[str | None] = []
        self.answer = 201
        self.silent = threading.Event()
        self.url = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a real HTTP server that takes events."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.silent.is_set():
                released.wait()
                return
            receiver.paths.append(self.path)
            receiver.tokens.append(self.headers["Authorization"])
            receiver.events.append(json.loads(content))
            self.send_response(receiver.answer)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    released = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    released.set()
    server.shutdown()
    thread.join()
    server.server_close()
