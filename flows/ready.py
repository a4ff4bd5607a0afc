"""What is looked at before anything is done, so that a refusal leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from casebook.store import Casebook
from flows.held import councils_of, kept_councils
from flows.origin import Origin
from flows.steps import insist_apart
from publishing.folder import insist_on_room
from publishing.notices.example import example
from publishing.notices.rendering import Printer
from publishing.templates import Templates
from schemas.errors import WrongUsage
from settings.database import database_url
from settings.identity import insist_on_key
from settings.settings import Settings


def ready_to_run(
    origin: Origin, *, councils: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], Casebook]:
    """Return the councils of the sources, those to assess, and the record of nights.

    Raises whatever a person has to mend before a night of these councils can be run.
    """
    for folder in origin.folders():
        insist_apart(folder, origin.out)
    known = origin.open()[1]
    return known, choose(councils, known), ready_to_record(origin.out, settings=origin.settings)


def ready_to_let_out(origin: Origin) -> tuple[tuple[str, ...], tuple[str, ...], Casebook]:
    """Return the councils of a night of which something is kept, those kept, and the record.

    Raises `WrongUsage` where the night is not on record.
    """
    casebook = ready_to_record(origin.out, settings=origin.settings)
    kept = kept_councils(casebook, origin.as_of)
    return councils_of(casebook, origin.as_of), kept, casebook


def ready_to_record(out: Path, *, settings: Settings) -> Casebook:
    """Return the record of nights; raises what would keep a night from being written down."""
    insist_on_room(out)
    insist_on_key(settings)
    insist_on_templates(settings)
    return Casebook.open(database_url(settings, out), levels=settings.service_levels)


def insist_on_templates(settings: Settings) -> None:
    """Raise `WrongUsage` where a council's own templates cannot be used, as far as that shows."""
    if settings.reports.templates is None:
        return
    templates = Templates(settings.reports.templates)
    templates.check()
    with Printer(templates, key=b"") as printer:
        printer.files(example())


def choose(asked: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the councils to assess; raises `WrongUsage` for one that the sources do not know."""
    codes = ", ".join(known)
    if not all(code.strip() for code in asked):
        raise WrongUsage(f"--council was given without a code. The sources know {codes}.")
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise WrongUsage(f"The sources know no council {', '.join(unknown)}; they know {codes}.")
    return tuple(code for code in known if code in asked) or known
