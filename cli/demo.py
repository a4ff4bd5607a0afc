"""`cpli demo`: a population, two nights, and what they found."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

from casebook.store import Casebook
from cli.population import in_words, make, say_not_planted
from cli.reports import in_words as changes_in_words
from cli.reports import say_not_assessed, show_changes
from cli.samples import sample_accounts
from cli.terminal import command_line, progress, say
from publishing.folder import insist_on_room
from settings.database import database_url
from settings.settings import Settings, load_settings

LEFT_OUT = "E06000017"
LOOKED_AT = "E10000018"
"""The council whose cases the sample accounts of the worklist see."""
"""The council whose extract does not come on the second night: Rutland, the smallest."""


def show_demo(*, people: int, seed: int, as_of: date, out: Path) -> int:
    """Make the population, run both nights, and print what is new, lasting and gone."""
    from flows.backend import prefect_backend, prefect_home
    from flows.ready import ready_to_record

    started = time.monotonic()
    settings = load_settings()
    insist_on_room(prefect_home(out))
    ready_to_record(out, settings=settings)
    with progress(), prefect_backend(out) as wait_until_up:
        sources = [
            make_night(night, people=people, seed=seed, as_of=as_of, out=out) for night in (0, 1)
        ]
        from flows.nightly import run_night

        wait_until_up()
        first, second = (
            run_night(folder, out, as_of=as_of + timedelta(days=night))
            for night, folder in enumerate(sources)
        )
    casebook = Casebook.open(
        database_url(settings, out), read_only=True, levels=settings.service_levels
    )
    say()
    show_changes(
        f"Discrepancies on {second.as_of}, compared with {first.as_of}",
        casebook.changes(second.as_of, first.as_of),
        second.councils,
    )
    say()
    if second.recorded:
        say(changes_in_words(second.recorded))
    say_not_assessed(second.missed)
    say_where(out, nights=(first.as_of, second.as_of), seconds=time.monotonic() - started)
    say_worklist(out, settings=settings, sources=sources[-1])
    return 0


def make_night(night: int, *, people: int, seed: int, as_of: date, out: Path) -> Path:
    """Write what the councils, the portal and the providers send by one night."""
    folder = out / f"sources-night-{night + 1}"
    missing = (LEFT_OUT,) if night else ()
    made = make(
        folder, people=people, seed=seed, as_of=as_of, night=night, missing_councils=missing
    )
    say(in_words(made))
    if not night:
        say_not_planted(made)
    return folder


def say_worklist(out: Path, *, settings: Settings, sources: Path) -> None:
    """Make an account for each role, and say how to open the worklist with it."""
    casebook = Casebook.open(database_url(settings, out), levels=settings.service_levels)
    password, accounts = sample_accounts(casebook, council=LOOKED_AT)
    say()
    say(f"Sample accounts of the worklist, all with the password {password}:")
    for email, role in accounts.items():
        say(f"  {email:22} {role.display}")
    command = command_line(
        *("worklist", "--out", str(out), "--sources", str(sources), "--no-second-factor")
    )
    say(f"Open the worklist:   {command}")


def say_where(out: Path, *, nights: tuple[date, date], seconds: float) -> None:
    """Say where everything is and how to look further."""
    first, second = nights
    say()
    say(f"Each night's files: {out / str(first)} and {out / str(second)}")
    say("  discrepancies.csv  one row each: who, what the council holds, what the provider states")
    say("  refusals.csv       which rows and files were refused, by which rule, and who should act")
    say("  timeliness.csv     how soon services are on the system, by council, team and provider")
    say("  summary.json       counts, stages and what was not assessed")
    say("  quality/           is it plausible? The gates as a page and as data")
    say("  report/            a page and a workbook for each council and for the region, LLR")
    say(f"  notices/           what each provider is told, once a week: that of {first}")
    say(f"What was made up:    {out}/sources-night-1 and -2; truth.csv lists what was planted")
    say(f"Look further:        {command_line('show', str(second), '--out', str(out))}")
    say(f"Done in {seconds:.0f} seconds.")
