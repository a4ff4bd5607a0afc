"""Where a night's sources come from: a folder in the canonical layout, or what is configured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from connectors.answers.naming import ANSWERS_FILE
from connectors.answers.places import AnswerPlaces, answers_in, in_sources_folder
from connectors.configured import ConfiguredSource, CouncilTables, DatabaseTable, TableAt
from connectors.files import FileTable
from connectors.intake.habits import Habits
from connectors.patterns import FilePattern
from connectors.sftp import place as sftp
from connectors.source import Source
from connectors.sql import place as sql
from connectors.sql.query import SqlTable
from flows.steps import open_source
from reconciliation.days import window_start
from schemas.errors import CpliError, WrongUsage
from settings.answers import Answers
from settings.settings import Settings, load_settings
from settings.sources import (
    Caseloads,
    Council,
    CouncilTable,
    FolderPlace,
    SftpPlace,
    SqlPlace,
    TableSource,
)

RECEIVED = "received"
"""The folder of OUT into which files are fetched, with a folder for each place."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a night's sources come from; small facts, so that every step can open them anew.

    `folder` is in the canonical layout; without one the settings say where everything is, and `out`
    keeps what was fetched. `troubles` are the places that could not be reached tonight, `withheld`
    gives the files of a place that could not be had. A night that is let out reads nothing anew:
    all of it is `kept`.
    """

    as_of: date
    now: datetime
    settings: Settings
    out: Path
    folder: Path | None = None
    troubles: Mapping[str, CpliError] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, CpliError]] = field(default_factory=dict)
    kept: bool = False

    def open(self) -> tuple[Source, tuple[str, ...]]:
        """Return the sources and the councils in them; raises where there is nothing to assess."""
        if self.folder is None:
            source = self._configured()
            return source, source.councils()
        return open_source(self.folder)

    def answers(self) -> AnswerPlaces:
        """Return where providers' answers lie: in their place, or by mistake among caseloads."""
        if self.kept:
            return AnswerPlaces(tables=())
        if self.folder is not None:
            return in_sources_folder(self.folder)
        return AnswerPlaces(
            tables=tuple(
                answers_in(self._folder(place), place=place, pattern=pattern)
                for place, pattern in self._answers()
            ),
            troubles=self.troubles,
            withheld=self.withheld,
        )

    @property
    def window_start(self) -> date:
        """The first day of the night's window."""
        return window_start(self.as_of, months=self.settings.tolerances.window_months)

    def folders(self) -> tuple[Path, ...]:
        """Return the folders that are read, where no result may be written."""
        if self.folder is not None:
            return (self.folder,)
        places = self.settings.places.values()
        return tuple(place.path for place in places if isinstance(place, FolderPlace))

    def inboxes(self) -> dict[str, tuple[sftp.SftpPlace, float]]:
        """Return the SFTP servers that files are fetched from, and how long a file must rest."""
        if self.folder is not None or self.kept:
            return {}
        wanted = self._patterns()
        return {
            name: (sftp_place(name, place, wanted[name]), place.stable_seconds)
            for name, place in self.settings.places.items()
            if isinstance(place, SftpPlace) and name in wanted
        }

    def received(self, place: str) -> Path:
        """Return the folder into which a place's files are fetched."""
        return self.out / RECEIVED / place

    def _configured(self) -> ConfiguredSource:
        settings = self.settings
        if settings.providers is None or settings.caseloads is None:
            raise ValueError("settings without providers and caseloads were let through")
        references = settings.supplier_references
        return ConfiguredSource(
            as_of=self.as_of,
            now=self.now,
            window_start=self.window_start,
            register=self._table(settings.providers),
            supplier_references=self._table(references) if references else None,
            of_councils={
                council.code: self._council(council) for council in settings.councils.values()
            },
            caseloads=self._files(settings.caseloads),
            habits=None if settings.caseloads.canonical else habits_of(settings.caseloads),
            troubles=self.troubles,
            withheld=self.withheld,
        )

    def table_of(
        self, source: TableSource | Caseloads | Answers, *, folder: Path | None = None
    ) -> TableAt:
        """Return a table of the settings as its connector knows it, its files in another folder."""
        table: TableAt
        match source:
            case TableSource():
                table = self._table(source)
            case Caseloads() | Answers():
                table = self._files(source)
        if folder is not None and isinstance(table, FileTable):
            return replace(table, folder=folder)
        return table

    def _council(self, council: Council) -> CouncilTables:
        return CouncilTables(
            cplis=self._table(council.cpli, within_window=council.cpli.within_window),
            portal=self._table(council.portal) if council.portal else None,
            max_age_days=council.cpli.max_age_days,
        )

    def _table(self, source: TableSource, *, within_window: bool = False) -> TableAt:
        by_reference = isinstance(source, CouncilTable) and source.provider == "supplier_reference"
        feed = source.feed(by_supplier_reference=by_reference)
        place = self.settings.places[source.place]
        if isinstance(place, SqlPlace):
            table = SqlTable(
                of=source.of, table=source.table, query=source.query, within_window=within_window
            )
            return DatabaseTable(place=sql_place(source.place, place), table=table, feed=feed)
        return replace(self._files(source), feed=feed)

    def _files(self, source: TableSource | Caseloads | Answers) -> FileTable:
        return FileTable(
            of=source.of,
            place=source.place,
            folder=self._folder(source.place),
            pattern=FilePattern(source.file or ""),
        )

    def _answers(self) -> Iterator[tuple[str, FilePattern]]:
        """Yield the places in which answers may lie, and how they are named there."""
        if self.settings.answers is not None:
            yield self.settings.answers.place, FilePattern(self.settings.answers.file)
        if self.settings.caseloads is not None:
            yield self.settings.caseloads.place, ANSWERS_FILE

    def _folder(self, name: str) -> Path:
        place = self.settings.places[name]
        return place.path if isinstance(place, FolderPlace) else self.received(name)

    def _patterns(self) -> dict[str, list[FilePattern]]:
        """Return which files are wanted of each place."""
        patterns: dict[str, list[FilePattern]] = {}
        for table in self.settings.tables().values():
            if table.file:
                patterns.setdefault(table.place, []).append(FilePattern(table.file))
        for place, pattern in self._answers():
            patterns.setdefault(place, []).append(pattern)
        return patterns


def habits_of(caseloads: Caseloads) -> Habits:
    """Return the words that providers use here, beside those that are always known."""
    return Habits(
        headings=caseloads.headings,
        services=caseloads.service_types,
        units=caseloads.units,
        councils=caseloads.councils,
        open_end=caseloads.open_end,
    )


def origin_of(folder: Path | None, out: Path | None, *, config: Path | None, as_of: date) -> Origin:
    """Return where a night's sources come from, by what a run was given and by the settings.

    Raises `WrongUsage` where the settings cannot be used, or leave open where anything is.
    """
    settings = load_settings(config)
    folder = None if config else folder or settings.sources
    out = out or settings.out
    if out is None or (folder is None and not settings.configured):
        raise WrongUsage(
            "Say where the sources are (--sources DIR or --config FILE, or CPLI_SOURCES), and where"
            " the results go (--out DIR, or CPLI_OUT)."
        )
    return Origin(
        as_of=as_of, now=datetime.now(UTC), settings=settings, out=out.resolve(), folder=folder
    )


def origin_of_kept(out: Path | None, *, config: Path | None, as_of: date) -> Origin:
    """Return the origin of a night whose sources are kept, so that nothing is read anew.

    Raises `WrongUsage` where the settings cannot be used, or leave open where the results go.
    """
    settings = load_settings(config)
    out = out or settings.out
    if out is None:
        raise WrongUsage("Say where the results go (--out DIR, or CPLI_OUT).")
    return Origin(
        as_of=as_of, now=datetime.now(UTC), settings=settings, out=out.resolve(), kept=True
    )


def sftp_place(name: str, place: SftpPlace, wanted: Iterable[FilePattern] = ()) -> sftp.SftpPlace:
    """Return an SFTP server as its connector knows it."""
    wanted = tuple(wanted)
    password = place.key_password
    return sftp.SftpPlace(
        name=name,
        host=place.host,
        port=place.port,
        username=place.username,
        private_key=place.key_file,
        private_key_password=password.get_secret_value() if password else None,
        known_hosts=place.known_hosts,
        folder=place.folder,
        done_folder=place.done_folder,
        wanted="|".join(f"(?:{pattern.regex})" for pattern in wanted) or None,
        unsaid="|".join(f"(?:{pattern.regex})" for pattern in wanted if pattern.open_ended) or None,
        timeouts=sftp.Timeouts(read=place.timeout_seconds),
    )


def sql_place(name: str, place: SqlPlace) -> sql.SqlPlace:
    """Return a database as its connector knows it."""
    return sql.SqlPlace(
        name=name,
        url=place.url,
        password=place.password.get_secret_value() if place.password else None,
        tls=sql.Tls(place.tls),
        root_certificate=place.root_certificate,
        snapshot_isolation=place.snapshot_isolation,
        timeouts=sql.Timeouts(
            connect=place.connect_timeout_seconds, statement=place.statement_timeout_seconds
        ),
    )
