"""Runs a night again and again in children that are killed after a while, each at another moment.

Started by a test as a script: `killed.py SOURCES OUT KILLS`. The steps are the flow's own, called
without Prefect, which would take ten seconds each time. Writes what was found after each kill.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from datetime import date
from pathlib import Path

from feed.plain import without_prefect

from flows import nightly
from flows.origin import origin_of

AS_OF = date(2026, 11, 20)


def run(sources: Path, out: Path) -> None:
    """Do the night in this process."""
    nightly.in_order(origin_of(sources, out, config=None, as_of=AS_OF), councils=())


def killed_after(seconds: float, sources: Path, out: Path) -> bool:
    """Do the night in a child that is killed after a while; say whether it was done by then."""
    child = os.fork()
    if not child:
        run(sources, out)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def state(out: Path) -> dict[str, object]:
    """Return what a reader finds: the night's files, and how many discrepancies are on record."""
    recorded = None
    if (out / "casebook.db").exists() and (out / "casebook.db").stat().st_size:
        connection = sqlite3.connect(out / "casebook.db")
        if connection.execute("select 1 from sqlite_master where name = 'night'").fetchone():
            nights = connection.execute("select discrepancies from night").fetchall()
            rows = connection.execute("select count(*) from night_discrepancy").fetchone()[0]
            recorded = [*(night[0] for night in nights), rows]
        connection.close()
    folder = out / AS_OF.isoformat()
    files = sorted(path.name for path in folder.iterdir()) if folder.exists() else None
    return {
        "recorded": recorded,
        "files": files,
        "left": sorted(path.name for path in out.iterdir()),
    }


def tell(out: Path, *, done: bool) -> None:
    """Write what is there, as one line."""
    sys.stdout.write(json.dumps({"done": done, **state(out)}) + "\n")


def main() -> None:
    sources, out, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    without_prefect()
    out.mkdir()
    draw = random.Random(7)
    started = time.monotonic()
    run(sources, out.with_name("undisturbed"))
    takes = time.monotonic() - started
    for _ in range(kills):
        tell(out, done=killed_after(draw.uniform(0.0, takes), sources, out))
    run(sources, out)
    tell(out, done=True)


if __name__ == "__main__":
    main()
