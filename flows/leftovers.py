"""Files of earlier nights that have outlived their time: what was fetched, and the results."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from connectors.files import FileTable
from flows.clock import LONDON
from flows.files import SUMMARY
from flows.origin import RECEIVED, Origin
from publishing.folder import writing
from settings.settings import Settings
from settings.sources import Caseloads, SftpPlace

NIGHT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Fetched files and folders of results that are older than they are kept for."""

    received: Sequence[Path]
    results: Sequence[Path]

    def remove(self) -> None:
        """Remove them all. Raises `WrongUsage` where one cannot be."""
        for file in self.received:
            with writing(file.parent):
                file.unlink(missing_ok=True)
        for folder in self.results:
            with writing(folder.parent):
                shutil.rmtree(folder)


def leftovers(origin: Origin) -> Leftovers:
    """Return what lies in `out` for longer than the settings say, on the day of `as_of`.

    Files count from the day on which they came. Nothing fetched is touched that a night may read:
    a caseload or portal extract as long as the rules heed one, the latest file of any other table,
    and everything where the settings say of no source.
    """
    settings = origin.settings
    results_before = origin.as_of - timedelta(settings.retention.results_days)
    return Leftovers(
        received=_received(origin) if settings.configured else (),
        results=[
            folder
            for folder in _inside(origin.out)
            if (night := _night(folder)) is not None and night < results_before
        ],
    )


def received_days(settings: Settings) -> int:
    """Return for how many days fetched files are kept: no fewer than the rules heed one."""
    heeded = (settings.tolerances.caseload_max_age_days, settings.tolerances.portal_max_age_days)
    return max(settings.retention.received_days, *heeded)


def _received(origin: Origin) -> list[Path]:
    before = origin.as_of - timedelta(received_days(origin.settings))
    latest = _latest(origin)
    return [
        file
        for place in _inside(origin.out / RECEIVED)
        if _is_real_folder(place)
        for file in _inside(place)
        if file.is_file() and file not in latest and _came(file) < before
    ]


def _latest(origin: Origin) -> set[Path]:
    """Return the latest fetched file of each table but the caseloads."""
    settings = origin.settings
    latest = set()
    for source in settings.tables().values():
        if isinstance(source, Caseloads) or not isinstance(
            settings.places[source.place], SftpPlace
        ):
            continue
        table = origin.table_of(source)
        if isinstance(table, FileTable) and table.folder.is_dir():
            latest |= {table.folder / found.file for found in table.found()[-1:]}
    return latest


def _came(file: Path) -> date:
    """Return the day on which a file came; its time of change is the sender's."""
    return datetime.fromtimestamp(file.lstat().st_ctime, LONDON).date()


def _night(folder: Path) -> date | None:
    """Return the night of a folder of results, None for anything else, whatever its name."""
    ours = _is_real_folder(folder) and (folder / SUMMARY).is_file()
    if not ours or not NIGHT.fullmatch(folder.name):
        return None
    try:
        return date.fromisoformat(folder.name)
    except ValueError:
        return None


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _inside(folder: Path) -> list[Path]:
    """Return what lies in a folder, but for what is hidden; nothing where it is not there."""
    if not folder.is_dir():
        return []
    with writing(folder):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
