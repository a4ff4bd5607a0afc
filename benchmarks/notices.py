"""How long notices take to be written: `python -m benchmarks.notices [NOTICES] [CASES]`.

Each in all three forms and onto the disk, beside the floor of merely writing the same bytes.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from publishing.folder import replace_folder
from publishing.notices.example import example
from publishing.notices.facts import Notice
from publishing.notices.rendering import Printer
from publishing.templates import Templates


def notices(count: int, cases: int) -> Iterator[Notice]:
    """Yield notices that differ in whom they are for and in their cases."""
    one = example()
    for number in range(count):
        items = tuple(
            replace(item, case=f"{number * cases + at:032x}", person=f"{number}-{at}")
            for at, item in enumerate(islice(cycle(one.items), cases))
        )
        yield replace(one, provider_id=f"P{number:04}", items=items)


def timed(step: Callable[[], None]) -> float:
    """Return how many seconds a step takes."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def main(count: int, cases: int) -> None:
    """Write notices, then the same bytes again without making them."""
    with tempfile.TemporaryDirectory(prefix="cpli-bench-") as folder:
        here, there = Path(folder) / "notices", Path(folder) / "floor"

        def write() -> None:
            with Printer(Templates(), key=b"a key for a benchmark") as printer:
                made = (
                    (f"{notice.provider_id}/{name}", content)
                    for notice in notices(count, cases)
                    for name, content in printer.files(notice).items()
                )
                replace_folder(here, {}, more=made)

        whole = timed(write)
        files = {str(path.relative_to(here)): path.read_bytes() for path in here.rglob("*.*")}
        floor = timed(lambda: replace_folder(there, files))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(map(len, files.values())) / 1e6
    print(f"{count:,} notices of {cases} cases: {len(files):,} files, {size:,.0f} MB")
    print(f"made and written {whole:.1f} s, {whole / floor:.1f} times the floor of {floor:.1f} s")
    print(f"peak {most:,.0f} MB")


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:])]
    main(*(given + [1_000, 10][len(given) :]))
