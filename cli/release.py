"""`cpli release` and `cpli rerun`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cli.night import run_night
from cli.record import casebook_of, council_of, nearest
from cli.terminal import say
from flows.words import counted
from schemas.errors import WrongUsage


def release_night(
    as_of: date,
    out: Path | None,
    config: Path | None,
    *,
    council: str | None,
    provider: str | None,
    who: str,
    reason: str,
) -> int:
    """Let out what gates held of a night, and run the night again with what was kept of it."""
    from flows.release import let_out, name_of

    if (council is None) == (provider is None):
        raise WrongUsage("Say what is let out: --council COUNCIL or --provider PROVIDER.")
    if not reason.strip() or not who.strip():
        raise WrongUsage("Say who lets it out and why: --who and --reason must not be empty.")
    # A misspelt folder must not become a record of its own.
    owner = council_of(casebook_of(out, config, read_only=True), council) or str(provider)
    casebook = casebook_of(out, config, read_only=False)
    failures = let_out(casebook, as_of, owner=owner, who=who.strip(), reason=reason.strip())
    say(
        f"Let out: {name_of(owner)} on the night of {as_of},"
        f" {counted(len(failures), 'failed gate')}. Running the night again with what was kept."
    )
    return run_night(None, config=config, as_of=as_of, out=out or nearest(), councils=(), kept=True)


def run_again(
    as_of: date,
    sources: Path | None,
    config: Path | None,
    out: Path | None,
    *,
    councils: Sequence[str],
) -> int:
    """Run a night on record again, with what its sources hold by now."""
    folder = out or nearest()
    if casebook_of(out, config, read_only=True).night(as_of) is None:
        raise WrongUsage(f"The night of {as_of} is not on record. Run it with `cpli run`.")
    return run_night(sources, config=config, as_of=as_of, out=folder, councils=councils)


def run_kept_again(as_of: date, config: Path | None, out: Path | None) -> int:
    """Run a night again with what was kept of it, so that what people let out goes out."""
    from flows.held import insist_on_kept

    insist_on_kept(casebook_of(out, config, read_only=True), as_of)
    return run_night(None, config=config, as_of=as_of, out=out or nearest(), councils=(), kept=True)
