"""What of a night's folder can be downloaded, and by whom: a closed list of names.

No part of an address ever becomes part of a path: a name is looked up here, a council among those
that may be seen, and the night is one on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
from flask import Response, abort, send_file

from publishing.csv_text import csv_text
from schemas.accounts import Seen
from worklist.management import scope
from worklist.management.sources import visible_sources
from worklist.services import services

Rows = Callable[[pd.DataFrame, str, date], pd.Series]
"""Says which rows of a file are a council's."""


def own_rows(frame: pd.DataFrame, council: str, _as_of: date) -> pd.Series:
    """Say which rows are of a council."""
    return frame["local_authority"].eq(council)


def refusals_seen(frame: pd.DataFrame, _council: str, as_of: date) -> pd.Series:
    """Say which refusals are of sources that whoever is signed in may know of."""
    return frame["source"].isin(visible_sources(frame["source"].unique(), as_of))


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file of a night's folder; `{}` in its path is a council's code.

    What is about `people` is for those alone who may see their records. A file without `rows` is
    for those alone who see all councils; of others a council's staff get their own `rows`.
    """

    name: str
    path: str
    title: str
    people: bool = False
    rows: Rows | None = None
    what: Seen | None = None


OF_NIGHT = (
    Download(name="report", path="report/LLR.html", title="Report of the region"),
    Download(
        name="report-workbook",
        path="report/LLR.xlsx",
        title="Open cases of the region",
        people=True,
        what=Seen.EXPORT,
    ),
    Download(
        name="discrepancies",
        path="discrepancies.csv",
        title="Discrepancies",
        people=True,
        rows=own_rows,
        what=Seen.EXPORT,
    ),
    Download(
        name="withheld",
        path="withheld.csv",
        title="What was withheld from the Care Record",
        people=True,
        rows=own_rows,
        what=Seen.EXPORT,
    ),
    Download(
        name="unmapped-suppliers",
        path="unmapped_suppliers.csv",
        title="Supplier references that lead nowhere",
        people=True,
        rows=own_rows,
        what=Seen.EXPORT,
    ),
    Download(
        name="refusals",
        path="refusals.csv",
        title="Refused files, rows and cells",
        rows=refusals_seen,
        what=Seen.REFUSALS,
    ),
    Download(
        name="timeliness",
        path="timeliness.csv",
        title="How soon CPLIs are on the system",
        rows=own_rows,
    ),
    Download(name="gates", path="quality/gates.html", title="The gates, and what is to be done"),
    Download(name="gates-data", path="quality/gates.json", title="The gates as data"),
    Download(name="gates-table", path="quality/gates.csv", title="The results of the gates"),
    Download(name="columns", path="quality/lineage.json", title="Columns of all sources"),
    Download(name="summary", path="summary.json", title="Summary of the night as data"),
)
OF_COUNCIL = (
    Download(name="report", path="report/{}.html", title="Report"),
    Download(
        name="cases", path="report/{}.xlsx", title="Open cases", people=True, what=Seen.EXPORT
    ),
    Download(
        name="held",
        path="held/{}/discrepancies.csv",
        title="What is held",
        people=True,
        what=Seen.EXPORT,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A file that is there and may be had; `council` is a code, empty where it is of all."""

    download: Download
    kind: str
    size_bytes: int
    council: str = ""


def offered(as_of: date) -> list[Offered]:
    """Return what whoever is signed in can download of a night."""
    return [*_of_night(as_of), *_of_councils(as_of)]


def night_file(as_of: date, name: str) -> Response:
    """Return a file of a night for download; what is not there, or not theirs, is not found."""
    download = _named(OF_NIGHT, name)
    return _sent(download, _folder(as_of) / download.path, as_of, scope.council())


def council_file(as_of: date, council: str, name: str) -> Response:
    """Return a council's file of a night for download, likewise."""
    download = _named(OF_COUNCIL, name)
    code = next((code for code in scope.councils() if code == council), None) or abort(404)
    return _sent(download, _folder(as_of) / download.path.format(code), as_of, code)


def _of_night(as_of: date) -> Iterator[Offered]:
    for download in filter(_may_have, OF_NIGHT):
        yield from _there(download, _folder(as_of) / download.path)


def _of_councils(as_of: date) -> Iterator[Offered]:
    for code in scope.councils():
        for download in filter(_may_see, OF_COUNCIL):
            yield from _there(download, _folder(as_of) / download.path.format(code), code)


def _there(download: Download, path: Path, council: str = "") -> Iterator[Offered]:
    try:
        size = path.stat().st_size
    except OSError:
        return
    yield Offered(download=download, kind=path.suffix[1:].upper(), size_bytes=size, council=council)


def _may_see(download: Download) -> bool:
    return not download.people or scope.sees_people()


def _may_have(download: Download) -> bool:
    return _may_see(download) and (scope.council() is None or download.rows is not None)


def _named(downloads: tuple[Download, ...], name: str) -> Download:
    allowed = _may_have if downloads is OF_NIGHT else _may_see
    found = next((each for each in downloads if each.name == name), None)
    return found if found is not None and allowed(found) else abort(404)


def _folder(as_of: date) -> Path:
    return services().out.resolve() / as_of.isoformat()


def _sent(download: Download, path: Path, as_of: date, council: str | None) -> Response:
    """Return a file, of a council's staff with their rows alone, once that is on record."""
    try:
        content = path.read_bytes()
    except OSError:
        abort(404)
    if download.what:
        scope.note(download.what, council)
    if download.rows is not None and council is not None:
        content = _narrowed(content, download.rows, council, as_of)
    return send_file(
        BytesIO(content),
        download_name=f"{council or 'LLR'}_{as_of}_{download.name}{path.suffix}",
        as_attachment=True,
    )


def _narrowed(content: bytes, rows: Rows, council: str, as_of: date) -> bytes:
    frame = pd.read_csv(BytesIO(content), dtype="str", keep_default_na=False)
    return csv_text(frame[rows(frame, council, as_of)], list(frame))
