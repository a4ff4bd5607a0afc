"""Gives Prefect the API it needs: the server that is set, or one of our own for the while."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from publishing.folder import private_folder, writing
from schemas.errors import TryAgainLater

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 180
LOCAL = "127.0.0.1"
LONGEST = 200
ERROR = re.compile(r"[\w.]+(Error|Exception)\b")
"""How a traceback's last line begins."""

# Never "remove the folder": another run may be using it.
ANOTHER_PLACE = (
    "If this lasts, set PREFECT_HOME to an empty folder on a disk of this machine: nothing in the"
    " old one is needed."
)

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
OUTSPOKEN = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR"}
"""For our own server, whose console is a file."""


def prefect_home(out: Path) -> Path:
    """Return where Prefect's files go: to `out`, so that nothing is left in the home folder."""
    return Path(os.environ.get("PREFECT_HOME") or out.resolve() / ".prefect")


def prepare_environment(out: Path) -> None:
    """Set what Prefect reads from the environment at import, where nobody has set it.

    Requests to this machine never go through a proxy, which could not reach us.
    """
    with writing(out):
        private_folder(out)
    for name, value in {"PREFECT_HOME": str(prefect_home(out)), **QUIET}.items():
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
    with ExitStack() as starting:
        starting.enter_context(_one_at_a_time(home))
        address, server = _start(log)

        def wait_until_up() -> None:
            with starting:
                _wait_until_up(address=address, home=home, log=log)

        try:
            yield address, wait_until_up
        finally:
            server.communicate()


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Let one server start in a place at a time: two would both make the same database."""
    with ExitStack() as held:
        reason = ""
        try:
            held.enter_context(
                FileLock(
                    home / "server.starting",
                    timeout=START_SECONDS,
                    mode=0o600,
                    thread_local=False,
                    fallback_to_soft=False,
                )
            )
        except Timeout:
            reason = f"another run has been starting one in {home} for {START_SECONDS} seconds"
        except (OSError, NotImplementedError) as error:
            reason = f"{home} cannot be locked ({_in_words(error)})"
        if reason:
            raise TryAgainLater(
                f"Prefect's own server was not started: {reason}. Run this again. {ANOTHER_PLACE}"
            )
        yield


def _in_words(error: Exception) -> str:
    return getattr(error, "strerror", None) or "its file system has no locks"


def _start(log: Path) -> tuple[str, subprocess.Popen[bytes]]:
    with socket.create_server((LOCAL, 0)) as listening, log.open("wb") as complaints:
        command = [
            *(sys.executable, "-m", "uvicorn", "--factory", "flows.prefect_server:create"),
            *("--app-dir", str(ROOT), "--fd", str(listening.fileno()), "--log-level", "error"),
        ]
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=os.environ | OUTSPOKEN,
            pass_fds=[listening.fileno()],
            start_new_session=True,  # Ctrl-C is for us; the server goes when we have gone
        )
        return f"{LOCAL}:{listening.getsockname()[1]}", server


def _insist_on_answer() -> None:
    """Raise `TryAgainLater` where the server that is set does not answer."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if client.api_healthcheck():
            raise TryAgainLater(
                "The Prefect server that PREFECT_API_URL names does not answer. Start it, or unset"
                " PREFECT_API_URL to run without one."
            )


def _wait_until_up(*, address: str, home: Path, log: Path) -> None:
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
            f"Prefect's own server did not start in {home}. {_complaint(log)} Run this again."
            f" {ANOTHER_PLACE}"
        )


def _complaint(log: Path) -> str:
    """Quote the last error that the server told of; it has seen nothing of ours by then."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line.strip() for line in lines if ERROR.match(line)]
    return f"It says: {errors[-1][:LONGEST]} ({log})." if errors else f"{log} may say why."
