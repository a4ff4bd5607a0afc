"""Run the benchmarks: `python -m benchmarks [--cplis N ...] [--runs R]`.

Each run is a process of its own, its wall time and peak memory as the operating system counts them,
start-up included. Floor and command take turns, so that a busy machine troubles both alike; the
table gives medians, and the ratio of the command without its start-up to the floor F.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.data import AS_OF, make

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("pandas", "pyarrow", "numpy", "pandera", "rapidfuzz")
FLOOR = """
import sys, time
from pathlib import Path
from benchmarks.floor import floor
started = time.perf_counter()
floor(Path(sys.argv[1]))
print(time.perf_counter() - started)
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One process: wall seconds and peak memory in megabytes; `said` is what it printed."""

    seconds: float
    peak_megabytes: float
    said: str


def timed(*command: str) -> Run:
    """Run a command and measure it."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        out.seek(0)
        return Run(seconds=seconds, peak_megabytes=usage.ru_maxrss / 1024, said=out.read())


@dataclass(frozen=True, kw_only=True)
class Result:
    """Medians of several runs at one size; `stages` are the command's own seconds by stage."""

    cplis: int
    floor_seconds: float
    seconds: float
    peak_megabytes: float
    stages: dict[str, float]

    @property
    def ratio(self) -> float:
        """The command's stages as a multiple of the floor F."""
        return sum(self.stages.values()) / self.floor_seconds


def measure(cplis: int, runs: int, work: Path) -> Result:
    """Measure the floor and `cpli reconcile` on sources of one size."""
    sources = make(work / f"sources-{cplis}", cplis=cplis)
    cpli = str(Path(sys.executable).with_name("cpli"))
    floors, commands, stages = [], [], []
    for _ in range(runs):
        floors.append(float(timed(sys.executable, "-c", FLOOR, str(sources)).said))
        out = work / f"out-{cplis}"
        commands.append(
            timed(
                cpli,
                "reconcile",
                "--sources",
                str(sources),
                "--as-of",
                str(AS_OF),
                "--out",
                str(out),
            )
        )
        stages.append(json.loads((out / "summary.json").read_text())["seconds"])
    return Result(
        cplis=cplis,
        floor_seconds=statistics.median(floors),
        seconds=statistics.median(run.seconds for run in commands),
        peak_megabytes=max(run.peak_megabytes for run in commands),
        stages={
            name: statistics.median(stage[name] for stage in stages) for name in sorted(stages[0])
        },
    )


def table(results: list[Result]) -> str:
    """Return the results as a Markdown table."""
    stages = list(results[0].stages)
    heads = ["CPLIs", "whole command s", "peak MB", *stages, "floor F s", "stages / F"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for result in results:
        cells = [
            str(result.cplis),
            f"{result.seconds:.2f}",
            f"{result.peak_megabytes:.0f}",
            *(f"{result.stages[name]:.2f}" for name in stages),
            f"{result.floor_seconds:.3f}",
            f"{result.ratio:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, and keep it with the machine and the versions."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--cplis", type=int, nargs="+", default=[50_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cpli-bench-") as work:
        results = [measure(cplis, given.runs, Path(work)) for cplis in given.cplis]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in PACKAGES
    )
    text = f"{table(results)}\n\n{machine}\n"
    (RESULTS / "latest.md").write_text(text)
    print(text)


main()
