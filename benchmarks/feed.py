"""How long a night takes to be published: rendered, checked, held against what stands, exported.

`python -m benchmarks.feed SOURCES` for the sources of a night, such as those of `cpli generate`.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from casebook.store import Casebook
from flows.publication import keep, prepare_night, publish
from flows.steps import conclude, open_source, pull_in_memory
from settings.settings import load_settings


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Print how long a stage took, and the most memory so far."""
    started = time.perf_counter()
    yield
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{stage:40} {time.perf_counter() - started:7.1f} s   peak {most:6.0f} MB", flush=True)


def main(sources: Path, as_of: date) -> None:
    """Time a first night, which sends everything, and one after it, which sends hardly anything."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="cpli-bench-") as folder:
        casebook = Casebook.open(f"sqlite:///{folder}/casebook.db")
        for night in (as_of, as_of + timedelta(days=1)):
            with timed(f"{night}: read and reconcile"):
                source, known = open_source(sources)
                pulls = pull_in_memory(source, known, as_of=night, settings=settings)
                account = conclude(pulls, as_of=night, settings=settings)
            with timed("  record"):
                casebook.record(account.record)
            with timed("  render and check"):
                prepared = prepare_night(account, pulls, casebook, settings=settings)
            with timed("  keep"):
                keep(prepared, casebook)
            with timed("  publish"):
                export = publish(casebook, night, settings=settings).export
            sent = sum(sum(turns.values()) for turns in export.counts["changes"].values())
            print(f"  {len(prepared.lines):,} resources, {sent:,} of them sent")


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
