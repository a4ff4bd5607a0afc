"""What the pages work with: the record of cases, the settings, and what only flows can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

from flask import current_app, g

from casebook.desk import Desk
from casebook.notices import NoticeRow
from casebook.overview import Overview
from casebook.store import Casebook
from casebook.uploads import Upload
from casebook.working_days import london
from casebook.worklist import Worklist
from schemas.gates import GateResult
from settings.worklist import Worklist as Settings

EXTENSION = "cpli-worklist"


class TakeCaseload(Protocol):
    """Keeps a provider's list for the next night."""

    def __call__(
        self, content: bytes, *, provider_id: str, caseload_date: date, who: str, instead: bool
    ) -> Upload:
        """Return what is on record of a list, be it of use or not.

        Raises `NotTaken` where no night would look at a list of this date, and `SentAlready` where
        another one of it is there, unless this one is to count `instead`.
        """


NoticeFiles = Callable[[NoticeRow], Mapping[str, bytes]]
"""Returns the files of a notice by their names."""
Held = Callable[[date, str], tuple[GateResult, ...]]
"""Returns what gates hold of a night's council or provider, nothing where it was let out already.

Raises `WrongUsage` where there is nothing that can be let out.
"""
Release = Callable[[date, str, str, str], str]
"""Lets out what gates hold: the night, whose it is (a council or provider), who, and why.

Returns in a sentence what was done. The night is run again meanwhile; nobody waits for that.
"""
RunAgain = Callable[[date], None]
"""Has a night run again with what was kept of it; nobody waits for that."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What pages work with.

    `out` is where the nights' folders lie, `councils` are names by GSS code. What is None cannot be
    done here.
    """

    casebook: Casebook
    settings: Settings
    out: Path
    councils: Mapping[str, str]
    take_caseload: TakeCaseload | None = None
    notice_files: NoticeFiles | None = None
    held: Held | None = None
    release: Release | None = None
    run_again: RunAgain | None = None

    @cached_property
    def cases(self) -> Worklist:
        """Questions to the cases."""
        return Worklist(self.casebook)

    @cached_property
    def overview(self) -> Overview:
        """Questions to the nights, and to what is delivered."""
        return Overview(self.casebook)

    @cached_property
    def desk(self) -> Desk:
        """Where people act on cases."""
        return Desk(self.casebook)

    @property
    def now(self) -> datetime:
        """The instant by the record's clock, UTC."""
        return self.casebook.clock()

    @property
    def today(self) -> date:
        """The day in London."""
        return london(self.now)

    @property
    def provider_names(self) -> Mapping[str, str]:
        """What providers are called, by their ids; read once in a request."""
        if "provider_names" not in g:
            g.provider_names = self.casebook.notices().provider_names()
        return cast(Mapping[str, str], g.provider_names)

    def council_name(self, code: str | None) -> str:
        """Return what a council is called; cases of no council are the region's."""
        return "No council" if code is None else self.councils.get(code, code)


def services() -> Services:
    """Return what the app at work was made with."""
    return cast(Services, current_app.extensions[EXTENSION])
