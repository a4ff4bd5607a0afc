"""Sources as a site has configured them: folders, SFTP inboxes and databases, each in its own way.

Files from SFTP servers have been fetched before; here they are read from the folder into which they
were fetched. A place whose files could not be fetched is in `troubles`, and whatever reads from it
fails with that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd

from connectors.answers.naming import ANSWERS_FILE
from connectors.feed import CANONICAL, NOTHING, Feed
from connectors.files import FileTable, Found
from connectors.intake.habits import Habits
from connectors.intake.receipts import receipt, receipt_of_refusal
from connectors.intake.understanding import Understood, understand
from connectors.sql.place import SqlPlace
from connectors.sql.query import Asked, SqlTable
from connectors.sql.rows import file_of, read
from connectors.sql.snapshot import Snapshot, snapshot
from connectors.wording import refused
from schemas.cleaning import CleanedCaseloads
from schemas.errors import CpliError, SourceRefused, TryAgainLater
from schemas.parsing import LONDON
from schemas.raw import CaseloadFile, PortalFile, RawTable, refusals, whole


@dataclass(frozen=True, kw_only=True)
class DatabaseTable:
    """A table of a database, and how it is written."""

    place: SqlPlace
    table: SqlTable
    feed: Feed = field(default=CANONICAL)


TableAt: TypeAlias = FileTable | DatabaseTable


@dataclass(frozen=True, kw_only=True)
class CouncilTables:
    """Where a council's tables are; a file of CPLIs is none older than `max_age_days`.

    Its age is that of the date in its name, else that of its last change.
    """

    cplis: TableAt
    portal: TableAt | None
    max_age_days: int


@dataclass(kw_only=True)
class ConfiguredSource:
    """A `Source` made of configured tables.

    `window_start` is the first day of the night's window, `now` when it reads databases.
    With `habits` caseloads are read as providers write them; without, they are canonical.
    `troubles` are the places that could not be reached tonight, `withheld` gives
    the files of a place that could not be had tonight: what lies here of them is an earlier state.
    """

    as_of: date
    now: datetime
    window_start: date
    register: TableAt
    supplier_references: TableAt | None
    of_councils: Mapping[str, CouncilTables]
    caseloads: FileTable
    habits: Habits | None = None
    troubles: Mapping[str, CpliError] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, CpliError]] = field(default_factory=dict)
    _open: dict[str, Snapshot] = field(default_factory=dict, init=False)
    _understood: dict[CaseloadFile, Understood] = field(default_factory=dict, init=False)

    def open(self) -> None:
        """Do nothing: each table tells for itself whether it can be reached."""

    def councils(self) -> tuple[str, ...]:
        """Return the GSS codes of the councils, sorted."""
        return tuple(sorted(self.of_councils))

    def providers(self) -> RawTable:
        """Read the register of providers."""
        return self._whole(self.register, source="providers")

    def references(self) -> RawTable | None:
        """Read the references by which councils know providers, if there is such a list."""
        if self.supplier_references is None:
            return None
        return self._whole(self.supplier_references, source="supplier references")

    @contextmanager
    def reading(self, local_authority: str) -> Iterator[None]:
        """Let all that is read of a council's databases meanwhile be of one moment."""
        table = self.of_councils[local_authority].cplis
        with ExitStack() as leaving:
            if isinstance(table, DatabaseTable):
                with blaming(file_of(table.place, table.table)):
                    self._open[table.place.name] = leaving.enter_context(snapshot(table.place))
                leaving.callback(self._open.pop, table.place.name)
            yield

    def cplis(
        self, local_authority: str, provider_ids: Mapping[str, str] = NOTHING
    ) -> RawTable | Iterator[RawTable]:
        """Read a council's CPLIs: from a database part by part, within `reading`."""
        table = self.of_councils[local_authority].cplis
        source = f"cpli {local_authority}"
        if isinstance(table, DatabaseTable):
            return self._parts(table, source=source, provider_ids=provider_ids)
        found = self._whole_of(table)
        oldest = self.as_of - timedelta(days=self.of_councils[local_authority].max_age_days)
        files = [
            file
            for file in found
            if _day_of(file) >= oldest and (file.day is None or file.day <= self.as_of)
        ]
        if not files:
            raise _too_old(table, oldest) if found else _not_received(table)
        return table.read(files[-1], source=source, provider_ids=provider_ids)

    def portal_files(self, local_authority: str) -> tuple[PortalFile, ...]:
        """Return a council's portal extracts, earliest first; a database's is of tonight."""
        table = self.of_councils[local_authority].portal
        match table:
            case None:
                return ()
            case DatabaseTable():
                file = file_of(table.place, table.table)
                return (
                    PortalFile(local_authority=local_authority, extract_date=self.as_of, file=file),
                )
            case FileTable():
                return tuple(
                    PortalFile(
                        local_authority=local_authority,
                        extract_date=_day_of(found),
                        file=found.name,
                    )
                    for found in self._found(table)
                )

    def portal(self, extract: PortalFile, provider_ids: Mapping[str, str] = NOTHING) -> RawTable:
        """Read a portal extract."""
        table = self.of_councils[extract.local_authority].portal
        source = f"portal {extract.local_authority}"
        if isinstance(table, FileTable):
            found = _named(self._found(table), extract.file)
            self._insist_had(table, found)
            return table.read(found, source=source, provider_ids=provider_ids)
        if table is None:
            raise ValueError("a council without a portal has no extracts")
        with ExitStack() as leaving:
            name = table.place.name
            if name not in self._open:
                self._open[name] = leaving.enter_context(snapshot(table.place))
                leaving.callback(self._open.pop, name)
            return whole(self._parts(table, source=source, provider_ids=provider_ids))

    def caseload_files(self) -> tuple[tuple[CaseloadFile, ...], pd.DataFrame]:
        """Return the caseloads, by provider, date and time of receipt; answers are none."""
        found = (
            CaseloadFile(
                provider_id=found.provider_id,
                caseload_date=found.day,
                file=found.name,
                received_at=found.received_at,
            )
            for found in self._found(self.caseloads)
            if found.provider_id and found.day and not ANSWERS_FILE.match(found.file)
        )
        order = sorted(
            found, key=lambda it: (it.provider_id, it.caseload_date, it.received_at, it.file)
        )
        return tuple(order), refusals()

    def caseload(self, caseload: CaseloadFile) -> RawTable:
        """Read a caseload."""
        found = _named(self._found(self.caseloads), caseload.file)
        self._insist_had(self.caseloads, found)
        if self.habits is None:
            return self.caseloads.read(found, source=f"caseload {caseload.provider_id}")
        content, facts = self.caseloads.content(found)
        understood = understand(
            content,
            facts=facts,
            provider_id=caseload.provider_id,
            caseload_date=caseload.caseload_date,
            habits=self.habits,
        )
        self._understood[caseload] = understood
        return understood.raw

    def receipt(
        self,
        caseload: CaseloadFile,
        *,
        cleaned: CleanedCaseloads | None,
        error: SourceRefused | None,
    ) -> str | None:
        """Return what to tell the provider of a caseload that was read, cleaned or refused."""
        understood = self._understood.get(caseload)
        if understood and cleaned:
            return receipt(understood, cleaned).text()
        if error and self.habits:
            return receipt_of_refusal(
                error, provider_id=caseload.provider_id, caseload_date=caseload.caseload_date
            ).text()
        return None

    def stray_files(self) -> pd.DataFrame:
        """Return nothing: places may hold what is no business of ours."""
        return refusals()

    def _found(self, table: FileTable) -> tuple[Found, ...]:
        """Return a table's files, those among them that could not be had tonight."""
        if trouble := self.troubles.get(table.place):
            raise SourceRefused(str(trouble), rule="out_of_reach", file=table.expected)
        with blaming(table.expected):
            return table.found(besides=self.withheld.get(table.place, ()), at=self.now)

    def _whole_of(self, table: FileTable) -> tuple[Found, ...]:
        """Return a table's files where all could be had; an earlier one may say something else."""
        found = self._found(table)
        for file in found:
            self._insist_had(table, file)
        return found

    def _insist_had(self, table: FileTable, found: Found) -> None:
        """Refuse a file that could not be had tonight, though an earlier state may lie here."""
        if trouble := self.withheld.get(table.place, {}).get(found.file):
            raise SourceRefused(str(trouble), rule="out_of_reach", file=found.name)

    def _whole(self, table: TableAt, *, source: str) -> RawTable:
        if isinstance(table, FileTable):
            files = self._whole_of(table)
            if not files:
                raise _not_received(table)
            return table.read(files[-1], source=source)
        with blaming(file_of(table.place, table.table)), snapshot(table.place) as opened:
            return whole(read(opened, table.table, table.feed, source=source, asked=self._asked()))

    def _parts(
        self, table: DatabaseTable, *, source: str, provider_ids: Mapping[str, str]
    ) -> Iterator[RawTable]:
        with blaming(file_of(table.place, table.table)):
            yield from read(
                self._open[table.place.name],
                table.table,
                table.feed,
                source=source,
                asked=self._asked(),
                provider_ids=provider_ids,
            )

    def _asked(self) -> Asked:
        return Asked(as_of=self.as_of, window_start=self.window_start, received_at=self.now)


@contextmanager
def blaming(file: str) -> Iterator[None]:
    """Say of a fault which file or table it is about, where it does not know."""
    try:
        yield
    except CpliError as error:
        error.file = error.file or file
        raise


def _day_of(found: Found) -> date:
    """Return the date in a file's name, else the date in London of its last change."""
    return found.day or found.received_at.astimezone(ZoneInfo(LONDON)).date()


def _too_old(table: FileTable, oldest: date) -> CpliError:
    return refused(
        table.of,
        table.expected,
        rule="not_received",
        wrong=f"came, but none that is of {oldest} or later, so it may say what was true once",
        remedy="send tonight's",
    )


def _not_received(table: FileTable) -> CpliError:
    return refused(
        table.of, table.expected, rule="not_received", wrong="did not come", remedy="send it"
    )


def _named(files: Sequence[Found], name: str) -> Found:
    """Return the file of a name, which may be gone since it was listed."""
    for found in files:
        if found.name == name:
            return found
    raise TryAgainLater(f"{name} was there and is gone. Run the night again.")
