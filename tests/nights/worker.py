"""A process that records nights in children of its own, and kills them where it is told to.

Reads one JSON object a line and answers each with another. Killing a child at its n-th statement
reaches every point between two statements; killing it after some seconds, the points within one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from nights.examples import FIRST, RUTLAND, discrepancies, night
from sqlalchemy import event

from casebook.actions import Action, Step
from casebook.database import connect
from casebook.desk import Desk
from casebook.frames import checked, to_rows
from casebook.store import Casebook

NIGHTS = {
    "A": night(FIRST, discrepancies(range(1_500))),
    "B": night(FIRST, discrepancies(range(700, 2_000)), missing=(RUTLAND,)),
}


def main() -> None:
    """Answer each order of the standard input."""
    # What a first use makes once is made here, and not again in each child.
    for each in NIGHTS.values():
        to_rows(checked(each.discrepancies), each.about)
    say("ready")
    for line in sys.stdin:
        say(json.dumps(obey(json.loads(line))))


def say(words: str) -> None:
    """Answer the process that gives the orders."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def obey(order: dict[str, Any]) -> dict[str, int]:
    """Fork, record, and say by which signal the child ended and how many statements it began."""
    reading, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        record(order, telling)
        os._exit(0)
    os.close(telling)
    if "seconds" in order:
        os.read(reading, 1)
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)
    statements = 0
    while said := os.read(reading, 4096):
        statements += len(said)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {
        "signal": ended_by,
        "statements": statements,
        "status": os.waitstatus_to_exitcode(status),
    }


def record(order: dict[str, Any], telling: int) -> None:
    """Record the nights in turn, hold one for ever, or resolve cases."""
    casebook = Casebook(connect(order["url"]))
    begun = 0

    def at_each_point(*_: object) -> None:
        nonlocal begun
        begun += 1
        os.write(telling, b".")
        if begun == order.get("statement"):
            os.kill(os.getpid(), signal.SIGKILL)

    for point in ("before_cursor_execute", "begin", "commit"):
        event.listen(casebook.engine, point, at_each_point)
    if "hold" in order:
        with casebook.hold(FIRST, wait_seconds=0):
            os.write(telling, b".")
            time.sleep(60)
    for name in order.get("nights", ""):
        casebook.record(NIGHTS[name])
    if "resolve" in order:
        step = Step(action=Action.RESOLVE, reason="other", note="ZZNOTE")
        Desk(casebook).act(step, order["resolve"], who="jo", request=order["request"])


if __name__ == "__main__":
    main()
