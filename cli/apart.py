"""Runs a command of ours in a process of its own, for those who cannot wait for it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from threading import Thread

LOG = logging.getLogger("cpli")
COMMAND = (sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())")
"""`cpli`, wherever it is installed."""

DONE = (0, 3)
"""The exit codes of a night that was done, with or without a council that was not assessed."""


def run_apart(arguments: Sequence[str]) -> Thread:
    """Start a command and return at once; it goes on when we end.

    What it says goes where ours does. The thread that is returned waits for it, and logs where it
    did not end well.
    """
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # what stops us does not stop a night midway
    )
    waiting = Thread(target=_tell_how_it_ended, args=(process, arguments[0]), daemon=True)
    waiting.start()
    return waiting


def _tell_how_it_ended(process: subprocess.Popen[bytes], command: str) -> None:
    code = process.wait()
    if code not in DONE:
        LOG.error("`cpli %s` ended with exit code %d. What it said stands above.", command, code)
