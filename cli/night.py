"""`cpli reconcile` and `cpli run`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cli.reports import say_done
from cli.terminal import progress
from settings.settings import load_settings


def reconcile_only(sources: Path, *, as_of: date, out: Path) -> int:
    """Reconcile in memory and say what came of it."""
    from flows.steps import reconcile_in_memory

    with progress():
        done = reconcile_in_memory(sources, as_of=as_of, out=out, settings=load_settings())
    say_done(done)
    return done.exit_code


def run_night(
    sources: Path | None,
    *,
    config: Path | None = None,
    as_of: date,
    out: Path,
    councils: Sequence[str],
    kept: bool = False,
) -> int:
    """Run the flow for one night and say what came of it; `kept` takes what was kept of it."""
    from flows.backend import prefect_backend, prefect_home
    from flows.origin import origin_of, origin_of_kept
    from flows.ready import ready_to_let_out, ready_to_run
    from publishing.folder import insist_on_room

    # Prefect would say in words of its own, and too late, that it cannot write there.
    insist_on_room(prefect_home(out))
    if kept:
        ready_to_let_out(origin_of_kept(out, config=config, as_of=as_of))
    else:
        ready_to_run(origin_of(sources, out, config=config, as_of=as_of), councils=councils)
    with progress(), prefect_backend(out) as wait_until_up:
        from flows import nightly

        wait_until_up()
        done = nightly.run_night(
            sources, out, config=config, as_of=as_of, councils=councils, kept=kept
        )
    say_done(done)
    return done.exit_code
