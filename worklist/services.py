"""What the pages work with: the record of cases, the settings, and what only flows can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import cast

from flask import current_app

from casebook.desk import Desk
from casebook.notices import NoticeRow
from casebook.overview import Overview
from casebook.store import Casebook
from casebook.working_days import london
from casebook.worklist import Worklist
from schemas.gates import GateResult
from settings.worklist import Worklist as Settings

EXTENSION = "cpli-worklist"

TakeCaseload = Callable[[str, date, str, bytes], tuple[str, bool]]
"""Keeps a caseload for the next night: provider_id, its date, the file's name, what it holds.

Returns the receipt, and whether the file or one of its rows was refused.
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

    def council_name(self, code: str | None) -> str:
        """Return what a council is called; cases of no council are the region's."""
        return "No council" if code is None else self.councils.get(code, code)


def services() -> Services:
    """Return what the app at work was made with."""
    return cast(Services, current_app.extensions[EXTENSION])
