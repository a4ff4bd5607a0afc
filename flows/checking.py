"""Tries everything that a file of settings names, with the credentials given; changes nothing.

Each place is reached once, then each table of it is looked at: its columns, and whether its first
rows can be used. What is wrong is said with who should act, and no value of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, assert_never

import pandas as pd

from casebook.store import Casebook
from connectors.alerts.mailbox import Mailbox
from connectors.configured import DatabaseTable, TableAt
from connectors.drop import checking as drop
from connectors.drop.in_folder import DropFolder
from connectors.feed import Feed
from connectors.fhir_rest import checking as rest
from connectors.fhir_rest import place as fhir_rest
from connectors.files import FileTable, Found
from connectors.intake.understanding import understand
from connectors.notify import checking as notify
from connectors.notify.place import NotifyPlace
from connectors.patterns import FilePattern
from connectors.sftp import checking as sftp
from connectors.sftp.inbox import look, path_of
from connectors.sftp.place import SftpPlace as SftpDrop
from connectors.sftp.session import Session, connected
from connectors.sql import checking as sql
from connectors.sql.query import Asked
from flows.handover import folders_of, notify_place
from flows.origin import Origin, habits_of, sftp_place, sql_place
from flows.ready import insist_on_templates
from flows.receiver import destination_of, rest_place
from flows.words import counted
from publishing.folder import insist_on_room
from schemas.cleaning import (
    Cleaned,
    clean_caseloads,
    clean_cplis,
    clean_portal,
    clean_providers,
    clean_supplier_references,
)
from schemas.errors import CpliError, SourceRefused, TryAgainLater, WrongUsage
from schemas.notices import ANSWERS
from schemas.raw import CaseloadFile, RawTable
from schemas.tables import CASELOAD, CPLI, PORTAL, PROVIDER, SUPPLIER_REFERENCE, TableColumns
from schemas.vocabularies import RefusalLevel
from settings.answers import Answers
from settings.feed import RestPlace
from settings.notices import Email
from settings.sources import Caseloads, FolderPlace, SftpPlace, SqlPlace, TableSource

SAMPLE_ROWS = 20
HEAD_BYTES = 1 << 18
WHOLE_BOOK_BYTES = 1 << 23
SOME_COUNCIL = "E06000016"
"""Stands for whichever council a few rows are of."""

Looked: TypeAlias = TableSource | Caseloads | Answers


@dataclass(frozen=True, kw_only=True)
class CheckedPlace:
    """What came of a place; `rights` says what we may do there, `problems` who should act."""

    name: str
    connector: str
    reachable: bool
    rights: str = "-"
    clock_ahead_seconds: float | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckedTable:
    """What came of a table: how many of our columns it has, and how many of its first rows do."""

    name: str
    place: str
    columns: str = "-"
    rows: int | None = None
    valid: int | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of all places (destinations among them) and tables."""

    places: tuple[CheckedPlace, ...]
    tables: tuple[CheckedTable, ...]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What somebody should act on, beside the name of what it is about."""
        said = [(each.name, each.problems) for each in self.places]
        said += [(each.name, each.problems) for each in self.tables]
        return [(name, problem) for name, problems in said for problem in problems]


def check(origin: Origin) -> Checked:
    """Try every place, table and destination of the settings."""
    tables: dict[str, Looked] = {**origin.settings.tables()}
    if origin.settings.answers is not None:
        tables[ANSWERS] = origin.settings.answers
    written_to = (origin.settings.feed.place, origin.settings.notices.place)
    places, looked = [], []
    with TemporaryDirectory(prefix="cpli-check-") as folder:
        for name, kind in sorted(origin.settings.places.items()):
            of_place = {key: it for key, it in tables.items() if it.place == name}
            if name in written_to and not (of_place or isinstance(kind, RestPlace)):
                continue  # nothing is read there, and what is written is tried below
            place, found = _check_place(origin, name, of_place, Path(folder))
            places.append(place)
            looked += found
    order = list(tables)
    looked.sort(key=lambda it: order.index(it.name))
    return Checked(places=(*places, *_destinations(origin)), tables=tuple(looked))


def _check_place(
    origin: Origin, name: str, tables: Mapping[str, Looked], samples: Path
) -> tuple[CheckedPlace, list[CheckedTable]]:
    place = origin.settings.places[name]
    match place:
        case FolderPlace():
            return _check_folder(origin, name, tables)
        case SftpPlace():
            return _check_sftp(origin, name, place, tables, samples / name)
        case SqlPlace():
            return _check_sql(origin, name, place, tables)
        case RestPlace():
            return _check_rest(name, place), []
    assert_never(place)


def _check_rest(name: str, place: RestPlace) -> CheckedPlace:
    try:
        found = rest.check(rest_place(name, place))
    except WrongUsage as error:
        return CheckedPlace(name=name, connector="rest", reachable=False, problems=(str(error),))
    return CheckedPlace(
        name=name,
        connector="rest",
        reachable=found.reachable,
        rights="read" if found.let_in else "-",
        problems=(str(found.trouble),) if found.trouble else (),
    )


def _check_drop(destination: SftpDrop | DropFolder, what: str) -> CheckedPlace:
    found = drop.check(destination)
    return CheckedPlace(
        name=f"{destination.name} ({what})",
        connector="folder" if isinstance(destination, DropFolder) else "sftp",
        reachable=found.reachable,
        rights="write" if found.can_write else "-",
        problems=(str(found.trouble),) if found.trouble else (),
    )


def _check_folder(
    origin: Origin, name: str, tables: Mapping[str, Looked]
) -> tuple[CheckedPlace, list[CheckedTable]]:
    found = [_looked_at(key, origin.table_of(it), origin) for key, it in tables.items()]
    reachable = not any(isinstance(each.trouble, TryAgainLater) for each in found)
    place = CheckedPlace(
        name=name, connector="folder", reachable=reachable, rights="read" if reachable else "-"
    )
    return place, [each.checked for each in found]


def _check_sftp(
    origin: Origin, name: str, place: SftpPlace, tables: Mapping[str, Looked], samples: Path
) -> tuple[CheckedPlace, list[CheckedTable]]:
    wanted = [FilePattern(table.file or "") for table in tables.values()]
    server = sftp_place(name, place, wanted)
    found = sftp.check(server, now=origin.now)
    checked = CheckedPlace(
        name=name,
        connector="sftp",
        reachable=found.reachable,
        rights=_rights(found),
        clock_ahead_seconds=found.clock_ahead_seconds,
        problems=(str(found.trouble),) if found.trouble else (),
    )
    if not found.can_list:
        return checked, [CheckedTable(name=key, place=name) for key in tables]
    samples.mkdir()
    looked = []
    for key, table in tables.items():
        if isinstance(table, Answers):
            looked.append(CheckedTable(name=key, place=name))
            continue
        try:
            with connected(server) as session:
                _fetch_sample(session, FilePattern(table.file or ""), samples)
            looked.append(_looked_at(key, origin.table_of(table, folder=samples), origin).checked)
        except CpliError as error:
            looked.append(CheckedTable(name=key, place=name, problems=(str(error),)))
    return checked, looked


def _rights(found: sftp.Checked) -> str:
    said = {"list": found.can_list, "read": found.can_read, "done folder": found.done_folder}
    return ", ".join(right for right, held in said.items() if held) or "-"


def _fetch_sample(session: Session, pattern: FilePattern, into: Path) -> None:
    """Bring the beginning of the newest file that the pattern names; a workbook comes whole."""
    named = [(pattern.match(file.name), file) for file in look(session).files]
    fitting = [(one.day or date.min, file.modified_at, file) for one, file in named if one]
    if not fitting:
        return
    file = max(fitting, key=lambda it: it[:2])[2]
    is_book = file.name.lower().endswith(".xlsx")
    end = min(file.size_bytes, WHOLE_BOOK_BYTES if is_book else HEAD_BYTES)
    content = b"".join(session.blocks(path_of(session.place, file), start=0, end=end))
    if not is_book and end < file.size_bytes:
        content = content[: content.rfind(b"\n") + 1]
    (into / file.name).write_bytes(content)


def _check_sql(
    origin: Origin, name: str, place: SqlPlace, tables: Mapping[str, Looked]
) -> tuple[CheckedPlace, list[CheckedTable]]:
    at = {key: origin.table_of(table) for key, table in tables.items()}
    asked = Asked(as_of=origin.as_of, window_start=origin.window_start, received_at=origin.now)
    found = sql.check(
        sql_place(name, place),
        [(it.table, _known_by_us(it.feed)) for it in at.values() if isinstance(it, DatabaseTable)],
        asked=asked,
    )
    rights = "-" if not found.reachable else "read and write" if found.writable_tables else "read"
    checked = CheckedPlace(
        name=name,
        connector="sql",
        reachable=found.reachable,
        rights=rights,
        clock_ahead_seconds=found.clock_ahead_seconds,
        problems=tuple(str(it) for it in (found.problem, found.warning) if it),
    )
    looked = []
    for key, it in zip(at, found.tables or [None] * len(at), strict=True):
        if it is None:
            looked.append(CheckedTable(name=key, place=name))
        elif it.sample is None:
            columns = _columns(it.columns, tables[key].of)
            problems = (str(it.problem),) if it.problem else ()
            looked.append(CheckedTable(name=key, place=name, columns=columns, problems=problems))
        else:
            looked.append(_judged(key, name, it.sample, origin))
    return checked, looked


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A table that was looked at, and what kept it from being read, if anything."""

    checked: CheckedTable
    trouble: CpliError | None = None


def _looked_at(name: str, table: TableAt, origin: Origin) -> _Found:
    """Read the latest file of a table, and judge its first rows; answers need not have come."""
    if not isinstance(table, FileTable):
        raise TypeError("a folder holds files")
    trouble: CpliError
    try:
        found = table.found()
        if table.of.name == ANSWERS:
            return _Found(checked=CheckedTable(name=name, place=table.place))
        files = [it for it in found if it.day is None or it.day <= origin.as_of]
        if not files:
            raise SourceRefused(
                f"There is no file {table.expected} yet. If one should be there, correct the"
                " pattern of its name, or ask whoever sends it.",
                rule="not_received",
            )
        return _Found(checked=_judged(name, table.place, _read(table, files[-1], origin), origin))
    except CpliError as error:
        trouble = error
    checked = CheckedTable(name=name, place=table.place, problems=(str(trouble),))
    return _Found(checked=checked, trouble=trouble)


def _read(table: FileTable, found: Found, origin: Origin) -> RawTable:
    caseloads = origin.settings.caseloads
    if table.of.name != CASELOAD.name or caseloads is None or caseloads.canonical:
        return replace(table, feed=_known_by_us(table.feed)).read(found, source=table.of.name)
    content, facts = table.content(found)
    return understand(
        content,
        facts=facts,
        provider_id=found.provider_id or "",
        caseload_date=found.day or origin.as_of,
        habits=habits_of(caseloads),
    ).raw


def _known_by_us(feed: Feed) -> Feed:
    """Take supplier references for providers: a few rows of the list would not lead them there."""
    return replace(feed, by_supplier_reference=False)


def _judged(name: str, place: str, raw: RawTable, origin: Origin) -> CheckedTable:
    """Clean the first rows, and count what is wrong with them by rule."""
    raw = replace(raw, frame=raw.frame.head(SAMPLE_ROWS))
    cleaned = _cleaned(raw, origin)
    rejected = cleaned.refusals[cleaned.refusals["level"] == RefusalLevel.REJECTED.value]
    rejected = rejected[rejected["row"].le(SAMPLE_ROWS).fillna(False)]
    rows = len(cleaned.valid) + len(cleaned.rejected)
    rules = rejected.groupby(["column", "rule"], dropna=False)["row"].nunique()
    problems = tuple(
        f"{raw.facts.file}: {counted(int(number), 'row')} of the first {rows} rejected:"
        f" {'row' if pd.isna(column) else column} {rule}"
        for (column, rule), number in rules.items()
    )
    return CheckedTable(
        name=name,
        place=place,
        columns=_columns(raw.columns, raw.table),
        rows=rows,
        valid=len(cleaned.valid),
        problems=problems,
    )


def _cleaned(raw: RawTable, origin: Origin) -> Cleaned:
    as_of = origin.as_of
    match raw.table.name:
        case CPLI.name:
            return clean_cplis(raw, local_authority=SOME_COUNCIL, as_of=as_of)
        case PORTAL.name:
            return clean_portal(raw, local_authority=SOME_COUNCIL, extract_date=as_of)
        case PROVIDER.name:
            return clean_providers(raw)
        case SUPPLIER_REFERENCE.name:
            known = set(raw.frame["provider_id"].str.strip())
            return clean_supplier_references(raw, provider_ids=known)
        case _:
            return clean_caseloads([(0, _as_it_says(raw, as_of), raw)], as_of=as_of)


def _as_it_says(raw: RawTable, as_of: date) -> CaseloadFile:
    """Return a caseload file of the provider and date that the first row states."""
    stated = raw.frame[["provider_id", "caseload_date"]].bfill().iloc[:1].squeeze()
    day = pd.to_datetime(stated.get("caseload_date"), format="%Y-%m-%d", errors="coerce")
    return CaseloadFile(
        provider_id=str(stated.get("provider_id") or ""),
        caseload_date=as_of if pd.isna(day) else day.date(),
        file=raw.facts.file,
        received_at=raw.facts.received_at,
    )


def _columns(found: Collection[str], table: TableColumns) -> str:
    return f"{len(set(found) & set(table.all))} of {len(table.all)}"


def _destinations(origin: Origin) -> Iterator[CheckedPlace]:
    """Try what a night writes to: the folder of results, the record of nights, the feed's drop."""
    yield _tried("results", "folder", lambda: insist_on_room(origin.out))
    yield _tried("casebook", "database", lambda: _reach_casebook(origin))
    settings = origin.settings
    if settings.reports.templates is not None:
        tried = _tried("templates", "folder", lambda: insist_on_templates(settings))
        yield replace(tried, rights="-" if tried.problems else "read")
    if not isinstance(settings.places.get(settings.feed.place or ""), RestPlace):  # tried above
        feed = destination_of(settings)
        if feed is not None and not isinstance(feed, fhir_rest.RestPlace):
            yield _check_drop(feed, "feed")
    folders = folders_of(settings, settings.notices.place or "")
    if folders is not None:
        yield _check_drop(folders, "notices")
    if settings.notices.email.api_key is not None:
        yield _check_notify(settings.notices.email)
    mail = settings.alerts.email.place()
    if mail is not None:
        yield _tried("alerts", "smtp", Mailbox(mail).check)


def _check_notify(email: Email) -> CheckedPlace:
    """Try GOV.UK Notify's key and templates; nothing is sent."""
    told = CheckedPlace(name=NotifyPlace.name, connector="rest", reachable=False)
    try:
        place = notify_place(email)
    except WrongUsage as error:
        return replace(told, problems=(str(error),))
    if place is None:
        return told
    names = ("template_waiting", "template_nothing_to_do")
    found = notify.check(place, {name: str(getattr(email, name)) for name in names})
    return replace(
        told,
        reachable=found.reachable,
        rights="write" if found.let_in else "-",
        problems=tuple(map(str, found.troubles)),
    )


def _reach_casebook(origin: Origin) -> None:
    settings = origin.settings
    if settings.database.url is not None:
        Casebook.open(
            settings.database.url.get_secret_value(),
            read_only=True,
            levels=settings.service_levels,
        )


def _tried(name: str, connector: str, attempt: Callable[[], None]) -> CheckedPlace:
    trouble = ""
    try:
        attempt()
    except CpliError as error:
        trouble = str(error)
    return CheckedPlace(
        name=name,
        connector=connector,
        reachable=not trouble,
        rights="-" if trouble else "write",
        problems=(trouble,) if trouble else (),
    )
