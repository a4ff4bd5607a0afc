"""`cpli check`, `cpli template` and `cpli receipt`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cli.terminal import progress, say, show, table

FOUND_PROBLEMS = 3


def check_settings(config: Path, *, as_of: date, out: Path | None) -> int:
    """Try everything that a file of settings names, and say what somebody should act on."""
    from flows.checking import check
    from flows.origin import origin_of
    from flows.words import counted

    with progress():
        checked = check(origin_of(None, out or Path(), config=config, as_of=as_of))
    places = table(
        "Places", ["Place", "Connector", "Reachable", "Rights", "Clock"], numbers=["Clock"]
    )
    for place in checked.places:
        reachable = "yes" if place.reachable else "no"
        clock = _clock(place.clock_ahead_seconds)
        places.add_row(place.name, place.connector, reachable, place.rights, clock)
    show(places)
    say()
    tables = table(
        "Tables",
        ["Table", "Place", "Columns", "Rows tried", "Valid"],
        numbers=["Rows tried", "Valid"],
    )
    for each in checked.tables:
        numbers = ("-" if number is None else str(number) for number in (each.rows, each.valid))
        tables.add_row(each.name, each.place, each.columns, *numbers)
    show(tables)
    say()
    if not checked.problems:
        say("Nothing was changed, and nothing is in the way.")
        return 0
    for name, problem in checked.problems:
        say(f"{name}: {problem}")
    say(f"Nothing was changed. {counted(len(checked.problems), 'thing')} to act on.")
    return FOUND_PROBLEMS


def write_template(file: Path) -> int:
    """Write an empty workbook for a provider's caseload."""
    from connectors.intake.templates import template
    from publishing.folder import writing
    from schemas.errors import WrongUsage

    if file.suffix.lower() != ".xlsx":
        raise WrongUsage(f"{file} must be the name of a workbook: end it in .xlsx.")
    if file.exists():
        raise WrongUsage(f"{file} is there already, and may be filled in. Give another name.")
    with writing(file):
        file.write_bytes(template())
    say(f"Written: {file}")
    return 0


def show_receipt(file: Path, *, provider_id: str, caseload_date: date, config: Path | None) -> int:
    """Read a caseload as a night would, and print what its provider is told of it."""
    from flows.receipts import receipt_of

    said, refused = receipt_of(
        file, provider_id=provider_id, caseload_date=caseload_date, config=config
    )
    say(said.rstrip("\n"))
    return FOUND_PROBLEMS if refused else 0


def _clock(ahead_seconds: float | None) -> str:
    return "-" if ahead_seconds is None else f"{ahead_seconds:+.0f} s"
