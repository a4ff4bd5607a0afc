"""What every kind of source can do: a folder in the canonical layout, or what is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import pandas as pd

from connectors.feed import NOTHING
from schemas.cleaning import CleanedCaseloads
from schemas.errors import SourceRefused
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

    def references(self) -> RawTable | None:
        """Read the references by which councils know providers, if there is such a list."""

    def reading(self, local_authority: str, /) -> AbstractContextManager[None]:
        """Let all that is read of a council meanwhile be of one moment, as far as can be had."""

    def cplis(
        self, local_authority: str, provider_ids: Mapping[str, str] = NOTHING, /
    ) -> RawTable | Iterator[RawTable]:
        """Read a council's CPLIs, whole or in at least one part; parts within `reading` alone.

        `provider_ids` gives the council's supplier references their providers. Raises SourceRefused
        `not_received` where none came.
        """

    def portal_files(self, local_authority: str) -> tuple[PortalFile, ...]:
        """Return a council's portal extracts, earliest first."""

    def portal(self, extract: PortalFile, provider_ids: Mapping[str, str] = NOTHING, /) -> RawTable:
        """Read a portal extract."""

    def caseload_files(self) -> tuple[tuple[CaseloadFile, ...], pd.DataFrame]:
        """Return the caseloads, by provider and date, and refusals of what lies beside them."""

    def caseload(self, caseload: CaseloadFile) -> RawTable:
        """Read a caseload."""

    def receipt(
        self,
        caseload: CaseloadFile,
        /,
        *,
        cleaned: CleanedCaseloads | None,
        error: SourceRefused | None,
    ) -> str | None:
        """Return what to tell the provider of a caseload that was read, cleaned or refused.

        Nothing where the source's caseloads are not as providers write them.
        """

    def stray_files(self) -> pd.DataFrame:
        """Return refusals of what lies among the councils' files and is none of them."""
