"""Keeps two runs of one night apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

from casebook.store import Casebook
from flows.progress import LOG
from schemas.errors import TryAgainLater
from settings.settings import Settings


@contextmanager
def hold(casebook: Casebook, as_of: date, settings: Settings) -> Iterator[None]:
    """Keep other runs of this night away; wait for one that is going on, and say so."""
    with ExitStack() as held:
        try:
            held.enter_context(casebook.hold(as_of, wait_seconds=0))
        except TryAgainLater:
            seconds = settings.database.wait_seconds
            LOG.info(
                "Another run of the night of %s is going on: waiting for it, at most %g seconds",
                as_of,
                seconds,
            )
            held.enter_context(casebook.hold(as_of, wait_seconds=seconds))
        yield
