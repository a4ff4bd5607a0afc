"""`make demo-real`: the demo's population, served as a real site would, gives the same results.

The same people twice: once from the folder in the canonical layout, once from a PostgreSQL, an SFTP
server and workbooks as care homes keep them. Both `discrepancies.csv` must be the same, byte for
byte. What is started is stopped at the end.
"""

import shutil
import sys
from pathlib import Path

import click
from real.site import served

from cli.main import main

AS_OF = "2026-11-19"


@click.command()
@click.option("--place", type=click.Path(path_type=Path), default=Path("demo-real"))
@click.option("--people", default="2000")
@click.option("--seed", default="1")
def compare(place: Path, people: str, seed: str) -> None:
    """Make the population, run the night both ways, and see that both found the same."""
    if place.exists():
        shutil.rmtree(place)
    canonical, plain, out = place / "sources", place / "from-the-folder", place / "nights"
    _do("generate", str(canonical), "--people", people, "--seed", seed, "--as-of", AS_OF)
    _do("reconcile", "--sources", str(canonical), "--as-of", AS_OF, "--out", str(plain))
    click.echo("\nStarting a PostgreSQL and an SFTP server on this machine.")
    with served(canonical, (place / "site").absolute()) as config:
        _do("check", "--config", str(config), "--as-of", AS_OF, "--out", str(out), may_end=(0, 3))
        _do("run", "--config", str(config), "--as-of", AS_OF, "--out", str(out))
    click.echo("\nStopped both.")
    one, other = (folder / "discrepancies.csv" for folder in (plain, out / AS_OF))
    if one.read_bytes() != other.read_bytes():
        sys.exit(f"{one} and {other} differ.")
    rows = one.read_bytes().count(b"\n") - 1
    click.echo(f"{one} and {other} are the same, byte for byte: {rows} discrepancies.")


def _do(*arguments: str, may_end: tuple[int, ...] = (0,)) -> None:
    click.echo(f"\n$ cpli {' '.join(arguments)}")
    if (code := main(arguments)) not in may_end:
        sys.exit(code)


if __name__ == "__main__":
    compare()
