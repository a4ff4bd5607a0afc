"""What every kind of source can do, a folder today, a database or an SFTP server later."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from schemas.raw import CaseloadFile, PortalFile, RawTable


class Source(Protocol):
    """Where a night's tables come from, as text.

    Every method may raise TryAgainLater (it may pass by itself) or PersonNeeded; those that read a
    table may raise SourceRefused, which speaks of that table alone.
    """

    def open(self) -> None:
        """Find out whether there is anything to read. Raises WrongUsage or SourceRefused."""

    def councils(self) -> tuple[str, ...]:
        """Return the GSS codes of the councils, sorted."""

    def providers(self) -> RawTable:
        """Read the register of providers."""

    def cplis(self, local_authority: str) -> RawTable:
        """Read a council's CPLIs. Raises SourceRefused `not_received` where none came."""

    def portal_files(self, local_authority: str) -> tuple[PortalFile, ...]:
        """Return a council's portal extracts, earliest first."""

    def portal(self, extract: PortalFile) -> RawTable:
        """Read a portal extract."""

    def caseload_files(self) -> tuple[tuple[CaseloadFile, ...], pd.DataFrame]:
        """Return the caseloads, by provider and date, and refusals of what lies beside them."""

    def caseload(self, caseload: CaseloadFile) -> RawTable:
        """Read a caseload."""

    def stray_files(self) -> pd.DataFrame:
        """Return refusals of what lies among the councils' files and is none of them."""
