"""Lets out what is held in children that are killed, each at another step, and then in peace.

Started by a test as a script: `killing.py COUNCIL HOME STEP...`, where a site for each step lies
in `HOME/STEP`. A child is killed when the step is done, or when it begins where the step's name
ends in `-`. Writes how the child ended, and with which code the command did that came after it.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from feed.plain import without_prefect
from gates.site import Site, without_prefect_typed

from flows import nightly


def dying(step: Callable[..., Any], *, at_once: bool) -> Callable[..., Any]:
    """Return a step at which the process is killed."""

    def die(*args: Any, **kwargs: Any) -> None:
        if not at_once:
            step(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


def put(where: str, value: object) -> None:
    """Put something in the place of what a module has."""
    module, _, name = where.rpartition(".")
    setattr(import_module(module), name, value)


def ended(home: Path, council: str, step: str | None) -> int:
    """Type `cpli release` in a child; return how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if step:
        name = step.rstrip("-")
        setattr(nightly, name, dying(getattr(nightly, name), at_once=step.endswith("-")))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(Site(home=home).release(council))


def main() -> None:
    council, home, *steps = sys.argv[1:]
    without_prefect()
    without_prefect_typed(put)
    put("flows.nightly.council_reports", lambda *_, **__: iter(()))
    for step in steps:
        codes = [ended(Path(home) / step, council, each) for each in (step, None)]
        sys.stdout.write(json.dumps([step, *codes]) + "\n")


if __name__ == "__main__":
    main()
