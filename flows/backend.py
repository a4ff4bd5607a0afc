"""Gives Prefect the API it needs: the server that is set, or one of our own for the while."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from publishing.folder import private_folder, writing
from schemas.errors import TryAgainLater

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 180
LOCAL = "127.0.0.1"

# Nothing is sent to anybody, and the console is ours: Prefect's tracebacks would fill it.
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "cpli",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


def prepare_environment(out: Path) -> None:
    """Set what Prefect reads from the environment at import, where nobody has set it.

    Its files go to `out`, so that nothing is left in the home folder. Requests to this machine
    never go through a proxy, which could not reach us.
    """
    with writing(out):
        private_folder(out)
    for name, value in {"PREFECT_HOME": str(out.resolve() / ".prefect"), **QUIET}.items():
        os.environ.setdefault(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        direct = [part for part in os.environ.get(name, "").split(",") if part]
        if LOCAL not in direct:
            os.environ[name] = ",".join([*direct, LOCAL])


@contextmanager
def prefect_backend(out: Path) -> Iterator[Callable[[], None]]:
    """Have an API within: the one that Prefect's own settings name, or a server of our own.

    Ours comes up while other work is done. The function that is given waits until it has, and
    raises `TryAgainLater` where it does not.
    """
    prepare_environment(out)
    from prefect.logging.handlers import APILogHandler
    from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

    settings = get_current_settings()
    if settings.api.url:
        yield _insist_on_answer
        return
    with (
        _own_server(settings.home) as (address, wait_until_up),
        temporary_settings({PREFECT_API_URL: f"http://{address}/api"}),
    ):
        try:
            yield wait_until_up
        finally:
            # What is still to be sent would be tried again and again once the server is gone.
            APILogHandler().flush()


@contextmanager
def _own_server(home: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Start a server on a free port of this machine; it ends when we do, even if we are killed.

    The port is open before the server is up: requests wait in the socket, which it inherits.
    """
    log = home / "server.log"
    with writing(home):
        private_folder(home)
        log.touch(mode=0o600)
    # Two servers that start at once would both make the same database, and one would fail.
    starting = FileLock(home / "server.starting", timeout=START_SECONDS)
    starting.acquire()
    with socket.create_server((LOCAL, 0)) as listening, log.open("wb") as complaints:
        address = f"{LOCAL}:{listening.getsockname()[1]}"
        command = [
            *(sys.executable, "-m", "uvicorn", "--factory", "flows.prefect_server:create"),
            *("--app-dir", str(ROOT), "--fd", str(listening.fileno()), "--log-level", "critical"),
        ]
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=[listening.fileno()],
            start_new_session=True,  # Ctrl-C is for us; the server goes when we have gone
        )

    def wait_until_up() -> None:
        try:
            _wait_until_up(address=address, log=log)
        finally:
            starting.release()

    try:
        yield address, wait_until_up
    finally:
        starting.release()
        server.communicate()


def _insist_on_answer() -> None:
    """Raise `TryAgainLater` where the server that is set does not answer."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if client.api_healthcheck():
            raise TryAgainLater(
                "The Prefect server that PREFECT_API_URL names does not answer. Start it, or unset"
                " PREFECT_API_URL to run without one."
            )


def _wait_until_up(*, address: str, log: Path) -> None:
    up = False
    connection = http.client.HTTPConnection(address, timeout=START_SECONDS)
    try:
        connection.request("GET", "/api/health")
        up = connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        up = False
    finally:
        connection.close()
    if not up:
        raise TryAgainLater(
            f"Prefect's own server did not start; {log} says why. Run the night again, and if this"
            " lasts, remove the folder of that file: nothing in it is needed."
        )
