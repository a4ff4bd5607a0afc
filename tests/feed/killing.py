"""Does nights and publishes them in children that are killed, each at another moment.

Started by a test as a script: `killing.py OUT MOMENTS CONFIG...`, one file of settings a night.
MOMENTS is JSON: for each child its command ("run" or "publish"), the line of its log after which
its time runs, or null for its beginning, and how many seconds it has left. Each night is killed at
all of these and then done in peace. Writes for each child whether it was killed.
"""

import json
import logging
import os
import select
import signal
import sys
import time
from datetime import date
from pathlib import Path

from feed.plain import without_prefect

from cli.main import main as type_in
from flows import nightly
from flows.origin import origin_of

NIGHTS = (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20))


class Told(logging.Handler):
    """Writes the log into a pipe."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self.pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        os.write(self.pipe, f"{record.getMessage()}\n".encode())


def do(command: str, config: Path, out: Path, as_of: date) -> int:
    """Do a command in this process; a night without Prefect."""
    if command == "publish":
        where = ["--config", str(config), "--out", str(out)]
        return type_in(["publish", "--as-of", str(as_of), *where])
    origin = origin_of(None, out, config=config, as_of=as_of)
    return nightly.in_order(origin, councils=()).exit_code


def child_of(command: str, config: Path, out: Path, as_of: date) -> tuple[int, int]:
    """Start a child that does a command; return it and the pipe with its log."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(theirs)
        return child, ours
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        log = logging.getLogger("cpli")
        log.addHandler(Told(theirs))
        log.setLevel(logging.INFO)
        code = do(command, config, out, as_of)
    finally:
        os._exit(code)


def wait_for(line: str, pipe: int) -> bool:
    """Read a log until a line begins so; say whether it came."""
    told = b""
    while line.encode() not in told:
        block = os.read(pipe, 4096)
        if not block:
            return False
        told += block
    return True


def killed(command: str, after: str | None, seconds: float, *night: object) -> bool:
    """Do a command in a child that is killed; say whether it came to that."""
    child, pipe = child_of(command, *night)
    if after is None or wait_for(after, pipe):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
            if not os.read(pipe, 4096):
                break
        os.kill(child, signal.SIGKILL)
    os.close(pipe)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def done(*night: object) -> int:
    """Do a night in a child, in peace."""
    child, pipe = child_of("run", *night)
    while os.read(pipe, 4096):
        pass
    os.close(pipe)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    out, moments = Path(sys.argv[1]), json.loads(sys.argv[2])
    without_prefect()
    for as_of, config in zip(NIGHTS, map(Path, sys.argv[3:]), strict=True):
        for command, after, seconds in moments:
            ended = killed(command, after, seconds, config, out, as_of)
            sys.stdout.write(json.dumps([str(as_of), command, after, ended]) + "\n")
        code = done(config, out, as_of)
        sys.stdout.write(json.dumps([str(as_of), "run", "code", code]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
